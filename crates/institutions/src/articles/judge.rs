//! Judging: a period that is over, for everyone who owes, some members at a time.
//!
//! ```text
//! written ──> Marking ──> Running ──period over──> Judging ──all looked at──> Running, the next period
//!                                                     └── cannot be done ──> given up: Marking, the next period
//! ```
//!
//! Rules kept. Periods of an article are judged once each and in order, also where several of them end in one block. One pass looks at
//! everyone there ever was, in the order of admission; whoever is looked at gets its mark for the next period at the same moment, so
//! what a member writes or misses counts in exactly one period. Who owes: who was present when the period began and is now, and for
//! whom the article's `for` is true.
//!
//! Work: a call ends when it has done [`WORK_MAX`], so that it takes about what a block's bookkeeping may (ADR 0016); it goes on in the
//! same block while there is room, so the facts of all members are, as a rule, those of one block.

use alloy_primitives::{B256, U256, keccak256};
use polity_charter::Article;
use polity_primitives::{ASSEMBLY, CONSTITUTION, REGISTRY};

use super::{
    IArticles as sol,
    account::{Verdict, evaluate},
    facts::{Chain, STEP_GAS},
    period,
    schema::{ArticleRecord, Four, Phase, storage},
    settle,
};
use crate::{
    agenda::Due,
    assembly,
    constitution::constitution,
    context::{Context, Result},
    ensure,
    host::Failure,
    names,
    registry::registry,
};

/// Gas of reading a byte of an article's text and of its clauses.
///
/// Source: measured, 0.1 to 0.37 µs: less than 20 gas at 50 million a second.
const TEXT_BYTE_GAS: u64 = 20;
/// Work after which a call ends. Units: gas, as reckoned below, without what the call begins with: together about 1 million.
const WORK_MAX: u64 = 700_000;
/// Work of looking at a member: its place, how it stood and stands, its mark.
const LOOK_WORK: u64 = 10_000;
/// Work of making a mark: two counters read, one word written.
const MARK_WORK: u64 = 30_000;
/// Work of a settlement beside its account: its record, its events, its entry on the agenda or a move of the score.
const SETTLE_WORK: u64 = 250_000;
/// Work of keeping a byte of an account.
const ACCOUNT_BYTE_WORK: u64 = 700;

/// The article with this number.
fn by_number(cx: &mut Context<'_>, number: U256) -> Result<(u64, B256, ArticleRecord)> {
    let index = u64::try_from(number).unwrap_or(u64::MAX);
    let id = match storage().ids.find(cx, index)? {
        Some(place) => place.get(cx)?,
        None => B256::ZERO,
    };
    ensure!(!id.is_zero(), not_due(number));
    Ok((index, id, storage().articles.at(id)))
}

fn not_due(number: U256) -> sol::NotDue {
    sol::NotDue { what: B256::right_padding_from(b"article"), number }
}

/// Takes the next step of the article with this number. By the chain itself.
///
/// Errors: `NotBySystem`, `NotDue`.
pub(super) fn judge(cx: &mut Context<'_>, number: U256) -> Result<()> {
    cx.by_system()?;
    let (index, id, record) = by_number(cx, number)?;
    take(cx, index, number)?;
    match record.phase.get(cx)? {
        Phase::Waiting => start(cx, id, &record)?,
        Phase::Marking => mark(cx, &record)?,
        Phase::Running => {
            let height = cx.block().height;
            record.judged_in.set(cx, height)?;
            record.pass.set(cx, Four::default())?;
            record.phase.set(cx, Phase::Judging)?;
            look(cx, id, &record)?;
        }
        Phase::Judging => look(cx, id, &record)?,
    }
    schedule(cx, index, &record)
}

/// Gives up the period that cannot be judged: what is settled stays, marks are made anew, and the next period begins. By the chain itself.
///
/// Errors: `NotBySystem`, `NotDue`.
pub(super) fn give_up(cx: &mut Context<'_>, number: U256) -> Result<()> {
    cx.by_system()?;
    let (index, id, record) = by_number(cx, number)?;
    take(cx, index, number)?;
    let (Four([period, ..]), Four([place, ..])) = (record.period.get(cx)?, record.pass.get(cx)?);
    let height = cx.block().height;
    cx.emit(&sol::PeriodGivenUp { article: id, period, looked: place })?;
    advance(cx, &record, height)?;
    if record.counts.get(cx)? {
        record.phase.set(cx, Phase::Marking)?;
    }
    schedule(cx, index, &record)
}

fn take(cx: &mut Context<'_>, index: u64, number: U256) -> Result<()> {
    let block = cx.block();
    let due = cx.inside(ASSEMBLY, |cx| assembly::agenda().take(cx, &block, Due::Judge(index)))?;
    ensure!(due, not_due(number));
    Ok(())
}

/// Puts the article's next step on the agenda: more of this one now, or the end of the period that runs.
pub(super) fn schedule(cx: &mut Context<'_>, index: u64, record: &ArticleRecord) -> Result<()> {
    let (block, phase) = (cx.block(), record.phase.get(cx)?);
    let Four([_, from, until, _]) = record.period.get(cx)?;
    if phase == Phase::Running && until <= from {
        // The calendar is over.
        return Ok(());
    }
    cx.inside(ASSEMBLY, |cx| match phase {
        Phase::Running if until > block.timestamp_secs => {
            assembly::agenda().schedule(cx, &block, Due::Judge(index), until)
        }
        Phase::Waiting => assembly::agenda().schedule(cx, &block, Due::Judge(index), 0),
        // Before what came of it, so that all members are judged by the facts of one block where they can be.
        Phase::Running | Phase::Judging => assembly::agenda().resume(cx, &block, Due::Judge(index), until),
        Phase::Marking => assembly::agenda().resume(cx, &block, Due::Judge(index), block.timestamp_secs),
    })
}

/// Begins period 1 now.
pub(super) fn start(cx: &mut Context<'_>, id: B256, record: &ArticleRecord) -> Result<()> {
    let block = cx.block();
    let (from, every) = (block.timestamp_secs, record.every.get(cx)?);
    let until = period::end(from, every, 1);
    record.started.set(cx, from)?;
    record.period.set(cx, Four([1, from, until, block.height]))?;
    record.pass.set(cx, Four::default())?;
    // At genesis nobody has written or missed anything.
    let counts = block.height > 0 && record.counts.get(cx)?;
    record.phase.set(cx, if counts { Phase::Marking } else { Phase::Running })?;
    let hash = record.hash.get(cx)?;
    cx.emit(&sol::ArticleBegun { article: id, hash, from, until })
}

/// Begins the period after the one that runs, in block `height`.
fn advance(cx: &mut Context<'_>, record: &ArticleRecord, height: u64) -> Result<()> {
    let Four([number, _, from, _]) = record.period.get(cx)?;
    let (started, every) = (record.started.get(cx)?, record.every.get(cx)?);
    let number = number.saturating_add(1);
    let until = period::end(started, every, number);
    record.period.set(cx, Four([number, from, until, height]))?;
    record.pass.set(cx, Four::default())?;
    record.phase.set(cx, Phase::Running)
}

/// Makes the marks of some more members.
fn mark(cx: &mut Context<'_>, record: &ArticleRecord) -> Result<()> {
    let Four([mut place, ..]) = record.pass.get(cx)?;
    let count = registry().known(&mut cx.storage_of(REGISTRY))?;
    let mut work = 0_u64;
    while place < count && work < WORK_MAX {
        let member = registry().id_at(&mut cx.storage_of(REGISTRY), place)?;
        mark_one(cx, record, member)?;
        work = work.saturating_add(MARK_WORK);
        place = place.saturating_add(1);
    }
    if place < count {
        return record.pass.set(cx, Four([place, 0, 0, 0]));
    }
    record.pass.set(cx, Four::default())?;
    record.phase.set(cx, Phase::Running)
}

fn mark_one(cx: &mut Context<'_>, record: &ArticleRecord, member: B256) -> Result<()> {
    let (written, missed) = constitution().turns_of(&mut cx.storage_of(CONSTITUTION), member)?;
    record.marks.at(member).set(cx, Four([written, missed, 0, 0]))
}

/// Looks at some more members.
fn look(cx: &mut Context<'_>, id: B256, record: &ArticleRecord) -> Result<()> {
    let hash = record.hash.get(cx)?;
    let article = load(cx, hash)?;
    let (counts, judged_in) = (record.counts.get(cx)?, record.judged_in.get(cx)?);
    let Four([number, from, until, since]) = record.period.get(cx)?;
    let Four([mut place, mut owed, mut settled, mut held]) = record.pass.get(cx)?;
    let count = registry().known(&mut cx.storage_of(REGISTRY))?;
    let steps = article.cost().saturating_mul(STEP_GAS);
    let mut work = 0_u64;
    while place < count && work < WORK_MAX {
        let member = registry().id_at(&mut cx.storage_of(REGISTRY), place)?;
        place = place.saturating_add(1);
        work = work.saturating_add(LOOK_WORK);
        let verdict = verdict(cx, record, &article, member, number, since)?;
        if counts {
            mark_one(cx, record, member)?;
            work = work.saturating_add(MARK_WORK);
        }
        match verdict {
            None => continue,
            Some(Verdict::OwesNothing) => {}
            Some(Verdict::Nothing) => owed = owed.saturating_add(1),
            Some(Verdict::Settlement(account)) => {
                (owed, settled) = (owed.saturating_add(1), settled.saturating_add(1));
                held = held.saturating_add(u64::from(account.problem.is_some()));
                let json = account.to_json();
                let bytes = (json.len() as u64).saturating_mul(ACCOUNT_BYTE_WORK);
                work = work.saturating_add(SETTLE_WORK).saturating_add(bytes);
                let about = settle::About { article: id, hash, member, number, from, until };
                settle::open(cx, record, &about, article.notice, &account, &json)?;
            }
        }
        work = work.saturating_add(steps);
    }
    if place < count {
        return record.pass.set(cx, Four([place, owed, settled, held]));
    }
    cx.emit(&sol::PeriodJudged { article: id, period: number, owed, settled, held })?;
    advance(cx, record, judged_in)
}

/// What judging `member` comes to; `None` if it was not there when the period began, in block `since`, or is not now.
fn verdict(
    cx: &mut Context<'_>,
    record: &ArticleRecord,
    article: &Article,
    member: B256,
    period: u64,
    since: u64,
) -> Result<Option<Verdict>> {
    let mut members = cx.storage_of(REGISTRY);
    let standing = registry().standing(&mut members, member, u64::MAX)?;
    let before = registry().standing(&mut members, member, since)?;
    if !(standing.status.is_present() && before.status.is_present()) {
        return Ok(None);
    }
    let mark = record.marks.at(member).get(cx)?;
    let mut bench = Chain { cx, member, standing, mark, period };
    evaluate(article, &names::text(member), period, &mut bench).map(Some)
}

/// The article whose text has `hash`.
pub(super) fn load(cx: &mut Context<'_>, hash: B256) -> Result<Article> {
    let text = storage().texts.at(hash).get(cx)?;
    cx.charge(TEXT_BYTE_GAS.saturating_mul(text.len() as u64))?;
    Article::from_json(&text).map_err(|error| Failure::fatal(format!("stored article {hash}: {error}")))
}

/// The hash under which a text lies.
pub(super) fn hash_of(text: &str) -> B256 {
    keccak256(text)
}
