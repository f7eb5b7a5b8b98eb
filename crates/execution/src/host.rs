//! Institutions inside the EVM: the crossing from a message call to [`polity_institutions::call`], and the host beneath.
//!
//! Rule kept: an institution pays what EVM code would pay for the same work (EIP-2929 cold and warm access, EIP-2200 and
//! EIP-3529 storage writes with refunds, logs, value transfer), and pays before cold state is loaded, so gas that runs out
//! never bought a read. All state goes through revm's journal: a revert anywhere above undoes it.

use alloy_evm::{
    EvmInternals,
    precompiles::{DynPrecompile, PrecompileInput, PrecompilesMap},
};
use alloy_primitives::{Address, B256, Bytes, Log, LogData, U256};
use alloy_sol_types::{Panic, Revert, SolError};
use polity_institutions::{BlockInfo, Call, DIRECTORY, Failure, Halt, Host};
use revm::{
    context_interface::{
        cfg::{GasParams, gas::GasTracker},
        journaled_state::JournalLoadError,
    },
    precompile::{
        PrecompileError, PrecompileHalt, PrecompileId, PrecompileOutput, PrecompileResult, PrecompileSpecId,
        PrecompileStatus, Precompiles,
    },
};

use crate::vm::SPEC;

/// Gas of `LOG0`. Source: yellow paper `G_log`.
const LOG_GAS: u64 = 375;

/// The precompiles of the fork and, if `institutions`, one for each institution. Costs a few microseconds, so it is made
/// once per block, not per transaction.
pub(crate) fn precompiles(institutions: bool) -> PrecompilesMap {
    let mut map = PrecompilesMap::from_static(Precompiles::new(PrecompileSpecId::from_spec_id(SPEC)));
    if institutions {
        let params = GasParams::new_spec(SPEC);
        map.extend_precompiles(
            DIRECTORY.iter().map(|entry| (entry.address, crossing(entry.name, params.clone()))),
        );
    }
    map
}

fn crossing(name: &'static str, params: GasParams) -> DynPrecompile {
    DynPrecompile::new_stateful(PrecompileId::custom(name), move |input| run(input, &params))
}

fn run(input: PrecompileInput<'_>, params: &GasParams) -> PrecompileResult {
    let (is_direct, is_static) = (input.is_direct_call(), input.is_static_call());
    let PrecompileInput { data, gas, reservoir, caller, value, bytecode_address, mut internals, .. } = input;
    let block = BlockInfo {
        height: internals.block_number().saturating_to(),
        timestamp_secs: internals.block_timestamp().saturating_to(),
        chain_id: internals.chain_id(),
        randao: internals.block_env().prevrandao().unwrap_or_default(),
    };
    let call = Call { caller, value, input: data, is_static, is_direct, block };
    let gas = GasTracker::new_used_gas(gas, 0, reservoir);
    let mut host = JournalHost { internals: &mut internals, gas, params };
    let result = polity_institutions::call(bytecode_address, &mut host, &call);
    let mut gas = host.gas;
    match result {
        Ok(output) => Ok(PrecompileOutput::from_gas_tracker(PrecompileStatus::Success, output, gas)),
        Err(Failure::Revert(output)) => {
            // The journal undoes the writes; the refunds they earned go with them.
            gas.set_refunded(0);
            Ok(PrecompileOutput::from_gas_tracker(PrecompileStatus::Revert, output, gas))
        }
        Err(Failure::Halt(Halt::OutOfGas)) => Ok(PrecompileOutput::halt(PrecompileHalt::OutOfGas, reservoir)),
        Err(Failure::Halt(Halt::Fatal(reason))) => Err(PrecompileError::Fatal(reason)),
    }
}

/// [`Host`] over revm's journal.
struct JournalHost<'a, 'b> {
    internals: &'b mut EvmInternals<'a>,
    gas: GasTracker,
    params: &'b GasParams,
}

/// What is known of an account once its access is paid for.
struct Accessed {
    balance: U256,
    code_hash: B256,
    is_empty: bool,
}

fn fatal(e: impl std::fmt::Display) -> Halt {
    Halt::Fatal(e.to_string())
}

impl JournalHost<'_, '_> {
    /// Pays for looking at `address` (EIP-2929: 100 if warm, 2600 if cold) and looks.
    fn access(&mut self, address: Address) -> Result<Accessed, Halt> {
        self.charge(self.params.warm_storage_read_cost())?;
        let cold = self.params.cold_account_additional_cost();
        let unaffordable = self.gas.remaining() < cold;
        let loaded = self.internals.load_account_mut_skip_cold_load(address, unaffordable);
        let loaded = loaded.map_err(halt_of)?;
        let info = &loaded.data.account().info;
        let seen = Accessed { balance: info.balance, code_hash: info.code_hash, is_empty: info.is_empty() };
        if loaded.is_cold {
            drop(loaded);
            self.charge(cold)?;
        }
        Ok(seen)
    }
}

fn halt_of<E: std::fmt::Display>(e: JournalLoadError<E>) -> Halt {
    match e {
        JournalLoadError::ColdLoadSkipped => Halt::OutOfGas,
        JournalLoadError::DBError(e) => fatal(e),
    }
}

impl Host for JournalHost<'_, '_> {
    fn sload(&mut self, account: Address, slot: U256) -> Result<U256, Halt> {
        self.charge(self.params.warm_storage_read_cost())?;
        let cold = self.params.cold_storage_additional_cost();
        let unaffordable = self.gas.remaining() < cold;
        let mut holder = self.internals.load_account_mut(account).map_err(fatal)?;
        let loaded = holder.data.sload(slot, unaffordable).map_err(halt_of)?;
        let (value, is_cold) = (loaded.data.present_value(), loaded.is_cold);
        drop(holder);
        if is_cold {
            self.charge(cold)?;
        }
        Ok(value)
    }

    fn sstore(&mut self, account: Address, slot: U256, value: U256) -> Result<(), Halt> {
        // EIP-2200: with no more than the stipend left, a write is out of gas.
        if self.gas.remaining() <= self.params.call_stipend() {
            return Err(Halt::OutOfGas);
        }
        self.charge(self.params.sstore_static_gas())?;
        let unaffordable = self.gas.remaining() < self.params.cold_storage_cost();
        let mut holder = self.internals.load_account_mut(account).map_err(fatal)?;
        let stored = holder.data.sstore(slot, value, unaffordable).map_err(halt_of)?;
        drop(holder);
        self.charge(self.params.sstore_dynamic_gas(true, &stored.data, stored.is_cold))?;
        self.gas.record_refund(self.params.sstore_refund(true, &stored.data));
        Ok(())
    }

    fn emit(&mut self, account: Address, log: LogData) -> Result<(), Halt> {
        let topics = u8::try_from(log.topics().len()).map_err(fatal)?;
        let bytes = u64::try_from(log.data.len()).map_err(fatal)?;
        self.charge(self.params.log_cost(topics, bytes).saturating_add(LOG_GAS))?;
        self.internals.log(Log { address: account, data: log });
        Ok(())
    }

    fn charge(&mut self, gas: u64) -> Result<(), Halt> {
        if self.gas.record_regular_cost(gas) { Ok(()) } else { Err(Halt::OutOfGas) }
    }

    fn balance(&mut self, account: Address) -> Result<U256, Halt> {
        Ok(self.access(account)?.balance)
    }

    fn transfer(&mut self, from: Address, to: Address, value: U256) -> Result<bool, Halt> {
        let payer = self.access(from)?;
        let payee = self.access(to)?;
        if value.is_zero() {
            return Ok(true);
        }
        self.charge(self.params.transfer_value_cost())?;
        if payee.is_empty {
            self.charge(self.params.new_account_cost(true, true))?;
        }
        // revm loses the sum if the payee would overflow: never let it come to that.
        if payer.balance < value || (from != to && payee.balance.checked_add(value).is_none()) {
            return Ok(false);
        }
        Ok(self.internals.transfer(from, to, value).map_err(fatal)?.is_none())
    }

    fn mint(&mut self, account: Address, value: U256) -> Result<bool, Halt> {
        let held = self.access(account)?.balance;
        self.charge(self.params.transfer_value_cost())?;
        if held.checked_add(value).is_none() {
            return Ok(false);
        }
        // Through the journal, so that a revert above takes it back.
        self.internals.balance_incr(account, value).map_err(fatal)?;
        Ok(true)
    }

    fn burn(&mut self, account: Address, value: U256) -> Result<bool, Halt> {
        let held = self.access(account)?.balance;
        self.charge(self.params.transfer_value_cost())?;
        let Some(left) = held.checked_sub(value) else { return Ok(false) };
        self.internals.set_balance(account, left).map_err(fatal)?;
        Ok(true)
    }

    fn code_hash(&mut self, account: Address) -> Result<B256, Halt> {
        let seen = self.access(account)?;
        Ok(if seen.is_empty { B256::ZERO } else { seen.code_hash })
    }
}

/// What a failed call left, in words, if it is `Error(string)` or `Panic(uint256)`.
pub(crate) fn reason(bytes: &Bytes) -> Option<String> {
    let said = Revert::abi_decode(bytes).map(|revert| revert.reason);
    said.or_else(|_| Panic::abi_decode(bytes).map(|panic| panic.to_string())).ok()
}

/// What a failed call of an institution left, in words: a reason, the name of its error, or the bytes.
pub(crate) fn answer(bytes: &Bytes) -> String {
    let said = reason(bytes).or_else(|| polity_institutions::directory::error_name(bytes));
    said.unwrap_or_else(|| bytes.to_string())
}

#[cfg(test)]
mod tests;
