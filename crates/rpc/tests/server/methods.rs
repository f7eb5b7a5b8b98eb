//! Every method of the Ethereum namespaces, once at least, on a chain with something on it.

use alloy_primitives::{Address, TxKind, U256, keccak256};
use serde_json::{Value, json};

use crate::{
    chain::{CHAIN_ID, CONTRACT, Chain, address, alice, bob, hex, legacy, transaction, transfer},
    wire,
};

const WORD: &str = "0x000000000000000000000000000000000000000000000000000000000000002a";

/// A chain with a transfer (block 1), a contract (block 2) and a call of it (block 3).
async fn chain() -> (Chain, Address) {
    let chain = Chain::start().await;
    chain.call("eth_sendRawTransaction", json!([hex(&transfer(&alice(), 0))])).await;
    chain.block();
    chain
        .call("eth_sendRawTransaction", json!([hex(&transaction(&alice(), 1, TxKind::Create, 0, &CONTRACT))]))
        .await;
    chain.block();
    let contract = address(&alice()).create(1);
    let word = U256::from(42).to_be_bytes::<32>();
    chain
        .call(
            "eth_sendRawTransaction",
            json!([hex(&transaction(&alice(), 2, TxKind::Call(contract), 0, &word))]),
        )
        .await;
    chain.block();
    (chain, contract)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_true_of_the_node() {
    let chain = Chain::start().await;
    for (method, params, expected) in [
        ("web3_clientVersion", json!([]), json!("polity/test")),
        ("web3_sha3", json!(["0x68656c6c6f"]), json!(keccak256("hello"))),
        ("net_version", json!([]), json!(CHAIN_ID.to_string())),
        ("net_listening", json!([]), json!(true)),
        ("net_peerCount", json!([]), json!("0x3")),
        ("eth_chainId", json!([]), json!("0x539")),
        ("eth_blockNumber", json!([]), json!("0x0")),
        ("eth_syncing", json!([]), json!(false)),
        ("eth_accounts", json!([]), json!([])),
        ("eth_mining", json!([]), json!(false)),
        ("eth_hashrate", json!([]), json!("0x0")),
        ("eth_coinbase", json!([]), json!(Address::ZERO)),
        ("eth_protocolVersion", json!([]), json!("0x44")),
        ("eth_blobBaseFee", json!([]), json!("0x1")),
        ("txpool_status", json!([]), json!({ "pending": "0x0", "queued": "0x0" })),
    ] {
        assert_eq!(chain.call(method, params).await, expected, "{method}");
    }
    let modules = chain.call("rpc_modules", json!([])).await;
    for name in ["eth", "net", "web3", "txpool", "debug", "polity"] {
        assert_eq!(modules[name], "1.0", "{name}");
    }
    let progress = polity_rpc::Syncing { starting_block: 1, current_block: 2, highest_block: 9 };
    *chain.node.syncing.lock().expect("lock") = Some(progress);
    let expected = json!({ "startingBlock": "0x1", "currentBlock": "0x2", "highestBlock": "0x9" });
    assert_eq!(chain.call("eth_syncing", json!([])).await, expected);
    let health = wire::request(chain.rpc, "GET /health HTTP/1.1", &[("host", "localhost")], "").await;
    assert_eq!((health.status, health.json()["ok"].clone()), (503, json!(false)));
    *chain.node.syncing.lock().expect("lock") = None;
    let health = wire::request(chain.rpc, "GET /health HTTP/1.1", &[("host", "localhost")], "").await;
    assert_eq!((health.status, health.json()["ok"].clone()), (200, json!(true)));
    chain.stop().await;
}

/// A transaction is never in the block that is there: an estimate is of the block to come, a call of the latest, unless asked.
#[tokio::test(flavor = "multi_thread")]
async fn an_estimate_is_of_the_next_block() {
    let (chain, _) = chain().await;
    // Reverts in any block but number 4: NUMBER PUSH1 4 EQ PUSH1 10 JUMPI PUSH0 PUSH0 REVERT JUMPDEST STOP.
    let request = json!({ "from": address(&alice()), "data": "0x43600414600a575f5ffd5b00" });
    for (method, block, runs) in [
        ("eth_estimateGas", None, true),
        ("eth_estimateGas", Some("pending"), true),
        ("eth_estimateGas", Some("latest"), false),
        ("eth_call", None, false),
        ("eth_call", Some("pending"), true),
    ] {
        let params = match block {
            None => json!([request]),
            Some(block) => json!([request, block]),
        };
        if runs {
            chain.call(method, params).await;
        } else {
            let error = chain.fail(method, params).await;
            assert!(
                error["message"].as_str().is_some_and(|text| text.contains("reverted")),
                "{method}: {error}"
            );
        }
    }
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_by_every_name() {
    let (chain, _) = chain().await;
    let latest = chain.call("eth_getBlockByNumber", json!(["latest", false])).await;
    assert_eq!(latest["number"], "0x3");
    for tag in ["safe", "finalized", "0x3"] {
        assert_eq!(chain.call("eth_getBlockByNumber", json!([tag, false])).await, latest, "{tag}");
    }
    let hash = latest["hash"].clone();
    assert_eq!(chain.call("eth_getBlockByHash", json!([hash, false])).await, latest);
    let earliest = chain.call("eth_getBlockByNumber", json!(["earliest", true])).await;
    assert_eq!((&earliest["number"], &earliest["transactions"]), (&json!("0x0"), &json!([])));
    let pending = chain.call("eth_getBlockByNumber", json!(["pending", true])).await;
    assert_eq!((&pending["number"], &pending["parentHash"]), (&json!("0x4"), &hash));
    for (method, params) in [
        ("eth_getBlockByNumber", json!(["0x99", false])),
        ("eth_getBlockByHash", json!([WORD, false])),
        ("eth_getBlockReceipts", json!(["0x99"])),
        ("eth_getBlockTransactionCountByNumber", json!(["0x99"])),
        ("eth_getUncleByBlockHashAndIndex", json!([hash, "0x0"])),
        ("eth_getUncleByBlockNumberAndIndex", json!(["latest", "0x0"])),
        ("eth_getTransactionByBlockNumberAndIndex", json!(["latest", "0x7"])),
        ("eth_getTransactionByHash", json!([WORD])),
        ("eth_getTransactionReceipt", json!([WORD])),
        ("eth_getRawTransactionByHash", json!([WORD])),
    ] {
        assert_eq!(chain.call(method, params.clone()).await, Value::Null, "{method} {params}");
    }
    for (method, params, expected) in [
        ("eth_getBlockTransactionCountByHash", json!([hash]), json!("0x1")),
        ("eth_getBlockTransactionCountByNumber", json!(["latest"]), json!("0x1")),
        ("eth_getUncleCountByBlockHash", json!([hash]), json!("0x0")),
        ("eth_getUncleCountByBlockNumber", json!(["latest"]), json!("0x0")),
    ] {
        assert_eq!(chain.call(method, params).await, expected, "{method}");
    }
    let header = chain.call("eth_getHeaderByHash", json!([hash])).await;
    assert_eq!((&header["hash"], header.get("transactions")), (&hash, None));
    assert_eq!(chain.call("eth_getHeaderByNumber", json!(["latest"])).await, header);
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_and_receipts() {
    let (chain, contract) = chain().await;
    let block = chain.call("eth_getBlockByNumber", json!(["0x2", true])).await;
    let tx = &block["transactions"][0];
    let hash = &tx["hash"];
    assert_eq!(tx["from"], json!(address(&alice())));
    let raw = hex(&transaction(&alice(), 1, TxKind::Create, 0, &CONTRACT));
    let block_hash = &block["hash"];
    for (method, params, expected) in [
        ("eth_getTransactionByHash", json!([hash]), tx.clone()),
        ("eth_getTransactionByBlockHashAndIndex", json!([block_hash, "0x0"]), tx.clone()),
        ("eth_getTransactionByBlockNumberAndIndex", json!(["0x2", "0x0"]), tx.clone()),
        ("eth_getRawTransactionByHash", json!([hash]), json!(raw)),
        ("eth_getRawTransactionByBlockHashAndIndex", json!([block_hash, "0x0"]), json!(raw)),
        ("eth_getRawTransactionByBlockNumberAndIndex", json!(["0x2", "0x0"]), json!(raw)),
        ("debug_getRawTransaction", json!([hash]), json!(raw)),
    ] {
        assert_eq!(chain.call(method, params).await, expected, "{method}");
    }
    let receipt = chain.call("eth_getTransactionReceipt", json!([hash])).await;
    assert_eq!((&receipt["status"], &receipt["contractAddress"]), (&json!("0x1"), &json!(contract)));
    assert_eq!(chain.call("eth_getBlockReceipts", json!(["0x2"])).await, json!([receipt]));
    assert_eq!(
        chain.call("eth_getBlockReceipts", json!([{ "blockHash": block_hash }])).await,
        json!([receipt])
    );
    let raw_header = chain.call("debug_getRawHeader", json!(["0x2"])).await;
    let bytes: alloy_primitives::Bytes = serde_json::from_value(raw_header).expect("bytes");
    assert_eq!(json!(keccak256(bytes)), *block_hash);
    assert!(chain.call("debug_getRawBlock", json!([block_hash])).await.as_str().expect("hex").len() > 500);
    assert_eq!(chain.call("debug_getRawReceipts", json!(["0x2"])).await.as_array().map(Vec::len), Some(1));
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn state_now_and_then() {
    let (chain, contract) = chain().await;
    let second = chain.call("eth_getBlockByNumber", json!(["0x2", false])).await["hash"].clone();
    let (one, ten_thousand) =
        (json!(address(&bob())), U256::from(10_000) * U256::from(10).pow(U256::from(18)));
    assert_eq!(chain.call("eth_getBalance", json!([one, "earliest"])).await, json!(ten_thousand));
    assert_eq!(
        chain.call("eth_getBalance", json!([one, "latest"])).await,
        json!(ten_thousand + U256::from(1_000))
    );
    assert_eq!(chain.call("eth_getBalance", json!([one])).await, json!(ten_thousand + U256::from(1_000)));
    let sender = json!(address(&alice()));
    for (block, nonce) in [
        (json!("0x0"), "0x0"),
        (json!("0x1"), "0x1"),
        (json!({ "blockHash": second }), "0x2"),
        (json!("latest"), "0x3"),
    ] {
        assert_eq!(chain.call("eth_getTransactionCount", json!([sender, block])).await, nonce, "{block}");
    }
    chain.call("eth_sendRawTransaction", json!([hex(&transfer(&alice(), 3))])).await;
    assert_eq!(chain.call("eth_getTransactionCount", json!([sender, "pending"])).await, "0x4");
    assert_eq!(chain.call("eth_getTransactionCount", json!([sender, "latest"])).await, "0x3");
    assert_eq!(chain.call("eth_getCode", json!([contract])).await, json!(hex(&CONTRACT[11..])));
    assert_eq!(chain.call("eth_getCode", json!([contract, "0x1"])).await, "0x");
    for slot in ["0x0", "0x0000000000000000000000000000000000000000000000000000000000000000"] {
        assert_eq!(chain.call("eth_getStorageAt", json!([contract, slot, "latest"])).await, WORD);
    }
    assert_eq!(
        chain.call("eth_getStorageAt", json!([contract, "0x0", "0x2"])).await,
        json!(format!("0x{}", "00".repeat(32)))
    );
    let proof = chain.call("eth_getProof", json!([contract, ["0x0", "0x1"], "latest"])).await;
    assert_eq!(proof["storageProof"][0]["value"], "0x2a");
    assert_eq!(proof["storageProof"][1]["value"], "0x0");
    let root = chain.call("eth_getBlockByNumber", json!(["latest", false])).await["stateRoot"].clone();
    let first: alloy_primitives::Bytes =
        serde_json::from_value(proof["accountProof"][0].clone()).expect("bytes");
    assert_eq!(json!(keccak256(first)), root);
    let old = chain.call("eth_getProof", json!([contract, ["0x0"], "0x2"])).await;
    assert_eq!(old["storageProof"][0]["value"], "0x0");
    assert_eq!(chain.fail("eth_getBalance", json!([one, "0x99"])).await["message"], "header not found");
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_estimates_and_lists() {
    let (chain, contract) = chain().await;
    assert_eq!(chain.call("eth_call", json!([{ "to": contract }, "latest"])).await, WORD);
    assert_eq!(chain.call("eth_call", json!([{ "to": contract }])).await, WORD);
    let zero = format!("0x{}", "00".repeat(32));
    assert_eq!(chain.call("eth_call", json!([{ "to": contract }, "0x2"])).await, json!(zero));
    let other = format!("0x{}07", "00".repeat(31));
    let overrides = json!({ contract.to_string(): { "stateDiff": { zero.clone(): other } } });
    assert_eq!(chain.call("eth_call", json!([{ "to": contract }, "latest", overrides])).await, json!(other));
    // NUMBER; MSTORE 0; RETURN 32
    let number = json!({ "0x00000000000000000000000000000000000000aa": { "code": "0x4360005260206000f3" } });
    let asked = json!([{ "to": "0x00000000000000000000000000000000000000aa" }, "latest", number, { "number": "0x2a" }]);
    assert_eq!(chain.call("eth_call", asked).await, WORD);

    let reverts = json!([{ "to": contract, "data": zero }]);
    let error = chain.fail("eth_call", reverts.clone()).await;
    assert_eq!(
        (&error["code"], &error["message"], &error["data"]),
        (&json!(3), &json!("execution reverted"), &json!("0x"))
    );
    assert_eq!(chain.fail("eth_estimateGas", reverts).await["code"], 3);
    let gas = json!([{ "from": address(&alice()), "to": address(&bob()), "value": "0x1" }]);
    assert_eq!(chain.call("eth_estimateGas", gas).await, "0x5208");
    let poor = json!([{ "from": Address::repeat_byte(0xee), "to": address(&bob()), "value": "0x1" }]);
    let message = chain.fail("eth_estimateGas", poor).await["message"].to_string();
    assert!(message.contains("insufficient funds"), "{message}");
    let list = chain.call("eth_createAccessList", json!([{ "to": contract, "data": WORD }])).await;
    assert_eq!(
        list["accessList"][0]["address"],
        json!(contract).to_string().to_lowercase().trim_matches('"')
    );
    assert!(list.get("error").is_none_or(Value::is_null), "{list}");
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fees() {
    let (chain, _) = chain().await;
    let history = chain.call("eth_feeHistory", json!(["0x2", "latest", [25.0, 75.0]])).await;
    assert_eq!(history["oldestBlock"], "0x2");
    assert_eq!(history["baseFeePerGas"].as_array().map(Vec::len), Some(3));
    assert_eq!(history["gasUsedRatio"].as_array().map(Vec::len), Some(2));
    assert_eq!(history["reward"], json!([["0xf4240", "0xf4240"], ["0xf4240", "0xf4240"]]));
    assert_eq!(chain.call("eth_feeHistory", json!([1000, "latest"])).await["oldestBlock"], "0x0");
    assert_eq!(chain.call("eth_maxPriorityFeePerGas", json!([])).await, "0xf4240");
    let number = |value: Value| {
        value.as_str().and_then(|hex| u64::from_str_radix(&hex[2..], 16).ok()).expect("quantity")
    };
    let price = number(chain.call("eth_gasPrice", json!([])).await);
    let base = number(history["baseFeePerGas"][2].clone());
    assert_eq!(price, (base * 5).div_ceil(4) + 1_000_000, "a margin above the next base fee, and the tip");
    assert_eq!(chain.fail("eth_feeHistory", json!(["0x1", "latest", [50.0, 10.0]])).await["code"], -32602);
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_and_filters() {
    let (chain, contract) = chain().await;
    let logs = chain
        .call("eth_getLogs", json!([{ "fromBlock": "earliest", "toBlock": "latest" , "address": contract }]))
        .await;
    assert_eq!(logs.as_array().map(Vec::len), Some(1));
    assert_eq!((&logs[0]["topics"], &logs[0]["blockNumber"]), (&json!([WORD]), &json!("0x3")));
    let at = logs[0]["blockHash"].clone();
    for (filter, found) in [
        (json!({ "blockHash": at }), 1),
        (json!({ "fromBlock": "0x0", "topics": [WORD] }), 1),
        (json!({ "fromBlock": "0x0", "topics": [[WORD, null]] }), 1),
        (json!({ "fromBlock": "0x0", "topics": [format!("0x{}", "11".repeat(32))] }), 0),
        (json!({ "fromBlock": "0x0", "toBlock": "0x2" }), 0),
        (json!({}), 1),
    ] {
        let got = chain.call("eth_getLogs", json!([filter])).await;
        assert_eq!(got.as_array().map(Vec::len), Some(found), "{filter}");
    }
    assert_eq!(
        chain.fail("eth_getLogs", json!([{ "fromBlock": "0x3", "toBlock": "0x1" }])).await["code"],
        -32602
    );
    assert_eq!(chain.fail("eth_getLogs", json!([{ "blockHash": WORD }])).await["message"], "unknown block");

    let of_logs = chain.call("eth_newFilter", json!([{ "address": contract }])).await;
    let of_blocks = chain.call("eth_newBlockFilter", json!([])).await;
    let of_pending = chain.call("eth_newPendingTransactionFilter", json!([])).await;
    for id in [&of_logs, &of_blocks, &of_pending] {
        assert_eq!(chain.call("eth_getFilterChanges", json!([id])).await, json!([]));
    }
    let raw = transaction(&alice(), 3, TxKind::Call(contract), 0, &[1; 32]);
    let hash = chain.call("eth_sendRawTransaction", json!([hex(&raw)])).await;
    assert_eq!(chain.call("eth_getFilterChanges", json!([of_pending])).await, json!([hash]));
    let block = chain.block();
    assert_eq!(chain.call("eth_getFilterChanges", json!([of_blocks])).await, json!([block.hash]));
    let fresh = chain.call("eth_getFilterChanges", json!([of_logs])).await;
    assert_eq!((fresh.as_array().map(Vec::len), &fresh[0]["transactionHash"]), (Some(1), &hash));
    for id in [&of_logs, &of_blocks, &of_pending] {
        assert_eq!(chain.call("eth_getFilterChanges", json!([id])).await, json!([]), "read once");
    }
    assert_eq!(chain.call("eth_getFilterLogs", json!([of_logs])).await.as_array().map(Vec::len), Some(1));
    assert_eq!(chain.call("eth_uninstallFilter", json!([of_logs])).await, true);
    assert_eq!(chain.call("eth_uninstallFilter", json!([of_logs])).await, false);
    assert_eq!(chain.fail("eth_getFilterChanges", json!([of_logs])).await["message"], "filter not found");
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sending_in_every_way() {
    let chain = Chain::start().await;
    let raw = transfer(&alice(), 0);
    let hash = chain.call("eth_sendRawTransaction", json!([hex(&raw)])).await;
    assert_eq!(hash, json!(keccak256(&raw)));
    assert_eq!(chain.node.sent.lock().expect("lock").len(), 1, "told the peers");
    let waiting = chain.call("eth_getTransactionByHash", json!([hash])).await;
    assert_eq!((&waiting["hash"], &waiting["blockNumber"]), (&hash, &Value::Null));
    chain.call("eth_sendRawTransaction", json!([hex(&transfer(&bob(), 5))])).await;
    assert_eq!(chain.call("txpool_status", json!([])).await, json!({ "pending": "0x1", "queued": "0x1" }));
    let content = chain.call("txpool_content", json!([])).await;
    let sender = address(&alice()).to_string().to_lowercase();
    assert_eq!(content["pending"][&sender]["0"]["hash"], hash, "{content}");
    let from = chain.call("txpool_contentFrom", json!([address(&bob())])).await;
    assert_eq!(from["queued"]["5"]["nonce"], "0x5");
    assert!(
        chain.call("txpool_inspect", json!([])).await["pending"][&sender]["0"]
            .as_str()
            .expect("text")
            .contains("1000 wei")
    );

    let later = json!({ "blockNumberMin": "0x2" });
    let held =
        chain.call("eth_sendRawTransactionConditional", json!([hex(&transfer(&alice(), 1)), later])).await;
    assert_eq!(chain.block().block.transactions.len(), 1);
    assert_eq!(chain.call("eth_getTransactionReceipt", json!([held])).await, Value::Null);
    assert_eq!(chain.block().block.transactions.len(), 1);
    assert_eq!(chain.call("eth_getTransactionReceipt", json!([held])).await["blockNumber"], "0x2");
    let missed = json!({ "blockNumberMax": "0x1" });
    let error =
        chain.fail("eth_sendRawTransactionConditional", json!([hex(&transfer(&alice(), 2)), missed])).await;
    assert_eq!(error["code"], -32000);

    let sync = async {
        chain.call("eth_sendRawTransactionSync", json!([hex(&transfer(&alice(), 2)), 20_000])).await
    };
    let write = async {
        while chain.ledger.mempool().status().pending == 0 {
            tokio::task::yield_now().await;
        }
        chain.block();
    };
    let (receipt, ()) = tokio::join!(sync, write);
    assert_eq!((&receipt["blockNumber"], &receipt["status"]), (&json!("0x3"), &json!("0x1")));
    let error = chain.fail("eth_sendRawTransactionSync", json!([hex(&transfer(&alice(), 3)), "0x1"])).await;
    assert_eq!(error["code"], 4);
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn traces() {
    let (chain, contract) = chain().await;
    let hash = chain.call("eth_getBlockByNumber", json!(["0x3", false])).await["transactions"][0].clone();
    let steps = chain.call("debug_traceTransaction", json!([hash])).await;
    let ops: Vec<_> =
        steps["structLogs"].as_array().expect("steps").iter().map(|step| step["op"].clone()).collect();
    assert_eq!(steps["failed"], false);
    assert!(ops.contains(&json!("SSTORE")) && ops.contains(&json!("LOG1")), "{ops:?}");
    let calls = chain
        .call(
            "debug_traceTransaction",
            json!([hash, { "tracer": "callTracer", "tracerConfig": { "withLog": true } }]),
        )
        .await;
    assert_eq!((&calls["type"], &calls["to"]), (&json!("CALL"), &json!(contract.to_string().to_lowercase())));
    assert_eq!(calls["logs"].as_array().map(Vec::len), Some(1));
    let before = chain.call("debug_traceTransaction", json!([hash, { "tracer": "prestateTracer" }])).await;
    assert!(before[contract.to_string().to_lowercase()]["code"].is_string(), "{before}");
    let tracer = json!({ "tracer": "callTracer" });
    let one = chain.call("debug_traceCall", json!([{ "to": contract }, "latest", tracer])).await;
    assert_eq!(one["output"], WORD);
    for (method, block) in [
        ("debug_traceBlockByNumber", json!("0x3")),
        (
            "debug_traceBlockByHash",
            chain.call("eth_getBlockByNumber", json!(["0x3", false])).await["hash"].clone(),
        ),
    ] {
        let all = chain.call(method, json!([block, tracer])).await;
        assert_eq!((&all[0]["txHash"], &all[0]["result"]["type"]), (&hash, &json!("CALL")), "{method}");
    }
    let limited = chain.call("debug_traceTransaction", json!([hash, { "limit": 2 }])).await;
    assert!(limited["structLogs"].as_array().expect("steps").len() <= 2);
    chain.fail("debug_traceTransaction", json!([WORD])).await;
    chain.fail("debug_traceTransaction", json!([hash, { "tracer": "noSuchTracer" }])).await;
    chain.fail("debug_traceBlockByNumber", json!(["0x0"])).await;
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_answered_in_order_whatever_runs_first() {
    let chain = Chain::start().await;
    let mut batch: Vec<Value> = (0..40u64)
        .map(|nonce| json!({ "jsonrpc": "2.0", "id": nonce, "method": "eth_sendRawTransaction", "params": [hex(&transfer(&alice(), nonce))] }))
        .collect();
    batch.insert(3, json!({ "jsonrpc": "2.0", "id": "x", "method": "eth_chainId" }));
    batch.insert(9, json!({ "jsonrpc": "2.0", "method": "eth_chainId" }));
    batch.insert(11, json!({ "jsonrpc": "2.0", "id": "bad", "method": "eth_getBalance", "params": [] }));
    let answers = wire::post(chain.rpc, &Value::Array(batch).to_string()).await.json();
    let answers = answers.as_array().expect("a list");
    assert_eq!(answers.len(), 42, "the notification has no answer");
    assert_eq!(answers[3], json!({ "jsonrpc": "2.0", "id": "x", "result": "0x539" }));
    assert_eq!(answers[10]["error"]["code"], -32602);
    let hashes =
        answers.iter().filter(|answer| answer["result"].as_str().is_some_and(|r| r.len() == 66)).count();
    assert_eq!(hashes, 40);
    assert_eq!(answers[4]["id"], 3);
    assert_eq!(chain.block().block.transactions.len(), 40);
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_legacy_transaction_is_taken_too() {
    let chain = Chain::start().await;
    let hash = chain.call("eth_sendRawTransaction", json!([hex(&legacy(&alice(), 0, 2_000_000_000))])).await;
    chain.block();
    let tx = chain.call("eth_getTransactionByHash", json!([hash])).await;
    assert_eq!(
        (&tx["type"], &tx["gasPrice"], &tx["chainId"]),
        (&json!("0x0"), &json!("0x77359400"), &json!("0x539"))
    );
    let replay_protected = [CHAIN_ID * 2 + 35, CHAIN_ID * 2 + 36].map(|v| json!(format!("{v:#x}")));
    assert!(replay_protected.contains(&tx["v"]), "{}", tx["v"]);
    chain.stop().await;
}
