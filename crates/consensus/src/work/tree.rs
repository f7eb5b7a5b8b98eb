//! The undecided blocks as a tree of headers, and which of its leaves counts.
//!
//! Its root is the floor, the highest block that is never undone. The heaviest leaf by accumulated difficulty is the best; of
//! equally heavy ones the first that was followed stays. The tree knows nothing of execution: its owner adds a header, asks
//! whether it is heavier, walks the [`Route`] there, and [`Tree::follow`]s it once that has worked.
//!
//! Deliberately absent: a bound. What is in the tree has work behind it and a parent above the floor; its owner moves the floor.

use std::{collections::BTreeMap, sync::Arc};

use polity_primitives::{B256, Header, Height, U256};

use super::{MEDIAN_SPAN, Rules, Tip};

/// A block in the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Node {
    header: Arc<Header>,
    work: U256,
}

/// The way from one block of a tree to another, through their last common one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    /// Blocks to undo, from high to low.
    pub undo: Vec<B256>,
    /// Blocks to apply then, from low to high.
    pub apply: Vec<B256>,
}

/// The undecided blocks and the floor they stand on.
#[derive(Clone, Debug)]
pub struct Tree {
    floor: Tip,
    best: Tip,
    nodes: BTreeMap<B256, Node>,
    /// Timestamps of the blocks below the floor that still count for a median, the youngest first.
    below: Vec<u64>,
}

impl Tree {
    /// A tree of the floor alone. `below` are timestamps of the blocks before it as far as a median may need them, the youngest
    /// first, the anchor's last.
    #[must_use]
    pub fn new(floor: Tip, header: Header, below: Vec<u64>) -> Self {
        let nodes = BTreeMap::from([(floor.hash, Node { header: Arc::new(header), work: floor.work })]);
        Self { floor, best: floor, nodes, below }
    }

    /// The highest block that is never undone.
    #[must_use]
    pub const fn floor(&self) -> Tip {
        self.floor
    }

    /// The block that counts.
    #[must_use]
    pub const fn best(&self) -> Tip {
        self.best
    }

    /// How many blocks it holds, with the floor.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether it holds nothing; it always holds the floor.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The header of a block.
    #[must_use]
    pub fn header(&self, hash: &B256) -> Option<&Header> {
        self.nodes.get(hash).map(|node| &*node.header)
    }

    /// A block as the end of its chain.
    #[must_use]
    pub fn tip(&self, hash: &B256) -> Option<Tip> {
        let node = self.nodes.get(hash)?;
        Some(Tip { hash: *hash, height: Height(node.header.number), work: node.work })
    }

    /// Timestamps of `hash` and the blocks before it, as many as the rules' median takes, the youngest first.
    #[must_use]
    pub fn past(&self, rules: &Rules, hash: &B256) -> Vec<u64> {
        let Some(node) = self.nodes.get(hash) else { return Vec::new() };
        let span = rules.median_span(Height(node.header.number));
        let here = self.up(*hash).map(|(_, node)| node.header.timestamp);
        here.chain(self.below.iter().copied()).take(span).collect()
    }

    /// Adds a block whose header was checked; `None` if its parent is not in the tree. Adding it again changes nothing.
    pub fn add(&mut self, hash: B256, header: impl Into<Arc<Header>>) -> Option<Tip> {
        let header = header.into();
        let parent = self.nodes.get(&header.parent_hash)?;
        let work = parent.work.saturating_add(header.difficulty);
        self.nodes.entry(hash).or_insert(Node { header, work });
        self.tip(&hash)
    }

    /// Whether following `hash` is right: it is heavier than the best, and not just as heavy.
    #[must_use]
    pub fn is_heavier(&self, hash: &B256) -> bool {
        self.nodes.get(hash).is_some_and(|node| node.work > self.best.work)
    }

    /// The way from the best block to `hash`; `None` if it is not in the tree.
    #[must_use]
    pub fn route(&self, hash: &B256) -> Option<Route> {
        let mut route = Route::default();
        let (mut from, mut to) = (self.best.hash, *hash);
        while from != to {
            let (a, b) = (&self.nodes.get(&from)?.header, &self.nodes.get(&to)?.header);
            if a.number >= b.number {
                route.undo.push(from);
                from = a.parent_hash;
            } else {
                route.apply.push(to);
                to = b.parent_hash;
            }
        }
        route.apply.reverse();
        Some(route)
    }

    /// The block at `height` of the best chain, from the floor up.
    #[must_use]
    pub fn at(&self, height: Height) -> Option<B256> {
        let on_best = self.up(self.best.hash);
        on_best
            .take_while(|(_, node)| node.header.number >= height.0)
            .find_map(|(hash, node)| (node.header.number == height.0).then_some(hash))
    }

    /// Makes `hash` the block that counts.
    pub fn follow(&mut self, hash: &B256) {
        if let Some(tip) = self.tip(hash) {
            self.best = tip;
        }
    }

    /// Removes a block and all that stand on it, and says which; the best block and those it stands on stay.
    pub fn cut(&mut self, hash: &B256) -> Vec<B256> {
        let on_best = self.up(self.best.hash).any(|(at, _)| at == *hash);
        if on_best || !self.nodes.contains_key(hash) {
            return Vec::new();
        }
        let mut cut = vec![*hash];
        let mut next = 0;
        while let Some(parent) = cut.get(next).copied() {
            let children = self.nodes.iter().filter(|(_, node)| node.header.parent_hash == parent);
            cut.extend(children.map(|(child, _)| *child));
            next = next.saturating_add(1);
        }
        cut.retain(|hash| self.nodes.remove(hash).is_some());
        cut
    }

    /// Moves the floor up to a block of the best chain, and forgets what does not stand on it. Returns what is forgotten: blocks
    /// that are now below the floor from low to high, and then those of branches.
    pub fn raise(&mut self, hash: &B256) -> (Vec<B256>, Vec<B256>) {
        let path: Vec<_> = self.up(self.best.hash).map(|(hash, _)| hash).collect();
        let (Some(position), Some(floor)) = (path.iter().position(|at| at == hash), self.tip(hash)) else {
            return (Vec::new(), Vec::new());
        };
        let mut under: Vec<_> = path.into_iter().skip(position.saturating_add(1)).collect();
        let times = under.iter().filter_map(|hash| self.nodes.get(hash)).map(|node| node.header.timestamp);
        self.below = times.chain(self.below.iter().copied()).take(MEDIAN_SPAN).collect();
        under.reverse();
        // A block stands on the floor exactly if its parent does; parents are lower, so one pass by height is enough.
        let mut by_height: Vec<_> = self
            .nodes
            .iter()
            .map(|(hash, node)| (node.header.number, *hash, node.header.parent_hash))
            .collect();
        by_height.sort_unstable();
        let mut kept = std::collections::BTreeSet::from([floor.hash]);
        for (_, hash, parent) in &by_height {
            if kept.contains(parent) {
                kept.insert(*hash);
            }
        }
        let gone: Vec<_> = by_height
            .iter()
            .map(|(_, hash, _)| *hash)
            .filter(|hash| !kept.contains(hash) && !under.contains(hash))
            .collect();
        self.nodes.retain(|hash, _| kept.contains(hash));
        self.floor = floor;
        (under, gone)
    }

    /// From a block down to the floor.
    fn up(&self, from: B256) -> impl Iterator<Item = (B256, &Node)> {
        let end = self.floor.hash;
        std::iter::successors(self.nodes.get(&from).map(|node| (from, node)), move |(hash, node)| {
            let parent = node.header.parent_hash;
            (*hash != end).then(|| self.nodes.get(&parent).map(|node| (parent, node))).flatten()
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(byte: u8) -> B256 {
        B256::repeat_byte(byte)
    }

    fn header(parent: u8, number: u64, difficulty: u64) -> Header {
        Header {
            parent_hash: name(parent),
            number,
            difficulty: U256::from(difficulty),
            timestamp: number,
            ..Header::default()
        }
    }

    fn tree() -> Tree {
        let floor = Tip { hash: name(0), height: Height(10), work: U256::ZERO };
        Tree::new(floor, header(9, 10, 0), Vec::new())
    }

    #[test]
    fn the_heaviest_counts_and_the_first_stays_on_a_tie() {
        let mut tree = tree();
        for (hash, parent, number, difficulty, heavier) in [
            (1, 0, 11, 5, true),
            (2, 0, 11, 5, false),
            (3, 2, 12, 1, true),
            (4, 1, 12, 9, true),
            (5, 4, 13, 1, true),
            (6, 3, 13, 9, false),
        ] {
            let tip = tree.add(name(hash), header(parent, number, difficulty)).expect("a parent");
            assert_eq!(tree.is_heavier(&tip.hash), heavier, "block {hash}");
            if heavier {
                tree.follow(&tip.hash);
            }
        }
        assert_eq!((tree.best().hash, tree.best().work, tree.len()), (name(5), U256::from(15), 7));
        assert_eq!(tree.add(name(8), header(7, 12, 1)), None, "no parent");
        let route = tree.route(&name(6)).expect("in the tree");
        assert_eq!(route.undo, [5, 4, 1].map(name));
        assert_eq!(route.apply, [2, 3, 6].map(name));
        assert_eq!(
            (tree.at(Height(12)), tree.at(Height(10)), tree.at(Height(14))),
            (Some(name(4)), Some(name(0)), None)
        );
    }

    #[test]
    fn an_invalid_block_takes_with_it_what_stands_on_it_but_not_the_best_chain() {
        let mut tree = tree();
        for (hash, parent, number) in [(1, 0, 11), (2, 1, 12), (3, 1, 12), (4, 3, 13), (5, 4, 14)] {
            tree.add(name(hash), header(parent, number, 1));
        }
        tree.follow(&name(2));
        assert!(tree.cut(&name(1)).is_empty(), "the best chain stands on it");
        assert_eq!(tree.cut(&name(3)), [3, 4, 5].map(name));
        assert_eq!((tree.len(), tree.tip(&name(4))), (3, None));
    }

    #[test]
    fn a_raised_floor_forgets_other_branches_and_keeps_times() {
        let mut tree = tree();
        for (hash, parent, number) in
            [(1, 0, 11), (2, 1, 12), (3, 2, 13), (11, 0, 11), (12, 11, 12), (13, 2, 13)]
        {
            tree.add(name(hash), header(parent, number, 1));
        }
        tree.follow(&name(3));
        assert_eq!(tree.raise(&name(12)), (vec![], vec![]), "not on the best chain");
        let (under, gone) = tree.raise(&name(2));
        assert_eq!((under, gone), ([0, 1].map(name).to_vec(), [11, 12].map(name).to_vec()));
        assert_eq!((tree.floor().hash, tree.len()), (name(2), 3));
        let anchor =
            crate::work::Anchor { height: Height(10), timestamp_secs: 10, difficulty: U256::from(1) };
        let rules = Rules { interval_secs: 1, confirmations: 1, checkpoint: 1, anchor, until: None };
        assert_eq!(tree.past(&rules, &name(3)), [13, 12, 11, 10]);
        assert_eq!(tree.route(&name(13)).expect("kept").apply, [name(13)]);
    }

    proptest! {
        /// Walking a route always ends where it says, through blocks that stand on each other.
        #[test]
        fn routes_lead_there(parents in prop::collection::vec(any::<prop::sample::Index>(), 1..60), to: prop::sample::Index, best: prop::sample::Index) {
            let mut tree = tree();
            let mut all = vec![(B256::repeat_byte(0), 10u64)];
            for (i, parent) in parents.iter().enumerate() {
                let (parent, number) = all[parent.index(all.len())];
                let hash = B256::from(U256::from(1_000 + i));
                let header = Header { parent_hash: parent, number: number + 1, difficulty: U256::from(1), ..Header::default() };
                tree.add(hash, header);
                all.push((hash, number + 1));
            }
            tree.follow(&all[best.index(all.len())].0);
            let goal = all[to.index(all.len())].0;
            let Route { undo, apply } = tree.route(&goal).expect("in the tree");
            let mut at = tree.best().hash;
            for hash in undo {
                prop_assert_eq!(hash, at);
                at = tree.header(&at).expect("kept").parent_hash;
            }
            for hash in apply {
                prop_assert_eq!(tree.header(&hash).expect("kept").parent_hash, at);
                at = hash;
            }
            prop_assert_eq!(at, goal);
        }
    }
}
