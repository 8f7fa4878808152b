use crate::broken::escaped;
use crate::session::{Fault, Manner, Session};
use crate::{Broken, Cuts, Heap, Law, Sample, Subject};

/// How much is fed: enough to outweigh what a session costs once.
const AMOUNT: usize = 4096;
/// Twice the input may cost this much more, in tenths. For the heap it is more, for a buffer that grows by doubling may just have doubled once
/// again; what is quadratic costs 40.
const ALLOWED: u64 = 22;
const ALLOWED_OF_HEAP: u64 = 30;
/// What does not grow with the input.
const SLACK: u64 = 4096;

/// Law 4: after `before`, twice as many repetitions of `unit` cost about twice the work: at most 2.2 times, and 3 times
/// of the heap, where a buffer may just have doubled.
///
/// Work is counted without a clock, as bytes taken from the heap (where the [`Heap`] is installed), calls of `poll`, and bytes written, fed whole
/// and byte by byte. This finds buffers that are copied again and again, and events that multiply. A scan that starts anew at each byte
/// without copying shows only in instructions, which callgrind counts exactly: run the machine under `valgrind --tool=callgrind` with n
/// and with 2n bytes, and compare the totals.
pub fn linear<S: Subject>(subject: &S, before: &Sample, unit: &[u8]) -> Result<(), Broken> {
    let count = (AMOUNT / unit.len().max(1)).max(1);
    for cuts in [Cuts::Whole, Cuts::Bytes] {
        let cost =
            |count: usize| work(subject, before, &unit.repeat(count), &cuts).map_err(|fault: Fault| fault.of(before));
        let (single, double) = (cost(count)?, cost(2 * count)?);
        for (name, once, twice, allowed) in [
            ("bytes taken from the heap", single.volume, double.volume, ALLOWED_OF_HEAP),
            ("calls of poll", single.polls, double.polls, ALLOWED),
            ("bytes written", single.written, double.written, ALLOWED),
        ] {
            if twice * 10 > once * allowed + SLACK * 10 {
                let input = format!("{before:?}, then {} repeated, {cuts:?}", escaped(unit));
                let finding = format!("{count} times cost {once} {name}, and {} times {twice}", 2 * count);
                return Err(Broken { law: Law::Linear, input, finding });
            }
        }
    }
    Ok(())
}

struct Work {
    volume: u64,
    polls: u64,
    written: u64,
}

fn work<S: Subject>(subject: &S, before: &Sample, flood: &[u8], cuts: &Cuts) -> Result<Work, Fault> {
    let manner = Manner { record: false, drain: true, answer: true };
    let mut session = Session::start(subject, manner)?;
    session.all(before, &Cuts::Whole)?;
    let (polls, written) = (session.polls, session.written);
    let (result, usage) = Heap::measure(|| session.flight(flood, &mut cuts.sizes()));
    result?;
    Ok(Work { volume: usage.volume, polls: session.polls - polls, written: session.written - written })
}
