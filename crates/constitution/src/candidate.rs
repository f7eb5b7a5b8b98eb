//! What the institutions know of a member that may validate.

use polity_primitives::{Address, Height, U256};

use crate::PublicKey;

/// A member that may validate, as the institutions record it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its id in the registry.
    pub member: String,
    /// Consensus address: the Ethereum address of `public_key`.
    pub address: Address,
    /// Compressed secp256k1 key its votes verify with.
    pub public_key: PublicKey,
    /// ed25519 key of its node's connections, and of its verifiable randomness.
    pub peer_key: [u8; 32],
    /// Height of the block that registered `peer_key`; 0 at the founding.
    pub peer_key_since: Height,
    /// Its own bond. Units: wei.
    pub pledged: U256,
    /// Its own bond and what others delegated to it. Units: wei.
    pub stake: U256,
    /// Chambers it sits in that the settings name.
    pub offices: Offices,
}

impl Candidate {
    /// A candidate without money or office, with the keys it was founded with.
    #[must_use]
    pub fn new(
        member: impl Into<String>,
        address: Address,
        public_key: PublicKey,
        peer_key: [u8; 32],
    ) -> Self {
        Self {
            member: member.into(),
            address,
            public_key,
            peer_key,
            peer_key_since: Height::GENESIS,
            pledged: U256::ZERO,
            stake: U256::ZERO,
            offices: Offices::default(),
        }
    }
}

/// Which of the offices that the settings name a candidate holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offices {
    /// Sits in the chamber of an elected primary.
    pub leads: bool,
    /// Is one of the delegates that write: by the stake counted when the term began, or by the chamber that elects them.
    pub writes: bool,
    /// Sits in the chamber that verifies.
    pub verifies: bool,
}
