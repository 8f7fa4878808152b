//! What servers send each other.

use super::table::messages;

messages! {
    /// What servers send each other: RFC 2813 §4, with ngIRCd's IRC+, and TS6 as charybdis and its kin speak it. Numerics pass between servers as
    /// [`Reply`](super::Reply).
    Link

    // Registration of a link

    /// The password of a link (TS6). `sid` is the server's.
    PassTs "PASS" { password: text } "TS" { version: text, sid: text }
    /// The password of a link, and what the server speaks, such as `0210-IRC+` (RFC 2813 §4.1.1).
    Pass "PASS" { password: text, version: optional text, flags: optional text, options: optional text }
    /// A server, directly linked or not (RFC 2813 §4.1.2).
    Server "SERVER" { name: text, hops: optional text, token: optional text, info: last }
    /// A server behind another (TS6).
    Sid "SID" { name: text, hops: text, sid: text, info: last }
    /// What a server is capable of (TS6).
    Capab "CAPAB" { capabilities: words }
    /// Which TS versions a server speaks, and its time (TS6).
    Svinfo "SVINFO" { version: text, least: text, unused: text, time: text }
    /// The burst is over; in RFC 2813 drafts and elsewhere.
    Eob "EOB" { servers: optional list }
    /// A server is gone (RFC 2813 §4.1.6).
    Squit "SQUIT" { server: text, comment: optional text }
    /// Links two servers (RFC 2812 §3.4.7).
    Connect "CONNECT" { server: text, port: optional text, remote: optional text }
    /// A fault, before the link ends.
    Error "ERROR" { reason: text }
    /// Whether the other is still there.
    Ping "PING" { origin: text, destination: optional text }
    /// It is.
    Pong "PONG" { origin: text, destination: optional text }

    // Users

    /// A user (EUID of TS6): with its real host and account, `*` where there is none to tell.
    Euid "EUID" {
        nick: text, hops: text, ts: text, modes: text, user: text, host: text, ip: text, uid: text, real_host: text, account: text, realname: last
    }
    /// A user (TS6).
    Uid "UID" {
        nick: text, hops: text, ts: text, modes: text, user: text, host: text, ip: text, uid: text, realname: last
    }
    /// A user (TS5).
    NickTs5 "NICK" {
        nick: text, hops: text, ts: text, modes: text, user: text, host: text, server: text, realname: text
    }
    /// A user (RFC 2813 §4.1.3).
    NickIntroduced "NICK" { nick: text, hops: text, user: text, host: text, token: text, modes: text, realname: text }
    /// Another nickname, with its time under TS.
    Nick "NICK" { nick: text, ts: optional text }
    /// A service (RFC 2813 §4.1.4).
    Service "SERVICE" { name: text, token: text, distribution: text, kind: text, hops: text, info: last }
    /// A nickname that collided becomes its UID (TS6).
    Save "SAVE" { uid: text, ts: text }
    /// A user's names and account were changed (charybdis).
    Signon "SIGNON" { nick: text, user: text, host: text, ts: text, account: text }
    /// A user's host was changed.
    Chghost "CHGHOST" { uid: text, host: text }
    /// A session has ended (RFC 2813 §4.1.5).
    Quit "QUIT" { reason: optional text }
    /// A session is ended (RFC 2812 §3.7.1).
    Kill "KILL" { target: text, path: optional text }
    /// Is away, or back.
    Away "AWAY" { text: optional text }
    /// Data about a user: `host`, `user`, `info`, `certfp`, `accountname`, `cloakhost` (IRC+).
    Metadata "METADATA" { target: text, key: text, value: last }

    // Channels

    /// A channel and its members at a burst: `@@`, `@` and `+` before their nicknames (RFC 2813 §4.2.2).
    Njoin "NJOIN" { channel: text, members: list }
    /// A channel, its time, modes and members at a burst (TS6).
    Sjoin "SJOIN" { ts: text, channel: text, modes: text, arguments: rest, members: words }
    /// What a channel is: modes, key, limit, topic (IRC+).
    ChaninfoFull "CHANINFO" { channel: text, modes: text, key: text, limit: text, topic: text }
    /// What a channel without key and limit is (IRC+).
    Chaninfo "CHANINFO" { channel: text, modes: text, topic: optional text }
    /// Takes part in a channel that has this time (TS6).
    JoinTs "JOIN" { ts: text, channel: text, modes: text }
    /// Takes part in channels; a `^G` may separate modes (RFC 2813 §4.2.1).
    Join "JOIN" { channels: list }
    /// Leaves channels.
    Part "PART" { channels: list, reason: optional text }
    /// Puts a user out of a channel.
    Kick "KICK" { channel: text, target: text, comment: optional text }
    /// Modes of a user, and of a channel in RFC 2813.
    Mode "MODE" { target: text, modes: text, arguments: rest }
    /// Modes of a channel that has this time (TS6).
    Tmode "TMODE" { ts: text, channel: text, modes: text, arguments: rest }
    /// Masks of one list of a channel (TS6).
    Bmask "BMASK" { ts: text, channel: text, mode: text, masks: words }
    /// Modes that services hold fixed (charybdis).
    Mlock "MLOCK" { ts: text, channel: text, ts_of_lock: text, modes: text }
    /// A topic and its setter at a burst (TS6).
    Tb "TB" { channel: text, ts: text, setter: optional text, topic: last }
    /// A topic with the channel's time (charybdis).
    Etb "ETB" { channel_ts: text, channel: text, ts: text, setter: text, extensions: rest, topic: last }
    /// A topic.
    Topic "TOPIC" { channel: text, topic: text }
    /// Invites into a channel, with its time under TS.
    Invite "INVITE" { nick: text, channel: text, ts: optional text }
    /// Asks to be invited (TS6).
    Knock "KNOCK" { channel: text }

    // Messages

    /// Text.
    Privmsg "PRIVMSG" { target: text, text: text }
    /// Text to which no program answers.
    Notice "NOTICE" { target: text, text: text }
    /// Tags alone.
    Tagmsg "TAGMSG" { target: text }
    /// Text for a service.
    Squery "SQUERY" { service: text, text: text }
    /// Text for all that want such.
    Wallops "WALLOPS" { text: text }
    /// Text for operators.
    Operwall "OPERWALL" { text: text }

    // What is passed through ENCAP (TS6)

    /// A user that comes with the burst is logged in.
    EncapLogin "ENCAP" { target: text } "LOGIN" { account: text }
    /// A user is logged in, or out without an account.
    EncapSu "ENCAP" { target: text } "SU" { uid: text, account: optional text }
    /// A user's real host.
    EncapRealhost "ENCAP" { target: text } "REALHOST" { host: text }
    /// A user's certificate.
    EncapCertfp "ENCAP" { target: text } "CERTFP" { fingerprint: text }
    /// A user's host was changed.
    EncapChghost "ENCAP" { target: text } "CHGHOST" { uid: text, host: text }
    /// What a server is capable of, for those behind.
    EncapGcap "ENCAP" { target: text } "GCAP" { capabilities: words }
    /// SASL between a server and services.
    EncapSasl "ENCAP" { target: text } "SASL" { from: text, to: text, mode: text, data: rest }
    /// Any other command, passed on by who does not know it.
    Encap "ENCAP" { target: text, command: text, arguments: rest }

    // Bans of the network

    /// A ban of `user@host` (TS6).
    Kline "KLINE" { servers: text, duration: text, user: text, host: text, reason: last }
    /// The end of such a ban.
    Unkline "UNKLINE" { servers: text, user: text, host: text }
    /// A ban of `user@host`; without the rest, its end (ngIRCd).
    Gline "GLINE" { mask: text, seconds: optional text, reason: optional text }
    /// A ban that is kept by all servers (charybdis).
    Ban "BAN" {
        kind: text, user: text, host: text, created: text, duration: text, lifetime: text, oper: text, reason: last
    }
    /// A ban of a name (TS6).
    Resv "RESV" { servers: text, name: text, reason: last }
    /// The end of such a ban.
    Unresv "UNRESV" { servers: text, name: text }
    /// A ban of real names (TS6).
    Xline "XLINE" { servers: text, realname: text, kind: text, reason: last }
    /// The end of such a ban.
    Unxline "UNXLINE" { servers: text, realname: text }

    // Questions to another server, as a client asks them

    /// The message of the day.
    Motd "MOTD" { server: optional text }
    /// How many users there are.
    Lusers "LUSERS" { mask: optional text, server: optional text }
    /// Which program it is.
    Version "VERSION" { server: optional text }
    /// Statistics.
    Stats "STATS" { query: optional text, server: optional text }
    /// Which servers it knows.
    Links "LINKS" { server: optional text, mask: text }
    /// What time it is there.
    Time "TIME" { server: optional text }
    /// The way to a target.
    Trace "TRACE" { target: optional text }
    /// Who runs it.
    Admin "ADMIN" { target: optional text }
    /// What it is.
    Info "INFO" { target: optional text }
    /// About a user.
    Whois "WHOIS" { server: optional text, nicks: list }
    /// About a nickname that is gone.
    Whowas "WHOWAS" { nicks: list, count: optional text, server: optional text }
}
