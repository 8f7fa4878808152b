//! Bouncers: soju's list of networks
//! ([soju.im/bouncer-networks](https://codeberg.org/emersion/soju/src/branch/master/doc/ext/bouncer-networks.md)) and ZNC's playback
//! (<https://wiki.znc.in/Playback>).

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use wirestate_machine::Misuse;

use super::state::On;
use super::{Client, RequestId};
use crate::capability::Capability;
use crate::codec::{Command, Message, Parts, Tags, escape_into};

/// What soju tells of one of its networks: all of it in the answer to [`Client::list_bouncer_networks`], what has changed in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BouncerNetwork<'a> {
    id: &'a [u8],
    attributes: &'a [u8],
}

impl<'a> BouncerNetwork<'a> {
    /// Reads `BOUNCER NETWORK`; `None` for any other message.
    pub fn of(message: Message<&'a [u8]>) -> Option<Self> {
        let is_network = message.command().is(b"BOUNCER")
            && message.param(0).is_some_and(|subcommand| subcommand.eq_ignore_ascii_case(b"NETWORK"));
        let id = message.param(1).filter(|id| is_network && !id.is_empty())?;
        Some(BouncerNetwork { id, attributes: message.param(2).unwrap_or_default() })
    }

    /// Its id, as [`Identity::bouncer_network`](super::Identity::bouncer_network) takes it.
    pub fn id(&self) -> &'a [u8] {
        self.id
    }

    /// Whether it is gone.
    pub fn is_removed(&self) -> bool {
        self.attributes == b"*"
    }

    /// The value of an attribute, such as `name`, `state`, `host` or `error`. `None`: nothing is said of it. Empty: there is none any more.
    pub fn attribute(&self, name: &str) -> Option<Cow<'a, [u8]>> {
        Some(self.attributes()?.value(name.as_bytes())?.unescaped())
    }

    /// The name that a person knows it by.
    pub fn name(&self) -> Option<Cow<'a, [u8]>> {
        self.attribute("name")
    }

    /// Whether the bouncer is connected to it, where something is said of that: `connecting` is not yet.
    pub fn is_connected(&self) -> Option<bool> {
        Some(*self.attribute("state")? == *b"connected")
    }

    fn attributes(&self) -> Option<Tags<'a>> {
        (!self.is_removed()).then(|| Tags::parse(self.attributes))
    }
}

/// What ZNC's playback module is told. Times are in milliseconds since 1970; buffers are channels and nicknames, with wildcards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Playback<'a> {
    /// Play what the buffers have, from one time on and until another.
    Play {
        /// `*` for all.
        buffers: &'a [&'a str],
        /// From here on: the time of the last message that is known.
        from: Option<u64>,
        /// Until here; only with `from`.
        to: Option<u64>,
    },
    /// Forget what the buffers have.
    Clear {
        /// `*` for all.
        buffers: &'a [&'a str],
    },
    /// List the buffers and their times; it comes as NOTICEs of `*playback`.
    List,
}

/// They are refused as all that the program [says](Client::send), and by [`Misuse::NotOffered`] where the bouncer's capability is not agreed on.
impl Client {
    /// BOUNCER LISTNETWORKS. It is answered by a batch, whose messages [`BouncerNetwork::of`] reads.
    pub fn list_bouncer_networks(&mut self) -> Result<RequestId, Misuse> {
        self.ask_soju(&[b"LISTNETWORKS"])
    }

    /// BOUNCER ADDNETWORK, with at least `host` among its attributes. The answer tells the id as the second parameter.
    pub fn add_bouncer_network(&mut self, attributes: &[(&str, &str)]) -> Result<RequestId, Misuse> {
        self.ask_soju(&[b"ADDNETWORK", &written(attributes)?])
    }

    /// BOUNCER CHANGENETWORK; an attribute that is set to nothing is removed.
    pub fn change_bouncer_network(&mut self, id: &str, attributes: &[(&str, &str)]) -> Result<RequestId, Misuse> {
        self.ask_soju(&[b"CHANGENETWORK", id.as_bytes(), &written(attributes)?])
    }

    /// BOUNCER DELNETWORK.
    pub fn remove_bouncer_network(&mut self, id: &str) -> Result<RequestId, Misuse> {
        self.ask_soju(&[b"DELNETWORK", id.as_bytes()])
    }

    /// Tells ZNC's `*playback`. What it plays comes as messages with their times, in a batch where batches are agreed on.
    ///
    /// # Errors
    /// Besides the others [`Misuse::OutOfRange`] for no buffers, or `to` without `from`.
    pub fn playback(&mut self, playback: Playback<'_>) -> Result<(), Misuse> {
        self.allow(On::Send)?;
        if !self.offers.agreed.has(Capability::ZncPlayback) {
            return Err(Misuse::NotOffered);
        }
        let text = playback.text()?;
        let params: [&[u8]; 2] = [b"*playback", text.as_bytes()];
        self.send(&Parts { command: Command::Word(b"PRIVMSG"), params: &params, ..Parts::default() })
    }

    fn ask_soju(&mut self, params: &[&[u8]]) -> Result<RequestId, Misuse> {
        self.allow(On::Request)?;
        if !self.offers.agreed.has(Capability::SojuBouncerNetworks) {
            return Err(Misuse::NotOffered);
        }
        // An empty one would be no id.
        if params.iter().any(|param| param.is_empty()) {
            return Err(Misuse::OutOfRange);
        }
        self.request(&Parts { command: Command::Word(b"BOUNCER"), params, ..Parts::default() })
    }
}

/// Attributes are written as tags are.
fn written(attributes: &[(&str, &str)]) -> Result<Vec<u8>, Misuse> {
    let mut all = Vec::new();
    for (name, value) in attributes {
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte)) {
            return Err(Misuse::ForbiddenCharacter);
        }
        if !all.is_empty() {
            all.push(b';');
        }
        all.extend_from_slice(name.as_bytes());
        if !value.is_empty() {
            all.push(b'=');
            escape_into(value.as_bytes(), &mut all);
        }
    }
    Ok(all)
}

impl Playback<'_> {
    fn text(self) -> Result<String, Misuse> {
        let names = |buffers: &[&str]| match buffers {
            [] => Err(Misuse::OutOfRange),
            all if all.iter().any(|one| one.is_empty() || one.contains([' ', ','])) => Err(Misuse::ForbiddenCharacter),
            all => Ok(all.join(",")),
        };
        let time = |milliseconds: u64| format!(" {}.{:03}", milliseconds / 1000, milliseconds % 1000);
        match self {
            Playback::Play { from: None, to: Some(_), .. } => Err(Misuse::OutOfRange),
            Playback::Play { buffers, from, to } => {
                let times = [from, to].map(|at| at.map(time).unwrap_or_default()).concat();
                Ok(format!("PLAY {}{times}", names(buffers)?))
            }
            Playback::Clear { buffers } => Ok(format!("CLEAR {}", names(buffers)?)),
            Playback::List => Ok("LIST".into()),
        }
    }
}
