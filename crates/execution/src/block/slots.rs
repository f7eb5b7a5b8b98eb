//! Storage as it is at this moment of a block, for looking at institutions without a message call.

use std::cell::RefCell;

use alloy_primitives::{Address, U256};
use polity_institutions::Slots;
use revm::state::EvmState;

use crate::{ReadError, StateReader};

/// The journal over the reader. `Slots` cannot fail, so a failed read is kept and must be asked for with
/// [`Live::finish`] before anything read here is believed.
pub(crate) struct Live<'a> {
    state: &'a EvmState,
    reader: &'a dyn StateReader,
    failed: RefCell<Option<ReadError>>,
}

impl<'a> Live<'a> {
    pub(crate) const fn new(state: &'a EvmState, reader: &'a dyn StateReader) -> Self {
        Self { state, reader, failed: RefCell::new(None) }
    }

    /// `value`, which was computed from this view, unless a read failed on the way.
    pub(crate) fn finish<T>(self, value: T) -> Result<T, ReadError> {
        self.failed.into_inner().map_or(Ok(value), Err)
    }
}

impl Slots for Live<'_> {
    fn slot(&self, account: Address, slot: U256) -> U256 {
        let live = self.state.get(&account).and_then(|account| account.storage.get(&slot));
        if let Some(live) = live {
            return live.present_value();
        }
        self.reader.storage(&account, &slot).unwrap_or_else(|e| {
            self.failed.borrow_mut().get_or_insert(e);
            U256::ZERO
        })
    }
}
