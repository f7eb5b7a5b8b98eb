//! What `eth_getProof` answers. Source: EIP-1186.

use alloy_primitives::{B256, Bytes, U256};
use polity_primitives::Account;

/// An account and its slots with the nodes that prove them against the state root, presence or absence alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountProof {
    /// The account; `None` if the proof shows its absence.
    pub account: Option<Account>,
    /// Root of the account's storage trie; the empty root for an absent account.
    pub storage_root: B256,
    /// Nodes from the state root down. Empty only for an empty state.
    pub proof: Vec<Bytes>,
    /// One entry per slot asked for, in the order asked.
    pub storage: Vec<SlotProof>,
}

/// A slot with the nodes that prove it against its account's storage root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotProof {
    /// Slot number, not hashed.
    pub slot: U256,
    /// Its value; zero if the proof shows its absence.
    pub value: U256,
    /// Nodes from the storage root down. Empty only for empty storage.
    pub proof: Vec<Bytes>,
}
