use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use wirestate_sasl::server::OAuthHints;
use wirestate_sasl::{FakeKeys, Mechanism, TokenBinding};

use super::Limits;
use crate::jid::{JidError, Rules, prepare_domain};
use crate::stream::Framing;
use crate::xml::Element;

/// What all sessions of one listener have in common. Made once and shared.
///
/// The default serves `localhost`, asks for TLS before anything else, and offers what needs no more than that; mechanisms must be named.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The domains that are served, in their normal form (see [`Config::serving`]). The first speaks where none was named.
    pub hosts: Vec<String>,
    /// How the stream is laid out.
    pub framing: Framing,
    /// How TLS comes about.
    pub tls: Tls,
    /// Whether mechanisms that send secrets in the clear are offered without TLS. Off by default.
    pub cleartext: bool,
    /// The SASL mechanisms, in the order in which they are offered. EXTERNAL is offered only to a client whose certificate TLS has verified, SCRAM-PLUS
    /// only on a channel that can be bound, and SCRAM only with `fake_keys`.
    pub mechanisms: Vec<Mechanism>,
    /// What SCRAM says of users that do not exist; without it SCRAM is not offered.
    pub fake_keys: Option<FakeKeys>,
    /// What OAUTHBEARER and XOAUTH2 tell a client whose token was refused.
    pub oauth: Option<OAuthHints>,
    /// Whether SCRAM tells what was offered, so that a client notices what somebody took off the lists (XEP-0474). On by default.
    pub downgrade_protection: bool,
    /// Whether SASL2 is offered (XEP-0388), and with it Bind 2 (XEP-0386). On by default.
    pub sasl2: bool,
    /// By which tokens a client may log in again (XEP-0484); empty, as by default, where it may not. It needs SASL2.
    pub fast: Vec<TokenBinding>,
    /// Whether a client may log in as before SASL (XEP-0078), and without a version. Off by default.
    pub iq_auth: bool,
    /// Whether sessions as they were are offered, as optional (RFC 3921 §3). On by default.
    pub session: bool,
    /// For how long a stream can be resumed after its connection broke (XEP-0198). `None`: streams are not managed. Default 5 minutes.
    pub resumable_for: Option<Duration>,
    /// Whether the stream may be compressed, after the login (XEP-0138). Off by default: what others say and what is secret in one stream can be told
    /// apart by its length.
    pub compression: bool,
    /// Whether a client may say that nobody looks at it (XEP-0352); presences wait then. On by default.
    pub client_state: bool,
    /// What becomes of stanzas that say they are from somebody else.
    pub from: FromRule,
    /// Whether the roster has versions, and subscriptions can be approved before they are asked for (RFC 6121 §2.6, §3.4): what the application does.
    pub roster_versioning: bool,
    /// See [`roster_versioning`](Config::roster_versioning).
    pub pre_approval: bool,
    /// Features of the application's own, offered after the login.
    pub other_features: Vec<Element>,
    /// By which rules addresses are prepared.
    pub rules: Rules,
    /// The language of what is meant for people.
    pub lang: String,
    /// Bounds on memory, time and patience.
    pub limits: Limits,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            hosts: [String::from("localhost")].into(),
            framing: Framing::Tcp,
            tls: Tls::Starttls { required: true },
            cleartext: false,
            mechanisms: Vec::new(),
            fake_keys: None,
            oauth: None,
            downgrade_protection: true,
            sasl2: true,
            fast: Vec::new(),
            iq_auth: false,
            session: true,
            resumable_for: Some(Duration::from_secs(300)),
            compression: false,
            client_state: true,
            from: FromRule::Check,
            roster_versioning: false,
            pre_approval: false,
            other_features: Vec::new(),
            rules: Rules::default(),
            lang: "en".into(),
            limits: Limits::default(),
        }
    }
}

impl Config {
    /// The default for these domains.
    ///
    /// # Errors
    ///
    /// The rule that a domain breaks.
    pub fn serving<'a>(hosts: impl IntoIterator<Item = &'a str>) -> Result<Self, JidError> {
        let prepared =
            hosts.into_iter().map(|host| prepare_domain(Rules::default(), host).map(|host| host.into_owned()));
        Ok(Config { hosts: prepared.collect::<Result<_, _>>()?, ..Config::default() })
    }

    pub(super) fn host(&self, at: u16) -> &str {
        self.hosts.get(usize::from(at)).map_or("localhost", String::as_str)
    }
}

/// How a session comes by its TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Tls {
    /// There is none.
    Off,
    /// The client may start it with STARTTLS (RFC 6120 §5).
    Starttls {
        /// Whether nothing else is offered before.
        required: bool,
    },
    /// It comes before the first byte (XEP-0368).
    Implicit,
    /// The stream that the machine is attached to is encrypted already, by something outside this workspace.
    Outside,
}

/// What becomes of stanzas whose `from` is neither the account nor the resource of who sent them (RFC 6120 §8.1.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FromRule {
    /// The stream ends with `invalid-from`.
    Check,
    /// It is taken away, as if nothing had been said.
    Remove,
}
