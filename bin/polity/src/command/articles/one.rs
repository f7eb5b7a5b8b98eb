//! Everything about one settlement, as whoever it is about wants to read it.

use std::process::ExitCode;

use alloy_primitives::{Bytes, U64, U256};
use alloy_sol_types::{SolEvent, SolValue};
use polity_institutions::articles::IArticles;
use polity_primitives::ARTICLES;
use serde_json::{Value, json};

use super::{
    super::read::{array, moment, table, text},
    consequence_text, period_text,
    recompute::{Difference, Recomputed, recomputed},
    track, words,
};
use crate::{
    client::Client,
    output::{Failure, Outcome, print},
};

/// Prints settlement `id`; `again` are the options that lead to the same network.
///
/// Exit status: 1 if it comes out otherwise here.
pub(super) fn shown(client: &Client, id: u64, lang: &str, again: &str, as_json: bool) -> Outcome {
    let mut settlement: Value = client.call("polity_settlement", json!([id]))?;
    if settlement.is_null() {
        return Err(Failure::failed(format!("there is no settlement {id}: `polity settlements` lists them")));
    }
    let again_here = recomputed(&settlement);
    settlement["recomputed"] = match &again_here {
        Recomputed::Same => json!({ "same": true }),
        Recomputed::Otherwise(differences) => json!({ "same": false, "differences": differences }),
        Recomputed::NotKept => Value::Null,
    };
    settlement["withoutEffect"] = without_effect(client, &settlement);
    print(as_json, &settlement, || {
        settlement_text(&settlement, &again_here, lang) + &what_to_do(&settlement, &track(client), again)
    })?;
    Ok(match again_here {
        Recomputed::Otherwise(_) => ExitCode::from(1),
        Recomputed::Same | Recomputed::NotKept => ExitCode::SUCCESS,
    })
}

/// Why consequences that were due did nothing, as the logs say; a node that keeps no logs that far back tells nothing.
fn without_effect(client: &Client, settlement: &Value) -> Value {
    let topics = [
        IArticles::NoEffect::SIGNATURE_HASH,
        U256::from(settlement["id"].as_u64().unwrap_or_default()).into(),
    ];
    let from = U64::from(settlement["judgedInBlock"].as_u64().unwrap_or_default());
    let filter = json!([{ "address": ARTICLES, "fromBlock": from, "toBlock": "latest", "topics": topics }]);
    let logs = client.call::<Value>("eth_getLogs", filter).unwrap_or_default();
    let why = |log: &Value| {
        let data: Bytes = log["data"].as_str()?.parse().ok()?;
        String::abi_decode(&data).ok()
    };
    array(&logs).iter().filter_map(why).collect()
}

fn settlement_text(settlement: &Value, again_here: &Recomputed, lang: &str) -> String {
    let account = &settlement["account"];
    let article = &settlement["text"];
    let [id, member] = ["id", "member"].map(|key| text(&settlement[key]));
    let mut rows = Vec::new();
    let mut add = |name: &str, what: String| rows.push(vec![name.to_owned(), what]);
    add("article", format!("{}: {}", text(&settlement["article"]), words(&article["text"], lang)));
    add("member", member.clone());
    add("period", period_text(&settlement["period"]));
    add(
        "judged",
        format!("{} in block {}", moment(&settlement["judgedAt"]), text(&settlement["judgedInBlock"])),
    );
    add("status", status_text(settlement));
    for why in array(&settlement["withoutEffect"]) {
        add("no effect", text(why));
    }
    if let Some(reason) = settlement["objection"].as_str() {
        add("objection", reason.to_owned());
    }
    let mut out = format!("settlement {id}\n{}\nfacts\n", table(&rows));

    let indented = |name: String, value: String| vec![format!("  {name}"), format!("= {value}")];
    let facts = array(&account["facts"]).iter();
    out += &table(
        &facts.map(|fact| vec![format!("  {}", text(&fact["ask"])), answer(fact)]).collect::<Vec<_>>(),
    );
    out += "\nso\n";
    let mut rows = vec![indented(format!("for whom: {}", text(&article["for"])), "true".to_owned())];
    for one in array(&account["let"]) {
        let (name, value) = (text(&one["name"]), text(&one["is"]));
        rows.push(indented(format!("{name}: {}", text(&article["let"][&name])), value));
    }
    rows.push(indented(format!("when: {}", text(&article["when"])), text(&account["when"])));
    out += &table(&rows);
    match account["problem"].as_str() {
        Some(problem) => out += &format!("\nheld, and nothing is done: {problem}\n"),
        None => {
            out += "\nthen\n";
            for (consequence, of_article) in array(&account["then"]).iter().zip(array(&article["then"])) {
                let said = consequence_text(consequence, lang);
                let from =
                    of_article["standing"].as_str().filter(|source| said != format!("standing {source}"));
                out += &format!(
                    "  {said}{}\n",
                    from.map(|source| format!("  from {source}")).unwrap_or_default()
                );
            }
        }
    }
    format!("{out}\n{}", recomputed_text(again_here))
}

/// What became of it, and when.
fn status_text(settlement: &Value) -> String {
    let at = moment(&settlement["finalAt"]);
    match settlement["status"].as_str().unwrap_or_default() {
        "noticed" => {
            format!("noticed: it becomes final on {at}, unless it is objected to or dismissed before")
        }
        "objected" => format!("objected to on {at}: it waits until the members uphold or dismiss it"),
        "final" => format!("final since {at}: what it says is done"),
        "dismissed" => format!("dismissed on {at}: nothing of it is done"),
        "held" => format!("held since {at}: a fact was missing, or a clause has no value; nothing is done"),
        other => other.to_owned(),
    }
}

fn recomputed_text(again_here: &Recomputed) -> String {
    let line = |found: &Difference| {
        format!(
            "  {}: the chain says {}, here it is {}\n",
            found.what,
            plain(&found.chain),
            plain(&found.here)
        )
    };
    match again_here {
        Recomputed::Same => "recomputed here: the same\n".to_owned(),
        Recomputed::Otherwise(differences) => {
            let lines: String = differences.iter().map(line).collect();
            format!("recomputed here: NOT the same\n{lines}")
        }
        Recomputed::NotKept => {
            "recomputed here: it cannot be, for the chain did not keep facts of that length\n".to_owned()
        }
    }
}

/// `= 12`, or why it is not known.
fn answer(fact: &Value) -> String {
    match fact["is"].as_str() {
        Some(is) => format!("= {is}"),
        None => format!("is not known: {}", text(&fact["missing"])),
    }
}

/// A value of an account as people read it.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => text.clone(),
        Value::Object(named) if named.contains_key("is") => text(&value["is"]),
        Value::Object(consequence) if consequence.contains_key("standing") => consequence_text(value, "en"),
        Value::Object(fact) if fact.contains_key("missing") => {
            format!("not known: {}", text(&value["missing"]))
        }
        other => other.to_string(),
    }
}

/// The commands with which something can still be done about it; proposals go to `track`.
fn what_to_do(settlement: &Value, track: &str, again: &str) -> String {
    let [id, member, status] = ["id", "member", "status"].map(|key| text(&settlement[key]));
    let mut out = String::new();
    if status == "noticed" {
        let until = moment(&settlement["finalAt"]);
        out += &format!(
            "\n{member} may object before {until}:\n  polity object {id} --reason '…' --as {member}{again}\n"
        );
    }
    if matches!(status.as_str(), "noticed" | "objected") {
        out += "\nthe members may decide it, one way or the other:\n";
        for way in ["uphold", "dismiss"] {
            out += &format!(
                "  polity propose {track} 'Settlement {id}' --call 'articles.{way} {id}' --as MEMBER{again}\n"
            );
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settlement(status: &str) -> Value {
        json!({
            "id": 3, "article": "presence", "member": "MID", "period": { "number": 2, "from": 0, "until": 86_400 },
            "status": status, "judgedAt": 86_400, "judgedInBlock": 61, "finalAt": 172_800, "objection": null,
            "account": {
                "facts": [{ "ask": "missed(member, period)", "is": "3" }, { "ask": "weight('gdp', member)", "missing": "it has none" }],
                "let": [{ "name": "turns", "is": "15" }],
                "when": "true",
                "then": [{ "standing": "-4" }, { "suspend": true }, { "notify": { "en": "was away", "zh": "缺席" } }],
            },
            "text": {
                "text": { "en": "Members take turns.", "zh": "成员轮流写入。" }, "for": "true", "let": { "turns": "12 + missed(member, period)" },
                "when": "turns > 1", "then": [{ "standing": "-floor(4.4)" }, { "suspend": true }, { "notify": { "en": "was away" } }],
            },
        })
    }

    /// What each status says, and which commands it offers: those that the chain would take.
    #[test]
    fn what_can_still_be_done_is_said() {
        for (status, says, objects, decides) in [
            ("noticed", "becomes final on 1970-01-03 00:00:00, unless", true, true),
            ("objected", "waits until the members uphold or dismiss it", false, true),
            ("final", "final since 1970-01-03 00:00:00", false, false),
            ("dismissed", "dismissed on 1970-01-03 00:00:00: nothing", false, false),
            ("held", "nothing is done", false, false),
        ] {
            let told = settlement_text(&settlement(status), &Recomputed::Same, "en");
            assert!(told.contains(says), "{status}: {told}");
            let told = what_to_do(&settlement(status), "council", " --dir D");
            assert_eq!(told.contains("polity object 3 --reason '…' --as MID --dir D"), objects, "{told}");
            assert_eq!(
                told.contains(
                    "propose council 'Settlement 3' --call 'articles.dismiss 3' --as MEMBER --dir D"
                ),
                decides,
                "{told}"
            );
        }
    }

    #[test]
    fn facts_definitions_and_consequences_are_read_line_by_line() {
        let told = settlement_text(&settlement("noticed"), &Recomputed::Same, "zh");
        for line in [
            "article  presence: 成员轮流写入。",
            "judged   1970-01-02 00:00:00 in block 61",
            "  missed(member, period)  = 3",
            "  weight('gdp', member)   is not known: it has none",
            "  turns: 12 + missed(member, period)  = 15",
            "  standing -4  from -floor(4.4)",
            "  suspend",
            "  notify: 缺席",
            "recomputed here: the same",
        ] {
            assert!(told.lines().any(|known| known == line), "{line}: {told}");
        }
        let lie =
            Difference { what: "then[0]".into(), chain: json!({ "standing": "-4" }), here: Value::Null };
        let told = settlement_text(&settlement("noticed"), &Recomputed::Otherwise(vec![lie]), "en");
        assert!(
            told.contains("NOT the same\n  then[0]: the chain says standing -4, here it is nothing\n"),
            "{told}"
        );
    }
}
