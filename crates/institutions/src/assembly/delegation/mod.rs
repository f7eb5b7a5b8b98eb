//! Delegation: a member names another whose ballot counts for it while it casts none itself.
//!
//! Rule kept: every unit of weight stands under one ballot or none. A member's weight goes to the nearest member of its chain that
//! has cast a ballot, itself first; its own ballot takes it back at any time while ballots are taken. What was delegated when a
//! proposal opened counts on it, whatever is delegated or taken back afterwards: delegations are kept by height.
//!
//! A delegation is for a *scope*, a track or a chamber. On a proposal a member's delegation for its track comes before that for its
//! chamber. Chains are followed up to [`DELEGATION_DEPTH_MAX`] members and no further, so a ballot costs the same however many stand
//! behind it ([`flow`]); what would close a loop is refused here, with the loop.
//!
//! Why chains and how long: docs/adr/0010.

mod flow;
mod views;

use alloy_primitives::{B256, U256};
use polity_charter::Rights;

pub(super) use flow::{FlowRecord, cast, members_max, prepare, said, somebody_follows};
pub use views::{CarriedView, DelegationView, carried, delegations};

use super::{
    IAssembly::{
        Delegated, DelegationLoop, DelegationTooLong, NoRight, NotDelegated, NotInChamber, Undelegated,
        UnknownScope,
    },
    electorate, rules,
    schema::storage,
    seats, tracks,
};
use crate::{
    context::{Context, Result},
    ensure, layout,
    registry::registry,
    storage::{History, List, Map, Read, Slot},
};

/// Most members above one in a chain of delegations. Each costs a ballot two bundles' slots.
pub const DELEGATION_DEPTH_MAX: usize = 4;

layout! {
    /// Who delegated to whom, since when.
    pub(super) struct Delegations {
        /// Delegates by number, from 1: a history holds numbers.
        ids: List<Slot<B256>>,
        numbers: Map<B256, Slot<u64>>,
        /// By scope and member.
        edges: Map<B256, Map<B256, History>>,
        /// How many members ever delegated, by scope.
        ever: Map<B256, Slot<u64>>,
        has_ever: Map<B256, Map<B256, Slot<bool>>>,
    }
}

/// Where a proposal's delegations are looked for: its track, then the chamber of its stage.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scopes {
    pub(super) track: B256,
    pub(super) chamber: B256,
}

/// Names `to` to vote for the caller's member in `scope`, in place of whom it named before.
///
/// Errors: `NotAMember`, `NoRight`, `UnknownScope`, `NotInChamber`, `DelegationLoop`, `DelegationTooLong`.
pub(super) fn delegate(cx: &mut Context<'_>, scope: B256, to: B256) -> Result<()> {
    let member = electorate::caller_with(cx, Rights::VOTE)?;
    let rights = registry().rights(&mut electorate::members(cx), to, u64::MAX)?;
    ensure!(rights.contains(Rights::VOTE), NoRight { member: to, right: "vote".into() });
    if let Some((_, record)) = rules::chamber(cx, scope)? {
        ensure!(seats::sits(cx, scope, &record, to)?, NotInChamber { chamber: scope, member: to });
    } else {
        ensure!(tracks::current(cx, scope)?.is_some(), UnknownScope { scope });
    }
    refuse_loop(cx, scope, member, to)?;
    let storage = storage().delegations;
    let number = storage.numbers.at(to);
    let mut known = number.get(cx)?;
    if known == 0 {
        storage.ids.push(cx, to)?;
        known = storage.ids.len(cx)?;
        number.set(cx, known)?;
    }
    if !storage.has_ever.at(scope).at(member).get(cx)? {
        storage.has_ever.at(scope).at(member).set(cx, true)?;
        let ever = storage.ever.at(scope).get(cx)?;
        storage.ever.at(scope).set(cx, ever.saturating_add(1))?;
    }
    let now = cx.block().height;
    storage.edges.at(scope).at(member).set(cx, now, U256::from(known))?;
    cx.emit(&Delegated { scope, member, to })
}

/// Takes back the delegation of the caller's member in `scope`, for proposals that open later.
///
/// Errors: `NotAMember`, `NotDelegated`.
pub(super) fn undelegate(cx: &mut Context<'_>, scope: B256) -> Result<()> {
    let member = electorate::caller(cx)?;
    let from = delegate_at(cx, scope, member, u64::MAX)?.ok_or(NotDelegated { scope, member })?;
    let now = cx.block().height;
    storage().delegations.edges.at(scope).at(member).set(cx, now, U256::ZERO)?;
    cx.emit(&Undelegated { scope, member, from })
}

/// Refuses a delegation that would lead back to who makes it, or too far.
fn refuse_loop(cx: &mut Context<'_>, scope: B256, member: B256, to: B256) -> Result<()> {
    let mut chain = vec![member, to];
    let mut at = to;
    while at != member {
        let Some(next) = delegate_at(cx, scope, at, u64::MAX)? else { return Ok(()) };
        chain.push(next);
        at = next;
        let too_long = chain.len() > DELEGATION_DEPTH_MAX.saturating_add(1) && at != member;
        ensure!(!too_long, DelegationTooLong { members: chain, max: U256::from(DELEGATION_DEPTH_MAX) });
    }
    Err(DelegationLoop { members: chain }.into())
}

/// To whom `member` delegated in `scope` at the end of block `height`; `u64::MAX` is now. `r` reads the assembly.
pub(super) fn delegate_at<R: Read>(
    r: &mut R,
    scope: B256,
    member: B256,
    height: u64,
) -> Result<Option<B256>, R::Error> {
    let storage = storage().delegations;
    let number = storage.edges.at(scope).at(member).at(r, height)?.saturating_to::<u64>();
    number.checked_sub(1).map(|index| storage.ids.at(index).get(r)).transpose()
}

impl Scopes {
    /// How many members ever delegated for such a proposal, at most. `r` reads the assembly.
    fn ever<R: Read>(&self, r: &mut R) -> Result<u64, R::Error> {
        let ever = storage().delegations.ever;
        let on_track = if self.track == self.chamber { 0 } else { ever.at(self.track).get(r)? };
        Ok(on_track.saturating_add(ever.at(self.chamber).get(r)?))
    }

    /// To whom `member` delegated, for the track or else the chamber.
    fn named<R: Read>(&self, r: &mut R, member: B256, height: u64) -> Result<Option<B256>, R::Error> {
        match delegate_at(r, self.track, member, height)? {
            Some(to) => Ok(Some(to)),
            None if self.track == self.chamber => Ok(None),
            None => delegate_at(r, self.chamber, member, height),
        }
    }

    /// The delegate of `member` that counts: `None` also where the chain above it is too long, as one that runs in a circle through
    /// both scopes is. Whoever is cut off so stands alone, and so does everybody beyond.
    fn parent<R: Read>(&self, r: &mut R, member: B256, height: u64) -> Result<Option<B256>, R::Error> {
        let Some(parent) = self.named(r, member, height)? else { return Ok(None) };
        let mut at = parent;
        for _ in 0..DELEGATION_DEPTH_MAX {
            match self.named(r, at, height)? {
                Some(next) => at = next,
                None => return Ok(Some(parent)),
            }
        }
        Ok(None)
    }
}
