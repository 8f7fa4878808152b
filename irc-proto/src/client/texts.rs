use alloc::vec::Vec;

use wirestate_machine::Misuse;

use super::Client;
use super::event::SendId;
use super::line::Line;
use super::queue::Priority;
use super::state::On;
use crate::capability::Capability;
use crate::codec::{Command, Parts};
use crate::ctcp::Ctcp;
use crate::split::{Relay, SplitFault, split};

/// A user name's length where it is not known, and a host's (modern.ircdocs.horse).
const USER: usize = 11;
const HOST: usize = 63;

/// Texts. They are refused as all that the program [says](Client::send), and all parts of one are, or none is.
impl Client {
    /// PRIVMSG (RFC 2812 §3.3.1): at each line end, and where one message would be too long for others once the server has put the sender before it,
    /// the text goes on in the next message.
    ///
    /// # Errors
    /// [`Misuse::TooLong`] also where that makes too many messages; [`Misuse::OutOfRange`] for an empty text.
    pub fn privmsg(&mut self, target: &str, text: &str) -> Result<SendId, Misuse> {
        self.say_text("PRIVMSG", target, text, false)
    }

    /// NOTICE (RFC 2812 §3.3.2), likewise.
    pub fn notice(&mut self, target: &str, text: &str) -> Result<SendId, Misuse> {
        self.say_text("NOTICE", target, text, false)
    }

    /// `/me`: an ACTION of CTCP, likewise.
    pub fn action(&mut self, target: &str, text: &str) -> Result<SendId, Misuse> {
        self.say_text("PRIVMSG", target, text, true)
    }

    /// A text of several lines as one message (`draft/multiline`), where the server has that and the text fits; else as [`privmsg`](Client::privmsg).
    pub fn multiline(&mut self, target: &str, text: &str) -> Result<SendId, Misuse> {
        self.allow(On::Send)?;
        let several = text.contains('\n') || text.len() > self.room("PRIVMSG", target);
        match self.multiline_lines(target, text).filter(|_| several) {
            Some(lines) => {
                let line = Line::joined(&lines?);
                self.queue.has_room(1, line.as_bytes().len())?;
                let send = SendId(self.requests.next_id());
                self.note_echo(send, None, "PRIVMSG", target, text.as_bytes());
                self.enqueue(Priority::Normal, line, None)?;
                Ok(send)
            }
            None => self.privmsg(target, text),
        }
    }

    /// How many bytes of text one message to this target may have.
    pub fn room(&self, command: &str, target: &str) -> usize {
        let (me, server) = (self.tracker.me(), self.isupport());
        let length = |known: &Option<alloc::boxed::Box<[u8]>>, told: Option<u32>, worst: usize| match known {
            Some(known) => known.len(),
            None => told.and_then(|told| usize::try_from(told).ok()).map_or(worst, |told| told + 1),
        };
        let relay = Relay {
            line: usize::try_from(server.line_len).unwrap_or(512),
            nick: me.nick.len(),
            user: length(&me.user, server.user_len, USER),
            host: length(&me.host, server.host_len, HOST),
        };
        relay.room(command, target.as_bytes())
    }

    fn say_text(&mut self, command: &str, target: &str, text: &str, action: bool) -> Result<SendId, Misuse> {
        self.allow(On::Send)?;
        let room = self.room(command, target).saturating_sub(if action { Ctcp::ACTION_OVERHEAD } else { 0 });
        let parts = split(text.as_bytes(), room, self.config.limits.parts).map_err(|fault| match fault {
            SplitFault::Nul => Misuse::ForbiddenCharacter,
            _ => Misuse::TooLong,
        })?;
        let labels = self.has_labels() && self.offers.agreed.has(Capability::EchoMessage);
        let mut lines = Vec::new();
        for part in parts {
            let mut body = Vec::new();
            match action {
                true => Ctcp::action(part).write(&mut body).map_err(|_| Misuse::ForbiddenCharacter)?,
                false => body.extend_from_slice(part),
            }
            let label = labels.then(|| self.requests.label());
            let name = label.map(|label| label.text());
            let tag = name.as_ref().map(|name| (&b"label"[..], name.as_bytes()));
            let line = Line::with(
                &self.encoder(),
                &Parts {
                    tags: tag.as_slice(),
                    command: Command::Word(command.as_bytes()),
                    params: &[target.as_bytes(), &body],
                    ..Parts::default()
                },
            )?;
            lines.push((line, label, body));
        }
        if lines.is_empty() {
            return Err(Misuse::OutOfRange);
        }
        let octets = lines.iter().map(|(line, _, _)| line.as_bytes().len()).sum();
        self.queue.has_room(lines.len(), octets)?;
        let send = SendId(self.requests.next_id());
        for (line, label, body) in lines {
            self.note_echo(send, label, command, target, &body);
            self.enqueue(Priority::Normal, line, None)?;
        }
        Ok(send)
    }

    fn note_echo(
        &mut self,
        send: SendId,
        label: Option<super::requests::Label>,
        command: &str,
        target: &str,
        text: &[u8],
    ) {
        if self.offers.agreed.has(Capability::EchoMessage) {
            self.requests.add_echo(send, label, command == "NOTICE", target.as_bytes(), text);
        }
    }

    /// The lines of a batch for this text; `None` where the server has none, or the text does not fit.
    fn multiline_lines(&mut self, target: &str, text: &str) -> Option<Result<Vec<Line>, Misuse>> {
        let agreed = self.offers.agreed;
        if !agreed.has(Capability::Multiline) || !agreed.has(Capability::Batch) {
            return None;
        }
        let value = self.offers.value(Capability::Multiline).unwrap_or_default();
        let most_octets = number(value, b"max-bytes")?;
        let most_lines = number(value, b"max-lines").unwrap_or(usize::MAX).min(self.config.limits.parts);
        let room = self.room("PRIVMSG", target);
        let mut pieces: Vec<(bool, &[u8])> = Vec::new();
        for line in text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)) {
            let mut rest = line;
            let mut goes_on = false;
            loop {
                let mut end = rest.len().min(room);
                while !rest.is_char_boundary(end) {
                    end -= 1;
                }
                let (piece, after) = rest.split_at(end);
                pieces.push((goes_on, piece.as_bytes()));
                (rest, goes_on) = (after, true);
                if rest.is_empty() {
                    break;
                }
                if end == 0 || pieces.len() > most_lines {
                    return None;
                }
            }
        }
        let blank = pieces.iter().all(|(_, piece)| piece.is_empty());
        if blank || text.len() > most_octets || pieces.len() > most_lines {
            return None;
        }
        let reference = self.requests.label().text();
        Some(self.write_batch(&reference, target.as_bytes(), &pieces))
    }

    fn write_batch(&self, reference: &str, target: &[u8], pieces: &[(bool, &[u8])]) -> Result<Vec<Line>, Misuse> {
        let encoder = self.encoder();
        let batch = |params: &[&[u8]]| {
            Line::with(&encoder, &Parts { command: Command::Word(b"BATCH"), params, ..Parts::default() })
        };
        let opening = alloc::format!("+{reference}");
        let mut lines = alloc::vec![batch(&[opening.as_bytes(), b"draft/multiline", target])?];
        for (goes_on, piece) in pieces {
            let tags: [(&[u8], &[u8]); 2] = [(b"batch", reference.as_bytes()), (b"draft/multiline-concat", b"")];
            lines.push(Line::with(
                &encoder,
                &Parts {
                    tags: if *goes_on { &tags } else { &tags[..1] },
                    command: Command::Word(b"PRIVMSG"),
                    params: &[target, piece],
                    ..Parts::default()
                },
            )?);
        }
        lines.push(batch(&[alloc::format!("-{reference}").as_bytes()])?);
        Ok(lines)
    }
}

/// The number behind a key in a capability's value, as in `max-bytes=4096,max-lines=24`.
fn number(value: &[u8], key: &[u8]) -> Option<usize> {
    let found = value.split(|byte| *byte == b',').find_map(|token| token.strip_prefix(key)?.strip_prefix(b"="))?;
    core::str::from_utf8(found).ok()?.parse().ok()
}
