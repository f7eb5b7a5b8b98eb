//! Execution: `(parent state, block) -> outcome`, by revm and the institutions.
//!
//! Rule kept: pure and synchronous. Nothing here reads a clock, a disk, a socket or randomness; state comes in through
//! [`StateReader`] and goes out as [`polity_primitives::StateChanges`]. The same block on the same state gives the same
//! outcome on every machine. This is the only crate that names revm; nothing of revm is in its interface.
//!
//! The three ways work can end are kept apart: what a transaction does wrong is in its receipt; what a block does wrong is
//! [`BlockError::Invalid`] with the rule it breaks; what is wrong with us is [`Error::Unavailable`] or [`Error::Fatal`], and
//! can never become part of a state.
//!
//! Deliberately absent: the state trie (callers pass a function that computes the root), consensus (who may propose, how
//! far ahead a clock may be), and EIP-2935/4788 system contracts (no beacon chain here; `BLOCKHASH` works).
//!
//! Map: [`ChainRules`] what the charter fixes; `block` building and applying; `host` institutions inside the EVM; `query`
//! calls, estimates and traces; `vm` and `reader` the seam to revm.

mod block;
mod changes;
mod error;
mod executor;
mod host;
mod query;
mod reader;
mod recover;
mod rules;
mod vm;

#[cfg(test)]
mod tests;

pub use block::{Built, Outcome, RootOf, TransactionSource};
pub use error::{BlockError, Error, InvalidBlock, TransactionFault};
pub use executor::Executor;
pub use query::{
    CALL_GAS_MAX, CallEnv, CallError, CallOutcome, CallResult, Consequence, Estimate, SimulateError,
    Simulation, Subject, TRACE_BYTES_MAX, TRACE_STEPS_MAX,
};
pub use reader::{ReadError, StateReader};
pub use recover::recover_all;
pub use rules::{
    Attributes, BLOCK_BYTES_MAX, CARRIED_MAX, ChainRules, Closing, SIGNED_BYTES_MAX, SIGNED_GAS_SHARE,
    SYSTEM_CALLS_MAX, SYSTEM_GAS_MIN, SYSTEM_GAS_TARGET, TX_GAS_MAX, TX_GAS_MIN, randao,
};
