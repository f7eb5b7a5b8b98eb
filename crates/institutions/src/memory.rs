//! A host without an EVM: the genesis state is made on it, and the laws of the institutions are tried on it.
//!
//! It charges the nominal costs of Ethereum's cold and warm accesses and rolls back by an undo log, so "for every gas
//! limit: all or nothing" can be tried thousands of times a second. The chain itself runs on `execution`'s host over revm;
//! there is no second implementation of any institution.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, Log, LogData, U256, keccak256};

use crate::{
    context::Result,
    directory,
    host::Halt,
    host::{BlockInfo, Call, Host, Slots},
};

/// Nominal costs. Source: EIP-2929, EIP-2200 and EIP-3529; Yellow Paper appendix G for logs and calls.
mod gas {
    pub(super) const WARM: u64 = 100;
    pub(super) const COLD_SLOT: u64 = 2_100;
    pub(super) const COLD_ACCOUNT: u64 = 2_600;
    pub(super) const SET: u64 = 20_000;
    pub(super) const RESET: u64 = 2_900;
    /// `SSTORE` fails with this much left or less.
    pub(super) const STIPEND: u64 = 2_300;
    pub(super) const LOG: u64 = 375;
    pub(super) const LOG_TOPIC: u64 = 375;
    pub(super) const LOG_BYTE: u64 = 8;
    pub(super) const VALUE: u64 = 9_000;
    pub(super) const NEW_ACCOUNT: u64 = 25_000;
}

/// An account in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryAccount {
    /// Nonce.
    pub nonce: u64,
    /// Units: wei.
    pub balance: U256,
    /// Code; empty for a person.
    pub code: Bytes,
}

/// Accounts, storage and logs in memory.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// The block that calls run in.
    pub block: BlockInfo,
    accounts: BTreeMap<Address, MemoryAccount>,
    slots: BTreeMap<(Address, U256), U256>,
    logs: Vec<Log>,
    meter: Meter,
    undo: Vec<Undo>,
}

#[derive(Clone, Debug, Default)]
struct Meter {
    limit: u64,
    used: u64,
    warm_slots: BTreeSet<(Address, U256)>,
    warm_accounts: BTreeSet<Address>,
    /// Gas used before each charge and what it needed: where a smaller limit would have failed.
    thresholds: Vec<u64>,
}

#[derive(Clone, Debug)]
enum Undo {
    Slot(Address, U256, U256),
    Account(Address, Option<MemoryAccount>),
    Log,
}

/// A message call to an institution.
#[derive(Clone, Debug)]
pub struct Request {
    /// `msg.sender`.
    pub caller: Address,
    /// The institution.
    pub to: Address,
    /// Units: wei; moved before the call, as the EVM does.
    pub value: U256,
    /// Call data.
    pub input: Vec<u8>,
    /// STATICCALL.
    pub is_static: bool,
    /// Not DELEGATECALL or CALLCODE.
    pub is_direct: bool,
    /// Units: EVM gas.
    pub gas_limit: u64,
}

impl Request {
    /// A plain call without value and with more gas than anything needs.
    #[must_use]
    pub fn new(caller: Address, to: Address, input: Vec<u8>) -> Self {
        Self { caller, to, value: U256::ZERO, input, is_static: false, is_direct: true, gas_limit: u64::MAX }
    }
}

/// What a call did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Output, or failure; after a failure nothing changed.
    pub result: Result<Bytes>,
    /// Units: EVM gas.
    pub gas_used: u64,
    /// Logs of this call; none after a failure.
    pub logs: Vec<Log>,
    /// Every gas limit at which the call begins to behave differently, ascending.
    pub thresholds: Vec<u64>,
}

/// A moment to return to.
#[derive(Clone, Copy, Debug)]
pub struct Checkpoint(usize);

impl Memory {
    /// An empty world at `block`.
    #[must_use]
    pub fn new(block: BlockInfo) -> Self {
        Self { block, ..Self::default() }
    }

    /// The accounts, for comparison and for genesis.
    #[must_use]
    pub const fn accounts(&self) -> &BTreeMap<Address, MemoryAccount> {
        &self.accounts
    }

    /// The non-zero slots.
    #[must_use]
    pub const fn slots(&self) -> &BTreeMap<(Address, U256), U256> {
        &self.slots
    }

    /// All logs so far.
    #[must_use]
    pub fn logs(&self) -> &[Log] {
        &self.logs
    }

    /// Sets an account, as genesis does.
    pub fn set_account(&mut self, address: Address, account: MemoryAccount) {
        self.remember_account(address);
        self.accounts.insert(address, account);
    }

    /// The balance of `address`. Units: wei.
    #[must_use]
    pub fn balance_of(&self, address: Address) -> U256 {
        self.accounts.get(&address).map(|account| account.balance).unwrap_or_default()
    }

    /// Adds `value` wei to `address` out of nothing. Bounds: saturates.
    pub fn mint(&mut self, address: Address, value: U256) {
        self.remember_account(address);
        let account = self.accounts.entry(address).or_default();
        account.balance = account.balance.saturating_add(value);
    }

    /// A checkpoint, for [`Self::roll_back`].
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint(self.undo.len())
    }

    /// Undoes everything since `checkpoint`.
    pub fn roll_back(&mut self, checkpoint: Checkpoint) {
        while self.undo.len() > checkpoint.0 {
            match self.undo.pop() {
                Some(Undo::Slot(account, slot, value)) => self.put(account, slot, value),
                Some(Undo::Account(address, Some(account))) => {
                    self.accounts.insert(address, account);
                }
                Some(Undo::Account(address, None)) => {
                    self.accounts.remove(&address);
                }
                Some(Undo::Log) => {
                    self.logs.pop();
                }
                None => break,
            }
        }
    }

    /// Calls an institution: moves the value, runs, and on failure undoes both.
    pub fn call(&mut self, request: &Request) -> Outcome {
        let checkpoint = self.checkpoint();
        let first_log = self.logs.len();
        self.meter = Meter { limit: request.gas_limit, ..Meter::default() };
        self.meter.warm_accounts.extend([request.caller, request.to]);
        let result = if self.move_value(request.caller, request.to, request.value) {
            let call = Call {
                caller: request.caller,
                value: request.value,
                input: &request.input,
                is_static: request.is_static,
                is_direct: request.is_direct,
                block: self.block,
            };
            directory::call(request.to, self, &call)
        } else {
            Err(Halt::Fatal("the caller has too little to send".into()).into())
        };
        if result.is_err() {
            self.roll_back(checkpoint);
        }
        let mut thresholds = core::mem::take(&mut self.meter.thresholds);
        thresholds.sort_unstable();
        thresholds.dedup();
        let logs = self.logs.get(first_log..).unwrap_or_default().to_vec();
        Outcome { result, gas_used: self.meter.used, logs, thresholds }
    }

    /// Runs `run` on this host with more gas than anything needs; undoes it if it fails.
    ///
    /// # Errors
    /// Those of `run`.
    pub fn unmetered<T>(&mut self, run: impl FnOnce(&mut dyn Host) -> Result<T>) -> Result<T> {
        let checkpoint = self.checkpoint();
        self.meter = Meter { limit: u64::MAX, ..Meter::default() };
        let result = run(self);
        if result.is_err() {
            self.roll_back(checkpoint);
        }
        result
    }

    fn put(&mut self, account: Address, slot: U256, value: U256) {
        if value.is_zero() {
            self.slots.remove(&(account, slot));
        } else {
            self.slots.insert((account, slot), value);
        }
    }

    fn remember_account(&mut self, address: Address) {
        self.undo.push(Undo::Account(address, self.accounts.get(&address).cloned()));
    }

    fn move_value(&mut self, from: Address, to: Address, value: U256) -> bool {
        if value.is_zero() {
            return true;
        }
        let Some(left) = self.balance_of(from).checked_sub(value) else { return false };
        self.remember_account(from);
        self.accounts.entry(from).or_default().balance = left;
        let Some(sum) = self.balance_of(to).checked_add(value) else { return false };
        self.remember_account(to);
        self.accounts.entry(to).or_default().balance = sum;
        true
    }

    fn need(&mut self, gas: u64) {
        self.meter.thresholds.push(self.meter.used.saturating_add(gas));
    }

    fn touch_account(&mut self, account: Address) -> Result<(), Halt> {
        let cold = self.meter.warm_accounts.insert(account);
        self.charge(if cold { gas::COLD_ACCOUNT } else { gas::WARM })
    }
}

impl Slots for Memory {
    fn slot(&self, account: Address, slot: U256) -> U256 {
        self.slots.get(&(account, slot)).copied().unwrap_or_default()
    }
}

impl Host for Memory {
    fn sload(&mut self, account: Address, slot: U256) -> Result<U256, Halt> {
        let cold = self.meter.warm_slots.insert((account, slot));
        self.charge(if cold { gas::COLD_SLOT } else { gas::WARM })?;
        Ok(self.slot(account, slot))
    }

    fn sstore(&mut self, account: Address, slot: U256, value: U256) -> Result<(), Halt> {
        self.need(gas::STIPEND.saturating_add(1));
        if self.meter.limit.saturating_sub(self.meter.used) <= gas::STIPEND {
            return Err(Halt::OutOfGas);
        }
        let old = self.slot(account, slot);
        let cold = if self.meter.warm_slots.insert((account, slot)) { gas::COLD_SLOT } else { 0 };
        let change = match (old == value, old.is_zero()) {
            (true, _) => gas::WARM,
            (false, true) => gas::SET,
            (false, false) => gas::RESET,
        };
        self.charge(cold.saturating_add(change))?;
        self.undo.push(Undo::Slot(account, slot, old));
        self.put(account, slot, value);
        Ok(())
    }

    fn emit(&mut self, account: Address, log: LogData) -> Result<(), Halt> {
        let topics = gas::LOG_TOPIC.saturating_mul(log.topics().len() as u64);
        let bytes = gas::LOG_BYTE.saturating_mul(log.data.len() as u64);
        self.charge(gas::LOG.saturating_add(topics).saturating_add(bytes))?;
        self.undo.push(Undo::Log);
        self.logs.push(Log { address: account, data: log });
        Ok(())
    }

    fn charge(&mut self, gas: u64) -> Result<(), Halt> {
        self.need(gas);
        let used = self.meter.used.saturating_add(gas);
        if used > self.meter.limit {
            self.meter.used = self.meter.limit;
            return Err(Halt::OutOfGas);
        }
        self.meter.used = used;
        Ok(())
    }

    fn balance(&mut self, account: Address) -> Result<U256, Halt> {
        self.touch_account(account)?;
        Ok(self.balance_of(account))
    }

    fn transfer(&mut self, from: Address, to: Address, value: U256) -> Result<bool, Halt> {
        self.touch_account(to)?;
        let new = if self.accounts.contains_key(&to) { 0 } else { gas::NEW_ACCOUNT };
        self.charge(gas::VALUE.saturating_add(new))?;
        let checkpoint = self.checkpoint();
        let moved = self.move_value(from, to, value);
        if !moved {
            self.roll_back(checkpoint);
        }
        Ok(moved)
    }

    fn mint(&mut self, account: Address, value: U256) -> Result<bool, Halt> {
        self.touch_account(account)?;
        self.charge(gas::VALUE)?;
        let Some(balance) = self.balance_of(account).checked_add(value) else { return Ok(false) };
        self.remember_account(account);
        self.accounts.entry(account).or_default().balance = balance;
        Ok(true)
    }

    fn burn(&mut self, account: Address, value: U256) -> Result<bool, Halt> {
        self.touch_account(account)?;
        self.charge(gas::VALUE)?;
        let Some(balance) = self.balance_of(account).checked_sub(value) else { return Ok(false) };
        self.remember_account(account);
        self.accounts.entry(account).or_default().balance = balance;
        Ok(true)
    }

    fn code_hash(&mut self, account: Address) -> Result<B256, Halt> {
        self.touch_account(account)?;
        Ok(self.accounts.get(&account).map_or(B256::ZERO, |account| {
            if account.code.is_empty() { KECCAK256_EMPTY } else { keccak256(&account.code) }
        }))
    }
}
