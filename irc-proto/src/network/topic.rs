use alloc::boxed::Box;
use alloc::string::ToString as _;

use crate::numerics::*;

use super::channel::{Channel, ChannelId, Ranks, Topic};
use super::deliveries::Deliveries;
use super::extras::Happened;
use super::outgoing::Outgoing;
use super::registration::text;
use super::user::{Session, UserId};
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
        if self.channels.get(id).is_some_and(|channel| channel.flags.contains(b't')) && !ranks.at_least(Ranks::HALFOP) {
            return self.not_channel_operator(turn, name);
        }
        self.put_topic(id, turn.user, wanted, turn.now, turn.out);
    }

    /// Gives a channel another topic in the name of somebody in it, who need not be its operator: whether they may, the application decides. Whether it
    /// could be done.
    pub fn set_topic(
        &mut self,
        session: Session,
        channel: &[u8],
        topic: &[u8],
        now: u64,
        out: &mut Deliveries,
    ) -> bool {
        let (Some(user), Some(id)) = (self.users.by_session(session), self.channels.by_name(channel)) else {
            return false;
        };
        if !self.is_on(user, id) {
            return false;
        }
        self.put_topic(id, user, topic, now, out);
        out.settle();
        true
    }

    fn put_topic(&mut self, id: ChannelId, user: UserId, wanted: &[u8], now: u64, out: &mut Deliveries) {
        let wanted = text(wanted, self.config.limits.topic);
        let msgid = self.next_id();
        let (Some(user), Some(channel)) = (self.users.get(user), self.channels.get_mut(id)) else { return };
        let topic = Topic { text: wanted.clone().into(), who: user.source().into(), at: now };
        channel.topic = (!wanted.is_empty()).then(|| Box::new(topic));
        let Some(channel) = self.channels.get(id) else { return };
        let params = [channel.name(), &wanted];
        let line = Outgoing { msgid: Some(&msgid), ..Outgoing::user(user, b"TOPIC", &params, now).with_text() };
        line.relay(channel.receivers(), out);
        happened!(self, Happened::Event { channel: id, what: &line }, now, out);
    }

    pub(super) fn tell_topic(&self, turn: &mut Turn<'_>, channel: &Channel) {
        let Some(topic) = channel.topic() else { return };
        self.reply(turn, RPL_TOPIC, &[channel.name(), &topic.text]);
        let at = (topic.at / 1000).to_string();
        self.reply(turn, RPL_TOPICWHOTIME, &[channel.name(), &topic.who, at.as_bytes()]);
    }
}

#[cfg(test)]
mod tests {
    use super::super::room::{Room, words};

    #[test]
    fn the_application_decides_who_sets_a_topic() {
        let mut room = Room::new();
        room.network.open_channel(b"#lobby", 1).unwrap();
        for nick in ["ada", "bob"] {
            room.user(nick, &[]);
        }
        room.enter("ada", "#lobby");
        assert_eq!(words(&room.ask("ada", "TOPIC #lobby :tea")), "482");
        let (ada, bob, now) = (room.session("ada"), room.session("bob"), room.now);
        room.out.clear();
        assert!(room.network.set_topic(ada, b"#lobby", b"tea", now, &mut room.out));
        assert_eq!(room.told("ada"), [":ada!u@h TOPIC #lobby :tea"]);
        assert_eq!(room.network.channel(b"#lobby").unwrap().topic().unwrap().text[..], b"tea"[..]);
        room.out.clear();
        assert!(!room.network.set_topic(bob, b"#lobby", b"coffee", now, &mut room.out), "he is not in it");
        assert_eq!(room.out.deliveries().count(), 0);
    }
}
