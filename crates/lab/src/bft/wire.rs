//! The messages of a simulated BFT network, as bytes.
//!
//! Votes, proposals, certificates and parts have the production's encodings (the types' own borsh forms), so that the bytes
//! counted are those that are sent. Around them is one tag.

use borsh::{BorshDeserialize, BorshSerialize};
use malachitebft_core_consensus::{LivenessMsg, SignedConsensusMsg};
use malachitebft_core_types::{Height as _, VoteType};
use polity_consensus::bft::{
    BlockHash, BlockHeight, Content, Context, Part, SignatureBytes, ValidatorAddress,
};

use crate::engine::Label;

/// Everything that BFT nodes send each other.
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
pub enum Wire {
    /// A vote or a block proposal.
    Consensus(SignedConsensusMsg<Context>),
    /// Repeated votes and certificates, for those who lag.
    Liveness(LivenessMsg<Context>),
    /// A part of a stream; no part is its end.
    Part {
        /// The stream.
        stream: u64,
        /// Position in it.
        sequence: u64,
        /// The part.
        part: Option<Part>,
    },
    /// The last block finalized here.
    Status(BlockHeight),
    /// Asks for decided blocks.
    Request {
        /// The first.
        from: BlockHeight,
        /// The last.
        to: BlockHeight,
    },
    /// Decided blocks.
    Blocks {
        /// The first asked for.
        from: BlockHeight,
        /// Each with its certificate.
        blocks: Vec<Decided>,
    },
}

/// A decided block and its certificate.
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
pub struct Decided {
    /// Its height.
    pub height: BlockHeight,
    /// Round in which it was decided.
    pub round: malachitebft_core_types::Round,
    /// Its hash.
    pub block: BlockHash,
    /// Precommits.
    pub signatures: Vec<(ValidatorAddress, SignatureBytes)>,
    /// Its RLP.
    pub body: Vec<u8>,
}

impl Wire {
    /// A message of a stream.
    #[must_use]
    pub fn part(stream: u64, sequence: u64, content: Content) -> Self {
        let part = match content {
            Content::Part(part) => Some(part),
            Content::End => None,
        };
        Self::Part { stream, sequence, part }
    }

    /// As it is sent.
    ///
    /// # Panics
    /// Never: writing to memory does not fail.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        borsh::to_vec(self).expect("writing to memory does not fail")
    }

    /// What it is about; of parts only that they are parts, for they do not say more.
    #[must_use]
    pub fn label(&self) -> Label {
        let label = |kind, height: BlockHeight, round: malachitebft_core_types::Round| Label {
            kind,
            height: height.as_u64(),
            round: round.as_u32().unwrap_or(0),
        };
        match self {
            Self::Consensus(SignedConsensusMsg::Vote(vote)) | Self::Liveness(LivenessMsg::Vote(vote)) => {
                let kind = match vote.message.kind {
                    VoteType::Prevote => "prevote",
                    VoteType::Precommit => "precommit",
                };
                label(kind, vote.message.height, vote.message.round)
            }
            Self::Consensus(SignedConsensusMsg::Proposal(proposal)) => {
                label("proposal", proposal.message.height, proposal.message.round)
            }
            Self::Liveness(LivenessMsg::PolkaCertificate(certificate)) => {
                label("polka", certificate.height, certificate.round)
            }
            Self::Liveness(LivenessMsg::SkipRoundCertificate(certificate)) => {
                label("skip", certificate.height, certificate.round)
            }
            Self::Part { .. } => Label { kind: "part", ..Label::default() },
            Self::Status(height) => Label { kind: "status", height: height.as_u64(), round: 0 },
            Self::Request { from, .. } => Label { kind: "request", height: from.as_u64(), round: 0 },
            Self::Blocks { from, .. } => Label { kind: "blocks", height: from.as_u64(), round: 0 },
        }
    }
}
