use alloc::boxed::Box;
use core::fmt;

use crate::ns;
use crate::xml::ElementRef;

/// Where a WebSocket's `<close/>` says to connect instead (RFC 7395 §3.6.1): a URI of the scheme `ws` or `wss`.
///
/// Whether to go there is for who is told to say. Nobody should go from `wss` to what is not [secure](OtherUri::is_secure).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct OtherUri(Box<str>);

impl OtherUri {
    /// A URI of WebSockets, in ASCII; `None` for anything else.
    pub fn parse(uri: &str) -> Option<Self> {
        let (scheme, rest) = uri.split_once("://")?;
        let is_scheme = ["ws", "wss"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
        let has_host = rest.bytes().next().is_some_and(|first| !b"/?#:".contains(&first));
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte);
        (is_scheme && has_host && rest.bytes().all(is_plain)).then(|| OtherUri(uri.into()))
    }

    /// What a `<close/>` tells, if it tells of another place that can be one.
    pub fn of(close: ElementRef<'_>) -> Option<Self> {
        if !close.is("close", ns::FRAMING) {
            return None;
        }
        OtherUri::parse(&close.attr("see-other-uri")?)
    }

    /// It as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether TLS is around the connection there.
    pub fn is_secure(&self) -> bool {
        self.0.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("wss:"))
    }
}

impl fmt::Display for OtherUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for OtherUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
