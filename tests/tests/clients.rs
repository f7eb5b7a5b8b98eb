//! Ethereum's own tools, unmodified: viem, ethers, web3.py, cast, forge, and OpenZeppelin's governor.
//!
//! What each does is in its script in `tests/clients`; here are the networks they run against: the development charter
//! with votes of seconds, once where gas has a price and once where it is free. Tests that run at the same time share one
//! network, so every tool has accounts and a voting member of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{Arc, Mutex, OnceLock, PoisonError, Weak},
};

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_trie::{KECCAK_EMPTY, Nibbles, TrieAccount, proof::verify_proof};
use polity_tests::{Network, quantity, run};
use serde_json::{Value, json};

/// Script, accounts. The member is called like the script.
const TOOLS: [(&str, [&str; 2]); 6] = [
    ("viem", ["alice", "bob"]),
    ("ethers", ["carol", "dave"]),
    ("cast", ["erin", "frank"]),
    ("web3", ["grace", "heidi"]),
    ("openzeppelin", ["ivan", "judy"]),
    ("forge", ["forge", "forge"]),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fees {
    Market,
    Free,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients")
}

/// Installs the tools, once; the Python that has web3.py.
fn python() -> &'static str {
    static PYTHON: OnceLock<String> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let done = Command::new("sh").arg(folder().join("install.sh")).output().expect("sh runs");
        assert!(done.status.success(), "install.sh: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).expect("a path").trim().to_owned()
    })
}

/// The development charter with votes of seconds and a member for every tool.
fn charter(fees: Fees) -> String {
    let dev = Path::new(env!("CARGO_MANIFEST_DIR")).join("../charters/dev.toml");
    let mut text = fs::read_to_string(dev).expect("the development charter");
    let mut change = |from: &str, to: &str| {
        assert_eq!(text.matches(from).count(), 1, "dev.toml has `{from}` once");
        text = text.replace(from, to);
    };
    change("voting = \"1m\"", "voting = \"8s\"");
    change("delay  = \"10s\"", "delay  = \"2s\"");
    change("kinds  = [\"enterprise\"]", "kinds  = [\"enterprise\", \"expert\"]");
    change("[rights]\n", "[rights]\nexpert = [\"read\", \"transact\", \"propose\", \"vote\"]\n");
    if fees == Fees::Free {
        change("policy           = \"market\"\ninitial_base_fee = \"1 gwei\"", "policy = \"free\"");
    }
    let members = TOOLS.map(|(tool, _)| {
        format!("{tool} = {{ name = \"{tool}\", kind = \"expert\", balance = \"1000\" }}\n")
    });
    change("[members]\n", &format!("[members]\n{}", members.concat()));
    text
}

/// The network of `fees` that other tests use right now, or a new one. It ends with the last test that uses it.
fn network(fees: Fees) -> Arc<Network> {
    static SHARED: [Mutex<Weak<Network>>; 2] = [const { Mutex::new(Weak::new()) }; 2];
    let mut shared = SHARED[usize::from(fees == Fees::Free)].lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(network) = shared.upgrade() {
        return network;
    }
    let place = tempfile::tempdir().expect("a folder");
    let file = place.path().join("clients.toml");
    fs::write(&file, charter(fees)).expect("a charter");
    let network = Arc::new(Network::start(&[&file.display().to_string()]));
    network.rpc().above(1);
    *shared = Arc::downgrade(&network);
    network
}

/// Runs the script of `tool` to its end.
fn script(tool: &str, network: &Network, fees: Fees) -> Output {
    let python = python();
    let (_, accounts) = TOOLS.iter().find(|(name, _)| *name == tool).expect("a tool of ours");
    let mut command = match tool {
        "web3" => Command::new(python),
        _ => Command::new("node"),
    };
    let node = &network.nodes[0];
    command
        .arg(folder().join(match tool {
            "web3" => "web3_py.py".to_owned(),
            _ => format!("{tool}.mjs"),
        }))
        .env("POLITY_RPC", &node.rpc.url)
        .env("POLITY_WS", &node.ws)
        .env("POLITY_KEY", &network.account(accounts[0]).key)
        .env("POLITY_OTHER_KEY", &network.account(accounts[1]).key)
        .env("POLITY_MEMBER_KEY", &network.account(tool).key)
        .env("POLITY_FEES", if fees == Fees::Free { "free" } else { "market" });
    command.output().unwrap_or_else(|error| panic!("{tool}: {error}"))
}

fn succeeds(tool: &str, output: &Output) {
    let [out, err] =
        [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    assert!(output.status.success(), "{tool} ({}):\n{out}{err}", output.status);
    assert!(
        out.lines().filter(|line| line.starts_with("  ok ")).count() >= 4,
        "{tool} did too little:\n{out}"
    );
}

fn check(tool: &str) {
    let network = network(Fees::Market);
    succeeds(tool, &script(tool, &network, Fees::Market));
}

#[test]
fn viem() {
    check("viem");
}

#[test]
fn ethers() {
    check("ethers");
}

#[test]
fn cast() {
    check("cast");
}

#[test]
fn forge() {
    check("forge");
}

#[test]
fn web3_py() {
    check("web3");
}

#[test]
fn openzeppelin() {
    check("openzeppelin");
}

/// All of them at once, where gas is free: a chain with many users.
#[test]
fn every_tool_where_gas_is_free() {
    let network = network(Fees::Free);
    let outputs = std::thread::scope(|scope| {
        let network = &*network;
        let threads = TOOLS.map(|(tool, _)| (tool, scope.spawn(move || script(tool, network, Fees::Free))));
        threads.map(|(tool, thread)| (tool, thread.join().expect("a script that runs")))
    });
    for (tool, output) in &outputs {
        succeeds(tool, output);
    }
    let height = network.rpc().height().expect("a height");
    network.agree(height);
}

/// What `cast` of the npm package prints.
fn run_cast(network: &Network, args: &[&str]) -> String {
    python();
    let output = Command::new(folder().join("node_modules/.bin/cast"))
        .args(args)
        .env("ETH_RPC_URL", &network.rpc().url)
        .output()
        .expect("cast runs");
    let text = String::from_utf8(output.stdout).expect("text");
    // npm's wrapper ends with status 0 whatever happened.
    assert!(output.stderr.is_empty(), "cast {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    text.trim().to_owned()
}

fn parse<T: std::str::FromStr<Err: std::fmt::Debug>>(value: &Value) -> T {
    value.as_str().expect("text").parse().unwrap_or_else(|error| panic!("{value}: {error:?}"))
}

fn nodes(value: &Value) -> Vec<Bytes> {
    value.as_array().expect("a list").iter().map(parse).collect()
}

/// Checks an answer of `eth_getProof` against `root` with alloy-trie, which shares no code with the node's own trie.
fn proves(answer: &Value, root: B256) -> Result<(), String> {
    let account = TrieAccount {
        nonce: quantity(&answer["nonce"]).expect("a nonce"),
        balance: parse(&answer["balance"]),
        storage_root: parse(&answer["storageHash"]),
        code_hash: parse(&answer["codeHash"]),
    };
    let key = Nibbles::unpack(keccak256(parse::<Address>(&answer["address"])));
    let is_empty = account.nonce == 0 && account.balance.is_zero() && account.code_hash == KECCAK_EMPTY;
    let expected = (!is_empty).then(|| alloy_rlp::encode(account));
    verify_proof(root, key, expected, &nodes(&answer["accountProof"])).map_err(|error| error.to_string())?;
    for slot in answer["storageProof"].as_array().expect("slots") {
        let key = Nibbles::unpack(keccak256(parse::<U256>(&slot["key"]).to_be_bytes::<32>()));
        let value: U256 = parse(&slot["value"]);
        let expected = (!value.is_zero()).then(|| alloy_rlp::encode(value));
        verify_proof(account.storage_root, key, expected, &nodes(&slot["proof"]))
            .map_err(|error| error.to_string())?;
    }
    Ok(())
}

const AGREEMENT: &str = "0x0000000000000000000000000000000000001000";
const ASSEMBLY: &str = "0x0000000000000000000000000000000000001002";
const NOWHERE: &str = "0x00000000000000000000000000000000000fffff";

/// `cast proof` of accounts, slots and absences against the state root in the block's header, for every kind of account.
#[test]
fn cast_proof_verifies_against_the_state_root() {
    let network = network(Fees::Market);
    let member = network.account("viem");
    let url = &network.rpc().url;
    let proposed = run(&["propose", "members", "For a proof", "--key", &member.key, "--rpc", url, "--json"]);
    let proposed: Value = serde_json::from_slice(&proposed.stdout).unwrap_or_else(|_| panic!("{proposed:?}"));
    let height = proposed["block"].as_u64().expect("a height");
    let tag = height.to_string();
    let root: B256 = run_cast(&network, &["block", &tag, "-f", "stateRoot"]).parse().expect("a root");
    let mut written = 0;
    for (address, slots) in [
        (member.address.as_str(), &[][..]),
        (AGREEMENT, &[]),
        (ASSEMBLY, &["0x0", "0x1", "0x2", "0x3", "0x4", "0x5", "0x6", "0xffff"]),
        (NOWHERE, &["0x0"]),
    ] {
        let mut args = vec!["proof", address];
        args.extend_from_slice(slots);
        args.extend_from_slice(&["--block", &tag]);
        let answer: Value = serde_json::from_str(&run_cast(&network, &args)).expect("JSON");
        assert_eq!(proves(&answer, root), Ok(()), "{address} at {height}");
        let shown = answer["storageProof"].as_array().expect("slots");
        assert_eq!(shown.len(), slots.len());
        written += shown.iter().filter(|slot| slot["value"] != "0x0").count();
        // Another root, and any other value, is refused.
        assert!(proves(&answer, keccak256(root)).is_err());
        let mut richer = answer.clone();
        richer["balance"] = json!("0x123456789");
        assert!(proves(&richer, root).is_err());
        if !slots.is_empty() {
            let mut other = answer;
            other["storageProof"][0]["value"] = json!("0x123456789");
            assert!(proves(&other, root).is_err());
        }
    }
    assert!(written > 0, "the assembly has written something");
}
