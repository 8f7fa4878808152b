use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::casemap::CaseMapping;
use crate::isupport::{ExtBan, Isupport, Token};
use crate::modes::{ModeTypes, Status};
use crate::nick::{NickCharacters, NickRules};
use crate::{Capabilities, Capability, Letters};

use super::modes::{CHANNEL_FLAGS, USER_MODES, extban};
use super::{history, listing, metadata, multiline};

/// What a network is called, what it tells of itself, and what it allows.
///
/// [`default`](Config::default) is a network that works; a server sets at least [`server_name`](Config::server_name).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The server's name, the source of its messages: a host name, with a dot.
    pub server_name: Box<str>,
    /// The network's name (`NETWORK` of RPL_ISUPPORT).
    pub network_name: Box<str>,
    /// The software and its version, for RPL_MYINFO and VERSION.
    pub version: Box<str>,
    /// When the server was started, in words, for RPL_CREATED.
    pub created: Box<str>,
    /// The message of the day, line by line; empty for none.
    pub motd: Vec<Box<str>>,
    /// Whom to ask: RPL_ADMINLOC1, RPL_ADMINLOC2 and RPL_ADMINEMAIL; empty for nobody.
    pub admin: Vec<Box<str>>,
    /// What INFO tells, line by line.
    pub info: Vec<Box<str>>,
    /// Which names are the same name.
    pub case_mapping: CaseMapping,
    /// Which characters a nickname may have.
    pub nick_characters: NickCharacters,
    /// The statuses that members of a channel may have.
    pub statuses: Statuses,
    /// The flags that a new channel has, as `nt`.
    pub new_channel_modes: Box<str>,
    /// The modes that a new user has, as `i`.
    pub new_user_modes: Box<str>,
    /// The client-only tags that are not relayed, as CLIENTTAGDENY names them; empty relays all.
    pub client_tag_deny: Box<str>,
    /// How extended bans begin (`EXTBAN`): `$` or `~`; anything else is taken for `$`. There are `a` (logged in) and `a:account`, `j:#channel` (in that
    /// channel, unless it is secret), `o` (operator), `r:realname`, `x:nick!user@host#realname` and `z` (encrypted), and with `~` after the prefix their
    /// contraries.
    pub extban_prefix: u8,
    /// Whether to tell that the server takes UTF-8 alone. The sessions see to it.
    pub utf8_only: bool,
    /// Further parameters of RPL_ISUPPORT, each with its value as it is meant, without escapes: `draft/ICON` with
    /// `https://example.org/icon.png`, `FILEHOST`, or one without a value. Left out is what begins with no letter or digit or has other than
    /// visible ASCII in its name, what is longer than 300 bytes once it is escaped, and what this library has an understanding of.
    pub more_tokens: Vec<(Box<str>, Option<Box<str>>)>,
    /// What each message's `msgid` begins with: letters and digits, other at each start of the server, so that no id comes twice.
    pub msgid_prefix: Box<str>,
    /// The capabilities that this network serves; what a session has agreed on besides them changes nothing.
    pub capabilities: Capabilities,
    /// How much of everything there may be.
    pub limits: Limits,
}

/// The statuses that members of a channel may have (`PREFIX`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Statuses {
    /// `(ov)@+`, as RFC 2811.
    Ov,
    /// `(ohv)@%+`
    #[default]
    Ohv,
    /// `(qaohv)~&@%+`. The letter `q` is then the owner, and no list of who is quieted.
    Qaohv,
}

/// How much of everything there may be; lengths in bytes.
///
/// So that every message fits into a line, a network takes `nick` as 50 at most, `user` as 32, `host` and `channel` as 100, `key` as 64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Of a nickname (NICKLEN). Default 32.
    pub nick: u32,
    /// Of a user name (USERLEN). Default 18.
    pub user: u32,
    /// Of a host (HOSTLEN). Default 63.
    pub host: u32,
    /// Of a real name (NAMELEN). The session cuts at a limit of its own, [`name`](crate::server::Limits::name), with the
    /// same default: change both. Default 150.
    pub realname: u32,
    /// Of a channel's name (CHANNELLEN). Default 64.
    pub channel: u32,
    /// Of a channel's key (KEYLEN). Default 32.
    pub key: u32,
    /// Of a topic (TOPICLEN); a longer one is cut. Default 390.
    pub topic: u32,
    /// Of what is said at a KICK (KICKLEN); what is longer is cut. Default 255.
    pub kick: u32,
    /// Of what is said at a PART or QUIT; what is longer is cut. Default 255.
    pub farewell: u32,
    /// Of what is said at an AWAY (AWAYLEN); what is longer is cut. Default 200.
    pub away: u32,
    /// Channels that one user may be in (CHANLIMIT); beyond it 405. Default 50.
    pub channels: u32,
    /// Changes with an argument that one MODE may have (MODES); those beyond it are left out. Default 6.
    pub modes: u32,
    /// Masks in all the lists of one channel together (MAXLIST); beyond it 478. Default 100.
    pub list: u32,
    /// Targets of one PRIVMSG, NOTICE, TAGMSG, JOIN, PART, NAMES or KICK (TARGMAX); beyond it 407. Default 8.
    pub targets: u32,
    /// Targets that one user may MONITOR (MONITOR); beyond it 734. Default 100.
    pub monitor: u32,
    /// Targets that one user may WATCH (WATCH); beyond it 512. Default 100.
    pub watch: u32,
    /// Users whom one user may ACCEPT (ACCEPT); beyond it 456. Default 32.
    pub accept: u32,
    /// Masks that one user may SILENCE (SILENCE); beyond it 511. Default 32.
    pub silence: u32,
    /// Milliseconds between two notices that somebody who is not accepted writes to a user with `+g`. Default 60,000.
    pub caller_delay: u64,
    /// Invitations of one user that are kept; a further one makes the oldest be forgotten. Default 16.
    pub invitations: u32,
    /// Milliseconds between two KNOCKs at one channel; sooner is 712. Default 60,000.
    pub knock_delay: u64,
    /// Those who left that WHOWAS knows. Default 1,000.
    pub whowas: u32,
    /// Messages in one answer to CHATHISTORY (CHATHISTORY). Default 100.
    pub history_replies: u32,
    /// What is kept for CHATHISTORY.
    pub history: history::Bounds,
    /// What one multiline message may have.
    pub multiline: multiline::Bounds,
    /// What is kept by METADATA.
    pub metadata: metadata::Bounds,
    /// Read markers of one account, or of one session without an account; a further one makes the oldest be forgotten. Default 256.
    pub markers: u32,
    /// Accounts and sessions that have read markers; a further one makes those of the oldest be forgotten. Default 10,000.
    pub marker_owners: u32,
    /// Milliseconds between two RENAMEs of one channel. Default 60,000.
    pub rename_delay: u64,
    /// Milliseconds for which the old name of a renamed channel leads to the new one; 0 for no time at all. Of all channels, the last 256 old
    /// names are known. Default 3,600,000.
    pub rename_redirect: u64,
    /// Milliseconds for which the author of a message may REDACT it, as long as it is kept; `None` for as long as it is kept. Operators of the
    /// channel are not bound by it. Default `None`.
    pub redact_window: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            nick: 32,
            user: 18,
            host: 63,
            realname: crate::server::REALNAME,
            channel: 64,
            key: 32,
            topic: 390,
            kick: 255,
            farewell: 255,
            away: 200,
            channels: 50,
            modes: 6,
            list: 100,
            targets: 8,
            monitor: 100,
            watch: 100,
            accept: 32,
            silence: 32,
            caller_delay: 60_000,
            invitations: 16,
            knock_delay: 60_000,
            whowas: 1000,
            history_replies: 100,
            history: history::Bounds::default(),
            multiline: multiline::Bounds::default(),
            metadata: metadata::Bounds::default(),
            markers: 256,
            marker_owners: 10_000,
            rename_delay: 60_000,
            rename_redirect: 3_600_000,
            redact_window: None,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Config {
            server_name: "irc.localhost".into(),
            network_name: "Wirestate".into(),
            version: concat!("wirestate-", env!("CARGO_PKG_VERSION")).into(),
            created: "at an unknown time".into(),
            motd: Vec::new(),
            admin: Vec::new(),
            info: Vec::new(),
            case_mapping: CaseMapping::default(),
            nick_characters: NickCharacters::default(),
            statuses: Statuses::default(),
            new_channel_modes: "nt".into(),
            new_user_modes: "i".into(),
            client_tag_deny: "".into(),
            extban_prefix: b'$',
            utf8_only: false,
            more_tokens: Vec::new(),
            msgid_prefix: "".into(),
            capabilities: super::CAPABILITIES,
            limits: Limits::default(),
        }
    }
}

impl Config {
    /// What RPL_ISUPPORT tells, the session's limits among it.
    pub fn isupport(&self) -> Isupport {
        let limits = &self.limits;
        let mut isupport = Isupport::default();
        isupport.case_mapping = self.case_mapping;
        isupport.channel_types = Letters::new(b"#");
        isupport.channel_len = Some(limits.channel);
        isupport.mode_types = self.mode_types();
        isupport.status_msg =
            isupport.mode_types.statuses().iter().map(|one| one.symbol).fold(Letters::NONE, Letters::with);
        isupport.away_len = Some(limits.away);
        isupport.bot = Some(b'B');
        isupport.client_tag_deny = self.client_tag_deny.as_bytes().into();
        isupport.list_conditions = Letters::new(listing::CONDITIONS);
        isupport.excepts = Some(b'e');
        isupport.invex = Some(b'I');
        let prefix = if self.extban_prefix == b'~' { b'~' } else { b'$' };
        isupport.extban = Some(ExtBan { prefix: Some(prefix), types: Letters::new(extban::TYPES) });
        isupport.host_len = Some(limits.host);
        isupport.kick_len = Some(limits.kick);
        isupport.modes = crate::isupport::Limit::Most(limits.modes.max(1));
        isupport.monitor = Some(crate::isupport::Limit::Most(limits.monitor));
        isupport.network = Some(self.network_name.as_bytes().into());
        isupport.nick_len = Some(limits.nick);
        isupport.safe_list = true;
        isupport.topic_len = Some(limits.topic);
        isupport.user_len = Some(limits.user);
        isupport.utf8_only = self.utf8_only;
        isupport.whox = true;
        let targets = limits.targets;
        let lists = isupport.mode_types.lists;
        for token in [
            format!("MAXLIST={lists}:{}", limits.list),
            format!("CHANLIMIT=#:{}", limits.channels),
            format!(
                "TARGMAX=JOIN:{targets},KICK:{targets},MONITOR:,NAMES:{targets},NOTICE:{targets},PART:{targets},\
                 PRIVMSG:{targets},TAGMSG:{targets},WHOIS:1"
            ),
            format!("KEYLEN={}", limits.key),
            format!("MAXTARGETS={targets}"),
            format!("NAMELEN={}", limits.realname),
            "ACCOUNTEXTBAN=a".into(),
            "KNOCK".into(),
            "CALLERID=g".into(),
            format!("ACCEPT={}", limits.accept),
            format!("SILENCE={}", limits.silence),
            format!("WATCH={}", limits.watch),
            format!("CHATHISTORY={}", limits.history_replies.max(1)),
            "MSGREFTYPES=msgid,timestamp".into(),
        ] {
            // Each is well formed, and there are fewer than are kept.
            let _ = isupport.apply(token.as_bytes());
        }
        for (key, value) in &self.more_tokens {
            let token = Token::write(key.as_bytes(), value.as_deref().map(str::as_bytes));
            if is_foreign(key.as_bytes(), &token) && isupport.other(key.as_bytes()).is_none() {
                // Those beyond the most that are kept are left out.
                let _ = isupport.apply(&token);
            }
        }
        isupport
    }

    /// The value of a capability in CAP LS, where it has one: what a message of several lines may have, how much METADATA keeps.
    pub fn capability_value(&self, capability: Capability) -> Option<String> {
        let Limits { multiline, metadata, .. } = &self.limits;
        match capability {
            Capability::Multiline => Some(format!("max-bytes={},max-lines={}", multiline.bytes, multiline.lines)),
            Capability::Metadata => Some(format!(
                "max-subs={},max-keys={},max-value-bytes={}",
                metadata.subscriptions, metadata.keys, metadata.value
            )),
            _ => None,
        }
    }

    /// Which nicknames are valid.
    pub fn nick_rules(&self) -> NickRules {
        NickRules::of(&self.isupport(), self.nick_characters)
    }

    fn mode_types(&self) -> ModeTypes {
        let quiet = self.statuses != Statuses::Qaohv;
        let mut types = ModeTypes::default();
        types.lists = Letters::new(if quiet { b"beIq" } else { b"beI" });
        types.arguments = Letters::new(b"k");
        types.arguments_when_set = Letters::new(b"l");
        types.flags = Letters::new(CHANNEL_FLAGS);
        let pairs: &[(u8, u8)] = match self.statuses {
            Statuses::Ov => &[(b'o', b'@'), (b'v', b'+')],
            Statuses::Ohv => &[(b'o', b'@'), (b'h', b'%'), (b'v', b'+')],
            Statuses::Qaohv => &[(b'q', b'~'), (b'a', b'&'), (b'o', b'@'), (b'h', b'%'), (b'v', b'+')],
        };
        types.set_statuses(pairs.iter().map(|(letter, symbol)| Status { letter: *letter, symbol: *symbol }));
        types
    }

    /// Makes names such that they can stand in a message, and bounds lengths so that every message fits into a line.
    pub(super) fn make_lawful(&mut self) {
        let visible = |text: &str| -> String { text.chars().filter(char::is_ascii_graphic).take(63).collect() };
        let name = visible(self.server_name.trim_start_matches(':'));
        self.server_name = if name.is_empty() { "irc.localhost".into() } else { name.into() };
        let id = |c: &char| c.is_ascii_alphanumeric() || *c == '-';
        self.msgid_prefix = self.msgid_prefix.chars().filter(id).take(64).collect::<String>().into();
        if self.extban_prefix != b'~' {
            self.extban_prefix = b'$';
        }
        let limits = &mut self.limits;
        for (limit, most) in [
            (&mut limits.nick, 50),
            (&mut limits.user, 32),
            (&mut limits.host, 100),
            (&mut limits.channel, 100),
            (&mut limits.key, 64),
        ] {
            *limit = (*limit).clamp(1, most);
        }
    }

    /// The modes of users that there are, and those of them that a user may have from the start.
    pub(super) fn first_user_modes(&self) -> Letters {
        let may = Letters::new(USER_MODES).without(b'o').without(b'B');
        self.new_user_modes.bytes().filter(|letter| may.contains(*letter)).fold(Letters::NONE, Letters::with)
    }

    pub(super) fn first_channel_modes(&self) -> Letters {
        let may = Letters::new(CHANNEL_FLAGS);
        self.new_channel_modes.bytes().filter(|letter| may.contains(*letter)).fold(Letters::NONE, Letters::with)
    }
}

/// Whether a token is one that fits into a line and changes nothing that the network lives by.
fn is_foreign(key: &[u8], token: &[u8]) -> bool {
    let mut alone = Isupport::default();
    key.first().is_some_and(u8::is_ascii_alphanumeric)
        // Kept as a foreign one is, where no mapping has the name.
        && key != b"CASEMAPPING"
        && token.len() <= 300
        && alone.apply(token).is_ok()
        && alone.other(key).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn further_tokens_are_told_and_change_nothing_else() {
        let mut config = Config::default();
        let before = config.isupport();
        let long = "x".repeat(300);
        config.more_tokens = [
            ("draft/ICON", Some("https://example.org/a b.png")),
            ("SAFERATE", None),
            ("FILEHOST", Some(&long)),
            ("NICKLEN", Some("9")),
            ("CASEMAPPING", Some("odd")),
            ("NAMELEN", Some("1")),
            ("-KNOCK", None),
            ("A=B", None),
            (":A", None),
            ("", None),
        ]
        .map(|(key, value)| (key.into(), value.map(Into::into)))
        .into();
        let (before, after) = (before.tokens(), config.isupport().tokens());
        let new: Vec<_> = after.iter().filter(|token| !before.contains(token)).collect();
        assert_eq!(new, [&b"SAFERATE"[..], b"draft/ICON=https://example.org/a\\x20b.png"]);
        assert_eq!(after.len(), before.len() + 2);
    }

    #[test]
    fn sessions_and_the_network_cut_real_names_alike() {
        assert_eq!(crate::server::Limits::default().name, Limits::default().realname as usize);
    }
}
