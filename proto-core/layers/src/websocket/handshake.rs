use std::borrow::Cow;

use sha1::{Digest, Sha1};
use wirestate_machine::Misuse;

use base64ct::{Base64, Encoding};

/// One line a text message (the IRCv3 WebSocket specification).
pub const TEXT_IRCV3: Subprotocol = Subprotocol { name: Cow::Borrowed("text.ircv3.net"), frames: Frames::Text };
/// One line a binary message (the IRCv3 WebSocket specification).
pub const BINARY_IRCV3: Subprotocol = Subprotocol { name: Cow::Borrowed("binary.ircv3.net"), frames: Frames::Binary };

/// One XML element a text message (RFC 7395).
pub const XMPP: Subprotocol = Subprotocol { name: Cow::Borrowed("xmpp"), frames: Frames::Text };

/// What kind of messages this end sends. It takes both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Frames {
    /// Text: what the machine says that is not UTF-8 is replaced with U+FFFD.
    #[default]
    Text,
    /// Binary: what the machine says leaves as it is.
    Binary,
}

/// A subprotocol that both ends may agree on (RFC 6455 §1.9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subprotocol {
    name: Cow<'static, str>,
    frames: Frames,
}

impl Subprotocol {
    /// A subprotocol of this name, which is a token (RFC 9110 §5.6.2), such as `xmpp`.
    ///
    /// # Errors
    ///
    /// [`Misuse::ForbiddenCharacter`] where it is none.
    pub fn new(name: impl Into<Cow<'static, str>>, frames: Frames) -> Result<Self, Misuse> {
        let name = name.into();
        let is_token = !name.is_empty() && name.bytes().all(is_token_byte);
        if is_token { Ok(Subprotocol { name, frames }) } else { Err(Misuse::ForbiddenCharacter) }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What kind of messages is sent in it.
    pub fn frames(&self) -> Frames {
        self.frames
    }
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// What was agreed on, and what the client said of itself, in the opening handshake (RFC 6455 §4).
///
/// All but the agreement is a client's own word. Of a browser's the origin is true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake {
    pub(super) target: String,
    pub(super) host: String,
    pub(super) origin: Option<String>,
    pub(super) protocol: Option<Subprotocol>,
    pub(super) frames: Frames,
}

impl Handshake {
    /// What was asked for: `/`, `/irc?x=y`.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The host that was asked for, with its port where that is not the usual one.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The page's origin that the client belongs to, where it belongs to one (RFC 6454).
    pub fn origin(&self) -> Option<&str> {
        self.origin.as_deref()
    }

    /// The subprotocol, where one was agreed on.
    pub fn protocol(&self) -> Option<&str> {
        self.protocol.as_ref().map(Subprotocol::name)
    }

    /// What kind of messages this end sends.
    pub fn frames(&self) -> Frames {
        self.frames
    }
}

/// A request that is to become a WebSocket, and has not been answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    pub(super) handshake: Handshake,
    /// To its key.
    pub(super) answer: String,
}

impl Accepted {
    /// What will be agreed on, and what the client said of itself.
    pub fn handshake(&self) -> &Handshake {
        &self.handshake
    }
}

/// What a server answers to a key, to show that it knows what it was asked for (RFC 6455 §4.2.2).
pub(super) fn accept(key: &str) -> String {
    let mut hash = Sha1::new();
    hash.update(key.as_bytes());
    hash.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    Base64::encode_string(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_the_rfc_is_accepted_as_there() {
        assert_eq!(accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn a_subprotocol_is_a_token() {
        assert!(Subprotocol::new("xmpp", Frames::Text).is_ok());
        for bad in ["", "a b", "a,b", "a\r\nb", "é"] {
            assert_eq!(Subprotocol::new(bad, Frames::Text), Err(Misuse::ForbiddenCharacter), "{bad:?}");
        }
    }
}
