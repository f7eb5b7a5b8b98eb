//! Terms of delegates by stake (DPoS): the few with most behind them, chosen when a term ends and not in between, so that nobody
//! gains or loses a seat by moving money for a block.

use alloy_primitives::{B256, U256};
use polity_constitution::{Settings, WriteRight};

use super::{Constitution, IConstitution as sol, stake::CANDIDATES_MAX};
use crate::{
    context::{Context, Result},
    layout,
    registry::registry,
    storage::{List, Slot},
};
use polity_charter::Rights;
use polity_primitives::REGISTRY;

layout! {
    /// The present term.
    pub(super) struct Term {
        pub(super) delegates: List<Slot<B256>>,
        /// Units: seconds since 1970-01-01 UTC.
        pub(super) ends: Slot<u64>,
    }
}

/// What delegates by stake are chosen by: how many, and for how long in seconds.
const fn delegation(settings: &Settings) -> Option<(u64, u64)> {
    match &settings.write {
        WriteRight::Delegation { seats, term, chamber: None } => Some((*seats, *term)),
        _ => None,
    }
}

/// Chooses delegates if `settings`, which are new, want them.
pub(super) fn begin(at: &Constitution, cx: &mut Context<'_>, settings: &Settings) -> Result<()> {
    delegation(settings).map_or(Ok(()), |(seats, term)| choose(at, cx, settings, seats, term))
}

/// Chooses them again if their term is over.
pub(super) fn turn(at: &Constitution, cx: &mut Context<'_>, settings: &Settings) -> Result<()> {
    match delegation(settings) {
        Some((seats, term)) if at.term.ends.get(cx)? <= cx.block().timestamp_secs => {
            choose(at, cx, settings, seats, term)
        }
        _ => Ok(()),
    }
}

/// The `seats` candidates with most stake, among those that may validate and keep the pledge; ties go by id. None: everyone who may
/// validate writes until the next term.
fn choose(at: &Constitution, cx: &mut Context<'_>, settings: &Settings, seats: u64, term: u64) -> Result<()> {
    let mut standing: Vec<(U256, B256)> = Vec::new();
    for index in 0..at.bonded.len(cx)?.min(CANDIDATES_MAX) {
        let id = at.bonded.at(index).get(cx)?;
        let pool = at.pools.at(id);
        let stake = pool.bonded.tokens.get(cx)?;
        let mut members = cx.storage_of(REGISTRY);
        let has_node = !registry().consensus_of(&mut members, id)?.is_zero();
        let may = has_node && registry().rights(&mut members, id, u64::MAX)?.contains(Rights::VALIDATE);
        if may && !stake.is_zero() && pool.amount_of(cx, id)? >= settings.incentive.pledge {
            standing.push((stake, id));
        }
    }
    standing.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    standing.truncate(usize::try_from(seats).unwrap_or(usize::MAX));
    let before = at.term.delegates.len(cx)?;
    let chosen: Vec<B256> = standing.into_iter().map(|(_, id)| id).collect();
    for (index, id) in (0u64..).zip(&chosen) {
        at.term.delegates.at(index).set(cx, *id)?;
    }
    let count = chosen.len() as u64;
    for index in count..before {
        at.term.delegates.at(index).set(cx, B256::ZERO)?;
    }
    at.term.delegates.truncate(cx, count)?;
    let ends_at = cx.block().timestamp_secs.saturating_add(term);
    at.term.ends.set(cx, ends_at)?;
    at.revise(cx)?;
    cx.emit(&sol::DelegatesChosen { members: chosen, endsAt: ends_at })
}
