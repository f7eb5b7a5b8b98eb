//! What a scheduler asks of an engine, whichever way it decides.
//!
//! An engine is told that its node starts, that bytes arrived, that a timer went off, that a transaction is offered. It answers
//! by acts on a [`Cx`]: bytes to peers, timers, and which blocks it holds for final. It knows no other time than the one it is
//! told. So one scheduler drives every engine, and one that replaces another in mid-run.
//!
//! Rule kept: acts before a failure happened. What was sent before the power failed was sent.

use std::rc::Rc;

use polity_consensus::Fatal;
use polity_ledger::Ledger;
use polity_primitives::{B256, Height};

use crate::rng::Rng;

/// The wall clock at virtual time 0. Units: milliseconds since the Unix epoch (2030-01-01).
pub const EPOCH_MS: u64 = 1_893_456_000_000;

/// What a message is about: for weather that depends on it, and for traces. Nodes never read it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Label {
    /// What it is.
    pub kind: &'static str,
    /// Height, or 0.
    pub height: u64,
    /// Round, or 0.
    pub round: u32,
}

/// What an engine did.
#[derive(Clone, Debug)]
pub enum Act {
    /// Sent bytes to a node, or to all others.
    Send {
        /// `None`: all others.
        to: Option<usize>,
        /// What they are about.
        label: Label,
        /// The bytes.
        bytes: Rc<[u8]>,
    },
    /// Wants to be told when a time is over.
    Timer {
        /// Its name, told back.
        id: u64,
        /// Units: microseconds from now.
        after_us: u64,
    },
    /// Holds a block for final, durably.
    Finalized {
        /// Its height.
        height: Height,
        /// Its hash.
        hash: B256,
    },
    /// Holds a node for a breaker of the protocol.
    Blame {
        /// Whom.
        who: usize,
        /// For what.
        why: String,
    },
    /// Says something for the trace.
    Note(String),
}

/// What an engine sees of the world at one moment, and where it acts.
#[derive(Debug)]
pub struct Cx {
    now_us: u64,
    skew_us: i64,
    /// Chance of this node's own.
    pub rng: Rng,
    pub(crate) acts: Vec<Act>,
}

impl Cx {
    pub(crate) fn new(now_us: u64, skew_us: i64, rng: Rng) -> Self {
        Self { now_us, skew_us, rng, acts: Vec::new() }
    }

    /// A clock without a date, that never jumps. Units: milliseconds.
    #[must_use]
    pub const fn now_ms(&self) -> u64 {
        self.now_us / 1_000
    }

    /// This node's wall clock. Units: milliseconds since the Unix epoch.
    #[must_use]
    pub const fn wall_ms(&self) -> u64 {
        EPOCH_MS.saturating_add(self.now_us.saturating_add_signed(self.skew_us) / 1_000)
    }

    /// Sends to one node.
    pub fn send(&mut self, to: usize, label: Label, bytes: Vec<u8>) {
        self.acts.push(Act::Send { to: Some(to), label, bytes: bytes.into() });
    }

    /// Sends to all other nodes.
    pub fn broadcast(&mut self, label: Label, bytes: Vec<u8>) {
        self.acts.push(Act::Send { to: None, label, bytes: bytes.into() });
    }

    /// Asks to be told of `id` later.
    pub fn timer(&mut self, id: u64, after_us: u64) {
        self.acts.push(Act::Timer { id, after_us });
    }

    /// Says that a block is final here.
    pub fn finalized(&mut self, height: Height, hash: B256) {
        self.acts.push(Act::Finalized { height, hash });
    }

    /// Says that a node broke the protocol.
    pub fn blame(&mut self, who: usize, why: String) {
        self.acts.push(Act::Blame { who, why });
    }

    /// Says something for the trace.
    pub fn note(&mut self, note: impl Into<String>) {
        self.acts.push(Act::Note(note.into()));
    }
}

/// An engine on its node. An error stops the node, as it would stop the process.
#[allow(clippy::missing_errors_doc)] // said once, above
pub trait Engine {
    /// The process starts, for the first time or after a crash.
    fn start(&mut self, cx: &mut Cx) -> Result<(), Fatal>;

    /// Bytes of node `from` arrived.
    fn receive(&mut self, from: usize, bytes: &[u8], cx: &mut Cx) -> Result<(), Fatal>;

    /// A timer of this process went off.
    fn timer(&mut self, id: u64, cx: &mut Cx) -> Result<(), Fatal>;

    /// A client, or the network of transactions, offers one.
    fn transaction(&mut self, raw: &[u8], cx: &mut Cx) -> Result<(), Fatal>;

    /// The connection with `peer` was closed, or is there again. Only engines that count their peers care.
    fn link(&mut self, _peer: usize, _up: bool, _cx: &mut Cx) -> Result<(), Fatal> {
        Ok(())
    }

    /// The chain as this node has it.
    fn ledger(&self) -> &Ledger;
}
