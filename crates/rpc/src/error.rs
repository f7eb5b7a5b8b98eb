//! Errors: of starting the server, and of one request.
//!
//! Codes follow JSON-RPC 2.0 and EIP-1474; words follow geth where client libraries look for them. One request's
//! failure is a [`Failure`]; it never stops the server.

use std::{fmt::Display, net::SocketAddr};

use alloy_sol_types::{Panic, Revert, SolError};
use jsonrpsee::types::ErrorObjectOwned;
use polity_primitives::Bytes;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The port is taken or not allowed.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Address asked for.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// An entry of the allowed origins is no origin.
    #[error("`{0}` is not a web origin: expected `*`, `localhost` or `https://host[:port]`")]
    Origin(String),
    /// The worker threads could not be started.
    #[error("cannot start worker threads: {0}")]
    Workers(String),
    /// The method table names a method twice: our bug.
    #[error("cannot register methods: {0}")]
    Methods(String),
}

/// A method that does not exist. Source: JSON-RPC 2.0 §5.1.
pub(crate) const METHOD_NOT_FOUND: i32 = -32601;
/// Wrong parameters. Source: JSON-RPC 2.0 §5.1.
pub(crate) const INVALID_PARAMS: i32 = -32602;
/// Our bug. Source: JSON-RPC 2.0 §5.1.
pub(crate) const INTERNAL: i32 = -32603;
/// Generic server error. Source: EIP-1474.
pub(crate) const SERVER: i32 = -32000;
/// Transaction rejected for a reason of its own. Source: EIP-1474; geth uses -32000, so do we.
pub(crate) const REJECTED: i32 = SERVER;
/// More than the node gives. Source: EIP-1474.
pub(crate) const LIMIT: i32 = -32005;
/// The answer would be larger than allowed. Source: jsonrpsee.
pub(crate) const RESPONSE_TOO_BIG: i32 = -32008;
/// Execution reverted; `data` is what it returned. Source: geth.
pub(crate) const REVERTED: i32 = 3;
/// History the node no longer keeps. Source: execution-apis, EIP-4444.
pub(crate) const PRUNED: i32 = 4444;
/// Waiting for a receipt took too long. Source: EIP-7966.
pub(crate) const TIMED_OUT: i32 = 4;

/// Why one request failed, as JSON-RPC says it.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: i32,
    pub(crate) message: String,
    pub(crate) data: Option<Box<RawValue>>,
}

impl Failure {
    pub(crate) fn new(code: i32, message: impl Display) -> Self {
        Self { code, message: message.to_string(), data: None }
    }

    pub(crate) fn with(mut self, data: &impl Serialize) -> Self {
        self.data = to_raw_value(data).ok();
        self
    }

    pub(crate) fn server(message: impl Display) -> Self {
        Self::new(SERVER, message)
    }

    pub(crate) fn params(message: impl Display) -> Self {
        Self::new(INVALID_PARAMS, message)
    }

    pub(crate) fn limit(message: impl Display) -> Self {
        Self::new(LIMIT, message)
    }

    /// Our bug, or the disk's: logged here, where it is handled; the client learns nothing it could not use.
    pub(crate) fn internal(cause: impl Display) -> Self {
        tracing::error!(%cause, "rpc.internal_error");
        Self::new(INTERNAL, "internal error")
    }

    pub(crate) fn pruned(height: u64, oldest: u64) -> Self {
        Self::new(
            PRUNED,
            format!(
                "pruned history unavailable: state of block {height} is gone, the oldest kept is {oldest}"
            ),
        )
    }

    pub(crate) fn header_not_found() -> Self {
        Self::server("header not found")
    }

    /// A revert, with the reason spelled out where it is a Solidity `Error(string)` or `Panic(uint256)`.
    pub(crate) fn reverted(output: &Bytes) -> Self {
        let message = match revert_reason(output) {
            Some(reason) => format!("execution reverted: {reason}"),
            None => "execution reverted".to_owned(),
        };
        Self::new(REVERTED, message).with(output)
    }
}

/// The text of a Solidity revert, if it carries one.
pub(crate) fn revert_reason(output: &[u8]) -> Option<String> {
    if let Ok(revert) = Revert::abi_decode(output) {
        return Some(revert.reason);
    }
    Panic::abi_decode(output).ok().map(|panic| panic.to_string())
}

impl From<Failure> for ErrorObjectOwned {
    fn from(failure: Failure) -> Self {
        Self::owned(failure.code, failure.message, failure.data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reverts_are_worded_as_geth_words_them() {
        let error = Revert::from("no funds").abi_encode();
        let cases: [(Bytes, &str); 3] = [
            (error.into(), "execution reverted: no funds"),
            (Bytes::new(), "execution reverted"),
            (Bytes::from_static(&[0xde, 0xad, 0xbe, 0xef]), "execution reverted"),
        ];
        for (output, expected) in cases {
            let failure = Failure::reverted(&output);
            assert_eq!((failure.code, failure.message.as_str()), (REVERTED, expected));
            assert_eq!(failure.data.expect("data").get(), serde_json::to_string(&output).expect("json"));
        }
    }

    #[test]
    fn a_panic_names_its_kind() {
        let output = Panic { code: alloy_primitives::U256::from(0x11) }.abi_encode();
        let reason = revert_reason(&output).expect("a panic");
        assert!(reason.contains("overflow"), "{reason}");
    }
}
