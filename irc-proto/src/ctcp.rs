//! CTCP: messages that programs send each other inside PRIVMSG (requests) and NOTICE (replies), `ACTION` above all.
//!
//! draft-oakley-irc-ctcp-02 and <https://modern.ircdocs.horse/ctcp>. The quoting of the older drafts is in use nowhere and is not undone.

use alloc::vec::Vec;

/// One CTCP message, borrowed from the text of a PRIVMSG or NOTICE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ctcp<'a> {
    /// The command, as it came; upper and lower case are the same.
    pub command: &'a [u8],
    /// What follows the blank behind the command; empty when there is none.
    pub parameters: &'a [u8],
}

/// Why a CTCP message cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CtcpFault {
    /// The command is empty or has a blank.
    #[error("a CTCP command is one word: put the rest into the parameters")]
    Command,
    /// There is a NUL, CR, LF or 0x01 inside.
    #[error("a CTCP message holds no NUL, line end or 0x01: remove it, or send several messages")]
    ForbiddenByte,
}

impl<'a> Ctcp<'a> {
    /// How many bytes an action has besides its text: `\x01ACTION ` and `\x01`.
    pub const ACTION_OVERHEAD: usize = 9;

    /// Reads the text of a PRIVMSG or NOTICE. `None`: it is plain text, which a lone 0x01 is too.
    ///
    /// As the draft asks, the 0x01 at the end may be missing; what follows it is left out.
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        let inner = text.strip_prefix(b"\x01")?;
        let inner = inner.split(|byte| *byte == 1).next()?;
        let mut parts = inner.splitn(2, |byte| *byte == b' ');
        let command = parts.next().filter(|command| !command.is_empty())?;
        Some(Ctcp { command, parameters: parts.next().unwrap_or_default() })
    }

    /// `/me text`.
    pub const fn action(text: &'a [u8]) -> Self {
        Ctcp { command: b"ACTION", parameters: text }
    }

    /// Whether the command is this one, in any case.
    pub fn is(&self, command: &str) -> bool {
        self.command.eq_ignore_ascii_case(command.as_bytes())
    }

    /// Writes the text of a PRIVMSG or NOTICE, always with the 0x01 at its end.
    ///
    /// # Errors
    ///
    /// A [`CtcpFault`]; then nothing is written.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), CtcpFault> {
        if self.command.is_empty() || self.command.contains(&b' ') {
            return Err(CtcpFault::Command);
        }
        let mut bytes = self.command.iter().chain(self.parameters);
        if bytes.any(|byte| matches!(byte, 0 | 1 | b'\r' | b'\n')) {
            return Err(CtcpFault::ForbiddenByte);
        }
        out.push(1);
        out.extend_from_slice(self.command);
        if !self.parameters.is_empty() {
            out.push(b' ');
            out.extend_from_slice(self.parameters);
        }
        out.push(1);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ctcp<'a>(command: &'a str, parameters: &'a str) -> Ctcp<'a> {
        Ctcp { command: command.as_bytes(), parameters: parameters.as_bytes() }
    }

    #[test]
    fn texts_are_told_from_requests() {
        assert_eq!(Ctcp::parse(b"\x01ACTION waves  twice\x01"), Some(Ctcp::action(b"waves  twice")));
        assert_eq!(Ctcp::parse(b"\x01VERSION"), Some(ctcp("VERSION", "")));
        assert_eq!(Ctcp::parse(b"\x01PING 1 2\x01rest"), Some(ctcp("PING", "1 2")));
        assert!(Ctcp::parse(b"\x01action x").is_some_and(|ctcp| ctcp.is("ACTION")));
        for plain in
            [&b""[..], b"\x01", b"\x01\x01", b"\x01 x\x01", b"x\x01VERSION\x01", b"DCC SEND startkeylogger 0 0 0"]
        {
            assert_eq!(Ctcp::parse(plain), None, "{plain:?}");
        }
    }

    #[test]
    fn what_cannot_be_sent_is_an_error() {
        let write = |ctcp: Ctcp<'_>| ctcp.write(&mut Vec::new());
        assert_eq!(write(ctcp("", "x")), Err(CtcpFault::Command));
        assert_eq!(write(ctcp("A B", "")), Err(CtcpFault::Command));
        for parameters in ["a\x01", "a\0", "a\r", "a\n"] {
            assert_eq!(write(ctcp("PING", parameters)), Err(CtcpFault::ForbiddenByte));
        }
        let mut out = Vec::new();
        assert_eq!(Ctcp::action(b"x").write(&mut out), Ok(()));
        assert_eq!(out.len(), 1 + Ctcp::ACTION_OVERHEAD);
    }

    proptest! {
        #[test]
        fn what_is_read_writes_and_reads_back(text: Vec<u8>) {
            let text = [&b"\x01"[..], &text].concat();
            if let Some(ctcp) = Ctcp::parse(&text) {
                let mut out = Vec::new();
                if ctcp.write(&mut out).is_ok() {
                    prop_assert_eq!(Ctcp::parse(&out), Some(ctcp));
                }
            }
        }
    }
}
