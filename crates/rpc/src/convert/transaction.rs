//! Transactions.

use alloy_consensus::{Transaction as _, transaction::Recovered};
use alloy_primitives::{Address, B256, Bytes, U64, U256};
use polity_primitives::{
    EthereumTransaction, RecoveredTransaction, SYSTEM, SYSTEM_TX_TYPE, SystemTransaction, Transaction,
};
use serde::Serialize;

/// A transaction as `eth_getTransactionByHash` returns it.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum RpcTransaction {
    /// Signed by a person.
    Signed(Box<alloy_rpc_types_eth::Transaction<EthereumTransaction>>),
    /// Made by the chain.
    System(Box<RpcSystemTransaction>),
}

/// A system transaction with the fields of a legacy one.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RpcSystemTransaction {
    #[serde(rename = "type")]
    kind: U64,
    chain_id: U64,
    nonce: U64,
    gas: U64,
    gas_price: U256,
    to: Address,
    value: U256,
    input: Bytes,
    r: U256,
    s: U256,
    v: U64,
    hash: B256,
    from: Address,
    block_hash: Option<B256>,
    block_number: Option<U64>,
    transaction_index: Option<U64>,
    block_timestamp: Option<U64>,
}

/// Where a written transaction is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) block_hash: B256,
    pub(crate) block_number: u64,
    pub(crate) timestamp: u64,
    pub(crate) base_fee: u64,
    pub(crate) index: u64,
}

/// `tx`, written at `place` or pending. Fees are reported as really paid: nothing, where `free`.
pub(crate) fn transaction(
    tx: &RecoveredTransaction,
    place: Option<Place>,
    chain_id: u64,
    free: bool,
) -> RpcTransaction {
    match &tx.transaction {
        Transaction::Signed(signed) => {
            let paid = if free { 0 } else { signed.effective_gas_price(place.map(|p| p.base_fee)) };
            let offered = signed.effective_gas_price(None);
            RpcTransaction::Signed(Box::new(alloy_rpc_types_eth::Transaction {
                inner: Recovered::new_unchecked(signed.clone(), tx.sender),
                block_hash: place.map(|p| p.block_hash),
                block_number: place.map(|p| p.block_number),
                transaction_index: place.map(|p| p.index),
                effective_gas_price: Some(if place.is_some() { paid } else { offered }),
                block_timestamp: place.map(|p| p.timestamp),
            }))
        }
        Transaction::System(system) => {
            RpcTransaction::System(Box::new(of_system(system, tx.hash, place, chain_id)))
        }
    }
}

fn of_system(
    tx: &SystemTransaction,
    hash: B256,
    place: Option<Place>,
    chain_id: u64,
) -> RpcSystemTransaction {
    RpcSystemTransaction {
        kind: U64::from(SYSTEM_TX_TYPE),
        chain_id: U64::from(chain_id),
        nonce: U64::ZERO,
        gas: U64::from(tx.gas_limit),
        gas_price: U256::ZERO,
        to: tx.to,
        value: U256::ZERO,
        input: tx.input.clone(),
        r: U256::ZERO,
        s: U256::ZERO,
        v: U64::ZERO,
        hash,
        from: SYSTEM,
        block_hash: place.map(|p| p.block_hash),
        block_number: place.map(|p| U64::from(p.block_number)),
        transaction_index: place.map(|p| U64::from(p.index)),
        block_timestamp: place.map(|p| U64::from(p.timestamp)),
    }
}
