//! The treasury: named accounts that anyone may pay into and that pay only by decision of the members.
//!
//! Rule kept: the sum of the accounts never exceeds what lies at the treasury's address, and no account pays more than it
//! has. What reaches the address without a call (a block reward, SELFDESTRUCT) belongs to no account until a decision
//! attributes it. Paying runs no code of the payee, so there is nothing to re-enter.

mod views;

use alloy_json_abi::JsonAbi;
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::sol;
use polity_primitives::{AGREEMENT, TREASURY};

pub use views::{accounts, balance_of, total};

use crate::{
    context::{Context, Result, returns, void},
    directory::{Institution, may_hold_keys},
    ensure,
    host::Failure,
    layout, names,
    storage::{List, Map, Place, Read, Slot},
};

sol!(
    #![sol(abi)]
    "src/treasury/ITreasury.sol"
);
use ITreasury as sol;
pub use ITreasury::ITreasuryCalls;

/// Most accounts.
pub const ACCOUNTS_MAX: u64 = 256;
/// Account that value sent without call data goes to.
pub const GENERAL: &str = "general";

layout! {
    /// Storage of the treasury, from slot 0.
    pub struct Treasury {
        names: List<Slot<B256>>,
        accounts: Map<B256, Account>,
        total: Slot<U256>,
    }
}

layout! {
    /// Storage of one account.
    struct Account {
        open: Slot<bool>,
        balance: Slot<U256>,
    }
}

/// The word of [`GENERAL`].
fn general() -> B256 {
    B256::right_padding_from(GENERAL.as_bytes())
}

/// The treasury's storage.
#[must_use]
pub fn treasury() -> Treasury {
    Treasury::place(U256::ZERO)
}

impl Institution for Treasury {
    const ADDRESS: Address = TREASURY;
    type Calls = ITreasuryCalls;

    fn abi() -> JsonAbi {
        ITreasury::abi::contract()
    }

    fn dispatch(cx: &mut Context<'_>, call: ITreasuryCalls) -> Result<Bytes> {
        use ITreasuryCalls as C;
        let treasury = treasury();
        match call {
            C::deposit(c) => treasury.deposit(cx, c.name).map(void),
            C::open(c) => treasury.open(cx, c.name).map(void),
            C::pay(c) => treasury.pay(cx, c.name, c.to, c.amount).map(void),
            C::r#move(c) => treasury.shift(cx, c.from, c.to, c.amount).map(void),
            C::attribute(c) => treasury.attribute(cx, c.name).map(void),
            C::balanceOf(c) => {
                Ok(returns::<sol::balanceOfCall>(&treasury.accounts.at(c.name).balance.get(cx)?))
            }
            C::isOpen(c) => Ok(returns::<sol::isOpenCall>(&treasury.accounts.at(c.name).open.get(cx)?)),
            C::accounts(_) => {
                let accounts =
                    treasury.all(cx)?.into_iter().map(|(name, balance)| sol::Account { name, balance });
                Ok(returns::<sol::accountsCall>(&accounts.collect()))
            }
            C::total(_) => Ok(returns::<sol::totalCall>(&treasury.total.get(cx)?)),
            C::unattributed(_) => Ok(returns::<sol::unattributedCall>(&treasury.unattributed(cx)?)),
        }
    }

    /// Value without call data goes to the account `general`, which opens with it.
    fn receive(cx: &mut Context<'_>) -> Result<()> {
        let (treasury, name) = (treasury(), general());
        if !treasury.accounts.at(name).open.get(cx)? {
            treasury.add_account(cx, name)?;
        }
        treasury.deposit(cx, name)
    }
}

impl Treasury {
    /// Whether there is an account `name`. `r` reads the treasury.
    pub(crate) fn is_open<R: Read>(&self, r: &mut R, name: B256) -> Result<bool, R::Error> {
        self.accounts.at(name).open.get(r)
    }

    /// Books the value of the call to `name`. Errors: `UnknownAccount`, `NothingToDeposit`.
    fn deposit(&self, cx: &mut Context<'_>, name: B256) -> Result<()> {
        let (amount, from) = (cx.value(), cx.caller());
        ensure!(!amount.is_zero(), sol::NothingToDeposit {});
        self.add(cx, name, amount)?;
        cx.emit(&sol::Deposited { name, from, amount })
    }

    /// Opens an account. Errors: `NotByDecision`, `BadName`, `AlreadyOpen`, `TooManyAccounts`.
    fn open(&self, cx: &mut Context<'_>, name: B256) -> Result<()> {
        cx.by_decision()?;
        names::check(name)?;
        ensure!(!self.accounts.at(name).open.get(cx)?, sol::AlreadyOpen { name });
        self.add_account(cx, name)
    }

    /// Opens an account unless it is open, for an amendment of the charter. Errors: `BadName`, `TooManyAccounts`.
    pub(crate) fn provide(&self, cx: &mut Context<'_>, name: B256) -> Result<()> {
        names::check(name)?;
        if self.accounts.at(name).open.get(cx)? { Ok(()) } else { self.add_account(cx, name) }
    }

    /// Pays. Errors: `NotByDecision`, `UnknownAccount`, `Insufficient`, `BadRecipient`, `PayeeFull`.
    fn pay(&self, cx: &mut Context<'_>, name: B256, to: Address, amount: U256) -> Result<()> {
        cx.by_decision()?;
        ensure!(to == AGREEMENT || may_hold_keys(to), sol::BadRecipient { to });
        self.take(cx, name, amount)?;
        let held = cx.balance()?;
        if !cx.transfer(to, amount)? {
            // Not on any chain, but whoever asks `eth_call` to pretend balances can make it so.
            ensure!(held < amount, sol::PayeeFull { to });
            return Err(Failure::fatal("the treasury holds less than the sum of its accounts"));
        }
        cx.emit(&sol::Paid { name, to, amount })
    }

    /// Moves between accounts. Errors: `NotByDecision`, `UnknownAccount`, `Insufficient`.
    fn shift(&self, cx: &mut Context<'_>, from: B256, to: B256, amount: U256) -> Result<()> {
        cx.by_decision()?;
        self.take(cx, from, amount)?;
        self.add(cx, to, amount)?;
        cx.emit(&sol::Moved { from, to, amount })
    }

    /// Books what no account owns to `name`. Errors: `NotByDecision`, `UnknownAccount`, `NothingToAttribute`.
    fn attribute(&self, cx: &mut Context<'_>, name: B256) -> Result<()> {
        cx.by_decision()?;
        let amount = self.unattributed(cx)?;
        ensure!(!amount.is_zero(), sol::NothingToAttribute {});
        self.add(cx, name, amount)?;
        cx.emit(&sol::Attributed { name, amount })
    }

    fn unattributed(&self, cx: &mut Context<'_>) -> Result<U256> {
        let total = self.total.get(cx)?;
        let held = cx.balance()?;
        held.checked_sub(total)
            .ok_or_else(|| Failure::fatal("the treasury holds less than the sum of its accounts"))
    }

    fn add_account(&self, cx: &mut Context<'_>, name: B256) -> Result<()> {
        ensure!(self.names.len(cx)? < ACCOUNTS_MAX, sol::TooManyAccounts { max: U256::from(ACCOUNTS_MAX) });
        self.names.push(cx, name)?;
        self.accounts.at(name).open.set(cx, true)?;
        cx.emit(&sol::AccountOpened { name })
    }

    fn add(&self, cx: &mut Context<'_>, name: B256, amount: U256) -> Result<()> {
        let account = self.account(cx, name)?;
        let (balance, total) = (account.balance.get(cx)?, self.total.get(cx)?);
        let overflow = || Failure::fatal("more wei than there can be");
        account.balance.set(cx, balance.checked_add(amount).ok_or_else(overflow)?)?;
        self.total.set(cx, total.checked_add(amount).ok_or_else(overflow)?)
    }

    fn take(&self, cx: &mut Context<'_>, name: B256, amount: U256) -> Result<()> {
        let account = self.account(cx, name)?;
        let (balance, total) = (account.balance.get(cx)?, self.total.get(cx)?);
        let left = balance.checked_sub(amount).ok_or(sol::Insufficient { name, balance, amount })?;
        account.balance.set(cx, left)?;
        let short = || Failure::fatal("the sum of the treasury's accounts is less than one of them");
        self.total.set(cx, total.checked_sub(amount).ok_or_else(short)?)
    }

    fn account(&self, cx: &mut Context<'_>, name: B256) -> Result<Account> {
        let account = self.accounts.at(name);
        ensure!(account.open.get(cx)?, sol::UnknownAccount { name });
        Ok(account)
    }

    /// Accounts and balances in the order of their opening.
    fn all<R: Read>(&self, r: &mut R) -> Result<Vec<(B256, U256)>, R::Error> {
        let names = self.names.all(r)?;
        names.into_iter().map(|name| Ok((name, self.accounts.at(name).balance.get(r)?))).collect()
    }
}

#[cfg(test)]
mod tests;
