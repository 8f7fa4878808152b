use std::io;
use std::path::{Path, PathBuf};

use super::name::MailboxNameError;

/// Why the store did not do what was asked. Nothing was changed then, unless
/// the variant says so.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// `[NONEXISTENT]`, or `[TRYCREATE]` for the target of APPEND, COPY, MOVE.
    #[error("there is no mailbox of this name")]
    NoMailbox,
    /// `[ALREADYEXISTS]`
    #[error("there is a mailbox of this name already")]
    AlreadyExists,
    /// A name that is only the way to other mailboxes (`\NoSelect`) cannot be
    /// deleted (RFC 3501 section 6.3.4): `[HASCHILDREN]`.
    #[error("this name has mailboxes below it; delete those first")]
    HasChildren,
    /// INBOX can be neither made nor deleted: `[CANNOT]`.
    #[error("INBOX is always there and cannot be deleted")]
    Inbox,
    /// A mailbox cannot become one of its own levels: `[CANNOT]`.
    #[error("a mailbox cannot be renamed to a name below its own")]
    IntoItself,
    /// The new name cannot be: `[CANNOT]`.
    #[error(transparent)]
    Name(#[from] MailboxNameError),
    /// Another mailbox is this special one already: `[USEATTR]`.
    #[error("another mailbox is used for this already")]
    UseTaken,
    /// The mailbox was deleted while it was open: end the view of it.
    #[error("the mailbox was deleted meanwhile")]
    Gone,
    /// The message was removed meanwhile: `[EXPUNGEISSUED]`.
    #[error("the message was removed meanwhile")]
    Vanished,
    /// `[LIMIT]`
    #[error("the mailbox has no room for more keywords; use fewer of them")]
    TooManyKeywords,
    /// `[METADATA TOOMANY]`
    #[error("the mailbox has no room for more annotations; remove some of them")]
    TooManyAnnotations,
    /// `[METADATA MAXSIZE 65536]`
    #[error("an annotation is longer than 65536 octets")]
    AnnotationTooLong,
    /// `[OVERQUOTA]`
    #[error("that would be more mail than you may have; delete some first")]
    OverQuota,
    /// The last of the 4,294,967,295 UIDs is given out: `[LIMIT]`.
    #[error("the mailbox has given out all UIDs; copy its messages to a new one")]
    UidsUsedUp,
    /// Another program changed the mailbox faster than it could be read.
    #[error("another program keeps changing the mailbox; try again")]
    Restless,
    /// A file or folder cannot be used.
    #[error("cannot use {}: {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The index cannot be used.
    #[error("cannot use the index of mailboxes: {0}")]
    Index(#[from] rusqlite::Error),
}

impl StoreError {
    /// For `map_err`: what went wrong with this path.
    pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }
}
