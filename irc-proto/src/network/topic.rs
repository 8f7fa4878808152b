use alloc::boxed::Box;
use alloc::string::ToString as _;

use crate::numerics::*;

use super::channel::{Channel, Ranks, Topic};
use super::extras::Happened;
use super::outgoing::Outgoing;
use super::registration::text;
use super::{Network, Turn, happened};

impl Network {
    /// TOPIC (RFC 2812 §3.2.4).
    pub(super) fn topic(&mut self, turn: &mut Turn<'_>, params: &[&[u8]]) {
        let name = params.first().copied().unwrap_or_default();
        let Some(id) = self.visible_channel(turn, name) else { return };
        let Some(wanted) = params.get(1) else {
            let Some(channel) = self.channels.get(id) else { return };
            return match channel.topic() {
                Some(_) => self.tell_topic(turn, channel),
                None => self.reply(turn, RPL_NOTOPIC, &[channel.name(), b"No topic is set"]),
            };
        };
        let Some(ranks) = self.ranks(turn.user, id) else { return self.not_on_channel(turn, name) };
        let wanted = text(wanted, self.config.limits.topic);
        let Some(user) = self.users.get(turn.user) else { return };
        let Some(channel) = self.channels.get_mut(id) else { return };
        if channel.flags.contains(b't') && !ranks.at_least(Ranks::HALFOP) {
            return self.not_channel_operator(turn, name);
        }
        let topic = Topic { text: wanted.clone().into(), who: user.source().into(), at: turn.now };
        channel.topic = (!wanted.is_empty()).then(|| Box::new(topic));
        let msgid = self.next_id();
        let (Some(channel), Some(user)) = (self.channels.get(id), self.users.get(turn.user)) else { return };
        let params = [channel.name(), &wanted];
        let line = Outgoing { msgid: Some(&msgid), ..Outgoing::user(user, b"TOPIC", &params, turn.now).with_text() };
        line.relay(channel.receivers(), turn.out);
        happened!(self, Happened::Event { channel: id, what: &line }, turn.now, turn.out);
    }

    pub(super) fn tell_topic(&self, turn: &mut Turn<'_>, channel: &Channel) {
        let Some(topic) = channel.topic() else { return };
        self.reply(turn, RPL_TOPIC, &[channel.name(), &topic.text]);
        let at = (topic.at / 1000).to_string();
        self.reply(turn, RPL_TOPICWHOTIME, &[channel.name(), &topic.who, at.as_bytes()]);
    }
}
