//! The words every other crate speaks: heights, transactions, blocks, receipts, certificates.
//!
//! Rule kept: whatever has an Ethereum form has exactly that form here, byte for byte, so that a stock Ethereum
//! client can hash a header, decode a body and check a receipt. Two things are ours: the system transaction
//! (EIP-2718 type `0x70`), by which work the chain does by itself becomes visible, and the commit certificate.
//!
//! Deliberately absent: rules. Nothing here decides whether a block or a transaction is valid.

mod accusation;
mod address_book;
mod block;
mod certificate;
mod height;
mod receipt;
mod state;
mod transaction;

pub use accusation::{
    ACCUSATION_BYTES_MAX, Accusation, AccusationError, ProposalPair, SealedHeader, SignedHeader, VotePair,
    vote_kind, work_digest,
};
pub use address_book::{AGREEMENT, ARTICLES, ASSEMBLY, CONSTITUTION, REGISTRY, SYSTEM, TREASURY};
pub use alloy_consensus::constants::KECCAK_EMPTY;
pub use alloy_consensus::{Header, TxEnvelope as EthereumTransaction};
pub use alloy_primitives::{Address, B256, Bloom, Bytes, Log, U256, keccak256};
pub use block::{Block, SEAL_BYTES_MAX, SealedBlock};
pub use certificate::{
    Certificate, CommitSignature, Evidence, SIGNATURE_LEN, Signature, SignedVote, VoteKind, proposal_digest,
    recover_signer, vote_digest,
};
pub use height::Height;
pub use receipt::Receipt;
pub use state::{Account, AccountChange, SlotChange, StateChanges};
pub use transaction::{
    RecoveredTransaction, SYSTEM_TX_TYPE, SystemTransaction, Transaction, TransactionError,
};
