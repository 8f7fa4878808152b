//! What many sessions share: users, channels, and who is told what. No I/O, no clock, no randomness.
//!
//! RFC 1459 §4, RFC 2812 §3, RFC 2811 (channels), <https://modern.ircdocs.horse>, and the extensions of IRCv3 that [`CAPABILITIES`] names.
//!
//! A [`Network`] takes a session and its message, and fills [`Deliveries`]: which bytes go to which sessions. A line for a channel of a thousand
//! is encoded once for each set of capabilities that makes a difference to it, and shared by all who have agreed on that set.
//!
//! ```
//! use irc_proto::codec::{Message, Profile};
//! use irc_proto::network::{Config, Deliveries, Network, Newcomer, Session};
//!
//! let mut network = Network::new(Config::default());
//! let mut out = Deliveries::new();
//! for (number, nick) in [(1, &b"ada"[..]), (2, b"bob")] {
//!     network.claim(Session(number), nick)?;
//!     let newcomer = Newcomer { nick, user: b"u", host: b"host.example", realname: b"Somebody", ..Newcomer::default() };
//!     network.register(Session(number), &newcomer, 0, &mut out)?;
//!     network.handle(Session(number), Message::parse(b"JOIN #lobby", Profile::Strict)?, 0, &mut out);
//! }
//! out.clear();
//! network.handle(Session(1), Message::parse(b"PRIVMSG #lobby :good morning", Profile::Strict)?, 0, &mut out);
//! let delivery = out.deliveries().next().expect("bob is there");
//! assert_eq!(delivery.to, [Session(2)]);
//! assert_eq!(&delivery.bytes[..], b":ada!u@host.example PRIVMSG #lobby :good morning\r\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Who calls what
//!
//! The application gives each connection a [`Session`] of its own, [`claim`](Network::claim)s a nickname for it while it registers, and
//! [`register`](Network::register)s it, which writes the welcome. After that every message that the session does not answer itself goes to
//! [`handle`](Network::handle), and [`disconnect`](Network::disconnect) ends it, however it ended. Times are milliseconds since 1970.
//!
//! # What is kept
//!
//! What was said is kept by a [`history::Store`], in memory unless the application [sets another](Network::set_history); channels are read by those
//! inside, who also read what came before them, conversations by the accounts that had them. Read markers belong to accounts, [`metadata`] to
//! users and channels, and WHOWAS to nobody; all of it is in memory.
//!
//! Everything that a client can make grow has a bound in [`Limits`]. What a slow receiver has not read yet is its session's to bound.
//
// For who adds a command: it is a method `fn(&mut Network, &mut Turn<'_>, &[&[u8]])` in the file of its subject, and a row in TABLE. The third
// argument is the message's parameters, at least as many as the row says; tags are in `turn.message`. Answers go by `reply`, `reply_list`, `fail`;
// messages to others by `Outgoing::relay` and `tell`. What has to take note of others' doings does so in `Extras::happened`.

mod caller_id;
mod channel;
mod config;
mod deliveries;
mod extras;
mod help;
pub mod history;
mod invite;
mod join;
mod kick;
mod labels;
mod listing;
mod markers;
mod messages;
pub mod metadata;
mod modes;
mod monitor;
pub mod multiline;
mod names;
mod nick;
mod nick_lists;
mod operators;
mod outgoing;
mod presence;
mod queries;
mod redact;
mod registration;
mod rename;
mod reply;
mod standing;
mod topic;
mod user;
mod visibility;
mod watch;
mod welcome;
mod whowas;
mod whox;

use alloc::collections::VecDeque;
use alloc::format;
use alloc::vec::Vec;

use crate::codec::{Command, Message};
use crate::isupport::Isupport;
use crate::nick::NickRules;
use crate::numerics::ERR_UNKNOWNCOMMAND;
use crate::{Capabilities, Capability};

use channel::Channels;
use extras::Extras;
use rename::FormerName;
use user::{UserId, Users};

pub use channel::{Channel, Entry, Topic};
pub use config::{Config, Limits, Statuses};
pub use deliveries::{Action, Deliveries, Delivery};
pub use registration::ClaimFault;
pub use user::{Newcomer, Session, User};

/// The capabilities that a network serves: offer these, besides those of the session itself.
pub const CAPABILITIES: Capabilities = Capabilities::of(&[
    Capability::AccountTag,
    Capability::AccountNotify,
    Capability::AwayNotify,
    Capability::Batch,
    Capability::ChannelRename,
    Capability::Chathistory,
    Capability::Chghost,
    Capability::EchoMessage,
    Capability::EventPlayback,
    Capability::ExtendedIsupport,
    Capability::ExtendedJoin,
    Capability::ExtendedMonitor,
    Capability::InviteNotify,
    Capability::LabeledResponse,
    Capability::MessageTags,
    Capability::MessageRedaction,
    Capability::Metadata,
    Capability::MultiPrefix,
    Capability::Multiline,
    Capability::ServerTime,
    Capability::Setname,
    Capability::StandardReplies,
    Capability::UserhostInNames,
    Capability::NoImplicitNames,
    Capability::OperTag,
    Capability::DraftNoImplicitNames,
    Capability::PreAway,
    Capability::ReadMarker,
]);

/// Users, channels, and what has been said of them.
#[derive(Debug)]
pub struct Network {
    config: Config,
    isupport: Isupport,
    nick_rules: NickRules,
    users: Users,
    channels: Channels,
    extras: Extras,
    /// The latest first.
    former_names: VecDeque<FormerName>,
    /// Ids of messages and batches that were given.
    ids: u64,
    /// By a user's place: the last round in which the user was seen.
    marks: Vec<u32>,
    round: u32,
    /// Receivers of one message, gathered; kept for its memory.
    gathered: Vec<(Session, Capabilities)>,
}

/// One command being handled.
struct Turn<'a> {
    user: UserId,
    session: Session,
    now: u64,
    message: Message<&'a [u8]>,
    out: &'a mut Deliveries,
}

/// How a command is handled: its parameters are at least as many as its row says.
type Handler = fn(&mut Network, &mut Turn<'_>, &[&[u8]]);

struct Row {
    word: &'static str,
    least: usize,
    run: Handler,
}

const fn row(word: &'static str, least: usize, run: Handler) -> Row {
    Row { word, least, run }
}

/// All commands, by the alphabet.
const TABLE: &[Row] = &[
    row("ACCEPT", 0, Network::accept),
    row("ADMIN", 0, Network::admin),
    row("AWAY", 0, Network::away),
    row("BATCH", 1, Network::batch),
    row("CHATHISTORY", 0, Network::chathistory),
    row("HELP", 0, Network::help),
    row("HELPOP", 0, Network::help),
    row("INFO", 0, Network::info),
    row("INVITE", 0, Network::invite),
    row("ISON", 1, Network::ison),
    row("ISUPPORT", 0, Network::isupport_command),
    row("JOIN", 1, Network::join),
    row("KICK", 2, Network::kick),
    row("KILL", 2, Network::kill),
    row("KNOCK", 1, Network::knock),
    row("LINKS", 0, Network::links),
    row("LIST", 0, Network::list),
    row("LUSERS", 0, Network::lusers),
    row("MAP", 0, Network::map),
    row("MARKREAD", 0, Network::markread),
    row("METADATA", 2, Network::metadata),
    row("MODE", 1, Network::mode),
    row("MONITOR", 1, Network::monitor),
    row("MOTD", 0, Network::motd),
    row("NAMES", 0, Network::names),
    row("NICK", 0, Network::nick),
    row("NOTICE", 0, Network::notice),
    row("OPER", 2, Network::oper),
    row("PART", 1, Network::part),
    row("PRIVMSG", 0, Network::privmsg),
    row("QUIT", 0, Network::quit),
    row("REDACT", 2, Network::redact),
    row("REHASH", 0, Network::rehash),
    row("RENAME", 2, Network::rename),
    row("SETNAME", 1, Network::setname),
    row("SILENCE", 0, Network::silence),
    row("STATS", 0, Network::stats),
    row("SUMMON", 0, Network::summon),
    row("TAGMSG", 1, Network::tagmsg),
    row("TIME", 0, Network::time),
    row("TOPIC", 1, Network::topic),
    row("USERHOST", 1, Network::userhost),
    row("USERS", 0, Network::users_command),
    row("VERSION", 0, Network::version),
    row("WALLOPS", 1, Network::wallops),
    row("WATCH", 0, Network::watch),
    row("WHO", 0, Network::who),
    row("WHOIS", 0, Network::whois),
    row("WHOWAS", 0, Network::whowas),
];

/// Tells [`Extras`] what has happened, while users and channels are still borrowed for it.
macro_rules! happened {
    ($network:expr, $what:expr, $now:expr, $out:expr) => {
        $network.extras.happened(
            crate::network::extras::World {
                config: &$network.config,
                isupport: &$network.isupport,
                users: &$network.users,
                channels: &$network.channels,
            },
            $what,
            $now,
            $out,
        )
    };
}
use happened;

impl Network {
    /// A network without users.
    pub fn new(mut config: Config) -> Self {
        config.make_lawful();
        Network {
            isupport: config.isupport(),
            nick_rules: config.nick_rules(),
            users: Users::new(config.case_mapping),
            channels: Channels::new(config.case_mapping),
            extras: Extras::new(&config),
            former_names: VecDeque::new(),
            ids: 0,
            marks: Vec::new(),
            round: 0,
            gathered: Vec::new(),
            config,
        }
    }

    /// What it is called and allows.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What RPL_ISUPPORT tells of it.
    pub fn isupport(&self) -> &Isupport {
        &self.isupport
    }

    /// The user of a session, once registered.
    pub fn user(&self, session: Session) -> Option<&User> {
        self.users.get(self.users.by_session(session)?)
    }

    /// The user of this nickname.
    pub fn user_by_nick(&self, nick: &[u8]) -> Option<&User> {
        self.users.get(self.users.by_nick(nick)?)
    }

    /// All users, in no order that means anything.
    pub fn users(&self) -> impl Iterator<Item = &User> {
        self.users.iter().map(|(_, user)| user)
    }

    /// The channel of this name.
    pub fn channel(&self, name: &[u8]) -> Option<&Channel> {
        self.channels.get(self.channels.by_name(name)?)
    }

    /// All channels, in the order of their folded names.
    pub fn channels(&self) -> impl Iterator<Item = &Channel> {
        self.channels.iter().map(|(_, channel)| channel)
    }

    /// The users in a channel, with the symbols of their statuses, highest first.
    pub fn members<'a>(&'a self, channel: &'a Channel) -> impl Iterator<Item = (&'a User, Vec<u8>)> {
        let statuses = self.isupport.mode_types.statuses();
        channel.members.iter().filter_map(move |member| {
            let mut symbols = Vec::new();
            member.ranks.write(statuses, true, &mut symbols);
            Some((self.users.get(member.user)?, symbols))
        })
    }

    /// Does what a registered session asks: all commands of RFC 2812 and IRCv3 that are not the session's own, unknown ones (421) and those that lack
    /// parameters (461) included. A session that is not registered asks in vain.
    ///
    /// `now` is in milliseconds since 1970. What there is to send, and what the application must do, is appended to `out`; who asked with a label has
    /// the answer with that label ([labeled-response](https://ircv3.net/specs/extensions/labeled-response)).
    pub fn handle(&mut self, session: Session, message: Message<&[u8]>, now: u64, out: &mut Deliveries) {
        let Some(user) = self.users.by_session(session) else { return };
        let labels = Capabilities::of(&[Capability::LabeledResponse, Capability::Batch]);
        let wants = self.users.get(user).is_some_and(|user| user.capabilities() & labels == labels);
        let label = message.tags().value(b"label").map(|value| value.escaped()).filter(|_| wants);
        let label = label
            .filter(|label| (1..=crate::labels::MOST).contains(&label.len()) && core::str::from_utf8(label).is_ok());
        if let Some(label) = label {
            out.begin_answer(session, label);
        }
        self.dispatch(&mut Turn { user, session, now, message, out });
        if let Some(answer) = out.end_answer() {
            let reference = self.next_id();
            answer.finish(self.server_name(), &reference, out);
        }
        out.settle();
    }

    fn dispatch(&mut self, turn: &mut Turn<'_>) {
        let mut params = [&b""[..]; 15];
        let mut count = 0;
        for (place, param) in params.iter_mut().zip(turn.message.params()) {
            *place = param;
            count += 1;
        }
        let params = params.get(..count).unwrap_or_default();
        let Command::Word(word) = turn.message.command() else { return };
        if self.gathers(turn, params) {
            return;
        }
        let mut upper = [0; 16];
        let upper = match upper.get_mut(..word.len()) {
            Some(upper) => {
                upper.copy_from_slice(word);
                upper.make_ascii_uppercase();
                &*upper
            }
            None => word,
        };
        let place = TABLE.binary_search_by(|row| row.word.as_bytes().cmp(upper)).ok();
        match place.and_then(|at| Some((at, TABLE.get(at)?))) {
            None => self.reply(turn, ERR_UNKNOWNCOMMAND, &[word, b"Unknown command"]),
            Some((_, row)) if params.len() < row.least => self.need_more_params(turn, row.word.as_bytes()),
            Some((at, row)) => {
                self.extras.count(at);
                (row.run)(self, turn, params);
            }
        }
    }

    fn server_name(&self) -> &[u8] {
        self.config.server_name.as_bytes()
    }

    /// An id that was never given before: of a message or a batch.
    fn next_id(&mut self) -> Vec<u8> {
        self.ids += 1;
        format!("{}{:x}", self.config.msgid_prefix, self.ids).into_bytes()
    }

    /// Everybody who shares a channel with the user, each once, the user among them where `own`. Give it back when it was used.
    fn gather(&mut self, user: UserId, own: bool) -> Vec<(Session, Capabilities)> {
        let mut gathered = core::mem::take(&mut self.gathered);
        gathered.clear();
        self.round = self.round.wrapping_add(1);
        if self.round == 0 {
            self.marks.clear();
            self.round = 1;
        }
        self.marks.resize(self.users.places(), 0);
        let Some(itself) = self.users.get(user) else { return gathered };
        if let Some(mark) = self.marks.get_mut(Users::number(user)) {
            *mark = self.round;
        }
        if own {
            gathered.push((itself.session(), itself.capabilities()));
        }
        for membership in &itself.memberships {
            let Some(channel) = self.channels.get(membership.channel) else { continue };
            for member in &channel.members {
                if let Some(mark) = self.marks.get_mut(Users::number(member.user))
                    && *mark != self.round
                {
                    *mark = self.round;
                    gathered.push((member.session, member.capabilities));
                }
            }
        }
        gathered
    }
}

#[cfg(test)]
mod room;
#[cfg(test)]
mod tests;
