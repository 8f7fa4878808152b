use wirestate_machine::{Instant, Machine};

use crate::session::{Fault, Manner, Session};
use crate::{Broken, Cuts, Law, Sample, Subject};

/// More deadlines than this in one lifetime are a busy loop.
const DEADLINES: usize = 100_000;

/// Law 9: wherever the peer stops speaking, the machine has a deadline; each time it comes it moves or the machine closes; and time alone ends
/// the session within the subject's [lifetime](Subject::lifetime).
///
/// Tried with an application that answers, and with one that never does. The peer stops after each flight, and at some thirty places in
/// between.
pub fn alive<S: Subject>(subject: &S, sample: &Sample) -> Result<(), Broken> {
    let length = sample.bytes().len();
    let places = (0..=length).step_by((length / 32).max(1)).chain([length]);
    for place in places {
        let prefix = sample.prefix(place);
        for answer in [true, false] {
            let outcome = starve(subject, &prefix, Manner { record: false, drain: true, answer });
            outcome.map_err(|fault| {
                let mute = if answer { "" } else { ", while the application answers nothing" };
                Broken { law: fault.0, input: format!("{prefix:?}, then silence{mute}"), finding: fault.1 }
            })?;
        }
    }
    Ok(())
}

fn starve<S: Subject>(subject: &S, prefix: &Sample, manner: Manner) -> Result<(), Fault> {
    let mut session = Session::start(subject, manner)?;
    session.all(prefix, &Cuts::Whole)?;
    let start = session.now;
    for _ in 0..DEADLINES {
        if session.machine.is_closed() {
            return Ok(());
        }
        let Some(deadline) = session.machine.deadline() else {
            return Err(Fault(Law::Alive, format!("at {:?} the machine is open and has no deadline", session.now)));
        };
        session.jump_to(deadline)?;
        lived(start, session.now, subject)?;
    }
    Err(Fault(Law::Alive, format!("after {DEADLINES} deadlines, at {:?}, the machine is still open", session.now)))
}

fn lived<S: Subject>(start: Instant, now: Instant, subject: &S) -> Result<(), Fault> {
    let lifetime = subject.lifetime();
    if now - start <= lifetime {
        return Ok(());
    }
    let finding =
        format!("after {:?} of silence the machine is still open, and its lifetime is {lifetime:?}", now - start);
    Err(Fault(Law::Alive, finding))
}
