//! The client against scripted servers.

mod endings;
mod extensions;
mod faults;
mod fetch;
mod login;
mod pipelining;
mod quirks;
mod sending;
mod session;
mod state;
mod tls;
mod total;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use wirestate_machine::{Instant, Machine, TlsFacts, Upgrade, Upgraded};
use wirestate_sasl::client::Credentials;

use super::*;
use crate::codec::command::FetchAttribute;
use crate::codec::{Code, Data, SearchKey, SearchKeys, SeqNo, SequenceSet, Uid};

const START: Instant = Instant::START;

/// A configuration for scripts: no TLS, passwords allowed, no CAPABILITY after login.
fn open() -> Config {
    Config::default().tls(TlsPolicy::Never).cleartext(true).capability_after_login(false)
}

fn client(config: Config) -> Client {
    Client::new(Arc::new(config), [7; 32], START)
}

fn password() -> Login {
    Login::new(Credentials::password("ann", "pencil").unwrap())
}

fn set(text: &str) -> SequenceSet {
    text.parse().unwrap()
}

fn number(number: u32) -> SeqNo {
    SeqNo::new(number).unwrap()
}

/// Everything that comes out now.
fn events(client: &mut Client) -> Vec<Event> {
    let mut events = Vec::new();
    while let Some(event) = client.poll(START).unwrap() {
        events.push(event);
    }
    events
}

fn says(client: &mut Client, server: impl AsRef<[u8]>) -> Vec<Event> {
    client.inbox().push(server.as_ref());
    events(client)
}

fn breaks(client: &mut Client, server: impl AsRef<[u8]>) -> Violation {
    client.inbox().push(server.as_ref());
    loop {
        match client.poll(START) {
            Ok(event) => assert!(event.is_some(), "no violation"),
            Err(violation) => {
                assert_eq!(client.poll(START).unwrap_err(), violation, "it must be sticky");
                assert!(client.is_closed());
                return violation;
            }
        }
    }
}

fn wrote(client: &mut Client) -> String {
    String::from_utf8(client.outbox().drain()).unwrap()
}

/// A client that may log in, at a server with these capabilities.
fn ready(config: Config, capabilities: &str) -> Client {
    let mut client = client(config);
    let events = says(&mut client, alloc::format!("* OK [CAPABILITY IMAP4rev1 {capabilities}] hello\r\n"));
    assert!(matches!(events[..], [Event::Ready { .. }]), "{events:?}");
    assert_eq!(wrote(&mut client), "");
    client
}

/// A client that is logged in, at a server with these capabilities. The next tag is A2.
fn logged_in(config: Config, capabilities: &str) -> Client {
    let mut client = ready(config, "");
    client.login(password()).unwrap();
    assert_eq!(wrote(&mut client), "A1 LOGIN ann pencil\r\n");
    let events = says(&mut client, alloc::format!("A1 OK [CAPABILITY IMAP4rev1 {capabilities}] welcome\r\n"));
    assert!(matches!(events[..], [Event::Capabilities, Event::Done { .. }]), "{events:?}");
    client
}

/// A client with INBOX selected, of so many messages. The next tag is A3.
fn selected(config: Config, capabilities: &str, messages: u32) -> Client {
    let mut client = logged_in(config, capabilities);
    client.select("INBOX").unwrap();
    assert_eq!(wrote(&mut client), "A2 SELECT INBOX\r\n");
    says(&mut client, alloc::format!("* {messages} EXISTS\r\nA2 OK [READ-WRITE] done\r\n"));
    assert_eq!(client.state(), State::Selected);
    client
}

fn handshake(client: &mut Client) {
    assert_eq!(client.upgrade(), Some(Upgrade::Tls));
    let mut facts = TlsFacts::new();
    facts.exporter = Some([9; 32]);
    client.upgraded(START, Upgraded::Tls(Box::new(facts)));
    assert_eq!(client.upgrade(), None);
}

/// How this request ended.
fn outcome(events: &[Event], wanted: RequestId) -> &Outcome {
    let found = events.iter().find_map(|event| match event {
        Event::Done { request, outcome } if *request == wanted => Some(outcome),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("{wanted:?} has not ended: {events:?}"))
}
