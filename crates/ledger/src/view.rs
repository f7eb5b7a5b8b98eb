//! The state after a block, now or in the past.
//!
//! The states of the head and of the blocks below it that are not committed yet are in memory. One before them is the database's,
//! with the undo records of the blocks between: a single value is found by the first record after its block, a proof needs the
//! trie and so undoes them all.

use std::sync::Arc;

use polity_execution::{ReadError, StateReader};
use polity_institutions::Slots;
use polity_primitives::{Account, Address, B256, Bytes, Height, U256};
use polity_trie::{AccountProof, State};

use crate::{Error, Inner, PROOF_DEPTH_MAX, trail::Trail};

/// The state after one block.
#[derive(Clone)]
pub struct StateView {
    pub(crate) inner: Arc<Inner>,
    /// The chain it is a state of.
    pub(crate) trail: Trail,
    /// The newest state the view knows.
    pub(crate) state: State,
    /// Height of `state`.
    pub(crate) base: Height,
    /// Height viewed; at or below `base`.
    pub(crate) at: Height,
}

impl std::fmt::Debug for StateView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StateView").field("at", &self.at).field("base", &self.base).finish_non_exhaustive()
    }
}

impl StateView {
    /// The height viewed.
    #[must_use]
    pub const fn height(&self) -> Height {
        self.at
    }

    fn past(&self) -> bool {
        self.at < self.base
    }

    /// An account, or `None` if there is none.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub fn account(&self, address: &Address) -> Result<Option<Account>, Error> {
        if self.past()
            && let Some(before) = self.inner.db.account_before(address, self.at)?
        {
            return Ok(before);
        }
        Ok(self.state.account(address))
    }

    /// A storage slot; zero if unset.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub fn storage(&self, address: &Address, slot: &U256) -> Result<U256, Error> {
        if self.past()
            && let Some(before) = self.inner.db.slot_before(address, slot, self.at)?
        {
            return Ok(before);
        }
        Ok(self.state.storage(address, slot))
    }

    /// The code with this hash; empty for the hash of no code.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub fn code(&self, hash: &B256) -> Result<Bytes, Error> {
        self.inner.code(hash, &self.trail)
    }

    /// Merkle proofs of an account and its slots, as `eth_getProof` returns them.
    ///
    /// Cost: for a past state, an undo of every block since.
    ///
    /// # Errors
    /// [`Error::Pruned`] beyond [`PROOF_DEPTH_MAX`] blocks, [`Error::Db`].
    pub fn proof(&self, address: &Address, slots: &[U256]) -> Result<AccountProof, Error> {
        Ok(self.rebuilt()?.proof(address, slots))
    }

    /// The whole state as a trie.
    fn rebuilt(&self) -> Result<State, Error> {
        let mut state = self.state.clone();
        if self.base.0.saturating_sub(self.at.0) > PROOF_DEPTH_MAX {
            let oldest = Height(self.base.0.saturating_sub(PROOF_DEPTH_MAX));
            return Err(Error::Pruned { height: self.at, oldest });
        }
        for height in (self.at.0.saturating_add(1)..=self.base.0).rev().map(Height) {
            let changes = self
                .inner
                .db
                .changes(height)?
                .ok_or(Error::Pruned { height: self.at, oldest: self.inner.db.oldest_state() })?;
            state = state.undo(&changes);
        }
        Ok(state)
    }
}

impl StateReader for StateView {
    fn account(&self, address: &Address) -> Result<Option<Account>, ReadError> {
        Self::account(self, address).map_err(read_error)
    }

    fn storage(&self, address: &Address, slot: &U256) -> Result<U256, ReadError> {
        Self::storage(self, address, slot).map_err(read_error)
    }

    fn code(&self, hash: &B256) -> Result<Bytes, ReadError> {
        Self::code(self, hash).map_err(read_error)
    }

    fn block_hash(&self, number: u64) -> Result<Option<B256>, ReadError> {
        if number > self.at.0 {
            return Ok(None);
        }
        self.inner.hash_of(Height(number), &self.trail).map_err(read_error)
    }
}

fn read_error(error: Error) -> ReadError {
    match error {
        Error::Db(_) | Error::Missing(_) => ReadError::Corrupt(error.to_string()),
        _ => ReadError::Unavailable(error.to_string()),
    }
}

impl Slots for StateView {
    fn slot(&self, account: Address, slot: U256) -> U256 {
        Self::storage(self, &account, &slot).unwrap_or_else(|error| {
            tracing::error!(%error, %account, "ledger.view.slot");
            U256::ZERO
        })
    }
}

/// The slots of a state in memory.
pub(crate) struct StateSlots<'a>(pub(crate) &'a State);

impl Slots for StateSlots<'_> {
    fn slot(&self, account: Address, slot: U256) -> U256 {
        self.0.storage(&account, &slot)
    }
}
