use core::fmt;
use core::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::broken::escaped;
use crate::dice::Dice;

/// What a peer does in one session.
///
/// The bytes of one flight may be cut and batched in any way. Where an upgrade begins within a flight, the rest of the flight is thrown
/// away, as bytes are that were sent before the switch; the next flight is what the peer says after it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Sample {
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// One step of a [`Sample`].
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// The peer sends these bytes.
    Flight(Vec<u8>),
    /// Time goes by.
    Wait(Duration),
    /// The peer says that it will send no more.
    End,
}

impl Sample {
    /// A peer that does nothing.
    pub fn new() -> Self {
        Sample::default()
    }

    /// Adds a flight of bytes.
    pub fn then(mut self, flight: &[u8]) -> Self {
        self.steps.push(Step::Flight(flight.to_vec()));
        self
    }

    /// Adds a pause.
    pub fn wait(mut self, time: Duration) -> Self {
        self.steps.push(Step::Wait(time));
        self
    }

    /// Adds the end of the stream.
    pub fn end(mut self) -> Self {
        self.steps.push(Step::End);
        self
    }

    /// All bytes of all flights.
    pub fn bytes(&self) -> Vec<u8> {
        self.flights().flatten().copied().collect()
    }

    pub(crate) fn flights(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.steps.iter().filter_map(|step| match step {
            Step::Flight(bytes) => Some(bytes),
            _ => None,
        })
    }

    /// The sample up to so many bytes, and no further.
    pub(crate) fn prefix(&self, mut length: usize) -> Sample {
        let mut prefix = Sample::new();
        for step in &self.steps {
            match step {
                Step::Flight(_) if length == 0 => return prefix,
                Step::Flight(bytes) if bytes.len() > length => return prefix.then(&bytes[..length]),
                Step::Flight(bytes) => length -= bytes.len(),
                _ => {}
            }
            prefix.steps.push(step.clone());
        }
        prefix
    }
}

impl From<&[u8]> for Sample {
    fn from(flight: &[u8]) -> Self {
        Sample::new().then(flight)
    }
}

impl<const N: usize> From<&[u8; N]> for Sample {
    fn from(flight: &[u8; N]) -> Self {
        Sample::new().then(flight)
    }
}

impl From<&str> for Sample {
    fn from(flight: &str) -> Self {
        Sample::new().then(flight.as_bytes())
    }
}

impl fmt::Debug for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.steps.is_empty() {
            return f.write_str("nothing");
        }
        for (place, step) in self.steps.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            match step {
                Step::Flight(bytes) => write!(f, "{comma}{}", escaped(bytes))?,
                Step::Wait(time) => write!(f, "{comma}wait {time:?}")?,
                Step::End => write!(f, "{comma}end")?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Sample { steps: [self.clone()].to_vec() }.fmt(f)
    }
}

/// How a stream is cut into pieces.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cuts {
    /// Each flight in one piece, or as large as there is room for.
    Whole,
    /// One byte at a time.
    Bytes,
    /// Pieces of these sizes, over and over.
    Sizes(Vec<usize>),
    /// Pieces of random sizes up to `most`, the same for the same seed.
    Random {
        /// Where the random numbers start.
        seed: u64,
        /// The largest piece.
        most: usize,
    },
}

impl Cuts {
    pub(crate) fn sizes(&self) -> Box<dyn Iterator<Item = usize> + '_> {
        match self {
            Cuts::Whole => Box::new(core::iter::repeat(usize::MAX)),
            Cuts::Bytes => Box::new(core::iter::repeat(1)),
            Cuts::Sizes(sizes) if sizes.is_empty() => Box::new(core::iter::repeat(usize::MAX)),
            Cuts::Sizes(sizes) => Box::new(sizes.iter().map(|size| (*size).max(1)).cycle()),
            Cuts::Random { seed, most } => {
                let mut dice = Dice::new(*seed);
                Box::new(core::iter::repeat_with(move || 1 + dice.below(*most)))
            }
        }
    }
}

/// Any way to cut a stream, for `proptest`: small pieces more often than large ones.
pub fn cuts() -> impl Strategy<Value = Cuts> {
    prop_oneof![
        Just(Cuts::Bytes),
        vec(1usize..5, 1..12).prop_map(Cuts::Sizes),
        vec(1usize..200, 1..6).prop_map(Cuts::Sizes),
        (any::<u64>(), 1usize..5000).prop_map(|(seed, most)| Cuts::Random { seed, most }),
    ]
}

/// Sessions made of the corpus, for `proptest`: its lines in another order, some of them damaged, with noise in between, in one or several
/// flights.
///
/// # Panics
///
/// When there is no byte in the corpus.
pub fn sessions(corpus: &[Sample]) -> impl Strategy<Value = Sample> + use<> {
    let lines: Vec<Vec<u8>> = corpus
        .iter()
        .flat_map(|sample| sample.flights())
        .flat_map(|flight| flight.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec))
        .collect();
    assert!(!lines.is_empty(), "the corpus has no bytes to make sessions of");
    let line = prop_oneof![
        8 => select(lines.clone()),
        2 => (select(lines), any::<(usize, u8)>()).prop_map(|(line, (place, byte))| damaged(line, place, byte)),
        1 => vec(any::<u8>(), 0..40),
    ];
    let step = prop_oneof![
        8 => vec(line, 1..8).prop_map(|lines| Step::Flight(lines.concat())),
        1 => (0u64..7200).prop_map(|seconds| Step::Wait(Duration::from_secs(seconds))),
    ];
    (vec(step, 1..6), any::<bool>()).prop_map(|(steps, end)| {
        let sample = Sample { steps };
        if end { sample.end() } else { sample }
    })
}

fn damaged(mut line: Vec<u8>, place: usize, byte: u8) -> Vec<u8> {
    let place = place % line.len().max(1);
    match byte % 4 {
        0 => line.truncate(place),
        1 => line.insert(place, byte),
        _ => {
            if let Some(victim) = line.get_mut(place) {
                *victim = byte;
            }
        }
    }
    line
}
