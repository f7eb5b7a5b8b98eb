//! The finalized head.

use std::sync::Arc;

use polity_constitution::Committee;
use polity_primitives::{B256, Height, Receipt, RecoveredTransaction, SealedBlock};
use polity_trie::State;

/// A block with what execution made of it.
#[derive(Clone, Debug)]
pub struct ExecutedBlock {
    /// The block.
    pub block: SealedBlock,
    /// Its transactions with their senders, in order.
    pub transactions: Vec<RecoveredTransaction>,
    /// Their receipts, in order.
    pub receipts: Vec<Receipt>,
}

impl ExecutedBlock {
    /// The block's height.
    #[must_use]
    pub const fn height(&self) -> Height {
        self.block.height()
    }

    /// The block's header.
    #[must_use]
    pub const fn header(&self) -> &polity_primitives::Header {
        &self.block.block.header
    }
}

/// The finalized head: one value, replaced whole.
#[derive(Clone, Debug)]
pub struct Head {
    /// The last finalized block.
    pub block: Arc<ExecutedBlock>,
    /// The state after it.
    pub state: State,
    /// Who decides the next block.
    pub committee: Arc<Committee>,
}

impl Head {
    /// Height of the last finalized block.
    #[must_use]
    pub fn height(&self) -> Height {
        self.block.height()
    }

    /// Its hash.
    #[must_use]
    pub fn hash(&self) -> B256 {
        self.block.block.hash
    }

    /// Its header.
    #[must_use]
    pub fn header(&self) -> &polity_primitives::Header {
        self.block.header()
    }
}
