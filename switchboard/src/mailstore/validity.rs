//! UIDVALIDITY: a number that no mailbox of this user had before (RFC 3501
//! section 2.3.1.1), even after the index was lost, or the clock put back.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use super::index::now;
use crate::data::write_file;

const FILE: &str = ".switchboard-uidvalidity";

/// Takes a number.
pub(super) fn take(root: &Path) -> io::Result<u32> {
    let path = root.join(FILE);
    let last: u32 = match fs::read_to_string(&path) {
        Ok(text) => text.trim().parse().unwrap_or(0),
        Err(error) if error.kind() == ErrorKind::NotFound => 0,
        Err(error) => return Err(error),
    };
    let next = last.checked_add(1).ok_or_else(|| io::Error::other("all UIDVALIDITYs are used up"))?;
    let next = next.max(u32::try_from(now()).unwrap_or(0));
    write_file(&path, 0o600, format!("{next}\n").as_bytes())?;
    Ok(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_comes_twice() {
        let root = tempfile::tempdir().unwrap();
        let first = take(root.path()).unwrap();
        assert!(first > 1_700_000_000);
        assert!(take(root.path()).unwrap() > first);
        fs::write(root.path().join(FILE), "4000000000").unwrap();
        assert_eq!(take(root.path()).unwrap(), 4_000_000_001);
        fs::write(root.path().join(FILE), u32::MAX.to_string()).unwrap();
        assert!(take(root.path()).is_err());
    }
}
