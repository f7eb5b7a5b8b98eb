//! Treaties: instruments counted by a rule, and what they bring into force. Who deposits what is [`super::depositary`]'s.
//!
//! Dates are those of the block, in UTC. The day decides, not the moment: the why-report of a decision counts every
//! instrument of the day on which the rule was met.

use alloy_primitives::{B256, U256};
use polity_decision::{Date, Event, Outcome, Rule, Tally, Voter};

use super::{
    IAssembly::{self, Decided, EnteredIntoForce, NoRight, NotDue, UnknownTreaty},
    depositary::{LAST_DAY_SECS, today},
    electorate, rules,
    schema::{TreatyRecord, storage},
    tally,
};
use crate::{
    agenda::Due,
    context::{Context, Result},
    ensure,
    host::Failure,
    storage::Read,
};

/// The treaty with this id.
pub(super) fn find(cx: &mut Context<'_>, id: B256) -> Result<TreatyRecord> {
    let record = storage().treaties.at(id);
    ensure!(record.number.get(cx)? != 0, UnknownTreaty { treaty: id });
    Ok(record)
}

/// Counts `member` in, with the weights it counts with for ever.
///
/// Errors: `NoRight` if it was no member in the block before.
pub(super) fn count_in(cx: &mut Context<'_>, id: B256, record: &TreatyRecord, member: B256) -> Result<()> {
    let rule = rule_of(cx, record)?;
    let (height, voter) = party(cx, record, member, &rule)?;
    record.parties.at(member).height.set(cx, height)?;
    let deposits = record.deposits.get(cx)?;
    record.deposits.set(cx, deposits.saturating_add(1))?;
    let tally = count(cx, record, &rule, &voter, None, Some(Event::Instrument))?;
    decide(cx, id, record, &rule, &tally)
}

/// Counts `member` out, with the weights of `height`, those it was counted in with.
pub(super) fn count_out(
    cx: &mut Context<'_>,
    id: B256,
    record: &TreatyRecord,
    member: B256,
    height: u64,
) -> Result<()> {
    let rule = rule_of(cx, record)?;
    let voter =
        electorate::voter(&mut electorate::members(cx), member, &electorate::anyone(), height, &rule)?;
    let voter =
        voter.ok_or_else(|| Failure::fatal("a depositor has no record at the height it counted with"))?;
    let deposits = record.deposits.get(cx)?;
    record.deposits.set(cx, deposits.saturating_sub(1))?;
    let tally = count(cx, record, &rule, &voter, Some(Event::Instrument), None)?;
    decide(cx, id, record, &rule, &tally)
}

/// Brings a decided treaty into force. By the chain itself.
///
/// Errors: `NotBySystem`, `UnknownTreaty`, `NotDue`.
pub(super) fn enter_into_force(cx: &mut Context<'_>, id: B256) -> Result<()> {
    cx.by_system()?;
    let record = find(cx, id)?;
    let (number, block) = (record.number.get(cx)?, cx.block());
    let due = storage().agenda.take(cx, &block, Due::EnterIntoForce(number.saturating_sub(1)))?;
    ensure!(due, NotDue {});
    record.in_force_since.set(cx, block.timestamp_secs.max(1))?;
    let (decided_on, effective_on) = (record.decided_on.get(cx)?, record.effective_on.get(cx)?);
    cx.emit(&EnteredIntoForce { treaty: id, decidedOn: decided_on, effectiveOn: effective_on })
}

fn rule_of(cx: &mut Context<'_>, record: &TreatyRecord) -> Result<Rule> {
    let hash = record.rule.get(cx)?;
    rules::load(cx, hash)
}

/// The height whose weights `member` counts with, and `member` as the rule sees it.
fn party(cx: &mut Context<'_>, record: &TreatyRecord, member: B256, rule: &Rule) -> Result<(u64, Voter)> {
    let opened = record.opened_height.get(cx)?;
    for height in [opened, cx.block().height.saturating_sub(1)] {
        let mut members = electorate::members(cx);
        if let Some(voter) = electorate::voter(&mut members, member, &electorate::anyone(), height, rule)? {
            return Ok((height, voter));
        }
    }
    Err(NoRight { member, right: "deposit".into() }.into())
}

/// Counts what a member did.
fn count(
    cx: &mut Context<'_>,
    record: &TreatyRecord,
    rule: &Rule,
    voter: &Voter,
    before: Option<Event>,
    after: Option<Event>,
) -> Result<Tally> {
    let mut tally = tally::load(cx, rule, &record.tally)?;
    cx.charge(tally::COUNT_GAS)?;
    rule.record(&mut tally, voter, before, after);
    tally::store(cx, rule, &record.tally, &tally)?;
    Ok(tally)
}

/// Takes the decision if the rule is met for the first time; on that day, keeps the tally it will be explained with.
fn decide(cx: &mut Context<'_>, id: B256, record: &TreatyRecord, rule: &Rule, tally: &Tally) -> Result<()> {
    let block = cx.block();
    let (today, decided_on) = (today(&block), record.decided_on.get(cx)?);
    let adopted = rule.outcome(tally, false).outcome == Outcome::Adopted;
    if !adopted || (decided_on != 0 && decided_on != today) {
        return Ok(());
    }
    tally::store(cx, rule, &record.decided_tally, tally)?;
    if decided_on != 0 {
        return Ok(());
    }
    let effective_on = effective(rule, today);
    record.decided_on.set(cx, today)?;
    record.effective_on.set(cx, effective_on)?;
    let number = record.number.get(cx)?.saturating_sub(1);
    storage().agenda.schedule(cx, &block, Due::EnterIntoForce(number), effective_on)?;
    cx.emit(&Decided { treaty: id, decidedOn: today, effectiveOn: effective_on })
}

/// The date on which a decision of `decided_on` takes effect: at once where the rule says nothing, and never (the last day
/// there is) where what it says lies beyond the calendar.
fn effective(rule: &Rule, decided_on: u64) -> u64 {
    let date = Date::from_unix_secs(decided_on);
    let effective =
        if rule.effective.is_some() { date.and_then(|date| rule.effective_on(date)) } else { date };
    effective.and_then(Date::unix_secs).map_or(LAST_DAY_SECS, |secs| secs.max(1))
}

/// The treaty as the ABI shows it.
pub(super) fn abi_of(cx: &mut Context<'_>, id: B256) -> Result<IAssembly::Treaty> {
    let record = find(cx, id)?;
    read(cx, &record)
}

/// The treaty's record.
pub(super) fn read<R: Read>(r: &mut R, record: &TreatyRecord) -> Result<IAssembly::Treaty, R::Error> {
    Ok(IAssembly::Treaty {
        name: record.name.get(r)?,
        ruleHash: record.rule.get(r)?,
        kinds: record.kinds.get(r)?,
        deposits: record.deposits.get(r)?,
        decidedOn: record.decided_on.get(r)?,
        effectiveOn: record.effective_on.get(r)?,
        inForceSince: record.in_force_since.get(r)?,
        proposal: U256::from(record.proposal.get(r)?),
    })
}
