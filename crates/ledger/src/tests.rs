//! The ledger driven as an engine drives it: build, receive, finalize, crash, open again.

use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy_primitives::{Signature, TxKind, U256, hex, keccak256};
use polity_consensus::{Application, Verdict};
use polity_constitution::randomness::Prover;
use polity_execution::StateReader;
use polity_institutions::treasury;
use polity_mempool::Condition;
use polity_primitives::{Address, B256, Bytes, Certificate, CommitSignature, Height, Signature as Vote};
use secp256k1::{Message, SECP256K1, SecretKey};

use crate::{Error, ExecutedBlock, Ledger, LedgerApplication, Proposer, SubmitError};

mod accounts;
mod amendments;
mod docket;
mod forks;
mod known;
mod pursuit;
mod randomness;
mod switch;
mod terminal;

const NOW: u64 = 1_700_000_000_000;

fn secret(name: &str) -> SecretKey {
    SecretKey::from_byte_array(keccak256(name).0).expect("a hash is a key")
}

fn address(key: &SecretKey) -> Address {
    Address::from_raw_public_key(&key.public_key(SECP256K1).serialize_uncompressed()[1..])
}

fn sign(digest: B256, key: &SecretKey) -> [u8; 65] {
    let (id, rs) = SECP256K1.sign_ecdsa_recoverable(Message::from_digest(digest.0), key).serialize_compact();
    let mut bytes = [0; 65];
    bytes[..64].copy_from_slice(&rs);
    bytes[64] = 27 + u8::try_from(i32::from(id)).expect("0..4");
    bytes
}

/// The development charter with one validator and keys made from names.
fn charter() -> polity_charter::Charter {
    keyed(&polity_charter::dev(1).expect("a charter"))
}

/// The charter `text` with keys made from names.
fn keyed(text: &str) -> polity_charter::Charter {
    let draft = polity_charter::parse("dev", text).unwrap_or_else(|found| panic!("{found}")).charter;
    let keys = draft
        .missing_keys()
        .into_iter()
        .map(|id| {
            let account = address(&secret(id));
            let node = draft.member(id).map(|_| polity_charter::NodeKeys {
                consensus: secret(&format!("{id} node")).public_key(SECP256K1).serialize(),
                peer: Prover::new(&keccak256(id)).expect("a key").public_key(),
            });
            let recovery = address(&secret(&format!("{id} recovery")));
            (id.to_owned(), polity_charter::MemberKeys { address: account, recovery, node })
        })
        .collect();
    let text = polity_charter::with_keys(text, &keys).expect("keys go in");
    polity_charter::parse("dev", &text).expect("checks").charter
}

/// The only validator.
fn proposer() -> Proposer {
    Proposer::new(address(&secret("node-1 node")), &keccak256("node-1")).expect("a key")
}

struct World {
    ledger: Ledger,
    app: LedgerApplication,
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self::open(folder)
    }

    fn open(folder: tempfile::TempDir) -> Self {
        Self::of(folder, charter())
    }

    /// The chain of `charter`, whose one validator is `node-1`.
    fn of(folder: tempfile::TempDir, charter: polity_charter::Charter) -> Self {
        let ledger = Ledger::open(&folder.path().join("db"), charter).expect("opens");
        let app = ledger.application(proposer());
        Self { ledger, app, folder }
    }

    fn reopen(self) -> Self {
        let Self { ledger, app, folder } = self;
        drop((ledger, app));
        Self::open(folder)
    }

    fn certificate(&self, hash: B256) -> Certificate {
        let height = self.ledger.head().height().next().0;
        let mut certificate = Certificate { height, round: 0, block_hash: hash, signatures: vec![] };
        let key = secret("node-1 node");
        let signature = sign(certificate.digest(self.ledger.charter().chain_id), &key);
        certificate.signatures =
            vec![CommitSignature { validator: address(&key), signature: Vote::from(signature) }];
        certificate
    }

    /// Builds and decides one block; its hash.
    fn decide(&mut self) -> B256 {
        let height = self.app.tip().next();
        let block = self.app.build(height, 0, NOW + height.0 * 1000).expect("builds");
        let certificate = self.certificate(block.hash);
        let committee = self.app.committee(height).expect("a committee");
        committee
            .verify(self.ledger.charter().chain_id, &certificate)
            .expect("the committee is the validator's");
        self.app.finalize(certificate).expect("commits");
        block.hash
    }

    /// One block of the time `now_ms`, built here and judged by `follower`; the heads are equal then.
    fn decide_with(&mut self, follower: &mut Self, now_ms: u64) -> std::sync::Arc<ExecutedBlock> {
        let height = self.app.tip().next();
        let block = self.app.build(height, 0, now_ms).expect("builds");
        let judged = follower.app.receive(&block.encoded(), height, now_ms).expect("judged");
        assert_eq!(judged, Verdict::Valid(block.hash), "what one builds the other takes");
        let certificate = self.certificate(block.hash);
        self.app.finalize(certificate.clone()).expect("commits");
        follower.app.finalize(certificate).expect("commits");
        let (ours, theirs) = (self.ledger.head(), follower.ledger.head());
        assert_eq!(ours.hash(), theirs.hash());
        assert_eq!(ours.agreement.rules, theirs.agreement.rules);
        ours.block.clone()
    }

    fn transfer(&self, from: &str, nonce: u64, wei: u64) -> Result<B256, SubmitError> {
        self.ledger.submit(&raw(from, nonce, wei, self.ledger.charter().chain_id), Condition::default())
    }

    fn balance(&self, who: Address, at: u64) -> U256 {
        let view = self.ledger.state_at(Height(at)).expect("kept");
        StateReader::account(&view, &who).expect("readable").unwrap_or_default().balance
    }
}

const PAYEE: Address = Address::repeat_byte(0x77);

fn raw(from: &str, nonce: u64, wei: u64, chain_id: u64) -> Vec<u8> {
    let tx = TxEip1559 {
        chain_id,
        nonce,
        gas_limit: 21_000,
        max_fee_per_gas: 100_000_000_000,
        to: TxKind::Call(PAYEE),
        value: U256::from(wei),
        input: Bytes::new(),
        ..TxEip1559::default()
    };
    signed(tx, from)
}

/// `tx`, signed with the key of `from`.
fn signed(tx: TxEip1559, from: &str) -> Vec<u8> {
    use alloy_eips::eip2718::Encodable2718 as _;
    let signature = sign(tx.signature_hash(), &secret(from));
    let signature = Signature::from_bytes_and_parity(&signature[..64], signature[64] == 28);
    TxEnvelope::from(tx.into_signed(signature)).encoded_2718()
}

#[test]
fn a_transfer_is_written_once_and_the_past_stays_readable() {
    let mut world = World::new();
    let hash = world.transfer("alice", 0, 5).expect("taken");
    assert!(world.app.ready());
    world.decide();
    assert!(!world.app.ready(), "the pool is empty again");
    assert_eq!(world.ledger.locate(&hash).expect("readable"), Some((Height(1), 0)));
    world.transfer("alice", 1, 7).expect("taken");
    world.decide();
    assert_eq!([0, 1, 2].map(|at| world.balance(PAYEE, at)), [0, 5, 12].map(U256::from));
    let twice = world.transfer("alice", 1, 7);
    assert!(matches!(
        twice,
        Err(SubmitError::Rejected(polity_mempool::Rejected::NonceTooLow { account: 2, tx: 1 }))
    ));
    let beyond = world.ledger.state_at(Height(3));
    assert!(matches!(beyond, Err(Error::Unknown(Height(3)))));
}

#[test]
fn proofs_of_the_past_verify_against_the_headers_of_the_past() {
    use alloy_trie::{Nibbles, TrieAccount, proof::verify_proof};
    let mut world = World::new();
    for nonce in 0..3 {
        world.transfer("alice", nonce, 10 + nonce).expect("taken");
        world.decide();
    }
    for height in 1..=3u64 {
        let block = world.ledger.block(Height(height)).expect("readable").expect("there");
        let view = world.ledger.state_at(Height(height)).expect("kept");
        let proof = view.proof(&PAYEE, &[]).expect("proved");
        let account = proof.account.expect("it was paid");
        let leaf = TrieAccount {
            nonce: account.nonce,
            balance: account.balance,
            storage_root: proof.storage_root,
            code_hash: account.code_hash,
        };
        let key = Nibbles::unpack(keccak256(PAYEE));
        let expected = Some(alloy_rlp::encode(leaf));
        verify_proof(block.header().state_root, key, expected, &proof.proof).expect("the proof holds");
        assert_eq!(account.balance, world.balance(PAYEE, height));
    }
}

#[test]
fn a_search_for_logs_reads_headers_only() {
    let mut world = World::new();
    for nonce in 0..4 {
        world.transfer("alice", nonce, 1).expect("taken");
        world.decide();
    }
    let world = world.reopen();
    let ledger = &world.ledger;
    let blooms: Vec<_> = (0..6).map(|height| ledger.logs_bloom(Height(height)).expect("readable")).collect();
    assert_eq!(ledger.0.blocks.lock().len(), 0, "no block was read whole");
    let whole = |height| ledger.block(Height(height)).expect("readable").map(|b| b.header().logs_bloom);
    assert_eq!(blooms, (0..6).map(whole).collect::<Vec<_>>());
    assert!(blooms[4].is_some() && blooms[5].is_none());
}

#[test]
fn what_is_decided_survives_and_what_was_only_proposed_can_still_be_decided() {
    let mut world = World::new();
    world.transfer("alice", 0, 5).expect("taken");
    let first = world.decide();
    world.transfer("bob", 0, 9).expect("taken");
    let proposed = world.app.build(Height(2), 0, NOW).expect("builds");
    // The log of the engine remembers the hash and the votes; memory is lost.
    let mut world = world.reopen();
    assert_eq!(world.ledger.head().hash(), first);
    assert_eq!(world.app.body(&proposed.hash).expect("readable"), Some(proposed.encoded()));
    let certificate = world.certificate(proposed.hash);
    world.app.finalize(certificate.clone()).expect("executed again from its body");
    assert_eq!(world.balance(PAYEE, 2), U256::from(14));
    world.app.finalize(certificate).expect("again is nothing");
    assert_eq!(world.app.decided(Height(1)..=Height(9)).expect("readable").len(), 2);
}

#[test]
fn a_block_that_was_decided_otherwise_or_never_seen_stops_the_node() {
    let mut world = World::new();
    let unseen = world.certificate(B256::repeat_byte(3));
    assert!(world.app.finalize(unseen).is_err(), "its body is not here");
    world.decide();
    let mut conflict = world.certificate(B256::repeat_byte(4));
    conflict.height = 1;
    let error = world.app.finalize(conflict).expect_err("two blocks at one height");
    assert!(error.to_string().contains("decided as"), "{error}");
}

#[test]
fn a_block_from_outside_is_judged_before_it_is_kept() {
    let mut builder = World::new();
    builder.transfer("alice", 0, 5).expect("taken");
    let block = builder.app.build(Height(1), 0, NOW).expect("builds");
    let mut world = World::new();
    let bytes = block.encoded();
    assert_eq!(world.app.receive(&bytes, Height(1), NOW).expect("judged"), Verdict::Valid(block.hash));
    let invalid = |verdict: Verdict, words: &str| match verdict {
        Verdict::Invalid(_, reason) => assert!(reason.contains(words), "{reason}"),
        Verdict::Valid(_) => panic!("taken, though {words}"),
    };
    invalid(world.app.receive(&bytes[..bytes.len() - 1], Height(1), NOW).expect("judged"), "not a block");
    let mut longer = bytes.clone();
    longer.push(0);
    invalid(world.app.receive(&longer, Height(1), NOW).expect("judged"), "follow the block");
    let mut other = block.block.clone();
    other.header.state_root = B256::repeat_byte(1);
    invalid(world.app.receive(&other.seal().encoded(), Height(1), NOW).expect("judged"), "stateRoot");
    let mut stranger = block.block.clone();
    stranger.header.beneficiary = Address::repeat_byte(1);
    invalid(world.app.receive(&stranger.seal().encoded(), Height(1), NOW).expect("judged"), "no seat");
    let mut future = block.block.clone();
    future.header.timestamp += 100;
    invalid(
        world.app.receive(&future.seal().encoded(), Height(1), NOW).expect("judged"),
        "ahead of our clock",
    );
    let mut orphan = block.block;
    orphan.header.parent_hash = B256::repeat_byte(9);
    invalid(world.app.receive(&orphan.seal().encoded(), Height(1), NOW).expect("judged"), "parent");
    assert_eq!(world.app.tip(), Height(0));
}

#[test]
fn another_agreements_database_is_refused() {
    let world = World::new();
    let World { ledger, app, folder } = world;
    drop((ledger, app));
    let text = charter().text.replace("chain_id  = 1337", "chain_id  = 1338");
    let other = polity_charter::parse("other", &text).expect("checks").charter;
    let error = Ledger::open(&folder.path().join("db"), other).expect_err("another charter");
    assert!(matches!(error, Error::OtherCharter { .. }), "{error}");
}

#[test]
fn the_preview_shows_what_waits_and_changes_nothing() {
    let mut world = World::new();
    world.transfer("alice", 0, 5).expect("taken");
    let preview = world.ledger.preview().expect("built");
    assert_eq!(preview.transactions.len(), 1);
    assert_eq!(world.ledger.head().height(), Height(0));
    assert!(std::sync::Arc::ptr_eq(&preview, &world.ledger.preview().expect("cached")));
    world.decide();
    assert_eq!(world.ledger.preview().expect("built").transactions.len(), 0);
}

#[test]
fn institutions_are_there_from_the_first_block() {
    let world = World::new();
    let accounts = treasury::accounts(&world.ledger.latest());
    assert_eq!(accounts, vec![("common".to_owned(), U256::ZERO)]);
    assert_eq!(
        hex::encode(&world.ledger.head().header().extra_data),
        hex::encode(world.ledger.charter().hash)
    );
}
