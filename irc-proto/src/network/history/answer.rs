use alloc::boxed::Box;
use alloc::string::ToString as _;
use alloc::vec::Vec;
use wirestate_machine::moment;

use crate::casemap::FoldedName;
use crate::{Capability, channel};

use super::super::outgoing::Outgoing;
use super::super::user::{User, UserId};
use super::super::{Network, Turn};
use super::{Buffer, Fault, Query, Request, Selection, Store};

/// How many bytes one answer has, about.
const ROOM: usize = 256 * 1024;

/// A [`Buffer`] with names of its own.
pub(in super::super) enum Owned {
    Channel(FoldedName),
    Direct { owner: FoldedName, peer: FoldedName },
}

impl Owned {
    pub(in super::super) fn borrow(&self) -> Buffer<'_> {
        match self {
            Owned::Channel(name) => Buffer::Channel(name.as_bytes()),
            Owned::Direct { owner, peer } => Buffer::Direct { owner: owner.as_bytes(), peer: peer.as_bytes() },
        }
    }
}

impl Network {
    /// Puts another store in the place of the history in memory. Do so before the first message.
    pub fn set_history(&mut self, store: Box<dyn Store>) {
        self.extras.history = store;
    }

    /// The history, for an application that keeps it elsewhere when it ends.
    pub fn history_mut(&mut self) -> &mut dyn Store {
        &mut *self.extras.history
    }

    /// CHATHISTORY
    pub(in super::super) fn chathistory(&mut self, turn: &mut Turn<'_>, params: &[&[u8]]) {
        let most = usize::try_from(self.config.limits.history_replies.max(1)).unwrap_or(usize::MAX);
        let done = Request::parse(params.iter().copied(), most).and_then(|request| match request {
            Request::Messages { target, selection, limit } => self.messages(turn, target, selection, limit),
            Request::Targets { after, before, newest, limit } => self.targets(turn, after, before, newest, limit),
        });
        if let Err(fault) = done {
            // The subcommand, and the target where it is one.
            let told = match fault {
                Fault::NeedMoreParams | Fault::UnknownCommand => 1,
                _ => 2,
            };
            let context = params.get(..told.min(params.len())).unwrap_or_default();
            self.fail(turn, b"CHATHISTORY", fault.code().as_bytes(), context, fault.to_string().as_bytes());
        }
    }

    fn messages(
        &mut self,
        turn: &mut Turn<'_>,
        target: &[u8],
        selection: Selection<'_>,
        limit: usize,
    ) -> Result<(), Fault> {
        let buffer = self.readable_buffer(turn.user, target).ok_or(Fault::InvalidTarget)?;
        let user = self.users.get(turn.user).ok_or(Fault::InvalidTarget)?;
        let events = user.has(Capability::EventPlayback);
        let redactions = user.has(Capability::MessageRedaction);
        let mut entries = Vec::new();
        let query = Query { selection, limit, bytes: ROOM, events, redactions };
        self.extras.history.query(buffer.borrow(), query, &mut entries).map_err(|_| Fault::MessageError)?;
        self.play(turn, b"chathistory", &[target], &entries);
        Ok(())
    }

    fn targets(
        &mut self,
        turn: &mut Turn<'_>,
        after: u64,
        before: u64,
        newest: bool,
        limit: usize,
    ) -> Result<(), Fault> {
        let user = self.users.get(turn.user).ok_or(Fault::InvalidTarget)?;
        let mapping = self.isupport.case_mapping;
        let mut all: Vec<(Box<[u8]>, u64)> = Vec::new();
        for membership in &user.memberships {
            let Some(channel) = self.channels.get(membership.channel) else { continue };
            let key = mapping.key(channel.name());
            let time = self.extras.history.newest(Buffer::Channel(key.as_bytes())).map_err(|_| Fault::MessageError)?;
            all.extend(time.map(|time| (channel.name().into(), time)));
        }
        if let Some(account) = user.account() {
            self.extras.history.peers(mapping.key(account).as_bytes(), &mut all).map_err(|_| Fault::MessageError)?;
        }
        all.retain(|(_, time)| *time > after && *time < before);
        all.sort_by_key(|(_, time)| *time);
        let surplus = all.len().saturating_sub(limit);
        let kept = if newest { surplus..all.len() } else { 0..all.len() - surplus };
        self.tell_targets(turn, all.get(kept).unwrap_or_default());
        Ok(())
    }

    fn tell_targets(&mut self, turn: &mut Turn<'_>, targets: &[(Box<[u8]>, u64)]) {
        let batch = self.begin_batch(turn, b"draft/chathistory-targets", &[]);
        let Some(capabilities) = self.users.get(turn.user).map(User::capabilities) else { return };
        for (name, time) in targets {
            let moment = moment::write(*time);
            let params = [&b"TARGETS"[..], name, &moment];
            let line = Outgoing::server(self.server_name(), b"CHATHISTORY", &params, turn.now);
            Outgoing { batch: batch.as_deref(), ..line }.tell(turn.session, capabilities, turn.out);
        }
        self.end_batch(turn, batch.as_deref());
    }

    /// The buffer of a target, if the user may read it: a channel they are in, or what their account said with somebody.
    pub(in super::super) fn readable_buffer(&self, user: UserId, target: &[u8]) -> Option<Owned> {
        let mapping = self.isupport.case_mapping;
        if channel::is_channel(target, &self.isupport) {
            let id = self.channels.by_name(target).filter(|id| self.is_on(user, *id))?;
            return Some(Owned::Channel(mapping.key(self.channels.get(id)?.name())));
        }
        let account = self.users.get(user)?.account()?;
        self.nick_rules.check(target).ok()?;
        Some(Owned::Direct { owner: mapping.key(account), peer: mapping.key(target) })
    }
}
