//! Cases as they were collected: each file has a `rule_id` of its own and words of its own for members, ballots and
//! what is known. Here they become ballots files. What no ballots file can say (a share by other population figures)
//! is left out; what is only told in a note ("14 yes, 0 no, 13 abstain") is given to the first members.

use serde_json::{Map, Value};

use super::{CASES_MAX, Case, Known, Unread, field, id_of, limb, list, object};
use crate::{Rational, parse_rational};

pub(super) fn cases(file: &Value) -> Result<Vec<Case>, Unread> {
    let id = file.get("rule_id").and_then(Value::as_str);
    let id =
        id.ok_or_else(|| Unread::at(&[], "it is no file of cases: it has neither `rule` nor `rule_id`"))?;
    let (rule, read): (&str, fn(&Value, &Value) -> Reading) = match id {
        "teu-16-4" => ("eu-qmv", council),
        "cosmos-gov" => ("cosmos-gov", cosmos),
        "paris-art21" => ("paris-art21", paris),
        "cst-140-142" => ("swiss", swiss),
        "un-charter-27" => ("unsc", security_council),
        other => {
            return Err(Unread::at(&["rule_id"], format!("cases of `{other}` are not known in this form")));
        }
    };
    let cases = list(file, "cases")?.iter().take(CASES_MAX).enumerate();
    let case = |(index, case): (usize, &Value)| {
        let (ballots, known) =
            read(file, case).map_err(|message| Unread::at(&["cases", &index.to_string()], message))?;
        Ok(Case { id: id_of(case, index), rule: rule.to_owned(), ballots, known })
    };
    cases.map(case).collect()
}

/// A ballots file and what is known, or what is wrong with a case.
type Reading = Result<(Value, Vec<Known>), String>;

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

/// A number as it is written.
fn number(value: &Value, key: &str) -> Option<String> {
    value.get(key).filter(|number| number.is_number()).map(ToString::to_string)
}

fn expected(case: &Value) -> Result<&Value, String> {
    case.get("expected").ok_or_else(|| "nothing is expected of it".to_owned())
}

fn strings<'a>(value: &'a Value, key: &str) -> Vec<&'a str> {
    value.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

fn rows<'a>(file: &'a Value, key: &str) -> Vec<&'a Value> {
    file.get(key).and_then(Value::as_array).into_iter().flatten().collect()
}

/// `yes`, `no` and `abstain` of a case as ballots.
fn ballots(case: &Value) -> Map<String, Value> {
    let mut ballots = Map::new();
    for choice in ["yes", "no", "abstain"] {
        for id in strings(case, choice) {
            ballots.insert(id.to_owned(), choice.into());
        }
    }
    ballots
}

/// What `adopted: true` or `outcome: "passed"` mean, and a reason behind a colon.
fn outcome(word: &str) -> Result<(&'static str, Option<&str>), String> {
    let (word, reason) = word.split_once(':').map_or((word, None), |(word, reason)| (word, Some(reason)));
    match word {
        "adopted" | "passed" => Ok(("adopted", reason)),
        "rejected" | "not_adopted" => Ok(("rejected", reason)),
        "pending" => Ok(("pending", reason)),
        other => Err(format!("`{other}` is no outcome")),
    }
}

fn council(file: &Value, case: &Value) -> Reading {
    let members: Vec<Value> = rows(file, "members")
        .into_iter()
        .filter_map(|member| {
            let weights = object([("population", member.get("population_2023")?.clone())]);
            Some(object([("id", member.get("code")?.clone()), ("weights", weights)]))
        })
        .collect();
    let mut cast = ballots(case);
    if cast.is_empty() {
        cast = told(case.get("note").and_then(Value::as_str).unwrap_or_default(), &members);
    }
    let expected = expected(case)?;
    let adopted = expected.get("adopted").and_then(Value::as_bool).ok_or("`adopted` is missing")?;
    let mut known = vec![field("outcome", if adopted { "adopted" } else { "rejected" })];
    if let Some(members) = number(expected, "members_for") {
        known.push(limb("members", "numerator", members));
    }
    if let Some(percent) = number(expected, "population_pct_worldbank") {
        known.push(Known::Percent { limb: "population".to_owned(), percent, is_it: true });
    }
    Ok((object([("members", members.into()), ("ballots", Value::Object(cast))]), known))
}

/// Ballots that are only counted in words: so many of each for the first members.
fn told(note: &str, members: &[Value]) -> Map<String, Value> {
    let words: Vec<&str> = note.split([' ', ',', '(', ')', ';']).filter(|word| !word.is_empty()).collect();
    let mut ids = members.iter().filter_map(|member| text(member, "id"));
    let mut ballots = Map::new();
    for pair in words.windows(2) {
        let [count, choice] = pair else { continue };
        let (Ok(count), true) = (count.parse::<usize>(), ["yes", "no", "abstain"].contains(choice)) else {
            continue;
        };
        for id in ids.by_ref().take(count) {
            ballots.insert(id.to_owned(), (*choice).into());
        }
    }
    ballots
}

fn cosmos(_file: &Value, case: &Value) -> Reading {
    let sum = |key| case.get(key).cloned().unwrap_or_else(|| 0.into());
    let totals = object([
        ("yes", sum("yes")),
        ("no", sum("no")),
        ("abstain", sum("abstain")),
        ("veto", sum("veto")),
        ("total", sum("bonded")),
    ]);
    let (word, reason) = outcome(text(case, "expected").ok_or("nothing is expected of it")?)?;
    let known = vec![field("outcome", word), field("reason", reason.map_or(Value::Null, Value::from))];
    Ok((object([("tallies", object([("bonded", totals)]))]), known))
}

fn paris(file: &Value, case: &Value) -> Reading {
    let mut instruments = Map::new();
    let mut members = Vec::new();
    for member in rows(file, "members") {
        let id = text(member, "code").ok_or("a member has no `code`")?;
        let kind = if text(member, "kind") == Some("state") { "state" } else { "igo" };
        let weights = object([("emissions", member.get("emissions_gg").cloned().unwrap_or_default())]);
        members.push(object([("id", id.into()), ("kind", kind.into()), ("weights", weights)]));
        instruments.insert(id.to_owned(), member.get("deposited").cloned().unwrap_or_default());
    }
    let expected = expected(case)?;
    let mut known = Vec::new();
    if let Some(met) = expected.get("met").and_then(Value::as_bool) {
        known.push(field("outcome", if met { "adopted" } else { "pending" }));
    }
    for (key, name) in [("threshold_date", "decided_on"), ("in_force", "effective_on")] {
        if let Some(day) = text(expected, key) {
            known.push(field(name, day));
        }
    }
    if let Some(states) = number(expected, "states") {
        known.push(limb("parties", "numerator", states));
    }
    for (key, is_it) in [("share_pct", true), ("share_pct_if_reio_wrongly_added", false)] {
        if let Some(percent) = number(expected, key) {
            known.push(Known::Percent { limb: "emissions".to_owned(), percent, is_it });
        }
    }
    let as_of = case.get("as_of").cloned().unwrap_or_default();
    let ballots =
        [("as_of", as_of), ("members", members.into()), ("instruments", Value::Object(instruments))];
    Ok((object(ballots), known))
}

fn swiss(file: &Value, case: &Value) -> Reading {
    let mut members = Vec::new();
    let mut cantons = Vec::new();
    for canton in rows(file, "members") {
        let id = text(canton, "canton").ok_or("a member has no `canton`")?;
        let weight = number(canton, "weight").ok_or("a canton has no `weight`")?;
        cantons.push((id, parse_rational(&weight).map_err(|e| e.to_string())?));
        let weights = object([("cantons", weight.into())]);
        members.push(object([("id", id.into()), ("kind", "subnational".into()), ("weights", weights)]));
    }
    let accepting = match number(case, "cantons_yes_votes") {
        Some(votes) => enough(&cantons, parse_rational(&votes).map_err(|e| e.to_string())?)?,
        None => strings(case, "cantons_yes"),
    };
    let ballot = |id: &str| if accepting.contains(&id) { "yes" } else { "no" };
    let cast: Map<String, Value> =
        cantons.iter().map(|(id, _)| ((*id).to_owned(), ballot(id).into())).collect();
    let expected = expected(case)?;
    let (word, _) = outcome(text(expected, "outcome").ok_or("`outcome` is missing")?)?;
    let mut known = vec![field("outcome", word)];
    if let Some(percent) = number(expected, "people_pct") {
        known.push(Known::Percent { limb: "people".to_owned(), percent, is_it: true });
    }
    let votes = number(expected, "cantons").or_else(|| number(case, "cantons_yes_votes"));
    if let Some(votes) = votes {
        known.push(limb("cantons", "numerator", votes));
    }
    let tallies = object([("people", people(case)?)]);
    Ok((object([("members", members.into()), ("ballots", Value::Object(cast)), ("tallies", tallies)]), known))
}

/// The popular vote: by numbers, or by a share of a hundred.
fn people(case: &Value) -> Result<Value, String> {
    if let Some(popular) = case.get("popular") {
        return Ok(popular.clone());
    }
    let (given, other, key) = match (number(case, "popular_yes_pct"), number(case, "popular_no_pct")) {
        (Some(percent), _) => ("yes", "no", percent),
        (None, Some(percent)) => ("no", "yes", percent),
        (None, None) => return Err("the popular vote is missing".to_owned()),
    };
    let part = parse_rational(&key).map_err(|e| e.to_string())?;
    let hundred = Rational::from_integer(100.into());
    if part > hundred {
        return Err(format!("{key} % is more than all"));
    }
    Ok(object([(given, part.to_string().into()), (other, (hundred - part).to_string().into())]))
}

/// Cantons with so many votes together: the first that fit.
fn enough<'a>(cantons: &[(&'a str, Rational)], votes: Rational) -> Result<Vec<&'a str>, String> {
    let mut left = votes;
    let mut chosen = Vec::new();
    for (id, weight) in cantons {
        if *weight <= left {
            left -= weight;
            chosen.push(*id);
        }
    }
    if left == Rational::default() { Ok(chosen) } else { Err("no cantons have so many votes".to_owned()) }
}

fn security_council(file: &Value, case: &Value) -> Reading {
    let cast = ballots(case);
    let permanent = file.get("rule").map(|rule| strings(rule, "veto")).unwrap_or_default();
    let member = |id: &String| {
        let classes: Vec<&str> = if permanent.contains(&id.as_str()) { vec!["permanent"] } else { vec![] };
        object([("id", id.as_str().into()), ("classes", classes.into())])
    };
    let members: Vec<Value> = cast.keys().map(member).collect();
    let expected = expected(case)?;
    let (word, _) = outcome(text(expected, "outcome").ok_or("`outcome` is missing")?)?;
    let mut known = vec![field("outcome", word)];
    match text(expected, "reason") {
        // What a limb alone decides has no reason in a report: the limb says it.
        Some("fewer_than_9") => known.extend([field("reason", Value::Null), limb("votes", "met", false)]),
        Some(reason) => known.push(field("reason", reason)),
        None => known.push(field("reason", Value::Null)),
    }
    let matter = case.get("kind").cloned().unwrap_or_default();
    let as_of = case.get("date").cloned().unwrap_or_default();
    let file =
        [("matter", matter), ("as_of", as_of), ("members", members.into()), ("ballots", Value::Object(cast))];
    Ok((object(file), known))
}
