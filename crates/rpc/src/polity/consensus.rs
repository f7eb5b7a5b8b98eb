//! Proof that a block was decided, for anyone to check.

use std::collections::BTreeMap;

use polity_constitution::{CertificateError, Committee};
use polity_institutions::registry;
use polity_primitives::{Address, B256, Bytes, Certificate, Height};
use serde::Serialize;

use super::height;
use crate::{
    api::Api,
    args::{Args, Quantity},
    error::Failure,
    method::Answer,
};

/// One seat.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SeatView {
    /// The member, where the registry knows it.
    member: Option<String>,
    address: Address,
    public_key: Bytes,
    /// ed25519 key that the randomness of its blocks verifies with.
    peer_key: B256,
    /// Height of the block that registered it; it proves randomness from 64 blocks later on. 0: since the founding.
    peer_key_since: u64,
    /// Of its vote; 0 writes without a vote.
    power: u64,
    /// In choosing who proposes; 0 votes without proposing.
    weight: u64,
}

/// A committee, with what a certificate of its height needs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CommitteeView {
    height: u64,
    seats: Vec<SeatView>,
    total_power: u64,
    /// Power that decides: more than two thirds.
    quorum: u64,
    /// Who proposes in round 0.
    proposer: Address,
}

impl CommitteeView {
    fn of(api: &Api, height: Height, committee: &Committee) -> Self {
        let names = names_at(api, height);
        let seat = |seat: &polity_constitution::Seat| SeatView {
            member: names.get(&seat.address).cloned(),
            address: seat.address,
            public_key: Bytes::copy_from_slice(&seat.public_key),
            peer_key: seat.peer_key.into(),
            peer_key_since: seat.peer_key_since.0,
            power: seat.power,
            weight: seat.weight,
        };
        Self {
            height: height.0,
            seats: committee.seats().iter().map(seat).collect(),
            total_power: committee.total_power(),
            quorum: committee.quorum(),
            proposer: committee.proposer(height, 0).address,
        }
    }
}

/// Members by the consensus address of their node, by the state that made the committee of `height`.
fn names_at(api: &Api, height: Height) -> BTreeMap<Address, String> {
    let state = height.previous().and_then(|before| api.ledger.state_at(before).ok());
    let validators = state.map(|state| registry::validators(&state)).unwrap_or_default();
    validators.into_iter().map(|validator| (validator.candidate.address, validator.id)).collect()
}

/// The committee that decides, or decided, a height; the next height's without parameter.
pub(super) fn committee(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let next = api.head().height().next();
    let height = args.opt::<Quantity>(0)?.map_or(next, |height| Height(height.0));
    if height == Height::GENESIS {
        return Err(args.wrong(0, "nobody decided genesis: the charter did"));
    }
    api.answer(&CommitteeView::of(api, height, &*api.ledger.committee_at(height)?))
}

/// A certificate with everything needed to check it: recover each signature over `digest`, look the address up in the
/// committee, add the powers.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Proof {
    chain_id: u64,
    /// What every signature signs.
    digest: B256,
    certificate: Certificate,
    /// `null` where the state that made it is no longer kept.
    committee: Option<CommitteeView>,
}

pub(super) fn certificate(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let height = height(api, args, 0)?;
    let proof = api.ledger.certificate(height)?.map(|certificate| Proof {
        chain_id: api.chain_id(),
        digest: certificate.digest(api.chain_id()),
        certificate,
        committee: api
            .ledger
            .committee_at(height)
            .ok()
            .map(|committee| CommitteeView::of(api, height, &committee)),
    });
    api.answer(&proof)
}

/// What checking a certificate came to.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Checked {
    /// It proves that its committee decided its block, and the block is ours.
    valid: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Whether this chain has its block at its height.
    canonical: bool,
    signatures: usize,
    power: u64,
    needed: u64,
    total: u64,
}

/// Checks a certificate: as `polity_getCertificate` returns it, or only its `certificate`.
pub(super) fn verify(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    #[derive(serde::Deserialize)]
    #[serde(untagged, expecting = "expected a certificate: {height, round, blockHash, signatures}")]
    enum Form {
        Bare(Certificate),
        Proof { certificate: Certificate },
    }
    let (Form::Bare(certificate) | Form::Proof { certificate }) = args.get(0)?;
    let height = Height(certificate.height);
    let committee = api.ledger.committee_at(height)?;
    let verdict = committee.verify(api.chain_id(), &certificate);
    let ours = api.ledger.block(height)?.map(|block| block.block.hash);
    let canonical = ours == Some(certificate.block_hash);
    let reason = match (&verdict, ours) {
        (Err(error), _) => Some(error.to_string()),
        (Ok(()), None) => Some(format!("block {height} is not known here yet")),
        (Ok(()), Some(ours)) if !canonical => Some(format!("block {height} is {ours} on this chain")),
        (Ok(()), Some(_)) => None,
    };
    let power = match verdict {
        Err(CertificateError::Quorum { have, .. }) => have,
        Err(_) => 0,
        Ok(()) => {
            let seats = certificate.signatures.iter().filter_map(|signed| committee.seat(&signed.validator));
            seats.map(|seat| seat.power).sum()
        }
    };
    api.answer(&Checked {
        valid: reason.is_none(),
        reason,
        canonical,
        signatures: certificate.signatures.len(),
        power,
        needed: committee.quorum(),
        total: committee.total_power(),
    })
}
