use core::time::Duration;

use wirestate_machine::Marks;

use crate::codec;

/// Bounds on memory, time and patience, before and after login apart. See SECURITY.md for the precedents of the defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// What a command may hold before login. Default [`codec::Limits::BEFORE_LOGIN`].
    pub before_login: codec::Limits,
    /// What a command may hold after login. Default [`codec::Limits::AFTER_LOGIN`].
    pub after_login: codec::Limits,
    /// The longest line of a SASL exchange with its CRLF, in octets. Default 12,288, as with the other protocols.
    pub sasl_line: usize,
    /// The longest message that APPEND, REPLACE and CATENATE take, in octets, told as APPENDLIMIT (RFC 7889). Default 64 MiB.
    pub message: u64,
    /// Commands that are wrong before login, until the session ends. Default 3.
    pub bad_commands_before_login: u16,
    /// Commands that are wrong after login, one after the other, until the session ends. Default 20.
    pub bad_commands_after_login: u16,
    /// Commands of any kind before login, until the session ends. Default 50.
    pub commands_before_login: u32,
    /// Logins that fail, until the session ends. Default 3.
    pub failed_logins: u16,
    /// How long the answer to a failed login waits. Default 2 seconds.
    pub failure_delay: Duration,
    /// The time from the connection to a login, in all, TLS handshake included. Default 3 minutes.
    pub login_time: Duration,
    /// The autologout timer (RFC 9051 §5.4): the silence after login that ends a session, IDLE included. Default, and least by the RFC, 30 minutes.
    pub idle_time: Duration,
    /// The time that the application has for an answer, or for the next piece of one. Default 10 minutes.
    pub answer_time: Duration,
    /// How often a session in IDLE asks the application whether its mailbox has changed ([`Event::Poll`](super::Event::Poll)), for stores that wake nobody.
    /// Never by default.
    pub poll_every: Option<Duration>,
    /// When the output counts as full: then no command is understood and nothing wanted that is long, until it has drained. Before login it is full
    /// at 8 KiB at the latest, so that a stranger who sends commands and reads nothing binds little memory.
    pub output: Marks,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            before_login: codec::Limits::BEFORE_LOGIN,
            after_login: codec::Limits::AFTER_LOGIN,
            sasl_line: 12 * 1024,
            message: 64 * 1024 * 1024,
            bad_commands_before_login: 3,
            bad_commands_after_login: 20,
            commands_before_login: 50,
            failed_logins: 3,
            failure_delay: Duration::from_secs(2),
            login_time: Duration::from_secs(180),
            idle_time: Duration::from_secs(30 * 60),
            answer_time: Duration::from_secs(600),
            poll_every: None,
            output: Marks::default(),
        }
    }
}

impl Limits {
    pub(super) fn command(&self, logged_in: bool) -> codec::Limits {
        if logged_in { self.after_login } else { self.before_login }
    }

    /// How much input is held at a time: the longest command, or a good batch of pipelined ones.
    pub(super) fn inbox(&self, logged_in: bool) -> usize {
        self.command(logged_in).frame().max(self.sasl_line).max(4 * 1024)
    }

    /// How long the pieces are in which messages come.
    pub(super) fn chunk(&self) -> usize {
        self.inbox(true).min(16 * 1024)
    }

    pub(super) fn bad_commands(&self, logged_in: bool) -> u16 {
        if logged_in { self.bad_commands_after_login } else { self.bad_commands_before_login }
    }

    pub(super) fn output(&self, logged_in: bool) -> Marks {
        if logged_in {
            self.output
        } else {
            Marks { high: self.output.high.min(8 * 1024), low: self.output.low.min(2 * 1024) }
        }
    }
}
