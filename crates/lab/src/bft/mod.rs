//! The BFT engine under virtual time: the real `consensus::bft::Host` wired to Malachite's sans-IO core.
//!
//! What `polity-bft` does with actors, sockets and a clock, [`Node`] does with calls: it carries the core's effects to the host,
//! the log and the network, and the answers back as inputs, in the order in which the production's messages would come. The
//! core, the host, pace and watch, the signing scheme, the ledger and the log's format are the production's own. Value sync is a small one of our own,
//! because the library's reads clocks; it feeds the core and the host as the library's does.
//!
//! [`Villain`] is a node that breaks the protocol, [`Plant`] a mistake built into honest ones to see that the checks find it.
//!
//! Deliberately absent: the guard against a lost log (`polity-bft` has it and its tests): honest disks here lose what was not
//! synced, never what was.

mod effects;
mod grinder;
mod node;
mod sync;
mod verifier;
mod villain;
mod wire;

pub use node::{Node, Plant, Wiring};
pub use verifier::Known;
pub use villain::Villain;
pub(crate) use villain::masked;
pub use wire::{Decided, Wire};
