//! What servers send their clients.

use super::table::messages;

messages! {
    /// What a server sends its clients, other than numerics, which are [`Reply`](super::Reply): RFC 2812 §3, <https://modern.ircdocs.horse>,
    /// IRCv3. What clients did comes with them as its source.
    FromServer

    // The session

    /// What the server is capable of (IRCv3 capability-negotiation). `more` is `*` where another line follows.
    CapLs "CAP" { client: text } "LS" { more: optional text, capabilities: words }
    /// Which capabilities are enabled.
    CapList "CAP" { client: text } "LIST" { more: optional text, capabilities: words }
    /// What was asked for is so.
    CapAck "CAP" { client: text } "ACK" { more: optional text, capabilities: words }
    /// What was asked for is not so, none of it.
    CapNak "CAP" { client: text } "NAK" { more: optional text, capabilities: words }
    /// There are capabilities that were not there before.
    CapNew "CAP" { client: text } "NEW" { more: optional text, capabilities: words }
    /// Capabilities are gone.
    CapDel "CAP" { client: text } "DEL" { more: optional text, capabilities: words }
    /// A challenge, or `+` (IRCv3 sasl).
    Authenticate "AUTHENTICATE" { data: text }
    /// An account was made (IRCv3 account-registration).
    RegisterSuccess "REGISTER" {} "SUCCESS" { account: text, text: last }
    /// An account was made and must be verified.
    RegisterVerificationRequired "REGISTER" {} "VERIFICATION_REQUIRED" { account: text, text: last }
    /// An account was verified.
    VerifySuccess "VERIFY" {} "SUCCESS" { account: text, text: last }
    /// Wants to know whether the client is still there (RFC 2812 §3.7.2).
    Ping "PING" { token: text, server: optional text }
    /// Answers a PING (RFC 2812 §3.7.3).
    Pong "PONG" { server: optional text, token: last }
    /// The session ends, and why (RFC 2812 §3.7.4).
    Error "ERROR" { reason: text }
    /// A labelled command was done, and has no other answer (IRCv3 labeled-response).
    Ack "ACK" {}
    /// A command failed (IRCv3 standard-replies). `command` is `*` where it is about none.
    Fail "FAIL" { command: text, code: text, context: rest, description: last }
    /// A command was done, and there is something to know about it.
    Warn "WARN" { command: text, code: text, context: rest, description: last }
    /// Something to know.
    Note "NOTE" { command: text, code: text, context: rest, description: last }
    /// Begins (`+`) or ends (`-`) a batch (IRCv3 batch). The sign is part of `reference`.
    Batch "BATCH" { reference: text, kind: optional text, arguments: rest }

    // Channels

    /// Takes part in a channel; with extended-join `account` is there, `*` for none, and `realname`.
    Join "JOIN" { channels: list, account: optional text, realname: optional text }
    /// Leaves channels.
    Part "PART" { channels: list, reason: optional text }
    /// Modes were changed.
    Mode "MODE" { target: text, modes: optional text, arguments: rest }
    /// The topic was changed; to an empty one: removed.
    Topic "TOPIC" { channel: text, topic: text }
    /// A user was invited: oneself, or another (IRCv3 invite-notify).
    Invite "INVITE" { nick: text, channel: text }
    /// A user was put out of a channel.
    Kick "KICK" { channel: text, nick: text, comment: optional text }
    /// A channel has another name (IRCv3 channel-rename).
    Rename "RENAME" { channel: text, name: text, reason: optional text }

    // Messages

    /// Text.
    Privmsg "PRIVMSG" { target: text, text: text }
    /// Text to which no program answers.
    Notice "NOTICE" { target: text, text: text }
    /// Tags alone (IRCv3 message-tags).
    Tagmsg "TAGMSG" { target: text }
    /// Text of an operator or a server to all that want such.
    Wallops "WALLOPS" { text: text }
    /// A message is no longer to be shown (IRCv3 message-redaction).
    Redact "REDACT" { target: text, msgid: text, reason: optional text }
    /// How far a target was read; `*` where it never was (IRCv3 read-marker).
    Markread "MARKREAD" { target: text, timestamp: optional text }
    /// A target with messages, and when the newest was sent (IRCv3 chathistory).
    ChathistoryTargets "CHATHISTORY" {} "TARGETS" { target: text, timestamp: text }
    /// A hit of a search (soju.im/search).
    Search "SEARCH" { attributes: text }

    // Users

    /// Another nickname.
    Nick "NICK" { nick: text }
    /// A session has ended.
    Quit "QUIT" { reason: optional text }
    /// A session was ended by an operator.
    Kill "KILL" { nick: text, comment: optional text }
    /// Is away, or back (IRCv3 away-notify).
    Away "AWAY" { text: optional text }
    /// Logged in, or out with `*` (IRCv3 account-notify).
    Account "ACCOUNT" { account: text }
    /// Another user name and host (IRCv3 chghost).
    Chghost "CHGHOST" { user: text, host: text }
    /// Another real name (IRCv3 setname).
    Setname "SETNAME" { realname: text }
    /// A key of a target has a value, or none (IRCv3 metadata).
    Metadata "METADATA" { target: text, key: text, visibility: text, value: optional text }
    /// A bouncer's networks (soju.im/bouncer-networks).
    Bouncer "BOUNCER" { subcommand: text, arguments: rest }
    /// Push notices (soju.im/webpush).
    Webpush "WEBPUSH" { subcommand: text, arguments: rest }
    /// A token that proves who one is (draft/extjwt). `more` is `*` where another piece follows.
    Extjwt "EXTJWT" { target: text, service: text, more: optional text, token: last }
}
