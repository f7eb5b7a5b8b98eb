//! The randomness of decided blocks: made by their writer, judged by everyone else.

use polity_constitution::{
    Seat,
    randomness::{Proven, Question, rests, verify},
};
use polity_primitives::{Block, Height};

use crate::{Error, Head, Ledger, Proposer};

/// Whether the peer key of `seat` is too new to prove anything at `height`.
fn at_rest(seat: &Seat, height: Height) -> bool {
    rests(seat.peer_key_since, height)
}

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
        if seat.is_some_and(|seat| at_rest(seat, height)) {
            return Ok(Proven { mix_hash: self.question(head).at_rest(), proof: Vec::new() });
        }
        proposer.prover.prove(&self.question(head)).map_err(|reason| Error::Randomness { height, reason })
    }

    /// Checks that `mix_hash` is what the writer of `block` could not choose. The error is a sentence.
    pub(crate) fn check_randomness(&self, head: &Head, block: &Block) -> Result<(), String> {
        let writer = block.header.beneficiary;
        let seat =
            head.committee.seat(&writer).ok_or_else(|| format!("{writer} has no seat in the committee"))?;
        let (question, found) = (self.question(head), block.header.mix_hash);
        if at_rest(seat, question.height) {
            let expected = question.at_rest();
            return match (found == expected, block.seal.is_empty()) {
                (true, true) => Ok(()),
                (false, _) => Err(format!(
                    "mixHash is {found}, and {expected} follows from the parent while the key of {writer} is new"
                )),
                (_, false) => {
                    Err(format!("the key of {writer} is new and proves nothing, but there is a seal"))
                }
            };
        }
        let proven = verify(&seat.peer_key, &question, &block.seal).map_err(|e| e.to_string())?;
        if found == proven { Ok(()) } else { Err(format!("mixHash is {found}, and {proven} is proven")) }
    }
}
