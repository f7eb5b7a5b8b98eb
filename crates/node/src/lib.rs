//! Composition: the only place where the parts meet the world.
//!
//! [`init()`] turns a charter into homes on disk; [`start`] turns a home into a running node. A home holds
//!
//! ```text
//! home/
//! ├── charter.toml   the agreement, with every member's public keys
//! ├── node.toml      who this node is, where it listens, whom it dials
//! ├── keys.toml      this node's secrets (mode 0600)
//! ├── db/            blocks and state
//! └── wal/           what the engine must not forget before it signs
//! ```
//!
//! Rule kept: tasks are started here and nowhere else, and stopped in the reverse order: first no more requests, then no
//! more signatures, then no more peers.
#![allow(clippy::disallowed_methods)] // L5 has a clock and sockets

mod blocks;
mod engines;
mod evidence;
mod home;
mod info;
mod init;
mod keys;
mod permission;
mod run;
mod supervisor;
mod words;

pub use home::{Home, HomeError, NodeSettings, PeerSettings, Ports, RpcSettings};
pub use init::{
    InitError, InitOptions, KeySource, LocalNetwork, NodePlan, ensure_stopped, free_ports, init,
    open_network, read_secrets, rpc_urls,
};
pub use keys::{AccountSecret, KeyError, MemberSecrets, NodeSecrets, Secret, Secrets};
pub use permission::allow_signing;
pub use polity_work::{CpuShare, MinerConfig};
pub use run::{NodeError, RunningNode, start};
