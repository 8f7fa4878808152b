//! The exchange of SASL2 (XEP-0388).

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::Malformed;
use super::data::{self, DataError};
use super::sasl::{Failure, SaslCondition};
use crate::ns;
use crate::xml::{Element, ElementRef, ElementWriter, Sink, Writer, XmlError};

/// What either end says in the exchange. Debug shows lengths, not what is said.
#[derive(Clone, PartialEq)]
pub enum Sasl2 {
    /// `<authenticate/>` (§2.2).
    Authenticate(Authenticate),
    /// `<challenge/>` (§2.3).
    Challenge(Vec<u8>),
    /// `<response/>` (§2.3).
    Response(Vec<u8>),
    /// `<success/>` (§2.4).
    Success(Success),
    /// `<failure/>` (§2.5).
    Failure(Failure),
    /// `<continue/>` (§2.6).
    Continue(Continue),
    /// `<next/>`: a task of those that `<continue/>` named (§2.6.2).
    Next {
        /// Its name.
        task: String,
    },
    /// `<abort/>`, with words for a person (§2.7).
    Abort(Option<String>),
}

/// The beginning of a login.
#[derive(Clone, Default, PartialEq)]
pub struct Authenticate {
    /// The mechanism's registered name.
    pub mechanism: String,
    /// The initial response; an empty one is another thing than none.
    pub initial: Option<Vec<u8>>,
    /// What the client says of itself.
    pub user_agent: Option<UserAgent>,
    /// What is asked for together with the login: to bind, to resume, a token.
    pub inline: Vec<Element>,
}

/// What a client says of itself (§2.2.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserAgent {
    /// A UUID of the installation, the same for each login.
    pub id: Option<String>,
    /// The program's name.
    pub software: Option<String>,
    /// The device's name.
    pub device: Option<String>,
}

/// The end of a login that went well.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Success {
    /// What the mechanism still has to say.
    pub data: Option<Vec<u8>>,
    /// Whose account was opened: a bare address, or where a resource was bound, a full one.
    pub identity: String,
    /// What came of what was asked for together with the login.
    pub inline: Vec<Element>,
}

/// The credentials were right, and more must be done.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Continue {
    /// What the mechanism still has to say.
    pub data: Option<Vec<u8>>,
    /// What may be done, of which one is enough.
    pub tasks: Vec<String>,
    /// The words for a person.
    pub text: Option<String>,
}

/// Why an element is no step of the exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Sasl2Error {
    /// Its data.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Its form.
    #[error(transparent)]
    Form(#[from] Malformed),
}

impl From<Sasl2Error> for SaslCondition {
    fn from(error: Sasl2Error) -> Self {
        match error {
            Sasl2Error::Data(error) => error.into(),
            Sasl2Error::Form(_) => SaslCondition::MalformedRequest,
        }
    }
}

impl Authenticate {
    /// What is asked for under this name and namespace.
    pub fn inline(&self, name: &str, ns: &str) -> Option<ElementRef<'_>> {
        self.inline.iter().find(|one| one.is(name, ns)).map(Element::view)
    }

    fn read(element: ElementRef<'_>, limit: usize) -> Result<Self, Sasl2Error> {
        let mechanism = element.attr("mechanism").map(Cow::into_owned).ok_or(Malformed::Missing("mechanism"))?;
        let initial = match element.child("initial-response", ns::SASL2) {
            // There it is, so it is no less than empty.
            Some(initial) => Some(data::read(initial, limit)?.unwrap_or_default()),
            None => None,
        };
        let inline = element.children().filter(|child| child.ns() != ns::SASL2).map(ElementRef::to_element).collect();
        let user_agent = element.child("user-agent", ns::SASL2).map(UserAgent::read);
        Ok(Authenticate { mechanism, initial, user_agent, inline })
    }

    fn write<S: Sink + ?Sized>(&self, authenticate: &mut ElementWriter<'_, S>) -> Result<(), XmlError> {
        authenticate.attr("mechanism", &self.mechanism)?;
        if let Some(initial) = &self.initial {
            data::write(&mut authenticate.own("initial-response")?, initial)?;
        }
        if let Some(agent) = &self.user_agent {
            agent.write(&mut authenticate.own("user-agent")?)?;
        }
        for one in &self.inline {
            authenticate.embed(one.view());
        }
        Ok(())
    }
}

impl UserAgent {
    fn read(agent: ElementRef<'_>) -> Self {
        let text = |name| agent.child(name, ns::SASL2).map(|child| child.text().into_owned());
        UserAgent { id: agent.attr("id").map(Cow::into_owned), software: text("software"), device: text("device") }
    }

    fn write<S: Sink + ?Sized>(&self, agent: &mut ElementWriter<'_, S>) -> Result<(), XmlError> {
        agent.attr_if("id", self.id.as_deref())?;
        for (name, text) in [("software", &self.software), ("device", &self.device)] {
            if let Some(text) = text {
                agent.own_text(name, text)?;
            }
        }
        Ok(())
    }
}

impl Success {
    fn read(success: ElementRef<'_>, limit: usize) -> Result<Self, Sasl2Error> {
        let identity = success.child("authorization-identifier", ns::SASL2);
        let identity = identity.ok_or(Malformed::Missing("authorization-identifier"))?.text().into_owned();
        let inline = success.children().filter(|child| child.ns() != ns::SASL2).map(ElementRef::to_element).collect();
        Ok(Success { data: additional(success, limit)?, identity, inline })
    }

    fn write<S: Sink + ?Sized>(&self, success: &mut ElementWriter<'_, S>) -> Result<(), XmlError> {
        write_additional(success, self.data.as_deref())?;
        success.own_text("authorization-identifier", &self.identity)?;
        for one in &self.inline {
            success.embed(one.view());
        }
        Ok(())
    }
}

impl Continue {
    fn read(element: ElementRef<'_>, limit: usize) -> Result<Self, Sasl2Error> {
        let tasks = element.child("tasks", ns::SASL2).into_iter().flat_map(ElementRef::children);
        let tasks = tasks.filter(|task| task.is("task", ns::SASL2)).map(|task| task.text().into_owned()).collect();
        let text = element.child("text", ns::SASL2).map(|text| text.text().into_owned());
        Ok(Continue { data: additional(element, limit)?, tasks, text })
    }

    fn write<S: Sink + ?Sized>(&self, element: &mut ElementWriter<'_, S>) -> Result<(), XmlError> {
        write_additional(element, self.data.as_deref())?;
        let mut tasks = element.own("tasks")?;
        for task in &self.tasks {
            tasks.own_text("task", task)?;
        }
        tasks.end();
        if let Some(text) = &self.text {
            element.own("text")?.text_lossy(text);
        }
        Ok(())
    }
}

fn additional(element: ElementRef<'_>, limit: usize) -> Result<Option<Vec<u8>>, DataError> {
    match element.child("additional-data", ns::SASL2) {
        Some(additional) => data::read(additional, limit).map(|data| Some(data.unwrap_or_default())),
        None => Ok(None),
    }
}

fn write_additional<S: Sink + ?Sized>(element: &mut ElementWriter<'_, S>, data: Option<&[u8]>) -> Result<(), XmlError> {
    match data {
        Some(data) => data::write(&mut element.own("additional-data")?, data),
        None => Ok(()),
    }
}

impl Sasl2 {
    /// Reads a step, of which data may have at most `limit` octets. `None`: the element is none of SASL2's.
    ///
    /// # Errors
    ///
    /// [`Sasl2Error`]: the answer to it is [`SaslCondition::from`] it.
    pub fn read(element: ElementRef<'_>, limit: usize) -> Result<Option<Sasl2>, Sasl2Error> {
        if element.ns() != ns::SASL2 {
            return Ok(None);
        }
        Ok(Some(match element.name() {
            "authenticate" => Sasl2::Authenticate(Authenticate::read(element, limit)?),
            "challenge" => Sasl2::Challenge(data::read(element, limit)?.unwrap_or_default()),
            "response" => Sasl2::Response(data::read(element, limit)?.unwrap_or_default()),
            "success" => Sasl2::Success(Success::read(element, limit)?),
            "failure" => Sasl2::Failure(Failure::read(element)),
            "continue" => Sasl2::Continue(Continue::read(element, limit)?),
            "next" => Sasl2::Next { task: element.attr("task").ok_or(Malformed::Missing("task"))?.into_owned() },
            "abort" => Sasl2::Abort(element.child("text", ns::SASL2).map(|text| text.text().into_owned())),
            _ => return Ok(None),
        }))
    }

    /// Writes the step.
    ///
    /// # Errors
    ///
    /// [`XmlError::Character`] for what XML cannot hold.
    pub fn write<S: Sink + ?Sized>(&self, writer: &mut Writer<'_, S>) -> Result<(), XmlError> {
        let mut element = writer.element(self.name(), ns::SASL2)?;
        match self {
            Sasl2::Authenticate(authenticate) => authenticate.write(&mut element),
            Sasl2::Challenge(data) | Sasl2::Response(data) => data::write(&mut element, data),
            Sasl2::Success(success) => success.write(&mut element),
            Sasl2::Failure(failure) => failure.write(&mut element),
            Sasl2::Continue(more) => more.write(&mut element),
            Sasl2::Next { task } => element.attr("task", task).map(drop),
            Sasl2::Abort(None) => Ok(()),
            Sasl2::Abort(Some(text)) => {
                element.own("text")?.text_lossy(text);
                Ok(())
            }
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Sasl2::Authenticate(_) => "authenticate",
            Sasl2::Challenge(_) => "challenge",
            Sasl2::Response(_) => "response",
            Sasl2::Success(_) => "success",
            Sasl2::Failure(_) => "failure",
            Sasl2::Continue(_) => "continue",
            Sasl2::Next { .. } => "next",
            Sasl2::Abort(_) => "abort",
        }
    }
}

impl fmt::Debug for Sasl2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Sasl2::Challenge(data) | Sasl2::Response(data) => write!(f, "{}({} octets)", self.name(), data.len()),
            Sasl2::Authenticate(authenticate) => authenticate.fmt(f),
            Sasl2::Failure(failure) => failure.fmt(f),
            _ => f.write_str(self.name()),
        }
    }
}

impl fmt::Debug for Authenticate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticate")
            .field("mechanism", &self.mechanism)
            .field("initial", &self.initial.as_ref().map(Vec::len))
            .field("user_agent", &self.user_agent)
            .field("inline", &self.inline)
            .finish()
    }
}
