//! The store in memory is the store on disk, without the disk.

use std::collections::BTreeMap;

use polity_primitives::Height;

use super::chain::{chain, world_of};
use crate::{Db, Error, Memory, Options};

#[test]
fn it_answers_as_the_disk_does() {
    let chain = chain(8);
    let home = tempfile::tempdir().expect("folder");
    let memory = Memory::new();
    let disk = Db::open(home.path(), Options { history: Some(3) }).expect("creates");
    let db = Db::in_memory(&memory, Options { history: Some(3) }).expect("creates");
    for entry in &chain {
        for db in [&disk, &db] {
            db.put_candidate(entry.block.height(), &entry.block.hash, b"body").expect("keeps");
            entry.commit(db).expect("commits");
        }
        assert_eq!(world_of(&db).expect("reads"), entry.world);
    }
    drop(db);
    let db = Db::in_memory(&memory, Options { history: Some(3) }).expect("opens");
    assert_eq!(db.tip().expect("reads"), disk.tip().expect("reads"));
    assert_eq!(db.oldest_state(), disk.oldest_state());
    for entry in &chain {
        let height = entry.block.height();
        assert_eq!(db.block(height).expect("reads"), Some(entry.block.clone()));
        assert_eq!(db.receipts(height).expect("reads"), disk.receipts(height).expect("reads"));
        assert_eq!(db.candidate(&entry.block.hash).expect("reads"), None, "decided");
        let changes = |db: &Db| db.changes(height).expect("reads").map(|changes| changes.accounts);
        assert_eq!(changes(&db), changes(&disk));
    }
    let kept: BTreeMap<_, _> = (0..8).map(|i| (i, db.changes(Height(i)).expect("reads").is_some())).collect();
    assert!(kept.values().any(|kept| *kept) && kept.values().any(|kept| !*kept), "{kept:?}");
}

#[test]
fn a_batch_without_power_leaves_nothing_and_a_fork_lives_on() {
    let chain = chain(8);
    let memory = Memory::new();
    let db = Db::in_memory(&memory, Options::default()).expect("creates");
    chain[..4].iter().for_each(|entry| entry.commit(&db).expect("commits"));
    let fork = memory.fork();
    memory.fail_after(Some(1));
    chain[4].commit(&db).expect("the last");
    assert!(matches!(chain[5].commit(&db), Err(Error::Store(_))));
    memory.fail_after(None);
    for (memory, from) in [(&memory, 5), (&fork, 4)] {
        let db = Db::in_memory(memory, Options::default()).expect("opens");
        assert_eq!(db.tip().expect("reads").map(|tip| tip.hash), Some(chain[from - 1].block.hash));
        assert_eq!(world_of(&db).expect("reads"), chain[from - 1].world);
        chain[from..].iter().for_each(|entry| entry.commit(&db).expect("commits"));
    }
}
