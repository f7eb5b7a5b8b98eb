//! Where agreement by vote ends: with `n` validators, up to how many may break the protocol.
//!
//! So many of them equivocate, in calm weather, on the real engine: they vote and propose for one block towards some and for
//! another towards others. Counted are the runs in which honest nodes finalized two blocks at one height, whom the signatures
//! convict, and whether anybody honest is among those.

use super::{Interval, share};
use crate::{Fatal, Spec, check::Violation, run};

/// What was seen with so many villains.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Row {
    /// Validators.
    pub nodes: usize,
    /// Of them break the protocol.
    pub villains: usize,
    /// Whether theory says that finality holds: fewer than a third.
    pub safe: bool,
    /// Share of runs in which finality broke.
    pub broken: Interval,
    /// Fewest culprits named in a broken run.
    pub named_least: Option<usize>,
    /// So many must be named at least: more than a third of the power.
    pub named_needed: usize,
    /// Honest validators accused, over all runs.
    pub accused: u64,
    /// Anything else that must not be, over all runs in which finality should hold.
    pub wrong: u64,
}

/// The table.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Threshold {
    /// Runs of each row.
    pub runs: u64,
    /// By number of validators and villains.
    pub rows: Vec<Row>,
}

/// Plays `runs` for each number of validators and villains.
///
/// # Errors
/// [`Fatal`] if a network cannot be made.
pub fn threshold(
    seed: u64,
    runs: u64,
    networks: &[(usize, usize)],
    quantile: f64,
) -> Result<Threshold, Fatal> {
    let row = |(nodes, villains): &(usize, usize)| -> Result<Row, Fatal> {
        let (nodes, villains) = (*nodes, *villains);
        // Half of them at each end of the order of turns.
        let seat = |i: usize| if i.is_multiple_of(2) { i / 2 } else { nodes - 1 - i / 2 };
        let cast: String = (0..villains)
            .map(|i| format!("[[villain]]\nnode = {}\nis = \"equivocator\"\n", seat(i)))
            .collect();
        let text = format!("nodes = {nodes}\nheights = 4\npatience = 120\n[storm]\nseconds = 6\n{cast}");
        let spec = Spec::parse(&text).map_err(|e| Fatal::because(&e))?;
        let safe = villains <= spec.harmless_max();
        let (mut broken, mut accused, mut wrong, mut named_least) = (0u64, 0u64, 0u64, None);
        for run_seed in 0..runs {
            let report = run(&spec, seed.wrapping_mul(1_000).wrapping_add(run_seed), None)?;
            if report.disagrees() {
                broken += 1;
                named_least = Some(named_least.unwrap_or(usize::MAX).min(report.culprits.len()));
            }
            let is_accused = |violation: &&Violation| matches!(violation, Violation::Accused { .. });
            accused += report.violations.iter().filter(is_accused).count() as u64;
            wrong += u64::from(safe && !report.is_good());
        }
        let broken = share(broken, runs, quantile);
        let named_needed = spec.harmless_max() + 1;
        Ok(Row { nodes, villains, safe, broken, named_least, named_needed, accused, wrong })
    };
    Ok(Threshold { runs, rows: networks.iter().map(row).collect::<Result<_, _>>()? })
}

impl Threshold {
    /// Whether all of it is as theory says: nothing wrong up to a third, broken beyond it with more than a third named, and
    /// nobody honest accused anywhere.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.rows.iter().all(|row| {
            let broke = row.broken.estimate > 0.0;
            let named = row.named_least.is_none_or(|least| least >= row.named_needed);
            row.accused == 0 && row.wrong == 0 && named && broke != row.safe
        })
    }
}

impl core::fmt::Display for Threshold {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        writeln!(f, "Agreement by vote: {} runs of each row", self.runs)?;
        writeln!(
            f,
            "validators  villains  theory   broken [95 % interval]         culprits named  honest accused"
        )?;
        for row in &self.rows {
            let theory = if row.safe { "safe" } else { "breaks" };
            let named = row.named_least.map_or("none".to_owned(), |least| format!("at least {least}"));
            writeln!(
                f,
                "{:>10}  {:>8}  {theory:<7}  {:<30}  {named:<14}  {}",
                row.nodes, row.villains, row.broken, row.accused
            )?;
        }
        f.write_str(if self.holds() { "As theory says." } else { "NOT as theory says." })
    }
}
