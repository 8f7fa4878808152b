mod accounts;
mod bouncer;
mod commands;
mod login;
mod metadata;
mod queue;
mod registration;
mod requests;
mod session;
mod texts;

use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use wirestate_machine::{Instant, Machine, TlsFacts, Upgraded};
use wirestate_sasl::client::Credentials;

use super::*;

/// A client, what it told and what it said.
pub(super) struct Talk {
    pub(super) client: Client,
    pub(super) events: Vec<Event>,
    pub(super) now: Instant,
    pub(super) violation: Option<Violation>,
}

pub(super) fn plain() -> Config {
    Config::default().tls(TlsPolicy::Never).cleartext(true).pacing(Pacing::Off)
}

pub(super) fn ada() -> Identity {
    Identity::new("ada", "ada", "Ada").unwrap()
}

pub(super) fn with_login() -> Identity {
    ada().login(Credentials::password("ann", "pencil").unwrap())
}

impl Talk {
    pub(super) fn new(config: Config, identity: Identity) -> Self {
        let now = Instant::START;
        let client = Client::new(Arc::new(config), identity, [7; 32], now);
        let mut talk = Talk { client, events: Vec::new(), now, violation: None };
        talk.poll();
        talk
    }

    /// One that is registered, with these capabilities and these tokens of ISUPPORT.
    pub(super) fn registered(config: Config, capabilities: &str, tokens: &str) -> Self {
        let mut talk = Talk::new(config, ada());
        talk.said();
        talk.hear(&[&alloc::format!(":srv CAP * LS :{capabilities}")]);
        for line in talk.said().lines().filter_map(|line| line.strip_prefix("CAP REQ ")) {
            talk.hear(&[&alloc::format!(":srv CAP * ACK :{}", line.trim_start_matches(':'))]);
        }
        let tokens = alloc::format!(":srv 005 ada {tokens} :are supported");
        talk.hear(&[":srv 001 ada :Welcome ada!~a@example.org", &tokens, ":srv 422 ada :no MOTD"]);
        assert_eq!(talk.client.state(), State::Registered);
        talk.said();
        talk.events.clear();
        talk
    }

    /// Takes lines in; gives what it says to them.
    pub(super) fn hear(&mut self, lines: &[&str]) {
        for line in lines {
            self.client.inbox().push(line.as_bytes());
            self.client.inbox().push(b"\r\n");
            self.poll();
        }
    }

    pub(super) fn poll(&mut self) {
        loop {
            match self.client.poll(self.now) {
                Ok(Some(event)) => self.events.push(event),
                Ok(None) => break,
                Err(violation) => {
                    self.violation = Some(violation);
                    break;
                }
            }
        }
    }

    pub(super) fn said(&mut self) -> String {
        let said = String::from_utf8(self.client.outbox().drain()).unwrap();
        self.poll();
        said.replace("\r\n", "\n").trim_end().to_string()
    }

    pub(super) fn wait(&mut self, seconds: u64) {
        self.now = self.now + Duration::from_secs(seconds);
        self.poll();
    }

    pub(super) fn secure(&mut self) {
        assert!(self.client.upgrade().is_some());
        let mut facts = TlsFacts::new();
        facts.exporter = Some([9; 32]);
        self.client.upgraded(self.now, Upgraded::Tls(facts.into()));
        self.poll();
    }

    /// What it told, in short; the events are used up.
    pub(super) fn told(&mut self) -> Vec<String> {
        self.events.drain(..).map(short).collect()
    }

    pub(super) fn work(&mut self) {
        let place = self.events.iter().position(|event| matches!(event, Event::Work { .. })).unwrap();
        let Event::Work { ticket, derivation } = self.events.remove(place) else { unreachable!() };
        self.client.derived(ticket, derivation.run()).unwrap();
        self.poll();
    }
}

fn short(event: Event) -> String {
    match event {
        Event::Message { message, about, .. } => {
            let about = about.map(|about| alloc::format!(" about {}", about.number())).unwrap_or_default();
            alloc::format!("{:?}{about}", message.borrow().command())
        }
        Event::Registered { nick, .. } => alloc::format!("Registered {}", nick.escape_ascii()),
        Event::Capabilities(all) => {
            alloc::format!("Capabilities {}", all.iter().map(|one| one.name()).collect::<Vec<_>>().join(" "))
        }
        Event::Response { request, response, .. } => {
            let words: Vec<_> =
                response.messages().iter().map(|one| alloc::format!("{:?}", one.borrow().command())).collect();
            alloc::format!("Response {} {}", request.number(), words.join(" ")).trim_end().to_string()
        }
        Event::Batch { batch, about, .. } => {
            let about = about.map(|about| alloc::format!(" about {}", about.number())).unwrap_or_default();
            alloc::format!("Batch {} of {}{about}", batch.kind().escape_ascii(), batch.messages().len())
        }
        Event::LoginFailed(error) => alloc::format!("LoginFailed {error:?}"),
        other => alloc::format!("{other:?}"),
    }
}
