//! Server dialback (XEP-0220).

use alloc::borrow::Cow;
use alloc::string::String;

use super::Malformed;
use crate::jid::Jid;
use crate::ns;
use crate::stanza::StanzaError;
use crate::xml::{ElementRef, Sink, Writer, XmlError};

/// What servers say to one another: `<db:result/>` between the two that meet, `<db:verify/>` to the one that is authoritative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialback {
    /// Which of the two.
    pub kind: DialbackKind,
    /// The domain that says it.
    pub from: Jid,
    /// The domain that it is said to.
    pub to: Jid,
    /// With `verify`: the name of the stream that the key was sent on.
    pub id: Option<String>,
    /// The key, or what came of it.
    pub content: Content,
}

/// Between whom it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DialbackKind {
    /// `<db:result/>`.
    Result,
    /// `<db:verify/>`.
    Verify,
}

/// The key, or what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// The key.
    Key(String),
    /// The key is right.
    Valid,
    /// The key is wrong.
    Invalid,
    /// It could not be told (§2.4).
    Error(StanzaError),
}

impl DialbackKind {
    /// The element's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            DialbackKind::Result => "result",
            DialbackKind::Verify => "verify",
        }
    }
}

impl Dialback {
    /// Reads one of these. `None`: the element is none of dialback's.
    ///
    /// # Errors
    ///
    /// [`Malformed`] where a part is missing or has a value that it cannot have.
    pub fn read(element: ElementRef<'_>) -> Result<Option<Self>, Malformed> {
        let kind = match (element.ns(), element.name()) {
            (ns::DIALBACK, "result") => DialbackKind::Result,
            (ns::DIALBACK, "verify") => DialbackKind::Verify,
            _ => return Ok(None),
        };
        let domain = |name: &'static str| {
            let text = element.attr(name).ok_or(Malformed::Missing(name))?;
            let jid = Jid::parse(&text).map_err(|_| Malformed::Jid(name))?;
            let is_domain = jid.local().is_none() && jid.is_bare();
            if is_domain { Ok(jid) } else { Err(Malformed::Jid(name)) }
        };
        let content = match element.attr("type").as_deref() {
            None => Content::Key(element.text().trim().into()),
            Some("valid") => Content::Valid,
            Some("invalid") => Content::Invalid,
            Some("error") => Content::Error(
                StanzaError::read(element).or_else(|| error_in(element)).ok_or(Malformed::Missing("error"))?,
            ),
            Some(_) => return Err(Malformed::Value("type")),
        };
        let id = element.attr("id").map(Cow::into_owned);
        if kind == DialbackKind::Verify && id.is_none() {
            return Err(Malformed::Missing("id"));
        }
        Ok(Some(Dialback { kind, from: domain("from")?, to: domain("to")?, id, content }))
    }

    /// Writes it.
    ///
    /// # Errors
    ///
    /// [`XmlError::Character`] for what XML cannot hold.
    pub fn write<S: Sink + ?Sized>(&self, writer: &mut Writer<'_, S>) -> Result<(), XmlError> {
        let mut element = writer.element(self.kind.as_str(), ns::DIALBACK)?;
        element.attr("from", self.from.as_str())?.attr("to", self.to.as_str())?.attr_if("id", self.id.as_deref())?;
        match &self.content {
            Content::Key(key) => element.text(key).map(drop),
            Content::Valid => element.attr("type", "valid").map(drop),
            Content::Invalid => element.attr("type", "invalid").map(drop),
            Content::Error(error) => error.write(element.attr("type", "error")?),
        }
    }
}

/// In the stream's namespace, as the examples of XEP-0220 have it.
fn error_in(element: ElementRef<'_>) -> Option<StanzaError> {
    let error = element.child("error", ns::SERVER)?;
    let conditions = error.children().filter(|child| child.ns() == ns::STANZA_ERRORS);
    conditions.filter_map(|child| crate::stanza::StanzaCondition::read(child.name())).next().map(StanzaError::new)
}
