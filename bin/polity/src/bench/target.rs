//! What must hold of the figures. Source: the issues of the spine, of the assembly and of the constitution of consensus.

use serde::Serialize;

use super::Report;

/// Least share of the limit of recovery and execution that one validator reaches. Units: percent.
const LIMIT_PERCENT_MIN: u64 = 25;
/// Longest median finality of an idle network of four. Units: milliseconds.
const FINALITY_MS_MAX: u64 = 300;
/// Memory of a node stays below this. Units: MB.
const RSS_MB_BELOW: u64 = 500;
/// Transfers after which memory is judged.
const RSS_TRANSFERS: usize = 1_000_000;

/// Longest block of bookkeeping, to the block of an idle network. Units: percent.
const BOOKKEEPING_PERCENT_MAX: u64 = 200;

/// Longest that a height of simulated validators, one for each member of the United Nations, may take. Units: milliseconds of machine time.
const LAB_MS_MAX: u64 = 1_500;
/// Heights after which that is judged.
const LAB_HEIGHTS: u64 = 20;

/// A target, and whether it holds.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Target {
    pub(crate) target: String,
    /// What was measured.
    pub(crate) measured: Option<String>,
    /// `None` if it was not measured, or not with the sizes it is about.
    pub(crate) holds: Option<bool>,
}

impl Target {
    fn new(target: impl Into<String>, judged: Option<(String, bool)>) -> Self {
        let (measured, holds) = judged.unzip();
        Self { target: target.into(), measured, holds }
    }

    pub(crate) fn text(&self) -> String {
        let verdict = match self.holds {
            Some(true) => "holds     ",
            Some(false) => "MISSED    ",
            None => "not judged",
        };
        let measured = self.measured.as_ref().map(|text| format!(": {text}")).unwrap_or_default();
        format!("  {verdict}  {}{measured}\n", self.target)
    }
}

/// All targets.
pub(crate) fn judge(report: &Report) -> Vec<Target> {
    let one = report.one.as_ref();
    let share = one.zip(report.limits.as_ref()).map(|(one, limits)| {
        let (part, whole) = (one.transfers_per_sec, limits.recovery_and_execution_per_sec);
        (super::percent(part, whole), part * 100 >= whole * LIMIT_PERCENT_MIN)
    });
    let anvil = one.zip(report.anvil.as_ref()).map(|(one, anvil)| {
        let (ours, theirs) = (one.transfers_per_sec, anvil.transfers_per_sec);
        (format!("{ours} against {theirs} tx/s"), ours >= theirs)
    });
    let finality = report
        .four
        .as_ref()
        .map(|four| (format!("{} ms", four.finality_p50_ms), four.finality_p50_ms <= FINALITY_MS_MAX));
    let memory = one
        .filter(|one| one.transfers >= RSS_TRANSFERS)
        .map(|one| (format!("{} MB after {}", one.rss_mb_max, one.transfers), one.rss_mb_max < RSS_MB_BELOW));
    vec![
        Target::new(
            format!("one validator: at least {LIMIT_PERCENT_MIN} % of recovery + in-memory EVM"),
            share,
        ),
        Target::new("one validator: at least as fast as anvil", anvil),
        Target::new(format!("four validators, idle: finality p50 at most {FINALITY_MS_MAX} ms"), finality),
        Target::new(
            format!("memory of a node below {RSS_MB_BELOW} MB after {RSS_TRANSFERS} transfers"),
            memory,
        ),
        Target::new(
            "a flood: no block of bookkeeping above twice that of an idle network",
            bookkeeping(report),
        ),
        Target::new(
            format!(
                "193 validators, simulated: at most {LAB_MS_MAX} ms of machine time a height over {LAB_HEIGHTS}"
            ),
            simulated(report),
        ),
    ]
}

fn simulated(report: &Report) -> Option<(String, bool)> {
    let lab = report.lab.as_ref().filter(|lab| lab.heights >= LAB_HEIGHTS)?;
    let text = format!("{} ms over {}", lab.ms_per_height, lab.heights);
    Some((text, lab.good && lab.ms_per_height <= LAB_MS_MAX))
}

/// What bookkeeping adds to a block, against the time an idle network takes for one: its finality.
///
/// One validator executes a block once before it is final; of four on one machine the proposer does, and then the three others
/// share the processors.
fn bookkeeping(report: &Report) -> Option<(String, bool)> {
    let flood = report.flood.as_ref()?;
    let of_four = 1 + 3u64.div_ceil(u64::try_from(report.cores).unwrap_or(u64::MAX).max(1));
    let of = |network: Option<&super::network::Measured>, executions: u64| {
        let idle_us = network?.finality_p50_ms.max(1) * 1_000;
        Some(100 + flood.added_us * executions * 100 / idle_us)
    };
    let percents = [of(report.one.as_ref(), 1), of(report.four.as_ref(), of_four)];
    let worst = percents.into_iter().flatten().max()?;
    let said = |percent: Option<u64>| {
        percent
            .map_or_else(|| "not measured".to_owned(), |percent| format!("{:.2}", super::ratio(percent, 100)))
    };
    let text = format!("one validator {}, four {}", said(percents[0]), said(percents[1]));
    Some((text, worst <= BOOKKEEPING_PERCENT_MAX))
}
