//! A POP3 server's application in memory, and a client that types lines.

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use pop3_proto::codec::{Code, MessageNumber, Text, WireSize};
use pop3_proto::server::{
    Appetite, Ask, Body, Config, Custom, Event, Language, Maildrop, Phrase, Reply, Server, Tls, Utf8,
};
use wirestate_machine::{CertificateName, Instant, Machine, Misuse, TlsFacts, Upgraded};
use wirestate_sasl::server::{Answer, Ask as Sasl, Identity, Rejection};
use wirestate_sasl::{Derivation, FakeKeys, Hash, Mechanism, ScramKeys, Secret};
use wirestate_testing::Subject;

use crate::talk::Application;

/// The user that exists.
pub const USER: &str = "ann";
/// Her password, with a blank in it.
pub const PASSWORD: &str = "pass word";

/// The application: one user, some messages, and switches for what may go wrong.
#[derive(Clone, Debug)]
pub struct Desk {
    /// What the sessions are made with.
    pub config: Arc<Config>,
    /// The messages, as they lie in the store.
    pub messages: Vec<Bytes>,
    /// Another session holds the maildrop.
    pub in_use: bool,
    /// The store cannot remove messages.
    pub stuck: bool,
    /// The store loses the message in the middle.
    pub torn: bool,
    /// The application keeps its tickets and answers nothing.
    pub mute: bool,
    /// How large the pieces are in which bodies are sent.
    pub piece: usize,
    /// The messages whose removal was asked for, once QUIT came.
    pub removed: Vec<u32>,
    /// Who has logged in.
    pub who: Option<String>,
    /// A body that waits for room.
    open_body: OpenBody,
}

/// A configuration with everything on that needs no TLS to be seen.
pub fn open_config() -> Config {
    let mut config = Config::default();
    config.cleartext = true;
    config.apop_host = Some("pop.example".into());
    config.mechanisms = Mechanism::ALL.to_vec();
    config.fake_keys = Some(FakeKeys::new([3; 32]));
    config.utf8 = Some(Utf8::Messages);
    config.last = true;
    config.custom = vec![Custom::new("XTND", true, true).unwrap(), Custom::new("XSHOW", false, true).unwrap()];
    config.languages = vec![Language { tag: Text::literal("de"), name: Text::literal("Deutsch"), phrases: german }];
    config
}

fn german(phrase: Phrase) -> Option<&'static str> {
    match phrase {
        Phrase::LanguageSet => Some("Sprache gesetzt"),
        Phrase::NoSuchMessage => Some("keine solche Nachricht"),
        _ => None,
    }
}

/// Messages that are hard on a POP3 server.
pub fn messages() -> Vec<Bytes> {
    let long = format!("Subject: long\n\n{}\n", "x".repeat(5000));
    [
        "Subject: one\r\n\r\nhello\r\n",
        ".dots\n\n.\n..\n.three\nlast line without end",
        "",
        "Subject: caf\u{e9}\n\ncr\rinside\r\n\r\nend\n",
        &long,
    ]
    .map(|text| Bytes::copy_from_slice(text.as_bytes()))
    .into()
}

/// What a message is on the wire, before stuffing.
pub fn on_the_wire(message: &[u8]) -> Vec<u8> {
    let mut wire = Vec::new();
    for byte in message {
        if *byte == b'\n' && wire.last() != Some(&b'\r') {
            wire.push(b'\r');
        }
        wire.push(*byte);
    }
    if !wire.is_empty() && !wire.ends_with(b"\n") {
        wire.extend_from_slice(if wire.ends_with(b"\r") { b"\n" } else { b"\r\n" });
    }
    wire
}

impl Default for Desk {
    fn default() -> Self {
        Desk::new(open_config())
    }
}

impl Desk {
    /// A desk with the usual messages.
    pub fn new(config: Config) -> Self {
        Desk {
            config: Arc::new(config),
            messages: messages(),
            in_use: false,
            stuck: false,
            torn: false,
            mute: false,
            piece: 7,
            removed: Vec::new(),
            who: None,
            open_body: OpenBody::default(),
        }
    }

    /// A session of this desk.
    pub fn server(&self, now: Instant) -> Server {
        Server::new(self.config.clone(), [7; 32], now)
    }

    /// The listing of the messages.
    pub fn listing(&self) -> Maildrop {
        let mut maildrop = Maildrop::new();
        for (index, message) in self.messages.iter().enumerate() {
            let mut size = WireSize::new();
            size.push(message);
            maildrop.push(size.finish(), &format!("id-{index}")).unwrap();
        }
        maildrop
    }

    fn stream(&mut self, server: &mut Server, mut body: Body, mut text: Bytes) -> Result<(), Misuse> {
        if self.torn {
            server.piece(&mut body, text.split_to(text.len() / 2))?;
            return server.abort(body);
        }
        while !text.is_empty() {
            let piece = text.split_to(text.len().min(self.piece));
            match server.piece(&mut body, piece)? {
                Appetite::More => {}
                Appetite::Enough => break,
                Appetite::Full => {
                    self.open_body.0 = Some((body, text));
                    return Ok(());
                }
            }
        }
        server.end(body)
    }
}

/// A body that waits for room. A fresh session, which is a clone of the desk, has none.
#[derive(Debug, Default)]
struct OpenBody(Option<(Body, Bytes)>);

impl Clone for OpenBody {
    fn clone(&self) -> Self {
        OpenBody::default()
    }
}

static KEYS: LazyLock<[ScramKeys; 3]> = LazyLock::new(|| {
    [Hash::Sha1, Hash::Sha256, Hash::Sha512].map(|hash| {
        let work = Derivation::new(hash, PASSWORD, b"0123456789abcdef", 4096).unwrap();
        ScramKeys::from_derived(&work.run())
    })
});

fn verdict(ask: Ask) -> Answer {
    let wrong = Answer::Reject(Rejection::Credentials);
    match ask {
        Ask::Sasl(Sasl::Password { user, password, .. }) if user == USER && password.matches(PASSWORD) => {
            Answer::Accept
        }
        Ask::Sasl(Sasl::Keys { user, hash, .. }) if user == USER => {
            KEYS.iter().find(|keys| keys.hash() == hash).cloned().map_or(Answer::NoKeys, Answer::Keys)
        }
        Ask::Sasl(Sasl::Keys { .. }) => Answer::NoKeys,
        Ask::Sasl(Sasl::Secret { user, .. }) if user == USER => Answer::Secret(Secret::new(PASSWORD)),
        Ask::Sasl(Sasl::Token { token, .. }) if token.matches("good-token") => Answer::AcceptAs(Identity::new(USER)),
        Ask::External { authzid, certificate } => {
            let address = CertificateName::Rfc822Name(format!("{USER}@mail.example"));
            match authzid {
                _ if !certificate.names.contains(&address) => wrong,
                None => Answer::AcceptAs(Identity::new(USER)),
                Some(authzid) if authzid == USER => Answer::Accept,
                Some(_) => Answer::Reject(Rejection::NotAuthorized),
            }
        }
        Ask::Apop { user, proof } if user == USER && proof.fits(PASSWORD) => Answer::Accept,
        _ => wrong,
    }
}

impl Application for Desk {
    fn answer(&mut self, server: &mut Server, event: Event) -> Result<(), Misuse> {
        if self.mute {
            // A ticket that is dropped is a ticket that is never answered.
            return Ok(());
        }
        match event {
            Event::Greet(ticket) => server.greet(ticket, Text::literal("hello")),
            Event::Authenticate { ticket, ask } => server.authenticate(ticket, verdict(ask)),
            Event::Open { ticket, .. } if self.in_use => {
                server.refuse_open(ticket, Some(Code::InUse), Text::literal("another session is open"))
            }
            Event::Open { ticket, identity } => {
                self.who = Some(identity.name().to_owned());
                server.open(ticket, self.listing())
            }
            Event::Retrieve { ticket, message, .. } => match self.messages.get(message.index()).cloned() {
                Some(text) => {
                    let body = server.send(ticket)?;
                    self.stream(server, body, text)
                }
                None => server.refuse_message(ticket, Some(Code::SysTemp), Text::literal("gone")),
            },
            Event::Writable => match self.open_body.0.take() {
                Some((body, rest)) => self.stream(server, body, rest),
                None => Ok(()),
            },
            Event::Commit { ticket, deletions } => {
                if !self.stuck {
                    self.removed.extend(deletions.map(MessageNumber::number));
                }
                server.committed(ticket, !self.stuck)
            }
            Event::Custom { ticket, arguments, .. } if &*arguments == b"lines" => {
                let mut body = server.send_lines(ticket, Text::literal("lines follow"))?;
                server.piece(&mut body, Bytes::from_static(b"one\n.two\n"))?;
                server.end(body)
            }
            Event::Custom { ticket, arguments, .. } => server.reply_to(ticket, Reply::ok(Text::lossy(arguments))),
            _ => Ok(()),
        }
    }
}

impl Subject for Desk {
    type Machine = Server;

    fn machine(&self, now: Instant) -> Server {
        self.server(now)
    }

    fn react(&mut self, server: &mut Server, event: Event, _now: Instant) {
        // A law may let the answer come too late; then it is misuse, and nothing else.
        let _ = self.answer(server, event);
    }

    fn meddle(&mut self, server: &mut Server, choice: u64, now: Instant) {
        match choice % 5 {
            0 => server.shutdown(),
            1 => drop(server.capabilities()),
            2 => server.upgraded(now, Upgraded::Tls(Box::new(TlsFacts::new()))),
            3 => server.upgraded(now, Upgraded::Deflate),
            _ => drop(server.upgrade()),
        }
    }

    fn has_farewell(&self) -> bool {
        true
    }
}

/// A client that types lines at the desk.
pub type Talk = crate::talk::Talk<Desk>;

impl Talk {
    /// A session after login.
    pub fn logged_in() -> Self {
        Talk::new().log_in()
    }

    /// Logs in with USER and PASS.
    pub fn log_in(mut self) -> Self {
        let said = self.say(format!("USER {USER}\r\nPASS {PASSWORD}\r\n"));
        assert!(said.ends_with("+OK maildrop open\r\n"), "{said}");
        self
    }
}

/// A configuration with STLS and nothing in the clear.
pub fn stls_config() -> Config {
    let mut config = open_config();
    config.cleartext = false;
    config.tls = Tls::Stls;
    config
}
