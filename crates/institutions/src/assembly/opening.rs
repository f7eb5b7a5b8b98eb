//! A proposal opens: everything that decides it is frozen, and its electorates are counted.
//!
//! Rule kept: all stages are frozen at the same moment, by the state at the end of the block before. What a later stage
//! votes by is known when the first one begins.

use alloy_primitives::{B256, KECCAK256_EMPTY, U256};
use polity_decision::Basis;

use super::{
    IAssembly::{EmptyElectorate, Opened, StageOpened, UnknownChamber},
    Status, ballot,
    electorate::Electorate,
    record, rules,
    schema::{ProposalRecord, StageRecord},
    tally,
};
use crate::{
    context::{Context, Result},
    ensure,
};

/// Opens the proposal: freezes what decides it, counts its electorates, and begins its first stage.
///
/// Errors: `UnknownChamber`, `UnknownRule`, `WrongBasis`, `EmptyElectorate`.
pub(super) fn open(cx: &mut Context<'_>, id: u64, record: &ProposalRecord) -> Result<()> {
    let block = cx.block();
    let electorate_height = block.height.saturating_sub(1);
    record.electorate_height.set(cx, electorate_height)?;
    record.opened_at.set(cx, block.timestamp_secs.max(1))?;
    freeze_code(cx, record)?;
    freeze_stages(cx, record)?;
    cx.emit(&Opened { id: U256::from(id), electorateHeight: electorate_height })?;
    for number in 0..record.stages.len(cx)? {
        count(cx, &record.stages.at(number), electorate_height)?;
    }
    begin(cx, id, record, 0)
}

/// Keeps the code hash of every call's target.
fn freeze_code(cx: &mut Context<'_>, record: &ProposalRecord) -> Result<()> {
    for call in record::calls(cx, record)? {
        let hash = cx.code_hash(call.target)?;
        record.code_hashes.push(cx, if hash == B256::ZERO { KECCAK256_EMPTY } else { hash })?;
    }
    Ok(())
}

/// Writes the stages: of a chamber that stands for a track, one.
fn freeze_stages(cx: &mut Context<'_>, record: &ProposalRecord) -> Result<()> {
    let id = record.track.get(cx)?;
    let (version, chamber) = rules::chamber(cx, id)?.ok_or(UnknownChamber { chamber: id })?;
    let rule = chamber.rule.get(cx)?;
    let (rule, _) = rules::named(cx, rule, Basis::Ballots)?;
    let stage = record.stages.grow(cx)?;
    stage.chamber.set(cx, id)?;
    stage.chamber_version.set(cx, version)?;
    stage.rule.set(cx, rule)?;
    let (voting, delay) = (chamber.voting_secs.get(cx)?, chamber.delay_secs.get(cx)?);
    stage.voting_secs.set(cx, voting)?;
    record.delay_secs.set(cx, delay)
}

/// Counts who sits in a stage, and opens its tally.
fn count(cx: &mut Context<'_>, stage: &StageRecord, height: u64) -> Result<()> {
    let hash = stage.rule.get(cx)?;
    let rule = rules::load(cx, hash)?;
    let voters = Electorate::of(cx, stage, height)?.voters(cx, &rule)?;
    ensure!(!voters.is_empty(), EmptyElectorate { chamber: stage.chamber.get(cx)? });
    cx.charge(tally::COUNT_GAS.saturating_mul(voters.len() as u64))?;
    tally::store(cx, &rule, &stage.tally, &rule.open(&voters))
}

/// Begins stage `number`.
pub(super) fn begin(cx: &mut Context<'_>, id: u64, record: &ProposalRecord, number: u64) -> Result<()> {
    let (block, stage) = (cx.block(), record.stages.at(number));
    record.stage.set(cx, number)?;
    let opens_at = block.timestamp_secs;
    let closes_at = opens_at.saturating_add(stage.voting_secs.get(cx)?);
    stage.opens_at.set(cx, opens_at.max(1))?;
    stage.closes_at.set(cx, closes_at.max(1))?;
    let (chamber, rule_hash) = (stage.chamber.get(cx)?, stage.rule.get(cx)?);
    cx.emit(&StageOpened {
        id: U256::from(id),
        stage: number,
        chamber,
        ruleHash: rule_hash,
        opensAt: opens_at,
        closesAt: closes_at,
    })?;
    take_ballots(cx, id, record, &stage)
}

/// From now on the stage takes ballots.
fn take_ballots(cx: &mut Context<'_>, id: u64, record: &ProposalRecord, stage: &StageRecord) -> Result<()> {
    record.status.set(cx, Status::Open as u8)?;
    let hash = stage.rule.get(cx)?;
    let rule = rules::load(cx, hash)?;
    let tally = tally::load(cx, &rule, &stage.tally)?;
    ballot::schedule_close(cx, id, record, stage, &rule, &tally)
}
