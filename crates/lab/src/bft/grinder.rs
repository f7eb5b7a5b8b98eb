//! What a proposer can try so that the next turn is its own too.
//!
//! It tries contents: blocks with other timestamps, to see whether one of them draws it for the next height. Where none does, the last
//! lever is silence: the writer of a later round proves another output. It is silent where its own output leaves it out and another
//! could draw it; in rotation, where no output moves the turn, it is an honest proposer.
//!
//! Source: ADR 18. What silence gains is measured by `polity lab experiment grinding`.

use polity_consensus::Application as _;
use polity_constitution::Committee;
use polity_ledger::LedgerApplication;
use polity_primitives::{Address, B256, Height, SealedBlock, keccak256};

/// Contents it tries. Each is a second further ahead than the one before, which clocks that are right accept.
const CONTENTS: u64 = 3;
/// Outputs it looks at to learn whether any draws it. Source: a member of 193 is missed by all of them in one of four cases.
const OUTPUTS: u8 = 255;

/// What it does with its turn.
#[derive(Clone, Debug)]
pub(super) enum Plan {
    /// Proposes as honest nodes do.
    Propose,
    /// Says nothing.
    Withhold,
    /// Proposes this block, which draws it for the next height, instead of its first.
    Instead(Box<SealedBlock>),
}

/// Whether randomness `seed` of block `height` gives `me` the first turn after it.
fn draws(committee: &Committee, seed: B256, height: Height, me: Address) -> bool {
    committee.reseeded(seed).proposer(height.next(), 0).address == me
}

/// What to do with the turn of `round`. A block that cannot be built is left to the node.
pub(super) fn plan(
    app: &mut LedgerApplication,
    me: Address,
    height: Height,
    round: u32,
    now_ms: u64,
) -> Plan {
    let Ok(committee) = app.committee(height) else { return Plan::Propose };
    for ahead in 0..CONTENTS {
        let now_ms = now_ms.saturating_add(ahead.saturating_mul(1_000));
        let Ok(block) = app.build(height, round, now_ms) else { return Plan::Propose };
        if draws(&committee, block.block.header.mix_hash, height, me) {
            return if ahead == 0 { Plan::Propose } else { Plan::Instead(Box::new(block)) };
        }
    }
    let another = (0..OUTPUTS).any(|output| draws(&committee, keccak256([output]), height, me));
    if another { Plan::Withhold } else { Plan::Propose }
}
