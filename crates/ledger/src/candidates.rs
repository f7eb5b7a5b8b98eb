//! Executed blocks above the database's tip: a tree, whose root is that tip.
//!
//! Under BFT these are the proposals of one height. Under work they are the best chain down to the checkpoint, and the branches
//! that compete with it.
//!
//! Rule kept: bounded by [`polity_trie::LAYERS_MAX`]. What is forgotten for want of room is executed again from its body if it
//! is needed after all.

use std::sync::{Arc, OnceLock};

use polity_primitives::{B256, Height, StateChanges};
use polity_trie::{Layers, LayersError, State};

use crate::{ExecutedBlock, Head, after::After};

/// An executed block above the database's tip, and what follows from it.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) block: Arc<ExecutedBlock>,
    pub(crate) state: State,
    pub(crate) changes: StateChanges,
    pub(crate) after: After,
    /// Its transactions by hash, in order of hash. Made when it is first asked for: proposals are mostly not.
    places: OnceLock<Vec<(B256, usize)>>,
}

impl Candidate {
    pub(crate) const fn new(
        block: Arc<ExecutedBlock>,
        state: State,
        changes: StateChanges,
        after: After,
    ) -> Self {
        Self { block, state, changes, after, places: OnceLock::new() }
    }

    pub(crate) fn hash(&self) -> B256 {
        self.block.block.hash
    }

    pub(crate) fn height(&self) -> Height {
        self.block.height()
    }

    pub(crate) fn parent(&self) -> B256 {
        self.block.header().parent_hash
    }

    /// Where the transaction `hash` is in it.
    pub(crate) fn place(&self, hash: &B256) -> Option<usize> {
        let places = self.places.get_or_init(|| {
            let mut places: Vec<_> = self.block.transactions.iter().map(|tx| tx.hash).zip(0..).collect();
            places.sort_unstable();
            places
        });
        let found = places.binary_search_by_key(hash, |(at, _)| *at).ok()?;
        places.get(found).map(|(_, index)| *index)
    }
}

/// The tree.
pub(crate) struct Candidates {
    layers: Layers<Option<Arc<Candidate>>>,
    /// The root as a head.
    settled: Arc<Head>,
}

impl Candidates {
    /// A tree of the database's tip alone.
    pub(crate) fn new(settled: Arc<Head>) -> Self {
        Self { layers: Layers::new(settled.hash(), settled.height(), None), settled }
    }

    pub(crate) fn get(&self, hash: &B256) -> Option<&Arc<Candidate>> {
        self.layers.get(hash).and_then(Option::as_ref)
    }

    /// The database's tip.
    pub(crate) const fn settled(&self) -> &Arc<Head> {
        &self.settled
    }

    /// Block `hash` as the head it would be; `None` if it is not in the tree.
    pub(crate) fn head(&self, hash: &B256) -> Option<Arc<Head>> {
        if *hash == self.settled.hash() {
            return Some(self.settled.clone());
        }
        let blocks = self.layers.trail(hash)?.into_iter().flatten().cloned().collect();
        self.settled.trail.on(blocks).head().map(Arc::new)
    }

    /// Adds `candidate` on its parent. Returns the block that was forgotten for it.
    pub(crate) fn insert(&mut self, candidate: Arc<Candidate>) -> Result<Option<B256>, LayersError> {
        let (parent, hash, height) = (candidate.parent(), candidate.hash(), candidate.height());
        self.layers.insert(parent, hash, height, Some(candidate))
    }

    /// Keeps `head` and what is below it, whatever else must go.
    pub(crate) const fn pin(&mut self, head: B256) {
        self.layers.pin(head);
    }

    /// Makes `settled` the root: it is committed. What does not descend from it is forgotten.
    pub(crate) fn settle(&mut self, settled: Arc<Head>) {
        if self.layers.finalize(&settled.hash()).is_err() {
            self.layers = Layers::new(settled.hash(), settled.height(), None);
        }
        self.settled = settled;
    }

    /// All candidates, ordered by hash.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Candidate>> {
        let settled = self.settled.height();
        self.layers
            .iter()
            .filter(move |(_, height, _)| *height > settled)
            .filter_map(|(_, _, at)| at.as_ref())
    }
}
