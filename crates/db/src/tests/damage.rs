//! Damage to any file: a named error, or the truth.

use std::{
    fs,
    path::{Path, PathBuf},
};

use polity_primitives::Height;

use super::{
    chain::{Entry, address, chain, world_of},
    crash::copy,
};
use crate::{Db, Error, Options};

/// A closed database with tables written out, more than once, and a journal.
fn closed(home: &Path, chain: &[Entry]) {
    let open = || Db::open(home, Options { history: Some(6) }).expect("opens");
    let db = open();
    for (i, entry) in chain.iter().enumerate() {
        entry.commit(&db).expect("commits");
        if i % 6 == 5 {
            db.tables().flush_and_wait();
        }
    }
    drop(db);
    // Leaves the reserved space out of the journal.
    drop(open());
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("reads") {
        let path = entry.expect("reads").path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
    found.sort();
}

/// Whatever is read is right, or refused.
fn check(home: &Path, chain: &[Entry], what: &str) {
    let db = match Db::open(home, Options { history: Some(6) }) {
        Ok(db) => db,
        Err(Error::Corrupt { .. } | Error::Lost { .. } | Error::Schema { .. } | Error::Foreign { .. }) => {
            return;
        }
        Err(other) => panic!("{what}: {other}"),
    };
    let last = chain.last().expect("not empty");
    let tip = db.tip().expect("checked on opening").expect("not empty");
    assert_eq!(tip.hash, last.block.hash, "{what}: an earlier state, and no error");
    let is_damage = |error: &Error| matches!(error, Error::Corrupt { .. });
    macro_rules! right_or_refused {
        ($answer:expr, $expected:expr) => {
            match $answer {
                Ok(answer) => assert_eq!(answer, $expected, "{what}: a wrong answer"),
                Err(error) => assert!(is_damage(&error), "{what}: {error}"),
            }
        };
    }
    for entry in chain {
        let height = entry.block.height();
        right_or_refused!(db.block(height), Some(entry.block.clone()));
        right_or_refused!(db.receipts(height), Some(entry.receipts.clone()));
        right_or_refused!(db.senders(height), Some(entry.senders.clone()));
        right_or_refused!(db.certificate(height), entry.certificate.clone());
        right_or_refused!(db.height_of(&entry.block.hash), Some(height));
        for (index, hash) in (0u32..).zip(&entry.tx_hashes) {
            right_or_refused!(db.locate(hash), Some((height, index)));
        }
        if height >= db.oldest_state() {
            for address in (0..8).map(address) {
                let account = |entry: &Entry| entry.world.get(&address).map(|(account, _)| *account);
                let answer =
                    db.account_before(&address, height).map(|before| before.unwrap_or_else(|| account(last)));
                right_or_refused!(answer, account(entry));
            }
        }
    }
    right_or_refused!(world_of(&db), last.world.clone());
    right_or_refused!(db.meta("note"), None);
}

fn damage(flips: usize) {
    let home = tempfile::tempdir().expect("folder");
    let chain = chain(15);
    closed(home.path(), &chain);
    let mut found = Vec::new();
    files(home.path(), &mut found);
    assert!(found.iter().any(|path| path.to_string_lossy().contains("tables")), "no table was written out");
    let mut seed = 0x9e37_79b9_7f4a_7c15u64;
    for path in found {
        let name = path.strip_prefix(home.path()).expect("inside");
        let original = fs::read(&path).expect("reads");
        let trial = |bytes: &[u8], what: String| {
            let damaged = tempfile::tempdir().expect("folder");
            copy(home.path(), damaged.path());
            fs::write(damaged.path().join(name), bytes).expect("writes");
            check(damaged.path(), &chain, &what);
        };
        for len in [0, original.len() / 2, original.len().saturating_sub(1)] {
            trial(&original[..len], format!("{} cut to {len} of {}", name.display(), original.len()));
        }
        for i in 0..flips.min(original.len()) {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let random = usize::try_from(seed >> 33).expect("64 bits");
            let at = if flips >= original.len() { i } else { random % original.len() };
            let mut bytes = original.clone();
            bytes[at] ^= 1 << (random % 8);
            trial(&bytes, format!("{} bit {} of byte {at} flipped", name.display(), random % 8));
        }
    }
}

#[test]
fn damaged_files_are_errors_or_harmless() {
    damage(6);
}

/// Every byte of the small files, many of the large. Minutes.
#[test]
#[ignore = "minutes: run by hand"]
fn damaged_files_are_errors_or_harmless_thoroughly() {
    damage(400);
}

#[test]
fn missing_files_are_errors() {
    let home = tempfile::tempdir().expect("folder");
    let chain = chain(15);
    closed(home.path(), &chain);
    let mut found = Vec::new();
    files(home.path(), &mut found);
    for path in found {
        let name = path.strip_prefix(home.path()).expect("inside");
        let damaged = tempfile::tempdir().expect("folder");
        copy(home.path(), damaged.path());
        fs::remove_file(damaged.path().join(name)).expect("removes");
        check(damaged.path(), &chain, &format!("{} removed", name.display()));
    }
}

#[test]
fn damage_in_the_middle_of_the_journal_is_not_its_end() {
    let home = tempfile::tempdir().expect("folder");
    let chain = chain(6);
    let db = Db::open(home.path(), Options::default()).expect("creates");
    chain.iter().for_each(|entry| entry.commit(&db).expect("commits"));
    drop(db);
    let journal = super::crash::journal(home.path());
    let mut bytes = super::crash::contents(&journal);
    // Even without the watermark.
    fs::write(home.path().join("tip"), []).expect("writes");
    bytes[200] ^= 1;
    fs::write(&journal, &bytes).expect("writes");
    let opened = Db::open(home.path(), Options::default());
    assert!(matches!(&opened, Err(Error::Corrupt { table: "journal", .. })), "{opened:?}");
    assert_eq!(super::crash::contents(&journal), bytes, "and the journal is left as it is");
    bytes[200] ^= 1;
    fs::write(&journal, &bytes).expect("writes");
    let db = Db::open(home.path(), Options::default()).expect("opens");
    assert_eq!(db.tip().expect("reads").map(|tip| tip.height), Some(Height(5)));
}
