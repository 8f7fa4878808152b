use alloc::boxed::Box;
use alloc::collections::VecDeque;
use core::fmt;

use bytes::{Buf, Bytes};

use crate::buffer::{self, Buffer};

/// What the gathering buffer starts with: a handful of replies.
const FIRST_CAPACITY: usize = 256;
/// What it starts with for lines that follow one another.
const STREAM_CAPACITY: usize = 2 * 1024;
/// Where a gathering buffer is full and the next one begins, so that it need not grow, and be copied, without end.
const SEGMENT: usize = 16 * 1024;

/// When an outbox counts as full, and when as drained again, in bytes.
///
/// Between the two lies the hysteresis that keeps a session from flapping: an outbox that has reached `high` is full until the
/// driver has written it down to `low`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct Marks {
    /// With this many bytes waiting the outbox is full, and its machine understands no more input.
    pub high: usize,
    /// A full outbox has room again when it holds this many bytes or fewer.
    pub low: usize,
}

impl Default for Marks {
    /// 64 KiB and 16 KiB: several segments in flight, no matter how many sessions.
    fn default() -> Self {
        Marks { high: 64 * 1024, low: 16 * 1024 }
    }
}

/// The bytes that the machine has said and the driver has not written yet.
///
/// It is a [`bytes::Buf`]: the driver writes [`chunk`](Buf::chunk) (or `chunks_vectored`, with the `std` feature) and
/// [`advance`](Buf::advance)s by what the socket took. Small writes are gathered into one buffer, large [`Bytes`] are linked in
/// without a copy. An outbox holds no heap while it is empty, nor for one short reply.
// In this order, so that what a relayed message touches lies together.
#[repr(C)]
pub struct Outbox {
    full: bool,
    relieved: bool,
    len: usize,
    marks: Marks,
    /// In order before `tail`. Most outboxes never have any, and wait without the room for them.
    #[expect(clippy::box_collection, reason = "boxed it takes a quarter of the room in each idle session")]
    linked: Option<Box<VecDeque<Bytes>>>,
    tail: Buffer,
}

impl Outbox {
    /// Bytes shorter than this are copied, for a copy is cheaper than a link in the chain.
    pub const LINK_FROM: usize = 1024;

    /// An outbox with the default [`Marks`].
    pub fn new() -> Self {
        Outbox::with_marks(Marks::default())
    }

    /// An outbox with these marks.
    pub fn with_marks(marks: Marks) -> Self {
        Outbox { linked: None, tail: Buffer::new(), len: 0, marks, full: false, relieved: false }
    }

    /// Changes the marks, and with them whether the outbox is full.
    pub fn set_marks(&mut self, marks: Marks) {
        self.marks = marks;
        self.grown(0);
        self.shrunk();
    }

    /// When it counts as full.
    pub fn marks(&self) -> Marks {
        self.marks
    }

    /// How many bytes wait to be written.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing waits to be written.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether the high mark was reached and the low mark not yet since: a machine parses no input now, and an application
    /// that streams a body waits for its `Writable` event.
    pub fn is_full(&self) -> bool {
        self.full
    }

    /// Whether the outbox has drained from full to the low mark since this was last asked: the machine's cue for `Writable`.
    pub fn take_relieved(&mut self) -> bool {
        core::mem::take(&mut self.relieved)
    }

    /// Appends a copy of `bytes`.
    #[inline]
    pub fn put(&mut self, bytes: &[u8]) {
        if !self.tail.append_within(bytes) {
            self.append_on_heap(bytes);
        }
        self.grown(bytes.len());
    }

    /// Appends `number` in decimal.
    pub fn put_decimal(&mut self, number: u64) {
        self.put(itoa::Buffer::new().format(number).as_bytes());
    }

    /// Appends what `text` prints, without a string in between.
    pub fn put_display(&mut self, text: impl fmt::Display) {
        struct Put<'a>(&'a mut Outbox);
        impl fmt::Write for Put<'_> {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                self.0.put(text.as_bytes());
                Ok(())
            }
        }
        // Writing here cannot fail, and what prints itself has no other reason to.
        let _ = fmt::Write::write_fmt(&mut Put(self), format_args!("{text}"));
    }

    /// Appends `bytes`: linked without a copy where they are large or alone, gathered where they are small.
    pub fn link(&mut self, bytes: Bytes) {
        if self.is_to_be_copied(bytes.len()) {
            return self.put(&bytes);
        }
        self.grown(bytes.len());
        if self.len == bytes.len() && bytes.len() < Self::LINK_FROM {
            self.tail = Buffer::Shared(bytes);
            return;
        }
        if !self.tail.is_empty() {
            let before = self.tail.cut(FIRST_CAPACITY);
            self.links().push_back(before);
        }
        self.links().push_back(bytes);
    }

    /// Whether a copy is cheaper than a link: not where they are many, nor where they are alone and would need heap.
    fn is_to_be_copied(&self, count: usize) -> bool {
        count <= buffer::IN_PLACE || (count < Self::LINK_FROM && self.len > 0)
    }

    /// Appends `bytes` that others have, too. As [`link`](Outbox::link), which owns them, but takes no share of what it copies.
    #[inline]
    pub fn share(&mut self, bytes: &Bytes) {
        if self.is_to_be_copied(bytes.len()) {
            self.put(bytes);
        } else {
            self.link(bytes.clone());
        }
    }

    /// Drops all that waits to be written, as when the peer is gone.
    pub fn clear(&mut self) {
        self.advance(self.len);
    }

    /// All that waits to be written, as one copy. For tests and tools; drivers use the [`Buf`] methods.
    pub fn to_vec(&self) -> alloc::vec::Vec<u8> {
        let mut all = alloc::vec::Vec::with_capacity(self.len);
        self.parts().for_each(|part| all.extend_from_slice(part));
        all
    }

    /// Takes all that waits to be written. For tests and tools; drivers use the [`Buf`] methods.
    pub fn drain(&mut self) -> alloc::vec::Vec<u8> {
        let all = self.to_vec();
        self.clear();
        all
    }

    #[cold]
    fn append_on_heap(&mut self, bytes: &[u8]) {
        if self.tail.is_empty() {
            self.tail.clear();
        } else if self.tail.len() + bytes.len() > SEGMENT {
            let full = self.tail.take(usize::MAX);
            self.links().push_back(full);
            return self.tail.append_on_heap(bytes, SEGMENT);
        }
        let is_more_to_come = matches!(self.tail, Buffer::Shared(_));
        self.tail.append_on_heap(bytes, if is_more_to_come { STREAM_CAPACITY } else { FIRST_CAPACITY });
    }

    fn links(&mut self) -> &mut VecDeque<Bytes> {
        self.linked.get_or_insert_default()
    }

    fn parts(&self) -> impl Iterator<Item = &[u8]> {
        let tail = (!self.tail.is_empty()).then_some(self.tail.as_slice());
        self.linked.iter().flat_map(|linked| linked.iter()).map(|part| &part[..]).chain(tail)
    }

    fn grown(&mut self, by: usize) {
        self.len += by;
        if self.len >= self.marks.high {
            self.full = true;
        }
    }

    /// Drops the first `count` bytes, which are all that the driver has written.
    fn drop_first(&mut self, mut count: usize) {
        assert!(count <= self.len, "advanced by {count} bytes, but only {} were waiting", self.len);
        self.len -= count;
        if self.len == 0 {
            return self.shrunk();
        }
        if let Some(linked) = &mut self.linked {
            while let Some(first) = linked.front_mut() {
                if count < first.len() {
                    first.advance(count);
                    count = 0;
                    break;
                }
                count -= first.len();
                linked.pop_front();
            }
        }
        self.tail.consume(count);
        self.shrunk();
    }

    #[inline]
    fn shrunk(&mut self) {
        if self.full && self.len <= self.marks.low {
            self.full = false;
            self.relieved = true;
        }
        if self.len == 0 {
            self.linked = None;
            self.tail.clear();
        }
    }
}

impl Default for Outbox {
    fn default() -> Self {
        Outbox::new()
    }
}

impl Buf for Outbox {
    fn remaining(&self) -> usize {
        self.len
    }

    fn chunk(&self) -> &[u8] {
        match self.linked.as_ref().and_then(|linked| linked.front()) {
            Some(first) => first,
            None => self.tail.as_slice(),
        }
    }

    #[cfg(feature = "std")]
    fn chunks_vectored<'a>(&'a self, slices: &mut [std::io::IoSlice<'a>]) -> usize {
        let mut count = 0;
        for (slot, part) in slices.iter_mut().zip(self.parts()) {
            *slot = std::io::IoSlice::new(part);
            count += 1;
        }
        count
    }

    /// # Panics
    ///
    /// When `count` is more than [`remaining`](Buf::remaining), as [`Buf`] demands.
    #[inline]
    fn advance(&mut self, count: usize) {
        if count > 0 {
            self.drop_first(count);
        }
    }
}

impl fmt::Debug for Outbox {
    /// Shows how full the outbox is, never what is in it: it may be a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox").field("len", &self.len).field("full", &self.full).field("marks", &self.marks).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    #[test]
    fn small_writes_are_gathered_and_large_ones_linked() {
        let mut outbox = Outbox::new();
        let large = Bytes::from(vec![b'x'; 4096]);
        outbox.put(b"+OK ");
        outbox.put_decimal(4096);
        outbox.put_display(format_args!(" {}\r\n", "octets"));
        outbox.link(large.clone());
        outbox.put(b".\r\n");
        assert_eq!(outbox.links().len(), 2);
        assert_eq!(outbox.links()[1].as_ptr(), large.as_ptr());
        assert_eq!(outbox.chunk(), b"+OK 4096 octets\r\n");
        assert_eq!(outbox.len(), 17 + 4096 + 3);
    }

    #[test]
    fn what_is_alone_is_shared_until_more_follows() {
        let mut outbox = Outbox::new();
        let line = Bytes::from(vec![b'x'; 100]);
        outbox.link(line.clone());
        assert_eq!((outbox.chunk().as_ptr(), outbox.len()), (line.as_ptr(), 100));
        outbox.advance(1);
        outbox.link(line.clone());
        assert_eq!(outbox.chunk(), [b'x'; 199]);
        outbox.clear();
        outbox.link(line.clone());
        assert_eq!(outbox.chunk().as_ptr(), line.as_ptr());
    }

    #[test]
    fn neither_an_empty_outbox_nor_a_short_reply_holds_heap() {
        let mut outbox = Outbox::new();
        outbox.put(b"+OK\r\n");
        assert_eq!((outbox.tail.heap(), outbox.linked.is_none()), (0, true));
        outbox.put(&[b'x'; 500]);
        assert!(outbox.tail.heap() > 0);
        outbox.link(Bytes::from(vec![b'x'; 4096]));
        outbox.clear();
        assert_eq!((outbox.tail.heap(), outbox.linked.is_none()), (0, true));
    }

    #[test]
    fn it_is_full_from_the_high_mark_down_to_the_low_one() {
        let mut outbox = Outbox::with_marks(Marks { high: 10, low: 4 });
        outbox.put(b"123456789");
        assert!(!outbox.is_full());
        outbox.put(b"0");
        assert!(outbox.is_full());
        outbox.advance(5);
        assert!(outbox.is_full());
        assert!(!outbox.take_relieved());
        outbox.advance(1);
        assert!(!outbox.is_full());
        assert!(outbox.take_relieved());
        assert!(!outbox.take_relieved());
    }

    #[test]
    fn new_marks_count_at_once() {
        let mut outbox = Outbox::with_marks(Marks { high: 10, low: 4 });
        outbox.put(b"1234567890");
        outbox.set_marks(Marks { high: 100, low: 40 });
        assert!(!outbox.is_full() && outbox.take_relieved());
        outbox.set_marks(Marks { high: 8, low: 4 });
        assert!(outbox.is_full() && !outbox.take_relieved());
    }

    #[test]
    #[should_panic(expected = "only 2 were waiting")]
    fn advancing_too_far_panics_as_buf_demands() {
        let mut outbox = Outbox::new();
        outbox.put(b"ab");
        outbox.advance(3);
    }

    proptest! {
        #[test]
        fn what_goes_in_comes_out_in_order(parts in prop::collection::vec((any::<bool>(), 0usize..3000), 0..12), steps in prop::collection::vec(1usize..2000, 1..12)) {
            let mut outbox = Outbox::new();
            let mut wanted = Vec::new();
            for (index, (linked, size)) in parts.iter().enumerate() {
                let part = vec![index as u8; *size];
                if *linked { outbox.link(Bytes::from(part.clone())) } else { outbox.put(&part) }
                wanted.extend_from_slice(&part);
            }
            let mut got = Vec::new();
            for step in steps.iter().cycle().take(40_000) {
                if outbox.is_empty() { break }
                let take = (*step).min(outbox.chunk().len());
                got.extend_from_slice(&outbox.chunk()[..take]);
                outbox.advance(take);
            }
            prop_assert_eq!(got, wanted);
        }
    }
}
