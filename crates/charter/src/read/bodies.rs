//! `[rules]` and `[chambers]`.

use polity_decision::Rule;
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue, ValueDeserializer};

use super::members::kinds;
use super::seating::{seating, secrecy};
use crate::reader::{Node, Table, suggest};
use crate::report::{Report, is_under};
use crate::{Chamber, Kind};

/// Most decision rules.
const RULES_MAX: usize = 256;
/// Most chambers.
const CHAMBERS_MAX: usize = 64;
/// Most members of a chamber by name.
const SEATS_MAX: usize = 4_096;
/// Most classes of a chamber.
const CLASSES_MAX: usize = 32;
/// Most mistakes looked for in one rule.
const MISTAKES_MAX: usize = 64;

/// Reads `[chambers]`.
pub(super) fn chambers(
    table: Option<Table<'_>>,
    languages: &[String],
    report: &mut Report<'_>,
) -> Vec<Chamber> {
    let Some(table) = table else { return Vec::new() };
    let mut chambers = Vec::new();
    for (id, node) in table.named("chambers", CHAMBERS_MAX, report) {
        let Some(mut entry) = node.table(report) else { continue };
        let name =
            entry.get("name").and_then(|node| node.text(languages, report)).unwrap_or_else(|| id.into());
        let kinds = entry.get("kinds").map(|node| kind_list(&node, report)).unwrap_or_default();
        let classes = entry.get("classes").map(|node| node.ids(CLASSES_MAX, report)).unwrap_or_default();
        let members = entry.get("members").map(|node| node.ids(SEATS_MAX, report)).unwrap_or_default();
        let rule = entry.require("rule", "the id of a decision rule under [rules]", report);
        let rule = rule.and_then(|node| node.id(report)).unwrap_or_default().to_owned();
        let voting = entry.require("voting", "how long a proposal is open, such as voting = \"7d\"", report);
        let voting_secs = voting.and_then(|node| node.duration_secs(1, report)).unwrap_or(1);
        let delay = entry.get("delay").and_then(|node| node.duration_secs(0, report));
        let delay_secs = delay.unwrap_or(0);
        let seating = seating(&mut entry, report);
        let secret = entry.get("secret").and_then(|node| secrecy(&node, report));
        entry.finish(report);
        chambers.push(Chamber {
            id: id.into(),
            name,
            kinds,
            classes,
            members,
            rule,
            voting_secs,
            delay_secs,
            seating,
            secret,
        });
    }
    chambers
}

/// Reads a list of kinds, each once.
pub(super) fn kind_list(node: &Node<'_>, report: &mut Report<'_>) -> Vec<Kind> {
    let mut list = Vec::new();
    for node in node.list(2 * Kind::ALL.len(), report) {
        match node.one_of("kind of member", &kinds(), report) {
            Some(kind) if list.contains(&kind) => {
                report.error(&node.path, format!("`{kind}` is given twice"), "keep one of the two");
            }
            Some(kind) => list.push(kind),
            None => {}
        }
    }
    list
}

/// Reads `[rules]`: each is a rule file of its own, whose id is its key.
pub(super) fn rules(table: Option<Table<'_>>, report: &mut Report<'_>) -> Vec<Rule> {
    let Some(table) = table else { return Vec::new() };
    let named = table.named("rules", RULES_MAX, report);
    named.into_iter().filter_map(|(id, node)| rule(id, &node, report)).collect()
}

fn rule(id: &str, node: &Node<'_>, report: &mut Report<'_>) -> Option<Rule> {
    node.table(report)?;
    let mut entries = node.value.as_table()?.clone();
    match entries.get("id").map(|value| value.get_ref().as_str()) {
        None => {
            _ = entries
                .insert(Spanned::new(0..0, "id".into()), Spanned::new(0..0, DeValue::String(id.into())))
        }
        Some(Some(own)) if own == id => {}
        Some(_) => {
            report.error(
                &format!("{}.id", node.path),
                format!("the rule under `{id}` has another id"),
                "leave `id` out",
            );
        }
    }
    // serde stops at the first mistake; an unknown key, or the part that is wrong, is taken out and the rest tried again, so that
    // all are reported. A rule that lost a part is not used.
    let mut is_whole = true;
    for _ in 0..MISTAKES_MAX {
        let value = Spanned::new(node.span.clone(), DeValue::Table(entries.clone()));
        let error = match Rule::deserialize(ValueDeserializer::from(value)) {
            Ok(rule) => return Some(rule).filter(|_| is_whole),
            Err(error) => error,
        };
        let span = error.span().unwrap_or_else(|| node.span.clone());
        let path = match report.path_of(&span) {
            inside if is_under(inside, &node.path) => inside.to_owned(),
            _ => node.path.clone(),
        };
        let (message, hint) = explain(error.message());
        report.error_at(&path, span.clone(), message, hint);
        if !remove_key(&mut entries, &span) {
            is_whole = false;
            if !remove_part(&mut entries, &span) {
                return None;
            }
        }
    }
    None
}

/// Removes what `span` lies in: an element of a list, if it is not the only one, or the key; `false` if there is none.
fn remove_part(root: &mut DeTable<'_>, span: &core::ops::Range<usize>) -> bool {
    let Some((key, value)) = root.iter_mut().find(|(_, value)| holds(value, span)) else { return false };
    if let DeValue::Array(list) = value.get_mut() {
        let mut kept = DeArray::new();
        let (before, elements) = (list.len(), list.iter().filter(|element| !holds(element, span)));
        elements.for_each(|element| kept.push(element.clone()));
        let removes = !kept.is_empty() && kept.len() < before;
        *list = kept;
        return removes;
    }
    let key = key.clone();
    root.remove(key.get_ref().as_ref()).is_some()
}

/// Whether `span` lies in `value`, whose tables span their headers only.
fn holds(value: &Spanned<DeValue<'_>>, span: &core::ops::Range<usize>) -> bool {
    let mut values = vec![value];
    while let Some(value) = values.pop() {
        let outer = value.span();
        if outer.start <= span.start && span.end <= outer.end {
            return true;
        }
        match value.get_ref() {
            DeValue::Table(inner) => values.extend(inner.iter().map(|(_, value)| value)),
            DeValue::Array(list) => values.extend(list.iter()),
            _ => {}
        }
    }
    false
}

/// serde's words for a mistake, in ours.
fn explain(message: &str) -> (String, String) {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match quoted.as_slice() {
        [key, known @ ..] if message.starts_with("unknown field") => {
            (format!("unknown key `{key}`"), suggest(key, known))
        }
        [word, known @ ..] if message.starts_with("unknown variant") => {
            (format!("`{word}` is not known here"), suggest(word, known))
        }
        [word, ..] if message.starts_with("unknown denominator") => {
            (format!("`{word}` is not known here"), suggest(word, &["members", "present", "voting", "cast"]))
        }
        [key] if message.starts_with("missing field") => (format!("`{key}` is missing"), String::new()),
        _ => (message.to_owned(), String::new()),
    }
}

/// Removes the key whose name is at `span`, at any depth; `false` if there is none.
fn remove_key(root: &mut DeTable<'_>, span: &core::ops::Range<usize>) -> bool {
    let mut tables = vec![root];
    while let Some(table) = tables.pop() {
        let found = table.iter().map(|(key, _)| key).find(|key| key.span() == *span).cloned();
        if let Some(key) = found {
            return table.remove(key.get_ref().as_ref()).is_some();
        }
        for (_, value) in table.iter_mut() {
            match value.get_mut() {
                DeValue::Table(inner) => tables.push(inner),
                DeValue::Array(list) => {
                    tables.extend(list.iter_mut().filter_map(|element| match element.get_mut() {
                        DeValue::Table(inner) => Some(inner),
                        _ => None,
                    }));
                }
                _ => {}
            }
        }
    }
    false
}
