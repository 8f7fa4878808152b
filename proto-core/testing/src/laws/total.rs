use core::fmt;
use core::time::Duration;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Buf;
use wirestate_machine::{Instant, Machine, Upgrade};

use crate::broken::escaped_to;
use crate::dice::Dice;
use crate::session::Calm;
use crate::subject::stand_in;
use crate::{Broken, Law, Sample, Subject};

const CALLS: usize = 200;

/// Law 5: calls in any order, made up from the sample, noise and the application's [meddling](Subject::meddle), never panic. An error, once
/// given, is given for ever, and the machine is closed by it; once it is closed it stays so, gives no more events after those it had, and says
/// nothing more; where the subject [has a farewell](Subject::has_farewell), it is in the outbox when the error is given.
///
/// The same `seed` makes the same calls.
pub fn total<S: Subject>(subject: &S, sample: &Sample, seed: u64) -> Result<(), Broken> {
    let mut calls = Vec::new();
    let outcome = catch_unwind(AssertUnwindSafe(|| Riot::start(subject, sample, seed, &mut calls).run()));
    let finding = match outcome {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(finding)) => finding,
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
            format!("the last call panicked: {}", text.unwrap_or_else(|| "with no message".into()))
        }
    };
    let from = calls.len().saturating_sub(24);
    Err(Broken { law: Law::Total, input: format!("seed {seed}, the last calls: {:?}", &calls[from..]), finding })
}

/// One call, as it is told in a finding.
enum Call {
    Poll(Instant),
    Push(Vec<u8>),
    Advance(usize),
    Close,
    Shutdown,
    Upgrade,
    Upgraded(Upgrade),
    React,
    Meddle(u64),
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Call::Poll(now) => write!(f, "poll({now:?})"),
            Call::Push(bytes) => write!(f, "push({})", escaped_to(bytes, 60)),
            Call::Advance(count) => write!(f, "advance({count})"),
            Call::Close => f.write_str("close()"),
            Call::Shutdown => f.write_str("shutdown()"),
            Call::Upgrade => f.write_str("upgrade()"),
            Call::Upgraded(how) => write!(f, "upgraded({how:?})"),
            Call::React => f.write_str("react(an event)"),
            Call::Meddle(choice) => write!(f, "meddle({choice})"),
        }
    }
}

struct Riot<'a, S: Subject> {
    subject: S,
    machine: S::Machine,
    dice: Dice,
    material: Vec<u8>,
    at: usize,
    now: Instant,
    calls: &'a mut Vec<Call>,
    events: Vec<<S::Machine as Machine>::Event>,
    error: Option<String>,
    closed: bool,
    /// Closed, and poll has nothing left to tell.
    settled: bool,
}

impl<'a, S: Subject> Riot<'a, S> {
    fn start(subject: &S, sample: &Sample, seed: u64, calls: &'a mut Vec<Call>) -> Self {
        Riot {
            subject: subject.clone(),
            machine: subject.machine(Instant::START),
            dice: Dice::new(seed),
            material: sample.bytes(),
            at: 0,
            now: Instant::START,
            calls,
            events: Vec::new(),
            error: None,
            closed: false,
            settled: false,
        }
    }

    fn run(&mut self) -> Result<(), String> {
        for _ in 0..CALLS {
            let (unsaid, settled) = (self.machine.outbox().len(), self.settled);
            let written = self.call()?;
            let said = self.machine.outbox().len();
            if settled && said > unsaid - written {
                return Err(format!("the machine was closed, and then said {} bytes more", said - (unsaid - written)));
            }
            if self.closed && !self.machine.is_closed() {
                return Err("the machine was closed, and is open again".into());
            }
            self.closed = self.machine.is_closed();
        }
        Ok(())
    }

    /// Makes one call, and says how many bytes were written by it.
    fn call(&mut self) -> Result<usize, String> {
        match self.dice.below(100) {
            0..40 => {
                self.time();
                self.calls.push(Call::Poll(self.now));
                self.poll()?;
            }
            40..62 => self.push(),
            62..74 => {
                let outbox = self.machine.outbox();
                let count = self.dice.below(outbox.len() + 1);
                self.calls.push(Call::Advance(count));
                outbox.advance(count);
                return Ok(count);
            }
            74..86 => self.react(),
            86..93 => {
                let choice = self.dice.roll();
                self.calls.push(Call::Meddle(choice));
                self.subject.meddle(&mut self.machine, choice, self.now);
            }
            93..96 => {
                self.calls.push(Call::Upgrade);
                if let Some(upgrade) = self.machine.upgrade() {
                    self.upgraded(upgrade);
                }
            }
            96 => self.upgraded(Upgrade::Tls),
            97 => self.upgraded(Upgrade::Deflate),
            98 => {
                self.calls.push(Call::Shutdown);
                self.machine.shutdown();
            }
            _ => {
                self.calls.push(Call::Close);
                self.machine.inbox().close();
            }
        }
        Ok(0)
    }

    /// Time stands still most often; it goes on, to the deadline and beyond, and now and then it goes back.
    fn time(&mut self) {
        self.now = match self.dice.below(20) {
            0 => self.machine.deadline().unwrap_or(self.now),
            1 => self.now + Duration::from_secs(self.dice.below(100) as u64),
            2 => self.now + Duration::from_secs(86_400),
            3 => Instant::from_nanos(self.now.as_nanos() / 2),
            _ => self.now,
        };
    }

    fn poll(&mut self) -> Result<(), String> {
        let calm = Calm::of(&mut self.machine, self.now);
        let told = self.machine.poll(self.now);
        if let Some(finding) = calm.and_then(|calm| calm.disturbed(&mut self.machine, &told)) {
            return Err(finding);
        }
        match (told, &self.error) {
            (Ok(_), Some(error)) => Err(format!("the error {error} was given, and then none: errors stay")),
            (Err(error), Some(first)) => match format!("{error:?}") {
                same if same == *first => Ok(()),
                other => Err(format!("the error {first} was given, and then {other}: errors stay")),
            },
            (Err(error), None) => {
                self.settled = true;
                self.error = Some(format!("{error:?}"));
                if !self.machine.is_closed() {
                    return Err(format!("the error {error:?} was given, but the machine is not closed"));
                }
                if self.subject.has_farewell() && self.machine.outbox().is_empty() && !self.closed {
                    return Err(format!("the error {error:?} was given, but there is no farewell in the outbox"));
                }
                Ok(())
            }
            (Ok(None), None) => {
                self.settled = self.machine.is_closed();
                Ok(())
            }
            (Ok(Some(event)), None) if self.settled => {
                Err(format!("the machine was closed, and then gave the event {event:?}"))
            }
            (Ok(Some(event)), None) => {
                self.events.push(event);
                Ok(())
            }
        }
    }

    fn push(&mut self) {
        let length = match self.dice.below(8) {
            0 => self.material.len(),
            1 => 1,
            _ => self.dice.below(40),
        };
        let mut bytes: Vec<u8> = self.material.iter().cycle().skip(self.at).take(length).copied().collect();
        self.at = (self.at + bytes.len()).checked_rem(self.material.len()).unwrap_or(0);
        match self.dice.below(10) {
            0 => bytes.iter_mut().for_each(|byte| *byte = self.dice.roll() as u8),
            1 => self.at = self.dice.below(self.material.len()),
            // A line that does not end.
            2 => bytes = vec![b'x'; self.machine.inbox().room()],
            _ => {}
        }
        let _ = self.machine.inbox().push_some(&bytes);
        self.calls.push(Call::Push(bytes));
    }

    /// Answers one of the events that wait, or forgets it.
    fn react(&mut self) {
        if self.events.is_empty() {
            return;
        }
        let event = self.events.swap_remove(self.dice.below(self.events.len()));
        if self.dice.below(10) > 0 {
            self.calls.push(Call::React);
            self.subject.react(&mut self.machine, event, self.now);
        }
    }

    fn upgraded(&mut self, upgrade: Upgrade) {
        self.calls.push(Call::Upgraded(upgrade));
        if let Some(how) = stand_in(upgrade) {
            self.machine.upgraded(self.now, how);
        }
    }
}
