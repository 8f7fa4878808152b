//! What changes messages that are there: STORE, EXPUNGE, COPY, MOVE.

use imap_proto::codec::command::StoreAction;
use imap_proto::codec::{Code, Uid, UidSet};
use imap_proto::server::{Copied, CopyRequest, ExpungeRequest, StoreRequest, kind};
use imap_proto::view::{self, Stored};
use wirestate_machine::{Misuse, Ticket};

use super::Machine;
use super::select::mailbox_name;
use super::session::Session;
use super::shared::named;
use crate::mailstore::{FlagChange, FlagError, Flags, StoreError};
use crate::offload::Offload;

impl<O: Offload> Session<O> {
    // --- STORE ---

    pub(super) async fn store(
        &mut self,
        machine: &mut Machine,
        ticket: Ticket<kind::Store>,
        request: StoreRequest,
    ) -> Result<(), Misuse> {
        let Some(selected) = &self.selected else { return machine.no(ticket, None, "no mailbox is selected") };
        let shared = selected.shared.clone();
        let words: Vec<String> = request.flags.iter().map(ToString::to_string).collect();
        let flags = match Flags::parse(words.iter().map(String::as_str)) {
            Ok(flags) => flags,
            Err(error) => return machine.no(ticket, flag_code(&error), error.to_string()),
        };
        let change = match request.action {
            StoreAction::Replace => FlagChange::Replace(flags),
            StoreAction::Add => FlagChange::Add(flags),
            StoreAction::Remove => FlagChange::Remove(flags),
        };
        // What the session's own view must make of it is settled before anybody else can come in between.
        let (expected, uids) = {
            let mut desk = shared.desk();
            let bits = match desk.hub.flags(&request.flags) {
                Ok(bits) => bits,
                Err(fault) => return machine.no(ticket, Code::Limit, fault.to_string()),
            };
            let change = match request.action {
                StoreAction::Replace => view::FlagChange::Replace(bits),
                StoreAction::Add => view::FlagChange::Add(bits),
                StoreAction::Remove => view::FlagChange::Remove(bits),
            };
            let Some(view) = machine.view_mut() else { return machine.no(ticket, None, "no mailbox is selected") };
            let expected = match view.expect_store(&mut desk.hub, &request.uids, change, request.silent) {
                Ok(expected) => expected,
                Err(fault) => return machine.no(ticket, None, fault.to_string()),
            };
            (expected, named(&desk.hub, &request.uids))
        };
        let (origin, mailbox) = (self.origin, shared.mailbox.clone());
        let since = request.unchanged_since.map(|since| since.get());
        let done = self.offload.run(move || mailbox.store_flags(origin, &uids, &change, since)).await;
        let done = match done {
            Ok(done) => done,
            Err(error) => return self.refuse(machine, ticket, &error, false),
        };
        let stored = Stored {
            stored: done.messages.iter().map(|(uid, ..)| Uid::from(*uid)).collect(),
            modified: done.modified.iter().map(|uid| Uid::from(*uid)).collect(),
            ..Stored::default()
        };
        if let Some(view) = machine.view_mut() {
            view.settle_store(&mut shared.desk().hub, &expected, &stored.stored);
        }
        machine.stored(ticket, &stored)
    }

    // --- EXPUNGE, CLOSE ---

    pub(super) async fn expunge(
        &mut self,
        machine: &mut Machine,
        ticket: Ticket<kind::Expunge>,
        request: ExpungeRequest,
    ) -> Result<(), Misuse> {
        let Some(selected) = &self.selected else { return machine.no(ticket, None, "no mailbox is selected") };
        let shared = selected.shared.clone();
        let uids = request.uids.as_ref().map(|uids| named(&shared.desk().hub, uids));
        let (origin, mailbox) = (self.origin, shared.mailbox.clone());
        match self.offload.run(move || mailbox.expunge(origin, uids.as_deref())).await {
            Ok(_) => machine.ok(ticket, None, "Expunged"),
            Err(error) => self.refuse(machine, ticket, &error, false),
        }
    }

    // --- COPY, MOVE ---

    pub(super) async fn copy(
        &mut self,
        machine: &mut Machine,
        ticket: Ticket<kind::Copy>,
        request: CopyRequest,
    ) -> Result<(), Misuse> {
        let Some(selected) = &self.selected else { return machine.no(ticket, None, "no mailbox is selected") };
        let shared = selected.shared.clone();
        let Some(store) = self.store.clone() else { return machine.no(ticket, None, "there are no mailboxes") };
        let uids = named(&shared.desk().hub, &request.uids);
        let name = match mailbox_name(machine, &request.mailbox) {
            Ok(name) => name,
            Err(error) => return self.refuse(machine, ticket, &StoreError::Name(error), true),
        };
        let (origin, mailbox, moves) = (self.origin, shared.mailbox.clone(), request.moves);
        let done = self
            .offload
            .run(move || {
                let target = store.mailbox(&name)?;
                if moves { mailbox.move_to(origin, &uids, &target) } else { mailbox.copy(origin, &uids, &target) }
            })
            .await;
        match done {
            Ok(done) => {
                let (from, to): (UidSet, UidSet) =
                    done.uids.iter().map(|(from, to)| (Uid::from(*from), Uid::from(*to))).unzip();
                let uid_validity = std::num::NonZeroU32::new(done.uid_validity);
                let copied = uid_validity.filter(|_| !from.is_empty()).and_then(|uid_validity| {
                    let (from, to) = (from.to_string().parse().ok()?, to.to_string().parse().ok()?);
                    Some(Copied { uid_validity, from, to })
                });
                machine.copied(ticket, copied)
            }
            Err(error) => self.refuse(machine, ticket, &error, true),
        }
    }
}

pub(super) fn flag_code(error: &FlagError) -> Code<bytes::Bytes> {
    tracing::debug!(reason = %error, "a flag was refused");
    Code::Cannot
}
