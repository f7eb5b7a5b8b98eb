//! What a miner gains by lying about the time.
//!
//! Difficulty follows timestamps, so a miner may stamp its blocks as late as others accept ([`AHEAD_SECS_MAX`] ahead of their clocks), or as early as the rules
//! allow. The headers and difficulties are the production's rules; time passes by chance. Each row is measured against honest miners with
//! the same luck, block by block, so that only the lie makes a difference.
//!
//! Theory: the schedule is absolute, a function of the parent's timestamp and height alone. Blocks still come at the interval once difficulty
//! follows; a chain whose timestamps are `s` seconds ahead of the time is `s` seconds ahead of the schedule, once and not once more with each block. So late stamps gain at
//! most [`AHEAD_SECS_MAX`] seconds of blocks in all, and make no block easier than by 2^(-s / half-life). They make it so for
//! everyone, not for the liar. Early stamps only make blocks harder, as long as others stamp truly.

use polity_consensus::work::{AHEAD_SECS_MAX, Anchor, MEDIAN_SPAN, Rules, earliest};
use polity_primitives::{Header, Height, U256};

use super::{Interval, Z_95, mean};
use crate::rng::Rng;

/// Seconds between blocks that difficulty aims at.
const INTERVAL_SECS: u64 = 15;
/// Difficulty of the first block; so many hashes are made in an interval.
const DIFFICULTY: u64 = 1_000_000_000;

/// How liars stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stamp {
    /// As late as others accept.
    Late,
    /// As early as the rules allow.
    Early,
}

impl Stamp {
    const fn further(self, one: f64, other: f64) -> f64 {
        match self {
            Self::Late => one.min(other),
            Self::Early => one.max(other),
        }
    }
}

/// What a share of liars gains.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Row {
    /// How they stamp.
    pub stamp: Stamp,
    /// Their share of the hash power.
    pub share: f64,
    /// How far the chain is ahead of one of honest miners, on average over a run. Units: seconds' worth of blocks.
    pub ahead: Interval,
    /// Easiest block after late stamps, hardest after early ones, against the one of the same height of honest miners: a factor of its
    /// difficulty.
    pub extreme: f64,
}

/// The table.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct TimeWarp {
    /// Blocks of each run.
    pub blocks: u64,
    /// Runs of each row.
    pub runs: u64,
    /// Factor below which late stamps make no block's difficulty.
    pub bound: f64,
    /// By stamp and share.
    pub rows: Vec<Row>,
}

/// A chain of headers; of each only what the rules look at.
struct Chain {
    rules: Rules,
    tip: Header,
    past: Vec<u64>,
    now: f64,
}

impl Chain {
    fn new() -> Self {
        // A long time after the epoch, so that nothing is cut off at 0.
        let start = 1_000_000;
        let anchor = Anchor { height: Height(0), timestamp_secs: start, difficulty: U256::from(DIFFICULTY) };
        let rules =
            Rules { interval_secs: INTERVAL_SECS, confirmations: 6, checkpoint: 100, anchor, until: None };
        let tip = Header { timestamp: start, ..Header::default() };
        #[allow(clippy::cast_precision_loss, reason = "small")]
        Self { rules, tip, past: vec![start], now: start as f64 }
    }

    fn difficulty(&self) -> f64 {
        f64::from(self.rules.difficulty(&self.tip))
    }

    /// A block is found after `luck` times the mean, and stamped.
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "seconds"
    )]
    fn grow(&mut self, luck: f64, stamp: Option<Stamp>) {
        self.now += luck * self.difficulty() * INTERVAL_SECS as f64 / DIFFICULTY as f64;
        let (now, least) = (self.now as u64, earliest(&self.past));
        let timestamp = match stamp {
            None => now.max(least),
            Some(Stamp::Late) => now.saturating_add(AHEAD_SECS_MAX).max(least),
            Some(Stamp::Early) => least,
        };
        let header = Header { number: self.tip.number + 1, timestamp, ..Header::default() };
        self.rules = self.rules.after(self.tip.timestamp, &header);
        self.tip = header;
        self.past.insert(0, timestamp);
        self.past.truncate(MEDIAN_SPAN);
    }
}

#[allow(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn run(rng: &mut Rng, stamp: Stamp, share: f64, blocks: u64) -> (f64, f64) {
    let (mut honest, mut warped) = (Chain::new(), Chain::new());
    let (mut ahead, mut extreme) = (0.0, 1.0);
    for _ in 0..blocks {
        extreme = stamp.further(extreme, warped.difficulty() / honest.difficulty());
        let (luck, lies) = (rng.exponential(1.0), rng.unit() < share);
        honest.grow(luck, None);
        warped.grow(luck, lies.then_some(stamp));
        // Both have found as many blocks: the one that took less time is ahead.
        ahead += honest.now - warped.now;
    }
    (ahead / blocks.max(1) as f64, extreme)
}

/// Measures `runs` of `blocks` for each way to stamp and each share.
#[must_use]
pub fn time_warp(seed: u64, runs: u64, blocks: u64, shares: &[f64]) -> TimeWarp {
    let mut rows = Vec::new();
    for (s, stamp) in (0u64..).zip([Stamp::Late, Stamp::Early]) {
        for (i, share) in (0u64..).zip(shares) {
            let rng = Rng::new(seed).fork(s * 1_000 + i);
            let played: Vec<_> = (0..runs).map(|at| run(&mut rng.fork(at), stamp, *share, blocks)).collect();
            let ahead = mean(&played.iter().map(|(ahead, _)| *ahead).collect::<Vec<_>>(), Z_95);
            let extreme = played.iter().fold(1.0, |so_far, (_, one)| stamp.further(so_far, *one));
            rows.push(Row { stamp, share: *share, ahead, extreme });
        }
    }
    let half_life = Chain::new().rules.half_life_secs();
    #[allow(clippy::cast_precision_loss, reason = "small numbers")]
    let bound = (-(AHEAD_SECS_MAX as f64) / half_life as f64).exp2();
    TimeWarp { blocks, runs, bound, rows }
}

impl TimeWarp {
    /// Whether late stamps gain something, at most the bound in blocks and in the difficulty of one, and early ones gain nothing.
    #[must_use]
    pub fn holds(&self) -> bool {
        // Integers: a ten-thousandth of the cubic that stands for 2^x, and a second of rounding.
        let rounding = 1.0005;
        #[allow(clippy::cast_precision_loss, reason = "small")]
        let most = AHEAD_SECS_MAX as f64 + 1.0;
        self.rows.iter().all(|row| {
            let ahead = row.ahead.widened();
            match row.stamp {
                Stamp::Late => ahead.low > 0.0 && ahead.high < most && row.extreme * rounding > self.bound,
                Stamp::Early => ahead.high < 0.0,
            }
        })
    }
}

impl core::fmt::Display for TimeWarp {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        writeln!(
            f,
            "False timestamps under work: {} runs of {} blocks for each row",
            self.runs, self.blocks
        )?;
        writeln!(
            f,
            "stamp  share of hash power  seconds of blocks gained in all [95 % interval]  easiest or hardest block"
        )?;
        for Row { stamp, share, ahead, extreme } in &self.rows {
            let stamp = if *stamp == Stamp::Late { "late" } else { "early" };
            writeln!(f, "{stamp:<5}  {share:<19}  {ahead:<46}  {extreme:.5}")?;
        }
        writeln!(
            f,
            "By theory late stamps gain at most {AHEAD_SECS_MAX} s of blocks, once, and no block is easier than by {:.5}: for everyone.",
            self.bound
        )?;
        f.write_str(if self.holds() { "As theory says." } else { "NOT as theory says." })
    }
}
