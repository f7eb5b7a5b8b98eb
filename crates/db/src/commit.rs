//! Committing a block: everything about it in one durable batch.

use std::sync::atomic::Ordering;

use polity_primitives::{
    Account, AccountChange, Address, B256, Certificate, Height, Receipt, SealedBlock, StateChanges,
};

use crate::{
    Db, Tip, codec,
    error::{Error, Result},
    side::undecided,
    tables::{
        Batch, Kind, OLDEST, Part, TIP, account_history_key, block_hash_key, block_key,
        candidate_height_keys, candidate_key, meta_key, slot_history_key, slot_key, tx_hash_key,
    },
};

/// Blocks whose history one commit removes at most: one per block in a steady state, and one more to catch up after the
/// limit was lowered.
pub const PRUNE_BLOCKS_MAX: u64 = 2;

/// A block and everything known about it.
#[derive(Clone, Copy, Debug)]
pub struct BlockCommit<'a> {
    /// The block.
    pub block: &'a SealedBlock,
    /// Senders, one per transaction.
    pub senders: &'a [Address],
    /// Transaction hashes, one per transaction.
    pub tx_hashes: &'a [B256],
    /// Receipts, one per transaction.
    pub receipts: &'a [Receipt],
    /// What it changed in its parent's state.
    pub changes: &'a StateChanges,
    /// What proves that it was decided; `None` for genesis.
    pub certificate: Option<&'a Certificate>,
}

impl BlockCommit<'_> {
    fn check(&self, tip: Option<Tip>) -> Result<()> {
        let (height, header) = (self.block.height(), &self.block.block.header);
        let follows = match tip {
            None => true,
            Some(tip) => height == tip.height.next() && header.parent_hash == tip.hash,
        };
        if !follows {
            return Err(Error::NotNext { height, parent: header.parent_hash, tip });
        }
        let count = self.block.block.transactions.len();
        let wrong = |what| Err(Error::Mismatch { height, what });
        if self.senders.len() != count {
            return wrong("one sender per transaction is needed");
        }
        if self.tx_hashes.len() != count {
            return wrong("one hash per transaction is needed");
        }
        if self.receipts.len() != count {
            return wrong("one receipt per transaction is needed");
        }
        match self.certificate {
            Some(certificate) if !certifies(certificate, height, &self.block.hash) => {
                wrong("the certificate is for another block")
            }
            _ => Ok(()),
        }
    }
}

pub(crate) fn certifies(certificate: &Certificate, height: Height, hash: &B256) -> bool {
    certificate.height == height.0 && certificate.block_hash == *hash
}

impl Db {
    /// Commits a block: atomically, and on the disk when it returns.
    ///
    /// The first block may have any height (genesis, or where a chain was imported); each other follows the tip.
    ///
    /// # Errors
    /// [`Error::NotNext`], [`Error::Mismatch`]: nothing was written. [`Error::Store`]: it is unknown whether it was, and
    /// the database must be opened again.
    pub fn commit(&self, commit: &BlockCommit<'_>) -> Result<()> {
        let mut writer = self.0.writer.lock();
        commit.check(writer.tip)?;
        let tip = Tip { height: commit.block.height(), hash: commit.block.hash };
        let mut batch = Batch::new(&self.0.store);
        self.put_block(&mut batch, commit);
        self.put_changes(&mut batch, tip.height, commit.changes, writer.tip.is_some())?;
        let oldest = self.prune_history(&mut batch, tip.height, writer.tip.is_none())?;
        self.prune_candidates(&mut batch, writer.tip, tip.height)?;
        batch.put(&self.tables().meta, TIP, codec::tip(&tip));
        // Readers check this after reading, so it must rise before anything is removed.
        self.0.oldest.store(oldest.0, Ordering::Release);
        batch.commit()?;
        writer.tip = Some(tip);
        if let Some(watermark) = &mut writer.watermark {
            watermark.set(&tip)?;
        }
        Ok(())
    }

    fn put_block(&self, batch: &mut Batch, commit: &BlockCommit<'_>) {
        let (blocks, hashes) = (&self.tables().blocks, &self.tables().hashes);
        let (height, block) = (commit.block.height(), &commit.block.block);
        batch.put(blocks, block_key(height, Part::Header), codec::header(&commit.block.hash, &block.header));
        batch.put(blocks, block_key(height, Part::Body), alloy_rlp::encode(&block.transactions));
        if !block.seal.is_empty() {
            batch.put(blocks, block_key(height, Part::Seal), &block.seal);
        }
        batch.put(blocks, block_key(height, Part::Senders), codec::senders(commit.senders));
        batch.put(blocks, block_key(height, Part::Receipts), codec::receipts(commit.receipts));
        if let Some(certificate) = commit.certificate {
            batch.put(blocks, block_key(height, Part::Certificate), alloy_rlp::encode(certificate));
        }
        batch.put(hashes, block_hash_key(&commit.block.hash), height.0.to_be_bytes());
        for (index, hash) in (0u32..).zip(commit.tx_hashes) {
            batch.put(hashes, tx_hash_key(hash), codec::place(height, index));
        }
    }

    /// Writes the state after the block, and before it unless it is the first.
    fn put_changes(
        &self,
        batch: &mut Batch,
        height: Height,
        changes: &StateChanges,
        undo: bool,
    ) -> Result<()> {
        let tables = self.tables();
        for (hash, code) in &changes.codes {
            batch.put(&tables.meta, meta_key(Kind::Code, hash.as_slice()), code);
        }
        for (address, change) in &changes.accounts {
            self.put_account(batch, address, change)?;
            if undo {
                let key = account_history_key(address, height.0);
                batch.put(&tables.history, key, encoded(change.before.as_ref()));
                for (slot, slot_change) in &change.storage {
                    let key = slot_history_key(address, slot, height.0);
                    batch.put(&tables.history, key, codec::value(slot_change.before));
                }
            }
        }
        if undo {
            batch.put(&tables.undo, height.0.to_be_bytes(), codec::undo(changes));
        }
        Ok(())
    }

    fn put_account(&self, batch: &mut Batch, address: &Address, change: &AccountChange) -> Result<()> {
        let state = &self.tables().state;
        if let Some(account) = &change.after {
            batch.put(state, address, encoded(Some(account)));
            for (slot, slot_change) in &change.storage {
                let key = slot_key(address, slot);
                if slot_change.after.is_zero() {
                    batch.delete(state, key);
                } else {
                    batch.put(state, key, codec::value(slot_change.after));
                }
            }
        } else if change.before.is_some() {
            // Rare: an account that was empty of storage (EIP-6780, EIP-161), so this finds one key.
            let last = slot_key(address, &alloy_primitives::U256::MAX);
            for key in state.keys(address.as_slice(), &last) {
                batch.delete(state, key?);
            }
        }
        Ok(())
    }

    /// Removes the history of blocks that fell out of it. Returns the oldest height whose state remains readable.
    fn prune_history(&self, batch: &mut Batch, tip: Height, first: bool) -> Result<Height> {
        let tables = self.tables();
        let oldest = if first { tip.0 } else { self.oldest_state().0 };
        let wanted = self.history().map_or(oldest, |history| tip.0.saturating_sub(history));
        let target = wanted.min(oldest.saturating_add(PRUNE_BLOCKS_MAX)).max(oldest);
        for height in (oldest..target).map(|height| height.saturating_add(1)) {
            // The state of `height - 1` is given up: what block `height` changed is needed no more.
            let key = height.to_be_bytes();
            // The block being committed is not in the table yet; with a history of 0 it will be removed by the next.
            let Some(changes) = tables.undo.read(&key, codec::read_undo)? else {
                if height == tip.0 {
                    return self.put_oldest(batch, Height(height.saturating_sub(1)));
                }
                return Err(tables.undo.corrupt(&key, "the record is missing"));
            };
            for (address, change) in &changes.accounts {
                batch.delete(&tables.history, account_history_key(address, height));
                for slot in change.storage.keys() {
                    batch.delete(&tables.history, slot_history_key(address, slot, height));
                }
            }
            batch.delete(&tables.undo, key);
        }
        self.put_oldest(batch, Height(target))
    }

    fn put_oldest(&self, batch: &mut Batch, oldest: Height) -> Result<Height> {
        batch.put(&self.tables().meta, OLDEST, oldest.0.to_be_bytes());
        Ok(oldest)
    }

    fn prune_candidates(&self, batch: &mut Batch, before: Option<Tip>, height: Height) -> Result<()> {
        let candidates = &self.tables().candidates;
        let (first, last) = candidate_height_keys(undecided(before), height);
        for key in candidates.keys(&first, &last) {
            let key = key?;
            let hash = key.get(9..).and_then(|hash| B256::try_from(hash).ok());
            let hash = hash.ok_or_else(|| candidates.corrupt(&key, "the key is too short"))?;
            batch.delete(candidates, candidate_key(&hash));
            batch.delete(candidates, &key);
        }
        Ok(())
    }

    /// Replaces the certificate of the committed block at its height, by one with more signatures.
    ///
    /// # Errors
    /// [`Error::Mismatch`] if no such block is committed.
    pub fn put_certificate(&self, certificate: &Certificate) -> Result<()> {
        let height = Height(certificate.height);
        let known =
            self.sealed_header(height)?.is_some_and(|(hash, _)| certifies(certificate, height, &hash));
        if !known {
            return Err(Error::Mismatch { height, what: "the certificate is for another block" });
        }
        let mut batch = Batch::new(&self.0.store);
        batch.put(
            &self.tables().blocks,
            block_key(height, Part::Certificate),
            alloy_rlp::encode(certificate),
        );
        batch.commit()
    }
}

fn encoded(account: Option<&Account>) -> Vec<u8> {
    let mut out = Vec::with_capacity(24);
    codec::account(account, &mut out);
    out
}
