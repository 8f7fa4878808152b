use core::ops::RangeInclusive;
use core::time::Duration;

use crate::codec;

/// When the connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum TlsPolicy {
    /// TLS before the first byte, on port 993 (RFC 8314 §3.2).
    Implicit,
    /// STARTTLS (RFC 9051 §6.2.1) before anything else; without it the session ends, before any credential was sent.
    #[default]
    Required,
    /// STARTTLS where the server offers it. Who can change what the server says can prevent it.
    IfOffered,
    /// No TLS. For a wire that is trusted, such as loopback.
    Never,
    /// The stream that the driver brings is TLS already.
    Outside,
}

/// What a client may do and expects. Shared by any number of sessions.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// When the connection is encrypted.
    pub tls: TlsPolicy,
    /// Whether passwords and tokens may go over a connection that is not encrypted.
    pub cleartext: bool,
    /// Whether only mechanisms that are bound to the TLS channel will do (`-PLUS`).
    pub require_channel_binding: bool,
    /// Whether capabilities are asked for after login where the server has not told them again: they may differ then.
    pub capability_after_login: bool,
    /// Whether the session remembers which UID each number stands for, as far as FETCH has told it: up to four bytes a message.
    pub track_uids: bool,
    /// How long the session may lie idle before the machine itself says NOOP; never by default.
    pub keep_alive: Option<Duration>,
    /// How many iterations a SCRAM server may ask for.
    pub iterations: RangeInclusive<u32>,
    /// What is known about this server's faults.
    pub quirks: Quirks,
    /// Sizes and times.
    pub limits: Limits,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            tls: TlsPolicy::default(),
            cleartext: false,
            require_channel_binding: false,
            capability_after_login: true,
            track_uids: false,
            keep_alive: None,
            iterations: 4096..=1_000_000,
            quirks: Quirks::default(),
            limits: Limits::default(),
        }
    }
}

impl Config {
    /// Sets [`tls`](Config::tls).
    #[must_use]
    pub fn tls(mut self, policy: TlsPolicy) -> Self {
        self.tls = policy;
        self
    }

    /// Sets [`cleartext`](Config::cleartext).
    #[must_use]
    pub fn cleartext(mut self, allowed: bool) -> Self {
        self.cleartext = allowed;
        self
    }

    /// Sets [`require_channel_binding`](Config::require_channel_binding).
    #[must_use]
    pub fn require_channel_binding(mut self, required: bool) -> Self {
        self.require_channel_binding = required;
        self
    }

    /// Sets [`capability_after_login`](Config::capability_after_login).
    #[must_use]
    pub fn capability_after_login(mut self, asked: bool) -> Self {
        self.capability_after_login = asked;
        self
    }

    /// Sets [`track_uids`](Config::track_uids).
    #[must_use]
    pub fn track_uids(mut self, tracked: bool) -> Self {
        self.track_uids = tracked;
        self
    }

    /// Sets [`keep_alive`](Config::keep_alive).
    #[must_use]
    pub fn keep_alive(mut self, after: Option<Duration>) -> Self {
        self.keep_alive = after;
        self
    }

    /// Sets [`iterations`](Config::iterations).
    #[must_use]
    pub fn iterations(mut self, bounds: RangeInclusive<u32>) -> Self {
        self.iterations = bounds;
        self
    }

    /// Sets [`quirks`](Config::quirks).
    #[must_use]
    pub fn quirks(mut self, quirks: Quirks) -> Self {
        self.quirks = quirks;
        self
    }

    /// Sets [`limits`](Config::limits).
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}

/// Faults of servers that a client can live with when it knows of them.
///
/// What can be lived with without knowing needs no quirk: spaces and texts that are missing or too many, empty continuations, unknown data.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Quirks {
    /// The server says SASL-IR, and refuses an initial response (Coremail).
    pub no_initial_response: bool,
    /// The server prompts for an initial response with words that look like base64.
    pub wordy_prompts: bool,
    /// The server refuses CHARSET in searches (Outlook). Without this, searches for text outside ASCII say UTF-8, as Gmail wants it.
    pub no_charset: bool,
    /// Ranges in sets are written with the lower number first, for there are servers that know no others (qq.com). On by default.
    pub ascending_sets: bool,
    /// The server says LITERAL+ or LITERAL-, and cannot do it.
    pub no_non_sync_literals: bool,
    /// One command at a time.
    pub no_pipelining: bool,
    /// Commands that the capabilities do not list may be sent nevertheless.
    pub unlisted_commands: bool,
    /// The server tells capabilities at login that lack most of what it can: they are asked for, whatever was told.
    pub partial_capabilities: bool,
}

impl Default for Quirks {
    fn default() -> Self {
        Quirks {
            no_initial_response: false,
            wordy_prompts: false,
            no_charset: false,
            ascending_sets: true,
            no_non_sync_literals: false,
            no_pipelining: false,
            unlisted_commands: false,
            partial_capabilities: false,
        }
    }
}

/// How much of everything, in octets where nothing else is said.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// What one response may bring before login.
    pub before_login: codec::Limits,
    /// What one response may bring after login, and from which length on a message's text comes in pieces.
    pub response: codec::Limits,
    /// The longest message text that comes in pieces, `None` for any.
    pub message: Option<u64>,
    /// The longest line of a SASL exchange, which no RFC bounds.
    pub sasl: usize,
    /// How many responses in one session may be such that nothing can be made of them.
    pub oddities: u32,
    /// How many messages' UIDs are remembered, with [`Config::track_uids`].
    pub tracked: u32,
    /// The most commands sent ahead of their responses.
    pub pipeline: usize,
    /// The most requests under way or waiting in the machine.
    pub requests: usize,
    /// How long the server may take to greet.
    pub greeting: Duration,
    /// How long the TLS handshake, or the switch to compression, may take.
    pub tls: Duration,
    /// How long the server may take over each step of a login; many delay a refusal.
    pub login: Duration,
    /// How long the server may take to begin a response, and between two parts of it.
    pub response_time: Duration,
    /// How long the program may take over [`Event::Work`](super::Event::Work).
    pub work: Duration,
    /// After what time IDLE is begun anew: before 29 minutes (RFC 9051 §6.3.13).
    pub renewal: Duration,
    /// How long the program may ask for nothing: servers close after 30 minutes (RFC 9051 §5.4). It does not count while IDLE is on, nor with
    /// [`Config::keep_alive`].
    pub idle: Duration,
    /// How long the server may take to say its farewell.
    pub logout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            before_login: codec::Limits {
                line: 64 * 1024,
                literal: 4 * 1024,
                literals: 16 * 1024,
                count: 64,
                ..codec::Limits::RESPONSES
            },
            response: codec::Limits::RESPONSES,
            message: None,
            sasl: 16 * 1024 + 8,
            oddities: 1000,
            tracked: 1 << 20,
            pipeline: 32,
            requests: 256,
            greeting: Duration::from_secs(60),
            tls: Duration::from_secs(60),
            login: Duration::from_secs(120),
            response_time: Duration::from_secs(300),
            work: Duration::from_secs(60),
            renewal: Duration::from_secs(28 * 60),
            idle: Duration::from_secs(1800),
            logout: Duration::from_secs(10),
        }
    }
}

impl Limits {
    pub(super) fn inbox(&self) -> usize {
        self.before_login.frame().max(self.response.frame())
    }
}
