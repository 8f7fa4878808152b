use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::event::RequestId;
use super::rare::{Absent, Rare};
use crate::stream::management::{Bounds, Stanza as _};
use crate::xml::Element;

/// When stanzas that waited for a session go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum QueuePolicy {
    /// When the program says so: [`flush_queue`](super::Client::flush_queue). They outlive a connection.
    #[default]
    Manual,
    /// As soon as the session is ready. They outlive a connection.
    OnReady,
    /// When the program says so; those that still wait when the connection ends are dropped with it.
    DropOnReset,
}

/// Stanzas that wait for a session, in order, within bounds. Takes no heap while there are none.
#[derive(Clone, Debug)]
pub(super) struct Queue(Rare<Waiting>);

#[derive(Clone, Debug, Default)]
pub(super) struct Waiting {
    stanzas: VecDeque<Queued>,
    octets: usize,
}

impl Absent for Waiting {
    fn absent() -> &'static Self {
        static NONE: Waiting = Waiting { stanzas: VecDeque::new(), octets: 0 };
        &NONE
    }
}

#[derive(Clone, Debug)]
pub(super) struct Queued {
    pub(super) stanza: Element,
    /// The request that it is. It leaves with it.
    pub(super) request: Option<RequestId>,
}

/// The queue has no room for the stanza.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Overflow;

impl Queue {
    pub(super) const fn new() -> Self {
        Queue(Rare::new())
    }

    /// What others kept before.
    pub(super) fn after(before: Vec<Element>) -> Self {
        let mut queue = Queue::new();
        before.into_iter().for_each(|stanza| queue.push_anyway(stanza, None));
        queue
    }

    pub(super) fn push(&mut self, stanza: Element, request: Option<RequestId>, most: Bounds) -> Result<(), Overflow> {
        let octets = self.0.octets.saturating_add(stanza.octets());
        if self.0.stanzas.len() >= most.stanzas || octets > most.octets {
            return Err(Overflow);
        }
        self.push_anyway(stanza, request);
        Ok(())
    }

    /// The same for what was let in already, whatever the bounds.
    pub(super) fn push_anyway(&mut self, stanza: Element, request: Option<RequestId>) {
        let waiting = &mut *self.0;
        waiting.octets = waiting.octets.saturating_add(stanza.octets());
        waiting.stanzas.push_back(Queued { stanza, request });
    }

    pub(super) fn front(&self) -> Option<&Queued> {
        self.0.stanzas.front()
    }

    pub(super) fn pop(&mut self) -> Option<Queued> {
        let waiting = self.0.present()?;
        let first = waiting.stanzas.pop_front()?;
        waiting.octets = waiting.octets.saturating_sub(first.stanza.octets());
        self.tidy();
        Some(first)
    }

    /// Drops a request that nobody waits for any more.
    pub(super) fn forget(&mut self, request: RequestId) {
        self.retain(|one| one.request != Some(request));
    }

    /// Drops all requests, whose answers nobody waits for any more.
    pub(super) fn forget_requests(&mut self) {
        self.retain(|one| one.request.is_none());
    }

    pub(super) fn len(&self) -> usize {
        self.0.stanzas.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Element> {
        self.0.stanzas.iter().map(|one| &one.stanza)
    }

    fn retain(&mut self, keep: impl FnMut(&Queued) -> bool) {
        let Some(waiting) = self.0.present() else { return };
        waiting.stanzas.retain(keep);
        waiting.octets = waiting.stanzas.iter().map(|one| one.stanza.octets()).sum();
        self.tidy();
    }

    fn tidy(&mut self) {
        if self.0.stanzas.is_empty() {
            self.0.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stanza(n: u32) -> Element {
        alloc::format!("<message xmlns='jabber:client' id='{n}'/>").parse().unwrap()
    }

    #[test]
    fn it_is_bounded_in_stanzas_and_in_bytes() {
        let few = Bounds { stanzas: 2, octets: 1000 };
        let mut queue = Queue::new();
        assert_eq!(queue.push(stanza(1), None, few), Ok(()));
        assert_eq!(queue.push(stanza(2), Some(RequestId(7)), few), Ok(()));
        assert_eq!(queue.push(stanza(3), None, few), Err(Overflow));
        queue.forget(RequestId(7));
        assert_eq!(queue.push(stanza(3), None, few), Ok(()));
        assert_eq!(queue.pop().map(|one| one.stanza), Some(stanza(1)));
        assert_eq!(queue.iter().collect::<Vec<_>>(), [&stanza(3)]);

        let mut queue = Queue::new();
        let small = Bounds { stanzas: 100, octets: stanza(1).octets() + 1 };
        assert_eq!(queue.push(stanza(1), None, small), Ok(()));
        assert_eq!(queue.push(stanza(2), None, small), Err(Overflow));
        assert!(queue.pop().is_some());
        assert_eq!(queue.push(stanza(2), None, small), Ok(()));
    }

    #[test]
    fn what_was_kept_before_comes_first() {
        let mut queue = Queue::after([stanza(1), stanza(2)].into());
        queue.push_anyway(stanza(3), None);
        let order: Vec<_> = core::iter::from_fn(|| queue.pop()).map(|one| one.stanza).collect();
        assert_eq!(order, [stanza(1), stanza(2), stanza(3)]);
    }
}
