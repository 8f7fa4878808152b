use alloc::string::String;
use core::ops::RangeInclusive;
use core::time::Duration;

use wirestate_machine::Marks;

use super::queue::QueuePolicy;
use crate::stream::Framing;
use crate::stream::management::Bounds;
use crate::xml;

/// When the connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum TlsPolicy {
    /// STARTTLS before anything else, on port 5222; without it the session ends, before any credential was sent.
    #[default]
    Required,
    /// TLS before the first byte, on port 5223 (XEP-0368).
    Implicit,
    /// STARTTLS where the server offers it. Who can change what the server says can prevent it.
    IfOffered,
    /// No TLS. For a wire that is trusted, such as loopback.
    Never,
    /// The stream that the driver brings is TLS already, as with WebSocket.
    Outside,
}

/// What is done when the server does not bind the resource that was asked for (RFC 6120 §7.7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum BindRetry {
    /// One of the server's own making is asked for, once.
    #[default]
    ServersChoice,
    /// The one asked for with random letters behind it, up to so many times.
    Random(u8),
    /// Nothing: the session ends.
    Never,
}

/// What a client may do and expects. Shared by any number of sessions.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// When the connection is encrypted.
    pub tls: TlsPolicy,
    /// Whether passwords and tokens may go over a connection that is not encrypted.
    pub cleartext: bool,
    /// Over TCP or in WebSocket messages.
    pub framing: Framing,
    /// The language of what is meant for people (RFC 6120 §4.7.4).
    pub lang: Option<String>,
    /// Whether only mechanisms that are bound to the TLS channel will do.
    pub require_channel_binding: bool,
    /// How many iterations a SCRAM server may ask for.
    pub iterations: RangeInclusive<u32>,
    /// Whether SASL2, Bind 2 and tokens are used where they are offered (XEP-0388, XEP-0386, XEP-0484).
    pub sasl2: bool,
    /// Whether the client does not wait for what it can foresee (XEP-0305): STARTTLS, where it is required, and inside TLS the login by what the
    /// server offered on the connection [before](super::Continuation::offered). Saves a round trip for each.
    pub quickstart: bool,
    /// The short text that Bind 2 makes a resource of (XEP-0386 §5).
    pub bind_tag: Option<String>,
    /// What is done when the resource is not bound.
    pub bind_retry: BindRetry,
    /// Whether the stream is managed where that is offered (XEP-0198).
    pub management: bool,
    /// Whether the stream is compressed after the login where zlib is offered (XEP-0138). Whoever can make us send text of theirs and sees how long
    /// the messages are can guess what else is in them.
    pub compression: bool,
    /// Whether a stream between servers goes both ways where that is offered (XEP-0288).
    pub bidi: bool,
    /// What becomes of stanzas that wait for a session.
    pub queue: QueuePolicy,
    /// Whether each stanza that goes out or waits is [told](super::Event::Sent).
    pub tells_sent: bool,
    /// Whether pings are answered (XEP-0199). What is answered is not told.
    pub answers_pings: bool,
    /// How long nothing may come before the server is asked for a sign of life; `None`: it never is.
    pub ping: Option<Duration>,
    /// How long nothing may be said before a space is (RFC 6120 §4.6.1); `None`: none is.
    pub keepalive: Option<Duration>,
    /// Sizes and times.
    pub limits: Limits,
}

/// Sizes and times of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
#[non_exhaustive]
pub struct Limits {
    /// What the server may make us hold before the login.
    pub before_login: xml::Limits,
    /// What it may after it.
    pub after_login: xml::Limits,
    /// How many bytes may wait to be written before no more is read.
    pub outbox: Marks,
    /// How many octets the server may say in one SASL exchange.
    pub sasl_message: usize,
    /// How many stanzas wait while there is no session.
    pub queue: usize,
    /// How many bytes these may have.
    pub queue_octets: usize,
    /// What is kept until the server acknowledges it (XEP-0198). More waits in the queue.
    pub unacknowledged: Bounds,
    /// How many requests may be open.
    pub requests: usize,
    /// How long an answer to a request may take, unless the request says so itself.
    pub request: Duration,
    /// How long the TLS handshake may take.
    pub tls: Duration,
    /// How long all else may take, up to being ready; counted anew after TLS.
    pub negotiation: Duration,
    /// How long the program may take for [`Event::Work`](super::Event::Work).
    pub work: Duration,
    /// How long a sign of life may take.
    pub pong: Duration,
    /// How long a stream between servers may be without a stanza before it is ended, where it is not managed.
    pub idle: Duration,
    /// How long the server may take to end its stream after we ended ours.
    pub farewell: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            before_login: xml::Limits { bytes: 64 * 1024, ..xml::Limits::BEFORE_LOGIN },
            after_login: xml::Limits::PEER,
            outbox: Marks::default(),
            sasl_message: wirestate_sasl::DEFAULT_LIMIT,
            queue: 1000,
            queue_octets: 1 << 20,
            unacknowledged: Bounds::default(),
            requests: 1000,
            request: Duration::from_secs(60),
            tls: Duration::from_secs(30),
            negotiation: Duration::from_secs(60),
            work: Duration::from_secs(60),
            pong: Duration::from_secs(30),
            idle: Duration::from_secs(600),
            farewell: Duration::from_secs(5),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Config {
            tls: TlsPolicy::default(),
            cleartext: false,
            framing: Framing::default(),
            lang: None,
            require_channel_binding: false,
            iterations: 4096..=1_000_000,
            sasl2: true,
            quickstart: false,
            bind_tag: None,
            bind_retry: BindRetry::default(),
            management: true,
            compression: false,
            bidi: false,
            queue: QueuePolicy::default(),
            tells_sent: false,
            answers_pings: true,
            ping: Some(Duration::from_secs(120)),
            keepalive: None,
            limits: Limits::default(),
        }
    }
}

macro_rules! setters {
    ($($name:ident: $type:ty;)*) => {
        impl Config {
            $(
                #[doc = concat!("Sets [`", stringify!($name), "`](Config::", stringify!($name), ").")]
                #[must_use]
                pub fn $name(mut self, $name: $type) -> Self {
                    self.$name = $name;
                    self
                }
            )*
        }
    };
}

setters! {
    tls: TlsPolicy;
    cleartext: bool;
    framing: Framing;
    lang: Option<String>;
    require_channel_binding: bool;
    iterations: RangeInclusive<u32>;
    sasl2: bool;
    quickstart: bool;
    bind_tag: Option<String>;
    bind_retry: BindRetry;
    management: bool;
    compression: bool;
    bidi: bool;
    queue: QueuePolicy;
    tells_sent: bool;
    answers_pings: bool;
    ping: Option<Duration>;
    keepalive: Option<Duration>;
    limits: Limits;
}
