//! A message's file name: `1700000000.M1P2.host,S=10,W=12:2,FS`. What stands
//! before the colon (the base) stays for ever and names the message; what
//! follows (flags) changes at any time.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use sha2::{Digest, Sha256};

/// Splits a name into base and flags. `None` for a dot-file, which is no
/// message.
pub(crate) fn split(name: &OsStr) -> Option<(&OsStr, &OsStr)> {
    let bytes = name.as_bytes();
    if bytes.starts_with(b".") {
        return None;
    }
    let colon = memchr::memchr(b':', bytes).unwrap_or(bytes.len());
    let (base, flags) = bytes.split_at(colon);
    Some((OsStr::from_bytes(base), OsStr::from_bytes(flags)))
}

/// When the message was delivered, in seconds since 1970: the number that the
/// base begins with.
pub(crate) fn delivered(base: &OsStr) -> Option<u64> {
    let digits = base.as_bytes().split(|byte| !byte.is_ascii_digit()).next()?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The wire size that Dovecot keeps in the base as `,W=`.
pub(crate) fn noted_size(base: &OsStr) -> Option<u64> {
    let fields = base.as_bytes().split(|&byte| byte == b',').skip(1);
    let size = fields.filter_map(|field| field.strip_prefix(b"W=")).next()?;
    if !size.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(size).ok()?.parse().ok()
}

/// A unique-id made from a base that is no unique-id itself: one that is empty
/// or over 70 octets long, or holds others than 0x21 to 0x7E (RFC 1939 section
/// 7). `None` where the base serves as it is.
///
/// Made ones begin with a tilde, and a base that does so is always replaced;
/// so the two kinds never meet.
pub(super) fn made_unique_id(base: &OsStr) -> Option<Box<str>> {
    let bytes = base.as_bytes();
    let fit = (1..=70).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic) && !bytes.starts_with(b"~");
    if fit {
        return None;
    }
    let mut id = String::with_capacity(65);
    id.push('~');
    for byte in Sha256::digest(bytes) {
        id.extend([byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16).unwrap_or('0')));
    }
    Some(id.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(name: &str) -> Option<(&str, &str)> {
        split(OsStr::new(name)).map(|(base, flags)| (base.to_str().unwrap(), flags.to_str().unwrap()))
    }

    #[test]
    fn flags_are_split_off() {
        assert_eq!(parts("1.a:2,FS"), Some(("1.a", ":2,FS")));
        assert_eq!(parts("1.a"), Some(("1.a", "")));
        assert_eq!(parts("1.a:1:2,"), Some(("1.a", ":1:2,")));
        assert_eq!(parts(".lock"), None);
    }

    #[test]
    fn the_time_is_the_leading_number() {
        assert_eq!(delivered(OsStr::new("1700000000.M1P2.host")), Some(1_700_000_000));
        assert_eq!(delivered(OsStr::new("message")), None);
        assert_eq!(delivered(OsStr::new("99999999999999999999999.x")), None);
    }

    #[test]
    fn the_noted_size_is_a_field_after_a_comma() {
        assert_eq!(noted_size(OsStr::new("1.a,S=10,W=12")), Some(12));
        for without in ["1.a", "W=3", "1.a,W=", "1.a,W=x", "1.a,W=+3", "1.a,W=99999999999999999999999"] {
            assert_eq!(noted_size(OsStr::new(without)), None, "{without}");
        }
    }

    #[test]
    fn every_unique_id_keeps_the_grammar() {
        let long = "a".repeat(71);
        for odd in ["", "a b", "ä", "~a", long.as_str()] {
            let id = made_unique_id(OsStr::new(odd)).unwrap();
            assert!((1..=70).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic()), "{id}");
        }
        assert_eq!(made_unique_id(OsStr::new("1700000000.M1P2.host,S=1,W=2")), None);
        assert_eq!(made_unique_id(OsStr::new(&long[..70])), None);
        assert_ne!(made_unique_id(OsStr::new("a b")), made_unique_id(OsStr::new("a  b")));
        assert_ne!(made_unique_id(OsStr::from_bytes(b"\xff")), made_unique_id(OsStr::from_bytes(b"\xfe")));
    }

    #[test]
    fn a_made_id_is_the_hexadecimal_sha_256() {
        let empty = "~e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(made_unique_id(OsStr::new("")).as_deref(), Some(empty));
    }
}
