//! The grammar of IMAP, without any state of a session: commands and responses, read and written.

mod number_set;
mod sequence;

pub use number_set::{Number, NumberSet, SeqSet, UidSet};
pub use sequence::{Bound, SeqNo, SequenceSet, SetFault, Span};
