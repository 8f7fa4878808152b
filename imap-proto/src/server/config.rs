use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;
use wirestate_machine::Misuse;
use wirestate_sasl::server::OAuthHints;
use wirestate_sasl::{FakeKeys, Mechanism};

use super::State;
use super::limits::Limits;
use crate::codec::{self, Capability, Keyword};
use crate::view::CommandFlags;

/// What all sessions of one listener have in common. Made once and shared.
///
/// The default serves IMAP4rev1 with LOGIN over TLS only, with STARTTLS on offer, the extensions that a session can serve by itself (ENABLE, ID, IDLE,
/// LITERAL+, SASL-IR, UNSELECT), and says as little about itself as it can. What the store can do beyond that is told in
/// [`extensions`](Config::extensions).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// What the greeting says, or whether the application gives it.
    pub greeting: Greeting,
    /// How TLS comes about.
    pub tls: Tls,
    /// Whether passwords and bearer tokens are taken on an unencrypted channel. Off by default; then LOGIN and the mechanisms that send secrets in
    /// the clear are neither offered nor taken before TLS (LOGINDISABLED).
    pub cleartext: bool,
    /// Whether LOGIN is served.
    pub login: bool,
    /// The SASL mechanisms, in the order in which they are offered. EXTERNAL is offered only to a client whose certificate TLS has verified, and
    /// SCRAM-PLUS only on a channel that can be bound.
    pub mechanisms: Vec<Mechanism>,
    /// What SCRAM says of users that do not exist; without it SCRAM is not offered.
    pub fake_keys: Option<FakeKeys>,
    /// The host name in the challenge of CRAM-MD5.
    pub host: Option<String>,
    /// What OAUTHBEARER and XOAUTH2 tell a client whose token was refused.
    pub oauth: Option<OAuthHints>,
    /// What the application serves beside what the session does by itself: told by CAPABILITY in this order, and for commands of extensions also
    /// whether they are taken. The session's own are left out where they stand here.
    pub extensions: Vec<Capability<Bytes>>,
    /// Whether `extensions` are told before login too. Off by default: CAPABILITY is then short until the client is known.
    pub extensions_before_login: bool,
    /// Whether ID is answered, and with what: names and values (RFC 2971); no answer but `NIL` where there are none. `None`: ID is not served.
    pub id: Option<Vec<(String, Option<String>)>>,
    /// Whether COMPRESS=DEFLATE is offered after login (RFC 4978). It needs a layer around the machine that takes
    /// [`Upgrade::Deflate`](wirestate_machine::Upgrade::Deflate). Lengths may betray what is compressed together with a stranger's text (RFC 4978 §6);
    /// the layer says how far back its memory goes.
    pub compress: bool,
    /// Whether UNAUTHENTICATE is served (RFC 8437).
    pub unauthenticate: bool,
    /// Which literals a client may send without waiting (RFC 7888).
    pub literals: LiteralOffer,
    /// Commands of the application's own.
    pub extra_commands: Vec<Custom>,
    /// Whether a word that is no command ends a session before login: a defence against other protocols' requests. On by default.
    pub unknown_command_closes: bool,
    /// Bounds on memory, time and patience.
    pub limits: Limits,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            greeting: Greeting::Text("IMAP4 server ready".into()),
            tls: Tls::Starttls,
            cleartext: false,
            login: true,
            mechanisms: Vec::new(),
            fake_keys: None,
            host: None,
            oauth: None,
            extensions: Vec::new(),
            extensions_before_login: false,
            id: Some(Vec::new()),
            compress: false,
            unauthenticate: false,
            literals: LiteralOffer::Plus,
            extra_commands: Vec::new(),
            unknown_command_closes: true,
            limits: Limits::default(),
        }
    }
}

impl Config {
    /// What a command may hold: the limits, and no literal without waiting that is longer than is offered.
    pub(super) fn command_limits(&self, logged_in: bool) -> codec::Limits {
        let limits = self.limits.command(logged_in);
        codec::Limits { non_sync: limits.non_sync.min(self.literals.longest()), ..limits }
    }

    /// Whether the application serves this extension.
    pub(super) fn serves(&self, capability: &Capability<&'static [u8]>) -> bool {
        self.extensions.iter().any(|one| is_same(one, capability))
    }
}

fn is_same(one: &Capability<Bytes>, other: &Capability<&'static [u8]>) -> bool {
    match (one, other) {
        (Capability::Thread(_), Capability::Thread(_))
        | (Capability::QuotaResource(_), Capability::QuotaResource(_)) => true,
        (Capability::Other(one), Capability::Other(other)) => one.eq_ignore_ascii_case(other),
        _ => {
            core::mem::discriminant(&one.clone().map_text(&mut |_| ()))
                == core::mem::discriminant(&other.map_text(&mut |_| ()))
        }
    }
}

/// Who greets.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Greeting {
    /// The machine, with this text.
    Text(String),
    /// The application, which is asked by [`Event::Greet`](super::Event::Greet): it may refuse the client there, or know it already (PREAUTH).
    Manual,
}

/// How a session comes by its TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Tls {
    /// There is none.
    Off,
    /// The client may start it with STARTTLS (RFC 9051 §6.2.1).
    Starttls,
    /// It comes before the greeting (RFC 8314 §3.2).
    Implicit,
    /// The stream that the machine is attached to is encrypted already, by something outside this workspace.
    Outside,
}

/// Which literals a client may send without waiting for `+` (RFC 7888).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LiteralOffer {
    /// None is offered. Those that come nevertheless are read, as far as the [`Limits`] go.
    None,
    /// `LITERAL-`: those of 4,096 octets at most, as IMAP4rev2 has it too. A command with a longer one is answered BAD (RFC 7888 §5), and all of it is
    /// skipped, whatever its literal holds.
    Minus,
    /// `LITERAL+`: all.
    Plus,
}

impl LiteralOffer {
    /// The longest, in octets.
    fn longest(self) -> u64 {
        match self {
            LiteralOffer::Minus => 4096,
            LiteralOffer::None | LiteralOffer::Plus => u64::MAX,
        }
    }
}

/// A command of the application's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Custom {
    name: String,
    states: Vec<State>,
    flags: CommandFlags,
}

impl Custom {
    /// A command that is allowed in the states named, of which only [`State::NotAuthenticated`], [`State::Authenticated`] and [`State::Selected`] can
    /// have commands. `flags` say what it has to do with message sequence numbers. The name is 1 to 40 letters, digits, hyphens or dots, and none of
    /// IMAP's own.
    ///
    /// # Errors
    ///
    /// [`Misuse::OutOfRange`] or [`Misuse::ForbiddenCharacter`] for another name.
    pub fn new(name: &str, states: &[State], flags: CommandFlags) -> Result<Self, Misuse> {
        if name.is_empty() || name.len() > 40 {
            return Err(Misuse::OutOfRange);
        }
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.')) {
            return Err(Misuse::ForbiddenCharacter);
        }
        if Keyword::from_bytes(name.as_bytes()) != Keyword::Other || name.eq_ignore_ascii_case("UID") {
            return Err(Misuse::OutOfRange);
        }
        Ok(Custom { name: name.to_ascii_uppercase(), states: states.to_vec(), flags })
    }

    /// Its name, in capitals.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn is(&self, name: &[u8]) -> bool {
        self.name.as_bytes().eq_ignore_ascii_case(name)
    }

    pub(super) fn is_allowed_in(&self, state: State) -> bool {
        self.states.contains(&state)
    }

    pub(super) fn flags(&self) -> CommandFlags {
        self.flags
    }
}
