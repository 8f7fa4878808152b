use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::event::{Event, Oddity};
use super::violation::Violation;
use super::{Awaits, Client, On, Resumption, State};
use crate::jid::Jid;
use crate::ns;
use crate::stream::management::{Management, Snapshot};
use crate::xml::{Element, ElementRef, ElementWriter, Sink};

/// Stream management as this session has it.
#[derive(Debug)]
pub(super) struct Managed {
    phase: Phase,
    /// What is counted, from `<enable/>` on.
    stream: Option<Box<Counted>>,
    /// The stream of the connection before.
    before: Option<Box<Resumption>>,
}

#[derive(Debug)]
struct Counted {
    stream: Management<Element>,
    /// The server's name for a stream that can be resumed.
    id: Option<Box<str>>,
    location: Option<Box<str>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Off,
    /// `<enable/>` is out: what we send counts, what comes does not yet.
    Enabling,
    On,
}

impl Managed {
    pub(super) fn after(before: Option<Resumption>) -> Self {
        let before = before.map(Box::new);
        Managed { phase: Phase::Off, stream: None, before }
    }

    pub(super) fn has_before(&self) -> bool {
        self.before.is_some()
    }

    pub(super) fn is_on(&self) -> bool {
        self.phase == Phase::On
    }

    /// Whether another stanza of so many bytes can be kept.
    pub(super) fn has_room(&self, octets: usize) -> bool {
        self.stream.as_ref().is_none_or(|counted| counted.stream.has_room(octets))
    }

    /// Counts and keeps a stanza that goes out.
    pub(super) fn sent(&mut self, stanza: &Element) {
        if let Some(counted) = self.stream.as_deref_mut() {
            // There is room, as the caller has asked.
            let _ = counted.stream.sent(stanza.clone());
        }
    }

    /// Counts a stanza that came.
    pub(super) fn received(&mut self) {
        if let (Phase::On, Some(counted)) = (self.phase, self.stream.as_deref_mut()) {
            counted.stream.received();
        }
    }

    pub(super) fn resumption(&self, me: Option<&Jid>) -> Option<Resumption> {
        let counted = self.stream.as_deref();
        match (counted, counted.and_then(|counted| counted.id.as_deref()), me) {
            (Some(counted), Some(id), Some(me)) if self.is_on() => Some(Resumption {
                id: id.into(),
                jid: me.clone(),
                location: counted.location.as_deref().map(String::from),
                stream: counted.stream.clone().detach(),
            }),
            // What was not taken up yet is still to be taken up.
            _ => self.before.as_deref().cloned(),
        }
    }

    /// Ends the management with the stream, and gives what the server has not acknowledged.
    pub(super) fn end(&mut self) -> Vec<Element> {
        self.phase = Phase::Off;
        self.stream.take().map(|counted| counted.stream.detach().unacknowledged).unwrap_or_default()
    }

    fn begin(&mut self, stream: Management<Element>, id: Option<String>, location: Option<String>, phase: Phase) {
        let (id, location) = (id.map(String::into_boxed_str), location.map(String::into_boxed_str));
        self.stream = Some(Box::new(Counted { stream, id, location }));
        self.phase = phase;
    }
}

impl Client {
    /// Asks for management, where it is wanted and offered. What is sent from here on counts.
    pub(super) fn enable_management(&mut self) {
        if !self.config.management || !self.features.sm || self.managed.phase != Phase::Off {
            return;
        }
        self.expect_management();
        let mut writer = self.wire.writer();
        if let Ok(mut enable) = writer.element("enable", ns::SM) {
            let _ = enable.attr("resume", "true");
        }
    }

    /// Counts from here on: management is asked for.
    pub(super) fn expect_management(&mut self) {
        self.managed.begin(Management::new(self.config.limits.unacknowledged), None, None, Phase::Enabling);
    }

    /// Asks to resume the stream of the connection before.
    pub(super) fn resume(&mut self) {
        let Some(before) = self.managed.before.as_deref() else { return };
        let mut writer = self.wire.writer();
        if let Ok(mut resume) = writer.element("resume", ns::SM) {
            let _ = write_resume(&mut resume, before);
        }
        self.negotiation.awaits = Awaits::Resumption;
    }

    /// Writes `<resume/>` into an element that carries it.
    pub(super) fn write_inline_resume<S: Sink + ?Sized>(managed: &Managed, authenticate: &mut ElementWriter<'_, S>) {
        let Some(before) = managed.before.as_deref() else { return };
        if let Ok(mut resume) = authenticate.child("resume", ns::SM) {
            let _ = write_resume(&mut resume, before);
        }
    }

    pub(super) fn on_management(&mut self, element: ElementRef<'_>) -> Result<(), Violation> {
        if self.state == State::Binding && self.negotiation.awaits == Awaits::Resumption {
            self.allow_server(On::Bind, "resumed")?;
            self.negotiation.awaits = Awaits::Nothing;
            match element.name() {
                "resumed" => return self.on_resumed(element),
                "failed" => {
                    self.on_resumption_failed(element);
                    self.go_on();
                    return Ok(());
                }
                _ => return Err(Violation::Unexpected("r")),
            }
        }
        self.allow_server(On::Management, "enabled")?;
        match element.name() {
            "enabled" if self.managed.phase == Phase::Enabling => self.on_enabled(element),
            "failed" if self.managed.phase == Phase::Enabling => {
                // What was sent went to a session that lives.
                drop(self.managed.end());
                self.events.push_back(Event::Odd(Oddity::ManagementRefused.into()));
            }
            "r" => self.acknowledge(),
            "a" => return self.on_acknowledged(element),
            "enabled" | "failed" | "resumed" if self.state == State::Leaving => {}
            "enabled" => return Err(Violation::Unexpected("enabled")),
            "failed" => return Err(Violation::Unexpected("failed")),
            _ => return Err(Violation::Management),
        }
        Ok(())
    }

    /// `<enabled/>`, also from within a login.
    pub(super) fn on_enabled(&mut self, enabled: ElementRef<'_>) {
        let is_true = |value: &str| matches!(value, "true" | "1");
        let may_resume = enabled.attr("resume").is_some_and(|value| is_true(&value));
        let id = enabled.attr("id").filter(|_| may_resume);
        let is_resumable = id.is_some();
        if let Some(counted) = &mut self.managed.stream {
            counted.id = id.map(Box::from);
            counted.location = enabled.attr("location").map(Box::from);
        }
        self.managed.phase = Phase::On;
        let seconds = enabled.attr("max").and_then(|max| max.parse().ok());
        self.events.push_back(Event::Managed { is_resumable, seconds });
    }

    /// `<resumed/>`, also from within a login.
    pub(super) fn on_resumed(&mut self, resumed: ElementRef<'_>) -> Result<(), Violation> {
        let Some(before) = self.managed.before.take() else { return Err(Violation::Unexpected("resumed")) };
        let Resumption { id, jid, location, stream } = *before;
        if resumed.attr("previd").is_some_and(|previd| previd != id) {
            return Err(Violation::Management);
        }
        let handled = count(resumed).ok_or(Violation::Management)?;
        let mut stream = Management::attach(stream, self.config.limits.unacknowledged);
        stream.resumed(handled)?;
        let mut writer = self.wire.writer();
        for stanza in stream.unacknowledged() {
            writer.embed(stanza.view());
        }
        self.managed.begin(stream, Some(id), location, Phase::On);
        self.me = Some(jid);
        self.events.push_back(Event::Resumed);
        self.become_ready();
        Ok(())
    }

    /// `<failed/>`, which may be malformed in any way: then the server has said nothing about what it handled.
    pub(super) fn on_resumption_failed(&mut self, failed: ElementRef<'_>) {
        let Some(before) = self.managed.before.take() else { return };
        let mut stream = Management::attach(before.stream, self.config.limits.unacknowledged);
        if let Some(handled) = count(failed) {
            // A count that cannot be tells nothing.
            let _ = stream.resumed(handled);
        }
        let Snapshot { unacknowledged, .. } = stream.detach();
        if !unacknowledged.is_empty() {
            self.events.push_back(Event::Unacknowledged(unacknowledged));
        }
    }

    fn on_acknowledged(&mut self, element: ElementRef<'_>) -> Result<(), Violation> {
        let handled = count(element).ok_or(Violation::Management)?;
        let Some(counted) = self.managed.stream.as_deref_mut().filter(|_| self.managed.phase == Phase::On) else {
            return Err(Violation::Unexpected("a"));
        };
        let acknowledged: Vec<Element> = counted.stream.acknowledged(handled)?.collect();
        if self.config.tells_sent && !acknowledged.is_empty() {
            self.events.push_back(Event::Acknowledged(acknowledged));
        }
        Ok(())
    }

    /// Tells how many stanzas were handled, where the stream is managed.
    pub(super) fn acknowledge(&mut self) {
        let Some(counted) = self.managed.stream.as_deref().filter(|_| self.managed.is_on()) else { return };
        let handled = counted.stream.handled();
        let mut writer = self.wire.writer();
        if let Ok(mut answer) = writer.element("a", ns::SM) {
            let _ = answer.attr_decimal("h", handled.into());
        }
    }

    /// Asks what the server has handled, where it is time for that.
    pub(super) fn ask_for_acknowledgement(&mut self, is_urgent: bool) -> bool {
        let Some(counted) = self.managed.stream.as_deref_mut().filter(|_| self.managed.phase == Phase::On) else {
            return false;
        };
        let stream = &mut counted.stream;
        if !is_urgent && !stream.is_request_due() {
            return false;
        }
        stream.requested();
        drop(self.wire.writer().element("r", ns::SM));
        true
    }
}

fn write_resume<S: Sink + ?Sized>(
    resume: &mut ElementWriter<'_, S>,
    before: &Resumption,
) -> Result<(), crate::xml::XmlError> {
    resume.attr_decimal("h", before.stream.handled.into())?.attr("previd", &before.id)?;
    Ok(())
}

/// The `h` of an element, a number of 32 bits.
fn count(element: ElementRef<'_>) -> Option<u32> {
    element.attr("h")?.parse().ok()
}
