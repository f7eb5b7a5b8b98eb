//! Charters that come with the program: the files under `charters/`, and the template of `polity charter new`.

use toml_edit::{DocumentMut, Item};

use crate::Error;

/// Names of the built-in charters.
pub const BUILTIN: [&str; 3] = ["paris", "dev", "switching"];

/// Most validators of the development network on one machine.
pub const DEV_NODES_MAX: usize = 64;

/// The text of the built-in charter `name`.
#[must_use]
pub fn builtin(name: &str) -> Option<&'static str> {
    match name {
        "paris" => Some(include_str!("../../../charters/paris.toml")),
        "dev" => Some(include_str!("../../../charters/dev.toml")),
        "switching" => Some(include_str!("../../../charters/switching.toml")),
        _ => None,
    }
}

/// A commented example to begin a charter with. It checks without errors or warnings.
#[must_use]
pub const fn template() -> &'static str {
    include_str!("template.toml")
}

/// The development charter with `nodes` validators instead of four.
///
/// Bounds: `1..=`[`DEV_NODES_MAX`].
///
/// # Errors
/// [`Error::Nodes`].
pub fn dev(nodes: usize) -> Result<String, Error> {
    if !(1..=DEV_NODES_MAX).contains(&nodes) {
        return Err(Error::Nodes { nodes });
    }
    let text = include_str!("../../../charters/dev.toml");
    let mut document: DocumentMut = text.parse().map_err(Error::toml)?;
    let members = document.get_mut("members").and_then(Item::as_table_mut).ok_or(Error::NoMembers)?;
    let first = members.get("node-1").cloned().ok_or(Error::NoMembers)?;
    members.clear();
    for i in 1..=nodes {
        let mut member = first.clone();
        if let Some(member) = member.as_table_like_mut() {
            member.insert("name", toml_edit::value(format!("Node {i}")));
        }
        members.insert(&format!("node-{i}"), member);
    }
    Ok(document.to_string())
}
