//! `[consensus]`: the right to write and who verifies. The third setting is in [`super::incentive`]; what the three mean together,
//! and with the rest of the charter, is checked when all is read.
//!
//! Rule kept: a key belongs to the setting that gives it a meaning, and is refused elsewhere, so that no agreement states a rule
//! that nobody enforces.

use core::ops::RangeInclusive;

use polity_constitution::{MEMBERS_MAX, Primary, Settings, Verification, Work, WriteRight};
use polity_primitives::U256;

use super::incentive;
use crate::SEATS_MAX;
use crate::reader::Table;
use crate::report::{Report, join};

/// Ways to the right to write.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Membership,
    Stake,
    Delegation,
    Work,
}

const WRITE: [(&str, By); 4] = [
    ("membership", By::Membership),
    ("stake", By::Stake),
    ("delegation", By::Delegation),
    ("work", By::Work),
];

/// Ways to choose who goes first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum First {
    Rotation,
    Random,
    Elected,
    Appointed,
}

const PRIMARY: [(&str, First); 4] = [
    ("rotation", First::Rotation),
    ("random", First::Random),
    ("elected", First::Elected),
    ("appointed", First::Appointed),
];

/// Who verifies.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Judges {
    All,
    Delegates,
    Supervisors,
}

const VERIFICATION: [(&str, Judges); 3] =
    [("all", Judges::All), ("delegates", Judges::Delegates), ("supervisors", Judges::Supervisors)];

/// Keys of `write` that only some ways know, and the words for those.
const WRITE_KEYS: [(&str, &[&str]); 10] = [
    ("primary", &["membership"]),
    ("chamber", &["membership with primary = \"elected\"", "delegation"]),
    ("order", &["membership with primary = \"appointed\""]),
    ("min", &["stake"]),
    ("seats", &["delegation"]),
    ("term", &["delegation"]),
    ("interval", &["work"]),
    ("confirmations", &["work"]),
    ("checkpoint", &["work"]),
    ("difficulty", &["work"]),
];

const WRITE_HINT: &str = "such as write = { by = \"membership\", primary = \"rotation\" }";
const VERIFICATION_HINT: &str = "such as verification = { by = \"all\" }";

/// Time from one worked block to the next. Units: seconds. Source: a message must reach every node many times over within it, or
/// work is wasted on forks: Decker and Wattenhofer, "Information Propagation in the Bitcoin Network" (2013).
const INTERVAL_SECS: RangeInclusive<u64> = 1..=86_400;
/// Blocks that bury one. Source: at 10 % of dishonest work 6 make a double spend rarer than 1 in 1,000 (Bitcoin paper §11).
const CONFIRMATIONS: RangeInclusive<u64> = 1..=Work::CHECKPOINT_MAX;
/// First difficulty. Units: expected hashes.
const DIFFICULTY: RangeInclusive<u64> = 1..=Work::DIFFICULTY_MAX;

/// Reads the table; without one, the default settings. `money`: whether the charter has a `[currency]`.
pub(super) fn consensus(table: Option<Table<'_>>, money: bool, report: &mut Report<'_>) -> Settings {
    let Some(mut table) = table else { return Settings::default() };
    let write = table.section("write", report).map(|table| write_right(table, report)).unwrap_or_default();
    let verification =
        table.section("verification", report).map(|table| verification(table, report)).unwrap_or_default();
    let incentive = table.section("incentive", report);
    let incentive = incentive.map(|table| incentive::incentive(table, money, report)).unwrap_or_default();
    table.finish(report);
    let staked = match &write {
        WriteRight::Stake { .. } => Some("stake"),
        WriteRight::Delegation { chamber: None, .. } => Some("delegation by stake"),
        _ => None,
    };
    if let Some(way) = staked.filter(|_| !money) {
        let hint = "add [currency] with a name and a symbol";
        report.error("consensus.write.by", format!("{way} needs a currency to be counted in"), hint);
    }
    Settings { write, incentive, verification }
}

fn write_right(mut table: Table<'_>, report: &mut Report<'_>) -> WriteRight {
    let by = table.require("by", WRITE_HINT, report);
    let Some(by) = by.and_then(|node| node.one_of("way to the right to write", &WRITE, report)) else {
        table.pass_over(&WRITE_KEYS.map(|(key, _)| key));
        table.finish(report);
        return WriteRight::default();
    };
    let write = match by {
        By::Membership => WriteRight::Membership { primary: primary(&mut table, report) },
        By::Stake => {
            let min = table.require("min", "the least stake that takes part, such as min = \"100\"", report);
            let wei = min.as_ref().and_then(|node| node.amount_wei(report));
            if let (Some(node), Some(U256::ZERO)) = (&min, wei) {
                let hint = "give the least stake with which a member takes part, such as min = \"100\"";
                report.error(&node.path, "a stake of nothing gives everyone every right", hint);
            }
            WriteRight::Stake { min: wei.unwrap_or(U256::ONE) }
        }
        By::Delegation => {
            let seats = table.require("seats", "how many are chosen, such as seats = 21", report);
            let seats = seats.and_then(|node| node.integer(1..=SEATS_MAX, report)).unwrap_or(SEATS_MAX);
            let term = table.require("term", "how long they are chosen for, such as term = \"7d\"", report);
            let term = term.and_then(|node| node.duration_secs(1, report)).unwrap_or(1);
            let chamber = chamber(table.get("chamber"), report);
            WriteRight::Delegation { seats, term, chamber }
        }
        By::Work => WriteRight::Work(work(&mut table, report)),
    };
    strangers(&mut table, &WRITE_KEYS, report);
    table.finish(report);
    write
}

fn primary(table: &mut Table<'_>, report: &mut Report<'_>) -> Primary {
    let hint = "who goes first: primary = \"rotation\", \"random\", \"elected\" or \"appointed\"";
    let first = table.require("primary", hint, report);
    let Some(first) = first.and_then(|node| node.one_of("choice of the primary", &PRIMARY, report)) else {
        table.pass_over(&["chamber", "order"]);
        return Primary::Rotation;
    };
    match first {
        First::Rotation => Primary::Rotation,
        First::Random => Primary::Random,
        First::Elected => {
            let hint = "the chamber whose members lead, such as chamber = \"presidency\"";
            let node = table.require("chamber", hint, report);
            Primary::Elected { chamber: chamber(node, report).unwrap_or_default() }
        }
        First::Appointed => {
            let hint = "who leads, and who follows in case of need, such as order = [\"de\", \"fr\"]";
            let order = table.require("order", hint, report);
            let ids = order.as_ref().map(|node| node.ids(MEMBERS_MAX, report)).unwrap_or_default();
            if let Some(node) = order.filter(|_| ids.is_empty()) {
                report.error(&node.path, "an appointed primary needs somebody appointed", hint);
            }
            Primary::Appointed { order: ids }
        }
    }
}

fn work(table: &mut Table<'_>, report: &mut Report<'_>) -> Work {
    let interval = table.require("interval", "time between blocks, such as interval = \"15s\"", report);
    let interval = interval.and_then(|node| {
        let secs = node.duration_secs(*INTERVAL_SECS.start(), report)?;
        let fits = INTERVAL_SECS.contains(&secs);
        if !fits {
            report.error(&node.path, "blocks would be more than a day apart", "");
        }
        fits.then_some(secs)
    });
    let hint = "blocks on top of one that make it final, such as confirmations = 6";
    let confirmations = table.require("confirmations", hint, report);
    let confirmations = confirmations.and_then(|node| node.integer(CONFIRMATIONS, report));
    let confirmations = confirmations.unwrap_or(*CONFIRMATIONS.start());
    let checkpoint = table.get("checkpoint");
    let depth = checkpoint.as_ref().and_then(|node| node.integer(1..=Work::CHECKPOINT_MAX, report));
    if let (Some(node), Some(depth)) = (checkpoint, depth)
        && depth < confirmations
    {
        let message = format!(
            "blocks {depth} deep would be final for the nodes, before the {confirmations} confirmations that make \
             them final for clients"
        );
        report.error(&node.path, message, format!("at least {confirmations}"));
    }
    let interval = interval.unwrap_or(*INTERVAL_SECS.start());
    let difficulty = table.get("difficulty").and_then(|node| node.integer(DIFFICULTY, report));
    Work {
        interval,
        confirmations,
        checkpoint: depth.unwrap_or(Work::CHECKPOINT.max(confirmations)),
        difficulty: difficulty.unwrap_or_else(|| Work::first_difficulty(interval)),
    }
}

fn verification(mut table: Table<'_>, report: &mut Report<'_>) -> Verification {
    let by = table.require("by", VERIFICATION_HINT, report);
    let Some(by) = by.and_then(|node| node.one_of("way to verify", &VERIFICATION, report)) else {
        table.pass_over(&["chamber", "members"]);
        table.finish(report);
        return Verification::All;
    };
    let verification = match by {
        Judges::All => Verification::All,
        Judges::Delegates => {
            let hint = "the chamber whose members verify, such as chamber = \"verifiers\"";
            let node = table.require("chamber", hint, report);
            Verification::Delegates { chamber: chamber(node, report).unwrap_or_default() }
        }
        Judges::Supervisors => {
            let hint = "who verifies, such as members = [\"un\", \"wwf\"]";
            let node = table.require("members", hint, report);
            let members = node.as_ref().map(|node| node.ids(MEMBERS_MAX, report)).unwrap_or_default();
            if let Some(node) = node.filter(|_| members.is_empty()) {
                report.error(&node.path, "nobody would verify", hint);
            }
            Verification::Supervisors { members }
        }
    };
    let keys = [("chamber", ["delegates"].as_slice()), ("members", &["supervisors"])];
    strangers(&mut table, &keys, report);
    if table.has("quorum") {
        table.pass_over(&["quorum"]);
        let message =
            "`quorum` is no setting: a block is final once more than two thirds of the voting power agree";
        let hint = "remove it; with a smaller one two blocks could be final at one height, with a larger one fewer silent members \
                    stop the chain (docs/adr/0029-the-quorum-is-no-setting.md)";
        report.error_at_key(&join(&table.path, "quorum"), message, hint);
    }
    if table.has("seats") {
        table.pass_over(&["seats"]);
        let message = "`seats` is a setting of the chamber whose members verify";
        report.error_at_key(
            &join(&table.path, "seats"),
            message,
            "write it in [chambers.…], with `by` and `term`",
        );
    }
    table.finish(report);
    verification
}

fn chamber(node: Option<crate::reader::Node<'_>>, report: &mut Report<'_>) -> Option<String> {
    node.and_then(|node| node.id(report).map(str::to_owned))
}

/// Refuses keys that belong to another way.
fn strangers(
    table: &mut Table<'_>,
    keys: &[(&'static str, &'static [&'static str])],
    report: &mut Report<'_>,
) {
    for (key, ways) in keys {
        if table.has(key) && !table.knows(key) {
            table.pass_over(&[key]);
            let ways: Vec<_> = ways.iter().map(|way| format!("`{way}`")).collect();
            let message = format!("`{key}` belongs to {}", ways.join(" or "));
            report.error_at_key(&join(&table.path, key), message, "remove it, or choose that");
        }
    }
}
