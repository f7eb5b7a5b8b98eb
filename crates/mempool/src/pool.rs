//! The pool itself: single-threaded, deterministic.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use alloy_consensus::Transaction as _;
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256};
use polity_primitives::RecoveredTransaction;

use crate::{
    Condition, NextBlock, Rejected,
    limits::{BYTES_MAX, PRICE_BUMP_PERCENT, TRANSACTIONS_MAX},
};

/// A transaction that waits.
#[derive(Debug)]
pub struct Entry {
    /// The transaction; always a signed one.
    pub transaction: Arc<RecoveredTransaction>,
    /// On the block that takes it.
    pub condition: Condition,
    /// Order of arrival.
    pub sequence: u64,
    size_bytes: usize,
}

impl Entry {
    fn nonce(&self) -> u64 {
        self.transaction.nonce()
    }

    /// Tip per gas at `base_fee`, or `None` if it does not pay the base fee. Units: wei.
    #[must_use]
    pub fn tip(&self, base_fee: u64) -> Option<u128> {
        self.transaction.signed().and_then(|tx| tx.effective_tip_per_gas(base_fee))
    }

    fn fee_cap(&self) -> u128 {
        self.transaction.signed().map_or(0, alloy_consensus::Transaction::max_fee_per_gas)
    }

    fn tip_cap(&self) -> u128 {
        self.transaction
            .signed()
            .map_or(0, |tx| tx.max_priority_fee_per_gas().unwrap_or(tx.max_fee_per_gas()))
    }
}

/// What an insertion did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inserted {
    /// Hash of the transaction.
    pub hash: B256,
    /// The transaction it replaced, of the same sender and nonce.
    pub replaced: Option<B256>,
}

/// How many wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Without a gap after the account's nonce.
    pub pending: usize,
    /// Behind a gap.
    pub queued: usize,
}

/// What waits of one sender.
#[derive(Clone, Debug)]
pub struct SenderContent {
    /// The sender.
    pub sender: Address,
    /// In order of nonce, without a gap after the account's nonce.
    pub pending: Vec<Arc<Entry>>,
    /// The rest, in order of nonce.
    pub queued: Vec<Arc<Entry>>,
}

#[derive(Debug, Default)]
struct Queue {
    /// The account's nonce as far as known.
    account_nonce: u64,
    /// How many from the account's nonce on follow without a gap.
    pending: u64,
    entries: BTreeMap<u64, Arc<Entry>>,
}

impl Queue {
    fn recount(&mut self) {
        let start = self.account_nonce;
        self.pending =
            self.entries.range(start..).zip(start..).take_while(|((nonce, _), i)| *nonce == i).count() as u64;
    }

    fn head(&self) -> Option<&Arc<Entry>> {
        self.entries.get(&self.account_nonce)
    }
}

/// Worst first: what waits on a condition, which no block need ever take; then lowest tip cap, then youngest.
type Rank = (Worth, std::cmp::Reverse<u64>, B256);

/// Whether it may be taken at any time, and what it pays.
type Worth = (bool, u128);

fn worth(entry: &Entry) -> Worth {
    (entry.condition.is_none(), entry.tip_cap())
}

fn rank(entry: &Entry) -> Rank {
    (worth(entry), std::cmp::Reverse(entry.sequence), entry.transaction.hash)
}

/// The pool.
#[derive(Debug, Default)]
pub struct Pool {
    by_hash: HashMap<B256, Arc<Entry>>,
    senders: BTreeMap<Address, Queue>,
    ranks: BTreeSet<Rank>,
    sequence: u64,
    version: u64,
    bytes: usize,
    pending: usize,
}

impl Pool {
    /// Admits `transaction`.
    ///
    /// # Errors
    /// [`Rejected`]; the pool is unchanged.
    pub fn insert(
        &mut self,
        transaction: RecoveredTransaction,
        condition: Condition,
        account_nonce: u64,
    ) -> Result<(Arc<Entry>, Inserted), Rejected> {
        if self.by_hash.contains_key(&transaction.hash) {
            return Err(Rejected::AlreadyKnown);
        }
        let (sender, hash, nonce) = (transaction.sender, transaction.hash, transaction.nonce());
        self.sequence = self.sequence.saturating_add(1);
        let size_bytes = transaction.transaction.encode_2718_len();
        let entry = Arc::new(Entry {
            transaction: Arc::new(transaction),
            condition,
            sequence: self.sequence,
            size_bytes,
        });
        let known =
            self.senders.get(&sender).map_or(account_nonce, |queue| queue.account_nonce.max(account_nonce));
        if nonce < known {
            return Err(Rejected::NonceTooLow { account: known, tx: nonce });
        }
        let rival = self.senders.get(&sender).and_then(|queue| queue.entries.get(&nonce)).cloned();
        match &rival {
            Some(rival) if !outbids(&entry, rival) => return Err(Rejected::Underpriced),
            Some(_) => {}
            None => self.make_room(&entry)?,
        }
        let replaced = rival.map(|rival| {
            self.unlink(&rival);
            rival.transaction.hash
        });
        self.advance(&sender, account_nonce);
        self.by_hash.insert(hash, entry.clone());
        self.ranks.insert(rank(&entry));
        self.bytes = self.bytes.saturating_add(size_bytes);
        let queue = self.senders.entry(sender).or_insert_with(|| Queue { account_nonce, ..Queue::default() });
        let before = queue.pending;
        queue.entries.insert(nonce, entry.clone());
        if nonce <= queue.account_nonce.saturating_add(queue.pending) {
            queue.recount();
        }
        self.pending = self.pending + as_len(queue.pending) - as_len(before);
        self.version = self.version.wrapping_add(1);
        Ok((entry, Inserted { hash, replaced }))
    }

    /// Evicts the worst transactions until one more fits, or refuses if `entry` is no better than the worst.
    fn make_room(&mut self, entry: &Entry) -> Result<(), Rejected> {
        while self.by_hash.len() >= TRANSACTIONS_MAX
            || self.bytes.saturating_add(entry.size_bytes) > BYTES_MAX
        {
            let Some(worst) = self.ranks.first().copied() else { return Err(Rejected::Full) };
            if worst.0 >= worth(entry) {
                return Err(Rejected::Full);
            }
            self.remove(&worst.2);
        }
        Ok(())
    }

    /// The transaction of hash `hash`.
    #[must_use]
    pub fn get(&self, hash: &B256) -> Option<&Arc<Entry>> {
        self.by_hash.get(hash)
    }

    /// Removes one transaction; those of the sender behind it stay, queued.
    pub fn remove(&mut self, hash: &B256) {
        if let Some(entry) = self.by_hash.get(hash).cloned() {
            self.unlink(&entry);
        }
    }

    fn unlink(&mut self, entry: &Arc<Entry>) {
        if self.by_hash.remove(&entry.transaction.hash).is_none() {
            return;
        }
        self.version = self.version.wrapping_add(1);
        self.ranks.remove(&rank(entry));
        self.bytes = self.bytes.saturating_sub(entry.size_bytes);
        let sender = entry.transaction.sender;
        if let Some(queue) = self.senders.get_mut(&sender) {
            let before = queue.pending;
            queue.entries.remove(&entry.nonce());
            queue.recount();
            self.pending = self.pending + as_len(queue.pending) - as_len(before);
            if queue.entries.is_empty() {
                self.senders.remove(&sender);
            }
        }
    }

    /// Tells that the account of `sender` has reached `account_nonce`; drops what lies before.
    pub fn advance(&mut self, sender: &Address, account_nonce: u64) {
        let Some(queue) = self.senders.get_mut(sender) else { return };
        if account_nonce <= queue.account_nonce {
            return;
        }
        self.version = self.version.wrapping_add(1);
        let before = queue.pending;
        let kept = queue.entries.split_off(&account_nonce);
        let dropped = std::mem::replace(&mut queue.entries, kept);
        queue.account_nonce = account_nonce;
        queue.recount();
        self.pending = self.pending + as_len(queue.pending) - as_len(before);
        if queue.entries.is_empty() {
            self.senders.remove(sender);
        }
        for entry in dropped.into_values() {
            self.by_hash.remove(&entry.transaction.hash);
            self.ranks.remove(&rank(&entry));
            self.bytes = self.bytes.saturating_sub(entry.size_bytes);
        }
    }

    /// Tells that the account of `sender` is back at `account_nonce`: blocks were undone. What waits stays.
    pub fn retreat(&mut self, sender: &Address, account_nonce: u64) {
        let Some(queue) = self.senders.get_mut(sender).filter(|queue| account_nonce < queue.account_nonce)
        else {
            return;
        };
        self.version = self.version.wrapping_add(1);
        let before = queue.pending;
        queue.account_nonce = account_nonce;
        queue.recount();
        self.pending = self.pending + as_len(queue.pending) - as_len(before);
    }

    /// The nonce after the last pending transaction of `sender`.
    #[must_use]
    pub fn next_nonce(&self, sender: &Address, account_nonce: u64) -> u64 {
        self.senders.get(sender).map_or(account_nonce, |queue| {
            queue.account_nonce.saturating_add(queue.pending).max(account_nonce)
        })
    }

    /// How many wait.
    #[must_use]
    pub fn status(&self) -> Status {
        Status { pending: self.pending, queued: self.by_hash.len().saturating_sub(self.pending) }
    }

    /// Counts every change.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// Everything, by sender.
    #[must_use]
    pub fn content(&self) -> Vec<SenderContent> {
        self.senders.iter().map(|(sender, queue)| content(*sender, queue)).collect()
    }

    /// What waits of `sender`.
    #[must_use]
    pub fn content_from(&self, sender: &Address) -> Option<SenderContent> {
        self.senders.get(sender).map(|queue| content(*sender, queue))
    }

    /// Whether `next` could take any transaction.
    #[must_use]
    pub fn has_executable(&self, next: &NextBlock) -> bool {
        self.pending > 0
            && self.senders.values().any(|queue| queue.head().is_some_and(|head| fits(head, next)))
    }

    /// The first transaction of every sender that `next` may take; drops those whose condition is missed.
    pub fn heads(&mut self, next: &NextBlock) -> Vec<Arc<Entry>> {
        if self.pending == 0 {
            return Vec::new();
        }
        let mut missed = Vec::new();
        let heads = self
            .senders
            .values()
            .filter_map(Queue::head)
            .inspect(|head| {
                if head.condition.missed(next) {
                    missed.push(head.transaction.hash);
                }
            })
            .filter(|head| fits(head, next))
            .cloned()
            .collect();
        for hash in missed {
            self.remove(&hash);
        }
        heads
    }

    /// The transaction of `sender` with `nonce`, if `next` may take it.
    #[must_use]
    pub fn successor(&self, sender: &Address, nonce: u64, next: &NextBlock) -> Option<Arc<Entry>> {
        self.senders.get(sender)?.entries.get(&nonce).filter(|entry| fits(entry, next)).cloned()
    }
}

fn as_len(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

fn fits(entry: &Entry, next: &NextBlock) -> bool {
    entry.condition.reached(next) && !entry.condition.missed(next) && entry.tip(next.base_fee).is_some()
}

/// Whether both fees of `new` are a tenth above those of `old`, or `old` waits on a condition and `new` does not: a sender
/// can always go on, and pays for every further change of mind.
fn outbids(new: &Entry, old: &Entry) -> bool {
    if new.condition.is_none() && !old.condition.is_none() {
        return true;
    }
    let bumped = |fee: u128| fee.saturating_add((fee.saturating_mul(PRICE_BUMP_PERCENT) / 100).max(1));
    new.fee_cap() >= bumped(old.fee_cap()) && new.tip_cap() >= bumped(old.tip_cap())
}

fn content(sender: Address, queue: &Queue) -> SenderContent {
    let last = queue.account_nonce.saturating_add(queue.pending);
    SenderContent {
        sender,
        pending: queue.entries.range(..last).map(|(_, e)| e.clone()).collect(),
        queued: queue.entries.range(last..).map(|(_, e)| e.clone()).collect(),
    }
}
