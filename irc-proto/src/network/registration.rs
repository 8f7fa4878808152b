use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;

use crate::nick::NickFault;
use crate::{Capabilities, Capability};

use super::channel::{ChannelId, Ranks};
use super::deliveries::{Action, Deliveries};
use super::extras::Happened;
use super::outgoing::{Outgoing, cut};
use super::user::{Membership, Newcomer, Session, UserId};
use super::{Network, Turn, happened};
use crate::codec::Message;

/// Why a session cannot have a nickname.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimFault {
    /// It is none (answer ERR_ERRONEUSNICKNAME 432, or ERR_NONICKNAMEGIVEN 431 when it is empty).
    #[error(transparent)]
    Nick(#[from] NickFault),
    /// Somebody has it (answer ERR_NICKNAMEINUSE 433).
    #[error("this nickname is in use: take another")]
    InUse,
    /// The session is registered, and asks for another nickname with NICK.
    #[error("this session is registered already: hand its NICK to the network as a message")]
    Registered,
    /// There are as many users as can be counted.
    #[error("the network is full")]
    Full,
}

impl Network {
    /// Holds a nickname for a session that is about to register (RFC 2812 §3.1.2); what it held before is free again.
    /// [`disconnect`](Network::disconnect) gives it up.
    ///
    /// # Errors
    ///
    /// [`ClaimFault`]; then the session holds what it held before.
    pub fn claim(&mut self, session: Session, nick: &[u8]) -> Result<(), ClaimFault> {
        if self.users.by_session(session).is_some() {
            return Err(ClaimFault::Registered);
        }
        self.nick_rules.check(nick)?;
        if self.users.claim(session, nick) { Ok(()) } else { Err(ClaimFault::InUse) }
    }

    /// Makes a session a user, and writes the welcome: RPL_WELCOME to RPL_ISUPPORT, LUSERS and MOTD (RFC 2812 §3.1, §5.1). Those who MONITOR the
    /// nickname are told. `now` is in milliseconds since 1970.
    ///
    /// # Errors
    ///
    /// [`ClaimFault`], where the nickname is not the session's to have; nothing has changed then.
    pub fn register(
        &mut self,
        session: Session,
        newcomer: &Newcomer<'_>,
        now: u64,
        out: &mut Deliveries,
    ) -> Result<(), ClaimFault> {
        self.claim(session, newcomer.nick)?;
        let limits = self.config.limits;
        let word = |text: &[u8], most: u32, none: &'static [u8]| -> Vec<u8> {
            let kept: Vec<u8> = text.iter().copied().filter(|byte| is_source(*byte)).collect();
            let kept = cut(&kept, kept.len().min(most as usize));
            if kept.is_empty() { none.into() } else { kept.into() }
        };
        let user = word(newcomer.user, limits.user, b"unknown");
        // A host is a parameter of RPL_WHOISUSER too, where it cannot begin with a colon: `::1` is written `0::1`.
        let mut host = word(newcomer.host, limits.host, b"unknown");
        if host.starts_with(b":") {
            host.insert(0, b'0');
        }
        let realname = text(newcomer.realname, limits.realname);
        let away = newcomer.away.map(|away| text(away, limits.away)).filter(|away| !away.is_empty());
        let account = newcomer.account.map(account_name).filter(|account| !account.is_empty());
        let newcomer = Newcomer {
            user: &user,
            host: &host,
            realname: &realname,
            away: away.as_deref(),
            account: account.as_deref(),
            capabilities: newcomer.capabilities & self.config.capabilities,
            ..*newcomer
        };
        let modes = self.config.first_user_modes();
        let Some(id) = self.users.insert(session, &newcomer, modes, now) else {
            self.users.release(session);
            return Err(ClaimFault::Full);
        };
        happened!(self, Happened::Arrived(id), now, out);
        if let Ok(message) = Message::parse(b"USER", crate::codec::Profile::Lenient) {
            self.welcome(&mut Turn { user: id, session, now, message, out });
        }
        out.settle();
        Ok(())
    }

    /// Takes a session out, whether it had registered or not, and however it ended. Everybody in common channels is told once, with `reason` as the
    /// text
    /// of the QUIT (RFC 2812 §3.1.7), which is cut where it is too long. A session that is not there changes nothing.
    pub fn disconnect(&mut self, session: Session, reason: &[u8], now: u64, out: &mut Deliveries) {
        match self.users.by_session(session) {
            Some(user) => self.depart(user, reason, now, out),
            None => self.users.release(session),
        }
        out.settle();
    }

    /// Sets what a session has agreed on, when that has changed ([`Event::Capabilities`](crate::server::Event::Capabilities)): the forms in which it
    /// gets messages
    /// from now on.
    pub fn set_capabilities(&mut self, session: Session, capabilities: Capabilities) {
        let Some(user) = self.users.by_session(session).and_then(|id| self.users.get_mut(id)) else { return };
        user.capabilities = capabilities & self.config.capabilities;
        let capabilities = user.capabilities;
        for membership in &user.memberships {
            let channel = self.channels.get_mut(membership.channel);
            if let Some(member) = channel.and_then(|channel| channel.member_mut(membership.position)) {
                member.capabilities = capabilities;
            }
        }
    }

    /// Sets or clears a user's account, after a login or logout; common channels are told
    /// ([account-notify](https://ircv3.net/specs/extensions/account-notify)). The numerics 900 and 901 are the session's.
    pub fn set_account(&mut self, session: Session, account: Option<&[u8]>, now: u64, out: &mut Deliveries) {
        let Some(id) = self.users.by_session(session) else { return };
        let account = account.map(account_name).filter(|account| !account.is_empty());
        let Some(user) = self.users.get_mut(id).filter(|user| user.account() != account.as_deref()) else { return };
        user.account = account.map(Box::from);
        let own = user.has(Capability::AccountNotify);
        let told = self.gather(id, own);
        if let Some(user) = self.users.get(id) {
            let params = [user.account().unwrap_or(b"*")];
            let line = Outgoing { account: None, ..Outgoing::user(user, b"ACCOUNT", &params, now) };
            let wants = told.iter().copied().filter(|(_, capabilities)| capabilities.has(Capability::AccountNotify));
            line.relay(wants, out);
            happened!(self, Happened::Changed { user: id, how: &line }, now, out);
        }
        self.gathered = told;
        out.settle();
    }

    /// Gives a user another user name and host; common channels are told ([chghost](https://ircv3.net/specs/extensions/chghost)). What cannot stand
    /// in a source is left out; empty, it stays.
    pub fn set_host(&mut self, session: Session, user: &[u8], host: &[u8], now: u64, out: &mut Deliveries) {
        let Some(id) = self.users.by_session(session) else { return };
        let limits = self.config.limits;
        let word = |text: &[u8], most: u32| -> Vec<u8> {
            text.iter()
                .copied()
                .filter(|byte| is_source(*byte))
                .skip_while(|byte| *byte == b':')
                .take(most as usize)
                .collect()
        };
        let (mut name, mut host) = (word(user, limits.user), word(host, limits.host));
        let Some(user) = self.users.get_mut(id) else { return };
        let before = user.source().to_vec();
        let nick = user.nick().to_vec();
        if name.is_empty() {
            name = user.user().into();
        }
        if host.is_empty() {
            host = user.host().into();
        }
        user.set_source(&nick, &name, &host);
        if user.source() == before {
            return;
        }
        let own = user.has(Capability::Chghost);
        let told = self.gather(id, own);
        if let Some(user) = self.users.get(id) {
            let params = [user.user(), user.host()];
            let line = Outgoing { source: &before, ..Outgoing::user(user, b"CHGHOST", &params, now) };
            let wants = told.iter().copied().filter(|(_, capabilities)| capabilities.has(Capability::Chghost));
            line.relay(wants, out);
            happened!(self, Happened::Changed { user: id, how: &line }, now, out);
        }
        self.gathered = told;
        out.settle();
    }

    /// QUIT (RFC 2812 §3.1.7), where the session hands it on.
    pub(super) fn quit(&mut self, turn: &mut Turn<'_>, params: &[&[u8]]) {
        let reason = text(params.first().copied().unwrap_or_default(), self.config.limits.farewell);
        self.depart(turn.user, &reason, turn.now, turn.out);
        turn.out.act(Action::Close { session: turn.session, text: Bytes::from(reason) });
    }

    /// Takes a user out of everything, and tells everybody in common channels once.
    pub(super) fn depart(&mut self, id: UserId, reason: &[u8], now: u64, out: &mut Deliveries) {
        let msgid = self.next_id();
        let told = self.gather(id, false);
        let reason = text(reason, self.config.limits.farewell);
        let Some(user) = self.users.get(id) else { return };
        let memberships = user.memberships.clone();
        let source = user.source().to_vec();
        let params = [&reason[..]];
        let params = if reason.is_empty() { &[] } else { &params[..] };
        let account = user.account.clone();
        let (bot, operator) = (user.is_bot(), user.is_operator());
        let line = Outgoing {
            account: account.as_deref(),
            bot,
            operator,
            msgid: Some(&msgid),
            ..Outgoing::server(&source, b"QUIT", params, now).with_text()
        };
        line.relay(told.iter().copied(), out);
        self.gathered = told;
        for Membership { channel, .. } in memberships {
            happened!(self, Happened::Event { channel, what: &line }, now, out);
            self.leave(id, channel);
        }
        if let Some(user) = self.users.remove(id) {
            happened!(self, Happened::Left(&user), now, out);
        }
    }

    /// Puts a user into a channel, without a word.
    pub(super) fn enter(&mut self, id: UserId, channel_id: ChannelId, ranks: Ranks) {
        let Some(user) = self.users.get_mut(id) else { return };
        let Some(channel) = self.channels.get_mut(channel_id) else { return };
        let Ok(position) = u32::try_from(channel.members.len()) else { return };
        let (session, capabilities) = (user.session(), user.capabilities());
        channel.members.push(super::channel::Member { session, capabilities, user: id, ranks });
        user.memberships.push(Membership { channel: channel_id, position });
    }

    /// Takes a user out of a channel, without a word; the last one closes it.
    pub(super) fn leave(&mut self, id: UserId, channel_id: ChannelId) {
        let Some(user) = self.users.get_mut(id) else { return };
        let Some(at) = user.memberships.iter().position(|membership| membership.channel == channel_id) else { return };
        let position = user.memberships.swap_remove(at).position;
        let Some(channel) = self.channels.get_mut(channel_id) else { return };
        if (position as usize) < channel.members.len() {
            channel.members.swap_remove(position as usize);
        }
        // The last member has taken the place that became free.
        if let Some(moved) = channel.member(position).map(|member| member.user) {
            let memberships = self.users.get_mut(moved).map(|user| user.memberships.iter_mut());
            for membership in memberships.into_iter().flatten().filter(|one| one.channel == channel_id) {
                membership.position = position;
            }
        }
        if channel.members.is_empty() && !channel.stays {
            let folded = self.isupport.case_mapping.key(channel.name());
            self.extras.closed(channel, folded.as_bytes());
            self.channels.remove(channel_id);
        }
    }
}

/// Visible, and without a meaning in a source.
fn is_source(byte: u8) -> bool {
    byte > b' ' && byte != 0x7f && !matches!(byte, b'!' | b'@' | b',')
}

/// An account's name, as it can stand in a message and in a tag, which is UTF-8.
fn account_name(name: &[u8]) -> Vec<u8> {
    let name = String::from_utf8_lossy(name);
    let kept: Vec<u8> = name.bytes().filter(|byte| *byte > b' ').skip_while(|byte| *byte == b':').collect();
    cut(&kept, kept.len().min(64)).into()
}

/// A text on one line, of at most so many bytes.
pub(super) fn text(text: &[u8], most: u32) -> Vec<u8> {
    let kept: Vec<u8> = text.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n' | 0)).collect();
    cut(&kept, kept.len().min(most as usize)).into()
}
