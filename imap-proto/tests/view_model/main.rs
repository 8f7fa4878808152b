//! Random sessions on one mailbox against a simple reference: each rule of the selected mailbox is a property of its own.

mod rules;
mod world;

use proptest::prelude::*;
use world::{Step, World};

macro_rules! properties {
    ($($rule:ident)*) => {
        proptest! {
            #![proptest_config(ProptestConfig::with_cases(200))]
            $(
                #[test]
                fn $rule(steps in steps()) {
                    hold(steps, &[rules::$rule]);
                }
            )*
        }
    };
}

properties! {
    numbers_belong_to_the_session
    expunge_is_told_only_when_it_may_be
    updates_come_in_the_legal_order
    each_expunge_number_is_relative
    expunged_but_not_told_is_known
    recent_goes_to_one_session
    uids_rise_and_views_end
    mod_sequences_lose_nothing
    odd_sets_have_defined_answers
    flags_keep_canonical_case
    words_are_those_enabled
    effects_come_in_order_and_are_told
    who_is_behind_is_woken_once
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    proptest::collection::vec(any::<[u8; 4]>().prop_map(Step::from), 1..120)
}

fn hold(steps: Vec<Step>, rules: &[rules::Rule]) {
    let mut world = World::new();
    for step in steps {
        let moment = world.step(step);
        rules.iter().for_each(|rule| rule(&world, &moment));
    }
}

/// The steps do what they are there for: most kinds of updates come up often.
#[test]
fn the_steps_reach_what_they_are_for() {
    use imap_proto::view::Update;
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let mut counts = [0; 8];
    for _ in 0..200 {
        let mut world = World::new();
        for step in steps().new_tree(&mut runner).unwrap().current() {
            let moment = world.step(step);
            rules::ALL.iter().for_each(|rule| rule(&world, &moment));
            counts[6] +=
                usize::from(moment.resynced.is_some_and(|(_, vanished)| vanished.is_some_and(|uids| !uids.is_empty())));
            counts[7] += usize::from(moment.stored.is_some_and(|(.., stored)| !stored.modified.is_empty()));
            for update in moment.updates {
                counts[match update {
                    Update::Keywords => 0,
                    Update::Fetch(_) => 1,
                    Update::Expunge(_) => 2,
                    Update::Vanished(_) => 3,
                    Update::Exists { .. } => 4,
                    _ => 5,
                }] += 1;
            }
        }
    }
    assert!(counts.iter().all(|count| *count >= 20), "{counts:?}");
}
