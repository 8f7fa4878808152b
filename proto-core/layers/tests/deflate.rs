//! DEFLATE in memory, alone and inside TLS.

mod common;

use bytes::Bytes;
use common::*;
use miniz_oxide::deflate::{compress_to_vec, compress_to_vec_zlib};
use miniz_oxide::inflate::{decompress_to_vec, decompress_to_vec_zlib};
use proptest::prelude::*;
use wirestate_layers::deflate::{Failure, Format, Memory};
use wirestate_layers::{Deflate, Error, Tls};
use wirestate_machine::{Instant, Machine, Upgrade};

const NOW: Instant = Instant::START;

fn compressed(format: Format) -> (Deflate<Toy>, Deflate<Toy>) {
    let mut client = Deflate::new(Toy::new()).with_format(format);
    let mut server = Deflate::new(Toy::new()).with_format(format).with_level(9);
    client.ask(Upgrade::Deflate);
    assert_eq!(run(&mut client, &mut server, || usize::MAX), (Ok(()), Ok(())));
    assert!(client.is_compressed() && server.is_compressed());
    (client, server)
}

#[test]
fn each_batch_can_be_read_at_once() {
    for format in [Format::Raw, Format::Zlib] {
        let (mut client, mut server) = compressed(format);
        for round in 0..3 {
            client.say(b"hello, hello, hello, hello\n");
            run(&mut client, &mut server, || 1).0.unwrap();
            assert_eq!(server.lines().len(), 2 + round, "{format:?}");
        }
        assert_eq!(client.channel().deflate.unwrap().plain_out, server.channel().deflate.unwrap().plain_in);
        assert_eq!(client.channel().deflate.unwrap().wire_out, server.channel().deflate.unwrap().wire_in);
        assert_eq!(client.channel().deflate.unwrap().plain_out, 81);
        assert!(client.channel().deflate.unwrap().wire_out < 81);
    }
}

/// How many octets a guess takes on the wire: behind a secret that was said before it, or together with it.
fn octets_of(guess: &str, memory: Memory, together: bool) -> u64 {
    let mut client = Deflate::new(Toy::new()).with_memory(memory);
    let mut server = Deflate::new(Toy::new());
    client.ask(Upgrade::Deflate);
    run(&mut client, &mut server, || usize::MAX).0.unwrap();
    client.say(b"the password is correct horse battery\n");
    if !together {
        run(&mut client, &mut server, || usize::MAX).0.unwrap();
    }
    let before = client.channel().deflate.unwrap().wire_out;
    client.say(format!("{guess}\n").as_bytes());
    run(&mut client, &mut server, || usize::MAX).0.unwrap();
    assert_eq!(server.lines()[1..].concat(), format!("the password is correct horse battery\n{guess}\n").as_bytes());
    client.channel().deflate.unwrap().wire_out - before
}

#[test]
fn what_is_forgotten_is_not_betrayed_by_lengths() {
    // The same letters, so that they are as frequent.
    let (right, wrong) = ("correct horse battery", "yrettab esroh tcerroc");
    for (memory, apart, together) in
        [(Memory::Session, true, true), (Memory::Batch, false, true), (Memory::Nothing, false, false)]
    {
        for (is_betrayed, in_one) in [(apart, false), (together, true)] {
            let lengths = [right, wrong].map(|guess| octets_of(guess, memory, in_one));
            assert_eq!(lengths[0] < lengths[1], is_betrayed, "{memory:?}, together {in_one}: {lengths:?}");
            assert!(is_betrayed || lengths[0] == lengths[1], "{memory:?}, together {in_one}: {lengths:?}");
        }
    }
}

#[test]
fn another_implementation_s_streams_are_read_and_read_us() {
    let text = b"one\ntwo\none\ntwo\none\ntwo\n";
    let (_, mut server) = compressed(Format::Raw);
    server.inbox().push(&compress_to_vec(text, 6));
    settle(&mut server, NOW).unwrap();
    assert_eq!(server.lines()[1..].concat(), text);
    // The stream was marked as ended, which is the end of input.
    assert_eq!(server.events.last(), Some(&Event::Ended));

    let (_, mut server) = compressed(Format::Zlib);
    server.inbox().push(&compress_to_vec_zlib(text, 6));
    settle(&mut server, NOW).unwrap();
    assert_eq!(server.lines()[1..].concat(), text);

    let (_, mut server) = compressed(Format::Raw);
    server.say(text);
    let end = [0x03, 0x00];
    let stream = [server.outbox().drain(), end.to_vec()].concat();
    assert_eq!(decompress_to_vec(&stream).unwrap(), text);

    let (_, mut server) = compressed(Format::Zlib);
    server.say(text);
    let stream = [server.outbox().drain(), end.to_vec(), adler32(text).to_be_bytes().to_vec()].concat();
    assert_eq!(decompress_to_vec_zlib(&stream).unwrap(), text);
}

/// The checksum at the end of a ZLIB stream (RFC 1950 §9).
fn adler32(text: &[u8]) -> u32 {
    let (low, high) = text.iter().fold((1, 0), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65521;
        (low, (high + low) % 65521)
    });
    high << 16 | low
}

#[test]
fn a_bomb_meets_the_machine_s_limit_and_unpacks_no_further() {
    let (_, mut server) = compressed(Format::Raw);
    let bomb = compress_to_vec(&vec![b'x'; 16 << 20], 9);
    assert!(bomb.len() < 20_000);
    let mut bomb = &bomb[..];
    let error = loop {
        let taken = server.inbox().push_some(bomb);
        bomb = &bomb[taken..];
        if let Err(error) = settle(&mut server, NOW) {
            break error;
        }
    };
    assert_eq!(error, Error::Inner(LineTooLong));
    assert!(server.channel().deflate.unwrap().plain_in <= 16 * 1024, "{:?}", server.channel().deflate.unwrap());
    server.outbox().drain();
    assert_eq!(server.poll(NOW), Err(error));
}

#[test]
fn a_bomb_of_good_lines_waits_for_room() {
    let (_, mut server) = compressed(Format::Raw);
    let mut bomb = &compress_to_vec(&b"GET\n".repeat(1 << 20), 9)[..];
    let mut lines = 0;
    while !server.is_closed() {
        bomb = &bomb[server.inbox().push_some(bomb)..];
        if bomb.is_empty() {
            server.inbox().close();
        }
        while server.poll(NOW).unwrap().is_some() {
            // The machine's inbox never holds more than it said, and the layer never makes more than a step ahead.
            assert!(server.inner_mut().inbox().len() <= 2048);
            assert!(server.channel().deflate.unwrap().plain_in <= lines * 4 + 16 * 1024 + 4096);
            lines += 1;
            server.events.clear();
        }
    }
    assert_eq!(lines, (1 << 20) + 1);
}

#[test]
fn a_damaged_stream_ends_the_session_after_what_came_before() {
    let (mut client, mut server) = compressed(Format::Raw);
    client.say(b"good\n");
    let mut bytes = client.outbox().drain();
    // A block of the type that does not exist (RFC 1951 §3.2.3).
    bytes.push(0b111);
    server.inbox().push(&bytes);
    assert_eq!(server.poll(NOW), Ok(Some(Event::Line("good\n".into()))));
    assert_eq!(server.poll(NOW), Err(Error::Deflate(Failure::Corrupt)));
    assert_eq!(server.poll(NOW), Err(Error::Deflate(Failure::Corrupt)));
    assert!(server.is_closed());
    assert_eq!(server.deadline(), None);
}

#[test]
fn compression_is_not_begun_twice() {
    let (mut client, mut server) = compressed(Format::Raw);
    client.ask(Upgrade::Deflate);
    let ends = run(&mut client, &mut server, || usize::MAX);
    assert_eq!(ends.1, Err(Error::Deflate(Failure::Twice)));
}

#[test]
fn tls_is_offered_further_outward() {
    let mut server = Deflate::new(Toy::implicit());
    settle(&mut server, NOW).unwrap();
    assert_eq!(server.upgrade(), Some(Upgrade::Tls));
}

#[test]
fn compression_goes_inside_of_tls() {
    let trust = trust(&[]);
    let mut client = Tls::client(Deflate::new(Toy::new()), trust.client.clone(), mail_example());
    let mut server = Tls::server(Deflate::new(Toy::new()), trust.server.clone());
    client.ask(Upgrade::Tls);
    run(&mut client, &mut server, || 100).0.unwrap();
    client.ask(Upgrade::Deflate);
    run(&mut client, &mut server, || 100).0.unwrap();
    client.say(b"BYE\n");
    let ends = run(&mut client, &mut server, || 1);
    assert_eq!(ends, (Ok(()), Ok(())));
    assert!(server.is_encrypted() && server.is_compressed());
    assert_eq!(server.lines(), [&b"STARTTLS\n"[..], b"COMPRESS\n", b"BYE\n"]);
    assert_eq!(client.lines().last(), Some(&&b"bye\n"[..]));
}

#[test]
fn eight_mebibytes_go_both_ways() {
    let (mut client, mut server) = compressed(Format::Raw);
    let mut dice = Dice(3);
    // Half of it cannot be compressed.
    let mut line: Vec<u8> = (0..1023).map(|at| if at % 2 == 0 { b'x' } else { b'!' + dice.below(90) as u8 }).collect();
    line.push(b'\n');
    let lines = 8 * 1024;
    let (mut client_said, mut server_said) = (0, 0);
    while client.lines().len() <= lines || server.lines().len() <= lines {
        while client_said < lines && client.is_writable() {
            client.link(Bytes::from(line.clone()));
            client_said += 1;
        }
        while server_said < lines && server.is_writable() {
            server.say(&line);
            server_said += 1;
        }
        for _ in 0..8 {
            settle(&mut client, NOW).unwrap();
            settle(&mut server, NOW).unwrap();
            assert!(client.outbox().len() <= 128 * 1024 && server.outbox().len() <= 128 * 1024);
            carry(&mut client, &mut server, 1 + dice.below(20_000));
            carry(&mut server, &mut client, 1 + dice.below(20_000));
        }
    }
    assert!(client.lines()[1..].iter().chain(&server.lines()[1..]).all(|got| *got == line));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn cuts_change_nothing(text in prop::collection::vec("[a-z]{0,40}\n", 0..60), noise in prop::collection::vec(any::<u8>(), 0..30), cut in 1usize..60) {
        let stream = [compress_to_vec(text.concat().as_bytes(), 6), noise].concat();
        let (_, mut whole) = compressed(Format::Raw);
        let (_, mut pieces) = compressed(Format::Raw);
        whole.inbox().push(&stream);
        let mut results = (settle(&mut whole, NOW), Ok(()));
        for piece in stream.chunks(cut) {
            let _ = pieces.inbox().push_some(piece);
            results.1 = settle(&mut pieces, NOW);
        }
        prop_assert_eq!(results.0, results.1);
        prop_assert_eq!(&whole.events, &pieces.events);
        prop_assert_eq!(whole.channel().deflate.unwrap().plain_in, pieces.channel().deflate.unwrap().plain_in);
    }

    #[test]
    fn noise_is_cut_invariant_too(noise in prop::collection::vec(any::<u8>(), 1..400), cut in 1usize..60, zlib in any::<bool>()) {
        let format = if zlib { Format::Zlib } else { Format::Raw };
        let (_, mut whole) = compressed(format);
        let (_, mut pieces) = compressed(format);
        whole.inbox().push(&noise);
        let mut results = (settle(&mut whole, NOW), Ok(()));
        for piece in noise.chunks(cut) {
            let _ = pieces.inbox().push_some(piece);
            results.1 = settle(&mut pieces, NOW);
        }
        prop_assert_eq!(results.0, results.1);
        prop_assert_eq!(&whole.events, &pieces.events);
    }
}
