use alloc::vec::Vec;
use wirestate_machine::moment;

use crate::codec::{Budget, Command, Encoder, Parts, Sender, Trailing, Unwritable};
use crate::{Capabilities, Capability};

use super::deliveries::Deliveries;
use super::user::{Session, User};

/// A message on its way to sessions that have agreed on different capabilities: it is encoded once for each set of them that makes a difference.
#[derive(Clone, Copy)]
pub(super) struct Outgoing<'a> {
    pub(super) source: &'a [u8],
    /// The sender's account, for `account-tag`.
    pub(super) account: Option<&'a [u8]>,
    /// Whether the sender says to be a bot.
    pub(super) bot: bool,
    /// Whether the sender is an operator of the network, as far as the receivers may be told.
    pub(super) operator: bool,
    pub(super) command: &'a [u8],
    pub(super) params: &'a [&'a [u8]],
    /// Whether the last parameter is a text, and always has a colon: old clients take a text only so.
    pub(super) text: bool,
    /// Milliseconds since 1970.
    pub(super) time: u64,
    pub(super) msgid: Option<&'a [u8]>,
    /// The client-only tags to pass on: keys and plain values.
    pub(super) client_tags: &'a [(&'a [u8], &'a [u8])],
    /// The reference of the batch it belongs to.
    pub(super) batch: Option<&'a [u8]>,
}

const SERVER: Encoder = Encoder::new(Sender::Server);

/// The capabilities on which tags depend: a message has a form for each set of them.
const TAGS: [Capability; 4] =
    [Capability::ServerTime, Capability::MessageTags, Capability::AccountTag, Capability::Batch];

/// How many sets of [`TAGS`] there are.
pub(super) const CLASSES: usize = 1 << TAGS.len();

/// The number of a set of [`TAGS`], without a branch.
fn class_of(capabilities: Capabilities) -> usize {
    TAGS.iter().enumerate().fold(0, |class, (bit, one)| class | usize::from(capabilities.has(*one)) << bit)
}

fn capabilities_of(class: usize) -> Capabilities {
    TAGS.iter().enumerate().filter(|(bit, _)| class >> bit & 1 == 1).map(|(_, one)| *one).collect()
}

impl<'a> Outgoing<'a> {
    /// From the server.
    pub(super) fn server(name: &'a [u8], command: &'a [u8], params: &'a [&'a [u8]], time: u64) -> Self {
        Outgoing {
            source: name,
            account: None,
            bot: false,
            operator: false,
            command,
            params,
            text: false,
            time,
            msgid: None,
            client_tags: &[],
            batch: None,
        }
    }

    /// From a user.
    pub(super) fn user(user: &'a User, command: &'a [u8], params: &'a [&'a [u8]], time: u64) -> Self {
        let server = Outgoing::server(user.source(), command, params, time);
        Outgoing { account: user.account(), bot: user.is_bot(), operator: user.is_operator(), ..server }
    }

    pub(super) fn with_text(self) -> Self {
        Outgoing { text: true, ..self }
    }

    /// To one session.
    pub(super) fn tell(&self, session: Session, capabilities: Capabilities, out: &mut Deliveries) {
        // The only form that this session gets: its classes make no difference.
        let operator = self.operator && capabilities.has(Capability::OperTag);
        out.line(session, |line| Outgoing { operator, ..*self }.write(capabilities, line));
    }

    /// To all of these, each once.
    pub(super) fn relay(&self, to: impl Iterator<Item = (Session, Capabilities)> + Clone, out: &mut Deliveries) {
        if !self.operator {
            return self.relay_alike(to, out);
        }
        // Operators are few: what they say goes out in two rounds, and nobody else's has more forms for it.
        let knows = |(_, capabilities): &(Session, Capabilities)| capabilities.has(Capability::OperTag);
        self.relay_alike(to.clone().filter(knows), out);
        Outgoing { operator: false, ..*self }.relay_alike(to.filter(|one| !knows(one)), out);
    }

    fn relay_alike(&self, to: impl Iterator<Item = (Session, Capabilities)>, out: &mut Deliveries) {
        let relevant = self.relevant();
        let answering = out.answering();
        let mut own = None;
        let classed = to.filter_map(|(session, capabilities)| {
            if Some(session) == answering {
                own = Some(capabilities);
                return None;
            }
            Some((session, class_of(capabilities & relevant)))
        });
        out.sorted(classed, |class, line| self.write(capabilities_of(class), line));
        if let (Some(session), Some(capabilities)) = (answering, own) {
            self.tell(session, capabilities, out);
        }
    }

    /// The capabilities that change this message.
    fn relevant(&self) -> Capabilities {
        let mut relevant = Capabilities::of(&[Capability::ServerTime]);
        if self.account.is_some() {
            relevant = relevant.with(Capability::AccountTag);
        }
        if self.bot || self.msgid.is_some() || !self.client_tags.is_empty() {
            relevant = relevant.with(Capability::MessageTags);
        }
        if self.batch.is_some() {
            relevant = relevant.with(Capability::Batch);
        }
        relevant
    }

    fn write(&self, capabilities: Capabilities, line: &mut Vec<u8>) {
        let moment;
        let mut own: [(&[u8], &[u8]); 6] = [(b"", b""); 6];
        let mut count = 0;
        let mut tag = |key: &'static [u8], value| {
            if let Some(place) = own.get_mut(count) {
                *place = (key, value);
                count += 1;
            }
        };
        if capabilities.has(Capability::Batch)
            && let Some(batch) = self.batch
        {
            tag(b"batch", batch);
        }
        if capabilities.has(Capability::ServerTime) {
            moment = moment::write(self.time);
            tag(b"time", &moment);
        }
        if capabilities.has(Capability::AccountTag)
            && let Some(account) = self.account
        {
            tag(b"account", account);
        }
        let tagged = capabilities.has(Capability::MessageTags);
        if let Some(msgid) = self.msgid.filter(|_| tagged) {
            tag(b"msgid", msgid);
        }
        if tagged && self.bot {
            tag(b"bot", b"");
        }
        if self.operator {
            tag(b"draft/oper", b"");
        }
        let own = own.get(..count).unwrap_or_default();
        let all;
        let tags = if tagged && !self.client_tags.is_empty() {
            all = [own, self.client_tags].concat();
            all.as_slice()
        } else {
            own
        };
        let parts =
            Parts { tags, source: Some(self.source), command: Command::Word(self.command), params: self.params };
        write(&parts, self.text, line);
    }
}

/// Appends a message of the server's; `text`: the last parameter always has a colon.
///
/// Parameters are what clients and the configuration gave, so what cannot stand where it should is mended: a middle parameter that cannot be
/// sent becomes `*`, a text ends at its first line end, and what makes a line too long is cut off the text between two characters, as all
/// servers do with what they relay.
pub(super) fn write(parts: &Parts<'_>, text: bool, line: &mut Vec<u8>) {
    let encoder = if text { SERVER.with_trailing(Trailing::Always) } else { SERVER };
    let Err(fault) = encoder.append(parts, line) else { return };
    let mut params: Vec<&[u8]> = parts.params.iter().take(15).map(|param| first_line(param)).collect();
    if let Some((_, middle)) = params.split_last_mut() {
        middle.iter_mut().filter(|param| !is_middle(param)).for_each(|param| *param = b"*");
    }
    let word = match parts.command {
        Command::Word(word) => word.len(),
        Command::Numeric(_) => 3,
    };
    let head = parts.source.map_or(0, |source| source.len() + 2) + word;
    shorten(&mut params, 510usize.saturating_sub(head));
    let tags = match fault {
        Unwritable::TagKey | Unwritable::TagNotUtf8 | Unwritable::TooLong(Budget::ClientTags | Budget::ServerTags) => {
            &[]
        }
        _ => parts.tags,
    };
    // Mended it can be written; and if it could not, nothing would be.
    let _ = encoder.append(&Parts { tags, params: &params, ..*parts }, line);
}

fn is_middle(param: &[u8]) -> bool {
    !param.is_empty() && !param.starts_with(b":") && !param.contains(&b' ')
}

fn first_line(text: &[u8]) -> &[u8] {
    text.split(|byte| matches!(byte, b'\r' | b'\n' | 0)).next().unwrap_or_default()
}

/// Makes parameters fit into `room` bytes, with a blank before each and a colon before the last.
fn shorten(params: &mut [&[u8]], room: usize) {
    let length = |params: &[&[u8]]| params.iter().map(|param| param.len() + 1).sum::<usize>() + 1;
    while length(params) > room {
        let over = length(params) - room;
        let Some((last, middle)) = params.split_last_mut() else { return };
        if last.len() >= over {
            *last = cut(last, last.len() - over);
            return;
        }
        // Only a target that nobody has is so long.
        let Some(longest) = middle.iter_mut().max_by_key(|param| param.len()).filter(|param| param.len() > 1) else {
            return;
        };
        *longest = b"*";
    }
}

/// The first `length` bytes, or less where a character would be cut.
pub(super) fn cut(text: &[u8], length: usize) -> &[u8] {
    let begins = |at: &usize| text.get(*at).is_none_or(|byte| byte & 0xc0 != 0x80);
    let at = (length.saturating_sub(3)..=length).rev().find(begins).unwrap_or(length);
    text.get(..at).unwrap_or(text)
}
