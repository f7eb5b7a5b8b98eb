//! The machine: revm set up for this chain.

use std::marker::PhantomData;

use alloy_consensus::Transaction as _;
use alloy_evm::{FromRecoveredTx, precompiles::PrecompilesMap};
use alloy_primitives::{Address, TxKind, U256};
use polity_primitives::{CONSTITUTION, EthereumTransaction, Header, SYSTEM, SystemTransaction};
use revm::{
    Context, Inspector, MainBuilder, MainContext,
    context::{BlockEnv, CfgEnv, ContextSetters, Evm, JournalTr, TxEnv, result::EVMError},
    context_interface::{
        Block as _, ContextTr, Transaction as _,
        block::BlobExcessGasAndPrice,
        journaled_state::account::JournaledAccountTr as _,
        result::{ExecutionResult, HaltReason, InvalidTransaction},
    },
    handler::{
        EthFrame, EvmTr, EvmTrError, FrameResult, Handler, MainnetHandler, PrecompileProvider,
        instructions::EthInstructions,
    },
    inspector::{InspectorEvmTr, InspectorHandler, NoOpInspector},
    interpreter::interpreter::EthInterpreter,
    primitives::hardfork::SpecId,
    state::EvmState,
};

use crate::{
    Executor, TransactionFault,
    rules::{ChainRules, TX_GAS_MAX},
};

/// The fork whose rules hold, from genesis on.
pub(crate) const SPEC: SpecId = SpecId::OSAKA;

pub(crate) type EvmContext<DB> = Context<BlockEnv, TxEnv, CfgEnv, DB>;
pub(crate) type Vm<DB, I = NoOpInspector> =
    Evm<EvmContext<DB>, I, EthInstructions<EthInterpreter, EvmContext<DB>>, PrecompilesMap, EthFrame>;

/// What may be left unchecked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Nothing: the transactions of a block.
    Block,
    /// Nonces, EIP-3607 and gas limits of blocks and transactions: questions about a state.
    Query,
}

/// The configuration of the machine.
pub(crate) fn cfg(rules: &ChainRules, mode: Mode) -> CfgEnv {
    let mut cfg = CfgEnv::new_with_spec(SPEC);
    cfg.chain_id = rules.chain_id;
    cfg.tx_chain_id_check = true;
    cfg.tx_gas_limit_cap = Some(TX_GAS_MAX);
    if mode == Mode::Query {
        cfg.tx_gas_limit_cap = Some(u64::MAX);
        cfg.disable_nonce_check = true;
        cfg.disable_block_gas_limit = true;
        cfg.disable_eip3607 = true;
    }
    cfg
}

/// The block as the machine sees it.
pub(crate) fn block_env(header: &Header) -> BlockEnv {
    BlockEnv {
        number: U256::from(header.number),
        beneficiary: header.beneficiary,
        timestamp: U256::from(header.timestamp),
        gas_limit: header.gas_limit,
        basefee: header.base_fee_per_gas.unwrap_or(0),
        difficulty: U256::ZERO,
        prevrandao: Some(header.mix_hash),
        blob_excess_gas_and_price: Some(BlobExcessGasAndPrice { excess_blob_gas: 0, blob_gasprice: 1 }),
        ..BlockEnv::default()
    }
}

/// Puts the machine together over `db`. The precompile addresses are warm from the start, also for a system transaction
/// that no signed transaction precedes.
pub(crate) fn vm<DB, I>(executor: &Executor, cfg: CfgEnv, block: BlockEnv, db: DB, inspector: I) -> Vm<DB, I>
where
    DB: alloy_evm::Database,
    I: Inspector<EvmContext<DB>>,
{
    let mut vm = Context::mainnet()
        .with_block(block)
        .with_cfg(cfg)
        .with_db(db)
        .build_mainnet_with_inspector(inspector)
        .with_precompiles(crate::host::precompiles(executor.has_institutions()));
    let warm = PrecompileProvider::<EvmContext<DB>>::warm_addresses(&vm.precompiles);
    vm.ctx.journaled_state.warm_precompiles(warm);
    vm
}

/// A signed transaction as the machine takes it. Where transactions are free the price is zero, whatever it offered: then
/// nothing is charged, nothing is paid, and no balance is needed for gas.
pub(crate) fn tx_env(
    rules: &ChainRules,
    tx: &EthereumTransaction,
    sender: alloy_primitives::Address,
) -> TxEnv {
    let mut env = TxEnv::from_recovered_tx(tx, sender);
    if rules.is_free() {
        env.gas_price = 0;
        env.gas_priority_fee = env.gas_priority_fee.map(|_| 0);
    }
    env
}

/// Rules about a signed transaction that need no state and that revm does not check as we do.
pub(crate) fn check_alone(tx: &EthereumTransaction) -> Result<(), TransactionFault> {
    if tx.is_eip4844() {
        return Err(TransactionFault::Blob);
    }
    // Checked here because free transactions lose their prices before revm sees them.
    if tx.max_priority_fee_per_gas().is_some_and(|tip| tip > tx.max_fee_per_gas()) {
        return Err(TransactionFault::Other("the tip is above the fee cap".to_owned()));
    }
    Ok(())
}

/// The mainnet handler, but for whom tips are paid to.
///
/// Where blocks have accounts the constitution takes them in, because the charter says who gets them. `COINBASE` stays the writer.
struct Tips<EVM, ERROR> {
    to: Address,
    types: PhantomData<fn() -> (EVM, ERROR)>,
}

impl<EVM, ERROR> Tips<EVM, ERROR> {
    fn of(rules: &ChainRules, block: &BlockEnv) -> Self {
        let taken_in = rules.closing.at(block.number.saturating_to());
        Self { to: if taken_in { CONSTITUTION } else { block.beneficiary }, types: PhantomData }
    }
}

impl<EVM, ERROR> Handler for Tips<EVM, ERROR>
where
    EVM: EvmTr<Context: ContextTr<Journal: JournalTr<State = EvmState>>, Frame = EthFrame<EthInterpreter>>,
    ERROR: EvmTrError<EVM>,
{
    type Evm = EVM;
    type Error = ERROR;
    type HaltReason = HaltReason;

    fn reward_beneficiary(&self, evm: &mut EVM, result: &mut FrameResult) -> Result<(), ERROR> {
        let gas = result.gas();
        let used = gas.used().saturating_sub(gas.reservoir());
        let (block, tx, _, journal, _, _) = evm.ctx().all_mut();
        let base_fee = u128::from(block.basefee());
        // EIP-1559: the base fee goes to nobody.
        let tip = tx.effective_gas_price(base_fee).saturating_sub(base_fee);
        let sum = U256::from(tip).saturating_mul(U256::from(used));
        journal.load_account_mut(self.to)?.incr_balance(sum);
        Ok(())
    }
}

impl<EVM, ERROR> InspectorHandler for Tips<EVM, ERROR>
where
    EVM: InspectorEvmTr<
            Context: ContextTr<Journal: JournalTr<State = EvmState>>,
            Frame = EthFrame<EthInterpreter>,
            Inspector: Inspector<<EVM as EvmTr>::Context, EthInterpreter>,
        >,
    ERROR: EvmTrError<EVM>,
{
    type IT = EthInterpreter;
}

/// Runs a signed transaction of a block.
pub(crate) fn transact_signed<DB: alloy_evm::Database, I>(
    vm: &mut Vm<DB, I>,
    rules: &ChainRules,
    tx: &EthereumTransaction,
    sender: Address,
) -> Outcome<DB> {
    vm.ctx.set_tx(tx_env(rules, tx, sender));
    Tips::of(rules, &vm.ctx.block).run(vm)
}

/// Runs a signed transaction of a block under an inspector.
pub(crate) fn inspect_signed<DB: alloy_evm::Database, I: Inspector<EvmContext<DB>>>(
    vm: &mut Vm<DB, I>,
    rules: &ChainRules,
    tx: &EthereumTransaction,
    sender: Address,
) -> Outcome<DB> {
    vm.ctx.set_tx(tx_env(rules, tx, sender));
    Tips::of(rules, &vm.ctx.block).inspect_run(vm)
}

type Outcome<DB> =
    Result<ExecutionResult<HaltReason>, EVMError<<DB as revm::Database>::Error, InvalidTransaction>>;

fn system_env(rules: &ChainRules, tx: &SystemTransaction) -> TxEnv {
    TxEnv {
        caller: SYSTEM,
        kind: TxKind::Call(tx.to),
        gas_limit: tx.gas_limit,
        data: tx.input.clone(),
        chain_id: Some(rules.chain_id),
        ..TxEnv::default()
    }
}

/// Runs a system transaction: no intrinsic gas, no nonce, no fee, no signature.
pub(crate) fn transact_system<DB: alloy_evm::Database>(
    vm: &mut Vm<DB>,
    rules: &ChainRules,
    tx: &SystemTransaction,
) -> Outcome<DB> {
    vm.ctx.set_tx(system_env(rules, tx));
    MainnetHandler::default().run_system_call(vm)
}

/// Runs a system transaction under an inspector.
pub(crate) fn inspect_system<DB: alloy_evm::Database, I: Inspector<EvmContext<DB>>>(
    vm: &mut Vm<DB, I>,
    rules: &ChainRules,
    tx: &SystemTransaction,
) -> Outcome<DB> {
    vm.ctx.set_tx(system_env(rules, tx));
    MainnetHandler::default().inspect_run_system_call(vm)
}

/// What an [`InvalidTransaction`] means in our words.
pub(crate) fn fault(e: InvalidTransaction) -> TransactionFault {
    match e {
        InvalidTransaction::NonceTooLow { tx, state } => {
            TransactionFault::NonceTooLow { expected: state, found: tx }
        }
        InvalidTransaction::NonceTooHigh { tx, state } => {
            TransactionFault::NonceTooHigh { expected: state, found: tx }
        }
        InvalidTransaction::LackOfFundForMaxFee { fee, balance } => {
            TransactionFault::Funds { cost: *fee, balance: *balance }
        }
        InvalidTransaction::GasPriceLessThanBasefee => TransactionFault::BaseFee,
        InvalidTransaction::CallGasCostMoreThanGasLimit { initial_gas, gas_limit } => {
            TransactionFault::IntrinsicGas { limit: gas_limit, needed: initial_gas }
        }
        InvalidTransaction::GasFloorMoreThanGasLimit { gas_floor, gas_limit } => {
            TransactionFault::IntrinsicGas { limit: gas_limit, needed: gas_floor }
        }
        InvalidTransaction::TxGasLimitGreaterThanCap { gas_limit, cap } => {
            TransactionFault::GasLimit { limit: gas_limit, max: cap }
        }
        InvalidTransaction::InvalidChainId | InvalidTransaction::MissingChainId => TransactionFault::ChainId,
        InvalidTransaction::RejectCallerWithCode => TransactionFault::SenderHasCode,
        other => TransactionFault::Other(other.to_string()),
    }
}
