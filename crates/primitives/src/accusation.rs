//! Evidence in the bytes the constitution takes: `kind ‖ rlp([...])`.
//!
//! | kind | what | fields |
//! |---|---|---|
//! | 1 | double vote | vote kind, height, round, first hash, its signature, second hash, its signature |
//! | 2 | double proposal | height, round, first hash, valid round + 1, signature, second hash, valid round + 1, signature |
//! | 3 | invalid proposal | height, round, RLP of the header, signature |
//! | 4 | invalid worked block | RLP of the header, the seal's signature |
//!
//! Nil is the zero hash, a nil valid round is 0. The culprit is not named: it is whoever the signatures recover to.
//!
//! Rule kept: one meaning has one form, so that equal evidence is equal bytes.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_rlp::{Decodable, Encodable, RlpDecodable, RlpEncodable};

use crate::{Evidence, Signature, SignedVote, VoteKind};

/// Most bytes of an accusation: two signatures, or a header of the largest kind, with room.
pub const ACCUSATION_BYTES_MAX: usize = 4_096;

/// What one validator signed and should not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accusation {
    /// Two votes of one kind, height and round.
    DoubleVote(VotePair),
    /// Two proposals for one height and round.
    DoubleProposal(ProposalPair),
    /// A proposal of a block that no state makes valid.
    InvalidProposal(SignedHeader),
    /// A sealed worked block that no state makes valid.
    InvalidWork(SealedHeader),
}

/// Two votes.
#[derive(Clone, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct VotePair {
    /// [`VoteKind`] as a number.
    pub kind: u8,
    /// Height.
    pub height: u64,
    /// Round.
    pub round: u32,
    /// What the first is for; zero is nil.
    pub first_hash: B256,
    /// Its signature.
    pub first: Signature,
    /// What the second is for; zero is nil.
    pub second_hash: B256,
    /// Its signature.
    pub second: Signature,
}

/// Two proposals.
#[derive(Clone, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct ProposalPair {
    /// Height.
    pub height: u64,
    /// Round.
    pub round: u32,
    /// Block of the first.
    pub first_hash: B256,
    /// Its valid round, plus one; 0 is nil.
    pub first_valid: u64,
    /// Its signature.
    pub first: Signature,
    /// Block of the second.
    pub second_hash: B256,
    /// Its valid round, plus one; 0 is nil.
    pub second_valid: u64,
    /// Its signature.
    pub second: Signature,
}

/// A proposal with the header it is for.
#[derive(Clone, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct SignedHeader {
    /// Height that was signed.
    pub height: u64,
    /// Round that was signed. The valid round is nil: a first proposal.
    pub round: u32,
    /// What hashes to the block hash that was signed.
    pub header: Bytes,
    /// The signature.
    pub signature: Signature,
}

/// A worked block's header with its seal.
#[derive(Clone, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct SealedHeader {
    /// What hashes to the block hash that was signed.
    pub header: Bytes,
    /// The seal.
    pub signature: Signature,
}

/// Why bytes are no accusation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccusationError {
    /// Too long.
    #[error("evidence has at most {ACCUSATION_BYTES_MAX} bytes, this has {0}")]
    Long(usize),
    /// The first byte names none.
    #[error("there is no evidence of kind {0}")]
    Kind(u8),
    /// The rest does not decode.
    #[error("the bytes are not evidence: {0}")]
    Malformed(String),
}

impl Accusation {
    const fn kind(&self) -> u8 {
        match self {
            Self::DoubleVote(_) => 1,
            Self::DoubleProposal(_) => 2,
            Self::InvalidProposal(_) => 3,
            Self::InvalidWork(_) => 4,
        }
    }

    /// The bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        let mut bytes = vec![self.kind()];
        match self {
            Self::DoubleVote(pair) => pair.encode(&mut bytes),
            Self::DoubleProposal(pair) => pair.encode(&mut bytes),
            Self::InvalidProposal(signed) => signed.encode(&mut bytes),
            Self::InvalidWork(sealed) => sealed.encode(&mut bytes),
        }
        bytes.into()
    }

    /// The inverse.
    ///
    /// # Errors
    /// [`AccusationError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, AccusationError> {
        if bytes.len() > ACCUSATION_BYTES_MAX {
            return Err(AccusationError::Long(bytes.len()));
        }
        let (kind, rest) = bytes.split_first().unwrap_or((&0, &[]));
        match kind {
            1 => whole(rest).map(Self::DoubleVote),
            2 => whole(rest).map(Self::DoubleProposal),
            3 => whole(rest).map(Self::InvalidProposal),
            4 => whole(rest).map(Self::InvalidWork),
            kind => Err(AccusationError::Kind(*kind)),
        }
    }
}

impl Accusation {
    /// As a node records it, against `culprit`: who the signatures recover to. `None` for a vote of no kind there is.
    #[must_use]
    pub fn into_evidence(self, culprit: Address) -> Option<Evidence> {
        let round_of = |valid: u64| valid.checked_sub(1).and_then(|round| u32::try_from(round).ok());
        Some(match self {
            Self::DoubleVote(pair) => {
                let kind = vote_kind(pair.kind)?;
                let vote = |hash: B256, signature| SignedVote {
                    kind,
                    height: pair.height,
                    round: pair.round,
                    block_hash: Some(hash).filter(|hash| !hash.is_zero()),
                    validator: culprit,
                    signature,
                };
                Evidence::DoubleVote {
                    first: vote(pair.first_hash, pair.first),
                    second: vote(pair.second_hash, pair.second),
                }
            }
            Self::DoubleProposal(pair) => Evidence::DoubleProposal {
                height: pair.height,
                round: pair.round,
                validator: culprit,
                first: (pair.first_hash, round_of(pair.first_valid), pair.first),
                second: (pair.second_hash, round_of(pair.second_valid), pair.second),
            },
            Self::InvalidProposal(SignedHeader { height, round, header, signature }) => {
                Evidence::InvalidProposal { height, round, validator: culprit, header, signature }
            }
            Self::InvalidWork(SealedHeader { header, signature }) => {
                Evidence::InvalidWork { validator: culprit, header, signature }
            }
        })
    }
}

fn whole<T: Decodable>(mut bytes: &[u8]) -> Result<T, AccusationError> {
    let value = T::decode(&mut bytes).map_err(|error| AccusationError::Malformed(error.to_string()))?;
    if bytes.is_empty() {
        Ok(value)
    } else {
        Err(AccusationError::Malformed(format!("{} bytes follow it", bytes.len())))
    }
}

fn valid(round: Option<u32>) -> u64 {
    round.map_or(0, |round| u64::from(round).saturating_add(1))
}

impl From<&Evidence> for Accusation {
    fn from(evidence: &Evidence) -> Self {
        let hash = |vote: &SignedVote| vote.block_hash.unwrap_or_default();
        match evidence {
            Evidence::DoubleVote { first, second } => {
                // The lower hash first: the same two votes, found in either order, are the same bytes.
                let (first, second) =
                    if hash(first) <= hash(second) { (first, second) } else { (second, first) };
                Self::DoubleVote(VotePair {
                    kind: first.kind as u8,
                    height: first.height,
                    round: first.round,
                    first_hash: hash(first),
                    first: first.signature,
                    second_hash: hash(second),
                    second: second.signature,
                })
            }
            Evidence::DoubleProposal { height, round, first, second, .. } => {
                let (first, second) = if (first.0, first.1) <= (second.0, second.1) {
                    (first, second)
                } else {
                    (second, first)
                };
                Self::DoubleProposal(ProposalPair {
                    height: *height,
                    round: *round,
                    first_hash: first.0,
                    first_valid: valid(first.1),
                    first: first.2,
                    second_hash: second.0,
                    second_valid: valid(second.1),
                    second: second.2,
                })
            }
            Evidence::InvalidProposal { height, round, header, signature, .. } => {
                Self::InvalidProposal(SignedHeader {
                    height: *height,
                    round: *round,
                    header: header.clone(),
                    signature: *signature,
                })
            }
            Evidence::InvalidWork { header, signature, .. } => {
                Self::InvalidWork(SealedHeader { header: header.clone(), signature: *signature })
            }
        }
    }
}

/// What the writer of a worked block signs: keccak-256 of `abi.encode("polity.work", chain_id, block_hash)`.
///
/// Source: the Solidity ABI: offset of the string, chain id, hash; then the string's length and its bytes.
#[must_use]
pub fn work_digest(chain_id: u64, block_hash: B256) -> B256 {
    const NAME: &[u8] = b"polity.work";
    let word = |value: u64| B256::from(U256::from(value));
    let words =
        [word(96), word(chain_id), block_hash, word(NAME.len() as u64), B256::right_padding_from(NAME)];
    keccak256(words.concat())
}

/// The vote kind of a number.
#[must_use]
pub const fn vote_kind(number: u8) -> Option<VoteKind> {
    match number {
        1 => Some(VoteKind::Prevote),
        2 => Some(VoteKind::Precommit),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn accusations_come_back(kind in 1u8..=4, a: u64, b: u32, x: [u8; 32], y: [u8; 32], s: [u8; 32], v in 0u64..9) {
            let signature = Signature::left_padding_from(&s);
            let (first_hash, second_hash) = (B256::from(x), B256::from(y));
            let header = Bytes::copy_from_slice(&x);
            let accusation = match kind {
                1 => Accusation::DoubleVote(VotePair {
                    kind: 2, height: a, round: b, first_hash, first: signature, second_hash, second: signature,
                }),
                2 => Accusation::DoubleProposal(ProposalPair {
                    height: a, round: b, first_hash, first_valid: v, first: signature, second_hash,
                    second_valid: 0, second: signature,
                }),
                3 => Accusation::InvalidProposal(SignedHeader { height: a, round: b, header, signature }),
                _ => Accusation::InvalidWork(SealedHeader { header, signature }),
            };
            let bytes = accusation.to_bytes();
            prop_assert_eq!(Accusation::from_bytes(&bytes), Ok(accusation));
            // Recorded and told again it is the same, but for the order of two.
            let recorded = Accusation::from_bytes(&bytes).expect("decodes").into_evidence(Address::ZERO);
            let told = Accusation::from(&recorded.expect("a kind there is"));
            let again = told.clone().into_evidence(Address::ZERO).expect("a kind there is");
            prop_assert_eq!(Accusation::from(&again), told.clone());
            prop_assert!(kind < 3 || told.to_bytes() == bytes);
            let longer = [bytes.as_ref(), &[0]].concat();
            prop_assert!(Accusation::from_bytes(&longer).is_err());
        }

        #[test]
        fn noise_is_refused_without_panic(bytes: Vec<u8>) {
            let _ = Accusation::from_bytes(&bytes);
        }
    }

    #[test]
    fn the_digest_of_work_is_that_of_the_abi() {
        let encoded = "0000000000000000000000000000000000000000000000000000000000000060\
                       0000000000000000000000000000000000000000000000000000000000000007\
                       1111111111111111111111111111111111111111111111111111111111111111\
                       000000000000000000000000000000000000000000000000000000000000000b\
                       706f6c6974792e776f726b000000000000000000000000000000000000000000";
        let bytes = alloy_primitives::hex::decode(encoded).expect("hexadecimal");
        assert_eq!(work_digest(7, B256::repeat_byte(0x11)), keccak256(bytes));
    }

    #[test]
    fn what_is_too_long_or_unknown_is_named() {
        assert_eq!(Accusation::from_bytes(&[]), Err(AccusationError::Kind(0)));
        assert_eq!(Accusation::from_bytes(&[9, 1]), Err(AccusationError::Kind(9)));
        assert_eq!(Accusation::from_bytes(&[1; 5_000]), Err(AccusationError::Long(5_000)));
    }
}
