//! What the program was told, merged and checked: the rest of the program
//! reads only this.

mod irc;
mod xmpp;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use serde::Deserialize;

use crate::listen::Listener;
use crate::name::UserName;
use crate::secret::Secret;

pub use irc::{Gateway, History, Irc, IrcFault, Sts};
pub use xmpp::{Storage, Xmpp, XmppFault};

/// Everything that was decided by flags, configuration file and defaults.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Which adapter carries the listeners.
    pub runtime: Runtime,
    /// How many threads carry the sessions, where it is a runtime that shares
    /// threads; without a number, one for each core.
    pub threads: Option<NonZeroUsize>,
    /// The data folder.
    pub data: PathBuf,
    /// Where users come from.
    pub users: UserSource,
    /// What to listen on, in the order of [`Protocol::ALL`](crate::protocol::Protocol::ALL); at least one.
    pub listeners: Vec<Listener>,
    /// The host's name in greetings and in the self-made certificate: a DNS
    /// name or an IP address.
    pub server_name: String,
    /// The message of the day.
    pub motd: MotdSource,
    /// Users who may do what only operators may.
    pub operators: Vec<UserName>,
    /// What is decided of IRC.
    pub irc: Irc,
    /// What is decided of XMPP.
    pub xmpp: Xmpp,
    /// What one peer may cost.
    pub limits: Limits,
    /// A certificate of the user's own, instead of the self-made one.
    pub certificate: Option<CertificateFiles>,
    /// Further certificates, for clients that ask for these names: hosts, or
    /// `*.example.org`.
    pub certificates: BTreeMap<String, CertificateFiles>,
    /// PEM: authorities whose certificates clients may show, and log in by.
    pub client_authorities: Option<PathBuf>,
    /// Whether to log every line of every session.
    pub trace: bool,
}

impl Settings {
    /// Whether a room of XMPP and the channel of its name, `#` before it, are
    /// one: the first of those that are both there from the start.
    pub fn is_one_room(&self, room: &str) -> bool {
        let is_both = |room: &str| {
            self.irc
                .channels
                .iter()
                .any(|channel| channel.strip_prefix('#').is_some_and(|name| name.eq_ignore_ascii_case(room)))
        };
        self.xmpp.rooms.iter().find(|room| is_both(room)).is_some_and(|first| first.eq_ignore_ascii_case(room))
    }
}

/// The runtime that carries the listeners.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Runtime {
    /// tokio's multi-threaded runtime.
    #[default]
    Tokio,
    /// async-std (futures-io and async-io).
    AsyncStd,
    /// No runtime: threads and blocking sockets.
    Blocking,
}

/// Where the message of the day comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MotdSource {
    /// This text, perhaps of several lines; it holds no control characters but
    /// line feeds.
    Text(String),
    /// A file, which is read at the start and at each reload.
    File(PathBuf),
}

impl MotdSource {
    /// The text as it is shown, perhaps of several lines.
    ///
    /// # Errors
    ///
    /// [`MotdError`]: the file cannot be read, or has control characters in it.
    pub fn read(&self) -> Result<String, MotdError> {
        let path = match self {
            Self::Text(text) => return Ok(text.clone()),
            Self::File(path) => path,
        };
        let text =
            std::fs::read_to_string(path).map_err(|source| MotdError::Unreadable { path: path.clone(), source })?;
        Self::tidy(&text).ok_or_else(|| MotdError::ControlCharacter { path: path.clone() })
    }

    /// Without carriage returns and blanks at the end; `None` for a text with
    /// other control characters than line feeds.
    pub(crate) fn tidy(text: &str) -> Option<String> {
        let text = text.trim_end().replace("\r\n", "\n");
        if text.chars().any(|c| c.is_control() && c != '\n') { None } else { Some(text) }
    }
}

/// Why there is no message of the day.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MotdError {
    /// The file cannot be read.
    #[error("cannot read the message of the day {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file would break line-based protocols.
    #[error("the message of the day {} has control characters other than line ends", path.display())]
    ControlCharacter {
        /// The file.
        path: PathBuf,
    },
}

/// Where users come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserSource {
    /// Three made users whose passwords are kept in the data folder.
    Demo,
    /// Users given by flag, each name once.
    Given(Vec<Credentials>),
    /// A file of names and argon2 hashes.
    File(PathBuf),
}

/// A name and its password in the clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The user's name.
    pub name: UserName,
    /// The user's password.
    pub password: Secret,
}

impl Credentials {
    /// Parses `NAME:PASSWORD`; the password may hold further colons.
    ///
    /// # Errors
    ///
    /// One [`CredentialsError`] variant per broken rule; none shows the password.
    pub fn parse(text: &str) -> Result<Self, CredentialsError> {
        let (name, password) = text.split_once(':').ok_or(CredentialsError::NoColon)?;
        let name = UserName::parse(name).map_err(CredentialsError::Name)?;
        if password.is_empty() {
            return Err(CredentialsError::EmptyPassword(name));
        }
        if password.chars().any(char::is_control) {
            return Err(CredentialsError::ControlCharacter(name));
        }
        Ok(Self { name, password: Secret::new(password) })
    }
}

/// Why a text is no `NAME:PASSWORD`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// Nothing parts name and password.
    #[error("a user is written NAME:PASSWORD, and here the colon is missing")]
    NoColon,
    /// The part before the colon is no user name.
    #[error(transparent)]
    Name(crate::name::NameError),
    /// An empty password would let everybody in.
    #[error("the password of {0} is empty")]
    EmptyPassword(UserName),
    /// Line-based protocols cannot carry such a password.
    #[error("the password of {0} holds a control character")]
    ControlCharacter(UserName),
}

/// What one peer may cost. The keys of `[limits]` have the same names, with `-`
/// for `_`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Limits {
    /// Connections open at once, for each protocol over all its listeners; at
    /// least 1. Who comes then waits in the system's queue until one has left.
    pub connections: u32,
    /// Connections open at once from one IP address, for each protocol; at
    /// least 1. Some more may wait, unanswered, for others to leave; beyond
    /// those a connection is closed at once.
    pub connections_per_address: u32,
    /// How many may wait for others from their address to leave, for each
    /// protocol.
    pub waiting: u32,
    /// How many first bits of an IPv6 address make one address of the above;
    /// at least 1, at most 128.
    pub ipv6_prefix: u8,
    /// Connections accepted in a second, for each protocol; at least 1. Who
    /// comes faster waits in the system's queue. By default there is no limit.
    pub connections_per_second: Option<u32>,
    /// Seconds from connect to successful login; at least 1.
    pub login_seconds: u32,
    /// Seconds without a command before a logged-in session is ended; at
    /// least 600, which RFC 1939 section 3 asks for.
    pub idle_seconds: u32,
    /// Failed logins before the connection is closed; at least 1.
    pub failed_logins: u32,
    /// Commands that make no sense before the connection is closed; at least 1.
    /// Before login, no more than 5 in any case.
    pub bad_commands: u32,
    /// Kibibytes of mail that a user may have, for IMAP's APPEND and COPY; at
    /// least 1. By default there is no limit.
    pub mail_kibibytes: Option<u64>,
    /// Messages that a user may have, in the same way; at least 1.
    pub mail_messages: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            connections_per_address: 64,
            waiting: 64,
            ipv6_prefix: 64,
            connections_per_second: None,
            login_seconds: 180,
            idle_seconds: 600,
            failed_logins: 3,
            bad_commands: 20,
            mail_kibibytes: None,
            mail_messages: None,
        }
    }
}

impl Limits {
    /// The name of the first limit below its least value, and that value.
    pub(crate) fn too_small(&self) -> Option<(&'static str, u32)> {
        [
            ("connections", self.connections, 1),
            ("connections-per-address", self.connections_per_address, 1),
            ("ipv6-prefix", self.ipv6_prefix.into(), 1),
            ("connections-per-second", self.connections_per_second.unwrap_or(1), 1),
            ("login-seconds", self.login_seconds, 1),
            ("idle-seconds", self.idle_seconds, 600),
            ("failed-logins", self.failed_logins, 1),
            ("bad-commands", self.bad_commands, 1),
            ("mail-kibibytes", at_least_one(self.mail_kibibytes), 1),
            ("mail-messages", at_least_one(self.mail_messages), 1),
        ]
        .into_iter()
        .find(|(_, value, least)| value < least)
        .map(|(name, _, least)| (name, least))
    }
}

fn at_least_one(limit: Option<u64>) -> u32 {
    limit.map_or(1, |limit| u32::from(limit > 0))
}

/// A certificate of the user's own.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CertificateFiles {
    /// PEM: the server's certificate, then those that lead to a trusted one.
    pub chain: PathBuf,
    /// PEM: the private key of the first certificate.
    pub key: PathBuf,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_may_hold_colons_and_blanks() {
        let alice = Credentials::parse("alice:pass: word").unwrap();
        assert_eq!(alice.name.as_str(), "alice");
        assert_eq!(alice.password.expose(), "pass: word");
    }

    #[test]
    fn each_broken_credential_has_its_error() {
        assert_eq!(Credentials::parse("alice"), Err(CredentialsError::NoColon));
        assert!(matches!(Credentials::parse("../x:y"), Err(CredentialsError::Name(_))));
        assert!(matches!(Credentials::parse("alice:"), Err(CredentialsError::EmptyPassword(_))));
        assert!(matches!(Credentials::parse("alice:a\nb"), Err(CredentialsError::ControlCharacter(_))));
    }

    #[test]
    fn default_limits_keep_their_own_rules() {
        assert_eq!(Limits::default().too_small(), None);
        let hasty = Limits { idle_seconds: 599, ..Limits::default() };
        assert_eq!(hasty.too_small(), Some(("idle-seconds", 600)));
    }
}
