//! Modified UTF-7 (RFC 3501 section 5.1.3) for the names of folders on disk,
//! as other programs write them there; with one more thing encoded: the dot,
//! which parts the levels of a Maildir++ folder's name.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

/// Writes one level of a name.
pub(super) fn encode(level: &str, out: &mut String) {
    let (mut bits, mut count, mut is_shifted) = (0_u32, 0_u32, false);
    for c in level.chars() {
        if matches!(c, ' '..='~') && c != '.' {
            if std::mem::take(&mut is_shifted) {
                end_shift(bits, count, out);
            }
            out.push(c);
            if c == '&' {
                out.push('-');
            }
            continue;
        }
        if !is_shifted {
            out.push('&');
            (bits, count, is_shifted) = (0, 0, true);
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            bits = (bits << 16) | u32::from(*unit);
            count += 16;
            while count >= 6 {
                count -= 6;
                out.push(digit(bits >> count));
            }
            bits &= (1 << count) - 1;
        }
    }
    if is_shifted {
        end_shift(bits, count, out);
    }
}

fn end_shift(bits: u32, count: u32, out: &mut String) {
    if count > 0 {
        out.push(digit(bits << (6 - count)));
    }
    out.push('-');
}

fn digit(bits: u32) -> char {
    ALPHABET.get((bits & 63) as usize).map_or('A', |&digit| digit.into())
}

/// Reads one level. `None` for what is no UTF-7; that it is in its one right
/// form is for the caller to find out, by writing it again.
pub(super) fn decode(level: &str) -> Option<String> {
    let mut out = String::with_capacity(level.len());
    let mut rest = level;
    while let Some((plain, shifted)) = rest.split_once('&') {
        out.push_str(plain);
        let (run, after) = shifted.split_once('-')?;
        rest = after;
        if run.is_empty() {
            out.push('&');
            continue;
        }
        let (mut bits, mut count) = (0_u32, 0_u32);
        let mut units = Vec::new();
        for byte in run.bytes() {
            let value = ALPHABET.iter().position(|&digit| digit == byte)?;
            bits = (bits << 6) | u32::try_from(value).ok()?;
            count += 6;
            if count >= 16 {
                count -= 16;
                units.push(u16::try_from(bits >> count).ok()?);
                bits &= (1 << count) - 1;
            }
        }
        for unit in char::decode_utf16(units) {
            out.push(unit.ok()?);
        }
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(level: &str) -> String {
        let mut out = String::new();
        encode(level, &mut out);
        out
    }

    #[test]
    fn the_rfc_s_own_names() {
        for (name, on_disk) in [
            ("Hello", "Hello"),
            ("Entwürfe", "Entw&APw-rfe"),
            ("台北", "&U,BTFw-"),
            ("日本語", "&ZeVnLIqe-"),
            ("Tom & Jerry", "Tom &- Jerry"),
            ("😀", "&2D3eAA-"),
            ("v1.0", "v1&AC4-0"),
            ("ä&ö", "&AOQ-&-&APY-"),
        ] {
            assert_eq!(encoded(name), on_disk);
            assert_eq!(decode(on_disk).as_deref(), Some(name));
        }
    }

    #[test]
    fn what_is_broken_is_no_name() {
        for broken in ["&", "a&b", "&AP", "&2D0-", "&3gA-", "&A/A-", "&AP w-"] {
            assert_eq!(decode(broken), None, "{broken}");
        }
    }
}
