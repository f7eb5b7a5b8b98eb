//! `eth_*`. Source: execution-apis; where that is silent, geth.

mod block;
mod call;
mod chain;
mod fee;
mod filter;
mod logs;
mod send;
mod state;
mod transaction;

pub(crate) use call::{call_failure, capped, env_at};
pub(crate) use chain::sync_status;
pub(crate) use filter::FILTER_METHODS;
pub(crate) use logs::{check_terms, matching, taken_back};
pub(crate) use transaction::receipt_of;

use crate::method::{
    Method,
    Weight::{Heavy, Light, Read, Send, Wait},
};

const CALL: &[&str] = &["transaction", "block", "stateOverrides", "blockOverrides"];
const CONDITIONAL: &[&str] = &["transaction", "condition"];

pub(crate) const METHODS: &[Method] = &[
    Method::new("eth_chainId", &[], Light, chain::chain_id),
    Method::new("eth_blockNumber", &[], Light, chain::block_number),
    Method::new("eth_syncing", &[], Light, chain::syncing),
    Method::new("eth_accounts", &[], Light, chain::accounts),
    Method::new("eth_coinbase", &[], Light, chain::coinbase),
    Method::new("eth_mining", &[], Light, chain::mining),
    Method::new("eth_hashrate", &[], Light, chain::hashrate),
    Method::new("eth_protocolVersion", &[], Light, chain::protocol_version),
    Method::new("eth_gasPrice", &[], Read, fee::gas_price),
    Method::new("eth_maxPriorityFeePerGas", &[], Read, fee::max_priority_fee),
    Method::new("eth_blobBaseFee", &[], Light, fee::blob_base_fee),
    Method::new("eth_feeHistory", &["blockCount", "newestBlock", "rewardPercentiles"], Read, fee::history),
    Method::new("eth_getBalance", &["address", "block"], Read, state::balance),
    Method::new("eth_getCode", &["address", "block"], Read, state::code),
    Method::new("eth_getStorageAt", &["address", "slot", "block"], Read, state::storage),
    Method::new("eth_getTransactionCount", &["address", "block"], Read, state::nonce),
    Method::new("eth_getProof", &["address", "slots", "block"], Heavy, state::proof),
    Method::new("eth_getBlockByHash", &["hash", "full"], Read, block::by_hash),
    Method::new("eth_getBlockByNumber", &["block", "full"], Read, block::by_number),
    Method::new("eth_getHeaderByHash", &["hash"], Read, block::header_by_hash),
    Method::new("eth_getHeaderByNumber", &["block"], Read, block::header_by_number),
    Method::new("eth_getBlockReceipts", &["block"], Read, block::receipts),
    Method::new("eth_getBlockTransactionCountByHash", &["hash"], Read, block::count_by_hash),
    Method::new("eth_getBlockTransactionCountByNumber", &["block"], Read, block::count_by_number),
    Method::new("eth_getUncleCountByBlockHash", &["hash"], Read, block::uncle_count_by_hash),
    Method::new("eth_getUncleCountByBlockNumber", &["block"], Read, block::uncle_count_by_number),
    Method::new("eth_getUncleByBlockHashAndIndex", &["hash", "index"], Light, block::uncle),
    Method::new("eth_getUncleByBlockNumberAndIndex", &["block", "index"], Light, block::uncle),
    Method::new("eth_getTransactionByHash", &["hash"], Read, transaction::by_hash),
    Method::new(
        "eth_getTransactionByBlockHashAndIndex",
        &["hash", "index"],
        Read,
        transaction::by_block_hash,
    ),
    Method::new(
        "eth_getTransactionByBlockNumberAndIndex",
        &["block", "index"],
        Read,
        transaction::by_block_number,
    ),
    Method::new("eth_getRawTransactionByHash", &["hash"], Read, transaction::raw_by_hash),
    Method::new(
        "eth_getRawTransactionByBlockHashAndIndex",
        &["hash", "index"],
        Read,
        transaction::raw_by_block_hash,
    ),
    Method::new(
        "eth_getRawTransactionByBlockNumberAndIndex",
        &["block", "index"],
        Read,
        transaction::raw_by_block_number,
    ),
    Method::new("eth_getTransactionReceipt", &["hash"], Read, transaction::receipt),
    Method::new("eth_sendRawTransaction", &["transaction"], Send, send::raw),
    Method::new("eth_sendRawTransactionConditional", CONDITIONAL, Send, send::conditional),
    Method::new("eth_sendRawTransactionSync", &["transaction", "timeout"], Wait, send::raw),
    Method::new("eth_sendTransaction", &["transaction"], Light, send::no_keys),
    Method::new("eth_signTransaction", &["transaction"], Light, send::no_keys),
    Method::new("eth_sign", &["address", "data"], Light, send::no_keys),
    Method::new("eth_call", CALL, Heavy, call::call),
    Method::new("eth_estimateGas", CALL, Heavy, call::estimate_gas),
    Method::new(
        "eth_createAccessList",
        &["transaction", "block", "stateOverrides"],
        Heavy,
        call::create_access_list,
    ),
    Method::new("eth_getLogs", &["filter"], Heavy, logs::get),
];
