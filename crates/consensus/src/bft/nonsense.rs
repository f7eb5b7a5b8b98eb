//! Proposals of blocks that no state makes valid: the signature and the header, held against each other.
//!
//! They come by different ways and in either order: the signed proposal from the library's network, the block as a stream of parts
//! that is judged when it is whole. When both are here and the header breaks a rule whatever the state, that is an offence.
//!
//! Rule kept: what is kept is bounded by rounds and by the length of an accusation, and only what a proposer signed itself, in its
//! own turn and as new, is looked at: a block that a quorum once wanted is not its proposer's fault.
//!
//! Deliberately absent: blocks that only the state makes invalid. They are voted down and nobody is accused (ADR 0019).

use std::collections::BTreeMap;

use alloy_rlp::Decodable as _;
use malachitebft_core_types::{self as library, Round};
use polity_constitution::{broken_rule, offence};
use polity_primitives::{
    ACCUSATION_BYTES_MAX, Accusation, Address, B256, Block, Bytes, Evidence, Height, Signature, SignedHeader,
    keccak256, proposal_digest, recover_signer,
};

use super::{Context, StreamHead};

/// Rounds of a height that are looked at.
const ROUNDS_MAX: u32 = 64;
/// Longest header, or what stands for one: an accusation adds height, round and signature to it.
const HEADER_BYTES_MAX: usize = ACCUSATION_BYTES_MAX - 256;

/// Most first proposals kept: those of the height after the next may be anybody's so far.
const SIGNED_MAX: usize = 4_096;

/// A height, a round and who proposes.
type Turn = (Height, u32, Address);

/// What was signed and what was seen, of the heights being decided.
#[derive(Debug, Default)]
pub(super) struct Nonsense {
    /// First proposals with a good signature.
    signed: BTreeMap<Turn, (B256, Signature)>,
    /// Headers of streamed blocks that break a rule in every state.
    broken: BTreeMap<Turn, (B256, Bytes)>,
}

impl Nonsense {
    /// Notes a signed proposal of whoever has the turn.
    pub(super) fn signed(
        &mut self,
        chain_id: u64,
        proposal: &library::SignedProposal<Context>,
    ) -> Option<Evidence> {
        let super::BlockProposal { height, round, block, valid_round, proposer } = &proposal.message;
        let round = round.as_u32().filter(|round| *round < ROUNDS_MAX)?;
        let (turn, signature) = ((height.0, round, proposer.0), proposal.signature.0);
        let full = self.signed.len() >= SIGNED_MAX;
        if *valid_round != Round::Nil || full || self.signed.contains_key(&turn) {
            return None;
        }
        let digest = proposal_digest(chain_id, height.0, round, None, block.0);
        if recover_signer(digest, &signature) != Some(proposer.0) {
            return None;
        }
        self.signed.insert(turn, (block.0, signature));
        self.proved(chain_id, turn)
    }

    /// Notes an invalid block that its proposer streamed.
    pub(super) fn invalid(&mut self, chain_id: u64, head: &StreamHead, body: &[u8]) -> Option<Evidence> {
        let round = head.round.as_u32().filter(|round| *round < ROUNDS_MAX)?;
        let turn = (head.height.0, round, head.proposer.0);
        if head.valid_round != Round::Nil || self.broken.contains_key(&turn) {
            return None;
        }
        let header = header_of(&head.block.0, body)?;
        broken_rule(&header, Some((head.height.0.0, head.proposer.0)))?;
        self.broken.insert(turn, (head.block.0, header));
        self.proved(chain_id, turn)
    }

    /// Height `height` is decided.
    pub(super) fn decided(&mut self, height: Height) {
        self.signed = self.signed.split_off(&(height.next(), 0, Address::ZERO));
        self.broken = self.broken.split_off(&(height.next(), 0, Address::ZERO));
    }

    fn proved(&self, chain_id: u64, turn: Turn) -> Option<Evidence> {
        let (hash, signature) = self.signed.get(&turn)?;
        let (block, header) = self.broken.get(&turn)?;
        if hash != block {
            return None;
        }
        let (Height(height), round, _) = turn;
        let signed = SignedHeader { height, round, header: header.clone(), signature: *signature };
        let accusation = Accusation::InvalidProposal(signed);
        let offence = offence(chain_id, &accusation.to_bytes()).ok()?;
        accusation.into_evidence(offence.culprit)
    }
}

/// What hashes to `hash`: the header of the block that `body` is, or all of `body` where it is no block.
fn header_of(hash: &B256, body: &[u8]) -> Option<Bytes> {
    let header = Block::decode(&mut &*body).ok().map(|block| alloy_rlp::encode(&block.header));
    let named = |bytes: &Vec<u8>| keccak256(bytes) == *hash;
    let bytes = match header.filter(named) {
        Some(header) => header,
        None => Some(body).filter(|body| body.len() <= HEADER_BYTES_MAX).map(<[u8]>::to_vec).filter(named)?,
    };
    (bytes.len() <= HEADER_BYTES_MAX).then(|| bytes.into())
}
