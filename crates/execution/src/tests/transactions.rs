//! Transactions of every type, and what is left of them when they fail.

use alloy_consensus::{SignableTransaction, TxEip1559, TxEip4844, TxLegacy};
use alloy_eips::eip2930::{AccessList, AccessListItem};
use alloy_primitives::{Address, B256, TxKind, U256};
use polity_primitives::{KECCAK_EMPTY, TREASURY};

use super::support::{
    BURNER, CALL, COUNTER, FREE, Key, MARKET, REFUSER, World, call, delegating, forwarder, legacy, listed,
    pay, tx,
};
use crate::{BlockError, InvalidBlock, TransactionFault, recover_all};

fn stranger(n: u8) -> Address {
    Address::repeat_byte(0xa0 + n)
}

#[test]
fn every_type_is_executed() {
    for options in [FREE, MARKET] {
        let mut world = World::new(options);
        let (alice, bob) = (Key::of("alice"), Key::of("bob"));
        let counter = world.deploy(&alice, COUNTER);
        let list = AccessList(vec![AccessListItem { address: counter, storage_keys: vec![B256::ZERO] }]);
        let receipts = world.step(vec![
            alice.sign(legacy(1, stranger(1), 100_000_000_000)),
            alice.sign(TxLegacy { chain_id: None, ..legacy(2, stranger(1), 100_000_000_000) }),
            alice.sign(listed(3, counter, list)),
            alice.sign(call(4, counter, [])),
            alice.sign(delegating(5, bob.address, vec![bob.authorize(counter, 0)])),
        ]);
        let seen: Vec<_> = receipts.iter().map(|r| (r.tx_type, r.success)).collect();
        assert_eq!(seen, [(0, true), (0, true), (1, true), (2, true), (4, true)]);
        assert!(receipts.windows(2).all(|pair| pair[0].cumulative_gas_used < pair[1].cumulative_gas_used));
        assert_eq!(world.header().gas_used, receipts[4].cumulative_gas_used);
        assert_eq!(world.view.balance(stranger(1)), U256::from(2));
        assert_eq!(world.view.state.storage(&counter, &U256::ZERO), U256::from(2));
        assert_eq!(
            world.view.state.storage(&bob.address, &U256::ZERO),
            U256::from(1),
            "delegated code, own storage"
        );
        assert_eq!(world.nonce(&bob), 1);
    }
}

#[test]
fn all_senders_are_recovered_in_order() {
    let keys: Vec<_> = (0..50).map(|n| Key::of(&format!("sender {n}"))).collect();
    let signed: Vec<_> = keys.iter().map(|key| key.sign(pay(0, stranger(1), 1))).collect();
    let bare: Vec<_> = signed.iter().map(|tx| tx.transaction.clone()).collect();
    assert_eq!(recover_all(&bare).unwrap(), signed);
}

#[test]
fn blobs_are_refused() {
    let world = World::new(FREE);
    let alice = Key::of("alice");
    let blob = TxEip4844 {
        chain_id: super::support::CHAIN_ID,
        gas_limit: 50_000,
        blob_versioned_hashes: vec![B256::with_last_byte(1)],
        max_fee_per_blob_gas: 1,
        ..TxEip4844::default()
    };
    let good = alice.sign(pay(0, stranger(1), 1));
    let built = world.try_build(vec![alice.sign(blob.clone())]).unwrap();
    assert_eq!(built.rejected[0].1, TransactionFault::Blob.to_string());
    assert!(built.transactions.is_empty());

    let mut built = world.try_build(vec![good]).unwrap();
    let blob = alice.sign(blob);
    built.block.block.transactions = vec![blob.transaction.clone()];
    let refused = world.apply(&built.block, &[blob]);
    assert!(
        matches!(
            refused,
            Err(BlockError::Invalid(InvalidBlock::Transaction {
                index: 0,
                reason: TransactionFault::Blob,
                ..
            }))
        ),
        "{refused:?}"
    );
}

#[test]
fn gas_in_one_block_is_gas_in_two() {
    // Refunds and cold reads are per transaction: that a journal spans a block must not show.
    let alice = Key::of("alice");
    let mut one = World::new(FREE);
    let counter = one.deploy(&alice, COUNTER);
    let mut two = one.clone();
    let txs = [
        alice.sign(call(1, counter, [])),
        alice.sign(call(2, counter, [])),
        alice.sign(call(3, counter, [])),
    ];
    let together = one.step(txs.to_vec());
    let apart: Vec<_> = txs.into_iter().map(|tx| two.succeed(tx).cumulative_gas_used).collect();
    let used: Vec<_> = std::iter::once(together[0].cumulative_gas_used)
        .chain(together.windows(2).map(|pair| pair[1].cumulative_gas_used - pair[0].cumulative_gas_used))
        .collect();
    assert_eq!(used, apart);
    assert_eq!(one.view.state.root(), two.view.state.root());
}

#[test]
fn failure_leaves_nothing_but_a_nonce_and_a_fee() {
    for (code, burns_all) in [(BURNER, true), (REFUSER, false)] {
        let mut world = World::new(FREE);
        let alice = Key::of("alice");
        let failing = world.deploy(&alice, code);
        // Counts, then calls what fails and passes the failure on.
        let counter = [&COUNTER[..COUNTER.len() - 1], &forwarder(CALL, failing, false)].concat();
        // The forwarder's jump target moves with what is before it.
        let mut counter = counter;
        let ok = counter.len() - 4;
        counter[ok - 5] = u8::try_from(ok).unwrap();
        let counting = world.deploy(&alice, &counter);
        let before = world.view.clone();
        let receipt = world
            .step(vec![alice.sign(TxEip1559 { value: U256::from(7), ..call(2, counting, []) })])
            .remove(0);
        assert!(!receipt.success && receipt.logs.is_empty());
        // All but the 64th part that EIP-150 keeps back for whoever calls.
        assert_eq!(receipt.cumulative_gas_used > 900_000, burns_all);
        assert_eq!(world.view.state.storage(&counting, &U256::ZERO), U256::ZERO);
        assert_eq!(world.view.balance(counting), U256::ZERO);
        assert_eq!(world.view.balance(alice.address), before.balance(alice.address));
        assert_eq!(world.nonce(&alice), 3);
    }
}

#[test]
fn an_account_destroyed_and_paid_again_in_one_block_keeps_the_payment() {
    let mut world = World::new(FREE);
    let (alice, heir) = (Key::of("alice"), stranger(2));
    let mut suicide = vec![0x73];
    suicide.extend(heir);
    suicide.push(0xff);
    let born = TxEip1559 { input: suicide.into(), value: U256::from(100), ..tx(0, TxKind::Create) };
    let address = alice.address.create(0);
    let receipts = world.step(vec![alice.sign(born), alice.sign(pay(1, address, 5))]);
    assert!(receipts.iter().all(|receipt| receipt.success));
    let account = world.view.state.account(&address).unwrap();
    assert_eq!((account.nonce, account.balance, account.code_hash), (0, U256::from(5), KECCAK_EMPTY));
    assert_eq!(world.view.balance(heir), U256::from(100));
}

#[test]
fn a_rejected_transaction_leaves_no_trace_and_stops_its_sender_only() {
    let mut world = World::new(FREE);
    let (alice, bob) = (Key::of("alice"), Key::of("bob"));
    let built = world.offer(vec![
        alice.sign(pay(5, stranger(1), 1)),
        alice.sign(pay(0, stranger(1), 1)),
        bob.sign(pay(0, stranger(1), 10)),
    ]);
    assert_eq!(built.rejected.len(), 1);
    assert_eq!(built.rejected[0].1, TransactionFault::NonceTooHigh { expected: 0, found: 5 }.to_string());
    assert_eq!(world.view.balance(stranger(1)), U256::from(10));
    assert_eq!(world.nonce(&alice), 0);
}

#[test]
fn delegating_an_account_to_an_institution_gives_it_no_power() {
    let mut world = World::new(FREE);
    let (alice, bob) = (Key::of("alice"), Key::of("bob"));
    world.succeed(alice.sign(delegating(0, stranger(1), vec![bob.authorize(TREASURY, 0)])));
    let before = world.view.state.storage_root(&TREASURY);
    let receipt = world
        .step(vec![alice.sign(TxEip1559 { value: U256::from(9), ..call(1, bob.address, [1, 2, 3, 4]) })]);
    assert!(!receipt[0].success, "the institution's code is an invalid opcode");
    assert_eq!(world.view.state.storage_root(&TREASURY), before);
}

#[test]
fn a_bare_executor_has_no_institutions() {
    let mut world = World::new(FREE);
    world.executor = crate::Executor::bare(world.executor.founding().clone());
    let alice = Key::of("alice");
    let receipt = world.step(vec![alice.sign(call(0, TREASURY, []))]).remove(0);
    assert!(!receipt.success, "0xef runs as code");
}

#[test]
fn signatures_of_other_chains_are_refused() {
    let world = World::new(FREE);
    let alice = Key::of("alice");
    let foreign = alice.sign(TxEip1559 { chain_id: 1, ..pay(0, stranger(1), 1) });
    let built = world.try_build(vec![foreign]).unwrap();
    assert_eq!(built.rejected[0].1, TransactionFault::ChainId.to_string());
    assert_ne!(pay(0, stranger(1), 1).signature_hash(), B256::ZERO);
}
