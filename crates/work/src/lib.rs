//! The work engine of a running node: one thread that drives [`Worker`](polity_consensus::work::Worker), and threads that hash.
//!
//! [`start`] takes a chain, the miner's bounds and where to send what is said to peers, and gives a [`WorkHandle`]: tell it of peers
//! and of what they say, watch its status, wake and stop it.
//!
//! ```text
//!   node ── peers, words, wake ──▶ driver ── Worker ── Chain (ledger)
//!     ▲                              │  ▲
//!     └────── send, blame ───────────┘  └── nonces ── miner threads
//! ```
//!
//! Rule kept: mining takes no more of the processor than the operator gave it, and lets go of a job within a few milliseconds; the
//! driver never waits for it, nor for the network.
//!
//! Deliberately absent: sockets (the node), and everything about blocks (`polity-consensus`, the ledger).
#![allow(clippy::disallowed_methods)] // layer 4: this crate has the clock and the threads of mining

mod driver;
mod miner;

pub use driver::{Say, WorkHandle, start};
pub use miner::{CpuShare, MinerConfig};
