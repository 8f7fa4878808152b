//! One connection from its beginning to its end.

use std::sync::Arc;

use bytes::Bytes;
use irc_proto::network::{ClaimFault, Newcomer, Session as SessionId};
use irc_proto::nick::NickFault;
use irc_proto::server::{Ask, Event, GatewayRequest, NickRefusal, Reason, Refusal, Registration, Violation, kind};
use wirestate_driver::{Connection, Error, Stream};
use wirestate_machine::{Misuse, Ticket};
use wirestate_sasl::Secret;
use wirestate_sasl::server::{Answer, Rejection};

use super::hub::{Errand, Hub};
use super::operators::is_operator;
use super::{Irc, Machine};
use crate::credentials;
use crate::offload::Offload;

/// Serves one connection to its end, and logs what happened.
// No async fn: that would have room for its arguments twice, and there are as many of these as there are connections.
pub(super) fn session<S: Stream>(
    mut conn: Connection<Machine, S>,
    irc: Arc<Irc>,
    offload: impl Offload,
) -> impl Future<Output = ()> {
    let id = conn.info().id();
    let seat = Seat { hub: irc.hub.clone(), session: irc.hub.enter(conn.handle()), is_left: false };
    let host = irc.hosts.of(conn.info().peer());
    let mut session = Session { id, irc, offload, seat, host, user: String::new(), is_registered: false };
    async move {
        let fault = loop {
            let event = match conn.try_next().await {
                Ok(Some(event)) => event,
                Ok(None) => return,
                Err(error) => break Fault::from(error),
            };
            if let Err(misuse) = session.hear(&mut conn, event).await {
                break misuse.into();
            }
        };
        tracing::info!(session = id, reason = %fault, "broken off");
        session.seat.leave(fault.to_string().as_bytes());
    }
}

/// A session's place on the network, which it leaves once, whatever happens to
/// it.
struct Seat {
    hub: Arc<Hub>,
    session: SessionId,
    is_left: bool,
}

impl Seat {
    fn leave(&mut self, reason: &[u8]) {
        if !std::mem::replace(&mut self.is_left, true) {
            self.hub.leave(self.session, reason);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.leave(b"Connection closed");
    }
}

struct Session<O> {
    id: u64,
    irc: Arc<Irc>,
    offload: O,
    seat: Seat,
    /// Where the user comes from, as others see it.
    host: String,
    /// Who logged in, or tries to.
    user: String,
    is_registered: bool,
}

/// What broke a session off.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Connection(#[from] Error<wirestate_layers::Error<wirestate_layers::Error<Violation>>>),
    #[error("an answer did not fit its question: {0}")]
    Misuse(#[from] Misuse),
}

impl<O: Offload> Session<O> {
    // What happens once or seldom in a session is boxed, or each would have room for it all the time.
    async fn hear<S: Stream>(&mut self, conn: &mut Connection<Machine, S>, event: Event) -> Result<(), Misuse> {
        match event {
            Event::Message(message) => {
                let errands = self.seat.hub.handle(self.seat.session, message.borrow());
                drop(message);
                if !errands.is_empty() {
                    Box::pin(self.run_errands(conn.machine(), errands)).await;
                }
            }
            Event::Secured(facts) => {
                if let Some(subject) = facts.peer_subject {
                    tracing::info!(session = self.id, subject, "client certificate");
                }
                self.seat.hub.release(self.seat.session);
            }
            Event::Gateway { ticket, request } => Box::pin(self.gateway(conn, ticket, *request)).await?,
            Event::Forwarded(forwarded) => {
                self.host = self.irc.hosts.of_ip(forwarded.address, Some(&forwarded.host));
                let (gateway, address) = (forwarded.gateway, forwarded.address);
                tracing::info!(session = self.id, gateway, %address, "comes by a gateway");
            }
            Event::Nick { ticket, nick } => self.claim(conn.machine(), ticket, &nick)?,
            Event::Authenticate { ticket, ask } => {
                let answer = Box::pin(self.judge(*ask)).await;
                conn.machine().authenticate(ticket, answer)?;
            }
            Event::LoggedIn(identity) => {
                identity.name().clone_into(&mut self.user);
                tracing::info!(session = self.id, user = self.user, "logged in");
                if self.is_registered {
                    self.seat.hub.set_account(self.seat.session, &self.user);
                }
            }
            Event::LoginFailed { count, failure } => {
                tracing::warn!(session = self.id, user = self.user, count, reason = %failure, "login failed");
            }
            Event::Register { ticket, registration } => {
                Box::pin(self.register(conn.machine(), ticket, *registration)).await?;
            }
            Event::Capabilities(capabilities) => {
                self.seat.hub.set_capabilities(self.seat.session, capabilities);
            }
            Event::Rejected { keyword, why } => {
                tracing::debug!(session = self.id, ?keyword, reason = %why, "command refused");
            }
            Event::Closed(reason) => {
                tracing::info!(session = self.id, reason = %reason, "ended");
                self.seat.leave(&farewell(&reason));
            }
            // Of what is not configured nothing can come.
            _ => {}
        }
        Ok(())
    }

    // --- before registration ---

    async fn gateway<S: Stream>(
        &mut self,
        conn: &mut Connection<Machine, S>,
        ticket: Ticket<kind::Gateway>,
        request: GatewayRequest,
    ) -> Result<(), Misuse> {
        let prepared = &self.irc.prepared;
        let peer = conn.info().peer().clone();
        for gateway in prepared.settings.irc.webirc.iter().filter(|gateway| gateway.networks.include(&peer)) {
            let password = Secret::new(request.password.expose());
            if prepared.credentials.check(&gateway.password, password, &self.offload).await {
                tracing::info!(session = self.id, gateway = gateway.name, "gateway");
                return conn.machine().accept_gateway(ticket);
            }
        }
        tracing::warn!(session = self.id, %peer, "a gateway is not trusted");
        conn.machine().refuse_gateway(ticket)
    }

    fn claim(&mut self, machine: &mut Machine, ticket: Ticket<kind::Nick>, nick: &Bytes) -> Result<(), Misuse> {
        match self.seat.hub.claim(self.seat.session, nick) {
            Ok(()) => machine.accept_nick(ticket),
            Err(fault) => machine.refuse_nick(ticket, refusal(fault)),
        }
    }

    async fn judge(&mut self, ask: Ask) -> Answer {
        let claimed = match &ask {
            Ask::Sasl(ask) => credentials::claimed(ask),
            Ask::External { authzid, .. } => authzid.as_deref(),
            _ => None,
        };
        if let Some(user) = claimed {
            user.clone_into(&mut self.user);
        }
        let credentials = &self.irc.prepared.credentials;
        match ask {
            Ask::Sasl(ask) => credentials.answer(ask, &self.offload).await,
            Ask::External { authzid, certificate } => credentials.prove(authzid.as_deref(), &certificate.names),
            _ => Answer::Reject(Rejection::Credentials),
        }
    }

    async fn register(
        &mut self,
        machine: &mut Machine,
        ticket: Ticket<kind::Register>,
        registration: Registration,
    ) -> Result<(), Misuse> {
        let prepared = &self.irc.prepared;
        if let Some(hash) = &prepared.settings.irc.password {
            let right = match registration.password {
                Some(password) => prepared.credentials.check(hash, password, &self.offload).await,
                None => false,
            };
            if !right {
                tracing::warn!(session = self.id, "the password of the server is wrong or missing");
                return machine.refuse(ticket, Refusal::Password);
            }
        }
        let account = registration.account.as_ref().map(|identity| identity.name());
        let newcomer = Newcomer {
            nick: &registration.nick,
            user: &registration.user,
            host: self.host.as_bytes(),
            realname: &registration.realname,
            account: account.map(str::as_bytes),
            capabilities: registration.capabilities,
            secure: registration.encrypted,
            away: registration.away.as_deref(),
        };
        match self.seat.hub.register(self.seat.session, &newcomer) {
            Ok(()) => {
                self.is_registered = true;
                let nick = String::from_utf8_lossy(&registration.nick);
                let (host, secure) = (&self.host, registration.encrypted);
                tracing::info!(session = self.id, %nick, account, host, secure, "registered");
                machine.welcome(ticket)?;
                let (user, host) = self.seat.hub.mask(self.seat.session);
                machine.set_mask(&user, &host)
            }
            Err(fault) => machine.refuse(ticket, Refusal::Text(&fault.to_string())),
        }
    }

    // --- after it ---

    async fn run_errands(&mut self, machine: &mut Machine, errands: Vec<Errand>) {
        for errand in errands {
            match errand {
                Errand::Operator { name, password } => self.oper(machine, &name, &password).await,
                Errand::Wait(debt) => debt.lessen().await,
                Errand::Rehash => {
                    let prepared = self.irc.prepared.clone();
                    tracing::info!(session = self.id, "asks for a reload");
                    self.offload.run(move || prepared.reload()).await;
                }
            }
        }
    }

    async fn oper(&mut self, machine: &mut Machine, name: &[u8], password: &[u8]) {
        let granted = match (str::from_utf8(name), str::from_utf8(password)) {
            (Ok(name), Ok(password)) => {
                is_operator(&self.irc.prepared, name, Secret::new(password), &self.offload).await
            }
            _ => false,
        };
        let name = String::from_utf8_lossy(name);
        if granted {
            tracing::info!(session = self.id, %name, "is an operator now");
            machine.exempt_from_flood_control(true);
        } else {
            tracing::warn!(session = self.id, %name, "is no operator");
        }
        self.seat.hub.operator(self.seat.session, granted);
    }
}

/// What others hear of a session's end.
fn farewell(reason: &Reason) -> Bytes {
    match reason {
        Reason::Quit(text) if text.is_empty() => Bytes::from_static(b"Quit"),
        // So that nobody can look like timed out or killed.
        Reason::Quit(text) => [b"Quit: ", &text[..]].concat().into(),
        other => other.text(),
    }
}

fn refusal(fault: ClaimFault) -> NickRefusal {
    match fault {
        ClaimFault::InUse => NickRefusal::InUse,
        ClaimFault::Nick(NickFault::Empty | NickFault::TooLong | NickFault::First | NickFault::Character) => {
            NickRefusal::Erroneous
        }
        _ => NickRefusal::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_cannot_say_what_the_server_says() {
        let quit = |text: &'static str| farewell(&Reason::Quit(Bytes::from_static(text.as_bytes())));
        assert_eq!(quit(""), "Quit");
        assert_eq!(quit("Ping timeout: 180 seconds"), "Quit: Ping timeout: 180 seconds");
        assert_eq!(farewell(&Reason::PingTimeout(180)), "Ping timeout: 180 seconds");
        assert_eq!(farewell(&Reason::Closed(Bytes::from_static(b"Killed"))), "Killed");
    }
}
