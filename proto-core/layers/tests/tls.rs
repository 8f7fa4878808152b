//! TLS in memory: a toy client against a toy server.

mod common;

use std::time::Duration;

use common::*;
use proptest::prelude::*;
use wirestate_layers::tls::{Failure, HANDSHAKE_PATIENCE, rustls, server_end_point};
use wirestate_layers::{Deflate, Error, Faulty, Script, Throttle, Tls, Trace};
use wirestate_machine::redact::Nothing;
use wirestate_machine::{Instant, Machine, TlsFacts, Upgrade};

fn implicit(trust: &Trust) -> (Tls<Toy>, Tls<Toy>) {
    (
        Tls::client(Toy::implicit(), trust.client.clone(), mail_example()),
        Tls::server(Toy::implicit(), trust.server.clone()),
    )
}

fn starting(trust: &Trust) -> (Tls<Toy>, Tls<Toy>) {
    (Tls::client(Toy::new(), trust.client.clone(), mail_example()), Tls::server(Toy::new(), trust.server.clone()))
}

fn facts(tls: &Tls<Toy>) -> &TlsFacts {
    tls.facts.as_ref().expect("the handshake is done")
}

#[test]
fn before_the_upgrade_the_layer_is_not_there() {
    let trust = trust(&[]);
    let (_, mut server) = starting(&trust);
    server.inbox().push(b"hello\n");
    settle(&mut server, Instant::START).unwrap();
    server.say(b"welcome\n");
    assert_eq!(server.lines(), [b"hello\n"]);
    assert_eq!(server.outbox().drain(), b"welcome\n");
    assert!(!server.is_encrypted() && !server.is_handshaking());
}

#[test]
fn both_ends_learn_the_same_facts() {
    let trust = trust(&[b"toy"]);
    let (mut client, mut server) = implicit(&trust);
    let ends = run(&mut client, &mut server, || usize::MAX);
    assert_eq!(ends, (Ok(()), Ok(())));
    let (ours, theirs) = (facts(&client), facts(&server));
    assert_eq!(ours.version, Some("TLSv1.3"));
    assert_eq!(theirs.version, ours.version);
    assert_eq!(ours.alpn.as_deref(), Some(&b"toy"[..]));
    assert_eq!(theirs.alpn, ours.alpn);
    assert_eq!(theirs.server_name.as_deref(), Some("mail.example"));
    assert_eq!(ours.server_name, theirs.server_name);
    assert_eq!(ours.peer_certificate.as_deref(), Some(&trust.certificate[..]));
    assert_eq!(theirs.peer_certificate, None);
    assert!(ours.exporter.is_some_and(|key| key != [0; 32]));
    assert_eq!(ours.exporter, theirs.exporter);
    assert!(ours.server_end_point.is_some());
    assert_eq!(ours.server_end_point, theirs.server_end_point);
    assert_eq!(ours.server_end_point, server_end_point(&trust.certificate));
}

#[test]
fn the_end_point_follows_the_certificate_s_own_hash() {
    let trust = trust_with(&rcgen::PKCS_ECDSA_P384_SHA384, &[]);
    let (mut client, mut server) = implicit(&trust);
    run(&mut client, &mut server, || usize::MAX).0.unwrap();
    assert_eq!(facts(&client).server_end_point.as_ref().map(|hash| hash.len()), Some(48));
    assert_eq!(facts(&client).server_end_point, facts(&server).server_end_point);
}

#[test]
fn tls_1_2_binds_the_channel_only_with_extended_master_secret() {
    for require in [false, true] {
        let trust = trust(&[]);
        let mut config = (*trust.server).clone();
        config.require_ems = require;
        let mut roots = rustls::RootCertStore::empty();
        roots.add(trust.certificate.clone()).unwrap();
        let mut client = rustls::ClientConfig::builder_with_provider(trust.client.crypto_provider().clone())
            .with_protocol_versions(&[&rustls::version::TLS12])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        client.require_ems = require;
        let mut client = Tls::client(Toy::implicit(), client.into(), mail_example());
        let mut server = Tls::server(Toy::implicit(), config.into());
        run(&mut client, &mut server, || usize::MAX).0.unwrap();
        assert_eq!(facts(&client).version, Some("TLSv1.2"));
        assert_eq!(facts(&client).exporter.is_some(), require);
        assert_eq!(facts(&client).exporter, facts(&server).exporter);
        assert!(facts(&client).server_end_point.is_some());
    }
}

#[test]
fn what_was_sent_before_the_switch_acts_on_nothing() {
    let trust = trust(&[]);
    let (mut client, mut server) = starting(&trust);
    client.say(b"one\n");
    client.ask(Upgrade::Tls);
    let mut server_took = 0;
    // A man in the middle adds a command in clear text, in the same segment and after it.
    server.inbox().push(b"one\nSTARTTLS\nDELE 1\n");
    client.outbox().drain();
    settle(&mut server, Instant::START).unwrap();
    server_took += server.inbox().push_some(b"DELE 2\n");
    assert_eq!(server_took, 0);
    run(&mut client, &mut server, || 7).0.unwrap();
    client.say(b"two\n");
    run(&mut client, &mut server, || 7).0.unwrap();
    assert_eq!(server.lines(), [&b"one\n"[..], b"STARTTLS\n", b"two\n"]);
}

#[test]
fn an_answer_forged_before_the_switch_is_not_read_after_it() {
    let trust = trust(&[]);
    let (mut client, mut server) = starting(&trust);
    client.ask(Upgrade::Tls);
    carry(&mut client, &mut server, usize::MAX);
    settle(&mut server, Instant::START).unwrap();
    assert_eq!(server.outbox().drain(), b"GO\n");
    client.inbox().push(b"GO\nyou have won\n");
    run(&mut client, &mut server, || usize::MAX).0.unwrap();
    assert_eq!(client.lines(), [b"GO\n"]);
    assert!(client.is_encrypted());
}

#[test]
fn leaving_says_so_and_arriving_hears_it() {
    let trust = trust(&[]);
    let (mut client, mut server) = implicit(&trust);
    run(&mut client, &mut server, || usize::MAX).0.unwrap();
    client.say(b"BYE\n");
    let ends = run(&mut client, &mut server, || 1000);
    assert_eq!(ends, (Ok(()), Ok(())));
    assert_eq!(client.lines(), [b"bye\n"]);
    assert_eq!(client.events.last(), Some(&Event::Ended));
    assert!(!client.was_truncated());
}

#[test]
fn a_cut_stream_is_known_for_one() {
    let trust = trust(&[]);
    let (mut client, mut server) = implicit(&trust);
    run(&mut client, &mut server, || usize::MAX).0.unwrap();
    client.say(b"last\nhalf a li");
    carry(&mut client, &mut server, usize::MAX);
    server.inbox().close();
    settle(&mut server, Instant::START).unwrap();
    assert_eq!(server.lines(), [b"last\n"]);
    assert_eq!(server.events.last(), Some(&Event::Ended));
    assert!(server.was_truncated());
    assert!(server.is_closed());
}

#[test]
fn a_peer_that_leaves_during_the_handshake_is_named() {
    let trust = trust(&[]);
    let (mut client, mut server) = implicit(&trust);
    settle(&mut client, Instant::START).unwrap();
    settle(&mut server, Instant::START).unwrap();
    carry(&mut client, &mut server, 100);
    server.inbox().close();
    assert_eq!(server.poll(Instant::START), Err(Error::Tls(Failure::CutOff)));
    assert!(server.is_closed());
}

#[test]
fn clear_text_on_a_tls_port_is_named_and_answered_with_an_alert() {
    let trust = trust(&[]);
    for garbage in [&b"GET / HTTP/1.1\r\nHost: mail.example\r\n\r\n"[..], b"USER mrose\r\n", &[0xff; 100]] {
        let (_, mut server) = implicit(&trust);
        settle(&mut server, Instant::START).unwrap();
        server.inbox().push(garbage);
        for _ in 0..3 {
            assert_eq!(server.poll(Instant::START), Err(Error::Tls(Failure::NotTls)));
        }
        assert!(server.is_closed());
        assert_eq!(server.deadline(), None);
        assert_one_alert(&server.outbox().drain());
        assert_eq!(server.events, []);
    }
}

/// One record of an alert, and nothing else (RFC 8446 §6): type, version, length 2, level, which.
fn assert_one_alert(bytes: &[u8]) {
    assert!(matches!(bytes, [21, 3, _, 0, 2, 1 | 2, _]), "{bytes:?}");
}

#[test]
fn noise_in_a_record_s_clothes_is_answered_with_an_alert_and_nothing_more() {
    let trust = trust(&[]);
    for noise in [&[22, 3, 1, 0, 5, 0xff, 1, 2, 3, 4][..], &[22, 3, 1, 0xff, 0xff, 1, 2], &[23, 3, 3, 0, 3, 1, 2, 3]] {
        let (_, mut server) = implicit(&trust);
        settle(&mut server, Instant::START).unwrap();
        server.inbox().push(noise);
        let error = server.poll(Instant::START);
        assert!(matches!(error, Err(Error::Tls(Failure::Handshake(_)))), "{error:?}");
        assert_one_alert(&server.outbox().drain());
        assert!(server.is_closed());
    }
}

#[test]
fn half_a_hello_has_thirty_seconds() {
    let trust = trust(&[]);
    let (mut client, mut server) = implicit(&trust);
    let start = Instant::START + Duration::from_secs(5);
    let end = start + HANDSHAKE_PATIENCE;
    settle(&mut client, start).unwrap();
    settle(&mut server, start).unwrap();
    assert_eq!((client.deadline(), server.deadline()), (Some(end), Some(end)));
    // A byte now and then changes nothing.
    for _ in 0..29 {
        carry(&mut client, &mut server, 1);
        settle(&mut server, start + Duration::from_secs(29)).unwrap();
        assert_eq!(server.deadline(), Some(end));
    }
    for _ in 0..2 {
        assert_eq!(server.poll(end), Err(Error::Tls(Failure::TooSlow { limit: HANDSHAKE_PATIENCE })));
    }
    assert!(server.is_closed());
    assert_eq!(server.deadline(), None);
    // The peer is told that nothing more will come: close_notify (RFC 8446 §6.1).
    assert!(matches!(server.outbox().drain()[..], [21, 3, _, 0, 2, 1, 0]));
}

#[test]
fn the_patience_can_be_set_and_ends_with_the_handshake() {
    let trust = trust(&[]);
    let (client, server) = implicit(&trust);
    let second = Duration::from_secs(1);
    let (mut client, mut server) = (client.with_handshake_patience(second), server.with_handshake_patience(second));
    settle(&mut server, Instant::START).unwrap();
    assert_eq!(server.deadline(), Some(Instant::START + second));
    run(&mut client, &mut server, || usize::MAX).0.unwrap();
    assert_eq!((client.deadline(), server.deadline()), (None, None));
    assert_eq!(server.poll(Instant::START + second), Ok(None));
}

#[test]
fn a_session_under_implicit_tls_is_established_by_its_handshake() {
    let trust = trust(&[]);
    let (mut client, mut server) = implicit(&trust);
    assert!(client.is_establishing() && server.is_establishing(), "before anything was said");
    settle(&mut client, Instant::START).unwrap();
    // The layers outside of it tell so, too.
    let trace = Trace::<_, Nothing>::silent(Deflate::new(implicit(&trust).0));
    let mut outermost = Box::new(Faulty::new(Throttle::new(trace, None, None), &Script::new()));
    assert!(client.is_establishing() && outermost.is_establishing());
    run(&mut client, &mut server, || usize::MAX).0.unwrap();
    assert!(!client.is_establishing() && !server.is_establishing());
    let (mut client, _) = implicit(&trust);
    settle(&mut client, Instant::START).unwrap();
    client.inbox().push(b"+OK in clear text\r\n");
    assert!(settle(&mut client, Instant::START).is_err());
    assert!(!client.is_establishing(), "nor after a failure");
    let (mut client, _) = starting(&trust);
    assert!(!client.is_establishing(), "what comes later has been begun without");
    assert!(!Tls::without(Toy::implicit()).is_establishing());
}

#[test]
fn the_channel_tells_of_tls_once_it_is_there() {
    let trust = trust(&[b"toy"]);
    let (mut client, mut server) = implicit(&trust);
    settle(&mut server, Instant::START).unwrap();
    assert!(!server.channel().tls && server.tls_facts().is_none());
    run(&mut client, &mut server, || usize::MAX).0.unwrap();
    for end in [&client, &server] {
        assert!(end.channel().tls);
        let (then, now) = (facts(end), end.tls_facts().unwrap());
        assert_eq!((&then.exporter, &then.server_end_point), (&now.exporter, &now.server_end_point));
        assert_eq!((&then.server_name, &then.alpn), (&now.server_name, &now.alpn));
        assert_eq!(then.peer_certificate, now.peer_certificate);
    }
    // The layers outside of it tell so, too.
    let trace = Trace::<_, Nothing>::silent(Deflate::new(server));
    let faulty = Faulty::new(Throttle::new(trace, None, None), &Script::new());
    assert!(faulty.channel().tls && faulty.tls_facts().is_some());
}

#[test]
fn a_greeting_in_clear_text_is_named_by_the_client() {
    let trust = trust(&[]);
    let (mut client, _) = implicit(&trust);
    settle(&mut client, Instant::START).unwrap();
    client.inbox().push(b"* OK [PREAUTH] hello\r\n");
    assert_eq!(client.poll(Instant::START), Err(Error::Tls(Failure::NotTls)));
}

#[test]
fn a_stranger_s_certificate_is_refused() {
    let (trust, stranger) = (trust(&[]), trust(&[]));
    let mut client = Tls::client(Toy::implicit(), trust.client.clone(), mail_example());
    let mut server = Tls::server(Toy::implicit(), stranger.server.clone());
    let ends = run(&mut client, &mut server, || 333);
    assert!(matches!(ends.0, Err(Error::Tls(Failure::Handshake(rustls::Error::InvalidCertificate(_))))), "{ends:?}");
    assert!(matches!(ends.1, Err(Error::Tls(Failure::Handshake(rustls::Error::AlertReceived(_))))), "{ends:?}");
    assert!(client.is_closed() && server.is_closed());
}

#[test]
fn a_certificate_for_another_name_is_refused() {
    let trust = trust(&[]);
    let name = rustls::pki_types::ServerName::try_from("other.example").unwrap();
    let mut client = Tls::client(Toy::implicit(), trust.client.clone(), name);
    let mut server = Tls::server(Toy::implicit(), trust.server.clone());
    let ends = run(&mut client, &mut server, || usize::MAX);
    assert!(matches!(ends.0, Err(Error::Tls(Failure::Handshake(_)))), "{ends:?}");
}

#[test]
fn a_handshake_without_end_is_bounded() {
    let trust = trust(&[]);
    let (_, mut server) = implicit(&trust);
    settle(&mut server, Instant::START).unwrap();
    // A hello that claims to be 16 MiB, in records of 16 KiB.
    let mut hello = vec![0x01, 0xff, 0xff, 0xff];
    hello.resize(16 * 1024, 0);
    let mut sent = 0;
    let error = loop {
        let record = [&[22, 3, 1, 0x40, 0][..], &hello].concat();
        let mut record = &record[..];
        while !record.is_empty() && !server.inbox().is_closed() && !server.is_closed() {
            let taken = server.inbox().push_some(record);
            record = &record[taken..];
            sent += taken;
            assert!(sent < 256 * 1024, "the handshake is not bounded");
            let _ = server.poll(Instant::START);
        }
        if let Err(error) = server.poll(Instant::START) {
            break error;
        }
    };
    assert!(matches!(error, Error::Tls(Failure::TooLong { .. } | Failure::Handshake(_))), "{error:?}");
}

#[test]
fn a_damaged_record_ends_the_session_after_what_came_before_it() {
    let trust = trust(&[]);
    let (mut client, mut server) = implicit(&trust);
    run(&mut client, &mut server, || usize::MAX).0.unwrap();
    client.say(b"good\n");
    let mut bytes = client.outbox().drain();
    client.say(b"bad\n");
    let mut second = client.outbox().drain();
    *second.last_mut().unwrap() ^= 1;
    bytes.extend_from_slice(&second);
    server.inbox().push(&bytes);
    assert_eq!(server.poll(Instant::START), Ok(Some(Event::Line("good\n".into()))));
    let error = server.poll(Instant::START);
    assert!(matches!(error, Err(Error::Tls(Failure::Record(_)))), "{error:?}");
    assert_eq!(server.poll(Instant::START), error);
    assert!(!server.outbox().is_empty());
}

#[test]
fn the_machine_s_farewell_goes_out_before_the_end() {
    let trust = trust(&[]);
    let (mut client, mut server) = implicit(&trust);
    run(&mut client, &mut server, || usize::MAX).0.unwrap();
    client.say(&[b'x'; 5000]);
    let ends = run(&mut client, &mut server, || usize::MAX);
    assert_eq!(ends.1, Err(Error::Inner(LineTooLong)));
    assert_eq!(client.lines(), [b"too long\n"]);
    assert_eq!(client.events.last(), Some(&Event::Ended));
    assert!(!client.was_truncated());
}

#[test]
fn eight_mebibytes_go_both_ways_and_little_waits() {
    let trust = trust(&[]);
    let (mut client, mut server) = implicit(&trust);
    run(&mut client, &mut server, || usize::MAX).0.unwrap();
    let line = [&[b'x'; 1023][..], b"\n"].concat();
    let lines = 8 * 1024;
    let (mut client_said, mut server_said) = (0, 0);
    let mut dice = Dice(1);
    while client.events.len() < lines + 1 || server.events.len() < lines + 1 {
        while client_said < lines && client.is_writable() {
            client.link(line.clone().into());
            client_said += 1;
        }
        while server_said < lines && server.is_writable() {
            server.say(&line);
            server_said += 1;
        }
        settle(&mut client, Instant::START).unwrap();
        settle(&mut server, Instant::START).unwrap();
        assert!(client.outbox().len() <= 64 * 1024 && server.outbox().len() <= 64 * 1024);
        for _ in 0..8 {
            carry(&mut client, &mut server, 1 + dice.below(20_000));
            carry(&mut server, &mut client, 1 + dice.below(20_000));
            settle(&mut client, Instant::START).unwrap();
            settle(&mut server, Instant::START).unwrap();
        }
    }
    assert!(client.lines().iter().chain(&server.lines()).all(|got| *got == line));
}

#[test]
fn many_small_answers_become_one_record() {
    let trust = trust(&[]);
    let (mut client, mut server) = implicit(&trust);
    run(&mut client, &mut server, || usize::MAX).0.unwrap();
    for _ in 0..100 {
        server.say(b"+OK\n");
    }
    settle(&mut server, Instant::START).unwrap();
    let bytes = server.outbox().drain();
    assert_eq!(bytes[0], 23);
    assert_eq!(bytes.len(), 5 + usize::from(u16::from_be_bytes([bytes[3], bytes[4]])));
}

#[test]
fn an_upgrade_that_nothing_inside_takes_is_named() {
    let trust = trust(&[]);
    let (mut client, mut server) = implicit(&trust);
    run(&mut client, &mut server, || usize::MAX).0.unwrap();
    client.ask(Upgrade::Deflate);
    let ends = run(&mut client, &mut server, || usize::MAX);
    assert_eq!(ends.1, Err(Error::Tls(Failure::Stranded(Upgrade::Deflate))));
}

#[test]
fn without_tls_the_upgrade_is_offered_further_outward() {
    let mut plain = Tls::without(Toy::implicit());
    settle(&mut plain, Instant::START).unwrap();
    assert_eq!(plain.upgrade(), Some(Upgrade::Tls));
    let trust = trust(&[]);
    let mut taken = Tls::server(Toy::implicit(), trust.server.clone());
    assert_eq!(taken.upgrade(), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn cuts_change_nothing(seed in any::<u64>(), most in prop::sample::select(vec![1usize, 2, 50, 3000])) {
        let trust = trust(&[]);
        let (mut client, mut server) = starting(&trust);
        let mut dice = Dice(seed);
        client.say(b"one\n");
        client.ask(Upgrade::Tls);
        run(&mut client, &mut server, || 1 + dice.below(most)).0.unwrap();
        for line in [&b"two\n"[..], b"thr", b"ee\nfour\n"] {
            client.say(line);
            server.say(line);
            run(&mut client, &mut server, || 1 + dice.below(most)).0.unwrap();
        }
        client.say(b"BYE\n");
        let ends = run(&mut client, &mut server, || 1 + dice.below(most));
        prop_assert_eq!(ends, (Ok(()), Ok(())));
        prop_assert_eq!(
            server.lines(),
            [&b"one\n"[..], b"STARTTLS\n", b"two\n", b"three\n", b"four\n", b"BYE\n"]
        );
        prop_assert_eq!(client.lines(), [&b"GO\n"[..], b"two\n", b"three\n", b"four\n", b"bye\n"]);
        prop_assert!(!client.was_truncated() && !server.was_truncated());
    }

    #[test]
    fn noise_does_no_harm(noise in prop::collection::vec(any::<u8>(), 1..200), cut in 1usize..50, record in any::<bool>()) {
        let trust = trust(&[]);
        let (_, mut whole) = implicit(&trust);
        let (_, mut pieces) = implicit(&trust);
        let noise = if record { [&[22, 3, 1, 0, 50][..], &noise].concat() } else { noise };
        for server in [&mut whole, &mut pieces] {
            settle(server, Instant::START).unwrap();
        }
        whole.inbox().push(&noise);
        let mut results = (settle(&mut whole, Instant::START), Ok(()));
        for piece in noise.chunks(cut) {
            pieces.inbox().push(piece);
            results.1 = settle(&mut pieces, Instant::START);
        }
        prop_assert_eq!(&results.0, &results.1);
        prop_assert_eq!(whole.outbox().drain(), pieces.outbox().drain());
    }
}
