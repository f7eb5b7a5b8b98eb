//! Conditions on the block that takes a transaction.

use serde::{Deserialize, Serialize};

use crate::{
    Rejected,
    limits::{CONDITION_AHEAD_BLOCKS_MAX, CONDITION_AHEAD_SECS_MAX},
};

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
    /// Whether a transaction with this condition may wait for `next` and the blocks after it.
    ///
    /// # Errors
    /// [`Rejected::ConditionMissed`] if no block can satisfy it any more, [`Rejected::ConditionTooFar`] if only blocks can that are
    /// further away than [`CONDITION_AHEAD_SECS_MAX`] or [`CONDITION_AHEAD_BLOCKS_MAX`].
    pub fn check(&self, next: &NextBlock) -> Result<(), Rejected> {
        let empty = |min: Option<u64>, max: Option<u64>| min.zip(max).is_some_and(|(min, max)| min > max);
        if self.missed(next)
            || empty(self.block_number_min, self.block_number_max)
            || empty(self.timestamp_min, self.timestamp_max)
        {
            return Err(Rejected::ConditionMissed);
        }
        let far =
            |min: Option<u64>, now: u64, most: u64| min.is_some_and(|min| min.saturating_sub(now) > most);
        if far(self.block_number_min, next.number, CONDITION_AHEAD_BLOCKS_MAX)
            || far(self.timestamp_min, next.timestamp_secs, CONDITION_AHEAD_SECS_MAX)
        {
            return Err(Rejected::ConditionTooFar);
        }
        Ok(())
    }

    /// Whether every block satisfies it.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

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
