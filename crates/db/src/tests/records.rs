//! What is committed is read back; what does not fit is refused.

use polity_primitives::{Address, B256, Evidence, Height, SignedVote, VoteKind, keccak256};

use super::chain::{Entry, chain, world_of};
use crate::{Db, Error, Options, SCHEMA, Tip};

#[test]
fn a_chain_is_read_back() {
    let home = tempfile::tempdir().expect("folder");
    let chain = chain(12);
    let db = Db::open(home.path(), Options::default()).expect("creates");
    assert_eq!(db.tip().expect("reads"), None);
    chain.iter().for_each(|entry| entry.commit(&db).expect("commits"));
    check(&db, &chain);
    drop(db);
    check(&Db::open(home.path(), Options::default()).expect("opens"), &chain);
}

fn check(db: &Db, chain: &[Entry]) {
    for entry in chain {
        let height = entry.block.height();
        assert_eq!(db.block(height).expect("reads").as_ref(), Some(&entry.block));
        assert_eq!(db.header(height).expect("reads").as_ref(), Some(&entry.block.block.header));
        assert_eq!(db.senders(height).expect("reads").as_ref(), Some(&entry.senders));
        assert_eq!(db.receipts(height).expect("reads").as_ref(), Some(&entry.receipts));
        assert_eq!(db.certificate(height).expect("reads"), entry.certificate);
        assert_eq!(db.height_of(&entry.block.hash).expect("reads"), Some(height));
        for (index, hash) in (0u32..).zip(&entry.tx_hashes) {
            assert_eq!(db.locate(hash).expect("reads"), Some((height, index)));
        }
        for (hash, code) in &entry.changes.codes {
            assert_eq!(db.code(hash).expect("reads").as_ref(), Some(code));
        }
    }
    let last = chain.last().expect("not empty");
    let height = last.block.height();
    assert_eq!(db.tip().expect("reads"), Some(Tip { height, hash: last.block.hash }));
    assert_eq!(world_of(db).expect("reads"), last.world);
    assert_eq!(db.block(height.next()).expect("reads"), None);
    assert_eq!(db.height_of(&B256::ZERO).expect("reads"), None);
    assert_eq!(db.locate(&last.block.hash).expect("reads"), None, "a block is no transaction");
    assert_eq!(db.code(&B256::ZERO).expect("reads"), None);
}

#[test]
fn what_does_not_follow_or_fit_is_refused() {
    let home = tempfile::tempdir().expect("folder");
    let chain = chain(4);
    let db = Db::open(home.path(), Options::default()).expect("creates");
    chain[0].commit(&db).expect("commits");
    assert!(matches!(chain[0].commit(&db), Err(Error::NotNext { .. })), "twice");
    assert!(matches!(chain[2].commit(&db), Err(Error::NotNext { .. })), "skips one");
    let mut orphan = chain[1].clone();
    orphan.block.block.header.parent_hash = B256::ZERO;
    assert!(matches!(orphan.commit(&db), Err(Error::NotNext { .. })), "on another parent");
    chain[1].commit(&db).expect("commits");

    let refused = |change: &dyn Fn(&mut Entry)| {
        let mut entry = chain[2].clone();
        change(&mut entry);
        assert!(matches!(entry.commit(&db), Err(Error::Mismatch { .. })));
    };
    refused(&|entry| entry.senders.push(Address::ZERO));
    refused(&|entry| entry.receipts.clear());
    refused(&|entry| entry.tx_hashes.clear());
    refused(&|entry| entry.certificate = chain[1].certificate.clone());
    assert_eq!(db.tip().expect("reads").map(|tip| tip.height), Some(Height(1)), "nothing of it was written");
    assert_eq!(db.block(Height(2)).expect("reads"), None);
    chain[2].commit(&db).expect("commits");
}

#[test]
fn certificates_are_enriched() {
    let home = tempfile::tempdir().expect("folder");
    let chain = chain(3);
    let db = Db::open(home.path(), Options::default()).expect("creates");
    chain.iter().for_each(|entry| entry.commit(&db).expect("commits"));
    let mut richer = chain[1].certificate.clone().expect("has one");
    richer.signatures.push(richer.signatures[0].clone());
    db.put_certificate(&richer).expect("replaces");
    assert_eq!(db.certificate(Height(1)).expect("reads"), Some(richer.clone()));
    richer.block_hash = B256::ZERO;
    assert!(matches!(db.put_certificate(&richer), Err(Error::Mismatch { .. })), "of another block");
    richer.height = 9;
    assert!(matches!(db.put_certificate(&richer), Err(Error::Mismatch { .. })), "of no block");
}

#[test]
fn candidates_last_until_their_height_is_decided() {
    let home = tempfile::tempdir().expect("folder");
    let chain = chain(3);
    let db = Db::open(home.path(), Options::default()).expect("creates");
    chain[0].commit(&db).expect("commits");
    let hash = |i: u8| keccak256([i]);
    for (i, height) in [(1, 1), (2, 1), (3, 2)] {
        db.put_candidate(Height(height), &hash(i), &[i; 10]).expect("keeps");
    }
    drop(db);
    let db = Db::open(home.path(), Options::default()).expect("opens");
    assert_eq!(db.candidate(&hash(2)).expect("reads"), Some((Height(1), vec![2; 10])));
    chain[1].commit(&db).expect("commits");
    assert_eq!(db.candidate(&hash(1)).expect("reads"), None);
    assert_eq!(db.candidate(&hash(2)).expect("reads"), None);
    assert_eq!(db.candidate(&hash(3)).expect("reads"), Some((Height(2), vec![3; 10])));
    db.put_candidate(Height(1), &hash(4), &[4; 10]).expect("nothing is kept for a height that is decided");
    assert_eq!(db.candidates().expect("reads"), [(Height(2), hash(3), vec![3; 10])]);
}

#[test]
fn evidence_and_meta_are_kept() {
    let home = tempfile::tempdir().expect("folder");
    let db = Db::open(home.path(), Options::default()).expect("creates");
    let vote = |byte| SignedVote {
        kind: VoteKind::Prevote,
        height: 3,
        round: 0,
        block_hash: Some(B256::repeat_byte(byte)),
        validator: Address::ZERO,
        signature: Default::default(),
    };
    let evidence = |byte| Evidence::DoubleVote { first: vote(byte), second: vote(byte + 1) };
    assert!(db.put_evidence(b"b", &evidence(1)).expect("keeps"));
    assert!(db.put_evidence(b"a", &evidence(5)).expect("keeps"));
    assert!(!db.put_evidence(b"a", &evidence(7)).expect("known"), "one per key");
    db.put_meta("charter", b"hash").expect("keeps");
    drop(db);
    let db = Db::open(home.path(), Options::default()).expect("opens");
    assert_eq!(db.evidence().expect("reads"), [evidence(5), evidence(1)]);
    assert_eq!(db.meta("charter").expect("reads").as_deref(), Some(&b"hash"[..]));
    assert_eq!(db.meta("chart").expect("reads"), None);
}

#[test]
fn other_folders_and_other_versions_are_named() {
    let home = tempfile::tempdir().expect("folder");
    let open = || Db::open(home.path(), Options::default());
    std::fs::write(home.path().join("letter.txt"), "dear").expect("writes");
    assert!(matches!(open(), Err(Error::Foreign { .. })));
    assert!(!home.path().join("lock").exists(), "nothing is put into a foreign folder");
    std::fs::remove_file(home.path().join("letter.txt")).expect("removes");

    let db = open().expect("creates");
    assert!(matches!(open(), Err(Error::Locked { .. })));
    let other = db.clone();
    drop(db);
    assert!(matches!(open(), Err(Error::Locked { .. })), "the clone holds it");
    drop(other);
    drop(open().expect("free again"));

    let schema = home.path().join("schema");
    std::fs::write(&schema, format!("polity-db {}\n", SCHEMA + 1)).expect("writes");
    assert!(matches!(open(), Err(Error::Schema { found, supported: SCHEMA }) if found == SCHEMA + 1));
    std::fs::write(&schema, "polity-db one\n").expect("writes");
    assert!(matches!(open(), Err(Error::Corrupt { .. })));
    std::fs::remove_file(&schema).expect("removes");
    assert!(matches!(open(), Err(Error::Foreign { .. })), "a store without schema is not touched");
}
