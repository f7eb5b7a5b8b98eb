//! Everything about one settlement, as whoever it is about wants to read it.

use std::process::ExitCode;

use alloy_primitives::{Log, U64, U256};
use alloy_sol_types::SolEvent;
use polity_institutions::{articles::IArticles, assembly::decode_log};
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
    output::{Failure, Outcome, one_line, print},
    words::Words,
};

/// Prints settlement `id`; `again` are the options that lead to the same network.
///
/// Exit status: 1 if it comes out otherwise here.
pub(super) fn shown(client: &Client, id: u64, lang: &str, again: &str, as_json: bool) -> Outcome {
    let mut settlement: Value = client.call("polity_settlement", json!([id]))?;
    if settlement.is_null() {
        return Err(Failure::failed(format!("there is no settlement {id}: `polity settlements` lists them")));
    }
    if settlement["id"] != id {
        return Err(Failure::failed(format!(
            "the node was asked for settlement {id} and answered with {}",
            one_line(&text(&settlement["id"]))
        )));
    }
    let again_here = recomputed(&settlement);
    settlement["recomputed"] = match &again_here {
        Recomputed::Same => json!({ "same": true }),
        Recomputed::Otherwise(differences) => json!({ "same": false, "differences": differences }),
        Recomputed::NotKept => Value::Null,
    };
    settlement["done"] = done(client, &settlement);
    print(as_json, &settlement, || {
        settlement_text(&settlement, &again_here, lang) + &what_to_do(&settlement, &track(client), again)
    })?;
    Ok(match again_here {
        Recomputed::Otherwise(_) => ExitCode::from(1),
        Recomputed::Same | Recomputed::NotKept => ExitCode::SUCCESS,
    })
}

/// What was done when it became final, as the logs say: `null` if nothing was, or if the node keeps no logs that far back.
fn done(client: &Client, settlement: &Value) -> Value {
    let id = U256::from(settlement["id"].as_u64().unwrap_or_default());
    let from = U64::from(settlement["judgedInBlock"].as_u64().unwrap_or_default());
    let topics = [IArticles::BecameFinal::SIGNATURE_HASH, id.into()];
    let filter = json!([{ "address": ARTICLES, "fromBlock": from, "toBlock": "latest", "topics": topics }]);
    let found = client.call::<Value>("eth_getLogs", filter).unwrap_or_default();
    let Some(transaction) =
        array(&found).first().and_then(|log| log["transactionHash"].as_str()?.parse().ok())
    else {
        return Value::Null;
    };
    let Ok(Some(receipt)) = client.receipt(transaction) else { return Value::Null };
    let symbol = Words::of(client).symbol().to_owned();
    json!({
        "transaction": transaction,
        "block": receipt.block_number.to::<u64>(),
        "logs": logs_of(&receipt.logs, id, &symbol),
    })
}

/// Of all logs of a transaction, in words, those about the member that settlement `id` made when it became final. Several may become final
/// in one.
fn logs_of(logs: &[Value], id: U256, symbol: &str) -> Vec<String> {
    let logs: Vec<Log> = logs.iter().filter_map(|log| serde_json::from_value(log.clone()).ok()).collect();
    let made_final = |log: &Log| {
        let event = IArticles::BecameFinal::decode_log(log).ok().filter(|event| event.address == ARTICLES);
        event.map(|event| (event.id, event.member))
    };
    let mut after = logs.iter().skip_while(|log| made_final(log).is_none_or(|(made, _)| made != id));
    let Some((_, member)) = after.next().and_then(made_final) else { return Vec::new() };
    let its_own = after.take_while(|log| made_final(log).is_none());
    its_own.filter(|log| log.topics().contains(&member)).filter_map(|log| decode_log(log, symbol)).collect()
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
        Some(problem) => out += &format!("\nheld, and nothing is done: {}\n", one_line(problem)),
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
    let done = &settlement["done"];
    if !done.is_null() {
        let (transaction, block) = (text(&done["transaction"]), text(&done["block"]));
        out += &format!("\ndone in transaction {transaction} of block {block}\n");
        out += &array(&done["logs"]).iter().map(|log| format!("  {}\n", text(log))).collect::<String>();
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
        "stalled" => format!(
            "stalled on {at}: the chain could not carry it out with the gas it has; it waits until the members uphold or dismiss it"
        ),
        "held" => format!("held since {at}: a fact was missing, or a clause has no value; nothing is done"),
        other => other.to_owned(),
    }
}

fn recomputed_text(again_here: &Recomputed) -> String {
    let line = |found: &Difference| {
        let [what, chain, here] =
            [&found.what, &plain(&found.chain), &plain(&found.here)].map(|said| one_line(said));
        format!("  {what}: the chain says {chain}, here it is {here}\n")
    };
    match again_here {
        Recomputed::Same => "recomputed here: the same, from the facts as this node gives them\n".to_owned(),
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
    if matches!(status.as_str(), "noticed" | "objected" | "stalled") {
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
    use polity_institutions::constitution::IConstitution;
    use polity_primitives::CONSTITUTION;

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
            ("stalled", "could not carry it out", false, true),
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
            "recomputed here: the same, from the facts as this node gives them",
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

    /// One transaction may make several settlements final: each shows its own.
    #[test]
    fn what_one_settlement_did_is_not_what_another_did() {
        let [first, second] = ["LOW", "SEA"].map(|member| crate::abi::name_word(member).expect("a name"));
        let json = |log: Log| serde_json::to_value(log).expect("JSON");
        let at = |address, data| json(Log { address, data });
        let made_final = |id: u64, member| {
            let event = IArticles::BecameFinal { id: U256::from(id), article: first, member };
            at(ARTICLES, event.encode_log_data())
        };
        let moved = |member, by| {
            let cause = crate::abi::name_word("article").expect("a name");
            at(
                CONSTITUTION,
                IConstitution::StandingMoved { member, by, score: 10 + by, cause }.encode_log_data(),
            )
        };
        let gone =
            IArticles::NoEffect { id: U256::from(4), member: second, why: "it is no member any more".into() };
        let gone = at(ARTICLES, gone.encode_log_data());
        // What else the same proposal does to others is not what the settlement did.
        let logs = [made_final(3, first), moved(first, -4), moved(second, 2), made_final(4, second), gone];
        for (id, expected) in [
            (3, "constitution.StandingMoved(member: LOW, by: -4, score: 6, cause: article)"),
            (4, "articles.NoEffect(id: 4, member: SEA, why: \"it is no member any more\")"),
        ] {
            assert_eq!(logs_of(&logs, U256::from(id), "UNIT"), [expected]);
        }
        assert_eq!(logs_of(&logs, U256::from(5), "UNIT"), Vec::<String>::new());
    }
}
