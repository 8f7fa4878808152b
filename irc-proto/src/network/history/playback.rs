use alloc::vec::Vec;
use wirestate_machine::moment;

use memchr::memchr3;

use crate::codec::{Message, Profile, escape_into};
use crate::{Capabilities, Capability};

use super::super::deliveries::Deliveries;
use super::super::multiline;
use super::super::outgoing::Outgoing;
use super::super::user::{Session, User};
use super::super::{Network, Turn};
use super::Entry;

impl Network {
    /// Plays entries to the user in a batch of this type, or without one to who has not agreed on batches.
    pub(in super::super) fn play(&mut self, turn: &mut Turn<'_>, kind: &[u8], params: &[&[u8]], entries: &[Entry]) {
        let Some(capabilities) = self.users.get(turn.user).map(User::capabilities) else { return };
        let batch = self.begin_batch(turn, kind, params);
        for entry in entries {
            let inner = if entry.more.is_empty() { Vec::new() } else { self.next_id() };
            tell(turn.session, entry, capabilities, batch.as_deref(), &inner, turn.out);
        }
        self.end_batch(turn, batch.as_deref());
    }

    /// Opens a batch for the user; `None` where they have not agreed on batches.
    pub(in super::super) fn begin_batch(
        &mut self,
        turn: &mut Turn<'_>,
        kind: &[u8],
        params: &[&[u8]],
    ) -> Option<Vec<u8>> {
        let capabilities = self.users.get(turn.user)?.capabilities();
        if !capabilities.has(Capability::Batch) {
            return None;
        }
        let reference = self.next_id();
        let mark = [b"+", &reference[..]].concat();
        let params: Vec<&[u8]> = [&mark[..], kind].into_iter().chain(params.iter().copied()).collect();
        Outgoing::server(self.server_name(), b"BATCH", &params, turn.now).tell(turn.session, capabilities, turn.out);
        Some(reference)
    }

    /// Ends a batch that was opened.
    pub(in super::super) fn end_batch(&self, turn: &mut Turn<'_>, batch: Option<&[u8]>) {
        let (Some(user), Some(reference)) = (self.users.get(turn.user), batch) else { return };
        let mark = [b"-", reference].concat();
        let params = [&mark[..]];
        Outgoing::server(self.server_name(), b"BATCH", &params, turn.now).tell(
            turn.session,
            user.capabilities(),
            turn.out,
        );
    }
}

fn has_multiline(capabilities: Capabilities) -> bool {
    capabilities.has(Capability::Multiline) && capabilities.has(Capability::Batch)
}

/// Tells one session of an entry.
pub(in super::super) fn tell(
    session: Session,
    entry: &Entry,
    capabilities: Capabilities,
    batch: Option<&[u8]>,
    inner: &[u8],
    out: &mut Deliveries,
) {
    let mut lines = Vec::new();
    write(entry, capabilities, batch, inner, &mut lines);
    for own in lines.split_inclusive(|byte| *byte == b'\n') {
        out.line(session, |line| line.extend_from_slice(own));
    }
}

/// Writes an entry for who has agreed on these, as often as it has lines: as a batch named `inner` where it has several and they know multiline.
pub(in super::super) fn write(
    entry: &Entry,
    capabilities: Capabilities,
    batch: Option<&[u8]>,
    inner: &[u8],
    out: &mut Vec<u8>,
) {
    if !entry.more.is_empty() && has_multiline(capabilities) {
        return write_multiline(entry, capabilities, batch, inner, out);
    }
    // The first has what belongs to the whole message, and blank ones are left out.
    let lines = entry.lines().filter(|(_, line)| entry.more.is_empty() || !is_blank(line));
    for (number, (_, line)) in lines.enumerate() {
        put(line, out, |tags| tags.message(entry, capabilities, batch, number == 0));
    }
}

fn write_multiline(entry: &Entry, capabilities: Capabilities, batch: Option<&[u8]>, inner: &[u8], out: &mut Vec<u8>) {
    let Ok(message) = Message::parse(&entry.line[..], Profile::Lenient) else { return };
    let (Some(source), Some(target)) = (message.source(), message.param(0)) else { return };
    let begin = [b":", source.as_bytes(), b" BATCH +", inner, b" ", multiline::BATCH, b" ", target].concat();
    put(&begin, out, |tags| tags.message(entry, capabilities, batch, true));
    for (concat, line) in entry.lines() {
        put(line, out, |tags| {
            tags.tag(b"batch", inner);
            if concat {
                tags.tag(multiline::CONCAT, b"");
            }
        });
    }
    put(&[b":", source.as_bytes(), b" BATCH -", inner].concat(), out, |_| ());
}

fn is_blank(line: &[u8]) -> bool {
    Message::parse(line, Profile::Lenient).is_ok_and(|message| message.param(1).is_none_or(<[u8]>::is_empty))
}

/// Writes a line behind its tags. A store may be anybody's: what would be two lines, or is too long for one, is none.
fn put(line: &[u8], out: &mut Vec<u8>, tag: impl FnOnce(&mut TagWriter<'_>)) {
    if line.is_empty() || line.len() > 510 || memchr3(b'\r', b'\n', 0, line).is_some() {
        return;
    }
    let mut tags = TagWriter { out, is_first: true };
    tag(&mut tags);
    if !tags.is_first {
        tags.out.push(b' ');
    }
    out.extend_from_slice(line);
    out.extend_from_slice(b"\r\n");
}

struct TagWriter<'a> {
    out: &'a mut Vec<u8>,
    is_first: bool,
}

impl TagWriter<'_> {
    fn message(&mut self, entry: &Entry, capabilities: Capabilities, batch: Option<&[u8]>, is_first_line: bool) {
        if let Some(batch) = batch {
            self.tag(b"batch", batch);
        }
        if capabilities.has(Capability::ServerTime) {
            self.tag(b"time", &moment::write(entry.time));
        }
        if capabilities.has(Capability::AccountTag)
            && let Some(account) = &entry.account
        {
            self.tag(b"account", account);
        }
        if !capabilities.has(Capability::MessageTags) {
            return;
        }
        if entry.bot {
            self.tag(b"bot", b"");
        }
        if is_first_line && !entry.msgid.is_empty() {
            self.tag(b"msgid", &entry.msgid);
        }
        if is_first_line && is_tags(&entry.client_tags) {
            self.separate();
            self.out.extend_from_slice(&entry.client_tags);
        }
    }

    fn tag(&mut self, key: &[u8], value: &[u8]) {
        self.separate();
        self.out.extend_from_slice(key);
        if !value.is_empty() {
            self.out.push(b'=');
            escape_into(value, self.out);
        }
    }

    fn separate(&mut self) {
        self.out.push(if self.is_first { b'@' } else { b';' });
        self.is_first = false;
    }
}

/// Whether these can stand in a line as they are.
fn is_tags(tags: &[u8]) -> bool {
    !tags.is_empty() && !tags.iter().any(|byte| matches!(byte, b' ' | b'\r' | b'\n' | 0))
}
