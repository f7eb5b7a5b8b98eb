//! The executor: the rules of one chain, applied to any state.

use polity_charter::Charter;
use revm::state::EvmState;

use crate::{ChainRules, ReadError, StateReader, block::Live};

/// Executes blocks and answers questions about states. Holds no state; shared freely between threads.
#[derive(Clone, Debug)]
pub struct Executor {
    founding: ChainRules,
    institutions: bool,
}

impl Executor {
    /// An executor of the chain founded with the rules `founding`.
    #[must_use]
    pub const fn new(founding: ChainRules) -> Self {
        Self { founding, institutions: true }
    }

    /// The same without institutions and without system transactions: plain Ethereum, for conformance suites.
    #[must_use]
    pub const fn bare(founding: ChainRules) -> Self {
        Self { founding, institutions: false }
    }

    /// The rules of the first block.
    #[must_use]
    pub const fn founding(&self) -> &ChainRules {
        &self.founding
    }

    /// The rules of the block on top of `state`. Cost: ten slots.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn rules_after(&self, state: &dyn StateReader) -> Result<ChainRules, ReadError> {
        if !self.institutions {
            return Ok(self.founding.clone());
        }
        let still = EvmState::default();
        let slots = Live::new(&still, state);
        let rules = self.founding.after(&slots);
        slots.finish(rules)
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
