//! From the ledger's types to Ethereum's JSON. Pure functions, no ledger.
//!
//! Rule kept: whatever has a type in `alloy-rpc-types-eth` is that type. What the chain does by itself (type `0x70`) has
//! the same fields as a legacy transaction with an empty signature, as the deposit transactions of rollups have, because
//! viem, ethers and web3.py read those.

mod block;
mod log;
mod receipt;
mod transaction;

pub(crate) use block::{block, header};
pub(crate) use log::logs_of;
pub(crate) use receipt::{RpcReceipt, receipt, receipts};
pub(crate) use transaction::{Place, RpcTransaction, transaction};

#[cfg(test)]
mod tests;
