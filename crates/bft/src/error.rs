//! Why the engine does not start, or stopped.

use std::path::PathBuf;

use polity_consensus::{Fatal, bft::KeyError};
use polity_primitives::Address;

/// Why the engine does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A network address that cannot be read.
    #[error("{text:?} is not a network address like /ip4/127.0.0.1/tcp/26656: {reason}")]
    Address {
        /// What was written.
        text: String,
        /// Why it is none.
        reason: String,
    },
    /// A peer key that is no key.
    #[error("a peer key of this node or of a peer is not an ed25519 key: {0}")]
    PeerKey(String),
    /// The consensus key is no key.
    #[error("the consensus key: {0}")]
    ConsensusKey(#[from] KeyError),
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The record of what was signed is not one, or is another key's.
    #[error("{path}, the signing record of {address}: {reason}")]
    Guard {
        /// Which file.
        path: PathBuf,
        /// Our consensus address.
        address: Address,
        /// What is wrong with it.
        reason: String,
    },
    /// The application cannot start.
    #[error(transparent)]
    Fatal(#[from] Fatal),
    /// The library does not start.
    #[error("the consensus library does not start: {0}")]
    Library(String),
}
