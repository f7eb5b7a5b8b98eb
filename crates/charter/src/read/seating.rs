//! How a chamber's seats are filled (`by`), and secret ballots.

use polity_primitives::U256;

use crate::reader::{Node, Table};
use crate::report::{Report, join};
use crate::{Election, SEATS_MAX, Seating, Secrecy, Sortition, Stake, Unrevealed};

/// Ways to fill seats, besides by description.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Election,
    Sortition,
    Stake,
}

const WAYS: [(&str, By); 3] =
    [("election", By::Election), ("sortition", By::Sortition), ("stake", By::Stake)];

/// Keys that only some ways know, and which.
const KEYS: [(&str, &[By]); 8] = [
    ("seats", &[By::Election, By::Sortition]),
    ("of", &[By::Election]),
    ("from", &[By::Sortition]),
    ("term", &[By::Election, By::Sortition]),
    ("election", &[By::Election]),
    ("ballot", &[By::Election]),
    ("weight", &[By::Election, By::Sortition]),
    ("unbonding", &[By::Stake]),
];

/// Reads how the seats of the chamber `entry` are filled.
pub(super) fn seating(entry: &mut Table<'_>, report: &mut Report<'_>) -> Seating {
    let by = entry.get("by").and_then(|node| node.one_of("way to fill seats", &WAYS, report));
    let is_known = by.is_some() || !entry.has("by");
    for (key, ways) in KEYS.into_iter().chain([("min", [By::Stake].as_slice())]) {
        let belongs = by.is_some_and(|by| ways.contains(&by));
        if entry.has(key) && !belongs {
            entry.pass_over(&[key]);
            if is_known {
                let words: Vec<_> =
                    WAYS.iter().filter(|(_, way)| ways.contains(way)).map(|(word, _)| *word).collect();
                let words = words.join(" or ");
                let message = format!("`{key}` belongs to a chamber by {words}");
                report.error_at_key(&join(&entry.path, key), message, "remove it, or say by = …");
            }
        }
    }
    match by {
        None => Seating::Description,
        Some(By::Election) => Seating::Election(election(entry, report)),
        Some(By::Sortition) => Seating::Sortition(sortition(entry, report)),
        Some(By::Stake) => Seating::Stake(stake(entry, report)),
    }
}

fn election(entry: &mut Table<'_>, report: &mut Report<'_>) -> Election {
    let seats = seats(entry, report);
    let of = entry.require("of", "the chamber that elects, such as of = \"plenary\"", report);
    let of = of.and_then(|node| node.id(report)).unwrap_or_default().to_owned();
    let term_secs = term(entry, report);
    let hint = "how long ballots are taken at the end of a term, such as election = \"14d\"";
    let election = entry.require("election", hint, report);
    let election_secs = election.as_ref().and_then(|node| node.duration_secs(1, report)).unwrap_or(1);
    if let (Some(node), Some(term_secs)) = (election, term_secs)
        && election_secs > term_secs
    {
        report.error(
            &node.path,
            "ballots would be taken for longer than the term",
            "make it shorter than `term`",
        );
    }
    let ballots = [("approval", true), ("one", false)];
    let approval =
        entry.get("ballot").and_then(|node| node.one_of("ballot", &ballots, report)).unwrap_or(true);
    let weight = weight(entry, report);
    Election { seats, of, term_secs: term_secs.unwrap_or(1), election_secs, approval, weight }
}

fn sortition(entry: &mut Table<'_>, report: &mut Report<'_>) -> Sortition {
    let seats = seats(entry, report);
    let from = entry.require("from", "the chamber they are drawn from, such as from = \"plenary\"", report);
    let from = from.and_then(|node| node.id(report)).unwrap_or_default().to_owned();
    let term_secs = term(entry, report).unwrap_or(1);
    for key in ["kinds", "classes", "members"] {
        if entry.has(key) {
            let hint = "`from` says among whom lots are drawn";
            report.error_at_key(
                &join(&entry.path, key),
                format!("`{key}` has no meaning by sortition"),
                hint,
            );
        }
    }
    Sortition { seats, from, term_secs, weight: weight(entry, report) }
}

fn stake(entry: &mut Table<'_>, report: &mut Report<'_>) -> Stake {
    let hint = "from unbonding until the money is paid back, such as unbonding = \"7d\"";
    let unbonding = entry.require("unbonding", hint, report);
    let unbonding_secs = unbonding.and_then(|node| node.duration_secs(0, report)).unwrap_or(0);
    let one = U256::from(1);
    let min_wei = entry.get("min").and_then(|node| node.amount_wei(report)).unwrap_or(one).max(one);
    Stake { unbonding_secs, min_wei }
}

fn seats(entry: &mut Table<'_>, report: &mut Report<'_>) -> u64 {
    let seats = entry.require("seats", "how many seats there are, such as seats = 12", report);
    seats.and_then(|node| node.integer(1..=SEATS_MAX, report)).unwrap_or(1)
}

fn term(entry: &mut Table<'_>, report: &mut Report<'_>) -> Option<u64> {
    let term = entry.require("term", "how long they sit, such as term = \"365d\"", report);
    term.and_then(|node| node.duration_secs(1, report))
}

fn weight(entry: &mut Table<'_>, report: &mut Report<'_>) -> Option<String> {
    entry.get("weight").and_then(|node| node.id(report).map(str::to_owned))
}

/// Reads `secret = { reveal = "2d", unrevealed = "abstain" }`.
pub(super) fn secrecy(node: &Node<'_>, report: &mut Report<'_>) -> Option<Secrecy> {
    let mut table = node.table(report)?;
    let reveal = table.require("reveal", "how long ballots are revealed, such as reveal = \"2d\"", report);
    let reveal_secs = reveal.and_then(|node| node.duration_secs(1, report));
    let hint = "what a ballot means that is never revealed: \"none\", \"abstain\" or \"no\"";
    let unrevealed = table.require("unrevealed", hint, report);
    let unrevealed = unrevealed.and_then(|node| node.one_of("meaning of a ballot", &Unrevealed::ALL, report));
    table.finish(report);
    Some(Secrecy { reveal_secs: reveal_secs?, unrevealed: unrevealed? })
}
