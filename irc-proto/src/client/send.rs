use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;

use wirestate_machine::Misuse;

use super::commands::with_text;
use super::event::{Reason, RequestId};
use super::history::History;
use super::line::Line;
use super::queue::Priority;
use super::requests::Tag;
use super::resume::{Continuation, joins, watches};
use super::state::On;
use super::tracker::{Change, Tracker};
use super::{Client, State, TABLE, redirect};
use crate::capability::Capability;
use crate::codec::{Command, Parts};
use crate::isupport::Limit;

/// What the program says. Each call is refused by a [`Misuse`] that changes nothing:
///
/// * [`Misuse::WrongState`] where the [`TABLE`] does not allow it, [`Misuse::Closed`] after the end;
/// * [`Misuse::QueueFull`] when too many lines or requests are waiting;
/// * [`Misuse::ForbiddenCharacter`], [`Misuse::TooLong`] and [`Misuse::OutOfRange`] when the line cannot be written as it is meant: it is never cut.
impl Client {
    /// Sends a message. Its tags go out only where `message-tags` is agreed on; they are left out elsewhere, as are those that the server relays to
    /// nobody (CLIENTTAGDENY).
    ///
    /// # Errors
    /// Besides the others [`Misuse::NotOffered`] for a TAGMSG that would have no tags left.
    pub fn send(&mut self, parts: &Parts<'_>) -> Result<(), Misuse> {
        self.send_with(Priority::Normal, parts)
    }

    /// The same, before or after other lines that wait.
    pub fn send_with(&mut self, priority: Priority, parts: &Parts<'_>) -> Result<(), Misuse> {
        self.allow(On::Send)?;
        let tags = self.tags(parts);
        if tags.is_empty() && !parts.tags.is_empty() && parts.command.is(b"TAGMSG") {
            return Err(Misuse::NotOffered);
        }
        let line = Line::with(&self.encoder(), &Parts { tags: &tags, ..*parts })?;
        self.enqueue(priority, line, None)
    }

    /// Asks for something. Ends with [`Event::Response`](super::Event::Response) or [`Event::Failed`](super::Event::Failed).
    ///
    /// With `labeled-response` any message can be asked with; without, those of [`REDIRECTS`](super::REDIRECTS), each kind in order.
    ///
    /// # Errors
    /// Besides the others [`Misuse::NotOffered`] for a message whose answer cannot be told from others without a label.
    pub fn request(&mut self, parts: &Parts<'_>) -> Result<RequestId, Misuse> {
        self.allow(On::Request)?;
        if self.requests.len() >= self.config.limits.requests {
            return Err(Misuse::QueueFull);
        }
        let Command::Word(command) = parts.command else { return Err(Misuse::OutOfRange) };
        let kind = redirect::kind(command, parts.params);
        let label = self.has_labels().then(|| self.requests.label());
        if label.is_none() && kind.is_none() {
            return Err(Misuse::NotOffered);
        }
        let text = label.map(|label| label.text());
        let mut tags = self.tags(parts).into_owned();
        tags.extend(text.as_ref().map(|text| (&b"label"[..], text.as_bytes())));
        let line = Line::with(&self.encoder(), &Parts { tags: &tags, ..*parts })?;
        self.queue.has_room(1, line.as_bytes().len())?;
        let id = self.requests.add(label, kind, parts.params, false);
        self.enqueue(Priority::Normal, line, Some(Tag(id)))?;
        Ok(id)
    }

    /// JOIN (RFC 2812 §3.2.1). The key is remembered for a [`Continuation`].
    pub fn join(&mut self, channel: &str, key: Option<&str>) -> Result<(), Misuse> {
        let (channel, key) = (channel.as_bytes(), key.map(str::as_bytes));
        let params: Vec<&[u8]> = core::iter::once(channel).chain(key).collect();
        self.command(b"JOIN", &params)?;
        self.tracker.note_key(channel, key);
        if let Some(key) = key {
            self.keep_key(channel, key);
        }
        Ok(())
    }

    /// PART (RFC 2812 §3.2.2).
    pub fn part(&mut self, channel: &str, text: &str) -> Result<(), Misuse> {
        if let Some(resume) = &mut self.resume {
            resume.channels.retain(|(name, _)| **name != *channel.as_bytes());
        }
        self.command(b"PART", &with_text(&[channel.as_bytes()], text))
    }

    /// NICK (RFC 2812 §3.1.2). This is the nickname that is wanted from now on.
    pub fn change_nick(&mut self, nick: &str) -> Result<(), Misuse> {
        self.command(b"NICK", &[nick.as_bytes()])?;
        self.identity.nicks.wish(nick.as_bytes());
        self.regain = Default::default();
        Ok(())
    }

    /// AWAY (RFC 2812 §4.1): away with these words, or back.
    pub fn set_away(&mut self, text: Option<&str>) -> Result<(), Misuse> {
        self.command(b"AWAY", &with_text(&[], text.unwrap_or_default()))?;
        self.away = text.filter(|text| !text.is_empty()).map(|text| text.as_bytes().into());
        Ok(())
    }

    /// TOPIC (RFC 2812 §3.2.4): sets a topic, or with an empty text takes it away.
    pub fn set_topic(&mut self, channel: &str, topic: &str) -> Result<(), Misuse> {
        self.command(b"TOPIC", &[channel.as_bytes(), topic.as_bytes()])
    }

    /// KICK (RFC 2812 §3.2.8).
    pub fn kick(&mut self, channel: &str, nick: &str, text: &str) -> Result<(), Misuse> {
        self.command(b"KICK", &with_text(&[channel.as_bytes(), nick.as_bytes()], text))
    }

    /// MODE (RFC 2812 §3.1.5, §3.2.3), as in `mode("#lobby", "+ov", &["ada", "bob"])`.
    pub fn mode(&mut self, target: &str, letters: &str, arguments: &[&str]) -> Result<(), Misuse> {
        let head = [target.as_bytes(), letters.as_bytes()];
        let params: Vec<&[u8]> = head.into_iter().chain(arguments.iter().map(|argument| argument.as_bytes())).collect();
        self.command(b"MODE", &params)
    }

    /// [MONITOR](https://ircv3.net/specs/extensions/monitor): the server tells when somebody of this nickname comes and goes
    /// (730 RPL_MONONLINE, 731 RPL_MONOFFLINE).
    ///
    /// # Errors
    /// Besides the others [`Misuse::NotOffered`] where the server has no MONITOR.
    pub fn monitor(&mut self, nick: &str) -> Result<(), Misuse> {
        self.watch_nick(b"+", nick)?;
        self.monitored.insert(nick.as_bytes().into());
        Ok(())
    }

    /// The end of [`monitor`](Client::monitor).
    ///
    /// # Errors
    /// The same.
    pub fn unmonitor(&mut self, nick: &str) -> Result<(), Misuse> {
        self.watch_nick(b"-", nick)?;
        self.monitored.remove(nick.as_bytes());
        Ok(())
    }

    /// WHOIS (RFC 2812 §3.6.2).
    pub fn whois(&mut self, nick: &str) -> Result<RequestId, Misuse> {
        self.ask(b"WHOIS", &[nick.as_bytes()])
    }

    /// WHO (RFC 2812 §3.6.1), in the extended form where the server has it (WHOX): the tracker learns from it.
    pub fn who(&mut self, mask: &str) -> Result<RequestId, Misuse> {
        let params = [mask.as_bytes(), Tracker::WHOX_FIELDS];
        let count = if self.isupport().whox { 2 } else { 1 };
        self.ask(b"WHO", &params[..count])
    }

    /// NAMES (RFC 2812 §3.2.5).
    pub fn names(&mut self, channel: &str) -> Result<RequestId, Misuse> {
        self.ask(b"NAMES", &[channel.as_bytes()])
    }

    /// LIST (RFC 2812 §3.2.6); an empty mask asks for all channels.
    pub fn list(&mut self, mask: &str) -> Result<RequestId, Misuse> {
        self.ask(b"LIST", &with_text(&[], mask))
    }

    /// The entries of a list of a channel, as `b` for bans.
    pub fn mode_list(&mut self, channel: &str, mode: char) -> Result<RequestId, Misuse> {
        let letter = u8::try_from(mode).map_err(|_| Misuse::OutOfRange)?;
        self.ask(b"MODE", &[channel.as_bytes(), &[b'+', letter]])
    }

    /// CHATHISTORY: answered by a batch.
    ///
    /// # Errors
    /// Besides the others [`Misuse::NotOffered`] where `draft/chathistory` is not agreed on.
    pub fn history(&mut self, query: &History<'_>) -> Result<RequestId, Misuse> {
        self.allow(On::Request)?;
        if !self.offers.agreed.has(Capability::Chathistory) && !self.offers.has(b"chathistory") {
            return Err(Misuse::NotOffered);
        }
        let params = query.params();
        let params: Vec<&[u8]> = params.iter().map(|param| param.as_bytes()).collect();
        // An empty one would shift those behind it.
        if params.iter().any(|param| param.is_empty()) {
            return Err(Misuse::OutOfRange);
        }
        self.ask(b"CHATHISTORY", &params)
    }

    /// QUIT (RFC 2812 §3.1.7): goes out at once, and what waits in the queue goes out no more.
    pub fn quit(&mut self, text: &str) -> Result<(), Misuse> {
        self.allow(On::Quit)?;
        let params = with_text(&[], text);
        Line::with(&self.encoder(), &Parts { command: Command::Word(b"QUIT"), params: &params, ..Parts::default() })?;
        self.take_leave(text.as_bytes(), Reason::Quit);
        Ok(())
    }

    /// The same, once all that waits in the queue has gone out at its pace; until then nothing more is taken but [`quit`](Client::quit), which does not
    /// wait.
    pub fn quit_after_queue(&mut self, text: &str) -> Result<(), Misuse> {
        self.allow(On::Quit)?;
        let params = with_text(&[], text);
        Line::with(&self.encoder(), &Parts { command: Command::Word(b"QUIT"), params: &params, ..Parts::default() })?;
        self.parting = Some(text.as_bytes().into());
        self.pump();
        self.stale = true;
        Ok(())
    }

    /// The tags of a message that may go out.
    fn tags<'t>(&self, parts: &Parts<'t>) -> Cow<'t, [(&'t [u8], &'t [u8])]> {
        if !self.offers.agreed.has(Capability::MessageTags) {
            return Cow::Borrowed(&[]);
        }
        if !parts.tags.iter().any(|(key, _)| self.denies(key)) {
            return Cow::Borrowed(parts.tags);
        }
        parts.tags.iter().copied().filter(|(key, _)| !self.denies(key)).collect()
    }

    /// Whether the server relays a client tag to nobody.
    pub(super) fn denies(&self, key: &[u8]) -> bool {
        key.strip_prefix(b"+").is_some_and(|name| self.isupport().denies_client_tag(name))
    }

    pub(super) fn allow(&self, on: On) -> Result<(), Misuse> {
        match self.state {
            State::Closed => Err(Misuse::Closed),
            _ if self.parting.is_some() && !matches!(on, On::Quit) => Err(Misuse::WrongState),
            state if self.ending.is_none() && TABLE.allows(state, on) && self.tls != super::Tls::Awaited => Ok(()),
            _ => Err(Misuse::WrongState),
        }
    }

    /// Queues a line, which the plugins may change, and sends it if it may go now.
    pub(super) fn enqueue(&mut self, priority: Priority, line: Line, tag: Option<Tag>) -> Result<(), Misuse> {
        let line = if self.plugins.is_empty() { line } else { self.plugins.outgoing(line) };
        if line.as_bytes().is_empty() {
            tag.into_iter().for_each(|tag| self.requests.sent(tag));
        } else {
            self.queue.push(priority, line, tag)?;
        }
        self.pump();
        self.stale = true;
        Ok(())
    }

    pub(super) fn command(&mut self, command: &[u8], params: &[&[u8]]) -> Result<(), Misuse> {
        self.send(&Parts { command: Command::Word(command), params, ..Parts::default() })
    }

    fn watch_nick(&mut self, sign: &[u8], nick: &str) -> Result<(), Misuse> {
        self.allow(On::Send)?;
        if self.isupport().monitor.is_none() {
            return Err(Misuse::NotOffered);
        }
        // A comma would make two of one; the last parameter may hold a blank, and a nickname none.
        if nick.is_empty() || nick.contains([',', ' ']) {
            return Err(Misuse::ForbiddenCharacter);
        }
        self.command(b"MONITOR", &[sign, nick.as_bytes()])
    }

    fn ask(&mut self, command: &[u8], params: &[&[u8]]) -> Result<RequestId, Misuse> {
        self.request(&Parts { command: Command::Word(command), params, ..Parts::default() })
    }

    /// The key of a channel that is not joined yet waits beside what is to be taken up.
    fn keep_key(&mut self, channel: &[u8], key: &[u8]) {
        if self.tracker.channel(channel).is_none() && self.keys.len() < KEYS {
            self.keys.retain(|(name, _)| **name != *channel);
            self.keys.push((channel.into(), key.into()));
        }
    }

    /// A channel has been joined: its key is the channel's.
    pub(super) fn use_keys(&mut self, changes: &[Change]) {
        if self.keys.is_empty() {
            return;
        }
        for change in changes {
            let Change::Joined { channel, own: true, .. } = change else { continue };
            let mapping = self.tracker.mapping();
            if let Some(place) = self.keys.iter().position(|(name, _)| mapping.same(name, channel)) {
                let (_, key) = self.keys.swap_remove(place);
                self.tracker.note_key(channel, Some(&key));
            }
        }
    }

    /// Joins the channels and tells the being away of the session before.
    pub(super) fn take_up(&mut self, before: &Continuation) {
        let most = match self.isupport().max_targets(b"JOIN") {
            Some(Limit::Most(most)) => usize::try_from(most).unwrap_or(usize::MAX).max(1),
            Some(Limit::Unlimited) => usize::MAX,
            // Few servers that do not tell take many.
            None => 4,
        };
        for (names, keys) in joins(&before.channels, 400, most) {
            let params: &[&[u8]] = if keys.is_empty() { &[&names] } else { &[&names, &keys] };
            self.say(b"JOIN", params);
        }
        for (name, key) in &before.channels {
            if let Some(key) = key {
                self.keep_key(name, key);
            }
        }
        if let Some(away) = before.away.clone() {
            self.say(b"AWAY", &[&away]);
        }
        if self.isupport().monitor.is_some() {
            for nicks in watches(&before.monitored, 400) {
                self.say(b"MONITOR", &[b"+", &nicks]);
            }
        }
    }
}

/// How many keys of channels that are not joined yet are remembered.
const KEYS: usize = 256;

/// A channel that is not joined yet, and its key.
pub(super) type Key = (Box<[u8]>, Box<[u8]>);
