//! A proposal is made: checked, stored, and, if nothing has to come before, opened.

use alloy_primitives::{B256, U256, keccak256};
use alloy_sol_types::SolValue;
use polity_charter::Rights;

use super::{
    CALLS_MAX,
    IAssembly::{self, InvalidTitle, Proposed},
    OPEN_PROPOSALS_MAX, PAYLOAD_BYTES_MAX, TITLE_BYTES_MAX, amend, electorate, opening,
    rules::too_many,
    schema::{ProposalRecord, storage},
};
use crate::{
    context::{Context, Result},
    ensure,
};

/// Makes a proposal of the caller's and returns its id.
///
/// Errors: `NotAMember`, `NoRight`, `InvalidTitle`, `TooMany`, and those of the opening.
/// Gas: the payload, about 25 slots written, and every member's record if it opens at once.
pub(super) fn propose(
    cx: &mut Context<'_>,
    track: B256,
    title: &str,
    calls: &[IAssembly::Call],
) -> Result<u64> {
    let proposer = electorate::caller_with(cx, Rights::PROPOSE)?;
    let (id, record) = store(cx, proposer, track, title, calls)?;
    opening::open(cx, id, &record)?;
    Ok(id)
}

/// Makes a proposal under mandate `mandate` and returns its id. The caller was checked by [`super::mandate`].
pub(super) fn under(
    cx: &mut Context<'_>,
    proposer: B256,
    mandate: u64,
    track: B256,
    title: &str,
    calls: &[IAssembly::Call],
) -> Result<u64> {
    let (id, record) = store(cx, proposer, track, title, calls)?;
    record.mandate.set(cx, mandate)?;
    opening::open(cx, id, &record)?;
    Ok(id)
}

/// Stores a new proposal.
fn store(
    cx: &mut Context<'_>,
    proposer: B256,
    track: B256,
    title: &str,
    calls: &[IAssembly::Call],
) -> Result<(u64, ProposalRecord)> {
    ensure!((1..=TITLE_BYTES_MAX).contains(&title.len()), InvalidTitle {});
    ensure!(calls.len() <= CALLS_MAX, too_many("calls", CALLS_MAX as u64));
    let payload = calls.abi_encode();
    ensure!(payload.len() <= PAYLOAD_BYTES_MAX, too_many("bytes of calls", PAYLOAD_BYTES_MAX as u64));
    amend::check_calls(cx, calls)?;
    let storage = storage();
    let open = storage.open_by.at(proposer).get(cx)?;
    ensure!(open < OPEN_PROPOSALS_MAX, too_many("open proposals", OPEN_PROPOSALS_MAX));
    storage.open_by.at(proposer).set(cx, open.saturating_add(1))?;

    let id = storage.proposal_count.get(cx)?.saturating_add(1);
    storage.proposal_count.set(cx, id)?;
    let record = storage.proposals.at(id);
    let payload_hash = keccak256(&payload);
    record.track.set(cx, track)?;
    record.proposer.set(cx, proposer)?;
    record.payload_hash.set(cx, payload_hash)?;
    record.proposed_at.set(cx, cx.block().timestamp_secs.max(1))?;
    record.title.set(cx, title)?;
    record.payload.set(cx, &payload)?;
    cx.emit(&Proposed {
        id: U256::from(id),
        track,
        proposer,
        title: title.into(),
        payloadHash: payload_hash,
    })?;
    Ok((id, record))
}

/// One open proposal fewer for its proposer.
pub(super) fn close_one(cx: &mut Context<'_>, record: &ProposalRecord) -> Result<()> {
    let open = storage().open_by.at(record.proposer.get(cx)?);
    let count = open.get(cx)?;
    open.set(cx, count.saturating_sub(1))
}
