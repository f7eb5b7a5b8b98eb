//! `polity up`: a network of this machine's own.

use std::{
    path::PathBuf,
    process::ExitCode,
    sync::mpsc::{self, RecvTimeoutError},
    time::Duration,
};

use clap::Args;
use polity_node::{InitError, InitOptions, LocalNetwork};
use serde_json::json;

use super::charter::load;
use crate::{
    local::Processes,
    output::{Failure, Outcome, say},
};

/// Runs one node per validating member of a charter, as child processes, until Ctrl-C.
///
/// Without a charter it runs the development charter: four nodes, ten funded accounts, anyone may transact. Keys are made
/// locally and printed; use them nowhere else. The directory keeps the chain: the next `polity up` goes on where it stopped.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  polity up\n  polity up --nodes 1 --port 8545\n  polity up charters/paris.toml --dir /tmp/paris"
)]
pub(crate) struct Up {
    /// The charter: a file, or the name of a built-in one.
    charter: Option<PathBuf>,
    /// Validators of the development charter.
    #[arg(long, value_name = "N")]
    nodes: Option<usize>,
    /// Where the network lives; `.polity/<charter>` unless given.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// First JSON-RPC port, one per node; free ones unless given.
    #[arg(long)]
    port: Option<u16>,
    /// Begin anew: remove what the directory holds.
    #[arg(long)]
    fresh: bool,
}

impl Up {
    pub(crate) fn run(self, as_json: bool) -> Outcome {
        let network = self.network()?;
        let stop = stop_signal()?;
        let mut processes = Processes::start(&network)?;
        let urls = processes.urls();
        if as_json {
            let ws: Vec<_> = processes.0.iter().map(|node| node.ready.ws.clone()).collect();
            let nodes: Vec<_> = processes
                .0
                .iter()
                .map(|node| json!({ "member": node.plan.member, "home": node.plan.home.0, "pid": node.ready.pid }))
                .collect();
            say!(
                "{}",
                json!({
                    "ready": true, "rpc": urls, "ws": ws, "chain_id": network.charter.chain_id,
                    "accounts": network.secrets.list(), "dir": network.dir, "nodes": nodes,
                })
            );
        } else {
            print_ready(&network, &processes);
        }
        // Ctrl-C, or a node that ended by itself: the others go on, for that is what the network is for.
        loop {
            match stop.recv_timeout(Duration::from_millis(250)) {
                Ok(()) | Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {}
            }
            let before = processes.0.len();
            processes.0.retain_mut(|node| match node.ended() {
                None => true,
                Some(status) => {
                    eprintln!(
                        "node {} ended with {status}; its log: {}",
                        node.plan.member,
                        node.plan.home.0.join("node.log").display()
                    );
                    false
                }
            });
            if before > 0 && processes.0.is_empty() {
                return Err(Failure::failed("every node has ended"));
            }
        }
        if !as_json {
            say!("stopping …");
        }
        processes.stop();
        Ok(ExitCode::SUCCESS)
    }

    fn network(&self) -> Result<LocalNetwork, Failure> {
        let (name, text) = match &self.charter {
            Some(_) if self.nodes.is_some() => {
                return Err(Failure::input(
                    "--nodes is for the development charter: a charter names its validators itself",
                ));
            }
            Some(file) => load(file)?,
            None => (
                "dev (built in)".to_owned(),
                polity_charter::dev(self.nodes.unwrap_or(4)).map_err(Failure::input)?,
            ),
        };
        let draft = polity_charter::parse(&name, &text).map_err(Failure::input)?.charter;
        let dir = self.dir.clone().unwrap_or_else(|| PathBuf::from(".polity").join(&draft.id));
        if self.fresh && dir.join("charter.toml").exists() {
            polity_node::ensure_stopped(&dir).map_err(Failure::failed)?;
            std::fs::remove_dir_all(&dir)?;
        }
        let options = InitOptions { first_rpc_port: self.port, ..InitOptions::local(dir.clone()) };
        match polity_node::init(&name, &text, &options) {
            Ok(network) => Ok(network),
            Err(InitError::Occupied(_)) if dir.join("secrets.toml").exists() => {
                resume(&options, &name, &text)
            }
            Err(error) => Err(Failure::input(error)),
        }
    }
}

/// Goes on with the network in the directory, if it is of the same charter.
fn resume(options: &InitOptions, name: &str, text: &str) -> Result<LocalNetwork, Failure> {
    let network =
        polity_node::open_network(&options.dir, options.first_rpc_port).map_err(|error| match error {
            // Nothing is wrong with what was given.
            InitError::Running { .. } => Failure::failed(error),
            error => Failure::input(error),
        })?;
    let draft = polity_charter::parse(name, text).map_err(Failure::input)?.charter;
    let (dir, found) = (options.dir.clone(), network.charter.id.clone());
    if draft.id != found {
        let expected = format!("{} (--fresh begins anew)", draft.id);
        return Err(Failure::input(InitError::OtherCharter { dir, found, expected }));
    }
    // Keys of a member that the file does not name any more do not fit into it: then it is another version all the same.
    let public = network.secrets.public().map_err(Failure::input)?;
    let with_keys = polity_charter::with_keys(text, &public).ok();
    let now = with_keys.and_then(|text| polity_charter::parse(name, &text).ok()).map(|now| now.charter.hash);
    if now == Some(network.charter.hash) {
        return Ok(network);
    }
    Err(Failure::input(InitError::OlderVersion { dir: dir.display().to_string(), id: found }))
}

fn print_ready(network: &LocalNetwork, processes: &Processes) {
    let charter = &network.charter;
    say!("{}: chain id {}, charter {}", charter.id, charter.chain_id, charter.hash);
    for node in &processes.0 {
        say!(
            "  {:<12} {}  pid {}  block {}",
            node.plan.member,
            node.ready.rpc,
            node.ready.pid,
            node.ready.height
        );
    }
    let accounts = network.secrets.list();
    say!("accounts (local keys: use them nowhere else)");
    for account in accounts.iter().take(10) {
        say!("  {:<12} {}  {}", account.id, account.address, account.key);
    }
    if accounts.len() > 10 {
        say!("  … and {} more in {}", accounts.len() - 10, network.dir.join("secrets.toml").display());
    }
    if let Some(first) = processes.0.first() {
        if matches!(charter.clock, polity_charter::Clock::Replay { .. }) {
            say!("the clock replays dates; the deposits of its history are made by `polity demo`, not here");
        }
        say!("in another terminal: export POLITY_RPC={}", first.ready.rpc);
        say!(
            "then: polity status   or: cast block-number --rpc-url $POLITY_RPC   act with: --as NAME --dir {}",
            network.dir.display()
        );
        say!("stop: Ctrl-C");
    }
}

/// Fires at Ctrl-C or termination.
pub(crate) fn stop_signal() -> Result<mpsc::Receiver<()>, Failure> {
    let (tell, stop) = mpsc::channel();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::spawn(move || {
        runtime.block_on(async {
            let _ = tokio::select! {
                done = tokio::signal::ctrl_c() => done.is_ok(),
                done = terminated() => done,
            };
        });
        let _ = tell.send(());
    });
    Ok(stop)
}

async fn terminated() -> bool {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => terminate.recv().await.is_some(),
        Err(_) => std::future::pending().await,
    }
}
