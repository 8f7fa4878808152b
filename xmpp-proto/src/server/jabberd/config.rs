use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use wirestate_sasl::{FakeKeys, Mechanism};

use crate::jid::Rules;
use crate::server::{Limits, Tls};
use crate::xml;

/// What all sessions of a router have in common. The default asks for TLS before anything else; mechanisms must be named.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// What the router calls itself, and its realm. Components of jabberd2 make their digests for the name of the host that they run on, and are let in
    /// where it is this one. Default `jabberd-router`.
    pub host: String,
    /// How TLS comes about.
    pub tls: Tls,
    /// Whether mechanisms that send secrets in the clear are offered without TLS. Off by default.
    pub cleartext: bool,
    /// The SASL mechanisms, in the order in which they are offered. Components of jabberd2 know DIGEST-MD5 alone (feature `legacy`).
    pub mechanisms: Vec<Mechanism>,
    /// What SCRAM says of users that do not exist; without it SCRAM is not offered.
    pub fake_keys: Option<FakeKeys>,
    /// The language of what is meant for people.
    pub lang: String,
    /// By which rules names are prepared.
    pub rules: Rules,
    /// How long a component may be silent, spaces between its elements counted, until the session ends. It is never asked whether it is there, for it has
    /// no answer to that: after each [`ping_after`](Limits::ping_after) it gets a space, which the network notices the loss of. Default 1 day.
    pub idle: Duration,
    /// Bounds on memory, time and patience. A route may have 512 KiB.
    pub limits: Limits,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            host: "jabberd-router".into(),
            tls: Tls::Starttls { required: true },
            cleartext: false,
            mechanisms: Vec::new(),
            fake_keys: None,
            lang: "en".into(),
            rules: Rules::default(),
            idle: Duration::from_secs(86_400),
            limits: Limits { after_login: xml::Limits::PEER, ..Limits::default() },
        }
    }
}
