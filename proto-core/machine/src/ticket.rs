use core::fmt;
use core::marker::PhantomData;

use crate::Misuse;

/// The right, and the duty, to answer one command once.
///
/// A machine issues a ticket with the event that asks the application for something, and understands no further command until
/// the ticket comes back with an answer, so replies cannot come out of order. `Kind` says what may be answered. A ticket is not
/// `Clone`; answering consumes it. Dropped unanswered, it leaves the peer waiting until the machine's own deadline ends the session.
#[must_use = "the peer waits for the answer to this command"]
pub struct Ticket<Kind> {
    serial: u32,
    kind: PhantomData<fn() -> Kind>,
}

impl<Kind> Ticket<Kind> {
    /// The ticket's number, unique within its session: for logs.
    pub fn serial(&self) -> u32 {
        self.serial
    }
}

impl<Kind> fmt::Debug for Ticket<Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ticket#{}", self.serial)
    }
}

/// A machine's counter of tickets, of which at most one is open.
#[derive(Debug, Default)]
pub struct Tickets {
    last: u32,
    open: bool,
}

impl Tickets {
    /// A counter with no ticket open.
    pub const fn new() -> Self {
        Tickets { last: 0, open: false }
    }

    /// Issues a ticket. The one before it, if it was still open, becomes stale.
    pub fn issue<Kind>(&mut self) -> Ticket<Kind> {
        self.last = self.last.wrapping_add(1);
        self.open = true;
        Ticket { serial: self.last, kind: PhantomData }
    }

    /// Whether a ticket waits for its answer.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Takes the ticket back, or says that it is stale.
    pub fn redeem<Kind>(&mut self, ticket: Ticket<Kind>) -> Result<(), Misuse> {
        if !self.open || ticket.serial != self.last {
            return Err(Misuse::StaleTicket);
        }
        self.open = false;
        Ok(())
    }

    /// Whether `ticket` is the open one, without taking it back: for answers that come in several calls.
    pub fn check<Kind>(&self, ticket: &Ticket<Kind>) -> Result<(), Misuse> {
        if self.open && ticket.serial == self.last { Ok(()) } else { Err(Misuse::StaleTicket) }
    }

    /// Makes the open ticket stale, as when the session ends.
    pub fn revoke(&mut self) {
        self.open = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    enum Any {}

    #[test]
    fn a_ticket_answers_once_and_only_while_it_is_the_open_one() {
        let mut tickets = Tickets::new();
        let first: Ticket<Any> = tickets.issue();
        let second: Ticket<Any> = tickets.issue();
        assert_eq!(tickets.redeem(first), Err(Misuse::StaleTicket));
        assert!(tickets.is_open());
        assert_eq!(tickets.check(&second), Ok(()));
        assert_eq!(tickets.redeem(second), Ok(()));
        assert!(!tickets.is_open());
        let third: Ticket<Any> = tickets.issue();
        tickets.revoke();
        assert_eq!(tickets.redeem(third), Err(Misuse::StaleTicket));
    }
}
