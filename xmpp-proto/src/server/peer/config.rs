use alloc::string::String;
use alloc::vec::Vec;

use crate::jid::{JidError, Rules, prepare_domain};
use crate::server::{Limits, Tls};
use crate::xml;

/// What all sessions of a listener for servers have in common.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The domains that are served, in their normal form.
    pub hosts: Vec<String>,
    /// How TLS comes about.
    pub tls: Tls,
    /// Whether dialback is taken for a proof (XEP-0220). On by default.
    pub dialback: bool,
    /// Whether stanzas may go both ways over one stream (XEP-0288). On by default.
    pub bidi: bool,
    /// The language of what is meant for people.
    pub lang: String,
    /// By which rules addresses are prepared.
    pub rules: Rules,
    /// Bounds on memory, time and patience. A stanza may have 512 KiB.
    pub limits: Limits,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            hosts: [String::from("localhost")].into(),
            tls: Tls::Starttls { required: true },
            dialback: true,
            bidi: true,
            lang: "en".into(),
            rules: Rules::default(),
            limits: Limits { after_login: xml::Limits::PEER, ..Limits::default() },
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

    pub(super) fn serves(&self, domain: &str) -> bool {
        self.hosts.iter().any(|host| host == domain)
    }
}
