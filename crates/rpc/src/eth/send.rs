//! Sending transactions.

use alloy_rpc_types_eth::erc4337::TransactionConditional;
use polity_ledger::SubmitError;
use polity_mempool::{Condition, Rejected};
use polity_primitives::Bytes;

use crate::{
    api::Api,
    args::Args,
    error::{Failure, INVALID_PARAMS, REJECTED},
    method::Answer,
};

pub(super) fn raw(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    send(api, args.get(0)?, Condition::default())
}

/// Source: ERC-7796. Conditions on accounts are not kept and therefore refused, not ignored.
pub(super) fn conditional(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    const KNOWN: [&str; 5] =
        ["blockNumberMin", "blockNumberMax", "timestampMin", "timestampMax", "knownAccounts"];
    let keys: serde_json::Map<String, serde_json::Value> = args.opt(1)?.unwrap_or_default();
    if let Some(unknown) = keys.keys().find(|key| !KNOWN.contains(&key.as_str())) {
        return Err(
            args.wrong(1, format!("unknown condition `{unknown}`; there are {}", KNOWN[..4].join(", ")))
        );
    }
    let wanted: TransactionConditional = args.opt(1)?.unwrap_or_default();
    if !wanted.known_accounts.is_empty() {
        return Err(
            args.wrong(1, "knownAccounts is not supported: only blockNumberMin/Max and timestampMin/Max are")
        );
    }
    let condition = Condition {
        block_number_min: wanted.block_number_min,
        block_number_max: wanted.block_number_max,
        timestamp_min: wanted.timestamp_min,
        timestamp_max: wanted.timestamp_max,
    };
    send(api, args.get(0)?, condition)
}

fn send(api: &Api, raw: Bytes, condition: Condition) -> Result<Answer, Failure> {
    let hash = api.ledger.submit(&raw, condition).map_err(refused)?;
    api.node.broadcast(raw, condition);
    api.answer(&hash)
}

fn refused(error: SubmitError) -> Failure {
    match error {
        SubmitError::Transaction(error) => Failure::new(REJECTED, error),
        SubmitError::Rejected(error @ Rejected::Full) => Failure::limit(error),
        SubmitError::Rejected(error) => Failure::new(REJECTED, error),
        SubmitError::Ledger(error) => error.into(),
        other => Failure::new(REJECTED, other),
    }
}

/// `eth_sendTransaction`, `eth_sign` and kin: the node keeps no keys.
pub(super) fn no_keys(_: &Api, _: &Args<'_>) -> Result<Answer, Failure> {
    Err(Failure::new(
        INVALID_PARAMS,
        "unknown account: this node keeps no keys; sign the transaction yourself and use eth_sendRawTransaction",
    ))
}
