//! One connection from its beginning to its end.

use std::sync::Arc;

use async_lock::OnceCell;
use wirestate_driver::{Connection, Error, Handle, Stream};
use wirestate_machine::{Misuse, Ticket};
use wirestate_sasl::server::{Answer, Rejection};
use xmpp_proto::router::Session as SessionId;
use xmpp_proto::server::{Ask, BindRequest, Event, Reason, Violation, kind};

use super::hub::{Found, Hub, Line};
use super::{Machine, Xmpp};
use crate::credentials;
use crate::offload::Offload;

/// Serves one connection to its end, and logs what happened.
// No async fn: that would have room for its arguments twice, and there are as many of these as there are connections.
pub(super) fn session<S: Stream>(
    mut conn: Connection<Machine, S>,
    xmpp: Arc<Xmpp>,
    offload: impl Offload,
) -> impl Future<Output = ()> {
    let id = conn.info().id();
    let handle = conn.handle();
    let connection = handle.id();
    let seat = Seat { hub: xmpp.hub.clone(), session: xmpp.hub.enter(Line::Client(handle)), connection };
    let mut session = Session { id, xmpp, offload, seat, user: String::new() };
    async move {
        if let Err(fault) = session.run(&mut conn).await {
            tracing::info!(session = id, reason = %fault, "broken off");
        }
        // What can go on waits for its client; all else ends with the seat.
        if let Some(suspended) = conn.machine().suspend() {
            tracing::info!(session = id, jid = %suspended.jid(), "waits for its client");
            session.seat.hub.suspend(session.seat.session, connection, suspended);
        }
    }
}

/// A session's place at the hub, which it leaves, whatever happens to it.
struct Seat {
    hub: Arc<Hub>,
    session: SessionId,
    connection: u64,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.hub.leave(self.session, self.connection);
    }
}

struct Session<O> {
    id: u64,
    xmpp: Arc<Xmpp>,
    offload: O,
    seat: Seat,
    /// Who logged in, or tries to.
    user: String,
}

/// What broke a session off.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Connection(#[from] Error<wirestate_layers::Error<wirestate_layers::Error<wirestate_layers::Error<Violation>>>>),
    #[error("an answer did not fit its question: {0}")]
    Misuse(#[from] Misuse),
}

impl<O: Offload> Session<O> {
    // What happens once or seldom in a session is boxed, or each would have room for it all the time.
    async fn run<S: Stream>(&mut self, conn: &mut Connection<Machine, S>) -> Result<(), Fault> {
        while let Some(event) = conn.try_next().await? {
            match event {
                Event::Stanza(stanza) => {
                    let debt = self.seat.hub.handle(self.seat.session, &stanza);
                    drop(stanza);
                    if let Some(debt) = debt {
                        Box::pin(debt.lessen()).await;
                    }
                }
                Event::Secured(facts) => {
                    if let Some(subject) = facts.peer_subject {
                        tracing::info!(session = self.id, subject, "client certificate");
                    }
                }
                Event::Authenticate { ticket, ask } => {
                    let answer = Box::pin(self.judge(*ask)).await;
                    conn.machine().authenticate(ticket, answer)?;
                }
                Event::LoggedIn(who) => {
                    who.identity.name().clone_into(&mut self.user);
                    tracing::info!(session = self.id, user = self.user, mechanism = who.mechanism, "logged in");
                }
                Event::LoginFailed { count, why } => {
                    tracing::warn!(session = self.id, user = self.user, count, reason = ?why, "login failed");
                }
                Event::Token { ticket, request } => {
                    let user = request.account.local().unwrap_or_default();
                    let token = self.seat.hub.tokens().give(user, request.user_agent.as_ref());
                    conn.machine().give_token(ticket, token.as_ref())?;
                }
                Event::Bind { ticket, request } => self.bind(conn.machine(), ticket, &request)?,
                Event::Managed { id } => self.seat.hub.name_stream(self.seat.session, id),
                Event::Unresumable => self.seat.hub.name_stream(self.seat.session, None),
                Event::Resume { ticket, id } => Box::pin(self.resume(conn, ticket, &id)).await?,
                Event::Closed(reason) => {
                    tracing::info!(session = self.id, reason = %reason, "ended");
                    if matches!(reason, Reason::Ended | Reason::Shutdown | Reason::Closed) {
                        self.seat.hub.leave(self.seat.session, self.seat.connection);
                    }
                }
                // Of what is not configured nothing can come, and what is left needs no answer.
                _ => {}
            }
        }
        Ok(())
    }

    async fn judge(&mut self, ask: Ask) -> Answer {
        let credentials = &self.xmpp.prepared.credentials;
        match ask {
            Ask::Sasl(ask) => {
                if let Some(user) = credentials::claimed(&ask) {
                    user.clone_into(&mut self.user);
                }
                credentials.answer(ask, &self.offload).await
            }
            Ask::External { authzid, certificate } => {
                // Who names a whole address means its user (XEP-0178 §2).
                let name = authzid.as_deref().map(|wanted| wanted.split_once('@').map_or(wanted, |(name, _)| name));
                match (credentials.prove(name, &certificate.names), name) {
                    (Answer::Accept, Some(name)) => Answer::AcceptAs(wirestate_sasl::server::Identity::new(name)),
                    (answer, _) => answer,
                }
            }
            Ask::Token { user, proof, count, invalidate, user_agent } => {
                user.clone_into(&mut self.user);
                let token = self.seat.hub.tokens().find(&user, &proof, user_agent.as_ref(), count, invalidate);
                token.map_or(Answer::NoKeys, Answer::Secret)
            }
            _ => Answer::Reject(Rejection::Credentials),
        }
    }

    fn bind(&mut self, machine: &mut Machine, ticket: Ticket<kind::Bind>, request: &BindRequest) -> Result<(), Misuse> {
        match self.seat.hub.bind(self.seat.session, request) {
            Ok(jid) => {
                tracing::info!(session = self.id, %jid, "bound");
                machine.bind(ticket, jid.resource().unwrap_or_default())
            }
            Err(fault) => {
                tracing::warn!(session = self.id, user = self.user, reason = %fault, "no resource");
                machine.refuse_bind(ticket, fault.condition())
            }
        }
    }

    async fn resume<S: Stream>(
        &mut self,
        conn: &mut Connection<Machine, S>,
        ticket: Ticket<kind::Resume>,
        name: &str,
    ) -> Result<(), Misuse> {
        let Some(account) = conn.machine().jid().cloned() else {
            return conn.machine().refuse_resume(ticket, None);
        };
        let mut found = self.seat.hub.resume(self.seat.session, name, account.as_ref());
        if let Found::Elsewhere(session, old) = found {
            self.fetch(session, &old).await;
            found = self.seat.hub.resume(self.seat.session, name, account.as_ref());
        }
        match found {
            Found::Waiting(session, suspended) => {
                self.seat.session = session;
                tracing::info!(session = self.id, jid = %suspended.jid(), "goes on");
                conn.machine().resume(ticket, *suspended)
            }
            _ => conn.machine().refuse_resume(ticket, None),
        }
    }

    /// Waits until another connection has given up its stream, if it can.
    async fn fetch(&self, session: SessionId, old: &Handle<Machine>) {
        let done = Arc::new(OnceCell::new());
        let (told, hub, connection) = (Told(done.clone()), self.seat.hub.clone(), old.id());
        let asked = old.tell(move |machine| {
            let _told = told;
            match machine.suspend() {
                Some(suspended) => hub.suspend(session, connection, suspended),
                None => hub.give_up(session, connection),
            }
        });
        if asked.is_ok() {
            done.wait().await;
        } else {
            self.seat.hub.give_up(session, connection);
        }
    }
}

/// Tells, when it goes, that something is done, or never will be.
struct Told(Arc<OnceCell<()>>);

impl Drop for Told {
    fn drop(&mut self) {
        let _ = self.0.set_blocking(());
    }
}
