//! What the chain does by itself: system transactions, their failures, their limits.

use alloy_consensus::TxEip1559;
use alloy_primitives::{Address, U256, keccak256};
use alloy_sol_types::SolCall;
use polity_institutions::{
    assembly::{self, Choice, IAssembly, Status},
    names,
    treasury::ITreasury,
};
use polity_primitives::{
    AGREEMENT, ASSEMBLY, RecoveredTransaction, SYSTEM, SYSTEM_TX_TYPE, TREASURY, Transaction,
};

use super::{
    carrying::{PLEDGED, votes},
    support::{BOMB, BURNER, FREE, Key, MARKET, MEMBER_IDS, Options, REFUSER, World, call},
};
use crate::InvalidBlock;

/// Opens a proposal of `calls` and lets every member agree; the id.
pub(super) fn adopt(world: &mut World, calls: Vec<IAssembly::Call>) -> u64 {
    let id = assembly::proposal_count(&world.view) + 1;
    let keys = MEMBER_IDS.map(Key::of);
    let propose =
        IAssembly::proposeCall { track: names::word("all").unwrap(), title: "Do it".to_owned(), calls }
            .abi_encode();
    let nonce = world.nonce(&keys[0]);
    world.succeed(keys[0].sign(TxEip1559 { gas_limit: 10_000_000, ..call(nonce, ASSEMBLY, propose) }));
    let id = assembly::proposal(&world.view, id).map_or(id - 1, |_| id);
    let agree = IAssembly::ballotCall { id: U256::from(id), choice: Choice::Yes }.abi_encode();
    let ballots = keys.map(|key| key.sign(call(world.nonce(&key), ASSEMBLY, agree.clone())));
    assert!(world.step(ballots.to_vec()).iter().all(|receipt| receipt.success));
    id
}

fn status(world: &World, id: u64) -> Status {
    let view = assembly::proposal(&world.view, id).unwrap();
    view.status
}

fn system_transactions(world: &World) -> Vec<RecoveredTransaction> {
    world.last.0.iter().filter(|tx| tx.signed().is_none()).cloned().collect()
}

/// Empty blocks until the proposal is settled; the blocks it took.
pub(super) fn settle(world: &mut World, id: u64) -> u64 {
    for blocks in 1..40 {
        world.step(vec![]);
        if matches!(status(world, id), Status::Executed | Status::Failed | Status::Rejected) {
            return blocks;
        }
    }
    panic!("proposal {id} is never settled: {:?}", status(world, id));
}

pub(super) fn payment(to: Address, amount: u64) -> IAssembly::Call {
    let pay = ITreasury::payCall { name: names::word("common").unwrap(), to, amount: U256::from(amount) };
    IAssembly::Call { target: TREASURY, value: U256::ZERO, data: pay.abi_encode().into() }
}

pub(super) fn plain(target: Address) -> IAssembly::Call {
    IAssembly::Call { target, value: U256::ZERO, data: Default::default() }
}

fn enacts(options: Options) {
    let mut world = World::new(options);
    let payee = Address::repeat_byte(0xcc);
    let id = adopt(&mut world, vec![payment(payee, 700)]);
    settle(&mut world, id);
    assert_eq!(status(&world, id), Status::Executed);
    assert_eq!(world.view.balance(payee), U256::from(700));
    let system = system_transactions(&world);
    let Transaction::System(tx) = &system.last().unwrap().transaction else { panic!() };
    assert_eq!((tx.to, tx.height), (AGREEMENT, world.header().number));
    let receipt = world.last.1.last().unwrap();
    assert_eq!((receipt.tx_type, receipt.success), (SYSTEM_TX_TYPE, true));
    assert!(receipt.logs.iter().any(|log| log.address == TREASURY));
    assert!(receipt.logs.iter().any(|log| log.address == ASSEMBLY));
    assert_eq!(world.header().gas_used, receipt.cumulative_gas_used);
    assert!(world.view.state.account(&SYSTEM).is_none(), "the system has no account");
}

#[test]
fn a_decision_carries_itself_out() {
    enacts(FREE);
    enacts(MARKET);
}

#[test]
fn a_poisoned_enactment_is_marked_failed_and_the_chain_goes_on() {
    let alice = Key::of("alice");
    for (name, code) in [("burns all gas", BURNER), ("reverts", REFUSER), ("return bomb", BOMB)] {
        let mut world = World::new(FREE);
        let poison = world.deploy(&alice, code);
        let payee = Address::repeat_byte(0xcc);
        let id = adopt(&mut world, vec![payment(payee, 700), plain(poison)]);
        settle(&mut world, id);
        assert_eq!(status(&world, id), Status::Failed, "{name}");
        assert_eq!(world.view.balance(payee), U256::ZERO, "{name}: all calls or none");
        let last: Vec<_> = world.last.1.iter().map(|receipt| receipt.success).collect();
        assert_eq!(last, [false, true], "{name}: the failure, then the record of it");
        let [enact, marked] = &system_transactions(&world)[..] else { panic!("{name}") };
        let targets = [enact, marked].map(|tx| match &tx.transaction {
            Transaction::System(tx) => (tx.to, tx.index),
            Transaction::Signed(_) => panic!("{name}"),
        });
        assert_eq!(targets, [(AGREEMENT, 0), (ASSEMBLY, 1)], "{name}");
        assert!(world.header().gas_used <= world.header().gas_limit, "{name}");
        // And on: the next decision is carried out.
        let id = adopt(&mut world, vec![payment(payee, 1)]);
        settle(&mut world, id);
        assert_eq!(status(&world, id), Status::Executed, "{name}");
    }
}

#[test]
fn a_full_block_does_not_delay_what_is_due() {
    full_blocks(World::new(FREE), false);
}

/// Accounts and evidence have gas of their own: nobody who pays for full blocks keeps decisions from being carried out.
#[test]
fn full_blocks_with_accounts_and_evidence_do_not_either() {
    full_blocks(World::new(Options { incentive: PLEDGED.incentive, ..FREE }), true);
}

fn full_blocks(mut world: World, accounts: bool) {
    let alice = Key::of("alice");
    let burner = world.deploy(&alice, BURNER);
    let id = adopt(&mut world, vec![payment(alice.address, 1)]);
    let mut quiet = world.clone();
    let quiet_blocks = settle(&mut quiet, id);
    for block in 1..=quiet_blocks {
        let burn =
            |key: &Key, gas_limit| key.sign(TxEip1559 { gas_limit, ..call(world.nonce(key), burner, []) });
        let full = vec![burn(&alice, 16_000_000), burn(&Key::of("bob"), 8_000_000)];
        world.evidence = if accounts { vec![votes("m3", 1)] } else { vec![] };
        world.step(full);
        assert!(world.header().gas_used >= 24_000_000, "block {block} is full");
    }
    assert_eq!(status(&world, id), Status::Executed);
    assert!(world.header().gas_used <= world.header().gas_limit);
}

#[test]
fn leaving_out_or_changing_what_is_due_is_refused() {
    let mut world = World::new(FREE);
    let id = adopt(&mut world, vec![payment(Address::repeat_byte(0xcc), 1)]);
    let mut built = world.try_build(vec![]).unwrap();
    for _ in 0..40 {
        if !built.outcome.system.is_empty() {
            break;
        }
        world.step(vec![]);
        built = world.try_build(vec![]).unwrap();
    }
    assert_eq!(built.outcome.system.len(), 1, "proposal {id} is concluded");
    let due = built.outcome.system[0].clone();
    let apply = |transactions: Vec<RecoveredTransaction>| {
        let mut block = built.block.block.clone();
        block.transactions = transactions.iter().map(|tx| tx.transaction.clone()).collect();
        world.apply(&block.seal(), &transactions).unwrap_err()
    };
    let missing = InvalidBlock::SystemTransaction { index: 0, expected: Some(due.hash), found: None };
    assert_eq!(apply(vec![]), missing.into());
    let Transaction::System(mut tx) = due.transaction.clone() else { panic!() };
    tx.gas_limit += 1;
    let altered = RecoveredTransaction::system(tx);
    let found = Some(altered.hash);
    let other = InvalidBlock::SystemTransaction { index: 0, expected: Some(due.hash), found };
    assert_eq!(apply(vec![altered]), other.into());
    assert_eq!(
        apply(vec![due.clone(), due.clone()]),
        InvalidBlock::SystemTransaction { index: 1, expected: None, found: Some(due.hash) }.into()
    );
}

/// A payment decided by the members and carried out in the last block.
pub(crate) fn decide_a_payment(world: &mut World) {
    let id = adopt(world, vec![payment(Address::repeat_byte(0xcc), 700)]);
    settle(world, id);
    assert_eq!(status(world, id), Status::Executed);
}

#[test]
fn lots_are_drawn_with_the_randomness_of_the_block_after_the_announcement() {
    let chambers = r#"
[chambers.jury]
by = "sortition"
seats = 2
from = "all"
term = "100d"
rule = "two-thirds"
voting = "1m"
"#;
    let mut world = World::new(Options { chambers, ..FREE });
    let jury = |world: &World| assembly::seats_of(&world.view, "jury").unwrap();
    world.step(vec![]);
    assert!(jury(&world).is_drawing && jury(&world).seed.is_none());
    world.step(vec![]);
    let chain = U256::from(super::support::CHAIN_ID).to_be_bytes::<32>();
    let term = U256::from(1).to_be_bytes::<32>();
    let id = names::word("jury").unwrap();
    let randao = world.header().mix_hash;
    let seed = keccak256([randao.as_slice(), &chain, id.as_slice(), &term].concat());
    world.step(vec![]);
    let jury = jury(&world);
    assert_eq!((jury.term, jury.seed, jury.members.len()), (1, Some(seed), 2));
    let mut lots: Vec<_> = MEMBER_IDS
        .map(|member| {
            (keccak256([seed.as_slice(), names::word(member).unwrap().as_slice()].concat()), member)
        })
        .to_vec();
    lots.sort_unstable();
    assert_eq!(jury.members, [lots[0].1, lots[1].1]);
}
