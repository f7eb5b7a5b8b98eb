//! Amendments: changes of a charter by path, as members propose them and the chain carries them out.
//!
//! Rule kept: an amended charter is a charter. The changes are made in the text, where comments, order and layout stay as
//! they are, and the text that results passes the checks of [`parse`](crate::parse()) as a whole, or nothing is changed. So
//! there is no setting that an amendment can reach and a founder could not have written, and no second list of checks.
//!
//! The text is consensus: every node makes the same changes in the same text and compares the hash. Known answers in the
//! tests guard the layout that comes out of it.
//!
//! Deliberately absent: what a change means to a running chain, and whether it may happen there. That is
//! [`diff`](crate::diff()).

mod edit;
mod path;

use core::{convert::Infallible, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use toml_edit::DocumentMut;

pub use path::{PATH_BYTES_MAX, PATH_STEPS_MAX, Path, Step};

use crate::parse::parse_metered;
use crate::{Checked, Diagnostic, Diagnostics, Severity};

/// Most changes of one amendment.
pub const CHANGES_MAX: usize = 64;

/// File name in diagnostics of the text that the changes lead to.
pub const AMENDED: &str = "amended charter";

/// What a change does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Op {
    /// Replaces a value, or writes a new key into a table that is there.
    Set,
    /// Appends to a list, or writes a new key or table; fails if it is there.
    Add,
    /// Removes a key, a table or an element; fails if it is not there.
    Remove,
}

impl Op {
    /// Every operation; the position is the number in the ABI.
    pub const ALL: [Self; 3] = [Self::Set, Self::Add, Self::Remove];

    /// The word on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Set => "set",
            Self::Add => "add",
            Self::Remove => "remove",
        }
    }
}

/// One change. Written `set fees.policy = "free"`, `add chambers.council = { … }`, `remove treaties.kyoto`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Change {
    /// What it does.
    pub op: Op,
    /// Where: see [`Path`].
    pub path: String,
    /// The new value, as TOML writes it; empty for [`Op::Remove`].
    pub value: String,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.op.as_str(), self.path)?;
        if self.value.is_empty() { Ok(()) } else { write!(f, " = {}", self.value) }
    }
}

impl FromStr for Change {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let op = Op::ALL.into_iter().find(|op| op.as_str() == word).ok_or_else(|| {
            format!("`{word}` is no change: write set PATH = VALUE, add PATH = VALUE or remove PATH")
        })?;
        let (path, rest) = Path::parse_prefix(rest)?;
        let rest = rest.trim();
        let value = match (op, rest.strip_prefix('=')) {
            (Op::Remove, _) if rest.is_empty() => "",
            (Op::Remove, _) => return Err(format!("`remove {path}` takes no value")),
            (_, Some(value)) if !value.trim().is_empty() => value.trim(),
            _ => return Err(format!("write {word} {path} = VALUE")),
        };
        Ok(Self { op, path: path.to_string(), value: value.to_owned() })
    }
}

/// The text with `changes` made, in order, without a look at what it means: the way from one recorded version to the next.
///
/// # Errors
/// The first change that cannot be made, as a diagnostic of the file `change N`.
pub fn rewritten(text: &str, changes: &[Change]) -> Result<String, Diagnostics> {
    let mut document: DocumentMut =
        text.parse().map_err(|error: toml_edit::TomlError| fault("charter", error.to_string()))?;
    if changes.is_empty() || changes.len() > CHANGES_MAX {
        let message = format!("{} changes, but an amendment has 1 to {CHANGES_MAX}", changes.len());
        return Err(fault("amendment", message));
    }
    for (number, change) in (1usize..).zip(changes) {
        edit::make(&mut document, change).map_err(|message| {
            fault(&format!("change {number}"), format!("{}: {message}", change.path.trim()))
        })?;
    }
    let amended = document.to_string();
    if amended == text {
        return Err(fault("amendment", "it changes nothing".to_owned()));
    }
    Ok(amended)
}

/// The charter that `text` becomes by `changes`, checked like any other.
///
/// # Errors
/// The first change that cannot be made, or every mistake of the text they lead to (file name [`AMENDED`]).
pub fn amended(text: &str, changes: &[Change]) -> Result<Checked, Diagnostics> {
    let Ok(result) = amended_metered::<Infallible>(text, changes, &mut |_| Ok(()));
    result
}

/// [`amended()`], telling `meter` of work before it is done. Units: about the reading of one byte each.
///
/// # Errors
/// Outside: the meter's. Inside: as [`amended()`].
pub fn amended_metered<E>(
    text: &str,
    changes: &[Change],
    meter: &mut dyn FnMut(u64) -> Result<(), E>,
) -> Result<Result<Checked, Diagnostics>, E> {
    // Each change is read once and may walk past every key of the text.
    let values: usize =
        changes.iter().map(|change| change.path.len().saturating_add(change.value.len())).sum();
    meter(text.len().saturating_add(values) as u64)?;
    match rewritten(text, changes) {
        Ok(amended) => parse_metered(AMENDED, &amended, meter),
        Err(diagnostics) => Ok(Err(diagnostics)),
    }
}

fn fault(file: &str, message: String) -> Diagnostics {
    let diagnostic = Diagnostic {
        severity: Severity::Error,
        message,
        hint: None,
        line: 1,
        column: 1,
        span: 0..0,
        path: String::new(),
    };
    Diagnostics { file: file.to_owned(), list: vec![diagnostic], omitted: 0 }
}
