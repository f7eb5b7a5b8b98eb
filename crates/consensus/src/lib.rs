//! Agreement on the next block: what every engine needs, and our side of the BFT engine.
//!
//! [`Application`] is what an engine asks of the chain; [`Engine`] is what a node asks of an engine.
//!
//! Deliberately absent: sockets, clocks and tasks.

mod application;
mod engine;

pub use application::{Application, Fatal, Verdict};
pub use engine::{Engine, Presence, Status, Step};
