//! An IRC client's application: registers, joins, asks, answers whoever speaks to it, and quits when told to.

use std::sync::Arc;

use irc_proto::client::{
    Client, Config, CtcpAnswers, Event, History, Identity, Limits, Pacing, Priority, TlsPolicy, tracker,
};
use irc_proto::codec::{Command, Parts};
use wirestate_machine::{Instant, Machine};
use wirestate_sasl::client::Credentials;
use wirestate_testing::Subject;

/// The application.
#[derive(Clone, Debug)]
pub struct Chatter {
    /// How the sessions are made.
    pub config: Arc<Config>,
    /// The password that it logs in with, if it does.
    pub password: Option<String>,
}

impl Default for Chatter {
    fn default() -> Self {
        Chatter::new(Config::default().tls(TlsPolicy::Never).cleartext(true))
    }
}

/// Bounds so small that a test meets them.
pub fn small() -> Limits {
    let mut tracked = tracker::Limits::default();
    (tracked.channels, tracked.users, tracked.members) = (8, 64, 128);
    (tracked.list_entries, tracked.text) = (16, 128);
    let mut limits = Limits::default();
    limits.tracker = tracked;
    (limits.inbox, limits.line) = (16 * 1024, 1024);
    (limits.capabilities, limits.capability_octets) = (64, 4096);
    (limits.queue, limits.queue_octets) = (32, 8 * 1024);
    (limits.requests, limits.response_messages, limits.response_octets) = (16, 64, 32 * 1024);
    (limits.batches, limits.batch_depth) = (8, 4);
    (limits.batch_messages, limits.batch_octets) = (64, 32 * 1024);
    limits
}

impl Chatter {
    /// A chatter with this configuration.
    pub fn new(config: Config) -> Self {
        Chatter { config: Arc::new(config.iterations(1..=20).limits(small())), password: Some("pencil".into()) }
    }

    /// A session.
    pub fn client(&self, now: Instant) -> Client {
        let mut ada = Identity::new("ada", "ada", "Ada").unwrap();
        if let Some(password) = &self.password {
            ada = ada.login(Credentials::password("ann", password.as_str()).unwrap());
        }
        let mut client = Client::new(self.config.clone(), ada, [8; 32], now);
        client.plugins().add("ctcp", CtcpAnswers::new().version("test")).unwrap();
        client
    }

    /// Does what an event calls for. What the machine refuses is not done.
    pub fn answer(&mut self, client: &mut Client, event: Event) {
        match event {
            Event::Work { ticket, derivation } => drop(client.derived(ticket, derivation.run())),
            Event::Registered { .. } => {
                let _ = client.join("#lobby", Some("key"));
                let _ = client.whois("bob");
                let _ = client.who("#lobby");
                let _ = client.names("#lobby");
                let _ = client.mode_list("#lobby", 'b');
                let _ = client.history(&History::Latest { target: "#lobby", after: None, limit: 5 });
            }
            Event::Message { message, about: None, .. } if message.borrow().command().is(b"PRIVMSG") => {
                let text = String::from_utf8_lossy(message.borrow().param(1).unwrap_or_default()).into_owned();
                let _ = match text.as_str() {
                    "quit" => client.quit("bye").map(drop),
                    text => client.multiline("#lobby", text).map(drop),
                };
            }
            _ => {}
        }
    }
}

impl Subject for Chatter {
    type Machine = Client;

    fn machine(&self, now: Instant) -> Client {
        self.client(now)
    }

    fn react(&mut self, client: &mut Client, event: Event, _now: Instant) {
        self.answer(client, event);
    }

    fn meddle(&mut self, client: &mut Client, choice: u64, _now: Instant) {
        let odd = Parts { command: Command::Word(b"FOO"), params: &[b"a", b"b c"], ..Parts::default() };
        match choice % 16 {
            0 => drop(client.privmsg("#lobby", &"long ".repeat(200))),
            1 => drop(client.notice("bob\r", "x")),
            2 => drop(client.multiline("#lobby", "a\n\nb\nc")),
            3 => drop(client.request(&odd)),
            4 => drop(client.list("")),
            5 => drop(client.change_nick("eve")),
            6 => drop(client.set_away(Some("gone"))),
            7 => drop(client.mode("#lobby", "+o", &["bob"])),
            8 => drop(client.kick("#lobby", "bob", "out")),
            9 => drop(client.send_with(Priority::High, &odd)),
            10 => drop(client.login(Credentials::password("ann", "pencil").unwrap())),
            11 => drop(client.continuation()),
            12 => drop(client.part("#lobby", "")),
            13 => drop(client.plugins().remove("ctcp")),
            14 => client.shutdown(),
            _ => drop(client.quit("done")),
        }
    }

    fn limit(&self) -> usize {
        512 * 1024
    }
}

/// A configuration without pacing, for tests of what is said.
pub fn unpaced() -> Config {
    Config::default().tls(TlsPolicy::Never).cleartext(true).pacing(Pacing::Off)
}
