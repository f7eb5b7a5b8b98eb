//! The registry as those outside see it: ledger, consensus, network, rpc. Free of gas, over any [`Slots`].

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256};
use polity_charter::{NodeKeys, Rights};
use polity_constitution::Candidate;
use polity_decision::{Scales, Voter};
use polity_primitives::{Height, REGISTRY};

use super::{Filter, MemberRecord, Registry, Status, registry};
use crate::{host::Slots, names, storage::View};

/// A member whose node decides blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validator {
    /// Short name of the member.
    pub id: String,
    /// What the constitution needs to know of it.
    pub candidate: Candidate,
    /// ed25519 key of its node's network identity.
    pub peer: [u8; 32],
}

fn view(slots: &dyn Slots) -> (Registry, View<'_>) {
    (registry(), View::new(slots, REGISTRY))
}

/// Every member there ever was, in the order of first admission. Bounds: `MEMBERS_MAX`.
#[must_use]
pub fn members(slots: &dyn Slots) -> Vec<MemberRecord> {
    let (registry, mut view) = view(slots);
    let Ok(ids) = registry.ids.all(&mut view);
    ids.into_iter().filter_map(|id| registry.record(&mut view, id)).collect()
}

/// The member called `id`.
#[must_use]
pub fn member(slots: &dyn Slots, id: &str) -> Option<MemberRecord> {
    let (registry, mut view) = view(slots);
    registry.record(&mut view, names::word(id)?)
}

/// The present member that acts with `account`.
#[must_use]
pub fn member_of(slots: &dyn Slots, account: Address) -> Option<MemberRecord> {
    let (registry, mut view) = view(slots);
    let Ok(id) = registry.member_of(&mut view, account);
    if id.is_zero() { None } else { registry.record(&mut view, id) }
}

/// Members whose nodes decide the next block: active, with the right to validate, with node keys.
#[must_use]
pub fn validators(slots: &dyn Slots) -> Vec<Validator> {
    let (registry, mut view) = view(slots);
    let Ok(ids) = registry.validator_ids(&mut view);
    let validator = |id: B256| {
        let Ok((key, peer)) = registry.node_keys(&mut view, id);
        let Ok(address) = registry.members.at(id).consensus.get(&mut view);
        let public_key = key.try_into().ok()?;
        let id = names::text(id);
        let Ok(since) = registry.peer_since(&mut view, peer);
        let mut candidate = Candidate::new(id.clone(), address, public_key, peer.0);
        candidate.peer_key_since = Height(since);
        Some(Validator { id, candidate, peer: peer.0 })
    };
    ids.into_iter().filter_map(validator).collect()
}

/// Whether `account` may send transactions where only members may: a member with the right, a recovery account, a guest.
#[must_use]
pub fn may_transact(slots: &dyn Slots, account: Address) -> bool {
    let (registry, mut view) = view(slots);
    let Ok(may) = registry.may_transact(&mut view, account);
    may
}

/// Whether `account` is a guest: no member, but named by the charter or a decision.
#[must_use]
pub fn is_guest(slots: &dyn Slots, account: Address) -> bool {
    let (registry, mut view) = view(slots);
    let Ok(guest) = registry.guests.at(account).get(&mut view);
    guest
}

/// Everyone who was active and whom `filter` let in at the end of block `height`, as decision rules saw them: with all weights
/// as the charter writes them. Bounds: `MEMBERS_MAX`.
#[must_use]
pub fn voters_at(slots: &dyn Slots, filter: &Filter, height: u64) -> Vec<Voter> {
    let (registry, mut view) = view(slots);
    let Ok(weights) = registry.weight_names.all(&mut view);
    let Ok(scales) = registry.scales(&mut view, &weights);
    let Ok(electors) = registry.electors(&mut view, filter, &weights, height);
    electors.iter().map(|elector| elector.voter_scaled(&scales)).collect()
}

/// The rights of the member called `id` at the end of block `height`; none if it was not a member.
#[must_use]
pub fn rights_at(slots: &dyn Slots, id: &str, height: u64) -> Rights {
    let (registry, mut view) = view(slots);
    let Ok(rights) = registry.rights(&mut view, names::word(id).unwrap_or_default(), height);
    rights
}

/// The status of the member called `id` at the end of block `height`.
#[must_use]
pub fn status_at(slots: &dyn Slots, id: &str, height: u64) -> Status {
    let (registry, mut view) = view(slots);
    let Ok(standing) = registry.standing(&mut view, names::word(id).unwrap_or_default(), height);
    standing.status
}

/// What the charter multiplied each weight with to make it whole, by name.
#[must_use]
pub fn scales(slots: &dyn Slots) -> Scales {
    let (registry, mut view) = view(slots);
    let Ok(names) = registry.weight_names.all(&mut view);
    let Ok(scales) = registry.scales(&mut view, &names);
    names.into_iter().map(names::text).zip(scales).collect()
}

impl Registry {
    fn record(&self, view: &mut View<'_>, id: B256) -> Option<MemberRecord> {
        let Ok(standing) = self.standing(view, id, u64::MAX);
        if standing.status == Status::Unknown {
            return None;
        }
        let member = self.members.at(id);
        let Ok(name) = member.name.get(view);
        let Ok(account) = member.account.get(view);
        let Ok(admitted_at) = self.admitted_at(view, id);
        let Ok(recovery) = member.recovery.get(view);
        let Ok(of_kind) = self.kind_rights(view, standing.kind, u64::MAX);
        let Ok(classes) = self.classes(view, standing.classes);
        let Ok((key, peer)) = self.node_keys(view, id);
        let Ok(consensus) = member.consensus.get(view);
        Some(MemberRecord {
            id: names::text(id),
            name,
            kind: standing.kind(),
            status: standing.status,
            admitted_at,
            account,
            recovery: Some(recovery).filter(|recovery| !recovery.is_zero()),
            rights: standing.rights(of_kind),
            granted: standing.granted,
            revoked: standing.revoked,
            classes: classes.into_iter().map(names::text).collect(),
            weights: self.weights(view, id),
            node: key.try_into().ok().map(|consensus| NodeKeys { consensus, peer: peer.0 }),
            consensus: Some(consensus).filter(|consensus| !consensus.is_zero()),
        })
    }

    fn weights(&self, view: &mut View<'_>, id: B256) -> BTreeMap<String, u128> {
        let Ok(names) = self.weight_names.all(view);
        let weight = |name: B256| {
            let Ok(value) = self.weight(view, id, name, u64::MAX);
            (names::text(name), value)
        };
        names.into_iter().map(weight).filter(|(_, value)| *value != 0).collect()
    }
}
