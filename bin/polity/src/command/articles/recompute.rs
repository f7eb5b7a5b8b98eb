//! A settlement computed again, from nothing but the text of its article and the facts in its account.
//!
//! Rule kept: the node is asked for what the chain keeps and believed in nothing that follows from it. What is computed here is
//! compared word by word with what the chain says; a fact that no clause asks for, or that a clause asks for and the account does not
//! have, is a difference too.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::keccak256;
use polity_charter::{Article, Consequence, FACTS};
use polity_clause::{Answer, Facts, Problem, Type, Value, asked};
use serde::Serialize;
use serde_json::{Value as Json, json};

/// Something that is not as the chain says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Difference {
    /// What it is about, such as `let.share`.
    pub(super) what: String,
    /// What the chain says; `null`: nothing.
    pub(super) chain: Json,
    /// What comes out here; `null`: nothing.
    pub(super) here: Json,
}

/// Everything in which `settlement`, as `polity_settlement` answers it, is not what its text and facts give.
pub(super) fn differences(settlement: &Json) -> Vec<Difference> {
    let account = &settlement["account"];
    let mut found = Found::default();
    for (what, here) in [("member", &settlement["member"]), ("period", &settlement["period"]["number"])] {
        found.compare(what, &account[what], here);
    }
    let text = settlement["text"].to_string();
    found.compare("hash", &settlement["hash"], &json!(keccak256(&text)));
    let article = match Article::from_json(&text) {
        Ok(article) => article,
        Err(error) => {
            found.compare("text", &settlement["text"], &json!(format!("it cannot be read: {error}")));
            return found.0;
        }
    };
    let mut stored = Stored::of(account);
    let here = computed(&article, &mut stored);
    for list in ["let", "then"] {
        found.compare_lists(list, &account[list], &here[list]);
    }
    found.compare("when", &account["when"], &here["when"]);
    found.compare("problem", &account["problem"], &here["problem"]);
    found.compare("status", &json!(settlement["status"] == "held"), &json!(!here["problem"].is_null()));
    for ask in stored.answers.keys().filter(|ask| !stored.asked.contains(**ask)) {
        found.compare("facts", &json!(ask), &json!("no clause asks for it"));
    }
    found.0
}

/// What the clauses of `article` give, in the form of an account.
fn computed(article: &Article, facts: &mut Stored<'_>) -> Json {
    let mut here = json!({ "let": [], "when": null, "then": [], "problem": null });
    if let Err(problem) = evaluate(article, facts, &mut here) {
        here["problem"] = json!(problem);
    }
    here
}

/// Fills `here` as far as the clauses have values.
///
/// # Errors
/// Why they have no more.
fn evaluate(article: &Article, facts: &mut Stored<'_>, here: &mut Json) -> Result<(), String> {
    let mut known = BTreeMap::new();
    let said = |problem: Problem<String>| problem.to_string();
    if article.applies.value(facts, &known).map_err(said)? != Value::Bool(true) {
        return Err("the article does not apply to this member".to_owned());
    }
    let mut lets = Vec::new();
    for (name, clause) in &article.lets {
        let value = clause.value(facts, &known).map_err(said)?;
        lets.push(json!({ "name": name, "is": value.to_string() }));
        here["let"] = json!(lets);
        known.insert(name.clone(), value);
    }
    let when = article.when.value(facts, &known).map_err(said)?;
    here["when"] = json!(when.to_string());
    if when != Value::Bool(true) {
        return Err("there is nothing to settle".to_owned());
    }
    let mut then = Vec::new();
    for consequence in &article.then {
        then.push(match consequence {
            Consequence::Standing(clause) => {
                let value = clause.value(facts, &known).map_err(said)?;
                let by = value.whole().map_err(|why| why.to_string())?;
                json!({ "standing": by.to_string() })
            }
            Consequence::Suspend => json!({ "suspend": true }),
            Consequence::Notify(words) => json!({ "notify": words }),
        });
        here["then"] = json!(then);
    }
    Ok(())
}

/// The facts of an account.
struct Stored<'a> {
    /// Each with its answer; `None`: it was missing.
    answers: BTreeMap<&'a str, Option<&'a str>>,
    problem: &'a str,
    asked: BTreeSet<String>,
}

impl<'a> Stored<'a> {
    fn of(account: &'a Json) -> Self {
        let fact = |fact: &'a Json| Some((fact["ask"].as_str()?, fact["is"].as_str()));
        Self {
            answers: account["facts"].as_array().into_iter().flatten().filter_map(fact).collect(),
            problem: account["problem"].as_str().unwrap_or_default(),
            asked: BTreeSet::new(),
        }
    }
}

impl Facts for Stored<'_> {
    /// That the account does not have it, or has something else than a value of its type.
    type Error = String;

    fn ask(&mut self, name: &str, arguments: &[Value]) -> Result<Answer, String> {
        let fact = FACTS.iter().find(|fact| fact.name == name).ok_or_else(|| format!("no fact `{name}`"))?;
        match fact.gives {
            Type::Member => return Ok(Answer::Known(Value::Member)),
            Type::Period => return Ok(Answer::Known(Value::Period)),
            _ => {}
        }
        let ask = asked(name, arguments);
        let answer = self.answers.get(ask.as_str()).copied().flatten();
        let missing = self.problem.strip_prefix(&format!("`{ask}` is not known: "));
        let result = match (answer, missing) {
            (Some(text), _) => Value::read(fact.gives, text).map(Answer::Known).map_err(|why| why.to_string()),
            (None, Some(reason)) => Ok(Answer::Missing(reason.to_owned())),
            (None, None) => Err(format!("a clause asks for `{ask}`, which the account does not have")),
        };
        self.asked.insert(ask);
        result
    }
}

/// Differences as they are found.
#[derive(Default)]
struct Found(Vec<Difference>);

impl Found {
    fn compare(&mut self, what: &str, chain: &Json, here: &Json) {
        if chain != here {
            self.0.push(Difference { what: what.to_owned(), chain: chain.clone(), here: here.clone() });
        }
    }

    /// Element by element, those of `let` by their names.
    fn compare_lists(&mut self, what: &str, chain: &Json, here: &Json) {
        let [of_chain, of_here] = [chain, here].map(|list| list.as_array().map_or(&[][..], Vec::as_slice));
        for i in 0..of_chain.len().max(of_here.len()) {
            let [chain, here] = [of_chain, of_here].map(|list| list.get(i).unwrap_or(&Json::Null));
            let name = [chain, here].iter().find_map(|value| value["name"].as_str().map(str::to_owned));
            let place = name.map_or_else(|| format!("{what}[{i}]"), |name| format!("{what}.{name}"));
            self.compare(&place, chain, here);
        }
    }
}

#[cfg(test)]
mod tests;
