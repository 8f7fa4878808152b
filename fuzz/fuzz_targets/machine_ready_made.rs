//! Any bytes to a row of ready-made machines, of any framing and limit, each of which hands its connection over to the next.
//!
//! No panic; the same frames and output however the input is cut; a hand-over keeps every unread byte, the end of the stream and what was
//! not written; no frame beyond its limit; bounded heap; work that grows with the input.

#![no_main]

use std::collections::VecDeque;

use arbitrary::Arbitrary;
use bytes::{Buf, Bytes};
use libfuzzer_sys::fuzz_target;
use wirestate_fuzz::feed::{Cuts, seed_of};
use wirestate_fuzz::meter::Meter;
use wirestate_fuzz::ready_made::{Kind, Setting, Speaks, Told};
use wirestate_machine::{Instant, Left, Machine, hand_over};

const HEAP: isize = 512 * 1024;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    first: Setting,
    later: Vec<Setting>,
    bytes: &'a [u8],
}

fuzz_target!(|input: Input| {
    let Input { first, later, bytes } = input;
    let settings: Vec<Setting> = [first].into_iter().chain(later.into_iter().take(7)).collect();
    let seed = seed_of(bytes);
    let whole = run(&settings, bytes, Cuts::Whole);
    // Where raw bytes are cut means nothing, so that a machine of them hands over anywhere.
    let last = settings.len() - 1;
    let is_settled = settings[..last].iter().all(|setting| !matches!(setting.kind, Kind::Raw { .. }));
    for cuts in [Cuts::Single, Cuts::Random(seed)] {
        let cut = run(&settings, bytes, cuts);
        assert!(!is_settled || whole.told == cut.told, "the frames depend on {cuts:?}");
        assert!(!is_settled || whole.said == cut.said, "the output depends on {cuts:?}");
    }
    if seed % 16 < 4 && !bytes.is_empty() {
        // One machine, for another may have more to do with the same bytes.
        let once = run(&settings[..1], &bytes.repeat(4), Cuts::Random(seed));
        let twice = run(&settings[..1], &bytes.repeat(8), Cuts::Random(seed));
        once.meter.check_linear(&twice.meter);
    }
});

#[derive(Default)]
struct Run {
    told: Vec<String>,
    said: Vec<u8>,
    meter: Meter,
}

impl Run {
    /// Notes a frame. Raw bytes are one, however many pieces they came in.
    fn tell(&mut self, kind: &Kind, told: &Told) {
        let text = match told {
            Told::Frame(frame) => frame.escape_ascii().to_string(),
            Told::TooLong => "too long".into(),
        };
        match self.told.last_mut() {
            Some(raw) if matches!(kind, Kind::Raw { .. }) && raw.starts_with("raw ") => raw.push_str(&text),
            _ if matches!(kind, Kind::Raw { .. }) => self.told.push(format!("raw {text}")),
            _ => self.told.push(text),
        }
    }
}

fn run(settings: &[Setting], mut input: &[u8], mut cuts: Cuts) -> Run {
    let mut run = Run::default();
    let mut settings = settings.iter();
    let Some(mut setting) = settings.next() else { return run };
    let mut machine = run.meter.run(|| setting.machine());
    // What a hand-over left comes before all that is fed later.
    let mut left: VecDeque<Left> = VecDeque::new();
    let mut frames = 0;
    let mut failure: Option<String> = None;
    loop {
        match run.meter.run(|| machine.poll(Instant::START)) {
            Ok(Some(told)) => {
                assert!(told.len() <= setting.limit(), "a frame of {} bytes", told.len());
                run.tell(&setting.kind, &told);
                run.meter.run(|| answer(machine.as_mut(), told));
                frames += 1;
                if frames >= usize::from(setting.frames)
                    && let Some(next) = settings.next()
                {
                    run.meter.run(|| change(&mut machine, next, &mut left));
                    (setting, frames) = (next, 0);
                }
                continue;
            }
            Ok(None) => {}
            Err(error) => {
                assert!(machine.is_closed(), "an open session after {error}");
                assert!(failure.as_ref().is_none_or(|before| *before == error), "the error has changed");
                failure = Some(error);
            }
        }
        assert!(run.meter.peak() <= HEAP, "{} bytes of heap", run.meter.peak());
        run.said.extend(machine.outbox().to_vec());
        let wrote = !machine.outbox().is_empty();
        run.meter.run(|| {
            let all = machine.outbox().remaining();
            machine.outbox().advance(all);
        });
        if wrote {
            continue;
        }
        if machine.is_closed() {
            run.told.extend(failure);
            return run;
        }
        if let Some(rest) = left.front_mut() {
            let before = rest.bytes().len();
            let done = run.meter.run(|| rest.push(&mut machine));
            assert!(done || rest.bytes().len() < before, "the machine neither reads nor acts");
            left.retain(|rest| !rest.is_empty());
            continue;
        }
        if machine.inbox().is_closed() {
            run.told.push("open".into());
            assert!(matches!(setting.kind, Kind::Raw { half_open: true }), "the session outlives its connection");
            return run;
        }
        let take = cuts.next().min(input.len()).min(machine.inbox().room());
        assert!(take > 0 || input.is_empty(), "the machine neither reads nor acts");
        run.meter.run(|| match input.is_empty() {
            true => machine.inbox().close(),
            false => machine.inbox().push(&input[..take]),
        });
        input = &input[take..];
    }
}

/// Says the frame back, or something else where it may not be said.
fn answer(machine: &mut dyn Speaks, told: Told) {
    let Told::Frame(frame) = told else { return };
    if machine.say(frame).is_err() {
        let _ = machine.say(Bytes::from_static(b"no"));
    }
}

/// Hands the connection over, after the new machine has said a word.
fn change(machine: &mut Box<dyn Speaks>, next: &Setting, left: &mut VecDeque<Left>) {
    let mut new = next.machine();
    let _ = new.say(Bytes::from_static(b"hello"));
    let unread = machine.inbox().bytes().to_vec();
    let unwritten = [machine.outbox().to_vec(), new.outbox().to_vec()].concat();
    let ended = machine.inbox().is_closed();
    match hand_over(machine, &mut new) {
        Ok(rest) => {
            assert_eq!([new.inbox().bytes(), &rest.bytes()[..]].concat(), unread, "unread bytes");
            assert_eq!(new.outbox().to_vec(), unwritten, "unwritten bytes");
            assert_eq!(new.inbox().is_closed() || rest.ends(), ended, "the end of the stream");
            assert!(machine.inbox().is_finished() && machine.outbox().is_empty(), "the old machine has something yet");
            if !rest.is_empty() {
                left.push_front(rest);
            }
        }
        Err(error) => panic!("{error}"),
    }
    *machine = new;
}
