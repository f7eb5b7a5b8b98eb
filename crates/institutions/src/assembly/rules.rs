//! Decision rules and chambers: written by decision, frozen by whoever uses them.

use alloy_primitives::{B256, U256, keccak256};
use polity_decision::{Basis, Rule};

use super::{
    CHAMBER_CLASSES_MAX, CHAMBER_MEMBERS_MAX, CHAMBERS_MAX, Choice,
    IAssembly::{
        self, By, ChamberSet, InvalidChamber, InvalidRule, RuleSet, TooMany, UnknownChamber, UnknownRule,
        WrongBasis,
    },
    NAME_BYTES_MAX, PERIOD_SECS_MAX, RULE_BYTES_MAX, RULES_MAX,
    schema::{ChamberRecord, storage},
    seated, seats, secret,
};
use crate::{
    context::{Context, Result},
    ensure,
    host::Failure,
    names,
    storage::Read,
};

/// Gas of reading a byte of a rule's JSON.
const RULE_BYTE_GAS: u64 = 8;
/// Most bytes of an error about a rule.
const PROBLEM_CHARS_MAX: usize = 400;

/// The rule whose text has `hash`.
pub(super) fn load(cx: &mut Context<'_>, hash: B256) -> Result<Rule> {
    let text = storage().rule_texts.at(hash).get(cx)?;
    cx.charge(RULE_BYTE_GAS.saturating_mul(text.len() as u64))?;
    Rule::from_json(&text).map_err(|error| Failure::fatal(format!("stored rule {hash}: {error}")))
}

/// Writes `rule` under its id.
pub(super) fn store(cx: &mut Context<'_>, rule: &Rule) -> Result<()> {
    let storage = storage();
    let text = rule.canonical_json();
    ensure!(text.len() <= RULE_BYTES_MAX, too_many("bytes of a rule", RULE_BYTES_MAX as u64));
    let id = names::word(&rule.id).ok_or_else(|| invalid("its id is longer than 31 bytes"))?;
    let hash = keccak256(&text);
    if storage.rules.at(id).get(cx)? == B256::ZERO {
        ensure!(storage.rule_ids.len(cx)? < RULES_MAX, too_many("rules", RULES_MAX));
        storage.rule_ids.push(cx, id)?;
    }
    storage.rules.at(id).set(cx, hash)?;
    storage.rule_texts.at(hash).set(cx, &text)?;
    cx.emit(&RuleSet { id, ruleHash: hash })
}

/// The hash and the text of the rule now called `id`, or of its part that is fed with `basis`.
pub(super) fn named(cx: &mut Context<'_>, id: B256, basis: Basis) -> Result<(B256, Rule)> {
    let hash = storage().rules.at(id).get(cx)?;
    ensure!(hash != B256::ZERO, UnknownRule { rule: id });
    let rule = load(cx, hash)?;
    let part = rule.part(basis).ok_or(WrongBasis { rule: id })?;
    if part == rule {
        return Ok((hash, rule));
    }
    // A rule of two stages: the part that is judged here is a text of its own.
    let text = part.canonical_json();
    let hash = keccak256(&text);
    let place = storage().rule_texts.at(hash);
    if place.get(cx)?.is_empty() {
        place.set(cx, &text)?;
    }
    Ok((hash, part))
}

/// Whether the rule now called `id` is one of silence.
pub(super) fn is_of_silence(cx: &mut Context<'_>, id: B256) -> Result<bool> {
    let hash = storage().rules.at(id).get(cx)?;
    ensure!(hash != B256::ZERO, UnknownRule { rule: id });
    Ok(load(cx, hash)?.silence.is_some())
}

/// Writes a chamber.
pub(super) fn store_chamber(cx: &mut Context<'_>, id: B256, chamber: &IAssembly::Chamber) -> Result<()> {
    check_chamber(id, chamber)?;
    named(cx, chamber.rule, Basis::Ballots)?;
    let storage = storage();
    let versions = storage.chambers.at(id);
    if self::chamber(cx, id)?.is_none() {
        ensure!(storage.chamber_ids.len(cx)? < CHAMBERS_MAX, too_many("chambers", CHAMBERS_MAX));
        storage.chamber_ids.push(cx, id)?;
    }
    let record = versions.grow(cx)?;
    record.name.set(cx, &chamber.name)?;
    record.kinds.set(cx, chamber.kinds)?;
    for class in &chamber.classes {
        record.classes.push(cx, *class)?;
    }
    for member in &chamber.members {
        record.members.push(cx, *member)?;
    }
    record.rule.set(cx, chamber.rule)?;
    record.voting_secs.set(cx, chamber.votingSecs)?;
    record.delay_secs.set(cx, chamber.delaySecs)?;
    record.reveal_secs.set(cx, chamber.secret.revealSecs)?;
    record.unrevealed.set(cx, chamber.secret.unrevealed as u8)?;
    seats::store(cx, id, &record.seating, &chamber.seating)?;
    seated::check(cx, id)?;
    cx.emit(&ChamberSet { id, rule: chamber.rule })
}

fn check_chamber(id: B256, chamber: &IAssembly::Chamber) -> Result<()> {
    let wrong = |problem: &str| InvalidChamber { problem: problem.into() };
    for name in chamber.classes.iter().chain(&chamber.members).chain([&id]) {
        names::check(*name)?;
    }
    ensure!((1..=NAME_BYTES_MAX).contains(&chamber.name.len()), wrong("its name is empty or too long"));
    ensure!(chamber.kinds >> polity_charter::Kind::ALL.len() == 0, wrong("there is no such kind"));
    ensure!(chamber.classes.len() <= CHAMBER_CLASSES_MAX, too_many("classes", CHAMBER_CLASSES_MAX as u64));
    ensure!(chamber.members.len() <= CHAMBER_MEMBERS_MAX, too_many("members", CHAMBER_MEMBERS_MAX as u64));
    seats::check(id, &chamber.seating).map_err(wrong)?;
    secret::check(&chamber.secret).map_err(wrong)?;
    let filled = chamber.seating.by != By::Description;
    let described =
        filled || chamber.kinds != 0 || !chamber.classes.is_empty() || !chamber.members.is_empty();
    ensure!(described, wrong("nobody can sit in it: give kinds, classes or members"));
    ensure!(
        (1..=PERIOD_SECS_MAX).contains(&chamber.votingSecs),
        wrong("its voting period must be between a second and a hundred years")
    );
    ensure!(chamber.delaySecs <= PERIOD_SECS_MAX, wrong("its delay is longer than a hundred years"));
    Ok(())
}

/// Number and record of the version in force of chamber `id`.
pub(super) fn chamber<R: Read>(r: &mut R, id: B256) -> Result<Option<(u64, ChamberRecord)>, R::Error> {
    let versions = storage().chambers.at(id);
    let Some(version) = versions.len(r)?.checked_sub(1) else { return Ok(None) };
    let record = versions.at(version);
    // A removed chamber is a version without a rule.
    Ok((!record.rule.get(r)?.is_zero()).then_some((version, record)))
}

/// The record of chamber `id` in force or, if it was removed, the last there was: what is bonded there stays its members'.
pub(super) fn last_chamber<R: Read>(r: &mut R, id: B256) -> Result<Option<ChamberRecord>, R::Error> {
    if let Some((_, record)) = chamber(r, id)? {
        return Ok(Some(record));
    }
    // A removal is one version, and never the first.
    let versions = storage().chambers.at(id);
    Ok(versions.len(r)?.checked_sub(2).map(|last| versions.at(last)))
}

/// Version `version` of chamber `id`.
pub(super) fn chamber_version(id: B256, version: u64) -> ChamberRecord {
    storage().chambers.at(id).at(version)
}

/// The chamber as the ABI shows it.
pub(super) fn abi_of_chamber(cx: &mut Context<'_>, id: B256) -> Result<IAssembly::Chamber> {
    let (_, record) = chamber(cx, id)?.ok_or(UnknownChamber { chamber: id })?;
    read_chamber(cx, &record)
}

/// A version of a chamber.
pub(super) fn read_chamber<R: Read>(
    r: &mut R,
    record: &ChamberRecord,
) -> Result<IAssembly::Chamber, R::Error> {
    Ok(IAssembly::Chamber {
        name: record.name.get(r)?,
        kinds: record.kinds.get(r)?,
        classes: record.classes.all(r)?,
        members: record.members.all(r)?,
        rule: record.rule.get(r)?,
        votingSecs: record.voting_secs.get(r)?,
        delaySecs: record.delay_secs.get(r)?,
        seating: record.seating.read(r)?,
        secret: IAssembly::Secrecy {
            revealSecs: record.reveal_secs.get(r)?,
            unrevealed: Choice::try_from(record.unrevealed.get(r)?).unwrap_or(Choice::None),
        },
    })
}

fn invalid(problem: &str) -> InvalidRule {
    InvalidRule { problem: problem.chars().take(PROBLEM_CHARS_MAX).collect() }
}

/// The error of a bound.
pub(super) fn too_many(what: &str, max: impl Into<u128>) -> TooMany {
    TooMany { what: what.into(), max: U256::from(max.into()) }
}
