//! Swapping machines on a live connection loses and doubles nothing, and refuses what would act in the wrong place.

use bytes::Bytes;
use proptest::prelude::*;
use wirestate_machine::block::{Block, Blocks, Length};
use wirestate_machine::line::{Line, Lines, Unfinished};
use wirestate_machine::raw::{Pieces, Raw};
use wirestate_machine::{Channel, HandOverError, Inbox, Instant, Machine, Marks, Outbox, Upgrade, Upgraded, hand_over};

fn line() -> Line {
    Line::new(Lines::default().with_unfinished(Unfinished::Tell))
}

fn next<M: Machine<Event = Bytes, Error: core::fmt::Debug>>(machine: &mut M) -> Option<Bytes> {
    machine.poll(Instant::START).unwrap()
}

/// A machine that waits for an upgrade, or lies under one.
struct Odd {
    inbox: Inbox,
    outbox: Outbox,
    upgrade: Option<Upgrade>,
    channel: Channel,
}

impl Odd {
    fn new() -> Self {
        Odd { inbox: Inbox::new(64), outbox: Outbox::new(), upgrade: None, channel: Channel::default() }
    }

    fn upgrading() -> Self {
        let mut odd = Odd::new();
        odd.upgrade = Some(Upgrade::Tls);
        odd.inbox.hold(true);
        odd
    }

    fn layered() -> Self {
        let mut odd = Odd::new();
        odd.channel.tls = true;
        odd
    }
}

impl Machine for Odd {
    type Event = Bytes;
    type Error = ();

    fn inbox(&mut self) -> &mut Inbox {
        &mut self.inbox
    }
    fn outbox(&mut self) -> &mut Outbox {
        &mut self.outbox
    }
    fn poll(&mut self, _now: Instant) -> Result<Option<Bytes>, ()> {
        Ok(None)
    }
    fn deadline(&self) -> Option<Instant> {
        None
    }
    fn upgrade(&mut self) -> Option<Upgrade> {
        self.upgrade.filter(|_| self.inbox.is_empty() && self.outbox.is_empty())
    }
    fn upgraded(&mut self, _now: Instant, _how: Upgraded) {
        self.upgrade = None;
    }
    fn is_closed(&self) -> bool {
        false
    }
    fn channel(&self) -> Channel {
        self.channel
    }
}

#[test]
fn what_is_unread_and_unwritten_goes_over_in_order() {
    let mut old = line();
    old.inbox().push(b"switch\nab\ncd");
    assert_eq!(next(&mut old).unwrap(), "switch");
    old.send("from the old").unwrap();
    old.send_bytes(Bytes::from(vec![b'x'; 5000])).unwrap();
    let mut new = Raw::new(Pieces::default());
    new.send("from the new").unwrap();
    assert!(hand_over(&mut old, &mut new).unwrap().is_empty());
    assert_eq!(next(&mut new).unwrap(), "ab\ncd");
    let wanted = [b"from the old\r\n", &[b'x'; 5000][..], b"\r\nfrom the new"].concat();
    assert_eq!(new.outbox().to_vec(), wanted);
    assert!(old.outbox().is_empty());
    assert_eq!(next(&mut old), None);
    assert!(old.is_closed());
}

#[test]
fn what_has_no_room_is_left_and_nothing_is_lost() {
    let mut old = line();
    old.inbox().push(b"0123456789");
    old.inbox().close();
    let mut new = Raw::new(Pieces::default().with_limit(4));
    let mut left = hand_over(&mut old, &mut new).unwrap();
    assert_eq!((&left.bytes()[..], left.ends(), left.is_empty()), (&b"456789"[..], true, false));
    assert!(!new.inbox().is_closed());
    let mut read = Vec::new();
    while !left.push(&mut new) {
        read.extend(next(&mut new).unwrap());
    }
    assert!(new.inbox().is_closed());
    read.extend(next(&mut new).unwrap());
    assert_eq!(read, b"0123456789");
    assert_eq!(next(&mut new), None);
    assert!(new.is_closed());
}

#[test]
fn the_end_of_the_stream_goes_over() {
    let (mut old, mut new) = (line(), line());
    old.inbox().push(b"last");
    old.inbox().close();
    assert!(hand_over(&mut old, &mut new).unwrap().is_empty());
    assert_eq!(next(&mut new).unwrap(), "last");
    assert_eq!(next(&mut new), None);
    assert!(new.is_closed());
}

#[test]
fn an_upgrade_takes_over_nothing_unread() {
    let mut old = line();
    old.inbox().push(b"STARTTLS\r\nQUIT\r\n");
    assert_eq!(next(&mut old).unwrap(), "STARTTLS");
    old.send("go ahead").unwrap();
    let mut new = Odd::upgrading();
    assert_eq!(hand_over(&mut old, &mut new).unwrap_err(), HandOverError::UnreadAtUpgrade);
    assert_eq!(old.inbox().bytes(), b"QUIT\r\n");
    assert_eq!((old.outbox().len(), new.outbox().len()), (10, 0));
    old.inbox().clear();
    assert!(hand_over(&mut old, &mut new).unwrap().is_empty());
    assert_eq!(new.upgrade(), None);
    assert_eq!(new.outbox().drain(), b"go ahead\r\n");
    assert_eq!(new.upgrade(), Some(Upgrade::Tls));
}

#[test]
fn a_hand_over_at_the_wrong_time_is_refused() {
    let refusal = |old: &mut dyn FnMut() -> Result<(), HandOverError>| old().unwrap_err();
    let mut closed = line();
    closed.close();
    assert_eq!(refusal(&mut || hand_over(&mut closed, &mut line()).map(drop)), HandOverError::OldClosed);
    assert_eq!(refusal(&mut || hand_over(&mut line(), &mut closed).map(drop)), HandOverError::NewClosed);
    let (mut upgrading, mut layered) = (Odd::upgrading(), Odd::layered());
    assert_eq!(refusal(&mut || hand_over(&mut upgrading, &mut line()).map(drop)), HandOverError::OldUpgrades);
    assert_eq!(refusal(&mut || hand_over(&mut layered, &mut line()).map(drop)), HandOverError::OldLayered);
    assert_eq!(refusal(&mut || hand_over(&mut line(), &mut layered).map(drop)), HandOverError::NewLayered);
    let mut busy = line();
    busy.inbox().push(b"x");
    assert_eq!(refusal(&mut || hand_over(&mut line(), &mut busy).map(drop)), HandOverError::NewHasInput);
}

#[test]
fn a_full_outbox_stays_full() {
    let mut old = line();
    old.send([b'x'; 100]).unwrap();
    let mut new = line().with_marks(Marks { high: 50, low: 10 });
    assert!(hand_over(&mut old, &mut new).unwrap().is_empty());
    assert!(new.outbox().is_full());
}

proptest! {
    /// Each line is told once, in order, whoever holds the connection when it comes in whole.
    #[test]
    fn a_stream_of_lines_may_change_hands_anywhere(
        lines in prop::collection::vec("[a-z]{0,9}", 1..12),
        pushes in prop::collection::vec((1usize..20, 1usize..4, any::<bool>()), 1..40),
        limit in 11usize..40,
    ) {
        let stream: Vec<u8> = lines.iter().flat_map(|line| [line, "\r\n"].concat().into_bytes()).collect();
        let mut stream = &stream[..];
        let (mut machine, mut left) = (line(), wirestate_machine::Left::default());
        let mut told = Vec::new();
        for (size, polls, change) in pushes.iter().cycle() {
            if left.push(&mut machine) {
                let taken = machine.inbox().push_some(&stream[..(*size).min(stream.len())]);
                stream = &stream[taken..];
            }
            for _ in 0..*polls {
                let Some(line) = next(&mut machine) else { break };
                machine.send(&line).unwrap();
                told.push(line);
            }
            if *change && left.is_empty() {
                // Half of what is handed over has no room, now and then.
                let mut new = line();
                new.inbox().set_limit(limit);
                left = hand_over(&mut machine, &mut new).unwrap();
                machine = new;
            }
            if stream.is_empty() && left.is_empty() && machine.inbox().is_empty() {
                break;
            }
        }
        prop_assert_eq!(&told, &lines);
        let echoed: Vec<u8> = told.iter().flat_map(|line| [line, &b"\r\n"[..]].concat()).collect();
        prop_assert_eq!(machine.outbox().to_vec(), echoed);
    }

    /// At any byte, from lines to blocks: what was not told as a line is the blocks'.
    #[test]
    fn the_rest_after_a_line_belongs_to_the_next_machine(bodies in prop::collection::vec("[a-z,:\n]{0,20}", 0..6), cut in 1usize..60) {
        let mut sender = Block::new(Blocks::new(Length::Netstring));
        bodies.iter().for_each(|body| sender.send(body).unwrap());
        let stream = [&b"BLOCKS\r\n"[..], &sender.outbox().to_vec()].concat();
        let (first, rest) = stream.split_at(cut.clamp(8, stream.len()));
        let (mut old, mut new) = (line(), Block::new(Blocks::new(Length::Netstring)));
        old.inbox().push(first);
        prop_assert_eq!(next(&mut old).unwrap(), "BLOCKS");
        prop_assert!(hand_over(&mut old, &mut new).unwrap().is_empty());
        new.inbox().push(rest);
        let read: Vec<Bytes> = core::iter::from_fn(|| next(&mut new)).collect();
        prop_assert_eq!(read, bodies);
    }
}
