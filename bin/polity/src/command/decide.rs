//! `polity decide`: a decision rule on a file of ballots, offline; or every case of a folder beside what is known.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use polity_decision::{BUILTIN_RULES, BallotsFile, Date, Language, Row, Rule, builtin_rule, table};
use serde_json::json;

use crate::output::{Failure, Outcome, print, read_input};

/// Most files of cases in a folder.
const FILES_MAX: usize = 1_000;

/// Decides by RULE on BALLOTS, and says why: every limb with numerator, denominator, share and threshold.
///
/// RULE is a file, or the name of a rule that comes with the program, such as `unsc`. Exit status 0 when it could be
/// decided (whatever the outcome), 2 on a bad file. With --table: 1 if an answer differs from what is known.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  polity decide charters/rules/paris-art21.toml ballots.json --as-of 2016-10-05\n  polity decide --table charters/rules/cases"
)]
pub(crate) struct Decide {
    /// A rule, in TOML.
    #[arg(required_unless_present = "table")]
    rule: Option<PathBuf>,
    /// Members and what they did, in JSON.
    #[arg(required_unless_present = "table")]
    ballots: Option<PathBuf>,
    /// Leave out what happened after this day.
    #[arg(long, value_name = "DATE", conflicts_with = "table")]
    as_of: Option<Date>,
    /// Decide every case in the JSON files of DIR, and print rule, case, expected and got.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["rule", "ballots"])]
    table: Option<PathBuf>,
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
        match (&self.table, &self.rule, &self.ballots) {
            (Some(folder), ..) => known_answers(folder, as_json),
            (None, Some(rule), Some(ballots)) => decide(rule, ballots, self.as_of, language, as_json),
            _ => Err(Failure::input("give a rule and a file of ballots, or --table DIR")),
        }
    }
}

fn decide(rule: &Path, ballots: &Path, as_of: Option<Date>, language: Language, as_json: bool) -> Outcome {
    let (rule_text, ballots_text) = (rule_text(rule)?, read_input(ballots)?);
    let stem = rule.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let read = Rule::from_toml_named(&rule_text, stem);
    let matters = read.as_ref().map(|rule| rule.matters.clone()).unwrap_or_default();
    let report = read.and_then(|rule| rule.decide_text(&ballots_text, as_of)).map_err(|error| {
        let name = match &error {
            polity_decision::Error::File { file: polity_decision::InputFile::Rule, .. } => rule,
            _ => ballots,
        };
        Failure::input(format!("{}: {error}", name.display()))
    })?;
    let mut value = serde_json::to_value(&report)?;
    let named = BallotsFile::parse(&ballots_text).ok().and_then(|file| file.matter);
    if let Some(matter) = named.as_ref().or(matters.first()).filter(|_| !matters.is_empty()) {
        value["matter"] = json!(matter);
    }
    print(as_json, &value, || match matters.as_slice() {
        [first, _, ..] if named.is_none() => {
            let all = matters.join(", ");
            format!("matter: {first} (the file names none; there are {all})\n{}", report.text(language))
        }
        _ => report.text(language),
    })
}

/// The file at `path` or, where there is none, the built-in rule of this name.
fn rule_text(path: &Path) -> Result<String, Failure> {
    let builtin = path.to_str().and_then(builtin_rule).filter(|_| !path.exists());
    match builtin {
        Some(text) => Ok(text.to_owned()),
        None if !path.exists() && path.extension().is_none() => {
            let known: Vec<&str> = BUILTIN_RULES.iter().map(|(id, _)| *id).collect();
            Err(Failure::input(format!("no rule `{}`: {}", path.display(), known.join(", "))))
        }
        None => read_input(path),
    }
}

/// Decides every case of the JSON files in `folder`. A rule is looked for beside them, in the folder above, and among
/// those that come with the program.
fn known_answers(folder: &Path, as_json: bool) -> Outcome {
    let entries = fs::read_dir(folder).map_err(|e| Failure::input(format!("{}: {e}", folder.display())))?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .take(FILES_MAX)
        .collect();
    files.sort();
    if files.is_empty() {
        return Err(Failure::input(format!("{}: there are no cases: it has no JSON file", folder.display())));
    }
    let rule = |id: &str| {
        let is_plain = id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        let beside = [folder.join(format!("{id}.toml")), folder.join("..").join(format!("{id}.toml"))];
        let file = beside.iter().filter(|_| is_plain).find_map(|path| fs::read_to_string(path).ok());
        file.or_else(|| builtin_rule(id).map(str::to_owned))
    };
    let mut rows: Vec<Row> = Vec::new();
    for path in &files {
        let text = read_input(path)?;
        let found = table(&text, &rule);
        rows.extend(found.map_err(|error| Failure::input(format!("{}: {error}", path.display())))?);
    }
    print(as_json, &rows, || in_columns(&rows))?;
    Ok(if rows.iter().all(|row| row.ok) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The rows for people, one line each.
fn in_columns(rows: &[Row]) -> String {
    let width = |cell: fn(&Row) -> &str| rows.iter().map(|row| cell(row).chars().count()).max().unwrap_or(0);
    let (rule, case) = (width(|row| &row.rule), width(|row| &row.case));
    let mut lines = vec![format!("{:<3}  {:<rule$}  {:<case$}  expected | got", "", "rule", "case")];
    for row in rows {
        let verdict = if row.ok { "ok" } else { "NOT" };
        lines.push(format!(
            "{verdict:<3}  {:<rule$}  {:<case$}  {} | {}",
            row.rule, row.case, row.expected, row.got
        ));
    }
    let right = rows.iter().filter(|row| row.ok).count();
    lines.push(format!("{right} of {} cases as known", rows.len()));
    lines.join("\n")
}
