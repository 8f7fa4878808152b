use core::time::Duration;

use wirestate_machine::Marks;

/// Bounds on memory, time and patience. See SECURITY.md for the precedents of the defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
#[non_exhaustive]
pub struct Limits {
    /// The longest command line with its CRLF, in octets. Default 255 (RFC 2449 §4); longer for long passwords or UTF-8 names.
    pub line: usize,
    /// The longest line of a SASL exchange with its CRLF, in octets. Default 12,288 (RFC 4954 §4).
    pub sasl_line: usize,
    /// Commands that are wrong before login, until the session ends. Default 5.
    pub bad_commands_before_login: u16,
    /// Commands that are wrong after login, until the session ends. Default 20.
    pub bad_commands_after_login: u16,
    /// Logins that fail, until the session ends. Default 3.
    pub failed_logins: u16,
    /// How long the answer to a failed login waits. Default 2 seconds.
    pub failure_delay: Duration,
    /// The time from the connection to a login, in all, TLS handshake included. Default 3 minutes.
    pub login_time: Duration,
    /// The autologout timer (RFC 1939 §3): the time between two commands after login. Default, and least by the RFC, 10 minutes.
    pub idle_time: Duration,
    /// The time that the application has for an answer, or for the next piece of a body. Default 10 minutes.
    pub answer_time: Duration,
    /// When the output counts as full: then no command is understood and no body wanted until it has drained. Before login it is full
    /// at 8 KiB at the latest, so that a stranger who sends commands and reads nothing binds little memory.
    pub output: Marks,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            line: 255,
            sasl_line: 12 * 1024,
            bad_commands_before_login: 5,
            bad_commands_after_login: 20,
            failed_logins: 3,
            failure_delay: Duration::from_secs(2),
            login_time: Duration::from_secs(180),
            idle_time: Duration::from_secs(600),
            answer_time: Duration::from_secs(600),
            output: Marks::default(),
        }
    }
}

impl Limits {
    /// How much input is held at a time: the longest line, or a good batch of pipelined commands.
    pub(super) fn inbox(&self) -> usize {
        self.line.max(self.sasl_line).max(4 * 1024)
    }

    pub(super) fn output_before_login(&self) -> Marks {
        Marks { high: self.output.high.min(8 * 1024), low: self.output.low.min(2 * 1024) }
    }
}

#[cfg(test)]
mod tests {
    use alloc::sync::Arc;

    use wirestate_machine::{Instant, Machine};

    use crate::server::{Config, Server};

    #[cfg(feature = "serde")]
    #[test]
    fn a_configuration_names_what_is_not_the_default() {
        use crate::server::Limits;
        let limits: Limits = serde_json::from_str(r#"{"line": 512, "idle_time": {"secs": 900, "nanos": 0}}"#).unwrap();
        let expected = Limits { line: 512, idle_time: core::time::Duration::from_secs(900), ..Limits::default() };
        assert_eq!(limits, expected);
        let written = serde_json::to_string(&limits).unwrap();
        assert_eq!(serde_json::from_str::<Limits>(&written).unwrap(), expected);
    }

    #[test]
    fn before_login_the_output_of_a_client_that_reads_nothing_stays_small() {
        let mut server = Server::new(Arc::new(Config::default()), [7; 32], Instant::START);
        while server.inbox().room() >= 6 {
            server.inbox().push(b"CAPA\r\n");
            while server.poll(Instant::START).unwrap().is_some() {}
        }
        assert!((8 * 1024..9 * 1024).contains(&server.outbox().len()));
    }
}
