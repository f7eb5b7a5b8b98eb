//! What the end-to-end tests have in common: a network of real processes, and JSON-RPC to them.
//!
//! Rule kept: black-box. The tests know the binary, its command line and its RPC, and nothing of the crates behind them.
//! Every network lives in a temporary directory, on ports the system chose, and ends with the test.
#![allow(clippy::disallowed_methods, clippy::missing_panics_doc, clippy::print_stderr)] // a failing test panics, with what it saw

mod cli;
mod peers;
mod twin;
mod wallet;

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Output, Stdio},
    time::{Duration, Instant},
};

pub use cli::UNIT;
use serde_json::{Value, json};
pub use wallet::{Wallet, transaction_hash};

/// Longest wait for anything.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// The `polity` binary that `cargo test --workspace` built beside the tests.
#[must_use]
pub fn polity() -> PathBuf {
    if let Some(path) = std::env::var_os("POLITY") {
        return path.into();
    }
    let test = std::env::current_exe().expect("the test has a path");
    let folder = test.parent().and_then(Path::parent).expect("target/debug/deps");
    let binary = folder.join("polity");
    assert!(binary.exists(), "{} is missing: run `cargo test --workspace`", binary.display());
    binary
}

/// Runs `polity` with `args` to its end.
#[must_use]
pub fn run(args: &[&str]) -> Output {
    Command::new(polity()).args(args).stdin(Stdio::null()).output().expect("polity runs")
}

/// Waits until `probe` gives something, or panics naming `what`.
pub fn eventually<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(since.elapsed() < PATIENCE, "{what}: not within {} s", PATIENCE.as_secs());
        std::thread::sleep(Duration::from_millis(25));
    }
}

/// JSON-RPC to one node.
#[derive(Clone, Debug)]
pub struct Rpc {
    /// `http://127.0.0.1:…`
    pub url: String,
    agent: ureq::Agent,
}

impl Rpc {
    /// A client of `url`.
    #[must_use]
    pub fn new(url: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(20)))
            .http_status_as_error(false)
            .build();
        Self { url: url.to_owned(), agent: config.into() }
    }

    /// Posts `body`; the whole answer, or nothing if nobody answered.
    #[must_use]
    pub fn post(&self, body: &Value) -> Option<Value> {
        let mut response = self.agent.post(&self.url).send_json(body).ok()?;
        response.body_mut().read_json().ok()
    }

    /// The result of `method`, the error object, or nothing if nobody answered.
    #[must_use]
    pub fn try_call(&self, method: &str, params: Value) -> Option<Result<Value, Value>> {
        let mut answer =
            self.post(&json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }))?;
        Some(match answer.get_mut("error") {
            Some(error) => Err(error.take()),
            None => Ok(answer["result"].take()),
        })
    }

    /// The result of `method`; panics on anything else.
    #[must_use]
    pub fn call(&self, method: &str, params: Value) -> Value {
        match self.try_call(method, params.clone()) {
            Some(Ok(result)) => result,
            other => panic!("{method} {params} at {}: {other:?}", self.url),
        }
    }

    /// The height of the head, if the node answers.
    #[must_use]
    pub fn height(&self) -> Option<u64> {
        quantity(&self.try_call("eth_blockNumber", json!([]))?.ok()?)
    }

    /// Hash and state root of block `height`, if the node has it.
    #[must_use]
    pub fn block(&self, height: u64) -> Option<(String, String)> {
        let block = self.try_call("eth_getBlockByNumber", json!([format!("{height:#x}"), false]))?.ok()?;
        Some((block["hash"].as_str()?.to_owned(), block["stateRoot"].as_str()?.to_owned()))
    }

    /// The receipt of a transaction, if it is written.
    #[must_use]
    pub fn receipt(&self, hash: &Value) -> Option<Value> {
        self.try_call("eth_getTransactionReceipt", json!([hash]))?.ok().filter(|receipt| !receipt.is_null())
    }

    /// Waits for a block above `height`.
    pub fn above(&self, height: u64) -> u64 {
        eventually(&format!("a block above {height} at {}", self.url), || {
            self.height().filter(|now| *now > height)
        })
    }
}

/// `0x1f` as a number.
#[must_use]
pub fn quantity(value: &Value) -> Option<u64> {
    u64::from_str_radix(value.as_str()?.strip_prefix("0x")?, 16).ok()
}

/// A funded account of a network.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its name in the charter.
    pub id: String,
    /// `0x…`
    pub address: String,
    /// `0x…`
    pub key: String,
}

/// One node of a network.
#[derive(Debug)]
pub struct Node {
    /// Its member.
    pub member: String,
    /// Its home.
    pub home: PathBuf,
    /// Its RPC.
    pub rpc: Rpc,
    /// `ws://…`
    pub ws: String,
    pid: u32,
    /// Set when the test started it itself.
    own: Option<(Child, ChildStdin)>,
    alive: bool,
}

impl Node {
    /// Kills the process as a power cut would.
    pub fn kill(&mut self) {
        use nix::{
            sys::signal::{Signal, kill},
            unistd::Pid,
        };
        assert!(std::mem::take(&mut self.alive), "{} is dead already", self.member);
        kill(Pid::from_raw(i32::try_from(self.pid).expect("a pid")), Signal::SIGKILL)
            .expect("the node can be killed");
        match self.own.take() {
            Some((mut child, _)) => drop(child.wait()),
            // A child of `polity up`, which reaps it.
            None => eventually("the killed node to be gone", || {
                (!Path::new(&format!("/proc/{}", self.pid)).exists()).then_some(())
            }),
        }
    }

    /// Starts it again, with the ports it had.
    pub fn restart(&mut self) {
        let line =
            self.try_restart().unwrap_or_else(|error| panic!("{} does not start: {error}", self.member));
        assert_eq!(line["ready"], true, "{line}");
    }

    /// Starts it again; what it prints.
    ///
    /// # Errors
    /// What it says before it ends.
    #[allow(clippy::zombie_processes, reason = "it ends when its standard input is dropped")]
    pub fn try_restart(&mut self) -> Result<Value, String> {
        assert!(!self.alive, "{} is running", self.member);
        let mut child = Command::new(polity())
            .args(["--json", "node", "--until-stdin-closes", "--home"])
            .arg(&self.home)
            .env("POLITY_LOG", "warn,polity=info")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(
                std::fs::OpenOptions::new()
                    .append(true)
                    .create(true)
                    .open(self.home.join("node.log"))
                    .expect("a log"),
            )
            .spawn()
            .expect("polity runs");
        let stdin = child.stdin.take().expect("a pipe");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe"))
            .read_line(&mut line)
            .map_err(|error| error.to_string())?;
        let said: Value = serde_json::from_str(&line).map_err(|error| format!("{error}: {line:?}"))?;
        if said["ready"] == true {
            self.pid = child.id();
            self.own = Some((child, stdin));
            self.alive = true;
            Ok(said)
        } else {
            drop(stdin);
            let status = child.wait().map_err(|error| error.to_string())?;
            Err(format!("{} ({status})", said["error"].as_str().unwrap_or(&line)))
        }
    }
}

/// A network started by `polity up --json`.
#[derive(Debug)]
pub struct Network {
    /// Its nodes.
    pub nodes: Vec<Node>,
    /// Its accounts.
    pub accounts: Vec<Account>,
    /// Its chain id.
    pub chain_id: u64,
    /// Where it lives.
    pub dir: PathBuf,
    up: Child,
    temporary: tempfile::TempDir,
}

impl Network {
    /// `polity up` with `args`, in a temporary directory.
    #[must_use]
    pub fn start(args: &[&str]) -> Self {
        Self::start_in(tempfile::tempdir().expect("a folder"), args)
    }

    /// Stops as Ctrl-C does, and starts again on the same directory.
    #[must_use]
    pub fn stop_and_start(mut self, args: &[&str]) -> Self {
        assert!(self.interrupt().success(), "a clean stop");
        let empty = tempfile::tempdir().expect("a folder");
        Self::start_in(std::mem::replace(&mut self.temporary, empty), args)
    }

    fn start_in(temporary: tempfile::TempDir, args: &[&str]) -> Self {
        let dir = temporary.path().join("network");
        let mut up = Command::new(polity())
            .args(["--json", "up", "--dir"])
            .arg(&dir)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("polity runs");
        let mut line = String::new();
        BufReader::new(up.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        assert_eq!(ready["ready"], true, "{ready}");
        let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("text in {ready}")).to_owned();
        let nodes = ready["nodes"].as_array().expect("nodes").iter().enumerate().map(|(i, node)| Node {
            member: text(&node["member"]),
            home: text(&node["home"]).into(),
            rpc: Rpc::new(&text(&ready["rpc"][i])),
            ws: text(&ready["ws"][i]),
            pid: u32::try_from(node["pid"].as_u64().expect("a pid")).expect("a pid"),
            own: None,
            alive: true,
        });
        let account = |account: &Value| Account {
            id: text(&account["id"]),
            address: text(&account["address"]),
            key: text(&account["key"]),
        };
        Self {
            nodes: nodes.collect(),
            accounts: ready["accounts"].as_array().expect("accounts").iter().map(account).collect(),
            chain_id: ready["chain_id"].as_u64().expect("a chain id"),
            dir,
            up,
            temporary,
        }
    }

    /// RPC of the first node.
    #[must_use]
    pub fn rpc(&self) -> &Rpc {
        &self.nodes[0].rpc
    }

    /// The account called `id`.
    #[must_use]
    pub fn account(&self, id: &str) -> &Account {
        self.accounts.iter().find(|account| account.id == id).unwrap_or_else(|| panic!("no account {id}"))
    }

    /// Nodes that run.
    pub fn running(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(|node| node.alive)
    }

    /// Waits until every running node has block `height`, and panics unless all have the same.
    pub fn agree(&self, height: u64) -> (String, String) {
        let blocks: Vec<_> = self
            .running()
            .map(|node| eventually(&format!("block {height} on {}", node.member), || node.rpc.block(height)))
            .collect();
        assert!(blocks.windows(2).all(|pair| pair[0] == pair[1]), "block {height}: {blocks:?}");
        blocks[0].clone()
    }

    /// Asks `polity up` to stop, as Ctrl-C does; its exit status.
    pub fn interrupt(&mut self) -> std::process::ExitStatus {
        use nix::{
            sys::signal::{Signal, kill},
            unistd::Pid,
        };
        kill(Pid::from_raw(i32::try_from(self.up.id()).expect("a pid")), Signal::SIGINT).expect("it runs");
        let status = self.up.wait().expect("it ends");
        for node in &mut self.nodes {
            if node.own.is_none() {
                node.alive = false;
            }
        }
        status
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for node in &mut self.nodes {
            if let Some((mut child, stdin)) = node.own.take() {
                drop(stdin);
                let _ = child.kill();
                let _ = child.wait();
            }
        }
        // The nodes of `up` stop when it does: their standard input closes.
        let _ = self.up.kill();
        let _ = self.up.wait();
        if std::thread::panicking() {
            for node in &self.nodes {
                let log = std::fs::read_to_string(node.home.join("node.log")).unwrap_or_default();
                let tail: Vec<_> = log.lines().rev().take(15).collect();
                eprintln!(
                    "--- {} ---\n{}",
                    node.member,
                    tail.into_iter().rev().collect::<Vec<_>>().join("\n")
                );
            }
        }
    }
}
