//! A line echo on loopback, to be measured from outside: `echo bare|least|line|tls tokio|tokio-workers|async-io|async-std|blocking DIR`.
//!
//! It prints `listening ADDRESS` and serves until it is killed. `bare` writes once what each read gave, and knows neither lines nor machines;
//! `least` is the least machine that knows lines, `tls` the same under TLS, whose certificate is left in `DIR/certificate.der`, and `line` the
//! ready-made one, with an event for each line. tokio and async-io run on one thread, blocking on one for each connection; tokio-workers and
//! async-std have as many as `WORKERS` in the environment says, or two.

#![forbid(unsafe_code)]

use std::error::Error;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use rcgen::{CertificateParams, KeyPair};
use smol::io::{AsyncReadExt as _, AsyncWriteExt as _};
use smol::{Async, LocalExecutor};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use wirestate_driver::{Connection, Info, Listener, Shutdown, Stream};
use wirestate_layers::Tls;
use wirestate_layers::tls::rustls::ServerConfig;
use wirestate_layers::tls::rustls::pki_types::PrivateKeyDer;
use wirestate_layers::tls::server_config;
use wirestate_machine::line::{Line, Lines};
use wirestate_machine::{Inbox, Instant, Machine, Outbox, Upgrade, Upgraded};

type Outcome = Result<(), Box<dyn Error>>;

/// How much a bare echo reads at once.
const READ: usize = 16 * 1024;

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, runtime, dir] = &arguments[..] else {
        return Err("usage: echo bare|least|line|tls tokio|tokio-workers|async-io|async-std|blocking DIR".into());
    };
    let runtime = Runtime::named(runtime)?;
    match kind.as_str() {
        "bare" => runtime.bare(),
        "least" => runtime.serve(|_, _| Least::default()),
        "line" => runtime.serve(|_, _| Line::new(Lines::default())),
        "tls" => {
            let config = certificate(Path::new(dir))?;
            runtime.serve(move |_, _| Tls::server(Least { secret: true, ..Least::default() }, config.clone()))
        }
        other => Err(format!("there is no echo {other}").into()),
    }
}

/// A machine whose lines are given back.
trait Echo: Machine<Event: Send, Error: Send> + Send + 'static {
    fn give_back(&mut self, line: Self::Event);
}

impl Echo for Line {
    fn give_back(&mut self, line: Self::Event) {
        // It refuses only what is no line, and after the end.
        let _ = self.send(line);
    }
}

impl Echo for Least {
    fn give_back(&mut self, (): ()) {}
}

impl Echo for Tls<Least> {
    fn give_back(&mut self, (): ()) {}
}

#[expect(clippy::manual_async_fn, reason = "an async fn would hold its arguments twice, in each idle connection")]
fn echo<M: Echo, S: Stream + Send>(mut conn: Connection<M, S>) -> impl Future<Output = ()> + Send {
    async move {
        while let Ok(Some(line)) = conn.try_next().await {
            conn.machine().give_back(line);
        }
    }
}

#[derive(Clone, Copy)]
enum Runtime {
    Tokio,
    TokioWorkers,
    AsyncIo,
    AsyncStd,
    Blocking,
}

impl Runtime {
    fn named(name: &str) -> Result<Self, String> {
        match name {
            "tokio" => Ok(Runtime::Tokio),
            "tokio-workers" => Ok(Runtime::TokioWorkers),
            "async-io" => Ok(Runtime::AsyncIo),
            "async-std" => Ok(Runtime::AsyncStd),
            "blocking" => Ok(Runtime::Blocking),
            other => Err(format!("there is no runtime {other}")),
        }
    }

    fn serve<M: Echo>(self, factory: impl Fn(&Info, Instant) -> M + Send + Sync + 'static) -> Outcome {
        let listener = Listener::bind("127.0.0.1:0")?;
        println!("listening {}", listener.local_addr());
        let shutdown = Shutdown::new();
        match self {
            Runtime::Tokio | Runtime::TokioWorkers => {
                self.tokio()?.block_on(wirestate_tokio::serve([listener], factory, echo, &shutdown))
            }
            Runtime::AsyncIo => {
                let executor = Arc::new(smol::Executor::new());
                let tasks = executor.clone();
                let spawn = move |task| tasks.spawn(task).detach();
                let server = wirestate_async_std::serve([listener], spawn, factory, echo, &shutdown);
                smol::block_on(executor.run(server))
            }
            Runtime::AsyncStd => {
                let spawn = |task| drop(async_std::task::spawn(task));
                async_std::task::block_on(wirestate_async_std::serve([listener], spawn, factory, echo, &shutdown))
            }
            Runtime::Blocking => {
                let echo = |mut conn: wirestate_blocking::Connection<M>| {
                    while let Ok(Some(line)) = conn.try_next() {
                        conn.machine().give_back(line);
                    }
                };
                wirestate_blocking::serve([listener], factory, echo, &shutdown)
            }
        };
        Ok(())
    }

    fn tokio(self) -> std::io::Result<tokio::runtime::Runtime> {
        let mut builder = match self {
            Runtime::TokioWorkers => tokio::runtime::Builder::new_multi_thread(),
            _ => tokio::runtime::Builder::new_current_thread(),
        };
        builder.worker_threads(workers()).enable_all().build()
    }

    fn bare(self) -> Outcome {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        println!("listening {}", listener.local_addr()?);
        match self {
            Runtime::Tokio | Runtime::TokioWorkers => self.tokio()?.block_on(bare_tokio(listener)),
            Runtime::AsyncIo => bare_async_io(listener),
            Runtime::AsyncStd => async_std::task::block_on(bare_async_std(listener)),
            Runtime::Blocking => bare_blocking(&listener),
        }
    }
}

/// How many threads a runtime with several of them has.
fn workers() -> usize {
    std::env::var("WORKERS").ok().and_then(|workers| workers.parse().ok()).unwrap_or(2)
}

async fn bare_tokio(listener: TcpListener) -> Outcome {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            let mut buffer = vec![0; READ];
            while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                if stream.write_all(&buffer[..count]).await.is_err() {
                    break;
                }
            }
        });
    }
}

fn bare_async_io(listener: TcpListener) -> Outcome {
    let executor = LocalExecutor::new();
    smol::block_on(executor.run(async {
        let listener = Async::new(listener)?;
        loop {
            let (mut stream, _): (_, SocketAddr) = listener.accept().await?;
            stream.get_ref().set_nodelay(true)?;
            let echo = async move {
                let mut buffer = vec![0; READ];
                while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                    if stream.write_all(&buffer[..count]).await.is_err() {
                        break;
                    }
                }
            };
            executor.spawn(echo).detach();
        }
    }))
}

async fn bare_async_std(listener: TcpListener) -> Outcome {
    let listener = async_std::net::TcpListener::from(listener);
    loop {
        let (mut stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        async_std::task::spawn(async move {
            let mut buffer = vec![0; READ];
            while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                if stream.write_all(&buffer[..count]).await.is_err() {
                    break;
                }
            }
        });
    }
}

fn bare_blocking(listener: &TcpListener) -> Outcome {
    fn echo(mut stream: TcpStream) {
        let mut buffer = vec![0; READ];
        while let Ok(count @ 1..) = stream.read(&mut buffer) {
            if stream.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
    }
    loop {
        let (stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        thread::Builder::new().spawn(move || echo(stream))?;
    }
}

/// The least machine that knows lines: what comes is given back, a line at a time, without an event.
struct Least {
    inbox: Inbox,
    outbox: Outbox,
    /// Whether it says nothing before there is TLS.
    secret: bool,
}

impl Default for Least {
    fn default() -> Self {
        Least { inbox: Inbox::new(READ), outbox: Outbox::new(), secret: false }
    }
}

impl Machine for Least {
    type Event = ();
    type Error = std::convert::Infallible;

    fn inbox(&mut self) -> &mut Inbox {
        &mut self.inbox
    }

    fn outbox(&mut self) -> &mut Outbox {
        &mut self.outbox
    }

    fn poll(&mut self, _now: Instant) -> Result<Option<()>, Self::Error> {
        while !self.secret
            && let Some(lf) = self.inbox.find_lf()
        {
            self.outbox.put(&self.inbox.bytes()[..=lf]);
            self.inbox.consume(lf + 1);
        }
        Ok(None)
    }

    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn upgrade(&mut self) -> Option<Upgrade> {
        self.secret.then_some(Upgrade::Tls)
    }

    fn upgraded(&mut self, _now: Instant, _how: Upgraded) {
        self.secret = false;
    }

    fn is_closed(&self) -> bool {
        self.inbox.is_closed()
    }
}

fn certificate(dir: &Path) -> Result<Arc<ServerConfig>, Box<dyn Error>> {
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(vec!["localhost".into()])?.self_signed(&key)?;
    std::fs::write(dir.join("certificate.der"), certificate.der())?;
    let key = PrivateKeyDer::try_from(key.serialize_der())?;
    Ok(server_config(vec![certificate.der().clone()], key, &[])?)
}
