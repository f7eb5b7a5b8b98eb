//! Known answers from `solc`'s documented layout, and properties of every place.

use std::collections::BTreeMap;

use alloy_primitives::{address, b256, hex};
use proptest::prelude::*;

use super::*;

#[derive(Default)]
struct Account(BTreeMap<U256, U256>);

impl Read for Account {
    type Error = Infallible;
    fn read(&mut self, slot: U256) -> Result<U256, Infallible> {
        Ok(self.0.get(&slot).copied().unwrap_or_default())
    }
}

impl Write for Account {
    fn write(&mut self, slot: U256, value: U256) -> Result<(), Infallible> {
        if value.is_zero() {
            self.0.remove(&slot)
        } else {
            self.0.insert(slot, value)
        };
        Ok(())
    }
}

layout! {
    struct Pair { name: Text, count: Slot<u64> }
}
layout! {
    struct Everything { first: Slot<bool>, pairs: Map<Address, Pair>, list: List<Pair>, history: History, last: Slot<Address> }
}

const ROOT: U256 = U256::ZERO;

#[test]
fn fields_follow_each_other() {
    assert_eq!(Everything::SLOTS, 6);
    assert_eq!(Everything::place(ROOT).first.slot(), ROOT);
    assert_eq!(Everything::place(ROOT).last.slot(), U256::from(5));
    assert_eq!(Everything::place(U256::from(10)).last.slot(), U256::from(15));
}

#[test]
fn mapping_and_array_slots_are_solidity_s() {
    // keccak256(abi.encode(0x…1001, 1)) and keccak256(abi.encode(2)), computed apart with `cast index` and `cast keccak`.
    let key = address!("0x0000000000000000000000000000000000001001");
    let all = Everything::place(ROOT);
    let mut encoded = [0u8; 64];
    encoded[12..32].copy_from_slice(key.as_slice());
    encoded[63] = 1;
    let expected = U256::from_be_bytes(keccak256(encoded).0).wrapping_add(U256::from(1));
    assert_eq!(all.pairs.at(key).count.slot(), expected);
    let base = b256!("405787fa12a823e0f2b7631cc41b3ba8828b3321ca811111fa75cd3aa3bb5ace");
    assert_eq!(all.list.at(0).count.slot(), U256::from_be_bytes(base.0).wrapping_add(U256::from(1)));
    assert_eq!(all.list.at(3).count.slot(), U256::from_be_bytes(base.0).wrapping_add(U256::from(7)));
}

#[test]
fn short_and_long_strings_are_solidity_s() {
    let mut account = Account::default();
    let text = Pair::place(ROOT).name;
    let Ok(()) = text.set(&mut account, "abc");
    let head = hex!("6162630000000000000000000000000000000000000000000000000000000006");
    assert_eq!(account.0, BTreeMap::from([(ROOT, U256::from_be_bytes(head))]));
    let Ok(()) = text.set(&mut account, &"x".repeat(40));
    assert_eq!(account.0.len(), 3);
    assert_eq!(account.0[&ROOT], U256::from(81));
    // keccak256(uint256(0))
    let data = U256::from_be_bytes(hex!("290decd9548b62a8d60345a988386fc84ba6bc95484008f6362f93160ef3e563"));
    assert_eq!(account.0[&data], U256::from_be_bytes([b'x'; 32]));
    let Ok(()) = text.set(&mut account, "");
    assert_eq!(account.0, BTreeMap::new(), "a shorter value clears the longer one");
}

#[test]
fn words_keep_their_value() {
    assert_eq!(u64::from_word(u64::MAX.to_word()), u64::MAX);
    assert_eq!(u128::from_word(u128::MAX.to_word()), u128::MAX);
    let who = address!("0xfffffffffffffffffffffffffffffffffffffffe");
    assert_eq!(<Address as Word>::from_word(who.to_word()), who);
    assert_eq!(who.to_word() >> 160usize, U256::ZERO);
}

proptest! {
    #[test]
    fn blobs_round_trip_and_leave_nothing(values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..130), 1..6)) {
        let mut account = Account::default();
        let blob = Blob::place(U256::from(7));
        for value in &values {
            let Ok(()) = blob.set(&mut account, value);
            let Ok(read) = blob.get(&mut account);
            prop_assert_eq!(&read, value);
        }
        let Ok(()) = blob.set(&mut account, &[]);
        prop_assert!(account.0.is_empty());
    }

    #[test]
    fn history_answers_as_of_any_height(changes in prop::collection::vec((0u64..6, 0u64..4), 0..20)) {
        let mut account = Account::default();
        let history = Everything::place(ROOT).history;
        let mut truth = BTreeMap::new();
        let mut now = 0u64;
        for (step, value) in changes {
            now += step;
            let Ok(()) = history.set(&mut account, now, U256::from(value));
            truth.insert(now, value);
        }
        for height in 0..=now + 1 {
            let expected = truth.range(..=height).next_back().map_or(0, |(_, value)| *value);
            prop_assert_eq!(history.at(&mut account, height), Ok(U256::from(expected)), "at {}", height);
        }
        let Ok(latest) = history.get(&mut account);
        prop_assert_eq!(latest, U256::from(truth.values().next_back().copied().unwrap_or(0)));
    }

    #[test]
    fn lists_are_vectors(operations in prop::collection::vec((any::<bool>(), 0usize..8), 0..40)) {
        let mut account = Account::default();
        let list = List::<Slot<u64>>::place(ROOT);
        let mut model: Vec<u64> = Vec::new();
        for (i, (push, index)) in operations.into_iter().enumerate() {
            if push {
                let Ok(()) = list.push(&mut account, i as u64 + 1);
                model.push(i as u64 + 1);
            } else if index < model.len() {
                model.swap_remove(index);
                let Ok(moved) = list.swap_remove(&mut account, index as u64);
                prop_assert_eq!(moved, model.get(index).copied());
            }
            prop_assert_eq!(list.all(&mut account), Ok(model.clone()));
        }
        for index in (0..model.len() as u64).rev() {
            let Ok(_) = list.swap_remove(&mut account, index);
        }
        prop_assert!(account.0.is_empty());
    }
}
