use alloc::string::String;
use alloc::vec::Vec;

use wirestate_machine::Misuse;
use wirestate_sasl::server::OAuthHints;
use wirestate_sasl::{FakeKeys, Mechanism};

use super::limits::Limits;
use super::phrase::Phrase;
use crate::codec::{Expire, Keyword, LoginDelay, Text};

/// What all sessions of one listener have in common. Made once and shared.
///
/// The default serves USER and PASS over TLS only (RFC 2595 §2.2), with STLS on offer, and says as little about itself as it can.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// What the greeting says, or whether the application gives it.
    pub greeting: Greeting,
    /// How TLS comes about.
    pub tls: Tls,
    /// Whether passwords and bearer tokens are taken on an unencrypted channel. Off by default; then USER, PASS and the mechanisms
    /// that send secrets in the clear are neither offered nor taken before TLS.
    pub cleartext: bool,
    /// Whether USER and PASS are served.
    pub user_pass: bool,
    /// The host name in APOP's timestamp (RFC 1939 §7). APOP is off where there is none, as by default: it rests on MD5.
    pub apop_host: Option<String>,
    /// The SASL mechanisms, in the order in which they are offered. EXTERNAL is offered only to a client whose certificate TLS has verified, and
    /// SCRAM-PLUS only on a channel that can be bound.
    pub mechanisms: Vec<Mechanism>,
    /// What SCRAM says of users that do not exist; without it SCRAM is not offered.
    pub fake_keys: Option<FakeKeys>,
    /// What OAUTHBEARER and XOAUTH2 tell a client whose token was refused.
    pub oauth: Option<OAuthHints>,
    /// `EXPIRE` before login (RFC 2449 §6.7).
    pub expire: Option<Expire>,
    /// `LOGIN-DELAY` before login (RFC 2449 §6.5). The application keeps it, by refusing with [`Code::LoginDelay`](crate::codec::Code).
    pub login_delay: Option<LoginDelay>,
    /// `IMPLEMENTATION` (RFC 2449 §6.9); hidden by default.
    pub implementation: Option<Text>,
    /// Whether UTF8 is offered, and UTF-8 in user names and passwords with it (RFC 6856 §2).
    pub utf8: Option<Utf8>,
    /// The languages of LANG (RFC 6856 §3); without any, LANG is not offered. English is always there.
    pub languages: Vec<Language>,
    /// Whether XCLIENT is taken: only for listeners that none but trusted proxies can reach.
    pub xclient: bool,
    /// Whether `LAST` of RFC 1460 is served.
    pub last: bool,
    /// Commands of the application's own.
    pub custom: Vec<Custom>,
    /// Whether a line may end with LF alone. On by default, as with all servers in use.
    pub bare_lf: bool,
    /// Whether arguments that a command does not take are ignored instead of refused.
    pub surplus: bool,
    /// Bounds on memory, time and patience.
    pub limits: Limits,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            greeting: Greeting::Text(Text::literal("POP3 server ready")),
            tls: Tls::Stls,
            cleartext: false,
            user_pass: true,
            apop_host: None,
            mechanisms: Vec::new(),
            fake_keys: None,
            oauth: None,
            expire: None,
            login_delay: None,
            implementation: None,
            utf8: None,
            languages: Vec::new(),
            xclient: false,
            last: false,
            custom: Vec::new(),
            bare_lf: true,
            surplus: false,
            limits: Limits::default(),
        }
    }
}

/// Who greets.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Greeting {
    /// The machine, with this text.
    Text(Text),
    /// The application, which is asked by [`Event::Greet`](super::Event::Greet) and may refuse the client there.
    Manual,
}

/// How a session comes by its TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Tls {
    /// There is none.
    Off,
    /// The client may start it with STLS (RFC 2595 §4).
    Stls,
    /// It comes before the greeting (RFC 8314 §3.2).
    Implicit,
    /// The stream that the machine is attached to is encrypted already, by something outside this workspace.
    Outside,
}

/// How much UTF-8 is served (RFC 6856 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Utf8 {
    /// Message text: capability `UTF8`.
    Messages,
    /// User names and passwords too: capability `UTF8 USER`.
    MessagesAndUsers,
}

/// A language for the server's own texts (RFC 6856 §3).
#[derive(Clone, Debug)]
pub struct Language {
    /// Its tag (RFC 5646), such as `de` or `pt-BR`.
    pub tag: Text,
    /// Its name, in itself.
    pub name: Text,
    /// The phrases; what it has no words for is said in English.
    pub phrases: fn(Phrase) -> Option<&'static str>,
}

/// A command of the application's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Custom {
    keyword: String,
    before_login: bool,
    after_login: bool,
}

impl Custom {
    /// A command that is allowed in the states named. The keyword is 1 to 40 letters, digits or hyphens, and none of POP3's own.
    pub fn new(keyword: &str, before_login: bool, after_login: bool) -> Result<Self, Misuse> {
        if keyword.is_empty() || keyword.len() > 40 {
            return Err(Misuse::OutOfRange);
        }
        if !keyword.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err(Misuse::ForbiddenCharacter);
        }
        if Keyword::from_bytes(keyword.as_bytes()) != Keyword::Other {
            return Err(Misuse::OutOfRange);
        }
        Ok(Custom { keyword: keyword.to_ascii_uppercase(), before_login, after_login })
    }

    pub(super) fn is(&self, keyword: &[u8], logged_in: bool) -> bool {
        let allowed = if logged_in { self.after_login } else { self.before_login };
        allowed && self.keyword.as_bytes().eq_ignore_ascii_case(keyword)
    }
}
