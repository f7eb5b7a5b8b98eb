//! Questions about a state: what would a call do, how much gas does it need, what did a transaction do step by step.
//!
//! Rule kept: a question never changes anything, and is answered by the same machine that executes blocks. Access rights
//! are not asked about here: whoever may read may ask.

mod access_list;
mod bounded;
mod call;
mod env;
mod estimate;
mod simulate;
mod trace;

use alloy_primitives::{Address, Bytes, Log};
use alloy_rpc_types_eth::BlockOverrides;
use polity_primitives::Header;

pub use bounded::TRACE_BYTES_MAX;
pub use estimate::Estimate;
pub use simulate::{Consequence, SimulateError, Simulation, Subject};
pub use trace::TRACE_STEPS_MAX;

use crate::{ReadError, TransactionFault};

/// Most gas a question may use. Source: geth's default `--rpc.gascap`.
pub const CALL_GAS_MAX: u64 = 50_000_000;

/// The block a question is asked in.
#[derive(Clone, Debug, Default)]
pub struct CallEnv {
    /// Its header: number, time, base fee and beneficiary are taken from here.
    pub header: Header,
    /// What to pretend instead.
    pub overrides: Option<BlockOverrides>,
}

impl From<Header> for CallEnv {
    fn from(header: Header) -> Self {
        Self { header, overrides: None }
    }
}

/// What a call would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallResult {
    /// How it ends.
    pub outcome: CallOutcome,
    /// Gas it uses, refunds deducted.
    pub gas_used: u64,
    /// Its logs; none unless it succeeds.
    pub logs: Vec<Log>,
}

/// How a call ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    /// It succeeds.
    Success {
        /// What it returns; the code, for a creation.
        output: Bytes,
        /// The contract a creation makes.
        created: Option<Address>,
    },
    /// It reverts.
    Revert {
        /// What it reverts with.
        data: Bytes,
        /// The same in words, if it is `Error(string)` or `Panic(uint256)`.
        reason: Option<String>,
    },
    /// It stops and uses all its gas.
    Halt {
        /// Why.
        reason: String,
        /// Whether more gas might help.
        out_of_gas: bool,
    },
}

/// Why a question has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The request contradicts itself.
    #[error("{0}")]
    Request(String),
    /// No block would take such a transaction.
    #[error("{0}")]
    Fault(TransactionFault),
    /// State could not be read.
    #[error("{0}")]
    Unavailable(ReadError),
    /// The tracer is unknown or its options are wrong, or the trace is too large.
    #[error("{0}")]
    Tracer(String),
    /// Our bug or corrupt data.
    #[error("fatal: {0}")]
    Fatal(String),
}

impl From<ReadError> for CallError {
    fn from(e: ReadError) -> Self {
        match e {
            ReadError::Corrupt(_) => Self::Fatal(e.to_string()),
            ReadError::Unavailable(_) => Self::Unavailable(e),
        }
    }
}
