//! Known theory, met by experiment: every number with the interval it is known to.
//!
//! An experiment is a function of its seed and of how much of it is wanted. It returns a table whose rows hold what theory says,
//! what was measured, and the interval in which the true value lies with 95 % confidence; a single row may lie outside of its
//! interval once in twenty, so tests over many rows ask for wider ones that hold for all of them together.
//!
//! Forks are chosen by the production's own [`Tree`](polity_consensus::work::Tree); what is simulated is who finds the next block.

mod double_spend;
mod grinding;
mod interval;
mod keys;
mod selfish_mining;
mod silence;
mod threshold;
mod time_warp;

pub use double_spend::{DoubleSpend, Row as DoubleSpendRow, double_spend, exact, poisson};
pub use grinding::{Grinding, Lever, Row as GrindingRow, Theory, grind, grinding};
pub use interval::{Interval, Z_95, Z_ALL, mean, share};
pub use selfish_mining::{Row as SelfishRow, SelfishMining, crossing, fair_from, revenue, selfish_mining};
pub use silence::Silence;
pub use threshold::{NETWORKS, Network, Row as ThresholdRow, Threshold, UNEQUAL, equivocators, threshold};
pub use time_warp::{Row as TimeWarpRow, Stamp, TimeWarp, time_warp};
