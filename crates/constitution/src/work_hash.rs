//! How much work a header shows: the hash, and the bound it has to stay under.
//!
//! The hash is SHA-256d, as in Bitcoin, over the RLP of the header with its nonce; a block's name stays keccak-256 of the same bytes.
//!
//! Here and not beside the engine, because a sealed header without the work that it states is an offence that anyone can check
//! ([`crate::offence()`]).

use polity_primitives::{B256, Header, U256};
use sha2::{Digest as _, Sha256};

/// SHA-256d of the RLP of `header`.
#[must_use]
pub fn work_hash(header: &Header) -> B256 {
    let once = Sha256::digest(alloy_rlp::encode(header));
    let twice: [u8; 32] = Sha256::digest(once).into();
    B256::from(twice)
}

/// The highest work hash of a block of `difficulty`; difficulty 0 counts as 1.
#[must_use]
pub fn target(difficulty: U256) -> U256 {
    U256::MAX.checked_div(difficulty).unwrap_or(U256::MAX)
}

/// Whether `header` meets its own difficulty.
#[must_use]
pub fn is_solved(header: &Header) -> bool {
    U256::from_be_bytes(work_hash(header).0) <= target(header.difficulty)
}
