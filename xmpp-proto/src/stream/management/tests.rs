use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;

/// A stanza that is its own number.
impl Stanza for u32 {
    fn octets(&self) -> usize {
        10
    }
}

const ROOMY: Bounds = Bounds { stanzas: 1000, octets: 1_000_000 };

fn stream_at(acknowledged: u32, sent: u32) -> Management<u32> {
    let unacknowledged = (0..sent.wrapping_sub(acknowledged)).map(|n| acknowledged.wrapping_add(n)).collect();
    Management::attach(Snapshot { handled: 0, acknowledged, unacknowledged }, ROOMY)
}

#[test]
fn an_acknowledgement_releases_what_it_covers() {
    let mut stream = stream_at(0, 5);
    assert_eq!(stream.acknowledged(2).unwrap().collect::<Vec<_>>(), [0, 1]);
    assert_eq!(stream.acknowledged(2).unwrap().count(), 0);
    assert_eq!(stream.acknowledged(5).unwrap().collect::<Vec<_>>(), [2, 3, 4]);
    assert_eq!((stream.unacknowledged_count(), stream.kept_octets()), (0, 0));
}

#[test]
fn counts_wrap_around() {
    let mut stream = stream_at(u32::MAX - 1, 2);
    assert_eq!(stream.total_sent(), 2);
    assert_eq!(stream.acknowledged(0).unwrap().collect::<Vec<_>>(), [u32::MAX - 1, u32::MAX]);
    assert_eq!(stream.acknowledged(2).unwrap().collect::<Vec<_>>(), [0, 1]);
    let mut peer = Management::<u32>::attach(Snapshot { handled: u32::MAX, ..stream.detach() }, ROOMY);
    peer.received();
    assert_eq!(peer.handled(), 0);
}

#[test]
fn too_high_a_count_and_one_that_goes_back_are_refused_and_change_nothing() {
    let mut stream = stream_at(3, 5);
    for handled in [6, 2, u32::MAX, 0] {
        assert_eq!(stream.acknowledged(handled).err(), Some(HandledTooHigh { handled, sent: 5 }));
        assert_eq!(stream.unacknowledged_count(), 2);
    }
    assert_eq!(stream.resumed(6), Err(HandledTooHigh { handled: 6, sent: 5 }));
    assert_eq!(stream.resumed(4), Ok(1));
}

#[test]
fn what_is_kept_is_bounded_in_stanzas_and_in_bytes() {
    let mut stream = Management::new(Bounds { stanzas: 2, octets: 1000 });
    assert_eq!(stream.sent(1), Ok(()));
    assert_eq!(stream.sent(2), Ok(()));
    assert_eq!(stream.sent(3), Err(Full { stanzas: 2, octets: 20 }));
    assert_eq!(stream.total_sent(), 2, "what was refused is not counted");
    drop(stream.acknowledged(1).unwrap());
    assert_eq!(stream.sent(3), Ok(()));

    let mut stream = Management::new(Bounds { stanzas: 100, octets: 15 });
    assert_eq!(stream.sent(1), Ok(()));
    assert_eq!(stream.sent(2), Err(Full { stanzas: 1, octets: 10 }));
    let mut stream = Management::new(Bounds { stanzas: 100, octets: 5 });
    assert_eq!(stream.sent(1), Ok(()), "the only one is taken, however long it is");
}

#[test]
fn one_question_at_a_time_and_none_without_news() {
    let mut stream = Management::new(ROOMY);
    assert!(!stream.is_request_due());
    stream.sent(1).unwrap();
    assert!(stream.is_request_due());
    stream.requested();
    stream.sent(2).unwrap();
    assert!(!stream.is_request_due() && stream.is_request_open());
    drop(stream.acknowledged(1).unwrap());
    assert!(stream.is_request_due(), "the second one went out after the question");
    stream.requested();
    drop(stream.acknowledged(2).unwrap());
    assert!(!stream.is_request_due());
}

#[test]
fn a_forgetful_stream_counts_and_keeps_nothing() {
    let mut stream = stream_at(0, 3);
    stream.forget();
    for n in 0..5000 {
        stream.sent(n).unwrap();
    }
    assert_eq!((stream.unacknowledged().count(), stream.kept_octets(), stream.is_resumable()), (0, 0, false));
    assert_eq!(stream.acknowledged(5003).unwrap().count(), 0);
    assert!(stream.acknowledged(5004).is_err());
}

/// One thing that happens between two ends.
#[derive(Clone, Debug)]
enum Step {
    Send,
    /// The next bytes on the way arrive.
    Deliver,
    Ask,
    Cut,
}

#[derive(Clone, Debug, PartialEq)]
enum OnWire {
    Stanza(u32),
    Ask,
    Answer(u32),
}

/// One end: its stream, what is on its way to the other end, and what it has got.
struct End {
    stream: Management<u32>,
    way: VecDeque<OnWire>,
    got: Vec<u32>,
    next: u32,
}

impl End {
    fn new(start: u32) -> Self {
        let snapshot = Snapshot { handled: start, acknowledged: start, unacknowledged: Vec::new() };
        let stream = Management::attach(snapshot, Bounds { stanzas: 8, octets: 1000 });
        End { stream, way: VecDeque::new(), got: Vec::new(), next: 0 }
    }

    fn take(&mut self, thing: OnWire) {
        match thing {
            OnWire::Stanza(number) => {
                self.stream.received();
                self.got.push(number);
            }
            OnWire::Ask => self.way.push_back(OnWire::Answer(self.stream.handled())),
            OnWire::Answer(handled) => drop(self.stream.acknowledged(handled).unwrap()),
        }
    }
}

fn step() -> impl Strategy<Value = (bool, Step)> {
    let step = prop_oneof![4 => Just(Step::Send), 6 => Just(Step::Deliver), 2 => Just(Step::Ask), 1 => Just(Step::Cut)];
    (any::<bool>(), step)
}

proptest! {
    /// Two ends that talk, ask, and lose their connection with whatever was on the way: each gets all that the other sent, once, in order.
    #[test]
    fn nothing_is_lost_and_nothing_doubled(
        start in prop_oneof![Just(0), Just(u32::MAX - 3), any::<u32>()],
        steps in proptest::collection::vec(step(), 0..200),
    ) {
        let mut ends = [End::new(start), End::new(start)];
        for (which, step) in steps {
            let which = usize::from(which);
            match step {
                Step::Send => {
                    let end = &mut ends[which];
                    if end.stream.sent(end.next).is_ok() {
                        end.way.push_back(OnWire::Stanza(end.next));
                        end.next += 1;
                    }
                }
                Step::Ask => if ends[which].stream.is_request_due() {
                    ends[which].stream.requested();
                    ends[which].way.push_back(OnWire::Ask);
                },
                Step::Deliver => if let Some(thing) = ends[which].way.pop_front() {
                    ends[1 - which].take(thing);
                },
                Step::Cut => reconnect(&mut ends),
            }
        }
        reconnect(&mut ends);
        for which in [0, 1] {
            while let Some(thing) = ends[which].way.pop_front() {
                ends[1 - which].take(thing);
            }
        }
        for which in [0, 1] {
            let all: Vec<u32> = (0..ends[which].next).collect();
            prop_assert_eq!(&ends[1 - which].got, &all);
        }
    }
}

fn reconnect(ends: &mut [End; 2]) {
    let handled = [ends[0].stream.handled(), ends[1].stream.handled()];
    for (end, handled) in ends.iter_mut().zip([handled[1], handled[0]]) {
        end.way.clear();
        let before = core::mem::replace(&mut end.stream, Management::new(ROOMY));
        end.stream = Management::attach(before.detach(), Bounds { stanzas: 8, octets: 1000 });
        end.stream.resumed(handled).unwrap();
        end.way.extend(end.stream.unacknowledged().copied().map(OnWire::Stanza));
    }
}
