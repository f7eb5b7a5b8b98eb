//! The state as it was, against the states as they were.

use polity_primitives::{Height, StateChanges, U256};
use proptest::prelude::*;

use super::chain::{Entry, Writes, account, address, chain, next, world_of};
use crate::{Db, Error, Options, PRUNE_BLOCKS_MAX};

const ACCOUNTS: u64 = 10;
const SLOTS: u64 = 4;

/// Every account and slot at every height is what it was, or pruned below `oldest`.
fn check(db: &Db, chain: &[Entry], oldest: u64) {
    let live = &chain.last().expect("not empty").world;
    assert_eq!(db.oldest_state(), Height(oldest));
    for entry in chain {
        let height = entry.block.height();
        for address in (0..ACCOUNTS).map(address) {
            let answer = db.account_before(&address, height);
            if height.0 < oldest {
                assert!(matches!(answer, Err(Error::Pruned { .. })), "{height}");
                continue;
            }
            let live_account = || live.get(&address).map(|(account, _)| *account);
            let was = entry.world.get(&address).map(|(account, _)| *account);
            assert_eq!(answer.expect("reads").unwrap_or_else(live_account), was, "{address} at {height}");
            for slot in (0..SLOTS).map(U256::from) {
                let value = |world: &super::chain::World| {
                    world.get(&address).and_then(|(_, slots)| slots.get(&slot)).copied().unwrap_or_default()
                };
                let answer = db.slot_before(&address, &slot, height).expect("reads");
                assert_eq!(
                    answer.unwrap_or_else(|| value(live)),
                    value(&entry.world),
                    "{slot} of {address} at {height}"
                );
            }
        }
        let undo = db.changes(height).expect("reads");
        assert_eq!(undo.is_some(), height.0 > oldest, "undo record of {height}");
        if let Some(undo) = undo {
            check_undo(&undo, &entry.changes);
        }
    }
    let kept = chain.iter().filter(|entry| entry.block.height().0 > oldest);
    let records: usize =
        kept.flat_map(|entry| entry.changes.accounts.values()).map(|change| 1 + change.storage.len()).sum();
    assert_eq!(db.tables().history.all().count(), records, "history beyond the limit is removed");
}

fn check_undo(undo: &StateChanges, changes: &StateChanges) {
    let befores = |changes: &StateChanges| -> Vec<_> {
        let slots = |change: &polity_primitives::AccountChange| -> Vec<_> {
            change.storage.iter().map(|(slot, change)| (*slot, change.before)).collect()
        };
        changes.accounts.iter().map(|(address, change)| (*address, change.before, slots(change))).collect()
    };
    assert_eq!(befores(undo), befores(changes));
    assert!(undo.accounts.values().all(|change| change.before == change.after));
}

fn open(home: &tempfile::TempDir, history: Option<u64>) -> Db {
    Db::open(home.path(), Options { history }).expect("opens")
}

#[test]
fn history_follows_the_tip() {
    for (history, oldest) in [(None, 0), (Some(100), 0), (Some(3), 16), (Some(1), 18), (Some(0), 18)] {
        let home = tempfile::tempdir().expect("folder");
        let chain = chain(20);
        let db = open(&home, history);
        chain.iter().for_each(|entry| entry.commit(&db).expect("commits"));
        check(&db, &chain, oldest);
        drop(db);
        check(&open(&home, history), &chain, oldest);
    }
}

#[test]
fn a_changed_limit_is_reached_in_bounded_steps() {
    let home = tempfile::tempdir().expect("folder");
    let chain = chain(20);
    let commit = |db: &Db, from: usize, to: usize| {
        chain[from..to].iter().for_each(|entry| entry.commit(db).expect("commits"))
    };
    let db = open(&home, None);
    commit(&db, 0, 12);
    check(&db, &chain[..12], 0);
    drop(db);

    let db = open(&home, Some(2));
    commit(&db, 12, 13);
    check(&db, &chain[..13], PRUNE_BLOCKS_MAX);
    commit(&db, 13, 14);
    check(&db, &chain[..14], 2 * PRUNE_BLOCKS_MAX);
    drop(db);

    let db = open(&home, Some(6));
    commit(&db, 14, 20);
    check(&db, &chain, 13);
    drop(db);

    let db = open(&home, None);
    check(&db, &chain, 13);
}

/// A chain may begin above genesis, where it was imported.
#[test]
fn the_first_block_has_no_history() {
    let home = tempfile::tempdir().expect("folder");
    let chain = chain(12);
    let db = open(&home, Some(4));
    chain[5..7].iter().for_each(|entry| entry.commit(&db).expect("commits"));
    assert_eq!(db.oldest_state(), Height(5));
    assert!(matches!(
        db.account_before(&address(0), Height(4)),
        Err(Error::Pruned { oldest: Height(5), .. })
    ));
    assert_eq!(db.changes(Height(5)).expect("reads"), None);
    drop(db);
    let db = open(&home, Some(4));
    chain[7..].iter().for_each(|entry| entry.commit(&db).expect("commits"));
    assert_eq!(db.oldest_state(), Height(7));
    drop(db);
    drop(open(&home, Some(4)));
}

fn writes() -> impl Strategy<Value = Writes> {
    let slots = proptest::collection::btree_map(
        (0..SLOTS).prop_map(U256::from),
        (0u64..3).prop_map(U256::from),
        0..4,
    );
    let write = (proptest::option::weighted(0.7, (0u64..5).prop_map(account)), slots);
    proptest::collection::btree_map((0..ACCOUNTS).prop_map(address), write, 0..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_chain_is_remembered(
        blocks in proptest::collection::vec(writes(), 1..12),
        history in proptest::option::of(0u64..6),
    ) {
        let home = tempfile::tempdir().expect("folder");
        let db = open(&home, history);
        let mut chain: Vec<Entry> = Vec::new();
        for writes in &blocks {
            chain.push(next(chain.last(), writes));
            chain.last().expect("pushed").commit(&db).expect("commits");
        }
        let tip = u64::try_from(blocks.len()).expect("small") - 1;
        // A history of 0 is that of the tip alone, one block late.
        let oldest = history.map_or(0, |history| tip.saturating_sub(history.max(1)));
        check(&db, &chain, oldest);
        prop_assert_eq!(&world_of(&db).expect("reads"), &chain.last().expect("not empty").world);
    }
}
