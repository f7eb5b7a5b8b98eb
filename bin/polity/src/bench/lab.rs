//! Agreement among as many validators as the United Nations have members: the simulated network of `crates/lab/specs/193.toml`, whole nodes
//! in one process.
//!
//! Rule kept: what is told is machine time of all nodes together; virtual time, in which the network is slow, costs nothing.

use std::time::Instant;

use polity_lab::Spec;
use serde::Serialize;

use super::machine::{Conditions, Meter};
use crate::output::Failure;

/// What is simulated.
const SPEC: &str = include_str!("../../../../crates/lab/specs/193.toml");
/// Of every run the same, so that messages and bytes are.
const SEED: u64 = 1;

/// The simulation, measured.
#[derive(Debug, Serialize)]
pub(crate) struct Measured {
    pub(crate) validators: usize,
    /// Blocks that were decided.
    pub(crate) heights: u64,
    /// Per height, all nodes together. Units: milliseconds of machine time.
    pub(crate) ms_per_height: u64,
    /// Per height, each to one node.
    pub(crate) messages_per_height: u64,
    pub(crate) bytes_per_height: u64,
    /// Whether everything held that must.
    pub(crate) good: bool,
    pub(crate) conditions: Conditions,
}

pub(crate) fn measure() -> Result<Measured, Failure> {
    let spec = Spec::parse(SPEC).map_err(Failure::failed)?;
    // Keys and block 0 are made before the clock runs.
    polity_lab::run::agreement_of(&(&spec).into()).map_err(Failure::failed)?;
    let (meter, since) = (Meter::start(&[]), Instant::now());
    let report = polity_lab::run(&spec, SEED, None).map_err(Failure::failed)?;
    let ms = u64::try_from(since.elapsed().as_millis())?;
    let each = |all: u64| all.checked_div(report.height).unwrap_or(all);
    Ok(Measured {
        validators: spec.nodes,
        heights: report.height,
        ms_per_height: each(ms),
        messages_per_height: each(report.counts.messages),
        bytes_per_height: each(report.counts.bytes),
        good: report.is_good(),
        conditions: meter.stop(usize::try_from(report.height)?),
    })
}
