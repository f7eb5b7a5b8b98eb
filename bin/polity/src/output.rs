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

/// Prints `value` as JSON, or `text`.
pub(crate) fn print(as_json: bool, value: &impl Serialize, text: impl FnOnce() -> String) -> Outcome {
    if as_json {
        say!("{}", serde_json::to_string(value)?);
    } else {
        let text = text();
        say!("{}", text.trim_end());
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
