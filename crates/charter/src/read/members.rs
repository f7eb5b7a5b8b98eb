//! `[rights]` and `[members]`.

use std::collections::BTreeMap;

use num_integer::Integer;
use num_traits::{One, ToPrimitive};
use polity_constitution::MEMBERS_MAX;
use polity_decision::{Rational, parse_rational};
use toml::de::DeValue;

use super::ByName;
use crate::reader::{Node, Table, suggest};
use crate::report::{Report, join};
use crate::{Kind, Member, NodeKeys, Rights, STAKE, STAKE_SCALE, Text, WEIGHT_MAX};

/// Most classes of a member.
const CLASSES_MAX: usize = 32;
/// Most weights of a member.
const WEIGHTS_MAX: usize = 32;
/// Most treaties a member may have joined.
const DEPOSITS_MAX: usize = 256;

/// Every kind and its word.
pub(super) fn kinds() -> [(&'static str, Kind); 7] {
    Kind::ALL.map(|kind| (kind.as_str(), kind))
}

/// Reads `[rights]`: rights by kind.
pub(super) fn rights_by_kind(table: Option<Table<'_>>, report: &mut Report<'_>) -> BTreeMap<Kind, Rights> {
    let Some(table) = table else { return BTreeMap::new() };
    let mut rights = BTreeMap::new();
    for (word, node) in table.entries() {
        let granted = self::rights(&node, report);
        match Kind::from_word(word) {
            Some(kind) => _ = rights.insert(kind, granted),
            None => {
                let words = Kind::ALL.map(Kind::as_str);
                report.error_at_key(
                    &node.path,
                    format!("`{word}` is no kind of member"),
                    suggest(word, &words),
                );
            }
        }
    }
    rights
}

/// Reads a list of rights.
fn rights(node: &Node<'_>, report: &mut Report<'_>) -> Rights {
    let words = Rights::ALL.map(|(right, word)| (word, right));
    let mut granted = Rights::NONE;
    for node in node.list(2 * words.len(), report) {
        let Some(right) = node.one_of("right", &words, report) else { continue };
        if granted.contains(right) {
            report.error(&node.path, "this right is given twice", "keep one of the two");
        }
        granted = granted.union(right);
        let unused = match right {
            Rights::REPORT => "no oracle",
            Rights::STORE => "no archive",
            _ => continue,
        };
        let message = format!("this version has {unused}: the right is recorded, and nothing uses it yet");
        report.warning(&node.path, message, "");
    }
    granted
}

/// Reads `[members]`, and the scale that makes each named weight whole.
pub(super) fn members(
    table: Option<Table<'_>>,
    languages: &[String],
    report: &mut Report<'_>,
) -> (Vec<Member>, ByName<u128>) {
    let Some(table) = table else { return (Vec::new(), BTreeMap::new()) };
    let (mut members, mut exact) = (Vec::new(), Vec::new());
    for (id, node) in table.named("members", MEMBERS_MAX, report) {
        let Some(entry) = node.table(report) else { continue };
        let (member, weights) = member(id, entry, languages, report);
        members.push(member);
        exact.push(weights);
    }
    if members.is_empty() && table.entries().is_empty() {
        report.error_at_key("members", "nobody is a member", "an agreement needs parties");
    }
    let scales = scales(&exact, report);
    for (member, weights) in members.iter_mut().zip(&exact) {
        member.weights = scaled(&member.id, weights, &scales, report);
    }
    (members, scales)
}

/// Reads one member, with its weights as written.
fn member(
    id: &str,
    mut entry: Table<'_>,
    languages: &[String],
    report: &mut Report<'_>,
) -> (Member, ByName<Rational>) {
    let name =
        entry.get("name").and_then(|node| node.text(languages, report)).unwrap_or_else(|| Text::from(id));
    let kind = entry.require("kind", "such as kind = \"state\"", report);
    let kind = kind.and_then(|node| node.one_of("kind of member", &kinds(), report)).unwrap_or(Kind::State);
    let mut classes = entry.get("classes").map(|node| node.ids(CLASSES_MAX, report)).unwrap_or_default();
    classes.sort();
    let weights = entry.section("weights", report).map(|table| weights(&table, report)).unwrap_or_default();
    let address = entry.get("address").and_then(|node| node.address(report));
    let recovery = entry.get("recovery").and_then(|node| node.address(report));
    let rights = entry.get("rights").map(|node| rights(&node, report)).unwrap_or_default();
    let node = entry.section("node", report).and_then(|table| node_keys(table, report));
    let balance = entry.get("balance").and_then(|node| node.amount_wei(report));
    let bond_wei = entry.get("bond").and_then(|node| node.amount_wei(report)).unwrap_or_default();
    let mut deposits = BTreeMap::new();
    if let Some(table) = entry.section("deposited", report) {
        for (treaty, node) in table.named("deposits", DEPOSITS_MAX, report) {
            if let Some(date) = node.date(report) {
                deposits.insert(treaty.to_owned(), date);
            }
        }
    }
    entry.finish(report);
    let balance_wei = balance.unwrap_or_default();
    let weightless = BTreeMap::new();
    let id = id.to_owned();
    let member = Member {
        id,
        name,
        kind,
        classes,
        weights: weightless,
        address,
        recovery,
        rights,
        node,
        balance_wei,
        bond_wei,
        deposits,
    };
    (member, weights)
}

/// Reads `weights`, exactly.
fn weights(table: &Table<'_>, report: &mut Report<'_>) -> ByName<Rational> {
    let mut weights = BTreeMap::new();
    for (name, node) in table.named("weights", WEIGHTS_MAX, report) {
        let text = match node.value {
            DeValue::Integer(integer) if integer.radix() == 10 => Some(integer.as_str()),
            _ => node.string("a weight such as 9131761 or \"1/2\"", report),
        };
        match text.map(|text| (text, parse_rational(text))) {
            Some((_, Ok(weight))) => _ = weights.insert(name.to_owned(), weight),
            Some((text, Err(_))) => {
                let hint = "a weight is a whole number, a decimal or a fraction, and never below zero: 23, \"0.5\", \"1/2\"";
                report.error(&node.path, format!("`{text}` is no weight"), hint);
            }
            None => {}
        }
    }
    weights
}

/// Reads `node`.
fn node_keys(mut table: Table<'_>, report: &mut Report<'_>) -> Option<NodeKeys> {
    let hint = "`polity init` makes keys and writes the public ones";
    let consensus = table.require("consensus", hint, report);
    let peer = table.require("peer", hint, report);
    table.finish(report);
    let consensus = consensus.and_then(|node| {
        let key = node.bytes("compressed secp256k1 public key", report)?;
        if secp256k1::PublicKey::from_slice(&key).is_ok() {
            return Some(key);
        }
        let hint =
            "it is 02 or 03 and 32 bytes that are the x coordinate of a point; perhaps a digit is mistyped";
        report.error(&node.path, "this is no point of the curve secp256k1", hint);
        None
    });
    let peer = peer.and_then(|node| node.bytes("ed25519 public key", report));
    Some(NodeKeys { consensus: consensus?, peer: peer? })
}

/// The least number that makes every weight of a name whole, by name.
fn scales(exact: &[ByName<Rational>], report: &mut Report<'_>) -> ByName<u128> {
    let mut scales: ByName<u128> = BTreeMap::new();
    for (name, weight) in exact.iter().flatten() {
        let is_stake = name == STAKE;
        let scale = scales.entry(name.clone()).or_insert(if is_stake { STAKE_SCALE } else { 1 });
        let common = weight.denom().lcm(&(*scale).into());
        // Bounded so that neither a product with it nor the lcm of the next step can grow without end.
        let most = if is_stake { STAKE_SCALE } else { u64::MAX.into() };
        match common.to_u128().filter(|common| *common <= most) {
            Some(common) => *scale = common,
            None if is_stake => {
                let message =
                    format!("`{STAKE}` is counted in parts of the currency, of which a unit has 10^18");
                report.error(
                    "members",
                    message,
                    "write at most 18 decimals, or give the weight another name",
                );
                return BTreeMap::new();
            }
            None => {
                let message =
                    format!("the fractions of weight `{name}` have no common denominator below 2^64");
                report.error("members", message, "write them over one denominator, such as 1000000");
                return BTreeMap::new();
            }
        }
    }
    scales
}

/// `weights` times their scales.
fn scaled(
    id: &str,
    weights: &ByName<Rational>,
    scales: &ByName<u128>,
    report: &mut Report<'_>,
) -> ByName<u128> {
    let mut whole = BTreeMap::new();
    for (name, weight) in weights {
        let Some(scale) = scales.get(name) else { continue };
        let product = weight * Rational::from_integer((*scale).into());
        debug_assert!(product.denom().is_one(), "the scale is a multiple of every denominator");
        match product.to_integer().to_u128().filter(|number| *number <= WEIGHT_MAX) {
            Some(number) => _ = whole.insert(name.clone(), number),
            None => {
                let path = join(&join(&join("members", id), "weights"), name);
                let message =
                    format!("this weight is more than {WEIGHT_MAX} parts: its sums would not fit 128 bits");
                report.error(&path, message, "choose a larger unit");
            }
        }
    }
    whole
}
