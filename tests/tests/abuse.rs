//! Bad input gets a clear error and changes nothing.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    time::Duration,
};

use polity_tests::{Network, Rpc, eventually, run};
use serde_json::{Value, json};

fn error_of(args: &[&str]) -> (Option<i32>, String) {
    let output = run(args);
    let text =
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    (output.status.code(), text)
}

#[test]
fn a_malformed_charter_is_refused_with_every_mistake_and_no_network_is_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("bad.toml");
    let dev =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../charters/dev.toml")).expect("dev");
    let bad =
        dev.replace("threshold   = \">= 2/3\"", "threshold   = \">= 4/3\"").replace("kinds  =", "kinsd  =");
    fs::write(&file, &bad).expect("written");
    let path = file.display().to_string();
    let (code, text) = error_of(&["charter", "check", &path]);
    assert_eq!(code, Some(2), "{text}");
    let line = 1 + bad.lines().position(|line| line.starts_with("kinsd")).expect("there");
    assert!(text.contains(&format!("{path}:{line}:")), "{text}");
    assert!(text.contains("did you mean") && text.contains("kinds"), "{text}");
    assert!(text.contains("threshold"), "{text}");
    let dir = folder.path().join("network");
    let (code, text) = error_of(&["up", &path, "--dir", &dir.display().to_string()]);
    assert_eq!(code, Some(2), "{text}");
    assert!(!dir.exists(), "nothing was made");
}

/// A request as it goes over the wire; status line and body of what comes back.
fn raw_http(url: &str, head: &str, body: &[u8]) -> (String, String) {
    let host = url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).expect("connects");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("set");
    stream.write_all(head.as_bytes()).expect("writes");
    // The server may close before it has read everything.
    let _ = stream.write_all(body);
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    let status = answer.lines().next().unwrap_or_default().to_owned();
    (status, answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}

fn refused(rpc: &Rpc, method: &str, params: Value) -> (i64, String) {
    let error = rpc.try_call(method, params.clone()).expect("answers").expect_err("refused");
    (error["code"].as_i64().expect("a code"), error["message"].as_str().expect("words").to_owned())
}

#[test]
fn bad_requests_and_garbage_peers_get_an_error_and_the_chain_goes_on() {
    let network = Network::start(&[]);
    let rpc = network.rpc();
    assert_eq!(refused(rpc, "eth_blokNumber", json!([])).0, -32601);
    assert_eq!(refused(rpc, "eth_getBalance", json!(["0x12"])).0, -32602);
    let (_, text) = refused(rpc, "eth_sendRawTransaction", json!(["0x03c0"]));
    assert!(text.contains("blob"), "{text}");
    let (_, text) = refused(rpc, "eth_sendRawTransaction", json!(["0x70c0"]));
    assert!(text.contains("chain itself"), "{text}");
    let host = rpc.url.trim_start_matches("http://").to_owned();
    let megabytes = vec![b' '; 10 * 1024 * 1024];
    let head = format!(
        "POST / HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        megabytes.len()
    );
    let (status, body) = raw_http(&rpc.url, &head, &megabytes);
    assert!(status.contains("413"), "{status} {body}");
    let head = "POST / HTTP/1.1\r\nHost: evil.example\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n";
    let (status, _) = raw_http(&rpc.url, head, b"{}");
    assert!(status.contains("403"), "another site's name: {status}");
    let batch: Vec<Value> = (0..2000)
        .map(|id| json!({ "jsonrpc": "2.0", "id": id, "method": "eth_chainId", "params": [] }))
        .collect();
    let answer = rpc.post(&Value::Array(batch)).expect("answers");
    assert!(answer["error"]["code"].is_i64(), "a batch that is too long: {answer}");

    // Garbage on the ports for peers, and connections that say nothing.
    let settings = fs::read_to_string(network.nodes[0].home.join("node.toml")).expect("settings");
    let port = |name: &str| -> u16 {
        let line = settings.lines().find(|line| line.starts_with(name)).expect("a port");
        line.rsplit(' ').next().expect("a number").parse().expect("a number")
    };
    let mut silent = Vec::new();
    for name in ["consensus", "gossip"] {
        for i in 0..20u32 {
            let mut stream = TcpStream::connect(("127.0.0.1", port(name))).expect("connects");
            let noise: Vec<u8> =
                (0..4096u32).map(|n| (n.wrapping_mul(2_654_435_761).wrapping_add(i) >> 24) as u8).collect();
            let _ = stream.write_all(&noise);
            silent.push(stream);
        }
    }
    let before = rpc.height().expect("answers");
    rpc.above(before + 3);
    for node in network.running() {
        assert!(node.rpc.height().is_some(), "{} is up", node.member);
    }
}

#[test]
fn a_node_with_another_members_keys_does_not_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("network");
    let dir_text = dir.display().to_string();
    let (code, text) = error_of(&["init", "dev", "--dir", &dir_text]);
    assert_eq!(code, Some(0), "{text}");
    fs::copy(dir.join("node-2/keys.toml"), dir.join("node-1/keys.toml")).expect("copied");
    let (code, text) = error_of(&["node", "--home", &dir.join("node-1").display().to_string()]);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("other keys than the registry names for node-1"), "{text}");
    let (code, text) = error_of(&["node", "--home", &folder.path().display().to_string()]);
    assert_eq!(code, Some(2));
    assert!(text.contains("is no node's home"), "{text}");
}

#[test]
fn a_damaged_database_stops_the_node_with_a_named_error() {
    let mut network = Network::start(&[]);
    network.rpc().above(3);
    network.nodes[3].kill();
    let db = network.nodes[3].home.join("db");
    let damaged = damage(&db);
    assert!(damaged > 0, "there was something to damage in {}", db.display());
    match network.nodes[3].try_restart() {
        Err(error) => assert!(error.contains("damaged") || error.contains("lost"), "{error}"),
        Ok(ready) => panic!("a node on a damaged database started: {ready}"),
    }
    let before = network.rpc().height().expect("answers");
    network.rpc().above(before + 2);
    // As the message advises: remove it, and catch up from the peers.
    fs::remove_dir_all(&db).expect("removed");
    network.nodes[3].restart();
    let node = network.nodes[3].rpc.clone();
    eventually("it to catch up", || node.height().filter(|height| *height > before));
}

/// Cuts every file of some size in half.
fn damage(folder: &Path) -> usize {
    let mut cut = 0;
    for entry in fs::read_dir(folder).expect("readable").map(|entry| entry.expect("an entry")) {
        let path = entry.path();
        if path.is_dir() {
            cut += damage(&path);
        } else if entry.metadata().expect("metadata").len() > 64 {
            let bytes = fs::read(&path).expect("readable");
            fs::write(&path, &bytes[..bytes.len() / 2]).expect("writable");
            cut += 1;
        }
    }
    cut
}
