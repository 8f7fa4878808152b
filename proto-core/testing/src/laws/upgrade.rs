use crate::session::{Log, Manner, Session};
use crate::{Broken, Cuts, Law, Sample, Step, Subject};

/// Law 7: bytes that a stranger adds to the clear text before a switch act on nothing after it.
///
/// Wherever an upgrade begins within a flight of the sample, `injected` is added to that flight: in the same segment, byte by byte, and at the
/// last moment, before the peer's last answer has been written. The session must go on as if nothing had been added, or end there with an
/// error, having done nothing that it would not have done without.
///
/// # Errors
///
/// Also when the sample asks for no upgrade, for then nothing would be tested.
pub fn upgrade_safe<S: Subject>(subject: &S, sample: &Sample, injected: &[u8]) -> Result<(), Broken> {
    let honest = Session::play(subject, sample, &Cuts::Whole)?;
    if honest.upgraded_in.is_empty() {
        let finding = "the sample asks for no upgrade: nothing was tested".into();
        return Err(Broken { law: Law::UpgradeSafe, input: format!("{sample:?}"), finding });
    }
    let attacked = add(sample, &honest.upgraded_in, injected);
    for cuts in [Cuts::Whole, Cuts::Bytes] {
        let log = Session::play(subject, &attacked, &cuts)?;
        compare(&honest, &log, &format!("{attacked:?}, {cuts:?}"))?;
    }
    let log = at_the_last_moment(subject, sample, &honest.upgraded_in, injected)?;
    compare(&honest, &log, &format!("{attacked:?}, the added bytes while the answer waits to be written"))
}

fn compare(honest: &Log, attacked: &Log, input: &str) -> Result<(), Broken> {
    if attacked.error.is_some() && honest.events.starts_with(&attacked.events) {
        return Ok(());
    }
    match honest.difference(attacked, "without the added bytes", "with them") {
        Some(finding) => Err(Broken { law: Law::UpgradeSafe, input: input.into(), finding }),
        None => Ok(()),
    }
}

/// The sample with bytes added to these flights.
fn add(sample: &Sample, flights: &[usize], injected: &[u8]) -> Sample {
    let mut attacked = sample.clone();
    let all = attacked.steps.iter_mut().filter_map(|step| match step {
        Step::Flight(bytes) => Some(bytes),
        _ => None,
    });
    for (place, flight) in all.enumerate() {
        if flights.contains(&place) {
            flight.extend_from_slice(injected);
        }
    }
    attacked
}

/// Plays the sample so that in the upgrading flights nothing is written before the bytes have been added.
fn at_the_last_moment<S: Subject>(
    subject: &S,
    sample: &Sample,
    flights: &[usize],
    injected: &[u8],
) -> Result<Log, Broken> {
    let run = || {
        let mut session = Session::start(subject, Manner::USUAL)?;
        let mut flight = 0;
        for step in &sample.steps {
            match step {
                Step::Flight(bytes) if flights.contains(&flight) => session.flight_with_injection(bytes, injected)?,
                step => session.all(&Sample { steps: vec![step.clone()] }, &Cuts::Whole)?,
            }
            flight += usize::from(matches!(step, Step::Flight(_)));
        }
        Ok(session.finish())
    };
    run().map_err(|fault: crate::session::Fault| fault.of(sample))
}
