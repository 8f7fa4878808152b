use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use wirestate_machine::{Misuse, Ticket};

use super::event::kind;
use super::{Event, Reason, Server, State, Violation};
use crate::jid::Jid;
use crate::payload::sm::{Enabled, Failed, Resume, Sm};
use crate::stanza::StanzaCondition;
use crate::stream::management::{Full, Management, Snapshot, Stanza as _};
use crate::stream::{Packet, PacketKind, StreamCondition, StreamError};
use crate::xml::Element;

/// A managed stream (XEP-0198).
#[derive(Debug)]
pub(super) struct Managed {
    pub(super) stream: Management<Packet>,
    /// By what name it can be resumed.
    id: Option<Box<str>>,
    resumable_for: Duration,
}

/// A session without a connection: what [`Server::resume`] needs to let its stream go on over another one.
#[derive(Clone, Debug)]
pub struct Suspended {
    jid: Jid,
    id: Box<str>,
    resumable_for: Duration,
    snapshot: Snapshot<Packet>,
    inactive: bool,
}

impl Suspended {
    /// The full address.
    pub fn jid(&self) -> &Jid {
        &self.jid
    }

    /// The stream's name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// How long it waits for the client, from the end of the connection on.
    pub fn resumable_for(&self) -> Duration {
        self.resumable_for
    }

    /// How many stanzas of the client were handled: what [`Server::refuse_resume`] may tell when it came too late.
    pub fn handled(&self) -> u32 {
        self.snapshot.handled
    }

    /// What the client may not have, oldest first: to be delivered in another way when it does not come back.
    pub fn unacknowledged(&self) -> &[Packet] {
        &self.snapshot.unacknowledged
    }

    /// Adds what the client is to get when it comes back.
    ///
    /// # Errors
    ///
    /// [`Full`], by the bounds of the `limits`. Nothing has changed.
    pub fn push(&mut self, packet: Packet, limits: &super::Limits) -> Result<(), Full> {
        let kept = &self.snapshot.unacknowledged;
        let octets = kept.iter().map(|packet| packet.octets()).fold(packet.octets(), usize::saturating_add);
        let bounds = limits.unacknowledged;
        if !packet.is_stanza() || kept.len() >= bounds.stanzas || octets > bounds.octets {
            return Err(Full { stanzas: kept.len(), octets });
        }
        self.snapshot.unacknowledged.push(packet);
        Ok(())
    }
}

impl Server {
    // --- what the client says ---

    /// `<enable/>` (XEP-0198 §3).
    pub(super) fn take_enable(&mut self, element: &Element) {
        let told = match Sm::read(element.view()) {
            Ok(Some(Sm::Enable { .. })) if self.managed.is_some() => {
                Sm::Failed(Server::failed(StanzaCondition::UnexpectedRequest))
            }
            Ok(Some(Sm::Enable { resume, max })) => self.manage(resume, max),
            _ => Sm::Failed(Server::failed(StanzaCondition::BadRequest)),
        };
        self.write(|writer| told.write(writer));
    }

    /// Begins to manage the stream; gives what the client is told.
    pub(super) fn manage(&mut self, resume: bool, max: Option<u64>) -> Sm {
        let Some(most) = self.config.resumable_for else {
            return Sm::Failed(Server::failed(StanzaCondition::ServiceUnavailable));
        };
        let resumable_for = max.map_or(most, |max| most.min(Duration::from_secs(max)));
        let id = (resume && !resumable_for.is_zero()).then(|| self.nonces.fresh().as_str().to_string());
        let stream = Management::new(self.config.limits.unacknowledged);
        let managed = Managed { stream, id: id.clone().map(String::into_boxed_str), resumable_for };
        self.managed = Some(Box::new(managed));
        self.queue(Event::Managed { id: id.clone() });
        let max = id.as_ref().map(|_| resumable_for.as_secs());
        Sm::Enabled(Enabled { id, max, location: None })
    }

    /// `<r/>` (XEP-0198 §4).
    pub(super) fn take_request(&mut self) {
        match &self.managed {
            Some(managed) => {
                let h = managed.stream.handled();
                self.write(|writer| Sm::Answer { h }.write(writer));
            }
            None => self.refuse_management(StanzaCondition::UnexpectedRequest),
        }
    }

    /// `<a/>` (XEP-0198 §4).
    pub(super) fn take_answer(&mut self, element: &Element) -> Result<(), Violation> {
        let Some(managed) = &mut self.managed else {
            self.refuse_management(StanzaCondition::UnexpectedRequest);
            return Ok(());
        };
        match Sm::read(element.view()) {
            Ok(Some(Sm::Answer { h })) => {
                if let Err(error) = managed.stream.acknowledged(h) {
                    // Its counts cannot be trusted.
                    managed.id = None;
                    return Err(error.into());
                }
            }
            _ => self.refuse_management(StanzaCondition::BadRequest),
        }
        Ok(())
    }

    /// `<resume/>` (XEP-0198 §5).
    pub(super) fn take_resume(&mut self, element: &Element) {
        if self.state == State::Bound {
            return self.refuse_management(StanzaCondition::UnexpectedRequest);
        }
        match Sm::read(element.view()) {
            _ if self.config.resumable_for.is_none() => self.refuse_management(StanzaCondition::ServiceUnavailable),
            Ok(Some(Sm::Resume(resume))) => self.ask_to_resume(resume),
            _ => self.refuse_management(StanzaCondition::BadRequest),
        }
    }

    fn refuse_management(&mut self, condition: StanzaCondition) {
        self.write(|writer| Sm::Failed(Server::failed(condition)).write(writer));
    }

    pub(super) fn ask_to_resume(&mut self, resume: Resume) {
        let id = resume.previd.clone();
        self.resuming = Some(Box::new(resume));
        let ticket = self.issue();
        self.queue(Event::Resume { ticket, id });
    }

    // --- the application's part ---

    /// Answers [`Event::Resume`]: the stream goes on where it was cut, and what the client lacks is said again. A session that is suspended for it
    /// while its old connection still lives is ended there by [`suspend`](Server::suspend).
    ///
    /// # Errors
    ///
    /// [`Misuse::StaleTicket`]; [`Misuse::OutOfRange`] where the stream is another account's, or of another name, with which the ticket is lost.
    pub fn resume(&mut self, ticket: Ticket<kind::Resume>, suspended: Suspended) -> Result<(), Misuse> {
        self.tickets.check(&ticket)?;
        let resume = self.resuming.as_ref().ok_or(Misuse::WrongState)?;
        let is_own = self.jid.as_ref().is_some_and(|jid| jid.bare() == suspended.jid.bare());
        if !is_own || resume.previd != *suspended.id {
            return Err(Misuse::OutOfRange);
        }
        self.redeem(ticket)?;
        let Some(resume) = self.resuming.take() else { return Ok(()) };
        let mut stream = Management::attach(suspended.snapshot, self.config.limits.unacknowledged);
        if let Err(error) = stream.resumed(resume.h) {
            self.violate(error.into());
            return Ok(());
        }
        let h = stream.handled();
        let Suspended { jid, id, resumable_for, inactive, .. } = suspended;
        self.managed = Some(Box::new(Managed { stream, id: Some(id), resumable_for }));
        (self.jid, self.inactive) = (Some(jid), inactive);
        let told = Resume { previd: resume.previd, h };
        if self.is_inlining() {
            self.resumed_inline(told);
        } else {
            self.become_bound();
            self.write(|writer| Sm::Resumed(told).write(writer));
            self.say_again();
        }
        Ok(())
    }

    /// Answers [`Event::Resume`]: there is no such stream, or no longer. `handled` tells how many of the client's stanzas it had, where that is known.
    ///
    /// # Errors
    ///
    /// [`Misuse::StaleTicket`].
    pub fn refuse_resume(&mut self, ticket: Ticket<kind::Resume>, handled: Option<u32>) -> Result<(), Misuse> {
        self.redeem(ticket)?;
        self.resuming = None;
        let failed = Failed { condition: Some(StanzaCondition::ItemNotFound), h: handled };
        if self.is_inlining() {
            self.not_resumed_inline(failed);
        } else {
            self.write(|writer| Sm::Failed(failed).write(writer));
        }
        Ok(())
    }

    /// Takes from the session what its stream needs to go on over another connection: after [`Event::Closed`] or a violation, where the client did not
    /// end its stream; or before it, to end this connection in favour of the other one (XEP-0198 §5). `None`: it cannot be resumed.
    pub fn suspend(&mut self) -> Option<Suspended> {
        if self.managed.as_ref().is_some_and(|managed| managed.id.is_some()) {
            self.release_held();
        }
        let managed = self.managed.take_if(|managed| managed.id.is_some() && managed.stream.is_resumable())?;
        if self.state != State::Closed {
            self.close_with_error(&StreamError::new(StreamCondition::Conflict), Reason::Suspended);
        }
        let Managed { stream, id, resumable_for } = *managed;
        let (jid, id) = (self.jid.clone()?, id?);
        Some(Suspended { jid, id, resumable_for, snapshot: stream.detach(), inactive: self.inactive })
    }

    /// The stream ends in good order, or for good: it is counted on, and cannot be resumed.
    pub(super) fn give_up_resumption(&mut self) {
        if let Some(managed) = &mut self.managed {
            managed.id = None;
        }
    }

    /// The stanzas that the client may not have, oldest first, in a managed stream: once it is over, to be delivered in another way.
    pub fn unacknowledged(&self) -> impl Iterator<Item = &Packet> {
        self.managed.iter().flat_map(|managed| managed.stream.unacknowledged())
    }

    // --- what goes out ---

    /// Says what the client lacks, once more.
    pub(super) fn say_again(&mut self) {
        let Some(managed) = &self.managed else { return };
        let lacking: Vec<Packet> = managed.stream.unacknowledged().cloned().collect();
        for packet in &lacking {
            self.wire.say(packet, crate::stream::Content::Client);
        }
    }

    /// Says a packet, once the plugins have seen it.
    pub(super) fn say(&mut self, packet: &Packet) {
        match &mut self.plugins {
            None => self.put(packet),
            Some(plugins) => {
                let packet = plugins.outgoing(packet.clone());
                self.put(&packet);
            }
        }
    }

    /// Writes a packet; in a managed stream a stanza is counted, and kept.
    fn put(&mut self, packet: &Packet) {
        if packet.is_nothing() {
            return;
        }
        if let Some(managed) = &mut self.managed
            && packet.is_stanza()
            && managed.stream.sent(packet.clone()).is_err()
        {
            managed.stream.forget();
            // What is not kept has room.
            let _ = managed.stream.sent(packet.clone());
            self.unresumable = true;
        }
        if self.state != State::Closed {
            self.wire.say(packet, crate::stream::Content::Client);
            self.overrun = self.wire.outbox().len() > self.config.limits.send_queue;
        }
    }

    /// Asks the client to acknowledge, where enough has gone out.
    pub(super) fn request_if_due(&mut self) {
        if self.is_request_due()
            && let Some(managed) = &mut self.managed
        {
            managed.stream.requested();
            self.write(|writer| Sm::Request.write(writer));
        }
    }

    pub(super) fn is_request_due(&self) -> bool {
        let after = self.config.limits.request_after;
        let stream = self.managed.as_ref().map(|managed| &managed.stream);
        stream.is_some_and(|stream| stream.is_request_due() && stream.unacknowledged_count() >= after)
    }

    // --- client states (XEP-0352) ---

    /// Whether this waits until somebody looks at the client.
    pub(super) fn is_to_be_held(&self, packet: &Packet) -> bool {
        let held = self.held.as_ref().map_or(0, |held| held.len());
        self.inactive && packet.kind() == PacketKind::Presence && held < self.config.limits.held
    }

    /// Says what was held back, in its order.
    pub(super) fn release_held(&mut self) {
        for packet in self.held.take().into_iter().flat_map(|held| *held) {
            self.say(&packet);
        }
    }
}
