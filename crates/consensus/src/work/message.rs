//! What nodes of a worked chain say to each other, as bytes.
//!
//! Every message is borsh with a tag, and has a bound that is checked before anything is kept.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::bft::BLOCK_BYTES_MAX;

/// Most headers in one message. A header is about 600 bytes.
pub const HEADERS_MAX: usize = 256;
/// Most hashes in a locator: every height near the tip, then ever wider steps down to the floor.
pub const LOCATOR_MAX: usize = 64;
/// Most bodies asked for at once of one peer.
pub const BODIES_MAX: usize = 16;
/// Longest header. Ethereum's with every field of ours is below 700 bytes.
pub const HEADER_BYTES_MAX: usize = 1_024;
/// Longest message: one block, and the few bytes around it.
pub const MESSAGE_BYTES_MAX: usize = BLOCK_BYTES_MAX + 64;

/// A hash on the wire.
type Hash = [u8; 32];

/// What nodes of a worked chain say to each other.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Message {
    /// The best tip of the sender: when it meets a peer, and now and then.
    Tip {
        /// Its hash.
        hash: Hash,
        /// Its height.
        height: u64,
        /// Accumulated difficulty, big-endian. A claim: only headers prove it.
        work: Hash,
    },
    /// Asks for headers of the best chain after the first hash of the locator that lies on it.
    GetHeaders {
        /// Hashes of the asker's chain, from high to low. Bounds: [`LOCATOR_MAX`].
        locator: Vec<Hash>,
    },
    /// Headers, each built on the one before, as RLP: an answer, or (one, unasked) the announcement of a new block.
    Headers {
        /// The headers. Bounds: [`HEADERS_MAX`] of [`HEADER_BYTES_MAX`].
        headers: Vec<Vec<u8>>,
    },
    /// Asks for blocks.
    GetBodies {
        /// Their hashes. Bounds: [`BODIES_MAX`].
        hashes: Vec<Hash>,
    },
    /// A block, as RLP.
    Body {
        /// The block. Bounds: [`BLOCK_BYTES_MAX`].
        block: Vec<u8>,
    },
}

/// Why bytes are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// More bytes than any message has.
    #[error("a message of {0} bytes; the most is {MESSAGE_BYTES_MAX}")]
    Long(usize),
    /// Not the encoding of a message.
    #[error("not a message of the work engine")]
    Encoding,
    /// More entries than the bound of its kind.
    #[error("{count} {what} in one message; the most is {max}")]
    Many {
        /// What there are too many of.
        what: &'static str,
        /// How many.
        count: usize,
        /// The bound.
        max: usize,
    },
}

const fn bound(what: &'static str, count: usize, max: usize) -> Result<(), MessageError> {
    if count > max { Err(MessageError::Many { what, count, max }) } else { Ok(()) }
}

impl Message {
    /// As it is sent.
    ///
    /// # Panics
    /// Never: writing to memory does not fail.
    #[must_use]
    pub fn encoded(&self) -> Vec<u8> {
        borsh::to_vec(self).expect("writing to memory does not fail")
    }

    /// Reads a message and checks its bounds.
    ///
    /// # Errors
    /// [`MessageError`]: whoever sent it is at fault.
    pub fn decode(bytes: &[u8]) -> Result<Self, MessageError> {
        if bytes.len() > MESSAGE_BYTES_MAX {
            return Err(MessageError::Long(bytes.len()));
        }
        let message: Self = borsh::from_slice(bytes).map_err(|_| MessageError::Encoding)?;
        match &message {
            Self::Tip { .. } => {}
            Self::GetHeaders { locator } => bound("hashes", locator.len(), LOCATOR_MAX)?,
            Self::GetBodies { hashes } => bound("hashes", hashes.len(), BODIES_MAX)?,
            Self::Body { block } => bound("bytes", block.len(), BLOCK_BYTES_MAX)?,
            Self::Headers { headers } => {
                bound("headers", headers.len(), HEADERS_MAX)?;
                let longest = headers.iter().map(Vec::len).max().unwrap_or(0);
                bound("bytes of a header", longest, HEADER_BYTES_MAX)?;
            }
        }
        Ok(message)
    }

    /// What it is, in one word, for traces and metrics.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Tip { .. } => "tip",
            Self::GetHeaders { .. } => "get-headers",
            Self::Headers { .. } => "headers",
            Self::GetBodies { .. } => "get-bodies",
            Self::Body { .. } => "body",
        }
    }
}
