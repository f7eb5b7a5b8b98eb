//! `polity decide`: a decision rule on a file of ballots, offline.

use std::path::PathBuf;

use clap::Args;
use polity_decision::{Date, Language};

use crate::output::{Failure, Outcome, print, read_input};

/// Decides by RULE on BALLOTS, and says why: every limb with numerator, denominator, share and threshold.
///
/// Exit status 0 when it could be decided (whatever the outcome), 2 on a bad file.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  polity decide charters/rules/paris-art21.toml ballots.json --as-of 2016-10-05"
)]
pub(crate) struct Decide {
    /// A rule, in TOML.
    rule: PathBuf,
    /// Members and what they did, in JSON.
    ballots: PathBuf,
    /// Leave out what happened after this day.
    #[arg(long, value_name = "DATE")]
    as_of: Option<Date>,
    /// Language of the report: en or zh.
    #[arg(long, default_value = "en")]
    lang: String,
}

impl Decide {
    pub(crate) fn run(self, as_json: bool) -> Outcome {
        let language = match self.lang.as_str() {
            "en" => Language::En,
            "zh" => Language::Zh,
            other => return Err(Failure::input(format!("no language `{other}`: en or zh"))),
        };
        let (rule, ballots) = (read_input(&self.rule)?, read_input(&self.ballots)?);
        let report = polity_decision::decide_files(&rule, &ballots, self.as_of).map_err(|error| {
            let name = match &error {
                polity_decision::Error::File { file: polity_decision::InputFile::Rule, .. } => &self.rule,
                _ => &self.ballots,
            };
            Failure::input(format!("{}: {error}", name.display()))
        })?;
        print(as_json, &report, || report.text(language))
    }
}
