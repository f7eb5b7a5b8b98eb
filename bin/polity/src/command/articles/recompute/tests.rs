use super::*;

/// The article `presence` of `charters/presence.toml`, and what it gives for a member that wrote 12 blocks and missed 3 turns.
fn settlement() -> Value {
    let charter = include_str!("../../../../../../charters/presence.toml");
    let charter = polity_charter::parse("presence", charter).expect("a charter").charter;
    let text = charter.article("presence").expect("an article").to_json();
    let notify = json!({ "en": "missed more than a tenth of its turns", "zh": "错过十分之一以上的轮次" });
    json!({
        "id": 3, "article": "presence", "hash": keccak256(&text), "member": "MID", "period": { "number": 2, "from": 0, "until": 1 },
        "status": "noticed", "judgedAt": 1_769_904_000, "judgedInBlock": 61, "finalAt": 1_770_508_800, "objection": null,
        "account": {
            "member": "MID",
            "period": 2,
            "facts": [
                { "ask": "rights", "is": "['read', 'write', 'transact', 'propose', 'vote', 'validate']" },
                { "ask": "suspended", "is": "false" },
                { "ask": "written(member, period)", "is": "12" },
                { "ask": "missed(member, period)", "is": "3" },
            ],
            "let": [{ "name": "turns", "is": "15" }, { "name": "share", "is": "0.2" }],
            "when": "true",
            "then": [{ "standing": "-4" }, { "notify": notify }],
        },
        "text": serde_json::from_str::<Value>(&text).expect("JSON"),
    })
}

#[test]
fn what_follows_from_the_facts_is_the_same() {
    assert_eq!(recomputed(&settlement()), Recomputed::Same);
}

/// Whatever a node says otherwise is found, and named.
#[test]
fn what_does_not_is_named() {
    type Lie = fn(&mut Value);
    let lies: [(Lie, &[&str]); 13] = [
        (|s| s["account"]["facts"][3]["is"] = json!("2"), &["let.turns", "let.share", "then[0]"]),
        (|s| s["account"]["then"][0]["standing"] = json!("-5"), &["then[0]"]),
        (|s| s["account"]["then"][1]["notify"] = json!("nothing of note"), &["then[1]"]),
        (|s| drop(s["account"]["then"].as_array_mut().expect("a list").pop()), &["then[1]"]),
        (|s| s["account"]["let"][1]["is"] = json!("1/4"), &["let.share"]),
        (|s| s["account"]["facts"][3]["is"] = json!("1"), &["when"]),
        (|s| s["account"]["facts"][1]["is"] = json!("true"), &["when"]),
        (|s| s["account"]["member"] = json!("LOW"), &["member"]),
        (|s| s["period"]["number"] = json!(1), &["period"]),
        (|s| s["text"]["then"][0]["standing"] = json!("-floor(share * 10)"), &["hash", "then[0]"]),
        (|s| s["text"]["when"] = json!("share >"), &["hash", "text"]),
        (|s| s["status"] = json!("held"), &["held"]),
        (
            |s| {
                let facts = s["account"]["facts"].as_array_mut().expect("a list");
                facts.push(json!({ "ask": "standing(member)", "is": "10" }));
            },
            &["facts.standing(member)"],
        ),
    ];
    for (lie, expected) in lies {
        let mut told = settlement();
        lie(&mut told);
        let Recomputed::Otherwise(found) = recomputed(&told) else { panic!("believed: {told:#}") };
        assert_eq!(found.iter().map(|one| one.what.as_str()).collect::<Vec<_>>(), expected, "{found:#?}");
    }
}

/// A fact that is not there, and one that the chain did not know.
#[test]
fn facts_that_are_missing() {
    let mut told = settlement();
    drop(told["account"]["facts"].as_array_mut().expect("a list").pop());
    let Recomputed::Otherwise(found) = recomputed(&told) else { panic!("believed: {told:#}") };
    assert!(found.iter().any(|one| one.what == "problem" && one.chain.is_null()), "{found:#?}");

    let mut held = settlement();
    held["status"] = json!("held");
    let account = &mut held["account"];
    account["facts"][3] = json!({ "ask": "missed(member, period)", "missing": "nobody counted" });
    account["let"] = json!([]);
    account["then"] = json!([]);
    account["when"] = Value::Null;
    account["problem"] = json!("missed(member, period) is not known: nobody counted");
    assert_eq!(recomputed(&held), Recomputed::Same);
    held["account"]["problem"] = json!("no reason");
    let Recomputed::Otherwise(found) = recomputed(&held) else { panic!("believed: {held:#}") };
    assert_eq!(found.iter().map(|one| one.what.as_str()).collect::<Vec<_>>(), ["problem"]);
}
