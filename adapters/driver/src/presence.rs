//! That a connection is there: who knows of it, who is told of it, and what may end it from outside.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Weak};

use wirestate_machine::Ending;

use crate::audience::Audience;
use crate::hall::{Seat, Seated};
use crate::shared::{CUT_OFF, Shared};
use crate::shutdown::{Line, Phase, Ring};
use crate::{Info, Notice, Shutdown};

/// That the connection is there: others know it by this, and are told when it goes.
// In this order, so that what a relayed message touches lies together.
#[repr(C)]
pub(crate) struct Presence<M> {
    /// Why the connection ends, of several reasons the first.
    pub(crate) ending: Option<Ending>,
    is_over: bool,
    pub(crate) bond: Bond<M>,
    pub(crate) audience: Option<Audience>,
    pub(crate) shared: Arc<Shared<M>>,
}

/// What may end a connection from outside.
pub(crate) enum Bond<M> {
    None,
    Shutdown(Line),
    Seat(Seat<M>),
    /// A seat that another machine's connection took.
    Inherited(Line, Box<dyn Seated>),
}

impl<M> Bond<M> {
    fn shutdown(&self) -> Option<&Shutdown> {
        match self {
            Bond::None => None,
            Bond::Shutdown(line) | Bond::Inherited(line, _) => Some(line.shutdown()),
            Bond::Seat(seat) => Some(seat.hall().shutdown()),
        }
    }

    fn count_abort(&self) {
        match self {
            Bond::None | Bond::Shutdown(_) => {}
            Bond::Seat(seat) => seat.count_abort(),
            Bond::Inherited(_, seat) => seat.count_abort(),
        }
    }

    /// Whether whoever runs the handler, which knows but the machine that it began with, has cut it off.
    fn is_cut_off(&self) -> bool {
        matches!(self, Bond::Inherited(line, _) if line.shutdown().phase() == Phase::Abort)
    }

    /// The same bond for the connection of another machine.
    fn pass_on<N: 'static>(self, to: &Arc<Shared<N>>) -> Bond<N>
    where
        M: 'static,
    {
        let Some(line) = self.shutdown().map(|shutdown| shutdown.connect(bell(to))) else { return Bond::None };
        match self {
            Bond::None | Bond::Shutdown(_) => Bond::Shutdown(line),
            Bond::Seat(seat) => Bond::inherited(Box::new(seat), line, to),
            Bond::Inherited(_, seat) => Bond::inherited(seat, line, to),
        }
    }
}

impl<M: 'static> Bond<M> {
    fn inherited(seat: Box<dyn Seated>, line: Line, by: &Arc<Shared<M>>) -> Bond<M> {
        seat.pass_to(by.clone(), None);
        Bond::Inherited(line, seat)
    }
}

/// The bell that wakes a connection.
pub(crate) fn bell<M: 'static>(shared: &Arc<Shared<M>>) -> Weak<dyn Ring> {
    let shared: Arc<dyn Ring> = shared.clone();
    Arc::downgrade(&shared)
}

impl<M> Presence<M> {
    pub(crate) fn new(shared: Shared<M>) -> Self {
        Presence { shared: Arc::new(shared), bond: Bond::None, audience: None, ending: None, is_over: false }
    }

    pub(crate) fn shutdown(&self) -> Option<&Shutdown> {
        self.bond.shutdown()
    }

    pub(crate) fn is_shutting_down(&self) -> bool {
        self.shutdown().is_some_and(|shutdown| shutdown.phase() != Phase::Running)
    }

    pub(crate) fn tell(&self, notice: impl FnOnce(&Info) -> Notice<'_>) {
        if let Some(audience) = self.audience.as_ref().filter(|audience| !audience.is_empty()) {
            audience.tell(&notice(&self.shared.info));
        }
    }

    /// Whether somebody is told of each flush.
    pub(crate) fn are_flushes_watched(&self) -> bool {
        self.audience.as_ref().is_some_and(Audience::hears_flushes)
    }

    /// Whether somebody is told what happens.
    pub(crate) fn is_watched(&self) -> bool {
        self.audience.as_ref().is_some_and(|audience| !audience.is_empty())
    }

    /// Another machine's connection is there in this one's place. Nobody is told of an end.
    pub(crate) fn hand_over<N: 'static>(mut self, to: &mut Presence<N>)
    where
        M: 'static,
    {
        // Found in its new place before it goes from the old one.
        to.bond = std::mem::replace(&mut self.bond, Bond::None).pass_on(&to.shared);
        self.shared.retire();
        self.is_over = true;
        to.audience = self.audience.take();
        to.ending = self.ending;
    }

    /// The seat, if there is one, which is the connection's no more.
    pub(crate) fn keep_seat(&mut self) -> Option<Kept>
    where
        M: 'static,
    {
        let seat: Box<dyn Seated> = match std::mem::replace(&mut self.bond, Bond::None) {
            Bond::None | Bond::Shutdown(_) => return None,
            Bond::Seat(seat) => Box::new(seat),
            Bond::Inherited(_, seat) => seat,
        };
        seat.is_left();
        Some(Kept { seat: Some(seat) })
    }

    pub(crate) fn take_seat(&mut self, mut kept: Kept)
    where
        M: 'static,
    {
        if let Some(seat) = kept.seat.take() {
            let line = seat.shutdown().connect(bell(&self.shared));
            self.bond = Bond::inherited(seat, line, &self.shared);
        }
    }

    pub(crate) fn be_reached_by(&self, messenger: Box<dyn Any + Send + Sync>)
    where
        M: 'static,
    {
        if let Bond::Inherited(_, seat) = &self.bond {
            seat.pass_to(self.shared.clone(), Some(messenger));
        }
    }

    /// The connection is over: no handle reaches it any more.
    pub(crate) fn end(&mut self) {
        if std::mem::replace(&mut self.is_over, true) {
            return;
        }
        self.shared.retire();
        let (reason, traffic) = (self.ending.unwrap_or(Ending::Local), self.shared.traffic());
        self.tell(|info| Notice::Disconnected { info, reason, traffic });
    }
}

impl<M> Drop for Presence<M> {
    fn drop(&mut self) {
        if self.shared.has(CUT_OFF) || (!self.is_over && self.bond.is_cut_off()) {
            self.ending.get_or_insert(Ending::Shutdown);
            self.bond.count_abort();
        }
        self.end();
    }
}

/// The seat of a connection that was [taken apart](crate::Connection::into_parts): for as long as it is kept, the server counts the
/// connection, in its limits as in its shutdown, which waits for it and cuts its handler off in the end.
pub struct Kept {
    /// Until it is taken again.
    seat: Option<Box<dyn Seated>>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let Some(seat) = self.seat.take_if(|seat| seat.is_cut_off()) {
            seat.count_abort();
        }
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept")
    }
}
