//! The accounts of a block: there where the charter has an incentive, first among the chain's own transactions, the same for who
//! builds and who checks, and to the wei.

use alloy_primitives::{Address, U256};
use alloy_rpc_types_trace::geth::{GethDebugTracingOptions, GethTrace};
use alloy_sol_types::SolCall;
use polity_institutions::constitution::{self, IConstitution as sol};
use polity_primitives::{AGREEMENT, CONSTITUTION, SYSTEM_TX_TYPE, TREASURY, Transaction};

use super::support::{COUNTER, Key, MARKET, Options, World, call, pay, tx};
use crate::{BlockError, InvalidBlock};

const PAID: Options = Options {
    incentive: r#"{ reward = "2", fees = "writer", pledge = "50", unbonding = "7d", slash = { double_sign = "1/2" } }"#,
    ..MARKET
};
const TREASURED: Options = Options {
    incentive: r#"{ fees = "treasury", account = "common", standing = { write = 1, absent = -2, suspend_below = -3 } }"#,
    ..MARKET
};

const TIP: u128 = 1_000_000_000;
const PEOPLE: [&str; 8] = ["alice", "bob", "m1", "m2", "m3", "m4", "watch", "m1-node"];

fn supply(world: &World) -> U256 {
    let people = PEOPLE.map(|id| Key::of(id).address);
    let others = [TREASURY, AGREEMENT, CONSTITUTION, Address::repeat_byte(0xbb)];
    people.iter().chain(&others).fold(U256::ZERO, |sum, address| sum + world.view.balance(*address))
}

/// A block with a payment that leaves a tip: (the tip, what it burns as base fee).
fn tipped(world: &mut World) -> (U256, U256) {
    let (alice, base_fee) = (Key::of("alice"), world.executor.founding().next_base_fee(world.header()));
    let mut payment = pay(world.nonce(&alice), Address::repeat_byte(0xbb), 5);
    payment.max_priority_fee_per_gas = TIP;
    world.step(vec![alice.sign(payment)]);
    let gas = U256::from(21_000);
    (U256::from(TIP) * gas, U256::from(base_fee) * gas)
}

#[test]
fn the_supply_is_what_was_issued_less_what_was_burnt() {
    for options in [PAID, TREASURED] {
        let mut world = World::new(options);
        for _ in 0..3 {
            let before = supply(&world);
            let (_, base) = tipped(&mut world);
            let reward = if options.incentive == PAID.incentive { U256::from(2) * wei() } else { U256::ZERO };
            assert_eq!(supply(&world) + base, before + reward);
        }
    }
}

fn wei() -> U256 {
    U256::from(10).pow(U256::from(18))
}

#[test]
fn the_writer_is_paid_through_the_constitution_and_stays_the_coinbase() {
    let mut world = World::new(PAID);
    let (tip, _) = tipped(&mut world);
    assert_eq!(world.view.balance(Key::of("m1-node").address), U256::ZERO, "nothing reaches the node's key");
    let m1 = Key::of("m1");
    let claim = sol::claimCall { candidate: alloy_primitives::B256::right_padding_from(b"m1") };
    let before = world.view.balance(m1.address);
    let nonce = world.nonce(&m1);
    let mut send = call(nonce, CONSTITUTION, claim.abi_encode());
    send.gas_limit = 500_000;
    send.max_priority_fee_per_gas = 0;
    let base_fee = world.executor.founding().next_base_fee(world.header());
    let receipt = world.succeed(m1.sign(send));
    let paid = U256::from(base_fee) * U256::from(receipt.cumulative_gas_used);
    // One wei is the rounding of a share of a hundred units.
    let earned = world.view.balance(m1.address) + paid - before;
    let due = tip + U256::from(2) * wei();
    assert!(earned <= due && earned + U256::from(1) >= due, "{earned} of {due}");
    // COINBASE PUSH0 SSTORE
    let code = world.deploy(&Key::of("alice"), &[0x41, 0x5f, 0x55]);
    let nonce = world.nonce(&Key::of("bob"));
    world.succeed(Key::of("bob").sign(call(nonce, code, [])));
    let coinbase = world.view.state.storage(&code, &U256::ZERO);
    assert_eq!(Address::from_word(coinbase.into()), Key::of("m1-node").address);
}

#[test]
fn it_is_first_and_says_who_missed_a_turn() {
    let mut world = World::new(TREASURED);
    world.missed = vec![Key::of("m3-node").address];
    for _ in 0..2 {
        let built = world.offer(vec![]);
        let Some(Transaction::System(first)) = built.transactions.first().map(|tx| tx.transaction.clone())
        else {
            panic!("no accounts")
        };
        let expected = sol::closeCall { writer: Key::of("m1-node").address, missed: world.missed.clone() };
        assert_eq!((first.to, first.index, first.input), (CONSTITUTION, 0, expected.abi_encode().into()));
        assert!(built.outcome.receipts[0].success);
        assert_eq!(built.outcome.receipts[0].tx_type, SYSTEM_TX_TYPE);
    }
    let m3 = polity_institutions::registry::member(&world.view, "m3").unwrap();
    assert_eq!(m3.status.as_str(), "suspended", "two turns at -2, below -3");
    let committee = constitution::candidates(&world.view, &constitution::consensus(&world.view).unwrap());
    assert_eq!(committee.len(), 3);
}

#[test]
fn accounts_that_say_otherwise_make_the_block_invalid() {
    let mut world = World::new(TREASURED);
    let built = world.try_build(vec![]).unwrap();
    world.missed = vec![Key::of("m2-node").address];
    let refused = world.apply(&built.block, &built.transactions);
    let invalid = InvalidBlock::SystemTransaction { index: 0, expected: None, found: None };
    let Err(BlockError::Invalid(InvalidBlock::SystemTransaction { index: 0, expected, found })) = refused
    else {
        panic!("{refused:?}, not like {invalid:?}")
    };
    assert_ne!(expected, found);
}

#[test]
fn a_chain_without_incentive_has_no_accounts() {
    let mut world = World::new(MARKET);
    assert_eq!(world.offer(vec![]).transactions.len(), 0);
    tipped(&mut world);
    assert_eq!(world.view.balance(Key::of("m1-node").address), U256::from(TIP) * U256::from(21_000));
}

#[test]
fn such_a_block_can_be_traced() {
    let mut world = World::new(PAID);
    let (alice, bob) = (Key::of("alice"), Key::of("bob"));
    let counter = world.deploy(&alice, COUNTER);
    world.missed = vec![Key::of("m2-node").address];
    let mut count = call(world.nonce(&bob), counter, []);
    count.max_priority_fee_per_gas = TIP;
    let create = tx(world.nonce(&alice), alloy_primitives::TxKind::Create);
    world.offer(vec![bob.sign(count), alice.sign(create)]);
    let (transactions, receipts, before) = world.last.clone();
    let traces = world
        .executor
        .trace_block(&before, world.header(), &transactions, GethDebugTracingOptions::default())
        .unwrap();
    assert_eq!(traces.len(), receipts.len());
    let last = traces.last().unwrap();
    let GethTrace::Default(frame) = last else { panic!("{last:?}") };
    let used =
        receipts[receipts.len() - 1].cumulative_gas_used - receipts[receipts.len() - 2].cumulative_gas_used;
    assert_eq!(
        (frame.failed, frame.gas),
        (false, used),
        "the accounts, traced, are the accounts that were kept"
    );
}
