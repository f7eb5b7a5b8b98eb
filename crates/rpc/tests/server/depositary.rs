//! Instruments and what they bring into force, mandates, and simulated proposals, over RPC.

use alloy_primitives::B256;
use alloy_sol_types::SolCall;
use polity_institutions::{
    assembly::{IAssembly, InstrumentKind},
    names,
};
use polity_primitives::ASSEMBLY;
use secp256k1::SecretKey;
use serde_json::{Value, json};

use crate::chain::{Chain, hex, key, with_gas};

/// A treaty that one deposit brings into force.
const PACT: &str = r#"
[treaties.pact]
name       = "The pact"
rule       = "first"
depositors = ["enterprise"]
withdrawal = { notice = "1y" }
[rules.first]
[[rules.first.limb]]
name      = "parties"
numerator = "instruments"
threshold = ">= 1"
"#;

fn word(name: &str) -> B256 {
    names::word(name).expect("a name")
}

/// Sends a call of the assembly, has it written, and returns the receipt.
async fn act(chain: &Chain, key: &SecretKey, nonce: u64, call: &impl SolCall) -> Value {
    let raw = with_gas(key, nonce, ASSEMBLY, &call.abi_encode(), 5_000_000);
    let hash = chain.call("eth_sendRawTransaction", json!([hex(&raw)])).await;
    chain.block();
    chain.call("eth_getTransactionReceipt", json!([hash])).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_force_for_whom() {
    let chain = Chain::of(PACT, |_| {}).await;
    chain.block();
    let nobody = chain.call("polity_inForce", json!(["pact"])).await;
    assert_eq!(nobody["treaties"][0]["inForce"], false, "{nobody}");
    let member = key(0x21);
    let statements = vec![IAssembly::Statement {
        kind: InstrumentKind::Reservation,
        text: "Except on Sundays.".into(),
        documentHash: B256::repeat_byte(7),
    }];
    let kind = InstrumentKind::Accession;
    let deposit = IAssembly::depositInstrumentCall { treaty: word("pact"), kind, statements };
    let receipt = act(&chain, &member, 0, &deposit).await;
    assert_eq!(receipt["status"], "0x1", "{receipt}");
    chain.block();

    let now = chain.call("polity_inForce", json!([])).await;
    let (today, pact) = (now["today"].clone(), &now["treaties"][0]);
    assert_eq!(
        (&pact["inForce"], &pact["since"], &pact["binds"]),
        (&json!(true), &today, &json!("depositors"))
    );
    let party = &pact["parties"][0];
    assert_eq!(
        (&party["member"], &party["since"], &party["certain"]),
        (&json!("node-1"), &today, &json!(true))
    );
    assert_eq!(party["deposit"]["kind"], "accession");
    assert_eq!(party["statements"][0]["text"], "Except on Sundays.");
    assert_eq!(party["statements"][0]["documentHash"], json!(B256::repeat_byte(7)));

    // Before anything happened; far in the future, where it may have left; before the genesis block.
    let before = chain.call("polity_inForce", json!(["pact", "2020-01-01"])).await;
    assert_eq!(before["treaties"][0]["parties"], json!([]));
    let future = chain.call("polity_inForce", json!(["pact", "2999-01-01", "node-1"])).await;
    assert_eq!(future["treaties"][0]["parties"][0]["certain"], false);
    let early = chain.call("polity_inForce", json!({ "date": today, "block": 1 })).await;
    assert_eq!(early["treaties"][0]["parties"], json!([]), "as it was known then");

    let receipt = act(&chain, &member, 1, &IAssembly::withdrawCall { treaty: word("pact") }).await;
    assert_eq!(receipt["status"], "0x1", "{receipt}");
    let now = chain.call("polity_inForce", json!([])).await;
    assert!(now["treaties"][0]["parties"][0]["until"].is_string(), "a Party until the notice works: {now}");
    let future = chain.call("polity_inForce", json!(["pact", "2999-01-01"])).await;
    assert_eq!(future["treaties"][0]["parties"], json!([]), "that it leaves is certain");

    let register = chain.call("polity_instruments", json!([])).await;
    let kinds: Vec<_> =
        register["instruments"].as_array().expect("list").iter().map(|i| i["kind"].clone()).collect();
    assert_eq!(
        (register["total"].clone(), kinds),
        (json!(3), vec![json!("accession"), json!("reservation"), json!("withdrawal")])
    );
    assert_eq!(register["instruments"][2]["about"], 1);
    let page = chain.call("polity_instruments", json!([2, 1])).await;
    assert_eq!(
        (&page["instruments"][0]["id"], page["instruments"].as_array().map(Vec::len)),
        (&json!(2), Some(1))
    );
    for (params, why) in [
        (json!(["nothing"]), "there is no treaty `nothing`"),
        (json!([null, "tomorrow"]), "`tomorrow` is no date such as 2016-11-04"),
        (json!([null, null, "nobody"]), "there is no member `nobody`"),
    ] {
        let error = chain.fail("polity_inForce", params).await;
        assert!(error["message"].as_str().is_some_and(|m| m.contains(why)), "{error}");
    }
    chain.stop().await;
}
