//! What members are told of a change of who decides blocks, and of money put at stake, before they do it.

use alloy_sol_types::SolCall;
use polity_institutions::constitution::IConstitution;
use polity_primitives::CONSTITUTION;
use serde_json::{Value, json};

use crate::chain::{Chain, hex};

fn amendment(changes: &[(&str, &str)]) -> Value {
    let change = |(path, value): &(&str, &str)| IConstitution::Change {
        op: IConstitution::Op::Set,
        path: (*path).to_owned(),
        value: (*value).to_owned(),
    };
    let data = IConstitution::amendCall { changes: changes.iter().map(change).collect() }.abi_encode();
    json!([[{ "target": CONSTITUTION, "data": hex(&data) }]])
}

#[tokio::test]
async fn a_simulation_shows_the_committee_that_would_follow() {
    let chain = Chain::start().await;
    chain.block();
    let write = "{ by = \"work\", interval = \"1s\", confirmations = 3 }";
    let simulated = chain.call("polity_simulateProposal", amendment(&[("consensus.write", write)])).await;
    assert_eq!(simulated["ok"], true, "{simulated:#}");
    let committee = &simulated["committee"];
    assert_eq!((&committee["enactedIn"], &committee["from"]), (&json!(2), &json!(3)));
    assert_eq!(
        (&committee["before"]["engine"], &committee["after"]["engine"]),
        (&json!("bft"), &json!("work"))
    );
    assert_eq!(committee["before"]["members"], json!([{ "member": "node-1", "weight": 1, "power": 1 }]));
    let warnings = simulated["warnings"].as_array().expect("a list");
    let said =
        |words: &str| warnings.iter().any(|warning| warning.as_str().is_some_and(|w| w.contains(words)));
    assert!(said("node-1 alone would work") && said("160 of 1000 final blocks"), "{warnings:#?}");

    let other =
        chain.call("polity_simulateProposal", amendment(&[("chambers.members.voting", "\"8d\"")])).await;
    assert_eq!((&other["committee"], &other["warnings"]), (&Value::Null, &json!([])), "{other:#}");
    chain.stop().await;
}

#[tokio::test]
async fn money_at_stake_says_what_it_would_do() {
    let chain = Chain::start().await;
    chain.block();
    let found = chain.call("polity_bondOutlook", json!(["node-1", "1000", true])).await;
    assert!(found["pointless"].as_str().is_some_and(|why| why.contains("by membership")), "{found}");
    let found = chain.call("polity_bondOutlook", json!(["nobody", "1000"])).await;
    assert_eq!(found["impossible"], "there is no member nobody");
    chain.fail("polity_bondOutlook", json!(["node-1", "much"])).await;
    chain.stop().await;
}
