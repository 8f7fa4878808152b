//! THREAD (RFC 5256 §3): messages as trees of discussions. n messages with m references take a time of (n log n) + m.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::num::NonZeroU32;
use std::collections::HashMap;

use super::forest::{Children, Circles, NONE};
use super::{Summary, casemap};
use crate::codec::Threads;
use crate::codec::command::ThreadAlgorithm;

/// How messages are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Threading {
    /// `ORDEREDSUBJECT`: by base subject, and then by date.
    OrderedSubject,
    /// `REFERENCES`: by References and In-Reply-To, and then by base subject.
    References,
    /// `REFS`: by References and In-Reply-To alone; the thread that has the latest arrival comes last.
    Refs,
}

impl Threading {
    /// The algorithm that a command names; nothing where this crate does not know it: answer BAD.
    pub fn of<T>(algorithm: &ThreadAlgorithm<T>) -> Option<Self> {
        match algorithm {
            ThreadAlgorithm::OrderedSubject => Some(Threading::OrderedSubject),
            ThreadAlgorithm::References => Some(Threading::References),
            ThreadAlgorithm::Refs => Some(Threading::Refs),
            ThreadAlgorithm::Other(_) => None,
        }
    }
}

/// The threads of some messages, which must come in the order of the mailbox.
///
/// By references, a message's parent is what its last reference names; what only others tell of its place counts where it has none itself.
/// References that would make a message its own ancestor are passed over.
pub fn thread<'s>(threading: Threading, messages: impl IntoIterator<Item = (NonZeroU32, &'s Summary)>) -> Threads {
    let messages: Vec<(NonZeroU32, &Summary)> = messages.into_iter().collect();
    let subjects = match threading {
        Threading::Refs => Vec::new(),
        _ => messages.iter().map(|(_, summary)| subject(summary)).collect(),
    };
    match threading {
        Threading::OrderedSubject => ordered_subject(&messages, &subjects),
        _ => Forest::by_references(&messages).threads(&subjects, threading),
    }
}

/// A base subject as it is compared, and whether it is of a reply or forward.
fn subject(summary: &Summary) -> (String, bool) {
    let base = summary.base_subject();
    (casemap(&base.text).into_owned(), base.is_reply_or_forward)
}

fn ordered_subject(messages: &[(NonZeroU32, &Summary)], subjects: &[(String, bool)]) -> Threads {
    let mut order: Vec<(&str, i64, usize)> = Vec::with_capacity(messages.len());
    for (place, ((_, summary), (subject, _))) in messages.iter().zip(subjects).enumerate() {
        order.push((subject, summary.sent(), place));
    }
    order.sort_unstable();
    let mut threads: Vec<&[(&str, i64, usize)]> = order.chunk_by(|one, next| one.0 == next.0).collect();
    threads.sort_by_key(|thread| thread.first().map(|(_, sent, place)| (*sent, *place)));
    let nodes = threads.into_iter().flat_map(|thread| thread.iter().enumerate());
    Threads::new(
        nodes.map(|(index, (_, _, place))| (u32::from(index > 0), messages.get(*place).map(|(number, _)| *number))),
    )
}

/// Messages, and after them what they refer to but is not there.
struct Forest<'s> {
    messages: &'s [(NonZeroU32, &'s Summary)],
    parents: Vec<usize>,
    /// Of each node that is in its place: its date and its order in the mailbox.
    dates: Vec<(i64, usize)>,
}

impl<'s> Forest<'s> {
    /// Steps 1 to 3 of the algorithm.
    fn by_references(messages: &'s [(NonZeroU32, &'s Summary)]) -> Self {
        let mut nodes: HashMap<Cow<'s, [u8]>, usize> = HashMap::with_capacity(messages.len());
        for (place, (_, summary)) in messages.iter().enumerate() {
            if let Some(id) = summary.message_id() {
                // Of messages with the same identifier the first is meant.
                nodes.entry(id).or_insert(place);
            }
        }
        let mut count = messages.len();
        let mut references: Vec<usize> = Vec::new();
        let mut ends = Vec::with_capacity(messages.len());
        for (_, summary) in messages {
            for id in summary.references() {
                references.push(*nodes.entry(Cow::Borrowed(id.as_ref())).or_insert_with(|| {
                    count += 1;
                    count - 1
                }));
            }
            ends.push(references.len());
        }
        let mut parents = vec![NONE; count];
        let mut circles = Circles::new(count);
        let mut link = |child: usize, parent: usize| {
            // Only what has no parent gets one, so that what hangs together is a tree.
            if parents[child] == NONE && circles.join(child, parent) {
                parents[child] = parent;
            }
        };
        let starts = || core::iter::once(0).chain(ends.iter().copied());
        let of_message = |(start, end): (usize, &usize)| references.get(start..*end).unwrap_or_default();
        for (place, own) in starts().zip(&ends).map(of_message).enumerate() {
            if let Some(last) = own.last() {
                link(place, *last);
            }
        }
        for own in starts().zip(&ends).map(of_message) {
            for pair in own.windows(2) {
                link(pair[1], pair[0]);
            }
        }
        let dates = messages.iter().enumerate().map(|(place, (_, summary))| (summary.sent(), place)).collect();
        let mut forest = Forest { messages, parents, dates };
        forest.prune();
        forest
    }

    fn is_message(&self, node: usize) -> bool {
        node < self.messages.len()
    }

    /// Step 3: what is not there is left out; it stays only at the top, where it has more than one child.
    fn prune(&mut self) {
        let children = Children::of(&self.parents, 0..self.parents.len());
        // Under what each node's children come: the next message above them, or what stands at the top.
        let mut places = self.parents.clone();
        let mut counts = vec![0usize; self.parents.len()];
        for (_, node) in children.depth_first() {
            let parent = self.parents[node];
            if parent != NONE && !self.is_message(parent) {
                places[node] = if places[parent] == NONE { parent } else { places[parent] };
            }
            if self.is_message(node) && places[node] != NONE {
                counts[places[node]] += 1;
            }
        }
        for (node, place) in places.iter().enumerate() {
            let is_alone = *place != NONE && !self.is_message(*place) && counts[*place] < 2;
            self.parents[node] = if is_alone { NONE } else { *place };
        }
        self.dates.resize(self.parents.len(), (i64::MAX, usize::MAX));
        for node in 0..self.messages.len() {
            let parent = self.parents[node];
            if parent != NONE && !self.is_message(parent) {
                self.dates[parent] = self.dates[parent].min(self.dates[node]);
            }
        }
    }

    /// The nodes that are in a thread: messages, and what has children.
    fn living(&self) -> Vec<usize> {
        // What is no message has the date of its first child, if it has one.
        let has_child = |node: &usize| self.is_message(*node) || self.dates[*node].1 != usize::MAX;
        (0..self.parents.len()).filter(has_child).collect()
    }

    /// Steps 4 to 6.
    fn threads(mut self, subjects: &[(String, bool)], threading: Threading) -> Threads {
        if threading == Threading::References {
            self.gather_subjects(subjects);
        }
        let mut nodes = self.living();
        nodes.sort_unstable_by_key(|node| self.dates[*node]);
        let mut children = Children::of(&self.parents, nodes.iter().copied());
        if threading == Threading::Refs {
            self.sort_by_arrival(&mut children);
        }
        let number = |node: usize| self.messages.get(node).map(|(number, _)| *number);
        Threads::new(children.depth_first().into_iter().map(|(depth, node)| (depth, number(node))))
    }

    fn sort_by_arrival(&self, children: &mut Children) {
        let mut latest = vec![i64::MIN; self.parents.len()];
        let mut root = NONE;
        for (depth, node) in children.depth_first() {
            if depth == 0 {
                root = node;
            }
            if let Some((_, summary)) = self.messages.get(node) {
                latest[root] = latest[root].max(summary.internal_date.unix());
            }
        }
        children.sort_roots(|root| (latest[*root], self.dates[*root]));
    }

    /// Step 5: threads of the same base subject become one.
    fn gather_subjects(&mut self, subjects: &[(String, bool)]) {
        let mut roots: Vec<usize> = self.living().into_iter().filter(|node| self.parents[*node] == NONE).collect();
        roots.sort_unstable_by_key(|node| self.dates[*node]);
        // The subject of what is no message is that of its first child, whose place is beside its date.
        let subject = |forest: &Self, node: usize| {
            subjects.get(forest.dates[node].1).map(|(text, _)| text.as_str()).filter(|text| !text.is_empty())
        };
        let is_reply = |node: usize| subjects.get(node).is_some_and(|(_, is_reply)| *is_reply);
        let mut table: HashMap<&str, usize> = HashMap::new();
        for root in &roots {
            let Some(subject) = subject(self, *root) else { continue };
            let kept = table.entry(subject).or_insert(*root);
            if self.is_message(*kept) && (!self.is_message(*root) || (is_reply(*kept) && !is_reply(*root))) {
                *kept = *root;
            }
        }
        let children = Children::of(&self.parents, 0..self.parents.len());
        for root in roots {
            let Some(subject) = subject(self, root) else { continue };
            let Some(kept) = table.get_mut(subject).filter(|kept| **kept != root) else { continue };
            match (self.is_message(*kept), self.is_message(root)) {
                (false, false) => {
                    for child in children.of_node(root) {
                        self.parents[*child] = *kept;
                    }
                    self.dates[*kept] = self.dates[*kept].min(self.dates[root]);
                    self.dates[root] = (i64::MAX, usize::MAX);
                }
                (false, true) => {
                    self.parents[root] = *kept;
                    self.dates[*kept] = self.dates[*kept].min(self.dates[root]);
                }
                (true, _) if is_reply(root) && !is_reply(*kept) => self.parents[root] = *kept,
                (true, _) => {
                    let both = self.parents.len();
                    self.parents.push(NONE);
                    self.dates.push(self.dates[*kept].min(self.dates[root]));
                    self.parents[*kept] = both;
                    self.parents[root] = both;
                    *kept = both;
                }
            }
        }
    }
}
