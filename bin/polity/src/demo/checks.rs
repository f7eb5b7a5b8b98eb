//! Claims, and whether they held.

use anstyle::{AnsiColor, Style};
use serde::Serialize;

/// One claim, what was expected and what the ledger says.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Check {
    pub(crate) claim: String,
    pub(crate) expected: String,
    pub(crate) found: String,
    pub(crate) held: bool,
}

/// All claims of a demonstration.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(transparent)]
pub(crate) struct Checks(Vec<Check>);

impl Checks {
    /// Compares `found` with `expected`.
    pub(crate) fn compare(&mut self, claim: &str, expected: impl ToString, found: impl ToString) {
        let (expected, found) = (expected.to_string(), found.to_string());
        let held = expected == found;
        self.0.push(Check { claim: claim.to_owned(), expected, found, held });
    }

    pub(crate) fn held(&self) -> bool {
        !self.0.is_empty() && self.0.iter().all(|check| check.held)
    }

    /// One line per claim.
    pub(crate) fn text(&self) -> String {
        let color = |color: AnsiColor| Style::new().fg_color(Some(color.into())).bold();
        let (good, bad) = (color(AnsiColor::Green), color(AnsiColor::Red));
        self.0
            .iter()
            .map(|check| {
                if check.held {
                    format!("  {good}✓{good:#} {}: {}\n", check.claim, check.found)
                } else {
                    format!(
                        "  {bad}✗ {}: {} (expected {}){bad:#}\n",
                        check.claim, check.found, check.expected
                    )
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_checked_is_not_success_and_one_failure_fails() {
        let mut checks = Checks::default();
        assert!(!checks.held());
        checks.compare("one", 1, 1);
        assert!(checks.held());
        checks.compare("two", 2, 3);
        assert!(!checks.held());
        assert!(checks.text().contains("two: 3 (expected 2)"));
    }
}
