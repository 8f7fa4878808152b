//! Channel names: which are valid, and how they are told from other targets.
//!
//! RFC 1459 §1.3, RFC 2812 §1.3, and CHANTYPES, CHANNELLEN and STATUSMSG of <https://modern.ircdocs.horse/#channels>.

use crate::isupport::Isupport;

/// Why a text is no channel name (answer ERR_BADCHANMASK 476 or ERR_NOSUCHCHANNEL 403).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChannelFault {
    /// It is empty or does not begin with one of CHANTYPES.
    #[error("a channel name begins with one of the server's channel types, mostly `#`: put it first")]
    Type,
    /// It is too long.
    #[error("this channel name is longer than the server allows (CHANNELLEN): shorten it")]
    TooLong,
    /// It has a blank, a comma, BEL, NUL, CR or LF.
    #[error("a channel name holds no blank, comma, BEL, NUL or line end: remove it")]
    ForbiddenByte,
}

/// Whether a target is a channel by its first character; it says nothing of the rest.
pub fn is_channel(target: &[u8], server: &Isupport) -> bool {
    target.first().is_some_and(|first| server.channel_types.contains(*first))
}

/// Whether `name` is a channel name of this server.
///
/// # Errors
///
/// The first [`ChannelFault`].
pub fn check_channel(name: &[u8], server: &Isupport) -> Result<(), ChannelFault> {
    if !is_channel(name, server) {
        return Err(ChannelFault::Type);
    }
    if server.channel_len.is_some_and(|most| name.len() > usize::try_from(most).unwrap_or(usize::MAX)) {
        return Err(ChannelFault::TooLong);
    }
    if name.iter().any(|byte| matches!(byte, b' ' | b',' | 7 | 0 | b'\r' | b'\n')) {
        return Err(ChannelFault::ForbiddenByte);
    }
    Ok(())
}

/// Parts the status from a target as `@#channel` (STATUSMSG): the symbol, and the channel behind it. A target that is no such is given back whole.
pub fn split_status<'a>(target: &'a [u8], server: &Isupport) -> (Option<u8>, &'a [u8]) {
    match target {
        [symbol, channel @ ..] if server.status_msg.contains(*symbol) && is_channel(channel, server) => {
            (Some(*symbol), channel)
        }
        _ => (None, target),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(tokens: &[&str]) -> Isupport {
        let mut server = Isupport::default();
        tokens.iter().for_each(|token| assert_eq!(server.apply(token.as_bytes()), Ok(())));
        server
    }

    #[test]
    fn names_are_checked_by_the_servers_word() {
        let server = server(&["CHANTYPES=#+", "CHANNELLEN=8"]);
        for name in ["#", "#lobby", "+x", "#ä:b", "##"] {
            assert_eq!(check_channel(name.as_bytes(), &server), Ok(()), "{name}");
        }
        for name in ["", "lobby", "&lobby", "\u{ff03}x"] {
            assert_eq!(check_channel(name.as_bytes(), &server), Err(ChannelFault::Type), "{name}");
        }
        for name in ["#a b", "#a,b", "#a\x07", "#\0", "#\r", "#\n"] {
            assert_eq!(check_channel(name.as_bytes(), &server), Err(ChannelFault::ForbiddenByte), "{name:?}");
        }
        assert_eq!(check_channel(b"#12345678", &server), Err(ChannelFault::TooLong));
    }

    #[test]
    fn a_status_is_told_from_a_channel_type() {
        let server = server(&["CHANTYPES=#+", "STATUSMSG=@+"]);
        assert_eq!(split_status(b"@#x", &server), (Some(b'@'), &b"#x"[..]));
        assert_eq!(split_status(b"+#x", &server), (Some(b'+'), &b"#x"[..]));
        assert_eq!(split_status(b"+x", &server), (None, &b"+x"[..]));
        assert_eq!(split_status(b"%#x", &server), (None, &b"%#x"[..]));
        assert_eq!(split_status(b"@dan", &server), (None, &b"@dan"[..]));
        assert_eq!(split_status(b"", &server), (None, &b""[..]));
    }
}
