//! The trie under keys that an attacker would grind: long shared prefixes, nodes shorter than a hash.

use std::collections::BTreeMap;

use alloy_primitives::{B256, U256};
use alloy_rlp::Encodable;
use alloy_trie::{Nibbles, proof::verify_proof, root::storage_root};
use proptest::prelude::*;

use crate::{node::Value, trie::Trie, update::Change};

#[derive(Clone)]
struct Number(U256);

impl Value for Number {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }
}

/// `None` removes.
#[derive(Clone, Debug)]
struct Set(Option<U256>);

impl Change<Number> for Set {
    fn apply(&self, _: Option<&Number>) -> Option<Number> {
        self.0.map(Number)
    }
}

type Model = BTreeMap<B256, U256>;

/// Keys that differ in few nibbles, at any depth: `(where, what)` pairs on a background of zeros.
fn key() -> impl Strategy<Value = B256> {
    let positions = prop_oneof![Just(0usize), Just(1), Just(30), Just(61), Just(62), Just(63), 0usize..64];
    proptest::collection::vec((positions, 0u8..3), 0..4).prop_map(|marks| {
        let mut key = B256::ZERO;
        for (at, nibble) in marks {
            key.0[at / 2] |= if at % 2 == 0 { nibble << 4 } else { nibble };
        }
        key
    })
}

fn number() -> impl Strategy<Value = U256> {
    prop_oneof![
        (1u64..200).prop_map(U256::from),
        any::<[u8; 32]>().prop_map(|b| U256::from_be_bytes(b) | U256::ONE)
    ]
}

fn batch() -> impl Strategy<Value = BTreeMap<B256, Option<U256>>> {
    proptest::collection::btree_map(key(), proptest::option::weighted(0.6, number()), 0..24)
}

fn update(trie: &Trie<Number>, model: &mut Model, batch: &BTreeMap<B256, Option<U256>>) -> Trie<Number> {
    for (key, value) in batch {
        match value {
            Some(value) => model.insert(*key, *value),
            None => model.remove(key),
        };
    }
    trie.update(&batch.iter().map(|(key, value)| (*key, Set(*value))).collect::<Vec<_>>())
}

fn check_proof(trie: &Trie<Number>, model: &Model, key: B256) -> Result<(), TestCaseError> {
    let expected = model.get(&key).map(alloy_rlp::encode);
    let proof = trie.proof(&key);
    let verdict = verify_proof(trie.root(), Nibbles::unpack(key), expected, &proof);
    prop_assert!(verdict.is_ok(), "{key}: {verdict:?}");
    let other = Some(alloy_rlp::encode(U256::from(12_345_678u64)));
    prop_assert!(
        verify_proof(trie.root(), Nibbles::unpack(key), other, &proof).is_err(),
        "{key} proves anything"
    );
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn batches_lead_to_the_root_of_what_they_leave(batches in proptest::collection::vec(batch(), 1..6), probe in key()) {
        let (mut trie, mut model) = (Trie::<Number>::default(), Model::new());
        for batch in &batches {
            let (before, root) = (trie.clone(), trie.root());
            trie = update(&trie, &mut model, batch);
            prop_assert_eq!(trie.root(), storage_root(model.clone()));
            prop_assert_eq!(before.root(), root, "the old version changed");
        }
        for (key, value) in &model {
            prop_assert_eq!(trie.get(key).map(|n| n.0), Some(*value));
            check_proof(&trie, &model, *key)?;
        }
        prop_assert_eq!(trie.get(&probe).map(|n| n.0), model.get(&probe).copied());
        check_proof(&trie, &model, probe)?;
    }

    #[test]
    fn removing_everything_leaves_nothing(all in batch()) {
        let (mut model, trie) = (Model::new(), Trie::<Number>::default());
        let full = update(&trie, &mut model, &all);
        let none = all.keys().map(|key| (*key, None)).collect();
        let empty = update(&full, &mut model, &none);
        prop_assert_eq!(empty.root(), alloy_trie::EMPTY_ROOT_HASH);
        prop_assert!(empty.proof(&B256::ZERO).is_empty());
    }
}
