//! The error table: what clients match on.

use alloy_primitives::{Address, TxKind};
use serde_json::{Value, json};

use crate::{
    chain::{Chain, address, alice, bob, hex, key, legacy, transaction, transfer},
    wire,
};

#[tokio::test(flavor = "multi_thread")]
async fn malformed_requests() {
    let chain = Chain::start().await;
    for (body, code) in [
        ("", -32700),
        ("nonsense", -32700),
        ("{\"jsonrpc\":", -32700),
        ("{}", -32600),
        ("[]", -32600),
        ("{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"eth_chainId\"}", -32600),
        ("5", -32600),
    ] {
        let response = wire::post(chain.rpc, body).await;
        assert_eq!(response.json()["error"]["code"], code, "{body}: {} {}", response.status, response.body);
    }
    let mixed =
        wire::post(chain.rpc, "[1, {\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"eth_chainId\"}]").await.json();
    assert_eq!((&mixed[0]["error"]["code"], &mixed[1]["result"]), (&json!(-32600), &json!("0x539")));
    for (line, headers, status) in [
        ("GET / HTTP/1.1", vec![("host", "localhost")], 405),
        ("POST / HTTP/1.1", vec![("host", "localhost"), ("content-type", "text/plain")], 415),
    ] {
        assert_eq!(wire::request(chain.rpc, line, &headers, "{}").await.status, status, "{line}");
    }
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_methods_and_wrong_parameters() {
    let chain = Chain::start().await;
    let error = chain.fail("eth_getBlockByNumbr", json!([])).await;
    assert_eq!(
        (&error["code"], &error["data"]),
        (&json!(-32601), &json!("did you mean eth_getBlockByNumber?"))
    );
    for (method, params, expected) in [
        ("eth_getBalance", json!([]), "missing value for required argument 0 (address)"),
        ("eth_getBalance", json!(["0x12"]), "invalid argument 0 (address): "),
        ("eth_getBalance", json!([Address::ZERO, "newest"]), "invalid argument 1 (block): "),
        (
            "eth_getBalance",
            json!([Address::ZERO, "latest", 1]),
            "too many arguments, want at most 2: address, block",
        ),
        ("eth_getBalance", json!({ "addres": Address::ZERO }), "unknown argument `addres`: address, block"),
        ("eth_getStorageAt", json!([Address::ZERO, "zero"]), "invalid argument 1 (slot): "),
        ("eth_call", json!(["0x"]), "invalid argument 0 (transaction): "),
        ("eth_sendRawTransaction", json!(["xyz"]), "invalid argument 0 (transaction): "),
        ("polity_whyReport", json!([[]]), "invalid argument 0 (subject): expected the number of a proposal"),
        ("polity_showCharter", json!(["xx"]), "invalid argument 0 (language): `xx` is not one of en, zh"),
    ] {
        let error = chain.fail(method, params.clone()).await;
        assert_eq!(error["code"], -32602, "{method} {params}: {error}");
        let message = error["message"].as_str().expect("text");
        assert!(message.starts_with(expected), "{method} {params}: {message}");
    }
    assert_eq!(chain.call("eth_getBalance", json!({ "address": Address::ZERO })).await, "0x0");
    for method in ["eth_subscribe", "eth_unsubscribe"] {
        let error = chain.fail(method, json!(["newHeads"])).await;
        assert!(
            error["message"].as_str().expect("text").starts_with("notifications not supported"),
            "{error}"
        );
    }
    for method in ["eth_sendTransaction", "eth_sign", "eth_signTransaction"] {
        assert!(
            chain.fail(method, json!([])).await["message"]
                .as_str()
                .expect("text")
                .starts_with("unknown account")
        );
    }
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_transactions() {
    let chain = Chain::start().await;
    let raw = transfer(&alice(), 0);
    chain.call("eth_sendRawTransaction", json!([hex(&raw)])).await;
    let poor = transaction(&key(0x77), 0, TxKind::Call(address(&bob())), 5, &[]);
    for (raw, expected) in [
        (hex(&raw), "already known"),
        (
            hex(&transaction(&alice(), 0, TxKind::Call(address(&bob())), 7, &[])),
            "replacement transaction underpriced",
        ),
        (hex(&poor), "insufficient funds for gas * price + value"),
        (hex(&legacy(&bob(), 1_000_000, 2_000_000_000)), "nonce too high"),
        ("0x03c0".to_owned(), "blob transactions (EIP-4844, type 3) are not supported"),
        ("0x70c0".to_owned(), "type 0x70 transactions are made by the chain itself"),
        ("0x".to_owned(), "the bytes are not a transaction"),
        ("0x02ffff".to_owned(), "the bytes are not a transaction"),
    ] {
        let error = chain.fail("eth_sendRawTransaction", json!([raw])).await;
        assert_eq!(error["code"], -32000, "{error}");
        assert!(error["message"].as_str().expect("text").starts_with(expected), "{expected}: {error}");
    }
    chain.block();
    let error = chain.fail("eth_sendRawTransaction", json!([hex(&legacy(&alice(), 0, 3_000_000_000))])).await;
    assert!(error["message"].as_str().expect("text").starts_with("nonce too low"), "{error}");
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_one_requests_error() {
    let chain = Chain::start().await;
    *chain.node.panics.lock().expect("lock") = true;
    let error = chain.fail("net_peerCount", json!([])).await;
    assert_eq!((&error["code"], &error["message"]), (&json!(-32603), &json!("internal error")));
    let both = r#"[{"jsonrpc":"2.0","id":1,"method":"polity_status"},{"jsonrpc":"2.0","id":2,"method":"eth_chainId"}]"#;
    let both: Value = wire::post(chain.rpc, both).await.json();
    assert_eq!((&both[0]["error"]["code"], &both[1]["result"]), (&json!(-32603), &json!("0x539")));
    chain.stop().await;
}
