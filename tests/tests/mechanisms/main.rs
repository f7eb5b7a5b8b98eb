//! Every mechanism of the paper runs: one charter each in `charters/consensus`, four real nodes, through blocks, rewards or
//! standing, a double signer who is punished, and a member who loses the right to write.
#![allow(clippy::disallowed_methods)] // waits for real networks

mod committee;
mod money;
mod offices;
mod property;
mod villain;

use std::{
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use polity_tests::{Network, UNIT, Wallet, eventually, quantity};
use serde_json::{Value, json};
use villain::Villain;

/// Blocks every mechanism writes after something happened before anything is asked of it.
const BLOCKS: u64 = 6;

fn charter(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../charters/consensus/{name}.toml"))
}

/// Networks start one after the other: each looks for free ports, and two that look at once find the same.
static STARTING: Mutex<()> = Mutex::new(());

fn start(name: &str) -> Network {
    let _alone = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    Network::start(&[charter(name).to_str().expect("text")])
}

/// Starts `name` with these words of the charter replaced.
fn start_with(name: &str, words: &[(&str, &str)]) -> Network {
    let mut text = std::fs::read_to_string(charter(name)).expect("a charter");
    for (old, new) in words {
        assert!(text.contains(old), "{name} has no {old}");
        text = text.replace(old, new);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join(format!("{name}.toml"));
    std::fs::write(&file, text).expect("a file");
    let _alone = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    Network::start(&[file.to_str().expect("text")])
}

/// All nodes have the same final blocks: what is above may still be undone under work.
fn agree(network: &Network) {
    let last = network.rpc().call("eth_getBlockByNumber", json!(["finalized", false]));
    network.agree(quantity(&last["number"]).expect("a height"));
}

/// Consensus addresses of who wrote blocks `from..=to`, in order.
fn writers(network: &Network, from: u64, to: u64) -> Vec<String> {
    let writer = |height: u64| {
        let block = network.rpc().call("eth_getBlockByNumber", json!([format!("{height:#x}"), false]));
        block["miner"].as_str().expect("a writer").to_owned()
    };
    (from..=to).map(writer).collect()
}

/// What `polity standing` says of `member`.
fn standing(network: &Network, member: &str) -> Value {
    let all = network.ask(&["standing"]);
    let found = all.as_array().expect("members").iter().find(|entry| entry["member"] == member);
    found.unwrap_or_else(|| panic!("no {member} in {all:#}")).clone()
}

/// Wei, as `polity stakes` prints them.
fn wei(value: &Value) -> u128 {
    value.as_str().and_then(|digits| digits.parse().ok()).unwrap_or_else(|| panic!("no wei: {value}"))
}

/// What honesty earned by the time some blocks are written: a score, coin, or both, as the charter says.
fn rewarded(network: &Network, name: &str) {
    let text = std::fs::read_to_string(charter(name)).expect("a charter");
    let (by_score, by_coin) = (text.contains("standing = {"), text.contains("reward = "));
    assert!(by_score || by_coin, "{name} rewards nothing");
    if by_score {
        let scores = network.ask(&["standing"]);
        let written: u64 =
            scores.as_array().expect("members").iter().filter_map(|score| score["written"].as_u64()).sum();
        assert!(written >= BLOCKS, "{name}: {scores:#}");
    }
    if by_coin {
        let issued = wei(&network.ask(&["stakes"])["issuedWei"]);
        assert!(
            issued >= u128::from(BLOCKS) * 2 * UNIT && issued.is_multiple_of(2 * UNIT),
            "{name}: {issued} issued"
        );
    }
}

/// Runs `name`; a member signs twice, evidence is brought, and the member writes no more while the chain goes on.
fn punishes_a_double_signer(name: &str) {
    let network = start(name);
    let tip = network.rpc().above(property::LOOKED);
    agree(&network);
    rewarded(&network, name);
    property::check(&network, name, tip);

    // Whoever is appointed to lead, so that it has blocks to lose; the last of the members otherwise.
    let leads = |member: &str| if name == "membership-appointed" { member == "un" } else { member == "wwf" };
    let culprit = network.nodes.iter().find(|node| leads(&node.member)).expect("a node");
    let villain = Villain::of(culprit, network.chain_id);
    let file = network.dir.join("evidence.json");
    std::fs::write(&file, villain.two_votes(tip).to_string()).expect("a file");
    let reporter = network.nodes[0].member.clone();
    let submit = ["evidence", "submit", file.to_str().expect("text")];
    network.act(&reporter, &submit);

    let status = |network: &Network| {
        let members = network.rpc().call("polity_members", json!([]));
        let found = members.as_array()?.iter().find(|member| member["id"] == culprit.member.as_str())?;
        found["status"].as_str().map(str::to_owned)
    };
    let after = eventually(&format!("{name}: {} to be suspended", culprit.member), || {
        (status(&network)? != "active").then(|| network.rpc().height())?
    });
    // What it had bonded is less now, and its score is that of a cheat.
    let offences = network.rpc().call("polity_offences", json!([]));
    let offence = &offences[0];
    assert_eq!(
        (&offence["member"], &offence["offence"]),
        (&json!(culprit.member), &json!("double vote")),
        "{name}"
    );
    let text = std::fs::read_to_string(charter(name)).expect("a charter");
    if text.contains("bond = ") {
        assert!(wei(&offence["forfeitedWei"]) >= UNIT, "{name}: {offence}");
    }
    if text.contains("standing = {") {
        let stands = standing(&network, &culprit.member);
        assert!(stands["score"].as_i64().expect("a score") < 0, "{name}: {stands}");
    }
    // It is in no later committee, so it neither writes nor votes; the others go on.
    let later = network.rpc().above(after + BLOCKS);
    let by_culprit = writers(&network, after + 2, later);
    assert!(!by_culprit.contains(&villain.address()), "{name}: it still writes: {by_culprit:?}");
    let seats = committee::seats(&network);
    assert!(!seats.contains_key(&culprit.member) && seats.len() == 3, "{name}: {seats:?}");
    if name == "membership-appointed" {
        let seen = committee::Seen::of(&network, after + 2, later);
        assert_eq!(seen.had_turns(), ["de"].into(), "the second of the list leads now");
        assert!(seen.follows(), "{:?}", seen.writers);
    }
    if name == "verification-supervisors" {
        let expel = ["propose", "members", "Out", "--call", "registry.expel un", "--dry-run"];
        let told = network.told(&expel);
        let why = "nobody would remain who verifies: none of the 2 supervisors is among the 2 members";
        assert!(told.contains(why), "{told}");
    }
    agree(&network);

    // The same again, and the same in the other order, are refused: nobody is punished twice for one thing.
    for again in [villain.two_votes(tip), villain.two_votes_turned(tip)] {
        std::fs::write(&file, again.to_string()).expect("a file");
        assert_eq!(network.refused(&reporter, &submit), "AlreadyPunished", "{name}");
    }
    // One vote twice is no offence.
    std::fs::write(&file, villain.one_vote_twice(tip).to_string()).expect("a file");
    let refused = network.refused(&reporter, &submit);
    let why = "it proves nothing on chain ";
    assert!(refused.contains(why) && refused.ends_with("saying one thing twice is no offence"), "{refused}");
}

/// One validator runs twice: two nodes with the keys of one member, each of which knows half of the network, and sees other
/// transactions waiting. When it is its turn they propose two blocks. Whoever sees both keeps the proof, and the next writer carries
/// it: the member is out, and nobody submitted anything.
#[test]
fn a_double_signer_is_punished_with_nobody_submitting_anything() {
    let mut network = start("membership-rotation");
    let members: Vec<String> = network.nodes.iter().map(|node| node.member.clone()).collect();
    let [first, second, third, culprit] = [0, 1, 2, 3].map(|i| members[i].as_str());
    network.rpc().above(BLOCKS);
    network.nodes[3].kill();
    let mut twin = network.nodes[3].twin(network.dir.join("twin"), third);
    network.nodes[3].keep_peers(&[first, second]);
    network.nodes[2].kill();
    network.nodes[2].redirect(&twin);
    network.nodes[2].restart();
    twin.restart();
    network.nodes[3].restart();

    // What is sent to the twin stays with it, and is in no block but its own.
    let mut wallets = [first, second].map(|id| Wallet::new(network.account(id), network.chain_id, 0));
    let to = wallets[0].address();
    let offence = eventually("a punished double signer", || {
        for (wallet, rpc) in wallets.iter_mut().zip([network.rpc(), &twin.rpc]) {
            let raw = wallet.sign(to, 0, Default::default(), 21_000);
            let _ = rpc.try_call("eth_sendRawTransaction", json!([raw]));
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
        let offences = network.rpc().try_call("polity_offences", json!([]))?.ok()?;
        offences.as_array()?.first().cloned()
    });
    assert_eq!(offence["member"], json!(culprit), "{offence}");
    assert!(["double vote", "double proposal"].iter().any(|kind| offence["offence"] == *kind), "{offence}");
    let at = offence["punishedAt"].as_u64().expect("a height");
    let block = network.rpc().call("eth_getBlockByNumber", json!([format!("{at:#x}"), true]));
    let all = network.rpc().call("polity_members", json!([]));
    let writer =
        all.as_array().expect("members").iter().find(|member| member["node"]["consensus"] == block["miner"]);
    let writer = writer.map_or(Value::Null, |member| member["id"].clone());
    assert!(writer.is_null() || offence["reporterMember"] == writer, "{offence}, written by {writer}");
    // The chain's own transaction did it: 0x70, to the constitution, after the accounts of the block.
    let convicts = block["transactions"].as_array().expect("transactions").iter().filter(|tx| {
        tx["type"] == "0x70"
            && tx["to"] == "0x0000000000000000000000000000000000001003"
            && tx["transactionIndex"] != "0x0"
    });
    assert!(convicts.count() >= 1, "{block:#}");
    // All nodes that know the chain say the same, whether or not they saw it themselves.
    for node in network.running() {
        let told = eventually(&format!("{} to tell of it", node.member), || {
            let told = node.rpc.try_call("polity_offences", json!([]))?.ok()?;
            told.as_array()?.first().cloned()
        });
        assert_eq!(told, offence, "{}", node.member);
    }
    let listed = network.ask(&["evidence", "list"]);
    assert_eq!(listed["punished"][0], offence);
    let tip = network.rpc().above(at + BLOCKS);
    network.agree(tip);
}

/// Runs these charters side by side: they mostly wait.
fn all(names: &[&str]) {
    std::thread::scope(|scope| {
        for name in names {
            scope.spawn(|| punishes_a_double_signer(name));
        }
    });
}

#[test]
fn membership_in_rotation_by_lot_by_election_and_by_appointment() {
    all(&["membership-rotation", "membership-random", "membership-elected", "membership-appointed"]);
}

#[test]
fn stake_delegation_pledge_and_standing() {
    all(&["stake", "delegation", "pledge", "standing"]);
}

#[test]
fn verification_by_delegates_and_supervisors_and_work() {
    all(&["verification-delegates", "verification-supervisors", "work"]);
}

#[test]
fn there_is_no_charter_of_consensus_that_nobody_runs() {
    let source = include_str!("main.rs");
    let folder = charter("work").with_file_name("");
    for file in std::fs::read_dir(folder).expect("a folder") {
        let path = file.expect("a file").path();
        let name = path.file_stem().and_then(|stem| stem.to_str()).expect("a name");
        assert!(source.contains(&format!("\"{name}\"")), "no test runs charters/consensus/{name}.toml");
    }
}
