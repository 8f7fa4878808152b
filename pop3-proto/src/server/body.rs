use alloc::format;

use bytes::Bytes;
use wirestate_machine::{Misuse, Ticket};

use super::event::kind;
use super::{Asked, Reason, Reply, Server};
use crate::codec::{Keyword, Stuffer, Text, TopCut};
use crate::server::phrase::Phrase;

/// The right, and the duty, to send the rest of a multi-line response: pieces with [`Server::piece`], then [`Server::end`], or
/// [`Server::abort`].
#[derive(Debug)]
#[must_use = "the client waits for the end of the body"]
pub struct Body(Ticket<kind::Stream>);

/// Whether more of a body is wanted now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appetite {
    /// Go on.
    More,
    /// The output is full: go on after [`Event::Writable`](super::Event::Writable). A piece given nevertheless is taken.
    Full,
    /// The rest is not needed: the client asked for the first lines only, or a plugin has answered otherwise. Call `end`.
    Enough,
}

/// A multi-line response under way.
#[derive(Debug)]
pub(super) struct Sending {
    stuffer: Stuffer,
    top: Option<TopCut>,
    /// A plugin made an error of the first line: there is no body.
    muted: bool,
}

impl Server {
    /// Begins to send a message: writes `+OK`. All of its octets follow in pieces, header first; the machine cuts for TOP, stuffs dots
    /// and mends line ends.
    pub fn send(&mut self, ticket: Ticket<kind::Retrieve>) -> Result<Body, Misuse> {
        self.tickets.check(&ticket)?;
        let Asked::Retrieve { index, lines, keyword } = self.asked else { return Err(Misuse::StaleTicket) };
        self.redeem(ticket)?;
        let mut octets = 0;
        if let Some(maildrop) = &mut self.maildrop {
            maildrop.last = maildrop.last.max(index as u32 + 1);
            octets = maildrop.octets(index);
        }
        let sent = match lines {
            None if self.plugins.is_empty() => {
                self.outbox.put(b"+OK ");
                self.outbox.put_decimal(octets);
                self.outbox.put(b" octets\r\n");
                true
            }
            None => self.reply(Reply::ok(Text::lossy(format!("{octets} octets"))).to(keyword)),
            Some(_) => self.ok(keyword, Phrase::MessageFollows),
        };
        Ok(self.begin_body(lines.map(TopCut::new), sent))
    }

    /// Answers a command of the application's own with `+OK text` and lines, given in pieces.
    pub fn send_lines(&mut self, ticket: Ticket<kind::Custom>, text: Text) -> Result<Body, Misuse> {
        self.redeem(ticket)?;
        let sent = self.reply(Reply::ok(text).to(Keyword::Other));
        Ok(self.begin_body(None, sent))
    }

    fn begin_body(&mut self, top: Option<TopCut>, sent: bool) -> Body {
        self.sending = Some(Sending { stuffer: Stuffer::new(), top, muted: !sent });
        Body(self.issue(Asked::Stream))
    }

    /// Sends the next piece, cut wherever the caller likes. Large pieces are not copied where they need no change.
    pub fn piece(&mut self, body: &mut Body, mut piece: Bytes) -> Result<Appetite, Misuse> {
        self.tickets.check(&body.0)?;
        let sending = self.sending.as_mut().ok_or(Misuse::StaleTicket)?;
        self.timer.rearm();
        if sending.muted {
            return Ok(Appetite::Enough);
        }
        if let Some(top) = &mut sending.top {
            piece.truncate(top.admit(&piece));
        }
        sending.stuffer.push(piece, &mut self.outbox);
        Ok(match &sending.top {
            Some(top) if top.is_done() => Appetite::Enough,
            _ if self.outbox.is_full() => Appetite::Full,
            _ => Appetite::More,
        })
    }

    /// Whether more of the body is wanted now.
    pub fn appetite(&self, body: &Body) -> Result<Appetite, Misuse> {
        self.tickets.check(&body.0)?;
        Ok(match &self.sending {
            Some(sending) if sending.muted || sending.top.as_ref().is_some_and(TopCut::is_done) => Appetite::Enough,
            _ if self.outbox.is_full() => Appetite::Full,
            _ => Appetite::More,
        })
    }

    /// Ends the body: the last line gets its line end, and the terminating line follows.
    pub fn end(&mut self, body: Body) -> Result<(), Misuse> {
        self.redeem(body.0)?;
        if let Some(sending) = self.sending.take()
            && !sending.muted
        {
            sending.stuffer.finish(&mut self.outbox);
        }
        Ok(())
    }

    /// Breaks the body off, as when the store fails in the middle. POP3 cannot say so any more, so the session ends without the
    /// terminating line: the client sees that the message is not whole. Nothing is deleted.
    pub fn abort(&mut self, body: Body) -> Result<(), Misuse> {
        self.redeem(body.0)?;
        self.close(Reason::Refused);
        Ok(())
    }

    pub(super) fn asked_keyword(&self) -> Keyword {
        match self.asked {
            Asked::Retrieve { keyword, .. } => keyword,
            _ => Keyword::Other,
        }
    }
}
