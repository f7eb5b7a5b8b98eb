//! What a selfish miner earns.
//!
//! A share `alpha` of the hash power plays Eyal and Sirer's strategy. The honest rest is so many that no two of them find blocks
//! at once; of them a share `gamma` hears the selfish miner's block first when two compete, and so works on it. Every group
//! follows the chain that the production's [`Tree`] prefers: the heaviest, the first it heard of on a tie.
//!
//! Source: I. Eyal, E. G. Sirer, "Majority is not enough: Bitcoin mining is vulnerable", 2014: equation 8 for the revenue, and
//! (1 − γ) / (3 − 2γ) for the share from which it exceeds the fair one.

use std::{collections::BTreeSet, sync::Arc};

use polity_consensus::work::{Tip, Tree};
use polity_primitives::{B256, Header, Height, U256};

use super::{Interval, mean};
use crate::{rng::Rng, work::Strategy};

/// Blocks that are kept of each chain; longer forks do not happen.
const KEPT: u64 = 200;

/// What theory says and what was measured, of one share.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Row {
    /// Share of honest hash power that works on the selfish miner's block when two compete.
    pub gamma: f64,
    /// The selfish miner's share of the hash power: what it would earn honestly.
    pub alpha: f64,
    /// Its share of the blocks, by theory.
    pub theory: f64,
    /// Measured.
    pub measured: Interval,
}

/// The table.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct SelfishMining {
    /// Blocks found in each run.
    pub blocks: u64,
    /// Runs of each row.
    pub runs: u64,
    /// By share.
    pub rows: Vec<Row>,
    /// From which share on selfishness pays: by `gamma`, theory and measured.
    pub crossings: Vec<(f64, f64, Option<f64>)>,
}

/// The selfish miner's share of the blocks (equation 8).
#[must_use]
pub fn revenue(alpha: f64, gamma: f64) -> f64 {
    let honest = 1.0 - alpha;
    let gained = alpha * honest.powi(2) * (4.0 * alpha + gamma * (1.0 - 2.0 * alpha)) - alpha.powi(3);
    gained / (1.0 - alpha * (1.0 + (2.0 - alpha) * alpha))
}

/// The share from which selfishness pays.
#[must_use]
pub fn fair_from(gamma: f64) -> f64 {
    (1.0 - gamma) / (3.0 - 2.0 * gamma)
}

/// Where the measured revenue of `gamma` first exceeds the fair share, between two rows by a straight line.
#[must_use]
pub fn crossing(rows: &[Row], gamma: f64) -> Option<f64> {
    let gains: Vec<_> = rows
        .iter()
        .filter(|row| row.gamma.total_cmp(&gamma).is_eq())
        .map(|row| (row.alpha, row.measured.estimate - row.alpha))
        .collect();
    gains.windows(2).find_map(|pair| match pair {
        [(a, below), (b, above)] if *below < 0.0 && *above >= 0.0 => {
            Some(a + (b - a) * below / (below - above))
        }
        _ => None,
    })
}

/// One run.
struct Game {
    /// Those who hear the selfish miner first, those who hear others first, and the selfish miner itself.
    views: [Tree; 3],
    strategy: Strategy,
    next: u64,
    /// Names of the selfish miner's blocks; names rise.
    villains: BTreeSet<B256>,
    earned: u64,
    settled: u64,
}

impl Game {
    fn new() -> Self {
        let floor = Tip { hash: B256::ZERO, height: Height(0), work: U256::ZERO };
        let view = Tree::new(floor, Header::default(), Vec::new());
        Self {
            views: [view.clone(), view.clone(), view],
            strategy: Strategy::new(0),
            next: 0,
            villains: BTreeSet::new(),
            earned: 0,
            settled: 0,
        }
    }

    /// A block on the best chain of a view.
    fn found(&mut self, view: usize) -> (B256, Arc<Header>) {
        self.next += 1;
        let parent = self.views[view].best();
        let header = Header {
            parent_hash: parent.hash,
            number: parent.height.0 + 1,
            difficulty: U256::from(1),
            ..Header::default()
        };
        (B256::from(U256::from(self.next)), Arc::new(header))
    }

    fn hears(&mut self, view: usize, blocks: &[(B256, Arc<Header>)]) {
        for (hash, header) in blocks {
            let tree = &mut self.views[view];
            if tree.add(*hash, header.clone()).is_some() && tree.is_heavier(hash) {
                tree.follow(hash);
            }
        }
    }

    /// The selfish miner's blocks above `from` up to `to`.
    fn shown(&self, from: u64, to: Option<u64>) -> Vec<(B256, Arc<Header>)> {
        let tree = &self.views[2];
        let heights = from + 1..=to.unwrap_or(from);
        heights
            .filter_map(|height| tree.at(Height(height)))
            .filter_map(|h| Some((h, Arc::new(tree.header(&h)?.clone()))))
            .collect()
    }

    fn villain_finds(&mut self) {
        let block = self.found(2);
        self.villains.insert(block.0);
        self.hears(2, &[block]);
        let from = self.strategy.shown();
        let to = self.strategy.found(self.views[2].best().height.0);
        let shown = self.shown(from, to);
        (0..2).for_each(|view| self.hears(view, &shown));
    }

    fn honest_finds(&mut self, view: usize) {
        let block = self.found(view);
        let best = self.views[2].best().height.0;
        let from = self.strategy.shown();
        let to = self.strategy.heard(block.1.number, best);
        let shown = self.shown(from, to);
        let block = [block];
        self.hears(2, &block);
        let now = self.views[2].best();
        if now.hash == block[0].0 {
            self.strategy.adopted(now.height.0);
        }
        self.hears(0, &shown);
        self.hears(0, &block);
        self.hears(1, &block);
        self.hears(1, &shown);
    }

    /// Forgets what lies deep, and counts who wrote it.
    fn settle(&mut self) {
        for view in 0..3 {
            let tree = &mut self.views[view];
            let deep = tree.best().height.0.saturating_sub(KEPT);
            if deep < tree.floor().height.0 + KEPT {
                continue;
            }
            let Some(hash) = tree.at(Height(deep)) else { continue };
            let (below, _) = tree.raise(&hash);
            if view == 1 {
                let ours = |hash: &&B256| self.villains.contains(*hash);
                self.earned += below.iter().filter(ours).count() as u64;
                self.settled += below.len() as u64;
                self.villains = below.last().map_or_else(BTreeSet::new, |last| self.villains.split_off(last));
            }
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    fn play(mut self, alpha: f64, gamma: f64, blocks: u64, rng: &mut Rng) -> f64 {
        for number in 0..blocks {
            if rng.unit() < alpha {
                self.villain_finds();
            } else {
                let view = usize::from(rng.unit() >= gamma);
                self.honest_finds(view);
            }
            if number % KEPT == 0 {
                self.settle();
            }
        }
        self.earned as f64 / self.settled.max(1) as f64
    }
}

/// Measures `runs` of `blocks` for each `gamma` and `alpha`.
#[must_use]
pub fn selfish_mining(
    seed: u64,
    runs: u64,
    blocks: u64,
    alphas: &[f64],
    gammas: &[f64],
    quantile: f64,
) -> SelfishMining {
    let mut rows = Vec::new();
    for (g, gamma) in (0u64..).zip(gammas) {
        for (a, alpha) in (0u64..).zip(alphas) {
            let rng = Rng::new(seed).fork(g * 1_000 + a);
            let play = |run| Game::new().play(*alpha, *gamma, blocks, &mut rng.fork(run));
            let measured = mean(&(0..runs).map(play).collect::<Vec<_>>(), quantile);
            rows.push(Row { gamma: *gamma, alpha: *alpha, theory: revenue(*alpha, *gamma), measured });
        }
    }
    let crossings = gammas.iter().map(|gamma| (*gamma, fair_from(*gamma), crossing(&rows, *gamma))).collect();
    SelfishMining { blocks, runs, rows, crossings }
}

impl core::fmt::Display for SelfishMining {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        writeln!(f, "Selfish mining: {} runs of {} blocks for each row", self.runs, self.blocks)?;
        writeln!(f, "gamma  alpha (fair)  theory    measured [95 % interval]       pays")?;
        for Row { gamma, alpha, theory, measured } in &self.rows {
            let pays = match () {
                () if measured.low > *alpha => "yes",
                () if measured.high < *alpha => "no",
                () => "cannot be told",
            };
            writeln!(f, "{gamma:<5}  {alpha:<12.4}  {theory:<8.5}  {measured:<30}  {pays}")?;
        }
        for (i, (gamma, theory, measured)) in self.crossings.iter().enumerate() {
            let measured = measured.map_or("not in the table".to_owned(), |at| format!("{at:.4}"));
            let end = if i + 1 == self.crossings.len() { "" } else { "\n" };
            write!(
                f,
                "gamma {gamma}: it pays from a share of {theory:.4} by theory, {measured} by measurement{end}"
            )?;
        }
        Ok(())
    }
}
