//! Tables.

use toml::de::{DeTable, DeValue};

use super::node::ID_HINT;
use super::{Node, suggest};
use crate::is_id;
use crate::report::{Report, join};

/// A table, and the keys that were asked of it.
pub(crate) struct Table<'a> {
    pub(crate) path: String,
    entries: &'a DeTable<'a>,
    known: Vec<&'static str>,
}

impl<'a> Table<'a> {
    pub(crate) const fn new(path: String, entries: &'a DeTable<'a>) -> Self {
        Self { path, entries, known: Vec::new() }
    }

    /// Whether `key` is given.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// Whether `key` was asked for, or passed over.
    pub(crate) fn knows(&self, key: &str) -> bool {
        self.known.contains(&key)
    }

    /// The value of `key`, if given.
    pub(crate) fn get(&mut self, key: &'static str) -> Option<Node<'a>> {
        self.known.push(key);
        let value = self.entries.get(key)?;
        Some(Node { path: join(&self.path, key), value: value.get_ref(), span: value.span() })
    }

    /// The value of `key`; reported with `hint` if it is missing.
    pub(crate) fn require(
        &mut self,
        key: &'static str,
        hint: &str,
        report: &mut Report<'_>,
    ) -> Option<Node<'a>> {
        let value = self.get(key);
        if value.is_none() {
            report.missing(&self.path, key, hint);
        }
        value
    }

    /// Accepts `keys` unread: they belong to something that is refused as a whole.
    pub(crate) fn pass_over(&mut self, keys: &[&'static str]) {
        self.known.extend(keys);
    }

    /// The table under `key`, if given.
    pub(crate) fn section(&mut self, key: &'static str, report: &mut Report<'_>) -> Option<Table<'a>> {
        self.get(key).and_then(|node| node.table(report))
    }

    /// Reports keys that nobody asked for.
    pub(crate) fn finish(self, report: &mut Report<'_>) {
        for (key, _) in self.entries {
            let key = key.get_ref().as_ref();
            if !self.known.contains(&key) {
                let path = join(&self.path, key);
                report.error_at_key(&path, format!("unknown key `{key}`"), suggest(key, &self.known));
            }
        }
    }

    /// Every entry in the order of the file.
    pub(crate) fn entries(&self) -> Vec<(&'a str, Node<'a>)> {
        let mut list: Vec<_> = self.entries.iter().collect();
        list.sort_by_key(|(key, _)| key.span().start);
        let node = |key: &str, value: &'a toml::Spanned<DeValue<'a>>| Node {
            path: join(&self.path, key),
            value: value.get_ref(),
            span: value.span(),
        };
        list.into_iter().map(|(key, value)| (key.get_ref().as_ref(), node(key.get_ref(), value))).collect()
    }

    /// Every entry whose key is a well-formed id, in the order of the file; at most `max`.
    pub(crate) fn named(&self, what: &str, max: usize, report: &mut Report<'_>) -> Vec<(&'a str, Node<'a>)> {
        let mut list = self.entries();
        if list.len() > max {
            report.error_at_key(&self.path, format!("{} {what}, but at most {max} fit", list.len()), "");
            list.truncate(max);
        }
        list.retain(|(id, node)| {
            let fine = is_id(id);
            if !fine {
                report.error_at_key(&node.path, format!("`{id}` is no id"), ID_HINT);
            }
            fine
        });
        list
    }
}
