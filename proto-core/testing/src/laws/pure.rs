use crate::session::Session;
use crate::{Broken, Cuts, Law, Sample, Subject};

/// Law 1: the same calls give the same events, output, errors and deadlines. A clock, randomness or a global shows as a difference.
pub fn pure<S: Subject>(subject: &S, sample: &Sample) -> Result<(), Broken> {
    let once = Session::play(subject, sample, &Cuts::Whole)?;
    for _ in 0..2 {
        let again = Session::play(subject, sample, &Cuts::Whole)?;
        let difference = once.difference(&again, "the first time", "the next time").or_else(|| {
            let same = once.deadlines == again.deadlines;
            (!same).then(|| {
                format!("the deadlines are {:?} the first time and {:?} the next time", once.deadlines, again.deadlines)
            })
        });
        if let Some(finding) = difference {
            return Err(Broken { law: Law::Pure, input: format!("{sample:?}, twice"), finding });
        }
    }
    Ok(())
}
