//! `polity_*`: the agreement as its members see it.
//!
//! Conventions: heights, times and counts are JSON numbers, money and weights are decimal strings, names are text, hashes
//! and addresses are hexadecimal. Parameters accept numbers in decimal or `0x…`; a block is a height, a hash or a tag, and
//! may be left out for the head.

mod articles;
mod calls;
mod chambers;
mod charter;
mod consensus;
mod depositary;
mod incentive;
mod institutions;
mod mandates;
mod members;
mod outlook;
mod proposals;
mod seats;
mod simulate;
mod status;
mod tracks;
mod treaties;
mod why;

pub(crate) use status::health;

use crate::method::{
    Method,
    Weight::{Heavy, Read},
};

pub(crate) const METHODS: &[Method] = &[
    Method::new("polity_getCharter", &["version"], Heavy, charter::get),
    Method::new("polity_getCharterVersions", &["from", "count"], Read, charter::versions),
    Method::new("polity_showCharter", &["language", "version"], Heavy, charter::show),
    Method::new("polity_members", &["block"], Read, members::all),
    Method::new("polity_member", &["member", "block"], Read, members::one),
    Method::new("polity_proposals", &["from", "count", "block"], Read, proposals::proposals),
    Method::new("polity_proposal", &["proposal", "block", "stage"], Read, proposals::proposal),
    Method::new("polity_whyReport", &["subject", "block", "stage"], Heavy, why::why_report),
    Method::new("polity_treaties", &["block"], Read, treaties::treaties),
    Method::new("polity_deposits", &["treaty", "block"], Heavy, treaties::deposits),
    Method::new("polity_inForce", &["treaty", "date", "member", "block"], Heavy, depositary::in_force),
    Method::new("polity_instruments", &["from", "count", "block"], Read, depositary::instruments),
    Method::new("polity_texts", &["treaty", "block"], Heavy, depositary::texts),
    Method::new("polity_articles", &["block"], Heavy, articles::articles),
    Method::new("polity_settlements", &["filter", "block"], Heavy, articles::settlements),
    Method::new("polity_settlement", &["settlement", "block"], Read, articles::settlement),
    Method::new("polity_getMandates", &["from", "count", "block"], Read, mandates::mandates),
    Method::new("polity_simulateProposal", &["proposal", "block"], Heavy, simulate::simulate),
    Method::new("polity_rules", &["block"], Read, chambers::rules),
    Method::new("polity_chambers", &["block"], Read, chambers::chambers),
    Method::new("polity_tracks", &["block"], Read, tracks::tracks),
    Method::new("polity_agenda", &["count", "block"], Heavy, tracks::agenda),
    Method::new("polity_seats", &["chamber", "block"], Heavy, seats::seats),
    Method::new("polity_getDelegations", &["scope", "member", "block"], Heavy, seats::delegations),
    Method::new("polity_treasury", &["block"], Read, institutions::treasury),
    Method::new("polity_institutions", &["block"], Read, institutions::directory),
    Method::new("polity_getCertificate", &["block"], Read, consensus::certificate),
    Method::new("polity_verifyCertificate", &["certificate"], Heavy, consensus::verify),
    Method::new("polity_committee", &["height"], Read, consensus::committee),
    Method::new("polity_stakes", &["block"], Read, incentive::stakes),
    Method::new("polity_bondOutlook", &["candidate", "amount", "own", "block"], Read, outlook::bond),
    Method::new("polity_unbondOutlook", &["candidate", "amount", "own", "block"], Read, outlook::unbond),
    Method::new("polity_rewards", &["holder", "block"], Read, incentive::rewards),
    Method::new("polity_standing", &["member", "block"], Read, incentive::standing),
    Method::new("polity_offences", &["from", "count", "block"], Read, incentive::offences),
    Method::new("polity_evidence", &[], Heavy, incentive::evidence),
    Method::new("polity_signatures", &["member", "from", "to"], Heavy, incentive::signatures),
    Method::new("polity_status", &[], Read, status::status),
    Method::new("polity_health", &[], Read, status::health_method),
];

use alloy_rpc_types_eth::BlockId;
use polity_ledger::StateView;
use polity_primitives::{B256, Height};
use serde::{Deserialize, Deserializer};

use crate::{
    api::Api,
    args::{Args, Quantity},
    error::Failure,
};

/// A block by height (decimal too), hash or tag.
struct At(BlockId);

impl<'de> Deserialize<'de> for At {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "expected a height, a block hash, or a tag such as \"latest\"")]
        enum Form {
            Hash(B256),
            Height(Quantity),
            Id(BlockId),
        }
        Ok(Self(match Form::deserialize(deserializer)? {
            Form::Hash(hash) => hash.into(),
            Form::Height(height) => height.0.into(),
            Form::Id(id) => id,
        }))
    }
}

/// The state after the block named by parameter `index`, or the head's.
fn state(api: &Api, args: &Args<'_>, index: usize) -> Result<StateView, Failure> {
    api.state(args.opt::<At>(index)?.map(|at| at.0))
}

/// The height named by parameter `index`, or the head's.
fn height(api: &Api, args: &Args<'_>, index: usize) -> Result<Height, Failure> {
    let id = args.opt::<At>(index)?.map_or_else(BlockId::default, |at| at.0);
    api.height(id)?.ok_or_else(Failure::header_not_found)
}
