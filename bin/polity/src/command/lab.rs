//! `polity lab`: the same engines, ledger and institutions under virtual time.

use std::{
    fs,
    io::{BufWriter, Write},
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use polity_lab::{
    Fatal, Report, Spec,
    bft::{Known, Plant},
    experiment,
    trace::Trace,
    twins,
};
use serde_json::json;

use crate::output::{Failure, Outcome, print, read_input};

/// Simulate networks: every run is a function of its seed.
#[derive(Subcommand, Debug)]
pub(crate) enum Lab {
    /// Run a specification.
    Run(Run),
    /// Run one of four validators twice, in every way.
    Twins(Twins),
    /// Meet known theory by experiment, with intervals.
    Experiment(Experiment),
}

impl Lab {
    pub(crate) fn run(self, as_json: bool) -> Outcome {
        match self {
            Self::Run(args) => args.run(as_json),
            Self::Twins(args) => args.run(as_json),
            Self::Experiment(args) => args.run(as_json),
        }
    }
}

/// Runs SPEC with a seed, or with many, and checks what must hold: no two blocks at one height, every block certified, everyone
/// goes on once the network heals, nobody honest accused. Exit status 1 if anything does not.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  polity lab run crates/lab/specs/storm.toml --seed 7\n  polity lab run crates/lab/specs/storm.toml --seeds 0..1000\n  polity lab run crates/lab/specs/193.toml\n  polity lab run crates/lab/specs/grinder.toml --seeds 0..100"
)]
pub(crate) struct Run {
    /// What to simulate, in TOML: nodes, network, storm, villains (equivocator, silent, amnesiac, liar, grinder, nonsense; where blocks are
    /// worked selfish, withholder, liar, time-warp).
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
        let lines = self.trace.as_ref().map(|path| trace_file(path)).transpose()?;
        // Keys and block 0 are made before the clock runs.
        polity_lab::run::agreement_of(&spec.into()).map_err(Failure::failed)?;
        let since = Instant::now();
        let report = polity_lab::run(spec, self.seed, lines).map_err(Failure::failed)?;
        let ms = since.elapsed().as_millis();
        let per_height = ms / u128::from(report.height.max(1));
        let value = json!({ "report": report, "machine_ms": ms, "machine_ms_per_height": per_height });
        print(as_json, &value, || format!("{report}\n  {ms} ms of machine time, {per_height} per height"))?;
        Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn many(&self, spec: &Spec, from: u64, to: u64, as_json: bool) -> Outcome {
        let play = |seed| {
            let report = polity_lab::run(spec, seed, None)?;
            Ok(Some(report).filter(|report| !report.is_good()).as_ref().map(Report::to_string))
        };
        campaign(from..to, "seeds", as_json, play, |seed| self.again(seed))
    }
}

/// Plays the scenarios in which one of four validators runs twice, and nodes of the first two rounds hear each other or not.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  polity lab twins\n  polity lab twins --scenario 4711 --trace events.txt\n  polity lab twins --plant forgotten-lock"
)]
pub(crate) struct Twins {
    /// This one only; without it all, on all cores.
    #[arg(long)]
    scenario: Option<u64>,
    /// A mistake in the honest nodes, to see it found: quorum-minus-one or forgotten-lock.
    #[arg(long, value_parser = plant)]
    plant: Option<Plant>,
    /// Write every event to FILE.
    #[arg(long, value_name = "FILE", requires = "scenario")]
    trace: Option<PathBuf>,
}

fn plant(text: &str) -> Result<Plant, String> {
    match text {
        "quorum-minus-one" => Ok(Plant::QuorumMinusOne),
        "forgotten-lock" => Ok(Plant::ForgottenLock),
        other => Err(format!("`{other}` is neither quorum-minus-one nor forgotten-lock")),
    }
}

impl Twins {
    fn run(self, as_json: bool) -> Outcome {
        let all = twins::scenarios();
        let play = |number: u64, known: &Known, trace: Trace| -> Result<Option<String>, Fatal> {
            let scenario = usize::try_from(number).ok().and_then(|number| all.get(number));
            let scenario = scenario.ok_or_else(|| Fatal(format!("there are {} scenarios", all.len())))?;
            let violations = twins::play(scenario, self.plant, known, trace)?.violations;
            let lines: Vec<String> = violations.iter().map(ToString::to_string).collect();
            Ok((!lines.is_empty()).then(|| lines.join("\n")))
        };
        let planted = self.plant.map(|plant| format!(" --plant {}", plant.name())).unwrap_or_default();
        let Some(number) = self.scenario else {
            let known = Known::default();
            let silent = |number| play(number, &known, Trace::new(None));
            let again = |number| format!("polity lab twins --scenario {number}{planted}");
            return campaign(0..all.len() as u64, "scenarios", as_json, silent, again);
        };
        let lines = self.trace.as_ref().map(|path| trace_file(path)).transpose()?;
        let found = play(number, &Known::default(), Trace::new(lines)).map_err(Failure::input)?;
        let value = json!({ "scenario": number, "found": found });
        print(as_json, &value, || found.clone().unwrap_or_else(|| "everything held".to_owned()))?;
        Ok(if found.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Measures what theory predicts, with intervals of 95 %: how often a payment is undone, what a selfish miner earns, where
/// agreement by vote ends, what grinding and false timestamps gain. Exit status 1 if theory is not met.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  polity lab experiment double-spend\n  polity lab experiment selfish-mining --seed 3\n  polity lab experiment bft-threshold --json\n  polity lab experiment grinding"
)]
pub(crate) struct Experiment {
    /// Which.
    #[arg(value_enum)]
    what: Theory,
    /// The seed.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug)]
enum Theory {
    /// How often a payment under z blocks is undone, for z from 0 to 10 and a tenth and three tenths of the hash power.
    DoubleSpend,
    /// What a selfish miner earns, by its share and by how well it is connected.
    SelfishMining,
    /// Up to how many validators may break the protocol.
    BftThreshold,
    /// How often members write who are drawn in proportion to stakes of 20, 21, … 26; the seed is that of the agreement.
    Stake,
    /// What proposers drawn by lot gain by trying contents or keys or by staying silent; the seed says who they are.
    Grinding,
    /// What a miner gains by false timestamps.
    TimeWarp,
}

/// Shares of the hash power around those from which selfishness pays.
const SHARES: [f64; 9] = [0.1, 0.15, 0.2, 0.23, 0.27, 0.3, 0.35, 0.4, 0.45];
impl Experiment {
    fn run(self, as_json: bool) -> Outcome {
        match self.what {
            Theory::DoubleSpend => {
                let table = experiment::double_spend(self.seed, 100_000, &[0.1, 0.3], experiment::Z_95);
                let holds = table.rows.iter().all(|row| row.measured.widened().holds(row.exact));
                told(as_json, &table, holds)
            }
            Theory::SelfishMining => {
                let gammas = [0.0, 0.5];
                let table =
                    experiment::selfish_mining(self.seed, 40, 10_000, &SHARES, &gammas, experiment::Z_95);
                let holds = table.rows.iter().all(|row| row.measured.widened().holds(row.theory));
                told(as_json, &table, holds)
            }
            Theory::BftThreshold => {
                let table = experiment::threshold(self.seed, 40, &experiment::NETWORKS, experiment::Z_95);
                let table = table.map_err(Failure::failed)?;
                told(as_json, &table, table.holds())
            }
            Theory::Stake => {
                let shares = polity_lab::shares::by_stake(7, 20_000).map_err(Failure::failed)?;
                told(as_json, &shares, shares.is_proportional())
            }
            Theory::Grinding => {
                let table = experiment::grinding(self.seed, 100).map_err(Failure::failed)?;
                told(as_json, &table, table.holds())
            }
            Theory::TimeWarp => {
                let table = experiment::time_warp(self.seed, 100, 5_000, &[0.1, 0.2, 0.3, 0.5]);
                told(as_json, &table, table.holds())
            }
        }
    }
}

fn told(as_json: bool, table: &(impl serde::Serialize + ToString), holds: bool) -> Outcome {
    let value = json!({ "table": table, "holds": holds });
    print(as_json, &value, || table.to_string())?;
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn trace_file(path: &Path) -> Result<Box<dyn Write>, Failure> {
    let file = fs::File::create(path).map_err(|e| Failure::input(format!("{}: {e}", path.display())))?;
    Ok(Box::new(BufWriter::new(file)))
}

/// Plays every number of `range` on all cores; `play` says what is wrong with it, `again` is the line that plays it again. A panic
/// of one number is that number's.
fn campaign(
    range: Range<u64>,
    what: &str,
    as_json: bool,
    play: impl Fn(u64) -> Result<Option<String>, Fatal> + Sync,
    again: impl Fn(u64) -> String + Sync,
) -> Outcome {
    let count = range.end - range.start;
    let bar = if as_json { ProgressBar::hidden() } else { ProgressBar::new(count) };
    let style = format!("{{bar:30}} {{pos}}/{{len}} {what}, {{per_sec}}, {{eta}} left");
    bar.set_style(ProgressStyle::with_template(&style).map_err(Failure::failed)?);
    let (next, bad) = (AtomicU64::new(range.start), Mutex::new(Vec::new()));
    let worker = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= range.end {
                return;
            }
            let found = match catch_unwind(AssertUnwindSafe(|| play(number))) {
                Ok(Ok(found)) => found,
                Ok(Err(fatal)) => Some(fatal.to_string()),
                Err(_) => Some("panic".to_owned()),
            };
            if let Some(found) = found {
                bar.println(format!("{found}\n{}", again(number)));
                bad.lock().unwrap_or_else(PoisonError::into_inner).push((number, found));
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
        .map(|(number, found)| json!({ "number": number, "found": found, "again": again(*number) }))
        .collect();
    let value = json!({ what: count, "failed": failed });
    print(as_json, &value, || {
        let lines: String = bad.iter().map(|(number, _)| format!("\n{}", again(*number))).collect();
        format!("{count} {what}, {} failed{lines}", bad.len())
    })?;
    Ok(if bad.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lab shuts out whom the network would.
    #[test]
    fn the_lab_shuts_out_as_the_network_does() {
        use polity_lab::conduct::{BLAMES_MAX, SHUT_OUT_US};
        use polity_network::limits;
        assert_eq!((BLAMES_MAX, u128::from(SHUT_OUT_US)), (limits::BLAMES_MAX, limits::SHUT_OUT.as_micros()));
    }

    #[test]
    fn ranges_of_seeds() {
        assert_eq!(seeds("3..9"), Ok((3, 9)));
        for bad in ["", "3", "9..3", "3..3", "a..b", "-1..3"] {
            assert!(seeds(bad).is_err(), "{bad}");
        }
    }
}
