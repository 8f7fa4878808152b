//! Sessions of an XMPP server in memory, from the header to the resource.

use std::sync::Arc;

use wirestate_machine::{Instant, Machine, Relay};
use wirestate_sasl::client::{self, Context, Credentials, Step};
use wirestate_sasl::server::Answer;
use wirestate_sasl::{DEFAULT_ITERATIONS, Derivation, FakeKeys, Hash, Mechanism, Nonces, ScramKeys, base64};
use xmpp_proto::Jid;
use xmpp_proto::router::storage::Bounds;
use xmpp_proto::router::{self, Deliveries, Memory, Router, Session};
use xmpp_proto::server::{Ask, Config, Event, Server, Tls};

use crate::pop3::drain;

/// What a client says first, and again after its login.
pub const HEADER: &str = "<?xml version='1.0'?><stream:stream to='localhost' version='1.0' xmlns='jabber:client' \
     xmlns:stream='http://etherx.jabber.org/streams'>";
/// How a client asks for a resource of the server's choice.
pub const BIND: &str = "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>";
const SEED: [u8; 32] = [7; 32];

/// A server configuration with SCRAM-SHA-1 and without TLS.
pub fn config() -> Arc<Config> {
    let mut config = Config::serving(["localhost"]).expect("a domain");
    (config.tls, config.cleartext) = (Tls::Off, true);
    config.mechanisms = vec![Mechanism::SCRAM_SHA_1];
    config.fake_keys = Some(FakeKeys::new(SEED));
    config.into()
}

/// What a client says to log in by SCRAM-SHA-1 and to bind, step by step: it was said once to a server of the same seed, whose answers are the same.
#[derive(Debug)]
pub struct Login {
    config: Arc<Config>,
    keys: ScramKeys,
    said: [String; 3],
}

impl Login {
    /// Plays the login through once, with a client that checks the server.
    pub fn record(config: Arc<Config>) -> Self {
        let derived = Derivation::new(Hash::Sha1, "pencil", b"a salt of 16 oct", DEFAULT_ITERATIONS);
        let derived = derived.expect("a password").run();
        let keys = ScramKeys::from_derived(&derived);
        let credentials = Credentials::password("ann", "pencil").expect("a password");
        let context = Context::new(Nonces::from_seed([8; 32]).fresh());
        let mut sasl = client::Client::start(Mechanism::SCRAM_SHA_1, &credentials, &context).expect("it fits");
        let Ok(Step::Send(first)) = sasl.step(None) else { panic!("SCRAM begins") };
        let first = auth(&first);
        let mut server = Server::new(config.clone(), SEED, Instant::START);
        say(&mut server, HEADER, &keys);
        say(&mut server, &first, &keys);
        let challenge = within(&server.outbox().drain(), "</challenge>");
        let Ok(Step::Work(_)) = sasl.step(Some(&challenge)) else { panic!("no challenge") };
        let Ok(Step::Send(last)) = sasl.resume(derived) else { panic!("another salt") };
        let last = response(&last);
        say(&mut server, &last, &keys);
        sasl.succeed(Some(&within(&server.outbox().drain(), "</success>"))).expect("a server that has the key");
        Login { config, keys, said: [first, last, [HEADER, BIND].concat()] }
    }

    /// A server that a client has just bound to.
    pub fn play(&self) -> Server {
        let mut server = Server::new(self.config.clone(), SEED, Instant::START);
        say(&mut server, HEADER, &self.keys);
        for said in &self.said {
            say(&mut server, said, &self.keys);
            server.outbox().clear();
        }
        assert_eq!(server.jid().and_then(|jid| jid.resource()), Some("home"), "bound");
        server
    }
}

/// A client that speaks, one that hears, and the router between them: what a server does with a message, but for sockets and locks.
#[derive(Debug)]
pub struct Pair {
    speaks: Server,
    hears: Server,
    router: Router<Memory>,
    out: Deliveries,
}

const SPEAKS: Session = Session(1);
const HEARS: Session = Session(2);
/// When all happens, in milliseconds since 1970.
const NOW: u64 = 1_790_000_000_000;

impl Pair {
    /// Both are bound and available; messages are archived where it `is_archiving`.
    pub fn bound(is_archiving: bool) -> Self {
        let login = Login::record(config());
        let mut storage = Memory::new(Bounds::default());
        let [ann, bob] = ["ann@localhost", "bob@localhost"].map(|jid| Jid::parse(jid).expect("an address"));
        let mut config = router::Config::new("localhost").expect("a domain");
        config.is_archiving = is_archiving;
        [&ann, &bob].into_iter().for_each(|jid| storage.add_account(jid.as_ref()));
        let mut router = Router::new(config, storage);
        let mut out = Deliveries::new();
        for (session, jid) in [(SPEAKS, &ann), (HEARS, &bob)] {
            router.bind(session, jid.as_ref(), "home", NOW, &mut out).expect("an account");
        }
        let mut pair = Pair { speaks: login.play(), hears: login.play(), router, out };
        for session in [SPEAKS, HEARS] {
            pair.take(session, "<presence/>");
        }
        pair.out.clear();
        // One's own presence comes back.
        drain(&mut pair.hears);
        pair
    }

    /// Takes what one says, one batch in and one out; gives how many bytes went out to the other.
    pub fn chat(&mut self, messages: &str) -> usize {
        self.take(SPEAKS, messages);
        drain(&mut self.hears)
    }

    fn take(&mut self, session: Session, said: &str) {
        self.speaks.inbox().push(said.as_bytes());
        while let Some(event) = self.speaks.poll(Instant::START).expect("no violation") {
            let Event::Stanza(stanza) = event else { continue };
            self.router.handle(session, &stanza, NOW, &mut self.out);
            for delivery in self.out.deliveries() {
                for (receiver, packet) in delivery.packets() {
                    if receiver == HEARS {
                        self.hears.relay(&packet);
                    }
                }
            }
            self.out.clear();
        }
    }
}

/// A message as clients send it.
pub fn message(to: &str, kind: &str) -> String {
    let body = "But, soft! what light through yonder window breaks? It is the east, and Juliet is the sun.";
    format!(
        "<message to='{to}' type='{kind}' id='0f7b5a52'><body>{body}</body>\
         <active xmlns='http://jabber.org/protocol/chatstates'/></message>"
    )
}

fn say(server: &mut Server, text: &str, keys: &ScramKeys) {
    server.inbox().push(text.as_bytes());
    while let Some(event) = server.poll(Instant::START).expect("a lawful client") {
        match event {
            Event::Authenticate { ticket, ask } => {
                assert!(matches!(*ask, Ask::Sasl(wirestate_sasl::server::Ask::Keys { .. })), "SCRAM asks for keys");
                server.authenticate(ticket, Answer::Keys(keys.clone())).expect("in time");
            }
            Event::Bind { ticket, .. } => server.bind(ticket, "home").expect("in time"),
            _ => {}
        }
    }
}

/// The first message of an exchange by SCRAM-SHA-1.
pub fn auth(message: &[u8]) -> String {
    let message = base64::encode(message);
    format!("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-1'>{message}</auth>")
}

/// Another message of an exchange.
pub fn response(message: &[u8]) -> String {
    format!("<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{}</response>", base64::encode(message))
}

/// The message in the element that ends so; empty where there is none.
pub fn within(text: &[u8], end: &str) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    let before = text.split(end).next().unwrap_or("");
    base64::decode(before.rsplit('>').next().unwrap_or(""), before.len()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_can_be_played_again_and_again() {
        let login = Login::record(config());
        for _ in 0..2 {
            assert_eq!(login.play().jid().map(ToString::to_string).as_deref(), Some("ann@localhost/home"));
        }
    }

    #[test]
    fn a_message_goes_from_one_to_the_other() {
        for is_archiving in [false, true] {
            let mut pair = Pair::bound(is_archiving);
            let message = message("bob@localhost/home", "chat");
            let stamped = message.len() + " from='ann@localhost/home'".len();
            let id = "<stanza-id xmlns='urn:xmpp:sid:0' by='bob@localhost' id='0123456789012345678'/>".len();
            assert_eq!(pair.chat(&message.repeat(3)), 3 * (stamped + if is_archiving { id } else { 0 }));
        }
    }
}
