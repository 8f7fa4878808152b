use core::time::Duration;

use wirestate_machine::Marks;

use crate::stream::management::Bounds;
use crate::xml;

/// Bounds on memory, time and patience. See SECURITY.md for the precedents of the defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
#[non_exhaustive]
pub struct Limits {
    /// What one first-level element may be before the login. Default [`xml::Limits::BEFORE_LOGIN`].
    pub before_login: xml::Limits,
    /// The same after it. Default [`xml::Limits::AFTER_LOGIN`]; the client is told (XEP-0478).
    pub after_login: xml::Limits,
    /// The most octets of one exchange of SASL, decoded. Default 12 KiB, as with the other protocols.
    pub sasl: usize,
    /// First-level elements until a resource is bound, until the session ends. Default 100.
    pub elements_before_binding: u16,
    /// Logins that fail, until the session ends. Default 3 (RFC 6120 §6.4.5 asks for 2 to 5).
    pub failed_logins: u16,
    /// How long the answer to a failed login waits. Default 2 seconds.
    pub failure_delay: Duration,
    /// The time from the connection to a bound resource, in all, TLS handshake included. Default 1 minute.
    pub login_time: Duration,
    /// The silence after which a client is asked whether it is there. Default 5 minutes.
    pub ping_after: Duration,
    /// How long such a question may stay unanswered. Default 1 minute.
    pub ping_timeout: Duration,
    /// The time that the application has for an answer. Default 1 minute.
    pub answer_time: Duration,
    /// The time that the client has to end its stream after we ended ours. Default 5 seconds.
    pub close_time: Duration,
    /// What is kept for a client that does not acknowledge (XEP-0198). With more than that the stream can no longer be resumed.
    pub unacknowledged: Bounds,
    /// After how many stanzas a client is asked to acknowledge (XEP-0198). Default 8.
    pub request_after: u32,
    /// How many presences are held back for a client that nobody looks at (XEP-0352). Default 128.
    pub held: usize,
    /// When the output counts as full: then nothing more is understood until it has drained. Before a resource is bound it is full at 8 KiB at the
    /// latest.
    pub output: Marks,
    /// The most output that may wait, in bytes: a client that reads so slowly is dropped. Default 4 MiB.
    pub send_queue: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            before_login: xml::Limits::BEFORE_LOGIN,
            after_login: xml::Limits::AFTER_LOGIN,
            sasl: 12 * 1024,
            elements_before_binding: 100,
            failed_logins: 3,
            failure_delay: Duration::from_secs(2),
            login_time: Duration::from_secs(60),
            ping_after: Duration::from_secs(300),
            ping_timeout: Duration::from_secs(60),
            answer_time: Duration::from_secs(60),
            close_time: Duration::from_secs(5),
            unacknowledged: Bounds::default(),
            request_after: 8,
            held: 128,
            output: Marks::default(),
            send_queue: 4 * 1024 * 1024,
        }
    }
}

impl Limits {
    pub(super) fn output_before_binding(&self) -> Marks {
        Marks { high: self.output.high.min(8 * 1024), low: self.output.low.min(2 * 1024) }
    }
}

#[cfg(all(test, feature = "serde"))]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_names_what_is_not_the_default() {
        let named = r#"{"failed_logins": 5, "ping_after": {"secs": 60, "nanos": 0}, "unacknowledged": {"stanzas": 9},
            "before_login": {"bytes": 20000, "depth": 8, "attributes": 16, "name": 64, "bindings": 8, "elements": 32}}"#;
        let limits: Limits = serde_json::from_str(named).unwrap();
        let expected = Limits {
            failed_logins: 5,
            ping_after: Duration::from_secs(60),
            unacknowledged: Bounds { stanzas: 9, ..Bounds::default() },
            before_login: xml::Limits { bytes: 20_000, depth: 8, attributes: 16, name: 64, bindings: 8, elements: 32 },
            ..Limits::default()
        };
        assert_eq!(limits, expected);
        let written = serde_json::to_string(&limits).unwrap();
        assert_eq!(serde_json::from_str::<Limits>(&written).unwrap(), expected);
        let client: crate::client::Limits = serde_json::from_str(r#"{"queue": 7}"#).unwrap();
        let expected = crate::client::Limits { queue: 7, ..crate::client::Limits::default() };
        assert_eq!(client, expected);
    }
}
