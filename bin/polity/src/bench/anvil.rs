//! The same load on anvil, Foundry's development node.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use polity_node::Secret;
use serde::Serialize;
use serde_json::{Value, json};

use super::load::{self, CHAIN_ID, per_sec};
use crate::{client::Client, output::Failure};

/// anvil, measured.
#[derive(Debug, Serialize)]
pub(crate) struct Measured {
    pub(crate) version: String,
    pub(crate) transfers_per_sec: u64,
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
    let port = polity_node::free_ports(1)?[0];
    let chain_id = CHAIN_ID.to_string();
    let child = Command::new(path)
        .args(["--port", &port.to_string(), "--chain-id", &chain_id, "--gas-limit", "300000000"])
        .args(["--base-fee", "0", "--gas-price", "0", "--silent"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let _process = Process(child);
    let url = format!("http://127.0.0.1:{port}");
    let client = Client::new(&url);
    let since = Instant::now();
    let version: String = loop {
        match client.call("web3_clientVersion", json!([])) {
            Ok(version) => break version,
            Err(error) if since.elapsed() > Duration::from_secs(30) => return Err(error.into()),
            Err(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    };
    for chunk in senders.chunks(100) {
        let calls: Vec<(&str, Value)> = chunk
            .iter()
            .map(|secret| ("anvil_setBalance", json!([secret.address(), "0x3635c9adc5dea00000"])))
            .collect();
        for answer in client.batch(&calls)? {
            answer?;
        }
    }
    let time = load::run(&[url], signed)?;
    Ok(Measured { version, transfers_per_sec: per_sec(signed.len(), time) })
}
