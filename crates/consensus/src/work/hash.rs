//! The search for a nonce.
//!
//! What is searched for is said in [`polity_constitution::is_solved`]. In Ethereum's header some 500 of 600 bytes come before the nonce and never change during a search, so their
//! part of the first SHA-256 is computed once.

use alloy_rlp::Encodable as _;
use polity_primitives::{B256, Header, U256};
use sha2::{Digest as _, Sha256};

/// Length of a nonce. Units: bytes.
const NONCE_BYTES: usize = 8;
/// Bytes of the first hash.
const DIGEST_BYTES: usize = 32;

/// A search for the nonce of one header.
#[derive(Clone, Debug)]
pub struct Search {
    /// SHA-256 fed with everything before the nonce.
    before: Sha256,
    /// Everything after it.
    after: Vec<u8>,
    target: U256,
}

impl Search {
    /// A search for `header`, whose nonce is ignored, at its own difficulty.
    #[must_use]
    pub fn new(header: &Header) -> Self {
        let bytes = alloy_rlp::encode(header);
        // Optional fields follow the nonce; every header has what comes before it.
        let after = after_nonce(header);
        let nonce_end = bytes.len().saturating_sub(after);
        let before = bytes.get(..nonce_end.saturating_sub(NONCE_BYTES)).unwrap_or_default();
        Self {
            before: Sha256::new_with_prefix(before),
            after: bytes.get(nonce_end..).unwrap_or_default().to_vec(),
            target: super::target(header.difficulty),
        }
    }

    /// The work hash with `nonce`.
    #[must_use]
    pub fn hash(&self, nonce: u64) -> B256 {
        let mut sha = self.before.clone();
        sha.update(nonce.to_be_bytes());
        sha.update(&self.after);
        let twice: [u8; DIGEST_BYTES] = Sha256::digest(sha.finalize()).into();
        B256::from(twice)
    }

    /// The first nonce of `from..from + count` that solves the header. Cost: two to three blocks of SHA-256 each.
    #[must_use]
    pub fn find(&self, from: u64, count: u64) -> Option<u64> {
        let solves = |nonce: &u64| U256::from_be_bytes(self.hash(*nonce).0) <= self.target;
        (from..from.saturating_add(count)).find(solves)
    }
}

/// Bytes of the RLP after the nonce.
fn after_nonce(header: &Header) -> usize {
    let fee = header.base_fee_per_gas.map_or(0, |value| U256::from(value).length());
    let number = |value: Option<u64>| value.map_or(0, |value| U256::from(value).length());
    let hash = |value: Option<B256>| value.map_or(0, |value| value.length());
    [
        fee,
        hash(header.withdrawals_root),
        number(header.blob_gas_used),
        number(header.excess_blob_gas),
        hash(header.parent_beacon_block_root),
        hash(header.requests_hash),
    ]
    .iter()
    .fold(0, |sum, length| sum.saturating_add(*length))
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{Bytes, b256, hex};
    use proptest::prelude::*;

    use polity_constitution::{is_solved, work_hash};

    use super::*;

    /// The hash itself, on bytes with a known answer: Bitcoin's genesis block, whose hash is written backwards.
    #[test]
    fn it_is_the_hash_of_bitcoin() {
        let genesis = hex::decode(
            "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e\
             67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c",
        )
        .expect("hexadecimal");
        let mut hash: [u8; 32] = Sha256::digest(Sha256::digest(genesis)).into();
        hash.reverse();
        assert_eq!(
            B256::from(hash),
            b256!("000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f")
        );
    }

    fn headers() -> impl Strategy<Value = Header> {
        let optional = (
            any::<Option<u64>>(),
            any::<Option<[u8; 32]>>(),
            any::<Option<u64>>(),
            any::<Option<u64>>(),
            any::<Option<[u8; 32]>>(),
            any::<Option<[u8; 32]>>(),
        );
        let plain =
            (any::<[u8; 32]>(), any::<u64>(), any::<u64>(), prop::collection::vec(any::<u8>(), 0..32));
        (plain, optional).prop_map(
            |((parent, number, timestamp, extra), (fee, root, used, excess, beacon, requests))| {
                // Optional fields of a header are there up to some fork and not after it.
                let root = fee.and(root);
                let used = root.and(used);
                let excess = used.and(excess);
                let beacon = excess.and(beacon);
                let requests = beacon.and(requests);
                Header {
                    parent_hash: parent.into(),
                    number,
                    timestamp,
                    extra_data: Bytes::from(extra),
                    difficulty: U256::from(number),
                    base_fee_per_gas: fee,
                    withdrawals_root: root.map(Into::into),
                    blob_gas_used: used,
                    excess_blob_gas: excess,
                    parent_beacon_block_root: beacon.map(Into::into),
                    requests_hash: requests.map(Into::into),
                    ..Header::default()
                }
            },
        )
    }

    proptest! {
        /// The part computed once never changes the answer.
        #[test]
        fn a_search_hashes_what_is_checked(mut header in headers(), nonce: u64) {
            let search = Search::new(&header);
            header.nonce = nonce.to_be_bytes().into();
            prop_assert_eq!(search.hash(nonce), work_hash(&header));
        }
    }

    #[test]
    fn what_is_found_is_solved_and_little_else_is() {
        let mut header = Header { difficulty: U256::from(500), ..Header::default() };
        let mut found = 0u64;
        let mut from = 0;
        while let Some(nonce) = Search::new(&header).find(from, 20_000 - from) {
            header.nonce = nonce.to_be_bytes().into();
            assert!(is_solved(&header));
            (found, from) = (found + 1, nonce + 1);
        }
        assert!((15..=70).contains(&found), "about 40 of 20,000 nonces solve difficulty 500: {found}");
        header.nonce = (from + 1).to_be_bytes().into();
        assert!(!is_solved(&header) || work_hash(&header).0[..2] == [0, 0]);
    }
}
