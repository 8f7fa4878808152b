use alloc::vec::Vec;

use bytes::Bytes;
use wirestate_machine::plugin::Flow;

use super::batches::{Added, Closed};
use super::event::{Event, Oddity, Response, SendId};
use super::queue::Priority;
use super::requests::{Answers, Taken};
use super::violation::Violation;
use super::{Client, Inbound, State, Tls, TlsPolicy};
use crate::capability::Capability;
use crate::codec::{Frame, Message, Numeric, Profile};
use crate::numerics::*;

impl Client {
    /// Understands the next line; whether there was one.
    pub(super) fn read(&mut self) -> Result<bool, Violation> {
        let line = match self.framing.next(&mut self.inbox) {
            None => return Ok(false),
            Some(Frame::Line(line)) => match self.config.encoding.line(line) {
                Ok(line) => Ok(Bytes::copy_from_slice(&line)),
                Err(_) => Err(Oddity::NotUtf8),
            },
            Some(Frame::TooLong(budget)) => Err(Oddity::LineTooLong(budget)),
            Some(Frame::Fault(fault)) => Err(Oddity::Unreadable(fault)),
        };
        self.framing.release(&mut self.inbox);
        self.heard = self.now;
        let message = line.and_then(|line| Message::parse_shared(line, Profile::Lenient).map_err(Oddity::Unreadable));
        match message {
            Ok(message) => self.on_message(message)?,
            Err(oddity) => self.events.push_back(Event::Odd(oddity)),
        }
        Ok(true)
    }

    fn on_message(&mut self, message: Message<Bytes>) -> Result<(), Violation> {
        let command = message.borrow().command();
        if let Some(numeric) = command.numeric() {
            if self.state != State::Registered || matches!(numeric.number(), 900..=908) {
                return self.on_early_numeric(numeric, message);
            }
            if self.regain_numeric(numeric, &message) {
                return Ok(());
            }
        } else if command.is(b"PING") {
            self.on_ping(&message);
            return Ok(());
        } else if command.is(b"PONG") {
            if !self.on_pong(&message) {
                self.file(message);
            }
            return Ok(());
        } else if command.is(b"CAP") {
            return self.on_cap(message);
        } else if command.is(b"AUTHENTICATE") {
            return self.on_authenticate(&message);
        } else if command.is(b"ERROR") {
            self.error = Some(Bytes::copy_from_slice(message.borrow().params().last().unwrap_or_default()));
            self.abort_login();
            self.state = State::Leaving;
            return Ok(());
        } else if command.is(b"BATCH") {
            self.on_batch(message);
            return Ok(());
        } else if command.is(b"ACK") && message.borrow().tags().value(b"label").is_some() {
            self.on_ack(&message);
            return Ok(());
        }
        self.file(message);
        Ok(())
    }

    /// A numeric before registration, or one about a login.
    fn on_early_numeric(&mut self, numeric: Numeric, message: Message<Bytes>) -> Result<(), Violation> {
        let registering = matches!(self.state, State::Negotiation | State::Authenticating | State::Registration);
        match numeric {
            RPL_LOGGEDIN | RPL_LOGGEDOUT | ERR_NICKLOCKED | RPL_SASLSUCCESS | ERR_SASLFAIL | ERR_SASLTOOLONG
            | ERR_SASLABORTED | ERR_SASLALREADY | RPL_SASLMECHS => return self.on_sasl_numeric(numeric, message),
            RPL_WELCOME if registering => return self.on_welcome(message),
            RPL_STARTTLS if registering => return self.on_starttls(),
            ERR_STARTTLS if registering => return self.on_starttls_refused(),
            ERR_UNKNOWNCOMMAND | ERR_NOTREGISTERED | ERR_INVALIDCAPCMD | ERR_NEEDMOREPARAMS if registering => {
                return self.on_unknown(numeric, message);
            }
            ERR_ERRONEUSNICKNAME | ERR_NICKNAMEINUSE | ERR_NICKCOLLISION | ERR_UNAVAILRESOURCE
                if registering && self.introduced =>
            {
                self.next_nick(message.borrow().param(1));
            }
            _ => {}
        }
        self.file(message);
        Ok(())
    }

    /// Whether what the server says is believed: not while TLS is to come.
    fn is_believed(&self) -> bool {
        let to_come = matches!(self.config.tls, TlsPolicy::Required | TlsPolicy::IfOffered);
        !to_come || self.tls == Tls::Up || self.introduced
    }

    /// Brings a message to where it belongs: a batch, a request, the program.
    pub(super) fn file(&mut self, message: Message<Bytes>) {
        if !self.is_believed() {
            return;
        }
        let mut changes = Vec::new();
        if self.batches.is_empty() || !self.batches.is_past(&message) {
            self.learn(&message, &mut changes);
        }
        let message = match self.batches.is_empty() {
            true => message,
            false => match self.batches.add(message, &mut changes, &self.config.limits) {
                Added::Yes => return,
                Added::No(message) => message,
                Added::Cut(closed, message) => {
                    self.events.push_back(Event::Odd(Oddity::BatchCut));
                    self.tell_batch(*closed);
                    message
                }
            },
        };
        let about = match self.requests.answers(&message) {
            Some(Answers::Request(id)) => {
                let event = self.requests.finish(id, Response::One(message), changes);
                self.events.extend(event);
                return;
            }
            Some(Answers::Text(send)) => Some(send),
            None => self.echo_of(&message),
        };
        let mapping = self.tracker.mapping();
        match self.requests.take(message, changes, mapping, &self.config.limits) {
            Taken::Yes => {}
            Taken::Done(event) => self.events.extend(event),
            Taken::No(message, changes) => self.show(message, changes, about),
        }
    }

    fn learn(&mut self, message: &Message<Bytes>, changes: &mut Vec<super::Change>) {
        self.tracker.apply(message.borrow(), changes);
        self.use_keys(changes);
        if self.tracker.is_full() && !self.told_full {
            self.told_full = true;
            self.events.push_back(Event::Odd(Oddity::TrackerFull));
        }
        match message.borrow().command().numeric() {
            Some(RPL_ISUPPORT) => {
                let line = usize::try_from(self.tracker.isupport().line_len).unwrap_or(0);
                self.framing.set_limits(self.config.limits.framing(line));
            }
            Some(RPL_ENDOFMOTD | ERR_NOMOTD) if self.state == State::Registered => self.settle(),
            Some(_) => {}
            None => self.regain_seen(message),
        }
    }

    /// Shows a message to the plugins, and to the program if they let it pass.
    fn show(&mut self, message: Message<Bytes>, changes: Vec<super::Change>, about: Option<SendId>) {
        if self.plugins.is_empty() {
            return self.events.push_back(Event::of(message, changes, about));
        }
        let mut item = Inbound { message, at: self.now };
        match self.plugins.incoming(&mut item) {
            Flow::Pass => self.events.push_back(Event::of(item.message, changes, about)),
            Flow::Answer(line) => {
                if self.state == State::Registered && !line.as_bytes().is_empty() {
                    // With a full queue an automatic answer is the first that can be spared.
                    let _ = self.queue.push(Priority::Low, line, None);
                }
            }
        }
    }

    fn echo_of(&mut self, message: &Message<Bytes>) -> Option<SendId> {
        let message = message.borrow();
        let command = message.command();
        let notice = command.is(b"NOTICE");
        if !notice && !command.is(b"PRIVMSG") || !self.tracker.is_me(message.source()?.name()) {
            return None;
        }
        let (target, text) = (message.param(0)?, message.param(1)?);
        self.requests.echo(notice, target, text, self.tracker.mapping())
    }

    fn on_ping(&mut self, message: &Message<Bytes>) {
        // Both parameters, as they came: a server may ask for another one.
        let params: Vec<&[u8]> = message.borrow().params().take(2).collect();
        if !self.put(b"PONG", &params) {
            self.put(b"PONG", params.get(..1).unwrap_or_default());
        }
    }

    /// Whether it answers the machine's own PING.
    fn on_pong(&mut self, message: &Message<Bytes>) -> bool {
        let Some((count, sent)) = self.ping else { return false };
        let token = alloc::format!("wirestate-{count}");
        if message.borrow().params().last() != Some(token.as_bytes()) {
            return false;
        }
        self.ping = None;
        self.next_ping = Some(sent.max(self.now) + self.config.limits.ping);
        self.events.push_back(Event::Lag(self.now - sent));
        true
    }

    fn on_ack(&mut self, message: &Message<Bytes>) {
        if let Some(Answers::Request(id)) = self.requests.answers(message) {
            let event = self.requests.finish(id, Response::None, Vec::new());
            self.events.extend(event);
        }
    }

    fn on_batch(&mut self, message: Message<Bytes>) {
        if !self.is_believed() {
            return;
        }
        let reference = message.borrow().param(0).unwrap_or_default();
        match reference.split_first() {
            Some((b'+', reference)) => {
                let reference = Bytes::copy_from_slice(reference);
                if !self.batches.open(&reference, message, &self.config.limits) {
                    self.events.push_back(Event::Odd(Oddity::TooManyBatches));
                }
            }
            Some((b'-', reference)) => {
                if let Some(closed) = self.batches.close(reference) {
                    self.tell_batch(closed);
                }
            }
            _ => {}
        }
    }

    /// Gives a batch to the request that it answers, or to the program.
    pub(super) fn tell_batch(&mut self, Closed { batch, changes }: Closed) {
        let mapping = self.tracker.mapping();
        let about = match self.requests.answers(batch.opening()) {
            Some(Answers::Request(id)) => {
                let event = self.requests.finish(id, Response::Batch(batch.into()), changes);
                return self.events.extend(event);
            }
            Some(Answers::Text(send)) => Some(send),
            None => self.echo_of_batch(&batch),
        };
        let target = batch.params().next();
        if let Some(id) = self.requests.history(batch.kind(), target, mapping) {
            let event = self.requests.finish(id, Response::Batch(batch.into()), changes);
            return self.events.extend(event);
        }
        self.events.push_back(Event::Batch { batch: batch.into(), changes, about });
    }

    fn echo_of_batch(&mut self, batch: &super::Batch) -> Option<SendId> {
        let text = batch.multiline()?;
        let own = batch.opening().borrow().source().is_some_and(|source| self.tracker.is_me(source.name()));
        let target = batch.params().next().filter(|_| own)?;
        let notice = batch.messages().first().is_some_and(|message| message.borrow().command().is(b"NOTICE"));
        self.requests.echo(notice, target, &text, self.tracker.mapping())
    }

    /// Whether requests can be labelled.
    pub(super) fn has_labels(&self) -> bool {
        let agreed = self.offers.agreed;
        agreed.has(Capability::LabeledResponse) && agreed.has(Capability::Batch)
    }
}
