use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use wirestate_machine::Misuse;
use wirestate_sasl::server::OAuthHints;
use wirestate_sasl::{FakeKeys, Mechanism, Secret};

use super::keyword::{self, Keyword, Known};
use super::{Accounts, Flood, Limits};
use crate::codec::{Encoding, Message, Profile};
use crate::isupport::Isupport;
use crate::nick::{NickCharacters, NickRules};
use crate::{Capabilities, Capability, Letters};

/// What all sessions of one listener have in common. Made once and shared.
///
/// The default offers message tags and what rests on them, takes passwords over TLS only, and lets STARTTLS be asked for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The server's name, the source of all that it says itself.
    pub name: ServerName,
    /// How TLS comes about.
    pub tls: Tls,
    /// Whether SASL mechanisms that send secrets in the clear are offered without TLS. Off by default.
    pub cleartext: bool,
    /// The capabilities on offer. `sasl`, `tls` and `sts` come and go with what else is configured, and need not be named.
    pub capabilities: Capabilities,
    /// What CAP LS 302 says of them after `=`. That of `sasl` is the list of mechanisms, whatever stands here.
    pub values: Vec<(Capability, String)>,
    /// Capabilities on offer that this crate does not know; at most 32 count.
    pub other_capabilities: Vec<OtherCapability>,
    /// The SASL mechanisms, in the order in which they are offered. EXTERNAL is offered only to a client whose certificate TLS has verified,
    /// SCRAM-PLUS only on a channel that can be bound, and SCRAM only with `fake_keys`.
    pub mechanisms: Vec<Mechanism>,
    /// What SCRAM says of users that do not exist; without it SCRAM is not offered.
    pub fake_keys: Option<FakeKeys>,
    /// What OAUTHBEARER and XOAUTH2 tell a client whose token was refused.
    pub oauth: Option<OAuthHints>,
    /// Whether a client may log in, again or for the first time, after registration (IRCv3 sasl-3.2).
    pub reauthentication: bool,
    /// Strict transport security: offered to clients of CAP 302 where it is set.
    pub sts: Option<Sts>,
    /// Whether gateways may speak for others: only for listeners that can tell who is one.
    pub webirc: Webirc,
    /// Which nicknames are valid. RFC 2812's characters by default, and 32 bytes.
    pub nick: NickRules,
    /// Whether a client must answer a PING with a cookie before it is registered, against addresses that are forged.
    pub ping_cookie: bool,
    /// How much a registered user may send in what time. RFC 1459's rule by default.
    pub flood: Flood,
    /// What commands of registered users cost besides their line, as a time on the clock of flood control: by their words, in any case. None do unless
    /// set; WHO, LIST and JOIN are what other servers charge for.
    pub command_costs: Vec<(String, Duration)>,
    /// What the network tells in RPL_ISUPPORT, for clients that ask before they register: `draft/extended-isupport` is offered only where it is set.
    pub isupport: Option<Isupport>,
    /// Whether and how accounts can be registered with this server: `draft/account-registration`, which is not offered unless set.
    pub accounts: Option<Accounts>,
    /// How exactly lines must follow the grammar. Lenient by default.
    pub profile: Profile,
    /// What becomes of lines that are not UTF-8. To those that [`Encoding::Utf8Only`] refuses, the answer is `FAIL <command> INVALID_UTF8`; the network
    /// then tells UTF8ONLY in its ISUPPORT.
    pub encoding: Encoding,
    /// Commands of the application's own.
    pub custom: Vec<Custom>,
    /// Bounds on memory, time and patience.
    pub limits: Limits,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            name: ServerName::written("irc.localhost"),
            tls: Tls::Starttls,
            cleartext: false,
            capabilities: Capabilities::of(&[
                Capability::MessageTags,
                Capability::ServerTime,
                Capability::Batch,
                Capability::LabeledResponse,
                Capability::EchoMessage,
                Capability::StandardReplies,
                Capability::CapNotify,
            ]),
            values: Vec::new(),
            other_capabilities: Vec::new(),
            mechanisms: Vec::new(),
            fake_keys: None,
            oauth: None,
            reauthentication: false,
            sts: None,
            webirc: Webirc::Off,
            nick: NickRules {
                length: Some(32),
                characters: NickCharacters::Rfc2812,
                reserved: b"#&+!~@%".iter().fold(Letters::NONE, |set, letter| set.with(*letter)),
            },
            ping_cookie: false,
            flood: Flood::RFC1459,
            command_costs: Vec::new(),
            isupport: None,
            accounts: None,
            profile: Profile::Lenient,
            encoding: Encoding::Bytes,
            custom: Vec::new(),
            limits: Limits::default(),
        }
    }
}

impl Config {
    /// What a command costs besides its line.
    pub(super) fn cost_of(&self, message: Message<&[u8]>) -> Duration {
        let cost = self.command_costs.iter().find(|(word, _)| message.command().is(word.as_bytes()));
        cost.map_or(Duration::ZERO, |(_, cost)| *cost)
    }
}

/// A server's name, as it stands in a source: 1 to 63 letters, digits, `.`, `-`, `_`, `:` and `/`, of which the first is a letter, a digit or `_`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerName {
    name: String,
    /// `:name PONG name :`, with which the answer begins that sessions give most often.
    pong: String,
}

impl ServerName {
    /// Takes a name.
    ///
    /// # Errors
    ///
    /// [`Misuse::OutOfRange`] where it is empty or too long, [`Misuse::ForbiddenCharacter`] where it has another character.
    pub fn new(name: &str) -> Result<Self, Misuse> {
        if name.is_empty() || name.len() > 63 {
            return Err(Misuse::OutOfRange);
        }
        let first = name.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_');
        if first && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:/".contains(&byte)) {
            Ok(ServerName::written(name))
        } else {
            Err(Misuse::ForbiddenCharacter)
        }
    }

    fn written(name: &str) -> Self {
        ServerName { name: name.into(), pong: format!(":{name} PONG {name} :") }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.name
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.name.as_bytes()
    }

    pub(super) fn pong(&self) -> &[u8] {
        self.pong.as_bytes()
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// How a session comes by its TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Tls {
    /// There is none.
    Off,
    /// The client may start it with STARTTLS (IRCv3 tls-3.1).
    Starttls,
    /// It comes before the first line (RFC 7194).
    Implicit,
    /// The stream that the machine is attached to is encrypted already, by something outside this workspace.
    Outside,
}

/// Strict transport security (IRCv3 sts): clients that know it come back over TLS only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sts {
    /// Where TLS is served: what a client without TLS is told.
    pub port: u16,
    /// For how many seconds a client with TLS shall remember; 0 makes it forget.
    pub seconds: u64,
    /// Whether the domain's owner consents to its being built into clients.
    pub preload: bool,
}

/// Whether gateways may tell for whom they speak (IRCv3 webirc).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Webirc {
    /// No.
    Off,
    /// Those that know one of these passwords.
    Passwords(Vec<Secret>),
    /// The application decides ([`Event::Gateway`](super::Event::Gateway)), for it knows the gateway's address.
    Ask,
}

/// A capability that this crate does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherCapability {
    name: String,
    value: Option<String>,
}

impl OtherCapability {
    /// A capability of this name, with what CAP LS 302 says of it after `=`.
    ///
    /// # Errors
    ///
    /// [`Misuse::OutOfRange`] where the name is empty, begins with `-` or is one that the crate knows, or both together are longer than 300 bytes;
    /// [`Misuse::ForbiddenCharacter`] for characters that are not visible ASCII, or `=` in the name.
    pub fn new(name: &str, value: Option<&str>) -> Result<Self, Misuse> {
        if !name.bytes().chain(value.into_iter().flat_map(str::bytes)).all(|byte| byte.is_ascii_graphic())
            || name.contains('=')
        {
            return Err(Misuse::ForbiddenCharacter);
        }
        let known = Capability::from_name(name.as_bytes()).is_some();
        let long = name.len() + value.map_or(0, str::len) > 300;
        if name.is_empty() || name.starts_with(['-', ':']) || known || long {
            return Err(Misuse::OutOfRange);
        }
        Ok(OtherCapability { name: name.to_string(), value: value.map(str::to_string) })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn value(&self) -> Option<&str> {
        self.value.as_deref()
    }
}

/// A command of the application's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Custom {
    word: String,
    least: u8,
    before_registration: bool,
}

impl Custom {
    /// A command with so many parameters at least, allowed before registration or not. It comes as [`Event::Message`](super::Event::Message). The
    /// word is 1 to 40 letters, and none of the known commands.
    ///
    /// # Errors
    ///
    /// [`Misuse::OutOfRange`] for a word that is empty, too long or known; [`Misuse::ForbiddenCharacter`] for one that has anything but letters.
    pub fn new(word: &str, least_params: u8, before_registration: bool) -> Result<Self, Misuse> {
        if word.is_empty() || word.len() > 40 {
            return Err(Misuse::OutOfRange);
        }
        if !word.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            return Err(Misuse::ForbiddenCharacter);
        }
        if keyword::find(word.as_bytes(), &[]).is_some() {
            return Err(Misuse::OutOfRange);
        }
        Ok(Custom { word: word.to_ascii_uppercase(), least: least_params, before_registration })
    }

    pub(super) fn is(&self, word: &[u8]) -> bool {
        self.word.as_bytes().eq_ignore_ascii_case(word)
    }

    pub(super) fn known(&self) -> Known {
        Known { keyword: Keyword::Custom, least: self.least }
    }

    pub(super) fn is_before_registration(&self) -> bool {
        self.before_registration
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_not_stand_in_a_source_are_refused() {
        assert_eq!(ServerName::new("irc.example.org").unwrap().as_str(), "irc.example.org");
        for name in ["a b", ":a", "a\r", "a!b", "é", "-a", "."] {
            assert_eq!(ServerName::new(name), Err(Misuse::ForbiddenCharacter), "{name}");
        }
        for name in ["", &"x".repeat(64)] {
            assert_eq!(ServerName::new(name), Err(Misuse::OutOfRange));
        }
    }

    #[test]
    fn own_commands_and_capabilities_are_none_of_the_known() {
        assert_eq!(Custom::new("PRIVMSG", 0, false), Err(Misuse::OutOfRange));
        assert_eq!(Custom::new("X Y", 0, false), Err(Misuse::ForbiddenCharacter));
        assert_eq!(OtherCapability::new("sasl", None), Err(Misuse::OutOfRange));
        assert_eq!(OtherCapability::new("x.org/a b", None), Err(Misuse::ForbiddenCharacter));
        assert_eq!(OtherCapability::new("x.org/a", Some("b\r\nc")), Err(Misuse::ForbiddenCharacter));
        assert_eq!(OtherCapability::new("x.org/a", Some("b=c")).unwrap().value(), Some("b=c"));
    }
}
