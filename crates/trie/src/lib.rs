//! The world state as a persistent Merkle-Patricia trie, held in memory.
//!
//! Rule kept: the state *is* the trie. [`State`] is one shared pointer, so a snapshot is a clone and keeping the states
//! of recent blocks costs only the nodes in which they differ. Every node is encoded and hashed once, when it is made;
//! the root is then a field, EVM reads walk the same nodes that prove them, and no second copy of an account exists.
//!
//! Byte for byte Ethereum: secure keys (keccak of address and slot), RLP nodes by `alloy-trie`'s encoders, so stock
//! clients verify [`State::proof`] as the answer of `eth_getProof`. Source: Yellow Paper appendix D, EIP-1186.
//!
//! Depth is bounded: a key has 64 nibbles, so every recursion here (update, build, drop) is at most that deep per trie,
//! whatever keys an attacker grinds.
//!
//! Deliberately absent: disk (`db` keeps flat accounts and slots, and the trie is rebuilt from them), code (by hash in
//! `db`), and any notion of which block is right (`consensus`).

mod children;
mod layers;
mod node;
mod proof;
mod state;
mod trie;
mod update;

pub use layers::{LAYERS_MAX, Layers, LayersError, Route};
pub use proof::{AccountProof, SlotProof};
pub use state::{BATCH_MAX, Builder, State};

#[cfg(test)]
mod tests;
