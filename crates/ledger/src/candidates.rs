//! Executed blocks that wait for a decision.

use std::sync::Arc;

use polity_primitives::{B256, StateChanges};
use polity_trie::State;

use crate::ExecutedBlock;

/// Most candidates kept: one per round is usual, and a dishonest proposer must not fill the memory. Dropped ones are executed
/// again from their body if they are decided after all.
const CANDIDATES_MAX: usize = 8;

/// An executed block that waits for a decision.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) block: Arc<ExecutedBlock>,
    pub(crate) state: State,
    pub(crate) changes: Arc<StateChanges>,
}

/// Candidates for the height after the head, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Candidates(Vec<Candidate>);

impl Candidates {
    pub(crate) fn get(&self, hash: &B256) -> Option<&Candidate> {
        self.0.iter().find(|candidate| candidate.block.block.hash == *hash)
    }

    pub(crate) fn insert(&mut self, candidate: Candidate) {
        if self.get(&candidate.block.block.hash).is_some() {
            return;
        }
        if self.0.len() >= CANDIDATES_MAX {
            self.0.remove(0);
        }
        self.0.push(candidate);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
