//! The tree of mailboxes: CREATE, DELETE, RENAME, SUBSCRIBE, NAMESPACE, STATUS.

use std::num::NonZeroU32;

use bytes::Bytes;
use imap_proto::codec::command::{Create, CreateParameter, SetAcl, Status as StatusCommand, StatusItem};
use imap_proto::codec::{self, Code, Command, Data, MailboxStatus, Namespace, Namespaces, StatusValue};
use imap_proto::server::kind;
use wirestate_machine::{Misuse, Ticket};

use super::Machine;
use super::select::mailbox_name;
use super::session::Session;
use super::shared::mod_seq;
use crate::mailstore::{MailStore, MailboxName, SpecialUse, Status, StoreError};
use crate::offload::Offload;

/// What parts the levels of a name.
pub(super) const DELIMITER: u8 = MailboxName::SEPARATOR as u8;

impl<O: Offload> Session<O> {
    /// A command that is not about messages.
    pub(super) async fn command(
        &mut self,
        machine: &mut Machine,
        ticket: Ticket<kind::Command>,
        command: Command<Bytes>,
    ) -> Result<(), Misuse> {
        match command {
            Command::List(list) => self.list(machine, ticket, list).await,
            Command::Lsub { reference, pattern } => self.lsub(machine, ticket, &reference, &pattern).await,
            Command::Status(status) => self.status(machine, ticket, status).await,
            Command::Create(create) => self.create(machine, ticket, create).await,
            Command::Delete(mailbox) => {
                let name = mailbox_name(machine, &mailbox);
                let done = self.with_store(move |store| store.delete(&name?)).await;
                self.end(machine, ticket, done, "Deleted")
            }
            Command::Rename { from, to } => {
                let (from, to) = (mailbox_name(machine, &from), mailbox_name(machine, &to));
                let done = self.with_store(move |store| store.rename(&from?, &to?)).await;
                self.end(machine, ticket, done, "Renamed")
            }
            Command::Subscribe(mailbox) => {
                let name = mailbox_name(machine, &mailbox);
                let done = self.with_store(move |store| store.subscribe(&name?)).await;
                self.end(machine, ticket, done, "Subscribed")
            }
            Command::Unsubscribe(mailbox) => {
                let name = mailbox_name(machine, &mailbox);
                let done = self.with_store(move |store| store.unsubscribe(&name?)).await;
                self.end(machine, ticket, done, "Unsubscribed")
            }
            Command::Namespace => {
                let own = Namespace { prefix: "", delimiter: Some(DELIMITER), extensions: Vec::new() };
                let all = Namespaces { personal: vec![own], ..Namespaces::default() };
                machine.tell(&ticket, &Data::Namespace(all))?;
                machine.ok(ticket, None, "That is all")
            }
            Command::ESearch(search) => self.multi_search(machine, ticket, search).await,
            Command::GetQuota(root) => self.quota(machine, ticket, &root).await,
            Command::GetQuotaRoot(mailbox) => self.quota_root(machine, ticket, mailbox).await,
            Command::MyRights(mailbox) => self.my_rights(machine, ticket, mailbox).await,
            Command::GetAcl(mailbox)
            | Command::SetAcl(SetAcl { mailbox, .. })
            | Command::DeleteAcl { mailbox, .. }
            | Command::ListRights { mailbox, .. } => self.administer(machine, ticket, mailbox).await,
            Command::Notify(notify) => self.notify(machine, ticket, notify).await,
            Command::GetMetadata(request) => self.metadata(machine, ticket, request).await,
            Command::SetMetadata(request) => self.set_metadata(machine, ticket, request).await,
            _ => machine.bad(ticket, None, "Not offered"),
        }
    }

    /// Has the store do something, where it may block.
    pub(super) async fn with_store<T: Send + 'static>(
        &self,
        work: impl FnOnce(&MailStore) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = self.store.clone().ok_or(StoreError::NoMailbox)?;
        self.offload.run(move || work(&store)).await
    }

    fn end(
        &self,
        machine: &mut Machine,
        ticket: Ticket<kind::Command>,
        done: Result<(), StoreError>,
        text: &'static str,
    ) -> Result<(), Misuse> {
        match done {
            Ok(()) => machine.ok(ticket, None, text),
            Err(error) => self.refuse(machine, ticket, &error, false),
        }
    }

    // --- CREATE ---

    async fn create(
        &self,
        machine: &mut Machine,
        ticket: Ticket<kind::Command>,
        create: Create<Bytes>,
    ) -> Result<(), Misuse> {
        let mut uses = Vec::new();
        for parameter in &create.parameters {
            match parameter {
                CreateParameter::Use(named) => uses.extend(named),
                _ => return machine.bad(ticket, None, "Unknown parameter"),
            }
        }
        let special_use = match &uses[..] {
            [] => None,
            [one] => match std::str::from_utf8(one).ok().and_then(SpecialUse::parse) {
                Some(special_use) => Some(special_use),
                None => return machine.no(ticket, Code::UseAttr, "no mailbox can have this use"),
            },
            _ => return machine.no(ticket, Code::UseAttr, "a mailbox can have one use only"),
        };
        let name = mailbox_name(machine, &create.mailbox);
        match self.with_store(move |store| store.create(&name?, special_use)).await {
            Ok(id) => machine.ok(ticket, Code::MailboxId(id.to_string().into()), "Created"),
            Err(error) => self.refuse(machine, ticket, &error, false),
        }
    }

    // --- STATUS ---

    async fn status(
        &self,
        machine: &mut Machine,
        ticket: Ticket<kind::Command>,
        command: StatusCommand<Bytes>,
    ) -> Result<(), Misuse> {
        if !are_known(&command.items) {
            return machine.bad(ticket, None, "Unknown STATUS item");
        }
        let name = mailbox_name(machine, &command.mailbox);
        match self.with_store(move |store| store.status(&name?)).await {
            Ok(status) => {
                let append_limit = machine.config().limits.message;
                let told = told(command.mailbox, &command.items, &status, append_limit);
                machine.tell(&ticket, &Data::Status(told))?;
                machine.ok(ticket, None, "That is how it stands")
            }
            Err(error) => self.refuse(machine, ticket, &error, false),
        }
    }
}

/// Whether STATUS can tell all of these.
pub(super) fn are_known(items: &[StatusItem<Bytes>]) -> bool {
    !items.iter().any(|item| matches!(item, StatusItem::Other(_)))
}

/// What STATUS tells.
pub(super) fn told(
    mailbox: codec::Mailbox<Bytes>,
    items: &[StatusItem<Bytes>],
    status: &Status,
    append_limit: u64,
) -> MailboxStatus<Bytes> {
    let value = |item: &StatusItem<Bytes>| {
        Some(match item {
            StatusItem::Messages => StatusValue::Messages(status.messages),
            StatusItem::Recent => StatusValue::Recent(status.recent),
            StatusItem::UidNext => StatusValue::UidNext(status.uid_next.into()),
            StatusItem::UidValidity => StatusValue::UidValidity(NonZeroU32::new(status.uid_validity)?),
            StatusItem::Unseen => StatusValue::Unseen(status.unseen),
            StatusItem::Deleted => StatusValue::Deleted(status.deleted),
            StatusItem::Size => StatusValue::Size(status.size),
            StatusItem::HighestModSeq => StatusValue::HighestModSeq(mod_seq(status.highest_modseq)),
            StatusItem::AppendLimit => StatusValue::AppendLimit(Some(append_limit)),
            StatusItem::DeletedStorage => StatusValue::DeletedStorage(status.deleted_size),
            StatusItem::MailboxId => StatusValue::MailboxId(status.object_id.to_string().into()),
            _ => return None,
        })
    };
    MailboxStatus { mailbox, values: items.iter().filter_map(value).collect() }
}
