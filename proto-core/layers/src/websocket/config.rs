use core::fmt;
use core::time::Duration;

use bytes::Bytes;
use wirestate_machine::Misuse;

use super::handshake::{BINARY_IRCV3, Frames, Subprotocol, TEXT_IRCV3, XMPP};

/// The longest control frame, and more.
pub(super) const LEAST_INBOX: usize = 512;

/// What a server of WebSockets offers, demands, and shows to those who come without one. Shared by all its connections.
#[derive(Clone, Debug)]
pub struct Config {
    pub(super) protocols: Vec<Subprotocol>,
    pub(super) otherwise: Frames,
    pub(super) origins: Option<Vec<String>>,
    /// By the paths that they are shown under.
    pub(super) pages: Vec<(String, Page)>,
    pub(super) limits: Limits,
}

/// What is shown to those who ask for it and not for a WebSocket.
#[derive(Clone, Debug)]
pub struct Page {
    pub(super) content_type: String,
    pub(super) body: Bytes,
    pub(super) is_public: bool,
}

impl Page {
    /// A page of this content.
    ///
    /// # Errors
    ///
    /// [`Misuse::ForbiddenCharacter`] where the content type could not stand in a header.
    pub fn new(content_type: impl Into<String>, body: impl Into<Bytes>) -> Result<Self, Misuse> {
        let content_type = content_type.into();
        check_value(&content_type)?;
        Ok(Page { content_type, body: body.into(), is_public: false })
    }

    /// Lets scripts of any site read it (`Access-Control-Allow-Origin: *`).
    pub fn for_any_origin(self) -> Self {
        Page { is_public: true, ..self }
    }
}

/// How much a peer may want, and how long it may take, in either role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The most bytes of the head of a request or response. 8 KiB by default.
    pub head: usize,
    /// The most bytes of a message that comes in, however many frames it has. 16 KiB by default.
    pub message: usize,
    /// How many control frames may come within 10 seconds. 100 by default.
    pub controls: u32,
    /// How long the opening handshake may take in all, from the first poll or from the end of TLS's own. 10 seconds by default.
    pub handshake: Duration,
    /// How long the connection lives on once one end has said its last. 5 seconds by default.
    pub closing: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            head: 8 * 1024,
            message: 16 * 1024,
            controls: 100,
            handshake: Duration::from_secs(10),
            closing: Duration::from_secs(5),
        }
    }
}

impl Limits {
    /// For messages of any length.
    fn of_parts() -> Self {
        Limits { message: usize::MAX, ..Limits::default() }
    }
}

impl Config {
    /// A server that knows no subprotocol, takes any origin, sends text messages, and shows no page.
    pub fn new() -> Self {
        let (protocols, pages, limits) = Default::default();
        Config { protocols, otherwise: Frames::Text, origins: None, pages, limits }
    }

    /// A server of IRC: `text.ircv3.net` and `binary.ircv3.net`, and text messages for clients that ask for neither.
    pub fn irc() -> Self {
        Config::new().with_protocols([TEXT_IRCV3, BINARY_IRCV3])
    }

    /// A server of XMPP: `xmpp` (RFC 7395), and text messages for clients that do not ask for it. The machine, which reads messages in parts, bounds
    /// them by itself.
    pub fn xmpp() -> Self {
        Config::new().with_protocols([XMPP]).with_limits(Limits::of_parts())
    }

    /// Sets the subprotocols. The first one of the client's that is among them is agreed on, as the client lists them in the order of its
    /// preference (RFC 6455 §4.1). Where there is none, the connection is made without.
    pub fn with_protocols(mut self, protocols: impl IntoIterator<Item = Subprotocol>) -> Self {
        self.protocols = protocols.into_iter().collect();
        self
    }

    /// Sets what kind of messages is sent where no subprotocol is agreed on.
    pub fn with_frames(mut self, otherwise: Frames) -> Self {
        self.otherwise = otherwise;
        self
    }

    /// Takes browsers' connections only from pages of these origins, such as `https://chat.example`, told apart without regard to case. A
    /// client that names no origin is no browser, and is taken: it could name any (RFC 6455 §10.2).
    pub fn with_origins(mut self, origins: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.origins = Some(origins.into_iter().map(Into::into).collect());
        self
    }

    /// Shows this to those who ask for `/` and not for a WebSocket.
    ///
    /// # Errors
    ///
    /// [`Misuse::ForbiddenCharacter`] where the content type could not stand in a header.
    pub fn with_page(self, content_type: impl Into<String>, body: impl Into<Bytes>) -> Result<Self, Misuse> {
        Ok(self.with_page_at("/", Page::new(content_type, body)?))
    }

    /// Shows a page to those who ask for this path, which begins with `/`, and not for a WebSocket.
    pub fn with_page_at(mut self, path: impl Into<String>, page: Page) -> Self {
        let path = path.into();
        self.pages.retain(|(known, _)| *known != path);
        self.pages.push((path, page));
        self
    }

    /// What an inbox must hold: the longest head, and the longest control frame.
    pub(super) fn inbox(&self) -> usize {
        self.limits.head.max(LEAST_INBOX)
    }

    pub(super) fn page(&self, path: &str) -> Option<&Page> {
        self.pages.iter().find(|(known, _)| known == path).map(|(_, page)| page)
    }

    /// Sets the limits.
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}

impl Default for Config {
    fn default() -> Self {
        Config::new()
    }
}

/// What a client asks a server for.
#[derive(Clone)]
pub struct Request {
    pub(super) host: String,
    pub(super) target: String,
    pub(super) origin: Option<String>,
    pub(super) protocols: Vec<Subprotocol>,
    pub(super) otherwise: Frames,
    pub(super) seed: [u8; 32],
    pub(super) limits: Limits,
}

impl Request {
    /// Asks `host`, with its port where that is neither 80 nor that of TLS, 443, for `target`, which begins with `/`. The key and the masks
    /// come from `seed`: it must be fresh for each connection and not to be guessed (RFC 6455 §10.3).
    ///
    /// # Errors
    ///
    /// [`Misuse::ForbiddenCharacter`] where one of them could not stand in a request.
    pub fn new(host: impl Into<String>, target: impl Into<String>, seed: [u8; 32]) -> Result<Self, Misuse> {
        let (host, target) = (host.into(), target.into());
        check_word(&host)?;
        check_word(&target)?;
        if !target.starts_with('/') {
            return Err(Misuse::ForbiddenCharacter);
        }
        let (protocols, otherwise) = (Vec::new(), Frames::Text);
        Ok(Request { host, target, origin: None, protocols, otherwise, seed, limits: Limits::default() })
    }

    /// The same for XMPP: `xmpp` (RFC 7395). The machine, which reads messages in parts, bounds them by itself.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Request::new).
    pub fn xmpp(host: impl Into<String>, target: impl Into<String>, seed: [u8; 32]) -> Result<Self, Misuse> {
        Ok(Request::new(host, target, seed)?.with_protocols([XMPP]).with_limits(Limits::of_parts()))
    }

    /// The same for IRC: text messages by preference.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Request::new).
    pub fn irc(host: impl Into<String>, target: impl Into<String>, seed: [u8; 32]) -> Result<Self, Misuse> {
        Ok(Request::new(host, target, seed)?.with_protocols([TEXT_IRCV3, BINARY_IRCV3]))
    }

    /// Sets the subprotocols that are asked for, the preferred one first.
    pub fn with_protocols(mut self, protocols: impl IntoIterator<Item = Subprotocol>) -> Self {
        self.protocols = protocols.into_iter().collect();
        self
    }

    /// Sets what kind of messages is sent where the server agrees to no subprotocol.
    pub fn with_frames(mut self, otherwise: Frames) -> Self {
        self.otherwise = otherwise;
        self
    }

    /// Names the origin that the client belongs to.
    ///
    /// # Errors
    ///
    /// [`Misuse::ForbiddenCharacter`] where it could not stand in a header.
    pub fn with_origin(mut self, origin: impl Into<String>) -> Result<Self, Misuse> {
        let origin = origin.into();
        check_word(&origin)?;
        self.origin = Some(origin);
        Ok(self)
    }

    /// Sets the limits.
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}

impl fmt::Debug for Request {
    /// Without the seed, from which the masks can be told.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("host", &self.host)
            .field("target", &self.target)
            .field("origin", &self.origin)
            .field("protocols", &self.protocols)
            .finish_non_exhaustive()
    }
}

fn check_word(text: &str) -> Result<(), Misuse> {
    let fits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    if fits { Ok(()) } else { Err(Misuse::ForbiddenCharacter) }
}

fn check_value(text: &str) -> Result<(), Misuse> {
    let fits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    if fits { Ok(()) } else { Err(Misuse::ForbiddenCharacter) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_out_of_a_header() {
        for bad in ["", "a\r\nb", "a\nb", "a\0b", "é"] {
            assert!(Config::new().with_page(bad, "").is_err(), "{bad:?}");
            assert!(Request::new(bad, "/", [0; 32]).is_err(), "{bad:?}");
            assert!(Request::new("a", format!("/{bad} HTTP"), [0; 32]).is_err(), "{bad:?}");
        }
        assert!(Request::new("a", "b", [0; 32]).is_err());
        let request = Request::irc("a", "/", [7; 32]).unwrap();
        assert!(request.clone().with_origin("a b").is_err());
        assert!(!format!("{request:?}").contains('7'));
    }
}
