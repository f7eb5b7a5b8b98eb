//! From the library's certificates and evidence to the chain's, and back.

use malachitebft_core_types::{self as library, NilOrVal, Round, VoteType};
use polity_primitives::{Certificate, CommitSignature, Evidence, SignedVote, VoteKind};

use super::{
    BlockHash, BlockHeight, BlockProposal, Committee, Context, SignatureBytes, ValidatorAddress, Vote,
};
use crate::Fatal;

/// The chain's form of `certificate`: sorted by validator, each once, without seats that have no power.
///
/// # Errors
/// [`Fatal`] if it was decided at a nil round, which the library never does.
pub fn certificate_from_library(
    certificate: &library::CommitCertificate<Context>,
    committee: &Committee,
) -> Result<Certificate, Fatal> {
    let round =
        certificate.round.as_u32().ok_or_else(|| Fatal("the library decided at a nil round".to_owned()))?;
    let votes = |who: &ValidatorAddress| committee.get().seat(&who.0).is_some_and(|seat| seat.power > 0);
    let mut signatures: Vec<_> = certificate
        .commit_signatures
        .iter()
        .filter(|commit| votes(&commit.address))
        .map(|commit| CommitSignature { validator: commit.address.0, signature: commit.signature.0 })
        .collect();
    signatures.sort_by_key(|commit| commit.validator);
    signatures.dedup_by_key(|commit| commit.validator);
    Ok(Certificate { height: certificate.height.0.0, round, block_hash: certificate.value_id.0, signatures })
}

/// The library's form of `certificate`.
#[must_use]
pub fn certificate_to_library(certificate: &Certificate) -> library::CommitCertificate<Context> {
    library::CommitCertificate {
        height: BlockHeight(polity_primitives::Height(certificate.height)),
        round: Round::new(certificate.round),
        value_id: BlockHash(certificate.block_hash),
        commit_signatures: certificate
            .signatures
            .iter()
            .map(|commit| {
                library::CommitSignature::new(
                    ValidatorAddress(commit.validator),
                    SignatureBytes(commit.signature),
                )
            })
            .collect(),
    }
}

/// The chain's form of a signed vote, or `None` if its round is nil, which no vote's is.
#[must_use]
pub fn signed_vote(vote: &Vote, signature: &SignatureBytes) -> Option<SignedVote> {
    Some(SignedVote {
        kind: match vote.kind {
            VoteType::Prevote => VoteKind::Prevote,
            VoteType::Precommit => VoteKind::Precommit,
        },
        height: vote.height.0.0,
        round: vote.round.as_u32()?,
        block_hash: match &vote.block {
            NilOrVal::Nil => None,
            NilOrVal::Val(hash) => Some(hash.0),
        },
        validator: vote.validator.0,
        signature: signature.0,
    })
}

/// Evidence from pairs of conflicting votes.
pub fn double_votes<'a>(
    pairs: impl IntoIterator<Item = &'a library::DoubleVote<Context>>,
) -> impl Iterator<Item = Evidence> {
    pairs.into_iter().filter_map(|(first, second)| {
        Some(Evidence::DoubleVote {
            first: signed_vote(&first.message, &first.signature)?,
            second: signed_vote(&second.message, &second.signature)?,
        })
    })
}

/// Evidence from pairs of conflicting block proposals.
pub fn double_proposals<'a>(
    pairs: impl IntoIterator<Item = &'a library::DoubleProposal<Context>>,
) -> impl Iterator<Item = Evidence> {
    pairs.into_iter().filter_map(|(first, second)| {
        let said = |signed: &library::SignedProposal<Context>| {
            let BlockProposal { block, valid_round, .. } = &signed.message;
            (block.0, valid_round.as_u32(), signed.signature.0)
        };
        Some(Evidence::DoubleProposal {
            height: first.message.height.0.0,
            round: first.message.round.as_u32()?,
            validator: first.message.proposer.0,
            first: said(first),
            second: said(second),
        })
    })
}
