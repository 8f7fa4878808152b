//! A server that says what a test tells it to.

mod faults_of_the_seed;
mod impostor;
mod jabberd;
mod legacy;
mod login;
mod management;
mod negotiation;
mod peer;
mod plugins;
mod requests;
mod sasl2;
mod transitions;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use wirestate_machine::{Instant, Machine, TlsFacts, Upgraded};
use wirestate_sasl::server::{self, Answer, Ask, Server, Step};
use wirestate_sasl::{Advertised, Derivation, FakeKeys, Hash, Mechanism, Nonces, ScramKeys, base64};

use super::*;

const HEADER: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' \
    from='h.example' id='s1' version='1.0'>";
const STARTTLS: &str =
    "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>";
const PROCEED: &str = "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
const SUCCESS: &str = "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>";
const BIND: &str = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>";
const SM: &str = "<sm xmlns='urn:xmpp:sm:3'/>";

fn features(inside: &str) -> String {
    format!("<stream:features>{inside}</stream:features>")
}

fn mechanisms(names: &[&str]) -> String {
    let names: String = names.iter().map(|name| format!("<mechanism>{name}</mechanism>")).collect();
    format!("<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{names}</mechanisms>")
}

fn element(text: &str) -> Element {
    let (start, rest) = text.split_at(text.find([' ', '/', '>']).unwrap());
    format!("{start} xmlns='jabber:client'{rest}").parse().unwrap()
}

fn ann() -> Account {
    Account::user("ann@h.example/r", "pencil").unwrap()
}

fn clear() -> Config {
    Config::default().tls(TlsPolicy::Never).cleartext(true)
}

/// A client, the time, and what happened.
struct Talk {
    client: Client,
    now: Instant,
    events: Vec<Event>,
    outcome: Result<(), Violation>,
}

impl Talk {
    fn new(config: Config, account: Account) -> Self {
        Talk::resuming(config, account, Continuation::default())
    }

    fn resuming(config: Config, account: Account, before: Continuation) -> Self {
        let client = Client::resuming(config.into(), account, before, [7; 32], Instant::START);
        let mut talk = Talk { client, now: Instant::START, events: Vec::new(), outcome: Ok(()) };
        talk.poll();
        talk
    }

    /// A session that is ready, of a login that shows the password, with these features after it.
    fn ready(config: Config, offered: &str) -> Self {
        let mut talk = Talk::new(config, ann());
        talk.log_in(offered);
        talk.said();
        talk.events.clear();
        talk
    }

    fn log_in(&mut self, offered: &str) {
        self.log_in_until_bound(offered);
        let id = self.id();
        self.hears(&format!(
            "<iq type='result' id='{id}'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>ann@h.example/r</jid></bind></iq>"
        ));
        assert_eq!(self.client.state(), State::Ready, "{:?}", self.events);
    }

    fn log_in_until_bound(&mut self, offered: &str) {
        self.hears(HEADER).hears(&features(&mechanisms(&["PLAIN"]))).hears(SUCCESS);
        self.hears(HEADER);
        self.said();
        self.hears(&features(&format!("{BIND}{offered}")));
    }

    fn poll(&mut self) -> &mut Self {
        loop {
            match self.client.poll(self.now) {
                Ok(Some(event)) => self.events.push(event),
                Ok(None) => break,
                Err(violation) => {
                    self.outcome = Err(violation);
                    break;
                }
            }
        }
        self
    }

    fn hears(&mut self, text: &str) -> &mut Self {
        let pushed = self.client.inbox().push_some(text.as_bytes());
        assert_eq!(pushed, text.len(), "the client takes no more");
        self.poll()
    }

    fn gone(&mut self) -> &mut Self {
        self.client.inbox().close();
        self.poll()
    }

    fn waits(&mut self, seconds: u64) -> &mut Self {
        self.now = self.now + Duration::from_secs(seconds);
        self.poll()
    }

    fn secured(&mut self, facts: TlsFacts) -> &mut Self {
        assert_eq!(self.client.upgrade(), Some(wirestate_machine::Upgrade::Tls));
        self.client.upgraded(self.now, Upgraded::Tls(facts.into()));
        self.poll()
    }

    fn said(&mut self) -> String {
        String::from_utf8(self.client.outbox().drain()).unwrap()
    }

    /// The id of the last question that the client asked.
    fn id(&mut self) -> String {
        let said = self.said();
        let id = said.rsplit_once(" id='").expect("a question").1;
        id.split_once('\'').unwrap().0.into()
    }

    /// The names of the events since this was asked last.
    fn told(&mut self) -> Vec<String> {
        self.events
            .drain(..)
            .map(|event| {
                let text = format!("{event:?}");
                text.split(['(', ' ', '{']).next().unwrap_or_default().into()
            })
            .collect()
    }

    fn violation(&self) -> &Violation {
        self.outcome.as_ref().expect_err("a violation")
    }
}

/// The server's part of SCRAM-SHA-256 with the password `pencil`.
struct Scram {
    server: Server,
    data: Option<Vec<u8>>,
}

impl Scram {
    fn new(mechanism: Mechanism, advertised: Option<Advertised>) -> Self {
        let mut context = server::Context::new(Nonces::from_seed([9; 32]).fresh()).fake_keys(FakeKeys::new([3; 32]));
        if let Some(advertised) = advertised {
            context = context.advertised(advertised);
        }
        Scram { server: Server::start(mechanism, &context).unwrap(), data: None }
    }

    /// Answers what the client said last: a challenge, or the data of success, in base64.
    fn answer(&mut self, said: &str) -> String {
        let message = payload(said);
        let mut step = self.server.step(Some(&message)).unwrap();
        if let Step::Ask(Ask::Keys { .. }) = step {
            let keys = Derivation::new(Hash::Sha256, "pencil", b"0123456789abcdef", 4096).unwrap().run();
            step = self.server.answer(Answer::Keys(ScramKeys::from_derived(&keys))).unwrap();
        }
        match step {
            Step::Challenge(challenge) => base64::encode(&challenge),
            Step::Done { data, .. } => {
                self.data = data.clone();
                base64::encode(&data.unwrap_or_default())
            }
            other => panic!("{other:?}"),
        }
    }
}

/// What the last element said holds, out of base64.
fn payload(said: &str) -> Vec<u8> {
    let end = said.rfind("</").expect("an element with text");
    let start = said[..end].rfind('>').unwrap() + 1;
    base64::decode(&said[start..end], 10_000).unwrap()
}

impl Talk {
    /// Runs the work that the client handed out.
    fn works(&mut self) -> &mut Self {
        let at = self.events.iter().position(|event| matches!(event, Event::Work { .. })).expect("work");
        let Event::Work { ticket, derivation } = self.events.remove(at) else { unreachable!() };
        self.client.derived(ticket, derivation.run()).unwrap();
        self.poll()
    }
}
