//! What makes a block invalid, and that the reason is named.

use alloy_consensus::TxEip1559;
use alloy_primitives::{Address, B256, Bloom, Bytes, U256};
use polity_primitives::{Block, Header, RecoveredTransaction, SystemTransaction, Transaction};

use super::support::{BURNER, COUNTER, FREE, Key, MARKET, MEMBERS, Options, REPLAY, World, call, pay};
use crate::{BLOCK_BYTES_MAX, BlockError, Built, Error, InvalidBlock, TX_GAS_MAX, TransactionFault};

fn refusal(world: &World, header: Header, transactions: Vec<RecoveredTransaction>) -> InvalidBlock {
    let block = Block::unsealed(header, transactions.iter().map(|tx| tx.transaction.clone()).collect());
    match world.apply(&block.seal(), &transactions) {
        Err(BlockError::Invalid(reason)) => reason,
        other => panic!("not refused: {other:?}"),
    }
}

fn sample() -> (World, Built) {
    let mut world = World::new(MARKET);
    let alice = Key::of("alice");
    let counter = world.deploy(&alice, COUNTER);
    let built =
        world.try_build(vec![alice.sign(call(1, counter, [])), alice.sign(pay(2, counter.create(9), 3))]);
    (world, built.unwrap())
}

#[test]
fn each_header_field_is_checked_and_named() {
    type Tamper = fn(&mut Header);
    let cases: &[(&str, Tamper)] = &[
        ("parentHash", |h| h.parent_hash = B256::repeat_byte(1)),
        ("number", |h| h.number += 1),
        ("gasLimit", |h| h.gas_limit += 1),
        ("baseFeePerGas", |h| h.base_fee_per_gas = Some(1)),
        ("baseFeePerGas", |h| h.base_fee_per_gas = None),
        ("extraData", |h| h.extra_data = Bytes::new()),
        ("sha3Uncles", |h| h.ommers_hash = B256::repeat_byte(1)),
        ("withdrawalsRoot", |h| h.withdrawals_root = None),
        ("blobGasUsed", |h| h.blob_gas_used = Some(131_072)),
        ("excessBlobGas", |h| h.excess_blob_gas = Some(1)),
        ("parentBeaconBlockRoot", |h| h.parent_beacon_block_root = Some(B256::repeat_byte(1))),
        ("requestsHash", |h| h.requests_hash = None),
        ("gasUsed", |h| h.gas_used += 1),
        ("transactionsRoot", |h| h.transactions_root = B256::repeat_byte(1)),
        ("receiptsRoot", |h| h.receipts_root = B256::repeat_byte(1)),
        ("logsBloom", |h| h.logs_bloom = Bloom::repeat_byte(1)),
        ("stateRoot", |h| h.state_root = B256::repeat_byte(1)),
    ];
    let (world, built) = sample();
    for (name, tamper) in cases {
        let mut header = built.block.block.header.clone();
        tamper(&mut header);
        let reason = refusal(&world, header, built.transactions.clone());
        assert!(matches!(reason, InvalidBlock::Field { field, .. } if field == *name), "{name}: {reason}");
    }
    // The beneficiary is the proposer's own to choose, but tips went elsewhere: the state differs.
    let mut header = built.block.block.header.clone();
    header.beneficiary = Address::repeat_byte(1);
    let reason = refusal(&world, header, built.transactions.clone());
    assert!(matches!(reason, InvalidBlock::Field { field: "stateRoot", .. }), "{reason}");
}

#[test]
fn time_does_not_run_backwards_and_a_calendar_is_exact() {
    let (world, built) = sample();
    let mut header = built.block.block.header.clone();
    header.timestamp = world.header().timestamp - 1;
    let reason = refusal(&world, header, built.transactions);
    assert!(matches!(reason, InvalidBlock::TimestampBeforeParent { .. }), "{reason}");

    let mut world = World::new(Options { clock: REPLAY, ..FREE });
    assert_eq!(world.header().timestamp, 1_461_196_800);
    world.step(vec![]);
    world.step(vec![]);
    assert_eq!(world.header().timestamp, 1_461_196_800 + 2 * 86_400);
    let mut header = world.try_build(vec![]).unwrap().block.block.header;
    header.timestamp += 1;
    let reason = refusal(&world, header, vec![]);
    assert!(matches!(reason, InvalidBlock::Field { field: "timestamp", .. }), "{reason}");
}

#[test]
fn equal_timestamps_are_allowed() {
    let world = World::new(FREE);
    let attributes = crate::Attributes { timestamp_secs: world.header().timestamp, ..world.attributes() };
    let source = &mut super::support::Queue::new([]);
    let root = |changes: &_| world.view.state.apply(changes).root();
    let built = world
        .executor
        .build(world.header(), world.head.hash, &world.view, &attributes, source, &root)
        .unwrap();
    world.apply(&built.block, &[]).unwrap();
}

#[test]
fn each_transaction_is_checked_and_named() {
    let (world, built) = sample();
    let header = || built.block.block.header.clone();
    let [first, second] = &built.transactions[..] else { panic!() };
    let reason = refusal(&world, header(), vec![second.clone(), first.clone()]);
    let nonce = TransactionFault::NonceTooHigh { expected: 1, found: 2 };
    assert!(
        matches!(&reason, InvalidBlock::Transaction { index: 0, reason, .. } if *reason == nonce),
        "{reason}"
    );
    let reason = refusal(&world, header(), vec![first.clone(), first.clone()]);
    let nonce = TransactionFault::NonceTooLow { expected: 2, found: 1 };
    assert!(
        matches!(&reason, InvalidBlock::Transaction { index: 1, reason, .. } if *reason == nonce),
        "{reason}"
    );
    let reason = refusal(&world, header(), vec![first.clone()]);
    assert!(matches!(reason, InvalidBlock::Field { field: "gasUsed", .. }), "{reason}");

    // Same gas, another recipient: only the roots can tell.
    let other = Key::of("alice").sign(pay(2, Address::repeat_byte(0x77), 3));
    let reason = refusal(&world, header(), vec![first.clone(), other]);
    assert!(matches!(reason, InvalidBlock::Field { field: "transactionsRoot", .. }), "{reason}");

    let made_up = RecoveredTransaction::system(SystemTransaction {
        height: header().number,
        index: 0,
        to: Address::ZERO,
        gas_limit: 21_000,
        input: Bytes::new(),
    });
    let reason = refusal(&world, header(), vec![first.clone(), second.clone(), made_up.clone()]);
    let found = Some(made_up.hash);
    assert_eq!(reason, InvalidBlock::SystemTransaction { index: 0, expected: None, found });
    let reason = refusal(&world, header(), vec![first.clone(), made_up, second.clone()]);
    assert_eq!(reason, InvalidBlock::Order { index: 2 });
}

#[test]
fn a_hash_or_senders_of_another_block_are_seen() {
    let (world, mut built) = sample();
    let refused = world.apply(&built.block, &built.transactions[..1]);
    assert!(matches!(refused, Err(BlockError::Failed(Error::Fatal(_)))), "{refused:?}");
    built.block.hash = B256::repeat_byte(7);
    let refused = world.apply(&built.block, &built.transactions);
    assert!(matches!(refused, Err(BlockError::Invalid(InvalidBlock::Hash { .. }))), "{refused:?}");
}

#[test]
fn the_gas_of_signed_transactions_has_bounds() {
    let mut world = World::new(FREE);
    let (alice, bob, carol) = (Key::of("alice"), Key::of("bob"), Key::of("m1"));
    let burner = world.deploy(&alice, BURNER);
    let burn = |key: &Key, nonce, gas_limit| key.sign(TxEip1559 { gas_limit, ..call(nonce, burner, []) });
    assert_eq!(world.executor.founding().signed_gas_max(), 24_000_000);

    let built = world.try_build(vec![burn(&alice, 1, TX_GAS_MAX + 1)]).unwrap();
    let fault = TransactionFault::GasLimit { limit: TX_GAS_MAX + 1, max: TX_GAS_MAX };
    assert_eq!(built.rejected[0].1, fault.to_string());

    // Of 45 million, all but the 21 that the accounts and the largest work of the chain itself takes, to the last unit; the one too many waits and is not called unusable.
    let fits = [burn(&alice, 1, 16_000_000), burn(&bob, 0, 8_000_000)];
    let built = world.try_build([&fits[..], &[burn(&carol, 0, 21_100)]].concat()).unwrap();
    assert_eq!((built.transactions.len(), built.rejected.len()), (2, 0));
    assert_eq!(built.outcome.gas_used, 24_000_000);
    let too_many = [&fits[..], &[burn(&carol, 0, 21_100)]].concat();
    let reason = refusal(&world, built.block.block.header, too_many);
    let fault = TransactionFault::GasLeft { limit: 21_100, left: 0 };
    assert!(
        matches!(&reason, InvalidBlock::Transaction { index: 2, reason, .. } if *reason == fault),
        "{reason}"
    );
}

/// A charter that could amend its gas limit below what an amendment takes could never be amended again.
#[test]
fn at_any_gas_limit_the_chain_can_enact_and_a_transaction_of_the_largest_size_fits() {
    use crate::rules::BEGIN_GAS;
    use polity_institutions::agenda::{ENACT_GAS_MAX, MARK_FAILED_GAS_MAX};
    for gas_limit in [45_000_000, 50_000_000, 60_000_000, 60_000_001, 10_000_000_000] {
        let charter = super::support::charter(super::support::Options { gas_limit, ..FREE });
        let rules = crate::ChainRules::from(&charter);
        let kept = gas_limit - rules.signed_gas_max();
        assert!(
            kept >= (BEGIN_GAS + ENACT_GAS_MAX + MARK_FAILED_GAS_MAX).max(gas_limit / 4),
            "{gas_limit}: {kept}"
        );
        assert_eq!(rules.tx_gas_max(), TX_GAS_MAX, "{gas_limit}");
    }
    let text = super::support::charter(super::support::Options { gas_limit: 45_000_000, ..FREE }).text;
    assert!(polity_charter::parse("c", &text.replace("45000000", "44999999")).is_err(), "no less");
}

#[test]
fn the_bytes_of_a_block_have_bounds() {
    let world = World::new(Options { gas_limit: 300_000_000, ..FREE });
    let alice = Key::of("alice");
    let heavy = |nonce| {
        let input = Bytes::from(vec![0; 1_000_000]);
        alice.sign(TxEip1559 { gas_limit: 12_000_000, ..call(nonce, Address::repeat_byte(5), input) })
    };
    let built = world.try_build((0..5).map(heavy).collect()).unwrap();
    assert_eq!((built.transactions.len(), built.rejected.len()), (3, 0));
    let reason = refusal(&world, built.block.block.header.clone(), (0..4).map(heavy).collect());
    assert!(
        matches!(
            &reason,
            InvalidBlock::Transaction { index: 3, reason: TransactionFault::BytesLeft { .. }, .. }
        ),
        "{reason}"
    );
    let reason = refusal(&world, built.block.block.header, (0..5).map(heavy).collect());
    assert!(matches!(reason, InvalidBlock::Bytes { max: BLOCK_BYTES_MAX, .. }), "{reason}");
}

#[test]
fn only_members_with_the_right_transact_where_the_charter_says_so() {
    let mut world = World::new(MEMBERS);
    let there = Address::repeat_byte(9);
    let (member, watchdog) = (Key::of("m1"), Key::of("watch"));
    // Accounts named in the charter are the members' guests.
    world.step(vec![member.sign(pay(0, there, 1)), Key::of("alice").sign(pay(0, there, 1))]);
    let open = World::new(FREE);
    for outsider in [watchdog, Key::of("anyone else")] {
        let sent = outsider.sign(TxEip1559 { value: U256::ZERO, ..pay(0, there, 0) });
        let fault = TransactionFault::NoRight { sender: outsider.address };
        let built = world.try_build(vec![sent.clone()]).unwrap();
        assert_eq!(built.rejected, vec![(sent.hash, fault.to_string())]);
        let reason = refusal(&world, built.block.block.header, vec![sent.clone()]);
        assert!(matches!(&reason, InvalidBlock::Transaction { reason, .. } if *reason == fault), "{reason}");
        assert_eq!(open.try_build(vec![sent]).unwrap().rejected, vec![], "anyone may elsewhere");
    }
    assert!(matches!(member.sign(pay(1, there, 1)).transaction, Transaction::Signed(_)));
}

#[test]
fn attributes_out_of_time_are_refused_before_any_work() {
    let (world, _) = sample();
    let attributes = crate::Attributes { timestamp_secs: 0, ..world.attributes() };
    let source = &mut super::support::Queue::new([]);
    let refused =
        world
            .executor
            .build(world.header(), world.head.hash, &world.view, &attributes, source, &|_| B256::ZERO);
    assert!(matches!(refused, Err(Error::Attributes(InvalidBlock::TimestampBeforeParent { .. }))));
}
