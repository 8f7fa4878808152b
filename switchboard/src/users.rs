//! The users and their passwords: from flags, from a file of hashes, or made
//! by the program.
//!
//! Every password is checked against an argon2 hash, also one that is known
//! in the clear, so that the time of an answer tells nobody where a user came
//! from or whether there is one.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::data::{DataFolder, write_file};
use crate::hash::{Hash, NoHash};
use crate::name::{NameError, UserName};
use crate::secret::Secret;
use crate::settings::{Credentials, CredentialsError, UserSource};

/// The names of the made users.
const DEMO_NAMES: [&str; 3] = ["alice", "bob", "carol"];

const DEMO_HEAD: &str = "\
# The users that switchboard made for trying it out, as NAME:PASSWORD.
# The passwords are in the clear here, so that each start can print commands
# ready to paste. Lines may be changed, added and removed; the file is read at
# each start. For users whose passwords matter, give --users a file of hashes.
";

/// All users; never empty.
pub struct Users {
    users: Vec<User>,
    demo: bool,
    /// Random per process, so that a digest of a password is worth nothing
    /// outside it.
    key: [u8; 32],
}

/// One user.
pub struct User {
    name: UserName,
    hash: Hash,
    secret: Option<Secret>,
    /// The keyed digest of the password that passed last. A client that comes
    /// back each minute then costs microseconds; a wrong guess costs argon2.
    passed: Mutex<Option<[u8; 32]>>,
}

impl User {
    /// The user's name.
    pub fn name(&self) -> &UserName {
        &self.name
    }

    /// The password in the clear, where it is known: SCRAM keys can be derived
    /// from it. `None` for a user of a file of hashes, who cannot use SCRAM.
    pub fn secret(&self) -> Option<&Secret> {
        self.secret.as_ref()
    }
}

// Neither hashes nor digests belong in a log.
impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").field("name", &self.name).finish_non_exhaustive()
    }
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.users).finish()
    }
}

impl Users {
    /// Reads, hashes or makes the users.
    ///
    /// # Errors
    ///
    /// [`UsersError`], one variant per broken rule, with file and line where
    /// there is one.
    pub fn load(source: &UserSource, data: &DataFolder) -> Result<Self, UsersError> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|_| UsersError::NoRandomness)?;
        let (users, demo) = match source {
            UserSource::Demo => (demo_users(&data.users_file())?, true),
            UserSource::Given(given) => (given.iter().map(hashed).collect::<Result<_, _>>()?, false),
            UserSource::File(path) => (hashed_users(path)?, false),
        };
        if users.is_empty() {
            let path = if let UserSource::File(path) = source { path.clone() } else { data.users_file() };
            return Err(UsersError::NoUsers { path });
        }
        Ok(Self { users, demo, key })
    }

    /// The users, in the order of their source.
    pub fn iter(&self) -> impl Iterator<Item = &User> {
        self.users.iter()
    }

    /// The user of this name, letter for letter.
    pub fn find(&self, name: &str) -> Option<&User> {
        self.users.iter().find(|user| user.name.as_str() == name)
    }

    /// Whether the program made these users, so that their passwords may be
    /// shown.
    pub fn are_demo(&self) -> bool {
        self.demo
    }

    /// The user, if name and password are right.
    ///
    /// Takes tens of milliseconds of CPU and 7 MiB, so async callers run it
    /// where blocking is allowed. An unknown name costs as much as a wrong
    /// password: it is checked against the hash of some user, the same one
    /// each time, and then refused.
    pub fn verify(&self, name: &str, password: &[u8]) -> Option<&User> {
        let digest = self.digest(password);
        let known = self.find(name);
        if let Some(user) = known
            && user.has_passed(&digest)
        {
            return Some(user);
        }
        let user = known.or_else(|| self.stand_in(name))?;
        let right = user.hash.verify(password);
        let user = known.filter(|_| right)?;
        *user.passed.lock().unwrap_or_else(PoisonError::into_inner) = Some(digest);
        Some(user)
    }

    fn digest(&self, text: &[u8]) -> [u8; 32] {
        Sha256::new().chain_update(self.key).chain_update(text).finalize().into()
    }

    /// Chosen by the name, so that in a file of unlike hashes an unknown name
    /// is as slow at each try as a known one would be.
    fn stand_in(&self, name: &str) -> Option<&User> {
        let [first, second, ..] = self.digest(name.as_bytes());
        let number = usize::from(u16::from_be_bytes([first, second]));
        self.users.get(number.checked_rem(self.users.len())?)
    }
}

impl User {
    fn has_passed(&self, digest: &[u8; 32]) -> bool {
        let passed = self.passed.lock().unwrap_or_else(PoisonError::into_inner);
        passed.is_some_and(|passed| passed.ct_eq(digest).into())
    }
}

fn hashed(credentials: &Credentials) -> Result<User, UsersError> {
    let password = credentials.password.expose().as_bytes();
    let hash = Hash::of(password).ok_or_else(|| UsersError::Unhashable(credentials.name.clone()))?;
    Ok(User {
        name: credentials.name.clone(),
        hash,
        secret: Some(credentials.password.clone()),
        passed: Mutex::default(),
    })
}

fn demo_users(path: &Path) -> Result<Vec<User>, UsersError> {
    if !path.exists() {
        let mut text = DEMO_HEAD.to_owned();
        for name in DEMO_NAMES {
            text.push_str(&format!("{name}:{}\n", random_password()?));
        }
        write_file(path, 0o600, text.as_bytes())
            .map_err(|source| UsersError::Unwritable { path: path.to_owned(), source })?;
    }
    read_lines(path, |line| hashed(&Credentials::parse(line).map_err(Fault::Credentials)?).map_err(Fault::Other))
}

fn hashed_users(path: &Path) -> Result<Vec<User>, UsersError> {
    read_lines(path, |line| {
        let (name, hash) = line.split_once(':').ok_or(Fault::NoColon)?;
        let name = UserName::parse(name.trim_end()).map_err(Fault::Name)?;
        let hash = Hash::parse(hash).map_err(Fault::Hash)?;
        Ok(User { name, hash, secret: None, passed: Mutex::default() })
    })
}

enum Fault {
    NoColon,
    Name(NameError),
    Hash(NoHash),
    Credentials(CredentialsError),
    Other(UsersError),
}

fn read_lines(path: &Path, parse: impl Fn(&str) -> Result<User, Fault>) -> Result<Vec<User>, UsersError> {
    let text = fs::read_to_string(path).map_err(|source| UsersError::Unreadable { path: path.to_owned(), source })?;
    let mut users: Vec<User> = Vec::new();
    for (index, content) in text.lines().enumerate() {
        let content = content.trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let (path, line) = (path.to_owned(), index + 1);
        let user = parse(content).map_err(|fault| match fault {
            Fault::NoColon => UsersError::NoColon { path: path.clone(), line },
            Fault::Name(source) => UsersError::Name { path: path.clone(), line, source },
            Fault::Hash(source) => UsersError::Hash { path: path.clone(), line, source },
            Fault::Credentials(source) => UsersError::Credentials { path: path.clone(), line, source },
            Fault::Other(error) => error,
        })?;
        if users.iter().any(|other| other.name == user.name) {
            return Err(UsersError::Twice { path, line, name: user.name });
        }
        users.push(user);
    }
    Ok(users)
}

/// Eighty random bits in four groups, of letters and digits that are hard to
/// confuse and need no quoting in a shell.
fn random_password() -> Result<String, UsersError> {
    const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|_| UsersError::NoRandomness)?;
    let mut password = String::with_capacity(19);
    for (index, byte) in random.into_iter().enumerate() {
        if index > 0 && index % 4 == 0 {
            password.push('-');
        }
        password.push(char::from(LETTERS[usize::from(byte % 32)]));
    }
    Ok(password)
}

/// Why there are no users to serve.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UsersError {
    /// The file of users cannot be read.
    #[error("cannot read the users file {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The made users cannot be kept.
    #[error("cannot write the users file {}: {source}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line has no colon.
    #[error("{} line {line}: a user is written NAME:HASH, and here the colon is missing", path.display())]
    NoColon {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// A line's name breaks the rules for names.
    #[error("{} line {line}: {source}", path.display())]
    Name {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The broken rule.
        source: NameError,
    },
    /// A line's hash is not argon2's.
    #[error("{} line {line}: {source}", path.display())]
    Hash {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What it is instead.
        source: NoHash,
    },
    /// A line of the made users' file was changed into nonsense.
    #[error("{} line {line}: {source}", path.display())]
    Credentials {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The broken rule.
        source: CredentialsError,
    },
    /// A name stands twice.
    #[error("{} line {line}: {name} stands here a second time", path.display())]
    Twice {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The name.
        name: UserName,
    },
    /// The file has only comments.
    #[error("the users file {} names no user", path.display())]
    NoUsers {
        /// The file.
        path: PathBuf,
    },
    /// argon2 refuses the password, which is longer than 4 GiB.
    #[error("the password of {0} cannot be hashed")]
    Unhashable(UserName),
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    NoRandomness,
}

#[cfg(test)]
mod tests;
