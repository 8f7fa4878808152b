//! GETMETADATA and SETMETADATA (RFC 5464).

use bytes::Bytes;
use imap_proto::codec::command::{Depth, GetMetadata, MetadataOption, SetMetadata};
use imap_proto::codec::{self, Code, Data, Metadata, MetadataCode, MetadataEntries};
use imap_proto::server::kind;
use wirestate_machine::{Misuse, Ticket};

use super::Machine;
use super::select::mailbox_name;
use super::session::Session;
use crate::mailstore::{MailboxName, MailboxNameError};
use crate::offload::Offload;

impl<O: Offload> Session<O> {
    pub(super) async fn metadata(
        &self,
        machine: &mut Machine,
        ticket: Ticket<kind::Command>,
        request: GetMetadata<Bytes>,
    ) -> Result<(), Misuse> {
        let (mut max_size, mut depth) = (usize::MAX, Depth::Zero);
        for option in &request.options {
            match option {
                MetadataOption::MaxSize(size) => max_size = usize::try_from(*size).unwrap_or(usize::MAX),
                MetadataOption::Depth(named) => depth = *named,
                _ => return machine.bad(ticket, None, "Unknown option"),
            }
        }
        if !request.entries.iter().all(|entry| is_entry(entry)) {
            return machine.bad(ticket, None, NO_ENTRY);
        }
        let name = annotated(machine, &request.mailbox);
        let known = match self.with_store(move |store| store.annotations(name?.as_ref())).await {
            Ok(known) => known,
            Err(error) => return self.refuse(machine, ticket, &error, false),
        };
        let mut values: Vec<(Bytes, Option<Bytes>)> = Vec::new();
        let mut longest = 0;
        for wanted in &request.entries {
            let folded = wanted.to_ascii_lowercase();
            let mut is_there = false;
            for (entry, value) in &known {
                let is_same = entry.as_bytes() == folded;
                is_there |= is_same;
                if !is_same && !is_beneath(entry.as_bytes(), &folded, depth) {
                    continue;
                }
                if value.len() > max_size {
                    longest = longest.max(value.len());
                    continue;
                }
                // As the client spells it, where it does.
                let entry = if is_same { wanted.clone() } else { Bytes::copy_from_slice(entry.as_bytes()) };
                if values.iter().all(|(told, _)| !told.eq_ignore_ascii_case(&entry)) {
                    values.push((entry, Some(Bytes::copy_from_slice(value))));
                }
            }
            if !is_there && depth == Depth::Zero {
                values.push((wanted.clone(), None));
            }
        }
        if !values.is_empty() {
            let entries = MetadataEntries::Values(values);
            machine.tell(&ticket, &Data::Metadata(Metadata { mailbox: request.mailbox, entries }))?;
        }
        let code = (longest > 0).then_some(Code::Metadata(MetadataCode::LongEntries(longest as u64)));
        machine.ok(ticket, code, "That is all")
    }

    pub(super) async fn set_metadata(
        &self,
        machine: &mut Machine,
        ticket: Ticket<kind::Command>,
        request: SetMetadata<Bytes>,
    ) -> Result<(), Misuse> {
        let mut changes = Vec::with_capacity(request.entries.len());
        for (entry, value) in request.entries {
            match std::str::from_utf8(&entry) {
                Ok(name) if can_be_set(&entry) => changes.push((name.to_owned(), value)),
                _ => return machine.bad(ticket, None, NO_ENTRY),
            }
        }
        let name = annotated(machine, &request.mailbox);
        let done = self.with_store(move |store| {
            let changes: Vec<_> = changes.iter().map(|(entry, value)| (&**entry, value.as_deref())).collect();
            store.annotate(name?.as_ref(), &changes)
        });
        match done.await {
            Ok(()) => machine.ok(ticket, None, "Noted"),
            Err(error) => self.refuse(machine, ticket, &error, false),
        }
    }
}

pub(super) const NO_ENTRY: &str = "An entry's name begins with /private/ or /shared/";

/// What is annotated: a mailbox, or with an empty name the user.
fn annotated(machine: &Machine, mailbox: &codec::Mailbox<Bytes>) -> Result<Option<MailboxName>, MailboxNameError> {
    if mailbox.as_bytes().is_empty() { Ok(None) } else { mailbox_name(machine, mailbox).map(Some) }
}

/// Whether this can be an entry's name (RFC 5464 section 3.2).
pub(super) fn is_entry(entry: &[u8]) -> bool {
    let folded = entry.to_ascii_lowercase();
    let is_plain = folded.iter().all(|byte| (b' '..=b'~').contains(byte) && !matches!(byte, b'*' | b'%'));
    let mut levels = folded.split(|byte| *byte == b'/');
    is_plain
        && levels.next().is_some_and(<[u8]>::is_empty)
        && levels.next().is_some_and(|first| matches!(first, b"private" | b"shared"))
        && levels.all(|level| !level.is_empty())
}

/// Whether the entry can have a value: those that begin all others have none.
fn can_be_set(entry: &[u8]) -> bool {
    is_entry(entry) && entry.iter().filter(|byte| **byte == b'/').count() > 1
}

fn is_beneath(entry: &[u8], above: &[u8], depth: Depth) -> bool {
    let Some(rest) = entry.strip_prefix(above).and_then(|rest| rest.strip_prefix(b"/")) else { return false };
    match depth {
        Depth::Zero => false,
        Depth::One => !rest.contains(&b'/'),
        Depth::Infinity => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_private_or_shared() {
        for entry in ["/private/comment", "/SHARED/vendor/x/y", "/private"] {
            assert!(is_entry(entry.as_bytes()), "{entry}");
        }
        for odd in [
            "",
            "/",
            "private/x",
            "/privat/x",
            "/private/",
            "/private//x",
            "/private/x/",
            "/shared/*",
            "/shared/\u{e4}",
        ] {
            assert!(!is_entry(odd.as_bytes()), "{odd}");
        }
        assert!(can_be_set(b"/private/x") && !can_be_set(b"/private"));
    }

    #[test]
    fn depth_counts_levels() {
        let beneath = |entry: &str, depth| is_beneath(entry.as_bytes(), b"/private/a", depth);
        assert!(beneath("/private/a/b", Depth::One) && !beneath("/private/a/b/c", Depth::One));
        assert!(beneath("/private/a/b/c", Depth::Infinity) && !beneath("/private/ab", Depth::Infinity));
        assert!(!beneath("/private/a", Depth::Infinity) && !beneath("/private/a/b", Depth::Zero));
    }
}
