//! Commit certificates and the bytes their signatures sign.
//!
//! A vote signs `keccak256(abi.encode(keccak256("polity.vote"), chainId, kind, height, round, blockHash))`; every field is a
//! 32-byte word. So a contract checks a certificate with `ecrecover` and a dozen lines of Solidity.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_rlp::{RlpDecodable, RlpEncodable};
use serde::{Deserialize, Serialize};

use crate::Height;

/// Bytes of a signature: `r || s || v`.
pub const SIGNATURE_LEN: usize = 65;

/// A recoverable secp256k1 signature `r || s || v` with `v` 27 or 28 and low `s`: what the EVM's `ecrecover` takes.
pub type Signature = alloy_primitives::FixedBytes<SIGNATURE_LEN>;

/// Which of the two votes of a round. Source: Tendermint (arXiv:1807.04938) §2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VoteKind {
    /// First vote of a round.
    Prevote = 1,
    /// Second vote of a round; a quorum of these is a certificate.
    Precommit = 2,
}

fn word(value: u64) -> [u8; 32] {
    U256::from(value).to_be_bytes()
}

/// The digest a vote signs. `block_hash` is `None` for nil, encoded as 32 zero bytes; a nil round is `u64::MAX`.
#[must_use]
pub fn vote_digest(
    chain_id: u64,
    kind: VoteKind,
    height: Height,
    round: u32,
    block_hash: Option<B256>,
) -> B256 {
    let mut bytes = [0u8; 32 * 6];
    let words = [
        keccak256("polity.vote").0,
        word(chain_id),
        word(kind as u64),
        word(height.0),
        word(u64::from(round)),
        block_hash.unwrap_or_default().0,
    ];
    for (to, from) in bytes.chunks_exact_mut(32).zip(words) {
        to.copy_from_slice(&from);
    }
    keccak256(bytes)
}

/// The digest a block proposal signs; `valid_round` is `None` for nil, encoded as `u64::MAX`.
#[must_use]
pub fn proposal_digest(
    chain_id: u64,
    height: Height,
    round: u32,
    valid_round: Option<u32>,
    block_hash: B256,
) -> B256 {
    let mut bytes = [0u8; 32 * 6];
    let words = [
        keccak256("polity.proposal").0,
        word(chain_id),
        word(height.0),
        word(u64::from(round)),
        word(valid_round.map_or(u64::MAX, u64::from)),
        block_hash.0,
    ];
    for (to, from) in bytes.chunks_exact_mut(32).zip(words) {
        to.copy_from_slice(&from);
    }
    keccak256(bytes)
}

/// The address whose key signed `digest`, or `None` if the signature is malformed, has a high `s`, or recovers to nothing.
#[must_use]
pub fn recover_signer(digest: B256, signature: &Signature) -> Option<Address> {
    use secp256k1::{Message, SECP256K1, ecdsa};
    let [rs @ .., v] = &signature.0;
    let id = ecdsa::RecoveryId::try_from(i32::from(v.checked_sub(27)?)).ok()?;
    let recoverable = ecdsa::RecoverableSignature::from_compact(rs, id).ok()?;
    let mut normal = recoverable.to_standard();
    normal.normalize_s();
    if normal != recoverable.to_standard() {
        return None;
    }
    let key = SECP256K1.recover_ecdsa(Message::from_digest(digest.0), &recoverable).ok()?;
    Some(Address::from_raw_public_key(key.serialize_uncompressed().get(1..)?))
}

/// One validator's precommit in a certificate.
#[derive(Clone, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CommitSignature {
    /// The validator's consensus address.
    pub validator: Address,
    /// Its signature over the precommit digest.
    pub signature: Signature,
}

/// Proof that a committee decided a block: precommits with more than two thirds of the voting power.
#[derive(Clone, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Certificate {
    /// Height decided.
    pub height: u64,
    /// Round in which it was decided.
    pub round: u32,
    /// Hash of the decided block.
    pub block_hash: B256,
    /// Precommits, sorted by validator address, each validator once.
    pub signatures: Vec<CommitSignature>,
}

impl Certificate {
    /// The digest each signature of this certificate signs.
    #[must_use]
    pub fn digest(&self, chain_id: u64) -> B256 {
        vote_digest(chain_id, VoteKind::Precommit, Height(self.height), self.round, Some(self.block_hash))
    }
}

/// A vote as it was signed, kept so that it can be searched and held against its author.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedVote {
    /// Prevote or precommit.
    pub kind: VoteKind,
    /// Height.
    pub height: u64,
    /// Round.
    pub round: u32,
    /// Block voted for; `None` is nil.
    pub block_hash: Option<B256>,
    /// The validator's consensus address.
    pub validator: Address,
    /// Its signature.
    pub signature: Signature,
}

/// Proof that a validator signed what it should not have: anyone can check it with [`recover_signer`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "type")]
pub enum Evidence {
    /// Two votes of one kind, height and round for different values.
    DoubleVote {
        /// The first.
        first: SignedVote,
        /// The second.
        second: SignedVote,
    },
    /// Two block proposals for one height and round.
    DoubleProposal {
        /// Height.
        height: u64,
        /// Round.
        round: u32,
        /// The proposer's consensus address.
        validator: Address,
        /// First block hash, its valid round, and the signature.
        first: (B256, Option<u32>, Signature),
        /// Second block hash, its valid round, and the signature.
        second: (B256, Option<u32>, Signature),
    },
    /// A first proposal (valid round nil) of a block whose header breaks a rule in every state.
    InvalidProposal {
        /// Height signed.
        height: u64,
        /// Round signed.
        round: u32,
        /// The proposer's consensus address.
        validator: Address,
        /// RLP of the header, or whatever hashes to the hash that was signed.
        header: Bytes,
        /// The proposal's signature.
        signature: Signature,
    },
    /// A sealed worked block whose header breaks a rule in every state.
    InvalidWork {
        /// The writer's consensus address.
        validator: Address,
        /// RLP of the header.
        header: Bytes,
        /// The seal's signature.
        signature: Signature,
    },
}
