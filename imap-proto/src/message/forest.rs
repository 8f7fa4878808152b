//! Trees of messages, each by the place of its parent: however deep they are, nothing here recurses.

use alloc::vec;
use alloc::vec::Vec;

/// A node that is nowhere.
pub(super) const NONE: usize = usize::MAX;

/// The children of each node, and the roots.
pub(super) struct Children {
    nodes: Vec<usize>,
    /// Where the children of each node begin; one more for the roots, and the end.
    starts: Vec<usize>,
}

impl Children {
    /// Gathers children by their parents; [`NONE`] makes a root. Children keep the order of `nodes`.
    pub(super) fn of(parents: &[usize], nodes: impl Iterator<Item = usize> + Clone) -> Self {
        let count = parents.len();
        let place = |node: usize| parents[node].min(count);
        let mut starts = vec![0usize; count + 2];
        for node in nodes.clone() {
            starts[place(node) + 1] += 1;
        }
        for index in 1..starts.len() {
            starts[index] += starts[index - 1];
        }
        let mut next = starts.clone();
        let mut gathered = vec![NONE; starts[count + 1]];
        for node in nodes {
            gathered[next[place(node)]] = node;
            next[place(node)] += 1;
        }
        Children { nodes: gathered, starts }
    }

    pub(super) fn of_node(&self, node: usize) -> &[usize] {
        &self.nodes[self.starts[node]..self.starts[node + 1]]
    }

    pub(super) fn roots(&self) -> &[usize] {
        self.of_node(self.starts.len() - 2)
    }

    /// Sorts the roots.
    pub(super) fn sort_roots<K: Ord>(&mut self, key: impl FnMut(&usize) -> K) {
        let start = self.starts[self.starts.len() - 2];
        self.nodes[start..].sort_by_key(key);
    }

    /// All nodes depth first, with their depths.
    pub(super) fn depth_first(&self) -> Vec<(u32, usize)> {
        let mut walked = Vec::with_capacity(self.nodes.len());
        let mut open: Vec<(u32, usize)> = self.roots().iter().rev().map(|root| (0, *root)).collect();
        while let Some((depth, node)) = open.pop() {
            walked.push((depth, node));
            open.extend(self.of_node(node).iter().rev().map(|child| (depth + 1, *child)));
        }
        walked
    }
}

/// Which nodes hang together, so that a link that would close a circle is known at once.
pub(super) struct Circles {
    leaders: Vec<usize>,
    sizes: Vec<usize>,
}

impl Circles {
    pub(super) fn new(count: usize) -> Self {
        Circles { leaders: (0..count).collect(), sizes: vec![1; count] }
    }

    /// Joins a root with what will be its parent, unless they hang together already.
    pub(super) fn join(&mut self, root: usize, parent: usize) -> bool {
        let (one, other) = (self.leader(root), self.leader(parent));
        if one == other {
            return false;
        }
        let (small, large) = if self.sizes[one] < self.sizes[other] { (one, other) } else { (other, one) };
        self.leaders[small] = large;
        self.sizes[large] += self.sizes[small];
        true
    }

    fn leader(&mut self, mut node: usize) -> usize {
        while self.leaders[node] != node {
            self.leaders[node] = self.leaders[self.leaders[node]];
            node = self.leaders[node];
        }
        node
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_are_walked_depth_first() {
        let parents = [NONE, 0, 0, 1, NONE];
        let children = Children::of(&parents, 0..5);
        assert_eq!(children.roots(), [0, 4]);
        assert_eq!(children.depth_first(), [(0, 0), (1, 1), (2, 3), (1, 2), (0, 4)]);
    }

    #[test]
    fn circles_are_known() {
        let mut circles = Circles::new(3);
        assert!(circles.join(0, 1) && circles.join(1, 2));
        assert!(!circles.join(2, 0));
    }
}
