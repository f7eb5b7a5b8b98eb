//! `[articles]`: each key of an article. Its clauses are read by [`super::clauses`].

use polity_clause::Type;
use polity_decision::{Delay, DelayUnit};

use super::clauses::{Scope, clause, definitions};
use crate::article::{ARTICLES_MAX, LETS_MAX, THEN_MAX};
use crate::reader::{Node, Table, suggest};
use crate::report::{Report, join};
use crate::{Article, Consequence};

/// Longest period and longest notice: a hundred years, so that no sum of dates leaves the calendar. Units: days.
const DAYS_MAX: u32 = 36_500;

/// What this version does with a settlement.
const VERBS: [&str; 3] = ["standing", "suspend", "notify"];
/// What later versions will do with one. Source: DESIGN §7.
const LATER_VERBS: [&str; 9] =
    ["pay", "charge", "mint", "retire", "move", "restore", "deduct", "open", "call"];

/// Reads `[articles]`.
pub(super) fn articles(
    table: Option<Table<'_>>,
    languages: &[String],
    report: &mut Report<'_>,
) -> Vec<Article> {
    let Some(table) = table else { return Vec::new() };
    let named = table.named("articles", ARTICLES_MAX, report);
    named.into_iter().filter_map(|(id, node)| article(id, &node, languages, report)).collect()
}

fn article(id: &str, node: &Node<'_>, languages: &[String], report: &mut Report<'_>) -> Option<Article> {
    let mut entry = node.table(report)?;
    let hint = "what it says to people, such as text = \"Each member takes its turns.\"";
    let text = entry.require("text", hint, report).and_then(|node| node.text(languages, report));
    let lets = entry.get("let").map(|node| sources(&node, report)).unwrap_or_default();
    let hint = "who owes, such as for = \"kind == 'state'\"; for = \"true\": every member";
    // Who owes is asked before anything is computed.
    let before = Scope::before(&lets);
    let applies = entry.require("for", hint, report);
    let applies = applies.and_then(|node| clause(&node, Type::Bool, &before, report));
    let (lets, scope) = definitions(&lets, report);
    let is_moment = entry.has("on");
    if is_moment {
        entry.pass_over(&["on"]);
        let message = "`on` is not in this version: what is judged is a period that is over";
        report.error_at_key(&join(&entry.path, "on"), message, "write every = \"30d\"");
    }
    if entry.has("needs") {
        entry.pass_over(&["needs"]);
        let message = "`needs` is not in this version: there are no feeds of outside facts";
        let hint = "remove it; a fact of the chain itself that is missing holds the settlement";
        report.error_at_key(&join(&entry.path, "needs"), message, hint);
    }
    let hint = "how long a period is, such as every = \"30d\"";
    let every = if is_moment { entry.get("every") } else { entry.require("every", hint, report) };
    let every = every.and_then(|node| span(&node, "a period", report));
    let hint = "whether there is something to settle, such as when = \"missed(member, period) > 0\"";
    let when = entry.require("when", hint, report);
    let when = when.and_then(|node| clause(&node, Type::Bool, &scope, report));
    let hint = "what is done then, such as then = [{ standing = \"-5\" }]";
    let then = entry.require("then", hint, report);
    let then = then.and_then(|node| consequences(&node, &scope, languages, report));
    let notice = entry.get("notice").map(|node| span(&node, "a notice", report));
    entry.finish(report);
    Some(Article {
        id: id.to_owned(),
        text: text?,
        applies: applies?,
        every: every?,
        lets: lets?,
        when: when?,
        then: then?,
        notice: match notice {
            None => None,
            Some(notice) => Some(notice?),
        },
    })
}

/// A delay of at least a day and at most [`DAYS_MAX`].
fn span(node: &Node<'_>, what: &str, report: &mut Report<'_>) -> Option<Delay> {
    let delay = node.delay(report)?;
    let days = match delay.unit {
        DelayUnit::Days => 1,
        DelayUnit::Weeks => 7,
        DelayUnit::Months => 30,
        DelayUnit::Years => 365,
    };
    if (1..=DAYS_MAX).contains(&delay.count.saturating_mul(days)) {
        return Some(delay);
    }
    report.error(&node.path, format!("`{delay}`: {what} is at least a day and at most a hundred years"), "");
    None
}

/// The definitions of `let`, in the order of the file.
fn sources<'a>(node: &Node<'a>, report: &mut Report<'_>) -> Vec<(&'a str, Node<'a>)> {
    let Some(table) = node.table(report) else { return Vec::new() };
    let mut entries = table.entries();
    if entries.len() > LETS_MAX {
        let message = format!("{} definitions, but at most {LETS_MAX} fit", entries.len());
        report.error_at_key(&node.path, message, "");
        entries.truncate(LETS_MAX);
    }
    entries
}

fn consequences(
    node: &Node<'_>,
    scope: &Scope<'_>,
    languages: &[String],
    report: &mut Report<'_>,
) -> Option<Vec<Consequence>> {
    let nodes = node.list(THEN_MAX, report);
    if nodes.is_empty() {
        if node.value.is_array() {
            report.error(&node.path, "nothing is done", "say what, such as then = [{ standing = \"-5\" }]");
        }
        return None;
    }
    let mut list: Vec<Consequence> = Vec::new();
    let mut sound = true;
    for node in &nodes {
        match consequence(node, scope, languages, report) {
            Some(Consequence::Suspend) if list.contains(&Consequence::Suspend) => {
                report.error(&node.path, "who is suspended already cannot be again", "keep one of the two");
            }
            Some(consequence) => list.push(consequence),
            None => sound = false,
        }
    }
    sound.then_some(list)
}

/// `{ VERB = … }`.
fn consequence(
    node: &Node<'_>,
    scope: &Scope<'_>,
    languages: &[String],
    report: &mut Report<'_>,
) -> Option<Consequence> {
    let mut table = node.table(report)?;
    let keys: Vec<(&str, String)> = table.entries().into_iter().map(|(key, node)| (key, node.path)).collect();
    if let Some((verb, path)) = keys.iter().find(|(key, _)| LATER_VERBS.contains(key)) {
        let message = format!("`{verb}` is not in this version");
        report.error_at_key(path, message, "what there is: `standing`, `suspend` and `notify`");
        return None;
    }
    let mut unknown = keys.iter().filter(|(key, _)| !VERBS.contains(key)).peekable();
    if unknown.peek().is_some() {
        for (key, path) in unknown {
            report.error_at_key(path, format!("`{key}` is no verb of an article"), suggest(key, &VERBS));
        }
        return None;
    }
    if keys.len() != 1 {
        let (message, hint) = match keys.is_empty() {
            true => ("nothing is done", "write one of `standing`, `suspend` and `notify`"),
            false => (
                "more than one thing is done in one table",
                "a table for each, in their order: { standing = \"-5\" }, { suspend = true }",
            ),
        };
        report.error(&node.path, message, hint);
        return None;
    }
    if let Some(node) = table.get("standing") {
        return clause(&node, Type::Number, scope, report).map(Consequence::Standing);
    }
    if let Some(node) = table.get("notify") {
        return node.text(languages, report).map(Consequence::Notify);
    }
    let node = table.get("suspend")?;
    if node.value.as_bool() == Some(true) {
        return Some(Consequence::Suspend);
    }
    report.error(&node.path, "`suspend` is true", "write suspend = true, or leave the table out");
    None
}
