//! Articles and settlements, over RPC.

use alloy_primitives::{U256, keccak256};
use alloy_sol_types::SolCall;
use polity_institutions::articles::IArticles;
use polity_primitives::ARTICLES;
use serde_json::{Value, json};

use crate::chain::{Chain, hex, key, with_gas};

/// An article with a notice that every member breaks, one whose clause has no value, and one that nobody breaks.
const THREE: &str = r#"
[articles.diligence]
text   = { en = "Nobody writes.", zh = "不得写入。" }
for    = "true"
every  = "2d"
let    = { turns = "written(member, period)", half = "turns / 2" }
when   = "half > 1/4"
then   = [{ notify = "it wrote" }]
notice = "30d"
[articles.riddle]
text   = "A share of nothing."
for    = "kind == 'enterprise'"
every  = "1d"
when   = "1 / missed(member, period) > 0"
then   = [{ notify = "never said" }]
[articles.idle]
text   = "Nobody is told."
for    = "true"
every  = "1w"
when   = "written(member, period) < 0"
then   = [{ suspend = true }]
"#;

fn ids(page: &Value) -> Vec<u64> {
    page["settlements"].as_array().expect("settlements").iter().filter_map(|one| one["id"].as_u64()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn articles_with_their_texts_and_what_came_of_them() {
    let chain = Chain::of_days(THREE).await;
    let empty = chain.call("polity_settlements", json!([])).await;
    assert_eq!(empty, json!({ "total": 0, "settlements": [], "next": null }));
    for _ in 0..6 {
        chain.block();
    }
    let articles = chain.call("polity_articles", json!([])).await;
    let named: Vec<_> = articles.as_array().expect("articles").iter().map(|article| &article["id"]).collect();
    assert_eq!(named, ["diligence", "riddle", "idle"]);
    let diligence = &articles[0];
    assert_eq!(diligence["text"]["zh"], "不得写入。");
    assert_eq!(diligence["let"], json!({ "turns": "written(member, period)", "half": "turns / 2" }));
    assert_eq!((&diligence["every"], &diligence["notice"]), (&json!("2d"), &json!("30d")));
    assert_eq!(
        (&diligence["then"], &diligence["inForce"]),
        (&json!([{ "notify": "it wrote" }]), &json!(true))
    );
    let period = &diligence["period"];
    assert!(period["number"].as_u64() > Some(1), "{diligence}");
    assert_eq!(
        period["until"].as_u64(),
        period["from"].as_u64().map(|from| from + 2 * 86_400),
        "{diligence}"
    );
    assert_eq!((&articles[2]["settlements"], &articles[2]["notice"]), (&json!(0), &Value::Null));
    // As it was before anything happened.
    assert_eq!(chain.call("polity_settlements", json!([{}, 0])).await["total"], 0);

    let all = chain.call("polity_settlements", json!([{}])).await;
    let total = all["total"].as_u64().expect("a number");
    assert!(total >= 4, "{all}");
    assert_eq!(ids(&all), (1..=total).rev().collect::<Vec<_>>(), "newest first");
    let counted =
        |id: &str| all["settlements"].as_array().expect("list").iter().filter(|s| s["article"] == id).count();
    assert_eq!(articles[0]["settlements"], counted("diligence"));

    let one = chain.call("polity_settlements", json!([{ "article": "diligence", "limit": 1 }])).await;
    let id = ids(&one)[0];
    let full = chain.call("polity_settlement", json!([id])).await;
    assert_eq!(full["text"]["let"]["half"], "turns / 2", "{full}");
    assert_eq!(full["hash"], json!(keccak256(full["text"].to_string())), "the text has its hash");
    assert_eq!((&full["hash"], &full["status"]), (&diligence["hash"], &json!("noticed")));
    assert_eq!(full["finalAt"].as_u64(), full["judgedAt"].as_u64().map(|at| at + 30 * 86_400), "{full}");
    let account = &full["account"];
    assert_eq!((&account["member"], &account["when"]), (&json!("node-1"), &json!("true")));
    assert_eq!(account["facts"][0]["ask"], "written(member, period)", "{account}");
    assert_eq!(account["then"], json!([{ "notify": "it wrote" }]));

    let held = chain.call("polity_settlements", json!([{ "status": "held" }])).await;
    assert_eq!(ids(&held).len(), counted("riddle"), "{held}");
    assert!(held["settlements"][0]["account"]["problem"].is_string(), "{held}");

    // Pages join without a gap.
    let (mut before, mut seen) = (Value::Null, Vec::new());
    loop {
        let page = chain.call("polity_settlements", json!([{ "before": before, "limit": 3 }])).await;
        assert!(ids(&page).len() <= 3);
        seen.extend(ids(&page));
        before = page["next"].clone();
        if before.is_null() {
            break;
        }
    }
    assert_eq!(seen, ids(&all));

    let object = IArticles::objectCall { id: U256::from(id), reason: "I had to.".into() };
    let raw = with_gas(&key(0x21), 0, ARTICLES, &object.abi_encode(), 1_000_000);
    chain.call("eth_sendRawTransaction", json!([hex(&raw)])).await;
    chain.block();
    let objected =
        chain.call("polity_settlements", json!([{ "status": "objected", "member": "node-1" }])).await;
    assert_eq!(ids(&objected), [id], "{objected}");
    assert_eq!(objected["settlements"][0]["objection"], "I had to.");

    let agenda = chain.call("polity_agenda", json!([])).await;
    let said: Vec<_> = agenda["entries"]
        .as_array()
        .expect("entries")
        .iter()
        .filter_map(|entry| entry["text"].as_str())
        .collect();
    for words in ["article idle", "article diligence", "settlement"] {
        assert!(said.iter().any(|text| text.contains(words)), "{words}: {said:?}");
    }
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_wrongly_of_settlements() {
    let chain = Chain::of_days(THREE).await;
    chain.block();
    for (filter, why) in [
        (json!({ "article": "nothing" }), "there is no article `nothing`"),
        (json!({ "member": "nobody" }), "there is no member `nobody`"),
        (json!({ "status": "done" }), "`done` is none of noticed, objected, final, dismissed, held"),
        (json!({ "articel": "idle" }), "unknown field `articel`"),
        (json!({ "limit": -1 }), "expected a number"),
    ] {
        let error = chain.fail("polity_settlements", json!([filter])).await;
        assert!(error["message"].as_str().is_some_and(|m| m.contains(why)), "{why}: {error}");
    }
    assert_eq!(chain.call("polity_settlement", json!([7])).await, Value::Null);
    assert_eq!(chain.call("polity_settlement", json!([0])).await, Value::Null);
    chain.stop().await;
}
