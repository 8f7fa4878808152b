use tungstenite::protocol::frame::coding::CloseCode;
use wirestate_machine::Ending;

use super::failure::BadFrame;

/// What a Close frame says (RFC 6455 §5.5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    /// Why, as a number of RFC 6455 §7.4. `None` where the frame is empty.
    pub code: Option<u16>,
    /// Why, for people. Often empty.
    pub reason: String,
}

impl Close {
    pub(super) fn new(code: CloseCode, reason: impl ToString) -> Self {
        Close { code: Some(code.into()), reason: reason.to_string() }
    }

    /// How a session is taken leave of that ended so.
    pub(super) fn of(ending: Option<Ending>) -> Self {
        let code = match ending {
            None | Some(Ending::Quit | Ending::Local | Ending::PeerClosed) => CloseCode::Normal,
            Some(Ending::Shutdown) => CloseCode::Away,
            Some(Ending::Timeout | Ending::Limit | Ending::Violation) => CloseCode::Policy,
            Some(_) => CloseCode::Error,
        };
        Close { code: Some(code.into()), reason: ending.map(|ending| ending.to_string()).unwrap_or_default() }
    }

    pub(super) fn parse(payload: &[u8]) -> Result<Self, BadFrame> {
        let (code, reason) = match payload {
            [] => return Ok(Close { code: None, reason: String::new() }),
            [high, low, reason @ ..] => (u16::from_be_bytes([*high, *low]), reason),
            [_] => return Err(BadFrame::CloseCode),
        };
        if !CloseCode::from(code).is_allowed() {
            return Err(BadFrame::CloseCode);
        }
        let reason = str::from_utf8(reason).map_err(|_| BadFrame::CloseReason)?;
        Ok(Close { code: Some(code), reason: reason.to_owned() })
    }

    /// The payload of the frame. A reason that is too long for a control frame is cut.
    pub(super) fn payload(&self) -> Vec<u8> {
        let Some(code) = self.code else { return Vec::new() };
        let end = (0..=MOST_REASON.min(self.reason.len())).rev().find(|end| self.reason.is_char_boundary(*end));
        let reason = &self.reason[..end.unwrap_or(0)];
        [&code.to_be_bytes(), reason.as_bytes()].concat()
    }
}

/// What a control frame has room for (RFC 6455 §5.5), less the code.
const MOST_REASON: usize = 123;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_must_be_one_that_may_be_sent() {
        for code in [1000, 1001, 1003, 1007, 1011, 3000, 4999] {
            assert!(Close::parse(&u16::to_be_bytes(code)).is_ok(), "{code}");
        }
        for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000] {
            assert_eq!(Close::parse(&u16::to_be_bytes(code)), Err(BadFrame::CloseCode), "{code}");
        }
        assert_eq!(Close::parse(b"\x03"), Err(BadFrame::CloseCode));
        assert_eq!(Close::parse(b"\x03\xe8\xff"), Err(BadFrame::CloseReason));
        assert_eq!(Close::parse(b"").unwrap().code, None);
    }

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        let close = Close::new(CloseCode::Normal, "€".repeat(100));
        assert_eq!(close.payload().len(), 2 + 123);
        assert_eq!(Close::parse(&close.payload()).unwrap().reason, "€".repeat(41));
    }
}
