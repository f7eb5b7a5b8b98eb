//! Whether writers are drawn in proportion to stake: the real committee and the real randomness over many heights, without a network.
//!
//! Each height's first proposer is drawn from the randomness of the height before and proves its own, as the ledger has it; a seed is
//! never used twice. What is measured is the share of each seat, with the interval that holds the true one in 95 % of cases.

use std::{collections::BTreeMap, fmt};

use polity_consensus::Fatal;
use polity_constitution::randomness::Question;
use polity_primitives::Height;

use crate::{
    agreement::{Agreement, Founding},
    disk::Store,
    spec::{Mechanism, Spec},
};

/// Standard deviations on both sides of a mean that hold 95 % of a normal distribution.
const Z_95: f64 = 1.959_964;

/// One seat's share.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Share {
    /// The member.
    pub member: String,
    /// What it has bonded. Units: the currency's.
    pub bond: u64,
    /// Its part of all stake.
    pub stake: f64,
    /// Heights it was first to propose in.
    pub blocks: u64,
    /// The interval of its true share. Source: E. B. Wilson, "Probable inference", 1927: the score interval.
    pub interval: (f64, f64),
}

impl Share {
    /// Whether its part of the stake lies in the interval.
    #[must_use]
    pub fn holds(&self) -> bool {
        (self.interval.0..=self.interval.1).contains(&self.stake)
    }
}

/// The shares of all seats.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Shares {
    /// How many heights.
    pub heights: u64,
    /// By seat.
    pub seats: Vec<Share>,
    /// Pearson's chi-square statistic of the blocks against the stakes; one degree of freedom less than seats.
    pub chi_square: f64,
}

#[allow(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
const fn float(count: u64) -> f64 {
    count as f64
}

fn wilson(hits: u64, trials: u64) -> (f64, f64) {
    let (n, p, zz) = (float(trials.max(1)), float(hits) / float(trials.max(1)), Z_95 * Z_95);
    let middle = (p + zz / (2.0 * n)) / (1.0 + zz / n);
    let half = Z_95 / (1.0 + zz / n) * (p * (1.0 - p) / n + zz / (4.0 * n * n)).sqrt();
    (middle - half, middle + half)
}

/// Draws the proposers of `heights` heights among `seats` nodes with unequal stakes.
///
/// # Errors
/// [`Fatal`] if the network cannot be made.
pub fn by_stake(seats: usize, heights: u64) -> Result<Shares, Fatal> {
    let agreement = Agreement::new(&Founding { seats, mechanism: Mechanism::Stake, ..Founding::default() })?;
    let ledger = agreement.open(&Store::Memory(polity_db::Memory::default()))?;
    let (head, chain_id) = (ledger.head(), agreement.charter().chain_id);
    let mut provers = BTreeMap::new();
    for seat in 0..seats {
        let proposer = agreement.proposer(seat)?;
        provers.insert(proposer.address, (seat, proposer.prover));
    }
    let mut blocks = vec![0u64; seats];
    let mut seed = head.header().mix_hash;
    for height in (1..=heights).map(Height) {
        let writer = head.committee.reseeded(seed).proposer(height, 0).address;
        let (seat, prover) = provers.get(&writer).ok_or_else(|| Fatal(format!("{writer} is no node")))?;
        if let Some(count) = blocks.get_mut(*seat) {
            *count = count.saturating_add(1);
        }
        let question = Question { chain_id, height, seed };
        seed = prover.prove(&question).map_err(|e| Fatal::because(&e))?.mix_hash;
    }
    let bond = |node| Spec::stake_of(&[], node);
    let total: u64 = (0..seats).map(bond).sum();
    let share = |(node, blocks): (usize, u64)| Share {
        member: format!("node-{}", node.saturating_add(1)),
        bond: bond(node),
        stake: float(bond(node)) / float(total),
        blocks,
        interval: wilson(blocks, heights),
    };
    let seats: Vec<_> = (0..seats).zip(blocks).map(share).collect();
    let chi_square = seats
        .iter()
        .map(|share| {
            let expected = share.stake * float(heights);
            (float(share.blocks) - expected).powi(2) / expected
        })
        .sum();
    Ok(Shares { heights, seats, chi_square })
}

impl Shares {
    /// Whether chi-square lets the blocks be draws in proportion to stake, at one in a thousand.
    ///
    /// Source: E. B. Wilson and M. M. Hilferty, "The distribution of chi-square", 1931: its cube root is nearly normal.
    #[must_use]
    pub fn is_proportional(&self) -> bool {
        const Z_999: f64 = 3.090_232;
        let degrees = float(self.seats.len().saturating_sub(1).max(1) as u64);
        let spread = 2.0 / (9.0 * degrees);
        ((self.chi_square / degrees).cbrt() - (1.0 - spread)) / spread.sqrt() < Z_999
    }
}

impl fmt::Display for Shares {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Writers by stake: the first proposers of {} heights", self.heights)?;
        writeln!(f, "member     bond  stake     blocks  share [95 % interval]          stake in it")?;
        for share in &self.seats {
            let (low, high) = share.interval;
            let (measured, holds) = (float(share.blocks) / float(self.heights), share.holds());
            writeln!(
                f,
                "{:<10} {:>4}  {:<8.5} {:>7}  {measured:.5} [{low:.5}, {high:.5}]   {}",
                share.member,
                share.bond,
                share.stake,
                share.blocks,
                if holds { "yes" } else { "no" }
            )?;
        }
        let degrees = self.seats.len().saturating_sub(1);
        write!(
            f,
            "chi-square {:.2} of {degrees} degrees of freedom; one interval in twenty misses by chance",
            self.chi_square
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_randomness_draws_writers_in_proportion_to_stake() {
        let shares = by_stake(7, 3_000).expect("drawn");
        assert_eq!(shares.seats.iter().map(|share| share.blocks).sum::<u64>(), 3_000);
        assert!(shares.is_proportional(), "{shares}");
        // The critical value at 0.1 % for six degrees of freedom is 22.458; the approximation has 22.68.
        let at = |chi_square| Shares { chi_square, ..shares.clone() }.is_proportional();
        assert!(at(22.4) && !at(22.8));
        assert!(shares.seats.iter().filter(|share| !share.holds()).count() <= 2, "{shares}");
        assert_eq!(by_stake(7, 3_000).expect("drawn"), shares, "there is no other chance in it");
    }
}
