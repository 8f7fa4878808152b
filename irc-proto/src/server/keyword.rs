use wirestate_machine::plugin::Kind;
use wirestate_machine::table::Named;

use super::Custom;
use crate::codec::{Command, Message};

/// What a command is to the session: the rows of its [`TABLE`](super::TABLE).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum Keyword {
    /// `PASS` (RFC 2812 §3.1.1)
    Pass,
    /// `NICK` (RFC 2812 §3.1.2)
    Nick,
    /// `USER` (RFC 2812 §3.1.3)
    User,
    /// `CAP` (IRCv3 capability-negotiation)
    Cap,
    /// `AUTHENTICATE` (IRCv3 sasl-3.2)
    Authenticate,
    /// `STARTTLS` (IRCv3 tls-3.1)
    Starttls,
    /// `WEBIRC` (IRCv3 webirc)
    Webirc,
    /// `PING` (RFC 2812 §3.7.2)
    Ping,
    /// `PONG` (RFC 2812 §3.7.3)
    Pong,
    /// `QUIT` (RFC 2812 §3.1.7)
    Quit,
    /// `AWAY` (RFC 2812 §4.1), which is the session's own before registration alone (IRCv3 pre-away)
    Away,
    /// `ISUPPORT` (IRCv3 extended-isupport), likewise
    Isupport,
    /// `REGISTER` (IRCv3 account-registration)
    Register,
    /// `VERIFY` (IRCv3 account-registration)
    Verify,
    /// Any other command of RFC 2812 and IRCv3, which the application serves.
    Served,
    /// A command of the configuration's own, or none at all.
    Custom,
}

impl Named for Keyword {
    fn index(self) -> usize {
        self as usize
    }

    fn name(self) -> &'static str {
        match self {
            Keyword::Pass => "PASS",
            Keyword::Nick => "NICK",
            Keyword::User => "USER",
            Keyword::Cap => "CAP",
            Keyword::Authenticate => "AUTHENTICATE",
            Keyword::Starttls => "STARTTLS",
            Keyword::Webirc => "WEBIRC",
            Keyword::Ping => "PING",
            Keyword::Pong => "PONG",
            Keyword::Quit => "QUIT",
            Keyword::Away => "AWAY",
            Keyword::Isupport => "ISUPPORT",
            Keyword::Register => "REGISTER",
            Keyword::Verify => "VERIFY",
            Keyword::Served => "(served)",
            Keyword::Custom => "(custom)",
        }
    }
}

/// A command that is known: what it is to the session, and without how many parameters it is answered by ERR_NEEDMOREPARAMS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) keyword: Keyword,
    pub(super) least: u8,
}

impl Known {
    /// Whether the command has as many parameters as it must have.
    #[inline]
    pub(super) fn has_params(self, message: Message<&[u8]>) -> bool {
        self.least == 0 || message.has_param(usize::from(self.least) - 1)
    }
}

/// The place in an [`Interest`](wirestate_machine::plugin::Interest) mask of a command of this name: the commands of the session have
/// places of their own, as have the most frequent others; numerics share place 62, and all else place 63.
pub fn place(command: &str) -> u32 {
    place_of(&Command::Word(command.as_bytes()))
}

fn place_of(command: &Command<'_>) -> u32 {
    const FREQUENT: [&[u8]; 11] =
        [b"PRIVMSG", b"NOTICE", b"TAGMSG", b"JOIN", b"PART", b"KICK", b"MODE", b"TOPIC", b"INVITE", b"WHO", b"NAMES"];
    const FIRST: u32 = Keyword::Custom as u32;
    let Command::Word(word) = command else { return 62 };
    if let Some(at) = FREQUENT.iter().position(|one| one.eq_ignore_ascii_case(word)) {
        return FIRST + at as u32;
    }
    match find(word, &[]) {
        Some(known) if (known.keyword as u32) < Keyword::Served as u32 => known.keyword as u32,
        _ => 63,
    }
}

impl<T: AsRef<[u8]>> Kind for Message<T> {
    /// See [`place`].
    fn bit(&self) -> u32 {
        place_of(&self.borrow().command())
    }
}

/// What this word is, if it is a command here.
pub(super) fn find(word: &[u8], custom: &[Custom]) -> Option<Known> {
    match key(word).and_then(find_key) {
        Some(known) => Some(known),
        None => find_rare(word, custom),
    }
}

fn find_key(key: u64) -> Option<Known> {
    let mut slot = slot(key);
    // A free slot has the place of no command.
    while let Some((one, known)) = COMMANDS.get(usize::from(PLACES[slot])) {
        if *one == key {
            return Some(*known);
        }
        slot = (slot + 1) % SLOTS;
    }
    None
}

#[cold]
fn find_rare(word: &[u8], custom: &[Custom]) -> Option<Known> {
    match LONG_COMMANDS.iter().find(|(long, _)| long.as_bytes().eq_ignore_ascii_case(word)) {
        Some((_, known)) => Some(*known),
        None => custom.iter().find(|one| one.is(word)).map(Custom::known),
    }
}

/// A word of at most 8 bytes as a number, the same in either case. Only letters become what letters do; and as no word has a NUL or a blank in
/// it, what is shorter is never the same as what is longer.
const fn key(word: &[u8]) -> Option<u64> {
    let key = match (word, word) {
        // Both halves, of which the second may lie across the first: there they are the same.
        (&[a, b, c, d, ..], &[.., w, x, y, z]) if word.len() <= 8 => {
            let at = 8 * (word.len() - 4);
            u32::from_le_bytes([a, b, c, d]) as u64 | (u32::from_le_bytes([w, x, y, z]) as u64) << at
        }
        (&[a, b, c], _) => u32::from_le_bytes([a, b, c, 0]) as u64,
        (&[a, b], _) => u16::from_le_bytes([a, b]) as u64,
        (&[a], _) => a as u64,
        (&[], _) => 0,
        _ => return None,
    };
    Some(key & UPPER)
}

/// Takes the bit off by which ASCII tells cases apart.
const UPPER: u64 = u64::from_le_bytes([0xdf; 8]);

const fn known(word: &str, keyword: Keyword, least: u8) -> (u64, Known) {
    match key(word.as_bytes()) {
        Some(key) => (key, Known { keyword, least }),
        None => panic!("longer commands have their own table"),
    }
}

const fn served(word: &str, least: u8) -> (u64, Known) {
    known(word, Keyword::Served, least)
}

/// Commands of more than 8 letters.
const LONG_COMMANDS: [(&str, Known); 2] = [
    ("AUTHENTICATE", Known { keyword: Keyword::Authenticate, least: 1 }),
    ("CHATHISTORY", Known { keyword: Keyword::Served, least: 0 }),
];

/// All other commands. Where the parameters are to be missed in another way (431, 411, 412, FAIL), the least number is 0, and whoever serves the
/// command says so.
static COMMANDS: [(u64, Known); 66] = [
    known("PASS", Keyword::Pass, 1),
    known("NICK", Keyword::Nick, 0),
    known("USER", Keyword::User, 4),
    known("CAP", Keyword::Cap, 1),
    known("STARTTLS", Keyword::Starttls, 0),
    known("WEBIRC", Keyword::Webirc, 4),
    known("PING", Keyword::Ping, 1),
    known("PONG", Keyword::Pong, 0),
    known("QUIT", Keyword::Quit, 0),
    served("ACCEPT", 0),
    served("ADMIN", 0),
    known("AWAY", Keyword::Away, 0),
    served("BATCH", 1),
    served("CONNECT", 1),
    served("DIE", 0),
    served("HELP", 0),
    served("HELPOP", 0),
    served("INFO", 0),
    served("INVITE", 0),
    served("ISON", 1),
    known("ISUPPORT", Keyword::Isupport, 0),
    served("JOIN", 1),
    served("KICK", 2),
    served("KILL", 1),
    served("KNOCK", 1),
    served("LINKS", 0),
    served("LIST", 0),
    served("LUSERS", 0),
    served("MARKREAD", 0),
    served("METADATA", 0),
    served("MODE", 1),
    served("MONITOR", 1),
    served("MOTD", 0),
    served("NAMES", 0),
    served("NOTICE", 0),
    served("OPER", 2),
    served("PART", 1),
    served("PRIVMSG", 0),
    served("REDACT", 0),
    known("REGISTER", Keyword::Register, 0),
    served("REHASH", 0),
    served("RENAME", 0),
    served("RESTART", 0),
    served("SERVLIST", 0),
    served("SETNAME", 1),
    served("SILENCE", 0),
    served("SQUERY", 0),
    served("SQUIT", 1),
    served("STATS", 0),
    served("SUMMON", 0),
    served("TAGMSG", 1),
    served("TIME", 0),
    served("TOPIC", 1),
    served("TRACE", 0),
    served("USERHOST", 1),
    served("USERIP", 1),
    served("USERS", 0),
    known("VERIFY", Keyword::Verify, 0),
    served("VERSION", 0),
    served("VHOST", 0),
    served("WALLOPS", 1),
    served("WATCH", 0),
    served("WHO", 0),
    served("WHOIS", 0),
    served("WHOWAS", 0),
    served("WHOX", 0),
];

/// Four times as many as there are commands: most have their own.
const SLOTS: usize = 256;

/// Where a command is looked for first, and then in the slots that follow.
const fn slot(key: u64) -> usize {
    // The highest bits depend on all letters. The factor is 2^64 over the golden ratio, as for any such table.
    (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as usize
}

/// The place among the commands of what is found in each slot.
static PLACES: [u8; SLOTS] = {
    let mut places = [u8::MAX; SLOTS];
    let mut place = 0;
    while place < COMMANDS.len() {
        let mut slot = slot(COMMANDS[place].0);
        while places[slot] != u8::MAX {
            slot = (slot + 1) % SLOTS;
        }
        places[slot] = place as u8;
        place += 1;
    }
    places
};

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn commands_are_found_in_either_case_and_once_each() {
        for (at, (key, known)) in COMMANDS.iter().enumerate() {
            assert_eq!(find_key(*key), Some(*known));
            assert!(COMMANDS[..at].iter().all(|(earlier, _)| earlier != key));
        }
        assert_eq!(find(b"privMsg", &[]), Some(Known { keyword: Keyword::Served, least: 0 }));
        assert_eq!(find(b"Authenticate", &[]).map(|known| known.keyword), Some(Keyword::Authenticate));
        for word in [&b""[..], b"FOO", b"PRIVMSGX", b"XPRIVMSG", b"PASS0", b"0PASS", b"AUTHENTICATEAUTHENTICATE"] {
            assert_eq!(find(word, &[]), None);
        }
    }

    #[test]
    fn custom_commands_are_found_after_the_known_ones() {
        let custom = vec![Custom::new("XLONGERTHANFIFTEENLETTERS", 2, true).unwrap()];
        let found = find(b"xlongerthanfifteenletters", &custom).unwrap();
        assert_eq!((found.keyword, found.least), (Keyword::Custom, 2));
    }

    #[test]
    fn places_tell_commands_apart() {
        assert_eq!(place("pass"), 0);
        assert_eq!(place("QUIT"), Keyword::Quit as u32);
        assert_ne!(place("PRIVMSG"), place("NOTICE"));
        assert_eq!((place("FOO"), place("WHOIS")), (63, 63));
        let numeric = Message::parse(&b":s 001 ann :hi"[..], crate::codec::Profile::Strict).unwrap();
        assert_eq!(numeric.bit(), 62);
    }
}
