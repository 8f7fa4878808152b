//! An XMPP client that does what its arguments say, and prints what came of it: the hand by which the interop suite drives our client machine.
//!
//! ```text
//! interop-xmpp-client ADDRESS never|wary|starttls|direct|websocket CA-FILE KIND WHO PASSWORD TODO...
//! ```
//! With `wary` there is no TLS, and no password goes as it is. KIND is `user`, `legacy`, `component`, `router` (WHO is then `user@name`) or `server` (`remote@local`; PASSWORD is a PEM file with certificate and
//! key). TODO is any of those that `Session::act` knows, with their arguments. `endure` as the first of them makes a connection that breaks again.

#![forbid(unsafe_code)]

use std::collections::VecDeque;
use std::error::Error;
use std::fs::File;
use std::io::Read;
use std::process::ExitCode;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use wirestate_driver::Fault;
use wirestate_layers::tls::{Identity, Tls, client, roots_from_file};
use wirestate_layers::websocket::{Ended, Request, WebSocket};
use wirestate_machine::Machine;
use wirestate_tokio::{Connection, connect};
use xmpp_proto::Jid;
use xmpp_proto::client::{
    Account, Client, Config, Continuation, Event, LegacyLogin, Method, Name, QueuePolicy, Reason, RequestId, Routed,
    TlsPolicy,
};
use xmpp_proto::stream::Framing;
use xmpp_proto::xml::{Element, MESSAGE_END};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            println!("broken {fault}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Outcome {
    let mut words: VecDeque<String> = std::env::args().skip(1).collect();
    let setup = Setup::read(&mut words)?;
    let endures = words.front().is_some_and(|word| word == "endure");
    if endures {
        words.pop_front();
    }
    if setup.config.framing == Framing::WebSocket {
        Session::<InWebSocket>::open(setup, endures).await?.run(words).await
    } else {
        Session::<Tls<Client>>::open(setup, endures).await?.run(words).await
    }
}

fn next(words: &mut VecDeque<String>, what: &str) -> Outcome<String> {
    words.pop_front().ok_or_else(|| format!("{what} is missing").into())
}

/// All that a connection needs.
struct Setup {
    address: String,
    config: Arc<Config>,
    account: Account,
    tls: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl Setup {
    fn read(words: &mut VecDeque<String>) -> Outcome<Self> {
        let address = next(words, "ADDRESS")?;
        let how = next(words, "TLS")?;
        let (policy, framing) = match how.as_str() {
            "never" | "wary" => (TlsPolicy::Never, Framing::Tcp),
            "starttls" => (TlsPolicy::Required, Framing::Tcp),
            "direct" => (TlsPolicy::Implicit, Framing::Tcp),
            "websocket" => (TlsPolicy::Never, Framing::WebSocket),
            other => return Err(format!("{other} is not never, wary, starttls, direct or websocket").into()),
        };
        let ca = next(words, "CA-FILE")?;
        let roots = if policy == TlsPolicy::Never { RootCertStore::empty() } else { roots_from_file(ca)? };
        let (kind, who, password) = (next(words, "KIND")?, next(words, "WHO")?, next(words, "PASSWORD")?);
        let mut tls = client(roots);
        if policy == TlsPolicy::Implicit {
            tls = tls.alpn(&[b"xmpp-client"]);
        }
        let jid = Jid::parse(&who)?;
        let local = jid.local().unwrap_or_default();
        let account = match kind.as_str() {
            "user" => Account::user(&who, &password)?,
            "legacy" => {
                let login = LegacyLogin { is_plaintext_allowed: true, asks_fields: true };
                Account::legacy(&who, &password, login)?
            }
            "component" => Account::component(&who, &password)?,
            "router" => Account::router(jid.domain(), Name::default(), local, &password)?,
            "server" => {
                tls = tls.identity(Identity::from_files(&password, &password)?);
                Account::server(jid.domain(), local, true, None)?
            }
            other => return Err(format!("{other} is no kind of account").into()),
        };
        let host = if kind == "server" { local } else { jid.domain() };
        let config = Config::default()
            .tls(policy)
            .framing(framing)
            .cleartext(policy == TlsPolicy::Never && how != "wary")
            .queue(QueuePolicy::OnReady)
            .bidi(true);
        let name = ServerName::try_from(host.to_owned())?;
        Ok(Setup { address, config: config.into(), account, tls: tls.config()?, name })
    }
}

fn seed() -> Outcome<[u8; 32]> {
    let mut seed = [0; 32];
    File::open("/dev/urandom")?.read_exact(&mut seed)?;
    Ok(seed)
}

type InWebSocket = WebSocket<Client, Ended>;

/// A client with what lies around it.
trait Wrapped: Machine<Event = Event, Error: Fault> + Sized + 'static {
    fn wrap(client: Client, setup: &Setup, seed: [u8; 32]) -> Self;
    fn client(&mut self) -> &mut Client;
}

impl Wrapped for Tls<Client> {
    fn wrap(client: Client, setup: &Setup, _: [u8; 32]) -> Self {
        Tls::client(client, setup.tls.clone(), setup.name.clone())
    }

    fn client(&mut self) -> &mut Client {
        self.inner_mut()
    }
}

impl Wrapped for InWebSocket {
    fn wrap(client: Client, _: &Setup, seed: [u8; 32]) -> Self {
        let request = Request::xmpp("localhost", "/xmpp-websocket", seed).expect("a host and a path");
        WebSocket::client(client, Ended::by(MESSAGE_END), request)
    }

    fn client(&mut self) -> &mut Client {
        self.inner_mut()
    }
}

async fn dial<M: Wrapped>(setup: &Setup, before: Continuation) -> Outcome<Connection<M>> {
    let seeds = [seed()?, seed()?];
    let machine = |_: &_, now| {
        let client = Client::resuming(setup.config.clone(), setup.account.clone(), before, seeds[0], now);
        M::wrap(client, setup, seeds[1])
    };
    Ok(connect(setup.address.as_str(), machine).await?)
}

struct Session<M: Wrapped> {
    setup: Setup,
    conn: Connection<M>,
    endures: bool,
    /// What was heard while something else was waited for.
    heard: VecDeque<Element>,
}

impl<M: Wrapped> Session<M> {
    async fn open(setup: Setup, endures: bool) -> Outcome<Self> {
        let conn = dial(&setup, Continuation::default()).await?;
        Ok(Session { setup, conn, endures, heard: VecDeque::new() })
    }

    async fn run(mut self, mut words: VecDeque<String>) -> Outcome {
        while !matches!(self.event().await?, Event::Ready(_)) {}
        // Before that no connection can take up what another left.
        while self.endures && !matches!(self.event().await?, Event::Managed { .. }) {}
        while let Some(what) = words.pop_front() {
            self.act(&what, &mut words).await?;
        }
        Ok(())
    }

    fn client(&mut self) -> &mut Client {
        self.conn.machine().client()
    }

    /// The next event; what is only to be shown or worked off is.
    async fn event(&mut self) -> Outcome<Event> {
        loop {
            let event = match self.conn.try_next().await {
                Ok(Some(event)) => event,
                Ok(None) | Err(_) if self.endures => {
                    let before = self.client().continuation();
                    self.conn = dial(&self.setup, before).await?;
                    continue;
                }
                Ok(None) => return Err("the connection ended".into()),
                Err(error) => return Err(error.into()),
            };
            match &event {
                Event::Work { .. } => {}
                Event::Authenticated(method) => println!("logged-in {}", name_of(*method)),
                Event::AuthenticationFailed(error) => println!("login-failed {error}"),
                Event::Managed { is_resumable, .. } => println!("managed resumable={is_resumable}"),
                Event::Resumed => println!("resumed"),
                Event::Unacknowledged(stanzas) => println!("unacknowledged {}", stanzas.len()),
                Event::Ready(jid) => println!("ready {}", jid.as_str()),
                Event::Odd(oddity) => println!("odd {oddity}"),
                Event::StreamError(error) => println!("stream-error {error}"),
                Event::Closed(Reason::Quit) => println!("closed quit"),
                Event::Closed(Reason::Eof) if self.endures => continue,
                Event::Closed(reason) => return Err(format!("closed: {reason:?}").into()),
                _ => {}
            }
            match event {
                Event::Work { ticket, derivation } => self.client().derived(ticket, derivation.run())?,
                event => return Ok(event),
            }
        }
    }

    /// Waits for a stanza of which this is so.
    async fn stanza(&mut self, wanted: impl Fn(&Element) -> bool) -> Outcome<Element> {
        if let Some(place) = self.heard.iter().position(&wanted)
            && let Some(stanza) = self.heard.remove(place)
        {
            return Ok(stanza);
        }
        loop {
            if let Event::Stanza(stanza) = self.event().await? {
                let stanza = stanza.into_element();
                if wanted(&stanza) {
                    return Ok(stanza);
                }
                self.heard.push_back(stanza);
            }
        }
    }

    async fn answer(&mut self, wanted: RequestId) -> Outcome {
        loop {
            match self.event().await? {
                Event::Response(request, answer) if request == wanted => {
                    println!("answer {answer}");
                    return Ok(());
                }
                Event::RequestFailed(request, failure) if request == wanted => return Err(failure.into()),
                Event::Stanza(stanza) => self.heard.push_back(stanza.into_element()),
                _ => {}
            }
        }
    }

    async fn routed(&mut self) -> Outcome<Routed> {
        loop {
            if let Event::Routed(routed) = self.event().await? {
                return Ok(*routed);
            }
        }
    }

    async fn act(&mut self, what: &str, words: &mut VecDeque<String>) -> Outcome {
        match what {
            "send" => {
                let stanza = next(words, "STANZA")?.parse()?;
                self.client().send(stanza)?;
            }
            "ask" => {
                let stanza = next(words, "STANZA")?.parse()?;
                let request = self.client().request(stanza)?;
                self.answer(request).await?;
            }
            // Waits for a stanza that has these words in it.
            "hear" => {
                let words = next(words, "TEXT")?;
                let stanza = self.stanza(|stanza| stanza.to_string().contains(&words)).await?;
                println!("heard {stanza}");
            }
            // Waits for so many messages with bodies, and prints these.
            "bodies" => {
                for _ in 0..next(words, "COUNT")?.parse()? {
                    let message = self.stanza(|stanza| body(stanza).is_some()).await?;
                    println!("body {}", body(&message).unwrap_or_default());
                }
            }
            // Says so many numbers, one a message.
            "count" => {
                let (to, most) = (next(words, "JID")?, next(words, "COUNT")?.parse::<u32>()?);
                for number in 0..most {
                    let message =
                        format!("<message xmlns='jabber:client' type='chat' to='{to}'><body>{number}</body></message>");
                    self.client().send(message.parse()?)?;
                }
            }
            "bind" => {
                let name = Jid::parse(&next(words, "NAME")?)?;
                self.client().bind_name(&name, Name::default())?;
                self.outcome("bound").await?;
            }
            "unbind" => {
                let name = Jid::parse(&next(words, "NAME")?)?;
                self.client().unbind_name(&name)?;
                self.outcome("unbound").await?;
            }
            "route" => {
                let (from, to) = (Jid::parse(&next(words, "FROM")?)?, Jid::parse(&next(words, "TO")?)?);
                let content: Element = next(words, "ELEMENT")?.parse()?;
                self.client().route(&from, &to, content.view())?;
            }
            // Waits for something that is routed.
            "take" => loop {
                if let Routed::Route { from, to, kind, content } = self.routed().await? {
                    let name = |name: Option<String>| name.unwrap_or_default();
                    let content = content.map(|content| content.to_string()).unwrap_or_default();
                    println!("took {kind:?} {} {} {content}", name(from), name(to));
                    break;
                }
            },
            // Waits until a name is there.
            "await" => {
                let wanted = next(words, "NAME")?;
                while !matches!(self.routed().await?, Routed::Domain { name, is_available: true } if name == wanted) {}
                println!("there {wanted}");
            }
            "quit" => {
                self.client().close()?;
                while !matches!(self.event().await?, Event::Closed(_)) {}
                while self.conn.try_next().await?.is_some() {}
            }
            other => return Err(format!("{other} is nothing that this client does").into()),
        }
        Ok(())
    }

    async fn outcome(&mut self, what: &str) -> Outcome {
        loop {
            if let Routed::Bound(outcome) | Routed::Unbound(outcome) = self.routed().await? {
                match outcome {
                    Ok(()) => println!("{what}"),
                    Err(error) => println!("not {what}: {error}"),
                }
                return Ok(());
            }
        }
    }
}

fn body(stanza: &Element) -> Option<String> {
    stanza.child("body", stanza.ns()).map(|body| body.text().into_owned())
}

fn name_of(method: Method) -> String {
    match method {
        Method::Sasl(mechanism) => mechanism.to_string(),
        Method::Sasl2(mechanism) => format!("{mechanism} by SASL2"),
        other => format!("{other:?}"),
    }
}
