//! Transactions and receipts, written or waiting.

use std::sync::Arc;

use alloy_eips::eip2718::Encodable2718;
use alloy_rpc_types_eth::{BlockId, BlockNumberOrTag};
use polity_ledger::ExecutedBlock;
use polity_primitives::{B256, Bytes, RecoveredTransaction};

use crate::{
    api::{Api, was_free},
    args::{Args, Quantity},
    convert::{self, Place, RpcReceipt, RpcTransaction},
    error::Failure,
    method::Answer,
};

/// A transaction in its block.
type Written = (Arc<ExecutedBlock>, usize);

fn locate(api: &Api, hash: &B256) -> Result<Option<Written>, Failure> {
    let Some((height, index)) = api.ledger.locate(hash)? else { return Ok(None) };
    Ok(api.ledger.block(height)?.map(|block| (block, index)))
}

fn in_block(api: &Api, block: BlockId, args: &Args<'_>) -> Result<Option<Written>, Failure> {
    let index = usize::try_from(args.get::<Quantity>(1)?.0).unwrap_or(usize::MAX);
    Ok(api.block(block)?.map(|block| (block, index)))
}

fn show_written(api: &Api, (block, index): &Written) -> Option<RpcTransaction> {
    let place = Place {
        block_hash: block.block.hash,
        block_number: block.header().number,
        timestamp: block.header().timestamp,
        base_fee: block.header().base_fee_per_gas.unwrap_or(0),
        index: u64::try_from(*index).ok()?,
    };
    Some(convert::transaction(block.transactions.get(*index)?, Some(place), api.chain_id(), was_free(block)))
}

fn encoded(tx: &RecoveredTransaction) -> Bytes {
    tx.transaction.encoded_2718().into()
}

fn raw(api: &Api, written: Option<Written>) -> Result<Answer, Failure> {
    api.answer(&written.and_then(|(block, index)| block.transactions.get(index).map(encoded)))
}

pub(super) fn by_hash(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let hash: B256 = args.get(0)?;
    let waiting = |entry: &polity_mempool::Entry| {
        convert::transaction(&entry.transaction, None, api.chain_id(), api.is_free())
    };
    api.answer(&find(api, &hash, |written| show_written(api, written), waiting)?)
}

/// The transaction `hash`, written or waiting. The chain is asked again at last, because a transaction may leave the pool
/// for a block between two looks.
fn find<T>(
    api: &Api,
    hash: &B256,
    of_written: impl Fn(&Written) -> Option<T>,
    of_waiting: impl Fn(&polity_mempool::Entry) -> T,
) -> Result<Option<T>, Failure> {
    if let Some(written) = locate(api, hash)? {
        return Ok(of_written(&written));
    }
    if let Some(entry) = api.ledger.mempool().get(hash) {
        return Ok(Some(of_waiting(&entry)));
    }
    Ok(locate(api, hash)?.and_then(|written| of_written(&written)))
}

pub(super) fn by_block_hash(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let written = in_block(api, args.get::<B256>(0)?.into(), args)?;
    api.answer(&written.and_then(|written| show_written(api, &written)))
}

pub(super) fn by_block_number(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let written = in_block(api, args.get::<BlockNumberOrTag>(0)?.into(), args)?;
    api.answer(&written.and_then(|written| show_written(api, &written)))
}

pub(super) fn raw_by_hash(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let of_written = |(block, index): &Written| block.transactions.get(*index).map(encoded);
    api.answer(&find(api, &args.get(0)?, of_written, |entry| encoded(&entry.transaction))?)
}

pub(super) fn raw_by_block_hash(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    raw(api, in_block(api, args.get::<B256>(0)?.into(), args)?)
}

pub(super) fn raw_by_block_number(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    raw(api, in_block(api, args.get::<BlockNumberOrTag>(0)?.into(), args)?)
}

/// The receipt of the written transaction `hash`.
pub(crate) fn receipt_of(api: &Api, hash: &B256) -> Result<Option<RpcReceipt>, Failure> {
    Ok(locate(api, hash)?.and_then(|(block, index)| convert::receipt(&block, index, was_free(&block))))
}

pub(super) fn receipt(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    api.answer(&receipt_of(api, &args.get(0)?)?)
}
