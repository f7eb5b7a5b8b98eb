//! `polity bench`.

use std::path::PathBuf;

use clap::Args;

use crate::{
    bench,
    output::{Failure, Outcome, print},
};

/// Measures this machine, as ratios to its own limits.
///
/// Limits (signature recovery alone; recovery and in-memory execution) are measured in the same run as the networks of one and of
/// four validators, which are real processes loaded by RPC. Nothing else should run on the machine meanwhile.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  make bench\n  polity bench --transfers 50000 --total 50000 --accounts 100000"
)]
pub(crate) struct Bench {
    /// Pre-signed transfers whose rate is measured.
    #[arg(long, default_value_t = 200_000)]
    transfers: usize,
    /// Transfers in all on one validator before its memory is read.
    #[arg(long, default_value_t = 1_000_000)]
    total: usize,
    /// Pre-signed transfers whose rate is measured on four validators.
    #[arg(long, default_value_t = 60_000)]
    transfers_of_four: usize,
    /// Accounts of the state under the measured block; it touches one in a hundred.
    #[arg(long, default_value_t = 1_000_000)]
    accounts: u64,
    /// Samples of finality latency.
    #[arg(long, default_value_t = 100)]
    samples: usize,
    /// anvil, to be given the same load; that of tests/clients is found by itself.
    #[arg(long)]
    anvil: Option<PathBuf>,
}

impl Bench {
    pub(crate) fn run(self, json: bool) -> Outcome {
        if self.transfers == 0 || self.transfers_of_four == 0 || self.samples == 0 || self.accounts < 100 {
            return Err(Failure::input(
                "nothing to measure: transfers and samples must be positive, accounts 100 or more",
            ));
        }
        let settings = bench::Settings {
            transfers: self.transfers,
            total: self.total.max(self.transfers),
            transfers_of_four: self.transfers_of_four,
            accounts: self.accounts,
            samples: self.samples,
            anvil: self.anvil.or_else(bench::find_anvil),
            quiet: json,
        };
        let report = bench::run(&settings)?;
        print(json, &report, || report.text())
    }
}
