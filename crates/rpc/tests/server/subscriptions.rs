//! `eth_subscribe` over WebSocket.

use alloy_primitives::{TxKind, keccak256};
use serde_json::{Value, json};

use crate::{
    chain::{CONTRACT, Chain, address, alice, hex, transaction, transfer},
    wire::WebSocket,
};

fn request(id: u64, method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

pub(crate) async fn subscribe(socket: &mut WebSocket, params: Value) -> String {
    socket.send(&request(1, "eth_subscribe", params)).await;
    let answer = socket.receive().await;
    answer["result"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// The next notification, which must be of subscription `id`.
pub(crate) async fn notified(socket: &mut WebSocket, id: &str) -> Value {
    let message = socket.receive().await;
    assert_eq!(
        (&message["method"], &message["params"]["subscription"]),
        (&json!("eth_subscription"), &json!(id))
    );
    message["params"]["result"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_come_in_order_and_none_is_missed() {
    let chain = Chain::start().await;
    let mut socket = WebSocket::open(chain.rpc).await;
    let id = subscribe(&mut socket, json!(["newHeads"])).await;
    assert!(id.starts_with("0x") && id.len() == 34, "{id}");
    let made: Vec<_> = (0..20).map(|_| chain.block()).collect();
    for block in made {
        let head = notified(&mut socket, &id).await;
        assert_eq!(
            (&head["hash"], &head["number"]),
            (&json!(block.hash), &json!(format!("{:#x}", block.height().0)))
        );
        assert!(head.get("transactions").is_none());
    }
    socket.send(&request(2, "eth_unsubscribe", json!([id]))).await;
    assert_eq!(socket.receive().await["result"], true);
    chain.block();
    socket.send(&request(3, "eth_blockNumber", json!([]))).await;
    assert_eq!(socket.receive().await["result"], "0x15", "no head after unsubscribing");
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_that_match() {
    let chain = Chain::start().await;
    let contract = address(&alice()).create(0);
    chain
        .call("eth_sendRawTransaction", json!([hex(&transaction(&alice(), 0, TxKind::Create, 0, &CONTRACT))]))
        .await;
    chain.block();
    let mut socket = WebSocket::open(chain.rpc).await;
    let wanted = json!(["logs", { "address": contract, "topics": [format!("0x{}", "02".repeat(32))] }]);
    let id = subscribe(&mut socket, wanted).await;
    for (nonce, byte) in [(1, 1u8), (2, 2)] {
        let raw = transaction(&alice(), nonce, TxKind::Call(contract), 0, &[byte; 32]);
        chain.call("eth_sendRawTransaction", json!([hex(&raw)])).await;
    }
    chain.block();
    let log = notified(&mut socket, &id).await;
    assert_eq!(
        (&log["topics"][0], &log["logIndex"]),
        (&json!(format!("0x{}", "02".repeat(32))), &json!("0x1"))
    );
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pending_transactions_as_hashes_and_whole() {
    let chain = Chain::start().await;
    let (mut hashes, mut whole) = (WebSocket::open(chain.rpc).await, WebSocket::open(chain.rpc).await);
    let hash_id = subscribe(&mut hashes, json!(["newPendingTransactions"])).await;
    let whole_id = subscribe(&mut whole, json!(["newPendingTransactions", true])).await;
    let raw = transfer(&alice(), 0);
    chain.call("eth_sendRawTransaction", json!([hex(&raw)])).await;
    assert_eq!(notified(&mut hashes, &hash_id).await, json!(keccak256(&raw)));
    assert_eq!(notified(&mut whole, &whole_id).await["nonce"], "0x0");
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_watched_is_refused() {
    let chain = Chain::start().await;
    let mut socket = WebSocket::open(chain.rpc).await;
    for (params, code) in [
        (json!(["newWorlds"]), -32602),
        (json!([]), -32602),
        (json!(["logs", { "blockHash": format!("0x{}", "00".repeat(32)) }]), -32602),
    ] {
        socket.send(&request(1, "eth_subscribe", params.clone())).await;
        assert_eq!(socket.receive().await["error"]["code"], code, "{params}");
    }
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_subscription_too_many_is_refused() {
    let chain = Chain::with(|config| config.max_subscriptions = 1).await;
    let mut socket = WebSocket::open(chain.rpc).await;
    let id = subscribe(&mut socket, json!(["syncing"])).await;
    assert_eq!(notified(&mut socket, &id).await, json!(false));
    socket.send(&request(1, "eth_subscribe", json!(["newHeads"]))).await;
    assert_eq!(socket.receive().await["error"]["code"], -32006);
    chain.stop().await;
}
