use super::command::Syntax;
use super::number::{MessageNumber, parse_u32, parse_u64};

/// One line of a LIST or UIDL response: a message's number and what is said of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed<T> {
    /// Which message.
    pub message: MessageNumber,
    /// Its size in octets (LIST) or its unique id (UIDL).
    pub what: T,
}

/// Reads `number octets` (RFC 1939 §5, LIST). More blanks than one, and text after the size, are let pass.
pub fn parse_list_line(line: &[u8]) -> Result<Listed<u64>, Syntax> {
    let mut words = words(line);
    let message = MessageNumber::parse(words.next().ok_or(Syntax::MissingArgument)?)?;
    let octets = parse_u64(words.next().ok_or(Syntax::MissingArgument)?)?;
    Ok(Listed { message, what: octets })
}

/// Reads `number unique-id` (RFC 1939 §7, UIDL). More blanks than one are let pass; the id's own form is not checked.
pub fn parse_uidl_line(line: &[u8]) -> Result<Listed<&[u8]>, Syntax> {
    let mut words = words(line);
    let message = MessageNumber::parse(words.next().ok_or(Syntax::MissingArgument)?)?;
    let unique_id = words.next().ok_or(Syntax::MissingArgument)?;
    Ok(Listed { message, what: unique_id })
}

/// Reads `messages octets` from the text of a STAT response (RFC 1939 §5).
pub fn parse_stat(text: &[u8]) -> Result<(u32, u64), Syntax> {
    let mut words = words(text);
    let messages = parse_u32(words.next().ok_or(Syntax::MissingArgument)?)?;
    let octets = parse_u64(words.next().ok_or(Syntax::MissingArgument)?)?;
    Ok((messages, octets))
}

fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_with_some_patience() {
        let one = MessageNumber::new(1).unwrap();
        assert_eq!(parse_list_line(b"1 120"), Ok(Listed { message: one, what: 120 }));
        assert_eq!(parse_list_line(b" 1   120 octets"), Ok(Listed { message: one, what: 120 }));
        assert_eq!(parse_list_line(b"1 5000000000"), Ok(Listed { message: one, what: 5_000_000_000 }));
        assert_eq!(parse_uidl_line(b"1   whqtswO00WBw"), Ok(Listed { message: one, what: &b"whqtswO00WBw"[..] }));
        assert_eq!(parse_stat(b"2 320 and more"), Ok((2, 320)));
    }

    #[test]
    fn what_is_no_listing_is_refused() {
        assert_eq!(parse_list_line(b""), Err(Syntax::MissingArgument));
        assert_eq!(parse_list_line(b"1"), Err(Syntax::MissingArgument));
        assert_eq!(parse_list_line(b"0 5"), Err(Syntax::ZeroNumber));
        assert_eq!(parse_list_line(b"1 -5"), Err(Syntax::NotANumber));
        assert_eq!(parse_list_line(b"1 99999999999999999999"), Err(Syntax::HugeNumber));
        assert_eq!(parse_uidl_line(b"x y"), Err(Syntax::NotANumber));
    }
}
