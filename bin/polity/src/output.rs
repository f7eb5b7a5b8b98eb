//! What a command says at its end.

use std::{fmt, process::ExitCode};

use serde::Serialize;
use serde_json::{Value, json};

use crate::words::Refusal;

/// Prints a line to standard output, without colours where nobody sees them; a reader that has gone away is no error.
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(anstream::stdout(), $($text)*);
    }};
}
pub(crate) use say;

/// Why a command did not do its work.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The input is wrong: exit status 2.
    Input(String),
    /// It did not work: exit status 1.
    Failed(eyre::Report),
    /// The chain refused it: exit status 1.
    Refused(Refusal),
}

/// What `run` of a command returns.
pub(crate) type Outcome = Result<ExitCode, Failure>;

impl Failure {
    /// The input is wrong.
    pub(crate) fn input(message: impl fmt::Display) -> Self {
        Self::Input(message.to_string())
    }

    /// It did not work.
    pub(crate) fn failed(message: impl fmt::Display) -> Self {
        Self::Failed(eyre::eyre!("{message}"))
    }

    /// What it says.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Input(message) => message.clone(),
            Self::Failed(report) => chain(report),
            Self::Refused(refusal) => refusal.says.clone(),
        }
    }

    /// Prints it and gives the exit status.
    pub(crate) fn report(self, as_json: bool) -> ExitCode {
        if as_json {
            say!("{}", self.json());
        } else {
            self.complain();
        }
        ExitCode::from(if matches!(self, Self::Input(_)) { 2 } else { 1 })
    }

    /// What is printed of it where data is asked for: `error`, and of a refusal by the chain also its name and a hint.
    pub(crate) fn json(&self) -> Value {
        let mut value = json!({ "error": self.text() });
        if let Self::Refused(refusal) = self {
            value["refusal"] = json!(refusal.raw);
            value["hint"] = json!(refusal.hint);
        }
        value
    }

    /// Prints it to standard error, for people.
    pub(crate) fn complain(&self) {
        eprintln!("error: {}", self.text());
        if let Self::Refused(Refusal { hint: Some(hint), .. }) = self {
            eprintln!("hint: {hint}");
        }
    }
}

/// An error and its causes, each said once: many already end with what the system said.
fn chain(report: &eyre::Report) -> String {
    let mut text = String::new();
    for cause in report.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

impl<E: Into<eyre::Report>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// `text` so that nobody who wrote a part of it can move the cursor, hide or reorder what others wrote: control characters and those that
/// change the direction of writing are escaped. Lines stay lines.
pub(crate) fn harmless(text: &str) -> String {
    escaped(text, |c| !matches!(c, '\n' | '\t'))
}

/// The same for words that belong on one line, written by whoever the line is about.
pub(crate) fn one_line(text: &str) -> String {
    escaped(text, |_| true)
}

fn escaped(text: &str, may: impl Fn(char) -> bool) -> String {
    let misleads = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if misleads(c) && may(c) { out.extend(c.escape_default()) } else { out.push(c) }
    }
    out
}

/// Prints `value` as JSON, or `text`.
pub(crate) fn print(as_json: bool, value: &impl Serialize, text: impl FnOnce() -> String) -> Outcome {
    if as_json {
        say!("{}", serde_json::to_string(value)?);
    } else {
        say!("{}", harmless(text().trim_end()));
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads a file that the user named.
pub(crate) fn read_input(path: &std::path::Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| Failure::input(format!("{}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_others_cannot_forge_lines_or_move_the_cursor() {
        let reason = "x\u{1b}[31m\u{7}\nstatus final\r\u{202e}\u{9b}é 中";
        assert_eq!(one_line(reason), r"x\u{1b}[31m\u{7}\nstatus final\r\u{202e}\u{9b}é 中");
        assert_eq!(harmless("a\n\tb\u{1b}c"), "a\n\tb\\u{1b}c");
    }

    #[test]
    fn the_systems_words_are_said_once() {
        let missing = || std::io::Error::from(std::io::ErrorKind::NotFound);
        let path = std::path::PathBuf::from("home/node.toml");
        let Failure::Failed(report) = Failure::from(polity_node::HomeError::Io { path, source: missing() })
        else {
            panic!("it failed")
        };
        assert_eq!(chain(&report), "home/node.toml: entity not found");
        let outer = eyre::Report::from(missing()).wrap_err("the node does not start");
        assert_eq!(chain(&outer), "the node does not start: entity not found");
    }
}
