//! Collects what is found, and knows where in the file every key is.
//!
//! Checks speak of keys by path (`members.FRA.weights.emissions`); this is the one place that turns a path into a line and a
//! column. A path that is not in the file, such as that of a missing key, is reported at the nearest table that is.

use core::ops::Range;
use std::collections::{BTreeMap, BTreeSet};

use toml::de::{DeTable, DeValue};

use crate::{DIAGNOSTICS_MAX, Diagnostic, Diagnostics, Severity};

/// Where a key and its value are. Units: bytes.
#[derive(Clone, Debug)]
struct Place {
    key: Range<usize>,
    value: Range<usize>,
}

/// The part of a key that a diagnostic points at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    /// Its name.
    Key,
    /// What it is set to.
    Value,
}

/// Diagnostics of one file in the making.
pub(crate) struct Report<'a> {
    text: &'a str,
    line_starts: Vec<usize>,
    places: BTreeMap<String, Place>,
    list: Vec<Diagnostic>,
    /// Set when the file is not TOML throughout: what seems to be missing may be behind the damage.
    damaged: bool,
    damaged_lines: BTreeSet<usize>,
    /// How many were found beyond [`FOUND_MAX`].
    dropped_errors: usize,
    dropped_warnings: usize,
}

/// Most diagnostics that are sorted before the first [`DIAGNOSTICS_MAX`] are shown; the rest are counted.
const FOUND_MAX: usize = 20 * DIAGNOSTICS_MAX;

/// How a message about damage begins.
const NOT_TOML: &str = "not TOML: ";

/// `path` followed by `key`, quoted if it is no bare key of TOML.
pub(crate) fn join(path: &str, key: &str) -> String {
    let bare = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    let dot = if path.is_empty() { "" } else { "." };
    if bare { format!("{path}{dot}{key}") } else { format!("{path}{dot}{key:?}") }
}

/// Whether `path` is `parent` or a part of it.
pub(crate) fn is_under(path: &str, parent: &str) -> bool {
    path.strip_prefix(parent).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

impl<'a> Report<'a> {
    /// A report on `text`, whose keys and values are those of `root`.
    pub(crate) fn new(text: &'a str, root: &DeTable<'_>) -> Self {
        let line_starts =
            core::iter::once(0).chain(text.match_indices('\n').map(|(i, _)| i.saturating_add(1))).collect();
        let mut report = Self {
            text,
            line_starts,
            places: BTreeMap::new(),
            list: Vec::new(),
            damaged: false,
            damaged_lines: BTreeSet::new(),
            dropped_errors: 0,
            dropped_warnings: 0,
        };
        report.locate(root);
        report
    }

    /// Walks the document without recursion and notes where everything is.
    fn locate(&mut self, root: &DeTable<'_>) {
        let mut tables = vec![(String::new(), root)];
        let mut arrays = Vec::new();
        loop {
            if let Some((path, table)) = tables.pop() {
                for (key, value) in table {
                    let path = join(&path, key.get_ref());
                    self.places.insert(path.clone(), Place { key: key.span(), value: value.span() });
                    match value.get_ref() {
                        DeValue::Table(inner) => tables.push((path, inner)),
                        DeValue::Array(inner) => arrays.push((path, inner)),
                        _ => {}
                    }
                }
            } else if let Some((path, array)) = arrays.pop() {
                for (i, value) in array.iter().enumerate() {
                    let path = format!("{path}[{i}]");
                    self.places.insert(path.clone(), Place { key: value.span(), value: value.span() });
                    match value.get_ref() {
                        DeValue::Table(inner) => tables.push((path, inner)),
                        DeValue::Array(inner) => arrays.push((path, inner)),
                        _ => {}
                    }
                }
            } else {
                return;
            }
        }
    }

    /// Reports an error at the value of `path`.
    pub(crate) fn error(&mut self, path: &str, message: impl Into<String>, hint: impl Into<String>) {
        self.add(Severity::Error, path, At::Value, message.into(), hint.into());
    }

    /// Reports an error at the name of the key `path`.
    pub(crate) fn error_at_key(&mut self, path: &str, message: impl Into<String>, hint: impl Into<String>) {
        self.add(Severity::Error, path, At::Key, message.into(), hint.into());
    }

    /// Reports an error at `span`, which is part of `path`.
    pub(crate) fn error_at(&mut self, path: &str, span: Range<usize>, message: String, hint: String) {
        self.push(Severity::Error, path, span, message, hint);
    }

    /// Reports an error at byte `offset` of the string `written` that `path` is set to; at its beginning where the file does not have the
    /// string as it is: with escapes, or over several lines.
    pub(crate) fn error_within(
        &mut self,
        path: &str,
        written: &str,
        offset: usize,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        let span = self.within(self.place(path, At::Value), written, offset);
        self.push(Severity::Error, path, span, message.into(), hint.into());
    }

    /// The same as a warning.
    pub(crate) fn warning_within(
        &mut self,
        path: &str,
        written: &str,
        offset: usize,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        let span = self.within(self.place(path, At::Value), written, offset);
        self.push(Severity::Warning, path, span, message.into(), hint.into());
    }

    /// Byte `offset` of the string `written`, whose value is at `span`, quotes included.
    fn within(&self, span: Range<usize>, written: &str, offset: usize) -> Range<usize> {
        let inside = span.start.saturating_add(1)..span.end.saturating_sub(1);
        let at = inside.start.saturating_add(offset);
        let is_plain = self.text.get(inside.clone()) == Some(written) && written.is_char_boundary(offset);
        if is_plain { at..span.end } else { span }
    }

    /// Reports a warning at the value of `path`.
    pub(crate) fn warning(&mut self, path: &str, message: impl Into<String>, hint: impl Into<String>) {
        self.add(Severity::Warning, path, At::Value, message.into(), hint.into());
    }

    /// Reports a warning at the name of the key `path`.
    pub(crate) fn warning_at_key(&mut self, path: &str, message: impl Into<String>, hint: impl Into<String>) {
        self.add(Severity::Warning, path, At::Key, message.into(), hint.into());
    }

    /// Reports that the table `path` lacks `key`.
    pub(crate) fn missing(&mut self, path: &str, key: &str, hint: impl Into<String>) {
        if !self.damaged {
            let of = if path.is_empty() { "the charter".to_owned() } else { path.to_owned() };
            self.error_at_key(&join(path, key), format!("`{key}` is missing from {of}"), hint);
        }
    }

    /// Reports that the bytes `span` are not TOML.
    pub(crate) fn syntax(&mut self, span: Range<usize>, message: &str) {
        if message == "duplicate key" {
            return self.duplicate(span);
        }
        self.damaged = true;
        self.damaged_lines.insert(self.position(span.start).0);
        let first = message.chars().next().map(|c| c.to_lowercase().to_string()).unwrap_or_default();
        let rest = message.get(message.chars().next().map_or(0, char::len_utf8)..).unwrap_or_default();
        self.push(Severity::Error, "", span, format!("{NOT_TOML}{first}{rest}"), String::new());
    }

    /// Reports a key given twice: the second place, naming the first.
    fn duplicate(&mut self, span: Range<usize>) {
        let written = self.text.get(span.clone()).unwrap_or_default();
        let name = written.trim_matches(['"', '\'']);
        let ends = |path: &str| {
            path.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with(['.', '"']))
        };
        if self.list.len() > DIAGNOSTICS_MAX {
            return self.push(
                Severity::Error,
                "",
                span,
                format!("key `{name}` is given twice"),
                String::new(),
            );
        }
        let first = (self.places.iter())
            .filter(|(path, place)| place.key.start < span.start && ends(path.trim_end_matches('"')))
            .max_by_key(|(_, place)| place.key.start)
            .map(|(path, place)| (path.clone(), self.position(place.key.start).0));
        let (path, hint) = match first {
            Some((path, line)) => (path, format!("it is first given on line {line}; keep one of the two")),
            None => (self.path_of(&span).to_owned(), "keep one of the two".to_owned()),
        };
        let what = match path.split('.').collect::<Vec<_>>().as_slice() {
            ["members", _] => "member",
            ["chambers", _] => "chamber",
            ["rules", _] => "rule",
            ["treaties", _] => "treaty",
            ["accounts", _] => "account",
            ["authorities", _] => "authority",
            ["articles", _] => "article",
            _ => "key",
        };
        self.push(Severity::Error, &path, span, format!("{what} `{name}` is given twice"), hint);
    }

    /// The path of the smallest value or key that covers `span`; empty if it is the file.
    pub(crate) fn path_of(&self, span: &Range<usize>) -> &str {
        let covers = |range: &Range<usize>| range.start <= span.start && span.end <= range.end;
        (self.places.iter())
            .filter(|(_, place)| covers(&place.key) || covers(&place.value))
            .min_by_key(|(path, place)| {
                let size = if covers(&place.key) { place.key.len() } else { place.value.len() };
                (size, core::cmp::Reverse(path.len()))
            })
            .map_or("", |(path, _)| path)
    }

    /// Where `path` is: its own place, or that of the nearest table around it that is in the file.
    fn place(&self, path: &str, at: At) -> Range<usize> {
        if let Some(place) = self.places.get(path) {
            return if at == At::Key { place.key.clone() } else { place.value.clone() };
        }
        let mut around = path;
        while let Some(i) = around.rfind(['.', '[']) {
            around = around.get(..i).unwrap_or_default();
            if let Some(place) = self.places.get(around) {
                return place.key.clone();
            }
        }
        0..0
    }

    /// Whether no error is at or below a path that `touches` accepts.
    pub(crate) fn is_clean(&self, touches: impl Fn(&str) -> bool) -> bool {
        !self.list.iter().any(|d| d.severity == Severity::Error && touches(&d.path))
    }

    /// Whether the file is not TOML throughout.
    pub(crate) const fn is_damaged(&self) -> bool {
        self.damaged
    }

    /// Drops what is only said because a value next to damage was read as something else, or as nothing.
    fn forget_consequences(&mut self) {
        let damaged_lines = core::mem::take(&mut self.damaged_lines);
        self.list.retain(|d| {
            d.message.starts_with(NOT_TOML) || !(d.span.is_empty() || damaged_lines.contains(&d.line))
        });
    }

    fn add(&mut self, severity: Severity, path: &str, at: At, message: String, hint: String) {
        self.push(severity, path, self.place(path, at), message, hint);
    }

    fn push(&mut self, severity: Severity, path: &str, span: Range<usize>, message: String, hint: String) {
        if self.list.len() >= FOUND_MAX {
            let dropped = match severity {
                Severity::Error => &mut self.dropped_errors,
                Severity::Warning => &mut self.dropped_warnings,
            };
            *dropped = dropped.saturating_add(1);
            return;
        }
        let (line, column) = self.position(span.start);
        let hint = (!hint.is_empty()).then_some(hint);
        self.list.push(Diagnostic { severity, message, hint, line, column, span, path: path.to_owned() });
    }

    /// Line and column, from 1, of a byte of the file; columns count characters.
    fn position(&self, offset: usize) -> (usize, usize) {
        let line = self.line_starts.partition_point(|start| *start <= offset).max(1);
        let start = self.line_starts.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let column = self.text.get(start..offset).map_or(0, |before| before.chars().count());
        (line, column.saturating_add(1))
    }

    /// Errors and warnings, each in the order of the file.
    pub(crate) fn finish(mut self, file: &str) -> (Diagnostics, Diagnostics) {
        if self.damaged {
            self.forget_consequences();
        }
        self.list.sort_by(|a, b| {
            (a.line, a.column, a.severity, &a.message).cmp(&(b.line, b.column, b.severity, &b.message))
        });
        self.list.dedup();
        let (errors, warnings) = self.list.into_iter().partition(|d| d.severity == Severity::Error);
        let bounded = |mut list: Vec<Diagnostic>, dropped: usize| {
            let omitted = list.len().saturating_sub(DIAGNOSTICS_MAX).saturating_add(dropped);
            list.truncate(DIAGNOSTICS_MAX);
            Diagnostics { file: file.to_owned(), list, omitted }
        };
        (bounded(errors, self.dropped_errors), bounded(warnings, self.dropped_warnings))
    }
}
