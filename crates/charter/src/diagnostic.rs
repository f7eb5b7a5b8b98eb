//! What is wrong with a charter, and where.

use core::{fmt, ops::Range};

use serde::Serialize;

/// Most diagnostics reported for one file; the rest are counted.
pub const DIAGNOSTICS_MAX: usize = 1_000;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The charter cannot run.
    Error,
    /// The charter runs, but perhaps not as its founders wish.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// One mistake, or one thing worth a second look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1. Units: characters.
    pub column: usize,
    /// Where in the file. Units: bytes.
    pub span: Range<usize>,
    /// Which key, such as `members.FRA.weights.emissions`; empty for the file as a whole.
    pub path: String,
}

/// Everything found in one file, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Diagnostics {
    /// Name of the file, as given.
    pub file: String,
    /// What was found.
    pub list: Vec<Diagnostic>,
    /// How many more there are beyond [`DIAGNOSTICS_MAX`].
    pub omitted: usize,
}

impl Diagnostics {
    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty() && self.omitted == 0
    }

    /// What was found, in the order of the file.
    pub fn iter(&self) -> core::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// These and `others` of the same file, in the order of the file.
    pub(crate) fn and(mut self, others: Self) -> Self {
        self.list.extend(others.list);
        self.list.sort_by_key(|diagnostic| (diagnostic.line, diagnostic.column));
        self.omitted = self.omitted.saturating_add(others.omitted);
        self
    }

    /// How many are errors.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.list.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = core::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}

impl fmt::Display for Diagnostics {
    /// One paragraph each: `file:line:column: error: message`, then the key and the hint, indented.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Diagnostic { severity, message, hint, line, column, path, .. } in &self.list {
            writeln!(f, "{}:{line}:{column}: {severity}: {message}", self.file)?;
            if !path.is_empty() {
                writeln!(f, "    at {path}")?;
            }
            if let Some(hint) = hint {
                writeln!(f, "    hint: {hint}")?;
            }
        }
        match self.omitted {
            0 => Ok(()),
            omitted => writeln!(f, "{}: and {omitted} more", self.file),
        }
    }
}

impl std::error::Error for Diagnostics {}
