//! Evidence that the writer of a block carries: it convicts, or it is not in the block; whoever puts anything else in has no block.

use alloy_primitives::{B256, Bytes, U256};
use alloy_sol_types::SolCall;
use polity_institutions::{
    constitution::{self, IConstitution as sol},
    registry,
};
use polity_primitives::{
    Accusation, Block, CONSTITUTION, Height, RecoveredTransaction, Signature, SystemTransaction, Transaction,
    VoteKind, VotePair, vote_digest,
};

use super::support::{CHAIN_ID, Key, MARKET, Options, World, call};
use crate::{BlockError, CARRIED_MAX, InvalidBlock, SYSTEM_GAS_TARGET};

pub(super) const PLEDGED: Options = Options {
    incentive: r#"{ pledge = "50", unbonding = "7d", slash = { double_sign = "1/2" }, forfeited = "reporter", share = "1/20" }"#,
    ..MARKET
};

/// Two precommits of the node of `member` in one round.
pub(super) fn votes(member: &str, height: u64) -> Bytes {
    let key = Key::of(&format!("{member}-node"));
    let (a, b) = (B256::repeat_byte(1), B256::repeat_byte(2));
    let sign = |hash| {
        let digest = vote_digest(CHAIN_ID, VoteKind::Precommit, Height(height), 0, Some(hash));
        Signature::from(key.signature(digest).as_bytes())
    };
    let pair = VotePair {
        kind: 2,
        height,
        round: 0,
        first_hash: a,
        first: sign(a),
        second_hash: b,
        second: sign(b),
    };
    Accusation::DoubleVote(pair).to_bytes()
}

/// One vote twice: proves nothing.
fn nothing() -> Bytes {
    let Ok(Accusation::DoubleVote(pair)) = Accusation::from_bytes(&votes("m2", 1)) else { panic!("a pair") };
    let (second_hash, second) = (pair.first_hash, pair.first);
    Accusation::DoubleVote(VotePair { second_hash, second, ..pair }).to_bytes()
}

fn status(world: &World, member: &str) -> String {
    registry::status_at(&world.view, member, u64::MAX).as_str().to_owned()
}

fn convicts(transactions: &[RecoveredTransaction]) -> Vec<(usize, Bytes)> {
    let evidence = |tx: &RecoveredTransaction| match &tx.transaction {
        Transaction::System(tx) => sol::convictCall::abi_decode(&tx.input).ok().map(|call| call.evidence),
        Transaction::Signed(_) => None,
    };
    (0..).zip(transactions).filter_map(|(at, tx)| Some((at, evidence(tx)?))).collect()
}

#[test]
fn what_is_proved_is_punished_with_nobody_sending_anything() {
    let mut world = World::new(PLEDGED);
    world.evidence = vec![votes("m2", 1)];
    let before = world.view.balance(Key::of("m1").address);
    let built = world.offer(vec![]);
    assert_eq!(convicts(&built.transactions), [(1, votes("m2", 1))], "after the accounts");
    assert_eq!(status(&world, "m2"), "suspended");
    let offences = constitution::offences(&world.view, 0, 9);
    let unit = U256::from(10).pow(U256::from(18));
    let [offence] = &offences[..] else { panic!("{offences:?}") };
    assert_eq!((offence.member.as_str(), offence.forfeited), ("m2", U256::from(50) * unit));
    assert_eq!(offence.reporter, Some(Key::of("m1").address), "the member that wrote the block");
    let earned = world.view.balance(Key::of("m1").address) - before;
    assert_eq!(earned, U256::from(50) * unit / U256::from(20));
    let used = built.outcome.receipts[1].cumulative_gas_used - built.outcome.receipts[0].cumulative_gas_used;
    assert!(used < SYSTEM_GAS_TARGET, "{used} gas of a block's bookkeeping");
    // The same again is left out, and the next block is as if it were not offered.
    let again = world.offer(vec![]);
    assert_eq!((convicts(&again.transactions), again.unproved.len()), (vec![], 1));
}

#[test]
fn what_convicts_nobody_leaves_no_trace_in_the_block_that_is_built() {
    let mut world = World::new(PLEDGED);
    let without = world.try_build(vec![]).unwrap();
    world.evidence = vec![nothing(), votes("nobody", 1)];
    let built = world.try_build(vec![]).unwrap();
    assert_eq!(built.block, without.block);
    let reasons: Vec<_> = built.unproved.iter().map(|(_, reason)| reason.as_str()).collect();
    assert_eq!(reasons, ["NoOffence", "Unattributed"]);
    // Somebody's own transaction in the same block is first: what is carried has nothing left to do.
    world.evidence = vec![votes("m2", 1)];
    let alice = Key::of("alice");
    let accuse = sol::accuseCall { evidence: votes("m2", 1) };
    let mut transaction = call(world.nonce(&alice), CONSTITUTION, accuse.abi_encode());
    transaction.gas_limit = 2_000_000;
    let built = world.offer(vec![alice.sign(transaction)]);
    assert_eq!(convicts(&built.transactions), []);
    let reporter = constitution::offences(&world.view, 0, 9)[0].reporter;
    assert_eq!(reporter, Some(alice.address));
}

#[test]
fn a_block_carries_so_much_and_no_more_and_none_where_there_is_no_incentive() {
    let mut world = World::new(PLEDGED);
    world.evidence = vec![votes("m2", 1), votes("m3", 1), votes("m4", 1)];
    let built = world.offer(vec![]);
    assert_eq!(convicts(&built.transactions).len(), CARRIED_MAX);
    assert_eq!(status(&world, "m4"), "active", "it waits for the next block");
    let mut world = World::new(MARKET);
    world.evidence = vec![votes("m2", 1)];
    assert_eq!(world.offer(vec![]).transactions, []);
}

/// Why the block with these system transactions instead is refused.
fn refusal(world: &World, of: &Block, system: Vec<SystemTransaction>) -> InvalidBlock {
    let transactions: Vec<_> = system.into_iter().map(RecoveredTransaction::system).collect();
    let list = transactions.iter().map(|tx| tx.transaction.clone()).collect();
    let block = Block::unsealed(of.header.clone(), list);
    match world.apply(&block.seal(), &transactions) {
        Err(BlockError::Invalid(reason)) => reason,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn whoever_puts_anything_else_in_has_no_block() {
    let mut world = World::new(PLEDGED);
    world.evidence = vec![votes("m2", 1), votes("m3", 1)];
    let built = world.try_build(vec![]).unwrap();
    let system = |tx: &RecoveredTransaction| match &tx.transaction {
        Transaction::System(tx) => tx.clone(),
        Transaction::Signed(_) => panic!("nobody sent anything"),
    };
    let good: Vec<_> = built.transactions.iter().map(system).collect();
    let [close, first, second] = &good[..] else { panic!("{good:?}") };
    let with = |tx: &SystemTransaction, index: u64, evidence: Bytes| {
        let writer = Key::of("m1-node").address;
        let input = sol::convictCall { writer, evidence }.abi_encode().into();
        SystemTransaction { index, input, ..tx.clone() }
    };
    let block = &built.block.block;
    for (false_evidence, why) in [(nothing(), "NoOffence"), (votes("m3", 2), "FutureHeight")] {
        let reason = refusal(&world, block, vec![close.clone(), with(first, 1, false_evidence)]);
        let InvalidBlock::Evidence { index: 0, reason } = &reason else { panic!("{reason}") };
        assert_eq!(reason, why);
    }
    let twice = vec![close.clone(), first.clone(), with(second, 2, votes("m2", 1))];
    let reason = refusal(&world, block, twice);
    assert!(matches!(&reason, InvalidBlock::Evidence { index: 1, reason } if reason == "AlreadyPunished"));
    let three = [good.clone(), vec![with(second, 3, votes("m4", 1))]].concat();
    let reason = refusal(&world, block, three);
    assert!(matches!(reason, InvalidBlock::SystemTransaction { index: 3, expected: None, .. }), "{reason}");
    let before_the_accounts =
        vec![with(first, 0, votes("m2", 1)), SystemTransaction { index: 1, ..close.clone() }];
    let reason = refusal(&world, block, before_the_accounts);
    assert!(matches!(reason, InvalidBlock::SystemTransaction { index: 0, .. }), "{reason}");
    let writer = Key::of("m4-node").address;
    let input = sol::convictCall { writer, evidence: votes("m2", 1) }.abi_encode().into();
    let for_another = vec![close.clone(), SystemTransaction { input, ..first.clone() }];
    let reason = refusal(&world, block, for_another);
    assert!(matches!(reason, InvalidBlock::SystemTransaction { index: 1, .. }), "{reason}");
    // What the builder made is taken.
    world.apply(&built.block, &built.transactions).unwrap();
}
