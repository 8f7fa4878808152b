//! Stream management (XEP-0198): the elements of it. What they count is [`management`](crate::stream::management)'s.

use alloc::borrow::Cow;
use alloc::string::String;

use super::Malformed;
use crate::ns;
use crate::stanza::StanzaCondition;
use crate::xml::{ElementRef, ElementWriter, Sink, Writer, XmlError};

/// What either end says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sm {
    /// `<enable/>` (§3).
    Enable {
        /// Whether the stream is to be resumed after a connection breaks.
        resume: bool,
        /// For how many seconds the client would like that.
        max: Option<u64>,
    },
    /// `<enabled/>` (§3).
    Enabled(Enabled),
    /// `<r/>`: how many stanzas have been handled? (§4)
    Request,
    /// `<a/>` (§4).
    Answer {
        /// How many were, modulo 2^32.
        h: u32,
    },
    /// `<resume/>` (§5).
    Resume(Resume),
    /// `<resumed/>` (§5).
    Resumed(Resume),
    /// `<failed/>` (§3, §5).
    Failed(Failed),
}

/// The stream is managed from here on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Enabled {
    /// By what name it can be resumed; `None`: it cannot.
    pub id: Option<String>,
    /// For how many seconds after its connection breaks.
    pub max: Option<u64>,
    /// Where the server would like to be connected to for that.
    pub location: Option<String>,
}

/// Which stream goes on, and how much of it has been handled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resume {
    /// The name of the stream.
    pub previd: String,
    /// How many stanzas have been handled, modulo 2^32.
    pub h: u32,
}

/// The stream is not managed, or does not go on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failed {
    /// Why.
    pub condition: Option<StanzaCondition>,
    /// How many stanzas of the stream that does not go on had been handled, where that is known still.
    pub h: Option<u32>,
}

impl Sm {
    /// Reads one of these. `None`: the element is none of stream management's.
    ///
    /// # Errors
    ///
    /// [`Malformed`] where an attribute is missing or has a value that it cannot have. Of `<failed/>` nothing must be there.
    pub fn read(element: ElementRef<'_>) -> Result<Option<Sm>, Malformed> {
        if element.ns() != ns::SM {
            return Ok(None);
        }
        Ok(Some(match element.name() {
            "enable" => Sm::Enable { resume: is_true(element, "resume"), max: seconds(element, "max") },
            "enabled" => {
                let id = element.attr("id").filter(|_| is_true(element, "resume"));
                let location = element.attr("location").map(Cow::into_owned);
                Sm::Enabled(Enabled { id: id.map(Cow::into_owned), max: seconds(element, "max"), location })
            }
            "r" => Sm::Request,
            "a" => Sm::Answer { h: count(element)? },
            "resume" => Sm::Resume(Resume::read(element)?),
            "resumed" => Sm::Resumed(Resume::read(element)?),
            "failed" => Sm::Failed(Failed::read(element)),
            _ => return Ok(None),
        }))
    }

    /// Writes it as a first-level element.
    ///
    /// # Errors
    ///
    /// [`XmlError::Character`] for what XML cannot hold.
    pub fn write<S: Sink + ?Sized>(&self, writer: &mut Writer<'_, S>) -> Result<(), XmlError> {
        self.fill(&mut writer.element(self.name(), ns::SM)?)
    }

    /// Writes it into another element, as SASL2 and Bind 2 have it (XEP-0198 §8).
    ///
    /// # Errors
    ///
    /// As [`write`](Sm::write).
    pub fn write_inline<S: Sink + ?Sized>(&self, element: &mut ElementWriter<'_, S>) -> Result<(), XmlError> {
        self.fill(&mut element.child(self.name(), ns::SM)?)
    }

    fn fill<S: Sink + ?Sized>(&self, element: &mut ElementWriter<'_, S>) -> Result<(), XmlError> {
        match self {
            Sm::Enable { resume, max } => {
                element.attr_if("resume", resume.then_some("true"))?;
                max.map_or(Ok(()), |max| element.attr_decimal("max", max).map(drop))
            }
            Sm::Enabled(Enabled { id, max, location }) => {
                element.attr_if("id", id.as_deref())?.attr_if("resume", id.as_ref().map(|_| "true"))?;
                if let Some(max) = max {
                    element.attr_decimal("max", *max)?;
                }
                element.attr_if("location", location.as_deref()).map(drop)
            }
            Sm::Request => Ok(()),
            Sm::Answer { h } => element.attr_decimal("h", u64::from(*h)).map(drop),
            Sm::Resume(resume) | Sm::Resumed(resume) => {
                element.attr("previd", &resume.previd)?.attr_decimal("h", u64::from(resume.h)).map(drop)
            }
            Sm::Failed(Failed { condition, h }) => {
                if let Some(h) = h {
                    element.attr_decimal("h", u64::from(*h))?;
                }
                condition.map_or(Ok(()), |condition| element.child(condition.as_str(), ns::STANZA_ERRORS).map(drop))
            }
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Sm::Enable { .. } => "enable",
            Sm::Enabled(_) => "enabled",
            Sm::Request => "r",
            Sm::Answer { .. } => "a",
            Sm::Resume(_) => "resume",
            Sm::Resumed(_) => "resumed",
            Sm::Failed(_) => "failed",
        }
    }
}

impl Resume {
    fn read(element: ElementRef<'_>) -> Result<Self, Malformed> {
        let previd = element.attr("previd").ok_or(Malformed::Missing("previd"))?.into_owned();
        Ok(Resume { previd, h: count(element)? })
    }
}

impl Failed {
    fn read(failed: ElementRef<'_>) -> Self {
        let conditions = failed.children().filter(|child| child.ns() == ns::STANZA_ERRORS);
        Failed {
            condition: conditions.filter_map(|child| StanzaCondition::read(child.name())).next(),
            h: count(failed).ok(),
        }
    }
}

fn is_true(element: ElementRef<'_>, name: &str) -> bool {
    element.attr(name).is_some_and(|value| matches!(&*value, "true" | "1"))
}

/// One that is no number says nothing.
fn seconds(element: ElementRef<'_>, name: &str) -> Option<u64> {
    element.attr(name)?.parse().ok()
}

fn count(element: ElementRef<'_>) -> Result<u32, Malformed> {
    element.attr("h").ok_or(Malformed::Missing("h"))?.parse().map_err(|_| Malformed::Value("h"))
}
