//! What the trie costs on this machine: `cargo run --release -p polity-trie --example measure_trie`.
//!
//! The baseline is keccak-256 over the bytes that any Merkle-Patricia trie must hash for the same block.
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use std::{
    collections::BTreeMap,
    hint::black_box,
    time::{Duration, Instant},
};

use alloy_primitives::{Address, U256, keccak256};
use polity_primitives::{Account, AccountChange, StateChanges};
use polity_trie::State;

const ACCOUNTS: u64 = 1_000_000;
const CHANGED: u64 = 10_000;
const ROUNDS: u64 = 10;

fn address(i: u64) -> Address {
    Address::from_slice(&keccak256(i.to_be_bytes())[12..])
}

fn account(nonce: u64) -> Account {
    Account { nonce, balance: U256::from(1_000_000_000_000_000_000u64 + nonce), ..Default::default() }
}

/// Resident memory of this process. Units: bytes.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or_default() * 4096
}

/// CPU time this thread has used, so that a busy machine does not count. Zero where the system does not tell.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(stat.split_whitespace().next().and_then(|ns| ns.parse().ok()).unwrap_or_default())
}

/// Wall time and this thread's CPU time.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
struct Time(Duration, Duration);

impl std::fmt::Debug for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.1?} (CPU {:.1?})", self.0, self.1)
    }
}

impl Time {
    fn each(self, count: u32) -> Self {
        Self(self.0 / count, self.1 / count)
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Time) {
    let (start, used) = (Instant::now(), cpu());
    let value = work();
    (value, Time(start.elapsed(), cpu().saturating_sub(used)))
}

fn block(round: u64) -> StateChanges {
    let accounts: BTreeMap<_, _> = (0..CHANGED)
        .map(|i| {
            let change = AccountChange { after: Some(account(round + 1)), ..Default::default() };
            (address((i * 97 + round * 31) % ACCOUNTS), change)
        })
        .collect();
    StateChanges { accounts, ..Default::default() }
}

fn main() {
    let before = resident();
    let (mut state, load) = timed(|| {
        let mut builder = State::builder();
        (0..ACCOUNTS).for_each(|i| builder.insert(&address(i), account(0), []));
        builder.finish()
    });
    let bytes = (resident() - before) / ACCOUNTS;
    println!("load {ACCOUNTS} accounts: {load:?}, {bytes} B resident per account");

    for threads in [1, std::thread::available_parallelism().map_or(1, usize::from)] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        let mut best = Time(Duration::MAX, Duration::MAX);
        for round in 0..ROUNDS {
            let changes = block(round);
            let (next, time) = pool.install(|| timed(|| state.apply(&changes)));
            (state, best) = (next, Time(best.0.min(time.0), best.1.min(time.1)));
        }
        println!("update {CHANGED} of {ACCOUNTS} accounts on {threads} threads: {best:?}");
    }

    // Per changed account: its leaf (~110 B), its share of the branches above it (~3 of ~500 B), its address.
    let leaf = [7u8; 110];
    let branch = [7u8; 500];
    let (_, hashing) = timed(|| {
        for _ in 0..CHANGED {
            black_box(keccak256(black_box(&leaf)));
            black_box(keccak256(black_box(&leaf[..20])));
        }
        for _ in 0..CHANGED * 24 / 10 {
            black_box(keccak256(black_box(&branch)));
        }
    });
    println!("hashing alone, same bytes, one thread: {hashing:?}");

    let (found, reads) = timed(|| (0..CHANGED).filter(|i| state.account(&address(i * 97)).is_some()).count());
    println!("{found} reads: {:?} each", reads.each(u32::try_from(CHANGED).unwrap_or(1)));
    let (size, proofs) = timed(|| {
        let proof =
            |i: u64| state.proof(&address(i * 97), &[]).proof.iter().map(|node| node.len()).sum::<usize>();
        (0..1000).map(proof).sum::<usize>()
    });
    println!("1000 account proofs: {:?} and {} B each", proofs.each(1000), size / 1000);
}
