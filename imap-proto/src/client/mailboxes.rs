//! Requests about mailboxes.

use alloc::vec::Vec;

use bytes::Bytes;
use wirestate_machine::Misuse;

use super::event::RequestId;
use super::requests::copied;
use super::{Client, State};
use crate::codec::command::{
    Append, Content, Create, CreateParameter, Depth, GetMetadata, List, ListReturn, ListSelection, MessageData,
    MetadataOption, NewMessage, QResync, Replace, RightsAction, Select, SelectParameter, SetAcl, SetMetadata, SetQuota,
    Status, StatusItem,
};
use crate::codec::{Bound, Capability, Command, DateTime, Flag, Literal, Mailbox, ResourceName, Uid};

/// A message that is to be appended, of which the text comes in pieces.
#[derive(Clone, Debug)]
pub struct NewText {
    octets: u64,
    flags: Option<Vec<Flag<Bytes>>>,
    date: Option<DateTime>,
    binary: bool,
}

impl NewText {
    /// A message of so many octets.
    pub fn new(octets: u64) -> Self {
        NewText { octets, flags: None, date: None, binary: false }
    }

    /// With these flags.
    #[must_use]
    pub fn flags<'a>(mut self, flags: impl IntoIterator<Item = Flag<&'a [u8]>>) -> Self {
        self.flags = Some(owned_flags(flags));
        self
    }

    /// With this INTERNALDATE.
    #[must_use]
    pub fn date(mut self, date: DateTime) -> Self {
        self.date = Some(date);
        self
    }

    /// As a literal8, which may have NUL (RFC 3516 §4).
    #[must_use]
    pub fn binary(mut self) -> Self {
        self.binary = true;
        self
    }
}

/// Requests about mailboxes, by names in the server's own spelling: see [`Client::mailbox_name`]. They fail as all requests do.
#[allow(clippy::missing_errors_doc)] // they are told above
impl Client {
    /// SELECT (RFC 9051 §6.3.2). See [`selected`](Client::selected).
    pub fn select(&mut self, mailbox: impl AsRef<[u8]>) -> Result<RequestId, Misuse> {
        self.ask(Command::Select(Select { mailbox: name(mailbox), parameters: Vec::new() }))
    }

    /// EXAMINE (RFC 9051 §6.3.3): the same, and nothing can be changed.
    pub fn examine(&mut self, mailbox: impl AsRef<[u8]>) -> Result<RequestId, Misuse> {
        self.ask(Command::Examine(Select { mailbox: name(mailbox), parameters: Vec::new() }))
    }

    /// SELECT with what is known of the mailbox (RFC 7162 §3.2.5): the server tells what has changed since, in one answer. QRESYNC is enabled
    /// first where it is not yet, which can only be done while no mailbox is selected.
    ///
    /// What has gone comes as [`Data::Vanished`](crate::codec::Data::Vanished) (`earlier`), what has changed as
    /// [`Event::Fetch`](super::Event::Fetch), all with this request. Where [`Selected::uid_validity`](super::Selected::uid_validity) is another
    /// than was said, nothing that was known holds any more.
    pub fn resync(&mut self, mailbox: impl AsRef<[u8]>, known: QResync) -> Result<RequestId, Misuse> {
        let knows = self.offers.has(&Capability::QResync) || !self.offers.is_known();
        if !knows && !self.config.quirks.unlisted_commands {
            self.allow(crate::codec::Keyword::Select)?;
            return Err(Misuse::NotOffered);
        }
        let parameters = Vec::from([SelectParameter::QResync(known)]);
        let command = Command::Select(Select { mailbox: name(mailbox), parameters });
        self.allow(command.keyword())?;
        if !self.enabled.qresync && self.hoped() != State::Authenticated {
            return Err(Misuse::WrongState);
        }
        self.has_room()?;
        let command = self.check(command)?;
        let request = self.next_request();
        if !self.enabled.qresync {
            // It belongs to this request, and has none of its own.
            let waiting = super::Waiting { request: None, command: Command::Enable(Vec::from([Capability::QResync])) };
            self.waiting.push_back(waiting);
        }
        self.enqueue(Some(request), command);
        Ok(request)
    }

    /// CLOSE (RFC 9051 §6.4.1): expunges what is deleted, and selects nothing.
    pub fn close(&mut self) -> Result<RequestId, Misuse> {
        self.ask(Command::Close)
    }

    /// UNSELECT (RFC 9051 §6.4.2): selects nothing, and expunges nothing.
    pub fn unselect(&mut self) -> Result<RequestId, Misuse> {
        self.ask(Command::Unselect)
    }

    /// CREATE (RFC 9051 §6.3.4), with special uses such as `\Sent` (RFC 6154 §3) or none.
    pub fn create(&mut self, mailbox: impl AsRef<[u8]>, uses: &[&str]) -> Result<RequestId, Misuse> {
        let uses = Vec::from_iter(uses.iter().map(copied));
        let parameters = if uses.is_empty() { Vec::new() } else { Vec::from([CreateParameter::Use(uses)]) };
        self.ask(Command::Create(Create { mailbox: name(mailbox), parameters }))
    }

    /// DELETE (RFC 9051 §6.3.5).
    pub fn delete(&mut self, mailbox: impl AsRef<[u8]>) -> Result<RequestId, Misuse> {
        self.ask(Command::Delete(name(mailbox)))
    }

    /// RENAME (RFC 9051 §6.3.6).
    pub fn rename(&mut self, from: impl AsRef<[u8]>, to: impl AsRef<[u8]>) -> Result<RequestId, Misuse> {
        self.ask(Command::Rename { from: name(from), to: name(to) })
    }

    /// SUBSCRIBE (RFC 9051 §6.3.7).
    pub fn subscribe(&mut self, mailbox: impl AsRef<[u8]>) -> Result<RequestId, Misuse> {
        self.ask(Command::Subscribe(name(mailbox)))
    }

    /// UNSUBSCRIBE (RFC 9051 §6.3.8).
    pub fn unsubscribe(&mut self, mailbox: impl AsRef<[u8]>) -> Result<RequestId, Misuse> {
        self.ask(Command::Unsubscribe(name(mailbox)))
    }

    /// LIST (RFC 9051 §6.3.9): a [`Data::List`](crate::codec::Data::List) each. See [`list_for`](Client::list_for) for more.
    pub fn list(&mut self, reference: impl AsRef<[u8]>, pattern: impl AsRef<[u8]>) -> Result<RequestId, Misuse> {
        self.ask(Command::List(List {
            selection: Vec::new(),
            reference: copied(reference),
            patterns: Vec::from([copied(pattern)]),
            in_parentheses: false,
            returns: None,
        }))
    }

    /// LIST with options (RFC 5258): of which mailboxes, by one or more patterns, and what is told beside their names, such as STATUS (RFC 5819),
    /// rights (RFC 8440) or annotations (RFC 9590), each as [`Data`](crate::codec::Data) of its own.
    pub fn list_for<'a>(
        &mut self,
        selection: impl IntoIterator<Item = ListSelection<&'a [u8]>>,
        reference: impl AsRef<[u8]>,
        patterns: &[&str],
        returns: impl IntoIterator<Item = ListReturn<&'a [u8]>>,
    ) -> Result<RequestId, Misuse> {
        let selection = selection.into_iter().map(|one| one.map_text(&mut copied)).collect();
        let returns: Vec<_> = returns.into_iter().map(|one| one.map_text(&mut copied)).collect();
        self.ask(Command::List(List {
            selection,
            reference: copied(reference),
            patterns: patterns.iter().map(copied).collect(),
            in_parentheses: patterns.len() > 1,
            returns: (!returns.is_empty()).then_some(returns),
        }))
    }

    /// LSUB (RFC 3501 §6.3.9): a [`Data::Lsub`](crate::codec::Data::Lsub) each.
    pub fn lsub(&mut self, reference: impl AsRef<[u8]>, pattern: impl AsRef<[u8]>) -> Result<RequestId, Misuse> {
        self.ask(Command::Lsub { reference: copied(reference), pattern: copied(pattern) })
    }

    /// NAMESPACE (RFC 9051 §6.3.10): a [`Data::Namespace`](crate::codec::Data::Namespace).
    pub fn namespace(&mut self) -> Result<RequestId, Misuse> {
        self.ask(Command::Namespace)
    }

    /// STATUS (RFC 9051 §6.3.11): a [`Data::Status`](crate::codec::Data::Status).
    pub fn status<'a>(
        &mut self,
        mailbox: impl AsRef<[u8]>,
        items: impl IntoIterator<Item = StatusItem<&'a [u8]>>,
    ) -> Result<RequestId, Misuse> {
        let items = items.into_iter().map(|item| item.map_text(&mut copied)).collect();
        self.ask(Command::Status(Status { mailbox: name(mailbox), items }))
    }

    /// APPEND (RFC 9051 §6.3.12): [`Event::Wanted`](super::Event::Wanted) asks for the text, [`append_data`](Client::append_data) gives it.
    /// [`Misuse::TooLong`] when the server has said that it takes no message so long (RFC 7889).
    pub fn append(&mut self, mailbox: impl AsRef<[u8]>, message: NewText) -> Result<RequestId, Misuse> {
        self.append_many(mailbox, [message])
    }

    /// APPEND of several messages, all or none (MULTIAPPEND, RFC 3502): [`Event::Wanted`](super::Event::Wanted) asks for the text of one after the
    /// other, all by this one request. When the server refuses in the middle, no more are asked for. Fails as [`append`](Client::append) does, and
    /// with [`Misuse::OutOfRange`] where there are none.
    pub fn append_many(
        &mut self,
        mailbox: impl AsRef<[u8]>,
        messages: impl IntoIterator<Item = NewText>,
    ) -> Result<RequestId, Misuse> {
        let messages = messages.into_iter().map(announced).collect();
        self.ask_to_append(Append { mailbox: name(mailbox), messages })
    }

    /// UID REPLACE (RFC 8508): the message comes in the place of another, which goes. The text is asked for as that of [`append`](Client::append).
    pub fn uid_replace(&mut self, uid: Uid, mailbox: impl AsRef<[u8]>, message: NewText) -> Result<RequestId, Misuse> {
        self.ask(Command::Replace(Replace {
            uid: true,
            number: Bound::Number(uid.non_zero()),
            mailbox: name(mailbox),
            message: announced(message),
        }))
    }

    /// GETQUOTA (RFC 9208 §4.1.1): a [`Data::Quota`](crate::codec::Data::Quota).
    pub fn quota(&mut self, root: impl AsRef<[u8]>) -> Result<RequestId, Misuse> {
        self.ask(Command::GetQuota(copied(root)))
    }

    /// GETQUOTAROOT (RFC 9208 §4.1.2): a [`Data::QuotaRoots`](crate::codec::Data::QuotaRoots), and their quotas.
    pub fn quota_roots(&mut self, mailbox: impl AsRef<[u8]>) -> Result<RequestId, Misuse> {
        self.ask(Command::GetQuotaRoot(name(mailbox)))
    }

    /// SETQUOTA (RFC 9208 §4.1.3).
    pub fn set_quota<'a>(
        &mut self,
        root: impl AsRef<[u8]>,
        limits: impl IntoIterator<Item = (ResourceName<&'a [u8]>, u64)>,
    ) -> Result<RequestId, Misuse> {
        let limits = limits.into_iter().map(|(name, limit)| (name.map_text(&mut copied), limit)).collect();
        self.ask(Command::SetQuota(SetQuota { root: copied(root), limits }))
    }

    /// GETACL (RFC 4314 §3.3): a [`Data::Acl`](crate::codec::Data::Acl).
    pub fn acl(&mut self, mailbox: impl AsRef<[u8]>) -> Result<RequestId, Misuse> {
        self.ask(Command::GetAcl(name(mailbox)))
    }

    /// SETACL (RFC 4314 §3.1).
    pub fn set_acl(
        &mut self,
        mailbox: impl AsRef<[u8]>,
        identifier: impl AsRef<[u8]>,
        action: RightsAction,
        rights: &str,
    ) -> Result<RequestId, Misuse> {
        self.ask(Command::SetAcl(SetAcl {
            mailbox: name(mailbox),
            identifier: copied(identifier),
            action,
            rights: copied(rights),
        }))
    }

    /// DELETEACL (RFC 4314 §3.2).
    pub fn delete_acl(&mut self, mailbox: impl AsRef<[u8]>, identifier: impl AsRef<[u8]>) -> Result<RequestId, Misuse> {
        self.ask(Command::DeleteAcl { mailbox: name(mailbox), identifier: copied(identifier) })
    }

    /// LISTRIGHTS (RFC 4314 §3.4): a [`Data::ListRights`](crate::codec::Data::ListRights).
    pub fn list_rights(
        &mut self,
        mailbox: impl AsRef<[u8]>,
        identifier: impl AsRef<[u8]>,
    ) -> Result<RequestId, Misuse> {
        self.ask(Command::ListRights { mailbox: name(mailbox), identifier: copied(identifier) })
    }

    /// MYRIGHTS (RFC 4314 §3.5): a [`Data::MyRights`](crate::codec::Data::MyRights).
    pub fn my_rights(&mut self, mailbox: impl AsRef<[u8]>) -> Result<RequestId, Misuse> {
        self.ask(Command::MyRights(name(mailbox)))
    }

    /// GETMETADATA (RFC 5464 §4.2) of a mailbox, or with an empty name of the server: [`Data::Metadata`](crate::codec::Data::Metadata).
    pub fn metadata(
        &mut self,
        mailbox: impl AsRef<[u8]>,
        entries: &[&str],
        depth: Option<Depth>,
    ) -> Result<RequestId, Misuse> {
        self.ask(Command::GetMetadata(GetMetadata {
            options: depth.map(MetadataOption::Depth).into_iter().collect(),
            mailbox: name(mailbox),
            entries: entries.iter().map(copied).collect(),
        }))
    }

    /// SETMETADATA (RFC 5464 §4.3): entries and their new values; without one, the entry goes.
    pub fn set_metadata(
        &mut self,
        mailbox: impl AsRef<[u8]>,
        entries: &[(&str, Option<&[u8]>)],
    ) -> Result<RequestId, Misuse> {
        let entries = entries.iter().map(|(entry, value)| (copied(entry), value.map(copied))).collect();
        self.ask(Command::SetMetadata(SetMetadata { mailbox: name(mailbox), entries }))
    }
}

fn announced(message: NewText) -> NewMessage<Bytes> {
    let literal = Literal { len: message.octets, sync: true, binary: message.binary };
    NewMessage {
        flags: message.flags,
        date: message.date,
        extensions: Vec::new(),
        data: MessageData::Literal(Content::Announced(literal)),
    }
}

pub(super) fn name(mailbox: impl AsRef<[u8]>) -> Mailbox<Bytes> {
    Mailbox::new(copied(mailbox))
}

pub(super) fn owned_flags<'a>(flags: impl IntoIterator<Item = Flag<&'a [u8]>>) -> Vec<Flag<Bytes>> {
    flags.into_iter().map(|flag| flag.map_text(&mut copied)).collect()
}
