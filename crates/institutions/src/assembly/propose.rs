//! A proposal is made: checked, judged by what it calls, stored; then it waits as a draft, is discussed, or opens.

use alloy_primitives::{B256, U256, keccak256};
use alloy_sol_types::SolValue;
use polity_charter::{CallKind, Rights};

use super::{
    CALLS_MAX,
    IAssembly::{self, InvalidTitle, Proposed},
    OPEN_PROPOSALS_MAX, PAYLOAD_BYTES_MAX, TITLE_BYTES_MAX, amend, draft, electorate,
    rules::too_many,
    schema::{ProposalRecord, storage},
    tracks,
};
use crate::{
    context::{Context, Result},
    ensure,
};

/// What is proposed, by whom.
struct Submission<'a> {
    /// Who counts as proposer: a member, or an authority.
    proposer: B256,
    /// Number of the mandate it is opened under; 0: none.
    mandate: u64,
    track: B256,
    kinds: u16,
    title: &'a str,
    calls: &'a [IAssembly::Call],
}

/// Makes a proposal of the caller's and returns its id. The value sent is its deposit.
///
/// Errors: `NotAMember`, `NoRight`, `InvalidTitle`, `TooMany`, `UnknownTrack`, `TrackTooMild`, `MandateNeeded`,
/// `WrongDeposit`, and those of the opening. Gas: the payload, about 30 slots written, and the first members' records if it
/// opens at once.
pub(super) fn propose(
    cx: &mut Context<'_>,
    track: B256,
    title: &str,
    calls: &[IAssembly::Call],
) -> Result<u64> {
    let proposer = electorate::caller_with(cx, Rights::PROPOSE)?;
    let kinds = tracks::kinds_of(cx, calls)?;
    submit(cx, &Submission { proposer, mandate: 0, track, kinds, title, calls })
}

/// Makes a proposal under mandate `mandate` and returns its id. It is of the kind emergency besides what its calls are, needs
/// neither sponsors nor a deposit, and is decided like any other. [`mod@super::mandate`] has checked that `proposer` may do this.
///
/// Errors: `InvalidTitle`, `TooMany`, `UnknownTrack`, `TrackTooMild`, and those of the opening.
pub(super) fn under(
    cx: &mut Context<'_>,
    proposer: B256,
    mandate: u64,
    track: B256,
    title: &str,
    calls: &[IAssembly::Call],
) -> Result<u64> {
    let kinds = tracks::kinds_of(cx, calls)? | tracks::bit(CallKind::Emergency);
    submit(cx, &Submission { proposer, mandate, track, kinds, title, calls })
}

fn submit(cx: &mut Context<'_>, new: &Submission<'_>) -> Result<u64> {
    ensure!((1..=TITLE_BYTES_MAX).contains(&new.title.len()), InvalidTitle {});
    ensure!(new.calls.len() <= CALLS_MAX, too_many("calls", CALLS_MAX as u64));
    let payload = new.calls.abi_encode();
    ensure!(payload.len() <= PAYLOAD_BYTES_MAX, too_many("bytes of calls", PAYLOAD_BYTES_MAX as u64));
    let terms = tracks::judge(cx, new.track, new.kinds)?;
    amend::check_calls(cx, new.calls)?;
    let (id, record) = store(cx, new, &payload, terms)?;
    draft::begin(cx, id, &record)?;
    Ok(id)
}

fn store(
    cx: &mut Context<'_>,
    new: &Submission<'_>,
    payload: &[u8],
    terms: u64,
) -> Result<(u64, ProposalRecord)> {
    let storage = storage();
    let open = storage.open_by.at(new.proposer).get(cx)?;
    ensure!(open < OPEN_PROPOSALS_MAX, too_many("open proposals", OPEN_PROPOSALS_MAX));
    storage.open_by.at(new.proposer).set(cx, open.saturating_add(1))?;
    let id = storage.proposal_count.get(cx)?.saturating_add(1);
    storage.proposal_count.set(cx, id)?;
    let record = storage.proposals.at(id);
    let payload_hash = keccak256(payload);
    record.track.set(cx, new.track)?;
    record.terms.set(cx, terms)?;
    record.kinds.set(cx, new.kinds)?;
    if new.mandate != 0 {
        record.mandate.set(cx, new.mandate)?;
    }
    record.proposer.set(cx, new.proposer)?;
    record.payload_hash.set(cx, payload_hash)?;
    record.proposed_at.set(cx, cx.block().timestamp_secs.max(1))?;
    record.title.set(cx, new.title)?;
    record.payload.set(cx, payload)?;
    cx.emit(&Proposed {
        id: U256::from(id),
        track: new.track,
        proposer: new.proposer,
        title: new.title.into(),
        payloadHash: payload_hash,
    })?;
    Ok((id, record))
}

/// One open proposal fewer for its proposer: its outcome is known, or it will have none.
pub(super) fn close_one(cx: &mut Context<'_>, record: &ProposalRecord) -> Result<()> {
    let open = storage().open_by.at(record.proposer.get(cx)?);
    let count = open.get(cx)?;
    open.set(cx, count.saturating_sub(1))
}
