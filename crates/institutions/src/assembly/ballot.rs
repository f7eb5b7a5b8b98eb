//! Ballots: cast, changed and taken back while a stage is open.
//!
//! Rule kept: [`count`] is the one place where a ballot moves a tally.

use alloy_primitives::{B256, U256};
use polity_decision::{self as decision, Event, Outcome, Rule, Tally, Voter};

use super::{
    Choice,
    IAssembly::{BallotCast, Closed, NotInElectorate},
    Status, VETOERS_NAMED_MAX,
    electorate::{self, Electorate, House},
    record, rules,
    schema::{ProposalRecord, StageRecord, storage},
    tally,
};
use crate::{
    agenda::Due,
    context::{Context, Result},
    directory, ensure,
    storage::Read,
};

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

/// Casts, changes or takes back the caller's ballot in the present stage.
///
/// Errors: `UnknownProposal`, `Closed`, `NotAMember`, `NotInElectorate`.
pub(super) fn ballot(cx: &mut Context<'_>, id: U256, choice: Choice) -> Result<()> {
    ensure!(!matches!(choice, Choice::__Invalid), directory::MalformedCalldata {});
    let (number, record) = record::find(cx, id)?;
    ensure!(record::status(cx, &record)? == Status::Open, Closed { id });
    let stage = record::present(cx, &record)?.ok_or(Closed { id })?;
    ensure!(cx.block().timestamp_secs < stage.closes_at.get(cx)?, Closed { id });
    let member = electorate::caller(cx)?;
    let height = record.electorate_height.get(cx)?;
    let hash = stage.rule.get(cx)?;
    let rule = rules::load(cx, hash)?;
    let electorate = Electorate::of(cx, &stage, height)?;
    let voter = electorate.voter(cx, member, &rule)?;
    let voter = voter.ok_or(NotInElectorate { id, member })?;

    let before = choice_of(stage.ballots.at(member).get(cx)?);
    stage.ballots.at(member).set(cx, choice as u8)?;
    let tally = count(cx, &stage, &rule, (member, &voter), event_of(before), event_of(choice))?;
    let number_of_stage = record.stage.get(cx)?;
    cx.emit(&BallotCast { id, stage: number_of_stage, member, choice })?;
    schedule_close(cx, number, &record, &stage, &rule, &tally)
}

/// Moves the tally of `stage` from what `voter` said `before` to what it says `after`, and returns it.
fn count(
    cx: &mut Context<'_>,
    stage: &StageRecord,
    rule: &Rule,
    (member, voter): (B256, &Voter),
    before: Option<Event>,
    after: Option<Event>,
) -> Result<Tally> {
    let mut tally = tally::load(cx, rule, &stage.tally)?;
    cx.charge(tally::COUNT_GAS)?;
    rule.record(&mut tally, voter, before, after);
    tally::store(cx, rule, &stage.tally, &tally)?;
    let objects = tally.vetoes.iter().any(|veto| veto.names.contains(&voter.id));
    if objects && !stage.objected.at(member).get(cx)? {
        stage.objected.at(member).set(cx, true)?;
        stage.objectors.push(cx, member)?;
    }
    Ok(tally)
}

/// The first [`VETOERS_NAMED_MAX`] members that used a veto, with what their ballots say now. `r` reads the assembly.
pub(super) fn objections<R: Read>(r: &mut R, stage: &StageRecord) -> Result<Vec<(B256, Choice)>, R::Error> {
    let count = stage.objectors.len(r)?.min(VETOERS_NAMED_MAX);
    let objection = |index| {
        let member = stage.objectors.at(index).get(r)?;
        Ok((member, choice_of(stage.ballots.at(member).get(r)?)))
    };
    (0..count).map(objection).collect()
}

/// Puts into `tally` who used a veto: its words do not say.
pub(super) fn name_vetoers<H: House>(
    house: &mut H,
    objections: &[(B256, Choice)],
    electorate: &Electorate,
    rule: &Rule,
    tally: &mut Tally,
) -> Result<(), H::Error> {
    let mut ballots = Vec::new();
    for (member, choice) in objections {
        let voter = electorate.voter(house, *member, rule)?;
        if let (Some(voter), Some(Event::Ballot(choice))) = (voter, event_of(*choice)) {
            ballots.push((voter, choice));
        }
    }
    rule.name_vetoers(tally, ballots.iter().map(|(voter, choice)| (voter, *choice)));
    Ok(())
}

/// Puts the conclusion of the stage on the agenda: at the close, or now if the outcome is settled.
pub(super) fn schedule_close(
    cx: &mut Context<'_>,
    id: u64,
    record: &ProposalRecord,
    stage: &StageRecord,
    rule: &Rule,
    tally: &Tally,
) -> Result<()> {
    let (block, agenda, due) = (cx.block(), storage().agenda, Due::Conclude(id));
    let closes_at = stage.closes_at.get(cx)?;
    if record.deadline.get(cx)? != closes_at {
        record.deadline.set(cx, closes_at)?;
    }
    let settled = rule.outcome(tally, false).outcome != Outcome::Pending;
    let at = if settled { block.timestamp_secs.min(closes_at) } else { closes_at };
    match agenda.scheduled(cx, due)? {
        // Settled before and still settled, or open before and still open: it stays where it is.
        Some(scheduled) if scheduled == at || (scheduled < closes_at && settled) => Ok(()),
        _ => agenda.schedule(cx, &block, due, at),
    }
}
