//! The head: the last block of the best chain.

use std::sync::Arc;

use polity_charter::Charter;
use polity_constitution::{Committee, EngineKind};
use polity_execution::{ChainRules, Executor};
use polity_institutions::{
    Slots,
    constitution::{self, BlockRules},
};
use polity_primitives::{B256, Height, Receipt, RecoveredTransaction, SealedBlock};
use polity_trie::State;

use crate::{Error, after::After, course::Course, trail::Trail};

/// A block with what execution made of it.
#[derive(Clone, Debug)]
pub struct ExecutedBlock {
    /// The block.
    pub block: SealedBlock,
    /// Its transactions with their senders, in order.
    pub transactions: Vec<RecoveredTransaction>,
    /// Their receipts, in order.
    pub receipts: Vec<Receipt>,
}

impl ExecutedBlock {
    /// The block's height.
    #[must_use]
    pub const fn height(&self) -> Height {
        self.block.height()
    }

    /// The block's header.
    #[must_use]
    pub const fn header(&self) -> &polity_primitives::Header {
        &self.block.block.header
    }
}

/// The head: one value, replaced whole. Under BFT it is the last finalized block; under work the tip of the heaviest chain.
#[derive(Clone, Debug)]
pub struct Head {
    /// The last block.
    pub block: Arc<ExecutedBlock>,
    /// The state after it.
    pub state: State,
    /// Who decides the next block.
    pub committee: Arc<Committee>,
    /// The agreement the next block is under.
    pub agreement: Arc<Agreement>,
    /// How the next block is agreed on.
    pub(crate) course: Course,
    /// What of this chain is not in the database yet.
    pub(crate) trail: Trail,
}

/// The charter in force, and what follows from it for blocks.
#[derive(Clone, Debug)]
pub struct Agreement {
    /// The charter.
    pub charter: Charter,
    /// Its number; 0 is the founding charter.
    pub version: u64,
    /// Rules of the next block, for execution.
    pub rules: ChainRules,
    /// Rules of the next block, as the chain keeps them.
    pub block_rules: BlockRules,
}

impl Agreement {
    /// The agreement in force in the block on top of `state`, on the chain that `founding` began.
    pub(crate) fn after(founding: &Charter, executor: &Executor, state: &dyn Slots) -> Result<Self, Error> {
        let rules = executor.founding().after(state);
        let charter = match constitution::charter_text(state) {
            Some(text) if rules.charter_hash != founding.hash => {
                let checked = polity_charter::parse("charter in force", &text);
                checked.map_err(|found| Error::Charter(found.to_string()))?.charter
            }
            _ => founding.clone(),
        };
        if charter.hash != rules.charter_hash {
            let (found, expected) = (charter.hash, rules.charter_hash);
            return Err(Error::Charter(format!(
                "its text has the hash {found}, and the chain names {expected}"
            )));
        }
        let block_rules = constitution::block_rules(state).unwrap_or_else(|| BlockRules::from(&charter));
        Ok(Self { charter, version: constitution::version(state), rules, block_rules })
    }
}

impl Head {
    /// What follows from the state.
    pub(crate) fn after(&self) -> After {
        After {
            committee: self.committee.clone(),
            agreement: self.agreement.clone(),
            course: self.course.clone(),
        }
    }

    /// The engine that writes the next block.
    #[must_use]
    pub const fn engine(&self) -> EngineKind {
        match self.course.next {
            Some(_) => EngineKind::Work,
            None => EngineKind::Bft,
        }
    }

    /// The highest block of its chain that is final: itself where a committee decides; where blocks are worked, the one under as
    /// many others as the charter asks for.
    #[must_use]
    pub fn finalized(&self) -> Height {
        let base = self.trail.base();
        match self.course.rules() {
            Some(rules) if self.height() > base => {
                base.max(Height(self.height().0.saturating_sub(rules.confirmations)))
            }
            _ => base,
        }
    }

    /// The last worked height, once a change to another engine is enacted.
    #[must_use]
    pub fn until(&self) -> Option<Height> {
        self.course.rules().and_then(|rules| rules.until).filter(|until| *until >= self.height())
    }

    /// Its height.
    #[must_use]
    pub fn height(&self) -> Height {
        self.block.height()
    }

    /// Its hash.
    #[must_use]
    pub fn hash(&self) -> B256 {
        self.block.block.hash
    }

    /// Its header.
    #[must_use]
    pub fn header(&self) -> &polity_primitives::Header {
        self.block.header()
    }
}
