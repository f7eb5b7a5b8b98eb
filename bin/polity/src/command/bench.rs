//! `polity bench`.

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, ValueEnum};

use crate::{
    bench,
    output::{Failure, Outcome, print},
};

/// Measures this machine, as ratios to its own limits; exit status 1 if a target is missed.
///
/// Limits (signature recovery alone; recovery and in-memory execution) are measured in the same run as the networks of one and of
/// four validators, which are real processes loaded by RPC. Best on a quiet machine: what other programs took is said beside each
/// figure.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  make bench\n  make bench ARGS='--only one,anvil --json'\n  polity bench --transfers 50000 --total 50000 --accounts 100000"
)]
pub(crate) struct Bench {
    /// Measure only these; everything unless given.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "PART,…")]
    only: Vec<bench::Part>,
    /// Pre-signed transfers whose rate is measured.
    #[arg(long, default_value_t = 200_000)]
    transfers: usize,
    /// Transfers in all on one validator before its memory is read.
    #[arg(long, default_value_t = 1_000_000)]
    total: usize,
    /// Pre-signed transfers whose rate is measured on four validators.
    #[arg(long, default_value_t = 60_000)]
    transfers_of_four: usize,
    /// Pre-signed transfers whose rate is measured on anvil, each way.
    #[arg(long, default_value_t = 60_000)]
    transfers_of_anvil: usize,
    /// Accounts of the state under the measured block; it touches one in a hundred.
    #[arg(long, default_value_t = 1_000_000)]
    accounts: u64,
    /// Proposals of the flood, all due in the same second.
    #[arg(long, default_value_t = 10_000)]
    flood_proposals: usize,
    /// Ballots of the flood, all on one proposal.
    #[arg(long, default_value_t = 1_000_000)]
    flood_ballots: usize,
    /// Members of the flood's large chamber; every second one votes.
    #[arg(long, default_value_t = 2_000)]
    flood_members: usize,
    /// Samples of finality latency.
    #[arg(long, default_value_t = 100)]
    samples: usize,
    /// anvil, to be given the same load; that of tests/clients is found by itself.
    #[arg(long, value_name = "PROGRAM")]
    anvil: Option<PathBuf>,
}

impl Bench {
    pub(crate) fn run(self, json: bool) -> Outcome {
        let least = [self.transfers, self.transfers_of_four, self.transfers_of_anvil, self.samples];
        if least.contains(&0) || self.accounts < 100 {
            return Err(Failure::input(
                "nothing to measure: transfers and samples must be positive, accounts 100 or more",
            ));
        }
        let parts = if self.only.is_empty() { bench::Part::value_variants() } else { &self.only };
        let settings = bench::Settings {
            parts: parts.iter().copied().collect(),
            transfers: self.transfers,
            total: self.total.max(self.transfers),
            transfers_of_four: self.transfers_of_four,
            transfers_of_anvil: self.transfers_of_anvil,
            accounts: self.accounts,
            samples: self.samples,
            flood: bench::Flood {
                proposals: self.flood_proposals,
                ballots: self.flood_ballots,
                members: self.flood_members,
            },
            anvil: self.anvil.or_else(bench::find_anvil),
        };
        let report = bench::run(&settings)?;
        print(json, &report, || report.text())?;
        Ok(if report.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
