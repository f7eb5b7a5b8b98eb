//! How often a worked chain undoes by accident what it called final, with nobody attacking it.
//!
//! Two blocks of one height are found when a second one is found before the first has reached its finder: with probability
//! `1 - exp(-d / t)`, where `d` is the time a block takes to reach everyone and `t` the interval. Both branches go on only while that
//! happens again at every further height; so a block under `k` others is undone with at most that probability to the power `k + 1`.
//!
//! The bound is tried against a simulation in the tests, where accidents are two to ten times rarer; it is a bound for the whole
//! network, however its power is shared out. Attackers come on top: the slower blocks travel against the interval, the smaller the part
//! of the work that suffices to overtake the rest.
//!
//! Source: Decker and Wattenhofer, "Information propagation in the Bitcoin network", 2013, section 3 (blocks found during propagation);
//! Sompolinsky and Zohar, "Secure high-rate transaction processing in Bitcoin", 2015, section 3 (rate times delay is what counts);
//! Nakamoto, "Bitcoin", 2008, section 11 (one in a thousand as the risk of whoever waits).

use core::fmt;

use crate::Work;

/// Time in which a block is taken to reach every node. Units: seconds. Generous for one city, short for a busy planet.
///
/// Source: half of Bitcoin's nodes had a block of up to a megabyte after 3.3 s in 2014 (bitcoinstats.com), before blocks were sent as
/// lists of transactions that are known already (BIP 152).
const PROPAGATION_SECS: u64 = 1;

/// Blocks of which one at most may be undone. Source: Nakamoto, section 11.
const BLOCKS_PER_ACCIDENT: u64 = 1_000;

/// 1 in the fixed point of this file.
const ONE: u128 = 1_000_000_000_000;

/// Squarings by which the exponential is reached: `exp(-x) >= (1 - x / 2^10)^(2^10)`.
const SQUARINGS: u32 = 10;

/// Settings of work under which final blocks are undone too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Haste {
    /// Heights of a hundred with two blocks or more, at most.
    pub forked_percent: u64,
    /// Final blocks of a thousand that are undone, at most.
    pub undone_permille: u64,
    interval: u64,
    confirmations: u64,
    /// Confirmations with which the interval would do.
    pub confirmations_enough: u64,
    /// Interval with which the confirmations would do. Units: seconds.
    pub interval_enough: u64,
}

impl fmt::Display for Haste {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { forked_percent, undone_permille, interval, confirmations, .. } = self;
        write!(
            f,
            "a block every {interval} s, final under {confirmations} more: where one takes {PROPAGATION_SECS} s to reach everyone, up to \
             {forked_percent} % of the heights have two, and up to {undone_permille} of 1000 final blocks are undone by accident"
        )
    }
}

impl Haste {
    /// What would do.
    #[must_use]
    pub fn hint(&self) -> String {
        let Self { confirmations_enough, interval_enough, .. } = self;
        format!(
            "one in {BLOCKS_PER_ACCIDENT} at most: confirmations = {confirmations_enough} with this interval, or interval = \
             \"{interval_enough}s\" with these confirmations"
        )
    }
}

impl Work {
    /// What is wrong with them if more than one final block in a thousand may be undone by accident; else `None`.
    #[must_use]
    pub fn haste(&self) -> Option<Haste> {
        let (interval, confirmations) = (self.interval.max(1), self.confirmations);
        if is_rare(undone(interval, confirmations)) {
            return None;
        }
        // Longer intervals and more confirmations make it rarer, and of each there is one that suffices.
        let enough = |likely: &dyn Fn(u64) -> bool| {
            (1..=u64::from(u16::MAX)).find(|at| likely(*at)).unwrap_or(u64::MAX)
        };
        Some(Haste {
            forked_percent: part(forked(interval), 100),
            undone_permille: part(undone(interval, confirmations), 1_000),
            interval,
            confirmations,
            confirmations_enough: enough(&|confirmations| is_rare(undone(interval, confirmations))),
            interval_enough: enough(&|interval| is_rare(undone(interval, confirmations))),
        })
    }
}

fn is_rare(chance: u128) -> bool {
    chance.saturating_mul(BLOCKS_PER_ACCIDENT.into()) <= ONE
}

/// `chance` of `of`, rounded up.
fn part(chance: u128, of: u64) -> u64 {
    u64::try_from(chance.saturating_mul(of.into()).div_ceil(ONE)).unwrap_or(of)
}

/// At most how likely a height has two blocks. Bounds: `interval >= 1`.
fn forked(interval: u64) -> u128 {
    let x = ONE.saturating_mul(PROPAGATION_SECS.into()).checked_div(interval.into()).unwrap_or(ONE).min(ONE);
    let mut alone = ONE.saturating_sub(x.div_ceil(1 << SQUARINGS));
    for _ in 0..SQUARINGS {
        alone = product(alone, alone);
    }
    ONE.saturating_sub(alone)
}

/// At most how likely a block under `confirmations` others is undone.
pub(crate) fn undone(interval: u64, confirmations: u64) -> u128 {
    let once = forked(interval);
    let (mut chance, mut square, mut left) = (ONE, once, confirmations.saturating_add(1));
    while left > 0 {
        if left % 2 == 1 {
            chance = product(chance, square);
        }
        square = product(square, square);
        left /= 2;
    }
    chance
}

fn product(a: u128, b: u128) -> u128 {
    a.saturating_mul(b).checked_div(ONE).unwrap_or_default()
}
