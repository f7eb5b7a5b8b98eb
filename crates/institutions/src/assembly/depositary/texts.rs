//! Texts that bind by silence: notified by decision, rejected member by member, in force for whoever let its last day pass.
//!
//! ```text
//! notify ──count, some members a block──> Open ──the last day of some, in silence──> Adopted: binds each from its own day
//!                                           └──more objections than the rule bears──> Rejected: binds nobody
//! ```
//!
//! Rule kept: the electorate, its weights and every member's own days are those of the notification. Counting gathers the
//! members of each term into a bundle, so that a rejection, and the day on which a term's silence consents, cost the same
//! however many they are. Source: International Health Regulations, Articles 59 to 63.

use alloy_primitives::{B256, U256};
use polity_decision::{Basis, Bundle, Choice, Event, Outcome, Rule, Tally, Voter};

use super::super::{
    IAssembly::{
        self, AlreadyRejected, NotBound, NotDue, NotNotified, StillCounting, TextConcluded, TextCounted,
        TextEntersIntoForce, TextNotified, TooLate, UnknownText,
    },
    InstrumentKind, MANDATE_TEXT_BYTES_MAX, TextStatus, electorate,
    enact::enacted,
    rules::{self, too_many},
    schema::{TermRecord, TextRecord, TreatyRecord, storage},
    tally, treaty,
};
use super::{
    clauses::today,
    filing::{self, Filing},
    parties::is_now_party,
};
use crate::{
    agenda::Due,
    context::{Context, Result},
    ensure,
    host::Failure,
    registry::{Filter, registry},
    storage::{List, Read, Slot},
};

/// Most members counted in one system call. At about 40,000 gas each they take 3.2 million.
pub(in super::super) const COUNTED_MAX: u64 = 80;
/// Seconds of a day.
const DAY_SECS: u64 = 86_400;

/// Notifies a text of a treaty to everyone it can bind, and returns its number. By decision of the members.
///
/// Errors: `NotByDecision`, `UnknownTreaty`, `NotNotified` if no text of this treaty binds by silence, `UnknownRule`, `TooMany`.
pub(in super::super) fn notify(
    cx: &mut Context<'_>,
    id: B256,
    title: &str,
    document: B256,
    uri: &str,
) -> Result<u64> {
    cx.by_decision()?;
    let record = treaty::find(cx, id)?;
    let rule_id = record.amendments.get(cx)?;
    ensure!(!rule_id.is_zero(), NotNotified { treaty: id });
    // As it is now: the rule may have been amended since the treaty was opened. From here on it is frozen.
    let (rule_hash, rule) = rules::named(cx, rule_id, Basis::Ballots)?;
    ensure!(rule.silence.is_some(), NotNotified { treaty: id });
    ensure!(!title.trim().is_empty(), IAssembly::InvalidTitle {});
    for text in [title, uri] {
        let max = MANDATE_TEXT_BYTES_MAX;
        ensure!(text.len() <= max, too_many("bytes of a text's title", max as u64));
    }
    let (block, storage) = (cx.block(), storage());
    let number = storage.text_count.get(cx)?.saturating_add(1);
    storage.text_count.set(cx, number)?;
    let text = storage.texts.at(number);
    let date = today(&block);
    text.treaty.set(cx, id)?;
    text.title.set(cx, title)?;
    text.uri.set(cx, uri)?;
    text.document.set(cx, document)?;
    text.rule.set(cx, rule_hash)?;
    let proposal = enacted(cx)?;
    if proposal != 0 {
        text.proposal.set(cx, proposal)?;
    }
    text.notified_on.set(cx, date)?;
    text.height.set(cx, block.height.saturating_sub(1))?;
    text.status.set(cx, TextStatus::Counting as u8)?;
    storage.agenda.schedule(cx, &block, Due::Text(number), block.timestamp_secs)?;
    cx.emit(&TextNotified {
        id: U256::from(number),
        treaty: id,
        title: title.into(),
        documentHash: document,
        uri: uri.into(),
        date,
    })?;
    Ok(number)
}

/// The text with this number.
pub(in super::super) fn find_text(cx: &mut Context<'_>, id: U256) -> Result<(u64, TextRecord)> {
    let number = u64::try_from(id).ok().filter(|number| *number != 0).ok_or(UnknownText { id })?;
    ensure!(number <= storage().text_count.get(cx)?, UnknownText { id });
    Ok((number, storage().texts.at(number)))
}

/// How far the text has come.
pub(in super::super) fn status<R: Read>(r: &mut R, text: &TextRecord) -> Result<TextStatus, R::Error> {
    Ok(TextStatus::try_from(text.status.get(r)?).unwrap_or(TextStatus::Unknown))
}

/// Takes the next step of a text: counts on, ends a term, or tells that it enters into force. By the chain itself.
///
/// Errors: `NotBySystem`, `UnknownText`, `NotDue`.
pub(in super::super) fn advance(cx: &mut Context<'_>, id: U256) -> Result<()> {
    cx.by_system()?;
    let (number, text) = find_text(cx, id)?;
    let block = cx.block();
    ensure!(storage().agenda.take(cx, &block, Due::Text(number))?, NotDue {});
    let hash = text.rule.get(cx)?;
    let rule = rules::load(cx, hash)?;
    match status(cx, &text)? {
        TextStatus::Counting => count_on(cx, number, &text, &rule),
        TextStatus::Open => end_terms(cx, number, &text, &rule),
        _ => tell(cx, number, &text),
    }
}

/// Counts the next members and, when all are counted, opens the text for rejections.
fn count_on(cx: &mut Context<'_>, number: u64, text: &TextRecord, rule: &Rule) -> Result<()> {
    let from = text.counted.get(cx)?;
    let treaty = text.treaty.get(cx)?;
    let record = treaty::find(cx, treaty)?;
    let mut tally = if from == 0 { rule.open_empty() } else { tally::load(cx, rule, &text.tally)? };
    let terms = terms(cx, text, rule)?;
    let mut bundles = vec![rule.empty_bundle(); terms.len()];
    let (first, most) = (U256::from(from), U256::from(COUNTED_MAX));
    let ids = registry().ids_from(&mut electorate::members(cx), first, most)?;
    let read = ids.len() as u64;
    for member in ids {
        let Some(voter) = bound_voter(cx, text, &record, member, rule)? else { continue };
        cx.charge(tally::COUNT_GAS)?;
        rule.open_more(&mut tally, std::slice::from_ref(&voter));
        let term = term_of(rule, &voter);
        if let Some(bundle) = bundles.get_mut(term) {
            rule.add_voter(bundle, &voter);
        }
        text.bound.at(member).set(cx, (term as u64).saturating_add(1))?;
        let members = text.members.get(cx)?;
        text.members.set(cx, members.saturating_add(1))?;
    }
    tally::store(cx, rule, &text.tally, &tally)?;
    for (term, more) in terms.iter().zip(&bundles).filter(|(_, more)| !more.is_empty()) {
        let mut bundle = load_bundle(cx, rule, &term.silent)?;
        bundle.add(more);
        store_bundle(cx, rule, &term.silent, &bundle)?;
    }
    let block = cx.block();
    text.counted.set(cx, from.saturating_add(read))?;
    if read == COUNTED_MAX {
        return storage().agenda.schedule(cx, &block, Due::Text(number), block.timestamp_secs);
    }
    let members = text.members.get(cx)?;
    cx.emit(&TextCounted { id: U256::from(number), members })?;
    text.status.set(cx, TextStatus::Open as u8)?;
    settle(cx, number, text, rule, &tally)
}

/// The terms of a text, written when it is counted first: the rule's own, then its others'.
fn terms(cx: &mut Context<'_>, text: &TextRecord, rule: &Rule) -> Result<Vec<TermRecord>> {
    let count = text.terms.len(cx)?;
    if count > 0 {
        return Ok((0..count).map(|index| text.terms.at(index)).collect());
    }
    let Some(silence) = &rule.silence else { return Err(Failure::fatal("a text without silence")) };
    let notified = text.notified_on.get(cx)?;
    let own = (silence.objection, silence.effective);
    let others = silence.others.iter().map(|other| (other.objection, other.effective));
    let mut terms = Vec::new();
    for (objection, effective) in std::iter::once(own).chain(others) {
        let term = text.terms.grow(cx)?;
        term.last_day.set(cx, super::clauses::after(notified, objection))?;
        term.effective_on.set(cx, super::clauses::after(notified, effective))?;
        terms.push(term);
    }
    Ok(terms)
}

/// Which term holds for `voter`: the first of the others whose class it has, or the rule's own, number 0.
fn term_of(rule: &Rule, voter: &Voter) -> usize {
    let others = rule.silence.iter().flat_map(|silence| &silence.others);
    let mut others = others.enumerate();
    others
        .find(|(_, other)| voter.classes.contains(&other.class))
        .map_or(0, |(index, _)| index.saturating_add(1))
}

/// `member` as the rule sees it, if the text can bind it: by kind, and as a Party where the treaty has Parties.
fn bound_voter(
    cx: &mut Context<'_>,
    text: &TextRecord,
    record: &TreatyRecord,
    member: B256,
    rule: &Rule,
) -> Result<Option<Voter>> {
    let filter = Filter { kinds: record.kinds.get(cx)?, ..Filter::default() };
    let height = text.height.get(cx)?;
    let voter = electorate::voter(&mut electorate::members(cx), member, &filter, height, rule)?;
    if voter.is_none() || record.by_silence.get(cx)? {
        return Ok(voter);
    }
    let date = text.notified_on.get(cx)?;
    Ok(if is_now_party(cx, record, member, date)? { voter } else { None })
}

/// The voter that a text was counted with, and its term.
fn counted(
    cx: &mut Context<'_>,
    id: U256,
    text: &TextRecord,
    member: B256,
    rule: &Rule,
) -> Result<(Voter, TermRecord)> {
    let index = text.bound.at(member).get(cx)?.checked_sub(1).ok_or(NotBound { id, member })?;
    let height = text.height.get(cx)?;
    let voter = electorate::voter(&mut electorate::members(cx), member, &electorate::anyone(), height, rule)?;
    let voter = voter.ok_or_else(|| Failure::fatal("who was counted has no record at that height"))?;
    Ok((voter, text.terms.at(index)))
}

/// Ends the terms whose last day is over: their silence consents.
fn end_terms(cx: &mut Context<'_>, number: u64, text: &TextRecord, rule: &Rule) -> Result<()> {
    let mut tally = tally::load(cx, rule, &text.tally)?;
    let date = today(&cx.block());
    for term in terms(cx, text, rule)? {
        let is_over = term.last_day.get(cx)? < date && !term.ended.get(cx)?;
        if !is_over {
            continue;
        }
        let silent: Bundle = load_bundle(cx, rule, &term.silent)?;
        cx.charge(tally::COUNT_GAS)?;
        rule.record_bundle(&mut tally, &silent, None, Some(Event::Ballot(Choice::Yes)));
        term.ended.set(cx, true)?;
    }
    tally::store(cx, rule, &text.tally, &tally)?;
    settle(cx, number, text, rule, &tally)
}

/// Concludes the text if its outcome is certain; else waits for the next last day.
fn settle(cx: &mut Context<'_>, number: u64, text: &TextRecord, rule: &Rule, tally: &Tally) -> Result<()> {
    let (mut next, mut last_ended) = (u64::MAX, 0);
    for term in terms(cx, text, rule)? {
        let last_day = term.last_day.get(cx)?;
        if term.ended.get(cx)? {
            last_ended = last_day.max(last_ended);
        } else {
            next = next.min(last_day);
        }
    }
    let closed = next == u64::MAX;
    let outcome = rule.outcome(tally, closed).outcome;
    let block = cx.block();
    if outcome == Outcome::Pending && !closed {
        let after = next.saturating_add(DAY_SECS);
        return storage().agenda.schedule(cx, &block, Due::Text(number), after);
    }
    let adopted = outcome == Outcome::Adopted;
    let status = if adopted { TextStatus::Adopted } else { TextStatus::Rejected };
    text.status.set(cx, status as u8)?;
    // Settled by the end of a term: on its last day. Settled by a rejection: today.
    let decided_on = if last_ended == 0 || !adopted { today(&block).max(last_ended) } else { last_ended };
    text.decided_on.set(cx, decided_on)?;
    cx.emit(&TextConcluded { id: U256::from(number), adopted, decidedOn: decided_on })?;
    storage().agenda.cancel(cx, Due::Text(number))?;
    if adopted { tell_next(cx, number, text) } else { Ok(()) }
}

/// Tells that an adopted text enters into force for the members of a term.
fn tell(cx: &mut Context<'_>, number: u64, text: &TextRecord) -> Result<()> {
    let date = today(&cx.block());
    for index in 0..text.terms.len(cx)? {
        let term = text.terms.at(index);
        let effective_on = term.effective_on.get(cx)?;
        if effective_on <= date && !term.told.get(cx)? {
            term.told.set(cx, true)?;
            cx.emit(&TextEntersIntoForce {
                id: U256::from(number),
                term: U256::from(index),
                effectiveOn: effective_on,
            })?;
        }
    }
    tell_next(cx, number, text)
}

/// Puts the next entry into force on the agenda.
fn tell_next(cx: &mut Context<'_>, number: u64, text: &TextRecord) -> Result<()> {
    let mut next = u64::MAX;
    for index in 0..text.terms.len(cx)? {
        let term = text.terms.at(index);
        if !term.told.get(cx)? {
            next = next.min(term.effective_on.get(cx)?);
        }
    }
    let block = cx.block();
    if next == u64::MAX { Ok(()) } else { storage().agenda.schedule(cx, &block, Due::Text(number), next) }
}

/// Rejects a text for the caller, by its own last day.
///
/// Errors: `UnknownText`, `NotAMember`, `StillCounting`, `NotBound`, `TooLate`, `AlreadyRejected`, those of filing.
pub(in super::super) fn reject(cx: &mut Context<'_>, id: U256, reason: &str, document: B256) -> Result<()> {
    let (number, text) = find_text(cx, id)?;
    let member = electorate::caller(cx)?;
    let status = status(cx, &text)?;
    ensure!(status != TextStatus::Counting, StillCounting { id });
    let treaty_id = text.treaty.get(cx)?;
    let record = treaty::find(cx, treaty_id)?;
    let hash = text.rule.get(cx)?;
    let rule = rules::load(cx, hash)?;
    let (voter, term) = counted(cx, id, &text, member, &rule)?;
    let (date, last_day) = (today(&cx.block()), term.last_day.get(cx)?);
    ensure!(date <= last_day, TooLate { id, lastDay: last_day });
    let rejected = text.rejections.at(member);
    ensure!(rejected.get(cx)? == 0, AlreadyRejected { id, member });
    let filing =
        Filing::new(treaty_id, member, InstrumentKind::Rejection).about(number).saying(reason, document);
    let filed = filing::file(cx, &record, &filing)?;
    rejected.set(cx, filed)?;
    let count = text.rejected.get(cx)?;
    text.rejected.set(cx, count.saturating_add(1))?;
    if status != TextStatus::Open {
        return Ok(());
    }
    let mut tally = tally::load(cx, &rule, &text.tally)?;
    let mut silent = load_bundle(cx, &rule, &term.silent)?;
    cx.charge(tally::COUNT_GAS)?;
    rule.record(&mut tally, &voter, None, Some(Event::Ballot(Choice::No)));
    rule.remove_voter(&mut silent, &voter);
    tally::store(cx, &rule, &text.tally, &tally)?;
    store_bundle(cx, &rule, &term.silent, &silent)?;
    if rule.outcome(&tally, false).outcome == Outcome::Rejected {
        return settle(cx, number, &text, &rule, &tally);
    }
    Ok(())
}

/// Takes back the rejection that instrument `filed` is: the text binds the member from its own day, or from today if that is
/// past. By [`super::statements`].
pub(super) fn accept_after_all(cx: &mut Context<'_>, number: u64, member: B256) -> Result<()> {
    let text = storage().texts.at(number);
    text.rejections.at(member).set(cx, 0)?;
    let (date, count) = (today(&cx.block()), text.rejected.get(cx)?);
    text.rejected.set(cx, count.saturating_sub(1))?;
    text.accepted.at(member).set(cx, date)?;
    let hash = text.rule.get(cx)?;
    let rule = rules::load(cx, hash)?;
    let (voter, term) = counted(cx, U256::from(number), &text, member, &rule)?;
    if status(cx, &text)? != TextStatus::Open || term.ended.get(cx)? {
        return Ok(());
    }
    let mut tally = tally::load(cx, &rule, &text.tally)?;
    let mut silent = load_bundle(cx, &rule, &term.silent)?;
    rule.record(&mut tally, &voter, Some(Event::Ballot(Choice::No)), None);
    rule.add_voter(&mut silent, &voter);
    tally::store(cx, &rule, &text.tally, &tally)?;
    store_bundle(cx, &rule, &term.silent, &silent)
}

/// From when on the text binds `member`; `None`: it does not, or not yet for certain. `r` reads the assembly.
pub(in super::super) fn binds_from<R: Read>(
    r: &mut R,
    text: &TextRecord,
    member: B256,
) -> Result<Option<u64>, R::Error> {
    let Some(index) = text.bound.at(member).get(r)?.checked_sub(1) else { return Ok(None) };
    if status(r, text)? != TextStatus::Adopted || text.rejections.at(member).get(r)? != 0 {
        return Ok(None);
    }
    let effective_on = text.terms.at(index).effective_on.get(r)?;
    Ok(Some(effective_on.max(text.accepted.at(member).get(r)?)))
}

/// Gives a text up whose step failed. By the chain itself.
///
/// Errors: `NotBySystem`, `UnknownText`, `NotDue`.
pub(in super::super) fn give_up(cx: &mut Context<'_>, id: U256) -> Result<()> {
    cx.by_system()?;
    let (number, text) = find_text(cx, id)?;
    let block = cx.block();
    ensure!(storage().agenda.take(cx, &block, Due::Text(number))?, NotDue {});
    let date = today(&block);
    text.status.set(cx, TextStatus::Rejected as u8)?;
    text.decided_on.set(cx, date)?;
    cx.emit(&TextConcluded { id, adopted: false, decidedOn: date })
}

/// The text as the ABI shows it.
pub(in super::super) fn abi_of_text(cx: &mut Context<'_>, id: U256) -> Result<IAssembly::AmendingText> {
    let (_, text) = find_text(cx, id)?;
    read_text(cx, &text)
}

/// The text's record.
pub(in super::super) fn read_text<R: Read>(
    r: &mut R,
    text: &TextRecord,
) -> Result<IAssembly::AmendingText, R::Error> {
    let term = |term: TermRecord, r: &mut R| {
        Ok(IAssembly::TextTerm { lastDay: term.last_day.get(r)?, effectiveOn: term.effective_on.get(r)? })
    };
    let terms =
        (0..text.terms.len(r)?).map(|index| term(text.terms.at(index), r)).collect::<Result<_, _>>()?;
    Ok(IAssembly::AmendingText {
        treaty: text.treaty.get(r)?,
        status: status(r, text)?,
        title: text.title.get(r)?,
        documentHash: text.document.get(r)?,
        uri: text.uri.get(r)?,
        ruleHash: text.rule.get(r)?,
        notifiedOn: text.notified_on.get(r)?,
        decidedOn: text.decided_on.get(r)?,
        members: text.members.get(r)?,
        rejections: text.rejected.get(r)?,
        terms,
        proposal: U256::from(text.proposal.get(r)?),
    })
}

/// Reads a bundle; an empty one where none was written.
fn load_bundle(cx: &mut Context<'_>, rule: &Rule, place: &List<Slot<U256>>) -> Result<Bundle> {
    let words = place.all(cx)?;
    if words.is_empty() {
        return Ok(rule.empty_bundle());
    }
    let scales = electorate::scales(&mut electorate::members(cx), rule)?;
    let words: Option<Vec<u128>> = words.iter().map(|word| u128::try_from(*word).ok()).collect();
    let bundle = words.and_then(|words| rule.bundle_from_words(&words, &scales).ok());
    bundle.ok_or_else(|| Failure::fatal("a stored bundle does not fit its rule"))
}

/// Writes a bundle.
fn store_bundle(cx: &mut Context<'_>, rule: &Rule, place: &List<Slot<U256>>, bundle: &Bundle) -> Result<()> {
    let scales = electorate::scales(&mut electorate::members(cx), rule)?;
    let words = rule.bundle_to_words(bundle, &scales);
    let words = words.map_err(|_| too_many("weight in one tally", u128::MAX))?;
    while place.len(cx)? < words.len() as u64 {
        place.push(cx, U256::ZERO)?;
    }
    for (index, word) in (0u64..).zip(words) {
        place.at(index).set(cx, U256::from(word))?;
    }
    Ok(())
}
