//! A grinder that registers other keys for its node in the block it writes, when it knows the randomness of that block already.
//!
//! The address of a consensus key might move its seat to where the lot falls, and another peer key proves another output.

use alloy_sol_types::SolCall as _;
use polity_consensus::{Fatal, bft::Key};
use polity_constitution::{
    Candidate,
    randomness::{Prover, Question, rests},
};
use polity_institutions::{constitution, registry::IRegistry};
use polity_ledger::{Ledger, Proposer};
use polity_primitives::{B256, Height, REGISTRY, keccak256};

use crate::agreement::Agreement;

/// Keys that are tried at each turn.
const TRIED: u64 = 24;
/// Gas of a registration.
const GAS: u64 = 2_000_000;

/// Keys tried so far, and those just registered.
#[derive(Debug, Default)]
pub(super) struct Keys {
    tried: u64,
    registered: Option<Proposer>,
}

impl Keys {
    /// What was registered since the last call.
    pub(super) const fn changed(&mut self) -> Option<Proposer> {
        self.registered.take()
    }

    /// The transaction by which `member`, who proposes as `now`, has better keys after block `height` of randomness `output`; nothing if
    /// those it has are as good as all tried.
    pub(super) fn change(
        &mut self,
        agreement: &Agreement,
        ledger: &Ledger,
        (member, now): (usize, &Proposer),
        height: Height,
        output: B256,
    ) -> Result<Option<Vec<u8>>, Fatal> {
        let failed = |e: &dyn std::fmt::Display| Fatal::because(e);
        let state = ledger.latest();
        let settings = constitution::consensus_at(&state, height.next().0)
            .ok_or_else(|| Fatal("there are no settings".to_owned()))?;
        let candidates = constitution::candidates(&state, &settings);
        let question =
            Question { chain_id: agreement.charter().chain_id, height: height.next(), seed: output };
        // How many of the next two turns are its own with these keys.
        let worth = |own: &Candidate, prover: &Prover| -> Result<u8, Fatal> {
            let with = |candidate: &Candidate| match candidate.address == now.address {
                true => own.clone(),
                false => candidate.clone(),
            };
            let candidates: Vec<_> = candidates.iter().map(with).collect();
            let committee =
                polity_constitution::committee(&settings, &candidates, output).map_err(|e| failed(&e))?;
            if committee.proposer(question.height, 0).address != own.address {
                return Ok(0);
            }
            let output = match rests(own.peer_key_since, question.height) {
                true => question.at_rest(),
                false => prover.prove(&question).map_err(|e| failed(&e))?.mix_hash,
            };
            let next = committee.reseeded(output).proposer(question.height.next(), 0).address;
            Ok(1 + u8::from(next == own.address))
        };
        let Some(own) = candidates.iter().find(|candidate| candidate.address == now.address) else {
            return Ok(None);
        };
        let mut best = (worth(own, &now.prover)?, None);
        for _ in 0..TRIED {
            self.tried = self.tried.saturating_add(1);
            let consensus = Key::new(keccak256(format!("lab ground consensus {}", self.tried)).0)
                .map_err(|e| failed(&e))?;
            let secret = keccak256(format!("lab ground peer {}", self.tried)).0;
            let proposer = Proposer::new(consensus.address(), &secret).map_err(|e| failed(&e))?;
            let candidate = Candidate {
                address: proposer.address,
                public_key: consensus.public().0,
                peer_key: proposer.prover.public_key(),
                peer_key_since: height,
                ..own.clone()
            };
            let worth = worth(&candidate, &proposer.prover)?;
            if worth > best.0 {
                best = (worth, Some((candidate, proposer)));
            }
        }
        let Some((candidate, proposer)) = best.1 else { return Ok(None) };
        let call = IRegistry::setNodeCall {
            id: B256::right_padding_from(candidate.member.as_bytes()),
            consensusKey: candidate.public_key.to_vec().into(),
            peerKey: candidate.peer_key.into(),
        };
        self.registered = Some(proposer);
        let nonce = agreement.acted(ledger, member)?;
        agreement.act(member, nonce, GAS, REGISTRY, call.abi_encode().into()).map(Some)
    }
}
