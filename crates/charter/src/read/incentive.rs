//! `consensus.incentive`: what honesty earns, what dishonesty costs, and the score of standing.

use core::ops::RangeInclusive;

use polity_constitution::{FeesTo, Forfeited, Incentive, Share, Slash, Standing};
use polity_primitives::U256;

use crate::reader::{Node, Table};
use crate::report::{Report, join};

const FEES: [(&str, FeesTo); 3] =
    [("writer", FeesTo::Writer), ("treasury", FeesTo::Treasury), ("burn", FeesTo::Burn)];

const FORFEITED: [(&str, Forfeited); 3] =
    [("burn", Forfeited::Burn), ("treasury", Forfeited::Treasury), ("reporter", Forfeited::Reporter)];

/// Scores of standing, and what moves them: so many that no sum over a chain's life overflows.
const SCORE: RangeInclusive<i64> = -1_000_000_000..=1_000_000_000;
/// Turns missed in a row.
const MISSED: RangeInclusive<u64> = 1..=1_000_000;

/// Keys that speak of money.
const MONEY: [&str; 4] = ["reward", "pledge", "vesting", "slash"];

/// Highest reward of a block: a thousand million units; what can be issued in all, 2^127 wei, then lasts for more than 10^11 blocks.
const REWARD_MAX: U256 = U256::from_limbs([11_515_845_246_265_065_472, 54_210_108, 0, 0]);

/// Reads the table. `money`: whether the charter has a `[currency]`.
pub(super) fn incentive(mut table: Table<'_>, money: bool, report: &mut Report<'_>) -> Incentive {
    for key in MONEY.into_iter().filter(|key| !money && table.has(key)) {
        let hint = "add [currency] with a name and a symbol; standing needs no money";
        report.error_at_key(&join(&table.path, key), format!("`{key}` needs a currency to be paid in"), hint);
    }
    let amount = |node: Option<Node<'_>>, report: &mut Report<'_>| {
        node.and_then(|node| node.amount_wei(report)).unwrap_or(U256::ZERO)
    };
    let reward = amount(table.get("reward"), report);
    if reward > REWARD_MAX
        && let Some(node) = table.get("reward")
    {
        report.error(
            &node.path,
            "the reward of a block is more than 1000000000 units: all that can ever be issued would be gone soon",
            "at most 1000000000 a block",
        );
    }
    let pledge = amount(table.get("pledge"), report);
    let fees = table.get("fees").and_then(|node| node.one_of("way for fees to go", &FEES, report));
    let unbonding = table.get("unbonding").and_then(|node| node.duration_secs(0, report)).unwrap_or(0);
    let vesting = table.get("vesting").and_then(|node| node.duration_secs(0, report)).unwrap_or(0);
    let slash = table.section("slash", report).map(|table| slash(table, report)).unwrap_or_default();
    let to =
        table.get("forfeited").and_then(|node| node.one_of("way for forfeits to go", &FORFEITED, report));
    let (fees, forfeited) = (fees.unwrap_or_default(), to.unwrap_or_default());
    let account = account(&mut table, fees, forfeited, report);
    let share = reporter(&mut table, forfeited, report);
    let standing = table.section("standing", report).map(|table| standing(table, report));
    table.finish(report);
    Incentive { reward, fees, account, pledge, unbonding, vesting, slash, forfeited, share, standing }
}

fn account(
    table: &mut Table<'_>,
    fees: FeesTo,
    forfeited: Forfeited,
    report: &mut Report<'_>,
) -> Option<String> {
    let treasury = fees == FeesTo::Treasury || forfeited == Forfeited::Treasury;
    if treasury {
        let hint = "the account of [treasury] that receives, such as account = \"common\"";
        let node = table.require("account", hint, report);
        return node.and_then(|node| node.id(report).map(str::to_owned));
    }
    if let Some(node) = table.get("account") {
        let hint = "remove it, or write fees = \"treasury\" or forfeited = \"treasury\"";
        report.error_at_key(&node.path, "nothing goes to an account of the treasury", hint);
    }
    None
}

fn reporter(table: &mut Table<'_>, forfeited: Forfeited, report: &mut Report<'_>) -> Share {
    if forfeited == Forfeited::Reporter {
        let hint = "the part of its own loss that who brings evidence gets, such as share = \"1/20\"; the rest is burnt";
        let Some(node) = table.require("share", hint, report) else { return Share::default() };
        let share = part(&node, report);
        if share.num > share.den / 2 {
            let hint = "at most \"1/2\": who brings evidence may be the culprit's accomplice, and an offence must cost";
            report.error(&node.path, "more than half would go to who brings evidence", hint);
        }
        return share;
    }
    if let Some(node) = table.get("share") {
        let hint = "remove it, or write forfeited = \"reporter\"";
        report.error_at_key(&node.path, "`share` is the reporter's", hint);
    }
    Share::default()
}

fn slash(mut table: Table<'_>, report: &mut Report<'_>) -> Slash {
    let mut read = |key| table.get(key).map(|node| part(&node, report)).unwrap_or_default();
    let (double_sign, invalid, downtime) = (read("double_sign"), read("invalid"), read("downtime"));
    let after = match table.has("downtime") {
        true => table.require("after", "turns missed in a row that make it, such as after = 50", report),
        false => table.get("after"),
    };
    if let (Some(node), false) = (&after, table.has("downtime")) {
        let hint = "remove it, or say what they cost: downtime = \"1/100\"";
        report.error_at_key(&node.path, "missed turns cost nothing", hint);
    }
    let after = after.and_then(|node| node.integer(MISSED, report)).unwrap_or(0);
    table.finish(report);
    Slash { double_sign, invalid, downtime, after }
}

/// A part of a whole: more than nothing, at most all.
fn part(node: &Node<'_>, report: &mut Report<'_>) -> Share {
    const HINT: &str = "a part is a fraction in quotes, more than nothing and at most all, such as \"1/20\"";
    let Some(text) = node.string("a fraction in quotes, such as \"1/20\"", report) else {
        return Share::default();
    };
    let number = |text: &str| {
        let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| text.parse::<u64>().ok()).flatten()
    };
    let (num, den) = text.split_once('/').unwrap_or((text, "1"));
    match (number(num), number(den)) {
        (Some(num), Some(den)) if (1..=den).contains(&num) => Share { num, den },
        _ => {
            report.error(&node.path, format!("`{text}` is no part of a whole"), HINT);
            Share::default()
        }
    }
}

/// Reads a score; `sign` says which it must have, if any.
fn score(table: &mut Table<'_>, key: &'static str, sign: i64, report: &mut Report<'_>) -> Option<i64> {
    let node = table.get(key)?;
    let value = node.signed(SCORE, report)?;
    if value.signum() == sign.saturating_neg() && sign != 0 {
        let message = match sign {
            1 => format!("{value} for what is to be encouraged"),
            _ => format!("{value} for what is to be discouraged"),
        };
        let hint = if sign == 1 {
            "it adds: write a number from 0 up"
        } else {
            "it takes away: write a number below 0"
        };
        report.error(&node.path, message, hint);
    }
    Some(value)
}

fn standing(mut table: Table<'_>, report: &mut Report<'_>) -> Standing {
    let mut read = |key, sign| score(&mut table, key, sign, report);
    let standing = Standing {
        start: read("start", 0).unwrap_or(0),
        write: read("write", 1).unwrap_or(0),
        absent: read("absent", -1).unwrap_or(0),
        double_sign: read("double_sign", -1).unwrap_or(0),
        invalid: read("invalid", -1).unwrap_or(0),
        suspend_below: read("suspend_below", 0),
        expel_below: read("expel_below", 0),
        max: read("max", 0),
    };
    let Standing { start, suspend_below, expel_below, max, .. } = standing;
    let path = |key| join(&table.path, key);
    for (key, threshold, verb) in
        [("suspend_below", suspend_below, "suspended"), ("expel_below", expel_below, "expelled")]
    {
        if let Some(threshold) = threshold.filter(|threshold| *threshold > start) {
            let message =
                format!("everyone starts with {start}, below {threshold}, and would be {verb} at once");
            report.error(&path(key), message, "set it at or below `start`");
        }
    }
    if let (Some(suspend), Some(expel)) = (suspend_below, expel_below)
        && expel > suspend
    {
        let message =
            format!("a member would be expelled below {expel} before it is suspended below {suspend}");
        report.error(&path("expel_below"), message, "the second threshold is the lower one");
    }
    if let Some(max) = max.filter(|max| *max < start) {
        let message = format!("everyone starts with {start}, above the highest score of {max}");
        report.error(&path("max"), message, "set it at or above `start`");
    }
    table.finish(report);
    standing
}
