//! `polity demo`: the whole agreement on this machine, on real data.

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, ValueEnum};

use crate::{
    demo,
    output::{Failure, Outcome, say},
};

/// The stories that can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum StoryName {
    /// The Paris Agreement: 197 Parties, the deposits of 2016, a vote and an amendment.
    Paris,
    /// Four members who change by vote how their chain is decided: members in turn, stake, work, and back.
    Consensus,
    /// Both, one after the other; Paris stays up.
    All,
}

/// Runs an agreement on four nodes of this machine, tells its story from the ledger, and checks every claim.
///
/// Stays up with the RPC address printed; with --exit it ends, with status 0 only if every check held.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  polity demo\n  polity demo paris --exit --json\n  polity demo consensus"
)]
pub(crate) struct Demo {
    /// Which story.
    #[arg(default_value = "all")]
    story: StoryName,
    /// End when the story is told: status 0 only if every check held.
    #[arg(long)]
    exit: bool,
    /// First JSON-RPC port, one per node; free ones unless given. With `all`, that of Paris.
    #[arg(long)]
    port: Option<u16>,
    /// Where the network lives; a temporary directory unless given. Must be empty or missing. With `all`, that of Paris.
    #[arg(long)]
    dir: Option<PathBuf>,
}

impl Demo {
    pub(crate) fn run(self, json: bool) -> Outcome {
        let stop = super::up::stop_signal()?;
        let temporary = tempfile::Builder::new().prefix("polity-demo-").tempdir()?;
        let dir = self.dir.clone().unwrap_or_else(|| temporary.path().join("network"));
        let interrupted = || Failure::failed("interrupted before the end; the four nodes are stopped");
        let mut told = match self.story {
            StoryName::Consensus => demo::consensus(&dir, self.port, json, &stop)?.ok_or_else(interrupted)?,
            _ => demo::paris(&dir, self.port, json, &stop)?.ok_or_else(interrupted)?,
        };
        if self.story == StoryName::All {
            let other = demo::consensus(&temporary.path().join("consensus"), None, json, &stop)?;
            let other = other.ok_or_else(interrupted)?;
            told.held &= other.held;
            other.processes.stop();
        }
        let held = told.held;
        if !self.exit {
            if !json {
                say!("\nThe network stays up. RPC {}   stop: Ctrl-C", told.urls.join(" "));
                let look =
                    if self.story == StoryName::Consensus { "charter at 3" } else { "why paris-agreement" };
                say!("Try: polity status --rpc {0}\n     polity {look} --rpc {0}", told.urls[0]);
            }
            let _ = stop.recv();
        }
        told.processes.stop();
        Ok(if held { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
