//! What the server refuses to do, and that it stays up.

use std::time::Duration;

use alloy_primitives::{Address, TxKind, U256};
use serde_json::{Value, json};
use tokio::{io::AsyncReadExt, net::TcpStream};

use crate::{
    chain::{CONTRACT, Chain, address, alice, hex, transaction},
    wire::{self, WebSocket},
};

const CHAIN_ID: &str = r#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}"#;

#[tokio::test(flavor = "multi_thread")]
async fn large_bodies_are_refused_and_answered() {
    let chain = Chain::start().await;
    let body =
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"web3_sha3","params":["0x{}"]}}"#, "00".repeat(5 << 20));
    let response = wire::post(chain.rpc, &body).await;
    assert_eq!((response.status, &response.json()["error"]["code"]), (413, &json!(-32007)));
    let most =
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"web3_sha3","params":["0x{}"]}}"#, "00".repeat(2 << 20));
    assert!(wire::post(chain.rpc, &most).await.json()["result"].is_string());
    assert_eq!(wire::post(chain.rpc, CHAIN_ID).await.json()["result"], "0x539");
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_and_answers_are_bounded() {
    let chain = Chain::with(|config| {
        config.max_batch = 3;
        config.max_response = 2_000;
    })
    .await;
    let batch = |n: usize| format!("[{}]", vec![CHAIN_ID; n].join(","));
    assert_eq!(wire::post(chain.rpc, &batch(3)).await.json().as_array().map(Vec::len), Some(3));
    assert_eq!(wire::post(chain.rpc, &batch(4)).await.json()["error"]["code"], -32010);
    let error = chain.fail("polity_getCharter", json!([])).await;
    assert_eq!(error["code"], -32008, "{error}");
    let block = r#"{"jsonrpc":"2.0","id":1,"method":"eth_getBlockByNumber","params":["latest",false]}"#;
    assert_eq!(
        wire::post(chain.rpc, &format!("[{block},{block},{block}]")).await.json()["error"]["code"],
        -32011
    );
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_and_filters_are_bounded() {
    let chain = Chain::with(|config| {
        config.max_log_blocks = 3;
        config.max_logs = 1;
        config.max_filters = 2;
    })
    .await;
    let contract = address(&alice()).create(0);
    chain
        .call("eth_sendRawTransaction", json!([hex(&transaction(&alice(), 0, TxKind::Create, 0, &CONTRACT))]))
        .await;
    chain.block();
    for nonce in 1..3 {
        let word = U256::from(nonce).to_be_bytes::<32>();
        chain
            .call(
                "eth_sendRawTransaction",
                json!([hex(&transaction(&alice(), nonce, TxKind::Call(contract), 0, &word))]),
            )
            .await;
        chain.block();
    }
    let error = chain.fail("eth_getLogs", json!([{ "fromBlock": "0x0", "toBlock": "0x3" }])).await;
    assert_eq!(
        (&error["code"], &error["message"]),
        (&json!(-32005), &json!("exceed maximum block range: 3"))
    );
    let error = chain.fail("eth_getLogs", json!([{ "fromBlock": "0x1", "toBlock": "0x3" }])).await;
    let expected = "query returned more than 1 results. Try with this block range [0x1, 0x2].";
    assert_eq!((&error["code"], &error["message"]), (&json!(-32005), &json!(expected)));
    let many: Vec<Address> = (0..1025u64).map(|n| Address::from_word(U256::from(n).into())).collect();
    assert_eq!(chain.fail("eth_getLogs", json!([{ "address": many }])).await["code"], -32602);
    chain.call("eth_newBlockFilter", json!([])).await;
    chain.call("eth_newBlockFilter", json!([])).await;
    assert_eq!(chain.fail("eth_newBlockFilter", json!([])).await["code"], -32005);
    let slots: Vec<String> = (0..1025).map(|n| format!("{n:#x}")).collect();
    assert_eq!(chain.fail("eth_getProof", json!([contract, slots, "latest"])).await["code"], -32602);
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_and_origins_are_checked() {
    let chain = Chain::with(|config| config.allowed_hosts = vec!["node.example".into()]).await;
    for (host, status) in
        [("localhost:1", 200), ("127.0.0.1", 200), ("node.example", 200), ("evil.example", 403), ("", 403)]
    {
        let headers = [("host", host), ("content-type", "application/json")];
        let response = wire::request(chain.rpc, "POST / HTTP/1.1", &headers, CHAIN_ID).await;
        assert_eq!(response.status, status, "{host}: {}", response.body);
    }
    for (origin, allowed) in [("http://localhost:5173", true), ("https://evil.example", false)] {
        let headers = [
            ("host", "localhost"),
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "content-type"),
        ];
        let preflight = wire::request(chain.rpc, "OPTIONS / HTTP/1.1", &headers, "").await;
        assert_eq!(
            preflight.head.contains(&format!("access-control-allow-origin: {origin}")),
            allowed,
            "{}",
            preflight.head
        );
        assert_eq!(WebSocket::open_from(chain.rpc, Some(origin)).await.is_ok(), allowed, "{origin}");
    }
    assert!(WebSocket::open_from(chain.rpc, None).await.is_ok());
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_too_many_is_told_so() {
    let chain = Chain::with(|config| config.max_connections = 1).await;
    let mut first = WebSocket::open(chain.rpc).await;
    let mut second = TcpStream::connect(chain.rpc).await.expect("the kernel takes it");
    let mut answer = String::new();
    second.read_to_string(&mut answer).await.expect("closed");
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    first.send(&serde_json::from_str::<Value>(CHAIN_ID).expect("json")).await;
    assert_eq!(first.receive().await["result"], "0x539");
    drop(first);
    // The place is free as soon as the server has seen the end of the first.
    let freed = async {
        while wire::post(chain.rpc, CHAIN_ID).await.status != 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), freed).await.expect("a place became free");
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn gas_of_a_call_is_capped() {
    let chain = Chain::with(|config| config.call_gas_cap = 100_000).await;
    // JUMPDEST PUSH0 JUMP: runs until the gas is gone.
    let forever = json!({ "0x00000000000000000000000000000000000000aa": { "code": "0x5b5f56" } });
    let request = json!({ "to": "0x00000000000000000000000000000000000000aa", "gas": "0xffffffffff" });
    let error = chain.fail("eth_call", json!([request, "latest", forever])).await;
    assert_eq!(
        (&error["code"], &error["message"]),
        (&json!(-32000), &json!("out of gas: gas required exceeds: 100000"))
    );
    chain.stop().await;
}

/// Half a request on every connection, and on more than there are: the next honest client is answered.
#[tokio::test(flavor = "multi_thread")]
async fn half_open_connections_keep_nobody_out() {
    let chain = Chain::with(|config| config.max_connections = 16).await;
    let mut half_open = Vec::new();
    for n in 0..64 {
        let mut stream = TcpStream::connect(chain.rpc).await.expect("connects");
        let part = if n % 2 == 0 { &b"POST / HTTP/1.1\r\nhost: loc"[..] } else { b"" };
        let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, part).await;
        half_open.push(stream);
    }
    // Whoever has said nothing whole for a second gives up the place.
    let answered = async {
        while wire::post(chain.rpc, CHAIN_ID).await.status != 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(8), answered).await.expect("an honest client is answered");
    // A WebSocket keeps its place, however quiet it is.
    let mut quiet = WebSocket::open(chain.rpc).await;
    for _ in 0..32 {
        half_open.push(TcpStream::connect(chain.rpc).await.expect("connects"));
    }
    quiet.send(&serde_json::from_str::<Value>(CHAIN_ID).expect("json")).await;
    assert_eq!(quiet.receive().await["result"], "0x539");
    chain.stop().await;
}

fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
    line.trim().trim_end_matches(" kB").parse::<usize>().expect("a number") << 10
}

/// A client that asks for much over WebSocket and does not read: the node does not keep it all for it, and gives it everything
/// once it reads.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_websocket_leaves_unread_is_bounded() {
    const ASKED: usize = 120;
    let chain = Chain::start().await;
    // Returns a megabyte of zeros: two megabytes as text.
    let code = json!({ "0x00000000000000000000000000000000000000aa": { "code": "0x621000005ff3" } });
    let call = json!([{ "to": "0x00000000000000000000000000000000000000aa" }, "latest", code]);
    let before = resident_bytes();
    let mut socket = WebSocket::open(chain.rpc).await;
    for id in 0..ASKED {
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": "eth_call", "params": call });
        socket.send(&request).await;
    }
    // While others are answered as often as it asked, a server that kept all for it would have it all in memory.
    let other = json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": call }).to_string();
    let mut most = 0;
    for _ in 0..ASKED {
        assert_eq!(wire::post(chain.rpc, &other).await.status, 200);
        most = most.max(resident_bytes());
    }
    let kept = most.saturating_sub(before) >> 20;
    assert!(kept < 100, "{kept} MB are kept for a client that does not read");
    let mut answered = [false; ASKED];
    for _ in 0..ASKED {
        let answer = socket.receive().await;
        assert_eq!(answer["result"].as_str().map(str::len), Some(2 + (2 << 20)), "{}", answer["error"]);
        answered[answer["id"].as_u64().and_then(|id| usize::try_from(id).ok()).expect("an id")] = true;
    }
    assert!(answered.iter().all(|answered| *answered));
    chain.stop().await;
}
