//! Receipts.

use alloy_consensus::{Eip658Value, Receipt as AlloyReceipt, ReceiptWithBloom, Transaction as _};
use alloy_rpc_types_eth::{AnyReceiptEnvelope, Log, TransactionReceipt};
use polity_ledger::ExecutedBlock;
use polity_primitives::Transaction;

use super::log::{first_logs, logs_at};

/// A receipt as `eth_getTransactionReceipt` returns it.
pub(crate) type RpcReceipt = TransactionReceipt<AnyReceiptEnvelope<Log>>;

/// The receipts of `block`, in order. Nobody paid for gas where `free`.
pub(crate) fn receipts(block: &ExecutedBlock, free: bool) -> Vec<RpcReceipt> {
    first_logs(block).enumerate().filter_map(|(index, first)| with_logs(block, index, first, free)).collect()
}

/// The receipt of transaction `index` of `block`.
pub(crate) fn receipt(block: &ExecutedBlock, index: usize, free: bool) -> Option<RpcReceipt> {
    with_logs(block, index, first_logs(block).nth(index)?, free)
}

fn with_logs(block: &ExecutedBlock, index: usize, first_log: u64, free: bool) -> Option<RpcReceipt> {
    let (tx, done) = (block.transactions.get(index)?, block.receipts.get(index)?);
    let gas_before = match index.checked_sub(1) {
        Some(before) => block.receipts.get(before)?.cumulative_gas_used,
        None => 0,
    };
    let position = u64::try_from(index).ok()?;
    let logs = logs_at(block, index, first_log).collect();
    let base_fee = block.header().base_fee_per_gas;
    let (to, created, price) = match &tx.transaction {
        Transaction::Signed(signed) => {
            let created = signed.is_create().then(|| tx.sender.create(signed.nonce()));
            (signed.to(), created, if free { 0 } else { signed.effective_gas_price(base_fee) })
        }
        Transaction::System(system) => (Some(system.to), None, 0),
    };
    Some(TransactionReceipt {
        inner: AnyReceiptEnvelope {
            inner: ReceiptWithBloom {
                receipt: AlloyReceipt {
                    status: Eip658Value::Eip658(done.success),
                    cumulative_gas_used: done.cumulative_gas_used,
                    logs,
                },
                logs_bloom: done.bloom(),
            },
            r#type: done.tx_type,
        },
        transaction_hash: tx.hash,
        transaction_index: Some(position),
        block_hash: Some(block.block.hash),
        block_number: Some(block.header().number),
        gas_used: done.cumulative_gas_used.saturating_sub(gas_before),
        effective_gas_price: price,
        blob_gas_used: None,
        blob_gas_price: None,
        from: tx.sender,
        to,
        contract_address: created,
    })
}
