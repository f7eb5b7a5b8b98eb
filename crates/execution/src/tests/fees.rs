//! Money: none is made, none is lost but what the base fee burns.

use alloy_primitives::{Address, U256};
use polity_primitives::{AGREEMENT, TREASURY};
use proptest::prelude::*;

use super::support::{BURNER, COUNTER, FREE, Key, MARKET, Options, World, call, pay, tx};
use crate::TransactionFault;

const PEOPLE: [&str; 7] = ["alice", "bob", "m1", "m2", "m3", "m4", "watch"];

fn supply(world: &World, others: &[Address]) -> U256 {
    let people = PEOPLE.map(|id| Key::of(id).address);
    let writer = Key::of("m1-node").address;
    let all = people.iter().chain(others).chain([&writer, &TREASURY, &AGREEMENT]);
    all.fold(U256::ZERO, |sum, address| sum + world.view.balance(*address))
}

/// Ways to spend: pays, counts, burns all gas, offers too little.
fn spend(options: Options, choices: &[(usize, u8, u64)]) {
    let mut world = World::new(options);
    let deployer = Key::of("watch");
    let counter = world.deploy(&deployer, COUNTER);
    let burner = world.deploy(&deployer, BURNER);
    let others = [counter, burner, Address::repeat_byte(0xbb)];
    for chunk in choices.chunks(4) {
        let before = supply(&world, &others);
        let mut nonces = PEOPLE.map(|id| world.nonce(&Key::of(id)));
        let mut txs = Vec::new();
        for (who, what, amount) in chunk {
            let key = Key::of(PEOPLE[*who]);
            let nonce = &mut nonces[*who];
            let tx = match what {
                0 => pay(*nonce, others[2], *amount),
                1 => call(*nonce, counter, []),
                _ => call(*nonce, burner, []),
            };
            *nonce += 1;
            txs.push(key.sign(tx));
        }
        world.step(txs);
        let base_fee = U256::from(world.header().base_fee_per_gas.unwrap());
        let burnt = base_fee * U256::from(world.header().gas_used);
        assert_eq!(supply(&world, &others) + burnt, before);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn supply_is_conserved_to_the_wei(
        choices in prop::collection::vec((0..PEOPLE.len(), 0u8..3, 0u64..u64::MAX), 1..16),
        market in any::<bool>(),
    ) {
        spend(if market { MARKET } else { FREE }, &choices);
    }
}

#[test]
fn free_means_free() {
    let mut world = World::new(FREE);
    let (poor, writer) = (Key::of("nobody ever paid me"), Key::of("m1-node"));
    let counter = world.deploy(&Key::of("alice"), COUNTER);
    // Offers 100 gwei per gas and owns nothing.
    world.succeed(poor.sign(call(0, counter, [])));
    assert_eq!(world.view.balance(writer.address), U256::ZERO);
    assert_eq!(world.header().base_fee_per_gas, Some(0));
    assert_eq!(world.executor.founding().effective_gas_price(&call(0, counter, []), 0), 0);
    assert_eq!(world.executor.founding().cost_max(&pay(0, counter, 5)), U256::from(5));
    // Value must still be owned.
    let built = world.try_build(vec![poor.sign(pay(1, counter, 1))]).unwrap();
    let fault = TransactionFault::Funds { cost: U256::from(1), balance: U256::ZERO };
    assert_eq!(built.rejected[0].1, fault.to_string());
}

#[test]
fn the_market_pays_tips_and_moves_the_base_fee() {
    let mut world = World::new(Options { gas_limit: 45_000_000, ..MARKET });
    let (alice, writer) = (Key::of("alice"), Key::of("m1-node"));
    assert_eq!(world.header().base_fee_per_gas, Some(1_000_000_000));
    world.step(vec![]);
    let empty = world.header().base_fee_per_gas.unwrap();
    assert_eq!(empty, 875_000_000, "an empty block lowers it by an eighth");
    let burner = world.deploy(&alice, BURNER);
    let had = world.view.balance(writer.address);
    let full = alloy_consensus::TxEip1559 { gas_limit: 16_500_000, ..call(1, burner, []) };
    world.succeed_or_burn(alice.sign(full));
    assert_eq!(
        world.view.balance(writer.address) - had,
        U256::from(16_500_000u64) * U256::from(1_000_000_000u64)
    );
    let burn = |world: &World, key: &Key, gas_limit| {
        let tx = alloy_consensus::TxEip1559 { gas_limit, ..call(world.nonce(key), burner, []) };
        key.sign(tx)
    };
    let full = vec![burn(&world, &alice, 16_500_000), burn(&world, &Key::of("bob"), 7_400_000)];
    world.step(full);
    let before = world.header().base_fee_per_gas.unwrap();
    world.step(vec![]);
    assert!(world.header().base_fee_per_gas.unwrap() > before, "23.9 of 45 million gas is above the target");
}

#[test]
fn the_market_refuses_who_cannot_or_will_not_pay() {
    let world = World::new(MARKET);
    let (alice, poor) = (Key::of("alice"), Key::of("poor"));
    let stingy = alloy_consensus::TxEip1559 {
        max_fee_per_gas: 1,
        max_priority_fee_per_gas: 0,
        ..tx(0, Address::ZERO)
    };
    let upside_down =
        alloy_consensus::TxEip1559 { max_priority_fee_per_gas: u128::MAX, ..tx(0, Address::ZERO) };
    for (tx, expected) in [
        (alice.sign(stingy), TransactionFault::BaseFee.to_string()),
        (alice.sign(upside_down), "the tip is above the fee cap".to_owned()),
    ] {
        assert_eq!(world.try_build(vec![tx]).unwrap().rejected[0].1, expected);
    }
    let built = world.try_build(vec![poor.sign(tx(0, Address::ZERO))]).unwrap();
    assert!(built.rejected[0].1.starts_with("insufficient funds"), "{}", built.rejected[0].1);
}

impl World {
    /// One transaction, whether or not it succeeds.
    fn succeed_or_burn(&mut self, tx: polity_primitives::RecoveredTransaction) {
        self.step(vec![tx]);
    }
}
