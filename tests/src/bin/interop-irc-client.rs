//! An IRC client that does what its arguments say, and prints what came of each: the hand by which the interop suite drives our client machine.
//!
//! ```text
//! interop-irc-client ADDRESS never|starttls|implicit CA-FILE NICK USER PASSWORD TODO...
//! ```
//! USER and PASSWORD are for SASL, and `-` for none. TODO is any of `join CHANNEL`, `members CHANNEL`, `say TARGET TEXT`, `hear TEXT` (until somebody says
//! it), `await NICK` (until somebody joins), `whois NICK`, `history CHANNEL`, `nick NICK`, `part CHANNEL`, `quit TEXT`.

#![forbid(unsafe_code)]

use std::error::Error;
use std::fs::File;
use std::io::Read;
use std::sync::Arc;

use irc_proto::client::{Client, Config, Event, Failure, History, Identity, Reason, RequestId, Response, TlsPolicy};
use irc_proto::codec::Message;
use irc_proto::numerics::{ERR_NICKNAMEINUSE, RPL_ENDOFNAMES};
use rustls::RootCertStore;
use rustls::pki_types::ServerName;
use wirestate_layers::tls::{Tls, client_config, roots_from_file};
use wirestate_sasl::client::Credentials;
use wirestate_tokio::{Connection, connect};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let mut words = std::env::args().skip(1);
    let mut session = Session::open(&mut words).await?;
    session.registered().await?;
    while let Some(what) = words.next() {
        session.act(&what, &mut words).await?;
    }
    Ok(())
}

struct Session {
    conn: Connection<Tls<Client>>,
}

fn next(words: &mut impl Iterator<Item = String>, what: &str) -> Outcome<String> {
    words.next().ok_or_else(|| format!("{what} is missing").into())
}

impl Session {
    async fn open(words: &mut impl Iterator<Item = String>) -> Outcome<Self> {
        let address = next(words, "ADDRESS")?;
        let policy = match next(words, "TLS")?.as_str() {
            "never" => TlsPolicy::Never,
            "starttls" => TlsPolicy::Required,
            "implicit" => TlsPolicy::Implicit,
            other => return Err(format!("{other} is not never, starttls or implicit").into()),
        };
        let ca = next(words, "CA-FILE")?;
        let roots = if policy == TlsPolicy::Never { RootCertStore::empty() } else { roots_from_file(ca)? };
        let tls = client_config(roots, &[b"irc"])?;
        let mut identity = Identity::new(&next(words, "NICK")?, "interop", "Interop")?;
        let (user, password) = (next(words, "USER")?, next(words, "PASSWORD")?);
        if user != "-" {
            identity = identity.login(Credentials::password(user, password)?);
        }
        let config = Config::default().tls(policy).cleartext(policy == TlsPolicy::Never);
        let mut seed = [0; 32];
        File::open("/dev/urandom")?.read_exact(&mut seed)?;
        let name = ServerName::try_from("localhost")?;
        let machine =
            |_: &_, now| Tls::client(Client::new(Arc::new(config), identity, seed, now), tls.clone(), name.clone());
        Ok(Self { conn: connect(address.as_str(), machine).await? })
    }

    /// The next event; what is only to be shown or worked off is.
    async fn event(&mut self) -> Outcome<Event> {
        loop {
            let event = self.conn.try_next().await?.ok_or("the connection ended")?;
            match event {
                Event::Work { ticket, derivation } => self.conn.machine().derived(ticket, derivation.run())?,
                Event::LoggedIn { mechanism, account } => {
                    println!("logged-in {mechanism} {}", text(account.as_deref().unwrap_or_default()));
                }
                Event::LoginFailed(error) => println!("login-failed {error}"),
                Event::Capabilities(capabilities) => {
                    let names: Vec<_> = capabilities.iter().map(|one| one.name()).collect();
                    println!("capabilities {}", names.join(" "));
                }
                Event::Closed(reason) => return Err(format!("closed: {reason:?}").into()),
                event => return Ok(event),
            }
        }
    }

    async fn registered(&mut self) -> Outcome {
        loop {
            if let Event::Registered { nick, .. } = self.event().await? {
                println!("registered {}", text(&nick));
                return Ok(());
            }
        }
    }

    /// Waits for a message of which this is so.
    async fn message(&mut self, wanted: impl Fn(Message<&[u8]>) -> bool) -> Outcome {
        loop {
            if let Event::Message { message, .. } = self.event().await?
                && wanted(message.borrow())
            {
                println!("heard {}", text(message.borrow().line()));
                return Ok(());
            }
        }
    }

    async fn response(&mut self, wanted: RequestId) -> Outcome<Result<Response, Failure>> {
        loop {
            match self.event().await? {
                Event::Response { request, response, .. } if request == wanted => return Ok(Ok(response)),
                Event::Failed { request, failure } if request == wanted => return Ok(Err(failure)),
                _ => {}
            }
        }
    }

    /// Waits for the answer, and prints each of its messages.
    async fn answer(&mut self, what: &str, request: RequestId) -> Outcome {
        match self.response(request).await? {
            Ok(response) => {
                for message in response.messages() {
                    println!("{what} {}", text(message.borrow().line()));
                }
            }
            Err(failure) => println!("failed {what} {failure}"),
        }
        Ok(())
    }

    async fn act(&mut self, what: &str, words: &mut impl Iterator<Item = String>) -> Outcome {
        match what {
            "join" => {
                let channel = next(words, "CHANNEL")?;
                self.client().join(&channel, None)?;
                // All its members are known by then.
                self.message(|message| message.command().numeric() == Some(RPL_ENDOFNAMES)).await
            }
            "members" => {
                let channel = next(words, "CHANNEL")?;
                let known = self.client().tracker().channel(channel.as_bytes()).ok_or("this channel is not known")?;
                let mut members: Vec<_> = known.members().map(|(nick, _)| text(nick)).collect();
                members.sort();
                println!("members {}", members.join(" "));
                Ok(())
            }
            "say" => {
                let (target, words) = (next(words, "TARGET")?, next(words, "TEXT")?);
                self.client().privmsg(&target, &words)?;
                Ok(())
            }
            "hear" => {
                let words = next(words, "TEXT")?;
                let said = |message: Message<&[u8]>| {
                    message.command().is(b"PRIVMSG") && message.param(1) == Some(words.as_bytes())
                };
                self.message(said).await
            }
            "await" => {
                let nick = next(words, "NICK")?;
                let is = |message: Message<&[u8]>| {
                    let start = format!(":{nick}!");
                    message.command().is(b"JOIN") && text(message.line()).contains(&start)
                };
                self.message(is).await
            }
            "whois" => {
                let request = self.conn.machine().whois(&next(words, "NICK")?)?;
                self.answer("whois", request).await
            }
            "history" => {
                let channel = next(words, "CHANNEL")?;
                let request =
                    self.conn.machine().history(&History::Latest { target: &channel, after: None, limit: 10 })?;
                self.answer("history", request).await
            }
            "nick" => {
                let nick = next(words, "NICK")?;
                self.client().change_nick(&nick)?;
                self.message(|message| {
                    message.command().is(b"NICK") || message.command().numeric() == Some(ERR_NICKNAMEINUSE)
                })
                .await
            }
            "part" => {
                let channel = next(words, "CHANNEL")?;
                self.client().part(&channel, "")?;
                self.message(|message| message.command().is(b"PART")).await
            }
            "quit" => {
                let farewell = next(words, "TEXT")?;
                self.client().quit(&farewell)?;
                while let Some(event) = self.conn.try_next().await? {
                    if let Event::Closed(reason) = event {
                        let how = if reason == Reason::Quit { "quit".to_owned() } else { format!("{reason:?}") };
                        println!("closed {how}");
                    }
                }
                Ok(())
            }
            other => Err(format!("{other} is nothing that this client does").into()),
        }
    }

    fn client(&mut self) -> &mut Client {
        self.conn.machine().inner_mut()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
