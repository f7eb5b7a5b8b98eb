//! Articles over real nodes: who lets its turns pass is settled against by the chain itself, may object, and is suspended when the
//! members uphold it or the notice is over; whoever asks computes all of it again.
//!
//! Rule kept: the agreement is `charters/presence.toml`, with periods of as many blocks as make a test, for a day passes with every block.
#![allow(clippy::disallowed_methods)] // waits for a real network

use polity_tests::{Network, eventually, quantity};
use serde_json::{Value, json};

/// `charters/presence.toml`, faster, and such that two members who are away for some turns each are suspended for it.
///
/// A fifth of the turns: on a machine that does much else a node may miss one by no fault of the test.
fn charter(dir: &std::path::Path) -> String {
    let mut text = include_str!("../../charters/presence.toml").to_owned();
    for (old, new) in [
        (r#"block_time = "4s""#, r#"block_time = "150ms""#),
        (r#"when   = "share > 1/10""#, r#"when   = "share > 1/5""#),
        (r#"{ standing = "-floor(share * 20)" }"#, r#"{ standing = "-10 - ceil(share * 20)" }"#),
        (r#"every  = "30d""#, r#"every  = "52d""#),
        (r#"notice = "7d""#, r#"notice = "55d""#),
    ] {
        assert!(text.contains(old), "presence.toml has no {old}");
        text = text.replacen(old, new, 1);
    }
    let path = dir.join("presence.toml");
    std::fs::write(&path, text).expect("written");
    path.display().to_string()
}

fn standing(network: &Network, member: &str) -> Value {
    network.ask(&["standing", member])[0].clone()
}

/// Waits until `member`, whose node is down, has let so many turns pass.
fn misses(network: &Network, member: &str, turns: u64) {
    eventually(&format!("{member} to miss {turns} turns"), || {
        (standing(network, member)["missed"].as_u64()? >= turns).then_some(())
    });
}

/// The settlements of the article `presence` about `member`.
fn about(network: &Network, member: &str) -> Vec<Value> {
    let page = network.ask(&["settlements", "--article", "presence", "--member", member]);
    page["settlements"].as_array().expect("settlements").clone()
}

/// Settlement `id`, which comes out the same when it is computed again.
fn settlement(network: &Network, id: &str) -> Value {
    let found = network.ask(&["settlements", id]);
    assert_eq!(found["recomputed"]["same"], true, "{found:#}");
    found
}

/// What a fact in the account of a settlement is, as a number.
fn fact(settlement: &Value, ask: &str) -> u64 {
    let facts = settlement["account"]["facts"].as_array().expect("facts");
    let found = facts.iter().find(|fact| fact["ask"] == ask).and_then(|fact| fact["is"].as_str());
    found.and_then(|is| is.parse().ok()).unwrap_or_else(|| panic!("no {ask} in {settlement:#}"))
}

/// The two members that are always there adopt what `args` propose, and it is carried out.
fn adopt(network: &Network, args: &[&str]) {
    let id = network.propose("UPL", &[&["council"], args].concat());
    network.ballots(id, &[("UPL", "yes"), ("MID", "yes")]);
    network.until_status(id, "executed");
}

/// Every node that runs says the same of articles and settlements at block `height`, and has the same state.
fn alike(network: &Network, height: u64) {
    network.agree(height);
    for (method, params) in [
        ("polity_settlements", json!([{}, height])),
        ("polity_articles", json!([height])),
        ("polity_agenda", json!([100, height])),
    ] {
        let said: Vec<Value> = network.running().map(|node| node.rpc.call(method, params.clone())).collect();
        assert!(said.windows(2).all(|pair| pair[0] == pair[1]), "{method} at {height}: {said:#?}");
    }
}

#[test]
fn who_lets_its_turns_pass_is_settled_against() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut network = Network::start(&[&charter(folder.path())]);
    let place = |network: &Network, member: &str| {
        network.nodes.iter().position(|node| node.member == member).expect("a node")
    };
    let (low, sea) = (place(&network, "LOW"), place(&network, "SEA"));

    // Two are cut off, one after the other; the second is still away when the period is judged.
    network.nodes[low].kill();
    misses(&network, "LOW", 4);
    network.nodes[low].restart();
    let back = network.rpc().height().expect("a height");
    eventually("LOW to be back", || network.nodes[low].rpc.height().filter(|height| *height >= back));
    network.nodes[sea].kill();
    let presence = network.ask(&["articles", "presence"])[0].clone();
    assert_eq!(presence["inForce"], true, "{presence:#}");
    eventually("both to be settled against", || {
        (!about(&network, "LOW").is_empty() && !about(&network, "SEA").is_empty()).then_some(())
    });
    let [of_low, of_sea] = ["LOW", "SEA"].map(|member| about(&network, member)[0]["id"].to_string());
    let found = settlement(&network, &of_sea);
    assert_eq!(found["status"], "noticed", "{found:#}");
    assert_eq!(
        found["judgedAt"], found["period"]["until"],
        "in the first block that is not in the period: {found:#}"
    );
    assert_eq!(found["hash"], presence["hash"]);
    let (written, missed) = (fact(&found, "written(member, period)"), fact(&found, "missed(member, period)"));
    assert!(missed * 5 > written + missed, "{found:#}");
    let by = -10 - i64::try_from((missed * 20).div_ceil(written + missed)).expect("a number");
    assert_eq!(found["account"]["then"][0]["standing"], by.to_string(), "{found:#}");
    let agenda = network.told(&["agenda"]);
    for words in
        [format!("settlement {of_sea} becomes final"), "of article presence is over and is judged".to_owned()]
    {
        assert!(agenda.contains(&words), "{words}: {agenda}");
    }

    // Only whom it is about may object, and only once; then it waits for the members.
    let object = ["object", &of_sea, "--reason", "The storm of the third cut our line."];
    assert_eq!(network.refused("MID", &object), "NotAboutYou");
    assert_eq!(network.act("SEA", &object)["status"], "objected");
    assert_eq!(network.refused("SEA", &object), "WrongSettlementStatus");
    let told = network.told(&["settlements", &of_sea]);
    for words in ["The storm of the third", "recomputed here: the same", &format!("articles.uphold {of_sea}")]
    {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert_eq!(standing(&network, "SEA")["score"], 10, "nothing is done yet");

    // The node of SEA follows, over a period that was judged without it.
    network.nodes[sea].restart();
    adopt(&network, &["Uphold", "--call", &format!("articles.uphold {of_sea}")]);
    let upheld = settlement(&network, &of_sea);
    assert_eq!(upheld["status"], "final", "{upheld:#}");
    let did = |words: &str| {
        upheld["done"]["logs"]
            .as_array()
            .expect("logs")
            .iter()
            .any(|log| log.as_str().is_some_and(|log| log.contains(words)))
    };
    for words in [
        format!("StandingMoved(member: SEA, by: {by}, score: {}, cause: article)", 10 + by),
        "Suspended".to_owned(),
        "Notified".to_owned(),
    ] {
        assert!(did(&words), "{words}: {upheld:#}");
    }
    let fallen = standing(&network, "SEA");
    assert_eq!((&fallen["score"], &fallen["status"]), (&json!(10 + by), &json!("suspended")), "{fallen}");

    // The other one becomes final by itself when its notice is over.
    let finally = eventually("the settlement about LOW to be final", || {
        let found = settlement(&network, &of_low);
        (found["status"] == "final").then_some(found)
    });
    assert_eq!(finally["objection"], Value::Null);
    let fallen = standing(&network, "LOW");
    assert_eq!(fallen["status"], "suspended", "{fallen}");
    assert_eq!(network.refused("LOW", &["object", &of_low, "--reason", "Late."]), "WrongSettlementStatus");

    // The members amend the article: a new period of the new text begins, and nobody is judged by it for what was before.
    let before = network.now();
    let change = r#"set articles.presence.when = "share > 1/3""#;
    adopt(&network, &["Milder", "--amend", change]);
    let amended = network.ask(&["articles", "presence"])[0].clone();
    assert_eq!(
        (&amended["when"], &amended["period"]["number"]),
        (&json!("share > 1/3"), &json!(1)),
        "{amended:#}"
    );
    assert!(amended["period"]["from"].as_u64() > Some(before), "{amended:#}");
    assert_ne!(amended["hash"], presence["hash"]);
    // What was judged before stays under the text it was judged by.
    assert_eq!(settlement(&network, &of_low)["hash"], presence["hash"]);

    let last = network.rpc().call("eth_getBlockByNumber", json!(["finalized", false]));
    let tip = quantity(&last["number"]).expect("a height");
    eventually("SEA to follow", || network.nodes[sea].rpc.height().filter(|height| *height >= tip));
    alike(&network, tip);
}
