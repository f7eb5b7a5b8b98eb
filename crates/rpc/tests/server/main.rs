//! The server on a real ledger, driven by raw HTTP and WebSocket: every method, every refusal, every limit.

mod chain;
mod errors;
mod limits;
mod methods;
mod polity;
mod subscriptions;
mod wire;
