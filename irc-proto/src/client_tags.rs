//! Client tags: what clients say to each other in tags that servers pass on without understanding them
//! ([message-tags](https://ircv3.net/specs/extensions/message-tags)).
//!
//! ```
//! use irc_proto::client_tags::{ClientTags, Typing};
//! use irc_proto::codec::Tags;
//!
//! let heard = ClientTags::of(Tags::parse(b"+draft/reply=abc;+draft/react=yay"));
//! assert_eq!(heard.reply.as_deref(), Some(&b"abc"[..]));
//! assert_eq!(heard.react.as_deref(), Some(&b"yay"[..]));
//!
//! let told = ClientTags::default().typing(Typing::Active);
//! assert_eq!(told.pairs(), [(&b"+typing"[..], &b"active"[..])]);
//! ```

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::codec::{Tags, Value};

/// Whether somebody is writing a text ([typing](https://ircv3.net/specs/client-tags/typing)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Typing {
    /// They are; it holds for 6 seconds, and is said again every 3.
    Active,
    /// They have stopped in the middle; it holds for 30 seconds.
    Paused,
    /// They are not any more, and have sent nothing.
    Done,
}

/// The client tags that this crate knows; a missing one, and one whose value is not lawful, is `None`.
///
/// Anybody may put anything into them: a message id may be that of no message, and a channel one that nobody is in.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientTags<'a> {
    /// `+typing`
    pub typing: Option<Typing>,
    /// The `msgid` of the message that this one answers ([reply](https://ircv3.net/specs/client-tags/reply)): read as `+reply` and
    /// `+draft/reply`, written as the latter, which is what clients know.
    pub reply: Option<Cow<'a, [u8]>>,
    /// A reaction, such as an emoji, to the message of `reply` ([react](https://ircv3.net/specs/client-tags/react)): `+draft/react`.
    pub react: Option<Cow<'a, [u8]>>,
    /// The end of such a reaction: `+draft/unreact`.
    pub unreact: Option<Cow<'a, [u8]>>,
    /// The channel whose window a private message belongs into
    /// ([channel-context](https://ircv3.net/specs/client-tags/channel-context)): `+draft/channel-context`.
    pub channel_context: Option<Cow<'a, [u8]>>,
}

impl<'a> ClientTags<'a> {
    /// Those among the tags of a message.
    pub fn of(tags: Tags<'a>) -> Self {
        let text = |key| tags.value(key).map(Value::unescaped).filter(|value| !value.is_empty());
        ClientTags {
            typing: text(b"+typing").and_then(|value| Typing::parse(&value)),
            reply: text(REPLY).or_else(|| text(b"+reply")),
            react: text(REACT),
            unreact: text(UNREACT),
            channel_context: text(CHANNEL_CONTEXT),
        }
    }

    /// With `+typing`.
    #[must_use]
    pub fn typing(mut self, typing: Typing) -> Self {
        self.typing = Some(typing);
        self
    }

    /// With `+draft/reply` to the message of this id.
    #[must_use]
    pub fn reply(mut self, msgid: &'a str) -> Self {
        self.reply = Some(msgid.as_bytes().into());
        self
    }

    /// With `+draft/react`; to what, [`reply`](ClientTags::reply) tells.
    #[must_use]
    pub fn react(mut self, reaction: &'a str) -> Self {
        self.react = Some(reaction.as_bytes().into());
        self
    }

    /// With `+draft/unreact`, likewise.
    #[must_use]
    pub fn unreact(mut self, reaction: &'a str) -> Self {
        self.unreact = Some(reaction.as_bytes().into());
        self
    }

    /// With `+draft/channel-context`.
    #[must_use]
    pub fn channel_context(mut self, channel: &'a str) -> Self {
        self.channel_context = Some(channel.as_bytes().into());
        self
    }

    /// Keys and plain values, as [`Parts::tags`](crate::codec::Parts::tags) takes them; empty ones are left out.
    pub fn pairs(&self) -> Vec<(&[u8], &[u8])> {
        let texts = [
            (REPLY, &self.reply),
            (REACT, &self.react),
            (UNREACT, &self.unreact),
            (CHANNEL_CONTEXT, &self.channel_context),
        ];
        let typing = self.typing.map(|typing| (&b"+typing"[..], typing.name().as_bytes()));
        let texts = texts.into_iter().filter_map(|(key, value)| Some((key, value.as_deref()?)));
        typing.into_iter().chain(texts).filter(|(_, value)| !value.is_empty()).collect()
    }
}

impl Typing {
    const ALL: [Typing; 3] = [Typing::Active, Typing::Paused, Typing::Done];

    fn parse(value: &[u8]) -> Option<Typing> {
        Typing::ALL.into_iter().find(|one| one.name().as_bytes() == value)
    }

    fn name(self) -> &'static str {
        match self {
            Typing::Active => "active",
            Typing::Paused => "paused",
            Typing::Done => "done",
        }
    }
}

/// Shows which there are. Values may say what was meant for one person.
impl core::fmt::Debug for ClientTags<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_set().entries(self.pairs().iter().map(|(key, _)| alloc::format!("{}", key.escape_ascii()))).finish()
    }
}

const REPLY: &[u8] = b"+draft/reply";
const REACT: &[u8] = b"+draft/react";
const UNREACT: &[u8] = b"+draft/unreact";
const CHANNEL_CONTEXT: &[u8] = b"+draft/channel-context";

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::String;
    use proptest::prelude::*;

    fn read(raw: &str) -> ClientTags<'_> {
        ClientTags::of(Tags::parse(raw.as_bytes()))
    }

    #[test]
    fn what_is_known_is_read() {
        for (value, typing) in [
            ("active", Some(Typing::Active)),
            ("paused", Some(Typing::Paused)),
            ("done", Some(Typing::Done)),
            ("Active", None),
            ("", None),
        ] {
            assert_eq!(read(&format!("+typing={value}")).typing, typing);
        }
        assert_eq!(read("+reply=a").reply.as_deref(), Some(&b"a"[..]));
        assert_eq!(read("+reply=a;+draft/reply=b").reply.as_deref(), Some(&b"b"[..]));
        let all =
            read("time=1;+draft/reply=x;+draft/react=\\\\:);+draft/unreact=:(;+draft/channel-context=#x;+other=1");
        assert_eq!(all.react.as_deref(), Some(&b"\\:)"[..]));
        assert_eq!(all, ClientTags::default().reply("x").react("\\:)").unreact(":(").channel_context("#x"));
        assert_eq!(read("typing=active;reply=a;+draft/react;+draft/channel-context="), ClientTags::default());
    }

    #[test]
    fn debug_shows_no_values() {
        let tags = ClientTags::default().reply("secret").typing(Typing::Done);
        assert_eq!(format!("{tags:?}"), r#"{"+typing", "+draft/reply"}"#);
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(reply in "[^\0]*", react in "[^\0]*", typing in 0usize..4) {
            let text = |text: &String| Some(text.clone().into_bytes().into()).filter(|_| !text.is_empty());
            let typing = Typing::ALL.get(typing).copied();
            let tags = ClientTags { typing, reply: text(&reply), react: text(&react), ..ClientTags::default() };
            let mut raw = Vec::new();
            for (key, value) in tags.pairs() {
                raw.extend_from_slice(key);
                raw.push(b'=');
                crate::codec::escape_into(value, &mut raw);
                raw.push(b';');
            }
            let raw = String::from_utf8(raw).unwrap();
            prop_assert_eq!(read(&raw), tags);
        }
    }
}
