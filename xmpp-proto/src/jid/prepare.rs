//! The long way: an address taken apart (RFC 7622 §3.1), and each part brought to its normal form.

use alloc::borrow::Cow;

use super::{Jid, JidError, MAX_PART, Part, Rules, ascii};

/// How many octets a part may have before it is prepared: full-width ASCII, at three octets for each one that it becomes, still fits.
const MAX_RAW: usize = 3 * MAX_PART;

/// The first `/` begins the resourcepart; in what is before it, the first `@` ends the localpart.
pub(super) fn whole(rules: Rules, text: &str) -> Result<Jid, JidError> {
    let (bare, raw_resource) = match text.split_once('/') {
        Some((bare, resource)) => (bare, Some(resource)),
        None => (text, None),
    };
    let (raw_local, raw_domain) = match bare.split_once('@') {
        Some((local, domain)) => (Some(local), domain),
        None => (None, bare),
    };
    Jid::from_parts(rules, raw_local, raw_domain, raw_resource)
}

pub(super) fn local(rules: Rules, text: &str) -> Result<Cow<'_, str>, JidError> {
    if ascii::is_local(text) {
        return Ok(Cow::Borrowed(text));
    }
    check_raw(Part::Local, text)?;
    let prepared = match (text.is_ascii(), rules) {
        (true, _) => lower_case(text),
        (false, Rules::Rfc7622) => tables::precis_local(text)?,
        (false, Rules::Rfc6122) => tables::nodeprep(text)?,
    };
    // Asked of the outcome, for a full-width `＠` has become one of these.
    let banned = |c: char| c <= ' ' || c == '\u{7f}' || matches!(c, '"' | '&' | '\'' | '/' | ':' | '<' | '>' | '@');
    match prepared.chars().find(|c| banned(*c)) {
        Some(character) => Err(JidError::Character { part: Part::Local, character }),
        None => check_prepared(Part::Local, prepared),
    }
}

pub(super) fn resource(rules: Rules, text: &str) -> Result<Cow<'_, str>, JidError> {
    if ascii::is_resource(text.as_bytes()) {
        return Ok(Cow::Borrowed(text));
    }
    check_raw(Part::Resource, text)?;
    if let Some(character) = text.chars().find(char::is_ascii_control) {
        return Err(JidError::Character { part: Part::Resource, character });
    }
    let prepared = match (text.is_ascii(), rules) {
        (true, _) => Cow::Borrowed(text),
        (false, Rules::Rfc7622) => tables::precis_resource(text)?,
        (false, Rules::Rfc6122) => tables::resourceprep(text)?,
    };
    check_prepared(Part::Resource, prepared)
}

pub(super) fn check_raw(part: Part, text: &str) -> Result<(), JidError> {
    match text.len() {
        0 => Err(JidError::Empty(part)),
        1..=MAX_RAW => Ok(()),
        _ => Err(JidError::TooLong(part)),
    }
}

pub(super) fn check_prepared(part: Part, text: Cow<'_, str>) -> Result<Cow<'_, str>, JidError> {
    match text.len() {
        0 => Err(JidError::Empty(part)),
        1..=MAX_PART => Ok(text),
        _ => Err(JidError::TooLong(part)),
    }
}

pub(super) fn lower_case(text: &str) -> Cow<'_, str> {
    match text.bytes().any(|octet| octet.is_ascii_uppercase()) {
        true => Cow::Owned(text.to_ascii_lowercase()),
        false => Cow::Borrowed(text),
    }
}

pub(super) use tables::nameprep;

#[cfg(feature = "std")]
mod tables {
    use super::*;
    use crate::jid::precis;

    pub(super) fn precis_local(text: &str) -> Result<Cow<'_, str>, JidError> {
        settle(Part::Local, text, precis::username)
    }

    pub(super) fn precis_resource(text: &str) -> Result<Cow<'_, str>, JidError> {
        settle(Part::Resource, text, precis::opaque)
    }

    pub(super) fn nodeprep(text: &str) -> Result<Cow<'_, str>, JidError> {
        settle(Part::Local, text, |text| stringprep::nodeprep(text).map_err(|_| JidError::Prohibited(Part::Local)))
    }

    pub(super) fn resourceprep(text: &str) -> Result<Cow<'_, str>, JidError> {
        settle(Part::Resource, text, |text| {
            stringprep::resourceprep(text).map_err(|_| JidError::Prohibited(Part::Resource))
        })
    }

    pub(in crate::jid) fn nameprep(text: &str) -> Result<Cow<'_, str>, JidError> {
        settle(Part::Domain, text, |text| stringprep::nameprep(text).map_err(|_| JidError::Prohibited(Part::Domain)))
    }

    /// Prepares until nothing changes: three times after the first, as RFC 8264 §7 has it.
    fn settle<'a>(
        part: Part,
        text: &'a str,
        prepare: impl for<'b> Fn(&'b str) -> Result<Cow<'b, str>, JidError>,
    ) -> Result<Cow<'a, str>, JidError> {
        let mut settled = prepare(text)?;
        if settled == text {
            return Ok(settled);
        }
        for _ in 0..3 {
            check_raw(part, &settled)?;
            let again = prepare(&settled)?;
            if again == settled {
                return Ok(settled);
            }
            settled = Cow::Owned(again.into_owned());
        }
        Err(JidError::Unstable(part))
    }
}

#[cfg(not(feature = "std"))]
mod tables {
    use super::*;

    pub(super) fn precis_local(_: &str) -> Result<Cow<'_, str>, JidError> {
        Err(JidError::TablesMissing(Part::Local))
    }

    pub(super) fn precis_resource(_: &str) -> Result<Cow<'_, str>, JidError> {
        Err(JidError::TablesMissing(Part::Resource))
    }

    pub(super) use precis_local as nodeprep;
    pub(super) use precis_resource as resourceprep;

    pub(in crate::jid) fn nameprep(_: &str) -> Result<Cow<'_, str>, JidError> {
        Err(JidError::TablesMissing(Part::Domain))
    }
}
