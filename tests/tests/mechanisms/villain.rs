//! A validator that signs twice: with the key of a node, outside of it.

use alloy_primitives::{Address, B256, U256, hex, keccak256};
use polity_tests::Node;
use secp256k1::{Message, SECP256K1, SecretKey};
use serde_json::{Value, json};

/// The consensus key of a node.
pub(crate) struct Villain {
    key: SecretKey,
    chain_id: u64,
}

impl Villain {
    pub(crate) fn of(node: &Node, chain_id: u64) -> Self {
        let text = std::fs::read_to_string(node.home.join("keys.toml")).expect("keys");
        let line =
            text.lines().find(|line| line.trim_start().starts_with("consensus")).expect("a consensus key");
        let secret = line.split('"').nth(1).expect("a key in quotes");
        let bytes: [u8; 32] = hex::decode_to_array(secret).expect("32 bytes");
        Self { key: SecretKey::from_byte_array(bytes).expect("a key"), chain_id }
    }

    /// Its consensus address, as blocks name their writer.
    pub(crate) fn address(&self) -> String {
        format!("{:#x}", self.validator())
    }

    fn validator(&self) -> Address {
        Address::from_raw_public_key(&self.key.public_key(SECP256K1).serialize_uncompressed()[1..])
    }

    /// A precommit of round 0 for a block with this hash.
    fn vote(&self, height: u64, block: B256) -> Value {
        let word = |value: u64| U256::from(value).to_be_bytes::<32>();
        let words =
            [keccak256("polity.vote").0, word(self.chain_id), word(2), word(height), word(0), block.0];
        let message = Message::from_digest(keccak256(words.concat()).0);
        let (id, rs) = SECP256K1.sign_ecdsa_recoverable(message, &self.key).serialize_compact();
        let v = 27 + u8::try_from(i32::from(id)).expect("0 or 1");
        json!({
            "kind": "precommit", "height": height, "round": 0, "blockHash": block,
            "validator": self.validator(), "signature": hex::encode_prefixed([rs.as_slice(), &[v]].concat()),
        })
    }

    /// Evidence: two precommits for different blocks.
    pub(crate) fn two_votes(&self, height: u64) -> Value {
        self.pair(height, B256::repeat_byte(1), B256::repeat_byte(2))
    }

    /// The same offence, told the other way round.
    pub(crate) fn two_votes_turned(&self, height: u64) -> Value {
        self.pair(height, B256::repeat_byte(2), B256::repeat_byte(1))
    }

    /// What honest validators do: repeat themselves.
    pub(crate) fn one_vote_twice(&self, height: u64) -> Value {
        self.pair(height, B256::repeat_byte(1), B256::repeat_byte(1))
    }

    fn pair(&self, height: u64, first: B256, second: B256) -> Value {
        json!({ "type": "doubleVote", "first": self.vote(height, first), "second": self.vote(height, second) })
    }
}
