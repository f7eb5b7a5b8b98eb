//! Ballots: cast, changed and taken back while a stage is open.
//!
//! Rule kept: [`count`] is the one place where a ballot is recorded and moves a tally.

use alloy_primitives::{B256, U256};
use polity_decision::{self as decision, Event, Outcome, Rule, SPLIT_PARTS, Shares, Tally, Voter};

use super::{
    Choice,
    IAssembly::{BallotCast, BallotSplit, Closed, Extended, NotInElectorate, WrongSplit},
    Status, VETOERS_NAMED_MAX, delegation,
    electorate::{self, Electorate, House},
    record,
    schema::{ProposalRecord, StageRecord, storage},
    secret, tally, tracks,
};
use crate::{
    agenda::Due,
    context::{Context, Result},
    directory, ensure,
    storage::Read,
};

/// Bits of each part of a split ballot; the choice has the eight below.
const PART_BITS: usize = 16;

/// A ballot as stored, in one word: the choice in the lowest byte and, if it is split, the parts for yes, no, abstain and veto
/// above it, 16 bits each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cast(U256);

impl Cast {
    /// No ballot.
    pub(super) const NONE: Self = Self(U256::ZERO);
    /// A ballot in favour.
    pub(super) const YES: Self = Self(U256::from_limbs([Choice::Yes as u64, 0, 0, 0]));

    /// A ballot that says one thing.
    pub(super) fn whole(choice: Choice) -> Self {
        Self(U256::from(choice as u8))
    }

    /// A ballot that is split.
    ///
    /// Errors: `WrongSplit`.
    pub(super) fn split(parts: [u16; 4]) -> Result<Self> {
        let sum: u64 = parts.iter().copied().map(u64::from).sum();
        ensure!(sum == u64::from(SPLIT_PARTS), WrongSplit { sum: U256::from(sum) });
        let parts = parts.iter().rev().fold(U256::ZERO, |word, part| (word << PART_BITS) | U256::from(*part));
        Ok(Self((parts << 8usize) | U256::from(Choice::Split as u8)))
    }

    /// A ballot of these parts, which sum to 10,000.
    ///
    /// Errors: `WrongSplit`.
    pub(super) fn of_parts(parts: [u16; 4]) -> Result<Self> {
        let choices = [Choice::Yes, Choice::No, Choice::Abstain, Choice::Veto];
        match parts.iter().position(|part| *part == SPLIT_PARTS).and_then(|place| choices.get(place)) {
            Some(choice) if parts.iter().filter(|part| **part != 0).count() == 1 => Ok(Self::whole(*choice)),
            _ => Self::split(parts),
        }
    }

    /// What `member` has cast in `stage`. `r` reads the assembly.
    pub(super) fn of<R: Read>(r: &mut R, stage: &StageRecord, member: B256) -> Result<Self, R::Error> {
        stage.ballots.at(member).get(r).map(Self)
    }

    /// What it says; `Split` if that is more than one thing.
    pub(super) fn choice(self) -> Choice {
        Choice::try_from(self.0.byte(0)).unwrap_or(Choice::None)
    }

    /// Parts for yes, no, abstain and veto, of [`SPLIT_PARTS`]; all 0 without a ballot.
    pub(super) fn parts(self) -> [u16; 4] {
        let whole = |choice| if self.choice() == choice { SPLIT_PARTS } else { 0 };
        let part = |place: usize| (self.0 >> (8 + place * PART_BITS)).wrapping_to::<u16>();
        match self.choice() {
            Choice::Split => [part(0), part(1), part(2), part(3)],
            _ => [Choice::Yes, Choice::No, Choice::Abstain, Choice::Veto].map(whole),
        }
    }

    /// What it means to a rule.
    pub(super) fn event(self) -> Option<Event> {
        let whole = |choice| Some(Event::Ballot(choice));
        match self.choice() {
            Choice::Yes => whole(decision::Choice::Yes),
            Choice::No => whole(decision::Choice::No),
            Choice::Abstain => whole(decision::Choice::Abstain),
            Choice::Veto => whole(decision::Choice::Veto),
            Choice::Split => Shares::new(self.parts()).ok().map(Event::Split),
            _ => None,
        }
    }
}

/// Casts, changes or takes back the caller's ballot in the present stage.
///
/// Errors: `UnknownProposal`, `Closed`, `NotAMember`, `NotInElectorate`.
pub(super) fn ballot(cx: &mut Context<'_>, id: U256, choice: Choice) -> Result<()> {
    ensure!(!matches!(choice, Choice::Split | Choice::__Invalid), directory::MalformedCalldata {});
    let (stage, member) = cast(cx, id, Cast::whole(choice))?;
    cx.emit(&BallotCast { id, stage, member, choice })
}

/// The same with the weight split into parts of 10,000: yes, no, abstain, veto.
///
/// Errors: those of [`ballot`], and `WrongSplit`.
pub(super) fn ballot_split(cx: &mut Context<'_>, id: U256, parts: [u16; 4]) -> Result<()> {
    let (stage, member) = cast(cx, id, Cast::split(parts)?)?;
    let [yes, no, abstain, veto] = parts;
    cx.emit(&BallotSplit { id, stage, member, yes, no, abstain, veto })
}

/// Records the caller's ballot in the present stage; returns the stage's number and who cast it.
fn cast(cx: &mut Context<'_>, id: U256, cast: Cast) -> Result<(u64, B256)> {
    let (number, record) = record::find(cx, id)?;
    ensure!(record::status(cx, &record)? == Status::Open, Closed { id });
    let stage = record::present(cx, &record)?.ok_or(Closed { id })?;
    ensure!(cx.block().timestamp_secs < stage.closes_at.get(cx)?, Closed { id });
    secret::refuse_open(cx, id, &stage)?;
    let member = electorate::caller(cx)?;
    let rule = record::rule_of(cx, &stage)?;
    let height = record.electorate_height.get(cx)?;
    let electorate = Electorate::of(cx, &stage, height)?;
    let voter = electorate.voter(cx, member, &rule)?;
    let voter = voter.ok_or(NotInElectorate { id, member })?;

    let is_late = is_late(cx, &record, &stage)?;
    let before = if is_late { Some(would_be(cx, &stage, &rule)?) } else { None };
    let tally = count(cx, &stage, &rule, (member, &voter), cast)?;
    if before.is_some_and(|before| before != rule.outcome(&tally, true).outcome) {
        extend(cx, id, &record, &stage)?;
    }
    schedule_close(cx, number, &record, &stage, &rule, &tally)?;
    Ok((record.stage.get(cx)?, member))
}

/// Records that `member`, who counts as `voter`, has now cast `cast` in `stage`, and returns the tally.
pub(super) fn count(
    cx: &mut Context<'_>,
    stage: &StageRecord,
    rule: &Rule,
    (member, voter): (B256, &Voter),
    cast: Cast,
) -> Result<Tally> {
    let before = Cast::of(cx, stage, member)?;
    stage.ballots.at(member).set(cx, cast.0)?;
    let mut tally = tally::load(cx, rule, &stage.tally)?;
    cx.charge(tally::COUNT_GAS)?;
    delegation::cast(cx, stage, rule, &mut tally, (member, voter), before.event(), cast.event())?;
    tally::store(cx, rule, &stage.tally, &tally)?;
    if tally.vetoes.iter().any(|veto| veto.names.contains(&voter.id)) {
        may_object(cx, stage, member)?;
    }
    Ok(tally)
}

/// Whether a ballot cast now can move the close.
fn is_late(cx: &mut Context<'_>, record: &ProposalRecord, stage: &StageRecord) -> Result<bool> {
    let [last, _, times] = tracks::extension_of(record.extension.get(cx)?);
    Ok(times != 0
        && stage.closes_at.get(cx)?.saturating_sub(cx.block().timestamp_secs) <= last
        && stage.extensions.get(cx)? < times)
}

/// The outcome if ballots closed now.
fn would_be(cx: &mut Context<'_>, stage: &StageRecord, rule: &Rule) -> Result<Outcome> {
    let tally = tally::load(cx, rule, &stage.tally)?;
    Ok(rule.outcome(&tally, true).outcome)
}

/// Moves the close: a late ballot has flipped the outcome.
fn extend(cx: &mut Context<'_>, id: U256, record: &ProposalRecord, stage: &StageRecord) -> Result<()> {
    let [_, by, _] = tracks::extension_of(record.extension.get(cx)?);
    let closes_at = stage.closes_at.get(cx)?.saturating_add(by);
    let extensions = stage.extensions.get(cx)?.saturating_add(1);
    stage.closes_at.set(cx, closes_at)?;
    stage.extensions.set(cx, extensions)?;
    let number = record.stage.get(cx)?;
    cx.emit(&Extended { id, stage: number, closesAt: closes_at })
}

/// Keeps `member` among those whose veto a report may have to name.
pub(super) fn may_object(cx: &mut Context<'_>, stage: &StageRecord, member: B256) -> Result<()> {
    if stage.objected.at(member).get(cx)? {
        return Ok(());
    }
    stage.objected.at(member).set(cx, true)?;
    stage.objectors.push(cx, member)
}

/// What `member`'s own ballot says. `r` reads the assembly.
pub(super) fn own<R: Read>(r: &mut R, stage: &StageRecord, member: B256) -> Result<Option<Event>, R::Error> {
    Ok(Cast::of(r, stage, member)?.event())
}

/// The first [`VETOERS_NAMED_MAX`] members that used a veto, or whose delegate could, with what their ballots, or those
/// that count for them, say now. `r` reads the assembly.
pub(super) fn objections<R: Read>(r: &mut R, stage: &StageRecord) -> Result<Vec<(B256, Event)>, R::Error> {
    let mut objections = Vec::new();
    for index in 0..stage.objectors.len(r)?.min(VETOERS_NAMED_MAX) {
        let member = stage.objectors.at(index).get(r)?;
        objections.extend(delegation::said(r, stage, member)?.map(|(_, event)| (member, event)));
    }
    Ok(objections)
}

/// Puts into `tally` who used a veto: its words do not say.
pub(super) fn name_vetoers<H: House>(
    house: &mut H,
    objections: &[(B256, Event)],
    electorate: &Electorate,
    rule: &Rule,
    tally: &mut Tally,
) -> Result<(), H::Error> {
    let mut ballots = Vec::new();
    for (member, event) in objections {
        if let Some(voter) = electorate.voter(house, *member, rule)? {
            ballots.push((voter, *event));
        }
    }
    rule.name_vetoers(tally, ballots.iter().map(|(voter, event)| (voter, *event)));
    Ok(())
}

/// Puts the conclusion of the stage on the agenda: at the close (of the reveals, if ballots are sealed), or now if the outcome is
/// settled.
pub(super) fn schedule_close(
    cx: &mut Context<'_>,
    id: u64,
    record: &ProposalRecord,
    stage: &StageRecord,
    rule: &Rule,
    tally: &Tally,
) -> Result<()> {
    let (block, agenda, due) = (cx.block(), storage().agenda, Due::Conclude(id));
    let reveals_until = secret::reveals_until(cx, stage)?;
    let closes_at = match reveals_until {
        Some(reveals_until) => reveals_until,
        None => stage.closes_at.get(cx)?,
    };
    if record.deadline.get(cx)? != closes_at {
        record.deadline.set(cx, closes_at)?;
    }
    let can_change = reveals_until.is_some() || delegation::somebody_follows(cx, stage)?;
    let settled = !can_change && rule.outcome(tally, false).outcome != Outcome::Pending;
    let at = if settled { block.timestamp_secs.min(closes_at) } else { closes_at };
    match agenda.scheduled(cx, due)? {
        // Settled before and still settled, or open before and still open: it stays where it is.
        Some(scheduled) if scheduled == at || (scheduled < closes_at && settled) => Ok(()),
        _ => agenda.schedule(cx, &block, due, at),
    }
}
