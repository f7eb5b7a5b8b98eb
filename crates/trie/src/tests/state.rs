//! The state against a flat model of it.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, KECCAK256_EMPTY, U256, keccak256};
use alloy_trie::{EMPTY_ROOT_HASH, Nibbles, TrieAccount, proof::verify_proof, root};
use polity_primitives::{Account, AccountChange, SlotChange, StateChanges};
use proptest::prelude::*;

use crate::{BATCH_MAX, State};

/// Accounts with their slots, zero slots absent.
type Model = BTreeMap<Address, (Account, BTreeMap<U256, U256>)>;

/// What a block writes: per account its new value (`None` deletes) and slots.
type Writes = BTreeMap<Address, (Option<Account>, BTreeMap<U256, U256>)>;

fn address(i: u64) -> Address {
    Address::left_padding_from(&i.to_be_bytes())
}

fn account(nonce: u64, balance: U256, code: bool) -> Account {
    let code_hash = if code { keccak256([0xef]) } else { KECCAK256_EMPTY };
    Account { nonce, balance, code_hash }
}

fn storage_root(slots: &BTreeMap<U256, U256>) -> B256 {
    root::storage_root_unhashed(slots.iter().map(|(slot, value)| (B256::from(*slot), *value)))
}

fn trie_account((account, slots): &(Account, BTreeMap<U256, U256>)) -> TrieAccount {
    TrieAccount::new(account.nonce, account.balance, storage_root(slots), account.code_hash)
}

fn state_root(model: &Model) -> B256 {
    root::state_root_unhashed(model.iter().map(|(address, entry)| (*address, trie_account(entry))))
}

/// The changes that `writes` make in `model`, which becomes what they leave.
fn block(model: &mut Model, writes: &Writes) -> StateChanges {
    let mut changes = StateChanges::default();
    for (address, (after, slots)) in writes {
        let (before, old) = model.remove(address).map_or((None, BTreeMap::new()), |(a, s)| (Some(a), s));
        // As the EVM has it: an account with storage is never deleted, an absent one has none.
        let after = if old.is_empty() { *after } else { after.or(before) };
        let mut change = AccountChange { before, after, storage: BTreeMap::new() };
        let mut new = old.clone();
        for (slot, value) in slots.iter().filter(|_| after.is_some()) {
            let before = old.get(slot).copied().unwrap_or_default();
            if before != *value {
                change.storage.insert(*slot, SlotChange { before, after: *value });
                new.insert(*slot, *value);
            }
        }
        new.retain(|_, value| !value.is_zero());
        if let Some(after) = after {
            model.insert(*address, (after, new));
        }
        if before.is_some() || after.is_some() {
            changes.accounts.insert(*address, change);
        }
    }
    changes
}

fn writes(accounts: u64) -> impl Strategy<Value = Writes> {
    let account = (0u64..3, any::<u128>(), any::<bool>())
        .prop_map(|(nonce, balance, code)| account(nonce, U256::from(balance), code));
    let slots =
        proptest::collection::btree_map((0u64..6).prop_map(U256::from), (0u64..4).prop_map(U256::from), 0..5);
    let write = (proptest::option::weighted(0.8, account), slots);
    proptest::collection::btree_map((0..accounts).prop_map(address), write, 0..12)
}

/// Checks `proof` of `address` and every slot in it against `root` and the model.
fn check_proof(state: &State, model: &Model, address: Address) {
    let slots: Vec<U256> = (0u64..8).map(U256::from).collect();
    let proof = state.proof(&address, &slots);
    let entry = model.get(&address);
    let leaf = entry.map(|entry| alloy_rlp::encode(trie_account(entry)));
    verify_proof(state.root(), Nibbles::unpack(keccak256(address)), leaf, &proof.proof)
        .expect("account proof");
    assert_eq!(proof.account, entry.map(|(account, _)| *account));
    assert_eq!(proof.storage_root, entry.map_or(EMPTY_ROOT_HASH, |(_, slots)| storage_root(slots)));
    assert_eq!(proof.storage_root, state.storage_root(&address));
    for (slot, proof) in slots.iter().zip(&proof.storage) {
        let value = entry.and_then(|(_, slots)| slots.get(slot)).copied().unwrap_or_default();
        assert_eq!((proof.slot, proof.value), (*slot, value));
        let leaf = (!value.is_zero()).then(|| alloy_rlp::encode(value));
        let key = Nibbles::unpack(keccak256(B256::from(*slot)));
        verify_proof(state.storage_root(&address), key, leaf, &proof.proof).expect("slot proof");
    }
}

#[test]
fn empty_state() {
    let state = State::default();
    assert_eq!(state.root(), EMPTY_ROOT_HASH);
    assert_eq!(state.account(&address(1)), None);
    assert_eq!(state.storage(&address(1), &U256::ZERO), U256::ZERO);
    assert_eq!(state.apply(&StateChanges::default()), state);
    check_proof(&state, &Model::new(), address(1));
}

#[test]
fn one_account_is_one_leaf() {
    let mut model = Model::new();
    let changes = block(
        &mut model,
        &Writes::from([(address(1), (Some(account(1, U256::from(5), false)), BTreeMap::new()))]),
    );
    let state = State::default().apply(&changes);
    assert_eq!(state.root(), state_root(&model));
    assert_eq!(state.proof(&address(1), &[]).proof.len(), 1);
    check_proof(&state, &model, address(1));
    check_proof(&state, &model, address(2));
}

/// Enough accounts for every core, and storage large enough for them too.
#[test]
fn large_batches_are_the_same_on_all_cores() {
    let mut model = Model::new();
    let slots: BTreeMap<U256, U256> = (1u64..2000).map(|i| (U256::from(i), U256::from(i))).collect();
    let mut writes: Writes = (0..4000)
        .map(|i| (address(i), (Some(account(i, U256::from(i), i % 3 == 0)), BTreeMap::new())))
        .collect();
    writes.insert(address(7), (Some(account(1, U256::ZERO, true)), slots));
    let changes = block(&mut model, &writes);
    let state = State::default().apply(&changes);
    assert_eq!(state.root(), state_root(&model));

    // One at a time, never parallel.
    let mut slow = State::default();
    for (address, change) in &changes.accounts {
        let one =
            StateChanges { accounts: BTreeMap::from([(*address, change.clone())]), ..Default::default() };
        slow = slow.apply(&one);
    }
    assert_eq!(slow, state);

    let half: Writes = (0..2000).map(|i| (address(i * 2), (None, BTreeMap::new()))).collect();
    let deletions = block(&mut model, &half);
    let fewer = state.apply(&deletions);
    assert_eq!(fewer.root(), state_root(&model));
    assert_eq!(fewer.undo(&deletions), state);
    check_proof(&fewer, &model, address(7));
    check_proof(&fewer, &model, address(8));
}

#[test]
fn builder_takes_any_order_and_splits_into_batches() {
    let count = u64::try_from(BATCH_MAX).expect("small") + 100;
    let entry =
        |i: u64| (account(i, U256::from(i), false), BTreeMap::from([(U256::ZERO, U256::from(i % 2))]));
    let mut builder = State::builder();
    for i in (0..count).rev() {
        let (account, slots) = entry(i);
        builder.insert(&address(i), account, slots);
    }
    let model: Model = (0..count)
        .map(|i| {
            let (account, mut slots) = entry(i);
            slots.retain(|_, value| !value.is_zero());
            (address(i), (account, slots))
        })
        .collect();
    assert_eq!(builder.finish().root(), state_root(&model));
}

#[test]
fn deleting_an_account_deletes_its_slots() {
    let change = |before, after| AccountChange { before, after, ..Default::default() };
    let one = Some(account(1, U256::ONE, false));
    let mut created = change(None, one);
    created.storage.insert(U256::ONE, SlotChange { before: U256::ZERO, after: U256::from(9) });
    let of = |change| StateChanges { accounts: BTreeMap::from([(address(1), change)]), ..Default::default() };
    let state =
        State::default().apply(&of(created)).apply(&of(change(one, None))).apply(&of(change(None, one)));
    assert_eq!(state.storage(&address(1), &U256::ONE), U256::ZERO);
    assert_eq!(state.storage_root(&address(1)), EMPTY_ROOT_HASH);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn blocks_lead_to_the_root_and_back(blocks in proptest::collection::vec(writes(20), 1..6)) {
        let (mut state, mut model) = (State::default(), Model::new());
        let mut undo = Vec::new();
        for writes in &blocks {
            let changes = block(&mut model, writes);
            let next = state.apply(&changes);
            prop_assert_eq!(next.root(), state_root(&model));
            undo.push((state.clone(), changes));
            state = next;
        }
        for i in 0..22 {
            let entry = model.get(&address(i));
            prop_assert_eq!(state.account(&address(i)), entry.map(|(account, _)| *account));
            for slot in (0u64..8).map(U256::from) {
                let value = entry.and_then(|(_, slots)| slots.get(&slot)).copied().unwrap_or_default();
                prop_assert_eq!(state.storage(&address(i), &slot), value);
            }
            check_proof(&state, &model, address(i));
        }
        for (before, changes) in undo.iter().rev() {
            state = state.undo(changes);
            prop_assert_eq!(state.root(), before.root());
        }
        prop_assert_eq!(state.root(), EMPTY_ROOT_HASH);
    }
}
