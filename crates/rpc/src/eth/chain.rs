//! What is true of the chain as a whole.

use alloy_primitives::U64;
use polity_primitives::Address;
use serde_json::json;

use crate::{api::Api, args::Args, error::Failure, method::Answer};

pub(super) fn chain_id(api: &Api, _: &Args<'_>) -> Result<Answer, Failure> {
    api.answer(&U64::from(api.chain_id()))
}

pub(super) fn block_number(api: &Api, _: &Args<'_>) -> Result<Answer, Failure> {
    api.answer(&U64::from(api.head().height().0))
}

pub(super) fn syncing(api: &Api, _: &Args<'_>) -> Result<Answer, Failure> {
    api.answer(&sync_status(api))
}

/// `false`, or how far the node has come. Source: execution-apis.
pub(crate) fn sync_status(api: &Api) -> serde_json::Value {
    match api.node.syncing() {
        None => json!(false),
        Some(progress) => json!({
            "startingBlock": U64::from(progress.starting_block),
            "currentBlock": U64::from(progress.current_block),
            "highestBlock": U64::from(progress.highest_block),
        }),
    }
}

/// The node keeps no accounts: whoever signs, signs at home.
pub(super) fn accounts(api: &Api, _: &Args<'_>) -> Result<Answer, Failure> {
    api.answer(&[(); 0])
}

/// Fees and rewards of this node's blocks go to its consensus address; RPC does not say which member runs it.
pub(super) fn coinbase(api: &Api, _: &Args<'_>) -> Result<Answer, Failure> {
    api.answer(&Address::ZERO)
}

pub(super) fn mining(api: &Api, _: &Args<'_>) -> Result<Answer, Failure> {
    api.answer(&false)
}

pub(super) fn hashrate(api: &Api, _: &Args<'_>) -> Result<Answer, Failure> {
    api.answer(&U64::ZERO)
}

/// Source: the wire protocol's number that geth answered last; nothing depends on it.
pub(super) fn protocol_version(api: &Api, _: &Args<'_>) -> Result<Answer, Failure> {
    api.answer(&"0x44")
}
