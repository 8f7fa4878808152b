use alloc::boxed::Box;
use alloc::string::ToString;

use wirestate_machine::{Misuse, Ticket};

use super::event::kind;
use super::{BindRequest, Event, Server, State};
use crate::jid::prepare_resource;
use crate::ns;
use crate::payload::bind;
use crate::payload::bind2::Bind2;
use crate::payload::sasl2::UserAgent;
use crate::payload::sm::Failed;
use crate::stanza::{StanzaCondition, StanzaError, write_error};
use crate::stream::{Content, Packet};
use crate::xml::Element;

/// Who asked for a resource, and is answered.
#[derive(Debug)]
pub(super) enum Source {
    /// An IQ of RFC 6120 §7.
    Iq(Element),
    /// Bind 2, in a login by SASL2.
    Inline,
    /// A login by XEP-0078.
    IqAuth(Element),
}

impl Server {
    /// An IQ that asks for a resource (RFC 6120 §7.6, §7.7).
    pub(super) fn take_bind(&mut self, iq: Element) {
        if self.state != State::Binding {
            // One resource a stream (RFC 6120 §7.7.3 is of another time).
            return self.refuse_iq(&iq, StanzaCondition::NotAllowed);
        }
        let wanted = iq.child("bind", ns::BIND).and_then(bind::requested);
        let prepared =
            wanted.as_deref().map(|wanted| prepare_resource(self.config.rules, wanted).map(|text| text.to_string()));
        match prepared.transpose() {
            Ok(resource) if iq.attr("id").is_some() => self.ask_to_bind(Source::Iq(iq), resource, None, None),
            _ => self.refuse_iq(&iq, StanzaCondition::BadRequest),
        }
    }

    pub(super) fn ask_to_bind(
        &mut self,
        source: Source,
        resource: Option<alloc::string::String>,
        bind2: Option<Bind2>,
        user_agent: Option<UserAgent>,
    ) {
        let Some(account) = self.jid.clone() else { return };
        let Bind2 { tag, inline } = bind2.unwrap_or_default();
        let carbons = inline.iter().any(|one| one.is("enable", ns::CARBONS));
        let inline = inline.into_iter().filter(|one| !matches!(one.ns(), ns::CARBONS | ns::SM | ns::CSI)).collect();
        self.bind_source = Some(Box::new(source));
        let ticket = self.issue();
        let request = BindRequest { account, resource, tag, user_agent, carbons, inline };
        self.queue(Event::Bind { ticket, request: Box::new(request) });
    }

    /// Answers [`Event::Bind`]: the client has this resource from here on, and is told so. Who had it before must have lost it
    /// (RFC 6120 §7.7.2.2): the application says so on that session, by [`close_with`](Server::close_with) a `conflict`.
    ///
    /// # Errors
    ///
    /// [`Misuse::StaleTicket`]; [`Misuse::OutOfRange`] for what is no resource, with which nothing has changed but that the ticket is lost.
    pub fn bind(&mut self, ticket: Ticket<kind::Bind>, resource: &str) -> Result<(), Misuse> {
        self.tickets.check(&ticket)?;
        let account = self.jid.as_ref().ok_or(Misuse::WrongState)?.bare();
        let jid = account.with_resource_by(self.config.rules, resource).map_err(|_| Misuse::OutOfRange)?;
        self.redeem(ticket)?;
        self.jid = Some(jid.clone());
        match self.bind_source.take().map(|source| *source) {
            Some(Source::Iq(iq)) => {
                self.become_bound();
                self.answer_iq(&iq, |answer| bind::write_bound(answer, jid.as_ref()));
            }
            Some(Source::IqAuth(iq)) => {
                self.become_bound();
                self.answer_iq(&iq, |_| Ok(()));
            }
            Some(Source::Inline) => self.bound_inline(),
            None => return Err(Misuse::WrongState),
        }
        Ok(())
    }

    /// Answers [`Event::Bind`]: the client does not get a resource, and may ask again. In a login by SASL2 that is all it is told: it is logged in,
    /// and not bound.
    ///
    /// # Errors
    ///
    /// [`Misuse::StaleTicket`].
    pub fn refuse_bind(&mut self, ticket: Ticket<kind::Bind>, why: StanzaCondition) -> Result<(), Misuse> {
        self.redeem(ticket)?;
        match self.bind_source.take().map(|source| *source) {
            Some(Source::Iq(iq)) => self.refuse_iq(&iq, why),
            Some(Source::IqAuth(iq)) => {
                self.jid = None;
                self.state = State::Negotiating;
                self.refuse_iq(&iq, why);
            }
            Some(Source::Inline) => self.go_on_inline(),
            None => {}
        }
        Ok(())
    }

    /// An IQ that begins a session (RFC 3921 §3): it needs no more than an answer.
    pub(super) fn take_session(&mut self, iq: &Element) {
        if !self.config.session {
            return self.refuse_iq(iq, StanzaCondition::ServiceUnavailable);
        }
        self.answer_iq(iq, |_| Ok(()));
    }

    /// What is needed for logins no more is gone, and stanzas go both ways.
    pub(super) fn become_bound(&mut self) {
        self.state = State::Bound;
        self.login = None;
        self.bind_source = None;
        self.wire.set_limits(self.config.limits.after_login);
        self.wire.outbox().set_marks(self.config.limits.output);
        self.timer.hear(self.now, &self.config.limits);
        self.wire.has_heard();
    }

    // --- answers to IQs ---

    pub(super) fn answer_iq(
        &mut self,
        iq: &Element,
        fill: impl FnOnce(&mut crate::xml::ElementWriter<'_, alloc::vec::Vec<u8>>) -> Result<(), crate::xml::XmlError>,
    ) {
        let answer = Packet::write(Content::Client, |writer| {
            let mut answer = writer.element("iq", ns::CLIENT)?;
            answer.attr("type", "result")?.attr_if("id", iq.attr("id").as_deref())?;
            fill(&mut answer)
        });
        self.say_built(answer);
    }

    pub(super) fn refuse_iq(&mut self, iq: &Element, why: StanzaCondition) {
        self.refuse_stanza(iq, &StanzaError::new(why));
    }

    /// Answers a stanza by an error, where it may be answered.
    pub(super) fn refuse_stanza(&mut self, stanza: &Element, error: &StanzaError) {
        let mut is_answered = false;
        let answer = Packet::write(Content::Client, |writer| {
            is_answered = write_error(stanza.view(), error, writer)?;
            Ok(())
        });
        if is_answered {
            self.say_built(answer);
        }
    }

    pub(super) fn failed(condition: StanzaCondition) -> Failed {
        Failed { condition: Some(condition), h: None }
    }
}
