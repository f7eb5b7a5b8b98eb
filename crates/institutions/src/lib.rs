//! The institutions: the part of the charter that lives on chain, as native modules at fixed addresses with a Solidity
//! ABI.
//!
//! Rule kept: an institution is storage, permission and events around a pure crate; its whole state is in the EVM storage
//! of its own account, in Solidity's layout, so the state root, reverts, proofs and sync cover it and there is no second
//! store. It sees the world through [`Context`] only, and [`directory::call`] does the checks all of them owe, once.
//!
//! Deliberately absent: revm (crate `execution` implements [`Host`] over it), consensus, disks, clocks.
//!
//! Map: [`host`] what an institution needs of the machine below; [`context`] what one call may do; [`storage`] typed
//! storage; [`directory`] the table of institutions and the single entry; [`memory`] a host without an EVM, for genesis
//! and tests; [`genesis()`] the state a charter begins with; then the institutions, one folder each.

pub mod agenda;
pub mod articles;
pub mod assembly;
pub mod constitution;
pub mod context;
pub mod differences;
pub mod directory;
mod genesis;
pub mod host;
mod laws;
pub mod memory;
pub mod names;
pub mod registry;
pub mod storage;
mod storage_bytes;
mod storage_history;
mod storage_word;
pub mod treasury;

pub use agenda::{SystemCall, next_due};
pub use context::{Context, Result, returns, void};
pub use directory::{DIRECTORY, Entry, Institution, call};
pub use genesis::{Error, GenesisState, genesis, memory as genesis_memory};
pub use host::{BlockInfo, Call, Failure, Halt, Host, Slots};
