//! Outcomes: of a stage, and of the proposal with its last stage or the first that does not pass.

use alloy_primitives::{U256, keccak256};
use polity_decision::{self as decision, Outcome, Report, Rule, Tally};

use super::{
    IAssembly::{Concluded, NotDue, StageConcluded},
    Status, ballot,
    electorate::Electorate,
    escrow, opening, propose, record, rules,
    schema::{ProposalRecord, StageRecord, storage},
    tally, tracks,
};
use crate::{
    agenda::Due,
    context::{Context, Result},
    ensure,
    host::Failure,
    names,
};

/// Establishes the outcome of the present stage, and of the proposal if that settles it. By the chain itself.
///
/// Errors: `NotBySystem`, `UnknownProposal`, `NotDue`.
pub(super) fn conclude(cx: &mut Context<'_>, id: U256) -> Result<()> {
    cx.by_system()?;
    let (number, record) = record::find(cx, id)?;
    let block = cx.block();
    ensure!(storage().agenda.take(cx, &block, Due::Conclude(number))?, NotDue {});
    let stage = record::present(cx, &record)?.ok_or_else(|| Failure::fatal("a conclusion of no stage"))?;
    let rule = record::rule_of(cx, &stage)?;
    let tally = final_tally(cx, &record, &stage, &rule)?;
    let adopted = rule.outcome(&tally, true).outcome == Outcome::Adopted;

    let (place, now) = (record.stage.get(cx)?, block.timestamp_secs.max(1));
    let is_last = place.saturating_add(1) >= record.stages.len(cx)?;
    let executes_at = match adopted && is_last {
        true => takes_effect(&rule, now, record.delay_secs.get(cx)?),
        false => 0,
    };
    let report = report_of(&rule, &tally, now, executes_at);
    let report_hash = keccak256(report.json());
    stage.concluded_at.set(cx, now)?;
    stage.adopted.set(cx, adopted)?;
    stage.report_hash.set(cx, report_hash)?;
    remember_participation(cx, &record, &stage, &tally)?;
    cx.emit(&StageConcluded { id, stage: place, adopted, reportHash: report_hash })?;
    if adopted && !is_last {
        pass_on_participation(cx, &record, place, &stage, &tally)?;
        return opening::begin(cx, number, &record, place.saturating_add(1));
    }
    record.concluded_at.set(cx, now)?;
    propose::close_one(cx, &record)?;
    record.executes_at.set(cx, executes_at)?;
    record.deadline.set(cx, executes_at)?;
    if adopted {
        record.status.set(cx, Status::Adopted as u8)?;
        storage().agenda.schedule(cx, &block, Due::Enact(number), executes_at)?;
    } else {
        record.status.set(cx, Status::Rejected as u8)?;
    }
    cx.emit(&Concluded { id, adopted, executesAt: executes_at, reportHash: report_hash })?;
    if !adopted {
        escrow::settle_rejected(cx, number, &record, &rule, &tally, &report)?;
    }
    Ok(())
}

/// When a decision of `now` is carried out: after `delay_secs`, and not before the day on which its rule lets it take effect.
/// Units: seconds since 1970-01-01 UTC. A day that no calendar has is waited for by nobody: then the delay alone counts.
fn takes_effect(rule: &Rule, now: u64, delay_secs: u64) -> u64 {
    let day = decision::Date::from_unix_secs(now).and_then(|today| rule.effective_on(today));
    let by_rule = day.and_then(decision::Date::unix_secs).unwrap_or_default();
    now.saturating_add(delay_secs).max(by_rule)
}

/// Lets a moving quorum follow the participation in this vote: the next proposal on the track opens with it.
fn remember_participation(
    cx: &mut Context<'_>,
    record: &ProposalRecord,
    stage: &StageRecord,
    tally: &Tally,
) -> Result<()> {
    let hash = stage.rule.get(cx)?;
    let rule = rules::load(cx, hash)?;
    if !rule.needs_quorum() {
        return Ok(());
    }
    let rule_id = names::word(&rule.id).ok_or_else(|| Failure::fatal("a stored rule without a name"))?;
    let kept = tracks::average(record.track.get(cx)?, rule_id);
    let before = kept.get(cx)?;
    match next_average(&rule, tally, before) {
        Some(next) => kept.set(cx, next),
        None => Ok(()),
    }
}

/// Lets the later votes of this proposal that are judged by the same rule follow the participation in this one. They go by what
/// this vote began with, not by what is kept for the track: what others vote on meanwhile, and rules that the members
/// amend, change no open vote.
fn pass_on_participation(
    cx: &mut Context<'_>,
    record: &ProposalRecord,
    place: u64,
    stage: &StageRecord,
    tally: &Tally,
) -> Result<()> {
    let hash = stage.rule.get(cx)?;
    let rule = rules::load(cx, hash)?;
    let before = stage.average.get(cx)?;
    let Some(next) = next_average(&rule, tally, before) else { return Ok(()) };
    for number in place.saturating_add(1)..record.stages.len(cx)? {
        let later = record.stages.at(number);
        if later.rule.get(cx)? == hash {
            later.average.set(cx, next)?;
        }
    }
    Ok(())
}

/// The average of participation after this vote, from the one before, both as they are stored; `None` where the quorum stands still.
fn next_average(rule: &Rule, tally: &Tally, before: u64) -> Option<u64> {
    let quorum = rule.quorum.as_ref()?;
    let average = record::average_of(before).unwrap_or_else(|| quorum.start.clone());
    rule.next_average(tally, &average).map(|next| record::word_of_average(&next))
}

/// The tally of a stage with the names of those who used a veto.
fn final_tally(
    cx: &mut Context<'_>,
    record: &ProposalRecord,
    stage: &StageRecord,
    rule: &Rule,
) -> Result<Tally> {
    let mut tally = tally::load(cx, rule, &stage.tally)?;
    let objections = ballot::objections(cx, stage)?;
    if !objections.is_empty() {
        let height = record.electorate_height.get(cx)?;
        let electorate = Electorate::of(cx, stage, height)?;
        ballot::name_vetoers(cx, &objections, &electorate, rule, &mut tally)?;
    }
    Ok(tally)
}

/// The why-report of a concluded stage. Times are seconds since 1970-01-01 UTC; `executes_at` is 0 unless the proposal is
/// adopted with it.
pub(super) fn report_of(rule: &Rule, tally: &Tally, concluded_at: u64, executes_at: u64) -> Report {
    let mut report = rule.outcome(tally, true);
    let date = decision::Date::from_unix_secs;
    report.decided_on = date(concluded_at);
    report.effective_on = (executes_at != 0).then(|| date(executes_at)).flatten();
    report
}
