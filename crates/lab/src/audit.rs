//! Who is to blame when two blocks were finalized at one height.
//!
//! It takes every vote and proposal that an honest node sent or was sent, if its author signed it. Blamed is who voted twice in one round, who proposed
//! twice in one round, and who prevoted for another block than it had precommitted to in an earlier round though no quorum of
//! prevotes for that block came between (the rule of the lock; Tendermint, arXiv:1807.04938, lines 28–33). An honest node does none of these: what it
//! acted on is among what it was sent. And two certificates for different blocks share more than a third of the power, every
//! part of which did one of them.

use std::collections::{BTreeMap, BTreeSet};

use malachitebft_core_consensus::{LivenessMsg, SignedConsensusMsg};
use polity_consensus::bft::{BlockProposal, Context, SignatureBytes, signed_vote};
use polity_constitution::Committee;
use polity_primitives::{Address, B256, SignedVote, VoteKind, proposal_digest, recover_signer, vote_digest};

use crate::bft::Wire;

type Said = BTreeSet<Option<B256>>;

/// Remembers who said what.
#[derive(Clone, Debug)]
pub struct Auditor {
    chain_id: u64,
    /// By height, round, kind, author.
    votes: BTreeMap<(u64, u32, VoteKind, Address), Said>,
    proposals: BTreeMap<(u64, u32, Address), BTreeSet<B256>>,
}

impl Auditor {
    /// An auditor of chain `chain_id` who has heard nothing.
    #[must_use]
    pub const fn new(chain_id: u64) -> Self {
        Self { chain_id, votes: BTreeMap::new(), proposals: BTreeMap::new() }
    }

    /// Takes bytes as they were sent.
    pub fn hear(&mut self, bytes: &[u8]) {
        let Ok(message) = borsh::from_slice::<Wire>(bytes) else { return };
        match message {
            Wire::Consensus(SignedConsensusMsg::Vote(vote)) | Wire::Liveness(LivenessMsg::Vote(vote)) => {
                self.vote(signed_vote(&vote.message, &vote.signature));
            }
            Wire::Consensus(SignedConsensusMsg::Proposal(proposal)) => {
                let message = &proposal.message;
                // Whoever passes it on could have written it: only a signature makes it its author's.
                if let Some(round) = message.round.as_u32()
                    && self.signed(message, &proposal.signature)
                {
                    let key = (message.height.0.0, round, message.proposer.0);
                    self.proposals.entry(key).or_default().insert(message.block.0);
                }
            }
            Wire::Liveness(LivenessMsg::PolkaCertificate(polka)) => {
                polka.votes(&Context).for_each(|vote| self.vote(signed_vote(&vote.message, &vote.signature)));
            }
            Wire::Liveness(LivenessMsg::SkipRoundCertificate(skip)) => {
                skip.votes(&Context).for_each(|vote| self.vote(signed_vote(&vote.message, &vote.signature)));
            }
            _ => {}
        }
    }

    /// Whether `proposal` is signed by the one it names.
    fn signed(&self, proposal: &BlockProposal, signature: &SignatureBytes) -> bool {
        let Some(round) = proposal.round.as_u32() else { return false };
        let digest = proposal_digest(
            self.chain_id,
            proposal.height.0,
            round,
            proposal.valid_round.as_u32(),
            proposal.block.0,
        );
        recover_signer(digest, &signature.0) == Some(proposal.proposer.0)
    }

    /// Takes a vote, if its author signed it.
    pub fn vote(&mut self, vote: Option<SignedVote>) {
        let Some(vote) = vote else { return };
        let key = (vote.height, vote.round, vote.kind, vote.validator);
        if self.votes.get(&key).is_some_and(|said| said.contains(&vote.block_hash)) {
            return;
        }
        let height = polity_primitives::Height(vote.height);
        let digest = vote_digest(self.chain_id, vote.kind, height, vote.round, vote.block_hash);
        if recover_signer(digest, &vote.signature) == Some(vote.validator) {
            self.votes.entry(key).or_default().insert(vote.block_hash);
        }
    }

    /// Who is to blame at `height`.
    #[must_use]
    pub fn culprits(&self, height: u64, committee: &Committee) -> BTreeSet<Address> {
        let mut culprits = BTreeSet::new();
        for ((at, .., who), said) in &self.votes {
            if *at == height && said.len() > 1 {
                culprits.insert(*who);
            }
        }
        for ((at, _, who), said) in &self.proposals {
            if *at == height && said.len() > 1 {
                culprits.insert(*who);
            }
        }
        culprits.extend(self.lock_breakers(height, committee));
        culprits.retain(|who| committee.seat(who).is_some());
        culprits
    }

    fn lock_breakers(&self, height: u64, committee: &Committee) -> BTreeSet<Address> {
        let mut power: BTreeMap<(u32, B256), u64> = BTreeMap::new();
        let mut prevotes: Vec<(u32, Address, B256)> = Vec::new();
        let mut precommits: Vec<(u32, Address, B256)> = Vec::new();
        for ((at, round, kind, who), said) in &self.votes {
            if *at != height {
                continue;
            }
            for block in said.iter().flatten() {
                match kind {
                    VoteKind::Prevote => {
                        let seat = committee.seat(who).map_or(0, |seat| seat.power);
                        let power = power.entry((*round, *block)).or_default();
                        *power = power.saturating_add(seat);
                        prevotes.push((*round, *who, *block));
                    }
                    VoteKind::Precommit => precommits.push((*round, *who, *block)),
                }
            }
        }
        let polka = |rounds: std::ops::Range<u32>, block: B256| {
            power.iter().any(|((round, of), power)| {
                *of == block && rounds.contains(round) && *power >= committee.quorum()
            })
        };
        let breaks = |(round, who, block): &(u32, Address, B256)| {
            precommits.iter().any(|(locked, by, other)| {
                by == who && other != block && locked < round && !polka(*locked..*round, *block)
            })
        };
        prevotes.iter().filter(|prevote| breaks(prevote)).map(|(_, who, _)| *who).collect()
    }
}

#[cfg(test)]
mod tests {
    use polity_consensus::bft::Key;
    use polity_constitution::Seat;
    use polity_primitives::Height;

    use super::*;

    const NOBODY: [u8; 0] = [];

    fn key(i: u8) -> Key {
        Key::new([i; 32]).expect("a key")
    }

    fn culprits(votes: &[(u8, VoteKind, u32, Option<u8>)]) -> Vec<u8> {
        let seat = |i| Seat {
            address: key(i).address(),
            public_key: key(i).public().0,
            peer_key: [0; 32],
            peer_key_since: Height::GENESIS,
            power: 1,
            weight: 1,
        };
        let committee = Committee::new((1..=4).map(seat).collect()).expect("four");
        let mut auditor = Auditor::new(7);
        for (by, kind, round, block) in votes {
            let block_hash = block.map(B256::repeat_byte);
            let digest = vote_digest(7, *kind, Height(1), *round, block_hash);
            auditor.vote(Some(SignedVote {
                kind: *kind,
                height: 1,
                round: *round,
                block_hash,
                validator: key(*by).address(),
                signature: key(*by).sign(digest),
            }));
        }
        let blamed = auditor.culprits(1, &committee);
        (1..=4).filter(|i| blamed.contains(&key(*i).address())).collect()
    }

    #[test]
    fn double_votes_and_broken_locks_are_blamed_and_a_justified_change_is_not() {
        use VoteKind::{Precommit, Prevote};
        let (a, b) = (Some(1), Some(2));
        assert_eq!(culprits(&[(1, Prevote, 0, a), (1, Precommit, 0, a), (1, Prevote, 1, a)]), NOBODY);
        assert_eq!(culprits(&[(1, Prevote, 0, a), (1, Prevote, 0, None)]), [1]);
        assert_eq!(culprits(&[(2, Precommit, 0, a), (2, Prevote, 1, b)]), [2]);
        assert_eq!(culprits(&[(2, Precommit, 0, a), (2, Prevote, 1, None)]), NOBODY, "nil breaks nothing");
        let polka = [(1, Prevote, 1, b), (3, Prevote, 1, b), (4, Prevote, 1, b)];
        let moved = [(2, Precommit, 0, a), (2, Prevote, 2, b)];
        assert_eq!(culprits(&[&polka[..], &moved].concat()), NOBODY, "a quorum came between");
        assert_eq!(culprits(&[&polka[..2], &moved].concat()), [2], "no quorum came between");
    }
}
