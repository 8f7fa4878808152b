use alloc::string::String;
use alloc::vec::Vec;
use core::ops::RangeInclusive;
use core::time::Duration;

use super::queue::Pacing;
use super::sts::Policy;
use crate::capability::{Capabilities, Capability};
use crate::codec::Encoding;

/// When the connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum TlsPolicy {
    /// TLS before the first byte, on port 6697 (RFC 7194).
    #[default]
    Implicit,
    /// STARTTLS before anything else; without it the session ends, before any credential was sent.
    Required,
    /// STARTTLS where the server offers it. Who can change what the server says can prevent it.
    IfOffered,
    /// No TLS. For a wire that is trusted, such as loopback.
    Never,
    /// The stream that the driver brings is TLS already.
    Outside,
}

/// Whether the client logs in by SASL, where it has been given credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum SaslPolicy {
    /// Never.
    Off,
    /// Where it can; without a login the session goes on.
    #[default]
    Preferred,
    /// Without a login the session ends before it is registered.
    Required,
}

/// How much is learnt of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Tracking {
    /// The own nickname, host, modes and channels, and what the server says of itself.
    Own,
    /// Members, users, modes, topics and lists of the own channels too.
    #[default]
    Full,
}

/// What a client may do and expects. Shared by any number of sessions.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// When the connection is encrypted.
    pub tls: TlsPolicy,
    /// Whether passwords and tokens may go over a connection that is not encrypted.
    pub cleartext: bool,
    /// The host that the program connected to: for OAUTHBEARER (RFC 7628 §3.1) and for what is learnt by STS.
    pub host: Option<String>,
    /// The port that the program connected to.
    pub port: Option<u16>,
    /// The STS policy that holds for this host, from the program's [store](super::sts::Store). Where there is one, nothing is said without TLS.
    pub sts: Option<Policy>,
    /// Whether the client logs in.
    pub sasl: SaslPolicy,
    /// Whether only mechanisms that are bound to the TLS channel will do (`-PLUS`).
    pub require_channel_binding: bool,
    /// How many iterations a SCRAM server may ask for.
    pub iterations: RangeInclusive<u32>,
    /// The capabilities asked for where they are offered. `sasl` is asked for where there are credentials; `sts`, `tls` and `cap-notify` never.
    pub wishes: Capabilities,
    /// Capabilities that this crate does not know, by name.
    pub more_wishes: Vec<String>,
    /// How fast lines are sent. A bouncer is never paced.
    pub pacing: Pacing,
    /// How much is learnt of others.
    pub tracking: Tracking,
    /// How often the first nickname is tried again while it belongs to somebody else, where the server has no MONITOR; `None`: never.
    pub regain: Option<Duration>,
    /// What becomes of bytes that are not UTF-8.
    pub encoding: Encoding,
    /// What QUIT says when [`shutdown`](wirestate_machine::Machine::shutdown) sends it.
    pub farewell: String,
    /// Sizes and times.
    pub limits: Limits,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            tls: TlsPolicy::default(),
            cleartext: false,
            host: None,
            port: None,
            sts: None,
            sasl: SaslPolicy::default(),
            require_channel_binding: false,
            iterations: 4096..=1_000_000,
            wishes: Config::WISHES,
            more_wishes: Vec::new(),
            pacing: Pacing::default(),
            tracking: Tracking::default(),
            regain: Some(Duration::from_secs(60)),
            encoding: Encoding::default(),
            farewell: String::new(),
            limits: Limits::default(),
        }
    }
}

impl Config {
    /// What a client without wishes of its own asks for: all that the machine understands, and what comes as a message now and then, such as REDACT
    /// and MARKREAD, and does no harm to who passes over it.
    ///
    /// Not among them, and to be [wished for](Config::wish): [`EventPlayback`](Capability::EventPlayback), with which a history holds more than texts;
    /// [`Metadata`](Capability::Metadata), which is of use to who subscribes to keys; [`NoImplicitNames`](Capability::NoImplicitNames), with which
    /// the members of a channel are not known before [`names`](super::Client::names); what belongs to bouncers alone.
    pub const WISHES: Capabilities = Capabilities::of(&[
        Capability::AccountTag,
        Capability::AccountNotify,
        Capability::AwayNotify,
        Capability::Batch,
        Capability::Chghost,
        Capability::EchoMessage,
        Capability::ExtendedJoin,
        Capability::ExtendedMonitor,
        Capability::InviteNotify,
        Capability::LabeledResponse,
        Capability::MessageTags,
        Capability::MultiPrefix,
        Capability::ServerTime,
        Capability::Setname,
        Capability::StandardReplies,
        Capability::UserhostInNames,
        Capability::ChannelRename,
        Capability::Chathistory,
        Capability::ExtendedIsupport,
        Capability::MessageRedaction,
        Capability::ReadMarker,
        Capability::Multiline,
        Capability::ZncServerTimeIso,
        Capability::ZncSelfMessage,
    ]);

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

    /// Sets [`host`](Config::host) and [`port`](Config::port).
    #[must_use]
    pub fn host(mut self, host: impl Into<String>, port: u16) -> Self {
        (self.host, self.port) = (Some(host.into()), Some(port));
        self
    }

    /// Sets [`sts`](Config::sts).
    #[must_use]
    pub fn sts(mut self, policy: Option<Policy>) -> Self {
        self.sts = policy;
        self
    }

    /// Sets [`sasl`](Config::sasl).
    #[must_use]
    pub fn sasl(mut self, policy: SaslPolicy) -> Self {
        self.sasl = policy;
        self
    }

    /// Sets [`require_channel_binding`](Config::require_channel_binding).
    #[must_use]
    pub fn require_channel_binding(mut self, required: bool) -> Self {
        self.require_channel_binding = required;
        self
    }

    /// Sets [`iterations`](Config::iterations).
    #[must_use]
    pub fn iterations(mut self, bounds: RangeInclusive<u32>) -> Self {
        self.iterations = bounds;
        self
    }

    /// Sets [`wishes`](Config::wishes).
    #[must_use]
    pub fn wishes(mut self, wishes: Capabilities) -> Self {
        self.wishes = wishes;
        self
    }

    /// Adds one to the [`wishes`](Config::wishes).
    #[must_use]
    pub fn wish(mut self, capability: Capability) -> Self {
        self.wishes = self.wishes.with(capability);
        self
    }

    /// Sets [`pacing`](Config::pacing).
    #[must_use]
    pub fn pacing(mut self, pacing: Pacing) -> Self {
        self.pacing = pacing;
        self
    }

    /// Sets [`tracking`](Config::tracking).
    #[must_use]
    pub fn tracking(mut self, tracking: Tracking) -> Self {
        self.tracking = tracking;
        self
    }

    /// Sets [`regain`](Config::regain).
    #[must_use]
    pub fn regain(mut self, every: Option<Duration>) -> Self {
        self.regain = every;
        self
    }

    /// Sets [`encoding`](Config::encoding).
    #[must_use]
    pub fn encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// Sets [`limits`](Config::limits).
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}

/// How much of everything, in bytes with line ends where nothing else is said.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
#[non_exhaustive]
pub struct Limits {
    /// The longest line that is read, without its tags. RFC 2812 §2.3 has 512; real servers exceed it. A longer one is skipped. Default 4,096.
    pub line: usize,
    /// The most that is read ahead of what has been understood; never less than the longest line with its tags. Default 32 KiB.
    pub inbox: usize,
    /// The most capabilities that a server may offer. Default 256.
    pub capabilities: usize,
    /// The most bytes of their names and values. Default 16 KiB.
    pub capability_octets: usize,
    /// The most bytes of base64 in one message of a SASL exchange. Default 16 KiB.
    pub sasl_message: usize,
    /// The most nicknames that are tried. Default 24.
    pub nicks: u32,
    /// The most lines waiting in the queue. Default 1,024.
    pub queue: usize,
    /// The most bytes waiting in the queue. Default 256 KiB.
    pub queue_octets: usize,
    /// The most requests under way. Default 256.
    pub requests: usize,
    /// The most messages that a response may have. Default 100,000.
    pub response_messages: usize,
    /// The most bytes that responses may hold, all that are under way together. Default 8 MiB.
    pub response_octets: usize,
    /// The most batches open at a time. Default 64.
    pub batches: usize,
    /// How deep batches may lie in one another. Default 8.
    pub batch_depth: usize,
    /// The most messages in one batch, those inside it included. Default 20,000.
    pub batch_messages: usize,
    /// The most bytes that open batches may hold, all together. Default 4 MiB.
    pub batch_octets: usize,
    /// What the tracker may learn.
    pub tracker: super::tracker::Limits,
    /// The most messages that one text may be split into. Default 64.
    pub parts: usize,
    /// How long the TLS handshake may take. Default 60 seconds.
    pub tls: Duration,
    /// How long a server may be silent about capabilities before it is taken to have none. Default 6 seconds.
    pub silence: Duration,
    /// How long registration may take, without the handshake and the program's work. Default 120 seconds.
    pub registration: Duration,
    /// How long a login after registration may take. Default 60 seconds.
    pub login: Duration,
    /// How long the program may take for a [`Work`](super::Event::Work) item. Default 60 seconds.
    pub work: Duration,
    /// How long a response may take after its request went out. Default 60 seconds.
    pub response: Duration,
    /// How long a batch may stay open. Default 60 seconds.
    pub batch: Duration,
    /// How often the client asks whether the server is there, and measures how long that takes. Default 60 seconds.
    pub ping: Duration,
    /// How long nothing at all may come after that. Default 60 seconds.
    pub pong: Duration,
    /// How long the server may take to close after QUIT or its ERROR. Default 5 seconds.
    pub farewell: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            line: 4096,
            inbox: 32 * 1024,
            capabilities: 256,
            capability_octets: 16 * 1024,
            sasl_message: 16 * 1024,
            nicks: 24,
            queue: 1024,
            queue_octets: 256 * 1024,
            requests: 256,
            response_messages: 100_000,
            response_octets: 8 * 1024 * 1024,
            batches: 64,
            batch_depth: 8,
            batch_messages: 20_000,
            batch_octets: 4 * 1024 * 1024,
            tracker: super::tracker::Limits::default(),
            parts: 64,
            tls: Duration::from_secs(60),
            silence: Duration::from_secs(6),
            registration: Duration::from_secs(120),
            login: Duration::from_secs(60),
            work: Duration::from_secs(60),
            response: Duration::from_secs(60),
            batch: Duration::from_secs(60),
            ping: Duration::from_secs(60),
            pong: Duration::from_secs(60),
            farewell: Duration::from_secs(5),
        }
    }
}

impl Limits {
    pub(super) fn framing(&self, line_len: usize) -> crate::codec::Limits {
        // That a server passes on no more than a client's share of this is its own law (417); more of it harms nobody here, so it is not looked at.
        let tags = crate::codec::Sender::Server.section();
        crate::codec::Limits { tags, body: self.line.max(line_len.min(self.inbox)) }
    }

    /// LINELEN counts up to the inbox's own bound only.
    pub(super) fn inbox(&self) -> usize {
        self.inbox.max(self.framing(self.inbox).line())
    }
}
