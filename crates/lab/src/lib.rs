//! The real engines, execution and institutions under virtual time.
//!
//! A [`Spec`] says how many validators there are, how bad the network is, what breaks and who is a villain; [`run()`] plays it with a
//! seed and checks what must hold ([`check`]). The same seed gives the same run to the last byte, which the hash of its
//! [`Trace`](trace::Trace) shows, so whatever goes wrong can be looked at again.
//!
//! What is real: the charter's reader, block 0 and every block after it ([`agreement`]), the ledger with its database's tables,
//! the BFT host, pace, watch and scheme, Malachite's core and the format of its log ([`bft`]). What is simulated: time, the network
//! ([`weather`]), what looking for nonces takes ([`work`]), disks ([`disk`]), and the node's driver, which in production is made of actors. The scheduler ([`world`]) knows
//! engines by a small trait ([`engine`]) only, so that one engine can be two that replace each other ([`switching`]).
//!
//! Rule kept: nothing in a run reads a clock, the machine's chance, or the order of a hash map.

#![allow(clippy::disallowed_methods)] // A layer 5 crate; machine time is measured outside of runs.

pub mod agreement;
pub mod audit;
pub mod bft;
pub mod check;
pub mod conduct;
pub mod counts;
pub mod disk;
pub mod engine;
pub mod experiment;
pub mod report;
pub mod rng;
pub mod run;
pub mod shares;
pub mod spec;
mod switching;
pub mod trace;
pub mod twins;
pub mod weather;
pub mod work;
pub mod world;

pub use polity_consensus::Fatal;
pub use report::Report;
pub use run::run;
pub use spec::{Spec, SpecError};
