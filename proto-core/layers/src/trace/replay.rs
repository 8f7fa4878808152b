use core::fmt::{self, Debug};

use bytes::Buf;
use thiserror::Error;
use wirestate_machine::{Instant, Machine};

use super::{Record, Shown, Transcript, What};

/// The first thing in which a replay differs from the transcript.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("record {record} ({at:?}): {difference}")]
pub struct Divergence {
    /// The place of the record in the transcript, counted from 0.
    pub record: usize,
    /// When the record was made.
    pub at: Instant,
    /// What is different.
    pub difference: Difference,
}

/// How a replay differs from its transcript.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Difference {
    /// The machine told something else.
    #[error("{expected} was recorded, but the machine gave {found}")]
    Outcome {
        /// What was recorded.
        expected: Outcome,
        /// What the machine gave.
        found: Outcome,
    },
    /// The machine said something else.
    #[error("the output \"{}\" was recorded, but the machine said \"{}\"", expected.escape_ascii(), found.escape_ascii())]
    Output {
        /// The recorded batch, with a `*` for each hidden byte.
        expected: Vec<u8>,
        /// As many bytes, or what there was.
        found: Vec<u8>,
    },
    /// The machine has no room for input that it once took.
    #[error("{pushed} bytes of input were recorded, but the machine took only {taken}")]
    Refused {
        /// How many were recorded.
        pushed: usize,
        /// How many the machine took.
        taken: usize,
    },
    /// An upgrade was recorded that the machine does not ask for.
    #[error("an upgrade was recorded, but the machine does not ask for one")]
    Upgrade,
    /// The session's end was recorded, but this one goes on.
    #[error("the end of the session was recorded, but the machine goes on")]
    Open,
}

/// What polling a machine gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing more for now.
    Nothing,
    /// An event, in its `Debug` form.
    Event(String),
    /// An error, in its `Debug` form.
    Error(String),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Nothing => f.write_str("nothing"),
            Outcome::Event(event) => write!(f, "the event {event}"),
            Outcome::Error(error) => write!(f, "the error {error}"),
        }
    }
}

impl Transcript {
    /// Feeds the recorded input at the recorded times to a fresh machine, and checks that it gives the same events and output.
    ///
    /// `react` is the application: it answers the events as it did when the transcript was made. Hidden bytes are fed as `*` and
    /// compared with nothing, so a protocol that must understand its secrets to go on needs a transcript
    /// [with secrets](super::Trace::with_secrets).
    pub fn replay<M: Machine<Event: Debug, Error: Debug>>(
        &self,
        machine: &mut M,
        mut react: impl FnMut(&mut M, M::Event),
    ) -> Result<(), Divergence> {
        for (place, record) in self.records.iter().enumerate() {
            let next = self.records.get(place + 1);
            step(machine, &mut react, record, next).map_err(|difference| Divergence {
                record: place,
                at: record.at,
                difference,
            })?;
        }
        let left = machine.outbox().to_vec();
        match self.records.last() {
            Some(last) if !left.is_empty() => Err(Divergence {
                record: self.records.len(),
                at: last.at,
                difference: Difference::Output { expected: Vec::new(), found: left },
            }),
            _ => Ok(()),
        }
    }
}

fn step<M: Machine<Event: Debug, Error: Debug>>(
    machine: &mut M,
    react: &mut impl FnMut(&mut M, M::Event),
    record: &Record,
    next: Option<&Record>,
) -> Result<(), Difference> {
    let now = record.at;
    // Where the next record is of the same poll, it is that record which polls.
    let quiet = !next.is_some_and(|next| match next.what {
        What::Event(_) | What::Error(_) => true,
        What::End => next.at == now,
        _ => false,
    });
    match &record.what {
        What::Input(shown) => {
            let taken = machine.inbox().push_some(&shown.bytes);
            if taken < shown.bytes.len() {
                return Err(Difference::Refused { pushed: shown.bytes.len(), taken });
            }
            if quiet { expect(machine, react, now, Outcome::Nothing) } else { Ok(()) }
        }
        What::End => {
            machine.inbox().close();
            if quiet { expect(machine, react, now, Outcome::Nothing) } else { Ok(()) }
        }
        What::Event(event) => expect(machine, react, now, Outcome::Event(event.clone())),
        What::Error(error) => expect(machine, react, now, Outcome::Error(error.clone())),
        What::Output(shown) => {
            if machine.outbox().len() < shown.bytes.len() {
                expect_quiet(machine, react, now)?;
            }
            compare(machine, shown)
        }
        What::Upgraded(how) => {
            if machine.upgrade().is_none() {
                return Err(Difference::Upgrade);
            }
            machine.upgraded(now, how.clone());
            Ok(())
        }
        What::Shutdown => {
            machine.shutdown();
            Ok(())
        }
        What::Closed => {
            if !machine.is_closed() {
                expect(machine, react, now, Outcome::Nothing)?;
            }
            if machine.is_closed() { Ok(()) } else { Err(Difference::Open) }
        }
    }
}

fn expect<M: Machine<Event: Debug, Error: Debug>>(
    machine: &mut M,
    react: &mut impl FnMut(&mut M, M::Event),
    now: Instant,
    expected: Outcome,
) -> Result<(), Difference> {
    let found = match machine.poll(now) {
        Ok(None) => Outcome::Nothing,
        Ok(Some(event)) => {
            let found = Outcome::Event(format!("{event:?}"));
            if found == expected {
                react(machine, event);
            }
            found
        }
        Err(error) => Outcome::Error(format!("{error:?}")),
    };
    if found == expected { Ok(()) } else { Err(Difference::Outcome { expected, found }) }
}

/// The clock alone may make a machine speak; an error that was recorded already stays.
fn expect_quiet<M: Machine<Event: Debug, Error: Debug>>(
    machine: &mut M,
    react: &mut impl FnMut(&mut M, M::Event),
    now: Instant,
) -> Result<(), Difference> {
    match expect(machine, react, now, Outcome::Nothing) {
        Err(Difference::Outcome { found: Outcome::Error(_), .. }) => Ok(()),
        other => other,
    }
}

fn compare(machine: &mut impl Machine, shown: &Shown) -> Result<(), Difference> {
    let outbox = machine.outbox();
    let count = outbox.len().min(shown.bytes.len());
    let found = outbox.copy_to_bytes(count).to_vec();
    let same = |(at, byte): (usize, &u8)| shown.hides(at) || shown.bytes.get(at) == Some(byte);
    if count == shown.bytes.len() && found.iter().enumerate().all(same) {
        return Ok(());
    }
    Err(Difference::Output { expected: shown.bytes.clone(), found })
}
