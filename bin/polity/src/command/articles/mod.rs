//! What members owe and what came of it: articles, settlements, and each settlement computed again.

mod one;
mod recompute;

use clap::Args;
use polity_charter::Text;
use polity_institutions::articles::Status;
use serde_json::{Value, json};

use super::read::{array, moment, row, table, text, time};
use crate::{
    client::{Client, RpcArgs},
    output::{Failure, Outcome, one_line, print},
};

/// The articles: what members owe, what is asked and done at the end of each period, and which period runs.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  polity articles\n  polity articles presence --lang zh")]
pub(crate) struct Articles {
    /// One article, by id.
    article: Option<String>,
    /// Language of their words.
    #[arg(long, default_value = "en")]
    lang: String,
    #[command(flatten)]
    rpc: RpcArgs,
}

impl Articles {
    pub(crate) fn run(self, as_json: bool) -> Outcome {
        let mut articles: Value = self.rpc.client()?.call("polity_articles", json!([]))?;
        if let Some(id) = &self.article {
            let all = articles.as_array_mut().map(std::mem::take).unwrap_or_default();
            let one: Vec<Value> = all.into_iter().filter(|article| article["id"] == **id).collect();
            if one.is_empty() {
                return Err(Failure::failed(format!(
                    "there is no article `{id}`: `polity articles` lists them"
                )));
            }
            articles = Value::Array(one);
        }
        print(as_json, &articles, || {
            // By its id an article is shown whatever became of it; else what members owe now, and the names of the rest.
            let (shown, gone): (Vec<&Value>, Vec<&Value>) =
                array(&articles).iter().partition(|one| self.article.is_some() || one["inForce"] == true);
            let mut said: Vec<String> = shown.iter().map(|one| article_text(one, &self.lang)).collect();
            if said.is_empty() {
                said.push("the charter has no articles: [articles.<id>]\n".to_owned());
            }
            if !gone.is_empty() {
                let ids: Vec<String> = gone.iter().map(|one| text(&one["id"])).collect();
                said.push(format!("removed: {}", ids.join(", ")));
            }
            said.join("\n")
        })
    }
}

/// Where a proposal about a settlement goes: the only chamber where there are no tracks, else a word in its place.
pub(super) fn track(client: &Client) -> String {
    let ask = |method: &str| client.call::<Value>(method, json!([])).unwrap_or_default();
    let (tracks, chambers) = (ask("polity_tracks"), ask("polity_chambers"));
    match (array(&tracks["tracks"]), array(&chambers)) {
        ([], [only]) => text(&only["id"]),
        _ => "TRACK".to_owned(),
    }
}

/// What a text of the charter says in `lang`.
fn words(value: &Value, lang: &str) -> String {
    one_line(serde_json::from_value::<Text>(value.clone()).unwrap_or_default().get(lang))
}

fn article_text(article: &Value, lang: &str) -> String {
    let mut rows = Vec::new();
    let mut add = |name: &str, what: String| rows.push(vec![format!("  {name}"), what]);
    add("for whom", text(&article["for"]));
    add("every", text(&article["every"]));
    for (name, source) in article["let"].as_object().into_iter().flatten() {
        add("let", format!("{name} = {}", text(source)));
    }
    add("when", text(&article["when"]));
    for consequence in array(&article["then"]) {
        add("then", consequence_text(consequence, lang));
    }
    add(
        "notice",
        match article["notice"].as_str() {
            Some(notice) => format!("{notice}, to object; then it is final"),
            None => "none: a settlement is final in the next block".to_owned(),
        },
    );
    add(
        "period",
        match &article["period"] {
            Value::Null if article["inForce"] == true => "the first has not begun".to_owned(),
            Value::Null => "none runs: the article was removed".to_owned(),
            period => format!("{}, and is judged then", period_text(period)),
        },
    );
    add(
        "settlements",
        match &article["settlements"] {
            none if *none == 0 => "none".to_owned(),
            some => format!("{some}: `polity settlements --article {}`", text(&article["id"])),
        },
    );
    format!("{}: {}\n{}", text(&article["id"]), words(&article["text"], lang), table(&rows))
}

/// `3, from 2026-01-01 00:00:00 to 2026-01-31 00:00:00`
fn period_text(period: &Value) -> String {
    format!("{}, from {} to {}", text(&period["number"]), moment(&period["from"]), moment(&period["until"]))
}

/// A consequence as an article has it (a clause) or an account (its value).
fn consequence_text(consequence: &Value, lang: &str) -> String {
    if let Some(by) = consequence["standing"].as_str() {
        let by = if by.parse::<u64>().is_ok() { format!("+{by}") } else { by.to_owned() };
        return format!("standing {by}");
    }
    if !consequence["notify"].is_null() {
        return format!("notify: {}", words(&consequence["notify"], lang));
    }
    match consequence.as_object().and_then(|verbs| verbs.keys().next()) {
        Some(verb) => verb.clone(),
        None => consequence.to_string(),
    }
}

/// What came of the articles, newest first; with a number everything about one: facts, definitions, consequences, what can still be done,
/// and whether the same comes out when it is computed again here. Exit status 1 if it does not.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  polity settlements --article presence --status noticed\n  polity settlements 3\n  polity settlements --member MID --json"
)]
pub(crate) struct Settlements {
    /// One settlement, by number.
    #[arg(conflicts_with_all = ["article", "member", "status", "limit"])]
    settlement: Option<u64>,
    /// Of one article, by id.
    #[arg(long)]
    article: Option<String>,
    /// About one member, by id.
    #[arg(long)]
    member: Option<String>,
    /// In one status.
    #[arg(long, value_parser = Status::ALL.map(Status::as_str))]
    status: Option<String>,
    /// At most so many.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    limit: u64,
    /// Language of their words.
    #[arg(long, default_value = "en")]
    lang: String,
    #[command(flatten)]
    rpc: RpcArgs,
}

impl Settlements {
    pub(crate) fn run(self, as_json: bool) -> Outcome {
        let client = self.rpc.client()?;
        if let Some(id) = self.settlement {
            return one::shown(&client, id, &self.lang, &self.rpc.again(), as_json);
        }
        let page = self.pages(&client)?;
        print(as_json, &page, || {
            let mut rows = vec![row(&["no.", "article", "member", "period", "ended", "status", "what"])];
            rows.extend(array(&page["settlements"]).iter().map(|one| settlement_row(one, &self.lang)));
            match (rows.len(), page["total"].as_u64()) {
                (1, Some(0)) => "nothing was settled yet: `polity articles` says when periods end".to_owned(),
                (1, _) => "no settlement is of that kind".to_owned(),
                _ if page["next"].is_null() => table(&rows),
                _ => table(&rows) + "there are older ones: --limit\n",
            }
        })
    }

    /// As many answers as it takes, as one.
    fn pages(&self, client: &Client) -> Result<Value, Failure> {
        let (mut before, mut all) = (Value::Null, Vec::new());
        loop {
            let limit = self.limit.saturating_sub(all.len() as u64);
            let filter = json!({
                "article": self.article, "member": self.member, "status": self.status, "before": before, "limit": limit
            });
            let mut page: Value = client.call("polity_settlements", json!([filter]))?;
            all.extend(page["settlements"].as_array_mut().map(std::mem::take).unwrap_or_default());
            before = page["next"].clone();
            if before.is_null() || all.len() as u64 >= self.limit {
                page["settlements"] = Value::Array(all);
                return Ok(page);
            }
        }
    }
}

fn settlement_row(one: &Value, lang: &str) -> Vec<String> {
    let account = &one["account"];
    let what = match account["problem"].as_str() {
        Some(problem) => problem.to_owned(),
        None if one["status"] == "dismissed" => "nothing".to_owned(),
        None => array(&account["then"])
            .iter()
            .map(|consequence| consequence_text(consequence, lang))
            .collect::<Vec<_>>()
            .join("; "),
    };
    let (status, at) = (text(&one["status"]), moment(&one["finalAt"]));
    let status = match status.as_str() {
        "noticed" => format!("noticed, final from {at}"),
        "objected" => format!("objected to on {at}"),
        "dismissed" => format!("dismissed on {at}"),
        "stalled" => format!("stalled on {at}"),
        _ => format!("{status} since {at}"),
    };
    vec![
        text(&one["id"]),
        text(&one["article"]),
        text(&one["member"]),
        text(&one["period"]["number"]),
        one["period"]["until"].as_u64().map(time).unwrap_or_default(),
        status,
        what,
    ]
}
