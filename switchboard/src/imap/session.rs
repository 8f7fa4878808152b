//! One connection from its beginning to its end.

use std::sync::Arc;

use imap_proto::codec::{Code, MetadataCode};
use imap_proto::server::{Ask, Event, Reply, Violation, kind};
use imap_proto::view::SessionId;
use wirestate_driver::{Connection, Error, Handle, Stream};
use wirestate_machine::{Misuse, Ticket};
use wirestate_sasl::server::{Answer, Identity, Rejection};

use super::append::Appending;
use super::fetch::Fetching;
use super::notify::Notifying;
use super::shared::Shared;
use super::{Imap, Machine};
use crate::credentials;
use crate::mailstore::{MailStore, Origin, StoreError};
use crate::name::UserName;
use crate::offload::Offload;

/// Serves one connection to its end, and logs what happened.
// No async fn: that would have room for its arguments twice, and there are as many of these as there are connections.
pub fn session<S: Stream>(
    mut conn: Connection<Machine, S>,
    imap: Arc<Imap>,
    offload: impl Offload,
) -> impl Future<Output = ()> {
    let id = conn.info().id();
    let mut session = Session {
        id,
        imap,
        offload,
        handle: conn.handle(),
        origin: Origin::fresh(),
        user: String::new(),
        store: None,
        selected: None,
        notifying: None,
        fetching: None,
        appending: None,
    };
    async move {
        if let Err(fault) = session.run(&mut conn).await {
            tracing::info!(session = id, user = session.user, reason = %fault, "broken off");
        }
    }
}

pub(super) struct Session<O> {
    pub(super) id: u64,
    pub(super) imap: Arc<Imap>,
    pub(super) offload: O,
    pub(super) handle: Handle<Machine>,
    /// By this the store tells this session's changes from others'.
    pub(super) origin: Origin,
    /// Who logged in, or tries to.
    pub(super) user: String,
    pub(super) store: Option<Arc<MailStore>>,
    pub(super) selected: Option<Selected>,
    /// What is told of other mailboxes.
    pub(super) notifying: Option<Box<Notifying>>,
    /// What is being told of messages.
    pub(super) fetching: Option<Box<Fetching>>,
    /// The messages that come.
    pub(super) appending: Option<Box<Appending>>,
}

/// The selected mailbox; dropping it leaves the mailbox.
pub(super) struct Selected {
    pub(super) shared: Arc<Shared>,
    pub(super) session: SessionId,
}

impl Drop for Selected {
    fn drop(&mut self) {
        self.shared.leave(self.session);
    }
}

/// What broke a session off.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error(transparent)]
    Connection(#[from] Error<wirestate_layers::Error<wirestate_layers::Error<Violation>>>),
    #[error("an answer did not fit its question: {0}")]
    Misuse(#[from] Misuse),
}

impl<O: Offload> Session<O> {
    // What is large and seldom awaited is boxed, or each session would have room for it all the time.
    async fn run<S: Stream>(&mut self, conn: &mut Connection<Machine, S>) -> Result<(), Fault> {
        while let Some(event) = conn.try_next().await? {
            match event {
                Event::Poll(ticket) => self.catch_up(conn.machine(), ticket)?,
                Event::Secured(facts) => {
                    if let Some(subject) = facts.peer_subject {
                        tracing::info!(session = self.id, subject, "client certificate");
                    }
                }
                Event::Authenticate { ticket, ask } => {
                    let answer = Box::pin(self.judge(ask)).await;
                    conn.machine().authenticate(ticket, answer)?;
                }
                Event::LoginFailed { count, failure } => {
                    tracing::warn!(session = self.id, user = self.user, count, reason = %failure, "login failed");
                }
                Event::LoggedIn { ticket, identity } => Box::pin(self.enter(conn.machine(), ticket, identity)).await?,
                Event::LoggedOut => {
                    (self.store, self.selected) = (None, None);
                    (self.notifying, self.appending) = (None, None);
                }
                Event::Elsewhere => Box::pin(self.tell_elsewhere(conn.machine())).await?,
                Event::ClientId => {}
                Event::Select { ticket, request } => {
                    Box::pin(self.select(conn.machine(), ticket, *request)).await?;
                }
                Event::Deselected => self.selected = None,
                Event::Fetch { ticket, request } => Box::pin(self.fetch(conn.machine(), ticket, *request)).await?,
                Event::Writable => Box::pin(self.fetch_on(conn.machine())).await?,
                Event::Store { ticket, request } => Box::pin(self.store(conn.machine(), ticket, *request)).await?,
                Event::Expunge { ticket, request } => Box::pin(self.expunge(conn.machine(), ticket, request)).await?,
                Event::Search { ticket, request } => Box::pin(self.search(conn.machine(), ticket, *request)).await?,
                Event::Copy { ticket, request } => Box::pin(self.copy(conn.machine(), ticket, *request)).await?,
                Event::AppendBegin { ticket, request } => {
                    Box::pin(self.append_begin(conn.machine(), ticket, *request)).await?;
                }
                Event::AppendData(piece) => Box::pin(self.append_data(piece)).await,
                Event::AppendEnd { ticket } => Box::pin(self.append_end(conn.machine(), ticket)).await?,
                Event::AppendCancelled => self.appending = None,
                Event::Command { ticket, command } => {
                    Box::pin(self.command(conn.machine(), ticket, *command)).await?;
                }
                Event::Rejected { keyword, why } => {
                    tracing::debug!(session = self.id, ?keyword, reason = %why, "command refused");
                }
                Event::Closed(why) => {
                    tracing::info!(session = self.id, user = self.user, reason = ?why, "ended");
                    (self.store, self.selected, self.notifying) = (None, None, None);
                    (self.fetching, self.appending) = (None, None);
                }
                // Of what is not configured nothing can come.
                _ => {}
            }
        }
        Ok(())
    }

    fn catch_up(&mut self, machine: &mut Machine, ticket: Ticket<kind::Poll>) -> Result<(), Misuse> {
        match &self.selected {
            Some(selected) => machine.catch_up(ticket, &mut selected.shared.desk().hub),
            None => machine.unchanged(ticket),
        }
    }

    // --- login ---

    async fn judge(&mut self, ask: Ask) -> Answer {
        match ask {
            Ask::Sasl(ask) => {
                if let Some(user) = credentials::claimed(&ask) {
                    user.clone_into(&mut self.user);
                }
                self.imap.prepared.credentials.answer(ask, &self.offload).await
            }
            Ask::External { authzid, certificate } => {
                self.imap.prepared.credentials.prove(authzid.as_deref(), &certificate.names)
            }
            _ => Answer::Reject(Rejection::Credentials),
        }
    }

    async fn enter(
        &mut self,
        machine: &mut Machine,
        ticket: Ticket<kind::LogIn>,
        identity: Identity,
    ) -> Result<(), Misuse> {
        identity.name().clone_into(&mut self.user);
        let opened = match UserName::parse(identity.name()) {
            Ok(name) => {
                let prepared = self.imap.prepared.clone();
                self.offload.run(move || prepared.store.mailstore(&name)).await
            }
            Err(_) => Ok(None),
        };
        match opened {
            Ok(Some(store)) => {
                tracing::info!(session = self.id, user = self.user, "logged in");
                self.store = Some(store);
                machine.welcome(ticket)
            }
            Ok(None) => machine.refuse_login(ticket, Reply::no(Code::AuthorizationFailed, "there are no mailboxes")),
            Err(error) => {
                tracing::warn!(session = self.id, user = self.user, reason = %error, "login refused");
                machine.refuse_login(ticket, Reply::no(Code::Unavailable, "the mailboxes cannot be opened now"))
            }
        }
    }

    // --- what goes wrong ---

    /// Says why the store did not do it.
    pub(super) fn refuse<K: kind::Refusable>(
        &self,
        machine: &mut Machine,
        ticket: Ticket<K>,
        error: &StoreError,
        is_target: bool,
    ) -> Result<(), Misuse> {
        let code = match error {
            StoreError::NoMailbox if is_target => Code::TryCreate,
            StoreError::NoMailbox | StoreError::Gone => Code::NonExistent,
            StoreError::AlreadyExists => Code::AlreadyExists,
            StoreError::HasChildren => Code::HasChildren,
            StoreError::Vanished => Code::ExpungeIssued,
            StoreError::UseTaken => Code::UseAttr,
            StoreError::TooManyAnnotations => Code::Metadata(MetadataCode::TooMany),
            StoreError::AnnotationTooLong => Code::Metadata(MetadataCode::MaxSize(MailStore::ANNOTATION_MAX as u64)),
            StoreError::OverQuota => Code::OverQuota,
            StoreError::TooManyKeywords | StoreError::UidsUsedUp => Code::Limit,
            StoreError::Inbox | StoreError::IntoItself | StoreError::Name(_) => Code::Cannot,
            _ => Code::Unavailable,
        };
        let text = match error {
            StoreError::File { .. } | StoreError::Index(_) => {
                tracing::error!(session = self.id, user = self.user, reason = %error, "the mailboxes failed");
                "the mailboxes cannot be used now".to_owned()
            }
            other => other.to_string(),
        };
        machine.no(ticket, code, text)
    }
}
