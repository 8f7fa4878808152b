use alloc::vec::Vec;

use wirestate_machine::Misuse;

use super::Client;
use super::state::On;
use crate::capability::Capability;
use crate::client_tags::ClientTags;
use crate::codec::{Command, Parts};

/// Commands that one sends now and then. They are refused as all that the program [says](Client::send); what the server makes of one comes as a
/// message.
impl Client {
    /// INVITE (RFC 2812 §3.2.7).
    pub fn invite(&mut self, nick: &str, channel: &str) -> Result<(), Misuse> {
        self.command(b"INVITE", &[nick.as_bytes(), channel.as_bytes()])
    }

    /// KNOCK: asks the operators of a channel for an invitation, with words if there are any.
    pub fn knock(&mut self, channel: &str, text: &str) -> Result<(), Misuse> {
        self.command(b"KNOCK", &with_text(&[channel.as_bytes()], text))
    }

    /// OPER (RFC 2812 §3.1.4).
    ///
    /// # Errors
    /// Besides the others [`Misuse::CleartextForbidden`] without TLS, if [`Config::cleartext`](super::Config::cleartext) does not allow it.
    pub fn oper(&mut self, name: &str, password: &str) -> Result<(), Misuse> {
        self.allow(On::Send)?;
        if !self.is_encrypted() && !self.config.cleartext {
            return Err(Misuse::CleartextForbidden);
        }
        self.command(b"OPER", &[name.as_bytes(), password.as_bytes()])
    }

    /// SETNAME: another real name ([setname](https://ircv3.net/specs/extensions/setname)).
    ///
    /// # Errors
    /// Besides the others [`Misuse::NotOffered`] where `setname` is not agreed on.
    pub fn set_realname(&mut self, realname: &str) -> Result<(), Misuse> {
        self.need(Capability::Setname)?;
        self.command(b"SETNAME", &[realname.as_bytes()])
    }

    /// REDACT: takes back a message that was said to this target, with a reason if there is one
    /// ([message-redaction](https://ircv3.net/specs/extensions/message-redaction)).
    ///
    /// # Errors
    /// Besides the others [`Misuse::NotOffered`] where `draft/message-redaction` is not agreed on.
    pub fn redact(&mut self, target: &str, msgid: &str, reason: &str) -> Result<(), Misuse> {
        self.need(Capability::MessageRedaction)?;
        self.command(b"REDACT", &with_text(&[target.as_bytes(), msgid.as_bytes()], reason))
    }

    /// MARKREAD: what was said in this channel, or with this user, has been read until a moment, given as in `2019-01-04T14:33:26.123Z`
    /// ([read-marker](https://ircv3.net/specs/extensions/read-marker)). The server answers with MARKREAD, to all of the user's clients.
    ///
    /// # Errors
    /// Besides the others [`Misuse::NotOffered`] where `draft/read-marker` is not agreed on.
    pub fn mark_read(&mut self, target: &str, moment: &str) -> Result<(), Misuse> {
        self.need(Capability::ReadMarker)?;
        self.command(b"MARKREAD", &[target.as_bytes(), &[b"timestamp=", moment.as_bytes()].concat()])
    }

    /// MARKREAD without a moment: asks until when it has been read.
    ///
    /// # Errors
    /// The same.
    pub fn ask_read(&mut self, target: &str) -> Result<(), Misuse> {
        self.need(Capability::ReadMarker)?;
        self.command(b"MARKREAD", &[target.as_bytes()])
    }

    /// RENAME: another name for a channel, with a reason if there is one
    /// ([channel-rename](https://ircv3.net/specs/extensions/channel-rename)).
    ///
    /// # Errors
    /// Besides the others [`Misuse::NotOffered`] where `draft/channel-rename` is not agreed on.
    pub fn rename(&mut self, channel: &str, name: &str, reason: &str) -> Result<(), Misuse> {
        self.need(Capability::ChannelRename)?;
        self.command(b"RENAME", &with_text(&[channel.as_bytes(), name.as_bytes()], reason))
    }

    /// TAGMSG: tags without a text, as that somebody is typing, or a reaction
    /// ([message-tags](https://ircv3.net/specs/extensions/message-tags)).
    ///
    /// # Errors
    /// Besides the others [`Misuse::OutOfRange`] without any tag, and [`Misuse::NotOffered`] where `message-tags` is not agreed on or the server
    /// relays one of them to nobody (CLIENTTAGDENY).
    pub fn tagmsg(&mut self, target: &str, tags: &ClientTags<'_>) -> Result<(), Misuse> {
        self.need(Capability::MessageTags)?;
        let pairs = tags.pairs();
        if pairs.is_empty() {
            return Err(Misuse::OutOfRange);
        }
        if pairs.iter().any(|(key, _)| self.denies(key)) {
            return Err(Misuse::NotOffered);
        }
        let params = [target.as_bytes()];
        self.send(&Parts { tags: &pairs, command: Command::Word(b"TAGMSG"), params: &params, ..Parts::default() })
    }

    pub(super) fn need(&self, capability: Capability) -> Result<(), Misuse> {
        self.allow(On::Send)?;
        if self.offers.agreed.has(capability) { Ok(()) } else { Err(Misuse::NotOffered) }
    }
}

/// An empty text is left out.
pub(super) fn with_text<'a>(params: &[&'a [u8]], text: &'a str) -> Vec<&'a [u8]> {
    let text = Some(text.as_bytes()).filter(|text| !text.is_empty());
    params.iter().copied().chain(text).collect()
}
