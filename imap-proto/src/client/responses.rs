//! What the server says: frame by frame.

use alloc::boxed::Box;

use bytes::Bytes;
use wirestate_machine::{Inbox, Upgrade};

use super::event::{Event, Oddity, Outcome, Reason, Words};
use super::fetched::{FetchData, Place};
use super::sending::{Sent, tag_number};
use super::violation::Violation;
use super::{Client, State, Streamed};
use crate::codec::{
    Code, Command, Condition, FetchHead, Fetched, Frame, Keyword, Literal, MessageAttribute, Response, SeqNo, Status,
    Uid,
};

impl Client {
    /// Understands the next part of what the server sent; `false` where more is needed.
    pub(super) fn read(&mut self) -> Result<bool, Violation> {
        if self.awaited.is_some() {
            return Ok(false);
        }
        // The frame stays where it is while `self` acts on it.
        let mut inbox = core::mem::replace(&mut self.inbox, Inbox::new(0));
        let outcome = match self.framing.next(&mut inbox) {
            Some(frame) => self.on_frame(frame).map(|()| true),
            None => Ok(false),
        };
        self.framing.release(&mut inbox);
        self.inbox = inbox;
        if let Some(upgrade) = self.awaited {
            if !self.inbox.is_empty() {
                return Err(match upgrade {
                    Upgrade::Deflate => Violation::BytesBeforeCompression,
                    _ => Violation::BytesBeforeTls,
                });
            }
            self.inbox.hold(true);
        }
        outcome
    }

    fn on_frame(&mut self, frame: Frame<'_>) -> Result<(), Violation> {
        self.progress = true;
        match frame {
            Frame::Whole(response) => self.on_response(response),
            Frame::Message { head, literal } => self.on_text(head, literal),
            Frame::Chunk(bytes) => {
                if let Some(Streamed { request, message: Some(_) }) = self.streamed {
                    self.events.push_back(Event::FetchChunk { request, bytes });
                }
                Ok(())
            }
            Frame::Rest(rest) => {
                if let Some(Streamed { request, message: Some(message) }) = self.streamed.take() {
                    let data = FetchData { message, bytes: Bytes::copy_from_slice(rest), place: Place::Rest };
                    self.events.push_back(Event::FetchEnd { request, data });
                }
                Ok(())
            }
            Frame::TooBig { budget, .. } => Err(Violation::TooBig(budget)),
            // Only commands have literals that wait.
            Frame::Literal { .. } => Ok(()),
        }
    }

    fn on_response(&mut self, line: &[u8]) -> Result<(), Violation> {
        if let Some(message) = fetched(line)
            && self.state.is_logged_in()
        {
            self.on_fetch(message, line);
            return Ok(());
        }
        let line = Bytes::copy_from_slice(line);
        let response = match Response::parse_shared(&line) {
            Ok(response) => response,
            Err(_) if self.state == State::Greeting => return Err(Violation::NotImap),
            Err(_) if self.completes(&line) => return Err(Violation::UnreadableCompletion),
            Err(fault) => return self.odd(Oddity::Unreadable { response: line, fault }),
        };
        if self.state == State::Greeting {
            return self.on_greeting(response);
        }
        match response {
            Response::Tagged { tag, status } => {
                let tag = tag_number(&tag).filter(|tag| self.sent.iter().any(|sent| sent.tag == *tag));
                let tag = tag.ok_or(Violation::UnknownTag)?;
                match self.hold_early(tag, status) {
                    Some(status) => self.on_completed(tag, status),
                    None => Ok(()),
                }
            }
            Response::Status(status) => self.on_status(status),
            Response::Continuation { text, .. } => self.on_continuation(&text),
            Response::Data(data) => self.on_data(data),
        }
    }

    /// Whether a line begins with a tag that is waited for.
    fn completes(&self, line: &[u8]) -> bool {
        let word = line.split(|byte| *byte == b' ').next().unwrap_or_default();
        tag_number(word).is_some_and(|tag| self.sent.iter().any(|sent| sent.tag == tag))
    }

    pub(super) fn odd(&mut self, oddity: Oddity) -> Result<(), Violation> {
        self.oddities = self.oddities.saturating_add(1);
        let limit = self.config.limits.oddities;
        if self.oddities > limit {
            return Err(Violation::TooOdd { limit });
        }
        self.events.push_back(Event::Odd(oddity));
        Ok(())
    }

    fn on_continuation(&mut self, text: &[u8]) -> Result<(), Violation> {
        if self.writing.as_ref().is_some_and(|writing| writing.awaits) {
            self.go_on();
        } else if self.is_in_exchange() {
            return self.on_challenge(text);
        } else if self.idle.is_some_and(|idle| !idle.is_on) {
            self.on_idling();
        } else {
            return self.odd(Oddity::StrayContinuation);
        }
        Ok(())
    }

    fn on_status(&mut self, status: Status<Bytes>) -> Result<(), Violation> {
        match status.condition {
            Condition::Bye => {
                let words = Words::from(status);
                if self.sent.iter().any(|sent| sent.keyword == Keyword::Logout) {
                    self.farewell = Some(Box::new(words));
                } else {
                    self.end(Reason::Dismissed(words));
                }
                Ok(())
            }
            Condition::Preauth => self.odd(Oddity::StrayGreeting),
            _ => {
                if let Some(Code::Capability(capabilities)) = status.code {
                    self.learn(capabilities);
                    return Ok(());
                }
                self.on_code(status.code.as_ref());
                if self.state != State::Negotiation {
                    self.events.push_back(Event::Told(Box::new(status)));
                }
                Ok(())
            }
        }
    }

    /// Takes what a code tells of the selected mailbox.
    fn on_code(&mut self, code: Option<&Code<Bytes>>) {
        let is_selecting = self.sent.iter().any(|sent| matches!(sent.keyword, Keyword::Select | Keyword::Examine));
        match (code, &mut self.selected) {
            (Some(Code::Closed), Some(selected)) if is_selecting => selected.begin_anew(),
            (Some(code), Some(selected)) => selected.on_code(code),
            _ => {}
        }
    }

    /// The server has completed a command of ours.
    pub(super) fn on_completed(&mut self, tag: u32, mut status: Status<Bytes>) -> Result<(), Violation> {
        let Some(place) = self.sent.iter().position(|sent| sent.tag == tag) else { return Ok(()) };
        let keyword = self.sent.get(place).map_or(Keyword::Other, |sent| sent.keyword);
        match status.code.take() {
            // Before TLS nothing is believed that comes with its beginning.
            Some(Code::Capability(capabilities)) if keyword != Keyword::StartTls => self.learn(capabilities),
            code => {
                self.on_code(code.as_ref());
                status.code = code;
            }
        }
        let Some(Sent { request, .. }) = self.sent.remove(place) else { return Ok(()) };
        let condition = status.condition;
        let ok = condition == Condition::Ok;
        let mut outcome = None;
        match keyword {
            Keyword::Capability if self.state == State::Negotiation => return self.negotiate(),
            Keyword::StartTls => return self.on_starttls_over(condition),
            Keyword::Login | Keyword::Authenticate => outcome = self.on_login_over(condition)?,
            Keyword::Select | Keyword::Examine => {
                self.state = if ok { State::Selected } else { State::Authenticated };
                self.selected = self.selected.take().filter(|_| ok);
            }
            Keyword::Close | Keyword::Unselect if ok => {
                self.state = State::Authenticated;
                self.selected = None;
            }
            Keyword::Unauthenticate if ok => self.be_nobody(),
            Keyword::Compress if ok => self.awaited = Some(Upgrade::Deflate),
            Keyword::Logout => self.end(if request.is_some() { Reason::Logout } else { Reason::Shutdown }),
            Keyword::Idle if self.on_idle_over(ok) && !self.leaving => {
                self.resume_idle(request);
                return Ok(());
            }
            _ => {}
        }
        if let Some(request) = request {
            let words = Words::from(status);
            let outcome = outcome.unwrap_or(match condition {
                Condition::Ok => Outcome::Ok(words),
                Condition::No => Outcome::No(words),
                _ => Outcome::Bad(words),
            });
            self.events.push_back(Event::Done { request, outcome });
        }
        Ok(())
    }

    fn resume_idle(&mut self, request: Option<super::RequestId>) {
        self.waiting.push_front(super::Waiting { request, command: Command::Idle });
        self.pump();
    }

    /// A FETCH response that came whole.
    fn on_fetch(&mut self, message: Fetched, line: &[u8]) {
        let bytes = Bytes::copy_from_slice(line);
        let data = FetchData { message, bytes, place: Place::Whole };
        let uid = match message {
            Fetched::Uid(uid) => Some(uid),
            Fetched::Number(number) if self.must_know_uid() => {
                let uid = data.read().ok().and_then(|part| uid_of(&part.items));
                self.remember(number, uid);
                uid
            }
            Fetched::Number(_) => None,
        };
        let request = self.who_fetched(message, uid);
        self.events.push_back(Event::Fetch { request, data });
    }

    /// A FETCH response that has come as far as a long text.
    fn on_text(&mut self, head: &[u8], literal: Literal) -> Result<(), Violation> {
        if !self.state.is_logged_in() {
            return Err(Violation::MessageBeforeLogin);
        }
        if let Some(limit) = self.config.limits.message
            && literal.len > limit
        {
            return Err(Violation::MessageTooLarge { limit });
        }
        let bytes = Bytes::copy_from_slice(head);
        let place = if self.streamed.is_some() { Place::Between } else { Place::Head };
        let streamed = match self.streamed {
            Some(streamed) => streamed,
            None => match FetchHead::parse(&bytes) {
                Ok(head) => {
                    let uid = uid_of(&head.part.items);
                    if let Fetched::Number(number) = head.message {
                        self.remember(number, uid);
                    }
                    Streamed { request: self.who_fetched(head.message, uid), message: Some(head.message) }
                }
                Err(fault) => {
                    self.streamed = Some(Streamed { request: None, message: None });
                    return self.odd(Oddity::Unreadable { response: bytes, fault });
                }
            },
        };
        self.streamed = Some(streamed);
        if let Streamed { request, message: Some(message) } = streamed {
            let data = FetchData { message, bytes, place };
            self.events.push_back(Event::FetchBegin { request, data, octets: literal.len });
        }
        Ok(())
    }

    fn remember(&mut self, number: SeqNo, uid: Option<Uid>) {
        if let (true, Some(uid), Some(selected)) = (self.config.track_uids, uid, &mut self.selected) {
            selected.learn(number, uid, self.config.limits.tracked);
        }
    }
}

fn uid_of<T>(items: &[MessageAttribute<T>]) -> Option<Uid> {
    items.iter().find_map(|item| match item {
        MessageAttribute::Uid(uid) => Some(*uid),
        _ => None,
    })
}

/// Which message a line is about, if it is a FETCH response: without a look at the rest.
fn fetched(line: &[u8]) -> Option<Fetched> {
    let rest = line.strip_prefix(b"* ")?;
    let digits = rest.iter().position(|byte| !byte.is_ascii_digit())?;
    let (number, rest) = rest.split_at(digits);
    let rest = rest.strip_prefix(b" ")?;
    let end = rest.iter().position(|byte| *byte == b' ')?;
    let is_uid = match rest.get(..end)? {
        word if word.eq_ignore_ascii_case(b"FETCH") => false,
        word if word.eq_ignore_ascii_case(b"UIDFETCH") => true,
        _ => return None,
    };
    let number = SeqNo::new(core::str::from_utf8(number).ok()?.parse().ok()?)?;
    Some(if is_uid { Fetched::Uid(Uid::from(number)) } else { Fetched::Number(number) })
}
