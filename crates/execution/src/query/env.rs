//! From a request to a machine that is ready to run it.

use alloy_evm::{
    EvmEnv,
    overrides::{StateOverrideError, apply_block_overrides, apply_state_overrides},
    rpc::TryIntoTxEnv,
};
use alloy_primitives::U256;
use alloy_rpc_types_eth::{TransactionRequest, state::StateOverride};
use revm::{
    Database, ExecuteEvm, InspectEvm, Inspector,
    context::{BlockEnv, CfgEnv, TxEnv},
    context_interface::result::{EVMError, ExecutionResult, HaltReason, ResultAndState},
    database::CacheDB,
    inspector::NoOpInspector,
};

use super::{CALL_GAS_MAX, CallEnv, CallError, CallOutcome, CallResult};
use crate::{
    Executor, ReadError, StateReader, TransactionFault,
    reader::Source,
    vm::{self, EvmContext, Mode},
};

/// Gas of the cheapest transaction. Source: yellow paper appendix G, G_transaction.
const TRANSACTION_GAS: u64 = 21_000;

/// A state with changes of our own on top.
pub(super) type Layered<'a> = CacheDB<Source<'a>>;

/// A request in its block, ready to run any number of times.
pub(super) struct Prepared<'a> {
    pub(super) executor: &'a Executor,
    pub(super) db: Layered<'a>,
    pub(super) cfg: CfgEnv,
    pub(super) block: BlockEnv,
    pub(super) tx: TxEnv,
}

impl<'a> Prepared<'a> {
    pub(super) fn new(
        executor: &'a Executor,
        reader: &'a dyn StateReader,
        env: &CallEnv,
        request: &TransactionRequest,
        state: Option<&StateOverride>,
    ) -> Result<Self, CallError> {
        Self::over(executor, CacheDB::new(Source(reader)), env, request, state)
    }

    /// The same over a state that already has changes on top.
    pub(super) fn over(
        executor: &'a Executor,
        mut db: Layered<'a>,
        env: &CallEnv,
        request: &TransactionRequest,
        state: Option<&StateOverride>,
    ) -> Result<Self, CallError> {
        if request.blob_versioned_hashes.is_some() || request.max_fee_per_blob_gas.is_some() {
            return Err(CallError::Fault(TransactionFault::Blob));
        }
        let mut block = vm::block_env(&env.header);
        if let Some(overrides) = &env.overrides {
            apply_block_overrides(overrides.clone(), &mut db, &mut block);
        }
        if let Some(overrides) = state {
            apply_state_overrides(overrides.clone(), &mut db).map_err(override_error)?;
        }
        let rules = &executor.rules_after(db.db.0)?;
        let mut evm_env = EvmEnv { cfg_env: vm::cfg(rules, Mode::Query), block_env: block };
        let request_env = request.clone().try_into_tx_env(&evm_env);
        let mut tx: TxEnv = request_env.map_err(|e| CallError::Request(e.to_string()))?;
        if rules.is_free() {
            tx.gas_price = 0;
            tx.gas_priority_fee = tx.gas_priority_fee.map(|_| 0);
        }
        evm_env.cfg_env.disable_base_fee = tx.gas_price == 0;
        tx.gas_limit = request.gas.unwrap_or(CALL_GAS_MAX).min(CALL_GAS_MAX);
        let mut this = Self { executor, db, cfg: evm_env.cfg_env, block: evm_env.block_env, tx };
        this.tx.gas_limit = this.tx.gas_limit.min(this.affordable_gas()?);
        Ok(this)
    }

    /// The gas the sender's balance pays for, beside the value; no bound at price zero. An error if it does not pay for the value
    /// and the cheapest transaction.
    fn affordable_gas(&mut self) -> Result<u64, CallError> {
        let balance = self.db.basic(self.tx.caller)?.map_or(U256::ZERO, |account| account.balance);
        let price = U256::from(self.tx.gas_price);
        let cost = self.tx.value.saturating_add(price.saturating_mul(U256::from(TRANSACTION_GAS)));
        if balance < cost {
            return Err(CallError::Fault(TransactionFault::Funds { cost, balance }));
        }
        let rest = balance.saturating_sub(self.tx.value);
        Ok(rest.checked_div(price).map_or(u64::MAX, |gas| gas.saturating_to()))
    }

    /// Runs the request with `gas_limit`. Leaves the state as it was.
    pub(super) fn run(&mut self, gas_limit: u64) -> Result<ExecutionResult, CallError> {
        let (cfg, block) = (self.cfg.clone(), self.block.clone());
        let mut vm = vm::vm(self.executor, cfg, block, &mut self.db, NoOpInspector);
        let tx = TxEnv { gas_limit, ..self.tx.clone() };
        vm.transact_one(tx).map_err(machine_error)
    }

    /// Runs the request under `inspector`. Leaves the state as it was.
    pub(super) fn inspect<I>(&mut self, inspector: &mut I) -> Result<ResultAndState, CallError>
    where
        I: Inspector<EvmContext<Layered<'a>>>,
    {
        let (cfg, block) = (self.cfg.clone(), self.block.clone());
        let bottom = CacheDB::new(self.db.db);
        let db = std::mem::replace(&mut self.db, bottom);
        let mut vm = vm::vm(self.executor, cfg, block, db, inspector);
        let ran = vm.inspect_tx(self.tx.clone()).map_err(machine_error);
        self.db = vm.ctx.journaled_state.database;
        ran
    }
}

fn override_error(e: StateOverrideError<ReadError>) -> CallError {
    match e {
        StateOverrideError::Database(e) => e.into(),
        other => CallError::Request(other.to_string()),
    }
}

/// What an error of the machine means to whoever asked.
pub(super) fn machine_error(e: EVMError<ReadError>) -> CallError {
    match e {
        EVMError::Transaction(e) => CallError::Fault(vm::fault(e)),
        EVMError::Database(e) => e.into(),
        other => CallError::Fatal(other.to_string()),
    }
}

/// A result of the machine in our words.
pub(super) fn call_result(result: ExecutionResult<HaltReason>) -> CallResult {
    let gas_used = result.tx_gas_used();
    match result {
        ExecutionResult::Success { output, logs, .. } => {
            let created = output.address().copied();
            CallResult {
                outcome: CallOutcome::Success { output: output.into_data(), created },
                gas_used,
                logs,
            }
        }
        ExecutionResult::Revert { output: data, .. } => {
            let reason = crate::host::reason(&data);
            CallResult { outcome: CallOutcome::Revert { data, reason }, gas_used, logs: Vec::new() }
        }
        ExecutionResult::Halt { reason, .. } => {
            let out_of_gas = matches!(reason, HaltReason::OutOfGas(_));
            let outcome = CallOutcome::Halt { reason: reason.to_string(), out_of_gas };
            CallResult { outcome, gas_used, logs: Vec::new() }
        }
    }
}
