//! A node of no member follows a worked chain through a reorganisation, and on to the committee that the members vote for.

use std::fs;

use polity_tests::{Network, Rpc, Wallet, eventually, quantity, transaction_hash};
use serde_json::{Value, json};

const ROTATION: &str = r#"{ by = "membership", primary = "rotation" }"#;
const WORK: &str =
    r#"{ by = "work", interval = "1s", confirmations = 3, checkpoint = 40, difficulty = 300000 }"#;

/// The built-in charter, worked and open to nodes of nobody, with a chamber that decides within seconds.
fn charter(dir: &std::path::Path) -> String {
    let mut text = include_str!("../../charters/dev.toml").to_owned();
    for (from, to) in [
        (ROTATION, WORK),
        (r#"connect  = "members""#, r#"connect  = "anyone""#),
        (r#"voting = "1m""#, r#"voting = "6s""#),
        (r#"delay  = "10s""#, r#"delay  = "1s""#),
    ] {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    let path = dir.join("worked.toml");
    fs::write(&path, text).expect("written");
    path.display().to_string()
}

fn engine(rpc: &Rpc) -> Option<Value> {
    Some(rpc.try_call("polity_status", json!([]))?.ok()?["consensus"]["engine"].take())
}

fn hash_at(rpc: &Rpc, height: u64) -> Option<String> {
    rpc.block(height).map(|(hash, _)| hash)
}

#[test]
fn an_observer_follows_through_a_reorganisation_and_a_change_of_engine() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut network = Network::start(&[&charter(folder.path())]);
    let mut observer = network.observer(0);
    // Two parts that know nothing of each other: the first node with the observer, and the others.
    network.nodes.iter_mut().for_each(polity_tests::Node::kill);
    let [first, second, third, fourth] = &network.nodes[..] else { panic!("four nodes") };
    for (node, peers) in [(second, [third, fourth]), (third, [second, fourth]), (fourth, [second, third])] {
        node.knows(&peers);
    }
    first.knows(&[]);
    network.nodes.iter_mut().for_each(polity_tests::Node::restart);
    observer.restart();

    // A transaction is given to the observer and written in a block of the first node's.
    let mut wallet = Wallet::new(network.account("alice"), network.chain_id, 0);
    let raw = wallet.sign_one();
    let sent = transaction_hash(&raw);
    eventually("the observer to reach the first node", || {
        observer.rpc.height().filter(|at| *at > 0 && Some(*at) == network.rpc().height())
    });
    assert_eq!(observer.rpc.call("eth_sendRawTransaction", json!([raw])), sent);
    let written = eventually("a receipt", || observer.rpc.receipt(&sent));
    let at = quantity(&written["blockNumber"]).expect("a number");
    network.nodes[0].kill();
    let others = network.nodes[1].rpc.clone();
    others.above(observer.rpc.height().expect("answers") + 3);
    assert_eq!(written["blockHash"].as_str().map(str::to_owned), hash_at(&observer.rpc, at));
    assert_ne!(hash_at(&others, at), hash_at(&observer.rpc, at), "two branches");

    // The first node comes back and knows the others: what it worked is undone, and the observer hears of it.
    network.nodes[0].knows(&network.nodes[1..].iter().collect::<Vec<_>>());
    network.nodes[0].restart();
    eventually("the observer to follow the heavier branch", || {
        (hash_at(&observer.rpc, at)? == hash_at(&others, at)?).then_some(())
    });
    let again = eventually("the receipt in another block", || {
        observer.rpc.receipt(&sent).filter(|receipt| receipt["blockHash"] != written["blockHash"])
    });
    let ours = |rpc: &Rpc| rpc.receipt(&sent).map(|receipt| receipt["blockHash"].clone());
    eventually("the same receipt everywhere", || {
        network.nodes.iter().all(|node| ours(&node.rpc) == ours(&observer.rpc)).then_some(())
    });
    assert_eq!(again["status"], "0x1");

    // And on to a committee.
    let id = network.propose(
        "node-1",
        &["members", "A committee", "--amend", &format!("set consensus.write = {ROTATION}")],
    );
    for member in ["node-1", "node-2", "node-3"] {
        eventually(&format!("{member}'s ballot"), || {
            network.try_act(member, &["ballot", &id.to_string(), "yes"]).ok()
        });
    }
    eventually("the observer to be told of a committee", || {
        engine(&observer.rpc).filter(|engine| engine == "bft")
    });
    let decided = observer.rpc.above(network.rpc().height().expect("answers") + 2);
    network.agree(decided);
    let mut last_worked = 0;
    for height in 0..=decided {
        assert_eq!(observer.rpc.block(height), network.rpc().block(height), "block {height}");
        let block = observer.rpc.call("eth_getBlockByNumber", json!([format!("{height:#x}"), false]));
        if quantity(&block["difficulty"]) != Some(0) {
            last_worked = height;
        }
    }
    assert!(last_worked > at && last_worked < decided);
    for (height, is_certified) in [(last_worked - 1, false), (last_worked, true), (decided, true)] {
        let certificate = observer.rpc.call("polity_getCertificate", json!([format!("{height:#x}")]));
        assert_eq!(!certificate.is_null(), is_certified, "block {height}");
    }
}
