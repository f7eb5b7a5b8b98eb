//! What is stored of a proposal, read back: the record, its stages, and how the ABI shows them.

use alloy_primitives::U256;
use alloy_sol_types::SolValue;
use polity_decision::{QUORUM_PARTS, Rational, Rule};

use super::{
    IAssembly::{self, UnknownProposal, UnknownStage},
    Status, draft, rules,
    schema::{ProposalRecord, StageRecord, storage},
    secret,
};
use crate::{
    context::{Context, Result},
    ensure,
    storage::Read,
};

/// The proposal with this id.
pub(super) fn find(cx: &mut Context<'_>, id: U256) -> Result<(u64, ProposalRecord)> {
    let unknown = UnknownProposal { id };
    let Ok(number) = u64::try_from(id) else { return Err(unknown.into()) };
    let record = storage().proposals.at(number);
    ensure!(status(cx, &record)? != Status::Unknown, unknown);
    Ok((number, record))
}

/// How far the proposal has come.
pub(super) fn status<R: Read>(r: &mut R, record: &ProposalRecord) -> Result<Status, R::Error> {
    let status = record.status.get(r)?;
    Ok(Status::try_from(status).unwrap_or(Status::Unknown))
}

/// Stage `stage` of the proposal, from 0; after the last one, the guardian's vote if there is one.
pub(super) fn find_stage(
    cx: &mut Context<'_>,
    id: U256,
    record: &ProposalRecord,
    stage: U256,
) -> Result<StageRecord> {
    let number = u64::try_from(stage).unwrap_or(u64::MAX);
    let found = stage_at(cx, record, number)?;
    Ok(found.ok_or(UnknownStage { id, stage })?)
}

/// The same, or `None`.
pub(super) fn stage_at<R: Read>(
    r: &mut R,
    record: &ProposalRecord,
    number: u64,
) -> Result<Option<StageRecord>, R::Error> {
    if number == record.stages.len(r)? && !record.guardian.chamber.get(r)?.is_zero() {
        return Ok(Some(record.guardian));
    }
    record.stages.find(r, number)
}

/// The present stage, or the last one that was voted on; `None` before the opening.
pub(super) fn present<R: Read>(r: &mut R, record: &ProposalRecord) -> Result<Option<StageRecord>, R::Error> {
    let number = record.stage.get(r)?;
    record.stages.find(r, number)
}

/// The rule of a stage, with the quorum it was frozen with.
pub(super) fn rule_of(cx: &mut Context<'_>, stage: &StageRecord) -> Result<Rule> {
    let hash = stage.rule.get(cx)?;
    let rule = rules::load(cx, hash)?;
    let average = stage.average.get(cx)?;
    Ok(with_average(rule, average))
}

/// `rule` with the quorum that follows from the average of participation stored as `word`.
pub(super) fn with_average(rule: Rule, word: u64) -> Rule {
    match (&rule.quorum, average_of(word)) {
        (Some(quorum), Some(average)) => rule.with_quorum(&quorum.at(&average)),
        _ => rule,
    }
}

/// The average of participation stored as `word`; `None`: no vote yet.
pub(super) fn average_of(word: u64) -> Option<Rational> {
    let parts = word.checked_sub(1)?;
    Some(Rational::new(parts.into(), QUORUM_PARTS.into()))
}

/// How an average of participation is stored: in [`QUORUM_PARTS`], plus one.
pub(super) fn word_of_average(average: &Rational) -> u64 {
    let parts = (average * Rational::from_integer(QUORUM_PARTS.into())).to_integer();
    u64::try_from(parts).unwrap_or_default().saturating_add(1)
}

/// The proposal has ended with `status`.
pub(super) fn finish(cx: &mut Context<'_>, record: &ProposalRecord, status: Status) -> Result<()> {
    record.status.set(cx, status as u8)?;
    record.deadline.set(cx, 0)?;
    record.finished_at.set(cx, cx.block().timestamp_secs.max(1))
}

/// The calls of a proposal.
pub(super) fn calls<R: Read>(r: &mut R, record: &ProposalRecord) -> Result<Vec<IAssembly::Call>, R::Error> {
    let payload = record.payload.get(r)?;
    Ok(Vec::<IAssembly::Call>::abi_decode(&payload).unwrap_or_default())
}

/// The proposal as the ABI shows it.
pub(super) fn abi_of(cx: &mut Context<'_>, id: U256) -> Result<IAssembly::Proposal> {
    let (_, record) = find(cx, id)?;
    read(cx, &record)
}

/// The proposal's record.
pub(super) fn read<R: Read>(r: &mut R, record: &ProposalRecord) -> Result<IAssembly::Proposal, R::Error> {
    let stages = (0..record.stages.len(r)?).map(|number| read_stage(r, &record.stages.at(number)));
    let stages = stages.collect::<Result<_, _>>()?;
    Ok(IAssembly::Proposal {
        status: status(r, record)?,
        track: record.track.get(r)?,
        proposer: record.proposer.get(r)?,
        title: record.title.get(r)?,
        payloadHash: record.payload_hash.get(r)?,
        proposedAt: record.proposed_at.get(r)?,
        deadline: record.deadline.get(r)?,
        electorateHeight: record.electorate_height.get(r)?,
        openedAt: record.opened_at.get(r)?,
        concludedAt: record.concluded_at.get(r)?,
        executesAt: record.executes_at.get(r)?,
        finishedAt: record.finished_at.get(r)?,
        stage: record.stage.get(r)?,
        stages,
        kinds: record.kinds.get(r)?,
        mandate: record.mandate.get(r)?,
        sponsorsNeeded: record.draft.sponsors_needed.get(r)?,
        sponsors: draft::sponsors(r, record)?,
        depositNeeded: record.draft.deposit_needed.get(r)?,
        depositHeld: record.draft.held.get(r)?,
        depositor: record.draft.depositor.get(r)?,
    })
}

pub(super) fn read_stage<R: Read>(r: &mut R, stage: &StageRecord) -> Result<IAssembly::Stage, R::Error> {
    Ok(IAssembly::Stage {
        chamber: stage.chamber.get(r)?,
        ruleHash: stage.rule.get(r)?,
        opensAt: stage.opens_at.get(r)?,
        closesAt: stage.closes_at.get(r)?,
        concludedAt: stage.concluded_at.get(r)?,
        adopted: stage.adopted.get(r)?,
        revealsUntil: match stage.closes_at.get(r)? {
            0 => 0,
            _ => secret::reveals_until(r, stage)?.unwrap_or(0),
        },
        extensions: stage.extensions.get(r)?,
        reportHash: stage.report_hash.get(r)?,
    })
}
