//! The order in which a block takes transactions.

use std::{cmp::Reverse, collections::BinaryHeap, sync::Arc};

use parking_lot::Mutex;

use crate::{Entry, NextBlock, Pool};

struct Candidate {
    key: (u128, Reverse<u64>),
    entry: Arc<Entry>,
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}
impl Eq for Candidate {}
impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key.cmp(&other.key)
    }
}

/// Transactions for one block, best tip first, then first come; each sender's in order of nonce.
///
/// Holds no lock between calls: a sender's next transaction is looked up when the one before is taken.
pub struct Best<'a> {
    pool: &'a Mutex<Pool>,
    next: NextBlock,
    heap: BinaryHeap<Candidate>,
    taken: Option<Arc<Entry>>,
}

impl<'a> Best<'a> {
    pub(crate) fn new(pool: &'a Mutex<Pool>, next: NextBlock, heads: Vec<Arc<Entry>>) -> Self {
        let heap = heads.into_iter().map(|entry| candidate(entry, &next)).collect();
        Self { pool, next, heap, taken: None }
    }

    /// Drops the rest of the sender of the transaction that was returned last.
    pub fn skip_sender(&mut self) {
        self.taken = None;
    }
}

fn candidate(entry: Arc<Entry>, next: &NextBlock) -> Candidate {
    Candidate { key: (entry.tip(next.base_fee).unwrap_or(0), Reverse(entry.sequence)), entry }
}

impl Iterator for Best<'_> {
    type Item = Arc<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(last) = self.taken.take() {
            let nonce = last.transaction.nonce().saturating_add(1);
            let successor = self.pool.lock().successor(&last.transaction.sender, nonce, &self.next);
            if let Some(entry) = successor {
                self.heap.push(candidate(entry, &self.next));
            }
        }
        let best = self.heap.pop()?.entry;
        self.taken = Some(best.clone());
        Some(best)
    }
}
