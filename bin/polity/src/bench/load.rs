//! Pre-signed transfers, and sending them.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use alloy_consensus::TxEip1559;
use alloy_primitives::{Address, TxKind, U64, U256};
use polity_node::Secret;
use rayon::prelude::*;
use serde_json::{Value, json};

use crate::{
    client::{Client, sign as sign_tx},
    output::Failure,
};

/// Chain id of every measured network.
pub(crate) const CHAIN_ID: u64 = 1337;
/// Accounts that send.
const SENDERS: usize = 500;
/// Transactions of one request.
const BATCH: usize = 100;
/// Connections that send to a network of ours.
pub(crate) const CONNECTIONS: usize = 4;
/// Transactions sent and not written, at most: less than any pool holds.
const IN_FLIGHT_MAX: usize = 20_000;
/// The sending accounts.
pub(crate) fn senders() -> Vec<Secret> {
    (0..SENDERS).map(|i| Secret::local("bench", &format!("sender-{i}"), "account")).collect()
}

/// `per_sender` transfers of each sender from nonce `first` on, nonce by nonce, as raw hex.
pub(crate) fn sign(senders: &[Secret], first: usize, per_sender: usize) -> Vec<String> {
    let addresses: Vec<Address> = senders.iter().map(Secret::address).collect();
    let jobs: Vec<(usize, usize)> =
        (first..first + per_sender).flat_map(|nonce| (0..senders.len()).map(move |i| (nonce, i))).collect();
    jobs.par_iter()
        .map(|(nonce, i)| {
            let to = addresses[(i * 7 + 13 * (nonce + 1)) % addresses.len()];
            let tx = TxEip1559 {
                chain_id: CHAIN_ID,
                nonce: *nonce as u64,
                gas_limit: 21_000,
                max_fee_per_gas: 2_000_000_000,
                max_priority_fee_per_gas: 0,
                to: TxKind::Call(to),
                value: U256::from(1),
                ..TxEip1559::default()
            };
            sign_tx(tx, &senders[*i])
        })
        .collect()
}

/// How a load is sent, and how long it may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Connections that send, one per node at least.
    pub(crate) connections: usize,
    /// Longest wait without progress.
    pub(crate) stall: Duration,
    /// Longest time in all.
    pub(crate) time: Duration,
    /// Longest wait for an answer.
    pub(crate) answer: Duration,
}

impl Bounds {
    /// Of our own networks: what takes longer is broken.
    pub(crate) const OWN: Self = Self {
        connections: CONNECTIONS,
        stall: Duration::from_secs(120),
        time: Duration::from_secs(1_800),
        answer: Duration::from_secs(60),
    };
}

/// What came of a load.
#[derive(Debug)]
pub(crate) struct Sent {
    /// Transfers in blocks.
    pub(crate) written: usize,
    /// Until the last of them was seen in a block.
    pub(crate) time: Duration,
    /// Why not all are written.
    pub(crate) stopped: Option<Stopped>,
}

/// Why a load ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stopped {
    #[error("no transfer was written for {} s, with {waiting} accepted and waiting", .stall.as_secs())]
    Stalled { stall: Duration, waiting: usize },
    #[error("the {} s allowed are over", .0.as_secs())]
    Time(Duration),
    #[error("a request failed: {0}")]
    Failed(String),
}

/// A load on its way.
#[derive(Default)]
struct Progress {
    next: AtomicUsize,
    accepted: AtomicUsize,
    written: AtomicUsize,
    over: AtomicBool,
}

/// Sends `signed`, spread over the nodes at `urls`, and waits until all are written or `bounds` are reached.
///
/// `tick` is called before each look at the chain.
pub(crate) fn run(
    urls: &[String],
    signed: &[String],
    bounds: &Bounds,
    tick: &dyn Fn(&Client) -> Result<(), Failure>,
) -> Result<Sent, Failure> {
    let first = Client::with_timeout(&urls[0], bounds.answer);
    let from = first.block_number()?;
    let progress = Progress::default();
    let chunks: Vec<&[String]> = signed.chunks(BATCH).collect();
    let start = Instant::now();
    let (last, stopped) = thread::scope(|scope| {
        let sending: Vec<_> = (0..bounds.connections.max(urls.len()))
            .map(|i| {
                let client = Client::with_timeout(&urls[i % urls.len()], bounds.answer);
                let (progress, chunks) = (&progress, &chunks);
                scope.spawn(move || {
                    let sent = send(&client, chunks, progress);
                    if sent.is_err() {
                        progress.over.store(true, Ordering::Relaxed);
                    }
                    sent
                })
            })
            .collect();
        let (last, mut stopped) = count(&first, from, signed.len(), &progress, bounds, tick);
        progress.over.store(true, Ordering::Relaxed);
        for thread in sending {
            let sent = thread.join().unwrap_or_else(|_| Err(Failure::failed("a sender panicked")));
            if let Err(error) = sent {
                // A request that hangs because nothing moves is no reason of its own.
                stopped = match stopped {
                    Some(stalled @ Stopped::Stalled { .. }) => Some(stalled),
                    _ => Some(Stopped::Failed(error.text())),
                };
            }
        }
        (last, stopped)
    });
    let written = progress.written.into_inner();
    Ok(Sent { written, time: last.saturating_duration_since(start), stopped })
}

/// The same on a network of ours, where all must be written. Returns the time it took.
pub(crate) fn run_whole(urls: &[String], signed: &[String]) -> Result<Duration, Failure> {
    let sent = run(urls, signed, &Bounds::OWN, &|_| Ok(()))?;
    match sent.stopped {
        None => Ok(sent.time),
        Some(stopped) => Err(Failure::failed(format!(
            "{} of {} transfers are written: {stopped}",
            sent.written,
            signed.len()
        ))),
    }
}

fn send(client: &Client, chunks: &[&[String]], progress: &Progress) -> Result<(), Failure> {
    loop {
        let i = progress.next.fetch_add(1, Ordering::Relaxed);
        let Some(chunk) = chunks.get(i) else { return Ok(()) };
        while i * BATCH > progress.written.load(Ordering::Relaxed) + IN_FLIGHT_MAX {
            if progress.over.load(Ordering::Relaxed) {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(1));
        }
        if progress.over.load(Ordering::Relaxed) {
            return Ok(());
        }
        let calls: Vec<(&str, Value)> =
            chunk.iter().map(|raw| ("eth_sendRawTransaction", json!([raw]))).collect();
        for answer in client.batch(&calls)? {
            answer?;
        }
        progress.accepted.fetch_add(chunk.len(), Ordering::Relaxed);
    }
}

/// Counts the transactions of new blocks until there are `wanted`. Returns when the last was seen, and why it ended if not so.
fn count(
    client: &Client,
    from: u64,
    wanted: usize,
    progress: &Progress,
    bounds: &Bounds,
    tick: &dyn Fn(&Client) -> Result<(), Failure>,
) -> (Instant, Option<Stopped>) {
    let start = Instant::now();
    let (mut next, mut total, mut last) = (from + 1, 0usize, start);
    while total < wanted {
        let failed = |error: Failure| Some(Stopped::Failed(error.text()));
        match tick(client).and_then(|()| new_blocks(client, next)) {
            Ok(counts) => {
                let n: usize = counts.iter().sum();
                next += counts.len() as u64;
                total += n;
                if n > 0 {
                    last = Instant::now();
                    progress.written.store(total, Ordering::Relaxed);
                }
            }
            Err(error) => return (last, failed(error)),
        }
        let waiting = progress.accepted.load(Ordering::Relaxed).saturating_sub(total);
        if last.elapsed() > bounds.stall {
            return (last, Some(Stopped::Stalled { stall: bounds.stall, waiting }));
        }
        if start.elapsed() > bounds.time {
            return (last, Some(Stopped::Time(bounds.time)));
        }
        if progress.over.load(Ordering::Relaxed) {
            return (last, Some(Stopped::Failed("a sender ended".to_owned())));
        }
        thread::sleep(Duration::from_millis(5));
    }
    (last, None)
}

/// Number of transactions of each block from `next` on, at most a batch of blocks.
fn new_blocks(client: &Client, next: u64) -> Result<Vec<usize>, Failure> {
    let height = client.block_number()?;
    let calls: Vec<(&str, Value)> = (next..=height)
        .take(BATCH)
        .map(|height| ("eth_getBlockTransactionCountByNumber", json!([U64::from(height)])))
        .collect();
    if calls.is_empty() {
        return Ok(Vec::new());
    }
    let counts = client.batch(&calls)?.into_iter().map(|answer| {
        let count: U64 = serde_json::from_value(answer?)?;
        Ok(count.to::<usize>())
    });
    counts.collect()
}

/// Transfers per second.
pub(crate) fn per_sec(count: usize, time: Duration) -> u64 {
    u64::try_from(count as u128 * 1_000_000 / time.as_micros().max(1)).unwrap_or(u64::MAX)
}
