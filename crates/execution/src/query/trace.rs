//! `debug_trace*`: what a transaction or a call does, step by step, in geth's formats.

use alloy_primitives::B256;
use alloy_rpc_types_eth::{TransactionRequest, state::StateOverride};
use alloy_rpc_types_trace::geth::{GethDebugTracingOptions, GethTrace};
use polity_primitives::{Header, RecoveredTransaction, Transaction};
use revm::{
    DatabaseCommit, ExecuteEvm,
    context::ContextTr,
    context_interface::result::{ExecutionResult, ResultAndState},
    database::CacheDB,
    inspector::NoOpInspector,
};
use revm_inspectors::tracing::TransactionContext;

use super::{
    CallEnv, CallError,
    bounded::Bounded,
    env::{Layered, Prepared, machine_error},
};
use crate::{
    Executor, StateReader,
    reader::Source,
    vm::{self, Mode},
};

/// Most steps the default tracer records. What comes after is executed but not in the trace.
pub const TRACE_STEPS_MAX: u64 = 500_000;

impl Executor {
    /// Traces `request` on the state of `reader` in the block of `env`.
    ///
    /// # Errors
    /// [`CallError`].
    pub fn trace_call(
        &self,
        reader: &dyn StateReader,
        env: &CallEnv,
        request: &TransactionRequest,
        state: Option<&StateOverride>,
        options: GethDebugTracingOptions,
    ) -> Result<GethTrace, CallError> {
        Prepared::new(self, reader, env, request, state)?.trace(options)
    }

    /// Traces `request` as if it came after the first `after` of `transactions` in the block of `header`, on the state of
    /// the parent.
    ///
    /// # Errors
    /// [`CallError`].
    #[expect(clippy::too_many_arguments, reason = "one question, each part of it named by the RPC method")]
    pub fn trace_call_within(
        &self,
        parent_state: &dyn StateReader,
        env: &CallEnv,
        transactions: &[RecoveredTransaction],
        after: usize,
        request: &TransactionRequest,
        state: Option<&StateOverride>,
        options: GethDebugTracingOptions,
    ) -> Result<GethTrace, CallError> {
        let mut replay = Replay::new(self, parent_state, &env.header);
        replay.skip(transactions.iter().take(after))?;
        Prepared::over(self, replay.db, env, request, state)?.trace(options)
    }

    /// Traces transaction `index` of the block of `header`, after executing those before it on the state of the parent.
    ///
    /// # Errors
    /// [`CallError`]; [`CallError::Request`] if there is no such transaction.
    pub fn trace_transaction(
        &self,
        parent_state: &dyn StateReader,
        header: &Header,
        transactions: &[RecoveredTransaction],
        index: usize,
        options: GethDebugTracingOptions,
    ) -> Result<GethTrace, CallError> {
        let traced = transactions
            .get(index)
            .ok_or_else(|| CallError::Request(format!("the block has no transaction {index}")))?;
        let mut inspector = inspector(options)?;
        let mut replay = Replay::new(self, parent_state, header);
        replay.skip(transactions.iter().take(index))?;
        replay.trace(traced, index, header.hash_slow(), &mut inspector)
    }

    /// Traces every transaction of the block of `header`, in order.
    ///
    /// # Errors
    /// [`CallError`].
    pub fn trace_block(
        &self,
        parent_state: &dyn StateReader,
        header: &Header,
        transactions: &[RecoveredTransaction],
        options: GethDebugTracingOptions,
    ) -> Result<Vec<GethTrace>, CallError> {
        let mut inspector = inspector(options)?;
        let (mut replay, hash) = (Replay::new(self, parent_state, header), header.hash_slow());
        let mut traces = Vec::with_capacity(transactions.len());
        for (index, transaction) in transactions.iter().enumerate() {
            traces.push(replay.trace(transaction, index, hash, &mut inspector)?);
            inspector.fuse()?;
        }
        Ok(traces)
    }
}

pub(super) fn tracer_error(e: impl std::fmt::Display) -> CallError {
    CallError::Tracer(e.to_string())
}

fn inspector(mut options: GethDebugTracingOptions) -> Result<Bounded, CallError> {
    let limit = options.config.limit.filter(|limit| *limit != 0);
    options.config.limit = Some(limit.map_or(TRACE_STEPS_MAX, |limit| limit.min(TRACE_STEPS_MAX)));
    Bounded::new(options)
}

impl Prepared<'_> {
    fn trace(mut self, options: GethDebugTracingOptions) -> Result<GethTrace, CallError> {
        let mut inspector = inspector(options)?;
        let ran = self.inspect(&mut inspector);
        inspector.within()?;
        let ran = ran?;
        inspector.settle(&ran.state)?;
        inspector.tracer.get_result(None, &self.tx, &self.block, &ran, &mut self.db).map_err(tracer_error)
    }
}

/// A block run again, one transaction at a time.
struct Replay<'a> {
    executor: &'a Executor,
    parent_state: &'a dyn StateReader,
    header: Header,
    db: Layered<'a>,
}

impl<'a> Replay<'a> {
    fn new(executor: &'a Executor, parent_state: &'a dyn StateReader, header: &Header) -> Self {
        Self { executor, parent_state, header: header.clone(), db: CacheDB::new(Source(parent_state)) }
    }

    /// Executes `transactions` without looking.
    fn skip<'t>(
        &mut self,
        transactions: impl Iterator<Item = &'t RecoveredTransaction>,
    ) -> Result<(), CallError> {
        let rules = &self.executor.rules_after(self.parent_state)?;
        let (cfg, block) = (vm::cfg(rules, Mode::Block), vm::block_env(&self.header));
        let mut vm = vm::vm(self.executor, cfg, block, &mut self.db, NoOpInspector);
        for transaction in transactions {
            match &transaction.transaction {
                Transaction::Signed(tx) => vm::transact_signed(&mut vm, rules, tx, transaction.sender),
                Transaction::System(tx) => vm::transact_system(&mut vm, rules, tx),
            }
            .map_err(machine_error)?;
            // Committed one by one: revm's layered database forgets an account that was destroyed and made again
            // within one commit.
            let state = vm.finalize();
            vm.ctx.db_mut().commit(state);
        }
        Ok(())
    }

    /// Executes `transaction` under `inspector`, and keeps what it changed.
    fn trace(
        &mut self,
        transaction: &RecoveredTransaction,
        index: usize,
        block_hash: B256,
        inspector: &mut Bounded,
    ) -> Result<GethTrace, CallError> {
        let rules = &self.executor.rules_after(self.parent_state)?;
        let (cfg, block) = (vm::cfg(rules, Mode::Block), vm::block_env(&self.header));
        let mut vm = vm::vm(self.executor, cfg, block.clone(), &mut self.db, &mut *inspector);
        let ran: Result<ExecutionResult, _> = match &transaction.transaction {
            Transaction::Signed(tx) => vm::inspect_signed(&mut vm, rules, tx, transaction.sender),
            Transaction::System(tx) => vm::inspect_system(&mut vm, rules, tx),
        };
        vm.inspector.within()?;
        let result = ran.map_err(machine_error)?;
        let tx_env = vm.ctx.tx.clone();
        let ran = ResultAndState::new(result, vm.finalize());
        inspector.settle(&ran.state)?;
        let context = TransactionContext {
            block_hash: Some(block_hash),
            tx_index: Some(index),
            tx_hash: Some(transaction.hash),
        };
        let trace = inspector
            .tracer
            .get_result(Some(context), &tx_env, &block, &ran, &mut self.db)
            .map_err(tracer_error)?;
        self.db.commit(ran.state);
        Ok(trace)
    }
}
