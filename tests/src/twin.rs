//! A second node with the keys of a first: what operators are warned of, and what makes a validator sign twice without any mistake
//! in the program.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{Node, Rpc};

/// Ports that nobody uses now.
fn free_ports<const N: usize>() -> [u16; N] {
    let listeners: Vec<_> = (0..N).map(|_| TcpListener::bind(("127.0.0.1", 0)).expect("a port")).collect();
    let mut ports = listeners.iter().map(|listener| listener.local_addr().expect("bound").port());
    [(); N].map(|()| ports.next().expect("as many"))
}

/// `node.toml` of a home: what comes before its peers, the peers, what comes after.
struct Settings {
    path: PathBuf,
    head: String,
    peers: Vec<String>,
    tail: String,
}

const PEER: &str = "[[peers]]\n";

impl Settings {
    fn of(home: &Path) -> Self {
        let path = home.join("node.toml");
        let text = std::fs::read_to_string(&path).expect("settings");
        let (front, tail) = text.split_once("[rpc]").expect("an [rpc] section");
        let mut parts = front.split(PEER).map(str::to_owned);
        let head = parts.next().expect("a head");
        Self { path, head, peers: parts.collect(), tail: format!("[rpc]{tail}") }
    }

    fn keep_peers(&mut self, members: &[&str]) {
        self.peers.retain(|peer| members.iter().any(|id| peer.contains(&format!("member = \"{id}\""))));
    }

    fn save(&self) {
        let peers: String = self.peers.iter().map(|peer| format!("{PEER}{peer}")).collect();
        std::fs::write(&self.path, format!("{}{peers}{}", self.head, self.tail)).expect("settings");
    }
}

/// The line `key = …` of `section` with another value.
fn set(section: &str, key: &str, value: &str) -> String {
    let line = |line: &str| match line.split_once(" = ") {
        Some((name, _)) if name == key => format!("{key} = {value}\n"),
        _ => format!("{line}\n"),
    };
    section.lines().map(line).collect()
}

impl Node {
    /// A copy of this node, which must not run, with ports of its own; neither runs. For consensus it reaches the node `only`, and
    /// nothing by gossip: what it is sent stays with it.
    #[must_use]
    pub fn twin(&self, home: PathBuf, only: &str) -> Self {
        assert!(!self.alive, "{} is running", self.member);
        let copied = Command::new("cp").arg("-r").arg(&self.home).arg(&home).status().expect("cp runs");
        assert!(copied.success(), "{} is copied", self.home.display());
        let [rpc, consensus, gossip, nobody] = free_ports();
        let mut settings = Settings::of(&home);
        for (key, port) in [("rpc", rpc), ("consensus", consensus), ("gossip", gossip)] {
            settings.head = set(&settings.head, key, &port.to_string());
        }
        settings.keep_peers(&[only]);
        for peer in &mut settings.peers {
            *peer = set(peer, "gossip", &format!("\"127.0.0.1:{nobody}\""));
        }
        settings.save();
        let url = format!("http://127.0.0.1:{rpc}");
        let ws = format!("ws://127.0.0.1:{rpc}");
        Self { member: self.member.clone(), home, rpc: Rpc::new(&url), ws, pid: 0, own: None, alive: false }
    }

    /// Reaches only these members from the next start on.
    pub fn keep_peers(&self, members: &[&str]) {
        let mut settings = Settings::of(&self.home);
        settings.keep_peers(members);
        settings.save();
    }

    /// From the next start on finds the consensus of member `other.member` where `other` listens.
    pub fn redirect(&self, other: &Self) {
        let theirs = Settings::of(&other.home);
        let port = theirs.head.lines().find_map(|line| line.strip_prefix("consensus = ")).expect("a port");
        let mut settings = Settings::of(&self.home);
        for peer in &mut settings.peers {
            if peer.contains(&format!("member = \"{}\"", other.member)) {
                *peer = set(peer, "consensus", &format!("\"127.0.0.1:{port}\""));
            }
        }
        settings.save();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some((mut child, stdin)) = self.own.take() {
            drop(stdin);
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
