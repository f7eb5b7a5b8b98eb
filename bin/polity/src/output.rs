//! What a command says at its end.

use std::{fmt, process::ExitCode};

use serde::Serialize;
use serde_json::json;

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
            Self::Failed(report) => format!("{report:#}"),
        }
    }

    /// Prints it and gives the exit status.
    pub(crate) fn report(self, as_json: bool) -> ExitCode {
        let message = self.text();
        let code = match self {
            Self::Input(_) => 2,
            Self::Failed(_) => 1,
        };
        if as_json {
            say!("{}", json!({ "error": message }));
        } else {
            eprintln!("error: {message}");
        }
        ExitCode::from(code)
    }
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
