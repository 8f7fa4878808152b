use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::vec::Vec;

use wirestate_machine::{Misuse, Ticket};
use wirestate_sasl::Mechanism;

use super::binding::Source;
use super::event::kind;
use super::{Event, Server, State, TokenRequest};
use crate::ns;
use crate::payload::bind2::{self, Bind2};
use crate::payload::fast::{self, Token};
use crate::payload::sasl2::{Authenticate, Sasl2, Success, UserAgent};
use crate::payload::sm::{Failed, Resume, Sm};
use crate::stream::Content;
use crate::xml::{Element, ElementWriter, Limits, Writer, XmlError};

/// What SASL2 does between the proof and `<success/>`: one thing after another, each asking the application.
#[derive(Debug)]
pub(super) struct Inlined {
    data: Option<Data>,
    request: Authenticate,
    is_by_token: bool,
    next: Next,
    /// What came of it, to be told with the success.
    results: Vec<Element>,
    pub(super) outcome: Outcome,
}

/// What the mechanism still has to say. It may tell of a password, so only its length is shown.
struct Data(Vec<u8>);

impl core::fmt::Debug for Data {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} octets", self.0.len())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Token,
    Resume,
    Bind,
    Done,
}

/// Where the login leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// A resource is still to be bound.
    LoggedIn,
    Bound,
    Resumed,
}

impl Inlined {
    pub(super) fn new(data: Option<Vec<u8>>, request: Authenticate, is_by_token: bool) -> Self {
        let (next, outcome) = (Next::Token, Outcome::LoggedIn);
        Inlined { data: data.map(Data), request, is_by_token, next, results: Vec::new(), outcome }
    }

    fn user_agent(&self) -> Option<UserAgent> {
        self.request.user_agent.clone()
    }

    pub(super) fn bind2(&self) -> Option<Bind2> {
        self.request.inline("bind", ns::BIND2).map(Bind2::read)
    }

    /// Adds to what is told with the success.
    pub(super) fn tell(&mut self, write: impl FnOnce(&mut Writer<'_, Vec<u8>>) -> Result<(), XmlError>) {
        self.results.extend(element(write));
    }

    /// The same, from what is written into another element.
    fn tell_within(&mut self, write: impl FnOnce(&mut ElementWriter<'_, Vec<u8>>) -> Result<(), XmlError>) {
        let holder = element(|writer| write(&mut writer.element("success", ns::SASL2)?));
        self.results.extend(holder.iter().flat_map(|holder| holder.children()).map(|child| child.to_element()));
    }
}

fn element(write: impl FnOnce(&mut Writer<'_, Vec<u8>>) -> Result<(), XmlError>) -> Option<Element> {
    let (mut bytes, scope) = (Vec::new(), Content::Client.scope());
    write(&mut Writer::new(&mut bytes, &scope)).ok()?;
    Element::parse(bytes.into(), &scope, &Limits::PEER).ok()
}

impl Server {
    /// Whether something is to be done before SASL2 tells of its success.
    pub(super) fn is_inlining(&self) -> bool {
        self.login.as_ref().is_some_and(|login| login.inlined.is_some())
    }

    /// Does the next of it, until the application is asked, or the success is told.
    pub(super) fn go_on_inline(&mut self) {
        loop {
            let Some(inlined) = self.login.as_mut().and_then(|login| login.inlined.as_mut()) else { return };
            let step = inlined.next;
            inlined.next = match step {
                Next::Token => Next::Resume,
                Next::Resume => Next::Bind,
                Next::Bind | Next::Done => Next::Done,
            };
            let is_asked = match step {
                Next::Token => self.ask_for_token(),
                Next::Resume => self.ask_to_resume_inline(),
                Next::Bind => self.ask_to_bind_inline(),
                Next::Done => return self.succeed(),
            };
            if is_asked {
                return;
            }
        }
    }

    fn inlined(&mut self) -> Option<&mut Inlined> {
        self.login.as_mut()?.inlined.as_deref_mut()
    }

    // --- tokens (XEP-0484) ---

    fn ask_for_token(&mut self) -> bool {
        let Some(inlined) = self.inlined() else { return false };
        let request = inlined.request.inline("request-token", ns::FAST).and_then(fast::requested);
        let mechanism = request.and_then(|name| Mechanism::from_name(&name));
        let (user_agent, is_by_token) = (inlined.user_agent(), inlined.is_by_token);
        let mechanism = mechanism.filter(|mechanism| self.offered_tokens().any(|offered| offered == *mechanism));
        let (Some(mechanism), Some(account)) = (mechanism, self.jid.clone()) else { return false };
        let ticket = self.issue();
        let request = TokenRequest { account, mechanism: mechanism.name(), user_agent, is_by_token };
        self.queue(Event::Token { ticket, request: Box::new(request) });
        true
    }

    /// Answers [`Event::Token`]: the client is given a token, or none.
    ///
    /// # Errors
    ///
    /// [`Misuse::StaleTicket`]; [`Misuse::ForbiddenCharacter`] for a token or expiry that XML cannot hold.
    pub fn give_token(&mut self, ticket: Ticket<kind::Token>, token: Option<&Token>) -> Result<(), Misuse> {
        self.tickets.check(&ticket)?;
        let is_sayable = |text: &str| crate::xml::ElementBuf::new("x", "").text(text).finish().is_ok();
        if token.is_some_and(|token| !is_sayable(token.token.expose()) || !is_sayable(&token.expiry)) {
            return Err(Misuse::ForbiddenCharacter);
        }
        self.redeem(ticket)?;
        if let (Some(token), Some(inlined)) = (token, self.inlined()) {
            inlined.tell_within(|success| token.write(success));
        }
        self.go_on_inline();
        Ok(())
    }

    // --- resumption (XEP-0198 §8) ---

    fn ask_to_resume_inline(&mut self) -> bool {
        let is_offered = self.config.resumable_for.is_some();
        let Some(inlined) = self.inlined() else { return false };
        let Some(resume) = inlined.request.inline("resume", ns::SM) else { return false };
        match Sm::read(resume) {
            Ok(Some(Sm::Resume(resume))) if is_offered => {
                self.ask_to_resume(resume);
                true
            }
            _ => {
                inlined.tell(|writer| Sm::Failed(Failed::default()).write(writer));
                false
            }
        }
    }

    /// The stream goes on: what was asked to be bound is of no more matter.
    pub(super) fn resumed_inline(&mut self, resume: Resume) {
        if let Some(inlined) = self.inlined() {
            (inlined.next, inlined.outcome) = (Next::Done, Outcome::Resumed);
            inlined.tell(|writer| Sm::Resumed(resume).write(writer));
        }
        self.go_on_inline();
    }

    pub(super) fn not_resumed_inline(&mut self, failed: Failed) {
        if let Some(inlined) = self.inlined() {
            inlined.tell(|writer| Sm::Failed(failed).write(writer));
        }
        self.go_on_inline();
    }

    // --- Bind 2 (XEP-0386) ---

    fn ask_to_bind_inline(&mut self) -> bool {
        let Some(inlined) = self.inlined() else { return false };
        let Some(bind) = inlined.bind2() else { return false };
        let user_agent = inlined.user_agent();
        self.ask_to_bind(Source::Inline, None, Some(bind), user_agent);
        true
    }

    pub(super) fn bound_inline(&mut self) {
        let bind = self.inlined().and_then(|inlined| inlined.bind2()).unwrap_or_default();
        let mut results = Vec::new();
        if let Some(enable) = bind.inline("enable", ns::SM) {
            let told = match Sm::read(enable) {
                Ok(Some(Sm::Enable { resume, max })) => self.manage(resume, max),
                _ => Sm::Failed(Failed::default()),
            };
            results.extend(element(|writer| told.write(writer)));
        }
        if bind.inline("inactive", ns::CSI).is_some() && self.config.client_state {
            self.inactive = true;
        }
        if let Some(inlined) = self.inlined() {
            inlined.outcome = Outcome::Bound;
            inlined.tell_within(|success| bind2::write_bound(success, &results));
        }
        self.go_on_inline();
    }

    // --- the end of it ---

    fn succeed(&mut self) {
        let Some(inlined) = self.login.as_mut().and_then(|login| login.inlined.take()) else { return };
        let Inlined { data, results, outcome, .. } = *inlined;
        let identity = self.jid.as_ref().map(ToString::to_string).unwrap_or_default();
        let success = Success { data: data.map(|data| data.0), identity, inline: results };
        self.write(|writer| Sasl2::Success(success).write(writer));
        match outcome {
            Outcome::LoggedIn => {
                self.state = State::Binding;
                self.tell_features();
            }
            Outcome::Bound => {
                self.become_bound();
                self.tell_features();
            }
            Outcome::Resumed => {
                self.become_bound();
                self.say_again();
            }
        }
    }
}
