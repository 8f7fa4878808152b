//! The names of the namespaces.

/// What `xml:lang` is in (Namespaces in XML 1.0, §3).
pub const XML: &str = "http://www.w3.org/XML/1998/namespace";
/// What namespace declarations are in (Namespaces in XML 1.0, §3).
pub const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

macro_rules! namespaces {
    ($($(#[doc = $doc:literal])* $name:ident = $uri:literal;)*) => {
        $($(#[doc = $doc])* pub const $name: &str = $uri;)*
    };
}

namespaces! {
    /// The stream's own elements: header, features, error (RFC 6120 §4.8.1).
    STREAM = "http://etherx.jabber.org/streams";
    /// Stanzas between a client and its server (RFC 6120 §4.8.2).
    CLIENT = "jabber:client";
    /// Stanzas between servers (RFC 6120 §4.8.2).
    SERVER = "jabber:server";
    /// Stanzas of an external component that its server accepted (XEP-0114).
    COMPONENT_ACCEPT = "jabber:component:accept";
    /// Stanzas of an external component that its server connected to (XEP-0114).
    COMPONENT_CONNECT = "jabber:component:connect";
    /// WebSocket's `<open/>` and `<close/>` (RFC 7395 §3.3.2).
    FRAMING = "urn:ietf:params:xml:ns:xmpp-framing";
    /// Conditions of stream errors (RFC 6120 §4.9).
    STREAM_ERRORS = "urn:ietf:params:xml:ns:xmpp-streams";
    /// Conditions of stanza errors (RFC 6120 §8.3).
    STANZA_ERRORS = "urn:ietf:params:xml:ns:xmpp-stanzas";
    /// STARTTLS (RFC 6120 §5).
    TLS = "urn:ietf:params:xml:ns:xmpp-tls";
    /// SASL (RFC 6120 §6).
    SASL = "urn:ietf:params:xml:ns:xmpp-sasl";
    /// Resource binding (RFC 6120 §7).
    BIND = "urn:ietf:params:xml:ns:xmpp-bind";
    /// Sessions as they were (RFC 3921 §3).
    SESSION = "urn:ietf:params:xml:ns:xmpp-session";
    /// Rosters (RFC 6121 §2).
    ROSTER = "jabber:iq:roster";
    /// Roster versioning, as a stream feature (RFC 6121 §2.6).
    ROSTER_VERSIONING = "urn:xmpp:features:rosterver";
    /// Subscription pre-approval, as a stream feature (RFC 6121 §3.4).
    PRE_APPROVAL = "urn:xmpp:features:pre-approval";
    /// Login before SASL (XEP-0078).
    IQ_AUTH = "jabber:iq:auth";
    /// Login before SASL, as a stream feature (XEP-0078).
    IQ_AUTH_FEATURE = "http://jabber.org/features/iq-auth";
    /// In-band registration (XEP-0077).
    REGISTER = "jabber:iq:register";
    /// In-band registration, as a stream feature (XEP-0077).
    REGISTER_FEATURE = "http://jabber.org/features/iq-register";
    /// Blocking by privacy lists (XEP-0016).
    PRIVACY = "jabber:iq:privacy";
    /// A server's store for its clients (XEP-0049).
    PRIVATE = "jabber:iq:private";
    /// How long ago there was activity (XEP-0012).
    LAST_ACTIVITY = "jabber:iq:last";
    /// Software version (XEP-0092).
    VERSION = "jabber:iq:version";
    /// Data forms (XEP-0004).
    DATA_FORMS = "jabber:x:data";
    /// What an entity is and can do (XEP-0030).
    DISCO_INFO = "http://jabber.org/protocol/disco#info";
    /// What an entity holds (XEP-0030).
    DISCO_ITEMS = "http://jabber.org/protocol/disco#items";
    /// Entity capabilities (XEP-0115).
    CAPS = "http://jabber.org/protocol/caps";
    /// Rooms (XEP-0045).
    MUC = "http://jabber.org/protocol/muc";
    /// What users of a room say and are told (XEP-0045).
    MUC_USER = "http://jabber.org/protocol/muc#user";
    /// What a room's moderators do (XEP-0045).
    MUC_ADMIN = "http://jabber.org/protocol/muc#admin";
    /// What a room's owners do (XEP-0045).
    MUC_OWNER = "http://jabber.org/protocol/muc#owner";
    /// Direct invitations to rooms (XEP-0249).
    CONFERENCE = "jabber:x:conference";
    /// Publish and subscribe (XEP-0060).
    PUBSUB = "http://jabber.org/protocol/pubsub";
    /// Notifications of publish and subscribe (XEP-0060).
    PUBSUB_EVENT = "http://jabber.org/protocol/pubsub#event";
    /// Conditions of errors of publish and subscribe (XEP-0060).
    PUBSUB_ERRORS = "http://jabber.org/protocol/pubsub#errors";
    /// Paging through results (XEP-0059).
    RSM = "http://jabber.org/protocol/rsm";
    /// Contact details (XEP-0054).
    VCARD = "vcard-temp";
    /// The hash of an avatar in presence (XEP-0153).
    VCARD_UPDATE = "vcard-temp:x:update";
    /// States of a chat (XEP-0085).
    CHAT_STATES = "http://jabber.org/protocol/chatstates";
    /// Compression of a stream (XEP-0138).
    COMPRESS = "http://jabber.org/protocol/compress";
    /// Compression, as a stream feature (XEP-0138).
    COMPRESS_FEATURE = "http://jabber.org/features/compress";
    /// Pings (XEP-0199).
    PING = "urn:xmpp:ping";
    /// Stream management (XEP-0198).
    SM = "urn:xmpp:sm:3";
    /// Server dialback (XEP-0220).
    DIALBACK = "jabber:server:dialback";
    /// Server dialback, as a stream feature (XEP-0220).
    DIALBACK_FEATURE = "urn:xmpp:features:dialback";
    /// Conditions of dialback errors (XEP-0220).
    DIALBACK_ERRORS = "urn:xmpp:features:dialback#errors";
    /// Both ways over one connection between servers (XEP-0288).
    BIDI = "urn:xmpp:bidi";
    /// The same, as a stream feature (XEP-0288).
    BIDI_FEATURE = "urn:xmpp:features:bidi";
    /// Moments of what comes late (XEP-0203).
    DELAY = "urn:xmpp:delay";
    /// Entity time (XEP-0202).
    TIME = "urn:xmpp:time";
    /// Receipts of delivery (XEP-0184).
    RECEIPTS = "urn:xmpp:receipts";
    /// Copies to a user's other clients (XEP-0280).
    CARBONS = "urn:xmpp:carbons:2";
    /// Stanzas sent on inside others (XEP-0297).
    FORWARD = "urn:xmpp:forward:0";
    /// Message archives (XEP-0313).
    MAM = "urn:xmpp:mam:2";
    /// Stanza IDs that are unique and stable (XEP-0359).
    STANZA_ID = "urn:xmpp:sid:0";
    /// Hints on how to process a message (XEP-0334).
    HINTS = "urn:xmpp:hints";
    /// Correction of the last message (XEP-0308).
    CORRECT = "urn:xmpp:message-correct:0";
    /// Markers of what was read (XEP-0333).
    CHAT_MARKERS = "urn:xmpp:chat-markers:0";
    /// Blocking (XEP-0191).
    BLOCKING = "urn:xmpp:blocking";
    /// Conditions of errors of blocking (XEP-0191).
    BLOCKING_ERRORS = "urn:xmpp:blocking:errors";
    /// Whether a client is looked at (XEP-0352).
    CSI = "urn:xmpp:csi:0";
    /// Limits of a stream (XEP-0478).
    STREAM_LIMITS = "urn:xmpp:stream-limits:0";
    /// SASL2 (XEP-0388).
    SASL2 = "urn:xmpp:sasl:2";
    /// Bind 2 (XEP-0386).
    BIND2 = "urn:xmpp:bind:0";
    /// Tokens for fast authentication (XEP-0484).
    FAST = "urn:xmpp:fast:0";
    /// Types of channel binding (XEP-0440).
    SASL_CHANNEL_BINDING = "urn:xmpp:sasl-cb:0";
    /// SASL upgrade tasks (XEP-0480).
    SASL_UPGRADE = "urn:xmpp:sasl:upgrade:0";
    /// SCRAM upgrade tasks (XEP-0480).
    SCRAM_UPGRADE = "urn:xmpp:scram-upgrade:0";
    /// Addresses of many receivers (XEP-0033).
    ADDRESS = "http://jabber.org/protocol/address";
    /// Ad-hoc commands (XEP-0050).
    COMMANDS = "http://jabber.org/protocol/commands";
    /// HTTP's body around stanzas (XEP-0124).
    HTTP_BIND = "http://jabber.org/protocol/httpbind";
    /// What XMPP adds to that body (XEP-0206).
    XBOSH = "urn:xmpp:xbosh";
    /// The router of jabberd2: what its components say to it.
    JABBERD_ROUTER = "http://jabberd.jabberstudio.org/ns/component/1.0";
}
