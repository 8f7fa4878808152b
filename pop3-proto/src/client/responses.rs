use alloc::boxed::Box;
use alloc::vec::Vec;

use bytes::Bytes;
use wirestate_machine::Inbox;
use wirestate_sasl::apop::Timestamp;

use super::event::{Event, Oddity, Reason, Request};
use super::offers::Offers;
use super::requests::{Ask, Sent};
use super::violation::Violation;
use super::{Client, Greeting, State, Tls, TlsPolicy};
use crate::codec::{
    Capability, Code, Command, MessageNumber, Piece, Response, Status, Text, UniqueId, Unstuffer, parse_list_line,
    parse_stat, parse_uidl_line, trim_line,
};

/// Which part of a response comes next.
#[derive(Debug, Default)]
pub(super) enum Reading {
    /// Its first line.
    #[default]
    First,
    /// The lines of a listing.
    Lines,
    /// A message.
    Body(Unstuffer),
    /// Nothing: all that is left is to say that it is done.
    Nothing,
}

/// How far reading came.
pub(super) enum Read {
    Event(Event),
    /// Something was understood that is no event.
    Silent,
    /// More input is needed.
    Starved,
}

impl From<Option<Event>> for Read {
    fn from(event: Option<Event>) -> Self {
        event.map_or(Read::Silent, Read::Event)
    }
}

impl Client {
    /// Understands the next part of what the server sent.
    pub(super) fn read(&mut self) -> Result<Read, Violation> {
        if self.tls == Tls::Awaited {
            return Ok(Read::Starved);
        }
        match self.reading {
            Reading::First => self.read_first(),
            Reading::Lines => self.read_line(),
            Reading::Body(_) => self.read_body(),
            Reading::Nothing => {
                self.progress = true;
                Ok(self.done(b"").into())
            }
        }
    }

    fn read_first(&mut self) -> Result<Read, Violation> {
        if self.sent.is_empty() && self.state != State::Greeting {
            // Only a farewell may come unasked, and only what can be one is waited for.
            match self.inbox.bytes().first() {
                None => return Ok(Read::Starved),
                Some(b'-' | b'\r' | b'\n') => {}
                Some(_) => return Err(Violation::Unasked),
            }
        }
        let limits = &self.config.limits;
        let in_exchange = matches!(self.sent.front(), Some(Sent { ask: Ask::Auth, .. }));
        let limit = if in_exchange { limits.sasl_line } else { limits.line };
        let Some(end) = self.line_end(limit)? else { return Ok(Read::Starved) };
        // The line stays where it is while `self` acts on it.
        let inbox = core::mem::replace(&mut self.inbox, Inbox::new(0));
        let outcome = match trim_line(&inbox.bytes()[..end], self.config.quirks.bare_lf) {
            Ok([]) if self.config.quirks.empty_lines => Ok(Some(Event::Odd(Oddity::EmptyLine))),
            Ok(line) => {
                self.progress = true;
                self.on_first(line, inbox.len() > end)
            }
            Err(fault) => Err(fault.into()),
        };
        self.inbox = inbox;
        self.inbox.consume(end);
        self.inbox.hold(self.tls == Tls::Awaited);
        outcome.map(Read::from)
    }

    /// Where the next line ends, its LF included.
    fn line_end(&mut self, limit: usize) -> Result<Option<usize>, Violation> {
        match self.inbox.find_lf() {
            Some(lf) if lf < limit => Ok(Some(lf + 1)),
            None if self.inbox.len() < limit => Ok(None),
            _ => Err(Violation::LineTooLong { limit }),
        }
    }

    /// Takes the first line of a response; `behind` tells whether more had come with it.
    fn on_first(&mut self, line: &[u8], behind: bool) -> Result<Option<Event>, Violation> {
        let greeting = self.state == State::Greeting;
        let odd = if greeting { Violation::NotPop3 } else { Violation::NotAResponse };
        let response = Response::parse(line).ok_or(odd)?;
        if greeting {
            return self.on_greeting(&response);
        }
        let Some(Sent { request, ask }) = self.sent.front().copied() else {
            return match response.status {
                Status::Err => {
                    self.end(Reason::Dismissed { code: response.typed_code(), text: Text::lossy(response.text) });
                    Ok(None)
                }
                Status::Ok | Status::Continue => Err(Violation::Unasked),
            };
        };
        match response.status {
            Status::Continue if ask == Ask::Auth => self.on_challenge(response.text),
            Status::Continue => Err(Violation::UnexpectedContinuation),
            Status::Err => self.on_refusal(request, ask, &response),
            Status::Ok => self.on_success(request, ask, response.text, behind),
        }
    }

    fn on_greeting(&mut self, response: &Response<'_>) -> Result<Option<Event>, Violation> {
        let (code, text) = (response.typed_code(), Text::lossy(response.text));
        match response.status {
            Status::Ok => {}
            Status::Err => {
                self.end(Reason::Refused { code, text });
                return Ok(None);
            }
            Status::Continue => return Err(Violation::NotPop3),
        }
        let timestamp = Timestamp::find(text.as_str()).ok().flatten();
        let xclient = code == Some(Code::Xclient);
        self.greeting = Some(Box::new(Greeting { text, timestamp, xclient }));
        self.begin_negotiation()
    }

    /// Learns what the server can, now that the greeting or the handshake is over.
    pub(super) fn begin_negotiation(&mut self) -> Result<Option<Event>, Violation> {
        self.state = State::Negotiation;
        if self.config.quirks.capa_missing {
            return self.negotiate(None);
        }
        self.enqueue(Sent { request: Request::OWN, ask: Ask::Capa }, Command::Capa);
        Ok(None)
    }

    /// Starts TLS where it is wanted and not there yet, or else is ready.
    fn negotiate(&mut self, capabilities: Option<Vec<Capability>>) -> Result<Option<Event>, Violation> {
        let stls = match self.config.tls {
            _ if self.is_encrypted() => false,
            // A server without CAPA may have STLS nevertheless.
            TlsPolicy::Required if self.offers.stls || !self.offers.known => true,
            TlsPolicy::Required => return Err(Violation::TlsNotOffered),
            TlsPolicy::IfOffered => self.offers.stls && !self.stls_refused,
            TlsPolicy::Implicit | TlsPolicy::Never | TlsPolicy::Outside => false,
        };
        if stls {
            self.enqueue(Sent { request: Request::OWN, ask: Ask::Stls }, Command::Stls);
            self.asked_before_tls = capabilities;
            return Ok(None);
        }
        self.state = State::Authorization;
        let greeting = self.greeting.as_ref().map(|greeting| greeting.text.clone()).unwrap_or_default();
        Ok(Some(Event::Ready { greeting, capabilities, encrypted: self.is_encrypted() }))
    }

    fn on_refusal(&mut self, request: Request, ask: Ask, response: &Response<'_>) -> Result<Option<Event>, Violation> {
        self.sent.pop_front();
        match ask {
            Ask::Capa if self.state == State::Negotiation => return self.negotiate(None),
            Ask::Capa if request == Request::OWN => return Ok(Some(Event::Odd(Oddity::CapaRefused))),
            Ask::Stls if self.config.tls == TlsPolicy::Required => return Err(Violation::TlsRefused),
            Ask::Stls => {
                self.stls_refused = true;
                let capabilities = self.asked_before_tls.take();
                return self.negotiate(capabilities);
            }
            Ask::User | Ask::Pass | Ask::Apop | Ask::Auth => {
                if let Some(error) = self.on_login_refused() {
                    return Ok(Some(Event::Cancelled { request, error }));
                }
            }
            Ask::Quit => self.end_of_quit(request),
            _ => {}
        }
        let (code, text) = (response.typed_code(), Text::lossy(response.text));
        Ok(request.of_caller().map(|request| Event::Failed { request, code, text }))
    }

    fn on_success(
        &mut self,
        request: Request,
        ask: Ask,
        text: &[u8],
        behind: bool,
    ) -> Result<Option<Event>, Violation> {
        match ask {
            Ask::Capa => {
                self.listed = Some(Vec::new());
                Ok(self.begin(Reading::Lines))
            }
            Ask::Stls => {
                if behind {
                    return Err(Violation::BytesBeforeTls);
                }
                self.sent.pop_front();
                self.forget();
                self.tls = Tls::Awaited;
                Ok(None)
            }
            Ask::User => {
                self.sent.pop_front();
                self.send_password();
                Ok(None)
            }
            Ask::Pass | Ask::Apop | Ask::Auth => self.on_login(text),
            Ask::Stat => Ok(self.only(match parse_stat(text) {
                Ok((messages, octets)) => Event::Stat { request, messages, octets },
                Err(_) => unreadable(request),
            })),
            Ask::Last => {
                let word = text.split(|byte| *byte == b' ').next().unwrap_or_default();
                let number = core::str::from_utf8(word).ok().and_then(|word| word.parse().ok());
                Ok(self.only(number.map_or(unreadable(request), |message| Event::Last { request, message })))
            }
            Ask::List(Some(message)) if !self.config.quirks.one_is_multi_line => {
                let size = parse_list_line(text).ok().filter(|size| size.message == message);
                let event = size.map(|size| Event::Size { request, message, octets: size.what });
                Ok(self.only(event.unwrap_or(unreadable(request))))
            }
            Ask::Uidl(Some(message)) if !self.config.quirks.one_is_multi_line => {
                let event = self.one_unique_id(request, message, text);
                Ok(self.only(event))
            }
            Ask::List(_) | Ask::Uidl(_) | Ask::Lines { .. } => Ok(self.begin(Reading::Lines)),
            Ask::Body => {
                let octets = text.split(|byte| *byte == b' ').next().and_then(|word| {
                    let digits = !word.is_empty() && word.iter().all(u8::is_ascii_digit);
                    core::str::from_utf8(word).ok().filter(|_| digits)?.parse().ok()
                });
                self.begin(Reading::Body(Unstuffer::new()));
                Ok(Some(Event::BodyStart { request, octets }))
            }
            Ask::Dele => {
                self.deletions = self.deletions.saturating_add(1);
                Ok(self.done(text))
            }
            Ask::Rset => {
                self.deletions = 0;
                Ok(self.done(text))
            }
            Ask::Quit => {
                self.deletions = 0;
                self.end_of_quit(request);
                Ok(self.done(text))
            }
            Ask::Plain { .. } => Ok(self.done(text)),
        }
    }

    /// `UIDL n`: number and id, or, from some servers, the id alone.
    fn one_unique_id(&self, request: Request, message: MessageNumber, text: &[u8]) -> Event {
        let id = match parse_uidl_line(text) {
            Ok(listed) if listed.message == message => Some(listed.what),
            Ok(_) => None,
            Err(_) => Some(text.trim_ascii()),
        };
        match id.and_then(|id| self.unique_id(id)) {
            Some(id) => Event::UniqueId { request, message, id },
            None => unreadable(request),
        }
    }

    fn unique_id(&self, id: &[u8]) -> Option<UniqueId> {
        match UniqueId::new(id) {
            Err(_) if self.config.quirks.long_unique_ids => UniqueId::new_of_any_length(id).ok(),
            outcome => outcome.ok(),
        }
    }

    fn read_line(&mut self) -> Result<Read, Violation> {
        let Some(Sent { request, ask }) = self.sent.front().copied() else { return Err(Violation::Unasked) };
        let Some(end) = self.line_end(self.config.limits.line)? else { return Ok(Read::Starved) };
        self.progress = true;
        let line = trim_line(&self.inbox.bytes()[..end], self.config.quirks.bare_lf)?;
        if line == b"." {
            self.inbox.consume(end);
            return Ok(match ask {
                Ask::Capa => self.end_of_capabilities(request)?,
                _ => self.done(b""),
            }
            .into());
        }
        self.part += 1;
        let line = line.strip_prefix(b".").unwrap_or(line);
        if ask == Ask::Capa {
            let limits = &self.config.limits;
            self.part_octets += end;
            if self.part > limits.capabilities as u64 || self.part_octets > limits.capability_octets {
                return Err(Violation::TooManyCapabilities);
            }
            if let (Some(listed), false) = (&mut self.listed, line.is_empty()) {
                listed.push(Capability::parse(line));
            }
            self.inbox.consume(end);
            return Ok(Read::Silent);
        }
        if self.part > self.config.limits.listing_lines {
            return Err(Violation::ListingTooLong { limit: self.config.limits.listing_lines });
        }
        let event = match ask {
            Ask::List(_) => parse_list_line(line).ok().map(|listed| Event::Size {
                request,
                message: listed.message,
                octets: listed.what,
            }),
            Ask::Uidl(_) => parse_uidl_line(line).ok().and_then(|listed| {
                let id = self.unique_id(listed.what)?;
                Some(Event::UniqueId { request, message: listed.message, id })
            }),
            _ => Some(Event::Line { request, line: Bytes::copy_from_slice(line) }),
        };
        self.inbox.consume(end);
        Ok(Read::Event(event.unwrap_or(unreadable(request))))
    }

    fn end_of_capabilities(&mut self, request: Request) -> Result<Option<Event>, Violation> {
        self.sent.pop_front();
        self.reading = Reading::First;
        let capabilities = self.listed.take().unwrap_or_default();
        self.offers = Offers::new(&capabilities);
        if self.state == State::Negotiation {
            return self.negotiate(Some(capabilities));
        }
        Ok(Some(Event::Capabilities { request: request.of_caller(), capabilities }))
    }

    fn read_body(&mut self) -> Result<Read, Violation> {
        let (Some(Sent { request, .. }), Reading::Body(unstuffer)) = (self.sent.front().copied(), &mut self.reading)
        else {
            return Err(Violation::Unasked);
        };
        match unstuffer.next(&mut self.inbox) {
            Piece::More => Ok(Read::Starved),
            Piece::End => {
                self.progress = true;
                Ok(self.done(b"").into())
            }
            Piece::Text(bytes) => {
                self.progress = true;
                self.part += bytes.len() as u64;
                match self.config.limits.message {
                    Some(limit) if self.part > limit => Err(Violation::MessageTooLarge { limit }),
                    _ => Ok(Read::Event(Event::Body { request, bytes })),
                }
            }
        }
    }

    fn begin(&mut self, reading: Reading) -> Option<Event> {
        (self.part, self.part_octets) = (0, 0);
        self.reading = reading;
        None
    }

    /// The one event of a response of one line; that it is done is said next.
    fn only(&mut self, event: Event) -> Option<Event> {
        self.begin(Reading::Nothing);
        Some(event)
    }

    /// The response that was read has come to its end.
    fn done(&mut self, text: &[u8]) -> Option<Event> {
        self.reading = Reading::First;
        let request = self.sent.pop_front()?.request.of_caller()?;
        Some(Event::Done { request, text: Text::lossy(text) })
    }

    fn end_of_quit(&mut self, request: Request) {
        self.end(if request == Request::OWN { Reason::Shutdown } else { Reason::Quit });
    }

    /// RFC 2595 §4: nothing learnt before TLS is believed after it.
    fn forget(&mut self) {
        self.greeting = None;
        self.asked_before_tls = None;
        self.offers = Offers::default();
    }
}

fn unreadable(request: Request) -> Event {
    Event::Odd(Oddity::Unreadable { request })
}
