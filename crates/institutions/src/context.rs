//! The only capability of an institution: what one call may see and do.
//!
//! Rule kept: everything passes through here explicitly. There is no clock, no disk, no global; a frame that may not write
//! cannot, whatever the function believes.

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::{SolCall, SolEvent};
use polity_primitives::{AGREEMENT, SYSTEM};

use crate::{
    directory,
    host::{BlockInfo, Call, Failure, Host},
    storage::{Anywhere, Read, Write},
};

/// What went wrong, or `T`. Solidity errors convert with `?`.
pub type Result<T, E = Failure> = core::result::Result<T, E>;

/// Gas of finding a slot: the keccak-256 of a mapping's key and slot.
///
/// Source: Yellow Paper appendix G: 30 + 6 per word, two words.
const FIND_GAS: u64 = 42;

/// Returns the ABI error `$error` to the caller unless `$condition` holds.
#[macro_export]
macro_rules! ensure {
    ($condition:expr, $error:expr $(,)?) => {
        if !$condition {
            return Err($crate::Failure::from($error));
        }
    };
}

/// One call in progress.
pub struct Context<'a> {
    host: &'a mut dyn Host,
    account: Address,
    caller: Address,
    value: U256,
    block: BlockInfo,
    writable: bool,
    broken: Option<Failure>,
}

impl<'a> Context<'a> {
    /// A call of the institution at `account`. `writable` is false in a static frame and in a `view` function.
    pub fn new(host: &'a mut dyn Host, account: Address, call: &Call<'_>, writable: bool) -> Self {
        Self {
            host,
            account,
            caller: call.caller,
            value: call.value,
            block: call.block,
            writable,
            broken: None,
        }
    }

    /// `msg.sender`.
    #[must_use]
    pub const fn caller(&self) -> Address {
        self.caller
    }

    /// `msg.value`. Units: wei.
    #[must_use]
    pub const fn value(&self) -> U256 {
        self.value
    }

    /// The block being executed.
    #[must_use]
    pub const fn block(&self) -> BlockInfo {
        self.block
    }

    /// The institution's own address.
    #[must_use]
    pub const fn account(&self) -> Address {
        self.account
    }

    /// Refuses callers other than the agreement: this happens by decision of the members only.
    ///
    /// # Errors
    /// `NotByDecision`.
    pub fn by_decision(&self) -> Result<()> {
        ensure!(self.caller == AGREEMENT, directory::NotByDecision { caller: self.caller });
        Ok(())
    }

    /// Refuses callers other than the chain itself.
    ///
    /// # Errors
    /// `NotBySystem`.
    pub fn by_system(&self) -> Result<()> {
        ensure!(self.caller == SYSTEM, directory::NotBySystem { caller: self.caller });
        Ok(())
    }

    /// Charges for work that is not storage. Units: EVM gas.
    ///
    /// # Errors
    /// Out of gas.
    pub fn charge(&mut self, gas: u64) -> Result<()> {
        Ok(self.host.charge(gas)?)
    }

    /// Emits `event` from the institution's address.
    ///
    /// # Errors
    /// Out of gas, or a frame that may not write.
    pub fn emit<E: SolEvent>(&mut self, event: &E) -> Result<()> {
        self.may_write()?;
        Ok(self.host.emit(self.account, event.encode_log_data())?)
    }

    /// The institution's own balance. Units: wei.
    ///
    /// # Errors
    /// Out of gas.
    pub fn balance(&mut self) -> Result<U256> {
        Ok(self.host.balance(self.account)?)
    }

    /// The balance of `account`. Units: wei.
    ///
    /// # Errors
    /// Out of gas.
    pub fn balance_of(&mut self, account: Address) -> Result<U256> {
        Ok(self.host.balance(account)?)
    }

    /// Pays `value` wei from the institution to `to`, running no code of `to`. False if the balance is too small.
    ///
    /// # Errors
    /// Out of gas, or a frame that may not write.
    pub fn transfer(&mut self, to: Address, value: U256) -> Result<bool> {
        self.may_write()?;
        Ok(self.host.transfer(self.account, to, value)?)
    }

    /// Issues `value` wei to the institution. False, and nothing done, if its balance would overflow.
    ///
    /// # Errors
    /// Out of gas, or a frame that may not write.
    pub(crate) fn mint(&mut self, value: U256) -> Result<bool> {
        self.may_write()?;
        Ok(self.host.mint(self.account, value)?)
    }

    /// Destroys `value` wei of the institution's. False, and nothing done, if it holds less.
    ///
    /// # Errors
    /// Out of gas, or a frame that may not write.
    pub(crate) fn burn(&mut self, value: U256) -> Result<bool> {
        self.may_write()?;
        Ok(self.host.burn(self.account, value)?)
    }

    /// The code hash of `account`; zero if there is no such account (EIP-1052).
    ///
    /// # Errors
    /// Out of gas.
    pub fn code_hash(&mut self, account: Address) -> Result<B256> {
        Ok(self.host.code_hash(account)?)
    }

    /// Calls a function of the institution at `to`, as this institution, through all the checks of [`directory::call`].
    ///
    /// A failure of the callee is a failure of the caller, even if the caller swallows the `Err`: there is no partial undo.
    ///
    /// # Errors
    /// The callee's.
    pub fn call<C: SolCall>(&mut self, to: Address, call: &C) -> Result<C::Return> {
        self.call_paying(to, call, U256::ZERO)
    }

    /// The same, sending `value` wei of the institution's own with the call.
    ///
    /// # Errors
    /// The callee's; fatal if the institution holds less, which it has to know.
    pub fn call_paying<C: SolCall>(&mut self, to: Address, call: &C, value: U256) -> Result<C::Return> {
        if !value.is_zero() && !self.transfer(to, value)? {
            return Err(Failure::fatal(format!("{} holds less than {value} wei", self.account)));
        }
        let input = call.abi_encode();
        let frame = Call {
            caller: self.account,
            value,
            input: &input,
            is_static: !self.writable,
            is_direct: true,
            block: self.block,
        };
        match directory::call(to, self.host, &frame) {
            Ok(output) => {
                C::abi_decode_returns(&output).map_err(|e| Failure::fatal(format!("answer of {to}: {e}")))
            }
            Err(failure) => {
                self.broken = Some(failure.clone());
                Err(failure)
            }
        }
    }

    /// Runs `run` inside the institution at `account`, for the same caller: how an amendment writes the settings of other
    /// institutions, as genesis does. Only the constitution has a reason to.
    ///
    /// A failure inside is a failure of the caller, even if the caller swallows the `Err`.
    ///
    /// # Errors
    /// What `run` says.
    pub(crate) fn inside<T>(
        &mut self,
        account: Address,
        run: impl FnOnce(&mut Context<'_>) -> Result<T>,
    ) -> Result<T> {
        let mut inner = Context {
            host: self.host,
            account,
            caller: self.caller,
            value: U256::ZERO,
            block: self.block,
            writable: self.writable,
            broken: None,
        };
        let result = run(&mut inner);
        let result = inner.finish(result);
        if let Err(failure) = &result {
            self.broken = Some(failure.clone());
        }
        result
    }

    /// The storage of the institution at `account`, metered and read-only: how one institution reads another's records.
    pub fn storage_of(&mut self, account: Address) -> Foreign<'_> {
        Foreign { host: self.host, account }
    }

    /// Ends the call: the result, unless a call it made failed.
    ///
    /// # Errors
    /// The first failure that was swallowed.
    pub fn finish<T>(self, result: Result<T>) -> Result<T> {
        match self.broken {
            Some(failure) if result.is_ok() => Err(failure),
            _ => result,
        }
    }

    fn may_write(&self) -> Result<()> {
        ensure!(self.writable, directory::StaticFrame {});
        Ok(())
    }
}

impl Read for Context<'_> {
    type Error = Failure;
    fn read(&mut self, slot: U256) -> Result<U256> {
        self.host.charge(FIND_GAS)?;
        Ok(self.host.sload(self.account, slot)?)
    }
}

impl Write for Context<'_> {
    fn write(&mut self, slot: U256, value: U256) -> Result<()> {
        self.may_write()?;
        self.host.charge(FIND_GAS)?;
        Ok(self.host.sstore(self.account, slot, value)?)
    }
}

impl Anywhere for Context<'_> {
    type Error = Failure;
    fn storage(&mut self, account: Address) -> impl Read<Error = Failure> {
        self.storage_of(account)
    }
}

/// Metered reading of another institution's storage.
pub struct Foreign<'a> {
    host: &'a mut dyn Host,
    account: Address,
}

impl Read for Foreign<'_> {
    type Error = Failure;
    fn read(&mut self, slot: U256) -> Result<U256> {
        self.host.charge(FIND_GAS)?;
        Ok(self.host.sload(self.account, slot)?)
    }
}

/// The ABI encoding of what function `C` returns.
pub fn returns<C: SolCall>(value: &C::Return) -> Bytes {
    C::abi_encode_returns(value).into()
}

/// The ABI encoding of nothing, for functions that return nothing.
#[must_use]
pub fn void(_: ()) -> Bytes {
    Bytes::new()
}

#[cfg(test)]
mod tests;
