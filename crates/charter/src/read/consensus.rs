//! `[consensus]`: what an engine here can run is read; everything else of the constitution is refused by name, with the reason,
//! so that no agreement states a rule that nobody enforces.

use polity_constitution::Settings;

use crate::reader::{Table, suggest};
use crate::report::Report;

/// Settings of `write.by` that this version does not run.
const WRITE_REFUSED: [(&str, &str); 3] = [
    ("stake", "the right to write by stake needs pledges that can be lost, and this version keeps none"),
    (
        "delegation",
        "the right to write by delegation needs elections of delegates, and this version holds none",
    ),
    (
        "work",
        "the right to write by work needs the work engine; this version decides blocks by votes of validators",
    ),
];

/// Settings of `write.primary` that this version does not run.
const PRIMARY_REFUSED: [(&str, &str); 3] = [
    ("random", "a random primary needs a seed that no member can bend, and this version draws none"),
    ("elected", "an elected primary needs elections, and this version holds none for validators"),
    ("appointed", "an appointed primary needs a fixed order of writers, and this version rotates only"),
];

/// Settings of `verification.by` that this version does not run.
const VERIFICATION_REFUSED: [(&str, &str); 2] = [
    ("delegates", "verification by delegates needs elections of delegates, and this version holds none"),
    (
        "supervisors",
        "verification by supervisors needs writers without a vote, and in this version every validator votes",
    ),
];

/// Keys of `incentive` that this version does not run.
const INCENTIVE_REFUSED: [(&str, &str); 6] = [
    ("reward", "this version issues no money for writing blocks"),
    (
        "fees",
        "fees always go one way in this version: tips to the writer of the block, the base fee to nobody",
    ),
    ("pledge", "this version keeps no pledges"),
    ("vesting", "there is no reward or pledge in this version that could be paid late"),
    (
        "slash",
        "this version keeps no pledges that could be forfeited; evidence of double signing is recorded only",
    ),
    ("standing", "this version keeps no score of standing; evidence of double signing is recorded only"),
];

/// What to write instead.
const RUNS: &str = "this version runs write = { by = \"membership\", primary = \"rotation\" }, incentive = {}, \
                    verification = { by = \"all\" }";

/// Keys that belong to a refused `write` and so are no mistake of their own.
const WRITE_KEYS: [&str; 6] = ["primary", "min", "seats", "term", "interval", "confirmations"];
/// Keys that belong to a refused `verification`.
const VERIFICATION_KEYS: [&str; 4] = ["seats", "members", "quorum", "term"];

/// Reads the table; without one, the settings this version runs.
pub(super) fn consensus(table: Option<Table<'_>>, report: &mut Report<'_>) -> Settings {
    if let Some(mut table) = table {
        if let Some(write) = table.section("write", report) {
            write_right(write, report);
        }
        if let Some(incentive) = table.section("incentive", report) {
            incentives(incentive, report);
        }
        if let Some(verification) = table.section("verification", report) {
            verify(verification, report);
        }
        table.finish(report);
    }
    Settings::default()
}

fn write_right(mut table: Table<'_>, report: &mut Report<'_>) {
    let runs = choice(&mut table, "by", "membership", &WRITE_REFUSED, report);
    if runs {
        choice(&mut table, "primary", "rotation", &PRIMARY_REFUSED, report);
    } else {
        table.pass_over(&WRITE_KEYS);
    }
    table.finish(report);
}

fn incentives(mut table: Table<'_>, report: &mut Report<'_>) {
    for (key, reason) in INCENTIVE_REFUSED {
        if let Some(node) = table.get(key) {
            report.error_at_key(&node.path, format!("`{key}` cannot run: {reason}"), RUNS);
        }
    }
    table.finish(report);
}

fn verify(mut table: Table<'_>, report: &mut Report<'_>) {
    if !choice(&mut table, "by", "all", &VERIFICATION_REFUSED, report) {
        table.pass_over(&VERIFICATION_KEYS);
    }
    table.finish(report);
}

/// Reads `key`, which must be `runs`; `false` if it is a setting that is refused by name.
fn choice(
    table: &mut Table<'_>,
    key: &'static str,
    runs: &str,
    refused: &[(&str, &str)],
    report: &mut Report<'_>,
) -> bool {
    let Some(node) = table.require(key, RUNS, report) else { return true };
    let Some(word) = node.string("a word in quotes", report).filter(|word| *word != runs) else {
        return true;
    };
    if let Some((_, reason)) = refused.iter().find(|(name, _)| *name == word) {
        report.error(&node.path, format!("`{word}` cannot run: {reason}"), RUNS);
        return false;
    }
    let known: Vec<_> = core::iter::once(runs).chain(refused.iter().map(|(name, _)| *name)).collect();
    report.error(&node.path, format!("`{word}` is no setting of `{key}`"), suggest(word, &known));
    true
}
