//! Blocks: building them, checking them, and what both have in common.
//!
//! Rule kept: a block built is a block that applies. [`run::Run`] is the only place where transactions of a block are
//! executed, and both sides drive it.

mod apply;
mod build;
mod check;
mod genesis;
mod run;
mod slots;

use alloy_primitives::{B256, Bytes};
use polity_primitives::{Receipt, RecoveredTransaction, SealedBlock, StateChanges};

pub use build::TransactionSource;
pub(crate) use run::{Ran, Run};
pub(crate) use slots::Live;

/// What executing a block gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// State changes, with the values before.
    pub changes: StateChanges,
    /// One receipt per transaction, system transactions included.
    pub receipts: Vec<Receipt>,
    /// Gas used by all transactions.
    pub gas_used: u64,
    /// The system transactions, in order.
    pub system: Vec<RecoveredTransaction>,
}

/// A block that was built, and what came of it.
#[derive(Clone, Debug)]
pub struct Built {
    /// The block.
    pub block: SealedBlock,
    /// Its transactions, system transactions included.
    pub transactions: Vec<RecoveredTransaction>,
    /// Its outcome.
    pub outcome: Outcome,
    /// Transactions that were offered and cannot be executed, by hash, with the reason.
    pub rejected: Vec<(B256, String)>,
    /// Evidence that was offered and convicts nobody now, with what the constitution answers.
    pub unproved: Vec<(Bytes, String)>,
}

/// Computes the state root that changes lead to. The caller knows the trie; execution does not.
pub type RootOf<'a> = &'a dyn Fn(&StateChanges) -> B256;
