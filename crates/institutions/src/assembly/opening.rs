//! A proposal opens: everything that decides it is frozen, and its electorates are counted.
//!
//! Rule kept: all stages are frozen at the same moment, by the state at the end of the block before. What a later stage
//! votes by is known when the first one begins. One number follows the proposal's own course: a quorum that moves with
//! participation, which a later stage under the same rule takes over from the stage before (`conclude`).
//!
//! Counting costs a few reads a member, so it is done in chunks: the first with the opening, the others one a block. Counting
//! in chunks equals counting at once, because every chunk reads the members as they were at the same height.

use alloy_primitives::{B256, KECCAK256_EMPTY, U256};
use polity_decision::{Basis, Rule};

use super::{
    IAssembly::{EmptyElectorate, NotDue, Opened, Prepared, StageOpened, UnknownChamber},
    PREPARE_MEMBERS_MAX, PREPARE_MEMBERS_MIN, Status, ballot,
    delegation::{self, Scopes},
    electorate::{self, Electorate},
    record, rules,
    schema::{ProposalRecord, StageRecord, storage},
    secret, tally,
    tracks::{self, TrackRecord},
};
use crate::{
    agenda::Due,
    context::{Context, Result},
    ensure,
    host::Failure,
    registry::registry,
};

/// Opens a proposal whose discussion is over. By the chain itself.
///
/// Errors: `NotBySystem`, `UnknownProposal`, `NotDue`; `TrackTooMild` or `UnknownTrack` if its track no longer suffices; those
/// of [`begin_counting`].
pub(super) fn open(cx: &mut Context<'_>, id: U256) -> Result<()> {
    cx.by_system()?;
    let (number, record) = record::find(cx, id)?;
    let block = cx.block();
    ensure!(storage().agenda.take(cx, &block, Due::Open(number))?, NotDue {});
    let calls = record::calls(cx, &record)?;
    let mut kinds = tracks::kinds_of(cx, &calls)?;
    if record.mandate.get(cx)? != 0 {
        kinds |= tracks::bit(polity_charter::CallKind::Emergency);
    }
    let track = record.track.get(cx)?;
    tracks::judge(cx, track, kinds)?;
    record.kinds.set(cx, kinds)?;
    begin_counting(cx, number, &record)
}

/// Freezes what decides the proposal and counts the first members of its electorates.
///
/// Errors: `UnknownChamber`, `UnknownRule`, `WrongBasis`, `EmptyElectorate`.
pub(super) fn begin_counting(cx: &mut Context<'_>, id: u64, record: &ProposalRecord) -> Result<()> {
    let block = cx.block();
    let electorate_height = block.height.saturating_sub(1);
    record.electorate_height.set(cx, electorate_height)?;
    record.opened_at.set(cx, block.timestamp_secs.max(1))?;
    freeze_code(cx, record)?;
    freeze_stages(cx, record)?;
    let members = registry().known(&mut electorate::members(cx))?;
    let votes = votes(cx, record)?.len() as u64;
    record.countable.set(cx, members.saturating_mul(votes))?;
    cx.emit(&Opened { id: U256::from(id), electorateHeight: electorate_height })?;
    count_more(cx, id, record)
}

/// Keeps the code hash of every call's target.
fn freeze_code(cx: &mut Context<'_>, record: &ProposalRecord) -> Result<()> {
    for call in record::calls(cx, record)? {
        let hash = cx.code_hash(call.target)?;
        record.code_hashes.push(cx, if hash == B256::ZERO { KECCAK256_EMPTY } else { hash })?;
    }
    Ok(())
}

/// Writes the stages, the delay, the extension and the guardian: those of the track now, or those of a chamber.
fn freeze_stages(cx: &mut Context<'_>, record: &ProposalRecord) -> Result<()> {
    let id = record.track.get(cx)?;
    let Some((_, track)) = tracks::current(cx, id)? else {
        let stage = record.stages.grow(cx)?;
        let delay = freeze_stage(cx, id, &stage, id, B256::ZERO)?;
        secret::freeze(cx, &stage, None)?;
        return record.delay_secs.set(cx, delay);
    };
    let mut delay = 0;
    for index in 0..track.stages.len(cx)? {
        let (terms, stage) = (track.stages.at(index), record.stages.grow(cx)?);
        let (chamber, rule) = (terms.chamber.get(cx)?, terms.rule.get(cx)?);
        delay = freeze_stage(cx, id, &stage, chamber, rule)?;
        let (voting, pause) = (terms.voting_secs.get(cx)?, terms.pause_secs.get(cx)?);
        if voting != 0 {
            stage.voting_secs.set(cx, voting)?;
        }
        stage.pause_secs.set(cx, pause)?;
        secret::freeze(cx, &stage, Some(&track))?;
    }
    let own = track.delay_secs.get(cx)?;
    record.delay_secs.set(cx, if own == u64::MAX { delay } else { own })?;
    let extension = track.extension.get(cx)?;
    if !extension.is_zero() {
        record.extension.set(cx, extension)?;
    }
    freeze_guardian(cx, id, record, &track)
}

fn freeze_guardian(
    cx: &mut Context<'_>,
    id: B256,
    record: &ProposalRecord,
    track: &TrackRecord,
) -> Result<()> {
    let chamber = track.guardian.get(cx)?;
    let until = track.guardian_until.get(cx)?;
    if chamber.is_zero() || until <= cx.block().timestamp_secs {
        return Ok(());
    }
    let rule = track.guardian_rule.get(cx)?;
    freeze_stage(cx, id, &record.guardian, chamber, rule)?;
    record.guardian_until.set(cx, until)
}

/// Writes who votes and by which rule, `rule` or the chamber's; returns the delay of the chamber.
fn freeze_stage(
    cx: &mut Context<'_>,
    track: B256,
    stage: &StageRecord,
    chamber_id: B256,
    rule: B256,
) -> Result<u64> {
    let (version, chamber) = rules::chamber(cx, chamber_id)?.ok_or(UnknownChamber { chamber: chamber_id })?;
    let rule = if rule.is_zero() { chamber.rule.get(cx)? } else { rule };
    let (hash, text) = rules::named(cx, rule, Basis::Ballots)?;
    stage.chamber.set(cx, chamber_id)?;
    stage.chamber_version.set(cx, version)?;
    stage.rule.set(cx, hash)?;
    let voting = chamber.voting_secs.get(cx)?;
    stage.voting_secs.set(cx, voting)?;
    if text.needs_quorum() {
        let average = tracks::average(track, rule).get(cx)?;
        stage.average.set(cx, average)?;
    }
    chamber.delay_secs.get(cx)
}

/// Everything that is voted on: the stages, and the guardian's vote if there is one.
fn votes(cx: &mut Context<'_>, record: &ProposalRecord) -> Result<Vec<StageRecord>> {
    let mut votes: Vec<StageRecord> =
        (0..record.stages.len(cx)?).map(|number| record.stages.at(number)).collect();
    if !record.guardian.chamber.get(cx)?.is_zero() {
        votes.push(record.guardian);
    }
    Ok(votes)
}

/// Counts the next members, vote by vote; when all are counted, begins the first stage, else goes on in the next block.
fn count_more(cx: &mut Context<'_>, id: u64, record: &ProposalRecord) -> Result<()> {
    let (mut counted, countable) = (record.counted.get(cx)?, record.countable.get(cx)?);
    let height = record.electorate_height.get(cx)?;
    let votes = votes(cx, record)?;
    let members = countable.checked_div(votes.len() as u64).unwrap_or(0).max(1);
    let mut budget = Some(PREPARE_MEMBERS_MAX);
    while let Some(left) = budget
        && counted < countable
    {
        let (place, from) = (counted / members, counted % members);
        let stage = votes.get(usize::try_from(place).unwrap_or(usize::MAX));
        let stage = stage.ok_or_else(|| Failure::fatal("more is counted than there are votes"))?;
        let rule = record::rule_of(cx, stage)?;
        let scopes = Scopes { track: record.track.get(cx)?, chamber: stage.chamber.get(cx)? };
        let price = PREPARE_MEMBERS_MAX.div_ceil(delegation::members_max(cx, &rule, scopes)?).max(1);
        let least = match (left == PREPARE_MEMBERS_MAX, price) {
            (true, 1) => PREPARE_MEMBERS_MIN,
            (true, _) => 1,
            (false, _) => 0,
        };
        let words = rule.words_len() as u64;
        let chunk = (left.saturating_sub(words) / price).max(least).min(members.saturating_sub(from));
        if chunk == 0 {
            break;
        }
        let until = from.saturating_add(chunk);
        count(cx, stage, &rule, scopes, height, from..until)?;
        counted = counted.saturating_add(chunk);
        budget = left.checked_sub(chunk.saturating_mul(price).saturating_add(words)).filter(|left| *left > 0);
    }
    if counted < countable {
        let block = cx.block();
        record.counted.set(cx, counted)?;
        record.status.set(cx, Status::Preparing as u8)?;
        record.deadline.set(cx, 0)?;
        storage().agenda.schedule(cx, &block, Due::Prepare(id), block.timestamp_secs)?;
        return cx.emit(&Prepared { id: U256::from(id), members: counted, total: countable });
    }
    for number in 0..record.stages.len(cx)? {
        let stage = record.stages.at(number);
        ensure!(stage.voters.get(cx)? > 0, EmptyElectorate { chamber: stage.chamber.get(cx)? });
    }
    begin(cx, id, record, 0)
}

/// Counts who of the members in `places` sits in a stage, and links those who delegated to their delegates.
fn count(
    cx: &mut Context<'_>,
    stage: &StageRecord,
    rule: &Rule,
    scopes: Scopes,
    height: u64,
    places: core::ops::Range<u64>,
) -> Result<()> {
    let is_first = places.start == 0;
    let electorate = Electorate::of(cx, stage, height)?;
    let voters = electorate.voters(cx, rule, places)?;
    cx.charge(tally::COUNT_GAS.saturating_mul(voters.len() as u64))?;
    let mut tally = if is_first { rule.open_empty() } else { tally::load(cx, rule, &stage.tally)? };
    rule.open_more(&mut tally, &voters);
    tally::store(cx, rule, &stage.tally, &tally)?;
    delegation::prepare(cx, stage, &electorate, rule, scopes, &voters)?;
    let counted = stage.voters.get(cx)?;
    stage.voters.set(cx, counted.saturating_add(voters.len() as u64))
}

/// Goes on counting. By the chain itself.
///
/// Errors: `NotBySystem`, `UnknownProposal`, `NotDue`, `EmptyElectorate`.
pub(super) fn prepare(cx: &mut Context<'_>, id: U256) -> Result<()> {
    cx.by_system()?;
    let (number, record) = record::find(cx, id)?;
    let block = cx.block();
    ensure!(storage().agenda.take(cx, &block, Due::Prepare(number))?, NotDue {});
    count_more(cx, number, &record)
}

/// Begins stage `number`: after its pause, if it has one.
pub(super) fn begin(cx: &mut Context<'_>, id: u64, record: &ProposalRecord, number: u64) -> Result<()> {
    let (block, stage) = (cx.block(), record.stages.at(number));
    record.stage.set(cx, number)?;
    let opens_at = block.timestamp_secs.saturating_add(stage.pause_secs.get(cx)?);
    let closes_at = opens_at.saturating_add(stage.voting_secs.get(cx)?);
    stage.opens_at.set(cx, opens_at.max(1))?;
    stage.closes_at.set(cx, closes_at.max(1))?;
    let (chamber, rule_hash) = (stage.chamber.get(cx)?, stage.rule.get(cx)?);
    cx.emit(&StageOpened {
        id: U256::from(id),
        stage: number,
        chamber,
        ruleHash: rule_hash,
        opensAt: opens_at,
        closesAt: closes_at,
    })?;
    if opens_at > block.timestamp_secs {
        record.status.set(cx, Status::Pause as u8)?;
        record.deadline.set(cx, opens_at)?;
        return storage().agenda.schedule(cx, &block, Due::Resume(id), opens_at);
    }
    take_ballots(cx, id, record, &stage)
}

/// Ends a pause. By the chain itself. The voting lasts from now on as long as it should.
///
/// Errors: `NotBySystem`, `UnknownProposal`, `NotDue`.
pub(super) fn resume(cx: &mut Context<'_>, id: U256) -> Result<()> {
    cx.by_system()?;
    let (number, record) = record::find(cx, id)?;
    let block = cx.block();
    ensure!(storage().agenda.take(cx, &block, Due::Resume(number))?, NotDue {});
    let stage = record::present(cx, &record)?.ok_or_else(|| Failure::fatal("a pause before no stage"))?;
    let closes_at = block.timestamp_secs.saturating_add(stage.voting_secs.get(cx)?);
    stage.opens_at.set(cx, block.timestamp_secs.max(1))?;
    stage.closes_at.set(cx, closes_at.max(1))?;
    let (place, chamber) = (record.stage.get(cx)?, stage.chamber.get(cx)?);
    let rule_hash = stage.rule.get(cx)?;
    cx.emit(&StageOpened {
        id,
        stage: place,
        chamber,
        ruleHash: rule_hash,
        opensAt: block.timestamp_secs,
        closesAt: closes_at,
    })?;
    take_ballots(cx, number, &record, &stage)
}

/// From now on the stage takes ballots.
fn take_ballots(cx: &mut Context<'_>, id: u64, record: &ProposalRecord, stage: &StageRecord) -> Result<()> {
    record.status.set(cx, Status::Open as u8)?;
    let rule = record::rule_of(cx, stage)?;
    let tally = tally::load(cx, &rule, &stage.tally)?;
    ballot::schedule_close(cx, id, record, stage, &rule, &tally)
}
