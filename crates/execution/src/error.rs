//! What can go wrong, kept apart by what it means for consensus.

use alloy_primitives::{Address, B256, U256};

use crate::ReadError;

/// Why work could not be done. Never the fault of a block or a transaction.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// State could not be read now; try again or drop. Can never change a state root.
    #[error("{0}")]
    Unavailable(ReadError),
    /// Our bug or corrupt data: the node must stop before it signs anything.
    #[error("fatal: {0}")]
    Fatal(String),
    /// The attributes asked for cannot make a valid block.
    #[error("no valid block has these attributes: {0}")]
    Attributes(InvalidBlock),
    /// The charter's institutions could not be set up.
    #[error("genesis: {0}")]
    Genesis(#[from] polity_institutions::Error),
}

impl From<ReadError> for Error {
    fn from(e: ReadError) -> Self {
        match e {
            ReadError::Corrupt(_) => Self::Fatal(e.to_string()),
            ReadError::Unavailable(_) => Self::Unavailable(e),
        }
    }
}

/// Why a block has no outcome.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BlockError {
    /// The block breaks a rule; every honest node says so.
    #[error("invalid block: {0}")]
    Invalid(#[from] InvalidBlock),
    /// It could not be executed here and now: unavailable or fatal, and no statement about the block.
    #[error(transparent)]
    Failed(#[from] Error),
}

/// The rule a block breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidBlock {
    /// The stated hash is not the header's.
    #[error("block hash is {found}, its header hashes to {expected}")]
    Hash {
        /// Hash of the header.
        expected: B256,
        /// Hash stated.
        found: B256,
    },
    /// A header field has another value than the rules give it.
    #[error("header field {field} is {found}, expected {expected}")]
    Field {
        /// Name as in JSON-RPC.
        field: &'static str,
        /// By the rules.
        expected: String,
        /// In the header.
        found: String,
    },
    /// The timestamp is before the parent's.
    #[error("timestamp {found} is before the parent's {parent}")]
    TimestampBeforeParent {
        /// Parent's timestamp, seconds.
        parent: u64,
        /// In the header.
        found: u64,
    },
    /// The encoded block is too long.
    #[error("the block has {found} bytes, the most is {max}")]
    Bytes {
        /// Encoded length.
        found: usize,
        /// Bound that was crossed.
        max: usize,
    },
    /// A signed transaction cannot be at its place.
    #[error("transaction {index} ({hash}): {reason}")]
    Transaction {
        /// Position in the block.
        index: usize,
        /// Its hash.
        hash: B256,
        /// Why not.
        reason: TransactionFault,
    },
    /// A signed transaction comes after a system transaction.
    #[error("transaction {index} is signed but comes after a system transaction")]
    Order {
        /// Position in the block.
        index: usize,
    },
    /// Evidence that the writer carries convicts nobody.
    #[error("evidence {index} that the block carries: {reason}")]
    Evidence {
        /// Position among the evidence.
        index: usize,
        /// What the constitution answers.
        reason: String,
    },
    /// The system transactions are not those that are due.
    #[error("system transaction {index} is {found:?}, due is {expected:?}")]
    SystemTransaction {
        /// Position among the system transactions.
        index: usize,
        /// Hash of the one that is due, if any.
        expected: Option<B256>,
        /// Hash of the one in the block, if any.
        found: Option<B256>,
    },
}

/// Why a signed transaction cannot be in a block.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransactionFault {
    /// The charter lets only members with the right send transactions.
    #[error("{sender} has no right to transact")]
    NoRight {
        /// Who sent it.
        sender: Address,
    },
    /// EIP-4844.
    #[error("blob transactions are not supported")]
    Blob,
    /// Its gas limit is above what one transaction may have (EIP-7825).
    #[error("gas limit {limit} is above the most a transaction may have, {max}")]
    GasLimit {
        /// Of the transaction.
        limit: u64,
        /// Bound.
        max: u64,
    },
    /// Its gas limit is above what is left in the block for signed transactions.
    #[error("gas limit {limit} is above what is left in the block, {left}")]
    GasLeft {
        /// Of the transaction.
        limit: u64,
        /// Left.
        left: u64,
    },
    /// The bytes of the signed transactions exceed the block's share.
    #[error("{bytes} bytes are more than is left in the block, {left}")]
    BytesLeft {
        /// Of the transaction.
        bytes: usize,
        /// Left.
        left: usize,
    },
    /// The nonce was used.
    #[error("nonce too low: the transaction has {found}, the account is at {expected}")]
    NonceTooLow {
        /// The account's.
        expected: u64,
        /// The transaction's.
        found: u64,
    },
    /// A nonce before it is missing.
    #[error("nonce too high: the transaction has {found}, the account is at {expected}")]
    NonceTooHigh {
        /// The account's.
        expected: u64,
        /// The transaction's.
        found: u64,
    },
    /// The balance does not cover value and the most the gas can cost.
    #[error("insufficient funds: the transaction can cost {cost}, the balance is {balance}")]
    Funds {
        /// Needed, wei.
        cost: U256,
        /// There, wei.
        balance: U256,
    },
    /// The fee cap is below the base fee.
    #[error("the fee cap is below the block's base fee")]
    BaseFee,
    /// The gas limit does not cover what every such transaction costs.
    #[error("intrinsic gas too low: the gas limit is {limit}, needed are at least {needed}")]
    IntrinsicGas {
        /// Of the transaction.
        limit: u64,
        /// At least.
        needed: u64,
    },
    /// Signed for another chain.
    #[error("signed for another chain")]
    ChainId,
    /// EIP-3607.
    #[error("the sender is a contract")]
    SenderHasCode,
    /// Any other rule of the Ethereum protocol, in the words of the machine.
    #[error("{0}")]
    Other(String),
}
