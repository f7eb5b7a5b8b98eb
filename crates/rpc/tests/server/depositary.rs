//! Instruments and what they bring into force, mandates, and simulated proposals, over RPC.

use alloy_primitives::{B256, U256, keccak256};
use alloy_sol_types::{SolCall, SolValue};
use polity_institutions::{
    assembly::{Choice, IAssembly, InstrumentKind},
    constitution::IConstitution::{Change, Op, amendCall},
    names,
    treasury::ITreasury,
};
use polity_primitives::{ASSEMBLY, CONSTITUTION, TREASURY};
use secp256k1::SecretKey;
use serde_json::{Value, json};

use crate::chain::{Chain, alice, hex, key, with_gas};

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

/// An account that may open emergency proposals, and one that may record only.
const AUTHORITIES: &str = r#"
[authorities.court]
name    = "The Court"
account = "alice"
issuer  = "The Court"
opens   = ["emergency"]
[authorities.desk]
member = "node-1"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn mandates_and_every_use_of_them() {
    let chain = Chain::of(AUTHORITIES, |_| {}).await;
    chain.block();
    let empty = chain.call("polity_getMandates", json!([])).await;
    assert_eq!((&empty["total"], &empty["mandates"]), (&json!(0), &json!([])));
    let court = &empty["authorities"][0];
    assert_eq!((&court["id"], &court["opens"]), (&json!("court"), &json!(["emergency"])));
    assert_eq!(court["account"], json!(crate::chain::address(&alice())));
    assert_eq!(empty["authorities"][1]["member"], "node-1");

    let record = IAssembly::recordMandateCall {
        title: "Order 7".into(),
        documentHash: B256::repeat_byte(3),
        issuer: "The Court".into(),
        uri: "https://court.example/7".into(),
    };
    assert_eq!(act(&chain, &alice(), 0, &record).await["status"], "0x1");
    let under = IAssembly::proposeUnderCall {
        mandate: U256::from(1),
        track: word("members"),
        title: "Obey".into(),
        calls: vec![],
    };
    assert_eq!(act(&chain, &alice(), 1, &under).await["status"], "0x1");
    assert_eq!(act(&chain, &key(0x21), 0, &under).await["status"], "0x0", "not its mandate");
    let page = chain.call("polity_getMandates", json!([1, 10])).await;
    let mandate = &page["mandates"][0];
    assert_eq!((&mandate["authority"], &mandate["title"]), (&json!("court"), &json!("Order 7")));
    assert_eq!(mandate["documentHash"], json!(B256::repeat_byte(3)));
    assert_eq!(mandate["uses"], json!([{ "proposal": 1, "title": "Obey", "status": "open" }]));
    let proposal = chain.call("polity_proposal", json!([1])).await;
    assert_eq!((&proposal["proposer"], &proposal["mandate"]), (&json!("court"), &json!(1)));
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_proposal_would_do() {
    let chain = Chain::start().await;
    chain.block();
    let open = ITreasury::openCall { name: word("relief") }.abi_encode();
    let calls = json!([{ "target": TREASURY, "data": hex(&open) }]);
    let asked = chain.call("polity_simulateProposal", json!([calls])).await;
    assert_eq!(asked["ok"], true, "{asked}");
    assert_eq!(asked["calls"][0]["text"], "treasury.open(name: relief)");
    assert_eq!(asked["changes"][0]["text"], "treasury account relief: balance 0 UNIT (new)");
    assert!(asked["logs"][0]["text"].as_str().is_some_and(|text| text.starts_with("treasury.")), "{asked}");
    assert!(asked["gasUsed"].as_u64() < asked["gasLimit"].as_u64());

    let pay = ITreasury::payCall {
        name: word("common"),
        to: crate::chain::address(&alice()),
        amount: U256::from(9),
    };
    let calls = json!([
        { "target": TREASURY, "data": hex(&open) },
        { "target": TREASURY, "value": "0x0", "data": hex(&pay.abi_encode()) },
    ]);
    let asked = chain.call("polity_simulateProposal", json!([calls, 0])).await;
    assert_eq!(
        (&asked["ok"], &asked["failure"]["call"], &asked["changes"]),
        (&json!(false), &json!(1), &json!([]))
    );
    assert!(asked["failure"]["text"].as_str().is_some_and(|text| text.contains("Insufficient")), "{asked}");
    for (params, why) in [
        (json!([7]), "there is no pending proposal 7"),
        (json!([[{ "target": TREASURY, "gas": 1 }]]), "expected the number of a pending proposal"),
        (json!([]), "missing value"),
    ] {
        let error = chain.fail("polity_simulateProposal", params).await;
        assert!(error["message"].as_str().is_some_and(|m| m.contains(why)), "{error}");
    }
    // An amendment, in the words of the charter.
    let change =
        Change { op: Op::Set, path: "rules.two-thirds.limb[0].threshold".into(), value: "\">= 3/4\"".into() };
    let amend = amendCall { changes: vec![change] }.abi_encode();
    let calls = json!([{ "target": CONSTITUTION, "data": hex(&amend) }]);
    let asked = chain.call("polity_simulateProposal", json!([calls])).await;
    let said: Vec<_> = asked["changes"]
        .as_array()
        .expect("changes")
        .iter()
        .filter_map(|change| change["text"].as_str())
        .collect();
    for expected in
        ["the charter: version 1 (was 0)", "charter rules.two-thirds: the rule two-thirds becomes:"]
    {
        assert!(said.iter().any(|line| line.starts_with(expected)), "{expected}: {asked}");
    }
    // Signed and open, by its number.
    let calls = vec![IAssembly::Call { target: TREASURY, value: U256::ZERO, data: open.into() }];
    let propose = IAssembly::proposeCall { track: word("members"), title: "Relief".into(), calls };
    assert_eq!(act(&chain, &key(0x21), 0, &propose).await["status"], "0x1");
    let asked = chain.call("polity_simulateProposal", json!([1])).await;
    assert_eq!(
        (&asked["ok"], &asked["calls"][0]["text"]),
        (&json!(true), &json!("treasury.open(name: relief)"))
    );
    assert_eq!(chain.call("polity_proposal", json!([1])).await["status"], "open", "it still is");
    chain.stop().await;
}

/// A treaty whose texts bind by silence, and a chamber without a delay.
const CODE: &str = r#"
[chambers.fast]
kinds  = ["enterprise"]
rule   = "two-thirds"
voting = "1d"
[treaties.code]
name       = "The code"
rule       = "tacit"
depositors = ["enterprise"]
[rules.tacit.silence]
objection = "10mo"
effective = "12mo"
[[rules.tacit.limb]]
name      = "silent"
numerator = "not-objected"
threshold = ">= 1"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_binds_by_silence() {
    let chain = Chain::of(CODE, |_| {}).await;
    chain.block();
    assert_eq!(chain.call("polity_texts", json!([])).await, json!([]));
    let notify = IAssembly::notifyCall {
        treaty: word("code"),
        title: "Annex 1".into(),
        documentHash: B256::repeat_byte(1),
        uri: "https://code.example/1".into(),
    };
    let calls = json!([{ "target": ASSEMBLY, "data": hex(&notify.abi_encode()) }]);
    let asked = chain.call("polity_simulateProposal", json!([calls])).await;
    assert_eq!(
        (&asked["ok"], &asked["then"][0]["text"]),
        (&json!(true), &json!("assembly.advanceText(id: 1)"))
    );
    assert!(
        asked["then"][0]["logs"][0]["text"].as_str().is_some_and(|log| log.contains("TextCounted")),
        "{asked}"
    );
    assert_eq!(chain.call("polity_texts", json!([])).await, json!([]), "it was a question");

    let member = key(0x21);
    let calls =
        vec![IAssembly::Call { target: ASSEMBLY, value: U256::ZERO, data: notify.abi_encode().into() }];
    let payload_hash = keccak256(calls.abi_encode());
    let propose = IAssembly::proposeCall { track: word("fast"), title: "Annex 1".into(), calls };
    assert_eq!(act(&chain, &member, 0, &propose).await["status"], "0x1");
    let vote = IAssembly::ballotCall { id: U256::from(1), choice: Choice::Yes };
    assert_eq!(act(&chain, &member, 1, &vote).await["status"], "0x1");
    for _ in 0..4 {
        chain.block();
    }
    let texts = chain.call("polity_texts", json!(["code"])).await;
    let text = &texts[0];
    assert_eq!(
        (&text["title"], &text["status"], &text["members"]),
        (&json!("Annex 1"), &json!("open"), &json!(1)),
        "{texts}"
    );
    // Whoever has the proposal's calls finds in them the document's hash, and their hash is the proposal's.
    assert_eq!(text["adoptedBy"], json!({ "proposal": 1, "payloadHash": payload_hash }));
    assert_eq!(chain.call("polity_proposal", json!([1])).await["payloadHash"], json!(payload_hash));
    let force = chain.call("polity_inForce", json!(["code"])).await;
    assert_eq!(force["treaties"][0]["adoptedBy"], Value::Null, "the founding charter opened the treaty");
    let notified = text["notifiedOn"].as_str().expect("a date");
    let last = text["terms"][0]["lastDay"].as_str().expect("a date");
    assert!(notified < last, "{texts}");
    let reject = IAssembly::rejectCall { id: U256::from(1), reason: "No.".into(), documentHash: B256::ZERO };
    assert_eq!(act(&chain, &member, 2, &reject).await["status"], "0x1");
    let text = chain.call("polity_texts", json!([])).await[0].clone();
    assert_eq!(
        (&text["status"], &text["rejected"]),
        (&json!("rejected"), &json!(["node-1"])),
        "nobody is left"
    );
    assert_eq!(text["report"]["outcome"], "rejected");
    let (objected, day) = (&text["report"]["objected"], &text["report"]["decided_on"]);
    assert_eq!((objected, day), (&json!(["node-1"]), &text["decidedOn"]), "the report says who and when");
    chain.stop().await;
}
