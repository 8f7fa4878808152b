use alloc::string::String;
use core::ops::RangeInclusive;

use crate::DEFAULT_LIMIT;
use crate::advertised::Advertised;
use crate::binding::Bindings;
use crate::nonces::Nonce;

/// What an exchange needs to know about its surroundings.
#[derive(Debug, Clone)]
pub struct Context {
    pub(crate) nonce: Nonce,
    pub(crate) bindings: Bindings,
    pub(crate) server_offers_plus: bool,
    pub(crate) host: Option<String>,
    pub(crate) port: Option<u16>,
    pub(crate) iterations: RangeInclusive<u32>,
    pub(crate) advertised: Option<Advertised>,
    #[cfg(feature = "legacy")]
    pub(crate) service: String,
    pub(crate) limit: usize,
}

impl Context {
    /// A context with this nonce, without channel bindings, host and port; 4096 to 1,000,000 iterations; 12 KiB.
    pub fn new(nonce: Nonce) -> Self {
        Context {
            nonce,
            bindings: Bindings::none(),
            server_offers_plus: false,
            host: None,
            port: None,
            iterations: 4096..=1_000_000,
            advertised: None,
            #[cfg(feature = "legacy")]
            service: String::new(),
            limit: DEFAULT_LIMIT,
        }
    }

    /// The channel bindings of the session; the first is used.
    #[must_use]
    pub fn bindings(mut self, bindings: impl Into<Bindings>) -> Self {
        self.bindings = bindings.into();
        self
    }

    /// Whether the server's list of mechanisms had one that ends in `-PLUS`.
    ///
    /// If it had none, and the session has channel bindings, SCRAM tells the server so (`y`, RFC 5802 §6): a server
    /// that does offer them learns that somebody in between took them off the list.
    #[must_use]
    pub fn server_offers_plus(mut self, offers: bool) -> Self {
        self.server_offers_plus = offers;
        self
    }

    /// The host that the client connected to, which OAUTHBEARER tells the server.
    #[must_use]
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// The port that the client connected to, which OAUTHBEARER tells the server.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// How many iterations SCRAM may ask for: fewer would weaken the password, more would keep the client busy.
    #[must_use]
    pub fn iterations(mut self, bounds: RangeInclusive<u32>) -> Self {
        self.iterations = bounds;
        self
    }

    /// What the server advertised, as it came: if the server tells by SCRAM what it did advertise (XEP-0474), both must be the same.
    #[must_use]
    pub fn advertised(mut self, lists: Advertised) -> Self {
        self.advertised = Some(lists);
        self
    }

    /// The registered name of the service, such as `xmpp`, for DIGEST-MD5, which names it together with the host.
    #[cfg(feature = "legacy")]
    #[must_use]
    pub fn service(mut self, service: impl Into<String>) -> Self {
        self.service = service.into();
        self
    }

    /// How many octets the server may send in the whole exchange.
    #[must_use]
    pub fn limit(mut self, octets: usize) -> Self {
        self.limit = octets;
        self
    }
}
