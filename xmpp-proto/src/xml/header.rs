//! What stands before a stream header (RFC 6120 §11.5, §11.6; XML 1.0, §2.8).

use super::XmlError;
use super::scan::{is_space, skip_space};

/// More than any XML declaration needs.
const LONGEST: usize = 256;
const MARK: &[u8] = b"\xef\xbb\xbf";
const DECLARATION: &[u8] = b"<?xml";

/// The length of a byte order mark at the start, 0 where there is none; `None` while that cannot be said.
pub(super) fn mark(bytes: &[u8]) -> Result<Option<usize>, XmlError> {
    match bytes.first() {
        None => Ok(None),
        Some(0xfe | 0xff | 0) => Err(XmlError::Encoding),
        Some(_) if bytes.starts_with(MARK) => Ok(Some(MARK.len())),
        Some(_) if MARK.starts_with(bytes) => Ok(None),
        Some(_) => Ok(Some(0)),
    }
}

/// How many bytes stand before the stream header, without whitespace or a mark; `None` while that cannot be said. Each byte is known to begin an XML
/// document.
pub(super) fn prolog(rest: &[u8]) -> Result<Option<usize>, XmlError> {
    match rest.first() {
        None => return Ok(None),
        Some(b'<') => {}
        Some(_) => return Err(XmlError::NotXml),
    }
    if rest.len() <= DECLARATION.len() && DECLARATION.starts_with(rest) {
        return Ok(None);
    }
    if !rest.starts_with(DECLARATION) {
        return match rest {
            [b'<', b'?', ..] => Err(XmlError::ProcessingInstruction),
            _ => Ok(Some(0)),
        };
    }
    if !rest.get(DECLARATION.len()).is_some_and(|byte| is_space(*byte)) {
        return Err(XmlError::ProcessingInstruction);
    }
    let Some(end) = rest.iter().take(LONGEST).position(|byte| *byte == b'>') else {
        return if rest.len() < LONGEST { Ok(None) } else { Err(XmlError::Declaration) };
    };
    let inside = rest[DECLARATION.len()..end].strip_suffix(b"?").ok_or(XmlError::Declaration)?;
    check_declaration(inside)?;
    Ok(Some(end + 1))
}

/// `version`, then `encoding`, then `standalone`; only the first must be there.
fn check_declaration(mut rest: &[u8]) -> Result<(), XmlError> {
    let mut last = None;
    while let Some((name, value, more)) = pseudo_attribute(rest)? {
        rest = more;
        let order = match name {
            b"version" if value == b"1.0" => 0,
            b"encoding" if value.eq_ignore_ascii_case(b"utf-8") => 1,
            b"encoding" => return Err(XmlError::Encoding),
            b"standalone" if matches!(value, b"yes" | b"no") => 2,
            _ => return Err(XmlError::Declaration),
        };
        if last.map_or(order != 0, |last| last >= order) {
            return Err(XmlError::Declaration);
        }
        last = Some(order);
    }
    if last.is_none() { Err(XmlError::Declaration) } else { Ok(()) }
}

type PseudoAttribute<'a> = (&'a [u8], &'a [u8], &'a [u8]);

/// A name, its value, and what follows.
fn pseudo_attribute(bytes: &[u8]) -> Result<Option<PseudoAttribute<'_>>, XmlError> {
    let fault = XmlError::Declaration;
    let start = skip_space(bytes, 0);
    if start == bytes.len() {
        return Ok(None);
    }
    if start == 0 {
        return Err(fault);
    }
    let end = bytes[start..].iter().position(|byte| !byte.is_ascii_lowercase()).map_or(bytes.len(), |len| start + len);
    let equals = skip_space(bytes, end);
    if bytes.get(equals) != Some(&b'=') {
        return Err(fault);
    }
    let quote_at = skip_space(bytes, equals + 1);
    let quote = *bytes.get(quote_at).filter(|byte| matches!(byte, b'"' | b'\'')).ok_or(fault)?;
    let value = bytes.get(quote_at + 1..).unwrap_or_default();
    let len = value.iter().position(|byte| *byte == quote).ok_or(fault)?;
    Ok(Some((&bytes[start..end], &value[..len], &value[len + 1..])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_before_a_header() {
        for (text, wanted) in [
            ("", Ok(None)),
            ("<", Ok(None)),
            ("<s", Ok(Some(0))),
            (" <s", Err(XmlError::NotXml)),
            ("\u{feff}<s", Err(XmlError::NotXml)),
            ("<?xml version='1.0'?><s", Ok(Some(21))),
            ("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone='yes' ?>", Ok(Some(56))),
            ("<?xml version = '1.0' encoding='utf-8'?>", Ok(Some(40))),
            ("<?xml version='1.0'", Ok(None)),
            ("<?xml version='1.1'?>", Err(XmlError::Declaration)),
            ("<?xml encoding='UTF-8'?>", Err(XmlError::Declaration)),
            ("<?xml version='1.0' encoding='latin1'?>", Err(XmlError::Encoding)),
            ("<?xml encoding='UTF-8' version='1.0'?>", Err(XmlError::Declaration)),
            ("<?xml version='1.0' version='1.0'?>", Err(XmlError::Declaration)),
            ("<?xml version='1.0'encoding='UTF-8'?>", Err(XmlError::Declaration)),
            ("<?xml ?>", Err(XmlError::Declaration)),
            ("<?xml version='1.0'>", Err(XmlError::Declaration)),
            ("<?xmlx", Err(XmlError::ProcessingInstruction)),
            ("<?p", Err(XmlError::ProcessingInstruction)),
            ("GET / HTTP/1.1", Err(XmlError::NotXml)),
            ("\u{16}\u{3}\u{1}", Err(XmlError::NotXml)),
        ] {
            assert_eq!(prolog(text.as_bytes()), wanted, "{text}");
        }
        let endless = alloc::format!("<?xml version='1.0'{}", " ".repeat(300));
        assert_eq!(prolog(endless.as_bytes()), Err(XmlError::Declaration));
    }

    #[test]
    fn a_mark_may_stand_before_all_else() {
        for (bytes, wanted) in [
            (&b""[..], Ok(None)),
            (b"<", Ok(Some(0))),
            (b" ", Ok(Some(0))),
            (b"\xef", Ok(None)),
            (b"\xef\xbb", Ok(None)),
            (b"\xef\xbb\xbf", Ok(Some(3))),
            (b"\xef\xbb\xbf<s", Ok(Some(3))),
            (b"\xef\xbc", Ok(Some(0))),
            (b"\xff\xfe<\0", Err(XmlError::Encoding)),
            (b"\xfe\xff\0<", Err(XmlError::Encoding)),
            (b"\0<", Err(XmlError::Encoding)),
        ] {
            assert_eq!(mark(bytes), wanted, "{}", bytes.escape_ascii());
        }
    }
}
