//! What happens, for those who watch: the height of the head, and the transactions that arrive.
//!
//! Rule kept: the chain never waits for a watcher. Blocks are not queued at all: a watcher is woken and reads what it has
//! missed from the ledger. Pending hashes are kept in a ring; who polls too late misses the oldest.

use std::collections::VecDeque;

use parking_lot::Mutex;
use polity_primitives::B256;
use tokio::sync::watch;

use crate::config::PENDING_KEPT_MAX;

/// Where blocks and pending transactions become known.
pub(crate) struct Feed {
    head: watch::Sender<u64>,
    pending: Mutex<Ring>,
    arrived: watch::Sender<u64>,
}

#[derive(Default)]
struct Ring {
    hashes: VecDeque<B256>,
    /// Sequence number of the next hash.
    next: u64,
}

impl Feed {
    pub(crate) fn new(head: u64) -> Self {
        Self { head: watch::Sender::new(head), pending: Mutex::default(), arrived: watch::Sender::new(0) }
    }

    /// A block of `height` was committed.
    pub(crate) fn committed(&self, height: u64) {
        self.head.send_if_modified(|head| height > std::mem::replace(head, height.max(*head)));
    }

    /// The transaction `hash` was admitted to the pool.
    pub(crate) fn admitted(&self, hash: B256) {
        let next = {
            let mut ring = self.pending.lock();
            if ring.hashes.len() >= PENDING_KEPT_MAX {
                ring.hashes.pop_front();
            }
            ring.hashes.push_back(hash);
            ring.next = ring.next.saturating_add(1);
            ring.next
        };
        self.arrived.send_if_modified(|arrived| next > std::mem::replace(arrived, next.max(*arrived)));
    }

    /// Wakes at every new head.
    pub(crate) fn head(&self) -> watch::Receiver<u64> {
        self.head.subscribe()
    }

    /// Wakes at every pending transaction.
    pub(crate) fn arrived(&self) -> watch::Receiver<u64> {
        self.arrived.subscribe()
    }

    /// The sequence number the next pending transaction gets.
    pub(crate) fn pending_cursor(&self) -> u64 {
        self.pending.lock().next
    }

    /// The hashes from `cursor` on that are still kept, and the cursor after them.
    pub(crate) fn pending_since(&self, cursor: u64) -> (Vec<B256>, u64) {
        let ring = self.pending.lock();
        let wanted = usize::try_from(ring.next.saturating_sub(cursor)).unwrap_or(usize::MAX);
        let skip = ring.hashes.len().saturating_sub(wanted);
        (ring.hashes.iter().skip(skip).copied().collect(), ring.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(n: u64) -> B256 {
        B256::from(alloy_primitives::U256::from(n))
    }

    #[test]
    fn pending_hashes_are_read_once_and_the_oldest_are_lost() {
        let feed = Feed::new(0);
        let start = feed.pending_cursor();
        feed.admitted(hash(1));
        feed.admitted(hash(2));
        let (first, cursor) = feed.pending_since(start);
        assert_eq!(first, [hash(1), hash(2)]);
        assert!(feed.pending_since(cursor).0.is_empty());
        let kept = PENDING_KEPT_MAX as u64;
        for n in 0..kept + 5 {
            feed.admitted(hash(n));
        }
        let (all, _) = feed.pending_since(cursor);
        assert_eq!((all.len(), all.first()), (PENDING_KEPT_MAX, Some(&hash(5))));
    }

    #[test]
    fn the_head_never_goes_back() {
        let feed = Feed::new(4);
        let head = feed.head();
        feed.committed(3);
        assert!(!head.has_changed().expect("open"));
        feed.committed(5);
        assert!(head.has_changed().expect("open"));
        assert_eq!(*head.borrow(), 5);
    }
}
