//! Mailbox names in modified UTF-7 (RFC 3501 §5.1.3, RFC 9051 appendix A.1): printable ASCII as it is, `&-` for `&`, and everything else as
//! UTF-16 in base64 between `&` and `-`.
//!
//! ```
//! use imap_proto::codec::utf7;
//!
//! assert_eq!(utf7::encode("Entwürfe & 台北"), "Entw&APw-rfe &- &U,BTFw-");
//! assert_eq!(utf7::decode(b"&ZeVnLIqe-").as_deref(), Ok("日本語"));
//! ```

use alloc::string::String;
use alloc::vec::Vec;

use thiserror::Error;

/// Why a name is not modified UTF-7. Only the one shortest form of a name is taken, so that two spellings never mean one mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum NotUtf7 {
    /// A byte outside printable ASCII.
    #[error("modified UTF-7 has printable ASCII only")]
    NotPrintable,
    /// `&` without `-` after its base64.
    #[error("`&` is not followed by base64 and `-`")]
    NotEnded,
    /// The base64 has odd characters, a wrong length, or bits to spare that are not 0.
    #[error("there is no base64 between `&` and `-`")]
    NotBase64,
    /// The UTF-16 has half a surrogate pair.
    #[error("there is half a surrogate pair between `&` and `-`")]
    HalfPair,
    /// Printable ASCII is encoded, or one base64 stretch follows directly on another.
    #[error("the name can be said in a shorter way, which is the only right one")]
    NotShortest,
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

/// Encodes a name.
pub fn encode(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut pending = Vec::new();
    for character in name.chars() {
        if matches!(character, ' '..='~') {
            flush(&mut pending, &mut out);
            out.push(character);
            if character == '&' {
                out.push('-');
            }
        } else {
            pending.extend(character.encode_utf16(&mut [0; 2]).iter().flat_map(|unit| unit.to_be_bytes()));
        }
    }
    flush(&mut pending, &mut out);
    out
}

fn flush(pending: &mut Vec<u8>, out: &mut String) {
    if pending.is_empty() {
        return;
    }
    out.push('&');
    for group in pending.chunks(3) {
        let word = group.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        // Three bytes are four characters, two are three, one is two.
        for place in 0..=group.len() {
            let sextet = word >> (18 - 6 * place) & 0x3f;
            out.extend(ALPHABET.get(sextet as usize).map(|byte| char::from(*byte)));
        }
    }
    out.push('-');
    pending.clear();
}

/// Decodes a name.
///
/// # Errors
///
/// [`NotUtf7`].
pub fn decode(name: &[u8]) -> Result<String, NotUtf7> {
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    let mut after_base64 = false;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'&' {
            if !matches!(first, b' '..=b'~') {
                return Err(NotUtf7::NotPrintable);
            }
            out.push(char::from(*first));
            after_base64 = false;
            continue;
        }
        let end = memchr::memchr(b'-', rest).ok_or(NotUtf7::NotEnded)?;
        let (encoded, after) = (&rest[..end], &rest[end + 1..]);
        rest = after;
        if encoded.is_empty() {
            out.push('&');
            after_base64 = false;
            continue;
        }
        if after_base64 {
            return Err(NotUtf7::NotShortest);
        }
        decode_base64(encoded, &mut out)?;
        after_base64 = true;
    }
    Ok(out)
}

fn decode_base64(encoded: &[u8], out: &mut String) -> Result<(), NotUtf7> {
    let mut units = Vec::with_capacity(encoded.len() * 3 / 8 + 1);
    let (mut bits, mut count) = (0u32, 0);
    for byte in encoded {
        let sextet = ALPHABET.iter().position(|one| one == byte).ok_or(NotUtf7::NotBase64)?;
        bits = bits << 6 | sextet as u32;
        count += 6;
        if count >= 16 {
            count -= 16;
            units.push((bits >> count) as u16);
            bits &= (1 << count) - 1;
        }
    }
    if count >= 6 || bits != 0 {
        return Err(NotUtf7::NotBase64);
    }
    for character in char::decode_utf16(units) {
        match character.map_err(|_| NotUtf7::HalfPair)? {
            ' '..='~' => return Err(NotUtf7::NotShortest),
            character => out.push(character),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_rfc_examples() {
        assert_eq!(decode(b"~peter/mail/&U,BTFw-/&ZeVnLIqe-").as_deref(), Ok("~peter/mail/台北/日本語"));
        // RFC 3501 §5.1.3 names these two as wrong and right.
        assert_eq!(decode(b"&Jjo!"), Err(NotUtf7::NotEnded));
        assert_eq!(decode(b"&Jjo-!").as_deref(), Ok("\u{263a}!"));
        assert_eq!(decode(b"&U,BTFw-&ZeVnLIqe-"), Err(NotUtf7::NotShortest));
        assert_eq!(decode(b"&U,BTF2XlZyyKng-").as_deref(), Ok("台北日本語"));
    }

    #[test]
    fn only_one_spelling_is_right() {
        for (odd, why) in [
            (&b"&"[..], NotUtf7::NotEnded),
            (b"a&b", NotUtf7::NotEnded),
            (b"&A-", NotUtf7::NotBase64),
            (b"&AA-", NotUtf7::NotBase64),
            (b"&AAB-", NotUtf7::NotBase64),
            (b"&/////w-", NotUtf7::NotBase64),
            (b"&AGE-", NotUtf7::NotShortest),
            (b"&ACY-", NotUtf7::NotShortest),
            (b"&2D0-", NotUtf7::HalfPair),
            (b"&3AA-", NotUtf7::HalfPair),
            (b"caf\xc3\xa9", NotUtf7::NotPrintable),
            (b"a\0", NotUtf7::NotPrintable),
        ] {
            assert_eq!(decode(odd), Err(why), "{}", odd.escape_ascii());
        }
        assert_eq!(decode(b"&2D3eAA-").as_deref(), Ok("\u{1f600}"));
        assert_eq!(decode(b"&AAA-").as_deref(), Ok("\0"));
    }

    proptest! {
        #[test]
        fn every_name_comes_back(name in any::<String>()) {
            let encoded = encode(&name);
            prop_assert!(encoded.bytes().all(|byte| matches!(byte, b' '..=b'~')));
            prop_assert_eq!(decode(encoded.as_bytes()), Ok(name));
        }

        #[test]
        fn what_decodes_encodes_to_itself(name in "[&A-Z,a/-]{0,12}") {
            if let Ok(decoded) = decode(name.as_bytes()) {
                prop_assert_eq!(encode(&decoded), name);
            }
        }
    }
}
