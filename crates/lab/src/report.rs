//! What came of a run.

use std::{collections::BTreeSet, fmt};

use polity_primitives::Address;

use crate::{check::Violation, counts::Counts, spec::Spec, world::World};

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// Validators.
    pub nodes: usize,
    /// The highest block that an honest node finalized.
    pub height: u64,
    /// How long it took. Units: virtual milliseconds.
    pub virtual_ms: u64,
    /// How much happened.
    pub counts: Counts,
    /// Validators that evidence on honest nodes' disks convicts.
    pub accused: BTreeSet<Address>,
    /// Validators to blame for disagreements.
    pub culprits: BTreeSet<Address>,
    /// The hash of everything that happened.
    pub trace: String,
    /// What must not be.
    pub violations: Vec<Violation>,
}

impl Report {
    pub(crate) fn of(
        spec: &Spec,
        seed: u64,
        world: &World,
        accused: BTreeSet<Address>,
        culprits: BTreeSet<Address>,
    ) -> Self {
        Self {
            seed,
            nodes: spec.nodes,
            height: world.checker.highest(),
            virtual_ms: world.now_us() / 1_000,
            counts: world.counts,
            accused,
            culprits,
            trace: format!("{:032x}", world.trace.hash()),
            violations: world.checker.violations(),
        }
    }

    /// Whether everything held.
    #[must_use]
    pub const fn is_good(&self) -> bool {
        self.violations.is_empty()
    }

    /// Whether two blocks were finalized at one height.
    #[must_use]
    pub fn disagrees(&self) -> bool {
        self.violations.iter().any(|violation| matches!(violation, Violation::Disagreement { .. }))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { messages, bytes, lost, crashes, rounds, reorganisations, deepest, .. } = self.counts;
        let blocks = self.height.max(1);
        writeln!(
            f,
            "seed {}: {} nodes, height {} after {} virtual ms; {crashes} crashes, {rounds} rounds failed, \
             {reorganisations} reorganisations (the deepest of {deepest})",
            self.seed, self.nodes, self.height, self.virtual_ms
        )?;
        writeln!(
            f,
            "  {messages} messages ({} per height), {bytes} bytes ({} per height), {lost} lost",
            messages / blocks,
            bytes / blocks
        )?;
        if self.counts.switches > 0 {
            let Counts { switches, followed, .. } = self.counts;
            writeln!(f, "  {switches} exchanges of engines; nodes that were away followed {followed} times")?;
        }
        let Counts { shut_out, withheld, reseated, early, too_early, .. } = self.counts;
        for (count, what) in [
            (shut_out, "peers shut out for false words"),
            (withheld, "turns let pass by grinders"),
            (reseated, "blocks that others voted on than on the one before"),
            (early, "times a block was final before the time it claims"),
            (too_early, "proposals refused as ahead of the clock"),
        ] {
            if count > 0 {
                writeln!(f, "  {count} {what}")?;
            }
        }
        if !self.accused.is_empty() {
            writeln!(f, "  convicted of double signing: {:?}", self.accused)?;
        }
        if !self.culprits.is_empty() {
            writeln!(f, "  to blame for the disagreement: {:?}", self.culprits)?;
        }
        for violation in &self.violations {
            writeln!(f, "  VIOLATION: {violation}")?;
        }
        write!(f, "  trace {}", self.trace)
    }
}
