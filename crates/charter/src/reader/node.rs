//! Values, and the forms that any key may have: tables, lists, words, numbers, ids.

use std::collections::BTreeMap;

use core::ops::{Range, RangeInclusive};

use toml::de::DeValue;

use super::suggest::alternatives;
use super::{Table, suggest};
use crate::report::Report;
use crate::{Text, is_id};

/// Most bytes of a name or of a source.
const WORDS_BYTES_MAX: usize = 1_024;

/// What [`Node::integer`] expects.
const WHOLE: &str = "a whole number";

/// What an id looks like.
pub(super) const ID_HINT: &str = "an id is 1 to 31 of the characters A-Z a-z 0-9 . _ -";

/// What a language code looks like.
pub(crate) const LANGUAGE_HINT: &str =
    "a language is its ISO 639-1 code: two small letters, such as en or zh";

/// Whether `code` has the form of an ISO 639-1 code.
pub(crate) fn is_language(code: &str) -> bool {
    code.len() == 2 && code.bytes().all(|b| b.is_ascii_lowercase())
}

/// A value and its path.
#[derive(Clone)]
pub(crate) struct Node<'a> {
    pub(crate) path: String,
    pub(crate) value: &'a DeValue<'a>,
    pub(crate) span: Range<usize>,
}

impl<'a> Node<'a> {
    pub(super) fn wrong(&self, expected: &str, report: &mut Report<'_>) {
        let found = match self.value {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a decimal number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        let hint = match self.value {
            DeValue::Float(float) if expected != WHOLE => {
                format!("write it in quotes, so that it is exact: \"{float}\"")
            }
            _ => String::new(),
        };
        report.error(&self.path, format!("expected {expected}, found {found}"), hint);
    }

    pub(crate) fn table(&self, report: &mut Report<'_>) -> Option<Table<'a>> {
        let table = self.value.as_table().map(|entries| Table::new(self.path.clone(), entries));
        if table.is_none() {
            self.wrong("a table", report);
        }
        table
    }

    /// The elements of a list of at most `max`.
    pub(crate) fn list(&self, max: usize, report: &mut Report<'_>) -> Vec<Node<'a>> {
        let Some(array) = self.value.as_array() else {
            self.wrong("a list", report);
            return Vec::new();
        };
        if array.len() > max {
            report.error(&self.path, format!("{} elements, but at most {max} fit", array.len()), "");
        }
        let element = |(i, value): (usize, &'a toml::Spanned<DeValue<'a>>)| Node {
            path: format!("{}[{i}]", self.path),
            value: value.get_ref(),
            span: value.span(),
        };
        array.iter().take(max).enumerate().map(element).collect()
    }

    pub(crate) fn string(&self, expected: &str, report: &mut Report<'_>) -> Option<&'a str> {
        let string = self.value.as_str();
        if string.is_none() {
            self.wrong(expected, report);
        }
        string
    }

    /// A string of 1 to [`WORDS_BYTES_MAX`] bytes without control characters.
    pub(crate) fn words(&self, report: &mut Report<'_>) -> Option<String> {
        let words = self.string("words in quotes", report)?;
        let problem = match words {
            _ if words.trim().is_empty() => "it is empty".to_owned(),
            _ if words.len() > WORDS_BYTES_MAX => format!("it is longer than {WORDS_BYTES_MAX} bytes"),
            _ if words.contains(char::is_control) => "it holds a control character".to_owned(),
            _ => return Some(words.to_owned()),
        };
        report.error(&self.path, problem, "");
        None
    }

    /// Words, the same in every language or by language.
    pub(crate) fn text(&self, languages: &[String], report: &mut Report<'_>) -> Option<Text> {
        if self.value.is_str() {
            return self.words(report).map(Text::Same);
        }
        let Some(table) = self.value.as_table().map(|entries| Table::new(self.path.clone(), entries)) else {
            self.wrong("words in quotes, or a table of words by language", report);
            return None;
        };
        let mut by_language = BTreeMap::new();
        for (code, node) in table.entries() {
            if !is_language(code) {
                report.error_at_key(&node.path, format!("`{code}` is no language"), LANGUAGE_HINT);
            } else if let Some(words) = node.words(report) {
                by_language.insert(code.to_owned(), words);
            }
        }
        for language in languages {
            if !table.has(language) {
                let message =
                    format!("no words in `{language}`, which is among the languages of the charter");
                report.warning(&self.path, message, format!("add {language} = \"…\""));
            }
        }
        Some(Text::ByLanguage(by_language))
    }

    /// A whole number in `range`.
    pub(crate) fn integer(&self, range: RangeInclusive<u64>, report: &mut Report<'_>) -> Option<u64> {
        let Some(integer) = self.value.as_integer() else {
            self.wrong(WHOLE, report);
            return None;
        };
        let number = i128::from_str_radix(integer.as_str(), integer.radix()).ok();
        let number = number.and_then(|n| u64::try_from(n).ok()).filter(|n| range.contains(n));
        if number.is_none() {
            let message = format!("{integer} is not between {} and {}", range.start(), range.end());
            report.error(&self.path, message, "");
        }
        number
    }

    /// A whole number in `range`, with its sign.
    pub(crate) fn signed(&self, range: RangeInclusive<i64>, report: &mut Report<'_>) -> Option<i64> {
        let Some(integer) = self.value.as_integer() else {
            self.wrong(WHOLE, report);
            return None;
        };
        let number = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            let message = format!("{integer} is not between {} and {}", range.start(), range.end());
            report.error(&self.path, message, "");
        }
        number
    }

    /// One of a few words.
    pub(crate) fn one_of<T: Copy>(
        &self,
        what: &str,
        words: &[(&str, T)],
        report: &mut Report<'_>,
    ) -> Option<T> {
        let names: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        let word = self.string(&format!("{what} ({})", alternatives(&names)), report)?;
        let found = words.iter().find(|(name, _)| *name == word).map(|(_, value)| *value);
        if found.is_none() {
            report.error(&self.path, format!("`{word}` is no {what}"), suggest(word, &names));
        }
        found
    }

    /// A well-formed id.
    pub(crate) fn id(&self, report: &mut Report<'_>) -> Option<&'a str> {
        let id = self.string("an id in quotes", report)?;
        if is_id(id) {
            return Some(id);
        }
        report.error(&self.path, format!("`{id}` is no id"), ID_HINT);
        None
    }

    /// A list of at most `max` ids, each once.
    pub(crate) fn ids(&self, max: usize, report: &mut Report<'_>) -> Vec<String> {
        let mut ids: Vec<String> = Vec::new();
        for node in self.list(max, report) {
            match node.id(report) {
                Some(id) if ids.iter().any(|other| other == id) => {
                    report.error(&node.path, format!("`{id}` is given twice"), "keep one of the two");
                }
                Some(id) => ids.push(id.to_owned()),
                None => {}
            }
        }
        ids
    }
}
