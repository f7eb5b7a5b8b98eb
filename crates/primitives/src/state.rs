//! Accounts, and what a block changes in them.

use std::collections::BTreeMap;

use alloy_consensus::constants::KECCAK_EMPTY;
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_rlp::{RlpDecodable, RlpEncodable};

/// An account without its storage root, which the trie knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct Account {
    /// Transactions sent (or contracts created, for a contract).
    pub nonce: u64,
    /// Units: wei.
    pub balance: U256,
    /// keccak-256 of the code; [`KECCAK_EMPTY`] without code.
    pub code_hash: B256,
}

impl Default for Account {
    fn default() -> Self {
        Self { nonce: 0, balance: U256::ZERO, code_hash: KECCAK_EMPTY }
    }
}

/// A storage slot before and after a block. Zero is an absent slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotChange {
    /// Value in the parent's state.
    pub before: U256,
    /// Value after the block.
    pub after: U256,
}

/// An account before and after a block, with its changed slots. `None` is an absent account.
///
/// No wipe is needed: since EIP-6780 an account that had storage before a block is never deleted in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountChange {
    /// In the parent's state.
    pub before: Option<Account>,
    /// After the block.
    pub after: Option<Account>,
    /// Changed slots only, by slot number (not hashed).
    pub storage: BTreeMap<U256, SlotChange>,
}

/// Everything a block changes, flat, with the values before, so that it can be undone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateChanges {
    /// Changed accounts only. An account whose slots alone changed is here with `before == after`.
    pub accounts: BTreeMap<Address, AccountChange>,
    /// New code by its hash.
    pub codes: BTreeMap<B256, Bytes>,
}
