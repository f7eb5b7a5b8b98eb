//! Known answers and properties of committees.

use polity_primitives::{Address, B256, Certificate, CommitSignature, Height, Signature};
use proptest::prelude::*;
use secp256k1::{Message, SECP256K1, SecretKey};

use super::*;

mod forks;
mod roll;
mod seating;
mod settings;
mod turns;

fn key(i: u8) -> SecretKey {
    SecretKey::from_byte_array([i; 32]).expect("nonzero")
}

fn candidate(i: u8) -> Candidate {
    let public = key(i).public_key(SECP256K1);
    let address = Address::from_raw_public_key(&public.serialize_uncompressed()[1..]);
    Candidate::new(format!("m{i}"), address, public.serialize(), [i; 32])
}

/// Member `i` without real keys: what the choice of seats needs.
fn plain(i: u16) -> Candidate {
    let mut address = [7; 20];
    address[..2].copy_from_slice(&i.wrapping_mul(40_503).to_be_bytes());
    Candidate::new(format!("m{i}"), address.into(), [2; 33], [1; 32])
}

fn signed(by: &[u8], certificate: &Certificate, chain_id: u64) -> Vec<CommitSignature> {
    let mut signatures: Vec<_> = by
        .iter()
        .map(|&i| {
            let message = Message::from_digest(certificate.digest(chain_id).0);
            let (id, rs) = SECP256K1.sign_ecdsa_recoverable(message, &key(i)).serialize_compact();
            let mut bytes = [0; 65];
            bytes[..64].copy_from_slice(&rs);
            bytes[64] = 27 + u8::try_from(i32::from(id)).expect("0..4");
            CommitSignature { validator: candidate(i).address, signature: Signature::from(bytes) }
        })
        .collect();
    signatures.sort_by_key(|s| s.validator);
    signatures
}

#[test]
fn quorum_is_strictly_more_than_two_thirds() {
    for (total, expected) in [(1, 1), (2, 2), (3, 3), (4, 3), (5, 4), (6, 5), (7, 5), (100, 67), (193, 129)] {
        assert_eq!(quorum(total), expected, "of {total}");
    }
}

#[test]
fn certificate_needs_a_quorum_of_distinct_seats() {
    let committee =
        committee(&Settings::default(), &[1, 2, 3, 4].map(candidate), B256::ZERO).expect("four seats");
    let mut certificate =
        Certificate { height: 9, round: 1, block_hash: [7; 32].into(), signatures: Vec::new() };
    certificate.signatures = signed(&[1, 2, 3], &certificate, 5);
    assert_eq!(committee.verify(5, &certificate), Ok(()));
    assert!(matches!(committee.verify(6, &certificate), Err(CertificateError::Signature(_))), "other chain");
    certificate.signatures = signed(&[1, 2], &certificate, 5);
    assert_eq!(
        committee.verify(5, &certificate),
        Err(CertificateError::Quorum { have: 2, need: 3, total: 4 })
    );
    certificate.signatures = signed(&[1, 1, 2], &certificate, 5);
    assert!(matches!(committee.verify(5, &certificate), Err(CertificateError::Order(_))), "counted twice");
    certificate.signatures = signed(&[1, 2, 9], &certificate, 5);
    assert!(matches!(
        committee.verify(5, &certificate),
        Err(CertificateError::Stranger(_) | CertificateError::Quorum { .. })
    ));
}

#[test]
fn who_writes_without_a_vote_proves_nothing() {
    let members = ["m1", "m2", "m3"].map(str::to_owned).to_vec();
    let verification = Verification::Supervisors { members };
    let settings = Settings { verification, ..Settings::default() };
    let committee = committee(&settings, &[1, 2, 3, 4].map(candidate), B256::ZERO).expect("four seats");
    assert_eq!((committee.total_power(), committee.quorum(), committee.seats().len()), (3, 3, 4));
    let mut certificate =
        Certificate { height: 9, round: 1, block_hash: [7; 32].into(), signatures: Vec::new() };
    certificate.signatures = signed(&[1, 2, 3], &certificate, 5);
    assert_eq!(committee.verify(5, &certificate), Ok(()));
    certificate.signatures = signed(&[1, 2, 3, 4], &certificate, 5);
    assert_eq!(committee.verify(5, &certificate), Err(CertificateError::Powerless(candidate(4).address)));
}

#[test]
fn nobody_or_somebody_twice_is_no_committee() {
    assert!(matches!(committee(&Settings::default(), &[], B256::ZERO), Err(CommitteeError::Empty(_))));
    let twice = [candidate(1), candidate(1)];
    assert_eq!(
        committee(&Settings::default(), &twice, B256::ZERO),
        Err(CommitteeError::Duplicate(candidate(1).address))
    );
}

proptest! {
    #[test]
    fn quorum_intersects_in_more_than_a_third(total in 1u64..u64::MAX / 3) {
        let q = quorum(total);
        prop_assert!(q >= 1 && q <= total);
        prop_assert!(u128::from(q) * 3 > u128::from(total) * 2);
        prop_assert!(u128::from(q - 1) * 3 <= u128::from(total) * 2);
    }

    #[test]
    fn rotation_gives_everyone_the_same_turns(n in 1u8..20, start in 0u64..1000) {
        let candidates: Vec<_> = (1..=n).map(candidate).collect();
        let committee = committee(&Settings::default(), &candidates, B256::ZERO).expect("seats");
        let mut turns: Vec<_> = (0..u64::from(n)).map(|i| committee.proposer(Height(start + i), 0).address).collect();
        turns.sort();
        turns.dedup();
        prop_assert_eq!(turns.len(), usize::from(n));
        prop_assert_eq!(committee.proposer(Height(start), 1), committee.proposer(Height(start + 1), 0));
    }
}
