//! Who the members are.

use std::collections::BTreeMap;

use polity_charter::{Kind, Rights, Text};
use polity_decision::{Rational, Scales};
use polity_institutions::{Slots, registry};
use polity_primitives::{Address, B256, Bytes};
use serde::Serialize;

use super::state;
use crate::{api::Api, args::Args, error::Failure, method::Answer};

/// A member, as the registry has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MemberView {
    id: String,
    name: String,
    /// The name by language, where the charter has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    names: Option<Text>,
    kind: Kind,
    status: &'static str,
    account: Address,
    recovery: Option<Address>,
    rights: Rights,
    granted: Rights,
    revoked: Rights,
    classes: Vec<String>,
    weights: BTreeMap<String, WeightView>,
    node: Option<NodeView>,
}

/// A weight: `value` as the charter says it, exact; `units` as the chain counts it, `value × scale`.
#[derive(Serialize)]
struct WeightView {
    value: String,
    units: String,
    scale: String,
}

/// Public keys of a member's node.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NodeView {
    consensus: Option<Address>,
    consensus_key: Bytes,
    peer_key: B256,
}

impl MemberView {
    fn of(api: &Api, scales: &Scales, member: registry::MemberRecord) -> Self {
        let weight = |(name, units): (String, u128)| {
            let scale = scales.get(&name).copied().unwrap_or(1).max(1);
            let value = Rational::new(units.into(), scale.into()).to_string();
            (name, WeightView { value, units: units.to_string(), scale: scale.to_string() })
        };
        Self {
            names: api.head().agreement.charter.member(&member.id).map(|known| known.name.clone()),
            weights: member.weights.into_iter().map(weight).collect(),
            node: member.node.map(|keys| NodeView {
                consensus: member.consensus,
                consensus_key: Bytes::copy_from_slice(&keys.consensus),
                peer_key: keys.peer.into(),
            }),
            id: member.id,
            name: member.name,
            kind: member.kind,
            status: member.status.as_str(),
            account: member.account,
            recovery: member.recovery,
            rights: member.rights,
            granted: member.granted,
            revoked: member.revoked,
            classes: member.classes,
        }
    }
}

pub(super) fn all(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let state = state(api, args, 0)?;
    let scales = registry::scales(&state);
    let members = registry::members(&state).into_iter().map(|member| MemberView::of(api, &scales, member));
    api.answer(&members.collect::<Vec<_>>())
}

/// A member by id, or by the address of its account or its node; `null` if there is none.
pub(super) fn one(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let asked: String = args.get(0)?;
    let state = state(api, args, 1)?;
    let found = match asked.parse::<Address>() {
        Ok(address) => registry::member_of(&state, address).or_else(|| by_node(&state, address)),
        Err(_) => registry::member(&state, &asked),
    };
    api.answer(&found.map(|member| MemberView::of(api, &registry::scales(&state), member)))
}

fn by_node(slots: &dyn Slots, consensus: Address) -> Option<registry::MemberRecord> {
    registry::members(slots).into_iter().find(|member| member.consensus == Some(consensus))
}
