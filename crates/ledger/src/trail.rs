//! The way from the database's tip up to a block: what of a chain is not in the database yet.
//!
//! Under BFT it is empty but while a block is judged. Under work it is as long as the checkpoint is deep. A reader holds one
//! trail and sees one chain, whatever happens to the head meanwhile: what the database committed since is in the trail too.

use std::sync::Arc;

use polity_primitives::{B256, Bytes, Height};
use polity_trie::State;

use crate::{ExecutedBlock, Head, after::After, candidates::Candidate};

/// The block the database had committed last, and its state.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) block: Arc<ExecutedBlock>,
    pub(crate) state: State,
    pub(crate) after: After,
}

/// Blocks on top of a committed one, lowest first.
#[derive(Clone, Debug)]
pub(crate) struct Trail {
    settled: Arc<Settled>,
    blocks: Arc<[Arc<Candidate>]>,
}

impl Trail {
    /// No blocks on top of `settled`.
    pub(crate) fn new(settled: Settled) -> Self {
        Self { settled: Arc::new(settled), blocks: Arc::new([]) }
    }

    /// The trail of `blocks` on the same committed block.
    pub(crate) fn on(&self, blocks: Vec<Arc<Candidate>>) -> Self {
        Self { settled: self.settled.clone(), blocks: blocks.into() }
    }

    /// The head at its end; never `None` for what [`Self::on`] and [`Self::new`] make.
    pub(crate) fn head(self) -> Option<Head> {
        let (block, state, after) = match self.blocks.last() {
            Some(last) => (last.block.clone(), last.state.clone(), last.after.clone()),
            None => {
                let settled = &self.settled;
                (settled.block.clone(), settled.state.clone(), settled.after.clone())
            }
        };
        let After { committee, agreement, course } = after;
        Some(Head { block, state, committee, agreement, course, trail: self })
    }

    /// The same chain once its block at `height` is committed.
    pub(crate) fn settled_at(&self, height: Height) -> Self {
        let Some(at) = self.index(height).and_then(|index| self.blocks.get(index)) else {
            return self.clone();
        };
        let (block, state, after) = (at.block.clone(), at.state.clone(), at.after.clone());
        let above = self.blocks.iter().filter(|block| block.height() > height).cloned().collect();
        Self { settled: Arc::new(Settled { block, state, after }), blocks: above }
    }

    pub(crate) fn settled(&self) -> &Settled {
        &self.settled
    }

    /// Height of the committed block it stands on.
    pub(crate) fn base(&self) -> Height {
        self.settled.block.height()
    }

    pub(crate) fn blocks(&self) -> &[Arc<Candidate>] {
        &self.blocks
    }

    fn index(&self, height: Height) -> Option<usize> {
        usize::try_from(height.0.checked_sub(self.base().0)?.checked_sub(1)?).ok()
    }

    /// The block at `height`, if it is above the committed one.
    pub(crate) fn at(&self, height: Height) -> Option<&Arc<Candidate>> {
        self.blocks.get(self.index(height)?)
    }

    /// The executed block at `height`, the committed one included; `None` below it and beyond the end.
    pub(crate) fn block(&self, height: Height) -> Option<&Arc<ExecutedBlock>> {
        if height == self.base() {
            return Some(&self.settled.block);
        }
        self.at(height).map(|at| &at.block)
    }

    /// Where the transaction `hash` is.
    pub(crate) fn locate(&self, hash: &B256) -> Option<(Height, usize)> {
        self.blocks.iter().rev().find_map(|at| Some((at.height(), at.place(hash)?)))
    }

    /// Height of the block `hash` among those above the committed one.
    pub(crate) fn height_of(&self, hash: &B256) -> Option<Height> {
        self.blocks.iter().rev().find(|at| at.hash() == *hash).map(|at| at.height())
    }

    /// Code that one of the blocks brought.
    pub(crate) fn code(&self, hash: &B256) -> Option<&Bytes> {
        self.blocks.iter().rev().find_map(|at| at.changes.codes.get(hash))
    }
}

/// What differs between two chains: blocks undone and applied on the way from one to the other, each in the order in which it
/// happens.
pub(crate) fn difference(from: &Trail, to: &Trail) -> (Vec<Arc<ExecutedBlock>>, Vec<Arc<ExecutedBlock>>) {
    let shared = |at: &&Arc<Candidate>, other: &Trail| match other.block(at.height()) {
        Some(block) => block.block.hash == at.hash(),
        // Committed below the other's base: both have it.
        None => at.height() < other.base(),
    };
    let alone = |trail: &Trail, other: &Trail| -> Vec<Arc<ExecutedBlock>> {
        trail.blocks.iter().skip_while(|at| shared(at, other)).map(|at| at.block.clone()).collect()
    };
    let mut undone = alone(from, to);
    undone.reverse();
    (undone, alone(to, from))
}
