//! What an institution needs of the machine below it, and the three ways a call can end.
//!
//! Rule kept: gas is charged by the host and mirrors what EVM code would pay for the same work (cold and warm slots, logs,
//! value transfers), so an institution is never the cheap way around a price. A host rolls back everything a call did when
//! the call returns `Err`; institutions never undo by hand.

use alloy_primitives::{Address, B256, Bytes, LogData, U256};
use alloy_sol_types::SolError;

/// The machine an institution runs on: `execution` implements it over revm, [`crate::memory::Memory`] without an EVM.
pub trait Host {
    /// Reads a slot of `account` and charges for it, cold or warm.
    ///
    /// # Errors
    /// [`Halt`].
    fn sload(&mut self, account: Address, slot: U256) -> Result<U256, Halt>;
    /// Writes a slot of `account` and charges for it.
    ///
    /// # Errors
    /// [`Halt`].
    fn sstore(&mut self, account: Address, slot: U256, value: U256) -> Result<(), Halt>;
    /// Appends a log of `account` and charges for it.
    ///
    /// # Errors
    /// [`Halt`].
    fn emit(&mut self, account: Address, log: LogData) -> Result<(), Halt>;
    /// Charges `gas`. Units: EVM gas.
    ///
    /// # Errors
    /// [`Halt::OutOfGas`] if less is left.
    fn charge(&mut self, gas: u64) -> Result<(), Halt>;
    /// The balance of `account`, charged as `BALANCE`. Units: wei.
    ///
    /// # Errors
    /// [`Halt`].
    fn balance(&mut self, account: Address) -> Result<U256, Halt>;
    /// Moves value between accounts without running code; `false` if `from` has too little. Units: wei.
    ///
    /// # Errors
    /// [`Halt`].
    fn transfer(&mut self, from: Address, to: Address, value: U256) -> Result<bool, Halt>;
    /// Issues value to `account`, charged as a transfer; `false` if its balance would overflow. Units: wei.
    ///
    /// # Errors
    /// [`Halt`].
    fn mint(&mut self, account: Address, value: U256) -> Result<bool, Halt>;
    /// Destroys value of `account`, charged as a transfer; `false` if it has too little. Units: wei.
    ///
    /// # Errors
    /// [`Halt`].
    fn burn(&mut self, account: Address, value: U256) -> Result<bool, Halt>;
    /// The code hash of `account`, charged as `EXTCODEHASH`; zero if there is no such account (EIP-1052).
    ///
    /// # Errors
    /// [`Halt`].
    fn code_hash(&mut self, account: Address) -> Result<B256, Halt>;
}

/// A free, read-only view of storage, for those who look at the chain from outside: ledger, rpc, consensus.
pub trait Slots {
    /// The value of a slot; zero if never written.
    fn slot(&self, account: Address, slot: U256) -> U256;
}

impl<S: Slots + ?Sized> Slots for &S {
    fn slot(&self, account: Address, slot: U256) -> U256 {
        (**self).slot(account, slot)
    }
}

/// Why a call cannot go on, whoever's fault it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Halt {
    /// The gas limit is used up; deterministic, the caller's fault.
    #[error("out of gas")]
    OutOfGas,
    /// Our bug, or state that cannot be: the node stops before it signs anything.
    #[error("{0}")]
    Fatal(String),
}

/// How a call fails.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The caller's fault: ABI-encoded error; rolled back, gas charged.
    #[error("reverted with {0}")]
    Revert(Bytes),
    /// Out of gas, or fatal.
    #[error(transparent)]
    Halt(#[from] Halt),
}

impl Failure {
    /// A [`Halt::Fatal`] with `reason`.
    #[must_use]
    pub fn fatal(reason: impl Into<String>) -> Self {
        Self::Halt(Halt::Fatal(reason.into()))
    }
}

impl<E: SolError> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Revert(error.abi_encode().into())
    }
}

/// What consensus says about the block being executed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BlockInfo {
    /// Its height.
    pub height: u64,
    /// Its timestamp. Units: seconds since 1970-01-01 UTC.
    pub timestamp_secs: u64,
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// The block's `PREVRANDAO`. What its proposer, or that of the block before, can do about it: ADR 0010.
    pub randao: B256,
}

/// One message call to an institution.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// `msg.sender`.
    pub caller: Address,
    /// `msg.value`, already moved to the institution's balance. Units: wei.
    pub value: U256,
    /// Call data.
    pub input: &'a [u8],
    /// Whether the frame, or one above it, is a STATICCALL.
    pub is_static: bool,
    /// False under DELEGATECALL and CALLCODE.
    pub is_direct: bool,
    /// The block.
    pub block: BlockInfo,
}
