//! What can go wrong.

use polity_primitives::{B256, Height, TransactionError};

/// Errors of the ledger.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The charter in force, as the chain keeps it, is not one to this program.
    #[error("the charter in force cannot be read: {0}")]
    Charter(String),
    /// The database failed or is corrupt.
    #[error(transparent)]
    Db(#[from] polity_db::Error),
    /// Execution met a bug or corrupt state.
    #[error(transparent)]
    Execution(#[from] polity_execution::Error),
    /// A record that must be there is not.
    #[error("the database is damaged: {0} is missing")]
    Missing(String),
    /// The database was made from another charter.
    #[error(
        "this database holds chain {found}, but the charter makes {expected}: it belongs to another agreement"
    )]
    OtherCharter {
        /// Genesis hash in the database.
        found: B256,
        /// Genesis hash the charter makes.
        expected: B256,
    },
    /// The state on disk is not the one its last block states.
    #[error(
        "the state of block {height} has root {found}, but its header states {expected}: the database is corrupt"
    )]
    StateRoot {
        /// The last block.
        height: Height,
        /// Computed from the stored accounts.
        found: B256,
        /// In the header.
        expected: B256,
    },
    /// No block of this height yet.
    #[error("block {0} is not known")]
    Unknown(Height),
    /// The state of this block is no longer kept.
    #[error("the state of block {height} is pruned: this node keeps states from block {oldest} on")]
    Pruned {
        /// Asked for.
        height: Height,
        /// Oldest kept.
        oldest: Height,
    },
    /// A decided block whose body we never had.
    #[error("block {0} was decided, but its body is not here")]
    MissingBody(B256),
    /// Two blocks decided at one height: more than a third of the power is dishonest, or we are wrong.
    #[error("height {height} is decided as {ours}, and now as {theirs}")]
    Conflict {
        /// The height.
        height: Height,
        /// Committed here.
        ours: B256,
        /// Said to be decided now.
        theirs: B256,
    },
    /// A decided block that does not execute.
    #[error("block {hash} was decided, but is not valid here: {reason}")]
    InvalidDecided {
        /// Its hash.
        hash: B256,
        /// Why.
        reason: String,
    },
    /// The state yields no committee.
    #[error("no committee for block {height}: {reason}")]
    Committee {
        /// The height that would have to be decided.
        height: Height,
        /// Why.
        reason: String,
    },
    /// This node cannot make the randomness of its block.
    #[error("the randomness of block {height}: {reason}")]
    Randomness {
        /// The block.
        height: Height,
        /// Why.
        reason: polity_constitution::randomness::RandomnessError,
    },
    /// A member's key that does not recover.
    #[error("a transaction of a committed block does not recover a sender: {0}")]
    Sender(#[from] TransactionError),
}

/// Why a transaction was not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// Not a transaction we take.
    #[error(transparent)]
    Transaction(#[from] TransactionError),
    /// Refused by the pool.
    #[error(transparent)]
    Rejected(#[from] polity_mempool::Rejected),
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] Error),
}

impl SubmitError {
    /// Whether the fault is the sender's: wrong bytes, not a full pool or a known transaction.
    #[must_use]
    pub const fn is_misbehaviour(&self) -> bool {
        matches!(self, Self::Transaction(_))
    }
}
