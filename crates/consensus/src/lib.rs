//! Agreement on the next block: what every engine needs, and our side of the BFT engine.
//!
//! [`Application`] is what an engine asks of the chain; [`Engine`] is what a node asks of an engine.
//! [`bft`] holds the types that the Malachite library is instantiated with and [`bft::Host`], one sync type that answers
//! every question the library asks; `polity-bft` drives it over a network, the lab drives the same type under virtual time.
//!
//! Deliberately absent: sockets, clocks and tasks.

mod application;
pub mod bft;
mod engine;
pub mod work;

pub use application::{Application, DECIDED_MS, Fatal, Verdict};
pub use engine::{Engine, Presence, Status, Step, WorkStatus};
