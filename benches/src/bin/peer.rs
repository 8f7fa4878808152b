//! A server on loopback, to be measured from outside: `peer echo|lines|pop3|pop3s DIR`.
//!
//! It prints `listening ADDRESS` and serves until it is killed. All run on one thread. `DIR/mail/NAME/` is NAME's Maildir, with the size
//! on the wire in the file names (`W=`), as Dovecot names them too; `pop3s` leaves its certificate in `DIR/certificate.der`.

#![forbid(unsafe_code)]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use pop3_proto::server::{Ask, Config, Event, Server, Tls as TlsMode};
use rcgen::{CertificateParams, KeyPair};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use wirestate_benches::store::{Listing, Store};
use wirestate_layers::Tls;
use wirestate_layers::tls::rustls::pki_types::PrivateKeyDer;
use wirestate_layers::tls::server_config;
use wirestate_machine::{Inbox, Instant, Machine, Misuse, Outbox, Upgrade, Upgraded};
use wirestate_sasl::server::{Answer, Ask as Sasl, Rejection};
use wirestate_tokio::{Connection, Listener, Shutdown, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, dir] = &arguments[..] else { return Err("usage: peer echo|floor|lines|pop3|pop3s DIR".into()) };
    let dir = Path::new(dir);
    if kind == "echo" {
        return echo().await;
    }
    if kind == "floor" {
        return floor().await;
    }
    let tls = certificate(dir)?;
    let store = Arc::new(Store::new(dir.join("mail")));
    let listener = Listener::bind("127.0.0.1:0")?;
    println!("listening {}", listener.local_addr());
    let shutdown = Shutdown::new();
    match kind.as_str() {
        "lines" => serve([listener], |_, _| Lines::default(), answer_lines, &shutdown).await,
        "pop3" => {
            let mut config = Config::default();
            config.tls = TlsMode::Off;
            config.cleartext = true;
            let config = Arc::new(config);
            let machine = move |_: &_, now| Server::new(config.clone(), seed(), now);
            let handler = move |conn| session(conn, store.clone(), |server| server);
            serve([listener], machine, handler, &shutdown).await
        }
        "pop3s" => {
            let mut config = Config::default();
            config.tls = TlsMode::Implicit;
            let config = Arc::new(config);
            let machine = move |_: &_, now| Tls::server(Server::new(config.clone(), seed(), now), tls.clone());
            let handler = move |conn| session(conn, store.clone(), Tls::inner_mut);
            serve([listener], machine, handler, &shutdown).await
        }
        other => return Err(format!("there is no peer {other}").into()),
    };
    Ok(())
}

/// The floor: whatever one read gives, one write gives back.
async fn echo() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening {}", listener.local_addr()?);
    loop {
        let (mut stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            let mut buffer = vec![0; 16 * 1024];
            while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                if stream.write_all(&buffer[..count]).await.is_err() {
                    break;
                }
            }
        });
    }
}

/// The floor of a session: a greeting, an answer to each read, and the end after QUIT; no protocol, no maildrop, no deadline.
async fn floor() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening {}", listener.local_addr()?);
    loop {
        let (mut stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            let mut buffer = [0; 512];
            let mut read: &[u8] = b"";
            while stream.write_all(b"+OK\r\n").await.is_ok() && !read.starts_with(b"QUIT") {
                let Ok(count @ 1..) = stream.read(&mut buffer).await else { return };
                read = &buffer[..count];
            }
        });
    }
}

/// The least machine that knows lines: what comes is given back, a line at a time.
struct Lines {
    inbox: Inbox,
    outbox: Outbox,
}

impl Default for Lines {
    fn default() -> Self {
        Lines { inbox: Inbox::new(16 * 1024), outbox: Outbox::new() }
    }
}

impl Machine for Lines {
    type Event = ();
    type Error = std::convert::Infallible;

    fn inbox(&mut self) -> &mut Inbox {
        &mut self.inbox
    }

    fn outbox(&mut self) -> &mut Outbox {
        &mut self.outbox
    }

    fn poll(&mut self, _now: Instant) -> Result<Option<()>, Self::Error> {
        while let Some(lf) = self.inbox.find_lf() {
            self.outbox.put(&self.inbox.bytes()[..=lf]);
            self.inbox.consume(lf + 1);
        }
        Ok(None)
    }

    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn upgrade(&mut self) -> Option<Upgrade> {
        None
    }

    fn upgraded(&mut self, _now: Instant, _how: Upgraded) {}

    fn is_closed(&self) -> bool {
        self.inbox.is_closed()
    }
}

async fn answer_lines(mut conn: Connection<Lines>) {
    while let Ok(Some(())) = conn.try_next().await {}
}

/// One POP3 session on a Maildir; `server` finds the machine inside its layers.
#[expect(clippy::manual_async_fn, reason = "an async fn would hold its arguments twice, in each idle connection")]
fn session<M>(
    mut conn: Connection<M>,
    store: Arc<Store>,
    server: fn(&mut M) -> &mut Server,
) -> impl Future<Output = ()> + Send
where
    M: Machine<Event = Event> + Send,
    M::Error: Send,
{
    async move {
        let mut mail = None;
        while let Ok(Some(event)) = conn.try_next().await {
            if answer(server(conn.machine()), event, &store, &mut mail).is_err() {
                return;
            }
        }
    }
}

fn answer(server: &mut Server, event: Event, store: &Store, mail: &mut Option<Arc<Listing>>) -> Result<(), Misuse> {
    match event {
        Event::Authenticate { ticket, ask } => {
            let good = matches!(ask, Ask::Sasl(Sasl::Password { password, .. }) if password.matches("pencil"));
            server.authenticate(ticket, if good { Answer::Accept } else { Answer::Reject(Rejection::Credentials) })
        }
        Event::Open { ticket, identity } => {
            *mail = store.open(identity.name()).ok();
            server.open(ticket, mail.as_ref().map(|mail| mail.maildrop().clone()).unwrap_or_default())
        }
        Event::Retrieve { ticket, message, .. } => {
            let file = mail.as_ref().and_then(|mail| mail.files().get(message.index()));
            match file.and_then(|file| std::fs::read(file).ok()) {
                Some(text) => {
                    let mut body = server.send(ticket)?;
                    server.piece(&mut body, Bytes::from(text))?;
                    server.end(body)
                }
                None => server.refuse_message(ticket, None, pop3_proto::codec::Text::literal("not there")),
            }
        }
        Event::Commit { ticket, .. } => server.committed(ticket, false),
        _ => Ok(()),
    }
}

/// Different for each session, which is enough for a benchmark.
fn seed() -> [u8; 32] {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut seed = [7; 32];
    seed[..8].copy_from_slice(&COUNT.fetch_add(1, Ordering::Relaxed).to_le_bytes());
    seed
}

fn certificate(dir: &Path) -> Result<Arc<wirestate_layers::tls::rustls::ServerConfig>, Box<dyn Error>> {
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(vec!["localhost".into()])?.self_signed(&key)?;
    std::fs::write(dir.join("certificate.der"), certificate.der())?;
    let key = PrivateKeyDer::try_from(key.serialize_der())?;
    Ok(server_config(vec![certificate.der().clone()], key, &[])?)
}
