//! How delegated weight flows in one stage of a proposal.
//!
//! When the stage is prepared, each member that delegated is linked to its delegate, and its weight is added to the *bundle* of
//! everyone above it in its chain. From then on a bundle holds the members below whose weight would reach it: those on whose way up
//! nobody has cast a ballot. A ballot moves what it stands for (the member and its bundle) out of the bundles above, up to the
//! nearest member that has cast one, from whose ballot it takes that weight; taking it back is the reverse. So a ballot costs at most
//! [`DELEGATION_DEPTH_MAX`] bundles, whoever stands behind it.

use std::collections::BTreeMap;

use alloy_primitives::{B256, U256};
use polity_decision::{Bundle, Event, Rule, Tally, Voter};

use super::{DELEGATION_DEPTH_MAX, Scopes};
use crate::{
    assembly::{
        ballot,
        electorate::{self, Electorate},
        rules::too_many,
        schema::StageRecord,
    },
    context::{Context, Result},
    host::Failure,
    layout, names,
    storage::{List, Map, Read, Slot},
};

/// Gas of adding a bundle to another, besides its words.
const BUNDLE_GAS: u64 = 1_000;

/// Most words written in one system call for delegations. At 22,100 gas each.
const WORDS_MAX: u64 = 320;
/// What linking a member to those above it costs besides, in words.
const LINK_WORDS: usize = 8;

layout! {
    /// Delegations of one stage.
    pub(in crate::assembly) struct FlowRecord {
        /// The delegate of each member that delegated; zero for others.
        parents: Map<B256, Slot<B256>>,
        /// Members that delegated and have cast no ballot of their own: any of them may still take its weight back.
        following: Slot<u64>,
        /// What would follow each delegate's ballot, in words of the rule.
        bundles: Map<B256, List<Slot<U256>>>,
    }
}

/// Most members to prepare in one system call: all, unless so many ever delegated for such proposals that their bundles could fill
/// one.
pub(in crate::assembly) fn members_max(cx: &mut Context<'_>, rule: &Rule, scopes: Scopes) -> Result<u64> {
    let words = rule.bundle_words_len().saturating_add(1).saturating_mul(DELEGATION_DEPTH_MAX);
    let members = WORDS_MAX / (words.saturating_add(LINK_WORDS) as u64).max(1);
    Ok(if scopes.ever(cx)? <= members { u64::MAX } else { members.max(1) })
}

/// Links `voters` to their delegates, and adds them to the bundles above. Each voter of a stage is prepared once.
///
/// Gas: two slots a voter if anybody ever delegated for such proposals, and for each that did, its delegates and their bundles.
pub(in crate::assembly) fn prepare(
    cx: &mut Context<'_>,
    stage: &StageRecord,
    electorate: &Electorate,
    rule: &Rule,
    scopes: Scopes,
    voters: &[Voter],
) -> Result<()> {
    if scopes.ever(cx)? == 0 {
        return Ok(());
    }
    let height = electorate.height();
    let mut added: BTreeMap<B256, Bundle> = BTreeMap::new();
    let mut linked_now = 0u64;
    for voter in voters {
        let member = names::word(&voter.id).unwrap_or_default();
        let mut parent = linked(cx, electorate, rule, scopes, member, height)?;
        let Some(delegate) = parent else { continue };
        stage.flow.parents.at(member).set(cx, delegate)?;
        linked_now = linked_now.saturating_add(1);
        let own = rule.bundle([voter]);
        if own.vetoes.iter().any(|holders| *holders > 0) {
            ballot::may_object(cx, stage, member)?;
        }
        for _ in 0..DELEGATION_DEPTH_MAX {
            let Some(delegate) = parent else { break };
            cx.charge(BUNDLE_GAS)?;
            added.entry(delegate).or_insert_with(|| rule.empty_bundle()).add(&own);
            parent = linked(cx, electorate, rule, scopes, delegate, height)?;
        }
    }
    if linked_now > 0 {
        let following = stage.flow.following.get(cx)?;
        stage.flow.following.set(cx, following.saturating_add(linked_now))?;
    }
    for (delegate, more) in added {
        let mut bundle = load(cx, stage, rule, delegate)?;
        bundle.add(&more);
        store(cx, stage, rule, delegate, &bundle)?;
    }
    Ok(())
}

/// The delegate of `member` that counts in this electorate: one who is not in it carries nothing.
fn linked(
    cx: &mut Context<'_>,
    electorate: &Electorate,
    rule: &Rule,
    scopes: Scopes,
    member: B256,
    height: u64,
) -> Result<Option<B256>> {
    let Some(delegate) = scopes.parent(cx, member, height)? else { return Ok(None) };
    Ok(electorate.voter(cx, delegate, rule)?.map(|_| delegate))
}

/// Moves `tally` from what the ballot of `voter` said `before` to what it says `after`, with all whose weight follows it.
pub(in crate::assembly) fn cast(
    cx: &mut Context<'_>,
    stage: &StageRecord,
    rule: &Rule,
    tally: &mut Tally,
    (member, voter): (B256, &Voter),
    before: Option<Event>,
    after: Option<Event>,
) -> Result<()> {
    let bundle = load(cx, stage, rule, member)?;
    // Without a ballot of its own it says what the nearest ballot above says.
    let (carriers, above) = above(cx, stage, member)?;
    let (from, to) = (before.or(above), after.or(above));
    rule.record(tally, voter, from, to);
    rule.record_bundle(tally, &bundle, from, to);
    if before.is_some() == after.is_some() || carriers.is_empty() {
        return Ok(());
    }
    let following = stage.flow.following.get(cx)?;
    let still = if after.is_some() { following.saturating_sub(1) } else { following.saturating_add(1) };
    stage.flow.following.set(cx, still)?;
    let mut moved = rule.bundle([voter]);
    moved.add(&bundle);
    for carrier in carriers {
        cx.charge(BUNDLE_GAS)?;
        let mut bundle = load(cx, stage, rule, carrier)?;
        if after.is_some() {
            bundle.subtract(&moved);
        } else {
            bundle.add(&moved);
        }
        store(cx, stage, rule, carrier, &bundle)?;
    }
    Ok(())
}

/// Whether somebody's weight follows, or may follow, a ballot that is not its own: then no outcome is certain before the close,
/// since its own ballot may still take the weight back. `r` reads the assembly.
pub(in crate::assembly) fn somebody_follows<R: Read>(
    r: &mut R,
    stage: &StageRecord,
) -> Result<bool, R::Error> {
    Ok(stage.flow.following.get(r)? > 0)
}

/// The members above `member` up to the nearest that has cast a ballot, and what that says. `r` reads the assembly.
fn above<R: Read>(
    r: &mut R,
    stage: &StageRecord,
    member: B256,
) -> Result<(Vec<B256>, Option<Event>), R::Error> {
    let (mut carriers, mut at) = (Vec::new(), member);
    for _ in 0..DELEGATION_DEPTH_MAX {
        at = stage.flow.parents.at(at).get(r)?;
        if at.is_zero() {
            break;
        }
        carriers.push(at);
        if let Some(event) = ballot::own(r, stage, at)? {
            return Ok((carriers, Some(event)));
        }
    }
    Ok((carriers, None))
}

/// What stands for `member` in the tally: its own ballot, or that of the nearest member above that has cast one, and who that is.
/// `r` reads the assembly.
pub(in crate::assembly) fn said<R: Read>(
    r: &mut R,
    stage: &StageRecord,
    member: B256,
) -> Result<Option<(B256, Event)>, R::Error> {
    if let Some(event) = ballot::own(r, stage, member)? {
        return Ok(Some((member, event)));
    }
    let (carriers, event) = above(r, stage, member)?;
    Ok(event.and_then(|event| Some((*carriers.last()?, event))))
}

/// The delegate of `member` in this stage. `r` reads the assembly.
pub(super) fn parent<R: Read>(
    r: &mut R,
    stage: &StageRecord,
    member: B256,
) -> Result<Option<B256>, R::Error> {
    let parent = stage.flow.parents.at(member).get(r)?;
    Ok(Some(parent).filter(|parent| !parent.is_zero()))
}

fn load(cx: &mut Context<'_>, stage: &StageRecord, rule: &Rule, delegate: B256) -> Result<Bundle> {
    let words = stage.flow.bundles.at(delegate).all(cx)?;
    if words.is_empty() {
        return Ok(rule.empty_bundle());
    }
    let scales = electorate::scales(&mut electorate::members(cx), rule)?;
    let words: Option<Vec<u128>> = words.iter().map(|word| u128::try_from(*word).ok()).collect();
    words
        .and_then(|words| rule.bundle_from_words(&words, &scales).ok())
        .ok_or_else(|| Failure::fatal("a stored bundle does not fit its rule"))
}

fn store(
    cx: &mut Context<'_>,
    stage: &StageRecord,
    rule: &Rule,
    delegate: B256,
    bundle: &Bundle,
) -> Result<()> {
    let scales = electorate::scales(&mut electorate::members(cx), rule)?;
    let words =
        rule.bundle_to_words(bundle, &scales).map_err(|_| too_many("weight in one bundle", u128::MAX))?;
    let place = stage.flow.bundles.at(delegate);
    let known = place.len(cx)?;
    for (index, word) in (0u64..).zip(&words) {
        let (slot, word) = (place.at(index), U256::from(*word));
        if slot.get(cx)? != word {
            slot.set(cx, word)?;
        }
    }
    if known == 0 { place.truncate(cx, words.len() as u64) } else { Ok(()) }
}
