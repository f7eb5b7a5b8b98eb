//! The executor: one charter's rules, applied to any state.

use polity_charter::Charter;

use crate::ChainRules;

/// Executes blocks and answers questions about states. Holds no state; shared freely between threads.
#[derive(Clone, Debug)]
pub struct Executor {
    rules: ChainRules,
    institutions: bool,
}

impl Executor {
    /// An executor by `rules`.
    #[must_use]
    pub const fn new(rules: ChainRules) -> Self {
        Self { rules, institutions: true }
    }

    /// The same without institutions and without system transactions: plain Ethereum, for conformance suites.
    #[must_use]
    pub const fn bare(rules: ChainRules) -> Self {
        Self { rules, institutions: false }
    }

    /// The rules.
    #[must_use]
    pub const fn rules(&self) -> &ChainRules {
        &self.rules
    }

    /// Whether institutions answer.
    #[must_use]
    pub const fn has_institutions(&self) -> bool {
        self.institutions
    }
}

impl From<&Charter> for Executor {
    fn from(charter: &Charter) -> Self {
        Self::new(charter.into())
    }
}
