//! What clients send.

use super::table::messages;

messages! {
    /// What a client sends its server: RFC 1459 §4 and §5, RFC 2812 §3 and §4, <https://modern.ircdocs.horse>, IRCv3.
    FromClient

    // Registration

    /// The connection's password, before NICK and USER (RFC 2812 §3.1.1).
    Pass "PASS" { password: text }
    /// The nickname, or another one (RFC 2812 §3.1.2).
    Nick "NICK" { nick: text }
    /// Who the user is (RFC 2812 §3.1.3). `unused` is `*`.
    User "USER" { user: text, mode: text, unused: text, realname: text }
    /// Asks for an operator's rights (RFC 2812 §3.1.4).
    Oper "OPER" { name: text, password: text }
    /// Registers as a service (RFC 2812 §3.1.6).
    Service "SERVICE" { nick: text, reserved: text, distribution: text, kind: text, reserved_too: text, info: text }
    /// Ends the session (RFC 2812 §3.1.7).
    Quit "QUIT" { reason: optional text }
    /// Breaks a link between servers (RFC 2812 §3.1.8).
    Squit "SQUIT" { server: text, comment: optional text }
    /// Asks what the server is capable of, and begins negotiation (IRCv3 capability-negotiation).
    CapLs "CAP" {} "LS" { version: optional text }
    /// Asks which capabilities are enabled.
    CapList "CAP" {} "LIST" {}
    /// Asks for capabilities, or their end.
    CapReq "CAP" {} "REQ" { capabilities: words }
    /// Confirms capabilities; no longer in use.
    CapAck "CAP" {} "ACK" { capabilities: words }
    /// Ends negotiation.
    CapEnd "CAP" {} "END" {}
    /// A mechanism, a response or `*` (IRCv3 sasl).
    Authenticate "AUTHENTICATE" { data: text }
    /// Makes an account (IRCv3 account-registration). `account` may be `*`: the nickname's; `email` too: none.
    Register "REGISTER" { account: text, email: text, password: text }
    /// Proves an account's address with the code that was sent there.
    Verify "VERIFY" { account: text, code: text }
    /// Asks for TLS (IRCv3 tls-3.1).
    Starttls "STARTTLS" {}
    /// A gateway tells whom it speaks for (IRCv3 webirc).
    Webirc "WEBIRC" { password: text, gateway: text, host: text, ip: text, options: optional text }
    /// Asks for extensions in the old way: NAMESX, UHNAMES.
    Protoctl "PROTOCTL" { tokens: rest }
    /// Asks for the server's tokens before registration (IRCv3 extended-isupport).
    Isupport "ISUPPORT" {}
    /// Probes the server (RFC 2812 §3.7.2).
    Ping "PING" { token: text, server: optional text }
    /// Answers a PING (RFC 2812 §3.7.3).
    Pong "PONG" { token: text, server: optional text }
    /// A fault; servers pass over those of clients (RFC 2812 §3.7.4).
    Error "ERROR" { reason: text }

    // Channels

    /// Takes part in channels; `0` leaves all (RFC 2812 §3.2.1).
    Join "JOIN" { channels: list, keys: optional list }
    /// Leaves channels (RFC 2812 §3.2.2).
    Part "PART" { channels: list, reason: optional text }
    /// Changes or asks for modes of a channel or of oneself (RFC 2812 §3.1.5 and §3.2.3).
    Mode "MODE" { target: text, modes: optional text, arguments: rest }
    /// Sets, removes or asks for a topic (RFC 2812 §3.2.4).
    Topic "TOPIC" { channel: text, topic: optional text }
    /// Asks who is in channels (RFC 2812 §3.2.5).
    Names "NAMES" { channels: optional list, server: optional text }
    /// Asks for channels, by name or by the conditions of ELIST (RFC 2812 §3.2.6).
    List "LIST" { channels: optional list, more: optional list }
    /// Invites into a channel (RFC 2812 §3.2.7); with nothing it asks for one's invitations.
    Invite "INVITE" { nick: optional text, channel: optional text }
    /// Puts users out of channels (RFC 2812 §3.2.8).
    Kick "KICK" { channels: list, users: list, comment: optional text }
    /// Asks to be invited.
    Knock "KNOCK" { channel: text, text: optional text }
    /// Gives a channel another name (IRCv3 channel-rename).
    Rename "RENAME" { channel: text, name: text, reason: optional text }

    // Messages

    /// Text for clients and channels (RFC 2812 §3.3.1).
    Privmsg "PRIVMSG" { targets: list, text: text }
    /// Text to which no program answers (RFC 2812 §3.3.2).
    Notice "NOTICE" { targets: list, text: text }
    /// Tags alone (IRCv3 message-tags).
    Tagmsg "TAGMSG" { targets: list }
    /// Text for a service (RFC 2812 §3.5.2).
    Squery "SQUERY" { service: text, text: text }
    /// PRIVMSG to who shares a channel, past limits on targets.
    Cprivmsg "CPRIVMSG" { nick: text, channel: text, text: text }
    /// NOTICE to who shares a channel, past limits on targets.
    Cnotice "CNOTICE" { nick: text, channel: text, text: text }
    /// Begins (`+`) or ends (`-`) a batch (IRCv3 client-batch, multiline). The sign is part of `reference`.
    Batch "BATCH" { reference: text, kind: optional text, arguments: rest }
    /// Removes a message that was sent (IRCv3 message-redaction).
    Redact "REDACT" { target: text, msgid: text, reason: optional text }
    /// Tells, or asks, how far a target was read (IRCv3 read-marker).
    Markread "MARKREAD" { target: text, timestamp: optional text }
    /// Messages before one (IRCv3 chathistory).
    ChathistoryBefore "CHATHISTORY" {} "BEFORE" { target: text, from: text, limit: text }
    /// Messages after one.
    ChathistoryAfter "CHATHISTORY" {} "AFTER" { target: text, from: text, limit: text }
    /// The newest messages, back to one or to `*`.
    ChathistoryLatest "CHATHISTORY" {} "LATEST" { target: text, to: text, limit: text }
    /// Messages on both sides of one.
    ChathistoryAround "CHATHISTORY" {} "AROUND" { target: text, at: text, limit: text }
    /// Messages between two.
    ChathistoryBetween "CHATHISTORY" {} "BETWEEN" { target: text, from: text, to: text, limit: text }
    /// Targets with messages between two times.
    ChathistoryTargets "CHATHISTORY" {} "TARGETS" { from: text, to: text, limit: text }
    /// Searches messages (soju.im/search).
    Search "SEARCH" { attributes: text }

    // Users

    /// Asks about users by mask or channel; `fields` are WHOX's, or `o` (RFC 2812 §3.6.1).
    Who "WHO" { mask: optional text, fields: optional text }
    /// Asks about users by nickname (RFC 2812 §3.6.2).
    Whois "WHOIS" { server: optional text, nicks: list }
    /// Asks about nicknames that are gone (RFC 2812 §3.6.3).
    Whowas "WHOWAS" { nicks: list, count: optional text, server: optional text }
    /// Asks for host names (RFC 2812 §4.8).
    Userhost "USERHOST" { nicks: rest }
    /// Asks for addresses; for operators.
    Userip "USERIP" { nicks: rest }
    /// Asks who is here (RFC 2812 §4.9).
    Ison "ISON" { nicks: rest }
    /// Is away, or back (RFC 2812 §4.1, IRCv3 pre-away).
    Away "AWAY" { text: optional text }
    /// Another real name (IRCv3 setname).
    Setname "SETNAME" { realname: text }
    /// Watches nicknames (IRCv3 monitor).
    MonitorAdd "MONITOR" {} "+" { nicks: list }
    /// Watches nicknames no longer.
    MonitorRemove "MONITOR" {} "-" { nicks: list }
    /// Watches nobody.
    MonitorClear "MONITOR" {} "C" {}
    /// Asks whom it watches.
    MonitorList "MONITOR" {} "L" {}
    /// Asks which of them are here.
    MonitorStatus "MONITOR" {} "S" {}
    /// The older form of MONITOR: `+nick`, `-nick`, `C`, `L`, `S`.
    Watch "WATCH" { changes: rest }
    /// Masks that may not write to this user.
    Silence "SILENCE" { masks: optional list }
    /// Who may write to this user in spite of its mode.
    Accept "ACCEPT" { nicks: list }
    /// Reads keys (IRCv3 metadata).
    MetadataGet "METADATA" { target: text } "GET" { keys: rest }
    /// Reads all keys.
    MetadataList "METADATA" { target: text } "LIST" {}
    /// Sets a key, or removes it.
    MetadataSet "METADATA" { target: text } "SET" { key: text, value: optional text }
    /// Removes all keys.
    MetadataClear "METADATA" { target: text } "CLEAR" {}
    /// Wants to be told of keys.
    MetadataSub "METADATA" { target: text } "SUB" { keys: rest }
    /// Wants not to be told of keys.
    MetadataUnsub "METADATA" { target: text } "UNSUB" { keys: rest }
    /// Asks which keys it is told of.
    MetadataSubs "METADATA" { target: text } "SUBS" {}
    /// Asks for the keys of a target and of all in it.
    MetadataSync "METADATA" { target: text } "SYNC" {}
    /// A bouncer's networks (soju.im/bouncer-networks).
    Bouncer "BOUNCER" { subcommand: text, arguments: rest }
    /// Push notices (soju.im/webpush).
    Webpush "WEBPUSH" { subcommand: text, arguments: rest }
    /// Asks for a token that proves who one is elsewhere (draft/extjwt).
    Extjwt "EXTJWT" { target: text, service: optional text }

    // Servers

    /// The message of the day (RFC 2812 §3.4.1).
    Motd "MOTD" { server: optional text }
    /// How many users there are (RFC 2812 §3.4.2).
    Lusers "LUSERS" { mask: optional text, server: optional text }
    /// Which program the server is (RFC 2812 §3.4.3).
    Version "VERSION" { server: optional text }
    /// Statistics (RFC 2812 §3.4.4).
    Stats "STATS" { query: optional text, server: optional text }
    /// Which servers a server knows (RFC 2812 §3.4.5).
    LinksMatching "LINKS" { server: optional text, mask: text }
    /// Which servers there are.
    Links "LINKS" {}
    /// The network as a tree.
    Map "MAP" {}
    /// What time it is there (RFC 2812 §3.4.6).
    Time "TIME" { server: optional text }
    /// Links two servers (RFC 2812 §3.4.7).
    Connect "CONNECT" { server: text, port: optional text, remote: optional text }
    /// The way to a server or a client (RFC 2812 §3.4.8).
    Trace "TRACE" { target: optional text }
    /// Who runs the server (RFC 2812 §3.4.9).
    Admin "ADMIN" { target: optional text }
    /// What the server is (RFC 2812 §3.4.10).
    Info "INFO" { target: optional text }
    /// Which services there are (RFC 2812 §3.5.1).
    Servlist "SERVLIST" { mask: optional text, kind: optional text }
    /// Help.
    Help "HELP" { subject: optional text }
    /// Help for operators.
    Helpop "HELPOP" { subject: optional text }
    /// The server's rules.
    Rules "RULES" { server: optional text }
    /// Calls a user of the server's machine (RFC 2812 §4.5).
    Summon "SUMMON" { user: text, server: optional text, channel: optional text }
    /// Who is at the server's machine (RFC 2812 §4.6).
    Users "USERS" { server: optional text }

    // Operators

    /// Ends a client's session (RFC 2812 §3.7.1).
    Kill "KILL" { nick: text, comment: optional text }
    /// Text for all users that want such, or for operators (RFC 2812 §4.7).
    Wallops "WALLOPS" { text: text }
    /// Text for operators of the network.
    Operwall "OPERWALL" { text: text }
    /// Text for operators of the network.
    Globops "GLOBOPS" { text: text }
    /// Text for operators of this server.
    Locops "LOCOPS" { text: text }
    /// Reads the configuration again (RFC 2812 §4.2).
    Rehash "REHASH" { arguments: rest }
    /// Ends the server (RFC 2812 §4.3).
    Die "DIE" { server: optional text }
    /// Starts the server again (RFC 2812 §4.4).
    Restart "RESTART" { server: optional text }
    /// Bans users by `user@host`.
    Kline "KLINE" { arguments: rest }
    /// Ends such a ban.
    Unkline "UNKLINE" { mask: text, arguments: rest }
    /// Bans addresses.
    Dline "DLINE" { arguments: rest }
    /// Ends such a ban.
    Undline "UNDLINE" { address: text, arguments: rest }
    /// Bans users of the network.
    Gline "GLINE" { mask: text, arguments: rest }
    /// Bans real names.
    Xline "XLINE" { arguments: rest }
    /// Ends such a ban.
    Unxline "UNXLINE" { realname: text, arguments: rest }
    /// Bans names of nicks and channels.
    Resv "RESV" { arguments: rest }
    /// Ends such a ban.
    Unresv "UNRESV" { name: text, arguments: rest }
    /// Puts a user into channels.
    Sajoin "SAJOIN" { nick: text, channels: list }
    /// Takes a user out of channels.
    Sapart "SAPART" { nick: text, channels: list, reason: optional text }
    /// Changes a user's nickname.
    Sanick "SANICK" { nick: text, new: text }
    /// Changes modes as the server.
    Samode "SAMODE" { target: text, modes: text, arguments: rest }
    /// Changes a user's host.
    Chghost "CHGHOST" { nick: text, host: text }
    /// Asks for an operator's rights by a key.
    Challenge "CHALLENGE" { name: text }
}
