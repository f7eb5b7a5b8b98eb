//! JSON-RPC over HTTP and WebSocket, on one port: what wallets, libraries, explorers and `polity` itself talk to.
//!
//! The way of a request: `server` lets it in (host, origin, size), `dispatch` finds the method and runs it where its
//! weight says, the handler reads the [ledger](polity_ledger) and answers through `convert`. Handlers are plain
//! synchronous functions in one file per namespace; the table of methods is the list of what exists.
//!
//! Rules kept: nothing a client sends can hold a thread that serves others, and every queue and answer has a bound, all of
//! them in `config`. One request's panic is that request's error. Words and codes of errors are geth's where client
//! libraries read them.
//!
//! Deliberately absent: keys (clients sign), and any way to the state but the ledger's.

#![expect(
    clippy::disallowed_methods,
    reason = "layer 4: filters expire by the clock, and `pending` is a block of now"
)]

mod api;
mod args;
mod config;
mod convert;
mod debug;
mod dispatch;
mod error;
mod eth;
mod feed;
mod filters;
mod method;
mod net;
mod node_info;
mod polity;
mod server;
mod txpool;
mod web3;

pub use config::*;
pub use error::Error;
pub use node_info::{NodeInfo, Syncing};
pub use server::{RpcServer, serve};
