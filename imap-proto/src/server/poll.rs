use alloc::vec::Vec;

use bytes::Bytes;
use wirestate_machine::{Misuse, Relay, Ticket};

use super::event::kind;
use super::notify::When;
use super::{Asked, Event, Reason, Server};
use crate::codec::{Encode, Encoder, Unwritable};
use crate::view::{Mailbox, Policy};

/// What is told to a session from outside, by [`Relay::relay`].
#[derive(Clone, Debug)]
pub struct Notice(News);

#[derive(Clone, Debug)]
enum News {
    Changed,
    Elsewhere,
    Lines(Bytes),
}

impl Notice {
    /// Something has happened in the mailbox that the session has selected ([`Mailbox::wakeups`] names it): a session in IDLE, or with NOTIFY, asks what
    /// that was by [`Event::Poll`]; others ask before their next answer anyway.
    pub const CHANGED: Notice = Notice(News::Changed);

    /// Something has happened in other mailboxes that NOTIFY wants to know (RFC 5465): [`Event::Elsewhere`](super::Event::Elsewhere) comes as soon as
    /// it can be told, once however often this was said.
    pub const ELSEWHERE: Notice = Notice(News::Elsewhere);

    /// Untagged data that is told at once: what NOTIFY wants to know of other mailboxes (RFC 5465), a warning, how far a long command is.
    ///
    /// # Errors
    ///
    /// [`Unwritable`].
    pub fn data(data: &impl Encode) -> Result<Notice, Unwritable> {
        let mut lines = Vec::new();
        Encoder::server().encode(data, &mut lines)?;
        Ok(Notice(News::Lines(lines.into())))
    }
}

impl AsRef<[u8]> for Notice {
    fn as_ref(&self) -> &[u8] {
        match &self.0 {
            News::Changed | News::Elsewhere => b"",
            News::Lines(lines) => lines,
        }
    }
}

impl Relay for Server {
    type Message = Notice;

    /// Lines are not told while the output is full: the client is told NOTIFICATIONOVERFLOW in their place, and gets no more (RFC 5465 §5.8).
    fn relay(&mut self, notice: &Notice) {
        match &notice.0 {
            News::Changed => self.woken = true,
            News::Elsewhere => self.elsewhere = true,
            News::Lines(lines) if self.is_logged_in() => self.tell_lines(lines),
            News::Lines(_) => {}
        }
    }
}

impl Server {
    // --- the application's part ---

    /// Answers [`Event::Poll`]: takes note of what has happened in the mailbox, of which the client is told what it may be told now.
    pub fn catch_up(&mut self, ticket: Ticket<kind::Poll>, mailbox: &mut Mailbox) -> Result<(), Misuse> {
        self.redeem(ticket)?;
        let has_news = self.selected.as_mut().is_some_and(|selected| selected.view.catch_up(mailbox));
        self.look_for_gone();
        self.tell_news(has_news);
        Ok(())
    }

    /// Answers [`Event::Poll`] where nothing has happened, or where [`View::catch_up`](crate::view::View::catch_up) was called already.
    pub fn unchanged(&mut self, ticket: Ticket<kind::Poll>) -> Result<(), Misuse> {
        self.redeem(ticket)?;
        self.look_for_gone();
        self.tell_news(true);
        Ok(())
    }

    /// Has [`Event::Poll`] come as soon as it may, and not only before the next answer.
    pub fn force_poll(&mut self) {
        self.woken = true;
    }

    // --- when it is asked, and when told ---

    /// Whether the client may be told of changes though it has asked for nothing.
    pub(super) fn may_poll_unasked(&self) -> bool {
        self.is_selected()
            && self.is_between_lines()
            && self.command.outcome.is_none()
            && match self.tells_when() {
                None => self.is_idling(),
                Some(When::Asked) => false,
                Some(_) => self.is_idling() || self.appending.is_none(),
            }
    }

    pub(super) fn ask_what_has_happened(&mut self) {
        self.woken = false;
        self.telling = Some(self.policy());
        self.asks = true;
    }

    pub(super) fn ask_for_news(&mut self) -> Event {
        self.asks = false;
        Event::Poll(self.issue(Asked::Poll))
    }

    fn policy(&self) -> Policy {
        match &self.command.outcome {
            Some(_) => self.command.flags.policy(),
            None if self.is_idling() || self.tells_when() == Some(When::AtOnce) => Policy::All,
            None => Policy::NO_COMMAND,
        }
    }

    /// Tells as much as there is room for, and ends the command after that.
    pub(super) fn tell_news(&mut self, has_news: bool) {
        let Some(policy) = self.telling else { return };
        let ended = match &mut self.selected {
            Some(selected) => {
                if has_news && !selected.flush(policy, self.command.by_uid, &mut self.notifying, &mut self.outbox) {
                    return;
                }
                selected.view.ended().is_some()
            }
            None => false,
        };
        if !ended && self.ask_for_new() {
            return;
        }
        self.telling = None;
        if let Some(outcome) = self.command.outcome.take() {
            self.write_outcome(outcome);
        }
        if ended {
            self.say_bye(None, "The mailbox is not what it was: select it again");
            self.close(Reason::MailboxEnded);
        }
    }

    fn tell_lines(&mut self, lines: &Bytes) {
        let held = self.held.as_ref().map_or(0, |held| held.lines.len());
        if self.outbox.is_full() || held >= MOST_HELD {
            self.notify_nothing();
            self.held.get_or_insert_default().overflowed = true;
        } else if held > 0 || !self.is_between_lines() {
            // Within a literal they would be taken for its octets.
            self.held.get_or_insert_default().lines.extend_from_slice(lines);
        } else {
            self.outbox.put(lines);
        }
    }

    /// Says what could not be said before.
    #[inline]
    pub(super) fn tell_held(&mut self) {
        if self.held.is_some() && !self.outbox.is_full() && self.is_between_lines() {
            self.put_held();
        }
    }

    fn put_held(&mut self) {
        let Some(held) = self.held.take() else { return };
        self.outbox.put(&held.lines);
        if held.overflowed {
            self.outbox.put(b"* OK [NOTIFICATIONOVERFLOW] Too much happens for you to be told\r\n");
        }
    }
}

/// The most octets of notices that wait for the end of a literal.
const MOST_HELD: usize = 16 * 1024;

/// Notices that wait.
#[derive(Debug, Default)]
pub(super) struct Held {
    lines: Vec<u8>,
    pub(super) overflowed: bool,
}
