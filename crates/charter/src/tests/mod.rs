//! Charters, right and wrong.

mod amend;
mod articles;
mod broken;
mod builtin;
mod diff;
mod hostile;
mod keys;
mod mechanisms;
mod show;
mod values;

use crate::{Checked, parse};

/// The charter in `text`, which has no errors.
fn checked(text: &str) -> Checked {
    parse("charter.toml", text).unwrap_or_else(|diagnostics| panic!("{diagnostics}"))
}
