//! `polity lab`: the same engines, ledger and institutions under virtual time.

use std::{
    fs,
    io::{BufWriter, Write},
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    process::ExitCode,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use polity_lab::{Report, Spec};
use serde_json::json;

use crate::output::{Failure, Outcome, print, read_input};

/// Simulate networks: every run is a function of its seed.
#[derive(Subcommand, Debug)]
pub(crate) enum Lab {
    /// Run a specification.
    Run(Run),
}

impl Lab {
    pub(crate) fn run(self, as_json: bool) -> Outcome {
        match self {
            Self::Run(args) => args.run(as_json),
        }
    }
}

/// Runs SPEC with a seed, or with many, and checks what must hold: no two blocks at one height, every block certified, everyone
/// goes on once the network heals, nobody honest accused. Exit status 1 if anything does not.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  polity lab run crates/lab/specs/storm.toml --seed 7\n  polity lab run crates/lab/specs/storm.toml --seeds 0..1000\n  polity lab run crates/lab/specs/193.toml"
)]
pub(crate) struct Run {
    /// What to simulate, in TOML: nodes, network, storm, villains.
    spec: PathBuf,
    /// The seed.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// All seeds from A to before B, on all cores.
    #[arg(long, value_name = "A..B", value_parser = seeds, conflicts_with = "seed")]
    seeds: Option<(u64, u64)>,
    /// Write every event to FILE.
    #[arg(long, value_name = "FILE", conflicts_with = "seeds")]
    trace: Option<PathBuf>,
}

fn seeds(text: &str) -> Result<(u64, u64), String> {
    let (from, to) = text.split_once("..").ok_or("two numbers, like 0..1000")?;
    let number = |text: &str| text.parse::<u64>().map_err(|e| format!("`{text}`: {e}"));
    let (from, to) = (number(from)?, number(to)?);
    if from < to { Ok((from, to)) } else { Err("the first must be less than the second".to_owned()) }
}

impl Run {
    fn run(self, as_json: bool) -> Outcome {
        let text = read_input(&self.spec)?;
        let spec = Spec::parse(&text)
            .map_err(|error| Failure::input(format!("{}: {error}", self.spec.display())))?;
        match self.seeds {
            None => self.one(&spec, as_json),
            Some((from, to)) => self.many(&spec, from, to, as_json),
        }
    }

    /// The one line that plays `seed` again.
    fn again(&self, seed: u64) -> String {
        format!("polity lab run {} --seed {seed}", self.spec.display())
    }

    fn one(&self, spec: &Spec, as_json: bool) -> Outcome {
        let lines = match &self.trace {
            None => None,
            Some(path) => {
                let file =
                    fs::File::create(path).map_err(|e| Failure::input(format!("{}: {e}", path.display())))?;
                Some(Box::new(BufWriter::new(file)) as Box<dyn Write>)
            }
        };
        // Keys and block 0 are made before the clock runs.
        polity_lab::run::agreement(spec.nodes).map_err(Failure::failed)?;
        let since = Instant::now();
        let report = polity_lab::run(spec, self.seed, lines).map_err(Failure::failed)?;
        let ms = since.elapsed().as_millis();
        let per_height = ms / u128::from(report.height.max(1));
        let value = json!({ "report": report, "machine_ms": ms, "machine_ms_per_height": per_height });
        print(as_json, &value, || format!("{report}\n  {ms} ms of machine time, {per_height} per height"))?;
        Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn many(&self, spec: &Spec, from: u64, to: u64, as_json: bool) -> Outcome {
        let bar = if as_json { ProgressBar::hidden() } else { ProgressBar::new(to - from) };
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} seeds, {per_sec}, {eta} left {msg}");
        bar.set_style(style.map_err(Failure::failed)?);
        let (next, bad) = (AtomicU64::new(from), Mutex::new(Vec::new()));
        let worker = || {
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= to {
                    return;
                }
                if let Some(found) = play(spec, seed) {
                    let line = self.again(seed);
                    bar.println(format!("{found}\n{line}"));
                    bad.lock().unwrap_or_else(PoisonError::into_inner).push((seed, found));
                }
                bar.inc(1);
            }
        };
        std::thread::scope(|scope| {
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            (0..cores).for_each(|_| _ = scope.spawn(worker));
        });
        bar.finish_and_clear();
        let mut bad = bad.into_inner().unwrap_or_else(PoisonError::into_inner);
        bad.sort();
        let failed: Vec<_> = bad
            .iter()
            .map(|(seed, found)| json!({ "seed": seed, "found": found, "again": self.again(*seed) }))
            .collect();
        let value = json!({ "seeds": to - from, "failed": failed });
        print(as_json, &value, || {
            let lines: String = bad.iter().map(|(seed, _)| format!("\n{}", self.again(*seed))).collect();
            format!("{} seeds, {} failed{lines}", to - from, bad.len())
        })?;
        Ok(if bad.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// What is wrong with a seed, if anything. A panic of one seed is that seed's.
fn play(spec: &Spec, seed: u64) -> Option<String> {
    let played = catch_unwind(AssertUnwindSafe(|| polity_lab::run(spec, seed, None)));
    match played {
        Ok(Ok(report)) => Some(report).filter(|report| !report.is_good()).as_ref().map(Report::to_string),
        Ok(Err(fatal)) => Some(format!("seed {seed}: {fatal}")),
        Err(_) => Some(format!("seed {seed}: panic")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_seeds() {
        assert_eq!(seeds("3..9"), Ok((3, 9)));
        for bad in ["", "3", "9..3", "3..3", "a..b", "-1..3"] {
            assert!(seeds(bad).is_err(), "{bad}");
        }
    }
}
