use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use wirestate_machine::Misuse;

use super::reply::target;
use super::{Accounts, Event, Rejected, Server, State, Tls};
use crate::codec::Message;
use crate::{Capabilities, Capability};

/// The capabilities that stand for something else in the configuration.
const DERIVED: Capabilities =
    Capabilities::of(&[Capability::AccountRegistration, Capability::Sasl, Capability::Tls, Capability::Sts]);

/// A set of known capabilities and of the configuration's own, of those a bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct CapabilitySet {
    pub(super) known: Capabilities,
    pub(super) others: u32,
}

/// One that is asked for.
#[derive(Clone, Copy)]
enum Named {
    Known(Capability),
    Other(u32),
}

impl CapabilitySet {
    fn change(&mut self, one: Named, on: bool) {
        match (one, on) {
            (Named::Known(one), true) => self.known = self.known.with(one),
            (Named::Known(one), false) => self.known = self.known.without(one),
            (Named::Other(bit), true) => self.others |= bit,
            (Named::Other(bit), false) => self.others &= !bit,
        }
    }

    fn has(self, one: Named) -> bool {
        match one {
            Named::Known(one) => self.known.has(one),
            Named::Other(bit) => self.others & bit != 0,
        }
    }
}

impl Server {
    // --- what is offered and agreed on ---

    /// What the client has agreed on.
    pub fn capabilities(&self) -> Capabilities {
        self.agreed
    }

    /// Whether the client has agreed on a capability of the configuration's own.
    pub fn has_agreed_on(&self, other: &str) -> bool {
        self.other(other.as_bytes()).is_some_and(|one| self.agreed_set().has(one))
    }

    /// What CAP LS would list now, of the capabilities that this crate knows.
    pub fn offered(&self) -> Capabilities {
        let is_there = |one: &Capability| match one {
            Capability::Sasl => self.offered_mechanisms().next().is_some(),
            Capability::Tls => self.config.tls == Tls::Starttls && !self.encrypted && self.registering.is_some(),
            Capability::Sts => self.config.sts.is_some() && self.cap_302,
            Capability::AccountRegistration => self.config.accounts.is_some(),
            Capability::ExtendedIsupport => self.config.isupport.is_some(),
            _ => true,
        };
        self.on_offer.known.iter().filter(is_there).collect()
    }

    /// Everything that a fresh session has on offer.
    pub(super) fn all_on_offer(config: &super::Config) -> CapabilitySet {
        let others = config.other_capabilities.len().min(32);
        let others = u32::MAX.checked_shr(32 - others as u32).unwrap_or(0);
        CapabilitySet { known: config.capabilities | DERIVED, others }
    }

    fn agreed_set(&self) -> CapabilitySet {
        CapabilitySet { known: self.agreed, others: self.agreed_others }
    }

    fn other(&self, name: &[u8]) -> Option<Named> {
        let at = self.config.other_capabilities.iter().take(32).position(|one| one.name().as_bytes() == name)?;
        Some(Named::Other(1 << at))
    }

    fn find(&self, name: &[u8]) -> Option<Named> {
        Capability::from_name(name).map(Named::Known).or_else(|| self.other(name))
    }

    // --- CAP ---

    pub(super) fn cap(&mut self, message: Message<&[u8]>) -> Result<(), Rejected> {
        let subcommand = message.param(0).unwrap_or_default();
        let is = |name: &[u8]| subcommand.eq_ignore_ascii_case(name);
        if is(b"LS") {
            self.list_offered(message.param(1));
        } else if is(b"LIST") {
            let names = self.names(self.agreed_set(), false);
            self.say_list(b"LIST", &names);
        } else if is(b"REQ") {
            self.negotiate();
            return self.request(message.param(1).unwrap_or_default());
        } else if is(b"END") {
            if let Some(registering) = &mut self.registering {
                registering.negotiating = false;
            }
            self.try_to_register();
        } else {
            return Err(Rejected::CapCommand);
        }
        Ok(())
    }

    /// From here on registration waits for CAP END.
    fn negotiate(&mut self) {
        if let Some(registering) = &mut self.registering {
            registering.negotiating = true;
        }
    }

    fn list_offered(&mut self, version: Option<&[u8]>) {
        self.negotiate();
        let version = version.and_then(|version| core::str::from_utf8(version).ok()?.parse().ok());
        if version.is_some_and(|version: u32| version >= 302) {
            // Once a client has said so much, it cannot take it back.
            self.cap_302 = true;
            self.agreed = self.agreed.with(Capability::CapNotify);
        }
        let on_offer = CapabilitySet { known: self.offered(), others: self.on_offer.others };
        let names = self.names(on_offer, self.cap_302);
        self.say_list(b"LS", &names);
    }

    /// REQ: all of it or nothing.
    fn request(&mut self, list: &[u8]) -> Result<(), Rejected> {
        let words = || list.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
        let on_offer = CapabilitySet { known: self.offered(), others: self.on_offer.others };
        let mut wanted = self.agreed_set();
        let is_granted = words().all(|word| {
            let (name, on) = word.strip_prefix(b"-").map_or((word, true), |name| (name, false));
            let Some(one) = self.find(name) else { return false };
            let is_allowed = match (one, on) {
                (Named::Known(Capability::Sts), _) => false,
                (Named::Known(Capability::CapNotify), false) => !self.cap_302,
                (one, true) => on_offer.has(one) || self.agreed_set().has(one),
                (_, false) => true,
            };
            wanted.change(one, on);
            is_allowed
        });
        let names: Vec<_> = words().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        if !is_granted {
            self.say_lines(b"NAK", &names);
            return Err(Rejected::CapRefused);
        }
        let before = self.agreed_set();
        // With labels the ACK belongs to what was agreed before it.
        (self.agreed, self.agreed_others) = (wanted.known, wanted.others);
        self.say_lines(b"ACK", &names);
        if self.registering.is_none() && wanted != before {
            self.queued = Some(Box::new(Event::Capabilities(self.agreed)));
        }
        Ok(())
    }

    // --- the application's part ---

    /// Offers a capability that was not on offer: the client is told CAP NEW, if it wishes to be. `sasl` is on offer whenever a mechanism is,
    /// unless it was withdrawn.
    ///
    /// # Errors
    ///
    /// [`Misuse::OutOfRange`] for a name that neither the crate nor the configuration knows; [`Misuse::WrongState`] for a session that is over or is
    /// being secured.
    pub fn offer(&mut self, name: &str) -> Result<(), Misuse> {
        let one = self.known_here(name)?;
        if !self.on_offer.has(one) {
            self.on_offer.change(one, true);
            self.tell_change(b"NEW", one);
        }
        Ok(())
    }

    /// Withdraws a capability (IRCv3 capability-negotiation, "cap-notify"): it is no longer agreed on, and the client is told CAP DEL, if it wishes
    /// to be.
    ///
    /// # Errors
    ///
    /// As for [`offer`](Server::offer); `cap-notify` cannot be withdrawn.
    pub fn withdraw(&mut self, name: &str) -> Result<(), Misuse> {
        let one = self.known_here(name)?;
        if let Named::Known(Capability::CapNotify) = one {
            return Err(Misuse::OutOfRange);
        }
        if self.on_offer.has(one) {
            self.tell_change(b"DEL", one);
            self.on_offer.change(one, false);
            let mut agreed = self.agreed_set();
            agreed.change(one, false);
            (self.agreed, self.agreed_others) = (agreed.known, agreed.others);
        }
        Ok(())
    }

    fn known_here(&self, name: &str) -> Result<Named, Misuse> {
        if matches!(self.state, State::Closed | State::Securing) {
            return Err(Misuse::WrongState);
        }
        self.find(name.as_bytes()).ok_or(Misuse::OutOfRange)
    }

    fn tell_change(&mut self, subcommand: &[u8], one: Named) {
        let is_visible = match one {
            Named::Known(one) => self.offered().has(one),
            Named::Other(_) => true,
        };
        if !is_visible || !self.agreed.has(Capability::CapNotify) {
            return;
        }
        let mut only = CapabilitySet::default();
        only.change(one, true);
        let names = self.names(only, subcommand == b"NEW" && self.cap_302);
        // Nobody has asked for this.
        let labelled = self.labelled.take();
        self.say_lines(subcommand, &names);
        self.labelled = labelled;
    }

    // --- words ---

    /// The names, each with its value where those are wanted.
    fn names(&self, set: CapabilitySet, values: bool) -> Vec<String> {
        let known = set.known.iter().map(|one| match self.value(one).filter(|_| values) {
            Some(value) => alloc::format!("{}={value}", one.name()),
            None => one.name().to_string(),
        });
        let others = self.config.other_capabilities.iter().take(32).enumerate();
        let others = others.filter(|(at, _)| set.others & 1 << at != 0).map(|(_, one)| match one.value() {
            Some(value) if values => alloc::format!("{}={value}", one.name()),
            _ => one.name().to_string(),
        });
        known.chain(others).collect()
    }

    fn value(&self, one: Capability) -> Option<String> {
        match one {
            Capability::Sasl => String::from_utf8(self.mechanism_list()).ok(),
            Capability::AccountRegistration => self.config.accounts.and_then(Accounts::value),
            Capability::Sts => {
                let sts = self.config.sts?;
                let preload = if sts.preload { ",preload" } else { "" };
                Some(match self.encrypted {
                    true => alloc::format!("duration={}{preload}", sts.seconds),
                    false => alloc::format!("port={}", sts.port),
                })
            }
            _ => {
                let value = self.config.values.iter().find(|(named, _)| *named == one).map(|(_, value)| value);
                // A value that could not stand there is not told.
                value.filter(|value| value.len() <= 300 && value.bytes().all(|byte| byte.is_ascii_graphic())).cloned()
            }
        }
    }

    /// A list that may take several lines, all but the last marked by `*`; to clients before CAP 302 only one, with what fits.
    fn say_list(&mut self, subcommand: &[u8], names: &[String]) {
        let mut lines = self.packed(subcommand, names);
        if !self.cap_302 {
            lines.truncate(1);
        }
        let last = lines.pop().unwrap_or_default();
        for line in lines {
            self.say_cap(&[subcommand, b"*", &line]);
        }
        self.say_cap(&[subcommand, &last]);
    }

    /// A list in as many lines as it takes, each of which stands for itself.
    fn say_lines(&mut self, subcommand: &[u8], names: &[String]) {
        let mut lines = self.packed(subcommand, names);
        if lines.is_empty() {
            lines.push(Vec::new());
        }
        for line in lines {
            self.say_cap(&[subcommand, &line]);
        }
    }

    fn packed(&self, subcommand: &[u8], names: &[String]) -> Vec<Vec<u8>> {
        let before =
            b":  CAP   * :\r\n".len() + self.config.name.as_bytes().len() + target(&self.nick).len() + subcommand.len();
        let room = self.config.limits.reply().saturating_sub(before);
        let mut lines: Vec<Vec<u8>> = Vec::new();
        for name in names {
            let name = &name.as_bytes()[..name.len().min(room)];
            match lines.last_mut() {
                Some(line) if line.len() + 1 + name.len() <= room => {
                    line.push(b' ');
                    line.extend_from_slice(name);
                }
                _ => lines.push(name.to_vec()),
            }
        }
        lines
    }

    fn say_cap(&mut self, params: &[&[u8]]) {
        let nick = self.nick.clone();
        let params = [&[target(&nick)], params].concat();
        let said = self.say_from_server(b"CAP", &params);
        debug_assert!(said.is_ok(), "{said:?}");
    }
}
