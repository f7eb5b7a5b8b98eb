//! The ledger as the work engine sees it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use polity_consensus::{
    Fatal,
    bft::Key,
    work::{Anchor, Chain, Inserted, Rules, Tip, latest},
};
use polity_execution::randao;
use polity_primitives::{B256, Block, Header, Height, U256, work_digest};

use crate::{Error, Ledger};

/// The ledger with the key that seals what is mined here.
#[derive(Clone, Debug)]
pub struct WorkChain {
    ledger: Ledger,
    key: Option<Key>,
    /// Whether the node finds that it may write now.
    may: Arc<AtomicBool>,
}

impl WorkChain {
    /// Gives templates only while `may` says so: who hears nobody would write a chain of its own.
    #[must_use]
    pub fn while_told(self, may: Arc<AtomicBool>) -> Self {
        Self { may, ..self }
    }
}

impl Ledger {
    /// This ledger as a chain of worked blocks; `key` writes, if its owner may.
    #[must_use]
    pub fn work_chain(&self, key: Option<Key>) -> WorkChain {
        WorkChain { ledger: self.clone(), key, may: Arc::new(AtomicBool::new(true)) }
    }
}

/// An error of the ledger stops the node before it signs anything.
fn fatal(error: Error) -> Fatal {
    Fatal::because(&error)
}

impl Chain for WorkChain {
    fn chain_id(&self) -> u64 {
        self.ledger.charter().chain_id
    }

    fn rules(&self) -> Rules {
        let head = self.ledger.head();
        // Where a committee decides, no height is worked.
        head.course.rules().copied().unwrap_or_else(|| Rules {
            interval_secs: 1,
            confirmations: 0,
            checkpoint: 1,
            anchor: Anchor {
                height: head.height(),
                timestamp_secs: head.header().timestamp,
                difficulty: U256::ONE,
            },
            until: Some(head.height()),
        })
    }

    fn best(&self) -> Tip {
        let head = self.ledger.head();
        Tip { hash: head.hash(), height: head.height(), work: head.course.work }
    }

    fn floor(&self) -> Tip {
        let settled = self.ledger.settled();
        Tip { hash: settled.hash(), height: settled.height(), work: settled.course.work }
    }

    fn header(&self, hash: &B256) -> Result<Option<Header>, Fatal> {
        self.ledger.header_by_hash(hash).map_err(fatal)
    }

    fn work(&self, hash: &B256) -> Result<Option<U256>, Fatal> {
        Ok(self.ledger.work_of(hash))
    }

    fn rules_after(&self, hash: &B256) -> Result<Option<Rules>, Fatal> {
        Ok(self.ledger.rules_after(hash))
    }

    fn hash_at(&self, height: Height) -> Result<Option<B256>, Fatal> {
        self.ledger.hash_at(height).map_err(fatal)
    }

    fn wanted(&self) -> Option<B256> {
        self.ledger.wanted()
    }

    fn body(&mut self, hash: &B256) -> Result<Option<Vec<u8>>, Fatal> {
        self.ledger.body(hash).map_err(fatal)
    }

    fn template(&mut self, now_ms: u64) -> Result<Option<Block>, Fatal> {
        let Some(key) = self.key.as_ref().filter(|_| self.may.load(Ordering::Acquire)) else {
            return Ok(None);
        };
        let head = self.ledger.head();
        let me = key.address();
        if head.course.next.is_none() || head.committee.seat(&me).is_none_or(|seat| seat.weight == 0) {
            return Ok(None);
        }
        let assembled =
            self.ledger.assemble(&head, me, randao(head.hash()), Some(now_ms), 0).map_err(fatal)?;
        self.ledger.mempool().remove(&assembled.rejected);
        let block = assembled.executed.block.block.block.clone();
        // Blocks came faster than time: wait for it.
        Ok((block.header.timestamp <= latest(now_ms)).then_some(block))
    }

    fn seal(&mut self, mut block: Block) -> Result<Vec<u8>, Fatal> {
        let key = self.key.as_ref().ok_or_else(|| Fatal("no key to seal a block with".to_owned()))?;
        let digest = work_digest(self.chain_id(), block.header.hash_slow());
        block.seal = key.sign(digest).0.to_vec().into();
        Ok(alloy_rlp::encode(&block))
    }

    fn insert(&mut self, block_bytes: &[u8], now_ms: u64) -> Result<Inserted, Fatal> {
        self.ledger.insert(block_bytes, now_ms).map_err(fatal)
    }
}
