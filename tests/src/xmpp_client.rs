//! An XMPP client's application: logs in, asks, answers whoever speaks to it, and leaves when told to.

use std::sync::Arc;

use wirestate_machine::{Instant, Machine};
use wirestate_testing::Subject;
use xmpp_proto::client::{Account, Client, Config, Event, Limits, Matcher, Path, TlsPolicy, UserAgent};
use xmpp_proto::xml::{self, Element};

/// The application.
#[derive(Clone, Debug)]
pub struct Talker {
    /// How the sessions are made.
    pub config: Arc<Config>,
    /// Whose they are.
    pub account: Account,
}

impl Default for Talker {
    fn default() -> Self {
        Talker::new(clear())
    }
}

/// A configuration without TLS.
pub fn clear() -> Config {
    Config::default().tls(TlsPolicy::Never).cleartext(true)
}

/// Ann.
pub fn ann() -> Account {
    let agent = UserAgent { id: "d4565fa7-4d72-4749-b3d3-740edbf87770".into(), software: None, device: None };
    Account::user("ann@h.example/r", "pencil").unwrap().agent(agent)
}

/// Bounds so small that a test meets them.
pub fn small() -> Limits {
    let mut limits = Limits::default();
    limits.before_login = xml::Limits { bytes: 4096, ..xml::Limits::BEFORE_LOGIN };
    limits.after_login = xml::Limits { bytes: 8192, elements: 256, ..xml::Limits::AFTER_LOGIN };
    (limits.queue, limits.queue_octets, limits.requests) = (16, 8 * 1024, 16);
    (limits.unacknowledged.stanzas, limits.unacknowledged.octets) = (8, 4 * 1024);
    limits
}

impl Talker {
    /// Ann with this configuration.
    pub fn new(config: Config) -> Self {
        Talker::of(config, ann())
    }

    /// Somebody else.
    pub fn of(config: Config, account: Account) -> Self {
        Talker { config: Arc::new(config.iterations(1..=20).limits(small())), account }
    }

    /// A session.
    pub fn client(&self, now: Instant) -> Client {
        let mut client = Client::new(self.config.clone(), self.account.clone(), [8; 32], now);
        client.filters_mut().add("texts", Matcher::path(Path::parse("//body[text()] | /*[@id='x']", &[]).unwrap()));
        client.filters_mut().add("all", Matcher::new());
        client
    }

    /// A stanza in the stream's namespace.
    pub fn stanza(client: &Client, text: &str) -> Element {
        let (start, rest) = text.split_at(text.find([' ', '/', '>']).unwrap());
        format!("{start} xmlns='{}'{rest}", client.ns()).parse().unwrap()
    }

    /// Does what an event calls for. What the machine refuses is not done.
    pub fn answer(&mut self, client: &mut Client, event: Event) {
        match event {
            Event::Work { ticket, derivation } => drop(client.derived(ticket, derivation.run())),
            Event::Ready(_) => {
                let roster = "<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>";
                let _ = client.request(Talker::stanza(client, roster));
                let _ = client.send(Talker::stanza(client, "<presence/>"));
                client.flush_queue();
            }
            Event::Stanza(stanza) if stanza.id().as_deref() == Some("quit") => drop(client.close()),
            Event::Stanza(stanza) if stanza.element().name() == "message" => {
                let _ = client
                    .send(Talker::stanza(client, "<message to='bob@h.example'><body>hello to you</body></message>"));
            }
            _ => {}
        }
    }
}

impl Subject for Talker {
    type Machine = Client;

    fn machine(&self, now: Instant) -> Client {
        self.client(now)
    }

    fn react(&mut self, client: &mut Client, event: Event, _now: Instant) {
        self.answer(client, event);
    }

    fn meddle(&mut self, client: &mut Client, choice: u64, _now: Instant) {
        match choice % 12 {
            0 => drop(client.send(Talker::stanza(client, "<message to='bob@h.example' id='m'/>"))),
            1 => drop(client.send("<message xmlns='urn:other'/>".parse().unwrap())),
            2 | 3 => drop(client.request(Talker::stanza(client, "<iq type='get' id='same'><q xmlns='u'/></iq>"))),
            4 => drop(client.set_active(false)),
            5 => drop(client.flush_queue()),
            6 => drop(client.clear_queue()),
            7 => drop(client.continuation()),
            8 => drop(client.filters_mut().remove("all")),
            9 => drop(client.filters_mut().add("all", Matcher::new().stanza("message"))),
            10 => client.shutdown(),
            _ => drop(client.close()),
        }
    }

    fn limit(&self) -> usize {
        512 * 1024
    }
}
