//! How often a payment under `z` blocks is undone by someone with a share `q` of the hash power.
//!
//! The attacker works on a branch of its own from the block before the payment. It has one block before it pays (Rosenfeld's
//! assumption), so that its branch is heavier, and not just as heavy, when theory says that it has caught up.
//! It gives up so far behind that even with three tenths of the hash power it would come back less than once in 10^7.
//!
//! Sources: S. Nakamoto, "Bitcoin", 2008, §11 (number of the attacker's blocks taken as Poisson distributed); M. Rosenfeld,
//! "Analysis of hashrate-based double spending", 2012, and C. Grunspan, R. Pérez-Marco, "Double spend races", 2018 (its exact
//! distribution is the negative binomial).

use polity_consensus::work::{Tip, Tree};
use polity_primitives::{B256, Header, Height, U256};

use super::{Interval, share};
use crate::rng::Rng;

/// Blocks on top of the payment up to which is looked.
const DEPTH_MAX: usize = 10;
/// Blocks that the attacker may be behind before it gives up.
const BEHIND_MAX: u64 = 20;

/// What theory says and what was measured, of one depth.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Row {
    /// The attacker's share of the hash power.
    pub q: f64,
    /// Blocks that the payee waits for.
    pub z: usize,
    /// The exact probability.
    pub exact: f64,
    /// Its Poisson approximation.
    pub poisson: f64,
    /// What was measured.
    pub measured: Interval,
}

/// The table.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct DoubleSpend {
    /// Attacks per share of hash power.
    pub trials: u64,
    /// By share and depth.
    pub rows: Vec<Row>,
}

/// The exact probability: of `1 − Σ (p^z q^k − q^z p^k) C(k + z − 1, k)` for `k` below `z`.
#[must_use]
pub fn exact(q: f64, z: usize) -> f64 {
    let p = 1.0 - q;
    // The terms of a negative binomial, each from the one before; powers as logarithms would lose nothing here.
    let (mut ours, mut theirs, mut sum) = (1.0, 1.0, 0.0);
    for _ in 0..z {
        (ours, theirs) = (ours * p, theirs * q);
    }
    for k in 0..z {
        sum += ours - theirs;
        #[allow(clippy::cast_precision_loss, reason = "small numbers")]
        let next = (k + z) as f64 / (k + 1) as f64;
        (ours, theirs) = (ours * q * next, theirs * p * next);
    }
    1.0 - sum
}

/// The approximation of Bitcoin's paper: `1 − Σ λ^k e^−λ / k! (1 − (q/p)^(z−k))` for `k` up to `z`, with `λ = z q / p`.
#[must_use]
pub fn poisson(q: f64, z: usize) -> f64 {
    let ratio = q / (1.0 - q);
    #[allow(clippy::cast_precision_loss, reason = "small numbers")]
    let lambda = z as f64 * ratio;
    let (mut term, mut sum) = ((-lambda).exp(), 0.0);
    for k in 0..=z {
        sum += term * (1.0 - ratio.powi(i32::try_from(z - k).unwrap_or(i32::MAX)));
        #[allow(clippy::cast_precision_loss, reason = "small numbers")]
        let next = lambda / (k + 1) as f64;
        term *= next;
    }
    1.0 - sum
}

/// A race of two branches on one block.
struct Race {
    tree: Tree,
    honest: B256,
    secret: B256,
    next: u64,
}

impl Race {
    fn new() -> Self {
        let floor = Tip { hash: B256::ZERO, height: Height(0), work: U256::ZERO };
        let tree = Tree::new(floor, Header::default(), Vec::new());
        Self { tree, honest: B256::ZERO, secret: B256::ZERO, next: 0 }
    }

    fn extend(&mut self, parent: B256) -> B256 {
        self.next += 1;
        let hash = B256::from(U256::from(self.next));
        let number = self.tree.header(&parent).map_or(0, |parent| parent.number) + 1;
        let header = Header { parent_hash: parent, number, difficulty: U256::from(1), ..Header::default() };
        self.tree.add(hash, header);
        hash
    }

    /// Whose block is next: the attacker's, or the others', which everybody follows.
    fn step(&mut self, attacker: bool) {
        if attacker {
            self.secret = self.extend(self.secret);
        } else {
            self.honest = self.extend(self.honest);
            self.tree.follow(&self.honest.clone());
        }
    }

    fn height(&self, hash: &B256) -> u64 {
        self.tree.header(hash).map_or(0, |header| header.number)
    }

    /// The depth below which the payment was undone: it is for payees who waited for fewer blocks, or as many.
    fn undone(mut self, q: f64, rng: &mut Rng) -> Option<usize> {
        let mut undone = None;
        self.step(true);
        loop {
            let (honest, secret) = (self.height(&self.honest), self.height(&self.secret));
            if self.tree.is_heavier(&self.secret) {
                undone = usize::try_from(honest).ok().map(|depth| depth.min(DEPTH_MAX));
            }
            let deep = honest >= DEPTH_MAX as u64;
            if honest > secret + BEHIND_MAX || deep && secret > honest {
                return undone;
            }
            self.step(rng.unit() < q);
        }
    }
}

/// Measures `trials` attacks for each share of the hash power.
#[must_use]
pub fn double_spend(seed: u64, trials: u64, shares: &[f64], quantile: f64) -> DoubleSpend {
    let mut rows = Vec::new();
    for (name, q) in (0u64..).zip(shares) {
        let mut rng = Rng::new(seed).fork(name);
        let mut hits = [0u64; DEPTH_MAX + 1];
        for _ in 0..trials {
            if let Some(depth) = Race::new().undone(*q, &mut rng) {
                hits.iter_mut().take(depth + 1).for_each(|count| *count += 1);
            }
        }
        for (z, count) in hits.into_iter().enumerate() {
            let measured = share(count, trials, quantile);
            rows.push(Row { q: *q, z, exact: exact(*q, z), poisson: poisson(*q, z), measured });
        }
    }
    DoubleSpend { trials, rows }
}

impl DoubleSpend {
    /// Which theory every row is in keeping with: the exact one, and its approximation.
    #[must_use]
    pub fn meets(&self) -> (bool, bool) {
        let all = |theory: fn(&Row) -> f64| self.rows.iter().all(|row| row.measured.holds(theory(row)));
        (all(|row| row.exact), all(|row| row.poisson))
    }

    /// Rows outside of whose interval a theory lies: the exact one, and its approximation.
    #[must_use]
    pub fn misses(&self) -> (usize, usize) {
        let count =
            |theory: fn(&Row) -> f64| self.rows.iter().filter(|row| !row.measured.holds(theory(row))).count();
        (count(|row| row.exact), count(|row| row.poisson))
    }
}

impl core::fmt::Display for DoubleSpend {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        writeln!(f, "Double spending: {} attacks for each share q of the hash power", self.trials)?;
        writeln!(f, "   q   z  exact     Poisson   measured [95 % interval]       meets")?;
        for Row { q, z, exact, poisson, measured } in &self.rows {
            let meets = match (measured.holds(*exact), measured.holds(*poisson)) {
                (true, true) => "both",
                (true, false) => "exact",
                (false, true) => "Poisson",
                (false, false) => "neither",
            };
            writeln!(f, "{q:>4} {z:>3}  {exact:<9.5} {poisson:<9.5} {measured:<30}  {meets}")?;
        }
        let (exact, poisson) = self.misses();
        write!(
            f,
            "Of {} rows the exact negative binomial lies outside the interval in {exact}, the Poisson approximation in {poisson}; \
             by chance one in twenty would.",
            self.rows.len()
        )
    }
}
