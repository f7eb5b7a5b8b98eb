//! A proposal is stopped: by its proposer before the outcome, or by the guardian chamber before its calls are made.
//!
//! Rule kept: the guardian's vote is one more vote of the proposal, frozen with it: members, weights and rule of its opening.
//! It is for cancelling or silent; the proposal is cancelled at once when the guardian's rule is met whatever the guardians
//! still silent do, and at no other moment, so silence never cancels. A proposer that takes back an open proposal cannot save
//! a deposit by it: that goes the way it would if ballots closed now.

use alloy_primitives::{B256, U256};
use polity_decision::{self as decision, Event, Outcome};

use super::{
    IAssembly::{CancelBallot, Cancelled, CannotCancel},
    REASON_BYTES_MAX, Status,
    ballot::{self, Cast},
    electorate::{self, Electorate},
    escrow, propose, record,
    rules::too_many,
    schema::{ProposalRecord, StageRecord, storage},
};
use crate::{
    agenda::Due,
    context::{Context, Result},
    ensure,
};

/// What a guardian's ballot for cancelling says.
const FOR: Event = Event::Ballot(decision::Choice::Yes);

/// The caller, its proposer, takes the proposal back; or the caller, a guardian, is for cancelling it.
///
/// Errors: `UnknownProposal`, `NotAMember`, `CannotCancel`, `TooMany`.
pub(super) fn cancel(cx: &mut Context<'_>, id: U256, reason: &str) -> Result<()> {
    ensure!(reason.len() <= REASON_BYTES_MAX, too_many("bytes of a reason", REASON_BYTES_MAX as u64));
    let (number, record) = record::find(cx, id)?;
    let member = electorate::caller(cx)?;
    let status = record::status(cx, &record)?;
    if record.proposer.get(cx)? == member && is_before_the_outcome(status) {
        return take_back(cx, number, &record, status, member, reason);
    }
    let settled = guard(cx, id, &record, member, Some(FOR), reason)?;
    if settled {
        let chamber = record.guardian.chamber.get(cx)?;
        escrow::give_back(cx, number, &record)?;
        end(cx, number, &record, status, chamber, reason)?;
    }
    Ok(())
}

/// Takes back the caller's `cancel` as a guardian.
///
/// Errors: `UnknownProposal`, `NotAMember`, `CannotCancel`.
pub(super) fn uncancel(cx: &mut Context<'_>, id: U256) -> Result<()> {
    let (_, record) = record::find(cx, id)?;
    let member = electorate::caller(cx)?;
    guard(cx, id, &record, member, None, "").map(drop)
}

const fn is_before_the_outcome(status: Status) -> bool {
    matches!(status, Status::Draft | Status::Discussion | Status::Preparing | Status::Open | Status::Pause)
}

/// Records what the guardian `member` says of cancelling; whether that settles it.
fn guard(
    cx: &mut Context<'_>,
    id: U256,
    record: &ProposalRecord,
    member: B256,
    event: Option<Event>,
    reason: &str,
) -> Result<bool> {
    let refused = CannotCancel { id, member };
    let stage = guardian(cx, record)?.ok_or(refused.clone())?;
    let rule = record::rule_of(cx, &stage)?;
    let height = record.electorate_height.get(cx)?;
    let electorate = Electorate::of(cx, &stage, height)?;
    let voter = electorate.voter(cx, member, &rule)?.ok_or(refused)?;
    let cast = event.map_or(Cast::NONE, |_| Cast::YES);
    let tally = ballot::count(cx, &stage, &rule, (member, &voter), cast)?;
    cx.emit(&CancelBallot { id, member, cancel: event.is_some(), reason: reason.into() })?;
    Ok(rule.outcome(&tally, false).outcome == Outcome::Adopted)
}

/// The guardian's vote, while it has the power.
fn guardian(cx: &mut Context<'_>, record: &ProposalRecord) -> Result<Option<StageRecord>> {
    let can = matches!(record::status(cx, record)?, Status::Open | Status::Pause | Status::Adopted)
        && cx.block().timestamp_secs < record.guardian_until.get(cx)?;
    Ok(can.then_some(record.guardian))
}

/// The proposer takes the proposal back.
fn take_back(
    cx: &mut Context<'_>,
    id: u64,
    record: &ProposalRecord,
    status: Status,
    member: B256,
    reason: &str,
) -> Result<()> {
    match record::present(cx, record)?.filter(|_| status == Status::Open) {
        Some(stage) => {
            let rule = record::rule_of(cx, &stage)?;
            let tally = super::tally::load(cx, &rule, &stage.tally)?;
            let report = rule.outcome(&tally, true);
            if report.outcome == Outcome::Rejected {
                escrow::settle_rejected(cx, id, record, &rule, &tally, &report)?;
            } else {
                escrow::give_back(cx, id, record)?;
            }
        }
        None => escrow::give_back(cx, id, record)?,
    }
    end(cx, id, record, status, member, reason)
}

/// The proposal is cancelled by `by`.
fn end(
    cx: &mut Context<'_>,
    id: u64,
    record: &ProposalRecord,
    status: Status,
    by: B256,
    reason: &str,
) -> Result<()> {
    let agenda = storage().agenda;
    agenda.cancel(cx, Due::Enact(id))?;
    for due in Due::before_the_outcome(id) {
        agenda.cancel(cx, due)?;
    }
    if is_before_the_outcome(status) {
        propose::close_one(cx, record)?;
    }
    record.reason.set(cx, reason.as_bytes())?;
    record::finish(cx, record, Status::Cancelled)?;
    cx.emit(&Cancelled { id: U256::from(id), by, reason: reason.into() })
}
