//! What a search gains by keeping the SHA-256 state of everything before the nonce. Run with `--release`. Both ways take turns, and the
//! quickest turn of each counts, so that other programs on the machine disturb it little.

#![allow(clippy::disallowed_methods, clippy::print_stdout, missing_docs)] // a measurement reads the clock and prints

use std::{hint::black_box, time::Instant};

use polity_consensus::work::{Search, work_hash};
use polity_primitives::{B256, Bytes, Header, U256};

const HASHES: u64 = 20_000;
const TURNS: u64 = 200;

fn main() {
    let mut header = Header {
        difficulty: U256::from(1u64 << 40),
        number: 1_000_000,
        gas_limit: 120_000_000,
        timestamp: 1_900_000_000,
        extra_data: Bytes::from(vec![7; 32]),
        base_fee_per_gas: Some(1_000_000_000),
        withdrawals_root: Some(B256::repeat_byte(1)),
        blob_gas_used: Some(0),
        excess_blob_gas: Some(0),
        parent_beacon_block_root: Some(B256::ZERO),
        requests_hash: Some(B256::repeat_byte(2)),
        ..Header::default()
    };
    let search = Search::new(&header);
    let (mut kept, mut whole) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..TURNS {
        let since = Instant::now();
        for nonce in 0..HASHES {
            black_box(search.hash(black_box(nonce)));
        }
        kept = kept.min(since.elapsed().as_secs_f64());
        let since = Instant::now();
        for nonce in 0..HASHES {
            header.nonce = nonce.to_be_bytes().into();
            black_box(work_hash(black_box(&header)));
        }
        whole = whole.min(since.elapsed().as_secs_f64());
    }
    let [kept, whole] = [kept, whole].map(|secs| secs * 1e6 / HASHES as f64);
    let bytes = alloy_rlp::encode(&header).len();
    println!(
        "header of {bytes} bytes: {:.2} million hashes a second with the state kept, {:.2} without: {:.1} times",
        1.0 / kept,
        1.0 / whole,
        whole / kept
    );
}
