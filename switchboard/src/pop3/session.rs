use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

use bytes::Bytes;
use pop3_proto::codec::{Code, MessageNumber, Text};
use pop3_proto::server::{self, Appetite, Ask, Body, Deletions, Event, Violation, kind};
use wirestate_driver::{Connection, Error, Stream};
use wirestate_machine::{Misuse, Ticket};
use wirestate_sasl::server::{Answer, Identity, Rejection};

use super::{Machine, Pop3};
use crate::credentials;
use crate::maildir::{Committed, Maildir, MaildirError, Maildrop};
use crate::name::UserName;
use crate::offload::Offload;

/// The most that is read of a message at a time, in octets.
const PIECE: u64 = 64 * 1024;

/// Serves one connection to its end, and logs what happened.
// No async fn: that would have room for its arguments twice, and there are as many of these as there are connections.
pub fn session<S: Stream>(
    mut conn: Connection<Machine, S>,
    desk: Arc<Pop3>,
    offload: impl Offload,
) -> impl Future<Output = ()> {
    let id = conn.info().id();
    let mut session = Session::new(id, desk, offload);
    async move {
        if let Err(fault) = session.run(&mut conn).await {
            let Session { user, retrieved, deleted, .. } = &session;
            tracing::info!(session = id, user, reason = %fault, retrieved, deleted, "broken off");
        }
    }
}

struct Session<O> {
    id: u64,
    desk: Arc<Pop3>,
    offload: O,
    /// Who logged in, or tries to.
    user: String,
    /// The hold on the mail, from login to the end of the session.
    maildrop: Option<Arc<Maildrop>>,
    sending: Option<Sending>,
    /// How many messages were sent whole, and removed.
    retrieved: u64,
    deleted: usize,
}

/// A message on its way to the client.
struct Sending {
    body: Body,
    message: MessageNumber,
    lines: Option<u32>,
    file: File,
    at_end: bool,
}

/// What broke a session off.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Connection(#[from] Error<wirestate_layers::Error<Violation>>),
    #[error("an answer did not fit its question: {0}")]
    Misuse(#[from] Misuse),
}

impl<O: Offload> Session<O> {
    fn new(id: u64, desk: Arc<Pop3>, offload: O) -> Self {
        let user = String::new();
        Self { id, desk, offload, user, maildrop: None, sending: None, retrieved: 0, deleted: 0 }
    }

    async fn run<S: Stream>(&mut self, conn: &mut Connection<Machine, S>) -> Result<(), Fault> {
        while let Some(event) = conn.try_next().await? {
            match event {
                Event::Secured(facts) => {
                    if let Some(subject) = facts.peer_subject {
                        tracing::info!(session = self.id, subject, "client certificate");
                    }
                }
                Event::Authenticate { ticket, ask } => {
                    let answer = self.judge(ask).await;
                    conn.machine().authenticate(ticket, answer)?;
                }
                Event::LoginFailed { count, failure } => {
                    tracing::warn!(session = self.id, user = self.user, count, reason = %failure, "login failed");
                }
                Event::Open { ticket, identity } => self.open(conn.machine(), ticket, identity).await?,
                Event::Retrieve { ticket, message, lines, .. } => {
                    self.retrieve(conn.machine(), ticket, message, lines).await?;
                }
                Event::Writable => self.send_on(conn.machine(), None).await?,
                Event::Commit { ticket, deletions } => {
                    let all_removed = self.commit(deletions).await;
                    conn.machine().committed(ticket, all_removed)?;
                }
                Event::Rejected { keyword, why } => {
                    tracing::debug!(session = self.id, ?keyword, reason = %why, "command refused");
                }
                Event::Closed(why) => {
                    let Self { id, user, retrieved, deleted, .. } = self;
                    tracing::info!(session = id, user, reason = ?why, retrieved, deleted, "ended");
                    // Before the client hears the last word: it may come back at once.
                    (self.maildrop, self.sending) = (None, None);
                }
                // Of what is not configured nothing can come.
                _ => {}
            }
        }
        Ok(())
    }

    // --- login ---

    async fn judge(&mut self, ask: Ask) -> Answer {
        if let Some(user) = claimed(&ask) {
            user.clone_into(&mut self.user);
        }
        match ask {
            Ask::Sasl(ask) => self.desk.prepared.credentials.answer(ask, &self.offload).await,
            Ask::External { authzid, certificate } => {
                self.desk.prepared.credentials.prove(authzid.as_deref(), &certificate.names)
            }
            _ => Answer::Reject(Rejection::Credentials),
        }
    }

    async fn open(
        &mut self,
        machine: &mut Machine,
        ticket: Ticket<kind::Open>,
        identity: Identity,
    ) -> Result<(), Misuse> {
        identity.name().clone_into(&mut self.user);
        let name = UserName::parse(identity.name()).ok();
        let maildir = name.and_then(|name| self.desk.prepared.store.maildir(&name).cloned());
        let entered = match maildir {
            Some(maildir) => self.offload.run(move || enter(&maildir)).await,
            None => Err(EnterError::NoMaildir),
        };
        match entered {
            Ok((maildrop, listing)) => {
                let messages = listing.len();
                tracing::info!(session = self.id, user = self.user, messages, "logged in");
                self.maildrop = Some(maildrop);
                machine.open(ticket, listing)
            }
            Err(error) => {
                tracing::warn!(session = self.id, user = self.user, reason = %error, "login refused");
                let (code, text) = match error {
                    EnterError::Mail(MaildirError::InUse) => (Code::InUse, "another session has this maildrop"),
                    _ => (Code::SysTemp, "the maildrop cannot be opened now"),
                };
                machine.refuse_open(ticket, Some(code), Text::literal(text))
            }
        }
    }

    // --- messages ---

    async fn retrieve(
        &mut self,
        machine: &mut Machine,
        ticket: Ticket<kind::Retrieve>,
        message: MessageNumber,
        lines: Option<u32>,
    ) -> Result<(), Misuse> {
        let Some(maildrop) = self.maildrop.clone() else {
            return machine.refuse_message(ticket, Some(Code::SysTemp), Text::literal("there is no maildrop"));
        };
        let index = message.index();
        match self.offload.run(move || read_piece(maildrop.open(index)?)).await {
            Ok((file, piece, at_end)) => {
                let body = machine.send(ticket)?;
                self.sending = Some(Sending { body, message, lines, file, at_end });
                self.send_on(machine, Some(piece)).await
            }
            Err(error) => {
                tracing::warn!(session = self.id, user = self.user, number = %message, reason = %error, "cannot be read");
                machine.refuse_message(ticket, Some(Code::SysTemp), Text::literal("the message cannot be read now"))
            }
        }
    }

    /// Sends of the open message as much as the client takes now.
    async fn send_on(&mut self, machine: &mut Machine, mut next: Option<Bytes>) -> Result<(), Misuse> {
        let Some(mut sending) = self.sending.take() else { return Ok(()) };
        loop {
            let appetite = match next.take() {
                Some(piece) => machine.piece(&mut sending.body, piece)?,
                None => machine.appetite(&sending.body)?,
            };
            if sending.at_end || appetite == Appetite::Enough {
                let Sending { body, message, lines, .. } = sending;
                match lines {
                    None => {
                        self.retrieved += 1;
                        tracing::info!(session = self.id, user = self.user, number = %message, "retrieved");
                    }
                    Some(lines) => {
                        tracing::info!(session = self.id, user = self.user, number = %message, lines, "shown the top")
                    }
                }
                return machine.end(body);
            }
            if appetite == Appetite::Full {
                self.sending = Some(sending);
                return Ok(());
            }
            let Sending { body, message, lines, file, .. } = sending;
            match self.offload.run(move || read_piece(file)).await {
                Ok((file, piece, at_end)) => {
                    sending = Sending { body, message, lines, file, at_end };
                    next = Some(piece);
                }
                Err(error) => {
                    tracing::warn!(session = self.id, user = self.user, number = %message, reason = %error, "broken off");
                    return machine.abort(body);
                }
            }
        }
    }

    /// Removes what was marked, and says whether all of it is gone.
    async fn commit(&mut self, deletions: Deletions) -> bool {
        let Some(maildrop) = self.maildrop.take() else { return false };
        let commit = move || {
            // The hold on the mail ends here, too, before the client hears of it.
            maildrop.commit(deletions.map(MessageNumber::index))
        };
        let Committed { removed, failed } = self.offload.run(commit).await;
        self.deleted = removed;
        tracing::info!(session = self.id, user = self.user, messages = removed, "deleted");
        for (index, error) in &failed {
            tracing::warn!(session = self.id, user = self.user, number = index + 1, reason = %error, "not deleted");
        }
        failed.is_empty()
    }
}

/// Whom the client claims to be.
fn claimed(ask: &Ask) -> Option<&str> {
    match ask {
        Ask::Sasl(ask) => credentials::claimed(ask),
        Ask::Apop { user, .. } => Some(user),
        Ask::External { authzid, .. } => authzid.as_deref(),
        _ => None,
    }
}

type Entered = (Arc<Maildrop>, server::Maildrop);

/// Why a maildrop cannot be had.
#[derive(Debug, thiserror::Error)]
enum EnterError {
    #[error("there is no mail folder for this name")]
    NoMaildir,
    #[error(transparent)]
    Mail(#[from] MaildirError),
    #[error("the maildrop cannot be listed: {0}")]
    Listing(#[from] Misuse),
}

fn enter(maildir: &Arc<Maildir>) -> Result<Entered, EnterError> {
    let maildrop = maildir.enter()?;
    let mut listing = server::Maildrop::new();
    for message in maildrop.messages() {
        listing.push(message.wire_size(), message.unique_id())?;
    }
    Ok((Arc::new(maildrop), listing))
}

/// The next piece of a file, and whether it is the last.
fn read_piece(file: File) -> io::Result<(File, Bytes, bool)> {
    let mut piece = Vec::new();
    let read = (&file).take(PIECE).read_to_end(&mut piece)?;
    Ok((file, piece.into(), (read as u64) < PIECE))
}

#[cfg(test)]
mod tests {
    use pop3_proto::server::Reason;
    use wirestate_driver::{Address, Info};
    use wirestate_machine::{Instant, Machine as _};

    use super::*;
    use crate::offload::Inline;
    use crate::options::{Wish, read};
    use crate::prepare::Prepared;
    use crate::protocol::Protocol;
    use crate::service::{Entrance, Service};

    #[test]
    fn a_fault_in_the_middle_of_a_message_breaks_the_session_off() {
        let root = tempfile::tempdir().unwrap();
        let wish = read(["switchboard", "--data", root.path().to_str().unwrap(), "--user", "ann:x"]).unwrap();
        let Wish::Run(settings) = wish else { panic!("settings were given") };
        let prepared = Arc::new(Prepared::new(*settings).unwrap());
        let desk = Arc::new(Pop3::new(&prepared).unwrap());
        let entrance = Entrance {
            protocol: Protocol::Pop3,
            address: "127.0.0.1:1".parse().map(Address::Tcp).unwrap(),
            is_proxied: false,
        };
        let door = desk.door(&entrance);
        let mut machine = desk.machine(&door, &Info::new(Address::Unknown, Address::Unknown), Instant::START);
        let mut session = Session::new(1, desk, Inline);
        machine.inbox().push(b"USER ann\r\nPASS x\r\nDELE 2\r\nRETR 1\r\nQUIT\r\n");
        let mut end = None;
        while let Some(event) = machine.poll(Instant::START).unwrap() {
            match event {
                Event::Authenticate { ticket, ask } => {
                    let answer = async_io::block_on(session.judge(ask));
                    machine.authenticate(ticket, answer).unwrap();
                }
                Event::Open { ticket, identity } => {
                    async_io::block_on(session.open(&mut machine, ticket, identity)).unwrap();
                }
                Event::Retrieve { ticket, message, lines, .. } => {
                    let body = machine.send(ticket).unwrap();
                    // A file that is open for writing only cannot be read.
                    let file = File::create(root.path().join("faulty")).unwrap();
                    session.sending = Some(Sending { body, message, lines, file, at_end: false });
                    async_io::block_on(session.send_on(&mut machine, Some("the first half".into()))).unwrap();
                }
                Event::Commit { .. } => panic!("nothing may be deleted"),
                Event::Closed(reason) => end = Some(reason),
                _ => {}
            }
        }
        assert_eq!(end, Some(Reason::Refused));
        assert_eq!(session.retrieved, 0);
        let said = String::from_utf8(machine.outbox().drain()).unwrap();
        assert!(said.ends_with("the first half"), "nothing may look like the message's end: {said}");
    }
}
