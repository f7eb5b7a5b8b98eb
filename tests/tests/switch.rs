//! The constitution of consensus changes by vote while transactions flow: membership, stake, delegation, work, membership with
//! supervisors (who decide the last worked block), membership. Nobody restarts, nothing is lost, and who was away follows.

use std::{
    fs,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use polity_tests::{Network, Rpc, Wallet, eventually, quantity, run, transaction_hash};
use serde_json::{Value, json};

const ROTATION: &str = r#"{ by = "membership", primary = "rotation" }"#;
const WORK: &str =
    r#"{ by = "work", interval = "1s", confirmations = 3, checkpoint = 20, difficulty = 20000 }"#;

const STAKE: &str = r#"{ by = "stake", min = "50" }"#;
const DELEGATION: &str = r#"{ by = "delegation", seats = 3, term = "5s" }"#;
const SUPERVISORS: &str = r#"{ by = "supervisors", members = ["node-1", "node-3", "node-4"] }"#;

/// The built-in charter with a chamber that decides within seconds, and members who have bonded 400, 300, 200 and 100.
fn charter(dir: &std::path::Path) -> String {
    let text = include_str!("../../charters/dev.toml");
    let text = text
        .replace(r#"voting = "1m""#, r#"voting = "15s""#)
        .replace(r#"delay  = "10s""#, r#"delay  = "1s""#);
    assert!(
        text.contains(r#"voting = "15s""#) && text.contains(r#"delay  = "1s""#) && text.contains(ROTATION)
    );
    let text = (1..=4).fold(text, |text, i| {
        let member = format!(r#"name = "Node {i}", kind = "enterprise", balance = "10000""#);
        text.replace(&member, &format!(r#"{member}, bond = "{}""#, 500 - 100 * i))
    });
    assert_eq!(text.matches("bond = ").count(), 4);
    let path = dir.join("quick.toml");
    fs::write(&path, text).expect("written");
    path.display().to_string()
}

fn finalized(rpc: &Rpc) -> Option<u64> {
    quantity(&rpc.try_call("eth_getBlockByNumber", json!(["finalized", false]))?.ok()?["number"])
}

fn consensus(rpc: &Rpc) -> Option<Value> {
    Some(rpc.try_call("polity_status", json!([]))?.ok()?["consensus"].take())
}

/// Transfers to whichever node answers, each acknowledged when it is in a block that a node calls final.
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
        let threads = accounts.iter().map(|id| {
            let mut wallet = Wallet::new(network.account(id), network.chain_id, 0);
            let (stop, acknowledged) = (stop.clone(), acknowledged.clone());
            let nodes: Vec<Rpc> = urls.iter().map(|url| Rpc::new(url)).collect();
            thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let raws: Vec<String> = (0..3).map(|_| wallet.sign_one()).collect();
                    let mut waiting: Vec<Value> = raws.iter().map(|raw| transaction_hash(raw)).collect();
                    let mut tries = 0u32;
                    while !waiting.is_empty() {
                        if tries.is_multiple_of(20) {
                            // A node may die with what only it knew.
                            for raw in &raws {
                                for node in &nodes {
                                    let _ = node.try_call("eth_sendRawTransaction", json!([raw]));
                                }
                            }
                        }
                        tries += 1;
                        assert!(tries < 1_500, "{waiting:?} is not written");
                        waiting.retain(|hash| {
                            let is_final = nodes.iter().any(|node| {
                                let block =
                                    node.receipt(hash).and_then(|receipt| quantity(&receipt["blockNumber"]));
                                block.is_some_and(|block| finalized(node).is_some_and(|tip| block <= tip))
                            });
                            if is_final {
                                acknowledged.lock().expect("no panic").push(hash.clone());
                            }
                            !is_final
                        });
                        thread::sleep(Duration::from_millis(100));
                    }
                }
            })
        });
        let threads = threads.collect();
        Self { stop, acknowledged, threads }
    }

    fn finish(self) -> Vec<Value> {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().expect("the load does not panic");
        }
        Arc::try_unwrap(self.acknowledged).expect("all threads ended").into_inner().expect("no panic")
    }
}

/// Proposes `changes` and casts the ballots that decide: three of four are more than two thirds, whatever the last one says.
fn vote(network: &Network, changes: &[String]) -> String {
    let dir = network.dir.display().to_string();
    let url = network.running().next().expect("one runs").rpc.url.clone();
    let common = ["--dir", &dir, "--rpc", &url, "--json"];
    let amend: Vec<&str> = changes.iter().flat_map(|change| ["--amend", change.as_str()]).collect();
    let args = ["propose", "members", "Another constitution", "--as", "node-1"];
    let said = run(&[&args[..], &amend[..], &common[..]].concat());
    let proposed: Value = serde_json::from_slice(&said.stdout).unwrap_or_else(|_| panic!("{said:?}"));
    let id = proposed["proposal"].as_u64().unwrap_or_else(|| panic!("{proposed}")).to_string();
    for member in ["node-1", "node-2", "node-3"] {
        // It opens some blocks after it was made.
        eventually(&format!("{member}'s ballot on proposal {id}"), || {
            let said = run(&[&["ballot", &id, "yes", "--as", member][..], &common[..]].concat());
            said.status.success().then_some(())
        });
    }
    id
}

/// Votes `changes` and waits until some blocks are decided under them; the first height that can be.
fn turn(network: &Network, changes: &[String]) -> u64 {
    let id: u64 = vote(network, changes).parse().expect("a number");
    network.until_status(id, "executed");
    let height = network.rpc().height().expect("answers") + 1;
    for node in network.running() {
        node.rpc.above(height + 3);
    }
    height
}

fn write(settings: &str) -> String {
    format!("set consensus.write = {settings}")
}

/// Voting powers and weights of the seats of the committee of block `height`, each in ascending order.
fn seats(rpc: &Rpc, height: u64) -> (Vec<u64>, Vec<u64>) {
    let committee = rpc.call("polity_committee", json!([height]));
    let of = |key: &str| {
        let seats = committee["seats"].as_array().unwrap_or_else(|| panic!("{committee}"));
        let mut found: Vec<u64> = seats.iter().map(|seat| seat[key].as_u64().expect("a number")).collect();
        found.sort_unstable();
        found
    };
    (of("power"), of("weight"))
}

fn runs(rpc: &Rpc, engine: &str) {
    eventually(&format!("{engine} at {}", rpc.url), || {
        consensus(rpc).filter(|status| status["engine"] == engine).map(drop)
    });
}

#[test]
fn every_constitution_by_vote_under_load() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut network = Network::start(&[&charter(folder.path())]);
    network.rpc().above(2);
    let load = Load::start(&network, &["alice", "bob", "carol"]);

    // To stake: votes count by bonds.
    let staked = turn(&network, &[write(STAKE)]);
    let (powers, _) = seats(network.rpc(), staked + 2);
    let total: u64 = powers.iter().sum();
    let tenths: Vec<u64> = powers.iter().map(|power| (power * 10 + total / 2) / total).collect();
    assert_eq!(tenths, [1, 2, 3, 4], "{powers:?}");

    // To delegation: the three with most behind them.
    let delegated = turn(&network, &[write(DELEGATION)]);
    let (powers, _) = seats(network.rpc(), delegated + 2);
    assert_eq!(powers.len(), 3, "{powers:?}");

    // To work, while node 4 is off.
    vote(&network, &[write(WORK)]);
    network.nodes[3].kill();
    for node in network.running() {
        runs(&node.rpc, "work");
    }
    let begun = network.rpc().height().expect("answers");
    network.rpc().above(begun + 4);
    network.nodes[3].restart();
    runs(&network.nodes[3].rpc, "work");
    // A power cut in the middle of work.
    network.nodes[2].kill();
    network.nodes[2].restart();
    let back = network.nodes[2].rpc.clone();
    back.above(begun + 6);
    let level = eventually("a final worked block", || finalized(network.rpc()).filter(|at| *at > begun + 2));
    network.agree(level);

    // From work to supervisors, in one amendment, while node 2, which will write and not vote, is off, and a supervisor loses its power
    // between the two engines.
    vote(&network, &[write(ROTATION), format!("set consensus.verification = {SUPERVISORS}")]);
    network.nodes[1].kill();
    let witness = network.rpc().clone();
    eventually("the change to be enacted", || {
        consensus(&witness).filter(|status| !status["switch"].is_null())
    });
    network.nodes[2].kill();
    network.nodes[2].restart();
    for node in network.running() {
        runs(&node.rpc, "bft");
    }
    let decided = network.rpc().height().expect("answers");
    network.rpc().above(decided + 3);
    network.nodes[1].restart();
    network.nodes[1].rpc.above(decided + 3);
    runs(&network.nodes[1].rpc, "bft");
    assert_eq!(seats(network.rpc(), decided + 2), (vec![0, 1, 1, 1], vec![1, 1, 1, 1]));

    // And all verify again.
    let again = turn(&network, &[r#"set consensus.verification = { by = "all" }"#.to_owned()]);
    assert_eq!(seats(network.rpc(), again + 2), (vec![1; 4], vec![1; 4]));

    let acknowledged = load.finish();
    assert!(acknowledged.len() >= 30, "{} transactions", acknowledged.len());
    let tip = network.rpc().height().expect("answers");
    for height in 0..=tip {
        network.agree(height);
    }
    for hash in &acknowledged {
        let receipts: Vec<Value> = network
            .running()
            .map(|node| {
                eventually(&format!("receipt of {hash} on {}", node.member), || node.rpc.receipt(hash))
            })
            .collect();
        assert!(receipts.windows(2).all(|pair| pair[0] == pair[1]), "{hash}: {receipts:?}");
        assert_eq!(receipts[0]["status"], "0x1");
    }
    // One stretch of work between two of committees; its last block has a certificate too.
    let worked: Vec<u64> = (1..=tip)
        .filter(|height| {
            let block = network.rpc().call("eth_getBlockByNumber", json!([format!("{height:#x}"), false]));
            quantity(&block["difficulty"]) != Some(0)
        })
        .collect();
    let (first, last) = (worked[0], worked[worked.len() - 1]);
    assert_eq!(worked, (first..=last).collect::<Vec<_>>());
    assert!(first > 1 && last < tip);
    for height in 1..=tip {
        let proof = network.rpc().call("polity_getCertificate", json!([format!("{height:#x}")]));
        assert_eq!(proof.is_null(), (first..last).contains(&height), "block {height}: {proof}");
    }
}
