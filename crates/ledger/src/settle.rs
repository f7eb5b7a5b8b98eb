//! From a candidate to the head, and from the head to the database.
//!
//! Rule kept: what can never be undone is committed, in order, before anyone hears that it cannot; everything a listener is told
//! of is on disk, as a committed block or as a body that is executed again after a crash.

use std::sync::Arc;

use polity_db::BlockCommit;
use polity_mempool::Condition;
use polity_primitives::{Address, B256, Certificate, Height};

use crate::{
    Error, ExecutedBlock, Head, Ledger,
    candidates::Candidate,
    kept,
    trail::{Trail, difference},
    write::decode,
};

/// Record of the lowest height from which on every block of a chain decided by committees has a certificate.
const CERTIFIED: &str = "certified";

impl Ledger {
    /// The lowest height from which on every block has a certificate, where the next block is decided by a committee.
    pub(crate) fn certified_from(&self) -> Result<Height, Error> {
        let record = self.0.db.meta(CERTIFIED)?;
        let height = record.and_then(|bytes| Some(Height(u64::from_be_bytes(*bytes.first_chunk()?))));
        Ok(height.unwrap_or(Height::GENESIS.next()))
    }

    /// Makes the block that `certificate` decides the head, and commits it with all below it.
    pub(crate) fn settle(&self, certificate: &Certificate) -> Result<(), Error> {
        let _writing = self.0.writing.lock();
        let (height, theirs) = (Height(certificate.height), certificate.block_hash);
        let settled = self.settled();
        if height <= settled.height() {
            let ours = self.0.hash_of(height, &settled.trail)?.ok_or(Error::Unknown(height))?;
            return if ours == theirs { Ok(()) } else { Err(Error::Conflict { height, ours, theirs }) };
        }
        let decided = self.decided_head(certificate)?;
        if decided.course.own.is_some() {
            // The terminal block: from here on every block has a certificate again.
            self.0.db.put_meta(CERTIFIED, &height.0.to_be_bytes())?;
        }
        self.commit(&decided.trail, height, Some(certificate))?;
        let next = decided.trail.settled_at(height).head();
        let next = Arc::new(next.ok_or_else(|| Error::Missing("the head".to_owned()))?);
        self.0.candidates.lock().settle(next.clone());
        *self.0.terminal.write() = None;
        *self.0.wanted.write() = None;
        let changed = difference(&self.head().trail, &decided.trail);
        self.adopt(next, changed);
        Ok(())
    }

    /// The database's tip as a head.
    pub(crate) fn settled(&self) -> Arc<Head> {
        self.0.candidates.lock().settled().clone()
    }

    /// Writes the blocks of `trail` up to `height` to the database, one durable commit each. `certificate` is the last one's.
    pub(crate) fn commit(
        &self,
        trail: &Trail,
        height: Height,
        certificate: Option<&Certificate>,
    ) -> Result<(), Error> {
        for at in trail.blocks().iter().filter(|at| at.height() <= height) {
            self.keep_course(at)?;
            let block = &at.block;
            let senders: Vec<Address> = block.transactions.iter().map(|tx| tx.sender).collect();
            let tx_hashes: Vec<B256> = block.transactions.iter().map(|tx| tx.hash).collect();
            self.0.db.commit(&BlockCommit {
                block: &block.block,
                senders: &senders,
                tx_hashes: &tx_hashes,
                receipts: &block.receipts,
                changes: &at.changes,
                certificate: certificate.filter(|certificate| certificate.block_hash == at.hash()),
            })?;
            self.0.blocks.lock().insert(at.height(), block.clone());
        }
        Ok(())
    }

    /// Makes `next` the head: readers, then the pool, then the listeners. `undone` and `applied` lead from the head to it.
    pub(crate) fn adopt(
        &self,
        next: Arc<Head>,
        (undone, applied): (Vec<Arc<ExecutedBlock>>, Vec<Arc<ExecutedBlock>>),
    ) {
        let version = next.agreement.version;
        if version != self.head().agreement.version {
            self.0.db.set_history(kept(next.agreement.block_rules.history));
            tracing::info!(height = next.height().0, version, "ledger.charter.amended");
        }
        let moving = (!undone.is_empty()).then(|| self.0.moving.write());
        *self.0.head.write() = next.clone();
        self.put_back(&next, &undone);
        for block in &applied {
            self.0.mempool.committed(signed(block));
        }
        drop(moving);
        if !undone.is_empty() {
            for listener in self.0.undo_listeners.read().iter() {
                listener(&undone);
            }
        }
        for block in &applied {
            for listener in self.0.listeners.read().iter() {
                listener(block);
            }
        }
    }

    /// Puts transactions of `undone` blocks back into the pool, as far as the state after `head` has not used their nonces.
    fn put_back(&self, head: &Head, undone: &[Arc<ExecutedBlock>]) {
        let nonce = |sender: &Address| head.state.account(sender).unwrap_or_default().nonce;
        let back = || undone.iter().flat_map(|block| &block.transactions).filter(|tx| tx.signed().is_some());
        for tx in back() {
            self.0.mempool.retreat(&tx.sender, nonce(&tx.sender));
        }
        // The lowest block first, so that a sender's come in order.
        for block in undone.iter().rev() {
            for tx in block.transactions.iter().filter(|tx| tx.signed().is_some()) {
                let put = self.0.mempool.insert(tx.clone(), Condition::default(), nonce(&tx.sender));
                if let Err(error) = put {
                    tracing::debug!(hash = %tx.hash, %error, "ledger.undone.dropped");
                }
            }
        }
    }

    /// The head that `certificate` decides, its block executed again from its stored body if memory does not have it.
    fn decided_head(&self, certificate: &Certificate) -> Result<Arc<Head>, Error> {
        let hash = certificate.block_hash;
        if let Some(head) = self.0.candidates.lock().head(&hash) {
            return Ok(head);
        }
        let invalid = |reason: String| Error::InvalidDecided { hash, reason };
        let (_, bytes) = self.0.db.candidate(&hash)?.ok_or(Error::MissingBody(hash))?;
        let block = decode(&bytes).map_err(invalid)?;
        let parent = self.0.candidates.lock().head(&block.block.header.parent_hash);
        let parent = parent.filter(|_| block.hash == hash);
        let parent =
            parent.ok_or_else(|| invalid("it does not follow the last finalized block".to_owned()))?;
        let candidate: Arc<Candidate> = self.execute(&parent, block)?.map_err(invalid)?;
        let blocks = parent.trail.blocks().iter().cloned().chain([candidate]).collect();
        let head = parent.trail.on(blocks).head();
        Ok(Arc::new(head.ok_or_else(|| Error::Missing("the head".to_owned()))?))
    }
}

fn signed(block: &ExecutedBlock) -> impl Iterator<Item = (Address, u64)> + '_ {
    block.transactions.iter().filter(|tx| tx.signed().is_some()).map(|tx| (tx.sender, tx.nonce()))
}
