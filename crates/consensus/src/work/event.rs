//! What happens to the engine, and what it wants done.

use polity_primitives::{Header, Height, U256};

use super::{Inserted, Tip};

/// A peer, by a number that the driver gives it for as long as it is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Peer(pub u64);

/// What happens to the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The node starts, or switches to this engine.
    Start,
    /// Time passed. The driver sends one at least four times a second.
    Tick,
    /// A peer connected.
    Joined(Peer),
    /// A peer is gone.
    Left(Peer),
    /// Bytes of a peer.
    Received {
        /// Whose.
        peer: Peer,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// The miner found a nonce.
    Solved {
        /// Of which job.
        job: u64,
        /// The nonce.
        nonce: u64,
    },
    /// There may be something new to write, or the chain moved without the engine.
    Wake,
}

/// A header to find a nonce for. It replaces the job before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its number; numbers rise.
    pub id: u64,
    /// The header with nonce 0.
    pub header: Header,
    /// The work hash must be at most this.
    pub target: U256,
}

/// What the engine wants done, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Send bytes to a peer.
    Send {
        /// To whom.
        peer: Peer,
        /// The bytes: a [`Message`](super::Message).
        bytes: Vec<u8>,
    },
    /// Send bytes to all peers.
    Broadcast {
        /// The bytes: a [`Message`](super::Message).
        bytes: Vec<u8>,
    },
    /// Look for a nonce of this header instead of the one before.
    Mine(Box<Job>),
    /// Look for none.
    StopMining,
    /// The peer broke the protocol: what it sent is invalid by its own bytes. The driver drops it, or counts.
    Blame {
        /// Who.
        peer: Peer,
        /// What it did.
        why: String,
    },
    /// The best chain changed.
    Moved {
        /// Its new end.
        tip: Tip,
        /// How: [`Inserted::Extended`] or [`Inserted::Reorganised`].
        how: Inserted,
    },
}

/// What the engine is doing, for `polity status`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Peers connected.
    pub peers: usize,
    /// The highest tip whose headers are proven here, ours or not.
    pub peers_tip: Height,
    /// The height being mined.
    pub mining: Option<Height>,
    /// Difficulty of it.
    pub difficulty: U256,
    /// Blocks whose headers are known and whose bodies are not.
    pub missing: usize,
    /// A heavier chain that forks off below our floor: its tip's height as its peer claims, and our floor. The operator must decide.
    pub refused: Option<(Height, Height)>,
}
