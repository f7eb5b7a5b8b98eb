//! Stopping at any point: what was committed is there, what was being committed is there whole or not at all.

use std::{
    fs,
    path::{Path, PathBuf},
};

use polity_primitives::Height;

use super::chain::{Entry, chain, world_of};
use crate::{Db, Error, Options};

/// Copies a database, open or not, as a crash would leave it. Journals are cut after their last byte that is not zero and
/// the reserved space is left out.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("folder");
    for entry in fs::read_dir(from).expect("reads") {
        let path = entry.expect("reads").path();
        let target = to.join(path.file_name().expect("named"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::write(&target, contents(&path)).expect("writes");
        }
    }
}

/// The bytes of a file; of a journal without the zeros at its end.
pub(crate) fn contents(path: &Path) -> Vec<u8> {
    let mut bytes = fs::read(path).expect("reads");
    if path.extension().is_some_and(|extension| extension == "jnl") {
        bytes.truncate(bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1));
    }
    bytes
}

pub(crate) fn journal(home: &Path) -> PathBuf {
    let journals = fs::read_dir(home.join("store")).expect("reads").map(|entry| entry.expect("reads").path());
    journals.filter(|path| path.extension().is_some_and(|extension| extension == "jnl")).max().expect("one")
}

fn check(home: &Path, chain: &[Entry]) {
    let db = Db::open(home, Options::default()).expect("opens");
    let last = chain.last().expect("not empty");
    assert_eq!(db.tip().expect("reads").map(|tip| tip.hash), Some(last.block.hash));
    for entry in chain {
        assert_eq!(db.block(entry.block.height()).expect("reads").as_ref(), Some(&entry.block));
        assert_eq!(db.receipts(entry.block.height()).expect("reads").as_ref(), Some(&entry.receipts));
    }
    assert_eq!(world_of(&db).expect("reads"), last.world);
    assert_eq!(db.block(last.block.height().next()).expect("reads"), None, "nothing of the next block");
}

#[test]
fn a_commit_survives_a_crash_right_after_it() {
    let home = tempfile::tempdir().expect("folder");
    let chain = chain(8);
    let db = Db::open(home.path(), Options::default()).expect("creates");
    for (i, entry) in chain.iter().enumerate() {
        entry.commit(&db).expect("commits");
        if i == 4 {
            db.tables().flush().expect("starts");
        }
        let crashed = tempfile::tempdir().expect("folder");
        copy(home.path(), crashed.path());
        check(crashed.path(), &chain[..=i]);
    }
}

#[test]
fn a_commit_cut_short_never_happened() {
    let home = tempfile::tempdir().expect("folder");
    let chain = chain(8);
    let db = Db::open(home.path(), Options::default()).expect("creates");
    chain[..6].iter().for_each(|entry| entry.commit(&db).expect("commits"));
    let before = tempfile::tempdir().expect("folder");
    copy(home.path(), before.path());
    let start = contents(&journal(home.path())).len();
    chain[6].commit(&db).expect("commits");
    let written = contents(&journal(home.path()));
    drop(db);

    let step = ((written.len() - start) / 40).max(1);
    let cuts =
        (start..written.len()).step_by(step).chain([start + 1, start + 13, written.len() - 1, written.len()]);
    for (i, cut) in cuts.enumerate() {
        let crashed = tempfile::tempdir().expect("folder");
        copy(before.path(), crashed.path());
        let mut bytes = written[..cut].to_vec();
        if i % 2 == 0 {
            // The reserved space behind what was written.
            bytes.resize(cut + 5000, 0);
        }
        fs::write(journal(crashed.path()), &bytes).expect("writes");
        let expected = if cut == written.len() { 7 } else { 6 };
        check(crashed.path(), &chain[..expected]);
        // And the chain goes on from there.
        let db = Db::open(crashed.path(), Options::default()).expect("opens");
        chain[expected..].iter().for_each(|entry| entry.commit(&db).expect("commits"));
        drop(db);
        check(crashed.path(), &chain);
    }
}

/// Pages of one write may reach the disk in any order.
#[test]
fn a_commit_with_a_hole_never_happened() {
    let home = tempfile::tempdir().expect("folder");
    let chain = chain(8);
    let db = Db::open(home.path(), Options::default()).expect("creates");
    chain[..6].iter().for_each(|entry| entry.commit(&db).expect("commits"));
    let before = tempfile::tempdir().expect("folder");
    copy(home.path(), before.path());
    let start = contents(&journal(home.path())).len();
    chain[6].commit(&db).expect("commits");
    let mut written = contents(&journal(home.path()));
    drop(db);
    let middle = start + (written.len() - start) / 2;
    written[middle..middle + 64].fill(0);
    fs::write(journal(before.path()), &written).expect("writes");
    check(before.path(), &chain[..6]);
}

#[test]
fn creation_cut_short_is_started_again() {
    let home = tempfile::tempdir().expect("folder");
    fs::write(home.path().join("schema.new"), "polity").expect("writes");
    drop(Db::open(home.path(), Options::default()).expect("creates"));
    fs::write(home.path().join("schema"), "polity-db 1 unfinished\n").expect("writes");
    fs::remove_file(home.path().join("store/version")).expect("removes");
    let db = Db::open(home.path(), Options::default()).expect("creates again");
    chain(2).iter().for_each(|entry| entry.commit(&db).expect("commits"));
}

#[test]
fn a_lost_block_is_named() {
    let home = tempfile::tempdir().expect("folder");
    let chain = chain(8);
    let db = Db::open(home.path(), Options::default()).expect("creates");
    chain[..6].iter().for_each(|entry| entry.commit(&db).expect("commits"));
    let start = contents(&journal(home.path())).len();
    chain[6].commit(&db).expect("commits");
    drop(db);
    let journal = journal(home.path());
    let bytes = contents(&journal);
    fs::write(&journal, &bytes[..start + 20]).expect("writes");
    for _ in 0..2 {
        let lost = Db::open(home.path(), Options::default());
        assert!(
            matches!(&lost, Err(Error::Lost { recorded, found: Some(found) })
                if recorded.height == Height(6) && found.height == Height(5)),
            "{lost:?}"
        );
    }
    fs::write(&journal, bytes).expect("writes");
    check(home.path(), &chain[..7]);
}

/// The last block is lost and a copy of the watermark with it: the other copy knows. Without both, nobody does, and the database
/// says so.
#[test]
fn a_lost_block_is_named_also_by_one_copy_of_the_watermark() {
    let home = tempfile::tempdir().expect("folder");
    let chain = chain(8);
    let db = Db::open(home.path(), Options::default()).expect("creates");
    chain[..6].iter().for_each(|entry| entry.commit(&db).expect("commits"));
    let start = contents(&journal(home.path())).len();
    chain[6].commit(&db).expect("commits");
    drop(db);
    let (journal, whole) = (journal(home.path()), contents(&journal(home.path())));
    let copies = ["tip", "tip.copy"].map(|name| home.path().join(name));
    let marks = copies.clone().map(|path| contents(&path));
    type Damage = fn(&Path, &[u8]);
    let damages: [Damage; 4] = [
        |path, _| fs::remove_file(path).expect("removes"),
        |path, _| fs::write(path, []).expect("writes"),
        |path, mark| fs::write(path, vec![0; mark.len()]).expect("writes"),
        |path, mark| fs::write(path, [&[mark[0] ^ 1], &mark[1..]].concat()).expect("writes"),
    ];
    for damage in damages {
        for damaged in [vec![0], vec![1], vec![0, 1]] {
            for lost in [true, false] {
                fs::write(&journal, if lost { &whole[..start + 20] } else { &whole }).expect("writes");
                copies.iter().zip(&marks).for_each(|(path, mark)| fs::write(path, mark).expect("writes"));
                damaged.iter().for_each(|i: &usize| damage(&copies[*i], &marks[*i]));
                let opened = Db::open(home.path(), Options::default());
                match (lost, damaged.len()) {
                    (_, 2) => assert!(
                        matches!(&opened, Err(Error::Corrupt { key, .. }) if key.contains("tip")),
                        "{opened:?}"
                    ),
                    (true, _) => assert!(matches!(opened, Err(Error::Lost { .. })), "{opened:?}"),
                    (false, _) => assert!(opened.is_ok(), "{opened:?}"),
                }
            }
        }
    }
}
