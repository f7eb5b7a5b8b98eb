//! Who may validate, with what the settings ask of them: bonds and offices. What the committee is made of.
//!
//! Also the answer to the question that every punishment and every exit asks first: who would be left?

use std::collections::BTreeSet;

use alloy_primitives::{Address, B256};
use polity_charter::Rights;
use polity_constitution::{
    Candidate, Committee, CommitteeError, Primary, Settings, Verification, WriteRight, seated,
};
use polity_primitives::{CONSTITUTION, Height, REGISTRY};

use super::constitution;
use crate::{
    assembly::Sitting,
    context::{Context, Result},
    names,
    registry::registry,
    storage::Anywhere,
};

/// The chambers that settings name, as they are now.
struct Halls {
    leads: Option<Sitting>,
    writes: Option<Sitting>,
    verifies: Option<Sitting>,
    /// Delegates by stake, of the present term.
    delegates: Vec<B256>,
}

impl Halls {
    fn of<A: Anywhere>(at: &mut A, settings: &Settings) -> Result<Self, A::Error> {
        let mut hall = |chamber: Option<&String>| match chamber.and_then(|chamber| names::word(chamber)) {
            Some(id) => Sitting::of(at, id),
            None => Ok(None),
        };
        let (leads, writes) = match &settings.write {
            WriteRight::Membership { primary: Primary::Elected { chamber } } => (hall(Some(chamber))?, None),
            WriteRight::Delegation { chamber, .. } => (None, hall(chamber.as_ref())?),
            _ => (None, None),
        };
        let verifies = match &settings.verification {
            Verification::Delegates { chamber } => hall(Some(chamber))?,
            _ => None,
        };
        let by_stake = matches!(&settings.write, WriteRight::Delegation { chamber: None, .. });
        let delegates = if by_stake {
            constitution().term.delegates.all(&mut at.storage(CONSTITUTION))?
        } else {
            Vec::new()
        };
        Ok(Self { leads, writes, verifies, delegates })
    }
}

fn has<A: Anywhere>(hall: &Option<Sitting>, at: &mut A, member: B256) -> Result<bool, A::Error> {
    hall.as_ref().map_or(Ok(false), |hall| hall.has(at, member))
}

fn one<A: Anywhere>(at: &mut A, halls: &Halls, id: B256) -> Result<Option<Candidate>, A::Error> {
    let mut members = at.storage(REGISTRY);
    let (key, peer) = registry().node_keys(&mut members, id)?;
    let address: Address = registry().consensus_of(&mut members, id)?;
    let since = registry().peer_since(&mut members, peer)?;
    drop(members);
    let Ok(public_key) = key.try_into() else { return Ok(None) };
    let mut candidate = Candidate::new(names::text(id), address, public_key, peer.0);
    candidate.peer_key_since = Height(since);
    let mut purse = at.storage(CONSTITUTION);
    let pool = constitution().pools.at(id);
    candidate.stake = pool.bonded.tokens.get(&mut purse)?;
    if !candidate.stake.is_zero() {
        candidate.pledged = pool.amount_of(&mut purse, id)?;
    }
    drop(purse);
    candidate.offices.leads = has(&halls.leads, at, id)?;
    candidate.offices.writes = halls.delegates.contains(&id) || has(&halls.writes, at, id)?;
    candidate.offices.verifies = has(&halls.verifies, at, id)?;
    Ok(Some(candidate))
}

/// Those that may validate in the next block, with what `settings` ask of them. In the order of the registry.
pub(crate) fn candidates_in<A: Anywhere>(
    at: &mut A,
    settings: &Settings,
) -> Result<Vec<Candidate>, A::Error> {
    let halls = Halls::of(at, settings)?;
    let ids = registry().validator_ids(&mut at.storage(REGISTRY))?;
    let mut candidates = Vec::with_capacity(ids.len());
    for id in ids {
        candidates.extend(one(at, &halls, id)?);
    }
    Ok(candidates)
}

/// The committee that `settings` would make now, strictly.
///
/// Errors of the inner result: nobody would write, or verify, with the arithmetic.
pub(super) fn would_sit(
    cx: &mut Context<'_>,
    settings: &Settings,
) -> Result<Result<Committee, CommitteeError>> {
    let candidates = candidates_in(cx, settings)?;
    Ok(seated(settings, &candidates, B256::ZERO))
}

/// Whether somebody can decide blocks by the settings of the next block and those that are coming, as things stand in storage.
/// Gas: the first candidates usually answer; at most those who bonded or supervise, where the settings ask for that.
pub(crate) fn somebody_decides(cx: &mut Context<'_>) -> Result<bool> {
    Ok(first_unmet(cx, B256::ZERO)?.is_none())
}

/// Whether `member` is the last that can decide blocks: with it somebody can, without it nobody.
pub(super) fn nobody_decides_without(cx: &mut Context<'_>, member: B256) -> Result<bool> {
    Ok(first_unmet(cx, member)?.is_some() && somebody_decides(cx)?)
}

/// Why nobody would be left to decide blocks, with the arithmetic; `None` if somebody is. Gas: as [`somebody_decides`], but to count
/// for the arithmetic every node.
pub(crate) fn nobody_decides(cx: &mut Context<'_>) -> Result<Option<String>> {
    let Some(settings) = first_unmet(cx, B256::ZERO)? else { return Ok(None) };
    let candidates = candidates_in(cx, &settings)?;
    if candidates.is_empty() {
        let nodes = registry().node_ids(&mut cx.storage_of(REGISTRY))?.len();
        let why = format!("may validate, of {nodes} members with a node");
        return Ok(Some(CommitteeError::Empty(why).to_string()));
    }
    Ok(seated(&settings, &candidates, B256::ZERO).err().map(|problem| problem.to_string()))
}

/// The settings, of the next block or coming, by which nobody but `but` can decide.
fn first_unmet(cx: &mut Context<'_>, but: B256) -> Result<Option<Settings>> {
    let next = cx.block().height.saturating_add(1);
    for settings in constitution().settings_from(cx, next)? {
        if !is_met(cx, &settings, but)? {
            return Ok(Some(settings));
        }
    }
    Ok(None)
}

/// Whether somebody other than `but` can decide by `settings`.
fn is_met(cx: &mut Context<'_>, settings: &Settings, but: B256) -> Result<bool> {
    let halls = Halls::of(cx, settings)?;
    let few = few_who_may(cx, settings)?;
    let count = match &few {
        Some(few) => few.len() as u64,
        None => registry().node_count(&mut cx.storage_of(REGISTRY))?,
    };
    let (mut candidates, mut enough) = (Vec::new(), 1);
    for index in 0..count {
        let id = match &few {
            Some(few) => {
                usize::try_from(index).ok().and_then(|index| few.get(index)).copied().unwrap_or_default()
            }
            None => registry().node_at(&mut cx.storage_of(REGISTRY), index)?,
        };
        let rights = registry().rights(&mut cx.storage_of(REGISTRY), id, u64::MAX)?;
        if id == but || !rights.contains(Rights::VALIDATE) {
            continue;
        }
        candidates.extend(one(cx, &halls, id)?);
        // Those who can decide by themselves can decide with others. Tried with 1, 2, 4, … of them, for one may write and another
        // verify.
        if candidates.len() >= enough {
            if seated(settings, &candidates, B256::ZERO).is_ok() {
                return Ok(true);
            }
            enough = enough.saturating_mul(2);
        }
    }
    Ok(seated(settings, &candidates, B256::ZERO).is_ok())
}

/// The only ones whom `settings` let write or verify, whatever others do: supervisors by name, and who bonded if that is asked for.
/// `None` if everyone with a node comes into question.
fn few_who_may(cx: &mut Context<'_>, settings: &Settings) -> Result<Option<Vec<B256>>> {
    let mut few: Vec<B256> = match &settings.verification {
        Verification::Supervisors { members } => members.iter().filter_map(|id| names::word(id)).collect(),
        _ => Vec::new(),
    };
    let by_bond = matches!(settings.write, WriteRight::Stake { .. }) || !settings.incentive.pledge.is_zero();
    if by_bond {
        let bonded = constitution().bonded.all(&mut cx.storage_of(CONSTITUTION))?;
        few.extend(bonded);
        let mut seen = BTreeSet::new();
        few.retain(|id| seen.insert(*id));
    }
    // Without a bond to ask for, whoever supervises may write too, or somebody in office may.
    Ok(if few.is_empty() && !by_bond { None } else { Some(few) })
}
