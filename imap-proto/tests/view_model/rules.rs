//! The rules of the selected mailbox, each held against every step.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use imap_proto::codec::{SequenceSet, Uid, UidSet};
use imap_proto::view::{Policy, Update};

use super::world::{Memory, Moment, World, plain, session, words_of};

pub(crate) type Rule = fn(&World, &Moment);

/// Whether a set has a number in it, where so many is the highest.
type Names = fn(u32, u32) -> bool;

/// All of them, for who wants to hold all at once.
pub(crate) const ALL: [Rule; 13] = [
    numbers_belong_to_the_session,
    expunge_is_told_only_when_it_may_be,
    updates_come_in_the_legal_order,
    each_expunge_number_is_relative,
    expunged_but_not_told_is_known,
    recent_goes_to_one_session,
    uids_rise_and_views_end,
    mod_sequences_lose_nothing,
    odd_sets_have_defined_answers,
    flags_keep_canonical_case,
    words_are_those_enabled,
    effects_come_in_order_and_are_told,
    who_is_behind_is_woken_once,
];

/// 1: only what is told changes a number.
pub(crate) fn numbers_belong_to_the_session(world: &World, _: &Moment) {
    for person in &world.persons {
        let Some(view) = &person.view else { continue };
        let list = &person.client.list;
        assert_eq!(view.exists() as usize, list.len());
        for (uid, number) in list.iter().zip(1..) {
            let (uid, number) = (Uid::new(*uid).unwrap(), NonZeroU32::new(number).unwrap());
            assert_eq!((view.uid(number), view.number(uid)), (Some(uid), Some(number)));
        }
        assert_eq!(view.uid(NonZeroU32::new(list.len() as u32 + 1).unwrap()), None);
        let all = UidSet::all();
        assert!(view.messages(&all).map(|(number, uid)| (number.get(), uid.get())).eq((1..).zip(list.iter().copied())));
    }
}

/// 2: no EXPUNGE and no VANISHED while numbers are in use.
pub(crate) fn expunge_is_told_only_when_it_may_be(world: &World, moment: &Moment) {
    let (Some(who), Some((policy, complete))) = (moment.who, moment.told) else { return };
    let expunges = moment.updates.iter().filter(|update| matches!(update, Update::Expunge(_) | Update::Vanished(_)));
    match policy {
        Policy::Nothing => assert!(moment.updates.is_empty()),
        Policy::NoExpunge => assert_eq!(expunges.count(), 0),
        Policy::All => {
            let view = world.persons[who].view.as_ref().unwrap();
            assert!(!complete || view.ended().is_some() || view.expunged().is_empty());
        }
    }
}

/// 3: flags of known messages, expunges, EXISTS, RECENT, flags of new messages; each number is valid when it is read; EXISTS never falls.
pub(crate) fn updates_come_in_the_legal_order(_: &World, moment: &Moment) {
    let mut list = moment.before.list.clone();
    let mut stage = 0;
    for update in &moment.updates {
        let next = match update {
            Update::Keywords => 0,
            Update::Fetch(fetch) => {
                let at = list.iter().position(|uid| *uid == fetch.uid.get()).expect("the client knows the message");
                assert!(fetch.number.is_none_or(|number| number.get() as usize == at + 1));
                if moment.before.list.contains(&fetch.uid.get()) { 1 } else { 5 }
            }
            Update::Expunge(number) => {
                list.remove(number.get() as usize - 1);
                2
            }
            Update::Vanished(uids) => {
                list.retain(|uid| !uids.contains(Uid::new(*uid).unwrap()));
                2
            }
            Update::Exists { exists, new } => {
                assert!(!new.is_empty() && list.last() < plain(new).first());
                list.extend(plain(new));
                assert_eq!(*exists as usize, list.len());
                3
            }
            _ => 4,
        };
        assert!(stage <= next, "{:?}", moment.updates);
        stage = next;
    }
}

/// 4: what is expunged is what is gone, number by number, and it adds up.
pub(crate) fn each_expunge_number_is_relative(world: &World, moment: &Moment) {
    let (Some(who), Some((policy, complete))) = (moment.who, moment.told) else { return };
    let person = &world.persons[who];
    let lost: BTreeSet<u32> =
        moment.before.list.iter().filter(|uid| !person.client.list.contains(uid)).copied().collect();
    assert!(lost.iter().all(|uid| !person.seen.messages.contains_key(uid)), "only what is gone is told as gone");
    if complete && policy == Policy::All && person.ended.is_none() {
        assert_eq!(person.client.list, person.seen.uids());
    }
}

/// 5: of what a command names, what is gone is set apart until its expunge is told.
pub(crate) fn expunged_but_not_told_is_known(world: &World, _: &Moment) {
    for person in &world.persons {
        let Some(view) = person.view.as_ref().filter(|view| view.ended().is_none()) else { continue };
        let there = |uid: &u32| person.seen.messages.contains_key(uid);
        let gone: BTreeSet<u32> = person.client.list.iter().filter(|uid| !there(uid)).copied().collect();
        assert_eq!(plain(view.expunged()), gone);
        if let Ok(asked) = view.by_number(&SequenceSet::ALL) {
            assert_eq!(plain(&asked.expunged), gone);
            let named: Vec<u32> =
                person.seen.uids().into_iter().filter(|uid| asked.uids.contains(Uid::new(*uid).unwrap())).collect();
            assert!(named.iter().eq(person.client.list.iter().filter(|uid| there(uid))));
        }
        let saved: BTreeSet<u32> = person.client.saved.iter().copied().collect();
        let asked = view.by_number(&SequenceSet::SAVED).unwrap();
        assert_eq!(plain(view.saved()), saved);
        assert_eq!((plain(&asked.uids), plain(&asked.expunged)), (&saved - &gone, &saved & &gone));
    }
}

/// 6: a message is recent to the first session that may take it.
pub(crate) fn recent_goes_to_one_session(world: &World, moment: &Moment) {
    assert_eq!(world.mailbox.counts().recent as usize, world.truth.unclaimed.len());
    let Some(who) = moment.who else { return };
    let person = &world.persons[who];
    let Some(view) = person.view.as_ref().filter(|view| view.ended().is_none()) else { return };
    for update in &moment.updates {
        if let Update::Fetch(fetch) = update {
            let expected = !person.wording.rev2 && fetch.flags.is_some() && person.recent.contains(&fetch.uid.get());
            assert_eq!(fetch.recent, expected);
        }
    }
    if moment.told.is_some_and(|(policy, complete)| complete && policy > Policy::Nothing) {
        let recent = person.client.list.iter().filter(|uid| person.recent.contains(uid)).count();
        assert_eq!(view.recent() as usize, recent);
        let told = moment.updates.iter().find_map(|update| match update {
            Update::Recent(recent) => Some(*recent),
            _ => None,
        });
        assert!(told.is_none_or(|told| told == view.recent()));
    }
}

/// 7: UIDs rise, UIDNEXT never falls, and a view whose UIDs mean nothing any more is over.
pub(crate) fn uids_rise_and_views_end(world: &World, moment: &Moment) {
    assert_eq!(world.mailbox.uid_next().get(), world.truth.last_uid + 1);
    assert!(moment.appended.windows(2).all(|pair| pair[0] < pair[1]));
    assert!(moment.appended.last().is_none_or(|uid| *uid < world.mailbox.uid_next()));
    for person in &world.persons {
        let Some(view) = &person.view else { continue };
        assert_eq!(view.ended(), person.ended);
        if person.ended.is_some() {
            assert!(
                !view.has_news(Policy::All)
                    && moment.updates.is_empty() | (moment.who != Some(view.session().0 as usize))
            );
        } else {
            assert_eq!(view.uid_next().get(), person.seen.last_uid + 1);
        }
    }
}

/// 8: every change has a mod-sequence of its own, UNCHANGEDSINCE holds, and who comes back with what it was told last misses nothing.
pub(crate) fn mod_sequences_lose_nothing(world: &World, moment: &Moment) {
    assert_eq!(world.mailbox.highest_modseq().get(), world.truth.modseq);
    for message in world.mailbox.messages() {
        assert_eq!(message.modseq.get(), world.truth.messages[&message.uid.get()].1);
    }
    if let Some((since, before, asked, stored)) = &moment.stored {
        let is_newer = |uid: &u32| since.is_some_and(|since| before.messages[uid].1 > since.get());
        assert_eq!(plain(&stored.modified), asked.iter().copied().filter(is_newer).collect());
        assert_eq!(plain(&stored.stored), asked - &plain(&stored.modified));
    }
    if let (Some(who), Some((memory, vanished))) = (moment.who, &moment.resynced) {
        comes_back(world, who, memory, vanished.as_ref(), &moment.updates);
    }
    for person in &world.persons {
        if let Some(view) = person.view.as_ref().filter(|view| view.ended().is_none()) {
            assert!(view.highest_modseq().unwrap().get() <= person.seen.modseq);
            if !view.has_news(Policy::All) {
                assert_eq!(view.highest_modseq().unwrap().get(), person.seen.modseq);
            }
        }
    }
}

fn comes_back(world: &World, who: usize, memory: &Memory, vanished: Option<&UidSet>, updates: &[Update]) {
    assert_eq!(vanished.is_some(), memory.uid_validity == world.uid_validity);
    let Some(vanished) = vanished else { return assert!(updates.is_empty()) };
    let person = &world.persons[who];
    let mut client = memory.client.clone();
    client.list.retain(|uid| !vanished.contains(Uid::new(*uid).unwrap()));
    let here: Vec<u32> =
        memory.client.list.iter().copied().filter(|uid| world.truth.messages.contains_key(uid)).collect();
    assert_eq!(client.list, here, "{vanished} vanished");
    assert!(!world.mailbox.messages().any(|message| vanished.contains(message.uid)));
    let view = person.view.as_ref().unwrap();
    for update in updates {
        let Update::Fetch(fetch) = update else { panic!("{update:?} is not owed") };
        client.flags.insert(fetch.uid.get(), words_of(view, fetch.flags.unwrap()));
    }
    for uid in here {
        assert_eq!(client.flags[&uid], world.truth.messages[&uid].0, "flags of {uid}");
    }
}

/// 9: `*`, ranges either way round, numbers beyond the end.
pub(crate) fn odd_sets_have_defined_answers(world: &World, _: &Moment) {
    for person in &world.persons {
        let Some(view) = &person.view else { continue };
        let list = &person.client.list;
        let last = list.last().copied().unwrap_or(0);
        let rows: [(&str, Names); 6] = [
            ("*", |number, last| number == last),
            ("1:*", |_, _| true),
            ("559:*", |number, last| number == last),
            ("*:2", |number, last| (2..=last).contains(&number) || (last..=2).contains(&number)),
            ("4:2", |number, _| (2..=4).contains(&number)),
            ("2,5:7,*,3", |number, last| [2, 3, 5, 6, 7, last].contains(&number)),
        ];
        for (text, names) in rows {
            let sequence: SequenceSet = text.parse().unwrap();
            let asked = view.by_uid(&sequence);
            let mut found = asked.uids;
            found.union(&asked.expunged);
            let expected: Vec<u32> = list.iter().copied().filter(|uid| names(*uid, last)).collect();
            let among = |uid: &&u32| found.contains(Uid::new(**uid).unwrap());
            assert!(list.iter().filter(among).eq(&expected), "UIDs {text} of {list:?}");

            let highest = sequence.highest().map_or(0, NonZeroU32::get);
            let Ok(asked) = view.by_number(&sequence) else {
                assert!(highest as usize > list.len() || list.is_empty(), "numbers {text} of {list:?}");
                continue;
            };
            let mut found = asked.uids;
            found.union(&asked.expunged);
            let count = list.len() as u32;
            let expected: Vec<u32> = (1..=count).filter(|number| names(*number, count)).collect();
            let numbers = view.numbers_of(&found);
            assert_eq!(numbers.iter().map(NonZeroU32::get).collect::<Vec<_>>(), expected, "numbers {text} of {list:?}");
        }
    }
}

/// 10: system flags as the RFCs write them, keywords as they came first.
pub(crate) fn flags_keep_canonical_case(world: &World, moment: &Moment) {
    for message in world.mailbox.messages() {
        let words: BTreeSet<String> =
            world.mailbox.keywords().words(message.flags).map(|flag| flag.to_string()).collect();
        assert_eq!(words, world.truth.messages[&message.uid.get()].0);
    }
    let Some(person) = moment.who.map(|who| &world.persons[who]) else { return };
    for update in &moment.updates {
        if let (Update::Fetch(fetch), Some(view)) = (update, &person.view) {
            let words = fetch.flags.map(|flags| words_of(view, flags));
            assert!(words.is_none_or(|words| words == person.seen.messages[&fetch.uid.get()].0));
        }
    }
}

/// 11: VANISHED, UIDFETCH, MODSEQ and RECENT as the client has enabled them.
pub(crate) fn words_are_those_enabled(world: &World, moment: &Moment) {
    let Some(wording) = moment.who.map(|who| world.persons[who].wording) else { return };
    for update in &moment.updates {
        match update {
            Update::Expunge(_) => assert!(!wording.qresync && !wording.uid_only),
            Update::Vanished(_) => assert!(wording.qresync || wording.uid_only),
            Update::Recent(_) => assert!(!wording.rev2),
            Update::Fetch(fetch) => {
                assert_eq!(fetch.number.is_none(), wording.uid_only);
                assert_eq!(fetch.modseq.is_some(), wording.condstore || wording.qresync);
                assert!(fetch.tells_uid || wording == Default::default());
                assert!(fetch.flags.is_some() || fetch.modseq.is_some() || !wording.tells_modseq());
            }
            _ => {}
        }
    }
}

/// 12: changes take effect one after the other, and when all is told every client believes what is so.
pub(crate) fn effects_come_in_order_and_are_told(world: &World, moment: &Moment) {
    assert!(world.mailbox.messages().map(|message| message.uid.get()).eq(world.truth.uids()));
    assert_eq!(world.mailbox.len(), world.truth.messages.len());
    let Some(who) = moment.who else { return };
    let person = &world.persons[who];
    if person.ended.is_none() && moment.told.is_some_and(|(policy, complete)| complete && policy > Policy::Nothing) {
        for uid in person.client.list.iter().filter(|uid| person.seen.messages.contains_key(uid)) {
            assert_eq!(person.client.flags[uid], person.seen.messages[uid].0, "flags of {uid}");
        }
        let highest = person.seen.last_uid.min(person.client.list.last().copied().unwrap_or(0));
        let all = person.view.as_ref().unwrap().by_uid(&SequenceSet::ALL);
        assert!(all.uids.last().is_none_or(|last| last.get() <= highest));
        assert!(
            person.seen.uids().iter().all(|uid| all.uids.contains(Uid::new(*uid).unwrap())),
            "UID 1:* misses nothing"
        );
    }
}

/// Who has not seen the last change is named, once until it looks.
pub(crate) fn who_is_behind_is_woken_once(world: &World, moment: &Moment) {
    let sessions: BTreeSet<_> = world.mailbox.sessions().collect();
    for (who, person) in world.persons.iter().enumerate() {
        assert_eq!(sessions.contains(&session(who)), person.view.is_some());
    }
    assert_eq!(moment.woken, moment.to_wake);
}
