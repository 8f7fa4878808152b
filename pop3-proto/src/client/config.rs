use core::ops::RangeInclusive;
use core::time::Duration;

/// When the connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum TlsPolicy {
    /// TLS before the first byte, on port 995 (RFC 8314 §3.2).
    Implicit,
    /// STLS (RFC 2595 §4) before anything else; without it the session ends, before any credential was sent.
    #[default]
    Required,
    /// STLS where the server offers it. Who can change what the server says can prevent it.
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
    /// Whether APOP may be used (RFC 1939 §7): MD5 without a key, which can be broken; off by default.
    pub apop: bool,
    /// Whether capabilities are asked for again after login, as they may differ then (RFC 2449 §5).
    pub capa_after_login: bool,
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
            apop: false,
            capa_after_login: true,
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

    /// Sets [`apop`](Config::apop).
    #[must_use]
    pub fn apop(mut self, allowed: bool) -> Self {
        self.apop = allowed;
        self
    }

    /// Sets [`capa_after_login`](Config::capa_after_login).
    #[must_use]
    pub fn capa_after_login(mut self, asked: bool) -> Self {
        self.capa_after_login = asked;
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
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
#[non_exhaustive]
pub struct Quirks {
    /// Empty lines before a response are skipped. On by default.
    pub empty_lines: bool,
    /// Response and listing lines may end with LF alone. The end of a message is `CRLF . CRLF` always.
    pub bare_lf: bool,
    /// The server says PIPELINING but cannot do it.
    pub no_pipelining: bool,
    /// The server has no CAPA and takes offence at it: it is never asked for.
    pub capa_missing: bool,
    /// Commands that the capabilities do not list (USER, TOP, UIDL, UTF8, LANG, XCLIENT) may be sent nevertheless.
    pub unlisted_commands: bool,
    /// Unique ids may be longer than 70 characters.
    pub long_unique_ids: bool,
    /// `LIST n` and `UIDL n` are answered by a multi-line response.
    pub one_is_multi_line: bool,
    /// The server takes no initial response in the AUTH line.
    pub no_initial_response: bool,
    /// The server takes XOAUTH2 on two lines only (Microsoft).
    pub xoauth2_two_lines: bool,
}

impl Default for Quirks {
    fn default() -> Self {
        Quirks {
            empty_lines: true,
            bare_lf: false,
            no_pipelining: false,
            capa_missing: false,
            unlisted_commands: false,
            long_unique_ids: false,
            one_is_multi_line: false,
            no_initial_response: false,
            xoauth2_two_lines: false,
        }
    }
}

/// How much of everything, in octets with line ends where nothing else is said.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
#[non_exhaustive]
pub struct Limits {
    /// The longest command line sent: 255 (RFC 2449 §4). Some servers take more.
    pub command_line: usize,
    /// The longest response or listing line. RFC 2449 §4 has 512; real servers exceed it.
    pub line: usize,
    /// The longest line of an AUTH exchange, which no RFC bounds.
    pub sasl_line: usize,
    /// The most that is read ahead of what has been understood; never less than the longest line.
    pub inbox: usize,
    /// The most lines of one listing.
    pub listing_lines: u64,
    /// The most capabilities in one CAPA response.
    pub capabilities: usize,
    /// The most octets in one CAPA response.
    pub capability_octets: usize,
    /// The largest message, `None` for any.
    pub message: Option<u64>,
    /// The most commands sent ahead of their responses, where the server can pipeline.
    pub pipeline: usize,
    /// The most requests under way or waiting in the machine.
    pub requests: usize,
    /// How long the server may take to greet.
    pub greeting: Duration,
    /// How long the TLS handshake may take.
    pub tls: Duration,
    /// How long the server may take over each step of a login; many delay a refusal.
    pub login: Duration,
    /// How long the server may take to begin a response, and between two parts of it.
    pub response: Duration,
    /// How long the program may take for a [`Work`](super::Event::Work) item.
    pub work: Duration,
    /// How long the program may ask for nothing. Many servers close an idle session after ten minutes (RFC 1939 §3).
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            command_line: 255,
            line: 8 * 1024,
            sasl_line: 16 * 1024 + 8,
            inbox: 64 * 1024,
            listing_lines: 1 << 24,
            capabilities: 256,
            capability_octets: 32 * 1024,
            message: None,
            pipeline: 32,
            requests: 256,
            greeting: Duration::from_secs(60),
            tls: Duration::from_secs(60),
            login: Duration::from_secs(120),
            response: Duration::from_secs(120),
            work: Duration::from_secs(60),
            idle: Duration::from_secs(1800),
        }
    }
}

impl Limits {
    pub(super) fn inbox(&self) -> usize {
        self.inbox.max(self.line).max(self.sasl_line)
    }
}
