//! A worked chain whose best branch changes: what those hear who watch, and what becomes of a transaction that was written.

use alloy_primitives::{TxKind, keccak256};
use polity_consensus::work::Inserted;
use polity_mempool::Condition;
use serde_json::{Value, json};

use crate::{
    chain::{CONTRACT, Chain, address, alice, bob, hear, hex, mine, transaction},
    subscriptions::{notified, subscribe},
    wire::WebSocket,
};

fn topic(byte: u8) -> Value {
    json!(hex(&[byte; 32]))
}

/// What a client is told of a log.
fn told(log: &Value) -> (Value, Value, bool) {
    (log["topics"][0].clone(), log["blockNumber"].clone(), log["removed"].as_bool().expect("said"))
}

impl Chain {
    async fn hash_of(&self, tag: &str) -> Value {
        self.call("eth_getBlockByNumber", json!([tag, false])).await["hash"].clone()
    }

    async fn changes(&self, filter: &Value) -> Vec<Value> {
        self.call("eth_getFilterChanges", json!([filter])).await.as_array().expect("a list").clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_undone_is_taken_back_and_written_again() {
    let (chain, other) = Chain::worked().await;
    let contract = address(&alice()).create(0);
    let create = transaction(&alice(), 0, TxKind::Create, 0, &CONTRACT);
    chain.call("eth_sendRawTransaction", json!([hex(&create)])).await;
    assert_eq!(hear(&other.ledger, &mine(&chain.ledger, 0)), Inserted::Extended);

    let (mut heads, mut logs) = (WebSocket::open(chain.rpc).await, WebSocket::open(chain.rpc).await);
    let heads_id = subscribe(&mut heads, json!(["newHeads"])).await;
    let logs_id = subscribe(&mut logs, json!(["logs", { "address": contract }])).await;
    let block_filter = chain.call("eth_newBlockFilter", json!([])).await;
    let log_filter = chain.call("eth_newFilter", json!([{ "address": contract }])).await;

    // Written in block 2, with one more on top.
    let raw = transaction(&alice(), 1, TxKind::Call(contract), 0, &[1; 32]);
    let sent = json!([keccak256(&raw)]);
    chain.call("eth_sendRawTransaction", json!([hex(&raw)])).await;
    (0..2).for_each(|_| _ = mine(&chain.ledger, 0));
    let mut first = Vec::new();
    for number in ["0x2", "0x3"] {
        let head = notified(&mut heads, &heads_id).await;
        assert_eq!(head["number"], number);
        first.push(head["hash"].clone());
    }
    let written = notified(&mut logs, &logs_id).await;
    assert_eq!(told(&written), (topic(1), json!("0x2"), false));
    assert_eq!(chain.changes(&block_filter).await, first);
    assert_eq!(chain.changes(&log_filter).await, std::slice::from_ref(&written));
    let receipt = chain.call("eth_getTransactionReceipt", sent.clone()).await;
    assert_eq!(receipt["blockHash"], first[0]);
    for tag in ["safe", "finalized"] {
        assert_eq!(chain.hash_of(tag).await, chain.hash_of("0x1").await, "{tag} is two below the head");
    }

    // Another node, which never heard of the transaction, works three blocks meanwhile.
    let theirs = transaction(&bob(), 0, TxKind::Call(contract), 0, &[3; 32]);
    other.ledger.submit(&theirs, Condition::default()).expect("taken");
    let branch: Vec<_> = (0..3).map(|_| mine(&other.ledger, 1)).collect();
    let heard: Vec<_> = branch.iter().map(|block| hear(&chain.ledger, block)).collect();
    assert_eq!(heard, [Inserted::Side, Inserted::Side, Inserted::Reorganised { undone: 2, applied: 3 }]);

    let mut second = Vec::new();
    for number in ["0x2", "0x3", "0x4"] {
        let head = notified(&mut heads, &heads_id).await;
        assert_eq!(head["number"], number);
        second.push(head["hash"].clone());
    }
    assert!(second[1] != first[1] && second[0] != first[0]);
    let back = notified(&mut logs, &logs_id).await;
    assert_eq!(back, removed(&written), "the very log, taken back");
    let new = notified(&mut logs, &logs_id).await;
    assert_eq!(told(&new), (topic(3), json!("0x2"), false));
    assert_eq!(chain.changes(&block_filter).await, second);
    assert_eq!(chain.changes(&log_filter).await, [back, new.clone()]);
    assert_eq!(chain.hash_of("latest").await, second[2]);
    for tag in ["safe", "finalized"] {
        assert_eq!(chain.hash_of(tag).await, second[0]);
    }

    // What was undone waits again, and is in no block.
    assert_eq!(chain.call("eth_getTransactionReceipt", sent.clone()).await, Value::Null);
    let pending = chain.call("eth_getTransactionByHash", sent.clone()).await;
    assert_eq!((&pending["hash"], &pending["blockHash"]), (&sent[0], &Value::Null));
    assert_eq!(chain.call("txpool_status", json!([])).await["pending"], "0x1");
    assert_eq!(chain.call("eth_getBlockByHash", json!([first[0], false])).await, Value::Null);
    let all = chain.call("eth_getLogs", json!([{ "address": contract, "fromBlock": "0x0" }])).await;
    assert_eq!(all, json!([new]));

    // And is written again.
    mine(&chain.ledger, 0);
    let receipt = chain.call("eth_getTransactionReceipt", sent.clone()).await;
    assert_eq!((&receipt["blockNumber"], &receipt["status"]), (&json!("0x5"), &json!("0x1")));
    assert_eq!(notified(&mut heads, &heads_id).await["number"], "0x5");
    let again = notified(&mut logs, &logs_id).await;
    assert_eq!(told(&again), (topic(1), json!("0x5"), false));
    assert_eq!(chain.changes(&log_filter).await, [again]);
    assert_eq!(chain.call("txpool_status", json!([])).await["pending"], "0x0");
    chain.stop().await;
}

/// The same log with the mark of one that is undone.
fn removed(log: &Value) -> Value {
    let mut log = log.clone();
    log["removed"] = json!(true);
    log
}
