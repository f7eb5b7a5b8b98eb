//! `polity demo`: the whole agreement on this machine, on real data.

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, ValueEnum};

use crate::{
    demo,
    output::{Failure, Outcome, say},
};

/// The agreements that can be shown.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Agreement {
    /// The Paris Agreement: 197 Parties, the deposits of 2016.
    Paris,
}

/// Runs an agreement on four nodes of this machine, replays its history, checks every claim against the ledger.
///
/// Stays up with the RPC address printed; with --exit it ends, with status 0 only if every check held.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  polity demo\n  polity demo paris --exit --json")]
pub(crate) struct Demo {
    /// Which agreement.
    #[arg(default_value = "paris")]
    agreement: Agreement,
    /// End when the story is told: status 0 only if every check held.
    #[arg(long)]
    exit: bool,
    /// First JSON-RPC port, one per node; free ones unless given.
    #[arg(long)]
    port: Option<u16>,
    /// Where the network lives; a temporary directory unless given. Must be empty or missing.
    #[arg(long)]
    dir: Option<PathBuf>,
}

impl Demo {
    pub(crate) fn run(self, json: bool) -> Outcome {
        let stop = super::up::stop_signal()?;
        let Agreement::Paris = self.agreement;
        let temporary = match self.dir {
            None => Some(tempfile::Builder::new().prefix("polity-demo-").tempdir()?),
            Some(_) => None,
        };
        let dir = self.dir.clone().or_else(|| temporary.as_ref().map(|t| t.path().join("paris")));
        let dir = dir.ok_or_else(|| Failure::failed("no directory"))?;
        let told = demo::paris(&dir, self.port, json, &stop)?;
        let Some(told) = told else {
            return Err(Failure::failed("interrupted before the end; the four nodes are stopped"));
        };
        let held = told.held;
        if !self.exit {
            if !json {
                say!("\nThe network stays up. RPC {}   stop: Ctrl-C", told.urls.join(" "));
                say!("Try: polity status --rpc {0}\n     polity why paris-agreement --rpc {0}", told.urls[0]);
            }
            let _ = stop.recv();
        }
        told.processes.stop();
        Ok(if held { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
