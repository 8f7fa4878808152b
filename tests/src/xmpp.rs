//! An XMPP server's application in memory, without a router behind it, and a client that types elements.

use std::sync::{Arc, LazyLock};

use wirestate_machine::{Instant, Machine, Misuse, Relay, TlsFacts, Upgraded};
use wirestate_sasl::server::{Answer, Ask as Sasl, Identity, Rejection};
use wirestate_sasl::{Derivation, FakeKeys, Hash, Mechanism, ScramKeys, Secret, TokenBinding};
use wirestate_testing::Subject;
use xmpp_proto::ns;
use xmpp_proto::payload::fast::Token;
use xmpp_proto::server::{Ask, BindRequest, Config, Event, LoggedIn, Server, Suspended, Tls};
use xmpp_proto::stanza::StanzaCondition;
use xmpp_proto::stream::{Content, Packet, StreamCondition, StreamError};
use xmpp_proto::xml::Stamp;

use crate::talk::Application;

/// The user that exists, at `im.example`.
pub const USER: &str = "juliet";
/// Her password.
pub const PASSWORD: &str = "pencil";
/// Her token for later logins.
pub const TOKEN: &str = "fast-token";
/// PLAIN with the password.
pub const PLAIN: &str = "AGp1bGlldABwZW5jaWw=";
/// PLAIN with another one.
pub const WRONG: &str = "AGp1bGlldAB3cm9uZw==";
/// The header of a client's stream.
pub const HEADER: &str = "<?xml version='1.0'?><stream:stream to='im.example' version='1.0' xmlns='jabber:client' \
                          xmlns:stream='http://etherx.jabber.org/streams'>";

/// A login by PLAIN.
pub fn auth(message: &str) -> String {
    format!("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{message}</auth>")
}

/// A request for a resource.
pub fn bind(resource: &str) -> String {
    format!(
        "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>{resource}</resource></bind></iq>"
    )
}

/// All of a login, to a bound resource.
pub fn login() -> String {
    [HEADER, &auth(PLAIN), HEADER, &bind("balcony")].join("\n")
}

/// The application: one user, and switches for what may go wrong.
#[derive(Clone, Debug)]
pub struct Desk {
    /// What the sessions are made with.
    pub config: Arc<Config>,
    /// A resource that somebody else has.
    pub taken: &'static str,
    /// The application keeps its tickets and answers nothing.
    pub mute: bool,
    /// Every message is said back to who sent it, stamped.
    pub echo: bool,
    /// A session without a connection.
    pub suspended: Option<Suspended>,
    /// Who has logged in.
    pub who: Option<LoggedIn>,
    /// What was asked for with the resource.
    pub request: Option<BindRequest>,
    /// The first stanzas that came, as they were written.
    pub stanzas: Vec<String>,
    /// Why the session ended.
    pub closed: Option<String>,
}

/// A configuration with everything on that needs no TLS to be seen.
pub fn open_config() -> Config {
    let mut config = Config::serving(["im.example", "other.example"]).unwrap();
    config.tls = Tls::Off;
    config.cleartext = true;
    config.mechanisms = Mechanism::ALL.to_vec();
    config.fake_keys = Some(FakeKeys::new([3; 32]));
    config.fast = vec![TokenBinding::Exporter, TokenBinding::None];
    config.iq_auth = true;
    config
}

/// The same with STARTTLS and nothing in the clear.
pub fn starttls_config() -> Config {
    let mut config = open_config();
    config.cleartext = false;
    config.tls = Tls::Starttls { required: true };
    config
}

impl Default for Desk {
    fn default() -> Self {
        Desk::new(open_config())
    }
}

impl Desk {
    /// A desk where the resource `taken` is taken.
    pub fn new(config: Config) -> Self {
        Desk {
            config: Arc::new(config),
            taken: "taken",
            mute: false,
            echo: true,
            suspended: None,
            who: None,
            request: None,
            stanzas: Vec::new(),
            closed: None,
        }
    }

    /// The usual desk, with this changed in its configuration.
    pub fn with(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = open_config();
        change(&mut config);
        Desk::new(config)
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
        Ask::Sasl(Sasl::Password { user, .. }) if user == "locked" => Answer::Reject(Rejection::AccountDisabled),
        Ask::Sasl(Sasl::Keys { user, hash, .. }) if user == USER => {
            KEYS.iter().find(|keys| keys.hash() == hash).cloned().map_or(Answer::NoKeys, Answer::Keys)
        }
        Ask::Sasl(Sasl::Keys { .. }) => Answer::NoKeys,
        Ask::Sasl(Sasl::Secret { user, .. }) if user == USER => Answer::Secret(Secret::new(PASSWORD)),
        Ask::Sasl(Sasl::Anonymous { .. }) => Answer::AcceptAs(Identity::new("guest-1")),
        Ask::External { authzid, certificate } => match certificate.subject.as_deref() {
            Some("CN=juliet") if authzid.is_none() => Answer::AcceptAs(Identity::new(USER)),
            _ => wrong,
        },
        Ask::Token { user, proof, .. } if user == USER && proof.fits(&Secret::new(TOKEN)) => {
            Answer::Secret(Secret::new(TOKEN))
        }
        Ask::Token { .. } => Answer::NoKeys,
        Ask::Digest { user } if user == USER => Answer::Secret(Secret::new(PASSWORD)),
        Ask::Digest { .. } => Answer::NoKeys,
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
            Event::Authenticate { ticket, ask } => server.authenticate(ticket, verdict(*ask)),
            Event::LoggedIn(who) => {
                self.who = Some(*who);
                Ok(())
            }
            Event::Token { ticket, .. } => {
                let token = Token { token: Secret::new(TOKEN), expiry: "2030-01-01T00:00:00Z".into() };
                server.give_token(ticket, Some(&token))
            }
            Event::Resume { ticket, id } => match self.suspended.take_if(|suspended| suspended.id() == id) {
                Some(suspended) => server.resume(ticket, suspended),
                None => server.refuse_resume(ticket, None),
            },
            Event::Bind { ticket, request } => {
                // A tag may be anything, a resource may not.
                let plain = |tag: &String| tag.chars().filter(char::is_ascii_alphanumeric).collect::<String>() + "/1";
                let resource = request.resource.clone().or(request.tag.as_ref().map(plain));
                self.request = Some(*request);
                match resource.as_deref() {
                    Some(resource) if resource == self.taken => server.refuse_bind(ticket, StanzaCondition::Conflict),
                    resource => server.bind(ticket, resource.unwrap_or("made")),
                }
            }
            Event::Stanza(stanza) => {
                if self.stanzas.len() < 16 {
                    self.stanzas.push(stanza.element().to_string());
                }
                if self.echo && stanza.element().name() == "message" {
                    let from = server.jid().map(ToString::to_string).unwrap_or_default();
                    server.relay(&Packet::stamped(&Stamp::new(stanza.view()).from(&from)).unwrap());
                }
                if stanza.element().name() == "iq" {
                    server.refuse_unknown(&stanza);
                }
                Ok(())
            }
            Event::Closed(reason) => {
                self.closed = Some(reason.to_string());
                self.suspended = server.suspend();
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// A message that the application has to say.
pub fn message(text: &str) -> Packet {
    Packet::write(Content::Client, |writer| {
        let mut message = writer.element("message", ns::CLIENT)?;
        message.own_text("body", text)?;
        Ok(())
    })
    .unwrap()
}

/// A presence that the application has to say.
pub fn presence(from: &str) -> Packet {
    Packet::write(Content::Client, |writer| {
        writer.element("presence", ns::CLIENT)?.attr("from", from)?;
        Ok(())
    })
    .unwrap()
}

impl Subject for Desk {
    type Machine = Server;

    fn machine(&self, now: Instant) -> Server {
        Server::new(self.config.clone(), [7; 32], now)
    }

    fn react(&mut self, server: &mut Server, event: Event, _now: Instant) {
        // A law may let the answer come too late; then it is misuse, and nothing else.
        let _ = self.answer(server, event);
    }

    fn meddle(&mut self, server: &mut Server, choice: u64, now: Instant) {
        match choice % 9 {
            0 => server.shutdown(),
            1 => server.close_with(&StreamError::new(StreamCondition::Conflict)),
            2 => server.upgraded(now, Upgraded::Tls(Box::new(TlsFacts::new()))),
            3 => server.upgraded(now, Upgraded::Deflate),
            4 => server.end(),
            5 => drop(server.suspend()),
            6 => server.relay(&message("hi")),
            7 => server.relay(&presence("romeo@im.example")),
            _ => drop(server.upgrade()),
        }
    }

    /// A stanza may have 256 KiB, which the inbox holds once and the echo once more, in buffers that grow by doubling; and 1 MiB may be kept
    /// unacknowledged.
    fn limit(&self) -> usize {
        2 * 1024 * 1024
    }

    fn has_farewell(&self) -> bool {
        true
    }
}

/// A client that types at the desk.
pub type Talk = crate::talk::Talk<Desk>;

impl Talk {
    /// A bound session.
    pub fn bound() -> Self {
        Talk::new().bind()
    }

    /// Logs in and binds.
    pub fn bind(mut self) -> Self {
        let said = self.say(login());
        assert!(said.ends_with("<jid>juliet@im.example/balcony</jid></bind></iq>"), "{said}");
        self
    }
}
