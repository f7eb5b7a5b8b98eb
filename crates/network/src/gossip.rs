//! What travels: transactions with their conditions.

use borsh::{BorshDeserialize, BorshSerialize};
use polity_mempool::Condition;

use crate::limits::{BATCH_MAX, MESSAGE_BYTES_MAX, TRANSACTION_BYTES_MAX};

/// A raw transaction and the condition it was sent with.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Gossip {
    /// EIP-2718 bytes.
    pub raw: Vec<u8>,
    /// `[number min, number max, timestamp min, timestamp max]`.
    bounds: [Option<u64>; 4],
}

impl Gossip {
    /// Pairs `raw` with `condition`.
    #[must_use]
    pub fn new(raw: Vec<u8>, condition: Condition) -> Self {
        let Condition { block_number_min, block_number_max, timestamp_min, timestamp_max } = condition;
        Self { raw, bounds: [block_number_min, block_number_max, timestamp_min, timestamp_max] }
    }

    /// The condition.
    #[must_use]
    pub const fn condition(&self) -> Condition {
        let [block_number_min, block_number_max, timestamp_min, timestamp_max] = self.bounds;
        Condition { block_number_min, block_number_max, timestamp_min, timestamp_max }
    }

    /// An upper bound of its encoded size. Units: bytes.
    fn size(&self) -> usize {
        self.raw.len().saturating_add(4 + 4 * 9)
    }
}

/// Splits transactions into messages that fit.
pub(crate) fn encode(transactions: Vec<Gossip>) -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    let mut batch: Vec<Gossip> = Vec::new();
    let mut size = 4usize;
    let mut flush = |batch: &mut Vec<Gossip>| {
        if let Ok(bytes) = borsh::to_vec(batch)
            && !batch.is_empty()
        {
            messages.push(bytes);
        }
        batch.clear();
    };
    for gossip in transactions.into_iter().filter(|gossip| gossip.raw.len() <= TRANSACTION_BYTES_MAX) {
        if batch.len() >= BATCH_MAX || size.saturating_add(gossip.size()) > MESSAGE_BYTES_MAX - 1024 {
            flush(&mut batch);
            size = 4;
        }
        size = size.saturating_add(gossip.size());
        batch.push(gossip);
    }
    flush(&mut batch);
    messages
}

/// Reads a message, or says what is wrong with it. Allocates no more than the message holds.
pub(crate) fn decode(bytes: &[u8]) -> Result<Vec<Gossip>, &'static str> {
    if bytes.len() > MESSAGE_BYTES_MAX {
        return Err("longer than a message may be");
    }
    let count = bytes.first_chunk::<4>().map(|n| u32::from_le_bytes(*n)).ok_or("no length")?;
    if count == 0 || usize::try_from(count).is_ok_and(|n| n > BATCH_MAX) {
        return Err("an empty or overlong batch");
    }
    let batch: Vec<Gossip> = borsh::from_slice(bytes).map_err(|_| "not a batch")?;
    if batch.iter().any(|gossip| gossip.raw.is_empty() || gossip.raw.len() > TRANSACTION_BYTES_MAX) {
        return Err("an empty or overlong transaction");
    }
    Ok(batch)
}
