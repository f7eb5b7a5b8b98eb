//! Where agreement by vote ends: up to which share of the power validators may break the protocol.
//!
//! Theory counts power and not heads: of four with 40, 20, 30 and 10, one is too many and two others are not. The chosen ones equivocate, in calm weather, on the real engine: they vote and propose for one block towards some and for
//! another towards others. Counted are the runs in which honest nodes finalized two blocks at one height, whom the signatures
//! convict, and whether anybody honest is among those.

use polity_primitives::Address;

use super::{Interval, share};
use crate::{Fatal, Spec, check::Violation, run, run::agreement_of, spec::SpecError};

/// What was seen with so many villains.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Row {
    /// Validators.
    pub nodes: usize,
    /// Of them break the protocol.
    pub villains: usize,
    /// Their voting power, in proportion to [`Row::power`].
    pub villain_power: u64,
    /// That of all.
    pub power: u64,
    /// Whether theory says that finality holds: fewer than a third.
    pub safe: bool,
    /// Share of runs in which finality broke.
    pub broken: Interval,
    /// Least power of the culprits named in a broken run.
    pub named_least: Option<u64>,
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

/// Validators, those of them that break the protocol, and what they have at stake; one vote each if that is nothing.
pub type Network<'a> = (usize, &'a [usize], &'a [u64]);

/// The networks of `polity lab experiment bft-threshold`: as many villains as theory allows, one more, and the same by power.
///
/// Villains say one thing to nodes of even number and another to those of odd number. So those that are too many are seated such that both
/// halves of the honest ones fit.
pub const NETWORKS: [Network<'static>; 8] = [
    (4, &[0], &[]),
    (4, &[0, 3], &[]),
    (7, &[0, 6], &[]),
    (7, &[0, 6, 1], &[]),
    (7, &[0, 6, 1, 5], &[]),
    (4, &[2], &UNEQUAL),
    (4, &[1, 3], &UNEQUAL),
    (4, &[0], &UNEQUAL),
];
/// Stakes of which one of four has two fifths.
pub const UNEQUAL: [u64; 4] = [40, 20, 30, 10];

/// The specification of a network whose villains equivocate in calm weather.
///
/// # Errors
/// As [`Spec::parse`].
pub fn equivocators((nodes, villains, stakes): Network<'_>) -> Result<Spec, SpecError> {
    let cast = villains.iter().map(|node| format!("[[villain]]\nnode = {node}\nis = \"equivocator\"\n"));
    let mechanism = if stakes.is_empty() { "rotation" } else { "stake" };
    let text = format!(
        "nodes = {nodes}\nheights = 4\npatience = 120\nmechanism = \"{mechanism}\"\nstakes = {stakes:?}\n\
         [storm]\nseconds = 6\n{}",
        cast.collect::<String>()
    );
    Spec::parse(&text)
}

/// Plays `runs` for each network.
///
/// # Errors
/// [`Fatal`] if a network cannot be made.
pub fn threshold(seed: u64, runs: u64, networks: &[Network<'_>], quantile: f64) -> Result<Threshold, Fatal> {
    let row = |network: &Network<'_>| -> Result<Row, Fatal> {
        let spec = equivocators(*network).map_err(|e| Fatal::because(&e))?;
        let agreement = agreement_of(&(&spec).into())?;
        let power_of = |who: &Address| {
            let seat = agreement.keys().iter().position(|key| key.address() == *who);
            seat.map_or(0, |seat| spec.power_of(seat))
        };
        let safe = spec.is_safe();
        let (mut broken, mut accused, mut wrong, mut named_least) = (0u64, 0u64, 0u64, None);
        for run_seed in 0..runs {
            let report = run(&spec, seed.wrapping_mul(1_000).wrapping_add(run_seed), None)?;
            if report.disagrees() {
                broken += 1;
                let named = report.culprits.iter().map(power_of).sum();
                named_least = Some(named_least.unwrap_or(u64::MAX).min(named));
            }
            let is_accused = |violation: &&Violation| matches!(violation, Violation::Accused { .. });
            accused += report.violations.iter().filter(is_accused).count() as u64;
            wrong += u64::from(safe && !report.is_good());
        }
        let broken = share(broken, runs, quantile);
        let (villain_power, power) = spec.powers();
        let (nodes, villains) = (spec.nodes, spec.villains.len());
        Ok(Row { nodes, villains, villain_power, power, safe, broken, named_least, accused, wrong })
    };
    Ok(Threshold { runs, rows: networks.iter().map(row).collect::<Result<_, _>>()? })
}

impl Threshold {
    /// Whether all of it is as theory says: nothing wrong below a third of the power, broken from it on with at least a third named, and
    /// nobody honest accused anywhere.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.rows.iter().all(|row| {
            let broke = row.broken.estimate > 0.0;
            let named = row.named_least.is_none_or(|least| least.saturating_mul(3) >= row.power);
            row.accused == 0 && row.wrong == 0 && named && broke != row.safe
        })
    }
}

impl core::fmt::Display for Threshold {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        writeln!(f, "Agreement by vote: {} runs of each row", self.runs)?;
        writeln!(
            f,
            "validators  villains  their power  theory   broken [95 % interval]         power named      honest accused"
        )?;
        for row in &self.rows {
            let theory = if row.safe { "safe" } else { "breaks" };
            let named = row.named_least.map_or("none".to_owned(), |least| format!("at least {least}"));
            let power = format!("{} of {}", row.villain_power, row.power);
            writeln!(
                f,
                "{:>10}  {:>8}  {power:>11}  {theory:<7}  {:<30}  {named:<15}  {}",
                row.nodes, row.villains, row.broken, row.accused
            )?;
        }
        f.write_str(if self.holds() { "As theory says." } else { "NOT as theory says." })
    }
}
