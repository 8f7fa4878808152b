//! The laws, each a function that says `Ok(())` or how the machine breaks it.
//!
//! Laws 6 (sealed) and 10 (legible) are about a protocol's own types and tables, and are tested beside them; law 8 (loopback) takes two
//! machines, and a [`Pair`](crate::Pair).

mod alive;
mod bounded;
mod cuts;
mod linear;
mod pure;
mod total;
mod upgrade;

pub use alive::alive;
pub use bounded::{bounded, idle};
pub use cuts::cut_invariant;
pub use linear::linear;
pub use pure::pure;
pub use total::total;
pub use upgrade::upgrade_safe;

use crate::session::Session;
use crate::{Broken, Cuts, Sample, Subject};

/// All laws, with each sample of the corpus, a fixed choice of cuts, and orders of calls made up from the samples.
///
/// The test binary has to install the [`Heap`](crate::Heap). What this tries is the same each time; for more, put the single laws into a
/// `proptest!` with [`cuts`](crate::cuts) and [`sessions`](crate::sessions).
pub fn all<S: Subject>(subject: &S, corpus: &[Sample]) -> Result<(), Broken> {
    for (place, sample) in corpus.iter().enumerate() {
        pure(subject, sample)?;
        for seed in 0..8 {
            cut_invariant(subject, sample, &Cuts::Random { seed, most: 1 << (seed + 1) })?;
        }
        for seed in 0..32 {
            total(subject, sample, seed << 8 | place as u64)?;
        }
        alive(subject, sample)?;
        bounded(subject, sample)?;
        for (before, unit) in lines(sample) {
            linear(subject, &before, &unit)?;
            // And a line without end in its place.
            linear(subject, &before, b"x")?;
        }
        if !Session::play(subject, sample, &Cuts::Whole)?.upgraded_in.is_empty() {
            upgrade_safe(subject, sample, &sample.bytes())?;
        }
    }
    Ok(())
}

/// The lines of a sample, each with what comes before it; the first thirty-two.
fn lines(sample: &Sample) -> impl Iterator<Item = (Sample, Vec<u8>)> {
    let mut before = 0;
    sample
        .flights()
        .flat_map(|flight| flight.split_inclusive(|byte| *byte == b'\n'))
        .take(32)
        .map(move |line| {
            let prefix = sample.prefix(before);
            before += line.len();
            (prefix, line.to_vec())
        })
        .collect::<Vec<_>>()
        .into_iter()
}
