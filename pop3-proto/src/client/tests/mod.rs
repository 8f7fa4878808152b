//! The client against scripted servers.

mod endings;
mod faults;
mod login;
mod session;
mod tls;
mod total;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use wirestate_machine::{Instant, Machine, TlsFacts, Upgraded};
use wirestate_sasl::client::Credentials;

use super::*;
use crate::codec::MessageNumber;

const START: Instant = Instant::START;

/// A configuration for scripts: no TLS, passwords allowed, no CAPA after login.
fn open() -> Config {
    Config::default().tls(TlsPolicy::Never).cleartext(true).capa_after_login(false)
}

fn client(config: Config) -> Client {
    Client::new(Arc::new(config), [7; 32], START)
}

fn message(number: u32) -> MessageNumber {
    MessageNumber::new(number).unwrap()
}

fn password() -> Login {
    Login::new(Credentials::password("ann", "pencil").unwrap())
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

/// A client at `Authorization`, of a server with these capabilities.
fn ready(config: Config, capabilities: &str) -> Client {
    let mut client = client(config);
    says(&mut client, "+OK ready\r\n");
    assert_eq!(wrote(&mut client), "CAPA\r\n");
    let events = says(&mut client, alloc::format!("+OK\r\n{capabilities}.\r\n"));
    assert!(matches!(events[..], [Event::Ready { .. }]), "{events:?}");
    client
}

/// A client at `Transaction`, of a server with these capabilities.
fn logged_in(config: Config, capabilities: &str) -> Client {
    let mut client = ready(config, &alloc::format!("USER\r\nTOP\r\nUIDL\r\n{capabilities}"));
    client.login(password().only(Method::UserPass)).unwrap();
    says(&mut client, "+OK\r\n");
    let events = says(&mut client, "+OK welcome\r\n");
    assert!(matches!(events[..], [Event::LoggedIn { .. }]), "{events:?}");
    assert_eq!(wrote(&mut client), "USER ann\r\nPASS pencil\r\n");
    client
}

fn handshake(client: &mut Client) {
    assert_eq!(client.upgrade(), Some(wirestate_machine::Upgrade::Tls));
    let mut facts = TlsFacts::new();
    facts.exporter = Some([9; 32]);
    client.upgraded(START, Upgraded::Tls(Box::new(facts)));
    assert_eq!(client.upgrade(), None);
}

/// The message that `events` carry, and the request's own end.
fn body(events: &[Event]) -> Vec<u8> {
    let mut text = Vec::new();
    for event in events {
        if let Event::Body { bytes, .. } = event {
            text.extend_from_slice(bytes);
        }
    }
    text
}

/// Events as text, with message pieces joined, so that two runs can be compared.
fn told(events: &[Event]) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    let mut text: Option<(u32, Vec<u8>)> = None;
    for event in events {
        if let Event::Body { request, bytes } = event {
            text.get_or_insert((request.number(), Vec::new())).1.extend_from_slice(bytes);
            continue;
        }
        told.extend(text.take().map(|text| alloc::format!("{text:?}")));
        told.push(alloc::format!("{event:?}"));
    }
    told.extend(text.map(|text| alloc::format!("{text:?}")));
    told
}
