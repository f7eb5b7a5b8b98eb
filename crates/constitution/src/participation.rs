//! Who wrote a block and who should have: what the accounts of a block are made of.

use polity_primitives::{Address, Height};

use crate::Committee;

/// Most members that one block holds to have missed their turn. When more rounds fail than this, it is the network that failed.
pub const MISSED_MAX: usize = 16;

/// Who wrote a block, and whose turns before passed without one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Participation {
    /// Consensus address of the writer: the header's beneficiary.
    pub writer: Address,
    /// Consensus addresses of those whose turns in the same height came to nothing, in the order of their turns, each once.
    /// Bounds: [`MISSED_MAX`].
    pub missed: Vec<Address>,
}

impl Participation {
    /// A block written in the first turn, or without turns (work).
    #[must_use]
    pub const fn of(writer: Address) -> Self {
        Self { writer, missed: Vec::new() }
    }
}

impl Committee {
    /// What block `height` by `writer` says about turns: everyone whose round came before the first round of the writer.
    ///
    /// Rule kept: it follows from committee and header alone, so everyone who judges the block finds the same; and it names
    /// nobody whose round was not passed over, since the writer proposed in a round of its own. Rounds that failed between the
    /// writer's first and the one in which it really proposed are not seen.
    #[must_use]
    pub fn participation(&self, height: Height, writer: Address) -> Participation {
        let mut missed: Vec<Address> = Vec::new();
        for round in 0..self.rounds_for_all() {
            let proposer = self.proposer(height, round).address;
            if proposer == writer {
                missed.truncate(MISSED_MAX);
                return Participation { writer, missed };
            }
            if missed.len() < MISSED_MAX && !missed.contains(&proposer) {
                missed.push(proposer);
            }
        }
        // Whoever has no turn was let in by a rule that has none.
        Participation::of(writer)
    }
}
