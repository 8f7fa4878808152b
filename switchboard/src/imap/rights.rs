//! Quotas (RFC 9208), and who may do what (ACL, RFC 4314).
//!
//! A user's mailboxes are the user's alone. So there is one quota root, whose
//! name is empty, and there are no rights to be given: the right to do so,
//! `a`, nobody has.

use bytes::Bytes;
use imap_proto::codec::{self, Code, Data, MyRights, QuotaRoots, ResourceName};
use imap_proto::codec::{Quota as QuotaData, QuotaResource};
use imap_proto::server::kind;
use wirestate_machine::{Misuse, Ticket};

use super::Machine;
use super::select::mailbox_name;
use super::session::Session;
use crate::mailstore::{MailStore, MailboxName, StoreError};
use crate::offload::Offload;

/// STORAGE is counted in these.
const UNIT: u64 = 1024;

impl<O: Offload> Session<O> {
    // --- quotas ---

    pub(super) async fn quota(
        &self,
        machine: &mut Machine,
        ticket: Ticket<kind::Command>,
        root: &[u8],
    ) -> Result<(), Misuse> {
        if !root.is_empty() {
            return machine.no(ticket, Code::NonExistent, "there is no such quota root");
        }
        match self.with_store(quota_of).await {
            Ok(quota) => {
                machine.tell(&ticket, &Data::Quota(quota))?;
                machine.ok(ticket, None, "That is all")
            }
            Err(error) => self.refuse(machine, ticket, &error, false),
        }
    }

    pub(super) async fn quota_root(
        &self,
        machine: &mut Machine,
        ticket: Ticket<kind::Command>,
        mailbox: codec::Mailbox<Bytes>,
    ) -> Result<(), Misuse> {
        let name = mailbox_name(machine, &mailbox);
        match self.with_store(move |store| name.map_err(StoreError::Name).and_then(|_| quota_of(store))).await {
            Ok(quota) => {
                let roots = QuotaRoots { mailbox, roots: vec![quota.root.clone()] };
                machine.tell(&ticket, &Data::QuotaRoots(roots))?;
                machine.tell(&ticket, &Data::Quota(quota))?;
                machine.ok(ticket, None, "That is all")
            }
            Err(error) => self.refuse(machine, ticket, &error, false),
        }
    }

    // --- rights ---

    pub(super) async fn my_rights(
        &self,
        machine: &mut Machine,
        ticket: Ticket<kind::Command>,
        mailbox: codec::Mailbox<Bytes>,
    ) -> Result<(), Misuse> {
        let name = mailbox_name(machine, &mailbox);
        let known = self.with_store(move |store| {
            let name = name?;
            store.mailbox(&name)?;
            Ok(name)
        });
        match known.await {
            Ok(name) => {
                machine.tell(&ticket, &Data::MyRights(MyRights { mailbox, rights: rights(&name) }))?;
                machine.ok(ticket, None, "That is all")
            }
            Err(error) => self.refuse(machine, ticket, &error, false),
        }
    }

    /// GETACL, SETACL, DELETEACL and LISTRIGHTS need the right `a` (RFC 4314
    /// section 4).
    pub(super) async fn administer(
        &self,
        machine: &mut Machine,
        ticket: Ticket<kind::Command>,
        mailbox: codec::Mailbox<Bytes>,
    ) -> Result<(), Misuse> {
        let name = mailbox_name(machine, &mailbox);
        match self.with_store(move |store| store.mailbox(&name?).map(drop)).await {
            Ok(()) => machine.no(ticket, Code::NoPerm, "mailboxes are not shared here; their rights cannot be changed"),
            Err(error) => self.refuse(machine, ticket, &error, false),
        }
    }
}

fn quota_of(store: &MailStore) -> Result<QuotaData<Bytes>, StoreError> {
    let (quota, usage) = (store.quota(), store.usage()?);
    let storage = quota.octets.map(|limit| QuotaResource {
        name: ResourceName::Storage,
        usage: usage.octets.div_ceil(UNIT),
        limit: limit / UNIT,
    });
    let message =
        quota.messages.map(|limit| QuotaResource { name: ResourceName::Message, usage: usage.messages, limit });
    Ok(QuotaData { root: Bytes::new(), resources: storage.into_iter().chain(message).collect() })
}

/// All that can be done with a mailbox of one's own; INBOX cannot be deleted.
pub(super) fn rights(name: &MailboxName) -> Bytes {
    Bytes::from_static(if name.is_inbox() { b"lrswikte" } else { b"lrswikxte" })
}
