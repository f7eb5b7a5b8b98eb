//! Writes public keys into the text of a charter, and leaves everything else of it as its authors wrote it.

use std::collections::BTreeMap;

use alloy_primitives::hex;
use polity_primitives::Address;
use toml_edit::{DocumentMut, InlineTable, Item, TableLike, Value};

use crate::{MemberKeys, NodeKeys};

/// Why a text could not be changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is not TOML.
    #[error("the charter is not TOML: {message}")]
    Toml {
        /// What the reader says, with line and column.
        message: String,
    },
    /// The charter has no table of members.
    #[error("the charter has no table [members]")]
    NoMembers,
    /// Keys for nobody.
    #[error("`{id}` is neither a member nor an account of the charter")]
    UnknownId {
        /// The id.
        id: String,
    },
    /// A number of nodes that one machine cannot run.
    #[error("{nodes} nodes, but a development network has 1 to {}", crate::DEV_NODES_MAX)]
    Nodes {
        /// The number.
        nodes: usize,
    },
}

impl Error {
    pub(crate) fn toml(error: toml_edit::TomlError) -> Self {
        Self::Toml { message: error.to_string() }
    }
}

/// `text` with the public keys of members and funded accounts (by id) written in; comments, order and layout stay. A key that
/// is there already is replaced. Of an account only the address is written.
///
/// # Errors
/// [`Error`].
pub fn with_keys(text: &str, keys: &BTreeMap<String, MemberKeys>) -> Result<String, Error> {
    let mut document: DocumentMut = text.parse().map_err(Error::toml)?;
    for (id, keys) in keys {
        if let Some(member) = entry(&mut document, "members", id) {
            set(member, "address", address(keys.address));
            set(member, "recovery", address(keys.recovery));
            if let Some(node) = keys.node {
                set(member, "node", node_table(&node));
            }
        } else if let Some(account) = entry(&mut document, "accounts", id) {
            set(account, "address", address(keys.address));
        } else {
            return Err(Error::UnknownId { id: id.clone() });
        }
    }
    Ok(document.to_string())
}

/// The table `section.id`, in any of the ways TOML has to write it.
fn entry<'a>(document: &'a mut DocumentMut, section: &str, id: &str) -> Option<&'a mut dyn TableLike> {
    document.get_mut(section)?.as_table_like_mut()?.get_mut(id)?.as_table_like_mut()
}

/// Sets a key. The blank before the closing brace of `{ a = 1 }` belongs to the last value in it, so it has to move on.
pub(crate) fn set(table: &mut dyn TableLike, key: &str, value: Value) {
    let last = table.iter().last().map(|(key, _)| key.to_owned());
    let last = last.filter(|last| last != key && !table.contains_key(key));
    let previous = last.and_then(|last| table.get_mut(&last)).and_then(Item::as_value_mut);
    let suffix = previous.and_then(|value| {
        let suffix = value.decor().suffix()?.as_str()?.to_owned();
        let is_blank = suffix.chars().all(|c| c == ' ');
        is_blank.then(|| value.decor_mut().set_suffix(""))?;
        Some(suffix)
    });
    table.insert(key, Item::Value(value));
    if let (Some(suffix), Some(value)) = (suffix, table.get_mut(key).and_then(Item::as_value_mut)) {
        value.decor_mut().set_suffix(suffix);
    }
}

fn address(address: Address) -> Value {
    Value::from(address.to_checksum(None))
}

fn node_table(node: &NodeKeys) -> Value {
    let mut table = InlineTable::new();
    table.insert("consensus", Value::from(hex::encode_prefixed(node.consensus)));
    table.insert("peer", Value::from(hex::encode_prefixed(node.peer)));
    Value::InlineTable(table)
}
