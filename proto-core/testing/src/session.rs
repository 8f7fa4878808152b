use core::fmt::{Debug, Write};

use bytes::Buf;
use wirestate_machine::{Instant, Machine};

use crate::broken::escaped;
use crate::{Broken, Cuts, Law, Sample, Step, Subject};

/// So many events in one turn are an endless loop.
const EVENTS_A_TURN: usize = 1_000_000;

/// So many times written in one turn are one as well.
const WRITES_A_TURN: usize = 100_000;

/// How a session is driven.
#[derive(Clone, Copy)]
pub(crate) struct Manner {
    /// Write down what happens. Not while memory is measured.
    pub(crate) record: bool,
    /// Take the output away, as a peer does that reads.
    pub(crate) drain: bool,
    /// Answer events.
    pub(crate) answer: bool,
}

impl Manner {
    pub(crate) const USUAL: Manner = Manner { record: true, drain: true, answer: true };
}

/// What came of a session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Log {
    pub(crate) events: Vec<String>,
    pub(crate) output: Vec<u8>,
    pub(crate) error: Option<String>,
    pub(crate) closed: bool,
    pub(crate) deadlines: Vec<Option<Instant>>,
    /// The flights, counted from 0, in which an upgrade began.
    pub(crate) upgraded_in: Vec<usize>,
}

/// One machine with its application, driven as a driver does it.
pub(crate) struct Session<S: Subject> {
    subject: S,
    pub(crate) machine: S::Machine,
    pub(crate) now: Instant,
    manner: Manner,
    pub(crate) log: Log,
    pub(crate) polls: u64,
    pub(crate) written: u64,
    pub(crate) failed: bool,
    flight: usize,
    upgrades: usize,
}

/// Something that no session may do, whatever the law under test is.
pub(crate) struct Fault(pub(crate) Law, pub(crate) String);

impl Fault {
    pub(crate) fn of(self, input: &impl core::fmt::Debug) -> Broken {
        Broken { law: self.0, input: format!("{input:?}"), finding: self.1 }
    }
}

impl<S: Subject> Session<S> {
    pub(crate) fn start(subject: &S, manner: Manner) -> Result<Self, Fault> {
        let mut session = Session {
            subject: subject.clone(),
            machine: subject.machine(Instant::START),
            now: Instant::START,
            manner,
            log: Log::default(),
            polls: 0,
            written: 0,
            failed: false,
            flight: 0,
            upgrades: 0,
        };
        session.turn()?;
        Ok(session)
    }

    /// Plays a sample to its end and gives what came of it.
    pub(crate) fn play(subject: &S, sample: &Sample, cuts: &Cuts) -> Result<Log, Broken> {
        let run = || {
            let mut session = Session::start(subject, Manner::USUAL)?;
            session.all(sample, cuts)?;
            Ok(session.finish())
        };
        run().map_err(|fault: Fault| fault.of(sample))
    }

    pub(crate) fn all(&mut self, sample: &Sample, cuts: &Cuts) -> Result<(), Fault> {
        let mut sizes = cuts.sizes();
        sample.steps.iter().try_for_each(|step| self.step(step, &mut sizes))
    }

    pub(crate) fn finish(mut self) -> Log {
        self.log.closed = self.machine.is_closed();
        self.log
    }

    fn step(&mut self, step: &Step, sizes: &mut dyn Iterator<Item = usize>) -> Result<(), Fault> {
        match step {
            Step::Flight(bytes) => {
                self.flight(bytes, sizes)?;
                self.flight += 1;
                Ok(())
            }
            Step::Wait(time) => self.wait_until(self.now + *time),
            Step::End => {
                self.machine.inbox().close();
                self.turn()
            }
        }
    }

    /// Feeds one flight. It ends early where an upgrade begins, or the machine takes no more.
    pub(crate) fn flight(&mut self, bytes: &[u8], sizes: &mut dyn Iterator<Item = usize>) -> Result<(), Fault> {
        let before = self.upgrades;
        let mut rest = bytes;
        while !rest.is_empty() {
            let (mut piece, later) = rest.split_at(sizes.next().unwrap_or(usize::MAX).min(rest.len()));
            rest = later;
            while !piece.is_empty() {
                let taken = self.machine.inbox().push_some(piece);
                piece = &piece[taken..];
                self.turn()?;
                if self.upgrades > before {
                    self.log.upgraded_in.push(self.flight);
                    return Ok(());
                }
                if self.machine.is_closed() || (taken == 0 && self.machine.inbox().room() == 0) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Feeds one flight whole, and more bytes after it, before anything is written that it led to.
    pub(crate) fn flight_with_injection(&mut self, bytes: &[u8], injected: &[u8]) -> Result<(), Fault> {
        let before = self.upgrades;
        let usual = self.manner;
        self.manner.drain = false;
        let result = self.flight(bytes, &mut core::iter::repeat(usize::MAX));
        let _ = self.machine.inbox().push_some(injected);
        self.manner = usual;
        result?;
        self.turn()?;
        if self.upgrades > before && self.log.upgraded_in.last() != Some(&self.flight) {
            self.log.upgraded_in.push(self.flight);
        }
        self.flight += 1;
        Ok(())
    }

    /// Lets time go by up to `end`, from deadline to deadline.
    fn wait_until(&mut self, end: Instant) -> Result<(), Fault> {
        while let Some(deadline) =
            self.machine.deadline().filter(|deadline| *deadline <= end && !self.machine.is_closed())
        {
            self.jump_to(deadline)?;
        }
        self.now = end.max(self.now);
        self.turn()
    }

    /// Goes to a deadline, after which it must have moved or the machine be closed.
    pub(crate) fn jump_to(&mut self, deadline: Instant) -> Result<(), Fault> {
        self.now = self.now.max(deadline);
        self.turn()?;
        match self.machine.deadline() {
            _ if self.machine.is_closed() => Ok(()),
            Some(next) if next <= self.now => Err(Fault(
                Law::Alive,
                format!(
                    "at {:?} the deadline {deadline:?} had come, and after poll it is {next:?}: it must lie in the future",
                    self.now
                ),
            )),
            _ => Ok(()),
        }
    }

    /// One turn of a driver: poll until nothing more comes, write, and make the upgrade that is asked for; again, while anything moves.
    pub(crate) fn turn(&mut self) -> Result<(), Fault> {
        for _ in 0..WRITES_A_TURN {
            self.poll_all()?;
            let wrote = self.manner.drain && self.write();
            let upgraded = self.upgrade()?;
            if !wrote && !upgraded {
                if self.manner.record {
                    self.log.deadlines.push(self.machine.deadline());
                }
                return Ok(());
            }
        }
        Err(Fault(Law::Alive, format!("{WRITES_A_TURN} times there was more to write without any input in between")))
    }

    fn poll_all(&mut self) -> Result<(), Fault> {
        for _ in 0..EVENTS_A_TURN {
            self.polls += 1;
            let calm = Calm::of(&mut self.machine, self.now);
            let told = self.machine.poll(self.now);
            if let Some(finding) = calm.and_then(|calm| calm.disturbed(&mut self.machine, &told)) {
                return Err(Fault(Law::Alive, finding));
            }
            match told {
                Ok(None) => return Ok(()),
                Ok(Some(event)) => {
                    if self.manner.record {
                        self.log.events.push(format!("{event:?}"));
                    }
                    if self.manner.answer {
                        self.subject.react(&mut self.machine, event, self.now);
                    }
                }
                Err(error) => {
                    self.failed = true;
                    if self.manner.record {
                        self.log.error = Some(format!("{error:?}"));
                    }
                    return Ok(());
                }
            }
        }
        Err(Fault(Law::Alive, format!("poll gave {EVENTS_A_TURN} events without any input in between")))
    }

    fn write(&mut self) -> bool {
        let outbox = self.machine.outbox();
        if outbox.is_empty() {
            return false;
        }
        self.written += outbox.len() as u64;
        if self.manner.record {
            self.log.output.extend_from_slice(&outbox.to_vec());
        }
        outbox.advance(outbox.len());
        true
    }

    fn upgrade(&mut self) -> Result<bool, Fault> {
        let Some(upgrade) = self.machine.upgrade() else { return Ok(false) };
        let (waiting, unsaid) = (self.machine.inbox().bytes().to_vec(), self.machine.outbox().to_vec());
        if !waiting.is_empty() || !unsaid.is_empty() {
            let finding = format!(
                "the upgrade {upgrade:?} is offered while the inbox has {} and the outbox {}: both must be empty",
                escaped(&waiting),
                escaped(&unsaid)
            );
            return Err(Fault(Law::UpgradeSafe, finding));
        }
        match self.subject.upgraded(upgrade) {
            Some(how) => {
                self.upgrades += 1;
                self.machine.upgraded(self.now, how);
                Ok(true)
            }
            None => Ok(false),
        }
    }
}

/// What a machine that says that it is settled is to keep.
pub(crate) struct Calm {
    now: Instant,
    unsaid: usize,
    deadline: Option<Instant>,
}

impl Calm {
    /// What `machine` is to keep at `now`, if it is settled.
    pub(crate) fn of(machine: &mut impl Machine, now: Instant) -> Option<Calm> {
        let deadline = machine.deadline();
        let is_settled = machine.is_settled() && deadline.is_none_or(|deadline| now < deadline);
        is_settled.then(|| Calm { now, unsaid: machine.outbox().len(), deadline })
    }

    /// What it did nevertheless when it was polled, and `told` this.
    pub(crate) fn disturbed<M>(self, machine: &mut M, told: &Result<Option<M::Event>, M::Error>) -> Option<String>
    where
        M: Machine<Event: Debug, Error: Debug>,
    {
        let (unsaid, deadline) = (machine.outbox().len(), machine.deadline());
        let did = match told {
            Ok(None) if unsaid != self.unsaid => format!("had {unsaid} bytes to write instead of {}", self.unsaid),
            Ok(None) if deadline != self.deadline => format!("had the deadline {deadline:?}, not {:?}", self.deadline),
            Ok(None) => return None,
            told => format!("told {told:?}"),
        };
        Some(format!("at {:?} the machine said that it was settled; then it was polled, and {did}", self.now))
    }
}

impl Log {
    /// The first thing in which two sessions differ, `one` and `other` being what they are called.
    pub(crate) fn difference(&self, theirs: &Log, one: &str, other: &str) -> Option<String> {
        let mut text = String::new();
        let place = (0..self.events.len().max(theirs.events.len()))
            .find(|place| self.events.get(*place) != theirs.events.get(*place));
        if let Some(place) = place {
            let event = |log: &Log| log.events.get(place).map_or("missing".to_owned(), |event| format!("`{event}`"));
            let _ = write!(text, "event {place} is {} {one} and {} {other}", event(self), event(theirs));
        } else if self.output != theirs.output {
            let same = self.output.iter().zip(&theirs.output).take_while(|(ours, theirs)| ours == theirs).count();
            let from = same.saturating_sub(20);
            let part = |log: &Log| escaped(&log.output[from..log.output.len().min(same + 40)]);
            let _ = write!(
                text,
                "the output differs from byte {same} on: ..{} {one} and ..{} {other}",
                part(self),
                part(theirs)
            );
        } else if self.error != theirs.error {
            let _ = write!(text, "the error is {:?} {one} and {:?} {other}", self.error, theirs.error);
        } else if self.closed != theirs.closed {
            let _ = write!(text, "the machine is closed: {} {one} and {} {other}", self.closed, theirs.closed);
        } else {
            return None;
        }
        Some(text)
    }
}
