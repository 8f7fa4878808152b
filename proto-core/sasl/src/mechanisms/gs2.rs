//! The GS2 header (RFC 5801 §4, RFC 5802 §7), with which SCRAM and OAUTHBEARER begin.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;

use crate::server::Failure;
use crate::text::{self, Field};

/// The `gs2-cbind-flag`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flag<'a> {
    /// `n`: the client has no channel binding.
    No,
    /// `y`: the client has one, but believes that the server has not.
    NotOffered,
    /// `p=`: the client uses the type with this name.
    Used(&'a str),
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header<'a> {
    pub(super) flag: Flag<'a>,
    pub(super) authzid: Option<String>,
    /// The header as it came, with its last comma.
    pub(super) text: &'a str,
}

pub(super) fn encode(flag: Flag<'_>, authzid: Option<&str>) -> String {
    let flag = match flag {
        Flag::No => Cow::Borrowed("n"),
        Flag::NotOffered => Cow::Borrowed("y"),
        Flag::Used(name) => Cow::Owned(format!("p={name}")),
    };
    match authzid {
        Some(authzid) => format!("{flag},a={},", escape(authzid)),
        None => format!("{flag},,"),
    }
}

/// Parts the header from the rest of the message.
pub(super) fn parse(message: &str) -> Result<(Header<'_>, &str), Failure> {
    let (flag, after_flag) = message.split_once(',').ok_or(Failure::Gs2Header)?;
    let (authzid, rest) = after_flag.split_once(',').ok_or(Failure::Gs2Header)?;
    let flag = match (flag, flag.strip_prefix("p=")) {
        ("n", _) => Flag::No,
        ("y", _) => Flag::NotOffered,
        (_, Some(name)) if is_binding_name(name) => Flag::Used(name),
        _ => return Err(Failure::Gs2Header),
    };
    let authzid = match (authzid, authzid.strip_prefix("a=")) {
        ("", _) => None,
        (_, Some(name)) => {
            let authzid = unescape(name)?;
            text::name(Field::Authzid, &authzid)?;
            Some(authzid.into_owned())
        }
        _ => return Err(Failure::Gs2Header),
    };
    let text = message.strip_suffix(rest).unwrap_or(message);
    Ok((Header { flag, authzid, text }, rest))
}

fn is_binding_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'-'))
}

/// Writes a `saslname`: `,` as `=2C` and `=` as `=3D`.
pub(super) fn escape(name: &str) -> String {
    name.replace('=', "=3D").replace(',', "=2C")
}

/// Reads a `saslname`.
pub(super) fn unescape(name: &str) -> Result<Cow<'_, str>, Failure> {
    let mut parts = name.split('=');
    let Some(first) = parts.next() else { return Ok(Cow::Borrowed(name)) };
    if first.len() == name.len() {
        return Ok(Cow::Borrowed(name));
    }
    let mut plain = String::from(first);
    for part in parts {
        let (character, rest) = match (part.strip_prefix("2C"), part.strip_prefix("3D")) {
            (Some(rest), _) => (',', rest),
            (_, Some(rest)) => ('=', rest),
            _ => return Err(Failure::SaslName),
        };
        plain.push(character);
        plain.push_str(rest);
    }
    Ok(Cow::Owned(plain))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::TextError;

    #[test]
    fn headers_are_read() {
        let parsed = |message| parse(message).map(|(header, rest)| (header.flag, header.authzid, header.text, rest));
        assert_eq!(parsed("n,,n=u,r=x"), Ok((Flag::No, None, "n,,", "n=u,r=x")));
        assert_eq!(parsed("y,a=a=2Cb=3D,"), Ok((Flag::NotOffered, Some("a,b=".into()), "y,a=a=2Cb=3D,", "")));
        assert_eq!(parsed("p=tls-exporter,,n,,"), Ok((Flag::Used("tls-exporter"), None, "p=tls-exporter,,", "n,,")));
        for bad in ["", "n", "n,", "x,,", "p=,,", "p=a b,,", "n,b=c,", "N,,", "F,n,,", "n,a"] {
            assert_eq!(parsed(bad), Err(Failure::Gs2Header), "{bad:?}");
        }
        assert_eq!(parsed("n,a=,"), Err(TextError::Empty(Field::Authzid).into()));
        assert_eq!(parsed("n,a=a\rb,"), Err(TextError::Forbidden(Field::Authzid).into()));
        for bad in ["n,a==,", "n,a=x=2,", "n,a=x=2c,", "n,a=x=41,"] {
            assert_eq!(parsed(bad), Err(Failure::SaslName), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_parsed(authzid in proptest::option::of("[^\\p{Cc}]{1,20}"), rest in ".*") {
            let text = encode(Flag::Used("tls-exporter"), authzid.as_deref());
            let message = format!("{text}{rest}");
            let header = Header { flag: Flag::Used("tls-exporter"), authzid, text: &text };
            prop_assert_eq!(parse(&message), Ok((header, rest.as_str())));
        }
    }
}
