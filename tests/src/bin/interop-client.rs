//! A POP3 client that does what its arguments say, and prints what came of it:
//! the hand by which the interop suite drives our client machine.
//!
//! ```text
//! interop-client ADDRESS never|stls|implicit CA-FILE USER PASSWORD METHOD TODO...
//! ```
//! METHOD is `best`, `user`, or a SASL mechanism; TODO is any of `capa`, `stat`, `list [N]`, `uidl [N]`, `noop`,
//! `fetch FOLDER` (all messages, asked for at once), `top N LINES FILE`, `dele N`, `rset`, `hold` (until standard input
//! ends), `drop`, `quit`. It ends with 1 when a request or the session failed.

use std::collections::HashMap;
use std::error::Error;
use std::fs::File;
use std::io::{Read, Write};
use std::iter::Peekable;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::vec;

use pop3_proto::client::{Client, Config, Event, Login, Method, Reason, Request, TlsPolicy};
use pop3_proto::codec::MessageNumber;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use wirestate_blocking::{Connection, connect};
use wirestate_layers::tls::{Tls, client_config};
use wirestate_sasl::Mechanism;
use wirestate_sasl::client::Credentials;

type Fault = Box<dyn Error>;

fn main() -> ExitCode {
    match Arguments::read().and_then(|arguments| Session::open(&arguments)?.run(arguments)) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(fault) => {
            println!("broken {fault}");
            ExitCode::FAILURE
        }
    }
}

struct Arguments {
    address: String,
    tls: TlsPolicy,
    ca: PathBuf,
    login: Login,
    todo: Peekable<vec::IntoIter<String>>,
}

impl Arguments {
    fn read() -> Result<Self, Fault> {
        let mut words = std::env::args().skip(1);
        let mut word = |what: &str| words.next().ok_or_else(|| format!("the argument {what} is missing"));
        let address = word("ADDRESS")?;
        let tls = match word("TLS")?.as_str() {
            "never" => TlsPolicy::Never,
            "stls" => TlsPolicy::Required,
            "implicit" => TlsPolicy::Implicit,
            other => return Err(format!("{other} is not never, stls or implicit").into()),
        };
        let ca = word("CA-FILE")?.into();
        let login = Login::new(Credentials::password(word("USER")?, word("PASSWORD")?)?);
        let login = match word("METHOD")?.as_str() {
            "best" => login,
            "user" => login.only(Method::UserPass),
            name => {
                let mechanism = Mechanism::from_name(name).ok_or_else(|| format!("{name} is no mechanism"))?;
                login.only(Method::Sasl(mechanism))
            }
        };
        Ok(Self { address, tls, ca, login, todo: words.collect::<Vec<_>>().into_iter().peekable() })
    }

    fn number(&mut self) -> Result<u32, Fault> {
        Ok(self.text()?.parse()?)
    }

    fn message(&mut self) -> Result<MessageNumber, Fault> {
        MessageNumber::new(self.number()?).ok_or_else(|| "messages are counted from 1".into())
    }

    fn message_if_any(&mut self) -> Result<Option<MessageNumber>, Fault> {
        let follows = self.todo.peek().is_some_and(|word| word.bytes().all(|octet| octet.is_ascii_digit()));
        if follows { self.message().map(Some) } else { Ok(None) }
    }

    fn text(&mut self) -> Result<String, Fault> {
        self.todo.next().ok_or_else(|| "an argument is missing at the end".into())
    }
}

struct Session {
    connection: Connection<Tls<Client>>,
    messages: u32,
    failed: usize,
}

impl Session {
    fn open(arguments: &Arguments) -> Result<Self, Fault> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(&arguments.ca)? {
            roots.add(certificate?)?;
        }
        let tls = client_config(roots, &[b"pop3"])?;
        let cleartext = arguments.tls == TlsPolicy::Never;
        let config = Arc::new(Config::default().tls(arguments.tls).cleartext(cleartext));
        let mut seed = [0; 32];
        File::open("/dev/urandom")?.read_exact(&mut seed)?;
        let name = ServerName::try_from("localhost")?;
        let connection = connect(arguments.address.as_str(), |_, now| {
            Tls::client(Client::new(config, seed, now), Arc::clone(&tls), name)
        })?;
        Ok(Self { connection, messages: 0, failed: 0 })
    }

    /// Gives how many requests failed.
    fn run(mut self, mut arguments: Arguments) -> Result<usize, Fault> {
        loop {
            match self.event()? {
                Event::Ready { .. } => break,
                Event::Closed { reason, .. } => return Err(format!("closed before login: {reason:?}").into()),
                _ => {}
            }
        }
        let login = arguments.login.clone();
        let request = self.client().login(login)?;
        self.finish(request, None)?;
        if self.failed > 0 {
            return Ok(self.failed);
        }
        while let Some(word) = arguments.todo.next() {
            let request = match word.as_str() {
                "capa" => self.client().capa()?,
                "stat" => self.client().stat()?,
                "list" => {
                    let message = arguments.message_if_any()?;
                    self.client().list(message)?
                }
                "uidl" => {
                    let message = arguments.message_if_any()?;
                    self.client().uidl(message)?
                }
                "noop" => self.client().noop()?,
                "dele" => {
                    let message = arguments.message()?;
                    self.client().dele(message)?
                }
                "rset" => self.client().rset()?,
                "top" => {
                    let (message, lines) = (arguments.message()?, arguments.number()?);
                    let file = File::create(arguments.text()?)?;
                    let request = self.client().top(message, lines)?;
                    self.finish(request, Some(file))?;
                    continue;
                }
                "fetch" => {
                    self.fetch(&PathBuf::from(arguments.text()?))?;
                    continue;
                }
                "hold" => {
                    println!("holding");
                    std::io::stdout().flush()?;
                    std::io::stdin().read_to_end(&mut Vec::new())?;
                    continue;
                }
                "drop" => {
                    println!("dropped {}", self.client().deletions());
                    return Ok(self.failed);
                }
                "quit" => {
                    self.client().quit()?;
                    return self.end();
                }
                other => return Err(format!("{other} is nothing that this client does").into()),
            };
            self.finish(request, None)?;
        }
        Ok(self.failed)
    }

    fn client(&mut self) -> &mut Client {
        self.connection.machine().inner_mut()
    }

    /// The next event; what is only to be shown or worked off is.
    fn event(&mut self) -> Result<Event, Fault> {
        loop {
            let Some(event) = self.connection.try_next()? else { return Err("the connection ended".into()) };
            match &event {
                Event::LoggedIn { method, .. } => match method {
                    Method::Sasl(mechanism) => println!("logged-in {mechanism}"),
                    other => println!("logged-in {other:?}"),
                },
                Event::Capabilities { capabilities, .. } => println!("capabilities {}", capabilities.len()),
                Event::Stat { messages, octets, .. } => println!("stat {messages} {octets}"),
                Event::Size { message, octets, .. } => println!("size {message} {octets}"),
                Event::UniqueId { message, id, .. } => println!("unique-id {message} {id}"),
                Event::Failed { code, text, .. } => {
                    self.failed += 1;
                    let code = code.as_ref().map(|code| format!("[{code}] ")).unwrap_or_default();
                    println!("failed {code}{text}");
                }
                Event::Cancelled { error, .. } => {
                    self.failed += 1;
                    println!("cancelled {error}");
                }
                Event::Odd(oddity) => println!("odd {oddity:?}"),
                _ => {}
            }
            if let Event::Stat { messages, .. } = &event {
                self.messages = *messages;
            }
            match event {
                Event::Work { ticket, derivation } => self.client().derived(ticket, derivation.run())?,
                event => return Ok(event),
            }
        }
    }

    fn finish(&mut self, request: Request, mut into: Option<File>) -> Result<(), Fault> {
        loop {
            match self.event()? {
                Event::Body { bytes, .. } => {
                    if let Some(file) = &mut into {
                        file.write_all(&bytes)?;
                    }
                }
                Event::Closed { reason, .. } => return Err(format!("closed: {reason:?}").into()),
                event if event.finishes() == Some(request) => return Ok(()),
                _ => {}
            }
        }
    }

    /// Asks for all messages before it reads the first.
    fn fetch(&mut self, folder: &std::path::Path) -> Result<(), Fault> {
        let request = self.client().stat()?;
        self.finish(request, None)?;
        let mut files = HashMap::new();
        for number in 1..=self.messages {
            let Some(message) = MessageNumber::new(number) else { continue };
            let request = self.client().retr(message)?;
            files.insert(request, File::create(folder.join(number.to_string()))?);
        }
        while !files.is_empty() {
            match self.event()? {
                Event::Body { request, bytes } => {
                    if let Some(file) = files.get_mut(&request) {
                        file.write_all(&bytes)?;
                    }
                }
                Event::Closed { reason, .. } => return Err(format!("closed: {reason:?}").into()),
                event => {
                    if let Some(request) = event.finishes() {
                        files.remove(&request);
                    }
                }
            }
        }
        Ok(())
    }

    fn end(mut self) -> Result<usize, Fault> {
        loop {
            if let Event::Closed { reason, deletions_lost } = self.event()? {
                match reason {
                    Reason::Quit => println!("closed quit {deletions_lost}"),
                    other => return Err(format!("closed: {other:?}").into()),
                }
                return Ok(self.failed);
            }
        }
    }
}
