use alloc::borrow::Cow;
use alloc::boxed::Box;

use bytes::Bytes;
use wirestate_machine::{Misuse, Ticket};

use super::event::kind;
use super::notify::EVENTS;
use super::{Outcome, Reason, Rejected, Reply, Server, Words};
use crate::codec::{Code, Condition, Data, Encoder, Keyword, Progress};
use crate::view::Policy;

impl Server {
    // --- the application's part ---

    /// Tells data that a command asks for, before its end: LIST, STATUS, NAMESPACE and so on.
    ///
    /// # Errors
    ///
    /// [`Misuse::ForbiddenCharacter`] for what cannot be written, [`Misuse::WrongState`] within a literal; then nothing is told.
    pub fn tell<K: kind::Refusable, T: AsRef<[u8]>>(
        &mut self,
        ticket: &Ticket<K>,
        data: &Data<T>,
    ) -> Result<(), Misuse> {
        self.tickets.check(ticket)?;
        if self.streaming.is_some() {
            return Err(Misuse::WrongState);
        }
        self.timer.rearm();
        let encoder = Encoder::server().with_utf8(self.enabled.says_utf8());
        encoder.encode(data, &mut self.outbox).map_err(|_| Misuse::ForbiddenCharacter)
    }

    /// Tells something by the way: `* OK`, `* NO` or `* BAD` with a code, such as how far a long command is (RFC 9585).
    ///
    /// # Errors
    ///
    /// [`Misuse::OutOfRange`] for BYE and PREAUTH, [`Misuse::WrongState`] within a literal.
    pub fn tell_status<K: kind::Refusable>(&mut self, ticket: &Ticket<K>, reply: &Reply) -> Result<(), Misuse> {
        self.tickets.check(ticket)?;
        if self.streaming.is_some() {
            return Err(Misuse::WrongState);
        }
        if !reply.condition.can_be_tagged() {
            return Err(Misuse::OutOfRange);
        }
        self.timer.rearm();
        self.say(reply);
        Ok(())
    }

    /// Tells how far a long command has come, by `* OK [INPROGRESS (tag done goal)]` (RFC 9585 §4), so that its client goes on waiting. Both numbers
    /// count the same things, whatever these are; what is not known is `None`.
    ///
    /// # Errors
    ///
    /// [`Misuse::OutOfRange`] for a goal of 0 or below what is done, [`Misuse::WrongState`] within a literal.
    pub fn tell_progress<K: kind::Refusable>(
        &mut self,
        ticket: &Ticket<K>,
        done: Option<u32>,
        goal: Option<u32>,
    ) -> Result<(), Misuse> {
        if goal.is_some_and(|goal| goal == 0 || done.is_some_and(|done| done > goal)) {
            return Err(Misuse::OutOfRange);
        }
        let tag = Some(self.command.tag.as_bytes()).filter(|tag| !tag.is_empty()).map(Bytes::copy_from_slice);
        let code = Code::InProgress(Some(Progress { tag, done, goal }));
        self.tell_status(ticket, &Reply::ok("Still at work").with_code(code))
    }

    /// Ends a command with `OK [code] text`. Where it named messages by number that were gone, the client is told `NO [EXPUNGEISSUED]` in its place
    /// (RFC 2180 §4.1.2, RFC 5530 §3). In the middle of a literal it ends the session, as [`abort`](Server::abort) does; so do the two below.
    pub fn ok<K: kind::Plain>(
        &mut self,
        ticket: Ticket<K>,
        code: impl Into<Option<Code<Bytes>>>,
        text: impl Into<Cow<'static, str>>,
    ) -> Result<(), Misuse> {
        self.end(ticket, Reply::new(Condition::Ok, code.into(), text))
    }

    /// Refuses a command, or what a client wants to append: `NO [code] text`.
    pub fn no<K: kind::Refusable>(
        &mut self,
        ticket: Ticket<K>,
        code: impl Into<Option<Code<Bytes>>>,
        text: impl Into<Cow<'static, str>>,
    ) -> Result<(), Misuse> {
        self.end(ticket, Reply::no(code, text))
    }

    /// Says that a command makes no sense: `BAD [code] text`.
    pub fn bad<K: kind::Refusable>(
        &mut self,
        ticket: Ticket<K>,
        code: impl Into<Option<Code<Bytes>>>,
        text: impl Into<Cow<'static, str>>,
    ) -> Result<(), Misuse> {
        self.end(ticket, Reply::bad(code, text))
    }

    fn end<K>(&mut self, ticket: Ticket<K>, reply: Reply) -> Result<(), Misuse> {
        self.redeem(ticket)?;
        if self.streaming.is_some() {
            // Nothing can be said there any more.
            self.close(Reason::Refused);
            return Ok(());
        }
        if core::mem::take(&mut self.fetching_new) {
            // No command asked for this, so none ends with it.
            self.tell_news(false);
            return Ok(());
        }
        let refused = reply.condition != Condition::Ok;
        if self.searching.is_some() && refused {
            self.fail_search();
        }
        if self.appending.is_some() && refused {
            self.framing.refuse();
            self.cancel_append();
        }
        if !refused {
            if self.command.keyword == Keyword::Close {
                self.deselect();
            }
            if let Some(wish) = self.command.wish.take() {
                self.set_notifying(wish);
            }
        }
        self.finish(reply);
        Ok(())
    }

    // --- how commands end ---

    /// Ends the command: the client is told first what has happened in the mailbox, if it may be told.
    pub(super) fn finish(&mut self, reply: Reply) {
        self.answer(reply);
    }

    /// Ends the command well.
    #[inline]
    pub(super) fn done(&mut self, words: Words) {
        // Most often there is nothing to tell before, and nobody who has a say in it.
        if self.may_end_at_once() && self.is_ordinary() {
            self.look_for_gone();
            if !self.command.expunge_issued {
                return self.write_done(words);
            }
        }
        self.end_with(Outcome::Done(words));
    }

    /// As [`finish`](Self::finish); gives whether it is OK. Where nothing is to be told before, the plugins have had their say.
    pub(super) fn answer(&mut self, reply: Reply) -> bool {
        self.end_with(Outcome::Reply(Box::new(reply)))
    }

    /// As [`answer`](Self::answer), but nothing comes before the tagged line.
    pub(super) fn answer_at_once(&mut self, reply: Reply) -> bool {
        self.write_outcome(Outcome::Reply(Box::new(reply)))
    }

    fn end_with(&mut self, outcome: Outcome) -> bool {
        if self.may_end_at_once() {
            self.look_for_gone();
            return self.write_outcome(outcome);
        }
        let is_ok = match &outcome {
            Outcome::Done(_) => true,
            Outcome::Reply(reply) => reply.condition == Condition::Ok,
        };
        self.command.outcome = Some(outcome);
        self.ask_what_has_happened();
        is_ok
    }

    /// Whether the application need not be asked what has happened: there is no mailbox, or nothing of it that could be told now.
    #[inline]
    fn may_end_at_once(&self) -> bool {
        let Some(selected) = &self.selected else { return true };
        (!self.woken && self.notifying.is_none() && selected.has_nothing_new())
            || self.command.flags.policy() == Policy::Nothing
    }

    /// Whether what is said at the end is what everybody says there.
    #[inline]
    fn is_ordinary(&self) -> bool {
        self.plugins.is_empty() && !self.tells_highest()
    }

    #[inline]
    fn write_done(&mut self, words: Words) {
        self.outbox.put(self.command.tag.as_bytes());
        self.outbox.put(words.0.as_bytes());
        self.forgive();
        if self.held.is_some() {
            self.tell_held();
        }
    }

    /// Notes whether a message is gone that FETCH or STORE has named by its number: then there was nothing to be told of it, or changed (RFC 2180 §4.1).
    pub(super) fn look_for_gone(&mut self) {
        if let (Some(asked), Some(selected)) = (self.command.by_number.take(), &self.selected)
            && matches!(self.command.keyword, Keyword::Fetch | Keyword::Store)
            && !selected.view.expunged().intersection(&asked).is_empty()
        {
            self.command.expunge_issued = true;
        }
    }

    /// Writes the tagged line: the command is over. Gives whether it is OK.
    pub(super) fn write_outcome(&mut self, outcome: Outcome) -> bool {
        let reply = match outcome {
            Outcome::Done(words) if self.is_ordinary() && !self.command.expunge_issued => {
                self.write_done(words);
                return true;
            }
            Outcome::Done(words) => Reply::ok(words.text()),
            Outcome::Reply(reply) => *reply,
        };
        let mut reply = self.with_highest(reply.to(self.command.keyword));
        if self.command.expunge_issued && reply.condition == Condition::Ok && reply.code.is_none() {
            reply.condition = Condition::No;
            reply.code = Some(Code::ExpungeIssued);
            reply.text = Cow::Borrowed("Some of the messages are no longer there");
        }
        if !self.plugins.is_empty() {
            reply = self.plugins.outgoing(reply);
        }
        // Without a tag there is no command that it could end.
        let tag = Some(self.command.tag.as_bytes()).filter(|tag| !tag.is_empty());
        reply.write(tag, &mut self.outbox);
        self.tell_held();
        let is_ok = reply.condition == Condition::Ok;
        if is_ok {
            self.forgive();
        }
        is_ok
    }

    /// Wrong commands after login count while nothing else comes: a session may last for weeks.
    fn forgive(&mut self) {
        if self.is_logged_in() {
            self.bad_commands = 0;
        }
    }

    /// Whether the end of the command has the highest mod-sequence: that of EXPUNGE has (RFC 7162 §3.2.7).
    fn tells_highest(&self) -> bool {
        self.enabled.condstore && matches!(self.command.keyword, Keyword::Expunge | Keyword::UidExpunge)
    }

    fn with_highest(&self, mut reply: Reply) -> Reply {
        if self.tells_highest() && reply.condition == Condition::Ok && reply.code.is_none() {
            let highest = self.selected.as_ref().and_then(|selected| selected.view.highest_modseq());
            reply.code = highest.map(Code::HighestModSeq);
        }
        reply
    }

    /// Answers a command that the session refuses, and counts it where it was wrong.
    pub(super) fn reject(&mut self, why: Rejected) {
        let reply = refusal(why);
        self.searching = None;
        self.command.expunge_issued = false;
        self.answer_at_once(reply);
        self.count(why);
    }
}

/// What a client is told of a command that the session refuses.
fn refusal(why: Rejected) -> Reply {
    use alloc::format;
    match why {
        Rejected::Unknown => Reply::bad(None, "Unknown command"),
        Rejected::WrongState => Reply::bad(None, "Not in this state"),
        Rejected::Syntax(fault) => Reply::bad(None, format!("{fault}")),
        Rejected::TooBig(budget) => Reply::bad(Code::TooBig, format!("{budget}")),
        Rejected::TooManyArguments => Reply::bad(Code::TooBig, "Too many arguments"),
        Rejected::LineTooLong => Reply::bad(Code::TooBig, "The line is too long"),
        Rejected::MessageTooLong => Reply::no(Code::TooBig, "The message is too long"),
        Rejected::NoSuchMessage => Reply::bad(None, "There is no message of this number"),
        Rejected::Gone => Reply::no(Code::ExpungeIssued, "The message is no longer there"),
        Rejected::UidRequired => Reply::bad(Code::UidRequired, "Only UIDs, after UIDONLY"),
        Rejected::ReadOnly => Reply::no(None, "The mailbox is read-only"),
        Rejected::NeedsTls => Reply::no(Code::PrivacyRequired, "Not without TLS"),
        Rejected::NotOffered => Reply::bad(None, "Not offered"),
        Rejected::NoMechanism => Reply::no(Code::Cannot, "No such mechanism"),
        Rejected::NotEnabled => Reply::bad(None, "Enable it first, and name all that it needs"),
        Rejected::CompressionActive => Reply::no(Code::CompressionActive, "Compression is active already"),
        Rejected::BrokenOff => Reply::bad(None, "Authentication broken off"),
        Rejected::NotDone => Reply::bad(None, "IDLE ends with DONE"),
        Rejected::NotUtf8 => Reply::bad(None, "Not UTF-8"),
        Rejected::Events => Reply::bad(None, "These events do not go together"),
        Rejected::BadEvent => {
            let known = EVENTS.iter().map(|event| Bytes::from_static(event.as_bytes())).collect();
            Reply::no(Code::BadEvent(known), "Not all of these events are known")
        }
        Rejected::MailboxName => Reply::no(Code::Cannot, "No well-formed mailbox name"),
        Rejected::Plugin => Reply::no(None, "Refused"),
    }
}
