//! Executed blocks that wait for a decision: the layers above the head.

use std::sync::Arc;

use polity_primitives::{B256, Height, StateChanges};
use polity_trie::{Layers, State};

use crate::ExecutedBlock;

/// An executed block that waits for a decision.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) block: Arc<ExecutedBlock>,
    pub(crate) state: State,
    pub(crate) changes: Arc<StateChanges>,
}

/// Candidates above the head. The head itself is the root and carries nothing: it is in [`crate::Head`].
///
/// What is forgotten because there are too many is executed again from its body if it is decided after all.
pub(crate) struct Candidates(Layers<Option<Candidate>>);

impl Candidates {
    pub(crate) fn new(head: B256, height: Height) -> Self {
        Self(Layers::new(head, height, None))
    }

    pub(crate) fn get(&self, hash: &B256) -> Option<&Candidate> {
        self.0.get(hash).and_then(Option::as_ref)
    }

    /// Adds a candidate on the head; one that does not follow the head (it moved meanwhile) is not kept.
    pub(crate) fn insert(&mut self, candidate: Candidate) {
        let block = &candidate.block.block;
        let (parent, hash, height) = (block.block.header.parent_hash, block.hash, block.height());
        if let Err(error) = self.0.insert(parent, hash, height, Some(candidate)) {
            tracing::debug!(%error, %hash, "ledger.candidate.dropped");
        }
    }

    /// Makes `hash` the head and forgets what competed with it.
    pub(crate) fn settle(&mut self, hash: B256, height: Height) {
        self.0 = Layers::new(hash, height, None);
    }
}
