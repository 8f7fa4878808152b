//! Our POP3 client against our POP3 server: over random cuts and delays, through TLS layers, with trouble on the line.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use pop3_proto::client::{Config, TlsPolicy};
use pop3_proto::server::Tls;
use proptest::prelude::*;
use wirestate_machine::{Instant, TlsFacts, Upgraded};
use wirestate_testing::{Broken, End, Pair, Trouble};
use wirestate_tests::pop3::{Desk, on_the_wire, open_config, stls_config};
use wirestate_tests::pop3_client::{Fetcher, Mail};
use wirestate_tests::talk::Application;

type Both = Pair<pop3_proto::client::Client, pop3_proto::server::Server>;

/// A pair, what the client brings home, and the desk as it is in the end.
fn pair(fetcher: Fetcher, desk: Desk) -> (Both, Arc<Mutex<Mail>>, Arc<Mutex<Desk>>) {
    let (client, server) = (fetcher.client(Instant::START), desk.server(Instant::START));
    let (mail, desk) = (fetcher.mail.clone(), Arc::new(Mutex::new(desk)));
    let (mut fetcher, behind) = (fetcher, desk.clone());
    let pair = Pair::new(client, server)
        .on_client(move |client, event, _| fetcher.answer(client, event).unwrap())
        .on_server(move |server, event, _| behind.lock().unwrap().answer(server, event).unwrap());
    (pair, mail, desk)
}

fn facts() -> impl FnMut() -> Upgraded + 'static {
    || {
        let mut facts = TlsFacts::new();
        facts.exporter = Some([5; 32]);
        Upgraded::Tls(Box::new(facts))
    }
}

fn all_wires(desk: &Desk) -> Vec<Vec<u8>> {
    desk.messages.iter().map(|message| on_the_wire(message)).collect()
}

fn check_all_fetched(mail: &Mail, desk: &Desk) {
    assert_eq!(mail.messages.values().cloned().collect::<Vec<_>>(), all_wires(desk));
    for (number, octets) in &mail.sizes {
        assert_eq!(mail.messages[number].len() as u64, *octets, "message {number}");
    }
    assert!(mail.committed && mail.failed == 0, "{mail:?}");
}

#[test]
fn everything_is_fetched_and_deleted() -> Result<(), Broken> {
    let (mut pair, mail, desk) = pair(Fetcher::default(), Desk::default());
    pair.run_to_end(Duration::from_secs(60))?;
    check_all_fetched(&mail.lock().unwrap(), &desk.lock().unwrap());
    assert_eq!(desk.lock().unwrap().removed, [1, 2, 3, 4, 5]);
    Ok(())
}

#[test]
fn the_strongest_mechanism_is_chosen_by_what_the_channel_is() -> Result<(), Broken> {
    let method = |client: Config, server: pop3_proto::server::Config| {
        let (pair, mail, _) = pair(Fetcher::new(client), Desk::new(server));
        let mut pair = pair.with_facts(facts(), facts());
        pair.run_to_end(Duration::from_secs(60))?;
        Ok::<_, Broken>(mail.lock().unwrap().method.clone().unwrap_or_default())
    };
    let clear = method(Config::default().tls(TlsPolicy::Never), open_config())?;
    assert!(clear.contains("Sha512") && clear.contains("plus: false"), "{clear}");
    let stls = method(Config::default(), stls_config())?;
    assert!(stls.contains("Sha512") && stls.contains("plus: true"), "{stls}");
    let mut implicit = open_config();
    implicit.tls = Tls::Implicit;
    let implicit = method(Config::default().tls(TlsPolicy::Implicit), implicit)?;
    assert!(implicit.contains("plus: true"), "{implicit}");
    let mut old = open_config();
    old.mechanisms.clear();
    let old = method(Config::default().tls(TlsPolicy::Never).cleartext(true), old)?;
    assert!(old.contains("UserPass") || old.contains("User"), "{old}");
    Ok(())
}

#[test]
fn a_wrong_password_is_told_and_nothing_is_deleted() -> Result<(), Broken> {
    let mut fetcher = Fetcher::default();
    fetcher.password = "wrong".into();
    let (mut pair, mail, desk) = pair(fetcher, Desk::default());
    pair.run_to_end(Duration::from_secs(60))?;
    assert_eq!(mail.lock().unwrap().failed, 1);
    assert!(desk.lock().unwrap().removed.is_empty());
    Ok(())
}

#[test]
fn channels_that_differ_are_noticed() -> Result<(), Broken> {
    // Somebody in the middle: each end has a TLS channel, but not the same one.
    let (pair, mail, desk) = pair(Fetcher::new(Config::default()), Desk::new(stls_config()));
    let other = || {
        let mut facts = TlsFacts::new();
        facts.exporter = Some([6; 32]);
        Upgraded::Tls(Box::new(facts))
    };
    let mut pair = pair.with_facts(facts(), other);
    pair.run_to_end(Duration::from_secs(600))?;
    assert!(mail.lock().unwrap().messages.is_empty() && desk.lock().unwrap().who.is_none());
    Ok(())
}

#[test]
fn a_line_that_breaks_anywhere_deletes_nothing() -> Result<(), Broken> {
    for from in [End::Client, End::Server] {
        for after in (0u64..6000).step_by(97) {
            let (pair, mail, desk) = pair(Fetcher::default(), Desk::default());
            let mut pair = pair.with_trouble(from, Trouble::End(after)).with_cuts(after, 100);
            pair.run_to_end(Duration::from_secs(3600))?;
            // The server removed something only if QUIT got through; the client believes it only if the answer did.
            let (mail, desk) = (mail.lock().unwrap(), desk.lock().unwrap());
            assert!(!mail.committed || desk.removed.len() == 5, "{from:?} ended after {after}");
            assert!(mail.committed || from == End::Server || desk.removed.is_empty() || desk.removed.len() == 5);
        }
    }
    Ok(())
}

#[test]
fn a_peer_that_falls_silent_does_not_hold_the_other_for_ever() -> Result<(), Broken> {
    for from in [End::Client, End::Server] {
        for after in (0u64..6000).step_by(311) {
            let (pair, _, desk) = pair(Fetcher::default(), Desk::default());
            let mut pair = pair.with_trouble(from, Trouble::Stall(after));
            pair.advance(Duration::from_secs(3600))?;
            let removed = desk.lock().unwrap().removed.len();
            assert!(removed == 0 || removed == 5, "{from:?} fell silent after {after}");
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_mail_comes_home_octet_for_octet(
        messages in prop::collection::vec(prop::collection::vec(prop::sample::select(&b"\r\n\n..ab \xe9"[..]), 0..200), 0..6),
        seed: u64,
        most in 1usize..300,
        latency in 0u64..200,
        window in 1usize..2000,
        piece in 1usize..100,
        delete: bool,
    ) {
        let mut desk = Desk::default();
        desk.messages = messages.into_iter().map(Bytes::from).collect();
        desk.piece = piece;
        let mut fetcher = Fetcher::default();
        fetcher.delete = delete;
        let (pair, mail, desk) = pair(fetcher, desk);
        let mut pair = pair.with_cuts(seed, most).with_latency(Duration::from_millis(latency)).with_window(window);
        pair.run_to_end(Duration::from_secs(100_000))?;
        let (mail, desk) = (mail.lock().unwrap(), desk.lock().unwrap());
        check_all_fetched(&mail, &desk);
        prop_assert_eq!(desk.removed.len(), if delete { desk.messages.len() } else { 0 });
    }
}
