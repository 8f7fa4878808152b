//! Which numerics answer which command, for servers without labels.

use crate::codec::Numeric;
use crate::numerics::*;

/// What a numeric is in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Role {
    /// One line of it.
    Line,
    /// Its end.
    End,
}

/// One command, and the numerics that answer it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Redirect {
    /// The command.
    pub command: &'static str,
    /// The letter that makes the command a query of this kind, as `b` in `MODE #channel b` and `L` in `MONITOR L`; 0 where there is none.
    pub letter: u8,
    /// The parameter of the command that the answer names again, counted from 0.
    pub subject: usize,
    /// The numerics, what each is, and its parameter that names the subject again, counted from 0; 0, the client's own name: none does.
    pub numerics: &'static [(Numeric, Role, usize)],
}

use Role::{End, Line};

/// A kind of query without a letter.
const fn by(command: &'static str, numerics: &'static [(Numeric, Role, usize)]) -> Redirect {
    Redirect { command, letter: 0, subject: 0, numerics }
}

/// A kind of query that its last parameter tells.
const fn lettered(command: &'static str, letter: u8, numerics: &'static [(Numeric, Role, usize)]) -> Redirect {
    Redirect { command, letter, subject: 0, numerics }
}

/// The kinds of queries that are redirected. 263 RPL_TRYAGAIN, 421 ERR_UNKNOWNCOMMAND, 461 ERR_NEEDMOREPARAMS and FAIL end the oldest query of the
/// command that they name; CHATHISTORY is answered by a batch.
pub const REDIRECTS: &[Redirect] = &[
    by(
        "WHOIS",
        &[
            (RPL_AWAY, Line, 1),
            (RPL_WHOISREGNICK, Line, 1),
            (RPL_WHOISUSER, Line, 1),
            (RPL_WHOISSERVER, Line, 1),
            (RPL_WHOISOPERATOR, Line, 1),
            (RPL_WHOISIDLE, Line, 1),
            (RPL_WHOISCHANNELS, Line, 1),
            (RPL_WHOISSPECIAL, Line, 1),
            (RPL_WHOISACCOUNT, Line, 1),
            (RPL_WHOISBOT, Line, 1),
            (RPL_WHOISACTUALLY, Line, 1),
            (RPL_WHOISCERTFP, Line, 1),
            (RPL_WHOISHOST, Line, 1),
            (RPL_WHOISMODES, Line, 1),
            (RPL_WHOISSECURE, Line, 1),
            (RPL_WHOISKEYVALUE, Line, 1),
            (ERR_NOSUCHNICK, Line, 1),
            (RPL_ENDOFWHOIS, End, 1),
            (ERR_NOSUCHSERVER, End, 1),
            (ERR_NONICKNAMEGIVEN, End, 0),
        ],
    ),
    by(
        "WHOWAS",
        &[
            (RPL_WHOWASUSER, Line, 1),
            (RPL_WHOISSERVER, Line, 1),
            (RPL_WHOISACCOUNT, Line, 1),
            (RPL_WHOISACTUALLY, Line, 1),
            (ERR_WASNOSUCHNICK, Line, 1),
            (RPL_ENDOFWHOWAS, End, 1),
            (ERR_NONICKNAMEGIVEN, End, 0),
        ],
    ),
    by(
        "WHO",
        &[
            (RPL_WHOREPLY, Line, 0),
            (RPL_WHOSPCRPL, Line, 0),
            (RPL_ENDOFWHO, End, 1),
            (ERR_NOSUCHSERVER, End, 1),
            (ERR_NOSUCHCHANNEL, End, 1),
        ],
    ),
    by("NAMES", &[(RPL_NAMREPLY, Line, 2), (RPL_ENDOFNAMES, End, 1), (ERR_NOSUCHCHANNEL, End, 1)]),
    by(
        "LIST",
        &[
            (RPL_LISTSTART, Line, 0),
            (RPL_LIST, Line, 0),
            (RPL_LISTEND, End, 0),
            (ERR_TOOMANYMATCHES, End, 0),
            (ERR_NOSUCHSERVER, End, 0),
        ],
    ),
    by("TOPIC", &[(RPL_TOPIC, End, 1), (RPL_NOTOPIC, End, 1), (ERR_NOSUCHCHANNEL, End, 1), (ERR_NOTONCHANNEL, End, 1)]),
    by(
        "MODE",
        &[
            (RPL_CHANNELMODEIS, End, 1),
            (RPL_UMODEIS, End, 0),
            (ERR_NOSUCHCHANNEL, End, 1),
            (ERR_NOTONCHANNEL, End, 1),
            (ERR_NOSUCHNICK, End, 1),
            (ERR_USERSDONTMATCH, End, 0),
        ],
    ),
    lettered(
        "MODE",
        b'b',
        &[
            (RPL_BANLIST, Line, 1),
            (RPL_ENDOFBANLIST, End, 1),
            (ERR_NOSUCHCHANNEL, End, 1),
            (ERR_NOTONCHANNEL, End, 1),
            (ERR_CHANOPRIVSNEEDED, End, 1),
        ],
    ),
    lettered(
        "MODE",
        b'e',
        &[
            (RPL_EXCEPTLIST, Line, 1),
            (RPL_ENDOFEXCEPTLIST, End, 1),
            (ERR_NOSUCHCHANNEL, End, 1),
            (ERR_NOTONCHANNEL, End, 1),
            (ERR_CHANOPRIVSNEEDED, End, 1),
        ],
    ),
    lettered(
        "MODE",
        b'I',
        &[
            (RPL_INVEXLIST, Line, 1),
            (RPL_ENDOFINVEXLIST, End, 1),
            (ERR_NOSUCHCHANNEL, End, 1),
            (ERR_NOTONCHANNEL, End, 1),
            (ERR_CHANOPRIVSNEEDED, End, 1),
        ],
    ),
    lettered(
        "MODE",
        b'q',
        &[
            (RPL_QUIETLIST, Line, 1),
            (RPL_ENDOFQUIETLIST, End, 1),
            (ERR_NOSUCHCHANNEL, End, 1),
            (ERR_NOTONCHANNEL, End, 1),
            (ERR_CHANOPRIVSNEEDED, End, 1),
        ],
    ),
    by("ISON", &[(RPL_ISON, End, 0)]),
    by("USERHOST", &[(RPL_USERHOST, End, 0)]),
    lettered("MONITOR", b'L', &[(RPL_MONLIST, Line, 0), (RPL_ENDOFMONLIST, End, 0)]),
    by(
        "MOTD",
        &[
            (RPL_MOTDSTART, Line, 0),
            (RPL_MOTD, Line, 0),
            (RPL_ENDOFMOTD, End, 0),
            (ERR_NOMOTD, End, 0),
            (ERR_NOSUCHSERVER, End, 1),
        ],
    ),
    by(
        "LUSERS",
        &[
            (RPL_STATSCONN, Line, 0),
            (RPL_LUSERCLIENT, Line, 0),
            (RPL_LUSEROP, Line, 0),
            (RPL_LUSERUNKNOWN, Line, 0),
            (RPL_LUSERCHANNELS, Line, 0),
            (RPL_LUSERME, Line, 0),
            (RPL_LOCALUSERS, Line, 0),
            (RPL_GLOBALUSERS, End, 0),
            (ERR_NOSUCHSERVER, End, 1),
        ],
    ),
    by("VERSION", &[(RPL_VERSION, End, 0), (ERR_NOSUCHSERVER, End, 1)]),
    by("TIME", &[(RPL_TIME, End, 0), (ERR_NOSUCHSERVER, End, 1)]),
    by(
        "ADMIN",
        &[
            (RPL_ADMINME, Line, 0),
            (RPL_ADMINLOC1, Line, 0),
            (RPL_ADMINLOC2, Line, 0),
            (RPL_ADMINEMAIL, End, 0),
            (ERR_NOADMININFO, End, 0),
            (ERR_NOSUCHSERVER, End, 1),
        ],
    ),
    by("INFO", &[(RPL_INFO, Line, 0), (RPL_ENDOFINFO, End, 0), (ERR_NOSUCHSERVER, End, 1)]),
    by("LINKS", &[(RPL_LINKS, Line, 0), (RPL_ENDOFLINKS, End, 0), (ERR_NOSUCHSERVER, End, 1)]),
    by("MAP", &[(RPL_MAP, Line, 0), (RPL_MAPEND, End, 0)]),
    by(
        "STATS",
        &[
            (RPL_STATSLINKINFO, Line, 0),
            (RPL_STATSCOMMANDS, Line, 0),
            (RPL_STATSCLINE, Line, 0),
            (RPL_STATSILINE, Line, 0),
            (RPL_STATSKLINE, Line, 0),
            (RPL_STATSYLINE, Line, 0),
            (RPL_STATSUPTIME, Line, 0),
            (RPL_STATSOLINE, Line, 0),
            (RPL_ENDOFSTATS, End, 0),
            (ERR_NOPRIVILEGES, End, 0),
            (ERR_NOSUCHSERVER, End, 1),
        ],
    ),
    by(
        "HELP",
        &[(RPL_HELPSTART, Line, 0), (RPL_HELPTXT, Line, 0), (RPL_ENDOFHELP, End, 0), (ERR_HELPNOTFOUND, End, 0)],
    ),
    by("AWAY", &[(RPL_UNAWAY, End, 0), (RPL_NOWAWAY, End, 0)]),
    by("OPER", &[(RPL_YOUREOPER, End, 0), (ERR_PASSWDMISMATCH, End, 0), (ERR_NOOPERHOST, End, 0)]),
    by("CHATHISTORY", &[]),
];

/// The kind of a query. A TOPIC that sets a topic and a MODE that changes one are none.
pub(super) fn kind(command: &[u8], params: &[&[u8]]) -> Option<&'static Redirect> {
    let mode = command.eq_ignore_ascii_case(b"MODE");
    let letter = match params {
        [_, letter] if mode => *letter.strip_prefix(b"+").unwrap_or(letter).first()?,
        [letter] if command.eq_ignore_ascii_case(b"MONITOR") => letter.first()?.to_ascii_uppercase(),
        _ => 0,
    };
    let too_many = match params.len() {
        0 | 1 => false,
        2 => command.eq_ignore_ascii_case(b"TOPIC"),
        _ => mode || command.eq_ignore_ascii_case(b"TOPIC"),
    };
    let fits = |one: &&Redirect| one.letter == letter && one.command.as_bytes().eq_ignore_ascii_case(command);
    REDIRECTS.iter().find(fits).filter(|_| !too_many)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_told_from_changes() {
        let kind =
            |command: &str, params: &[&[u8]]| kind(command.as_bytes(), params).map(|kind| (kind.command, kind.letter));
        assert_eq!(kind("mode", &[b"#x", b"+b"]), Some(("MODE", b'b')));
        assert_eq!(kind("MODE", &[b"#x", b"b"]), Some(("MODE", b'b')));
        assert_eq!(kind("MODE", &[b"#x"]), Some(("MODE", 0)));
        assert_eq!(kind("MODE", &[b"#x", b"+o", b"ada"]), None);
        assert_eq!(kind("TOPIC", &[b"#x", b"new"]), None);
        assert_eq!(kind("TOPIC", &[b"#x"]), Some(("TOPIC", 0)));
        assert_eq!(kind("MONITOR", &[b"l"]), Some(("MONITOR", b'L')));
        assert_eq!(kind("MONITOR", &[b"+", b"ada"]), None);
        assert_eq!(kind("PRIVMSG", &[b"#x", b"hi"]), None);
    }

    #[test]
    fn each_kind_has_an_end() {
        for redirect in REDIRECTS.iter().filter(|redirect| redirect.command != "CHATHISTORY") {
            assert!(redirect.numerics.iter().any(|(_, role, _)| *role == Role::End), "{}", redirect.command);
        }
    }
}
