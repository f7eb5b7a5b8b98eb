//! Crashes, lost disks, missing quorums: what is acknowledged stays, and the chain goes on when it can.

use std::{
    collections::BTreeSet,
    fs,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use polity_tests::{Network, Rpc, Wallet, eventually, run, transaction_hash};
use serde_json::{Value, json};

/// Sends transfers to whichever node answers until told to stop, and keeps what was acknowledged: hashes whose receipt a
/// node has shown.
struct Load {
    stop: Arc<AtomicBool>,
    acknowledged: Arc<Mutex<Vec<Value>>>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    fn start(network: &Network, accounts: &[&str]) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let acknowledged = Arc::new(Mutex::new(Vec::new()));
        let urls: Vec<String> = network.nodes.iter().map(|node| node.rpc.url.clone()).collect();
        let threads = accounts
            .iter()
            .enumerate()
            .map(|(i, id)| {
                let mut wallet = Wallet::new(network.account(id), network.chain_id, 0);
                let (stop, acknowledged) = (stop.clone(), acknowledged.clone());
                let nodes: Vec<Rpc> = urls.iter().map(|url| Rpc::new(url)).collect();
                thread::spawn(move || {
                    let mut turn = i;
                    while !stop.load(Ordering::Relaxed) {
                        // A node may die with a transaction that only it knew: it is sent again until it is written, and
                        // acknowledged when a node shows its receipt.
                        let raw = wallet.sign_one();
                        let hash = transaction_hash(&raw);
                        let mut tries = 0;
                        while !nodes.iter().any(|node| node.receipt(&hash).is_some()) {
                            if tries % 60 == 0 {
                                turn += 1;
                                let _ = nodes[turn % nodes.len()]
                                    .try_call("eth_sendRawTransaction", json!([raw]));
                            }
                            tries += 1;
                            if tries > 4_000 {
                                return;
                            }
                            thread::sleep(Duration::from_millis(20));
                        }
                        acknowledged.lock().expect("no panic").push(hash);
                    }
                })
            })
            .collect();
        Self { stop, acknowledged, threads }
    }

    fn count(&self) -> usize {
        self.acknowledged.lock().expect("no panic").len()
    }

    fn finish(self) -> Vec<Value> {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().expect("the load does not panic");
        }
        Arc::try_unwrap(self.acknowledged).expect("all threads ended").into_inner().expect("no panic")
    }
}

/// Every running node shows every hash with the same receipt.
fn everywhere_the_same(network: &Network, hashes: &[Value]) {
    for hash in hashes {
        let receipts: Vec<Value> = network
            .running()
            .map(|node| {
                eventually(&format!("receipt of {hash} on {}", node.member), || node.rpc.receipt(hash))
            })
            .collect();
        assert!(receipts.windows(2).all(|pair| pair[0] == pair[1]), "{hash}: {receipts:?}");
        assert_eq!(receipts[0]["status"], "0x1");
    }
}

fn height(network: &Network) -> u64 {
    network.running().filter_map(|node| node.rpc.height()).max().expect("a node answers")
}

#[test]
fn any_one_of_four_may_be_killed_under_load_and_comes_back() {
    let mut network = Network::start(&[]);
    let load = Load::start(&network, &["alice", "bob", "carol"]);
    for i in 0..4 {
        let before = height(&network);
        network.nodes[i].kill();
        let after = {
            let witness = &network.nodes[(i + 1) % 4].rpc;
            witness.above(before + 3)
        };
        network.nodes[i].restart();
        let back = network.nodes[i].rpc.clone();
        eventually("the restarted node to catch up", || back.height().filter(|height| *height >= after));
    }
    eventually("some load to be written", || (load.count() >= 30).then_some(()));
    let acknowledged = load.finish();
    let unique: BTreeSet<String> = acknowledged.iter().map(ToString::to_string).collect();
    assert_eq!(unique.len(), acknowledged.len(), "no transaction is written twice");
    let tip = height(&network);
    network.agree(tip);
    everywhere_the_same(&network, &acknowledged);
}

#[test]
fn without_a_quorum_the_chain_halts_says_so_and_resumes() {
    let mut network = Network::start(&[]);
    let start = height(&network);
    network.rpc().above(start + 2);
    network.nodes[2].kill();
    network.nodes[3].kill();
    let url = network.rpc().url.clone();
    let words = eventually("the status to name the missing quorum", || {
        let output = run(&["--json", "status", "--rpc", &url]);
        let status: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let consensus = status["consensus"].clone();
        (consensus["quorum"] == false).then_some(consensus)
    });
    assert_eq!(words["power"], json!({ "present": 2, "needed": 3, "total": 4 }));
    let absent: BTreeSet<&str> =
        words["absent"].as_array().expect("names").iter().filter_map(Value::as_str).collect();
    let killed: BTreeSet<&str> = network.nodes[2..].iter().map(|node| node.member.as_str()).collect();
    assert_eq!(absent, killed);
    assert!(words["words"].as_str().expect("text").starts_with("waiting: 2 of 4"), "{words}");
    let halted = height(&network);
    thread::sleep(Duration::from_secs(4));
    assert_eq!(height(&network), halted, "two of four decide nothing");
    network.nodes[2].restart();
    network.nodes[3].restart();
    network.rpc().above(halted + 2);
    network.agree(halted + 1);
}

#[test]
fn a_wiped_node_is_rebuilt_from_its_peers() {
    let mut network = Network::start(&[]);
    let mut wallet = Wallet::new(network.account("dave"), network.chain_id, 0);
    let hashes: Vec<Value> = (0..5).filter_map(|_| wallet.send_one(network.rpc())).collect();
    assert_eq!(hashes.len(), 5);
    everywhere_the_same(&network, &hashes);
    network.nodes[3].kill();
    for part in ["db", "wal"] {
        fs::remove_dir_all(network.nodes[3].home.join(part)).expect("wiped");
    }
    fs::remove_file(network.nodes[3].home.join("signed")).expect("wiped");
    let target = network.rpc().above(height(&network) + 2);
    network.nodes[3].restart();
    eventually("the wiped node to catch up", || {
        network.nodes[3].rpc.height().filter(|height| *height >= target)
    });
    network.agree(target);
    everywhere_the_same(&network, &hashes);
    eventually("the wiped node to sign again", || {
        let status = network.nodes[3].rpc.call("polity_status", json!([]));
        (status["consensus"]["signing"] == true).then_some(())
    });
}

#[test]
fn after_a_full_stop_it_goes_on_where_it_was() {
    let network = Network::start(&[]);
    let mut wallet = Wallet::new(network.account("erin"), network.chain_id, 0);
    let hash = wallet.send_one(network.rpc()).expect("taken");
    everywhere_the_same(&network, std::slice::from_ref(&hash));
    let at = height(&network);
    let before = network.agree(at);
    let network = network.stop_and_start(&[]);
    assert_eq!(network.agree(at), before, "the same history");
    everywhere_the_same(&network, &[hash]);
    network.rpc().above(at + 2);
    assert!(wallet.send_one(network.rpc()).is_some(), "and it takes transactions");
}

#[test]
fn all_four_killed_at_once_lose_nothing() {
    let mut network = Network::start(&[]);
    let load = Load::start(&network, &["frank", "grace"]);
    eventually("some load to be written", || (load.count() >= 10).then_some(()));
    for node in &mut network.nodes {
        node.kill();
    }
    for node in &mut network.nodes {
        node.restart();
    }
    let count = load.count();
    eventually("the load to go on", || (load.count() > count + 5).then_some(()));
    let acknowledged = load.finish();
    everywhere_the_same(&network, &acknowledged);
}
