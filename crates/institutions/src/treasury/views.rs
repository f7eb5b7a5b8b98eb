//! The treasury as those outside see it. Free of gas, over any [`Slots`].

use alloy_primitives::U256;
use polity_primitives::TREASURY;

use super::treasury;
use crate::{host::Slots, names, storage::View};

/// Accounts and balances in the order of their opening. Units: wei. Bounds: `ACCOUNTS_MAX`.
#[must_use]
pub fn accounts(slots: &dyn Slots) -> Vec<(String, U256)> {
    let Ok(accounts) = treasury().all(&mut View::new(slots, TREASURY));
    accounts.into_iter().map(|(name, balance)| (names::text(name), balance)).collect()
}

/// The balance of the account called `name`; `None` if it is not open. Units: wei.
#[must_use]
pub fn balance_of(slots: &dyn Slots, name: &str) -> Option<U256> {
    let mut view = View::new(slots, TREASURY);
    let account = treasury().accounts.at(names::word(name)?);
    let Ok(open) = account.open.get(&mut view);
    let Ok(balance) = account.balance.get(&mut view);
    open.then_some(balance)
}

/// Sum of all accounts. Units: wei.
#[must_use]
pub fn total(slots: &dyn Slots) -> U256 {
    let Ok(total) = treasury().total.get(&mut View::new(slots, TREASURY));
    total
}
