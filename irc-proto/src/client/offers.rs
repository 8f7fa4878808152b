use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use super::violation::Violation;
use super::{Config, Limits};
use crate::capability::{Capabilities, Capability};

type Name = Box<[u8]>;

/// What a server offers, and what of it is agreed on.
#[derive(Default)]
pub(super) struct Offers {
    /// With their values.
    all: BTreeMap<Name, Name>,
    octets: usize,
    pub(super) agreed: Capabilities,
    /// Those that are agreed on and not known here.
    pub(super) others: Vec<Name>,
    /// What each CAP REQ that is not answered asks for, the oldest first.
    pub(super) asked: VecDeque<Vec<Name>>,
}

/// Room for names in one CAP REQ.
const LINE: usize = 400;

impl Offers {
    /// Takes a list of LS or NEW.
    pub(super) fn add(&mut self, list: &[u8], limits: &Limits) -> Result<(), Violation> {
        for token in words(list) {
            let name = name_of(token);
            let value = token.get(name.len() + 1..).unwrap_or_default();
            if let Some(before) = self.all.insert(name.into(), value.into()) {
                self.octets -= name.len() + before.len();
            }
            self.octets += name.len() + value.len();
            if self.all.len() > limits.capabilities || self.octets > limits.capability_octets {
                return Err(Violation::TooManyCapabilities);
            }
        }
        Ok(())
    }

    /// Takes a list of DEL.
    pub(super) fn remove(&mut self, list: &[u8]) {
        for name in words(list) {
            if let Some(value) = self.all.remove(name) {
                self.octets -= name.len() + value.len();
            }
            self.set(name, false);
        }
    }

    /// The value of a capability that is offered.
    pub(super) fn value(&self, capability: Capability) -> Option<&[u8]> {
        self.all.get(capability.name().as_bytes()).map(|value| &value[..])
    }

    pub(super) fn names(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.all.iter().map(|(name, value)| (&name[..], &value[..]))
    }

    pub(super) fn has(&self, name: &[u8]) -> bool {
        self.all.contains_key(name)
    }

    /// Whether the other end is a bouncer.
    pub(super) fn is_bouncer(&self) -> bool {
        self.all.keys().any(|name| name.starts_with(b"znc.in/") || name.starts_with(b"soju.im/"))
    }

    /// What to ask for now, in lines that are not too long; after NEW only what is `among` it.
    pub(super) fn wishes(&self, config: &Config, sasl: bool, among: Option<&[u8]>) -> Vec<Vec<Name>> {
        let unwanted = [Capability::Sts, Capability::Tls, Capability::CapNotify, Capability::Sasl];
        let mut wishes = unwanted.into_iter().fold(config.wishes, Capabilities::without);
        if sasl {
            wishes = wishes.with(Capability::Sasl);
        }
        let known = (wishes - self.agreed).iter().map(|wish| wish.name().as_bytes());
        let more = config.more_wishes.iter().map(|wish| wish.as_bytes());
        let more = more.filter(|wish| !self.others.iter().any(|other| **other == **wish));
        let pending = |name: &&[u8]| !self.asked.iter().flatten().any(|asked| **asked == **name);
        let named = |name: &&[u8]| among.is_none_or(|list| words(list).any(|token| name_of(token) == *name));
        let offered = known.chain(more).filter(|wish| self.has(wish)).filter(pending).filter(named);
        let mut lines: Vec<Vec<Name>> = Vec::new();
        let mut used = LINE;
        for name in offered {
            if used + name.len() + 1 > LINE {
                lines.push(Vec::new());
                used = 0;
            }
            used += name.len() + 1;
            if let Some(line) = lines.last_mut() {
                line.push(name.into());
            }
        }
        lines
    }

    /// The server agrees. Gives whether SASL has been agreed on by it.
    pub(super) fn acknowledge(&mut self, list: &[u8]) -> bool {
        let mut sasl = false;
        for token in words(list) {
            let name = token.trim_ascii_start();
            let name = name.strip_prefix(b"~").or(name.strip_prefix(b"=")).unwrap_or(name);
            match name.strip_prefix(b"-") {
                Some(name) => self.set(name, false),
                None => {
                    let asked = self.asked.iter().flatten().any(|asked| **asked == *name);
                    if asked {
                        sasl |= name == b"sasl";
                        self.set(name, true);
                    }
                }
            }
            for asked in &mut self.asked {
                asked.retain(|asked| **asked != *name);
            }
        }
        self.asked.retain(|asked| !asked.is_empty());
        sasl
    }

    /// The server refuses the oldest request. Gives what to ask for again one by one, as one of many may be the reason.
    pub(super) fn refuse(&mut self) -> Vec<Name> {
        self.asked.pop_front().filter(|asked| asked.len() > 1).unwrap_or_default()
    }

    fn set(&mut self, name: &[u8], agreed: bool) {
        match Capability::from_name(name) {
            Some(known) if agreed => self.agreed = self.agreed.with(known),
            Some(known) => self.agreed = self.agreed.without(known),
            None => {
                self.others.retain(|other| **other != *name);
                if agreed {
                    self.others.push(name.into());
                }
            }
        }
    }
}

/// What stands before the value.
fn name_of(token: &[u8]) -> &[u8] {
    token.split(|byte| *byte == b'=').next().unwrap_or_default()
}

fn words(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|byte| *byte == b' ').filter(|word| !word.is_empty())
}
