//! The rules about headers, field by field.

use alloy_primitives::B256;
use polity_primitives::{Block, Header, Receipt};

use super::{Outcome, RootOf, build::roots};
use crate::{Attributes, ChainRules, InvalidBlock};

/// Whether the clock allows a block with `attributes` after `parent`.
pub(super) fn check_attributes(
    rules: &ChainRules,
    parent: &Header,
    attributes: &Attributes,
) -> Result<(), InvalidBlock> {
    let found = attributes.timestamp_secs;
    let height = parent.number.saturating_add(1);
    if let Some(expected) = rules.clock.timestamp_secs(height) {
        return same("timestamp", &expected, &found);
    }
    if found < parent.timestamp {
        return Err(InvalidBlock::TimestampBeforeParent { parent: parent.timestamp, found });
    }
    Ok(())
}

/// `header` with the results of execution. The roots of transactions and receipts are computed beside the state root.
pub(super) fn with_roots(mut header: Header, block: &Block, outcome: &Outcome, root: RootOf<'_>) -> Header {
    let mut beside = (B256::ZERO, B256::ZERO);
    rayon::in_place_scope(|scope| {
        scope.spawn(|_| beside = roots(block, &outcome.receipts));
        header.state_root = root(&outcome.changes);
    });
    (header.transactions_root, header.receipts_root) = beside;
    header.logs_bloom = Receipt::bloom_of(&outcome.receipts);
    header.gas_used = outcome.gas_used;
    header
}

/// Checks everything about `header` that needs no execution: whatever follows from `parent` (whose hash is `parent_hash`) and
/// from the charter in force after it. Cost: nothing but comparisons.
///
/// Work (difficulty and nonce), the proposer, its randomness (`mix_hash`) and how far a wall-clock timestamp is ahead of now are the
/// caller's to check.
pub(super) fn check_header(
    rules: &ChainRules,
    parent: &Header,
    parent_hash: B256,
    header: &Header,
) -> Result<(), InvalidBlock> {
    let attributes = Attributes {
        timestamp_secs: header.timestamp,
        beneficiary: header.beneficiary,
        difficulty: header.difficulty,
        mix_hash: header.mix_hash,
        ..Attributes::default()
    };
    let known = rules.next_header(parent, parent_hash, &attributes);
    let expected = Header {
        gas_used: header.gas_used,
        state_root: header.state_root,
        transactions_root: header.transactions_root,
        receipts_root: header.receipts_root,
        logs_bloom: header.logs_bloom,
        nonce: header.nonce,
        ..known
    };
    compare(&expected, header)?;
    check_attributes(rules, parent, &attributes)
}

fn same<T: PartialEq + std::fmt::Debug>(
    field: &'static str,
    expected: &T,
    found: &T,
) -> Result<(), InvalidBlock> {
    if expected == found {
        return Ok(());
    }
    Err(InvalidBlock::Field { field, expected: format!("{expected:?}"), found: format!("{found:?}") })
}

/// Compares every field, in the order in which a person would look for the cause.
pub(super) fn compare(expected: &Header, found: &Header) -> Result<(), InvalidBlock> {
    same("parentHash", &expected.parent_hash, &found.parent_hash)?;
    same("number", &expected.number, &found.number)?;
    same("timestamp", &expected.timestamp, &found.timestamp)?;
    same("miner", &expected.beneficiary, &found.beneficiary)?;
    same("gasLimit", &expected.gas_limit, &found.gas_limit)?;
    same("baseFeePerGas", &expected.base_fee_per_gas, &found.base_fee_per_gas)?;
    same("extraData", &expected.extra_data, &found.extra_data)?;
    same("mixHash", &expected.mix_hash, &found.mix_hash)?;
    same("difficulty", &expected.difficulty, &found.difficulty)?;
    same("nonce", &expected.nonce, &found.nonce)?;
    same("sha3Uncles", &expected.ommers_hash, &found.ommers_hash)?;
    same("withdrawalsRoot", &expected.withdrawals_root, &found.withdrawals_root)?;
    same("blobGasUsed", &expected.blob_gas_used, &found.blob_gas_used)?;
    same("excessBlobGas", &expected.excess_blob_gas, &found.excess_blob_gas)?;
    same("parentBeaconBlockRoot", &expected.parent_beacon_block_root, &found.parent_beacon_block_root)?;
    same("requestsHash", &expected.requests_hash, &found.requests_hash)?;
    same("gasUsed", &expected.gas_used, &found.gas_used)?;
    same("transactionsRoot", &expected.transactions_root, &found.transactions_root)?;
    same("receiptsRoot", &expected.receipts_root, &found.receipts_root)?;
    same("logsBloom", &expected.logs_bloom, &found.logs_bloom)?;
    same("stateRoot", &expected.state_root, &found.state_root)?;
    // Fields a later fork adds to the type.
    same("header", expected, found)
}
