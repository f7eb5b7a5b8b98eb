//! Conditions on the block that takes a transaction.

use serde::{Deserialize, Serialize};

/// Bounds, inclusive, on the block that may take a transaction. `None` is no bound.
///
/// Source: ERC-7796 (`eth_sendRawTransactionConditional`): `blockNumberMin/Max`, `timestampMin/Max`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Condition {
    /// Lowest block number.
    pub block_number_min: Option<u64>,
    /// Highest block number.
    pub block_number_max: Option<u64>,
    /// Earliest block time. Units: seconds since 1970.
    pub timestamp_min: Option<u64>,
    /// Latest block time. Units: seconds since 1970.
    pub timestamp_max: Option<u64>,
}

/// What is known of the next block before it is built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NextBlock {
    /// Its number.
    pub number: u64,
    /// Its time. Units: seconds since 1970.
    pub timestamp_secs: u64,
    /// Its base fee. Units: wei.
    pub base_fee: u64,
}

impl Condition {
    /// Whether `next` is late enough.
    #[must_use]
    pub fn reached(&self, next: &NextBlock) -> bool {
        self.block_number_min.is_none_or(|min| next.number >= min)
            && self.timestamp_min.is_none_or(|min| next.timestamp_secs >= min)
    }

    /// Whether `next`, and so every later block, is too late.
    #[must_use]
    pub fn missed(&self, next: &NextBlock) -> bool {
        self.block_number_max.is_some_and(|max| next.number > max)
            || self.timestamp_max.is_some_and(|max| next.timestamp_secs > max)
    }
}
