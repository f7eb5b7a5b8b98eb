//! The first block.

use polity_charter::{Charter, Fees};
use polity_primitives::{Account, AccountChange, Header, KECCAK_EMPTY, SlotChange, StateChanges};

use crate::{Error, Executor};

impl Executor {
    /// The header of the first block of `charter`, but for its state root, and the state the chain begins with.
    ///
    /// The timestamp is the start of a replay clock, or 0 under a wall clock: nothing else about the first block is chosen,
    /// so the charter's text alone decides its hash.
    ///
    /// # Errors
    /// [`Error::Genesis`], for instance while keys are missing in the charter.
    pub fn genesis(&self, charter: &Charter) -> Result<(Header, StateChanges), Error> {
        let state = polity_institutions::genesis(charter)?;
        let mut changes = StateChanges::default();
        for (address, (account, code, storage)) in state.accounts {
            let code_hash = account.code_hash;
            let slots = storage.into_iter().filter(|(_, value)| !value.is_zero());
            let storage: std::collections::BTreeMap<_, _> = slots
                .map(|(slot, after)| (slot, SlotChange { before: alloy_primitives::U256::ZERO, after }))
                .collect();
            if account == Account::default() && storage.is_empty() {
                continue;
            }
            if code_hash != KECCAK_EMPTY {
                changes.codes.insert(code_hash, code);
            }
            changes.accounts.insert(address, AccountChange { before: None, after: Some(account), storage });
        }
        let base_fee = match self.founding().fees {
            Fees::Free => 0,
            Fees::Market { initial_base_fee_wei } => initial_base_fee_wei,
        };
        let header = Header {
            timestamp: self.founding().clock.timestamp_secs(0).unwrap_or(0),
            base_fee_per_gas: Some(base_fee),
            ..self.founding().blank_header()
        };
        Ok((header, changes))
    }
}
