use bytes::{Buf, Bytes, BytesMut};

/// How many bytes need no heap. With it a buffer is 48 bytes, half as much again as the handle of a heap buffer alone.
pub(crate) const IN_PLACE: usize = 45;

/// Bytes in a row: in place while they are few, on the heap while they are more, or shared with others while none are appended.
///
/// One command or one reply is short and comes alone; the heap would cost it more than all the rest. Emptied, the buffer is in place
/// again, and what stood there is wiped, for it may have been a password.
pub(crate) enum Buffer {
    InPlace { start: u8, end: u8, bytes: [u8; IN_PLACE] },
    OnHeap(BytesMut),
    Shared(Bytes),
}

impl Buffer {
    pub(crate) const fn new() -> Self {
        Buffer::InPlace { start: 0, end: 0, bytes: [0; IN_PLACE] }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        match self {
            Buffer::InPlace { start, end, .. } => usize::from(*end - *start),
            Buffer::OnHeap(bytes) => bytes.len(),
            Buffer::Shared(bytes) => bytes.len(),
        }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[inline]
    pub(crate) fn as_slice(&self) -> &[u8] {
        match self {
            Buffer::InPlace { start, end, bytes } => &bytes[usize::from(*start)..usize::from(*end)],
            Buffer::OnHeap(bytes) => bytes,
            Buffer::Shared(bytes) => bytes,
        }
    }

    /// Appends `more` where that needs no heap beyond what is held; gives whether it did.
    #[inline]
    pub(crate) fn append_within(&mut self, more: &[u8]) -> bool {
        match self {
            Buffer::InPlace { end, bytes, .. } => {
                let from = usize::from(*end);
                match bytes.get_mut(from..from + more.len()) {
                    Some(room) => {
                        room.copy_from_slice(more);
                        *end += more.len() as u8;
                        true
                    }
                    None => self.move_up_and_append(more),
                }
            }
            Buffer::OnHeap(bytes) => {
                let fits = more.len() <= bytes.capacity() - bytes.len();
                if fits {
                    bytes.extend_from_slice(more);
                }
                fits
            }
            Buffer::Shared(_) => false,
        }
    }

    /// Where there is room in place, but at the front: what was there has been consumed.
    #[cold]
    fn move_up_and_append(&mut self, more: &[u8]) -> bool {
        let fits = self.len() + more.len() <= IN_PLACE;
        if let (true, Buffer::InPlace { start, end, bytes }) = (fits, self) {
            bytes.copy_within(usize::from(*start)..usize::from(*end), 0);
            let from = usize::from(*end - *start);
            bytes[from..from + more.len()].copy_from_slice(more);
            (*start, *end) = (0, (from + more.len()) as u8);
        }
        fits
    }

    /// Appends `more` on the heap, which grows as it must. Where nothing is there yet, it begins with `capacity` bytes or what is needed.
    pub(crate) fn append_on_heap(&mut self, more: &[u8], capacity: usize) {
        if let Buffer::OnHeap(bytes) = self {
            return bytes.extend_from_slice(more);
        }
        let mut bytes = BytesMut::with_capacity(capacity.max(self.len() + more.len()));
        bytes.extend_from_slice(self.as_slice());
        bytes.extend_from_slice(more);
        *self = Buffer::OnHeap(bytes);
    }

    /// Drops the first `count` bytes, or all where there are fewer.
    #[inline]
    pub(crate) fn consume(&mut self, count: usize) {
        if count >= self.len() {
            return self.clear();
        }
        match self {
            Buffer::InPlace { start, .. } => *start += count as u8,
            Buffer::OnHeap(bytes) => bytes.advance(count),
            Buffer::Shared(bytes) => bytes.advance(count),
        }
    }

    /// Drops all that is there, and the heap.
    #[inline]
    pub(crate) fn clear(&mut self) {
        match self {
            Buffer::InPlace { start, end, bytes } => {
                (*start, *end) = (0, 0);
                *bytes = [0; IN_PLACE];
            }
            Buffer::OnHeap(_) | Buffer::Shared(_) => self.give_back(),
        }
    }

    #[inline(never)]
    fn give_back(&mut self) {
        *self = Buffer::new();
    }

    /// Takes the first `count` bytes out (all where there are fewer), without a copy where they are on the heap.
    pub(crate) fn take(&mut self, count: usize) -> Bytes {
        let count = count.min(self.len());
        match self {
            Buffer::OnHeap(bytes) if count < bytes.len() => bytes.split_to(count).freeze(),
            Buffer::OnHeap(bytes) => {
                let all = core::mem::take(bytes).freeze();
                *self = Buffer::new();
                all
            }
            Buffer::Shared(bytes) => {
                let taken = bytes.split_to(count);
                if bytes.is_empty() {
                    *self = Buffer::new();
                }
                taken
            }
            Buffer::InPlace { .. } => {
                let taken = Bytes::copy_from_slice(&self.as_slice()[..count]);
                self.consume(count);
                taken
            }
        }
    }

    /// Takes all out. The heap's spare room stays for what comes, and begins here with `capacity` bytes where there was none.
    pub(crate) fn cut(&mut self, capacity: usize) -> Bytes {
        self.append_on_heap(&[], capacity);
        match self {
            Buffer::OnHeap(bytes) => bytes.split().freeze(),
            Buffer::InPlace { .. } | Buffer::Shared(_) => Bytes::new(),
        }
    }

    /// How much heap is held of its own, free room included.
    #[cfg(test)]
    pub(crate) fn heap(&self) -> usize {
        match self {
            Buffer::OnHeap(bytes) => bytes.capacity(),
            Buffer::InPlace { .. } | Buffer::Shared(_) => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_was_emptied_is_wiped() {
        let mut buffer = Buffer::new();
        assert!(buffer.append_within(b"PASS hunter2\r\n"));
        buffer.consume(14);
        assert!(matches!(buffer, Buffer::InPlace { bytes: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ..], .. }));
        assert!(buffer.append_within(b"PASS hunter2\r\n"));
        drop(buffer.take(14));
        assert!(matches!(buffer, Buffer::InPlace { bytes: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ..], .. }));
    }

    #[derive(Clone, Debug)]
    enum Step {
        Share(usize),
        Append(usize),
        Consume(usize),
        Take(usize),
        Cut,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let few = 0..IN_PLACE * 2;
        let step = prop_oneof![
            few.clone().prop_map(Step::Share),
            few.clone().prop_map(Step::Append),
            few.clone().prop_map(Step::Consume),
            few.prop_map(Step::Take),
            Just(Step::Cut)
        ];
        prop::collection::vec(step, 0..40)
    }

    proptest! {
        #[test]
        fn in_place_or_on_heap_it_is_a_queue_of_bytes(steps in steps()) {
            let mut buffer = Buffer::new();
            let mut model: Vec<u8> = Vec::new();
            let mut next = 0..;
            for step in steps {
                match step {
                    Step::Share(count) => {
                        if buffer.is_empty() {
                            model.extend((0..count).map(|number| number as u8));
                            buffer = Buffer::Shared(model.clone().into());
                        }
                    }
                    Step::Append(count) => {
                        let more: Vec<u8> = next.by_ref().take(count).map(|number: u32| number as u8).collect();
                        if !buffer.append_within(&more) {
                            buffer.append_on_heap(&more, 100);
                        }
                        model.extend(more);
                    }
                    Step::Consume(count) => {
                        buffer.consume(count);
                        model.drain(..count.min(model.len()));
                    }
                    Step::Take(count) => {
                        let taken: Vec<u8> = model.drain(..count.min(model.len())).collect();
                        prop_assert_eq!(buffer.take(count), taken);
                    }
                    Step::Cut => {
                        prop_assert_eq!(buffer.cut(100), core::mem::take(&mut model));
                    }
                }
                prop_assert_eq!(buffer.as_slice(), &model[..]);
                prop_assert_eq!(buffer.len(), model.len());
                prop_assert_eq!(buffer.is_empty(), model.is_empty());
            }
        }
    }
}
