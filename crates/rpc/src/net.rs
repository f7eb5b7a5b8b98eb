//! `net_*`.

use alloy_primitives::U64;

use crate::{
    api::Api,
    args::Args,
    error::Failure,
    method::{Answer, Method, Weight::Light},
};

pub(crate) const METHODS: &[Method] = &[
    Method::new("net_version", &[], Light, version),
    Method::new("net_listening", &[], Light, listening),
    Method::new("net_peerCount", &[], Light, peer_count),
];

/// The chain id in decimal: networks without peers of another chain need no second number.
fn version(api: &Api, _: &Args<'_>) -> Result<Answer, Failure> {
    api.answer(&api.chain_id().to_string())
}

fn listening(api: &Api, _: &Args<'_>) -> Result<Answer, Failure> {
    api.answer(&true)
}

fn peer_count(api: &Api, _: &Args<'_>) -> Result<Answer, Failure> {
    api.answer(&U64::from(api.node.peer_count()))
}
