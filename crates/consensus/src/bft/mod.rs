//! Our side of the BFT engine (Malachite, a Tendermint family library).
//!
//! The library agrees on *values*; a value here is the hash of a block, and the block itself travels beside it as signed,
//! numbered parts. [`Host`] answers whatever the library asks of a chain: which value to propose, whether a streamed block is
//! complete and valid, what was decided. [`Watch`] listens to every verified vote, so that presence can be told, late
//! signatures enrich certificates, and late double votes are found, which the library does not do. [`Pace`] says when to
//! propose and how long to wait for a proposer.
//!
//! Rule kept: all of it is plain function calls on data. The node drives it over a network, the lab under virtual time.
//!
//! Deliberately absent: the voting protocol (the library's), and when anything happens (the driver's).

mod context;
mod convert;
mod host;
mod nonsense;
mod pace;
mod parts;
mod scheme;
mod watch;

pub use context::{
    BlockHash, BlockHeight, BlockProposal, Committee, Context, Validator, ValidatorAddress, Vote,
};
pub use convert::{
    certificate_from_library, certificate_to_library, double_proposals, double_votes, signed_vote,
};
pub use host::{Host, ProposedBlock, Synced};
pub use pace::Pace;
pub use parts::{
    Assembler, BLOCK_BYTES_MAX, BYTES_MAX, Content, EARLY_BYTES_MAX, PART_BYTES, PARTS_MAX,
    PUBLISHER_BYTES_MAX, PUBLISHERS_MAX, Part, Progress, Refusal, STREAM_ID_BYTES_MAX,
    STREAMS_PER_PUBLISHER_MAX, StreamHead, StreamPart, split,
};
pub use scheme::{
    Gate, Heard, Key, KeyError, PublicKey, Scheme, SignatureBytes, Signer, Verifier, validator_proof_digest,
};
pub use watch::{Judge, WATCH_HEIGHTS, WATCH_VOTES_MAX, Watch};

#[cfg(test)]
mod tests;
