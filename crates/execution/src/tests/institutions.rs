//! Institutions behave like contracts: by transaction, by contract, by question; with any gas.

use std::sync::atomic::{AtomicUsize, Ordering};

use alloy_consensus::TxEip1559;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use alloy_rpc_types_eth::TransactionRequest;
use alloy_sol_types::{SolCall, SolError};
use polity_institutions::{
    directory::{NotDirect, StaticFrame},
    names,
    treasury::ITreasury,
};
use polity_primitives::{Account, RecoveredTransaction, TREASURY};

use super::support::{
    CALL, CALLCODE, DELEGATECALL, FREE, Key, Queue, STATICCALL, View, World, call, forwarder, tx,
};
use crate::{CallEnv, CallOutcome, Estimate, ReadError, StateReader};

fn common() -> B256 {
    names::word("common").unwrap()
}

fn deposit() -> Bytes {
    ITreasury::depositCall { name: common() }.abi_encode().into()
}

fn balance_of() -> Bytes {
    ITreasury::balanceOfCall { name: common() }.abi_encode().into()
}

fn paying(nonce: u64, to: Address, value: u64, input: Bytes) -> TxEip1559 {
    TxEip1559 { value: U256::from(value), ..call(nonce, to, input) }
}

fn request(from: &Key, to: Address, value: u64, input: Bytes) -> TransactionRequest {
    TransactionRequest {
        from: Some(from.address),
        to: Some(TxKind::Call(to)),
        value: Some(U256::from(value)),
        input: input.into(),
        ..TransactionRequest::default()
    }
}

fn held(view: &View) -> U256 {
    polity_institutions::treasury::balance_of(view, "common").unwrap()
}

#[test]
fn by_transaction_by_contract_and_by_question() {
    let mut world = World::new(FREE);
    let alice = Key::of("alice");
    let through = world.deploy(&alice, &forwarder(CALL, TREASURY, false));
    let opening = held(&world.view);
    for (to, times) in [(TREASURY, 1u64), (through, 2)] {
        let env = CallEnv::from(world.header().clone());
        let asked = world.executor.call(&world.view, &env, &request(&alice, to, 5, deposit()), None).unwrap();
        let Estimate::Gas(estimate) =
            world.executor.estimate_gas(&world.view, &env, &request(&alice, to, 5, deposit()), None).unwrap()
        else {
            panic!("a deposit can be estimated")
        };
        let exact = TxEip1559 { gas_limit: estimate, ..paying(times, to, 5, deposit()) };
        let receipt = world.succeed(alice.sign(exact));
        assert_eq!(receipt.logs, asked.logs);
        assert_eq!(receipt.cumulative_gas_used, asked.gas_used);
        assert!(estimate < asked.gas_used * 2);
        assert_eq!(receipt.logs[0].address, TREASURY);
        assert_eq!(held(&world.view), opening + U256::from(5 * times));
        assert_eq!(world.view.balance(TREASURY), held(&world.view));
    }
}

#[test]
fn reading_works_in_a_static_frame_and_writing_does_not() {
    let mut world = World::new(FREE);
    let alice = Key::of("alice");
    let read_only = world.deploy(&alice, &forwarder(STATICCALL, TREASURY, false));
    let env = CallEnv::from(world.header().clone());
    let ask = |world: &World, to, input| {
        world.executor.call(&world.view, &env, &request(&alice, to, 0, input), None)
    };
    let direct = ask(&world, TREASURY, balance_of()).unwrap();
    let static_ = ask(&world, read_only, balance_of()).unwrap();
    assert!(matches!(direct.outcome, CallOutcome::Success { .. }));
    assert_eq!(direct.outcome, static_.outcome);
    let refused = ask(&world, read_only, deposit()).unwrap().outcome;
    let CallOutcome::Revert { data, .. } = refused else { panic!("{refused:?}") };
    assert_eq!(data, Bytes::from(StaticFrame {}.abi_encode()));
}

#[test]
fn borrowed_identities_are_refused() {
    let mut world = World::new(FREE);
    let alice = Key::of("alice");
    for op in [DELEGATECALL, CALLCODE] {
        let borrowing = world.deploy(&alice, &forwarder(op, TREASURY, false));
        let env = CallEnv::from(world.header().clone());
        let asked =
            world.executor.call(&world.view, &env, &request(&alice, borrowing, 5, deposit()), None).unwrap();
        let CallOutcome::Revert { data, .. } = asked.outcome else { panic!("{op:x}: {asked:?}") };
        assert_eq!(data, Bytes::from(NotDirect {}.abi_encode()));
        let before = held(&world.view);
        let receipt =
            world.step(vec![alice.sign(paying(world.nonce(&alice), borrowing, 5, deposit()))]).remove(0);
        assert!(!receipt.success);
        assert_eq!(held(&world.view), before);
    }
}

#[test]
fn a_revert_above_undoes_it_and_its_logs_and_refunds() {
    let mut world = World::new(FREE);
    let alice = Key::of("alice");
    // Forwards, then reverts whatever came back.
    let mut undoing = forwarder(CALL, TREASURY, true);
    undoing.pop();
    undoing.extend([0x5f, 0x5f, 0xfd]);
    let undoing = world.deploy(&alice, &undoing);
    let before = (held(&world.view), world.view.state.storage_root(&TREASURY));
    let receipt = world.step(vec![alice.sign(paying(1, undoing, 5, deposit()))]).remove(0);
    assert!(!receipt.success && receipt.logs.is_empty());
    assert_eq!((held(&world.view), world.view.state.storage_root(&TREASURY)), before);
}

/// Full success or no change at all, for every gas limit up to what is needed and a little beyond.
fn every_gas_limit(world: &World, transaction: impl Fn(u64) -> RecoveredTransaction, from: u64) -> u64 {
    let run = |gas_limit| {
        let built = world.executor.build(
            world.header(),
            world.head.hash,
            &world.view,
            &world.attributes(),
            &mut Queue::new([transaction(gas_limit)]),
            &|_| B256::ZERO,
        );
        built.unwrap()
    };
    let full = run(1_000_000);
    let written = full.outcome.changes.accounts[&TREASURY].clone();
    let logs = full.outcome.receipts[0].logs.clone();
    assert!(!written.storage.is_empty() && !logs.is_empty());
    let (mut enough, mut gas_limit) = (0, from);
    while enough < 50 {
        let built = run(gas_limit);
        let outcome = &built.outcome;
        match (outcome.changes.accounts.get(&TREASURY), outcome.receipts.first()) {
            (Some(change), Some(receipt)) => {
                assert_eq!((change, &receipt.logs), (&written, &logs), "gas limit {gas_limit}");
                enough += 1;
            }
            (None, Some(receipt)) => {
                assert_eq!((enough, receipt.logs.len()), (0, 0), "gas limit {gas_limit}");
            }
            (change, None) => assert_eq!((change, built.rejected.len()), (None, 1), "gas limit {gas_limit}"),
        }
        gas_limit += 1;
        assert!(gas_limit < 1_000_000);
    }
    gas_limit
}

#[test]
fn with_any_gas_by_transaction() {
    let world = World::new(FREE);
    let alice = Key::of("alice");
    let needed = every_gas_limit(
        &world,
        |gas_limit| alice.sign(TxEip1559 { gas_limit, ..paying(0, TREASURY, 5, deposit()) }),
        20_990,
    );
    assert!(needed > 30_000, "{needed}: a deposit writes a slot");
}

#[test]
fn with_any_gas_by_contract() {
    let mut world = World::new(FREE);
    let alice = Key::of("alice");
    // Goes on when the institution runs out of gas: the outer transaction succeeds.
    let through = world.deploy(&alice, &forwarder(CALL, TREASURY, true));
    every_gas_limit(
        &world,
        |gas_limit| alice.sign(TxEip1559 { gas_limit, ..paying(1, through, 5, deposit()) }),
        30_000,
    );
}

/// Counts what is read of the treasury's storage.
struct Counting<'a>(&'a View, AtomicUsize);

impl StateReader for Counting<'_> {
    fn account(&self, address: &Address) -> Result<Option<Account>, ReadError> {
        self.0.account(address)
    }
    fn storage(&self, address: &Address, slot: &U256) -> Result<U256, ReadError> {
        self.1.fetch_add(usize::from(*address == TREASURY), Ordering::Relaxed);
        StateReader::storage(self.0, address, slot)
    }
    fn code(&self, hash: &B256) -> Result<Bytes, ReadError> {
        self.0.code(hash)
    }
    fn block_hash(&self, number: u64) -> Result<Option<B256>, ReadError> {
        self.0.block_hash(number)
    }
}

#[test]
fn gas_that_runs_out_never_bought_a_cold_read() {
    let world = World::new(FREE);
    let alice = Key::of("alice");
    let reads = |gas_limit| {
        let reader = Counting(&world.view, AtomicUsize::new(0));
        let asking = TxEip1559 { gas_limit, ..call(0, TREASURY, balance_of()) };
        let source = &mut Queue::new([alice.sign(asking)]);
        let attributes = world.attributes();
        let built =
            world
                .executor
                .build(world.header(), world.head.hash, &reader, &attributes, source, &|_| B256::ZERO);
        (reader.1.into_inner(), built.unwrap().outcome.receipts[0].success)
    };
    // 36 bytes of call data: 21,000 + 4 or 16 each; the cold slot costs 2,100.
    assert_eq!(reads(23_000), (0, false));
    let (read, success) = reads(100_000);
    assert!(read > 0 && success);
}

/// Fails after a number of reads.
struct Failing<'a>(&'a View, ReadError);

impl StateReader for Failing<'_> {
    fn account(&self, address: &Address) -> Result<Option<Account>, ReadError> {
        self.0.account(address)
    }
    fn storage(&self, _: &Address, _: &U256) -> Result<U256, ReadError> {
        Err(self.1.clone())
    }
    fn code(&self, hash: &B256) -> Result<Bytes, ReadError> {
        self.0.code(hash)
    }
    fn block_hash(&self, number: u64) -> Result<Option<B256>, ReadError> {
        self.0.block_hash(number)
    }
}

#[test]
fn a_read_that_fails_is_no_statement_about_the_block() {
    let world = World::new(FREE);
    let alice = Key::of("alice");
    let unavailable = ReadError::Unavailable("pruned".to_owned());
    let corrupt = ReadError::Corrupt("bits fell over".to_owned());
    for (error, fatal) in [(unavailable, false), (corrupt, true)] {
        let reader = Failing(&world.view, error);
        for txs in [vec![], vec![alice.sign(call(0, TREASURY, balance_of()))]] {
            let source = &mut Queue::new(txs);
            let attributes = world.attributes();
            let built =
                world
                    .executor
                    .build(world.header(), world.head.hash, &reader, &attributes, source, &|_| B256::ZERO);
            let error = built.unwrap_err();
            assert_eq!(matches!(error, crate::Error::Fatal(_)), fatal, "{error:?}");
            assert_eq!(matches!(error, crate::Error::Unavailable(_)), !fatal, "{error:?}");
        }
    }
    assert_eq!(tx(0, TREASURY).value, U256::ZERO);
}
