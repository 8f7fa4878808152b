//! The domainpart (RFC 7622 §3.2): a domain name in Unicode, an IPv4 address, or an IPv6 address in brackets.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use core::net::Ipv6Addr;

use idna::AsciiDenyList;
use idna::uts46::{Hyphens, Uts46};

use super::prepare::{check_prepared, check_raw, nameprep};
use super::{JidError, Part, Rules, ascii};

pub(super) fn prepare(rules: Rules, text: &str) -> Result<Cow<'_, str>, JidError> {
    if ascii::is_domain(text) {
        return Ok(Cow::Borrowed(text));
    }
    check_raw(Part::Domain, text)?;
    if let Some(literal) = text.strip_prefix('[') {
        return ipv6(literal);
    }
    text.split(['.', IDNA_DOTS[0], IDNA_DOTS[1], IDNA_DOTS[2]]).try_for_each(check_raw_label)?;
    let mapped = match rules {
        Rules::Rfc6122 if !text.is_ascii() => dots(nameprep(text)?),
        // ASCII is the same in Nameprep and UTS #46, but that Nameprep leaves A-labels alone.
        Rules::Rfc6122 => super::prepare::lower_case(text),
        Rules::Rfc7622 => unicode(text)?,
    };
    let name = without_last_dot(mapped);
    name.split('.').try_for_each(check_label)?;
    check_prepared(Part::Domain, name)
}

/// Keeps what cannot be a label from the tables and from Punycode, whose work grows with the square of a label.
fn check_raw_label(label: &str) -> Result<(), JidError> {
    let most = if label.is_ascii() { MAX_LABEL } else { 4 * MAX_LABEL };
    if label.len() > most { Err(JidError::LabelTooLong) } else { Ok(()) }
}

/// By UTS #46: A-labels become U-labels, upper case lower case, and each kind of dot the dot of ASCII.
fn unicode(text: &str) -> Result<Cow<'_, str>, JidError> {
    match Uts46::new().to_unicode(text.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast) {
        (name, Ok(())) => Ok(name),
        (_, Err(_)) => Err(JidError::DomainName),
    }
}

/// How many octets a label has in DNS (RFC 1035 §2.3.4).
const MAX_LABEL: usize = 63;

/// The dots of IDNA (RFC 3490 §3.1) that Nameprep leaves as they are.
fn dots(name: Cow<'_, str>) -> Cow<'_, str> {
    match name.contains(IDNA_DOTS) {
        true => Cow::Owned(name.replace(IDNA_DOTS, ".")),
        false => name,
    }
}

const IDNA_DOTS: [char; 3] = ['\u{3002}', '\u{ff0e}', '\u{ff61}'];

fn without_last_dot(name: Cow<'_, str>) -> Cow<'_, str> {
    match name {
        Cow::Borrowed(name) => Cow::Borrowed(name.strip_suffix('.').unwrap_or(name)),
        Cow::Owned(mut name) => {
            name.truncate(name.strip_suffix('.').map_or(name.len(), str::len));
            Cow::Owned(name)
        }
    }
}

/// Letters, digits and inner hyphens in ASCII (what is beyond was checked before), and 63 octets in the form that DNS has.
fn check_label(label: &str) -> Result<(), JidError> {
    let good = |octet: u8| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'-' || !octet.is_ascii();
    if label.is_empty() || label.starts_with('-') || label.ends_with('-') || !label.bytes().all(good) {
        return Err(JidError::DomainName);
    }
    let length = match label.is_ascii() {
        true => label.len(),
        // More characters than this are more than 63 octets, whatever they are.
        false if label.chars().count() > 59 => return Err(JidError::LabelTooLong),
        false => "xn--".len() + idna::punycode::encode_str(label).map_or(usize::MAX / 2, |label| label.len()),
    };
    if length > MAX_LABEL { Err(JidError::LabelTooLong) } else { Ok(()) }
}

/// What follows the bracket; written as RFC 5952 says.
fn ipv6(literal: &str) -> Result<Cow<'_, str>, JidError> {
    let address = literal.strip_suffix(']').and_then(|address| address.parse::<Ipv6Addr>().ok());
    let address: String = address.map(|address| format!("[{address}]")).ok_or(JidError::Ipv6Literal)?;
    Ok(Cow::Owned(address))
}
