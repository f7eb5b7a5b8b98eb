//! Delegations as those outside see them. Free of gas, over any [`Slots`].

use alloy_primitives::B256;
use polity_primitives::REGISTRY;

use super::{delegate_at, flow};
use crate::{
    assembly::{
        record,
        schema::{storage, view},
        tracks,
    },
    host::Slots,
    names,
    registry::registry,
    storage::View,
};

/// A delegation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DelegationView {
    /// Track or chamber, by id.
    pub scope: String,
    /// Who delegated.
    pub member: String,
    /// To whom.
    pub to: String,
    /// Whether it rests, because one of the two may not vote now.
    pub rests: bool,
}

/// A member of the electorate of a stage that delegated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarriedView {
    /// Who delegated.
    pub member: String,
    /// To whom, as of the opening.
    pub to: String,
    /// The member whose ballot counts for it now: itself, or the nearest above that has cast one.
    pub by: Option<String>,
}

/// Delegations in force, in all scopes or in one, of all members or of one; by scope, then in the order of admission.
///
/// Bounds: it reads every member once a scope.
#[must_use]
pub fn delegations(slots: &dyn Slots, scope: Option<&str>, member: Option<&str>) -> Vec<DelegationView> {
    let mut view = view(slots);
    let (Ok(chambers), Ok(tracks)) = (storage().chamber_ids.all(&mut view), tracks::ids(&mut view));
    let mut found = Vec::new();
    for scope_id in tracks.into_iter().chain(chambers) {
        let Ok(ever) = storage().delegations.ever.at(scope_id).get(&mut view);
        if ever == 0 || scope.is_some_and(|scope| names::word(scope) != Some(scope_id)) {
            continue;
        }
        for id in members(slots) {
            if member.is_some_and(|member| names::word(member) != Some(id)) {
                continue;
            }
            let Ok(to) = delegate_at(&mut view, scope_id, id, u64::MAX);
            let Some(to) = to else { continue };
            let rests = !may_vote(slots, id) || !may_vote(slots, to);
            found.push(DelegationView {
                scope: names::text(scope_id),
                member: names::text(id),
                to: names::text(to),
                rests,
            });
        }
    }
    found
}

/// Who delegated in stage `stage` of proposal `id`, or in the present one, to whom, and whose ballot counts for it now.
#[must_use]
pub fn carried(slots: &dyn Slots, id: u64, stage: Option<u64>) -> Vec<CarriedView> {
    let mut view = view(slots);
    let record = storage().proposals.at(id);
    let Ok(stage) = match stage {
        Some(stage) => record.stages.find(&mut view, stage),
        None => record::present(&mut view, &record),
    };
    let Some(stage) = stage else { return Vec::new() };
    let link = |member: B256| {
        let Ok(to) = flow::parent(&mut view, &stage, member);
        let to = to?;
        let Ok(said) = flow::said(&mut view, &stage, member);
        Some(CarriedView {
            member: names::text(member),
            to: names::text(to),
            by: said.map(|(by, _)| names::text(by)),
        })
    };
    members(slots).into_iter().filter_map(link).collect()
}

fn members(slots: &dyn Slots) -> Vec<B256> {
    let mut view = View::new(slots, REGISTRY);
    let Ok(count) = registry().count(&mut view);
    let id = |index| {
        let Ok(id) = registry().id_at(&mut view, index);
        id
    };
    (0..count).map(id).collect()
}

fn may_vote(slots: &dyn Slots, id: B256) -> bool {
    let Ok(rights) = registry().rights(&mut View::new(slots, REGISTRY), id, u64::MAX);
    rights.contains(polity_charter::Rights::VOTE)
}
