//! Settings that differ between two texts of a charter, by path: what was written, and what is written now.
//!
//! Rule kept: only the texts are compared, key by key; what a change means is said elsewhere ([`super::Effect`]).

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use crate::Charter;
use crate::report::{is_under, join};

/// Longest value that is shown. Units: characters.
const VALUE_CHARS_MAX: usize = 200;

/// The settings under `path` that differ, as `path: new (was old)`; separated by semicolons.
pub(super) fn words(old: &Charter, new: &Charter, path: &str) -> String {
    let (before, after) = (leaves(&old.text, path), leaves(&new.text, path));
    let mut found = Vec::new();
    for (key, was) in &before {
        match after.get(key) {
            Some(now) if now == was => {}
            Some(now) => found.push(format!("{key}: {now} (was {was})")),
            None => found.push(format!("{key} is gone (was {was})")),
        }
    }
    let added = after.iter().filter(|(key, _)| !before.contains_key(*key));
    found.extend(added.map(|(key, now)| format!("{key}: {now} (new)")));
    found.join("; ")
}

/// Every value under `path` that is no table, by its path.
fn leaves(text: &str, path: &str) -> BTreeMap<String, String> {
    let Ok(table) = DeTable::parse(text) else { return BTreeMap::new() };
    let root = table.get_ref().iter().map(|(key, value)| (key.get_ref().to_string(), value.get_ref()));
    let mut open: Vec<(String, &DeValue<'_>)> = root.collect();
    let mut found = BTreeMap::new();
    while let Some((at, value)) = open.pop() {
        let concerns = is_under(&at, path) || is_under(path, &at);
        match value {
            _ if !concerns => {}
            DeValue::Table(inner) => {
                open.extend(inner.iter().map(|(key, value)| (join(&at, key.get_ref()), value.get_ref())));
            }
            DeValue::Array(list) if list.iter().any(|element| element.get_ref().is_table()) => {
                open.extend(
                    list.iter().enumerate().map(|(i, value)| (format!("{at}[{i}]"), value.get_ref())),
                );
            }
            value => {
                found.insert(at, shown(value));
            }
        }
    }
    found
}

/// A value as it is written in a charter.
fn shown(value: &DeValue<'_>) -> String {
    let text = match value {
        DeValue::Array(list) => {
            let elements: Vec<_> = list.iter().map(|element| scalar(element.get_ref())).collect();
            format!("[{}]", elements.join(", "))
        }
        value => scalar(value),
    };
    match text.char_indices().nth(VALUE_CHARS_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

fn scalar(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("{text:?}"),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(date) => date.to_string(),
        // No setting of a charter is a list in a list.
        DeValue::Array(_) => "[ … ]".to_owned(),
        DeValue::Table(_) => "{ … }".to_owned(),
    }
}
