//! The grammar of IRC messages, without state (RFC 1459, RFC 2812, <https://modern.ircdocs.horse> and IRCv3 message-tags).
