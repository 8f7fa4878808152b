//! Transcripts: what went in and out of a machine, with the secrets hidden, to read and to replay.

mod layer;
mod lines;
mod parse;
mod record;
mod recorder;
mod redactor;
mod replay;
mod text;

pub use layer::Trace;
pub use parse::{Fault, ParseError};
pub use record::{Record, Recording, Shown, Transcript, What};
use recorder::Sink;
pub use replay::{Difference, Divergence, Outcome};
