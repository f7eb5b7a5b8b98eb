//! The measurements of `polity bench`, and their report.
//!
//! Rule kept: a rate is printed with the limit it is a part of, measured in the same run on the same machine.

mod anvil;
mod block;
mod limits;
mod load;
mod network;

use std::path::PathBuf;

pub(crate) use anvil::find as find_anvil;
use serde::Serialize;

use crate::output::Failure;

/// What to measure.
pub(crate) struct Settings {
    pub(crate) transfers: usize,
    pub(crate) total: usize,
    pub(crate) transfers_of_four: usize,
    pub(crate) accounts: u64,
    pub(crate) samples: usize,
    pub(crate) anvil: Option<PathBuf>,
    pub(crate) quiet: bool,
}

/// Everything measured.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    cores: usize,
    limits: limits::Limits,
    one: network::Measured,
    four: network::Measured,
    anvil: Option<anvil::Measured>,
    block: block::Measured,
}

fn tell(settings: &Settings, text: &str) {
    if !settings.quiet {
        eprintln!("… {text}");
    }
}

/// Measures everything.
pub(crate) fn run(settings: &Settings) -> Result<Report, Failure> {
    let cores = std::thread::available_parallelism()?.get();
    tell(settings, "signing the load");
    let senders = load::senders();
    let signed = load::sign(&senders, 0, settings.transfers.div_ceil(senders.len()));
    tell(settings, "limits: recovery alone, recovery and execution in memory");
    let limits = limits::measure(&senders, &signed)?;
    tell(settings, "one validator");
    let one = network::measure(1, settings, &senders, &signed, settings.total)?;
    tell(settings, "four validators");
    let few = load::sign(&senders, 0, settings.transfers_of_four.div_ceil(senders.len()));
    let four = network::measure(4, settings, &senders, &few, few.len())?;
    let anvil = match &settings.anvil {
        Some(path) => {
            tell(settings, "anvil");
            // What another program does must not cost us our own figures.
            let measured = anvil::measure(path, &senders, &few);
            if let Err(error) = &measured {
                tell(settings, &format!("anvil: {error:?}"));
            }
            measured.ok()
        }
        None => None,
    };
    tell(settings, "a block that touches one account in a hundred");
    let block = block::measure(settings.accounts)?;
    Ok(Report { cores, limits, one, four, anvil, block })
}

#[allow(clippy::cast_precision_loss)] // figures for people
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}

fn percent(part: u64, whole: u64) -> String {
    format!("{:.1} %", 100.0 * ratio(part, whole))
}

impl Report {
    pub(crate) fn text(&self) -> String {
        let limit = self.limits.recovery_and_execution_per_sec;
        let mut out = format!(
            "{} cores\nlimits of this machine\n  recovery alone                {:>8} tx/s\n  recovery + in-memory EVM      {:>8} tx/s\n",
            self.cores, self.limits.recovery_per_sec, limit
        );
        for measured in [&self.one, &self.four] {
            out += &format!(
                "{} validator{}\n  transfers through RPC         {:>8} tx/s   {} of the limit (recovery + EVM), {} of recovery\n",
                measured.validators,
                if measured.validators == 1 { "" } else { "s" },
                measured.transfers_per_sec,
                percent(measured.transfers_per_sec, limit),
                percent(measured.transfers_per_sec, self.limits.recovery_per_sec),
            );
            out += &format!(
                "  finality, idle                {:>8} ms p50, {} ms p99\n  memory                        {:>8} MB per node after {} transfers\n",
                measured.finality_p50_ms, measured.finality_p99_ms, measured.rss_mb_max, measured.transfers
            );
        }
        match &self.anvil {
            Some(anvil) => {
                out += &format!(
                    "anvil, same load\n  transfers through RPC         {:>8} tx/s   one validator here is {:.2} times as fast\n",
                    anvil.transfers_per_sec,
                    ratio(self.one.transfers_per_sec, anvil.transfers_per_sec)
                );
            }
            None => out += "anvil: not measured; `make clients` installs it, --anvil names another\n",
        }
        let block = &self.block;
        out += &format!(
            "a block of {} transfers over {} accounts: {} ms\n  recovery {}, execution {}, trie {}, commit {}\n",
            block.transfers,
            block.accounts,
            block.total_us / 1000,
            percent(block.recovery_us, block.total_us),
            percent(block.execution_us, block.total_us),
            percent(block.trie_us, block.total_us),
            percent(block.commit_us, block.total_us),
        );
        out
    }
}
