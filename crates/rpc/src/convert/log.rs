//! Logs, numbered through the block.

use alloy_rpc_types_eth::Log;
use polity_ledger::ExecutedBlock;

/// The logs of transaction `index` of `block`; the first of them is the block's log number `first`.
pub(super) fn logs_at(block: &ExecutedBlock, index: usize, first: u64) -> impl Iterator<Item = Log> + '_ {
    let (hash, header) = (block.block.hash, block.header());
    let tx_hash = block.transactions.get(index).map(|tx| tx.hash);
    let tx_index = u64::try_from(index).ok();
    let logs = block.receipts.get(index).map_or(&[][..], |receipt| &receipt.logs);
    logs.iter().zip(first..).map(move |(log, log_index)| Log {
        inner: log.clone(),
        block_hash: Some(hash),
        block_number: Some(header.number),
        block_timestamp: Some(header.timestamp),
        transaction_hash: tx_hash,
        transaction_index: tx_index,
        log_index: Some(log_index),
        removed: false,
    })
}

/// For each transaction of `block`, the number of its first log.
pub(super) fn first_logs(block: &ExecutedBlock) -> impl Iterator<Item = u64> + '_ {
    block.receipts.iter().scan(0u64, |next, receipt| {
        let first = *next;
        *next = next.saturating_add(receipt.logs.len() as u64);
        Some(first)
    })
}

/// Every log of `block` that `wanted` takes, with its place, in order.
pub(crate) fn logs_of<'a>(
    block: &'a ExecutedBlock,
    wanted: impl Fn(&polity_primitives::Log) -> bool + Copy + 'a,
) -> impl Iterator<Item = Log> + 'a {
    first_logs(block).enumerate().flat_map(move |(index, first)| {
        let any = block.receipts.get(index).is_some_and(|receipt| receipt.logs.iter().any(wanted));
        any.then(|| logs_at(block, index, first).filter(move |log| wanted(&log.inner))).into_iter().flatten()
    })
}
