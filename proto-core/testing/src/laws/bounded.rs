use crate::session::{Fault, Manner, Session};
use crate::{Broken, Cuts, Heap, Law, Sample, Subject};

/// What never ends a line, or ends many, or opens what is never closed.
const FILLERS: &[&[u8]] = &[b"x", b"\r\n", b" ", b"(", b"a ", b"<a>", b"{9}\r\n", b"\0", b"\xff", b"\r"];

/// Law 3: at no time does a session hold more heap than the subject's [limit](Subject::limit).
///
/// Tried are the sample, whole and byte by byte, over and over, with a peer that never reads, and broken off at several places to go on with
/// what never comes to an end. The test binary has to install the [`Heap`].
pub fn bounded<S: Subject>(subject: &S, sample: &Sample) -> Result<(), Broken> {
    if !Heap::is_installed() {
        return Err(Broken {
            law: Law::Bounded,
            input: format!("{sample:?}"),
            finding:
                "nothing can be measured: install the allocator with `#[global_allocator] static HEAP: Heap = Heap;`"
                    .into(),
        });
    }
    let plenty = subject.limit() + subject.limit() / 4;
    let nothing = Sample::new();
    for (reads, cuts) in [(true, Cuts::Whole), (true, Cuts::Bytes), (false, Cuts::Whole)] {
        let feed = Feed { before: sample, filler: &[], amount: 0, reads, cuts };
        feed.check(subject)?;
    }
    let bytes = sample.bytes();
    for reads in [true, false] {
        Feed { before: &nothing, filler: &bytes, amount: 2 * plenty, reads, cuts: Cuts::Sizes(vec![4096]) }
            .check(subject)?;
    }
    for place in places(bytes.len()) {
        let before = sample.prefix(place);
        for filler in FILLERS {
            let feed = Feed { before: &before, filler, amount: plenty, reads: true, cuts: Cuts::Sizes(vec![4096]) };
            feed.check(subject)?;
        }
    }
    Ok(())
}

/// What an idle session costs after a sample has been played: its heap, and the size of the machine itself. For budgets and benchmarks.
///
/// # Errors
///
/// When the allocator is not installed, or the machine breaks a law on the way.
pub fn idle<S: Subject>(subject: &S, sample: &Sample) -> Result<usize, Broken> {
    let nothing = Sample::new();
    if !Heap::is_installed() {
        return bounded(subject, &nothing).map(|()| 0);
    }
    let manner = Manner { record: false, drain: true, answer: true };
    let (session, usage) = Heap::measure(|| {
        let mut session = Session::start(subject, manner)?;
        session.all(sample, &Cuts::Whole)?;
        Ok(session)
    });
    session.map_err(|fault: Fault| fault.of(sample))?;
    Ok(usize::try_from(usage.live).unwrap_or(0) + size_of::<S::Machine>())
}

/// The start, the end, and about three places between them.
fn places(length: usize) -> impl Iterator<Item = usize> {
    (0..length).step_by((length / 4).max(1)).chain([length])
}

struct Feed<'a> {
    before: &'a Sample,
    filler: &'a [u8],
    amount: usize,
    reads: bool,
    cuts: Cuts,
}

impl Feed<'_> {
    fn check<S: Subject>(&self, subject: &S) -> Result<(), Broken> {
        let flood = self.filler.repeat(self.amount.checked_div(self.filler.len()).unwrap_or(0));
        let manner = Manner { record: false, drain: self.reads, answer: true };
        let (result, usage) = Heap::measure(|| {
            let mut session = Session::start(subject, manner)?;
            session.all(self.before, &self.cuts)?;
            session.flight(&flood, &mut self.cuts.sizes())
        });
        result.map_err(|fault: Fault| fault.of(&self.input()))?;
        if usage.peak <= subject.limit() {
            return Ok(());
        }
        let finding = format!("{} bytes of heap were live at once, and the limit is {}", usage.peak, subject.limit());
        Err(Broken { law: Law::Bounded, input: self.input(), finding })
    }

    fn input(&self) -> String {
        let mut input = format!("{:?}", self.before);
        if !self.filler.is_empty() {
            input.push_str(&format!(", then {} bytes of {}", self.amount, crate::broken::escaped(self.filler)));
        }
        if !self.reads {
            input.push_str(", while the peer reads nothing");
        }
        input
    }
}
