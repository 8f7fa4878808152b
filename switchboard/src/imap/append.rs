//! APPEND, with MULTIAPPEND, and REPLACE.

use std::num::NonZeroU32;
use std::sync::Arc;

use bytes::Bytes;
use imap_proto::codec::{Code, SequenceSet, Uid, UidSet};
use imap_proto::server::{AppendRequest, AppendStep, Appended, MessageFacts, kind};
use imap_proto::view::View;
use wirestate_machine::{Misuse, Ticket};

use super::Machine;
use super::edit::flag_code;
use super::select::mailbox_name;
use super::session::Session;
use super::url::Url;
use crate::mailstore::{self, Draft, FlagError, Flags, MailStore, Mailbox, MailboxName, MailboxNameError, StoreError};
use crate::offload::Offload;

/// How many messages one APPEND may bring: each holds a file open until the
/// last has come.
const MESSAGES: usize = 100;

/// Messages that come.
pub(super) struct Appending {
    store: Arc<MailStore>,
    target: Arc<Mailbox>,
    /// What goes when they are there, and where it is.
    replaces: Option<(Arc<Mailbox>, mailstore::Uid)>,
    messages: Vec<mailstore::Appending>,
    /// How long one may be.
    limit: u64,
    /// Why what comes now comes in vain.
    failure: Option<Failure>,
}

/// Why messages are not taken.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Flag(#[from] FlagError),
    #[error("this URL names no message of yours, or no part of it")]
    Url(Bytes),
    #[error("the message is too long")]
    TooBig,
    #[error("nothing is known of this property of messages")]
    Extension,
    #[error("an APPEND can bring {MESSAGES} messages at most")]
    TooMany,
    #[error("an empty message is none")]
    Empty,
    #[error("a message cannot hold NUL")]
    Nul,
}

impl<O: Offload> Session<O> {
    pub(super) async fn append_begin(
        &mut self,
        machine: &mut Machine,
        ticket: Ticket<kind::AppendBegin>,
        request: AppendRequest,
    ) -> Result<(), Misuse> {
        let appending = match self.appending.take() {
            Some(appending) => Ok(appending),
            None if request.replaces.is_some() && machine.view().is_none_or(View::is_read_only) => {
                return machine.no(ticket, None, "the mailbox is read-only");
            }
            None => {
                let name = mailbox_name(machine, &request.mailbox);
                self.begin(name, request.replaces, machine.config().limits.message).await.map_err(Failure::Store)
            }
        };
        let taken = match appending {
            Ok(appending) => self.offload.run(move || appending.take(request.steps)).await,
            Err(failure) => Err(failure),
        };
        match taken {
            Ok(appending) => {
                self.appending = Some(appending);
                machine.take_message(ticket)
            }
            Err(failure) => self.refuse_message(machine, ticket, failure),
        }
    }

    async fn begin(
        &self,
        name: Result<MailboxName, MailboxNameError>,
        replaces: Option<Uid>,
        limit: u64,
    ) -> Result<Box<Appending>, StoreError> {
        let name = name?;
        let store = self.store.clone().ok_or(StoreError::NoMailbox)?;
        let source = self.selected.as_ref().map(|selected| selected.shared.mailbox.clone());
        let replaces = source.zip(replaces.map(Uid::non_zero));
        self.offload
            .run(move || {
                let target = store.mailbox(&name)?;
                Ok(Box::new(Appending { store, target, replaces, messages: Vec::new(), limit, failure: None }))
            })
            .await
    }

    pub(super) async fn append_data(&mut self, piece: Bytes) {
        let Some(mut appending) = self.appending.take().filter(|appending| appending.failure.is_none()) else {
            return;
        };
        let write = move || {
            appending.failure = appending.write(&piece).err();
            appending
        };
        self.appending = Some(self.offload.run(write).await);
    }

    pub(super) async fn append_end(
        &mut self,
        machine: &mut Machine,
        ticket: Ticket<kind::AppendEnd>,
    ) -> Result<(), Misuse> {
        let Some(appending) = self.appending.take() else { return machine.no(ticket, None, "no message has come") };
        let origin = self.origin;
        match self.offload.run(move || appending.put(origin)).await {
            Ok(done) => {
                let uids: UidSet = done.uids.iter().map(|uid| Uid::from(*uid)).collect();
                let uid_validity = NonZeroU32::new(done.uid_validity);
                let appended = uid_validity.zip(SequenceSet::from_numbers(&uids));
                machine.appended(ticket, appended.map(|(uid_validity, uids)| Appended { uid_validity, uids }))
            }
            Err(failure) => self.refuse_message(machine, ticket, failure),
        }
    }

    fn refuse_message<K: kind::Refusable>(
        &self,
        machine: &mut Machine,
        ticket: Ticket<K>,
        failure: Failure,
    ) -> Result<(), Misuse> {
        let text = failure.to_string();
        let code = match failure {
            Failure::Store(error) => return self.refuse(machine, ticket, &error, true),
            Failure::Extension => return machine.bad(ticket, None, text),
            Failure::Flag(error) => flag_code(&error),
            Failure::Url(url) => Code::BadUrl(url),
            Failure::TooMany => Code::Limit,
            Failure::TooBig => Code::TooBig,
            Failure::Empty => Code::Cannot,
            // Of a literal8 (RFC 3516 section 4).
            Failure::Nul => Code::UnknownCte,
        };
        machine.no(ticket, code, text)
    }
}

// All of it blocks.
impl Appending {
    /// Does what is announced, as far as it is there. Failing lets go of all messages.
    fn take(mut self: Box<Self>, steps: Vec<AppendStep>) -> Result<Box<Self>, Failure> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        let mut announced = 0;
        for step in steps {
            match step {
                AppendStep::Message(facts) => self.add(*facts)?,
                AppendStep::Url(url) => {
                    let text = Url::parse(&url).ok_or_else(|| Failure::Url(url.clone()))?.read(&self.store);
                    match text {
                        Ok(Some(text)) => self.write(&text)?,
                        Ok(None) | Err(StoreError::NoMailbox | StoreError::Vanished) => return Err(Failure::Url(url)),
                        Err(error) => return Err(error.into()),
                    }
                }
                AppendStep::Whole(text) => self.write(&text)?,
                // It comes in pieces.
                AppendStep::Text { len, .. } => announced = len,
                _ => return Err(Failure::Extension),
            }
        }
        // Said before it comes, where it can be.
        let octets = self.messages.iter().map(|message| message.draft.len()).sum::<u64>();
        let more = if self.replaces.is_some() { 0 } else { self.messages.len() as u64 };
        self.store.check_room(more, if self.replaces.is_some() { 0 } else { octets.saturating_add(announced) })?;
        Ok(self)
    }

    fn add(&mut self, facts: MessageFacts) -> Result<(), Failure> {
        self.check_last()?;
        if !facts.extensions.is_empty() {
            return Err(Failure::Extension);
        }
        if self.messages.len() >= MESSAGES {
            return Err(Failure::TooMany);
        }
        let words: Vec<String> = facts.flags.iter().map(ToString::to_string).collect();
        let flags = Flags::parse(words.iter().map(String::as_str))?;
        let internal_date = facts.date.map(|date| date.unix());
        self.messages.push(mailstore::Appending { draft: self.store.draft()?, flags, internal_date });
        Ok(())
    }

    fn write(&mut self, piece: &[u8]) -> Result<(), Failure> {
        if memchr::memchr(0, piece).is_some() {
            return Err(Failure::Nul);
        }
        let Some(message) = self.messages.last_mut() else { return Err(Failure::Empty) };
        if message.draft.len().saturating_add(piece.len() as u64) > self.limit {
            return Err(Failure::TooBig);
        }
        let written = message.draft.write(piece);
        written.map_err(|source| StoreError::File { path: "the message that comes".into(), source }.into())
    }

    /// An empty message takes back the whole command (RFC 3502 section 6.3.11).
    fn check_last(&self) -> Result<(), Failure> {
        let is_empty = self.messages.last().is_some_and(|message| Draft::is_empty(&message.draft));
        if is_empty { Err(Failure::Empty) } else { Ok(()) }
    }

    fn put(mut self, origin: mailstore::Origin) -> Result<mailstore::Appended, Failure> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        self.check_last()?;
        let Self { target, replaces, mut messages, .. } = self;
        Ok(match replaces {
            None => target.append(origin, messages)?,
            Some((source, uid)) => {
                let by = messages.pop().ok_or(Failure::Empty)?;
                source.replace(origin, uid, by, &target)?
            }
        })
    }
}
