//! A network of child processes on this machine.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use polity_node::{LocalNetwork, NodePlan};
use serde::Deserialize;

use crate::output::Failure;

/// Longest wait for a node to say that it is ready: it reads its state and replays its log first.
const READY_TIME_MAX: Duration = Duration::from_secs(120);
/// Longest wait for a node to stop by itself.
const STOP_TIME_MAX: Duration = Duration::from_secs(15);

/// What a node prints when it is ready.
#[derive(Clone, Debug, Deserialize, serde::Serialize)]
pub(crate) struct Ready {
    pub(crate) ready: bool,
    /// `http://…`
    pub(crate) rpc: String,
    /// `ws://…`
    pub(crate) ws: String,
    /// Member that runs it.
    pub(crate) member: Option<String>,
    pub(crate) chain_id: u64,
    pub(crate) height: u64,
    pub(crate) pid: u32,
}

/// A running node. Dropping it kills the process; [`Processes::stop`] lets it finish.
#[derive(Debug)]
pub(crate) struct NodeProcess {
    pub(crate) plan: NodePlan,
    pub(crate) ready: Ready,
    process: Process,
}

impl NodeProcess {
    /// Whether the process still runs; if not, how it ended.
    pub(crate) fn ended(&mut self) -> Option<std::process::ExitStatus> {
        self.process.child.try_wait().ok().flatten()
    }
}

/// The nodes of a network.
#[derive(Debug)]
pub(crate) struct Processes(pub(crate) Vec<NodeProcess>);

impl Processes {
    /// Starts every node and waits until all are ready.
    pub(crate) fn start(network: &LocalNetwork) -> Result<Self, Failure> {
        Self::start_with(network, |_| Ok(()))
    }

    /// Starts every node, calls `greet` with the RPC address of each as soon as it is ready, and waits for all.
    pub(crate) fn start_with(
        network: &LocalNetwork,
        greet: impl Fn(&str) -> Result<(), Failure> + Sync,
    ) -> Result<Self, Failure> {
        let exe = std::env::current_exe()?;
        let starting: Vec<_> =
            network.nodes.iter().map(|plan| spawn(&exe, plan)).collect::<Result<_, _>>()?;
        let deadline = Instant::now() + READY_TIME_MAX;
        let greet = &greet;
        let nodes = std::thread::scope(|scope| {
            let waiting: Vec<_> = starting
                .into_iter()
                .map(|starting| {
                    scope.spawn(move || {
                        let node = starting.ready(deadline)?;
                        greet(&node.ready.rpc)?;
                        Ok(node)
                    })
                })
                .collect();
            waiting
                .into_iter()
                .map(|thread| thread.join().map_err(|_| Failure::failed("a thread of ours panicked"))?)
                .collect::<Result<Vec<_>, Failure>>()
        })?;
        Ok(Self(nodes))
    }

    /// Addresses of the RPC servers.
    pub(crate) fn urls(&self) -> Vec<String> {
        self.0.iter().map(|node| node.ready.rpc.clone()).collect()
    }

    /// Lets every node finish what it does, and waits for it.
    pub(crate) fn stop(mut self) {
        for node in &mut self.0 {
            node.process.stdin.take();
        }
        let deadline = Instant::now() + STOP_TIME_MAX;
        for node in &mut self.0 {
            while node.ended().is_none() && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

/// A node that has not said that it is ready. Dropping it kills the process.
struct Starting {
    plan: NodePlan,
    process: Process,
    line: mpsc::Receiver<String>,
}

/// A child that does not outlive us.
#[derive(Debug)]
struct Process {
    child: Child,
    /// The node stops when this closes, so no node outlives the process that started it.
    stdin: Option<ChildStdin>,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(exe: &Path, plan: &NodePlan) -> Result<Starting, Failure> {
    let log = std::fs::OpenOptions::new().create(true).append(true).open(plan.home.0.join("node.log"))?;
    let mut child = Command::new(exe)
        .args(["--json", "node", "--until-stdin-closes", "--home"])
        .arg(&plan.home.0)
        .env("POLITY_LOG", std::env::var("POLITY_LOG").unwrap_or_else(|_| "warn,polity=info".into()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()?;
    let stdin = child.stdin.take();
    let stdout = child.stdout.take().ok_or_else(|| Failure::failed("no standard output"))?;
    let (tell, line) = mpsc::channel();
    std::thread::spawn(move || {
        for text in BufReader::new(stdout).lines().map_while(Result::ok) {
            let _ = tell.send(text);
        }
    });
    Ok(Starting { plan: plan.clone(), process: Process { child, stdin }, line })
}

impl Starting {
    fn ready(mut self, deadline: Instant) -> Result<NodeProcess, Failure> {
        let left = deadline.saturating_duration_since(Instant::now());
        let member = self.plan.member.clone();
        let log = self.plan.home.0.join("node.log");
        let line = self.line.recv_timeout(left).map_err(|_| {
            let ended = self.process.child.try_wait().ok().flatten();
            let how = ended
                .map_or_else(|| "did not become ready in time".to_owned(), |s| format!("ended with {s}"));
            Failure::failed(format!("node {member} {how}; its log: {}{}", log.display(), last_lines(&log)))
        })?;
        let ready: Ready = serde_json::from_str(&line).map_err(|_| {
            let said = serde_json::from_str::<serde_json::Value>(&line)
                .ok()
                .and_then(|value| value["error"].as_str().map(str::to_owned))
                .unwrap_or(line);
            Failure::failed(format!("node {member}: {said}"))
        })?;
        Ok(NodeProcess { plan: self.plan, ready, process: self.process })
    }
}

fn last_lines(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<_> = text.lines().rev().take(5).collect();
    lines.into_iter().rev().map(|line| format!("\n  {line}")).collect()
}
