//! Blocks, by what can be wrong with them.

use std::num::NonZeroU32;

use bytes::Bytes;
use proptest::prelude::*;
use wirestate_machine::block::{BadPrefix, Block, Blocks, Error, Header, Length, Prefix, Violation};
use wirestate_machine::framed::{Failure, Head};
use wirestate_machine::{Ending, Instant, Machine, Misuse};

const LENGTHS: [Length; 9] = [
    Length::U8,
    Length::U16Be,
    Length::U16Le,
    Length::U32Be,
    Length::U32Le,
    Length::U64Be,
    Length::U64Le,
    Length::Varint,
    Length::Netstring,
];

/// The blocks of what is fed byte by byte and ends there.
fn read<P: Prefix>(blocks: Blocks<P>, input: &[u8]) -> (Vec<Bytes>, Option<Violation>) {
    let mut session = Block::new(blocks);
    let mut read = Vec::new();
    for place in 0..=input.len() {
        match input.get(place) {
            Some(byte) => session.inbox().push(&[*byte]),
            None => session.inbox().close(),
        }
        loop {
            match session.poll(Instant::START) {
                Ok(Some(block)) => read.push(block),
                Ok(None) => break,
                Err(Failure::Violation(violation)) => return (read, Some(violation)),
                Err(other) => panic!("{other}"),
            }
        }
    }
    (read, None)
}

fn first_error(blocks: Blocks, input: &[u8]) -> Option<Error> {
    let mut session = Block::new(blocks);
    session.inbox().push(input);
    session.poll(Instant::START).err()
}

#[test]
fn each_length_has_its_bytes() {
    let encoded = LENGTHS.map(|length| Block::new(Blocks::new(length)).encode("hello").unwrap().into_bytes());
    let wanted: [&[u8]; 9] = [
        b"\x05hello",
        b"\0\x05hello",
        b"\x05\0hello",
        b"\0\0\0\x05hello",
        b"\x05\0\0\0hello",
        b"\0\0\0\0\0\0\0\x05hello",
        b"\x05\0\0\0\0\0\0\0hello",
        b"\x05hello",
        b"5:hello,",
    ];
    assert_eq!(encoded.each_ref().map(|bytes| &bytes[..]), wanted);
    let longer = Block::new(Blocks::new(Length::Varint)).encode([0; 300]).unwrap();
    assert_eq!(longer.as_bytes()[..2], [0xac, 0x02]);
}

#[test]
fn fixed_blocks_are_cut_and_a_rest_is_an_error() {
    let three = || Blocks::fixed(NonZeroU32::new(3).unwrap());
    assert_eq!(read(three(), b"abcdef"), (vec!["abc".into(), "def".into()], None));
    assert_eq!(read(three(), b"abcd"), (vec!["abc".into()], Some(Violation::Truncated)));
    let mut session = Block::new(three());
    assert_eq!(session.send("ab"), Err(Misuse::OutOfRange));
    assert_eq!(session.send("abc"), Ok(()));
}

#[test]
fn an_announced_block_of_4_gib_is_refused_before_it_comes() {
    let blocks = || Blocks::new(Length::U32Be).with_limit(1000);
    let announced = u64::from(u32::MAX);
    let violation = Violation::TooLong { announced, limit: 1000 };
    assert_eq!(first_error(blocks(), b"\xff\xff\xff\xff"), Some(Failure::Violation(violation)));
    assert_eq!(read(blocks(), b"\0\0\x03\xe9"), (vec![], Some(Violation::TooLong { announced: 1001, limit: 1000 })));
    let huge = Violation::TooLong { announced: u64::MAX, limit: 64 * 1024 };
    assert_eq!(first_error(Blocks::new(Length::U64Le), &[0xff; 8]), Some(Failure::Violation(huge)));
}

#[test]
#[cfg(target_pointer_width = "64")]
fn without_a_limit_the_largest_length_of_all_waits_for_its_block() {
    for (length, prefix) in [(Length::U64Be, &[0xFF; 8][..]), (Length::Netstring, b"18446744073709551615:")] {
        let blocks = Blocks::new(length).with_limit(usize::MAX);
        assert_eq!(read(blocks, &[prefix, b"x"].concat()), (vec![], Some(Violation::Truncated)), "{length:?}");
    }
}

#[test]
fn garbage_is_no_netstring() {
    let netstring = || Blocks::new(Length::Netstring);
    for bad in [&b":"[..], b"x", b"-1:", b" 1:a,", b"01:a,", b"00:,", b"1 :a,", b"99999999999999999999:", b"1;"] {
        assert_eq!(read(netstring(), bad).1, Some(Violation::BadPrefix), "{}", bad.escape_ascii());
    }
    assert_eq!(read(netstring(), b"0:,3:a,b,"), (vec!["".into(), "a,b".into()], None));
    assert_eq!(read(netstring(), b"3:abcd,").1, Some(Violation::BadTrailer));
    assert_eq!(read(netstring(), b"3:abc").1, Some(Violation::Truncated));
    assert_eq!(read(netstring(), b"3").1, Some(Violation::Truncated));
}

#[test]
fn a_varint_has_at_most_64_bits() {
    let varint = || Blocks::new(Length::Varint);
    let overflow = [&[0xff; 9][..], b"\x02"].concat();
    assert_eq!(read(varint(), &overflow).1, Some(Violation::BadPrefix));
    let most = [&[0xff; 9][..], b"\x01"].concat();
    assert_eq!(read(varint(), &most).1, Some(Violation::TooLong { announced: u64::MAX, limit: 64 * 1024 }));
    assert_eq!(read(varint(), &[0x80; 11]).1, Some(Violation::BadPrefix));
}

#[test]
fn the_end_in_the_middle_of_a_block_is_told() {
    let mut session = Block::new(Blocks::new(Length::U8));
    session.inbox().push(b"\x03ab");
    session.inbox().close();
    assert_eq!(session.poll(Instant::START), Err(Failure::Violation(Violation::Truncated)));
    assert_eq!(session.ending(), Some(Ending::PeerClosed));
}

#[test]
fn no_block_is_sent_that_its_prefix_cannot_announce() {
    let mut session = Block::new(Blocks::new(Length::U8));
    assert_eq!(session.send([0; 256]), Err(Misuse::TooLong));
    assert_eq!(Block::new(Blocks::new(Length::U16Le)).encode(vec![0; 65_536]).err(), Some(Misuse::TooLong));
    assert!(session.outbox().is_empty());
    assert_eq!(session.send([0; 255]), Ok(()));
}

/// Lies in every way that it can.
struct Liar(Option<Header>);

impl Prefix for Liar {
    fn decode(&self, _seen: &[u8]) -> Result<Option<Header>, BadPrefix> {
        Ok(self.0)
    }
    fn encode(&self, _body: usize, head: &mut Head) -> Result<(), Misuse> {
        head.put(&[0; 20])?;
        head.put(&[0; 20])
    }
}

#[test]
fn a_prefix_that_lies_ends_the_session() {
    for header in [None, Some(Header { length: 0, body: 0 }), Some(Header { length: 99, body: 1 })] {
        assert_eq!(read(Blocks::new(Liar(header)), &[b'x'; 99]).1, Some(Violation::BadPrefix));
    }
    assert_eq!(Block::new(Blocks::new(Liar(None))).send("x"), Err(Misuse::TooLong));
}

proptest! {
    #[test]
    fn what_is_sent_comes_in_as_it_was(which in 0..LENGTHS.len(), bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..6)) {
        let mut sender = Block::new(Blocks::new(LENGTHS[which]));
        let sent: Vec<&Vec<u8>> = bodies.iter().filter(|body| sender.send(body).is_ok()).collect();
        let (received, violation) = read(Blocks::new(LENGTHS[which]), &sender.outbox().to_vec());
        prop_assert_eq!(violation, None);
        prop_assert_eq!(received, sent);
    }
}
