use crate::session::Session;
use crate::{Broken, Cuts, Law, Sample, Subject};

/// Law 2: fed whole, byte by byte, and as `cuts` says, a sample gives the same events, output and error.
pub fn cut_invariant<S: Subject>(subject: &S, sample: &Sample, cuts: &Cuts) -> Result<(), Broken> {
    let whole = Session::play(subject, sample, &Cuts::Whole)?;
    for (cuts, name) in [(&Cuts::Bytes, "byte by byte".to_owned()), (cuts, format!("cut as {cuts:?}"))] {
        let pieces = Session::play(subject, sample, cuts)?;
        if let Some(finding) = whole.difference(&pieces, "whole", &name) {
            return Err(Broken { law: Law::CutInvariant, input: format!("{sample:?}"), finding });
        }
    }
    Ok(())
}
