//! A settlement computed again, from nothing but the text of its article and the facts in its account.
//!
//! Rule kept: the node is asked for what the chain keeps and believed in nothing that follows from it. The text must have the hash the
//! settlement names; everything else is computed here and compared, value by value. A fact that no clause asks for, or that a clause asks
//! for and the account does not have, is a difference too.

use alloy_primitives::keccak256;
use polity_charter::Article;
use polity_institutions::articles::{Account, recompute};
use serde::Serialize;
use serde_json::{Value, json};

/// Something that is not as the chain says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Difference {
    /// What it is about, such as `let.share`.
    pub(super) what: String,
    /// What the chain says; `null`: nothing.
    pub(super) chain: Value,
    /// What comes out here; `null`: nothing.
    pub(super) here: Value,
}

/// What computing a settlement again came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Recomputed {
    /// Everything the chain says follows from the text and the facts.
    Same,
    /// This does not.
    Otherwise(Vec<Difference>),
    /// The facts were too many to be kept; the settlement is held for that reason, so nothing follows from it.
    NotKept,
}

/// Computes `settlement`, as `polity_settlement` answers it, again.
pub(super) fn recomputed(settlement: &Value) -> Recomputed {
    let said = &settlement["account"];
    let mut found = Found::default();
    for (what, here) in [("member", &settlement["member"]), ("period", &settlement["period"]["number"])] {
        found.compare(what, &said[what], here);
    }
    // As serde_json writes it: keys in their order, no blanks.
    let text = settlement["text"].to_string();
    found.compare("hash", &settlement["hash"], &json!(keccak256(&text)));
    found.compare("article", &settlement["article"], &settlement["text"]["id"]);
    let held = !said["problem"].is_null();
    found.compare("held", &json!(settlement["status"] == "held"), &json!(held));
    match (Article::from_json(&text), Account::from_json(&said.to_string())) {
        (Err(error), _) => found.compare("text", &json!("an article"), &json!(error.to_string())),
        (_, None) => found.compare("account", &json!("an account"), &json!("it has another form")),
        (Ok(article), Some(account)) => match recompute(&article, &account) {
            Some(here) => found.compare_accounts(said, &json!(here)),
            None if account.is_abridged() => {
                if found.0.is_empty() {
                    return Recomputed::NotKept;
                }
            }
            None => found.compare("when", &json!("there is something to settle"), &json!("there is nothing")),
        },
    }
    if found.0.is_empty() { Recomputed::Same } else { Recomputed::Otherwise(found.0) }
}

/// Differences as they are found.
#[derive(Default)]
struct Found(Vec<Difference>);

impl Found {
    fn compare(&mut self, what: &str, chain: &Value, here: &Value) {
        if chain != here {
            self.0.push(Difference { what: what.to_owned(), chain: chain.clone(), here: here.clone() });
        }
    }

    fn compare_accounts(&mut self, chain: &Value, here: &Value) {
        for (list, name) in [("facts", "ask"), ("let", "name"), ("then", "")] {
            self.compare_lists(list, name, &chain[list], &here[list]);
        }
        for what in ["when", "problem"] {
            self.compare(what, &chain[what], &here[what]);
        }
    }

    /// Element by element; those that have a `name` are called by it.
    fn compare_lists(&mut self, what: &str, name: &str, chain: &Value, here: &Value) {
        let [of_chain, of_here] = [chain, here].map(|list| list.as_array().map_or(&[][..], Vec::as_slice));
        for i in 0..of_chain.len().max(of_here.len()) {
            let [chain, here] = [of_chain, of_here].map(|list| list.get(i).unwrap_or(&Value::Null));
            let called = [chain, here].iter().find_map(|value| value[name].as_str().map(str::to_owned));
            let place = called.map_or_else(|| format!("{what}[{i}]"), |called| format!("{what}.{called}"));
            self.compare(&place, chain, here);
        }
    }
}

#[cfg(test)]
mod tests;
