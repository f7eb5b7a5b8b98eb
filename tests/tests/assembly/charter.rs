//! Amendments: foretold, carried out, kept by every node; and what fails safely.

use std::fs;

use alloy_primitives::Address;
use polity_tests::{Network, Rpc, UNIT, Wallet, eventually};
use serde_json::{Value, json};

use super::river;

/// Everything decided so far, as one node tells it: versions of the charter, results and reasons of proposals.
fn decided(rpc: &Rpc, proposals: u64) -> Value {
    let versions = rpc.call("polity_getCharterVersions", json!([0]));
    let results: Vec<Value> = (1..=proposals)
        .map(|id| {
            let proposal = rpc.call("polity_proposal", json!([id]));
            let why = rpc.call("polity_whyReport", json!([id]));
            assert_eq!(why["hash"], proposal["reportHash"], "the reason is the one that was recorded");
            json!({ "status": proposal["status"], "report": proposal["reportHash"], "failure": proposal["failure"] })
        })
        .collect();
    let text = rpc.call("polity_getCharter", json!([]));
    json!({ "versions": versions, "results": results, "charter": text["hash"], "text": text["text"] })
}

/// What the dry run of an amendment with a payment says would change, and what then did.
fn foretold(network: &Network) -> u64 {
    let proposal: &[&str] = &[
        "constitutional",
        "Three fourths, and a gauge",
        "--amend",
        "set rules.majority.limb[0].threshold = \">= 3/4\"",
        "--call",
        "treasury.pay common WES 2.5RIV",
    ];
    let said = network.ask(&[&["propose"], proposal, &["--dry-run"]].concat());
    assert_eq!(said["ok"], true, "{said:#}");
    let texts: Vec<&str> = said["changes"]
        .as_array()
        .expect("changes")
        .iter()
        .filter_map(|change| change["text"].as_str())
        .collect();
    let says = |part: &str| texts.iter().any(|text| text.contains(part));
    assert!(says("charter rules.majority") && says("3/4"), "{texts:#?}");
    assert!(says("treasury account common: balance 997.5 RIV (was 1000 RIV)"), "{texts:#?}");
    let balance = said["balances"]
        .as_array()
        .expect("balances")
        .iter()
        .find(|one| one["name"] == "member WES")
        .cloned();
    let balance = balance.expect("Westland is paid")["afterWei"].clone();
    assert_eq!(network.treasury("common"), 1000 * UNIT, "nothing has happened");

    // Who may not propose is told so, and what it would do all the same; as data and in words.
    let barred = [&["propose"], proposal, &["--dry-run"]].concat();
    let refused = network.try_act("patron", &barred).expect_err("no member");
    assert!(refused["refusal"].as_str().is_some_and(|raw| raw.starts_with("NotAMember")), "{refused:#}");
    assert_eq!((&refused["ok"], &refused["changes"]), (&said["ok"], &said["changes"]));
    let told = network.told(&[&barred[..], &["--as", "patron"]].concat());
    assert!(told.contains("enacted now it would change:") && told.contains("2.5 RIV"), "{told}");
    assert!(told.contains("acts for no member"), "{told}");

    let id = network.propose("NOR", proposal);
    network.ballots(id, &[("NOR", "yes"), ("EAS", "yes"), ("SOU", "yes")]);
    network.until_status(id, "executed");
    assert_eq!(json!(network.balance("WES").to_string()), balance);
    assert_eq!(network.treasury("common"), 997 * UNIT + UNIT / 2);
    let version = network.ask(&["charter", "versions"])[1].clone();
    assert_eq!(version["proposal"], id);
    id
}

/// Two for it and one against: more than half, less than three fourths.
fn two_to_one(network: &Network, title: &str) -> u64 {
    let id = network.propose("NOR", &["ordinary", title]);
    network.ballots(id, &[("NOR", "yes"), ("EAS", "yes"), ("SOU", "no")]);
    network.ballots(id, &[("WES", "abstain")]);
    id
}

/// `why` of a vote like [`two_to_one`]'s on the network, and `decide` on the same members, ballots and rule in files, answer the same
/// to the letter; where the proposal has a day of effect, that is the chamber's and no rule's.
fn decided_alike_offline(network: &Network, id: u64, threshold: &str) {
    let (_, rule) = include_str!("river.toml").split_once("[rules.majority]").expect("the rule");
    let (rule, _) = rule.split_once("[rules.two-thirds]").expect("the next rule");
    let rule = rule.replace("rules.majority.", "").replace("> 1/2", threshold);
    let members = ["NOR", "EAS", "SOU", "WES"].map(|id| json!({ "id": id, "kind": "state" }));
    let ballots = json!({
        "members": members,
        "ballots": { "NOR": "yes", "EAS": "yes", "SOU": "no", "WES": "abstain" },
    });
    let file = |name: &str, text: String| {
        let path = network.dir.join(name);
        fs::write(&path, text).expect("written");
        path.to_str().expect("a path").to_owned()
    };
    let rule = file("majority.toml", format!("id = \"majority\"\n{rule}"));
    let ballots = file("ballots.json", ballots.to_string());
    // The node that is asked may be a block behind the one that said how the proposal ended.
    let mut why = eventually("the vote to be concluded", || {
        let why = network.ask(&["why", &id.to_string()]);
        (why["vote"] == "concluded").then(|| why["report"].clone())
    });
    let day = why["decided_on"].as_str().expect("a day").to_owned();
    let output = polity_tests::run(&["--json", "decide", &rule, &ballots, "--as-of", &day]);
    let offline: Value = serde_json::from_slice(&output.stdout).expect("a report");
    if why["outcome"] == "adopted" {
        assert!(why["effective_on"].take().is_string());
    }
    assert_eq!(why, offline);
}

/// A call to an account that gets code while the vote is open: it is not what the members voted on.
fn code_changed(network: &Network) -> u64 {
    let mut patron = Wallet::new(network.account("patron"), network.chain_id, 0);
    let target: Address = patron.address().create(0);
    let id = network.propose("EAS", &["ordinary", "To call the gauge", "--call", &format!("{target} 0x")]);
    // Returns the one byte of code `00`.
    let code = alloy_primitives::hex!("60016000f3").into();
    let hash = network.rpc().call("eth_sendRawTransaction", json!([patron.sign_creation(code)]));
    let receipt = eventually("the contract", || network.rpc().receipt(&hash));
    assert_eq!(
        receipt["contractAddress"].as_str().map(str::to_lowercase),
        Some(target.to_string().to_lowercase())
    );
    network.ballots(id, &[("NOR", "yes"), ("EAS", "yes"), ("SOU", "yes"), ("WES", "yes")]);
    let failed = network.until_status(id, "failed");
    let why = failed["failure"]["text"].as_str().expect("a reason");
    assert!(why.contains("TargetChanged"), "{why}");
    assert!(network.told(&["why", &id.to_string()]).contains("is not what it was when the proposal opened"));
    id
}

#[test]
fn what_was_decided_stays_decided_on_every_node() {
    let mut network = river();
    let before = two_to_one(&network, "By the founding rule");
    network.until_status(before, "executed");
    decided_alike_offline(&network, before, "> 1/2");
    foretold(&network);
    let after = two_to_one(&network, "By the amended rule");
    network.until_status(after, "rejected");
    decided_alike_offline(&network, after, ">= 3/4");
    let last = code_changed(&network);

    let told = decided(network.rpc(), last);
    assert_eq!(told["versions"].as_array().map(Vec::len), Some(2));
    let height = network.rpc().height().expect("it answers");
    network.agree(height);
    for node in &mut network.nodes {
        node.kill();
    }
    for part in ["db", "wal"] {
        fs::remove_dir_all(network.nodes[3].home.join(part)).expect("wiped");
    }
    fs::remove_file(network.nodes[3].home.join("signed")).expect("wiped");
    for node in &mut network.nodes {
        node.restart();
    }
    for node in &network.nodes {
        eventually(&format!("{} to have it all", node.member), || {
            node.rpc.height().filter(|reached| *reached > height)
        });
        assert_eq!(decided(&node.rpc, last), told, "{}", node.member);
    }
    let again = two_to_one(&network, "By the amended rule, after the restart");
    network.until_status(again, "rejected");
    let status = network.rpc().call("polity_status", json!([]));
    assert_eq!(status["charter"]["version"], 1);
    assert_eq!(status["charter"]["hash"], told["charter"]);
}
