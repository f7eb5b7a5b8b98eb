//! The production's verification of signatures, remembered across the nodes of a run.
//!
//! A signature is good or not whoever asks, so what one node found the others need not compute again. Nothing else is shared
//! between nodes.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use malachitebft_core_types::{ValidatorProof, VoteExtensionScope};
use malachitebft_signing::{Error, VerificationResult, Verifier};
use polity_consensus::bft::{
    BlockProposal, Context, Heard, Judge, PublicKey, SignatureBytes, Verifier as Real, Vote, signed_vote,
};
use polity_primitives::{Address, B256, Signature, SignedVote, VoteKind};

type VoteKey = (VoteKind, u64, u32, Option<B256>, Address, Signature);

/// Votes whose signatures were looked at, and what was found.
#[derive(Clone, Debug, Default)]
pub struct Known(Arc<Mutex<HashMap<VoteKey, bool>>>);

fn entry(said: &SignedVote) -> VoteKey {
    (said.kind, said.height, said.round, said.block_hash, said.validator, said.signature)
}

impl Known {
    fn get(&self, said: &SignedVote) -> Option<bool> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&entry(said)).copied()
    }

    fn set(&self, said: &SignedVote, good: bool) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(entry(said), good);
    }

    /// For the watch of a node of chain `chain_id`.
    pub(crate) fn judge(&self, chain_id: u64) -> Judge {
        let (known, real) = (self.clone(), Judge::new(chain_id));
        Judge::by(move |vote| {
            known.get(vote).unwrap_or_else(|| {
                let good = real.is_good(vote);
                known.set(vote, good);
                good
            })
        })
    }
}

/// Verifies as the production does, each signature once per run.
#[derive(Clone)]
pub(crate) struct Remembering {
    real: Real,
    heard: Heard,
    known: Known,
}

impl Remembering {
    pub(crate) fn new(chain_id: u64, heard: Heard, known: Known) -> Self {
        Self { real: Real::new(chain_id, heard.clone()), heard, known }
    }
}

#[async_trait]
impl Verifier<Context> for Remembering {
    async fn verify_signed_vote(
        &self,
        vote: &Vote,
        signature: &SignatureBytes,
        key: &PublicKey,
    ) -> Result<VerificationResult, Error> {
        let Some(said) = signed_vote(vote, signature) else { return Ok(VerificationResult::Invalid) };
        let good = match self.known.get(&said) {
            Some(good) => {
                if good {
                    (self.heard)(vote, signature);
                }
                good
            }
            None => {
                let good = self.real.verify_signed_vote(vote, signature, key).await?.is_valid();
                self.known.set(&said, good);
                good
            }
        };
        Ok(VerificationResult::from_bool(good))
    }

    async fn verify_signed_proposal(
        &self,
        proposal: &BlockProposal,
        signature: &SignatureBytes,
        key: &PublicKey,
    ) -> Result<VerificationResult, Error> {
        self.real.verify_signed_proposal(proposal, signature, key).await
    }

    async fn verify_signed_vote_extension(
        &self,
        scope: &VoteExtensionScope<Context>,
        extension: &(),
        signature: &SignatureBytes,
        key: &PublicKey,
    ) -> Result<VerificationResult, Error> {
        self.real.verify_signed_vote_extension(scope, extension, signature, key).await
    }

    async fn verify_validator_proof(
        &self,
        proof: &ValidatorProof<Context>,
    ) -> Result<VerificationResult, Error> {
        self.real.verify_validator_proof(proof).await
    }
}
