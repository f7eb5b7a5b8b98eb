//! Proposals, from the opening to the enactment.
//!
//! ```text
//! propose ──> Open ──conclude──> Rejected
//!                      └───────> Adopted ──delay, enact──> Executed
//!                                             └──────────> Failed
//! ```
//!
//! `conclude` happens at the close, or earlier in the block after a ballot that settles the outcome: then no ballot still
//! missing could change it. Until it happens a ballot may change, and if that unsettles the outcome the close is back at
//! its time.

use alloy_primitives::{B256, KECCAK256_EMPTY, U256, keccak256};
use alloy_sol_types::SolValue;
use polity_charter::Rights;
use polity_decision::{self as decision, Basis, Event, Outcome, Report, Rule, Tally};

use super::{
    CALLS_MAX, Choice,
    IAssembly::{
        self, BallotCast, Closed, Concluded, EmptyElectorate, Executed, ExecutionFailed, InvalidTitle,
        NotDue, NotInElectorate, Proposed, UnknownChamber, UnknownProposal,
    },
    OPEN_PROPOSALS_MAX, PAYLOAD_BYTES_MAX, REASON_BYTES_MAX, Status, TITLE_BYTES_MAX, VETOERS_NAMED_MAX,
    electorate,
    rules::{self, too_many},
    schema::{ProposalRecord, storage},
    tally,
};
use crate::{
    agenda::Due,
    context::{Context, Result},
    directory, ensure,
    registry::Filter,
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

/// The choice stored as `word`.
pub(super) fn choice_of(word: u8) -> Choice {
    Choice::try_from(word).unwrap_or(Choice::None)
}

/// What a choice means to a rule.
pub(super) const fn event_of(choice: Choice) -> Option<Event> {
    match choice {
        Choice::Yes => Some(Event::Ballot(decision::Choice::Yes)),
        Choice::No => Some(Event::Ballot(decision::Choice::No)),
        Choice::Abstain => Some(Event::Ballot(decision::Choice::Abstain)),
        Choice::Veto => Some(Event::Ballot(decision::Choice::Veto)),
        _ => None,
    }
}

/// Opens a proposal and returns its id.
///
/// Errors: `NotAMember`, `NoRight`, `UnknownChamber`, `EmptyElectorate`, `UnknownRule`, `WrongBasis`, `InvalidTitle`,
/// `TooMany`. Gas: every member's record at the opening, the payload, and about 25 slots written.
pub(super) fn propose(
    cx: &mut Context<'_>,
    chamber_id: B256,
    title: &str,
    calls: &[IAssembly::Call],
) -> Result<u64> {
    let proposer = electorate::caller_with(cx, Rights::PROPOSE)?;
    ensure!((1..=TITLE_BYTES_MAX).contains(&title.len()), InvalidTitle {});
    ensure!(calls.len() <= CALLS_MAX, too_many("calls", CALLS_MAX as u64));
    let payload = calls.abi_encode();
    ensure!(payload.len() <= PAYLOAD_BYTES_MAX, too_many("bytes of calls", PAYLOAD_BYTES_MAX as u64));
    let storage = storage();
    let open = storage.open_by.at(proposer).get(cx)?;
    ensure!(open < OPEN_PROPOSALS_MAX, too_many("open proposals", OPEN_PROPOSALS_MAX));
    storage.open_by.at(proposer).set(cx, open.saturating_add(1))?;

    let (version, chamber) = rules::chamber(cx, chamber_id)?.ok_or(UnknownChamber { chamber: chamber_id })?;
    let rule_id = chamber.rule.get(cx)?;
    let (rule_hash, rule) = rules::named(cx, rule_id, Basis::Ballots)?;
    let block = cx.block();
    let electorate_height = block.height.saturating_sub(1);
    let filter = electorate::filter(cx, &chamber)?;
    let voters = electorate::voters(&mut electorate::members(cx), &filter, electorate_height, &rule)?;
    ensure!(!voters.is_empty(), EmptyElectorate { chamber: chamber_id });
    cx.charge(tally::COUNT_GAS.saturating_mul(voters.len() as u64))?;
    let tally = rule.open(&voters);

    let id = storage.proposal_count.get(cx)?.saturating_add(1);
    storage.proposal_count.set(cx, id)?;
    let record = storage.proposals.at(id);
    let closes_at = block.timestamp_secs.saturating_add(chamber.voting_secs.get(cx)?);
    let payload_hash = keccak256(&payload);
    record.status.set(cx, Status::Open as u8)?;
    record.chamber.set(cx, chamber_id)?;
    record.chamber_version.set(cx, version)?;
    record.proposer.set(cx, proposer)?;
    record.rule.set(cx, rule_hash)?;
    record.payload_hash.set(cx, payload_hash)?;
    record.electorate_height.set(cx, electorate_height)?;
    record.opened_at.set(cx, block.timestamp_secs)?;
    record.closes_at.set(cx, closes_at)?;
    record.title.set(cx, title)?;
    record.payload.set(cx, &payload)?;
    for call in calls {
        let hash = cx.code_hash(call.target)?;
        record.code_hashes.push(cx, if hash == B256::ZERO { KECCAK256_EMPTY } else { hash })?;
    }
    tally::store(cx, &rule, &record.tally, &tally)?;
    cx.emit(&Proposed {
        id: U256::from(id),
        chamber: chamber_id,
        proposer,
        title: title.into(),
        ruleHash: rule_hash,
        payloadHash: payload_hash,
        closesAt: closes_at,
    })?;
    schedule_close(cx, id, &record, &rule, &tally)?;
    Ok(id)
}

/// Casts, changes or takes back the caller's ballot.
///
/// Errors: `UnknownProposal`, `Closed`, `NotAMember`, `NotInElectorate`.
pub(super) fn ballot(cx: &mut Context<'_>, id: U256, choice: Choice) -> Result<()> {
    ensure!(!matches!(choice, Choice::__Invalid), directory::MalformedCalldata {});
    let (number, record) = find(cx, id)?;
    let open =
        status(cx, &record)? == Status::Open && cx.block().timestamp_secs < record.closes_at.get(cx)?;
    ensure!(open, Closed { id });
    let member = electorate::caller(cx)?;
    let (filter, height) = (filter(cx, &record)?, record.electorate_height.get(cx)?);
    let rule = load_rule(cx, &record)?;
    let voter = electorate::voter(&mut electorate::members(cx), member, &filter, height, &rule)?;
    let voter = voter.ok_or(NotInElectorate { id, member })?;

    let before = choice_of(record.ballots.at(member).get(cx)?);
    record.ballots.at(member).set(cx, choice as u8)?;
    let mut tally = tally::load(cx, &rule, &record.tally)?;
    cx.charge(tally::COUNT_GAS)?;
    rule.record(&mut tally, &voter, event_of(before), event_of(choice));
    tally::store(cx, &rule, &record.tally, &tally)?;
    let objects = tally.vetoes.iter().any(|veto| veto.names.contains(&voter.id));
    if objects && !record.objected.at(member).get(cx)? {
        record.objected.at(member).set(cx, true)?;
        record.objectors.push(cx, member)?;
    }
    cx.emit(&BallotCast { id, member, choice })?;
    schedule_close(cx, number, &record, &rule, &tally)
}

/// Who may cast a ballot: the chamber as it was at the opening. `r` reads the assembly.
pub(super) fn filter<R: Read>(r: &mut R, record: &ProposalRecord) -> Result<Filter, R::Error> {
    let (id, version) = (record.chamber.get(r)?, record.chamber_version.get(r)?);
    electorate::filter(r, &rules::chamber_version(id, version))
}

/// The first [`VETOERS_NAMED_MAX`] members that used a veto, with what their ballots say now. `r` reads the assembly.
pub(super) fn objections<R: Read>(
    r: &mut R,
    record: &ProposalRecord,
) -> Result<Vec<(B256, Choice)>, R::Error> {
    let count = record.objectors.len(r)?.min(VETOERS_NAMED_MAX);
    let objection = |index| {
        let member = record.objectors.at(index).get(r)?;
        Ok((member, choice_of(record.ballots.at(member).get(r)?)))
    };
    (0..count).map(objection).collect()
}

/// Puts into `tally` who used a veto: its words do not say. `r` reads the registry.
pub(super) fn name_vetoers<R: Read>(
    r: &mut R,
    objections: &[(B256, Choice)],
    filter: &Filter,
    height: u64,
    rule: &Rule,
    tally: &mut Tally,
) -> Result<(), R::Error> {
    let mut ballots = Vec::new();
    for (member, choice) in objections {
        let voter = electorate::voter(r, *member, filter, height, rule)?;
        if let (Some(voter), Some(Event::Ballot(choice))) = (voter, event_of(*choice)) {
            ballots.push((voter, choice));
        }
    }
    rule.name_vetoers(tally, ballots.iter().map(|(voter, choice)| (voter, *choice)));
    Ok(())
}

fn load_rule(cx: &mut Context<'_>, record: &ProposalRecord) -> Result<Rule> {
    let hash = record.rule.get(cx)?;
    rules::load(cx, hash)
}

/// Puts the conclusion on the agenda: at the close, or now if the outcome is settled.
fn schedule_close(
    cx: &mut Context<'_>,
    id: u64,
    record: &ProposalRecord,
    rule: &Rule,
    tally: &Tally,
) -> Result<()> {
    let (block, agenda, due) = (cx.block(), storage().agenda, Due::Conclude(id));
    let closes_at = record.closes_at.get(cx)?;
    let settled = rule.outcome(tally, false).outcome != Outcome::Pending;
    let at = if settled { block.timestamp_secs.min(closes_at) } else { closes_at };
    match agenda.scheduled(cx, due)? {
        // Settled before and still settled, or open before and still open: it stays where it is.
        Some(scheduled) if (scheduled < closes_at) == settled => Ok(()),
        _ => agenda.schedule(cx, &block, due, at),
    }
}

/// Establishes the outcome. By the chain itself.
///
/// Errors: `NotBySystem`, `UnknownProposal`, `NotDue`.
pub(super) fn conclude(cx: &mut Context<'_>, id: U256) -> Result<()> {
    cx.by_system()?;
    let (number, record) = find(cx, id)?;
    let (block, storage) = (cx.block(), storage());
    ensure!(storage.agenda.take(cx, &block, Due::Conclude(number))?, NotDue {});

    let rule = load_rule(cx, &record)?;
    let mut tally = tally::load(cx, &rule, &record.tally)?;
    let objections = objections(cx, &record)?;
    if !objections.is_empty() {
        let (filter, height) = (filter(cx, &record)?, record.electorate_height.get(cx)?);
        name_vetoers(&mut electorate::members(cx), &objections, &filter, height, &rule, &mut tally)?;
    }
    let adopted = rule.outcome(&tally, true).outcome == Outcome::Adopted;
    let now = block.timestamp_secs.max(1);
    record.concluded_at.set(cx, now)?;
    close_one(cx, &record)?;
    let mut executes_at = 0;
    if adopted {
        let chamber = rules::chamber_version(record.chamber.get(cx)?, record.chamber_version.get(cx)?);
        executes_at = now.saturating_add(chamber.delay_secs.get(cx)?);
        record.executes_at.set(cx, executes_at)?;
        record.status.set(cx, Status::Adopted as u8)?;
        storage.agenda.schedule(cx, &block, Due::Enact(number), executes_at)?;
    } else {
        record.status.set(cx, Status::Rejected as u8)?;
    }
    let report = report_of(&rule, &tally, now, executes_at);
    let report_hash = keccak256(report.json());
    record.report_hash.set(cx, report_hash)?;
    cx.emit(&Concluded { id, adopted, executesAt: executes_at, reportHash: report_hash })
}

/// One open proposal fewer for its proposer.
fn close_one(cx: &mut Context<'_>, record: &ProposalRecord) -> Result<()> {
    let open = storage().open_by.at(record.proposer.get(cx)?);
    let count = open.get(cx)?;
    open.set(cx, count.saturating_sub(1))
}

/// The why-report of a concluded proposal. Times are seconds since 1970-01-01 UTC; `executes_at` is 0 if it is rejected.
pub(super) fn report_of(rule: &Rule, tally: &Tally, concluded_at: u64, executes_at: u64) -> Report {
    let mut report = rule.outcome(tally, true);
    let date = decision::Date::from_unix_secs;
    report.decided_on = date(concluded_at);
    report.effective_on = (executes_at != 0).then(|| date(executes_at)).flatten();
    report
}

/// Records that the calls were made. By the agreement, at the end of `enact`.
///
/// The calls of a proposal can reach this function too, as the agreement: for another proposal it is not due, and for
/// their own the agreement's own call then fails and takes everything back.
///
/// Errors: `NotByDecision`, `UnknownProposal`, `NotDue`.
pub(super) fn mark_enacted(cx: &mut Context<'_>, id: U256) -> Result<()> {
    cx.by_decision()?;
    let (number, record) = find(cx, id)?;
    let block = cx.block();
    ensure!(storage().agenda.take_top(cx, &block, Due::Enact(number))?, NotDue {});
    record.status.set(cx, Status::Executed as u8)?;
    record.finished_at.set(cx, block.timestamp_secs.max(1))?;
    cx.emit(&Executed { id })
}

/// Records that a call failed, and with what. By the chain itself, after a failed `enact` (or `conclude`).
///
/// Errors: `NotBySystem`, `UnknownProposal`, `NotDue`.
pub(super) fn mark_failed(cx: &mut Context<'_>, id: U256, reason: &[u8]) -> Result<()> {
    cx.by_system()?;
    let (number, record) = find(cx, id)?;
    let (block, agenda) = (cx.block(), storage().agenda);
    let enacting = agenda.take(cx, &block, Due::Enact(number))?;
    if !enacting {
        ensure!(agenda.take(cx, &block, Due::Conclude(number))?, NotDue {});
        close_one(cx, &record)?;
    }
    let reason = reason.get(..REASON_BYTES_MAX).unwrap_or(reason);
    record.status.set(cx, Status::Failed as u8)?;
    record.finished_at.set(cx, block.timestamp_secs.max(1))?;
    record.reason.set(cx, reason)?;
    cx.emit(&ExecutionFailed { id, reason: reason.to_vec().into() })
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
    Ok(IAssembly::Proposal {
        status: status(r, record)?,
        chamber: record.chamber.get(r)?,
        proposer: record.proposer.get(r)?,
        title: record.title.get(r)?,
        ruleHash: record.rule.get(r)?,
        payloadHash: record.payload_hash.get(r)?,
        electorateHeight: record.electorate_height.get(r)?,
        openedAt: record.opened_at.get(r)?,
        closesAt: record.closes_at.get(r)?,
        concludedAt: record.concluded_at.get(r)?,
        executesAt: record.executes_at.get(r)?,
        finishedAt: record.finished_at.get(r)?,
        reportHash: record.report_hash.get(r)?,
    })
}
