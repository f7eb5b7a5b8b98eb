//! The server on a real ledger, driven by raw HTTP and WebSocket: every method, every refusal, every limit.

#![expect(clippy::disallowed_methods, reason = "blocks are made by the wall clock")]

mod articles;
mod chain;
mod depositary;
mod errors;
mod limits;
mod methods;
mod outlook;
mod polity;
mod reorganisation;
mod subscriptions;
mod wire;
