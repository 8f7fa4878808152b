//! Each law is kept by a machine that keeps it, and found broken by one that breaks it.

mod common;

use common::*;
use proptest::prelude::*;
use std::time::Duration;
use wirestate_machine::Instant;
use wirestate_testing::{Broken, Cuts, Heap, Law, Sample, Subject, cuts, laws, sessions, subject};

#[global_allocator]
static HEAP: Heap = Heap;

const MINUTE: Duration = Duration::from_secs(60);

fn toy(flaw: Flaw) -> impl Subject<Machine = Toy> {
    #[derive(Clone)]
    struct Application(Flaw);

    impl Subject for Application {
        type Machine = Toy;

        fn machine(&self, now: Instant) -> Toy {
            Toy::flawed(self.0, now)
        }
        fn react(&mut self, machine: &mut Toy, event: Event, now: Instant) {
            machine.answer(event, now);
        }
        fn meddle(&mut self, machine: &mut Toy, choice: u64, _now: Instant) {
            machine.say(&choice.to_string().as_bytes()[..1]);
        }
        fn limit(&self) -> usize {
            // An outbox of 64 KiB that grows by doubling.
            192 * 1024
        }
        fn lifetime(&self) -> Duration {
            MINUTE
        }
        fn has_farewell(&self) -> bool {
            true
        }
    }

    Application(flaw)
}

fn corpus() -> Vec<Sample> {
    vec![
        b"one\r\ntwo\r\nQUIT\r\n".into(),
        Sample::new().then(b"one\r\nSTARTTLS\r\n").then(b"two\r\n").wait(MINUTE / 2).then(b"three\r\nQUIT\r\n"),
        Sample::new().then(b"SIZE 2000000\r\nhalf a").end(),
        b"\0\r\n\xff\xfe\r\n".into(),
    ]
}

/// The law that `all` finds broken.
fn broken(flaw: Flaw) -> Option<Law> {
    laws::all(&toy(flaw), &corpus()).err().map(|broken| broken.law)
}

#[test]
fn a_good_machine_keeps_all_laws() -> Result<(), Broken> {
    laws::all(&toy(Flaw::None), &corpus())
}

#[test]
fn all_finds_every_flaw() {
    for (flaw, law) in [
        (Flaw::CountsAllSessions, Law::Pure),
        (Flaw::ActsOnHalfLines, Law::CutInvariant),
        (Flaw::AnswersByTheSegment, Law::CutInvariant),
        (Flaw::HoardsLines, Law::Bounded),
        (Flaw::TrustsAnnouncements, Law::Bounded),
        (Flaw::AnswersWhoDoesNotRead, Law::Bounded),
        (Flaw::ForgetsItsError, Law::Total),
        (Flaw::StaysOpenAfterItsError, Law::Total),
        (Flaw::HasNoFarewell, Law::Total),
        (Flaw::SpeaksAfterTheEnd, Law::Total),
        (Flaw::GoesOnAfterTheEnd, Law::Total),
        (Flaw::AcceptsStaleTickets, Law::Total),
        (Flaw::HasNoDeadline, Law::Alive),
        (Flaw::HasADeadlineThatStays, Law::Alive),
        (Flaw::NeverDies, Law::Alive),
        (Flaw::WaitsForTheApplication, Law::Alive),
        (Flaw::NeverStopsTalking, Law::Alive),
        (Flaw::NeverStopsWriting, Law::Alive),
        (Flaw::IsNotAsSettledAsItSays, Law::Alive),
        (Flaw::OffersTooEarly, Law::UpgradeSafe),
        (Flaw::KeepsClearText, Law::UpgradeSafe),
        (Flaw::ActsBeforeTheSwitch, Law::UpgradeSafe),
    ] {
        assert_eq!(broken(flaw), Some(law), "{flaw:?}");
    }
}

#[test]
fn a_global_is_impure() {
    let broken = laws::pure(&toy(Flaw::CountsAllSessions), &b"one\r\n".into()).unwrap_err();
    assert_eq!(broken.law, Law::Pure);
    assert!(broken.finding.starts_with("event 0 is `Nth("), "{broken}");
}

#[test]
fn a_finding_tells_the_input_and_the_first_difference() {
    let broken = laws::cut_invariant(&toy(Flaw::ActsOnHalfLines), &b"one\r\ntwo\r\n".into(), &Cuts::Whole).unwrap_err();
    assert_eq!(
        format!("{broken:?}"),
        "the machine breaks the law CutInvariant: events and output do not depend on how the input was cut\n  \
         input: b\"one\\r\\ntwo\\r\\n\"\n  \
         found: event 0 is `Half(10)` whole and `Half(1)` byte by byte"
    );
    let broken =
        laws::cut_invariant(&toy(Flaw::AnswersByTheSegment), &b"one\r\n".into(), &Cuts::Sizes(vec![2])).unwrap_err();
    assert!(broken.finding.starts_with("the output differs from byte 8 on: ..b\"hello\\r\\n."), "{broken}");
}

#[test]
fn hoarding_and_trusting_announcements_are_unbounded() {
    let hoards = laws::bounded(&toy(Flaw::HoardsLines), &b"a line\r\n".into()).unwrap_err();
    assert!(hoards.finding.ends_with("the limit is 196608"), "{hoards}");
    let trusts = laws::bounded(&toy(Flaw::TrustsAnnouncements), &b"SIZE 9999\r\n".into()).unwrap_err();
    assert_eq!(trusts.input, "b\"SIZE 9999\\r\\n\"");
    let floods = laws::bounded(&toy(Flaw::AnswersWhoDoesNotRead), &b"a line\r\n".into()).unwrap_err();
    assert!(floods.input.ends_with("while the peer reads nothing"), "{floods}");
}

#[test]
fn an_idle_session_is_measured() {
    let heap_and_size = laws::idle(&toy(Flaw::None), &b"one\r\n".into()).unwrap();
    assert_eq!(heap_and_size, size_of::<Toy>());
    let hoards = laws::idle(&toy(Flaw::HoardsLines), &b"one\r\n".into()).unwrap();
    assert!(hoards > heap_and_size);
}

#[test]
fn copying_what_came_before_is_not_linear() {
    let copies = laws::linear(&toy(Flaw::CopiesHistory), &Sample::new(), b"x").unwrap_err();
    assert!(copies.finding.contains("bytes taken from the heap"), "{copies}");
    let echoes = laws::linear(&toy(Flaw::EchoesHistory), &Sample::new(), b"a line\r\n").unwrap_err();
    assert_eq!(echoes.law, Law::Linear);
    laws::linear(&toy(Flaw::None), &Sample::new(), b"a line\r\n").unwrap();
}

#[test]
fn total_tells_the_calls_that_led_there() {
    let find = |flaw| (0..200).find_map(|seed| laws::total(&toy(flaw), &b"one\r\n\0\r\nQUIT\r\n".into(), seed).err());
    let panics = find(Flaw::PanicsOnNul).unwrap();
    assert!(panics.finding.contains("the last call panicked: a NUL"), "{panics}");
    assert!(panics.input.contains("push(b\""), "{panics}");
    let forgets = find(Flaw::ForgetsItsError);
    assert!(forgets.is_some_and(|broken| broken.finding.contains("errors stay")));
    let speaks = find(Flaw::SpeaksAfterTheEnd).unwrap();
    assert!(speaks.finding.starts_with("the machine was closed, and then said"), "{speaks}");
    let stale = find(Flaw::AcceptsStaleTickets).unwrap();
    assert!(stale.finding.starts_with("the machine was closed, and then said"), "{stale}");
    let farewell = find(Flaw::HasNoFarewell).unwrap();
    assert!(farewell.finding.contains("no farewell"), "{farewell}");
    assert!(find(Flaw::None).is_none());
}

#[test]
fn what_is_added_before_a_switch_is_found_to_act() {
    let sample = Sample::new().then(b"STARTTLS\r\n").then(b"two\r\n");
    let check = |flaw, injected: &[u8]| laws::upgrade_safe(&toy(flaw), &sample, injected);
    check(Flaw::None, b"DELE 1\r\n").unwrap();
    let keeps = check(Flaw::KeepsClearText, b"DELE 1\r\n").unwrap_err();
    assert!(keeps.finding.contains("the inbox has b\"DELE 1\\r\\n\""), "{keeps}");
    let acts = check(Flaw::ActsBeforeTheSwitch, b"DELE 1\r\n").unwrap_err();
    assert!(acts.finding.contains("`Line(\"DELE 1\""), "{acts}");
    let early = check(Flaw::OffersTooEarly, b"DELE 1\r\n").unwrap_err();
    assert!(early.finding.contains("both must be empty"), "{early}");
    let nothing = laws::upgrade_safe(&toy(Flaw::None), &b"one\r\n".into(), b"x").unwrap_err();
    assert!(nothing.finding.contains("nothing was tested"), "{nothing}");
}

#[test]
fn silence_ends_every_session() {
    let check = |flaw| laws::alive(&toy(flaw), &b"one\r\ntwo\r\n".into());
    check(Flaw::None).unwrap();
    assert!(check(Flaw::HasNoDeadline).unwrap_err().finding.contains("has no deadline"));
    assert!(check(Flaw::HasADeadlineThatStays).unwrap_err().finding.contains("must lie in the future"));
    assert!(check(Flaw::NeverDies).unwrap_err().finding.contains("its lifetime is 60s"));
    let waits = check(Flaw::WaitsForTheApplication).unwrap_err();
    assert!(waits.input.ends_with("while the application answers nothing"), "{waits}");
    assert!(check(Flaw::NeverStopsTalking).unwrap_err().finding.contains("without any input"));
    assert!(check(Flaw::NeverStopsWriting).unwrap_err().finding.contains("more to write"));
}

#[test]
fn a_subject_of_closures_is_one_as_well() -> Result<(), Broken> {
    let toy = subject(Toy::new, Toy::answer).with_limit(192 * 1024).with_lifetime(MINUTE).with_farewell();
    laws::all(&toy, &corpus()[..1])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn made_up_sessions_keep_the_laws(session in sessions(&corpus()), cuts in cuts(), seed in any::<u64>()) {
        let toy = toy(Flaw::None);
        laws::pure(&toy, &session)?;
        laws::cut_invariant(&toy, &session, &cuts)?;
        laws::total(&toy, &session, seed)?;
    }
}
