//! What is signed, what verifies, and what votes tell.

use std::sync::{Arc, Mutex};

use malachitebft_core_types::{CommitCertificate, NilOrVal, Round, ThresholdParams, VoteType};
use malachitebft_signing::{Signer as _, Verifier as _, VerifierExt as _};
use polity_constitution::Seat;
use polity_primitives::{
    B256, Certificate, CommitSignature, Evidence, Height, SignedVote, VoteKind, vote_digest,
};

use super::*;

const CHAIN: u64 = 31;

fn key(i: u8) -> Key {
    Key::new([i; 32]).expect("a key")
}

fn committee() -> polity_constitution::Committee {
    // The fourth seat proposes without voting.
    let seat = |i: u8| Seat {
        address: key(i).address(),
        public_key: key(i).public().0,
        peer_key: [0; 32],
        peer_key_since: polity_primitives::Height::GENESIS,
        power: u64::from(i < 4),
        weight: 1,
    };
    polity_constitution::Committee::new((1..=4).map(seat).collect()).expect("four seats")
}

/// The library's futures never wait here.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => unreachable!("nothing here waits"),
    }
}

fn vote(i: u8, kind: VoteType, height: u64, round: Round, block: Option<B256>) -> Vote {
    let block = block.map_or(NilOrVal::Nil, |hash| NilOrVal::Val(BlockHash(hash)));
    Vote {
        kind,
        height: BlockHeight(Height(height)),
        round,
        block,
        validator: ValidatorAddress(key(i).address()),
    }
}

fn signer(i: u8, open: bool) -> Signer {
    let gate: Gate = Arc::new(move |_| if open { Ok(()) } else { Err("closed".to_owned()) });
    Signer::new(CHAIN, key(i), gate, Arc::new(|_, _| {}))
}

fn verifies(chain: u64, vote: &Vote, signature: &SignatureBytes) -> bool {
    let verifier = Verifier::new(chain, Arc::new(|_, _| {}));
    now(verifier.verify_signed_vote(vote, signature, &key(1).public())).expect("checks").is_valid()
}

#[test]
fn a_vote_verifies_for_what_it_says_and_nothing_else() {
    let hash = Some(B256::repeat_byte(9));
    let said = vote(1, VoteType::Precommit, 5, Round::new(2), hash);
    let signed = now(signer(1, true).sign_vote(said.clone())).expect("signs");
    assert!(verifies(CHAIN, &said, &signed.signature));
    let others = [
        vote(2, VoteType::Precommit, 5, Round::new(2), hash),
        vote(1, VoteType::Prevote, 5, Round::new(2), hash),
        vote(1, VoteType::Precommit, 6, Round::new(2), hash),
        vote(1, VoteType::Precommit, 5, Round::new(3), hash),
        vote(1, VoteType::Precommit, 5, Round::Nil, hash),
        vote(1, VoteType::Precommit, 5, Round::new(2), None),
        vote(1, VoteType::Precommit, 5, Round::new(2), Some(B256::ZERO)),
    ];
    for other in others {
        assert!(!verifies(CHAIN, &other, &signed.signature), "{other:?}");
    }
    assert!(!verifies(CHAIN + 1, &said, &signed.signature), "another chain");
}

#[test]
fn nothing_is_signed_against_the_gate_or_for_another() {
    let said = vote(1, VoteType::Prevote, 5, Round::new(0), None);
    assert!(now(signer(1, false).sign_vote(said.clone())).is_err(), "the gate is closed");
    assert!(now(signer(2, true).sign_vote(said)).is_err(), "another's vote");
    assert!(
        now(signer(1, true).sign_vote(vote(1, VoteType::Prevote, 5, Round::Nil, None))).is_err(),
        "a nil round"
    );
}

#[test]
fn a_peer_proof_is_for_one_key_one_peer_and_one_chain() {
    let public = key(1).public().0.to_vec();
    let good = now(signer(1, true).sign_validator_proof(public.clone(), vec![4; 38])).expect("signs");
    let check = |chain, proof| {
        let verifier = Verifier::new(chain, Arc::new(|_, _| {}));
        now(verifier.verify_validator_proof(proof)).expect("checks").is_valid()
    };
    assert!(check(CHAIN, &good));
    assert!(!check(CHAIN + 1, &good));
    let mut other = good.clone();
    other.peer_id = vec![5; 38];
    assert!(!check(CHAIN, &other));
    let mut other = good.clone();
    other.public_key = key(2).public().0.to_vec();
    assert!(!check(CHAIN, &other));
}

#[test]
fn what_the_library_accepts_as_a_certificate_verifies_on_chain() {
    let hash = B256::repeat_byte(8);
    let commits = [3, 1, 2].map(|i| {
        let said = vote(i, VoteType::Precommit, 7, Round::new(0), Some(hash));
        now(signer(i, true).sign_vote(said)).expect("signs")
    });
    let certificate =
        CommitCertificate::new(BlockHeight(Height(7)), Round::new(0), BlockHash(hash), commits.to_vec());
    let seats: Committee = committee().into();
    let verifier = Verifier::new(CHAIN, Arc::new(|_, _| {}));
    let accepted =
        now(verifier.verify_commit_certificate(&Context, &certificate, &seats, ThresholdParams::default()));
    assert!(accepted.is_ok(), "{accepted:?}");
    let ours = certificate_from_library(&certificate, &seats).expect("decided at a round");
    assert_eq!(committee().verify(CHAIN, &ours), Ok(()));
    assert_eq!(certificate_from_library(&certificate_to_library(&ours), &seats), Ok(ours));

    // A seat without power signs too: its signature is left out.
    let mut more = certificate;
    let said = vote(4, VoteType::Precommit, 7, Round::new(0), Some(hash));
    let signed = now(signer(4, true).sign_vote(said)).expect("signs");
    more.commit_signatures.push(malachitebft_core_types::CommitSignature::new(
        ValidatorAddress(key(4).address()),
        signed.signature,
    ));
    let ours = certificate_from_library(&more, &seats).expect("decided at a round");
    assert_eq!(ours.signatures.len(), 3);
}

#[test]
fn the_proposer_is_the_constitutions() {
    let seats: Committee = committee().into();
    for (height, round) in [(1, 0), (2, 0), (3, 5), (u64::MAX, 9)] {
        let expected = committee().proposer(Height(height), round).address;
        let got = malachitebft_core_types::Context::select_proposer(
            &Context,
            &seats,
            BlockHeight(Height(height)),
            Round::new(round),
        );
        assert_eq!(malachitebft_core_types::Validator::address(got).0, expected);
    }
}

fn signed(i: u8, kind: VoteKind, height: u64, block_hash: Option<B256>) -> SignedVote {
    let digest = vote_digest(CHAIN, kind, Height(height), 0, block_hash);
    let validator = key(i).address();
    SignedVote { kind, height, round: 0, block_hash, validator, signature: key(i).sign(digest) }
}

fn decided(height: u64, hash: B256, by: &[u8]) -> Certificate {
    let commit = |i: &u8| {
        let vote = signed(*i, VoteKind::Precommit, height, Some(hash));
        CommitSignature { validator: vote.validator, signature: vote.signature }
    };
    let mut signatures: Vec<_> = by.iter().map(commit).collect();
    signatures.sort_by_key(|commit| commit.validator);
    Certificate { height, round: 0, block_hash: hash, signatures }
}

#[test]
fn late_votes_complete_certificates_and_betray_double_voters() {
    let (hash, other) = (B256::repeat_byte(1), B256::repeat_byte(2));
    let mut watch = Watch::new(CHAIN);
    watch.started(Height(1), &committee());
    watch.verified(&signed(1, VoteKind::Prevote, 1, Some(hash)));
    watch.received(&signed(3, VoteKind::Prevote, 1, None));
    assert_eq!(watch.decided(decided(1, hash, &[1, 2])), None);
    watch.started(Height(2), &committee());
    for (i, heard) in [(1, Some(1)), (2, Some(1)), (3, Some(1)), (4, None)] {
        assert_eq!(watch.heard(&key(i).address()), heard.map(Height), "validator {i}");
    }

    let mut forged = signed(3, VoteKind::Precommit, 1, Some(hash));
    forged.signature.0[5] ^= 1;
    watch.received(&forged);
    watch.received(&signed(9, VoteKind::Precommit, 1, Some(hash)));
    watch.received(&signed(4, VoteKind::Precommit, 1, Some(hash)));
    watch.received(&signed(3, VoteKind::Precommit, 1, Some(hash)));
    let first = signed(1, VoteKind::Prevote, 1, Some(hash));
    let second = signed(1, VoteKind::Prevote, 1, Some(other));
    for _ in 0..2 {
        watch.received(&first);
        watch.received(&second);
    }
    assert_eq!(watch.take_evidence(), [Evidence::DoubleVote { first, second }], "once");
    assert_eq!(
        watch.decided(decided(2, other, &[1, 2, 3])),
        Some(decided(1, hash, &[1, 2, 3])),
        "one signature late"
    );

    // One that the library verified after it had decided, and one that it never looked at.
    let mut watch = Watch::new(CHAIN);
    watch.started(Height(1), &committee());
    watch.verified(&signed(2, VoteKind::Precommit, 1, Some(hash)));
    watch.received(&signed(3, VoteKind::Precommit, 1, Some(hash)));
    assert_eq!(watch.decided(decided(1, hash, &[1])), None);
    watch.started(Height(2), &committee());
    assert_eq!(watch.decided(decided(2, other, &[1])), Some(decided(1, hash, &[1, 2, 3])));

    for height in 3..=2 + WATCH_HEIGHTS {
        watch.started(Height(height), &committee());
    }
    watch.received(&signed(2, VoteKind::Prevote, 1, Some(other)));
    watch.received(&signed(2, VoteKind::Precommit, 1, Some(other)));
    assert_eq!(watch.take_evidence(), [], "too long ago");
    assert!(watch.committee(Height(1)).is_none() && watch.committee(Height(2)).is_some());
}

#[test]
fn every_good_vote_is_told() {
    let told = Arc::new(Mutex::new(0));
    let heard: Heard = {
        let told = told.clone();
        Arc::new(move |_, _| *told.lock().expect("unpoisoned") += 1)
    };
    let said = vote(1, VoteType::Prevote, 5, Round::new(0), None);
    let signer = Signer::new(CHAIN, key(1), Arc::new(|_| Ok(())), heard.clone());
    let signed = now(signer.sign_vote(said.clone())).expect("signs");
    let verifier = Verifier::new(CHAIN, heard);
    for vote in [&said, &vote(2, VoteType::Prevote, 5, Round::new(0), None)] {
        let _ = now(verifier.verify_signed_vote(vote, &signed.signature, &key(1).public()));
    }
    assert_eq!(*told.lock().expect("unpoisoned"), 2, "one signed, one verified, one refused");
}
