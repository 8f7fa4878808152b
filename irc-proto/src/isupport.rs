//! RPL_ISUPPORT (005): what a server says of itself, read into one view and written from it.
//!
//! draft-hardy-irc-isupport and <https://modern.ircdocs.horse/#rplisupport-parameters>.

mod token;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::ToString as _;
use alloc::vec::Vec;

use crate::Letters;
use crate::casemap::CaseMapping;
use crate::modes::{ModeTypes, Status};

pub use token::{Token, TokenFault, token_lines};

/// A bound that a server names, or says not to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limit {
    /// At most so many.
    Most(u32),
    /// The parameter stands without a value: no bound.
    Unlimited,
}

/// EXTBAN: how extended bans begin, and their types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtBan {
    /// The character before the type, if there is one.
    pub prefix: Option<u8>,
    /// The types.
    pub types: Letters,
}

/// The parameters of one server. [`default`](Isupport::default) is a server that sent none: what RFC 1459 says holds, and no extension is there.
///
/// Lengths are in bytes; `None` says that the server named no bound.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Isupport {
    /// `AWAYLEN`
    pub away_len: Option<u32>,
    /// `BOT`: the user mode that marks bots.
    pub bot: Option<u8>,
    /// `CASEMAPPING`
    pub case_mapping: CaseMapping,
    /// `CHANNELLEN`; 200 by default.
    pub channel_len: Option<u32>,
    /// `CHANTYPES`; `#&` by default. Empty: there are no channels.
    pub channel_types: Letters,
    /// `CHANMODES` and `PREFIX`.
    pub mode_types: ModeTypes,
    /// `CLIENTTAGDENY`: the client-only tags that are not relayed, as they came; see [`denies_client_tag`](Isupport::denies_client_tag).
    pub client_tag_deny: Box<[u8]>,
    /// `ELIST`: the search conditions that LIST knows, in upper case.
    pub list_conditions: Letters,
    /// `EXCEPTS`: the mode of ban exceptions.
    pub excepts: Option<u8>,
    /// `EXTBAN`
    pub extban: Option<ExtBan>,
    /// `HOSTLEN`
    pub host_len: Option<u32>,
    /// `INVEX`: the mode of invite exceptions.
    pub invex: Option<u8>,
    /// `KICKLEN`
    pub kick_len: Option<u32>,
    /// `LINELEN`: bytes of a message without its tags, line end included; 512 by default.
    pub line_len: u32,
    /// `MODES`: changes with an argument in one MODE message; 3 by default.
    pub modes: Limit,
    /// `MONITOR`: how many targets a client may have; `None` when there is no MONITOR.
    pub monitor: Option<Limit>,
    /// `NETWORK`: its name.
    pub network: Option<Box<[u8]>>,
    /// `NICKLEN`; 9 by default.
    pub nick_len: Option<u32>,
    /// `SAFELIST`: LIST does not overflow the send queue.
    pub safe_list: bool,
    /// `STATUSMSG`: the status symbols that may stand before a channel as a target.
    pub status_msg: Letters,
    /// `TOPICLEN`
    pub topic_len: Option<u32>,
    /// `USERLEN`
    pub user_len: Option<u32>,
    /// `UTF8ONLY`: the server takes and sends UTF-8 alone.
    pub utf8_only: bool,
    /// `WHOX`
    pub whox: bool,
    max_list: Vec<(Letters, u32)>,
    target_max: BTreeMap<Box<[u8]>, Limit>,
    others: BTreeMap<Box<[u8]>, Option<Box<[u8]>>>,
}

const UTF8MAPPING: &[u8] = b"UTF8MAPPING";

impl Default for Isupport {
    fn default() -> Self {
        Isupport {
            away_len: None,
            bot: None,
            case_mapping: CaseMapping::default(),
            channel_len: Some(200),
            channel_types: Letters::new(b"#&"),
            mode_types: ModeTypes::default(),
            client_tag_deny: Box::default(),
            list_conditions: Letters::NONE,
            excepts: None,
            extban: None,
            host_len: None,
            invex: None,
            kick_len: None,
            line_len: 512,
            modes: Limit::Most(3),
            monitor: None,
            network: None,
            nick_len: Some(9),
            safe_list: false,
            status_msg: Letters::NONE,
            topic_len: None,
            user_len: None,
            utf8_only: false,
            whox: false,
            max_list: Vec::new(),
            target_max: BTreeMap::new(),
            others: BTreeMap::new(),
        }
    }
}

impl Isupport {
    /// How many parameters are kept that have no field here, and how many commands of TARGMAX; more are refused.
    pub const MOST_KEPT: usize = 128;

    /// Takes one token of a 005 line. A negated one (`-KEY`) brings the default back.
    ///
    /// # Errors
    ///
    /// A [`TokenFault`]: what stood before still holds. An unknown CASEMAPPING is no error: it is kept among the [`others`](Isupport::other), and
    /// names are compared as `ascii`. `UTF8MAPPING=rfc8265` beside `CASEMAPPING=ascii` makes the mapping `rfc8265`.
    pub fn apply(&mut self, token: &[u8]) -> Result<(), TokenFault> {
        let token = Token::parse(token)?;
        let value = token.unescaped();
        let given = (!token.negated).then(|| value.as_deref().unwrap_or_default());
        let before = Isupport::default();
        match token.key {
            b"AWAYLEN" => self.away_len = length(given, before.away_len)?,
            b"BOT" => self.bot = letter(given, None)?,
            b"CASEMAPPING" => return self.apply_case_mapping(token, given),
            b"CHANNELLEN" => self.channel_len = length(given, before.channel_len)?,
            b"CHANTYPES" => self.channel_types = given.map_or(before.channel_types, Letters::new),
            b"CHANMODES" => self.apply_channel_modes(given, before),
            b"PREFIX" => self.apply_prefix(given)?,
            b"CLIENTTAGDENY" => self.client_tag_deny = given.unwrap_or_default().into(),
            b"ELIST" => self.list_conditions = Letters::new(&given.unwrap_or_default().to_ascii_uppercase()),
            b"EXCEPTS" => self.excepts = letter(given, Some(b'e'))?,
            b"EXTBAN" => self.extban = given.map(extban).transpose()?,
            b"HOSTLEN" => self.host_len = length(given, before.host_len)?,
            b"INVEX" => self.invex = letter(given, Some(b'I'))?,
            b"KICKLEN" => self.kick_len = length(given, before.kick_len)?,
            b"LINELEN" => self.line_len = given.map_or(Ok(before.line_len), number)?.max(before.line_len),
            b"MAXLIST" => self.max_list = given.map_or(Ok(Vec::new()), max_list)?,
            b"MODES" => self.modes = given.map_or(Ok(before.modes), limit)?,
            b"MONITOR" => self.monitor = given.map(limit).transpose()?,
            b"NETWORK" => self.network = given.map(Box::from),
            b"NICKLEN" => self.nick_len = length(given, before.nick_len)?,
            b"SAFELIST" => self.safe_list = given.is_some(),
            b"STATUSMSG" => self.status_msg = Letters::new(given.unwrap_or_default()),
            b"TARGMAX" => self.target_max = given.map_or(Ok(BTreeMap::new()), target_max)?,
            b"TOPICLEN" => self.topic_len = length(given, before.topic_len)?,
            b"USERLEN" => self.user_len = length(given, before.user_len)?,
            b"UTF8MAPPING" => return self.apply_utf8_mapping(token, given),
            b"UTF8ONLY" => self.utf8_only = given.is_some(),
            b"WHOX" => self.whox = given.is_some(),
            _ => return self.keep(token),
        }
        Ok(())
    }

    fn apply_case_mapping(&mut self, token: Token<'_>, given: Option<&[u8]>) -> Result<(), TokenFault> {
        let known = given.map_or(Ok(CaseMapping::default()), CaseMapping::parse);
        let stays = self.case_mapping.is_wide() && known == Ok(CaseMapping::Ascii);
        if !stays {
            self.case_mapping = known.unwrap_or(CaseMapping::Ascii);
        }
        if known.is_err() {
            return self.keep(token);
        }
        self.others.remove(token.key);
        if let Some(Some(name)) = self.others.get(UTF8MAPPING)
            && let Some(wide) = self.widened(name)
        {
            self.case_mapping = wide;
            self.others.remove(UTF8MAPPING);
        }
        Ok(())
    }

    /// What `CASEMAPPING=ascii` leaves open: letters beyond ASCII.
    fn apply_utf8_mapping(&mut self, token: Token<'_>, given: Option<&[u8]>) -> Result<(), TokenFault> {
        if given.is_none() && self.case_mapping.is_wide() {
            self.case_mapping = CaseMapping::Ascii;
        }
        match given.and_then(|name| self.widened(name)) {
            Some(wide) => self.case_mapping = wide,
            None => return self.keep(token),
        }
        self.others.remove(token.key);
        Ok(())
    }

    fn widened(&self, name: &[u8]) -> Option<CaseMapping> {
        let is_open = self.case_mapping.is_wide() || self.case_mapping == CaseMapping::Ascii;
        CaseMapping::parse(name).ok().filter(|wide| is_open && wide.is_wide())
    }

    fn apply_channel_modes(&mut self, given: Option<&[u8]>, before: Isupport) {
        let types = &mut self.mode_types;
        let Some(value) = given else {
            let statuses = core::mem::take(types).statuses().to_vec();
            *types = before.mode_types;
            return types.set_statuses(statuses);
        };
        let mut groups = value.split(|byte| *byte == b',').map(Letters::new);
        types.lists = groups.next().unwrap_or_default();
        types.arguments = groups.next().unwrap_or_default();
        types.arguments_when_set = groups.next().unwrap_or_default();
        types.flags = groups.next().unwrap_or_default();
    }

    fn apply_prefix(&mut self, given: Option<&[u8]>) -> Result<(), TokenFault> {
        let statuses = match given {
            None => ModeTypes::rfc_statuses(),
            Some(b"") => Vec::new(),
            Some(value) => {
                let inner = value.strip_prefix(b"(").ok_or(TokenFault::Value)?;
                let close = inner.iter().position(|byte| *byte == b')').ok_or(TokenFault::Value)?;
                let (letters, symbols) = inner.split_at_checked(close).ok_or(TokenFault::Value)?;
                let symbols = symbols.get(1..).unwrap_or_default();
                if letters.len() != symbols.len() {
                    return Err(TokenFault::Value);
                }
                letters
                    .iter()
                    .zip(symbols)
                    .map(|(letter, symbol)| Status { letter: *letter, symbol: *symbol })
                    .collect()
            }
        };
        self.mode_types.set_statuses(statuses);
        Ok(())
    }

    fn keep(&mut self, token: Token<'_>) -> Result<(), TokenFault> {
        if token.negated {
            self.others.remove(token.key);
        } else if self.others.len() < Self::MOST_KEPT || self.others.contains_key(token.key) {
            self.others.insert(token.key.into(), token.unescaped().map(|value| value.as_ref().into()));
        } else {
            return Err(TokenFault::TooMany);
        }
        Ok(())
    }

    /// A parameter that has no field here: `Some(None)` when it stands without a value.
    pub fn other(&self, key: &[u8]) -> Option<Option<&[u8]>> {
        self.others.get(key).map(Option::as_deref)
    }

    /// `MAXLIST`: how many entries the list of this mode takes, together with the lists that share its bound.
    pub fn max_list(&self, mode: u8) -> Option<u32> {
        self.max_list.iter().find(|(modes, _)| modes.contains(mode)).map(|(_, most)| *most)
    }

    /// `MAXLIST`: the modes that share a bound, and the bound, in the server's order.
    pub fn max_lists(&self) -> impl Iterator<Item = (Letters, u32)> {
        self.max_list.iter().copied()
    }

    /// Sets in `MAXLIST` how many entries the lists of these modes take together; what was said of one of them before is forgotten.
    pub fn set_max_list(&mut self, modes: Letters, most: u32) {
        for (others, _) in &mut self.max_list {
            *others = modes.iter().fold(*others, Letters::without);
        }
        self.max_list.push((modes, most));
        self.max_list.retain(|(modes, _)| !modes.is_empty());
    }

    /// `TARGMAX`: the commands it names, in upper case, and how many targets they take.
    pub fn target_limits(&self) -> impl Iterator<Item = (&[u8], Limit)> {
        self.target_max.iter().map(|(command, limit)| (command.as_ref(), *limit))
    }

    /// Sets in `TARGMAX` how many targets a command takes.
    ///
    /// # Errors
    ///
    /// [`TokenFault::Value`] when the command is not letters; [`TokenFault::TooMany`] when [`MOST_KEPT`](Isupport::MOST_KEPT) are named already.
    pub fn set_max_targets(&mut self, command: &[u8], most: Limit) -> Result<(), TokenFault> {
        if command.is_empty() || !command.iter().all(u8::is_ascii_alphabetic) {
            return Err(TokenFault::Value);
        }
        let command = command.to_ascii_uppercase();
        if self.target_max.len() >= Self::MOST_KEPT && !self.target_max.contains_key(&command[..]) {
            return Err(TokenFault::TooMany);
        }
        self.target_max.insert(command.into(), most);
        Ok(())
    }

    /// `TARGMAX`: how many targets a command takes, its name in upper case; `None` when the server named none.
    pub fn max_targets(&self, command: &[u8]) -> Option<Limit> {
        self.target_max.get(command).copied()
    }

    /// Whether CLIENTTAGDENY says that a client-only tag is not relayed; the name is without its `+`.
    pub fn denies_client_tag(&self, name: &[u8]) -> bool {
        let mut rules = self.client_tag_deny.split(|byte| *byte == b',');
        let all = rules.clone().next() == Some(b"*");
        match all {
            true => !rules.any(|rule| rule.strip_prefix(b"-") == Some(name)),
            false => rules.any(|rule| rule == name),
        }
    }

    /// The tokens to announce, escaped: all but what the default says too, and CASEMAPPING, CHANMODES, CHANTYPES and PREFIX always.
    /// [`token_lines`] shares them out over lines.
    pub fn tokens(&self) -> Vec<Vec<u8>> {
        let before = Isupport::default();
        let mut out = Writer(Vec::new());
        out.length("AWAYLEN", self.away_len, before.away_len);
        out.letter("BOT", self.bot);
        if !self.others.contains_key(&b"CASEMAPPING"[..]) {
            let wide = self.case_mapping.is_wide();
            out.value("CASEMAPPING", if wide { "ascii" } else { self.case_mapping.name() }.as_bytes());
            if wide {
                out.value("UTF8MAPPING", self.case_mapping.name().as_bytes());
            }
        }
        let types = &self.mode_types;
        let groups = [types.lists, types.arguments, types.arguments_when_set, types.flags];
        out.value("CHANMODES", groups.map(|letters| letters.to_string()).join(",").as_bytes());
        out.length("CHANNELLEN", self.channel_len, before.channel_len);
        out.value("CHANTYPES", self.channel_types.to_string().as_bytes());
        if !self.client_tag_deny.is_empty() {
            out.value("CLIENTTAGDENY", &self.client_tag_deny);
        }
        out.letters("ELIST", self.list_conditions);
        out.letter("EXCEPTS", self.excepts);
        if let Some(ExtBan { prefix, types }) = self.extban {
            let prefix = prefix.map(char::from).map(|prefix| prefix.to_string()).unwrap_or_default();
            out.value("EXTBAN", format!("{prefix},{types}").as_bytes());
        }
        out.length("HOSTLEN", self.host_len, before.host_len);
        out.letter("INVEX", self.invex);
        out.length("KICKLEN", self.kick_len, before.kick_len);
        out.length("LINELEN", Some(self.line_len), Some(before.line_len));
        if !self.max_list.is_empty() {
            let pairs: Vec<_> = self.max_list.iter().map(|(modes, most)| format!("{modes}:{most}")).collect();
            out.value("MAXLIST", pairs.join(",").as_bytes());
        }
        if self.modes != before.modes {
            out.limit("MODES", self.modes);
        }
        if let Some(monitor) = self.monitor {
            out.limit("MONITOR", monitor);
        }
        if let Some(network) = &self.network {
            out.value("NETWORK", network);
        }
        out.length("NICKLEN", self.nick_len, before.nick_len);
        let pair = |of: fn(&Status) -> u8| types.statuses().iter().map(|status| char::from(of(status))).collect();
        let (letters, symbols): (alloc::string::String, alloc::string::String) =
            (pair(|status| status.letter), pair(|status| status.symbol));
        let prefix = if letters.is_empty() { letters } else { format!("({letters}){symbols}") };
        out.value("PREFIX", prefix.as_bytes());
        out.flag("SAFELIST", self.safe_list);
        out.letters("STATUSMSG", self.status_msg);
        if !self.target_max.is_empty() {
            out.value("TARGMAX", &written_targets(&self.target_max));
        }
        out.length("TOPICLEN", self.topic_len, before.topic_len);
        out.length("USERLEN", self.user_len, before.user_len);
        out.flag("UTF8ONLY", self.utf8_only);
        out.flag("WHOX", self.whox);
        for (key, value) in &self.others {
            out.0.push(Token::write(key, value.as_deref()));
        }
        out.0
    }
}

fn number(value: &[u8]) -> Result<u32, TokenFault> {
    let digits = value.iter().all(u8::is_ascii_digit);
    let text = core::str::from_utf8(value).ok().filter(|_| digits);
    text.and_then(|text| text.parse().ok()).ok_or(TokenFault::Value)
}

fn limit(value: &[u8]) -> Result<Limit, TokenFault> {
    if value.is_empty() { Ok(Limit::Unlimited) } else { number(value).map(Limit::Most) }
}

fn length(given: Option<&[u8]>, before: Option<u32>) -> Result<Option<u32>, TokenFault> {
    match given {
        None => Ok(before),
        Some(b"") => Ok(None),
        Some(value) => number(value).map(Some),
    }
}

/// One letter; `bare` is meant by the parameter without a value.
fn letter(given: Option<&[u8]>, bare: Option<u8>) -> Result<Option<u8>, TokenFault> {
    match (given, bare) {
        (None, _) => Ok(None),
        (Some(b""), Some(bare)) => Ok(Some(bare)),
        (Some([letter]), _) if letter.is_ascii_graphic() => Ok(Some(*letter)),
        _ => Err(TokenFault::Value),
    }
}

fn extban(value: &[u8]) -> Result<ExtBan, TokenFault> {
    let (prefix, types) = match value {
        [b',', types @ ..] => (None, types),
        [prefix, b',', types @ ..] if prefix.is_ascii_graphic() => (Some(*prefix), types),
        _ => return Err(TokenFault::Value),
    };
    Ok(ExtBan { prefix, types: Letters::new(types) })
}

fn pairs(value: &[u8]) -> impl Iterator<Item = Result<(&[u8], &[u8]), TokenFault>> {
    value.split(|byte| *byte == b',').filter(|pair| !pair.is_empty()).map(|pair| {
        let colon = pair.iter().position(|byte| *byte == b':').ok_or(TokenFault::Value)?;
        let (key, value) = pair.split_at_checked(colon).ok_or(TokenFault::Value)?;
        Ok((key, value.get(1..).unwrap_or_default()))
    })
}

/// Each mode counts once, so there are never more entries than letters.
fn max_list(value: &[u8]) -> Result<Vec<(Letters, u32)>, TokenFault> {
    let mut seen = Letters::NONE;
    let mut lists = Vec::new();
    for pair in pairs(value) {
        let (modes, most) = pair?;
        let fresh = Letters::new(modes).iter().filter(|mode| !seen.contains(*mode)).fold(Letters::NONE, Letters::with);
        if !fresh.is_empty() {
            seen = fresh.iter().fold(seen, Letters::with);
            lists.push((fresh, number(most)?));
        }
    }
    Ok(lists)
}

fn target_max(value: &[u8]) -> Result<BTreeMap<Box<[u8]>, Limit>, TokenFault> {
    let mut targets = BTreeMap::new();
    for pair in pairs(value) {
        let (command, most) = pair?;
        targets.insert(command.to_ascii_uppercase().into(), limit(most)?);
        if targets.len() > Isupport::MOST_KEPT {
            return Err(TokenFault::TooMany);
        }
    }
    Ok(targets)
}

fn written_targets(targets: &BTreeMap<Box<[u8]>, Limit>) -> Vec<u8> {
    let mut value = Vec::new();
    for (command, limit) in targets {
        if !value.is_empty() {
            value.push(b',');
        }
        value.extend_from_slice(command);
        value.push(b':');
        if let Limit::Most(most) = limit {
            value.extend_from_slice(most.to_string().as_bytes());
        }
    }
    value
}

struct Writer(Vec<Vec<u8>>);

impl Writer {
    fn value(&mut self, key: &str, value: &[u8]) {
        self.0.push(Token::write(key.as_bytes(), Some(value)));
    }

    fn flag(&mut self, key: &str, is_set: bool) {
        self.0.extend(is_set.then(|| key.as_bytes().to_vec()));
    }

    fn letter(&mut self, key: &str, letter: Option<u8>) {
        letter.into_iter().for_each(|letter| self.value(key, &[letter]));
    }

    fn letters(&mut self, key: &str, letters: Letters) {
        if !letters.is_empty() {
            self.value(key, letters.to_string().as_bytes());
        }
    }

    fn limit(&mut self, key: &str, limit: Limit) {
        match limit {
            Limit::Most(most) => self.value(key, most.to_string().as_bytes()),
            Limit::Unlimited => self.flag(key, true),
        }
    }

    fn length(&mut self, key: &str, length: Option<u32>, before: Option<u32>) {
        if length != before {
            self.limit(key, length.map_or(Limit::Unlimited, Limit::Most));
        }
    }
}

#[cfg(test)]
mod tests;
