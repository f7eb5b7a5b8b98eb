//! What can be wrong with a rule, a number or a file.

use std::fmt;

use crate::{Problem, SPLIT_PARTS};

/// Which of the files of `polity decide`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputFile {
    /// The decision rule (TOML).
    Rule,
    /// The ballots (JSON).
    Ballots,
    /// Cases with known answers (JSON).
    Cases,
}

impl fmt::Display for InputFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rule => "rule file",
            Self::Ballots => "ballots file",
            Self::Cases => "file of cases",
        })
    }
}

/// One mistake at a place of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// How to put it right.
    pub hint: Option<String>,
}

/// Everything that can go wrong in this crate; all of it is the author's to mend, none is ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not a number as [`crate::parse_rational`] reads it.
    #[error("`{text}` is not a number: {why}")]
    Number {
        /// The text, shortened.
        text: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Not a date.
    #[error("`{text}` is not a date: write year-month-day, such as 2016-10-05")]
    Date {
        /// The text, shortened.
        text: String,
    },
    /// Not a delay.
    #[error("`{text}` is not a delay: write days as 30d, weeks as 2w, months as 6mo, years as 1y")]
    Delay {
        /// The text, shortened.
        text: String,
    },
    /// Not a threshold.
    #[error("`{text}` is not a threshold: {why}")]
    Threshold {
        /// The text, shortened.
        text: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A rule in its canonical form does not read.
    #[error("the rule does not read: {0}")]
    Json(String),
    /// A rule reads but means nothing.
    #[error("{}", join(.0))]
    Rule(Vec<Problem>),
    /// A rule and a ballots file do not fit together.
    #[error("{message}")]
    Mismatch {
        /// Where in the ballots file: keys and indices from the top.
        path: Vec<String>,
        /// What is wrong.
        message: String,
    },
    /// A file does not read, with every mistake found, at least one.
    #[error("{}", places(*.file, .mistakes))]
    File {
        /// Which file.
        file: InputFile,
        /// What is wrong, in the order of the file.
        mistakes: Vec<Mistake>,
    },
    /// Shares of a split ballot that are not the whole ballot.
    #[error("a split ballot is {SPLIT_PARTS} parts in all, but these are {sum}")]
    Split {
        /// What they sum to.
        sum: u64,
    },
    /// Sums do not fit the words they are stored in.
    #[error("a tally does not fit its words: {0}")]
    Words(&'static str),
}

fn join(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn places(file: InputFile, mistakes: &[Mistake]) -> String {
    let lines = mistakes.iter().map(|m| {
        let hint = m.hint.as_ref().map_or_else(String::new, |hint| format!(" ({hint})"));
        format!("{file}, line {}, column {}: {}{hint}", m.line, m.column, m.message)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Line and column, from 1, of byte `offset` of `text`.
pub(crate) fn line_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at.saturating_add(1));
    let line = before.bytes().filter(|b| *b == b'\n').count().saturating_add(1);
    let column = before.get(line_start..).unwrap_or("").chars().count().saturating_add(1);
    (line, column)
}
