//! Pre-signed transfers, and sending them.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
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
/// Connections that send.
const CONNECTIONS: usize = 4;
/// Transactions sent and not written, at most: less than any pool holds.
const IN_FLIGHT_MAX: usize = 20_000;
/// Longest wait without progress.
const STALL_MAX: Duration = Duration::from_secs(120);

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

/// Sends `signed`, spread over the nodes at `urls`, and waits until all are written. Returns the time it took.
pub(crate) fn run(urls: &[String], signed: &[String]) -> Result<Duration, Failure> {
    let first = Client::new(&urls[0]);
    let from = first.block_number()?;
    let start = Instant::now();
    let (next, written) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let chunks: Vec<&[String]> = signed.chunks(BATCH).collect();
    thread::scope(|scope| {
        let sending: Vec<_> = (0..CONNECTIONS.max(urls.len()))
            .map(|i| {
                let client = Client::new(&urls[i % urls.len()]);
                let (next, written, chunks) = (&next, &written, &chunks);
                scope.spawn(move || send(&client, chunks, next, written))
            })
            .collect();
        let counted = count(&first, from, signed.len(), &written);
        let sent: Result<Vec<()>, Failure> = sending
            .into_iter()
            .map(|t| t.join().map_err(|_| Failure::failed("a sender panicked"))?)
            .collect();
        sent.and(counted)
    })?;
    Ok(start.elapsed())
}

fn send(
    client: &Client,
    chunks: &[&[String]],
    next: &AtomicUsize,
    written: &AtomicUsize,
) -> Result<(), Failure> {
    loop {
        let i = next.fetch_add(1, Ordering::Relaxed);
        let Some(chunk) = chunks.get(i) else { return Ok(()) };
        let since = Instant::now();
        while i * BATCH > written.load(Ordering::Relaxed) + IN_FLIGHT_MAX {
            if since.elapsed() > STALL_MAX {
                return Err(Failure::failed("the network takes no more transactions"));
            }
            thread::sleep(Duration::from_millis(1));
        }
        let calls: Vec<(&str, Value)> =
            chunk.iter().map(|raw| ("eth_sendRawTransaction", json!([raw]))).collect();
        for answer in client.batch(&calls)? {
            answer?;
        }
    }
}

/// Counts the transactions of new blocks until there are `wanted`.
fn count(client: &Client, from: u64, wanted: usize, written: &AtomicUsize) -> Result<(), Failure> {
    let (mut next, mut total, mut since) = (from + 1, 0usize, Instant::now());
    while total < wanted {
        let height = client.block_number()?;
        while next <= height {
            let n: U64 = client.call("eth_getBlockTransactionCountByNumber", json!([U64::from(next)]))?;
            let n = n.to::<usize>();
            if n > 0 {
                since = Instant::now();
            }
            total += n;
            next += 1;
        }
        written.store(total, Ordering::Relaxed);
        if since.elapsed() > STALL_MAX {
            return Err(Failure::failed(format!(
                "{total} of {wanted} transfers are written, and no more come"
            )));
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// Transfers per second.
pub(crate) fn per_sec(count: usize, time: Duration) -> u64 {
    u64::try_from(count as u128 * 1_000_000 / time.as_micros().max(1)).unwrap_or(u64::MAX)
}
