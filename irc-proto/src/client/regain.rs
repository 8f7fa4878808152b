use alloc::vec::Vec;

use bytes::Bytes;
use wirestate_machine::Instant;

use super::queue::Priority;
use super::{Client, State};
use crate::codec::{Command, Message, Numeric, Parts};
use crate::numerics::*;

/// How the nickname that the program wants most is won back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Regain {
    /// It is there, or not wanted.
    #[default]
    Off,
    /// The server tells when it is free (MONITOR).
    Watching,
    /// It is asked for again (ISON) at this moment.
    At(Instant),
    /// ISON is out.
    Asked(Instant),
}

impl Regain {
    pub(super) fn deadline(self) -> Option<Instant> {
        match self {
            Regain::Off | Regain::Watching => None,
            Regain::At(when) | Regain::Asked(when) => Some(when),
        }
    }
}

impl Client {
    fn wished(&self) -> Vec<u8> {
        self.identity.nicks.wished().to_vec()
    }

    pub(super) fn regain_begin(&mut self) {
        let wished = self.wished();
        if self.config.regain.is_none() || self.tracker.is_me(&wished) || self.regain != Regain::Off {
            return;
        }
        if self.isupport().monitor.is_some() && self.say(b"MONITOR", &[b"+", &wished]) {
            self.regain = Regain::Watching;
        } else {
            self.regain_later();
        }
    }

    fn regain_later(&mut self) {
        self.regain = self.config.regain.map_or(Regain::Off, |every| Regain::At(self.now + every));
    }

    /// Asks whether the nickname is free, where it is time to; whether it was.
    pub(super) fn regain_on_time(&mut self) -> bool {
        let due = self.regain.deadline().is_some_and(|due| due <= self.now);
        if !due || self.state != State::Registered {
            return false;
        }
        let wished = self.wished();
        self.say(b"ISON", &[&wished]);
        self.regain_later();
        if let Regain::At(next) = self.regain {
            self.regain = Regain::Asked(next);
        }
        true
    }

    /// A numeric that only the machine asked for; then it is not told.
    pub(super) fn regain_numeric(&mut self, numeric: Numeric, message: &Message<Bytes>) -> bool {
        let message = message.borrow();
        let last = message.params().last().unwrap_or_default();
        match (numeric, self.regain) {
            (RPL_ISON, Regain::Asked(next)) => {
                // An answer to the program's own ISON would name others; then this is not the one.
                let wished = self.wished();
                let mut names = last.split(|byte| *byte == b' ').filter(|name| !name.is_empty());
                let mapping = self.tracker.mapping();
                if names.clone().any(|name| !mapping.same(name, &wished)) {
                    return false;
                }
                self.regain = Regain::At(next);
                if names.next().is_none() {
                    self.take_nick();
                }
                true
            }
            (RPL_MONOFFLINE, Regain::Watching) => {
                let wished = self.wished();
                let mapping = self.tracker.mapping();
                if last.split(|byte| *byte == b',').any(|name| mapping.same(name, &wished)) {
                    self.take_nick();
                }
                false
            }
            _ => false,
        }
    }

    /// Whoever had the nickname may just have left it.
    pub(super) fn regain_seen(&mut self, message: &Message<Bytes>) {
        if self.regain == Regain::Off {
            return;
        }
        let message = message.borrow();
        let command = message.command();
        let wished = self.wished();
        if self.tracker.is_me(&wished) {
            if self.regain == Regain::Watching {
                self.say(b"MONITOR", &[b"-", &wished]);
            }
            self.regain = Regain::Off;
            return;
        }
        let leaves = command.is(b"QUIT") || command.is(b"NICK");
        let theirs = |name: &[u8]| self.tracker.mapping().same(name, &wished);
        if leaves && message.source().is_some_and(|source| theirs(source.name())) {
            self.take_nick();
        }
    }

    fn take_nick(&mut self) {
        let wished = self.wished();
        self.say(b"NICK", &[&wished]);
    }

    /// Queues a line of the machine's own; whether it could be.
    pub(super) fn say(&mut self, command: &[u8], params: &[&[u8]]) -> bool {
        let parts = Parts { command: Command::Word(command), params, ..Parts::default() };
        match super::Line::with(&self.encoder(), &parts) {
            Ok(line) => self.queue.push(Priority::Normal, line, None).is_ok(),
            Err(_) => false,
        }
    }
}
