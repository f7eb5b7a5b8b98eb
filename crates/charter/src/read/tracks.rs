//! `[tracks]` and `[amendment]`.

use polity_primitives::U256;

use super::seating::secrecy;
use crate::reader::{Node, Table};
use crate::report::Report;
use crate::track::{CONSTITUTIONAL, EXTENSIONS_MAX, SPONSORS_MAX, STAGES_MAX, STRICTNESS_MAX, TRACKS_MAX};
use crate::{Burn, CallKind, Extension, Guardian, Stage, Track};

/// How long a draft waits where a track does not say. Units: seconds; 30 days.
const DRAFT_SECS: u64 = 30 * 86_400;
/// Most constitutional paths.
const PATHS_MAX: usize = 64;

/// Reads `[tracks]`.
pub(super) fn tracks(table: Option<Table<'_>>, languages: &[String], report: &mut Report<'_>) -> Vec<Track> {
    let Some(table) = table else { return Vec::new() };
    let named = table.named("tracks", TRACKS_MAX, report);
    named.into_iter().filter_map(|(id, node)| track(id, &node, languages, report)).collect()
}

fn track(id: &str, node: &Node<'_>, languages: &[String], report: &mut Report<'_>) -> Option<Track> {
    let mut entry = node.table(report)?;
    let name = entry.get("name").and_then(|node| node.text(languages, report)).unwrap_or_else(|| id.into());
    let hint = "the kinds of call it judges, such as for = [\"budget\"]";
    let kinds = entry.require("for", hint, report).map(|node| kinds(&node, report)).unwrap_or_default();
    let hint = "a number: where kinds mix, the track of the highest strictness judges";
    let strictness = entry.require("strictness", hint, report);
    let strictness = strictness.and_then(|node| node.integer(0..=STRICTNESS_MAX, report)).unwrap_or(0);
    let hint = "the votes in order, such as stages = [{ chamber = \"council\" }]";
    let stages = entry.require("stages", hint, report);
    let stages = stages.map(|node| stages_of(&node, report)).unwrap_or_default();
    let sponsors = entry.get("sponsors").and_then(|node| node.integer(0..=SPONSORS_MAX, report));
    let deposit = entry.get("deposit").and_then(|node| node.amount_wei(report));
    let burn =
        entry.get("burn").and_then(|node| node.one_of("time to forfeit a deposit", &Burn::ALL, report));
    let forfeit_to = entry.get("forfeit_to").and_then(|node| node.id(report).map(str::to_owned));
    let draft = entry.get("draft").and_then(|node| node.duration_secs(1, report));
    let discussion = entry.get("discussion").and_then(|node| node.duration_secs(0, report));
    let delay_secs = entry.get("delay").and_then(|node| node.duration_secs(0, report));
    let extension = entry.get("extension").and_then(|node| extension(&node, report));
    let secret = entry.get("secret").and_then(|node| secrecy(&node, report));
    let guardian = entry.get("guardian").and_then(|node| guardian(&node, report));
    entry.finish(report);
    Some(Track {
        id: id.into(),
        name,
        kinds,
        strictness,
        stages,
        sponsors: sponsors.unwrap_or(0),
        deposit_wei: deposit.unwrap_or(U256::ZERO),
        burn: burn.unwrap_or_default(),
        forfeit_to,
        draft_secs: draft.unwrap_or(DRAFT_SECS),
        discussion_secs: discussion.unwrap_or(0),
        delay_secs,
        extension,
        guardian,
        secret,
    })
}

fn kinds(node: &Node<'_>, report: &mut Report<'_>) -> Vec<CallKind> {
    let mut list = Vec::new();
    for node in node.list(2 * CallKind::ALL.len(), report) {
        match node.one_of("kind of call", &CallKind::ALL, report) {
            Some(kind) if list.contains(&kind) => {
                report.error(&node.path, format!("`{kind}` is given twice"), "keep one of the two");
            }
            Some(kind) => list.push(kind),
            None => {}
        }
    }
    list
}

fn stages_of(node: &Node<'_>, report: &mut Report<'_>) -> Vec<Stage> {
    let nodes = node.list(STAGES_MAX, report);
    if nodes.is_empty() && node.value.is_array() {
        report.error(&node.path, "a track without a vote decides nothing", "give it at least one stage");
    }
    nodes.iter().filter_map(|node| stage(node, report)).collect()
}

fn stage(node: &Node<'_>, report: &mut Report<'_>) -> Option<Stage> {
    let mut entry = node.table(report)?;
    let chamber = entry.require("chamber", "the chamber that votes, by its id under [chambers]", report);
    let chamber = chamber.and_then(|node| node.id(report)).unwrap_or_default().to_owned();
    let rule = entry.get("rule").and_then(|node| node.id(report).map(str::to_owned));
    let voting_secs = entry.get("voting").and_then(|node| node.duration_secs(1, report));
    let pause = entry.get("pause").and_then(|node| node.duration_secs(0, report));
    entry.finish(report);
    Some(Stage { chamber, rule, voting_secs, pause_secs: pause.unwrap_or(0) })
}

fn extension(node: &Node<'_>, report: &mut Report<'_>) -> Option<Extension> {
    let mut entry = node.table(report)?;
    let last =
        entry.require("last", "how long before the close a ballot is late, such as last = \"1d\"", report);
    let last_secs = last.and_then(|node| node.duration_secs(1, report));
    let by = entry.require("by", "by how much the close moves, such as by = \"1d\"", report);
    let by_secs = by.and_then(|node| node.duration_secs(1, report));
    let times = entry.require("times", "how often at most, such as times = 3", report);
    let times = times.and_then(|node| node.integer(1..=EXTENSIONS_MAX, report));
    entry.finish(report);
    Some(Extension { last_secs: last_secs?, by_secs: by_secs?, times: times? })
}

fn guardian(node: &Node<'_>, report: &mut Report<'_>) -> Option<Guardian> {
    let mut entry = node.table(report)?;
    let chamber = entry.require("chamber", "the chamber that may cancel, by its id under [chambers]", report);
    let chamber = chamber.and_then(|node| node.id(report)).unwrap_or_default().to_owned();
    let rule = entry.get("rule").and_then(|node| node.id(report).map(str::to_owned));
    let until = entry.require("until", "the day from which it may not, such as until = 2030-01-01", report);
    let until_secs = until.and_then(|node| node.date(report)).map(|date| date.secs());
    entry.finish(report);
    Some(Guardian { chamber, rule, until_secs: until_secs? })
}

/// Reads `[amendment]`: the paths that are constitutional.
pub(super) fn constitutional(table: Option<Table<'_>>, report: &mut Report<'_>) -> Vec<String> {
    let default = || CONSTITUTIONAL.iter().map(|path| (*path).to_owned()).collect();
    let Some(mut table) = table else { return default() };
    let paths = table.get("constitutional").map(|node| paths(&node, report));
    table.finish(report);
    paths.unwrap_or_else(default)
}

fn paths(node: &Node<'_>, report: &mut Report<'_>) -> Vec<String> {
    let mut list: Vec<String> = Vec::new();
    for node in node.list(PATHS_MAX, report) {
        let Some(path) = node.string("a path of the charter in quotes, such as \"rules.majority\"", report)
        else {
            continue;
        };
        if !is_path(path) {
            let hint = "a path is keys with dots between, such as rules.majority";
            report.error(&node.path, format!("`{path}` is no path of a charter"), hint);
        } else if list.iter().any(|other| other == path) {
            report.error(&node.path, format!("`{path}` is given twice"), "keep one of the two");
        } else {
            list.push(path.to_owned());
        }
    }
    list
}

/// Whether `path` is keys with dots between: ASCII, short enough to be stored in a word.
fn is_path(path: &str) -> bool {
    path.len() <= 31 && path.split('.').all(crate::is_id)
}
