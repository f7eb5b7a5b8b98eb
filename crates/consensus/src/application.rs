//! Our side of consensus, as the engines see it.
//!
//! Rule kept: an engine never looks inside a block and never keeps one; it names blocks by hash and asks the application. So
//! there is one place that decides what a valid block is, and an engine can be exchanged while the chain runs.
//!
//! Deliberately absent: time-outs, votes and peers (the engines), and execution (the implementor, `polity-ledger`).

use std::ops::RangeInclusive;

use polity_constitution::Committee;
use polity_primitives::{B256, Certificate, Evidence, Height, SealedBlock};

/// Our bug or corrupt data. The engine stops before it signs anything more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Fatal(pub String);

impl Fatal {
    /// Fatal because of `error`, whatever its type.
    #[must_use]
    pub fn because(error: &dyn core::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// What the application says of a proposed block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Valid on the finalized tip: its body is durable and its outcome is kept for [`Application::finalize`].
    Valid(B256),
    /// Not valid, and why. The hash is that of the header if the bytes decode, else keccak-256 of the bytes, so that bytes
    /// that are no block never pass for the block whose hash was promised.
    Invalid(B256, String),
}

impl Verdict {
    /// The block's hash.
    #[must_use]
    pub const fn hash(&self) -> &B256 {
        match self {
            Self::Valid(hash) | Self::Invalid(hash, _) => hash,
        }
    }
}

/// In place of the time, for a block that a committee has decided: no clock of one node is asked about it. A node whose clock is behind
/// would else refuse what everybody else has, again and again, and stay where it is. Units: milliseconds since the Unix epoch.
pub const DECIDED_MS: u64 = u64::MAX;

/// What an engine asks of the chain. One sync type implements it; every method answers fast, because the engine waits.
///
/// Every method may fail with [`Fatal`], after which the engine signs nothing more and stops.
#[allow(clippy::missing_errors_doc)] // said once, above
pub trait Application: Send {
    /// EIP-155 chain id; part of everything that is signed.
    fn chain_id(&self) -> u64;

    /// Height of the last finalized block; genesis is 0.
    fn tip(&self) -> Height;

    /// Whether a committee decides `height`, the one after the tip: not where blocks are worked.
    fn decides(&self, height: Height) -> bool {
        let _ = height;
        true
    }

    /// The committee that decides `height`. Defined for `tip + 1` and for any past height that is kept.
    fn committee(&mut self, height: Height) -> Result<Committee, Fatal>;

    /// Builds a block at `height = tip + 1`, and makes its body durable before returning it.
    ///
    /// Units: `now_ms` is milliseconds since the Unix epoch, from the proposer's clock.
    fn build(&mut self, height: Height, round: u32, now_ms: u64) -> Result<SealedBlock, Fatal>;

    /// Judges the RLP of a block proposed, or synced, at `height = tip + 1`; makes a valid one's body durable before returning.
    /// Called again with the same bytes it answers the same, cheaply. Of a block that is decided, `now_ms` is [`DECIDED_MS`].
    fn receive(&mut self, block_bytes: &[u8], height: Height, now_ms: u64) -> Result<Verdict, Fatal>;

    /// The RLP of the undecided or decided block `hash`, if it is kept.
    fn body(&mut self, hash: &B256) -> Result<Option<Vec<u8>>, Fatal>;

    /// Commits the block that `certificate` decides. Not to know its body is fatal. Called again for a committed block it does
    /// nothing.
    fn finalize(&mut self, certificate: Certificate) -> Result<(), Fatal>;

    /// Replaces the certificate of a committed block by one with more signatures.
    fn enrich(&mut self, certificate: Certificate) -> Result<(), Fatal>;

    /// Committed blocks of `range` with their certificates, in order, without gaps, from its start; shorter where the chain
    /// ends or the history is pruned.
    fn decided(&mut self, range: RangeInclusive<Height>) -> Result<Vec<(Vec<u8>, Certificate)>, Fatal>;

    /// The lowest height whose block is kept; genesis never counts.
    fn oldest(&self) -> Height;

    /// Records proof of what somebody signed and should not have. What proves nothing is not kept.
    fn evidence(&mut self, evidence: Evidence) -> Result<(), Fatal>;

    /// Whether there is something to write now: executable transactions or due work of the chain itself.
    fn ready(&self) -> bool;

    /// Longest time between blocks of an idle chain. Units: milliseconds.
    fn block_time_ms(&self) -> u64;
}
