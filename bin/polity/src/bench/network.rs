//! Real networks of this machine under load.

use std::{
    thread,
    time::{Duration, Instant},
};

use alloy_primitives::{Address, B256, TxKind, U256};
use polity_node::{InitOptions, Secret};
use serde::Serialize;
use serde_json::json;

use super::{
    limits,
    load::{self, CHAIN_ID, per_sec},
    machine::{Conditions, Meter, rss_mb},
};
use crate::{
    client::{Client, sign},
    local::Processes,
    output::Failure,
};

/// One network, measured.
#[derive(Debug, Serialize)]
pub(crate) struct Measured {
    pub(crate) validators: usize,
    /// From the first request to the last receipt.
    pub(crate) transfers_per_sec: u64,
    pub(crate) conditions: Conditions,
    /// From sending a transaction to an idle network until its receipt is served.
    pub(crate) finality_p50_ms: u64,
    pub(crate) finality_p99_ms: u64,
    pub(crate) finality_conditions: Conditions,
    /// Of the node that uses most.
    pub(crate) rss_mb_max: u64,
    /// Transfers written when memory was read.
    pub(crate) transfers: usize,
}

/// What is asked of a network.
pub(crate) struct Plan<'a> {
    pub(crate) validators: usize,
    pub(crate) senders: &'a [Secret],
    /// The transfers whose rate is measured.
    pub(crate) signed: &'a [String],
    /// Transfers in all before memory is read.
    pub(crate) total: usize,
    /// Samples of finality latency.
    pub(crate) samples: usize,
}

pub(crate) fn measure(plan: &Plan<'_>) -> Result<Measured, Failure> {
    let Plan { validators, senders, signed, total, samples } = *plan;
    let folder = tempfile::tempdir()?;
    let options = InitOptions::local(folder.path().join("network"));
    let network = polity_node::init("bench", &limits::charter(validators, senders)?, &options)
        .map_err(Failure::failed)?;
    let processes = Processes::start(&network)?;
    let urls = processes.urls();
    let pids: Vec<u32> = processes.0.iter().map(|node| node.ready.pid).collect();
    let alice = network.secrets.account("alice").ok_or_else(|| Failure::failed("no alice"))?;
    let meter = Meter::start(&pids);
    let latencies = finality(&urls, &alice, samples)?;
    let finality_conditions = meter.stop(0);
    let meter = Meter::start(&pids);
    let time = load::run_whole(&urls, signed)?;
    let conditions = meter.stop(signed.len());
    let mut written = signed.len();
    while written < total {
        let first = written / senders.len();
        let more = load::sign(senders, first, (total - written).min(signed.len()).div_ceil(senders.len()));
        load::run_whole(&urls, &more)?;
        written += more.len();
    }
    let rss = pids.iter().filter_map(|pid| rss_mb(*pid)).max();
    processes.stop();
    let at = |percent: usize| latencies[(latencies.len() - 1) * percent / 100];
    Ok(Measured {
        validators,
        transfers_per_sec: per_sec(signed.len(), time),
        conditions,
        finality_p50_ms: at(50),
        finality_p99_ms: at(99),
        finality_conditions,
        rss_mb_max: rss.ok_or_else(|| Failure::failed("the memory of the nodes cannot be read"))?,
        transfers: written,
    })
}

/// Sorted latencies of single transactions, sent in turn to each node and asked of the same. Units: milliseconds.
fn finality(urls: &[String], key: &Secret, samples: usize) -> Result<Vec<u64>, Failure> {
    let clients: Vec<Client> = urls.iter().map(|url| Client::new(url)).collect();
    let mut latencies = Vec::with_capacity(samples);
    for nonce in 0..samples {
        let client = &clients[nonce % clients.len()];
        let tx = alloy_consensus::TxEip1559 {
            chain_id: CHAIN_ID,
            nonce: nonce as u64,
            gas_limit: 21_000,
            max_fee_per_gas: 2_000_000_000,
            to: TxKind::Call(Address::repeat_byte(9)),
            value: U256::from(1),
            ..alloy_consensus::TxEip1559::default()
        };
        let raw = sign(tx, key);
        let start = Instant::now();
        let hash: B256 = client.call("eth_sendRawTransaction", json!([raw]))?;
        while client.receipt(hash)?.is_none() {
            if start.elapsed() > Duration::from_secs(60) {
                return Err(Failure::failed("a transaction was not written within a minute"));
            }
            thread::sleep(Duration::from_millis(1));
        }
        latencies.push(u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX));
        // Not in step with the blocks: the next is sent at some moment of an idle network.
        thread::sleep(Duration::from_millis(20 + (nonce as u64 * 37) % 180));
    }
    latencies.sort_unstable();
    Ok(latencies)
}
