use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;

use super::condition::{ErrorType, StanzaCondition};
use crate::ns;
use crate::xml::{Element, ElementRef, ElementWriter, Sink, XmlError};

/// The error that a stanza of type `error` carries (RFC 6120 §8.3.2).
///
/// ```
/// use xmpp_proto::stanza::{StanzaCondition, StanzaError};
///
/// let error = StanzaError::new(StanzaCondition::ItemNotFound).text("There is no such room.");
/// assert_eq!(error.to_string(), "item-not-found (cancel): There is no such room.");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StanzaError {
    condition: StanzaCondition,
    kind: ErrorType,
    by: Option<String>,
    address: Option<String>,
    text: Option<(Option<String>, String)>,
    application: Option<Element>,
}

impl StanzaError {
    /// An error of this condition, of the type that is usual for it.
    pub fn new(condition: StanzaCondition) -> Self {
        StanzaError { condition, kind: condition.usual_type(), by: None, address: None, text: None, application: None }
    }

    /// With another type.
    #[must_use]
    pub fn kind_is(mut self, kind: ErrorType) -> Self {
        self.kind = kind;
        self
    }

    /// With the address of whom noticed it, where that is not the sender of the error.
    #[must_use]
    pub fn noticed_by(mut self, by: impl Into<String>) -> Self {
        self.by = Some(by.into());
        self
    }

    /// With the address, an `xmpp:` URI, at which the receiver is to be found: for `gone` and `redirect`.
    #[must_use]
    pub fn found_at(mut self, uri: impl Into<String>) -> Self {
        self.address = Some(uri.into());
        self
    }

    /// With words for a person, in the language of the stanza.
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

    /// With a condition of the application's own (RFC 6120 §8.3.4).
    #[must_use]
    pub fn application(mut self, condition: Element) -> Self {
        self.application = Some(condition);
        self
    }

    /// What went wrong.
    pub fn condition(&self) -> StanzaCondition {
        self.condition
    }

    /// What the sender may do about it.
    pub fn kind(&self) -> ErrorType {
        self.kind
    }

    /// Who noticed it.
    pub fn by(&self) -> Option<&str> {
        self.by.as_deref()
    }

    /// Where the receiver is to be found.
    pub fn address(&self) -> Option<&str> {
        self.address.as_deref()
    }

    /// The words for a person.
    pub fn words(&self) -> Option<&str> {
        self.text.as_ref().map(|(_, text)| text.as_str())
    }

    /// The condition of the application's own.
    pub fn application_condition(&self) -> Option<ElementRef<'_>> {
        self.application.as_ref().map(Element::view)
    }

    /// Reads the error of a stanza. One whose condition is missing or not known is `undefined-condition`, and one without a type that is known has the
    /// usual type of its condition, so that there is always something to act upon. `None`: the stanza carries none.
    pub fn read(stanza: ElementRef<'_>) -> Option<Self> {
        let error = stanza.child("error", stanza.ns())?;
        let mut read = StanzaError::new(StanzaCondition::UndefinedCondition);
        for child in error.children() {
            if child.ns() != ns::STANZA_ERRORS {
                read.application.get_or_insert_with(|| child.to_element());
            } else if child.name() == "text" {
                read.text.get_or_insert_with(|| (child.lang().map(Cow::into_owned), child.text().into_owned()));
            } else if let Some(condition) = StanzaCondition::read(child.name()) {
                read.condition = condition;
                read.address = Some(child.text().into_owned()).filter(|address| !address.is_empty());
            }
        }
        let kind = error.attr("type").and_then(|kind| ErrorType::read(&kind));
        read.kind = kind.unwrap_or(read.condition.usual_type());
        read.by = error.attr("by").map(Cow::into_owned);
        Some(read)
    }

    /// Writes the `<error/>` into its stanza. Of words and addresses, what XML cannot hold is left out or replaced.
    ///
    /// # Errors
    ///
    /// [`XmlError::Character`] where an address has what XML cannot hold.
    pub fn write<S: Sink + ?Sized>(&self, stanza: &mut ElementWriter<'_, S>) -> Result<(), XmlError> {
        let mut error = stanza.own("error")?;
        error.attr_if("by", self.by())?.attr("type", self.kind.as_str())?;
        let mut condition = error.child(self.condition.as_str(), ns::STANZA_ERRORS)?;
        condition.text(self.address().unwrap_or_default())?;
        condition.end();
        if let Some((lang, words)) = &self.text {
            let mut text = error.child("text", ns::STANZA_ERRORS)?;
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

impl From<StanzaCondition> for StanzaError {
    fn from(condition: StanzaCondition) -> Self {
        StanzaError::new(condition)
    }
}

impl fmt::Display for StanzaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.condition, self.kind)?;
        match self.words() {
            Some(words) => write!(f, ": {words}"),
            None => Ok(()),
        }
    }
}

impl core::error::Error for StanzaError {}
