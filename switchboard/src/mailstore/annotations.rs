//! Annotations of mailboxes and of the user as a whole (METADATA, RFC 5464).

use super::MailStore;
use super::error::StoreError;
use super::index::table;
use super::name::MailboxName;
use super::notice::TreeChange;

/// How many annotations a mailbox may have.
const ENTRIES: usize = 100;

/// How long a value may be, in octets.
const VALUE: usize = 64 * 1024;

/// The user as a whole, where mailboxes have their rows.
const USER: i64 = 0;

impl MailStore {
    /// The longest value of an annotation, in octets: `MAXSIZE`.
    pub const ANNOTATION_MAX: usize = VALUE;

    /// The annotations of a mailbox, or of the user (the empty name of RFC
    /// 5464), with their names in lower case and in order.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoMailbox`], or the index's.
    pub fn annotations(&self, mailbox: Option<&MailboxName>) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let row = self.annotated(mailbox)?;
        table::annotations(self.index().db(), row)
    }

    /// Sets annotations, or removes those without a value: all of them or none.
    ///
    /// # Errors
    ///
    /// [`StoreError::TooManyAnnotations`], [`StoreError::AnnotationTooLong`],
    /// [`StoreError::NoMailbox`], or the index's.
    pub fn annotate(
        &self,
        mailbox: Option<&MailboxName>,
        annotations: &[(&str, Option<&[u8]>)],
    ) -> Result<(), StoreError> {
        if annotations.iter().any(|(entry, value)| entry.len() > VALUE || value.is_some_and(|it| it.len() > VALUE)) {
            return Err(StoreError::AnnotationTooLong);
        }
        let row = self.annotated(mailbox)?;
        self.index().write(|transaction| {
            for (entry, value) in annotations {
                table::annotate(transaction, row, &entry.to_ascii_lowercase(), *value)?;
            }
            let count = table::annotations(transaction, row)?.len();
            if count > ENTRIES { Err(StoreError::TooManyAnnotations) } else { Ok(()) }
        })?;
        for (entry, _) in annotations {
            let (mailbox, entry) = (mailbox.cloned(), entry.to_ascii_lowercase());
            self.listeners.tell(&TreeChange::Annotated { mailbox, entry });
        }
        Ok(())
    }

    fn annotated(&self, mailbox: Option<&MailboxName>) -> Result<i64, StoreError> {
        mailbox.map_or(Ok(USER), |name| Ok(self.mailbox(name)?.id))
    }
}
