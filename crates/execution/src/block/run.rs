//! The transactions of one block, one after another, over one journal.

use alloy_primitives::{Address, Bytes, Log};
use alloy_rlp::Encodable;
use alloy_sol_types::SolCall;
use polity_charter::Access;
use polity_institutions::{
    BlockInfo, SystemCall,
    agenda::Entry,
    assembly,
    constitution::{CLOSE_GAS_MAX, CONVICT_GAS_MAX, IConstitution},
    next_due, registry,
};
use polity_primitives::{
    CONSTITUTION, EthereumTransaction, Header, Receipt, RecoveredTransaction, SystemTransaction,
};
use revm::{
    ExecuteEvm,
    context_interface::result::{EVMError, ExecutionResult},
    inspector::NoOpInspector,
};

use super::{Outcome, slots::Live};
use crate::{
    Error, Executor, ReadError, StateReader, TransactionFault,
    changes::changes,
    reader::Reads,
    rules::{
        BLOCK_BYTES_MAX, CARRIED_MAX, ChainRules, SIGNED_BYTES_MAX, SYSTEM_CALLS_MAX, SYSTEM_GAS_TARGET,
        TX_GAS_MAX,
    },
    vm::{self, Mode, Vm},
};

/// Most bytes of the output of a failed system call that its failure is told. A contract can revert with megabytes.
pub(super) const FAILURE_OUTPUT_BYTES_MAX: usize = 1_024;

/// Bytes kept free in a block for its header, for list prefixes, and for marking one failure.
const BYTES_RESERVE: usize = 16 * 1024;

/// Why a transaction did not run.
pub(crate) enum Stop {
    /// It cannot be in the block.
    Fault(TransactionFault),
    /// The block cannot go on.
    Error(Error),
}

impl From<TransactionFault> for Stop {
    fn from(fault: TransactionFault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Error> for Stop {
    fn from(e: Error) -> Self {
        Self::Error(e)
    }
}

/// A system transaction that ran.
pub(crate) struct Ran {
    pub(crate) transaction: RecoveredTransaction,
    pub(crate) gas_limit: u64,
    /// With what it failed, if it did.
    pub(crate) failure: Option<Bytes>,
    pub(crate) logs: Vec<Log>,
}

/// The system transactions that a block begins with, and the gas used before those of them that count as bookkeeping.
pub(crate) struct Begun {
    done: Vec<RecoveredTransaction>,
    gas_before: u64,
}

/// A block in execution.
pub(crate) struct Run<'a> {
    executor: &'a Executor,
    rules: &'a ChainRules,
    vm: Vm<Reads<'a>>,
    reader: &'a dyn StateReader,
    info: BlockInfo,
    receipts: Vec<Receipt>,
    gas_used: u64,
    signed_bytes: usize,
}

impl<'a> Run<'a> {
    /// Starts the block with `header` under `rules`. Its execution results are not looked at.
    pub(crate) fn new(
        executor: &'a Executor,
        rules: &'a ChainRules,
        reader: &'a dyn StateReader,
        header: &Header,
    ) -> Self {
        let cfg = vm::cfg(rules, Mode::Block);
        let vm = vm::vm(executor, cfg, vm::block_env(header), Reads::new(reader), NoOpInspector);
        let info = BlockInfo {
            height: header.number,
            timestamp_secs: header.timestamp,
            chain_id: rules.chain_id,
            randao: header.mix_hash,
        };
        Self { executor, rules, vm, reader, info, receipts: Vec::new(), gas_used: 0, signed_bytes: 0 }
    }

    /// Gas used so far.
    pub(crate) const fn used(&self) -> u64 {
        self.gas_used
    }

    /// Gas left for signed transactions.
    pub(crate) const fn gas_left(&self) -> u64 {
        self.rules.signed_gas_max().saturating_sub(self.gas_used)
    }

    /// Runs a signed transaction. On `Err` it left no trace.
    pub(crate) fn signed(
        &mut self,
        transaction: &RecoveredTransaction,
        tx: &EthereumTransaction,
    ) -> Result<(), Stop> {
        vm::check_alone(tx)?;
        let bytes = transaction.transaction.length();
        let bytes_left = SIGNED_BYTES_MAX.saturating_sub(self.signed_bytes);
        if bytes > bytes_left {
            return Err(TransactionFault::BytesLeft { bytes, left: bytes_left }.into());
        }
        let limit = transaction.transaction.gas_limit();
        if limit > TX_GAS_MAX {
            return Err(TransactionFault::GasLimit { limit, max: TX_GAS_MAX }.into());
        }
        let left = self.gas_left();
        if limit > left {
            return Err(TransactionFault::GasLeft { limit, left }.into());
        }
        if !self.may_transact(transaction)? {
            return Err(TransactionFault::NoRight { sender: transaction.sender }.into());
        }
        match vm::transact_signed(&mut self.vm, self.rules, tx, transaction.sender) {
            Ok(result) => {
                self.signed_bytes = self.signed_bytes.saturating_add(bytes);
                self.record(u8::from(tx.tx_type()), result);
                Ok(())
            }
            Err(EVMError::Transaction(e)) => Err(vm::fault(e).into()),
            Err(e) => Err(self.broken(e).into()),
        }
    }

    /// Runs what is due, and returns it as transactions.
    ///
    /// A call that fails is followed by the one that says so. A call for which this block has no room, in gas or in bytes,
    /// waits for the next block; after signed transactions there is always room for one. So does, once this block has done
    /// [`SYSTEM_GAS_TARGET`] of such work, what belongs to no day of the calendar.
    ///
    /// `begun` are those that the block begins with, and the gas used before them that counts: see [`Self::begin`].
    pub(crate) fn system(&mut self, begun: Begun) -> Result<Vec<RecoveredTransaction>, Error> {
        let Begun { mut done, gas_before: before } = begun;
        let size = |tx: &RecoveredTransaction| tx.transaction.length();
        let begun = done.len();
        let mut bytes = done.iter().map(size).fold(self.signed_bytes, usize::saturating_add);
        bytes = bytes.saturating_add(BYTES_RESERVE);
        while count(&done) < SYSTEM_CALLS_MAX {
            let Some(call) = self.next_due()? else { break };
            let worked = self.gas_used.saturating_sub(before) >= SYSTEM_GAS_TARGET;
            if worked && done.len() > begun && !call.is_dated() {
                break;
            }
            let reserve = call.on_failure(&[]).gas_limit;
            let room = self.rules.block_gas_limit.saturating_sub(self.gas_used).saturating_sub(reserve);
            let least = call.gas_limit.min(self.system_gas_max().saturating_sub(reserve));
            if room < least {
                break;
            }
            let tx = self.transaction(&call, least, count(&done));
            bytes = bytes.saturating_add(tx.transaction.length());
            if bytes > BLOCK_BYTES_MAX && done.len() > begun {
                break;
            }
            let output = self.run_system(&tx)?;
            done.push(tx);
            let Some(output) = output else { continue };
            let report = call.on_failure(output.get(..FAILURE_OUTPUT_BYTES_MAX).unwrap_or(&output));
            let tx = self.transaction(&report, report.gas_limit, count(&done));
            bytes = bytes.saturating_add(tx.transaction.length());
            if let Some(output) = self.run_system(&tx)? {
                let text = crate::host::reason(&output).unwrap_or_else(|| output.to_string());
                return Err(Error::Fatal(format!(
                    "the failure of a system transaction could not be recorded: {text}"
                )));
            }
            done.push(tx);
        }
        Ok(done)
    }

    /// Keeps the accounts of the block, and punishes what the evidence proves that its writer carries, as `carry` takes it. Both
    /// only where the charter's incentive says anything. What evidence costs counts for [`SYSTEM_GAS_TARGET`], the accounts do not.
    pub(crate) fn begin<E: From<Error>>(
        &mut self,
        missed: &[Address],
        evidence: &[Bytes],
        mut carry: impl FnMut(&mut Self, &Bytes, RecoveredTransaction) -> Result<Option<RecoveredTransaction>, E>,
    ) -> Result<Begun, E> {
        let mut done: Vec<RecoveredTransaction> = self.close(missed)?.into_iter().collect();
        let gas_before = self.gas_used;
        if !done.is_empty() {
            for evidence in evidence.iter().take(CARRIED_MAX) {
                let gas_limit = CONVICT_GAS_MAX.min(self.system_gas_max());
                if self.rules.block_gas_limit.saturating_sub(self.gas_used) < gas_limit {
                    break;
                }
                let writer = self.vm.ctx.block.beneficiary;
                let call = IConstitution::convictCall { writer, evidence: evidence.clone() };
                let transaction = RecoveredTransaction::system(SystemTransaction {
                    height: self.info.height,
                    index: count(&done),
                    to: CONSTITUTION,
                    gas_limit,
                    input: call.abi_encode().into(),
                });
                done.extend(carry(self, evidence, transaction)?);
            }
        }
        Ok(Begun { done, gas_before })
    }

    /// Runs a system transaction; if it fails it leaves no trace. Costs a copy of what the block has touched so far.
    pub(super) fn try_system(&mut self, transaction: &RecoveredTransaction) -> Result<Option<Bytes>, Error> {
        let (journal, gas_used) = (self.vm.ctx.journaled_state.inner.clone(), self.gas_used);
        let output = self.run_system(transaction)?;
        if output.is_some() {
            self.vm.ctx.journaled_state.inner = journal;
            self.gas_used = gas_used;
            self.receipts.pop();
        }
        Ok(output)
    }

    /// Keeps the accounts of the block, where it has any: who wrote it, and who missed a turn.
    ///
    /// A failure is in the receipt and stops nothing: what was not shared out is found by the next block.
    fn close(&mut self, missed: &[Address]) -> Result<Option<RecoveredTransaction>, Error> {
        if !self.executor.has_institutions() || !self.rules.closing.at(self.info.height) {
            return Ok(None);
        }
        let call =
            IConstitution::closeCall { writer: self.vm.ctx.block.beneficiary, missed: missed.to_vec() };
        let transaction = RecoveredTransaction::system(SystemTransaction {
            height: self.info.height,
            index: 0,
            to: CONSTITUTION,
            gas_limit: CLOSE_GAS_MAX.min(self.system_gas_max()),
            input: call.abi_encode().into(),
        });
        self.run_system(&transaction)?;
        Ok(Some(transaction))
    }

    /// The entry of the agenda that comes next, if it is due.
    pub(crate) fn peek(&self) -> Result<Option<Entry>, Error> {
        Ok(self.look(|slots| assembly::next_entry(slots, &self.info))?)
    }

    /// Runs what is due first, with the gas an otherwise empty block gives it, and nothing that says that it failed. For
    /// questions, not for blocks.
    pub(crate) fn first_due(&mut self) -> Result<Option<Ran>, Error> {
        let Some(call) = self.next_due()? else { return Ok(None) };
        let reserve = call.on_failure(&[]).gas_limit;
        let gas_limit = call.gas_limit.min(self.system_gas_max().saturating_sub(reserve));
        let transaction = self.transaction(&call, gas_limit, 0);
        let failure = self.run_system(&transaction)?;
        let logs = self.receipts.last().map(|receipt| receipt.logs.clone()).unwrap_or_default();
        let cut = |output: Bytes| {
            output.get(..FAILURE_OUTPUT_BYTES_MAX).map(Bytes::copy_from_slice).unwrap_or(output)
        };
        Ok(Some(Ran { transaction, gas_limit, failure: failure.map(cut), logs }))
    }

    /// Ends the block.
    pub(crate) fn finish(mut self, system: Vec<RecoveredTransaction>) -> Result<Outcome, Error> {
        let state = self.vm.finalize();
        let changes = changes(state, &self.vm.ctx.journaled_state.database)?;
        Ok(Outcome { changes, receipts: self.receipts, gas_used: self.gas_used, system })
    }

    /// Gas that is left for system transactions in a block full of signed ones.
    const fn system_gas_max(&self) -> u64 {
        self.rules.block_gas_limit.saturating_sub(self.rules.signed_gas_max())
    }

    fn transaction(&self, call: &SystemCall, gas_limit: u64, index: u64) -> RecoveredTransaction {
        RecoveredTransaction::system(SystemTransaction {
            height: self.info.height,
            index,
            to: call.to,
            gas_limit,
            input: call.input.clone(),
        })
    }

    /// Runs a system transaction; `Some(output)` if it failed.
    pub(super) fn run_system(&mut self, transaction: &RecoveredTransaction) -> Result<Option<Bytes>, Error> {
        let polity_primitives::Transaction::System(tx) = &transaction.transaction else {
            return Err(Error::Fatal("a signed transaction cannot run as the system's".to_owned()));
        };
        let result = match vm::transact_system(&mut self.vm, self.rules, tx) {
            Ok(result) => result,
            Err(e) => return Err(self.broken(e)),
        };
        let failed = (!result.is_success()).then(|| result.output().cloned().unwrap_or_default());
        self.record(polity_primitives::SYSTEM_TX_TYPE, result);
        Ok(failed)
    }

    fn record(&mut self, tx_type: u8, result: ExecutionResult) {
        self.gas_used = self.gas_used.saturating_add(result.tx_gas_used());
        let success = result.is_success();
        let logs = if success { result.into_logs() } else { Vec::new() };
        self.receipts.push(Receipt { tx_type, success, cumulative_gas_used: self.gas_used, logs });
    }

    fn look<T>(&self, at: impl FnOnce(&Live<'_>) -> T) -> Result<T, ReadError> {
        let live = Live::new(&self.vm.ctx.journaled_state.inner.state, self.reader);
        let value = at(&live);
        live.finish(value)
    }

    fn next_due(&self) -> Result<Option<SystemCall>, Error> {
        if !self.executor.has_institutions() {
            return Ok(None);
        }
        Ok(self.look(|slots| next_due(slots, &self.info))?)
    }

    fn may_transact(&self, transaction: &RecoveredTransaction) -> Result<bool, Error> {
        if self.rules.transact == Access::Anyone || !self.executor.has_institutions() {
            return Ok(true);
        }
        Ok(self.look(|slots| registry::may_transact(slots, transaction.sender))?)
    }

    /// What an error of the machine means that is not about a transaction.
    fn broken(&mut self, e: EVMError<ReadError>) -> Error {
        match (self.vm.ctx.journaled_state.database.take_failure(), e) {
            (Some(read), _) | (None, EVMError::Database(read)) => read.into(),
            (None, other) => Error::Fatal(other.to_string()),
        }
    }
}

fn count(done: &[RecoveredTransaction]) -> u64 {
    u64::try_from(done.len()).unwrap_or(u64::MAX)
}
