//! The grammar of IMAP, without any state of a session: commands and responses, read and written.

mod body_structure;
mod capability;
mod classes;
pub mod command;
mod cursor;
mod date;
mod encode;
mod envelope;
mod fault;
mod fetch;
mod flag;
mod flag_list;
mod framing;
mod mailbox;
mod number;
mod number_set;
mod response;
mod search;
mod section;
mod sequence;
mod text;
pub mod utf7;
mod word;
mod words;

pub use body_structure::{BodyStructure, BuildError, Parameters, Part, PartRef};
pub use capability::Capability;
pub use command::{BadCommand, Command, Keyword, TaggedCommand};
pub use date::{Date, DateTime};
pub use encode::{Encode, Encoder, Literals, Sink, Unwritable, Waits, Writer};
pub use envelope::{Address, AddressField, Envelope};
pub use fault::{Expected, Fault};
pub use fetch::{FetchHead, FetchPart, FetchWriter, Fetched, KeptItem, MessageAttribute, Rfc822, Streamed};
pub use flag::Flag;
pub use flag_list::FlagList;
pub use framing::{Budget, Frame, Framing, Limits};
pub use mailbox::{Mailbox, Matcher, parents};
pub use number::{ModSeq, Uid};
pub use number_set::{Number, NumberSet, SeqSet, UidSet};
pub use response::{
    Acl, Code, Comparator, Condition, Correlator, Data, Esearch, EsearchItem, ListAttribute, ListEntry, ListExtension,
    ListRights, MailboxStatus, Metadata, MetadataCode, MetadataEntries, MyRights, Namespace, Namespaces, PartialRange,
    Progress, Quota, QuotaResource, QuotaRoots, ResourceName, Response, SearchResult, Status, StatusValue, ThreadNode,
    Threads,
};
pub use search::{BadSearch, EntryKind, SearchKey, SearchKeys};
pub use section::{Section, SectionText};
pub use sequence::{Bound, SeqNo, SequenceSet, SetFault, Span};
pub use text::{Literal, Secret};
pub(crate) use text::{is_tag, own};
