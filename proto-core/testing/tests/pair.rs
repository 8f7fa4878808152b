//! Two machines against each other, and sessions by script.

mod common;

use common::*;
use proptest::prelude::*;
use std::time::Duration;
use wirestate_machine::{Instant, Machine, TlsFacts, Upgraded};
use wirestate_testing::{End, Law, Pair, Role, Trouble, play, subject};

const MINUTE: Duration = Duration::from_secs(60);

/// A client that says lines and takes the server's without answering them.
fn client() -> Toy {
    let mut client = Toy::new(Instant::START);
    // The greeting is a server's.
    client.outbox().clear();
    client
}

fn pair() -> Pair<Toy, Toy> {
    Pair::new(client(), Toy::new(Instant::START)).on_server(Toy::answer).on_client(|client, event, _now| {
        if let Event::Line(line, ticket) = event {
            client.forget(ticket);
            if line == "go" {
                client.want_tls();
            }
        }
    })
}

fn lines<C: Machine, S: Machine>(pair: &Pair<C, S>) -> Vec<&str> {
    pair.server.events.iter().map(String::as_str).collect()
}

#[test]
fn they_talk() {
    let mut pair = pair();
    pair.client.machine.say(b"one\r\ntwo\r\n");
    pair.run().unwrap();
    assert_eq!(pair.said(End::Server), b"hello\r\none\r\ntwo\r\n");
    assert_eq!(pair.said(End::Client), b"one\r\ntwo\r\n");
    assert_eq!(lines(&pair), ["Line(\"one\", Some(Ticket#1))", "Line(\"two\", Some(Ticket#2))"]);
    assert_eq!(pair.client.events.len(), 3);
    assert_eq!(pair.now(), Instant::START);
    pair.client.machine.say(b"QUIT\r\n");
    pair.run().unwrap();
    assert!(pair.server.machine.is_closed() && pair.client.machine.is_closed() && pair.is_over());
}

#[test]
fn time_passes_as_the_wire_takes_it() {
    let mut pair = pair().with_latency(Duration::from_secs(1));
    pair.client.machine.say(b"one\r\n");
    pair.run().unwrap();
    assert_eq!(pair.now(), Instant::START + Duration::from_secs(2));
    pair.run_to_end(MINUTE * 2).unwrap();
    // The server hangs up a minute after the line came to it, and the client, a second later, after the answer did.
    assert!(pair.said(End::Server).ends_with(b"timeout\r\n"));
    assert!(pair.now() <= Instant::START + MINUTE + Duration::from_secs(3), "{:?}", pair.now());
}

#[test]
fn a_narrow_window_only_makes_it_slower() {
    let mut pair = pair().with_window(3).with_latency(Duration::from_millis(10));
    pair.client.machine.say(b"one\r\ntwo\r\n");
    pair.run().unwrap();
    assert_eq!(pair.said(End::Server), b"hello\r\none\r\ntwo\r\n");
    assert!(pair.now() > Instant::START + Duration::from_millis(40));
}

#[test]
fn an_early_end_is_an_end_and_a_stall_is_not() {
    let mut cut = pair().with_trouble(End::Client, Trouble::End(7));
    cut.client.machine.say(b"one\r\ntwo\r\n");
    cut.run().unwrap();
    assert_eq!(lines(&cut).len(), 1);
    assert!(cut.server.machine.is_closed());

    let mut stalled = pair().with_trouble(End::Client, Trouble::Stall(7));
    stalled.client.machine.say(b"one\r\ntwo\r\n");
    stalled.run().unwrap();
    assert_eq!(lines(&stalled).len(), 1);
    assert!(!stalled.server.machine.is_closed());
    stalled.advance(MINUTE).unwrap();
    assert!(stalled.server.machine.is_closed());
}

#[test]
fn the_stand_in_upgrades_both_ends_once_nothing_is_under_way() {
    let facts = || {
        let mut facts = TlsFacts::new();
        facts.exporter = Some([7; 32]);
        Upgraded::Tls(Box::new(facts))
    };
    let mut pair = pair().with_facts(facts, facts).with_latency(Duration::from_millis(5)).with_cuts(1, 2);
    pair.client.machine.say(b"one\r\nSTARTTLS\r\n");
    pair.run().unwrap();
    assert_eq!(lines(&pair), ["Line(\"one\", Some(Ticket#1))", "Line(\"STARTTLS\", None)", "Secure"]);
    assert_eq!(pair.client.events.last().map(String::as_str), Some("Secure"));
    // It was made when the answer had gone all the way to the client.
    assert_eq!(pair.now(), Instant::START + Duration::from_millis(10));
    pair.client.machine.say(b"two\r\n");
    pair.run().unwrap();
    assert!(pair.said(End::Server).ends_with(b"go\r\ntwo\r\n"));
}

#[test]
fn machines_that_cannot_end_are_told() {
    let timeless = || Toy::flawed(Flaw::HasNoDeadline, Instant::START);
    let mut endless = Pair::new(timeless(), timeless());
    let broken = endless.run_to_end(MINUTE * 60).unwrap_err();
    assert_eq!(broken.law, Law::Alive);
    assert!(broken.finding.contains("no deadline"), "{broken}");
}

#[test]
fn a_script_is_played() {
    let toy = subject(Toy::new, Toy::answer);
    play(
        &toy,
        Role::Server,
        "
        S: hello
        C: one
        S: one
        C: a long line that the page
           breaks
        S: <the server says it again>
        C: QUIT
        S: ...
        S: bye
    ",
    )
    .unwrap();
}

#[test]
fn a_client_plays_its_own_lines() {
    let toy = subject(Toy::new, Toy::answer);
    play(&toy, Role::Client, "C: hello\nS: one\nC: one\nS: <the server thinks>\nS: QUIT\nC: bye").unwrap();
    let broken = play(&toy, Role::Client, "C: hello\nS: one\nC: two").unwrap_err();
    assert_eq!(broken.law, Law::Script);
}

#[test]
fn a_script_that_is_not_kept_is_told() {
    let toy = subject(Toy::new, Toy::answer);
    let finding = |script: &str| play(&toy, Role::Server, script).unwrap_err().finding;
    assert_eq!(
        finding("S: hello\nC: one\nS: two"),
        "the script goes on with b\"two\", but the machine said b\"one\\r\\n\""
    );
    assert_eq!(finding("S: hello\nC: one"), "the script is over, but the machine said b\"one\\r\\n\" more");
    assert_eq!(finding("S: hello\nS: more"), "the script goes on with b\"more\", but the machine said b\"\"");
    assert!(finding("hello").contains("neither C: nor S:"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn cuts_and_delays_change_nothing(seed in any::<u64>(), most in 1usize..40, latency in 0u64..50) {
        let mut pair = pair().with_cuts(seed, most).with_latency(Duration::from_millis(latency));
        pair.client.machine.say(b"one\r\ntwo\r\nthree\r\nQUIT\r\n");
        pair.run()?;
        prop_assert_eq!(pair.said(End::Server), b"hello\r\none\r\ntwo\r\nthree\r\nbye\r\n");
        prop_assert!(pair.is_over());
    }
}
