//! The same load on anvil, Foundry's development node.
//!
//! anvil has several ways of making blocks and is measured in each; its best counts. It keeps no history of states, orders
//! by arrival and has no limit of gas, price or balance, so nothing but its work is measured. Each way is bounded in time:
//! on two cores anvil 1.7.1 mining by itself stops in the midst of a load (its pool stays full until someone asks for a
//! block), and such a way is reported as stalled, with the rate until then.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use polity_node::Secret;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    load::{self, Bounds, CHAIN_ID, CONNECTIONS, per_sec},
    machine::{Conditions, Meter},
};
use crate::{client::Client, output::Failure};

/// What every way has.
const OPTIONS: &[&str] = &[
    "--base-fee",
    "0",
    "--gas-price",
    "0",
    "--disable-block-gas-limit",
    "--disable-pool-balance-checks",
    "--prune-history",
    "--order",
    "fifo",
    "--silent",
];

/// Longest wait for an answer.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);

const fn bounds(connections: usize) -> Bounds {
    Bounds {
        connections,
        stall: Duration::from_secs(5),
        time: Duration::from_secs(45),
        answer: ANSWER_TIME_MAX,
    }
}

/// How blocks are made: description, options, connections of the load, whether the load asks for each block.
const WAYS: &[(&str, &[&str], usize, bool)] = &[
    ("a block per arrival (its default)", &[], CONNECTIONS, false),
    ("a block per arrival, one connection", &[], 1, false),
    ("a block per second", &["--block-time", "1"], CONNECTIONS, false),
    ("a block as soon as the one before is done, by evm_mine", &["--no-mining"], CONNECTIONS, true),
];

/// anvil, measured.
#[derive(Debug, Serialize)]
pub(crate) struct Measured {
    pub(crate) version: String,
    pub(crate) options: String,
    pub(crate) ways: Vec<Way>,
    /// The best of them.
    pub(crate) transfers_per_sec: u64,
}

/// One way of making blocks.
#[derive(Debug, Serialize)]
pub(crate) struct Way {
    pub(crate) blocks: &'static str,
    pub(crate) transfers_per_sec: u64,
    pub(crate) transfers: usize,
    /// Why not all transfers were written.
    pub(crate) stopped: Option<String>,
    pub(crate) conditions: Conditions,
}

/// The anvil that npm installed for the end-to-end tests: the program itself, since its launcher would outlive a kill.
pub(crate) fn find() -> Option<PathBuf> {
    let packages = std::fs::read_dir("tests/clients/node_modules/@foundry-rs").ok()?;
    let program = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.ok().filter(|entry| entry.file_name().to_string_lossy().starts_with("anvil-"))?;
        Some(entry.path().join("bin/anvil")).filter(|path| path.exists())
    };
    packages.into_iter().find_map(program)
}

struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn measure(path: &Path, senders: &[Secret], signed: &[String]) -> Result<Measured, Failure> {
    let mut version = String::new();
    let mut ways = Vec::new();
    for (blocks, options, connections, mine) in WAYS {
        let (process, client, url) = start(path, options)?;
        version = client.call("web3_clientVersion", json!([]))?;
        fund(&client, senders)?;
        let tick = |client: &Client| -> Result<(), Failure> {
            if *mine {
                client.call::<Value>("evm_mine", json!([]))?;
            }
            Ok(())
        };
        let meter = Meter::start(&[process.0.id()]);
        let sent = load::run(&[url], signed, &bounds(*connections), &tick)?;
        ways.push(Way {
            blocks,
            transfers_per_sec: per_sec(sent.written, sent.time),
            transfers: sent.written,
            stopped: sent.stopped.map(|failure| failure.to_string()),
            conditions: meter.stop(sent.written),
        });
    }
    let best = ways.iter().map(|way| way.transfers_per_sec).max();
    let transfers_per_sec =
        best.filter(|rate| *rate > 0).ok_or_else(|| Failure::failed("anvil wrote nothing"))?;
    Ok(Measured { version, options: OPTIONS.join(" "), ways, transfers_per_sec })
}

fn start(path: &Path, options: &[&str]) -> Result<(Process, Client, String), Failure> {
    let port = polity_node::free_ports(1)?[0];
    let child = Command::new(path)
        .args(["--port", &port.to_string(), "--chain-id", &CHAIN_ID.to_string()])
        .args(OPTIONS)
        .args(options)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let process = Process(child);
    let url = format!("http://127.0.0.1:{port}");
    let client = Client::with_timeout(&url, ANSWER_TIME_MAX);
    let since = Instant::now();
    while let Err(error) = client.call::<Value>("web3_clientVersion", json!([])) {
        if since.elapsed() > Duration::from_secs(30) {
            return Err(error.into());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok((process, client, url))
}

fn fund(client: &Client, senders: &[Secret]) -> Result<(), Failure> {
    for chunk in senders.chunks(100) {
        let calls: Vec<(&str, Value)> = chunk
            .iter()
            .map(|secret| ("anvil_setBalance", json!([secret.address(), "0x3635c9adc5dea00000"])))
            .collect();
        for answer in client.batch(&calls)? {
            answer?;
        }
    }
    Ok(())
}
