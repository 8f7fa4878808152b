//! The grammar of IMAP, without any state of a session: commands and responses, read and written.

mod capability;
mod date;
mod encode;
mod fault;
mod flag;
mod framing;
mod mailbox;
mod number;
mod number_set;
mod sequence;
mod text;
pub mod utf7;

pub use capability::Capability;
pub use date::{Date, DateTime};
pub use encode::{Encode, Encoder, Literals, Sink, Unwritable, Waits, Writer};
pub use fault::{Expected, Fault};
pub use flag::Flag;
pub use framing::{Budget, Frame, Framing, Limits};
pub use mailbox::{Mailbox, Matcher, parents};
pub use number::{ModSeq, Uid};
pub use number_set::{Number, NumberSet, SeqSet, UidSet};
pub use sequence::{Bound, SeqNo, SequenceSet, SetFault, Span};
pub use text::{Literal, Secret};
