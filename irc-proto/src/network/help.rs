//! What HELP says (RPL_HELPSTART 704, RPL_HELPTXT 705, RPL_ENDOFHELP 706).

/// The text of a topic, by its name in either case; without a topic an overview.
pub(crate) fn text(topic: &[u8]) -> Option<(&'static str, &'static str)> {
    if topic.is_empty() {
        return Some(("index", "The commands that can be asked about with HELP and their name:"));
    }
    TOPICS.iter().copied().find(|(name, _)| name.as_bytes().eq_ignore_ascii_case(topic))
}

/// The names of all topics.
pub(crate) fn topics() -> impl Iterator<Item = &'static str> {
    TOPICS.iter().map(|(name, _)| *name)
}

/// Each command and how it is used.
const TOPICS: &[(&str, &str)] = &[
    ("ACCEPT", "ACCEPT nick[,-nick]: who may write to you in spite of your mode +g; ACCEPT * lists them."),
    ("ADMIN", "ADMIN: who runs this server."),
    ("AWAY", "AWAY [:text]: tells others that you are away, or, without a text, that you are back."),
    (
        "BATCH",
        "BATCH +reference draft/multiline target, lines tagged with it, BATCH -reference: sends one message of several lines.",
    ),
    (
        "CHATHISTORY",
        "CHATHISTORY LATEST|BEFORE|AFTER|AROUND|BETWEEN target reference [reference] limit, or TARGETS timestamp timestamp limit: what was said before.",
    ),
    ("HELP", "HELP [command]: how a command is used."),
    ("INFO", "INFO: what this server is."),
    ("INVITE", "INVITE nick channel: asks somebody into a channel."),
    ("ISON", "ISON nick ...: which of these are here."),
    ("ISUPPORT", "ISUPPORT: what this server can do, as it told at the start."),
    ("JOIN", "JOIN channel[,channel] [key[,key]]: enters channels. JOIN 0 leaves them all."),
    ("KICK", "KICK channel nick[,nick] [:reason]: puts users out of a channel."),
    ("KILL", "KILL nick :reason: ends somebody's connection; for operators."),
    ("KNOCK", "KNOCK channel [:text]: asks to be let into a channel that takes only the invited."),
    ("LINKS", "LINKS: the servers of this network."),
    (
        "LIST",
        "LIST [channel|mask|!mask|>n|<n|C>n|C<n|T>n|T<n][,...]: channels, by name, users, minutes since they were made or their topic was set.",
    ),
    ("LUSERS", "LUSERS: how many users and channels there are."),
    ("MAP", "MAP: the servers of this network and how many users they have."),
    ("MARKREAD", "MARKREAD target [timestamp=...]: up to when you have read a channel or conversation."),
    ("METADATA", "METADATA target GET|LIST|SET|CLEAR|SUB|UNSUB|SUBS|SYNC ...: keys and values of users and channels."),
    ("MODE", "MODE target [modes [arguments]]: the modes of a channel or of yourself."),
    ("MONITOR", "MONITOR + nick[,nick], - nick[,nick], C, L or S: tells you when somebody comes and goes."),
    ("MOTD", "MOTD: the message of the day."),
    ("NAMES", "NAMES channel[,channel]: who is in a channel."),
    ("NICK", "NICK nick: changes your nickname."),
    ("NOTICE", "NOTICE target :text: sends a message that no program answers."),
    ("OPER", "OPER name password: makes you an operator."),
    ("PART", "PART channel[,channel] [:reason]: leaves channels."),
    ("PING", "PING token: asks for a PONG."),
    ("PRIVMSG", "PRIVMSG target[,target] :text: sends a message to users and channels."),
    ("QUIT", "QUIT [:reason]: ends the connection."),
    ("REDACT", "REDACT target msgid [:reason]: takes a message back."),
    ("REHASH", "REHASH: has the configuration read again; for operators."),
    ("RENAME", "RENAME channel channel [:reason]: gives a channel another name."),
    ("SETNAME", "SETNAME :name: changes your real name."),
    ("SILENCE", "SILENCE +mask[,-mask]: whose private messages you do not want to hear; SILENCE lists them."),
    ("STATS", "STATS letter: u is how long the server has been up, m how often each command came, o the operators."),
    ("TAGMSG", "TAGMSG target: sends tags without a text."),
    ("TIME", "TIME: the server's time."),
    ("TOPIC", "TOPIC channel [:text]: shows or sets a channel's topic."),
    ("USERHOST", "USERHOST nick ...: user and host of up to five users."),
    ("VERSION", "VERSION: which program this server runs, and what it can do."),
    ("WALLOPS", "WALLOPS :text: writes to all who asked for it; for operators."),
    ("WATCH", "WATCH +nick -nick, C, S, l or L: tells you when somebody comes and goes; MONITOR does, too."),
    ("WHO", "WHO channel|mask [o] [%fields[,token]]: users and what is known of them."),
    ("WHOIS", "WHOIS nick: all that is known of a user."),
    ("WHOWAS", "WHOWAS nick [count]: who had this nickname before."),
];

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn a_topic_is_found_by_its_name() {
        assert_eq!(text(b"whois").map(|(name, _)| name), Some("WHOIS"));
        assert_eq!(text(b"").map(|(name, _)| name), Some("index"));
        assert_eq!(text(b"nothing"), None);
        assert!(topics().is_sorted());
    }

    #[test]
    fn there_is_a_topic_for_each_command() {
        let words = super::super::TABLE.iter().map(|row| row.word);
        let missing: Vec<_> = words.clone().filter(|word| text(word.as_bytes()).is_none()).collect();
        assert_eq!(missing, ["HELPOP", "SUMMON", "USERS"]);
        // The session answers this one.
        assert!(topics().filter(|topic| !words.clone().any(|word| word == *topic)).eq(["PING"]));
    }

    #[test]
    fn a_text_fits_into_a_line() {
        assert!(TOPICS.iter().all(|(name, text)| text.starts_with(name) && text.len() <= 300));
    }
}
