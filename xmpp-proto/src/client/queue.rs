use alloc::collections::VecDeque;

use super::event::RequestId;
use crate::stream::management::Stanza as _;
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

/// Stanzas that wait for a session, in order, within bounds.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    waiting: VecDeque<Queued>,
    octets: usize,
    stanzas_at_most: usize,
    octets_at_most: usize,
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
    pub(super) fn new(stanzas: usize, octets: usize) -> Self {
        Queue { waiting: VecDeque::new(), octets: 0, stanzas_at_most: stanzas, octets_at_most: octets }
    }

    pub(super) fn push(&mut self, stanza: Element, request: Option<RequestId>) -> Result<(), Overflow> {
        let octets = self.octets.saturating_add(stanza.octets());
        if self.waiting.len() >= self.stanzas_at_most || octets > self.octets_at_most {
            return Err(Overflow);
        }
        self.octets = octets;
        self.waiting.push_back(Queued { stanza, request });
        Ok(())
    }

    /// The same for what was let in already, whatever the bounds.
    pub(super) fn push_anyway(&mut self, stanza: Element, request: Option<RequestId>) {
        self.octets = self.octets.saturating_add(stanza.octets());
        self.waiting.push_back(Queued { stanza, request });
    }

    /// Takes what others kept before it, ahead of all that waits here. Bounds do not count: it was let in already.
    pub(super) fn take_over(&mut self, before: impl DoubleEndedIterator<Item = Element>) {
        for stanza in before.rev() {
            self.octets = self.octets.saturating_add(stanza.octets());
            self.waiting.push_front(Queued { stanza, request: None });
        }
    }

    pub(super) fn front(&self) -> Option<&Queued> {
        self.waiting.front()
    }

    pub(super) fn pop(&mut self) -> Option<Queued> {
        let first = self.waiting.pop_front()?;
        self.octets = self.octets.saturating_sub(first.stanza.octets());
        Some(first)
    }

    /// Drops a request that nobody waits for any more.
    pub(super) fn forget(&mut self, request: RequestId) {
        self.waiting.retain(|one| one.request != Some(request));
        self.octets = self.waiting.iter().map(|one| one.stanza.octets()).sum();
    }

    /// Drops all requests, whose answers nobody waits for any more.
    pub(super) fn forget_requests(&mut self) {
        self.waiting.retain(|one| one.request.is_none());
        self.octets = self.waiting.iter().map(|one| one.stanza.octets()).sum();
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Element> {
        self.waiting.iter().map(|one| &one.stanza)
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
        let mut queue = Queue::new(2, 1000);
        assert_eq!(queue.push(stanza(1), None), Ok(()));
        assert_eq!(queue.push(stanza(2), Some(RequestId(7))), Ok(()));
        assert_eq!(queue.push(stanza(3), None), Err(Overflow));
        queue.forget(RequestId(7));
        assert_eq!(queue.push(stanza(3), None), Ok(()));
        assert_eq!(queue.pop().map(|one| one.stanza), Some(stanza(1)));
        assert_eq!(queue.iter().collect::<alloc::vec::Vec<_>>(), [&stanza(3)]);

        let mut queue = Queue::new(100, stanza(1).octets() + 1);
        assert_eq!(queue.push(stanza(1), None), Ok(()));
        assert_eq!(queue.push(stanza(2), None), Err(Overflow));
        assert!(queue.pop().is_some());
        assert_eq!(queue.push(stanza(2), None), Ok(()));
    }

    #[test]
    fn what_was_kept_before_comes_first() {
        let mut queue = Queue::new(9, 1000);
        queue.push(stanza(3), None).unwrap();
        queue.take_over([stanza(1), stanza(2)].into_iter());
        let order: alloc::vec::Vec<_> = core::iter::from_fn(|| queue.pop()).map(|one| one.stanza).collect();
        assert_eq!(order, [stanza(1), stanza(2), stanza(3)]);
    }
}
