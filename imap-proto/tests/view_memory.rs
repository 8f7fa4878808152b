//! What a mailbox and its views cost: 4 octets for a message that all share, nothing for a view in step, and a bound for one that stalls.

use std::num::NonZeroU32;

use imap_proto::codec::{SequenceSet, Uid, UidSet};
use imap_proto::view::{Access, FlagChange, Flags, Mailbox, Policy, SessionId, View};
use wirestate_testing::Heap;

#[global_allocator]
static HEAP: Heap = Heap;

const MESSAGES: usize = 10_000;
const SESSIONS: usize = 100;

fn mailbox() -> Mailbox {
    let mut mailbox = Mailbox::new(NonZeroU32::MIN);
    for _ in 0..MESSAGES {
        mailbox.append(Flags::NONE).unwrap();
    }
    mailbox
}

fn select(mailbox: &mut Mailbox, session: usize) -> View {
    mailbox.select(SessionId(session as u64), Access::ReadOnly).unwrap()
}

fn uid(number: u32) -> Uid {
    Uid::new(number).unwrap()
}

#[test]
fn views_in_step_share_their_uids() {
    let mut mailbox = mailbox();
    let (mut views, usage) =
        Heap::measure(|| (0..SESSIONS).map(|session| select(&mut mailbox, session)).collect::<Vec<_>>());
    let each = usage.live as usize / SESSIONS;
    assert!(
        size_of::<View>() <= 384 && each < size_of::<View>() + 512,
        "{} and {each} octets for a view",
        size_of::<View>()
    );

    // Days go by, and everyone follows.
    let ((), usage) = Heap::measure(|| {
        for round in 0..1500 {
            mailbox.append(Flags::NONE).unwrap();
            mailbox.expunge(&UidSet::from_iter([uid(1 + round * 3)]));
            mailbox.store(&UidSet::from_iter([uid(9000 + round)]), FlagChange::Add(Flags::SEEN), None);
            for view in &mut views {
                assert!(view.catch_up(&mut mailbox));
                assert_eq!(view.flush(Policy::All).count(), 3, "FETCH, EXPUNGE, EXISTS");
            }
        }
    });
    let each = usage.live.max(0) as usize / SESSIONS;
    assert!(each < 1024, "{each} octets more for a view, and its share of the mailbox's");
}

#[test]
fn a_mailbox_costs_twenty_octets_for_a_message() {
    let (mut mailbox, usage) = Heap::measure(|| {
        let messages = mailbox();
        let facts = messages.facts();
        Mailbox::restore(facts, messages.keywords().clone(), messages.messages()).unwrap()
    });
    assert!((usage.live as usize) < 20 * MESSAGES * 13 / 10, "{} octets", usage.live);

    // One who never looks again costs nothing, whatever happens.
    let view = select(&mut mailbox, 0);
    let change = |mailbox: &mut Mailbox, round: u32| {
        mailbox.append(Flags::NONE).unwrap();
        mailbox.expunge(&UidSet::from_iter([uid(round + 1)]));
        mailbox.store(&UidSet::from_iter([uid(round + 5_000)]), FlagChange::Add(Flags::SEEN), None);
    };
    (0..5_000).for_each(|round| change(&mut mailbox, round));
    let ((), usage) = Heap::measure(|| (5_000..30_000).for_each(|round| change(&mut mailbox, round)));
    assert!(usage.live < 96 * 1024, "{} octets more", usage.live);
    assert_eq!(view.exists() as usize, MESSAGES);
}

#[test]
fn what_waits_to_be_told_is_bounded_by_the_mailbox() {
    let mut mailbox = mailbox();
    let mut view = select(&mut mailbox, 0);
    let ((), usage) = Heap::measure(|| {
        for round in 0..20_u32 {
            let change =
                if round % 2 == 0 { FlagChange::Add(Flags::FLAGGED) } else { FlagChange::Remove(Flags::FLAGGED) };
            mailbox.store(&UidSet::all(), change, None);
            mailbox.expunge(&UidSet::from_iter((0..50).map(|index| uid(1 + round * 100 + index * 2))));
            view.catch_up(&mut mailbox);
        }
    });
    assert!((usage.live as usize) < 64 * MESSAGES, "{} octets", usage.live);
    assert_eq!(view.flush(Policy::All).count(), MESSAGES + 1, "each message is told of once, and RECENT");
}

#[test]
fn sets_are_never_expanded() {
    let mut mailbox = mailbox();
    let view = select(&mut mailbox, 0);
    let (asked, usage) = Heap::measure(|| {
        let set = SequenceSet::parse(b"4294967295:1,1:4294967295").unwrap();
        view.by_uid(&set)
    });
    assert!(usage.volume < 256, "{} octets", usage.volume);
    assert_eq!(asked.uids.len(), MESSAGES as u64);
}
