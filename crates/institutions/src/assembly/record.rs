//! What is stored of a proposal, read back: the record, its stages, and how the ABI shows them.

use alloy_primitives::U256;
use alloy_sol_types::SolValue;

use super::{
    IAssembly::{self, UnknownProposal, UnknownStage},
    Status,
    schema::{ProposalRecord, StageRecord, storage},
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

/// Stage `stage` of the proposal, from 0.
pub(super) fn find_stage(
    cx: &mut Context<'_>,
    id: U256,
    record: &ProposalRecord,
    stage: U256,
) -> Result<StageRecord> {
    let number = u64::try_from(stage).unwrap_or(u64::MAX);
    Ok(record.stages.find(cx, number)?.ok_or(UnknownStage { id, stage })?)
}

/// The present stage, or the last one that was voted on; `None` before the opening.
pub(super) fn present<R: Read>(r: &mut R, record: &ProposalRecord) -> Result<Option<StageRecord>, R::Error> {
    let number = record.stage.get(r)?;
    record.stages.find(r, number)
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
    })
}

fn read_stage<R: Read>(r: &mut R, stage: &StageRecord) -> Result<IAssembly::Stage, R::Error> {
    Ok(IAssembly::Stage {
        chamber: stage.chamber.get(r)?,
        ruleHash: stage.rule.get(r)?,
        opensAt: stage.opens_at.get(r)?,
        closesAt: stage.closes_at.get(r)?,
        concludedAt: stage.concluded_at.get(r)?,
        adopted: stage.adopted.get(r)?,
        reportHash: stage.report_hash.get(r)?,
    })
}
