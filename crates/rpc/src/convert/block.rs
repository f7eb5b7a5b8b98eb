//! Blocks and headers.

use alloy_eips::eip4895::Withdrawals;
use alloy_primitives::U256;
use alloy_rlp::Encodable;
use alloy_rpc_types_eth::{Block, BlockTransactions, Header};
use polity_ledger::ExecutedBlock;

use super::{Place, RpcTransaction, transaction};

/// A block as `eth_getBlockByNumber` returns it.
pub(super) type RpcBlock = Block<RpcTransaction, Header>;

/// The header of `block`, as subscriptions send it.
pub(crate) fn header(block: &ExecutedBlock) -> Header {
    Header {
        hash: block.block.hash,
        inner: block.header().clone(),
        total_difficulty: Some(U256::ZERO),
        size: Some(U256::from(block.block.block.length())),
    }
}

/// `block` with whole transactions or their hashes.
pub(crate) fn block(block: &ExecutedBlock, full: bool, chain_id: u64, free: bool) -> RpcBlock {
    let transactions = if full {
        let place = |index| Place {
            block_hash: block.block.hash,
            block_number: block.header().number,
            timestamp: block.header().timestamp,
            base_fee: block.header().base_fee_per_gas.unwrap_or(0),
            index,
        };
        let whole = block.transactions.iter().zip(0u64..);
        BlockTransactions::Full(
            whole.map(|(tx, index)| transaction(tx, Some(place(index)), chain_id, free)).collect(),
        )
    } else {
        BlockTransactions::Hashes(block.transactions.iter().map(|tx| tx.hash).collect())
    };
    Block {
        header: header(block),
        uncles: Vec::new(),
        transactions,
        withdrawals: Some(Withdrawals::default()),
    }
}
