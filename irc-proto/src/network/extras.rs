use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;
use wirestate_machine::moment;

use bytes::Bytes;

use crate::casemap::CaseMapping;
use crate::codec::{Command, Numeric, Parts, escape_into};
use crate::isupport::Isupport;
use crate::numerics::{RPL_METADATASYNCLATER, RPL_MONOFFLINE, RPL_MONONLINE};
use crate::{Capability, ctcp};

use super::caller_id::Callers;
use super::channel::{Channel, ChannelId, Channels};
use super::config::Config;
use super::deliveries::Deliveries;
use super::history::{Buffer, Entry, Memory, Sort, Store};
use super::markers::{Markers, Owner};
use super::metadata::{Metadata, Target};
use super::multiline::Gathering;
use super::nick_lists::NickLists;
use super::outgoing::{self, Outgoing};
use super::user::{Session, User, UserId, Users};
use super::whowas::{Former, Whowas};

/// What is kept besides users and channels, and fed with what happens to them.
pub(super) struct Extras {
    pub(super) whowas: Whowas,
    pub(super) monitors: NickLists,
    pub(super) watches: NickLists,
    /// Who may write to users with `+g`.
    pub(super) accepted: NickLists,
    pub(super) callers: Callers,
    pub(super) markers: Markers,
    pub(super) metadata: Metadata,
    pub(super) history: Box<dyn Store>,
    /// The multiline batches that are open: one for each session at most.
    pub(super) batches: BTreeMap<Session, Gathering>,
    /// How often each command came, by its place in the table.
    pub(super) commands: Vec<u64>,
    /// When the first user came: milliseconds since 1970.
    pub(super) began: Option<u64>,
}

/// What [`Extras`] see of the network.
#[derive(Clone, Copy)]
pub(super) struct World<'a> {
    pub(super) config: &'a Config,
    pub(super) isupport: &'a Isupport,
    pub(super) users: &'a Users,
    pub(super) channels: &'a Channels,
}

/// What has just happened, and been told to all whom the core of the network tells it.
#[derive(Clone, Copy)]
pub(super) enum Happened<'a> {
    /// Somebody has registered. Comes before the welcome.
    Arrived(UserId),
    /// Somebody has gone and is in no channel any more.
    Left(&'a User),
    /// Somebody has another nickname; `before` is how the user was till then: `nick!user@host`.
    Renamed { user: UserId, before: &'a [u8] },
    /// Somebody is in a channel; comes after the JOIN and before topic and names.
    Joined { user: UserId, channel: ChannelId },
    /// AWAY, ACCOUNT, CHGHOST or SETNAME, which has been told in common channels (extended-monitor).
    Changed { user: UserId, how: &'a Outgoing<'a> },
    /// Something has happened in a channel: JOIN, PART, QUIT, KICK, NICK, TOPIC or MODE.
    Event { channel: ChannelId, what: &'a Outgoing<'a> },
    /// PRIVMSG, NOTICE or TAGMSG to all members of a channel.
    SaidTo { channel: ChannelId, what: &'a Outgoing<'a> },
    /// PRIVMSG, NOTICE or TAGMSG to one user.
    Told { user: UserId, from: UserId, what: &'a Outgoing<'a> },
}

impl Extras {
    pub(super) fn new(config: &Config) -> Self {
        let limits = &config.limits;
        let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        Extras {
            whowas: Whowas::new(count(limits.whowas)),
            monitors: NickLists::new(count(limits.monitor), config.case_mapping),
            watches: NickLists::new(count(limits.watch), config.case_mapping),
            accepted: NickLists::new(count(limits.accept), config.case_mapping),
            callers: Callers::default(),
            markers: Markers::new(count(limits.marker_owners), count(limits.markers)),
            metadata: Metadata::new(limits.metadata),
            history: Box::new(Memory::new(limits.history)),
            batches: BTreeMap::new(),
            commands: Vec::new(),
            began: None,
        }
    }

    /// Takes in what has happened.
    pub(super) fn happened(&mut self, world: World<'_>, what: Happened<'_>, now: u64, out: &mut Deliveries) {
        match what {
            Happened::Arrived(id) => {
                self.began.get_or_insert(now);
                if let Some(user) = world.users.get(id) {
                    self.tell_watchers(world, user.nick(), RPL_MONONLINE, user.source(), out);
                    self.tell_of_presence(world, user.nick(), user, true, now, out);
                }
            }
            Happened::Left(user) => self.left(world, user, now, out),
            Happened::Renamed { user, before } => {
                if let Some(user) = world.users.get(user) {
                    self.renamed(world, user, before, now, out);
                }
            }
            Happened::Joined { user, channel } => self.joined(world, user, channel, now, out),
            Happened::Changed { user, how } => self.changed(world, user, how, out),
            Happened::Event { channel, what } => self.keep_channel(world, channel, what, Sort::Event),
            Happened::SaidTo { channel, what } => {
                if let Some(sort) = sort_of(what) {
                    self.keep_channel(world, channel, what, sort);
                }
            }
            Happened::Told { user, from, what } => {
                if let (Some(sort), Some(user), Some(from)) =
                    (sort_of(what), world.users.get(user), world.users.get(from))
                {
                    self.keep_direct(world.isupport.case_mapping, user, from, &entry(what, sort));
                }
            }
        }
        self.history.expire(now);
    }

    /// Counts a command, for STATS.
    pub(super) fn count(&mut self, place: usize) {
        if self.commands.len() <= place {
            self.commands.resize(place + 1, 0);
        }
        if let Some(count) = self.commands.get_mut(place) {
            *count += 1;
        }
    }

    /// Who may read a channel has changed.
    pub(super) fn restricted(&mut self, mapping: CaseMapping, channel: &Channel) {
        let folded = mapping.key(channel.name());
        self.history.restrict(folded.as_bytes(), channel.is_restricted());
    }

    /// A channel has closed. Its history stays for who comes next only where anybody could have read it.
    pub(super) fn closed(&mut self, channel: &Channel, folded: &[u8]) {
        if channel.is_restricted() {
            self.history.forget(Buffer::Channel(folded));
        }
        self.metadata.clear(&Target::Channel(folded.into()));
    }

    fn left(&mut self, world: World<'_>, user: &User, now: u64, out: &mut Deliveries) {
        self.whowas.add(former(user, user.nick(), now));
        let session = user.session();
        self.monitors.clear(session);
        self.watches.clear(session);
        self.accepted.clear(session);
        self.accepted.strike(user.nick());
        self.callers.forget(session);
        self.markers.forget(&Owner::Session(session));
        self.metadata.forget(session);
        self.batches.remove(&session);
        self.tell_watchers(world, user.nick(), RPL_MONOFFLINE, user.nick(), out);
        self.tell_of_presence(world, user.nick(), user, false, now, out);
    }

    fn renamed(&mut self, world: World<'_>, user: &User, before: &[u8], now: u64, out: &mut Deliveries) {
        let nick = before.split(|byte| *byte == b'!').next().unwrap_or_default();
        self.whowas.add(former(user, nick, now));
        if !world.isupport.case_mapping.same(nick, user.nick()) {
            self.tell_watchers(world, nick, RPL_MONOFFLINE, nick, out);
            self.tell_watchers(world, user.nick(), RPL_MONONLINE, user.source(), out);
            self.tell_of_presence(world, nick, user, false, now, out);
            self.tell_of_presence(world, user.nick(), user, true, now, out);
            self.accepted.rename(nick, user.nick());
        }
    }

    /// Tells how far the user has read the channel (read-marker), and whether there is metadata to ask for (metadata, "Postponed synchronization").
    fn joined(&mut self, world: World<'_>, id: UserId, channel: ChannelId, now: u64, out: &mut Deliveries) {
        let (Some(user), Some(channel)) = (world.users.get(id), world.channels.get(channel)) else { return };
        if user.has(Capability::ReadMarker) {
            let folded = world.isupport.case_mapping.key(channel.name());
            let marker = self.markers.of(&owner(world.isupport.case_mapping, user), folded.as_bytes());
            tell_marker(world.config, user, channel.name(), marker, now, out);
        }
        if user.has(Capability::Metadata) && self.has_metadata_for(world, user, channel) {
            let parts = Parts {
                tags: &[],
                source: Some(world.config.server_name.as_bytes()),
                command: Command::Numeric(RPL_METADATASYNCLATER),
                params: &[user.nick(), channel.name()],
            };
            out.line(user.session(), |line| outgoing::write(&parts, false, line));
        }
    }

    /// Whether the channel or somebody in it has a value to which the user has subscribed, and for which METADATA SYNC asks.
    fn has_metadata_for(&self, world: World<'_>, user: &User, channel: &Channel) -> bool {
        let metadata = &self.metadata;
        if metadata.subscriptions(user.session()).next().is_none() {
            return false;
        }
        let folded = world.isupport.case_mapping.key(channel.name());
        let members = channel.members.iter().map(|member| Target::User(member.session));
        let mut targets = core::iter::once(Target::Channel(folded.as_bytes().into())).chain(members);
        targets.any(|target| metadata.all(&target).any(|(key, _)| metadata.subscribes(user.session(), key)))
    }

    /// Tells of a change those who monitor the user and have not heard of it in a common channel (extended-monitor).
    fn changed(&mut self, world: World<'_>, id: UserId, how: &Outgoing<'_>, out: &mut Deliveries) {
        let Some(user) = world.users.get(id) else { return };
        let capability = match how.command {
            b"AWAY" => Capability::AwayNotify,
            b"ACCOUNT" => Capability::AccountNotify,
            b"CHGHOST" => Capability::Chghost,
            b"SETNAME" => Capability::Setname,
            _ => return,
        };
        let watchers = self.monitors.watchers(user.nick()).iter().filter_map(|session| {
            let watcher = world.users.get(world.users.by_session(*session)?)?;
            let wants = watcher.has(Capability::ExtendedMonitor) && watcher.has(capability);
            let knows = *session == user.session() || shares(watcher, user);
            (wants && !knows).then_some((*session, watcher.capabilities()))
        });
        how.relay(watchers, out);
    }

    fn tell_watchers(&self, world: World<'_>, nick: &[u8], numeric: Numeric, target: &[u8], out: &mut Deliveries) {
        let watchers = self.monitors.watchers(nick);
        if watchers.is_empty() {
            return;
        }
        let parts = Parts {
            tags: &[],
            source: Some(world.config.server_name.as_bytes()),
            command: Command::Numeric(numeric),
            params: &[b"*", target],
        };
        let answering = out.answering();
        out.shared(watchers.iter().copied().filter(|session| Some(*session) != answering), |line| {
            outgoing::write(&parts, true, line);
        });
        if let Some(own) = answering.filter(|own| watchers.binary_search(own).is_ok()) {
            out.line(own, |line| outgoing::write(&parts, true, line));
        }
    }

    fn keep_channel(&mut self, world: World<'_>, channel: ChannelId, what: &Outgoing<'_>, sort: Sort) {
        if let Some(channel) = world.channels.get(channel) {
            let folded = world.isupport.case_mapping.key(channel.name());
            self.history.append(Buffer::Channel(folded.as_bytes()), entry(what, sort));
        }
    }

    /// Keeps a direct message for each side that is logged in.
    pub(super) fn keep_direct(&mut self, mapping: CaseMapping, user: &User, from: &User, entry: &Entry) {
        for (owner, peer) in [(from, user), (user, from)] {
            let Some(account) = owner.account() else { continue };
            let (account, nick) = (mapping.key(account), mapping.key(peer.nick()));
            let buffer = Buffer::Direct { owner: account.as_bytes(), peer: nick.as_bytes() };
            self.history.append(buffer, entry.clone());
            if user.session() == from.session() {
                return;
            }
        }
    }
}

/// Tells one user how far they have read a target.
pub(super) fn tell_marker(
    config: &Config,
    user: &User,
    target: &[u8],
    marker: Option<u64>,
    now: u64,
    out: &mut Deliveries,
) {
    let moment = marker.map(|marker| [b"timestamp=", &moment::write(marker)[..]].concat());
    let params = [target, moment.as_deref().unwrap_or(b"*")];
    let line = Outgoing::server(config.server_name.as_bytes(), b"MARKREAD", &params, now);
    line.tell(user.session(), user.capabilities(), out);
}

/// Whose read markers a user's are.
pub(super) fn owner(mapping: CaseMapping, user: &User) -> Owner {
    match user.account() {
        Some(account) => Owner::Account(mapping.key(account).as_bytes().into()),
        None => Owner::Session(user.session()),
    }
}

fn shares(one: &User, other: &User) -> bool {
    one.memberships.iter().any(|membership| other.membership(membership.channel).is_some())
}

fn former(user: &User, nick: &[u8], until: u64) -> Former {
    Former {
        nick: Bytes::copy_from_slice(nick),
        user: Bytes::copy_from_slice(user.user()),
        host: Bytes::copy_from_slice(user.host()),
        realname: Bytes::copy_from_slice(user.realname()),
        account: user.account().map(Bytes::copy_from_slice),
        until,
    }
}

/// What is kept of a message: not what programs say to each other by CTCP, but ACTION, and not that somebody is typing.
fn sort_of(what: &Outgoing<'_>) -> Option<Sort> {
    if what.command == b"TAGMSG" {
        let lasts = what.client_tags.iter().any(|(key, _)| *key != b"+typing");
        return lasts.then_some(Sort::Event);
    }
    let text = what.params.last().copied().unwrap_or_default();
    let is_kept = match ctcp::Ctcp::parse(text) {
        None => true,
        Some(ctcp) => ctcp.is("ACTION"),
    };
    is_kept.then_some(Sort::Message)
}

/// A message as it is kept.
pub(super) fn entry(what: &Outgoing<'_>, sort: Sort) -> Entry {
    let mut client_tags = Vec::new();
    for (key, value) in what.client_tags {
        if !client_tags.is_empty() {
            client_tags.push(b';');
        }
        client_tags.extend_from_slice(key);
        if !value.is_empty() {
            client_tags.push(b'=');
            escape_into(value, &mut client_tags);
        }
    }
    Entry {
        time: what.time,
        msgid: what.msgid.map(Bytes::copy_from_slice).unwrap_or_default(),
        account: what.account.map(Bytes::copy_from_slice),
        client_tags: client_tags.into(),
        bot: what.bot,
        sort,
        line: line_of(what),
        more: Vec::new(),
    }
}

/// A message without tags and line end.
pub(super) fn line_of(what: &Outgoing<'_>) -> Bytes {
    let mut line = Vec::new();
    let parts =
        Parts { tags: &[], source: Some(what.source), command: Command::Word(what.command), params: what.params };
    outgoing::write(&parts, what.text, &mut line);
    line.truncate(line.len().saturating_sub(2));
    line.into()
}

impl fmt::Debug for Extras {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Extras")
            .field("whowas", &self.whowas)
            .field("monitors", &self.monitors)
            .field("watches", &self.watches)
            .field("accepted", &self.accepted)
            .field("callers", &self.callers)
            .field("markers", &self.markers)
            .field("metadata", &self.metadata)
            .field("batches", &self.batches.len())
            .finish_non_exhaustive()
    }
}
