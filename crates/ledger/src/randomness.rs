//! The randomness of decided blocks: made by their writer, judged by everyone else.

use polity_constitution::randomness::{Proven, Question, verify};
use polity_primitives::Block;

use crate::{Error, Head, Ledger, Proposer};

impl Ledger {
    /// What the writer of the block after `head` is asked.
    fn question(&self, head: &Head) -> Question {
        let (chain_id, height) = (self.0.charter.chain_id, head.height().next());
        Question { chain_id, height, seed: head.header().mix_hash }
    }

    /// The randomness of the block after `head` if `proposer` writes it.
    pub(crate) fn prove(&self, head: &Head, proposer: &Proposer) -> Result<Proven, Error> {
        let height = head.height().next();
        let seat = head.committee.seat(&proposer.address);
        if seat.is_some_and(|seat| seat.peer_key != proposer.prover.public_key()) {
            tracing::warn!(%height, "ledger.randomness.key: the registry knows another peer key of this node; its blocks are refused");
        }
        proposer.prover.prove(&self.question(head)).map_err(|reason| Error::Randomness { height, reason })
    }

    /// Checks that `mix_hash` is what the writer of `block` could not choose. The error is a sentence.
    pub(crate) fn check_randomness(&self, head: &Head, block: &Block) -> Result<(), String> {
        let writer = block.header.beneficiary;
        let seat =
            head.committee.seat(&writer).ok_or_else(|| format!("{writer} has no seat in the committee"))?;
        let proven = verify(&seat.peer_key, &self.question(head), &block.seal).map_err(|e| e.to_string())?;
        let found = block.header.mix_hash;
        if found == proven { Ok(()) } else { Err(format!("mixHash is {found}, and {proven} is proven")) }
    }
}
