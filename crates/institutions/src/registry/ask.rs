//! The registry as another institution asks it, within a call and metered like everything there.

use std::collections::BTreeSet;

use alloy_primitives::{Address, B256};
use polity_charter::{Kind, Rights};
use polity_decision::{Scales, Voter};
use polity_primitives::REGISTRY;

use super::{Status, registry};
use crate::{
    context::{Context, Result},
    names,
};

/// What a member is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Kind.
    pub kind: Kind,
    /// Status.
    pub status: Status,
    /// Whether the status is `Active`.
    pub active: bool,
}

/// Ids of members in the order of first admission, whatever their status. Bounds: `MEMBERS_MAX`.
///
/// # Errors
/// Out of gas.
pub fn member_ids(cx: &mut Context<'_>) -> Result<Vec<B256>> {
    registry().ids.all(&mut cx.storage_of(REGISTRY))
}

/// The present member that acts with `account`.
///
/// # Errors
/// Out of gas.
pub fn member_of_account(cx: &mut Context<'_>, account: Address) -> Result<Option<B256>> {
    let id = registry().member_of(&mut cx.storage_of(REGISTRY), account)?;
    Ok(Some(id).filter(|id| !id.is_zero()))
}

/// What member `id` is now; all defaults and `Status::Unknown` if it never was one.
///
/// # Errors
/// Out of gas.
pub fn profile(cx: &mut Context<'_>, id: B256) -> Result<Profile> {
    let standing = registry().standing(&mut cx.storage_of(REGISTRY), id, u64::MAX)?;
    Ok(Profile { kind: standing.kind(), status: standing.status, active: standing.status == Status::Active })
}

/// The rights of `id` now.
///
/// # Errors
/// Out of gas.
pub fn rights_now(cx: &mut Context<'_>, id: B256) -> Result<Rights> {
    rights_at(cx, id, u64::MAX)
}

/// The rights of `id` at the end of block `height`; none if it was not a member.
///
/// # Errors
/// Out of gas.
pub fn rights_at(cx: &mut Context<'_>, id: B256, height: u64) -> Result<Rights> {
    registry().rights(&mut cx.storage_of(REGISTRY), id, height)
}

/// The classes of `id` at the end of block `height`.
///
/// # Errors
/// Out of gas.
pub fn classes_at(cx: &mut Context<'_>, id: B256, height: u64) -> Result<Vec<B256>> {
    let (registry, mut r) = (registry(), cx.storage_of(REGISTRY));
    let classes = registry.standing(&mut r, id, height)?.classes;
    registry.classes(&mut r, classes)
}

/// Height of the block that first admitted `id`; a readmission does not change it.
///
/// # Errors
/// Out of gas.
pub fn admitted_at(cx: &mut Context<'_>, id: B256) -> Result<u64> {
    registry().admitted_at(&mut cx.storage_of(REGISTRY), id)
}

/// `id` as decision rules saw it at the end of block `height`, with the weights called `weights` as the charter writes them.
///
/// # Errors
/// Out of gas.
pub fn voter_at(cx: &mut Context<'_>, id: B256, height: u64, weights: &BTreeSet<&str>) -> Result<Voter> {
    let weights = weights.iter().filter_map(|name| names::find(name));
    registry().voter(&mut cx.storage_of(REGISTRY), id, height, weights)
}

/// What each named weight was multiplied with to be whole: what a tally needs to become words.
///
/// # Errors
/// Out of gas.
pub fn scales_of(cx: &mut Context<'_>) -> Result<Scales> {
    registry().scales(&mut cx.storage_of(REGISTRY))
}
