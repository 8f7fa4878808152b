use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;

use crate::named::named;
use crate::ns;
use crate::xml::{self, Element, ElementRef, Sink, Writer, XmlError};

named! {
    /// Why a stream ends (RFC 6120 §4.9.3).
    #[non_exhaustive]
    pub enum StreamCondition {
        /// §4.9.3.1: XML that cannot be processed.
        BadFormat = "bad-format",
        /// §4.9.3.2: a prefix that is not declared, or not the one that is wanted.
        BadNamespacePrefix = "bad-namespace-prefix",
        /// §4.9.3.3: another stream takes the place of this one.
        Conflict = "conflict",
        /// §4.9.3.4: nothing came for too long.
        ConnectionTimeout = "connection-timeout",
        /// §4.9.3.5: the host is no longer served here.
        HostGone = "host-gone",
        /// §4.9.3.6: the host is not served here.
        HostUnknown = "host-unknown",
        /// §4.9.3.7: `to` or `from` is missing between servers.
        ImproperAddressing = "improper-addressing",
        /// §4.9.3.8: the server has a fault.
        InternalServerError = "internal-server-error",
        /// §4.9.3.9: `from` is not who the sender is.
        InvalidFrom = "invalid-from",
        /// RFC 3920 §4.7.3: an identifier that does not fit.
        InvalidId = "invalid-id",
        /// §4.9.3.10: the stream's namespace or the content namespace is wrong.
        InvalidNamespace = "invalid-namespace",
        /// §4.9.3.11: XML that a schema does not allow.
        InvalidXml = "invalid-xml",
        /// §4.9.3.12: first prove who you are.
        NotAuthorized = "not-authorized",
        /// §4.9.3.13: what was sent is no XML.
        NotWellFormed = "not-well-formed",
        /// §4.9.3.14: against a policy.
        PolicyViolation = "policy-violation",
        /// §4.9.3.15: another server that is needed cannot be reached.
        RemoteConnectionFailed = "remote-connection-failed",
        /// §4.9.3.16: connect anew, for features or keys have changed.
        Reset = "reset",
        /// §4.9.3.17: the server is short of something.
        ResourceConstraint = "resource-constraint",
        /// §4.9.3.18: a comment, a processing instruction, a document type, an entity.
        RestrictedXml = "restricted-xml",
        /// §4.9.3.19: connect to another host.
        SeeOtherHost = "see-other-host",
        /// §4.9.3.20: the server goes down.
        SystemShutdown = "system-shutdown",
        /// §4.9.3.21: something else, which a condition of the application's tells.
        UndefinedCondition = "undefined-condition",
        /// §4.9.3.22: an encoding other than UTF-8.
        UnsupportedEncoding = "unsupported-encoding",
        /// §4.9.3.23: a feature that must be negotiated is not known.
        UnsupportedFeature = "unsupported-feature",
        /// §4.9.3.24: a first-level element that is not known.
        UnsupportedStanzaType = "unsupported-stanza-type",
        /// §4.9.3.25: a version that is not served.
        UnsupportedVersion = "unsupported-version",
    }
}

impl From<xml::Condition> for StreamCondition {
    fn from(condition: xml::Condition) -> Self {
        match condition {
            xml::Condition::BadFormat => StreamCondition::BadFormat,
            xml::Condition::BadNamespacePrefix => StreamCondition::BadNamespacePrefix,
            xml::Condition::NotWellFormed => StreamCondition::NotWellFormed,
            xml::Condition::PolicyViolation => StreamCondition::PolicyViolation,
            xml::Condition::RestrictedXml => StreamCondition::RestrictedXml,
            xml::Condition::UnsupportedEncoding => StreamCondition::UnsupportedEncoding,
        }
    }
}

impl From<XmlError> for StreamCondition {
    fn from(error: XmlError) -> Self {
        error.condition().into()
    }
}

/// The error that ends a stream (RFC 6120 §4.9.2). After it nothing but the end tag is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamError {
    condition: StreamCondition,
    host: Option<String>,
    text: Option<(Option<String>, String)>,
    application: Option<Element>,
}

impl StreamError {
    /// An error of this condition.
    pub fn new(condition: StreamCondition) -> Self {
        StreamError { condition, host: None, text: None, application: None }
    }

    /// `see-other-host`, with a host name or address, and a port behind a colon where it is another than the usual (RFC 6120 §4.9.3.19). An IPv6
    /// address stands in brackets.
    pub fn see_other_host(host: impl Into<String>) -> Self {
        StreamError { host: Some(host.into()), ..StreamError::new(StreamCondition::SeeOtherHost) }
    }

    /// With words for a person.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.text = Some((None, text.into()));
        self
    }

    /// With words for a person, in the language of this tag (RFC 5646).
    #[must_use]
    pub fn text_in(mut self, lang: impl Into<String>, text: impl Into<String>) -> Self {
        self.text = Some((Some(lang.into()), text.into()));
        self
    }

    /// With a condition of the application's own (RFC 6120 §4.9.4).
    #[must_use]
    pub fn application(mut self, condition: Element) -> Self {
        self.application = Some(condition);
        self
    }

    /// Why the stream ends.
    pub fn condition(&self) -> StreamCondition {
        self.condition
    }

    /// The words for a person.
    pub fn words(&self) -> Option<&str> {
        self.text.as_ref().map(|(_, text)| text.as_str())
    }

    /// The condition of the application's own.
    pub fn application_condition(&self) -> Option<ElementRef<'_>> {
        self.application.as_ref().map(Element::view)
    }

    /// Where to connect instead. `None`: nowhere, or what is said is no host. Whether to go there, and with which certificate, is the caller's to say
    /// (RFC 6120 §13.7.1.4 still asks for that of the first host).
    pub fn other_host(&self) -> Option<OtherHost<'_>> {
        OtherHost::read(self.host.as_deref()?)
    }

    /// Whether the element is a stream error.
    pub fn is_one(element: ElementRef<'_>) -> bool {
        element.is("error", ns::STREAM)
    }

    /// Reads a stream error. A condition that is missing or not known is `undefined-condition`. `None`: the element is no stream error.
    pub fn read(element: ElementRef<'_>) -> Option<Self> {
        if !StreamError::is_one(element) {
            return None;
        }
        let mut read = StreamError::new(StreamCondition::UndefinedCondition);
        for child in element.children() {
            if child.ns() != ns::STREAM_ERRORS {
                read.application.get_or_insert_with(|| child.to_element());
            } else if child.name() == "text" {
                read.text.get_or_insert_with(|| (child.lang().map(Cow::into_owned), child.text().into_owned()));
            } else if let Some(condition) = StreamCondition::read(child.name()) {
                read.condition = condition;
                read.host = Some(child.text().trim().into()).filter(|host: &String| !host.is_empty());
            }
        }
        Some(read)
    }

    /// Writes the error. Of the words, what XML cannot hold is replaced.
    ///
    /// # Errors
    ///
    /// [`XmlError::Character`] where the host has what XML cannot hold.
    pub fn write<S: Sink + ?Sized>(&self, writer: &mut Writer<'_, S>) -> Result<(), XmlError> {
        let mut error = writer.element("error", ns::STREAM)?;
        let mut condition = error.child(self.condition.as_str(), ns::STREAM_ERRORS)?;
        condition.text(self.host.as_deref().unwrap_or_default())?;
        condition.end();
        if let Some((lang, words)) = &self.text {
            let mut text = error.child("text", ns::STREAM_ERRORS)?;
            if let Some(lang) = lang {
                text.lang(lang)?;
            }
            text.text_lossy(words);
        }
        if let Some(application) = &self.application {
            error.embed(application.view());
        }
        Ok(())
    }
}

impl From<StreamCondition> for StreamError {
    fn from(condition: StreamCondition) -> Self {
        StreamError::new(condition)
    }
}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.condition)?;
        match self.words() {
            Some(words) => write!(f, ": {words}"),
            None => Ok(()),
        }
    }
}

impl core::error::Error for StreamError {}

/// Where `see-other-host` points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OtherHost<'a> {
    /// A host name or address; an IPv6 address without brackets.
    pub host: &'a str,
    /// The port; `None` for the usual way of finding it.
    pub port: Option<u16>,
}

impl<'a> OtherHost<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let (host, port) = match text.strip_prefix('[') {
            Some(literal) => {
                let (address, rest) = literal.split_once(']')?;
                address.parse::<core::net::Ipv6Addr>().ok()?;
                match rest {
                    "" => (address, None),
                    rest => (address, Some(rest.strip_prefix(':')?)),
                }
            }
            None => match text.split_once(':') {
                // Without brackets an IPv6 address has colons of its own.
                Some(_) if text.parse::<core::net::Ipv6Addr>().is_ok() => (text, None),
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            },
        };
        let is_host =
            |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b':') || octet > 127;
        if host.is_empty() || !host.bytes().all(is_host) {
            return None;
        }
        let digits = |port: &&str| port.bytes().all(|octet| octet.is_ascii_digit());
        let port = match port {
            Some(port) => Some(Some(port).filter(digits)?.parse().ok().filter(|port| *port != 0)?),
            None => None,
        };
        Some(OtherHost { host, port })
    }
}
