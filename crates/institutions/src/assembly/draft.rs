//! Before a proposal opens: sponsors, the deposit, and the discussion.
//!
//! Rule kept: what a draft needs is what its track asked for when it was proposed. What it opens with is what the track says
//! when it opens. Who sponsors a draft is a member with the right to propose, also when the draft becomes complete.

use alloy_primitives::{B256, U256};
use polity_charter::Rights;

use super::{
    IAssembly::{
        AlreadySponsor, Discussed, Lapsed, NotADraft, NotASponsor, NotDue, Sponsored, TooMany, WrongDeposit,
    },
    Status, electorate, escrow, opening, propose, record,
    schema::{ProposalRecord, storage},
    tracks::{self, TrackRecord},
};
use crate::{
    agenda::Due,
    context::{Context, Result},
    ensure,
    registry::registry,
};

/// The version of the track that says what the draft needs; `None` where a chamber stands for one.
pub(super) fn terms(cx: &mut Context<'_>, record: &ProposalRecord) -> Result<Option<TrackRecord>> {
    let Some(version) = record.terms.get(cx)?.checked_sub(1) else { return Ok(None) };
    let track = record.track.get(cx)?;
    Ok(Some(tracks::version(track, version)))
}

/// The first step of a new proposal. The value of the call is its deposit.
///
/// Errors: `WrongDeposit`, and those of the opening.
pub(super) fn begin(cx: &mut Context<'_>, id: u64, record: &ProposalRecord) -> Result<()> {
    let terms = terms(cx, record)?;
    let (value, mandate) = (cx.value(), record.mandate.get(cx)?);
    let (mut sponsors, mut deposit) = (0, U256::ZERO);
    if let Some(terms) = terms.filter(|_| mandate == 0) {
        sponsors = terms.sponsors.get(cx)?;
        deposit = terms.deposit.get(cx)?;
    }
    if sponsors != 0 {
        record.draft.sponsors_needed.set(cx, sponsors)?;
    }
    if !deposit.is_zero() {
        record.draft.deposit_needed.set(cx, deposit)?;
    }
    if !value.is_zero() {
        escrow::place(cx, id, record)?;
    }
    if is_complete(cx, record)? {
        return after_the_draft(cx, id, record, true);
    }
    let block = cx.block();
    let draft_secs = match terms {
        Some(terms) => terms.draft_secs.get(cx)?,
        None => 0,
    };
    let lapses_at = block.timestamp_secs.saturating_add(draft_secs);
    record.status.set(cx, Status::Draft as u8)?;
    record.deadline.set(cx, lapses_at)?;
    storage().agenda.schedule(cx, &block, Due::Lapse(id), lapses_at)
}

/// Whether the draft has its sponsors and its deposit.
fn is_complete(cx: &mut Context<'_>, record: &ProposalRecord) -> Result<bool> {
    let draft = record.draft;
    Ok(draft.sponsors.len(cx)? >= draft.sponsors_needed.get(cx)?
        && draft.held.get(cx)? >= draft.deposit_needed.get(cx)?)
}

/// Begins the discussion; without one, opens the proposal: `now`, or in the next block, so that the last sponsor does not pay
/// for counting the electorate.
fn after_the_draft(cx: &mut Context<'_>, id: u64, record: &ProposalRecord, now: bool) -> Result<()> {
    let block = cx.block();
    let discussion = match terms(cx, record)? {
        Some(terms) => terms.discussion_secs.get(cx)?,
        None => 0,
    };
    if discussion == 0 && now {
        return opening::begin_counting(cx, id, record);
    }
    let opens_at = block.timestamp_secs.saturating_add(discussion);
    record.status.set(cx, Status::Discussion as u8)?;
    record.deadline.set(cx, opens_at)?;
    storage().agenda.schedule(cx, &block, Due::Open(id), opens_at)?;
    cx.emit(&Discussed { id: U256::from(id), opensAt: opens_at })
}

/// Ends the waiting if nothing is missing any more.
fn complete(cx: &mut Context<'_>, id: u64, record: &ProposalRecord) -> Result<()> {
    if !is_complete(cx, record)? {
        return Ok(());
    }
    storage().agenda.cancel(cx, Due::Lapse(id))?;
    after_the_draft(cx, id, record, false)
}

/// The draft with this id, if it still waits.
fn find(cx: &mut Context<'_>, id: U256) -> Result<(u64, ProposalRecord)> {
    let (number, record) = record::find(cx, id)?;
    let waits = record::status(cx, &record)? == Status::Draft
        && cx.block().timestamp_secs < record.deadline.get(cx)?;
    ensure!(waits, NotADraft { id });
    Ok((number, record))
}

/// The caller sponsors a draft.
///
/// Errors: `UnknownProposal`, `NotADraft`, `NotAMember`, `NoRight`, `AlreadySponsor` (also the proposer itself).
pub(super) fn sponsor(cx: &mut Context<'_>, id: U256) -> Result<()> {
    let (number, record) = find(cx, id)?;
    let member = electorate::caller_with(cx, Rights::PROPOSE)?;
    let place = record.draft.places.at(member);
    let is_new = place.get(cx)? == 0 && record.proposer.get(cx)? != member;
    ensure!(is_new, AlreadySponsor { id, member });
    let needed = record.draft.sponsors_needed.get(cx)?;
    let count = match record.draft.sponsors.len(cx)? {
        enough if enough.saturating_add(1) >= needed => drop_who_may_not(cx, id, &record)?,
        few => few,
    };
    ensure!(count < needed, TooMany { what: "sponsors".into(), max: U256::from(needed) });
    record.draft.sponsors.push(cx, member)?;
    place.set(cx, count.saturating_add(1))?;
    cx.emit(&Sponsored { id, member, sponsors: true })?;
    complete(cx, number, &record)
}

/// Takes out the sponsors that have lost the right to propose since; how many are left. Gas: three slots a sponsor.
fn drop_who_may_not(cx: &mut Context<'_>, id: U256, record: &ProposalRecord) -> Result<u64> {
    for member in record.draft.sponsors.all(cx)? {
        let rights = registry().rights(&mut electorate::members(cx), member, u64::MAX)?;
        if !rights.contains(Rights::PROPOSE) {
            take_out(cx, record, member)?;
            cx.emit(&Sponsored { id, member, sponsors: false })?;
        }
    }
    record.draft.sponsors.len(cx)
}

/// Takes `member` out of the sponsors; false if it is none.
fn take_out(cx: &mut Context<'_>, record: &ProposalRecord, member: B256) -> Result<bool> {
    let places = record.draft.places;
    let Some(index) = places.at(member).get(cx)?.checked_sub(1) else { return Ok(false) };
    places.at(member).set(cx, 0)?;
    if let Some(moved) = record.draft.sponsors.swap_remove(cx, index)? {
        places.at(moved).set(cx, index.saturating_add(1))?;
    }
    Ok(true)
}

/// The caller no longer sponsors a draft.
///
/// Errors: `UnknownProposal`, `NotADraft`, `NotAMember`, `NotASponsor`.
pub(super) fn unsponsor(cx: &mut Context<'_>, id: U256) -> Result<()> {
    let (_, record) = find(cx, id)?;
    let member = electorate::caller(cx)?;
    ensure!(take_out(cx, &record, member)?, NotASponsor { id, member });
    cx.emit(&Sponsored { id, member, sponsors: false })
}

/// Pays the deposit of a draft with the value of the call.
///
/// Errors: `UnknownProposal`, `NotADraft`, `WrongDeposit`.
pub(super) fn place_deposit(cx: &mut Context<'_>, id: U256) -> Result<()> {
    let (number, record) = find(cx, id)?;
    ensure!(
        !cx.value().is_zero(),
        WrongDeposit { expected: record.draft.deposit_needed.get(cx)?, sent: U256::ZERO }
    );
    escrow::place(cx, number, &record)?;
    drop_who_may_not(cx, id, &record)?;
    complete(cx, number, &record)
}

/// Ends a draft that never found what it needs. By the chain itself.
///
/// Errors: `NotBySystem`, `UnknownProposal`, `NotDue`.
pub(super) fn lapse(cx: &mut Context<'_>, id: U256) -> Result<()> {
    cx.by_system()?;
    let (number, record) = record::find(cx, id)?;
    let block = cx.block();
    ensure!(storage().agenda.take(cx, &block, Due::Lapse(number))?, NotDue {});
    propose::close_one(cx, &record)?;
    record::finish(cx, &record, Status::Lapsed)?;
    cx.emit(&Lapsed { id })?;
    escrow::give_back(cx, number, &record)
}

/// Members that sponsor the draft, in no particular order.
pub(super) fn sponsors<R: crate::storage::Read>(
    r: &mut R,
    record: &ProposalRecord,
) -> Result<Vec<B256>, R::Error> {
    record.draft.sponsors.all(r)
}
