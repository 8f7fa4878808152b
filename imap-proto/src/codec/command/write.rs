//! Writing commands, and what holds for all of them.

use wirestate_machine::table::Named;

use super::arguments::ID_PAIRS;
use super::{Command, Keyword, TaggedCommand, write_set};
use crate::codec::encode::{Encode, Unwritable, Writer};
use crate::codec::text::{Secret, is_opaque, opaque};

impl<T> Command<T> {
    /// Which command this is.
    pub fn keyword(&self) -> Keyword {
        let (uid, plain, with_uid) = match self {
            Command::Search(search) => (search.uid, Keyword::Search, Keyword::UidSearch),
            Command::Fetch(fetch) => (fetch.uid, Keyword::Fetch, Keyword::UidFetch),
            Command::Store(store) => (store.uid, Keyword::Store, Keyword::UidStore),
            Command::Copy { uid, .. } => (*uid, Keyword::Copy, Keyword::UidCopy),
            Command::Move { uid, .. } => (*uid, Keyword::Move, Keyword::UidMove),
            Command::Sort(sort) => (sort.uid, Keyword::Sort, Keyword::UidSort),
            Command::Thread(thread) => (thread.uid, Keyword::Thread, Keyword::UidThread),
            Command::Replace(replace) => (replace.uid, Keyword::Replace, Keyword::UidReplace),
            other => return other.plain_keyword(),
        };
        if uid { with_uid } else { plain }
    }

    fn plain_keyword(&self) -> Keyword {
        match self {
            Command::Capability => Keyword::Capability,
            Command::Noop => Keyword::Noop,
            Command::Logout => Keyword::Logout,
            Command::StartTls => Keyword::StartTls,
            Command::Authenticate { .. } => Keyword::Authenticate,
            Command::Login { .. } => Keyword::Login,
            Command::Id(_) => Keyword::Id,
            Command::Enable(_) => Keyword::Enable,
            Command::Compress(_) => Keyword::Compress,
            Command::Unauthenticate => Keyword::Unauthenticate,
            Command::Select(_) => Keyword::Select,
            Command::Examine(_) => Keyword::Examine,
            Command::Create(_) => Keyword::Create,
            Command::Delete(_) => Keyword::Delete,
            Command::Rename { .. } => Keyword::Rename,
            Command::Subscribe(_) => Keyword::Subscribe,
            Command::Unsubscribe(_) => Keyword::Unsubscribe,
            Command::List(_) => Keyword::List,
            Command::Lsub { .. } => Keyword::Lsub,
            Command::Namespace => Keyword::Namespace,
            Command::Status(_) => Keyword::Status,
            Command::Append(_) => Keyword::Append,
            Command::Idle => Keyword::Idle,
            Command::Check => Keyword::Check,
            Command::Close => Keyword::Close,
            Command::Unselect => Keyword::Unselect,
            Command::Expunge => Keyword::Expunge,
            Command::UidExpunge(_) => Keyword::UidExpunge,
            Command::Search(_) => Keyword::Search,
            Command::Fetch(_) => Keyword::Fetch,
            Command::Store(_) => Keyword::Store,
            Command::Copy { .. } => Keyword::Copy,
            Command::Move { .. } => Keyword::Move,
            Command::Sort(_) => Keyword::Sort,
            Command::Thread(_) => Keyword::Thread,
            Command::Replace(_) => Keyword::Replace,
            Command::ESearch(_) => Keyword::ESearch,
            Command::CancelUpdate(_) => Keyword::CancelUpdate,
            Command::UidBatches { .. } => Keyword::UidBatches,
            Command::GetAcl(_) => Keyword::GetAcl,
            Command::SetAcl(_) => Keyword::SetAcl,
            Command::DeleteAcl { .. } => Keyword::DeleteAcl,
            Command::ListRights { .. } => Keyword::ListRights,
            Command::MyRights(_) => Keyword::MyRights,
            Command::GetQuota(_) => Keyword::GetQuota,
            Command::GetQuotaRoot(_) => Keyword::GetQuotaRoot,
            Command::SetQuota(_) => Keyword::SetQuota,
            Command::GetMetadata(_) => Keyword::GetMetadata,
            Command::SetMetadata(_) => Keyword::SetMetadata,
            Command::Notify(_) => Keyword::Notify,
            Command::Other { .. } => Keyword::Other,
        }
    }

    /// The same with its text held in another way.
    pub fn map_text<U>(self, text: &mut impl FnMut(T) -> U) -> Command<U> {
        match self {
            Command::Capability => Command::Capability,
            Command::Noop => Command::Noop,
            Command::Logout => Command::Logout,
            Command::StartTls => Command::StartTls,
            Command::Authenticate { mechanism, initial } => Command::Authenticate {
                mechanism: text(mechanism),
                initial: initial.map(|Secret(initial)| Secret(text(initial))),
            },
            Command::Login { user, password: Secret(password) } => {
                Command::Login { user: text(user), password: Secret(text(password)) }
            }
            Command::Id(pairs) => {
                Command::Id(pairs.map(|pairs| {
                    pairs.into_iter().map(|(field, value)| (text(field), value.map(&mut *text))).collect()
                }))
            }
            Command::Enable(names) => Command::Enable(names.into_iter().map(|name| name.map_text(text)).collect()),
            Command::Compress(algorithm) => Command::Compress(text(algorithm)),
            Command::Unauthenticate => Command::Unauthenticate,
            Command::Select(select) => Command::Select(select.map_text(text)),
            Command::Examine(select) => Command::Examine(select.map_text(text)),
            Command::Create(create) => Command::Create(create.map_text(text)),
            Command::Delete(mailbox) => Command::Delete(mailbox.map_text(text)),
            Command::Rename { from, to } => Command::Rename { from: from.map_text(text), to: to.map_text(text) },
            Command::Subscribe(mailbox) => Command::Subscribe(mailbox.map_text(text)),
            Command::Unsubscribe(mailbox) => Command::Unsubscribe(mailbox.map_text(text)),
            Command::List(list) => Command::List(list.map_text(text)),
            Command::Lsub { reference, pattern } => {
                Command::Lsub { reference: text(reference), pattern: text(pattern) }
            }
            Command::Namespace => Command::Namespace,
            Command::Status(status) => Command::Status(status.map_text(text)),
            Command::Append(append) => Command::Append(append.map_text(text)),
            Command::Idle => Command::Idle,
            Command::Check => Command::Check,
            Command::Close => Command::Close,
            Command::Unselect => Command::Unselect,
            Command::Expunge => Command::Expunge,
            Command::UidExpunge(set) => Command::UidExpunge(set),
            Command::Search(search) => Command::Search(search.map_text(text)),
            Command::Fetch(fetch) => Command::Fetch(fetch.map_text(text)),
            Command::Store(store) => Command::Store(store.map_text(text)),
            Command::Copy { uid, set, mailbox } => Command::Copy { uid, set, mailbox: mailbox.map_text(text) },
            Command::Move { uid, set, mailbox } => Command::Move { uid, set, mailbox: mailbox.map_text(text) },
            Command::Sort(sort) => Command::Sort(sort.map_text(text)),
            Command::Thread(thread) => Command::Thread(thread.map_text(text)),
            Command::Replace(replace) => Command::Replace(replace.map_text(text)),
            Command::ESearch(search) => Command::ESearch(search.map_text(text)),
            Command::CancelUpdate(tags) => Command::CancelUpdate(tags.into_iter().map(text).collect()),
            Command::UidBatches { size, range } => Command::UidBatches { size, range },
            Command::GetAcl(mailbox) => Command::GetAcl(mailbox.map_text(text)),
            Command::SetAcl(set) => Command::SetAcl(set.map_text(text)),
            Command::DeleteAcl { mailbox, identifier } => {
                Command::DeleteAcl { mailbox: mailbox.map_text(text), identifier: text(identifier) }
            }
            Command::ListRights { mailbox, identifier } => {
                Command::ListRights { mailbox: mailbox.map_text(text), identifier: text(identifier) }
            }
            Command::MyRights(mailbox) => Command::MyRights(mailbox.map_text(text)),
            Command::GetQuota(root) => Command::GetQuota(text(root)),
            Command::GetQuotaRoot(mailbox) => Command::GetQuotaRoot(mailbox.map_text(text)),
            Command::SetQuota(set) => Command::SetQuota(set.map_text(text)),
            Command::GetMetadata(metadata) => Command::GetMetadata(metadata.map_text(text)),
            Command::SetMetadata(metadata) => Command::SetMetadata(metadata.map_text(text)),
            Command::Notify(notify) => Command::Notify(notify.map_text(text)),
            Command::Other { name, arguments } => Command::Other { name: text(name), arguments: text(arguments) },
        }
    }
}

impl<T: AsRef<[u8]>> Encode for TaggedCommand<T> {
    /// Writes the command and its line end; without it if it ends in a message that is only announced.
    fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        writer.tag(self.tag.as_ref())?;
        writer.space();
        if let Command::Other { name, arguments } = &self.command {
            write_other(name.as_ref(), arguments.as_ref(), writer)?;
            writer.line_end();
            return Ok(());
        }
        writer.put(self.command.keyword().name().as_bytes());
        let is_announced = self.command.write_arguments(writer)?;
        if !is_announced {
            writer.line_end();
        }
        Ok(())
    }
}

impl<T: AsRef<[u8]>> Command<T> {
    /// Writes the arguments, with a space before them, and says whether they end in an announcement.
    fn write_arguments(&self, writer: &mut Writer<'_>) -> Result<bool, Unwritable> {
        match self {
            Command::Capability
            | Command::Noop
            | Command::Logout
            | Command::StartTls
            | Command::Unauthenticate
            | Command::Namespace
            | Command::Idle
            | Command::Check
            | Command::Close
            | Command::Unselect
            | Command::Expunge
            | Command::Other { .. } => return Ok(false),
            _ => writer.space(),
        }
        match self {
            Command::Append(append) => return append.write(writer),
            Command::Replace(replace) => return replace.write(writer),
            other => other.write_plain(writer)?,
        }
        Ok(false)
    }

    fn write_plain(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        match self {
            Command::Authenticate { mechanism, initial } => {
                writer.atom(mechanism.as_ref())?;
                if let Some(Secret(initial)) = initial {
                    writer.space();
                    writer.atom(initial.as_ref())?;
                }
                Ok(())
            }
            Command::Login { user, password: Secret(password) } => {
                writer.astring(user.as_ref())?;
                writer.space();
                writer.astring(password.as_ref())
            }
            Command::Id(None) => writer.nstring(None),
            Command::Id(Some(pairs)) if pairs.len() > ID_PAIRS => Err(Unwritable::TooMany),
            Command::Id(Some(pairs)) => writer.list(pairs, |writer, (field, value)| {
                writer.string(field.as_ref())?;
                writer.space();
                writer.nstring(value.as_ref().map(AsRef::as_ref))
            }),
            Command::Enable(names) if names.is_empty() => Err(Unwritable::Empty),
            Command::Enable(names) => writer.spaced(names, |writer, name| name.write(writer)),
            Command::Compress(algorithm) => writer.atom(algorithm.as_ref()),
            Command::Select(select) | Command::Examine(select) => select.write(writer),
            Command::Create(create) => create.write(writer),
            Command::Rename { from, to } => {
                from.write(writer)?;
                writer.space();
                to.write(writer)
            }
            Command::Delete(mailbox)
            | Command::Subscribe(mailbox)
            | Command::Unsubscribe(mailbox)
            | Command::GetAcl(mailbox)
            | Command::MyRights(mailbox)
            | Command::GetQuotaRoot(mailbox) => mailbox.write(writer),
            Command::List(list) => list.write(writer),
            Command::Lsub { reference, pattern } => {
                writer.astring(reference.as_ref())?;
                writer.space();
                writer.list_mailbox(pattern.as_ref())
            }
            Command::Status(status) => status.write(writer),
            Command::UidExpunge(set) => {
                write_set(set, writer);
                Ok(())
            }
            Command::Search(search) => search.write(writer),
            Command::Fetch(fetch) => fetch.write(writer),
            Command::Store(store) => store.write(writer),
            Command::Copy { set, mailbox, .. } | Command::Move { set, mailbox, .. } => {
                write_set(set, writer);
                writer.space();
                mailbox.write(writer)
            }
            Command::Sort(sort) => sort.write(writer),
            Command::Thread(thread) => thread.write(writer),
            Command::ESearch(search) => search.write(writer),
            Command::CancelUpdate(tags) if tags.is_empty() => Err(Unwritable::Empty),
            Command::CancelUpdate(tags) => writer.spaced(tags, |writer, tag| writer.quoted(tag.as_ref())),
            Command::UidBatches { size, range } => {
                writer.number(u64::from(size.get()));
                if let Some((from, to)) = range {
                    writer.space();
                    writer.number(u64::from(from.get()));
                    writer.put(b":");
                    writer.number(u64::from(to.get()));
                }
                Ok(())
            }
            Command::SetAcl(set) => set.write(writer),
            Command::DeleteAcl { mailbox, identifier } | Command::ListRights { mailbox, identifier } => {
                mailbox.write(writer)?;
                writer.space();
                writer.astring(identifier.as_ref())
            }
            Command::GetQuota(root) => writer.astring(root.as_ref()),
            Command::SetQuota(set) => set.write(writer),
            Command::GetMetadata(metadata) => metadata.write(writer),
            Command::SetMetadata(metadata) => metadata.write(writer),
            Command::Notify(notify) => notify.write(writer),
            _ => Ok(()),
        }
    }
}

/// A command that this crate does not know: a name that it knows would be read with other arguments, and arguments are words, strings and
/// lists with spaces between them, so that they are one line with its literals.
fn write_other(name: &[u8], mut arguments: &[u8], writer: &mut Writer<'_>) -> Result<(), Unwritable> {
    let (first, second) = match name.iter().position(|byte| *byte == b' ') {
        Some(space) => (&name[..space], Some(&name[space + 1..])),
        None => (name, None),
    };
    let is_uid = first.eq_ignore_ascii_case(b"UID");
    let is_known = match second {
        Some(second) => !is_uid || Keyword::after_uid(second).is_some(),
        None => is_uid || Keyword::from_bytes(first) != Keyword::Other,
    };
    if is_known {
        return Err(Unwritable::Value);
    }
    writer.atom(first)?;
    if let Some(second) = second {
        writer.space();
        writer.atom(second)?;
    }
    while !arguments.is_empty() {
        writer.space();
        let (rest, value) = opaque(arguments).map_err(|_| Unwritable::Value)?;
        debug_assert!(is_opaque(value));
        writer.opaque(value)?;
        arguments = match rest {
            [] => rest,
            [b' ', rest @ ..] if !rest.is_empty() => rest,
            _ => return Err(Unwritable::Value),
        };
    }
    Ok(())
}
