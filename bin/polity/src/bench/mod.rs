//! The measurements of `polity bench`.
//!
//! Rules kept: a rate is printed with the limit it is a part of, measured in the same run on the same machine; beside each
//! figure stands what else the machine did; every measurement is bounded in time.

mod anvil;
mod block;
mod flood;
mod lab;
mod limits;
mod load;
mod machine;
mod network;
mod report;
mod target;

use std::{collections::BTreeSet, path::PathBuf};

pub(crate) use anvil::find as find_anvil;
use clap::ValueEnum;
pub(crate) use flood::Plan as Flood;
use polity_node::Secret;
pub(crate) use report::Report;
use report::{percent, ratio};

use crate::output::Failure;

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Part {
    /// A network of one validator: rate, finality, memory.
    One,
    /// A network of four validators.
    Four,
    /// The same load on anvil.
    Anvil,
    /// A block that touches one account in a hundred of a large state.
    Block,
    /// Thousands of open proposals, a million ballots on one, and then everything due at once.
    Flood,
    /// A simulated network of 193 validators: machine time, messages and bytes per height.
    Lab,
}

/// What to measure.
pub(crate) struct Settings {
    pub(crate) parts: BTreeSet<Part>,
    pub(crate) transfers: usize,
    pub(crate) total: usize,
    pub(crate) transfers_of_four: usize,
    pub(crate) transfers_of_anvil: usize,
    pub(crate) accounts: u64,
    pub(crate) flood: flood::Plan,
    pub(crate) samples: usize,
    pub(crate) anvil: Option<PathBuf>,
}

impl Settings {
    fn has(&self, part: Part) -> bool {
        self.parts.contains(&part)
    }

    /// Pre-signed transfers that are needed.
    fn signed(&self) -> usize {
        let of = |part, count| if self.has(part) { count } else { 0 };
        of(Part::One, self.transfers)
            .max(of(Part::Four, self.transfers_of_four))
            .max(of(Part::Anvil, self.transfers_of_anvil))
    }
}

/// Progress goes to standard error, so that standard output is the report alone.
fn tell(text: &str) {
    eprintln!("… {text}");
}

/// Measures what is asked.
pub(crate) fn run(settings: &Settings) -> Result<Report, Failure> {
    let mut report = Report { cores: std::thread::available_parallelism()?.get(), ..Report::default() };
    let wanted = settings.signed();
    if wanted > 0 {
        networks(settings, wanted, &mut report)?;
    }
    if settings.has(Part::Block) {
        tell("a block that touches one account in a hundred");
        report.block = Some(block::measure(settings.accounts)?);
    }
    if settings.has(Part::Flood) {
        tell("a flood of proposals and ballots");
        report.flood = Some(flood::measure(&settings.flood)?);
    }
    if settings.has(Part::Lab) {
        tell("193 validators, simulated");
        report.lab = Some(lab::measure()?);
    }
    report.targets = target::judge(&report);
    Ok(report)
}

/// The measurements that share the pre-signed load. Limits are taken before and after: the higher counts.
fn networks(settings: &Settings, wanted: usize, report: &mut Report) -> Result<(), Failure> {
    tell("signing the load");
    let senders: Vec<Secret> = load::senders();
    let signed = load::sign(&senders, 0, wanted.div_ceil(senders.len()));
    let part = |count: usize| &signed[..count.next_multiple_of(senders.len()).min(signed.len())];
    let few = part(settings.transfers.max(settings.transfers_of_four));
    tell("limits: recovery alone, recovery and execution in memory");
    let before = limits::measure(&senders, few)?;
    if settings.has(Part::One) {
        tell("one validator");
        report.one = Some(network::measure(&network::Plan {
            validators: 1,
            senders: &senders,
            signed: part(settings.transfers),
            total: settings.total,
            samples: settings.samples,
        })?);
    }
    if settings.has(Part::Four) {
        tell("four validators");
        report.four = Some(network::measure(&network::Plan {
            validators: 4,
            senders: &senders,
            signed: part(settings.transfers_of_four),
            total: 0,
            samples: settings.samples,
        })?);
    }
    tell("limits again");
    report.limits = Some(before.or(limits::measure(&senders, few)?));
    if let Some(path) = settings.anvil.as_ref().filter(|_| settings.has(Part::Anvil)) {
        tell("anvil");
        // What another program does must not cost us our own figures.
        match anvil::measure(path, &senders, part(settings.transfers_of_anvil)) {
            Ok(measured) => report.anvil = Some(measured),
            Err(error) => tell(&format!("anvil: {}", error.text())),
        }
    }
    Ok(())
}
