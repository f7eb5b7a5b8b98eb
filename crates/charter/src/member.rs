//! Members and their public keys.

use std::collections::BTreeMap;

use polity_primitives::{Address, U256};
use serde::{Deserialize, Serialize};

use crate::{Date, Kind, Rights, Text};

/// Longest id of a member, chamber, rule, treaty, account, class or weight. Units: bytes. On chain an id is a 32-byte word,
/// left-aligned, and its last byte is zero.
pub const ID_BYTES_MAX: usize = 31;

/// Whether `id` is 1 to 31 characters of `A-Z a-z 0-9 . _ -`.
#[must_use]
pub fn is_id(id: &str) -> bool {
    (1..=ID_BYTES_MAX).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// Most that a member can weigh, in parts of the weight's scale: so much for each of the most members there can be, in parts of
/// split ballots, is a sum that fits 128 bits. Source: 4,096 members (crate `constitution`), 10,000 parts (crate `decision`).
pub const WEIGHT_MAX: u128 = u128::MAX / 4_096 / 10_000;

/// An admitted party.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Member {
    /// Short name, unique.
    pub id: String,
    /// Full name.
    pub name: Text,
    /// What it is.
    pub kind: Kind,
    /// Groups it belongs to, sorted; decision rules and chambers may count by them.
    pub classes: Vec<String>,
    /// Its weight by name, times [`Charter::weight_scales`](crate::Charter::weight_scales) of that name.
    pub weights: BTreeMap<String, u128>,
    /// Account it acts with: its governance key. `None` until keys are made.
    pub address: Option<Address>,
    /// Account that may replace a lost governance key, and nothing else.
    pub recovery: Option<Address>,
    /// Rights granted by name, in addition to those of its kind.
    pub rights: Rights,
    /// Keys of its node, if it runs one.
    pub node: Option<NodeKeys>,
    /// Opening balance. Units: wei.
    pub balance_wei: U256,
    /// What it has bonded from the first block on, beside its balance. Units: wei.
    pub bond_wei: U256,
    /// Days on which it deposited its instrument, by treaty: history, for a replay clock.
    pub deposits: BTreeMap<String, Date>,
}

/// Public keys of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeKeys {
    /// Compressed secp256k1 key its consensus votes verify with.
    #[serde(with = "hex_bytes")]
    pub consensus: [u8; 33],
    /// ed25519 key its network connections authenticate with (libp2p).
    #[serde(with = "hex_bytes")]
    pub peer: [u8; 32],
}

impl NodeKeys {
    /// The Ethereum address of the consensus key, or `None` if it is no point of the curve.
    #[must_use]
    pub fn consensus_address(&self) -> Option<Address> {
        let key = secp256k1::PublicKey::from_slice(&self.consensus).ok()?;
        key.serialize_uncompressed().get(1..).map(Address::from_raw_public_key)
    }
}

/// Public keys to be written into a charter for one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberKeys {
    /// Governance key's address.
    pub address: Address,
    /// Recovery key's address.
    pub recovery: Address,
    /// Keys of its node, if it runs one.
    pub node: Option<NodeKeys>,
}

/// `0x…` in text for byte arrays that serde has no form for.
mod hex_bytes {
    use alloy_primitives::hex;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer, const N: usize>(
        bytes: &[u8; N],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.serialize_str(&hex::encode_prefixed(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>, const N: usize>(
        from: D,
    ) -> Result<[u8; N], D::Error> {
        let text = String::deserialize(from)?;
        hex::decode_to_array(&text).map_err(serde::de::Error::custom)
    }
}
