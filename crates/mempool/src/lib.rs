//! Transactions that wait: admission, ordering, eviction.
//!
//! A sender's transactions form a queue by nonce. Those that follow the account's nonce without a gap are *pending* and may
//! be written into the next block; the others are *queued*. Among senders the better tip goes first, and at equal tips
//! (always, where the charter makes transactions free) whoever came first.
//!
//! A transaction may carry a [`Condition`] on the block that takes it, as in `eth_sendRawTransactionConditional`: it waits
//! until the condition holds and is dropped when it cannot hold any more. It may not wait for a block too far away, makes room
//! for any transaction without a condition when the pool is full, and gives way to one of the same sender and nonce.
//!
//! Rule kept: every collection has a bound ([`limits`]), and a full pool never loses a better transaction for a worse one.
//!
//! Deliberately absent: state. What an account has is told by the caller at admission; execution has the last word.

mod admission;
mod best;
mod condition;
pub mod limits;
mod pool;

use std::sync::Arc;

pub use admission::{AccountView, AdmissionRules, Rejected, check};
use alloy_primitives::{Address, B256};
pub use best::Best;
pub use condition::{Condition, NextBlock};
use parking_lot::{Mutex, RwLock};
use polity_primitives::RecoveredTransaction;
pub use pool::{Entry, Inserted, Pool, SenderContent, Status};

type Listener = Box<dyn Fn(&Arc<Entry>) + Send + Sync>;

/// The pool, shared between threads. Every method takes the lock once and briefly.
#[derive(Default)]
pub struct Mempool {
    pool: Mutex<Pool>,
    listeners: RwLock<Vec<Listener>>,
}

impl std::fmt::Debug for Mempool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mempool").field("status", &self.status()).finish_non_exhaustive()
    }
}

impl Mempool {
    /// Admits `transaction` of an account that stands as `account` says; tells the listeners.
    ///
    /// The stateless and stateful checks of [`check`] are the caller's to make first.
    ///
    /// # Errors
    /// [`Rejected`]; the pool is unchanged.
    pub fn insert(
        &self,
        transaction: RecoveredTransaction,
        condition: Condition,
        account_nonce: u64,
    ) -> Result<Inserted, Rejected> {
        let (entry, inserted) = self.pool.lock().insert(transaction, condition, account_nonce)?;
        for listener in self.listeners.read().iter() {
            listener(&entry);
        }
        Ok(inserted)
    }

    /// Calls `listener` for every transaction admitted from now on, outside the pool's lock.
    pub fn on_insert(&self, listener: impl Fn(&Arc<Entry>) + Send + Sync + 'static) {
        self.listeners.write().push(Box::new(listener));
    }

    /// The transaction of hash `hash`, if it waits here.
    #[must_use]
    pub fn get(&self, hash: &B256) -> Option<Arc<Entry>> {
        self.pool.lock().get(hash).cloned()
    }

    /// The nonce `sender` should use next, given its nonce in the state.
    #[must_use]
    pub fn next_nonce(&self, sender: &Address, account_nonce: u64) -> u64 {
        self.pool.lock().next_nonce(sender, account_nonce)
    }

    /// How many wait.
    #[must_use]
    pub fn status(&self) -> Status {
        self.pool.lock().status()
    }

    /// Counts every change; equal versions mean an equal pool.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.pool.lock().version()
    }

    /// Everything that waits, by sender. Cost: one clone of a pointer per transaction.
    #[must_use]
    pub fn content(&self) -> Vec<SenderContent> {
        self.pool.lock().content()
    }

    /// What waits of `sender`.
    #[must_use]
    pub fn content_from(&self, sender: &Address) -> Option<SenderContent> {
        self.pool.lock().content_from(sender)
    }

    /// Whether `next` could take any transaction.
    #[must_use]
    pub fn has_executable(&self, next: &NextBlock) -> bool {
        self.pool.lock().has_executable(next)
    }

    /// The transactions `next` may take, best first. Drops what can never be taken any more.
    #[must_use]
    pub fn best(&self, next: NextBlock) -> Best<'_> {
        let heads = self.pool.lock().heads(&next);
        Best::new(&self.pool, next, heads)
    }

    /// Forgets what a block took: for each `(sender, nonce)`, everything up to and including the nonce.
    pub fn committed(&self, taken: impl IntoIterator<Item = (Address, u64)>) {
        let mut pool = self.pool.lock();
        for (sender, nonce) in taken {
            pool.advance(&sender, nonce.saturating_add(1));
        }
    }

    /// Tells that the account of `sender` has reached `account_nonce`.
    pub fn advance(&self, sender: &Address, account_nonce: u64) {
        self.pool.lock().advance(sender, account_nonce);
    }

    /// Tells that the account of `sender` is back at `account_nonce`: blocks were undone.
    pub fn retreat(&self, sender: &Address, account_nonce: u64) {
        self.pool.lock().retreat(sender, account_nonce);
    }

    /// Drops transactions that turned out to be unusable.
    pub fn remove(&self, hashes: &[B256]) {
        let mut pool = self.pool.lock();
        for hash in hashes {
            pool.remove(hash);
        }
    }
}

#[cfg(test)]
mod tests;
