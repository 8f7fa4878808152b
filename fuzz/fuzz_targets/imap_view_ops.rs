//! Sessions on one mailbox, in any order: changes, selections, words, and what is told when, held against the reference of the property tests.
//!
//! No panic; every rule of the selected mailbox holds after every step. The input is steps of four octets; see `Step`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use world::{Step, World};

#[path = "../../imap-proto/tests/view_model/rules.rs"]
mod rules;
#[path = "../../imap-proto/tests/view_model/world.rs"]
mod world;

fuzz_target!(|input: &[u8]| {
    let mut world = World::new();
    let (steps, _) = input.as_chunks::<4>();
    // The reference is slow where there are many messages.
    for step in steps.iter().take(256) {
        let moment = world.step(Step::from(*step));
        rules::ALL.iter().for_each(|rule| rule(&world, &moment));
    }
});
