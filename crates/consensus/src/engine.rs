//! What every engine offers to the node, whichever way it decides.
//!
//! Rule kept: the node starts an engine with an [`Application`](crate::Application) and from then on only watches, wakes and
//! stops it. Engines do not know each other; when the constitution changes, the node stops one and starts the next.

use polity_constitution::VotingPower;
use polity_primitives::{Address, B256, Height, U256};

/// Where an engine is in deciding a block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Step {
    /// Not deciding: starting, or catching up from peers.
    #[default]
    Idle,
    /// Waiting for the proposer's block.
    Propose,
    /// Collecting first votes.
    Prevote,
    /// Collecting second votes.
    Precommit,
    /// Decided, committing.
    Commit,
    /// Looking for a nonce.
    Mine,
}

impl core::fmt::Display for Step {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Idle => "idle",
            Self::Propose => "propose",
            Self::Prevote => "prevote",
            Self::Precommit => "precommit",
            Self::Commit => "commit",
            Self::Mine => "mine",
        })
    }
}

/// Whether a member of the committee has been heard at this height.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence {
    /// Consensus address.
    pub validator: Address,
    /// Voting power.
    pub power: VotingPower,
    /// Its voice (a vote or a block proposal) was heard lately: at this height, or signed the last certificate, or it is us.
    pub present: bool,
}

/// What an engine is doing, as `polity status` tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Height being decided.
    pub height: Height,
    /// Round of it.
    pub round: u32,
    /// Step of the round.
    pub step: Step,
    /// Whose turn it is to propose in this round.
    pub proposer: Option<Address>,
    /// Peers connected.
    pub peers: usize,
    /// The highest finalized block that a peer has told of.
    pub peers_tip: Height,
    /// The last finalized block, here.
    pub tip: Height,
    /// Hash of the last block decided since the start.
    pub decided: Option<B256>,
    /// The committee of `height`, sorted by address.
    pub committee: Vec<Presence>,
    /// Whether this node signs: it has a seat and the guard against double signing lets it.
    pub signing: bool,
    /// What keeps this node from its part, though the engine runs: it may not sign yet, or a block it was sent is invalid here.
    pub trouble: Option<String>,
    /// Why the engine stopped, if it did by itself.
    pub failure: Option<String>,
    /// What only an engine of work can tell.
    pub work: Option<WorkStatus>,
}

/// What an engine of work is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkStatus {
    /// Hashes tried per second, here.
    pub hash_rate: u64,
    /// Expected hashes of the next block.
    pub difficulty: U256,
    /// The highest block under enough others to be final.
    pub finalized: Height,
    /// Blocks whose headers are proven and whose bodies are not here yet.
    pub missing: usize,
}

impl Status {
    /// Power of the committee.
    #[must_use]
    pub fn power_total(&self) -> VotingPower {
        self.committee.iter().fold(0, |sum, seat| sum.saturating_add(seat.power))
    }

    /// Power of the members that are present.
    #[must_use]
    pub fn power_present(&self) -> VotingPower {
        self.committee.iter().filter(|seat| seat.present).fold(0, |sum, seat| sum.saturating_add(seat.power))
    }

    /// Power needed to decide.
    #[must_use]
    pub fn power_needed(&self) -> VotingPower {
        polity_constitution::quorum(self.power_total())
    }

    /// Members that have not been heard.
    #[must_use]
    pub fn absent(&self) -> Vec<Address> {
        self.committee.iter().filter(|seat| !seat.present).map(|seat| seat.validator).collect()
    }
}

/// A running engine.
pub trait Engine: Send + Sync {
    /// Its name in the constitution: `bft` or `work`.
    fn name(&self) -> &'static str;

    /// What it is doing now.
    fn status(&self) -> Status;

    /// Says that there may be something to write: a transaction entered the mempool.
    fn wake(&self);

    /// Begins to stop; nothing is signed after this returns.
    fn stop(&self);
}
