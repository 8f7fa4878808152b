use alloc::string::String;

use crate::DEFAULT_LIMIT;
use crate::advertised::Advertised;
use crate::binding::Bindings;
use crate::keys::FakeKeys;
use crate::mechanism::Mechanism;
use crate::nonces::Nonce;

/// What an exchange needs to know about its surroundings.
#[derive(Debug, Clone)]
pub struct Context {
    pub(crate) nonce: Nonce,
    pub(crate) bindings: Bindings,
    pub(crate) plus_offered: bool,
    pub(crate) success_data: bool,
    pub(crate) fake_keys: Option<FakeKeys>,
    pub(crate) host: String,
    pub(crate) oauth: OAuthHints,
    pub(crate) advertised: Option<Advertised>,
    #[cfg(feature = "legacy")]
    pub(crate) realm: Option<String>,
    pub(crate) limit: usize,
}

impl Context {
    /// A context with this nonce, without channel bindings, fake keys and OAuth hints; the host `localhost`; success
    /// without additional data; 12 KiB.
    pub fn new(nonce: Nonce) -> Self {
        Context {
            nonce,
            bindings: Bindings::none(),
            plus_offered: false,
            success_data: false,
            fake_keys: None,
            host: "localhost".into(),
            oauth: OAuthHints::default(),
            advertised: None,
            #[cfg(feature = "legacy")]
            realm: None,
            limit: DEFAULT_LIMIT,
        }
    }

    /// The channel bindings of the session. The client picks one by name.
    #[must_use]
    pub fn bindings(mut self, bindings: impl Into<Bindings>) -> Self {
        self.bindings = bindings.into();
        self
    }

    /// Whether the list of mechanisms that this client saw had a -PLUS form. Then a client that says it saw none has
    /// been deceived, and is refused.
    #[must_use]
    pub fn plus_offered(mut self, offered: bool) -> Self {
        self.plus_offered = offered;
        self
    }

    /// Whether the protocol can carry additional data with its success, as XMPP does. If not, SCRAM's last message
    /// goes out as a challenge, which the client confirms by an empty response.
    #[must_use]
    pub fn success_data(mut self, carried: bool) -> Self {
        self.success_data = carried;
        self
    }

    /// The source of fake keys, without which SCRAM does not start.
    #[must_use]
    pub fn fake_keys(mut self, fake_keys: impl Into<Option<FakeKeys>>) -> Self {
        self.fake_keys = fake_keys.into();
        self
    }

    /// The server's host name, for the challenges of CRAM-MD5 and DIGEST-MD5. By the latter a client must mean this host, or the realm.
    #[must_use]
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.host = host.into();
        self
    }

    /// What to tell a client whose token was refused.
    #[must_use]
    pub fn oauth(mut self, hints: impl Into<Option<OAuthHints>>) -> Self {
        self.oauth = hints.into().unwrap_or_default();
        self
    }

    /// What this server advertised to this client: all its mechanisms, and its types of channel binding if it named them. SCRAM then tells the client
    /// their hash (XEP-0474). A few old clients fail at that; for their sake it can be left out.
    #[must_use]
    pub fn advertised(mut self, lists: Advertised) -> Self {
        self.advertised = Some(lists);
        self
    }

    /// The realm that DIGEST-MD5 offers; without one it is the host.
    #[cfg(feature = "legacy")]
    #[must_use]
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.realm = Some(realm.into());
        self
    }

    /// How many octets the client may send in the whole exchange.
    #[must_use]
    pub fn limit(mut self, octets: usize) -> Self {
        self.limit = octets;
        self
    }
}

/// What a client needs to get a better token (RFC 7628 §3.2.2).
#[derive(Debug, Clone, Default)]
pub struct OAuthHints {
    /// The scope to ask for.
    pub scope: Option<String>,
    /// The URL of the OpenID provider's configuration.
    pub openid_configuration: Option<String>,
}

/// Why a server cannot start a mechanism: a fault of its set-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A -PLUS form without channel binding.
    #[error("{mechanism} needs a channel binding, and the session has none; do not offer it")]
    NoChannelBinding {
        /// The mechanism.
        mechanism: Mechanism,
    },
    /// SCRAM without a source of fake keys.
    #[error("{mechanism} needs fake keys in its context, so that nobody can try out user names")]
    NoFakeKeys {
        /// The mechanism.
        mechanism: Mechanism,
    },
    /// The host of the context is empty or has space, `,`, `<`, `>`, `@`, or anything but visible ASCII.
    #[error("the host name of the context cannot stand in a challenge; give a DNS name in ASCII or an address")]
    Host,
}
