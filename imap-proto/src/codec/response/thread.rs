//! THREAD (RFC 5256 §4): messages as trees of discussions.

use alloc::vec;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use crate::codec::cursor::{Cursor, Read};
use crate::codec::encode::{Unwritable, Writer};
use crate::codec::fault::Expected;

/// The threads of a mailbox, each with its messages depth first. However deep they are, nothing here recurses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Threads {
    nodes: Vec<ThreadNode>,
}

/// A message in its thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ThreadNode {
    /// Its sequence number, or UID where the command was a UID one; absent for a message that is not there, but has answers.
    pub number: Option<NonZeroU32>,
    /// How many messages it answers, directly and indirectly: 0 for the first of a thread.
    pub depth: u32,
    /// Whether a parenthesis opens before it.
    opens: bool,
    /// How many parentheses close after it.
    closes: u32,
}

impl Threads {
    /// Threads of messages, each given as its depth and its number, depth first.
    ///
    /// A depth that is more than one below the message before is taken for one below it.
    pub fn new(messages: impl IntoIterator<Item = (u32, Option<NonZeroU32>)>) -> Self {
        let mut nodes: Vec<ThreadNode> = Vec::new();
        for (depth, number) in messages {
            let deepest = nodes.last().map_or(0, |last| last.depth + 1);
            nodes.push(ThreadNode { number, depth: depth.min(deepest), opens: false, closes: 0 });
        }
        Threads { nodes }.with_parentheses()
    }

    /// All messages, depth first.
    pub fn nodes(&self) -> &[ThreadNode] {
        &self.nodes
    }

    /// Each thread, with the messages in it, depth first.
    pub fn threads(&self) -> impl Iterator<Item = &[ThreadNode]> {
        self.nodes.chunk_by(|_, next| next.depth > 0)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Reads what stands after `THREAD`.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Read<Self> {
        let mut nodes: Vec<ThreadNode> = Vec::new();
        // The depths that the open parentheses began at.
        let mut open: Vec<u32> = Vec::new();
        let mut depth = 0;
        let mut just_opened = false;
        loop {
            cursor.skip_spaces();
            let node = |number| ThreadNode { number, depth, opens: false, closes: 0 };
            match cursor.peek() {
                Some(b'(') => {
                    cursor.eat(b'(');
                    // A thread without a first message; one in its place is enough for all that have none.
                    if just_opened && nodes.last().is_none_or(|last| last.number.is_some() || last.depth + 1 != depth) {
                        nodes.push(node(None));
                        depth += 1;
                    }
                    open.push(depth);
                    just_opened = true;
                }
                Some(b')') => {
                    let Some(before) = open.pop() else { return cursor.fail(Expected::End) };
                    cursor.eat(b')');
                    if nodes.last().is_some_and(|last| last.number.is_none()) {
                        nodes.pop();
                    }
                    depth = before;
                    just_opened = false;
                }
                Some(b'0'..=b'9') if !open.is_empty() => {
                    let number = cursor.nz_number()?;
                    nodes.push(node(Some(number)));
                    depth += 1;
                    just_opened = false;
                }
                _ if open.is_empty() => return Ok(Threads { nodes }.with_parentheses()),
                _ => return cursor.fail(Expected::Close),
            }
        }
    }

    /// Sets where parentheses stand: around threads, and around answers of which there is more than one.
    fn with_parentheses(mut self) -> Self {
        let mut answers = vec![0u32; self.nodes.len()];
        let mut path: Vec<usize> = Vec::new();
        for (index, node) in self.nodes.iter().enumerate() {
            path.truncate(node.depth as usize);
            if let Some(answered) = path.last() {
                answers[*answered] += 1;
            }
            path.push(index);
        }
        path.clear();
        for index in 0..self.nodes.len() {
            self.close(&mut path, index, self.nodes[index].depth as usize);
            let answered = path.last().copied();
            self.nodes[index].opens =
                answered.is_none_or(|answered| answers[answered] > 1 || self.nodes[answered].number.is_none());
            path.push(index);
        }
        self.close(&mut path, self.nodes.len(), 0);
        self
    }

    /// Leaves the messages of `path` from `depth` on, before the message at `index`.
    fn close(&mut self, path: &mut Vec<usize>, index: usize, depth: usize) {
        let left = path.drain(depth.min(path.len())..);
        let closes = left.filter(|message| self.nodes[*message].opens).count();
        if let Some(last) = index.checked_sub(1).and_then(|last| self.nodes.get_mut(last)) {
            last.closes = closes as u32;
        }
    }

    /// Writes what stands after `THREAD`.
    pub(super) fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
        let mut before: Option<&ThreadNode> = None;
        for node in &self.nodes {
            // A space before the first thread, and between the numbers of one list.
            let spaced = before.is_none_or(|before| before.closes == 0 && before.number.is_some());
            if spaced {
                writer.space();
            }
            if node.opens {
                writer.put(b"(");
            }
            match node.number {
                Some(number) => writer.number(number.get().into()),
                None if node.closes > 0 => return Err(Unwritable::Empty),
                None => {}
            }
            for _ in 0..node.closes {
                writer.put(b")");
            }
            before = Some(node);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::encode::{Encode, Encoder};
    use alloc::string::String;
    use proptest::prelude::*;

    struct Written<'a>(&'a Threads);

    impl Encode for Written<'_> {
        fn write(&self, writer: &mut Writer<'_>) -> Result<(), Unwritable> {
            self.0.write(writer)
        }
    }

    fn read(text: &str) -> Threads {
        Threads::read(&mut Cursor::new(text.as_bytes())).unwrap()
    }

    fn written(threads: &Threads) -> String {
        let mut out = Vec::new();
        Encoder::server().encode(&Written(threads), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn tree(threads: &Threads) -> Vec<(u32, u32)> {
        threads.nodes().iter().map(|node| (node.depth, node.number.map_or(0, NonZeroU32::get))).collect()
    }

    #[test]
    fn the_examples_of_rfc_5256() {
        let threads = read(" (2)(3 6 (4 23)(44 7 96))");
        assert_eq!(tree(&threads), [(0, 2), (0, 3), (1, 6), (2, 4), (3, 23), (2, 44), (3, 7), (4, 96)]);
        assert_eq!(written(&threads), " (2)(3 6 (4 23)(44 7 96))");
        assert_eq!(threads.threads().map(<[_]>::len).collect::<Vec<_>>(), [1, 7]);
        let threads = read(" ((3)(5))");
        assert_eq!(tree(&threads), [(0, 0), (1, 3), (1, 5)]);
        assert_eq!(written(&threads), " ((3)(5))");
        assert!(read("").is_empty() && read(" ").is_empty());
    }

    #[test]
    fn h5_parentheses_without_end_cost_no_stack() {
        let deep = "(".repeat(100_000);
        assert!(Threads::read(&mut Cursor::new(deep.as_bytes())).is_err());
        let closed = deep.clone() + &")".repeat(100_000);
        assert!(read(&closed).is_empty());
        let chain: String = deep.replace('(', "(1 ") + &")".repeat(100_000);
        let threads = read(&chain);
        assert_eq!(threads.nodes().len(), 100_000);
        assert_eq!(read(&written(&threads)), threads);
    }

    #[test]
    fn odd_lists_are_understood() {
        assert_eq!(read("(2 (3))"), read("(2 3)"));
        assert_eq!(read("()(4)"), read("(4)"));
        assert_eq!(tree(&read("(((1)(2))(3))")), [(0, 0), (1, 1), (1, 2), (1, 3)]);
        for odd in ["(0)", "(4294967296)", "(1", "(1))", "(-1)", "(1 x)"] {
            assert!(Threads::read(&mut Cursor::new(odd.as_bytes())).is_err() || odd == "(1))", "{odd}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_as_the_same_tree(nodes in proptest::collection::vec((0u32..6, 1u32..99), 0..40)) {
            let threads = Threads::new(nodes.into_iter().map(|(depth, number)| (depth, NonZeroU32::new(number))));
            prop_assert_eq!(read(&written(&threads)), threads);
        }
    }
}
