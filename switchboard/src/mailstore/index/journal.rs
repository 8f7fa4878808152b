//! Changes of files that belong to a transaction: noted in it, done after it,
//! and then struck out. After a crash they are done by whoever writes next.
//!
//! So many files come or move together or not at all. Each step can be done
//! twice, and is: by its owner and by another process at once, or again after
//! a power cut.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, Transaction, params};

use super::Durability;
use crate::maildir::{name, sync_folder};
use crate::mailstore::error::StoreError;

/// A file or folder that is to be renamed. Paths start at the user's Maildir.
#[derive(Debug)]
pub(in crate::mailstore) struct Step {
    pub(in crate::mailstore) source: PathBuf,
    pub(in crate::mailstore) target: PathBuf,
    /// What to look for in `source`'s mailbox if it is no longer there: another
    /// program may have changed its flags.
    pub(in crate::mailstore) base: Option<OsString>,
}

pub(in crate::mailstore) fn note(transaction: &Transaction<'_>, steps: &[Step]) -> Result<(), StoreError> {
    let mut insert = transaction.prepare("INSERT INTO journal(source, target, base) VALUES (?1, ?2, ?3)")?;
    for Step { source, target, base } in steps {
        let base = base.as_ref().map(|base| base.as_bytes());
        insert.execute(params![source.as_os_str().as_bytes(), target.as_os_str().as_bytes(), base])?;
    }
    Ok(())
}

/// Takes steps back, with the files that they were about.
pub(super) fn strike_out(transaction: &Transaction<'_>, root: &Path, steps: &[Step]) -> Result<(), StoreError> {
    let mut delete = transaction.prepare("DELETE FROM journal WHERE source = ?1 AND target = ?2")?;
    for Step { source, target, .. } in steps {
        delete.execute(params![source.as_os_str().as_bytes(), target.as_os_str().as_bytes()])?;
        for path in [source, target] {
            match fs::remove_file(root.join(path)) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(StoreError::at(path)(error)),
                _ => {}
            }
        }
    }
    Ok(())
}

pub(super) fn exists(db: &Connection) -> Result<bool, StoreError> {
    Ok(db.query_row("SELECT EXISTS(SELECT 1 FROM journal)", [], |row| row.get(0))?)
}

/// Does all steps. One that cannot be done stays in the journal, and the last
/// such failure is the inner error.
pub(super) fn roll_forward(
    transaction: &Transaction<'_>,
    root: &Path,
    durability: Durability,
) -> Result<Result<(), StoreError>, StoreError> {
    let mut outcome = Ok(());
    if !exists(transaction)? {
        return Ok(outcome);
    }
    let mut select = transaction.prepare("SELECT id, source, target, base FROM journal ORDER BY id")?;
    let path = |bytes: Vec<u8>| PathBuf::from(OsString::from_vec(bytes));
    let steps = select.query_map([], |row| {
        let step = Step {
            source: path(row.get(1)?),
            target: path(row.get(2)?),
            base: row.get::<_, Option<Vec<u8>>>(3)?.map(OsString::from_vec),
        };
        Ok((row.get::<_, i64>(0)?, step))
    })?;
    let steps = steps.collect::<Result<Vec<_>, _>>()?;
    let mut strike_out = transaction.prepare("DELETE FROM journal WHERE id = ?1")?;
    let mut folders = BTreeSet::new();
    for (id, step) in &steps {
        match step.perform(root) {
            Ok(()) => {
                folders.extend(step.target.parent());
                // What may still lie in tmp after a power cut does no harm.
                folders.extend(step.source.parent().filter(|_| step.base.is_some()));
                strike_out.execute([id])?;
            }
            Err(error) => outcome = Err(StoreError::File { path: root.join(&step.target), source: error }),
        }
    }
    if durability == Durability::Full {
        for folder in folders {
            let folder = root.join(folder);
            match sync_folder(&folder) {
                Err(error) if error.kind() != ErrorKind::NotFound => outcome = Err(StoreError::at(&folder)(error)),
                _ => {}
            }
        }
    }
    Ok(outcome)
}

impl Step {
    /// Renames, unless that was done already or what it was about is gone.
    fn perform(&self, root: &Path) -> io::Result<()> {
        let target = root.join(&self.target);
        match fs::rename(root.join(&self.source), &target) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            done => return done,
        }
        let Some(base) = &self.base else { return Ok(()) };
        match find(&root.join(&self.source), base)? {
            Some(source) => match fs::rename(source, &target) {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            },
            None => Ok(()),
        }
    }
}

/// A message's file, wherever it is in the Maildir that `path` was in.
fn find(path: &Path, base: &OsStr) -> io::Result<Option<PathBuf>> {
    let Some(mailbox) = path.parent().and_then(Path::parent) else { return Ok(None) };
    for folder in ["new", "cur"] {
        let entries = match fs::read_dir(mailbox.join(folder)) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            if name::split(&entry.file_name()).is_some_and(|(found, _)| found == base) {
                return Ok(Some(entry.path()));
            }
        }
    }
    Ok(None)
}
