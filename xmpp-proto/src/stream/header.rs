use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;

use super::{Opening, StreamCondition};
use crate::jid::{Jid, JidError, Rules};
use crate::ns;
use crate::xml::{Element, Scope};

/// A `version` (RFC 6120 §4.7.5). Versions are compared number by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// What is before the dot.
    pub major: u16,
    /// What is behind the dot.
    pub minor: u16,
}

impl Version {
    /// What RFC 6120 speaks.
    pub const ONE: Version = Version { major: 1, minor: 0 };

    /// Reads two numbers and a dot; zeros before a number are passed over.
    pub fn read(text: &str) -> Option<Self> {
        let (major, minor) = text.split_once('.')?;
        let number = |text: &str| match text.bytes().all(|octet| octet.is_ascii_digit()) {
            true => text.parse().ok(),
            false => None,
        };
        Some(Version { major: number(major)?, minor: number(minor)? })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// What the other end said when it opened the stream (RFC 6120 §4.7; RFC 7395 §3.4), and what to say to that, through [`opening`](Header::opening).
///
/// ```
/// use xmpp_proto::jid::Rules;
/// use xmpp_proto::stream::Header;
/// use xmpp_proto::xml::Element;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let open: Element = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='im.example' version='1.0'/>".parse()?;
/// let theirs = Header::read(&open, Rules::Rfc7622)?;
/// let ours = Header { from: theirs.to.clone(), id: Some("gPybzaOzBmaADgxKXu9UClbprp0=".into()), ..Header::new() };
/// assert_eq!(ours.opening().from, Some("im.example"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// To whom the stream goes.
    pub to: Option<Jid>,
    /// From whom it comes.
    pub from: Option<Jid>,
    /// What the receiving end calls the stream (RFC 6120 §4.7.3): unpredictable, and new for each header.
    pub id: Option<String>,
    /// `None` is what came before version 1.0 (RFC 6120 §4.7.5).
    pub version: Option<Version>,
    /// The language of what is said in the stream, where nothing else is said (RFC 6120 §4.7.4).
    pub lang: Option<String>,
}

impl Default for Header {
    fn default() -> Self {
        Header::new()
    }
}

impl Header {
    /// A header of version 1.0 that says nothing else.
    pub const fn new() -> Self {
        Header { to: None, from: None, id: None, version: Some(Version::ONE), lang: None }
    }

    /// Reads a header, or `<open/>`. Which namespaces a header declares is told by [`Scope::of_header`], the `db` of dialback included; whether they are the right
    /// ones, by [`check_scope`](Header::check_scope).
    ///
    /// # Errors
    ///
    /// The first rule that is broken.
    pub fn read(element: &Element, rules: Rules) -> Result<Self, HeaderError> {
        match (element.ns(), element.name()) {
            (ns::STREAM, "stream") | (ns::FRAMING, "open") => {}
            (ns::STREAM | ns::FRAMING, _) => return Err(HeaderError::Name),
            _ => return Err(HeaderError::Namespace),
        }
        let address = |name| element.attr(name).map(|address| Jid::parse_by(rules, &address)).transpose();
        Ok(Header {
            to: address("to").map_err(HeaderError::To)?,
            from: address("from").map_err(HeaderError::From)?,
            id: element.attr("id").map(Cow::into_owned),
            version: match element.attr("version") {
                Some(version) => Some(Version::read(&version).ok_or(HeaderError::Version)?),
                None => None,
            },
            lang: element.lang().map(Cow::into_owned),
        })
    }

    /// Checks the namespaces that a header declares: `content` for stanzas, and for the stream's own elements the prefix `stream` (RFC 6120 §4.8.5).
    ///
    /// # Errors
    ///
    /// [`HeaderError::ContentNamespace`], [`HeaderError::Prefix`].
    pub fn check_scope(scope: &Scope, content: &str) -> Result<(), HeaderError> {
        if scope.default_ns() != content {
            return Err(HeaderError::ContentNamespace);
        }
        if scope.uri("stream") != Some(ns::STREAM) {
            return Err(HeaderError::Prefix);
        }
        Ok(())
    }

    /// What [`Wire::open`](super::Wire::open) writes of it. No version but 1.0 is ever said.
    pub fn opening(&self) -> Opening<'_> {
        Opening {
            from: self.from.as_ref().map(Jid::as_str),
            to: self.to.as_ref().map(Jid::as_str),
            id: self.id.as_deref(),
            version: self.version.map(|_| "1.0"),
            lang: self.lang.as_deref(),
        }
    }
}

/// Which rule of stream headers is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// Another namespace than the stream's, or WebSocket's framing (RFC 6120 §4.8.1).
    #[error(
        "the stream begins with an element of another namespace; take http://etherx.jabber.org/streams, or in a WebSocket urn:ietf:params:xml:ns:xmpp-framing"
    )]
    Namespace,
    /// Another name than `stream` or `open`.
    #[error("the stream does not begin with `<stream:stream>`, or in a WebSocket `<open/>`")]
    Name,
    /// Another content namespace than the one that is served here (RFC 6120 §4.8.2).
    #[error("the stream's default namespace is not the one that is served here")]
    ContentNamespace,
    /// Another prefix than `stream` (RFC 6120 §4.8.5).
    #[error("the stream's namespace must have the prefix `stream`")]
    Prefix,
    /// `to` is no address.
    #[error("the stream's `to` is no address: {0}")]
    To(JidError),
    /// `from` is no address.
    #[error("the stream's `from` is no address: {0}")]
    From(JidError),
    /// `version` is not two numbers and a dot.
    #[error("the stream's version is not two numbers with a dot between them")]
    Version,
}

impl HeaderError {
    /// The stream error that answers it.
    pub const fn condition(self) -> StreamCondition {
        match self {
            HeaderError::Namespace | HeaderError::ContentNamespace => StreamCondition::InvalidNamespace,
            HeaderError::Name => StreamCondition::BadFormat,
            HeaderError::Prefix => StreamCondition::BadNamespacePrefix,
            HeaderError::To(_) => StreamCondition::HostUnknown,
            HeaderError::From(_) => StreamCondition::InvalidFrom,
            HeaderError::Version => StreamCondition::UnsupportedVersion,
        }
    }
}
