//! What happens, for those who watch: the height of the head, and the transactions that arrive.
//!
//! Rule kept: the chain never waits for a watcher. Blocks are not queued at all: a watcher is woken and reads what it has
//! missed from the ledger. Pending hashes are kept in a ring; who polls too late misses the oldest.

use std::collections::VecDeque;

use std::sync::Arc;

use parking_lot::Mutex;
use polity_ledger::ExecutedBlock;
use polity_primitives::B256;
use tokio::sync::watch;

use crate::config::PENDING_KEPT_MAX;

/// Reorganisations that are remembered for watchers; one that is further behind misses the oldest.
const UNDONE_KEPT_MAX: usize = 32;

/// How far the chain is, and how often blocks were undone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Height of the head.
    pub(crate) height: u64,
    /// Reorganisations so far.
    pub(crate) reorganisations: u64,
}

/// Blocks that a reorganisation undid, highest first.
#[derive(Clone, Debug)]
pub(crate) struct Undone {
    /// Its number, from 0.
    number: u64,
    pub(crate) blocks: Vec<Arc<ExecutedBlock>>,
}

impl Undone {
    /// The height after the last block that both branches have.
    pub(crate) fn first(&self) -> u64 {
        self.blocks.last().map_or(u64::MAX, |block| block.height().0)
    }
}

/// Where blocks and pending transactions become known.
pub(crate) struct Feed {
    head: watch::Sender<Progress>,
    undone: Mutex<VecDeque<Undone>>,
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
        Self {
            head: watch::Sender::new(Progress { height: head, reorganisations: 0 }),
            undone: Mutex::default(),
            pending: Mutex::default(),
            arrived: watch::Sender::new(0),
        }
    }

    /// A block of `height` was committed.
    pub(crate) fn committed(&self, height: u64) {
        self.head.send_if_modified(|head| {
            let further = height > head.height;
            head.height = head.height.max(height);
            further
        });
    }

    /// `blocks`, highest first, are no part of the chain any more; what replaces them comes next.
    pub(crate) fn undone(&self, blocks: &[Arc<ExecutedBlock>]) {
        let Some(first) = blocks.last().map(|block| block.height().0) else { return };
        let mut undone = self.undone.lock();
        if undone.len() >= UNDONE_KEPT_MAX {
            undone.pop_front();
        }
        undone.push_back(Undone { number: self.head.borrow().reorganisations, blocks: blocks.to_vec() });
        self.head.send_modify(|head| {
            head.height = head.height.min(first.saturating_sub(1));
            head.reorganisations = head.reorganisations.saturating_add(1);
        });
    }

    /// How many reorganisations there were.
    pub(crate) fn reorganisations(&self) -> u64 {
        self.head.borrow().reorganisations
    }

    /// The reorganisations from number `seen` on, which is moved behind them.
    pub(crate) fn undone_since(&self, seen: &mut u64) -> Vec<Undone> {
        let undone = self.undone.lock();
        let news = undone.iter().filter(|undone| undone.number >= *seen).cloned().collect();
        *seen = undone.back().map_or(*seen, |last| last.number.saturating_add(1).max(*seen));
        news
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
    pub(crate) fn head(&self) -> watch::Receiver<Progress> {
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
        assert_eq!(head.borrow().height, 5);
    }
}
