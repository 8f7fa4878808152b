//! Strict transport security: a server's word that it is to be reached by TLS alone, kept beyond the session
//! ([strict-transport-security](https://ircv3.net/specs/extensions/sts)).
//!
//! A machine has no calendar: the program tells the Unix time in seconds, keeps the [`Policies`] as text, and asks before it connects:
//!
//! ```
//! use irc_proto::client::sts::{Policies, Policy, Store};
//! let mut kept: Policies = "irc.example.org 6697 86400 1700086400 preload=0\n".parse()?;
//! let now = 1_700_000_000;
//! assert_eq!(kept.policy("IRC.example.org", now).map(|policy| policy.port), Some(6697));
//! assert_eq!(kept.policy("irc.example.org", now + 90_000), None);
//! kept.learn("irc.example.org", Policy { port: 6697, duration: 0, preload: false }, now);
//! assert_eq!(kept.to_string(), "");
//! # Ok::<(), irc_proto::client::sts::PolicyError>(())
//! ```

use alloc::collections::BTreeMap;
use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use thiserror::Error;

/// What a server demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Policy {
    /// The port to reach it by TLS.
    pub port: u16,
    /// For how many seconds after the connection's end the policy holds; 0 ends it.
    pub duration: u64,
    /// Whether the server wants to be on lists of such servers that programs are shipped with.
    pub preload: bool,
}

/// Where a program keeps policies.
pub trait Store {
    /// The policy that holds for `host` at `now`, a Unix time in seconds.
    fn policy(&self, host: &str, now: u64) -> Option<Policy>;

    /// Takes what [`Event::Sts`](super::Event::Sts) told, which a duration of 0 removes. Called again when the connection ends, it lets the policy
    /// last its duration from there.
    fn learn(&mut self, host: &str, policy: Policy, now: u64);
}

/// A [`Store`] in memory that is written as text, one line for each host, and read back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "String", into = "String")
)]
pub struct Policies {
    hosts: BTreeMap<String, (Policy, u64)>,
}

impl Policies {
    /// None yet.
    pub fn new() -> Self {
        Policies::default()
    }

    /// Forgets what holds no longer.
    pub fn clean(&mut self, now: u64) {
        self.hosts.retain(|_, (_, until)| *until > now);
    }
}

impl Store for Policies {
    fn policy(&self, host: &str, now: u64) -> Option<Policy> {
        let (policy, until) = self.hosts.get(&host.to_ascii_lowercase())?;
        (*until > now).then_some(*policy)
    }

    fn learn(&mut self, host: &str, policy: Policy, now: u64) {
        let host = host.to_ascii_lowercase();
        if policy.duration == 0 {
            self.hosts.remove(&host);
        } else if !host.is_empty() && !host.contains(|one: char| one.is_whitespace()) {
            self.hosts.insert(host, (policy, now.saturating_add(policy.duration)));
        }
    }
}

impl fmt::Display for Policies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.hosts.iter().try_for_each(|(host, (policy, until))| {
            writeln!(f, "{host} {} {} {until} preload={}", policy.port, policy.duration, u8::from(policy.preload))
        })
    }
}

impl FromStr for Policies {
    type Err = PolicyError;

    /// Reads what was written; empty lines are skipped.
    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let mut policies = Policies::new();
        for (place, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let (host, policy, until) = read(line).ok_or(PolicyError { line: place + 1 })?;
            policies.hosts.insert(host, (policy, until));
        }
        Ok(policies)
    }
}

#[cfg(feature = "serde")]
impl TryFrom<String> for Policies {
    type Error = PolicyError;

    fn try_from(text: String) -> Result<Self, PolicyError> {
        text.parse()
    }
}

#[cfg(feature = "serde")]
impl From<Policies> for String {
    fn from(policies: Policies) -> String {
        alloc::string::ToString::to_string(&policies)
    }
}

fn read(line: &str) -> Option<(String, Policy, u64)> {
    let mut words = line.split_ascii_whitespace();
    let host = words.next()?.to_ascii_lowercase();
    let port = words.next()?.parse().ok().filter(|port| *port != 0)?;
    let duration = words.next()?.parse().ok()?;
    let until = words.next()?.parse().ok()?;
    let preload = match words.next()? {
        "preload=0" => false,
        "preload=1" => true,
        _ => return None,
    };
    words.next().is_none().then_some((host, Policy { port, duration, preload }, until))
}

/// A line that is no policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "line {line} is no policy: host, port, duration, end and preload= must stand there, with one blank between them"
)]
pub struct PolicyError {
    /// Which line, counted from 1.
    pub line: usize,
}

/// The value of the capability.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) port: Option<u16>,
    pub(super) duration: Option<u64>,
    pub(super) preload: bool,
}

impl Value {
    /// Reads it; keys that are not known, and values that cannot be read, count as missing.
    pub(super) fn parse(value: &[u8]) -> Value {
        let mut read = Value::default();
        for token in value.split(|byte| *byte == b',') {
            let mut parts = token.splitn(2, |byte| *byte == b'=');
            let key = parts.next().unwrap_or_default();
            let text = parts.next().and_then(|value| core::str::from_utf8(value).ok()).unwrap_or_default();
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            match key {
                b"port" if digits => read.port = text.parse().ok().filter(|port| *port != 0),
                b"duration" if digits => read.duration = text.parse().ok(),
                b"preload" => read.preload = true,
                _ => {}
            }
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[cfg(feature = "serde")]
    #[test]
    fn serde_reads_what_it_wrote_and_nothing_else() {
        let kept: Policies = "irc.example.org 6697 86400 1700086400 preload=0\n".parse().unwrap();
        let written = serde_json::to_string(&kept).unwrap();
        assert_eq!(serde_json::from_str::<Policies>(&written).unwrap(), kept);
        assert!(serde_json::from_str::<Policies>(r#""irc.example.org""#).is_err());
    }

    #[test]
    fn values_are_read_and_odd_ones_are_missing() {
        let all = Value::parse(b"duration=2592000,port=6697,preload,x=y");
        assert_eq!(all, Value { port: Some(6697), duration: Some(2_592_000), preload: true });
        assert_eq!(Value::parse(b"port=0,duration=-1"), Value::default());
        assert_eq!(Value::parse(b"port=70000,duration="), Value::default());
        assert_eq!(Value::parse(b""), Value::default());
    }

    #[test]
    fn policies_expire_and_are_written() {
        let mut policies = Policies::new();
        let policy = Policy { port: 6697, duration: 100, preload: true };
        policies.learn("Irc.Example", policy, 1000);
        assert_eq!(policies.policy("irc.example", 1099), Some(policy));
        assert_eq!(policies.policy("irc.example", 1100), None);
        assert_eq!(policies.to_string().parse(), Ok(policies.clone()));
        policies.clean(1100);
        assert_eq!(policies, Policies::new());
        assert_eq!("a 1 1 1 preload=0\nb 0 1 1 preload=0".parse::<Policies>(), Err(PolicyError { line: 2 }));
    }
}
