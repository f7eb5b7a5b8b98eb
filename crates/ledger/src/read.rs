//! What can be read of the chain.

use std::sync::Arc;

use polity_charter::Charter;
use polity_constitution::Committee;
use polity_db::Db;
use polity_execution::Executor;
use polity_institutions::{Slots, constitution};
use polity_mempool::Mempool;
use polity_primitives::{
    B256, Bloom, Bytes, Certificate, Evidence, Height, KECCAK_EMPTY, RecoveredTransaction,
};

use crate::{Error, ExecutedBlock, Head, Inner, Ledger, StateView};

impl Ledger {
    /// The charter of genesis. The one in force is [`Head::agreement`]'s.
    #[must_use]
    pub fn charter(&self) -> &Charter {
        &self.0.charter
    }

    /// The executor of this chain.
    #[must_use]
    pub fn executor(&self) -> &Executor {
        &self.0.executor
    }

    /// Transactions that wait.
    #[must_use]
    pub fn mempool(&self) -> &Mempool {
        &self.0.mempool
    }

    /// Hash of block 0.
    #[must_use]
    pub fn genesis_hash(&self) -> B256 {
        self.0.genesis_hash
    }

    /// The finalized head.
    #[must_use]
    pub fn head(&self) -> Arc<Head> {
        self.0.head.read().clone()
    }

    /// Calls `listener` with every block finalized from now on, after it is durable.
    pub fn on_commit(&self, listener: impl Fn(&Arc<ExecutedBlock>) + Send + Sync + 'static) {
        self.0.listeners.write().push(Box::new(listener));
    }

    /// A finalized block, or `None` above the head.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub fn block(&self, height: Height) -> Result<Option<Arc<ExecutedBlock>>, Error> {
        let head = self.head();
        if height >= head.height() {
            return Ok((height == head.height()).then(|| head.block.clone()));
        }
        if let Some(block) = self.0.blocks.lock().get(&height) {
            return Ok(Some(block.clone()));
        }
        let Some(block) = load_block(&self.0.db, height)? else { return Ok(None) };
        self.0.blocks.lock().insert(height, block.clone());
        Ok(Some(block))
    }

    /// The bloom filter over the logs of a finalized block, or `None` above the head. Reads the header only, so that a search
    /// through many blocks reads the few whole that may have what is looked for.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub fn logs_bloom(&self, height: Height) -> Result<Option<Bloom>, Error> {
        let head = self.head();
        if height >= head.height() {
            return Ok((height == head.height()).then(|| head.header().logs_bloom));
        }
        if let Some(block) = self.0.blocks.lock().peek(&height) {
            return Ok(Some(block.header().logs_bloom));
        }
        Ok(self.0.db.header(height)?.map(|header| header.logs_bloom))
    }

    /// Height of the finalized block of hash `hash`.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub fn height_of(&self, hash: &B256) -> Result<Option<Height>, Error> {
        Ok(self.0.db.height_of(hash)?)
    }

    /// Where a finalized transaction is: height and index in the block.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub fn locate(&self, hash: &B256) -> Result<Option<(Height, usize)>, Error> {
        Ok(self.0.db.locate(hash)?.and_then(|(height, index)| Some((height, usize::try_from(index).ok()?))))
    }

    /// The certificate of a finalized block; genesis has none.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub fn certificate(&self, height: Height) -> Result<Option<Certificate>, Error> {
        Ok(self.0.db.certificate(height)?)
    }

    /// Double signing on record.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub fn evidence(&self) -> Result<Vec<Evidence>, Error> {
        Ok(self.0.db.evidence()?)
    }

    /// The state after block `height`.
    ///
    /// # Errors
    /// [`Error::Unknown`] above the head, [`Error::Pruned`] before what is kept.
    pub fn state_at(&self, height: Height) -> Result<StateView, Error> {
        let head = self.head();
        if height > head.height() {
            return Err(Error::Unknown(height));
        }
        let oldest = self.0.db.oldest_state();
        if height < oldest {
            return Err(Error::Pruned { height, oldest });
        }
        Ok(self.view(&head, height))
    }

    /// The state after the head.
    #[must_use]
    pub fn latest(&self) -> StateView {
        self.latest_of(&self.head())
    }

    pub(crate) fn latest_of(&self, head: &Head) -> StateView {
        self.view(head, head.height())
    }

    fn view(&self, head: &Head, at: Height) -> StateView {
        StateView { inner: self.0.clone(), state: head.state.clone(), base: head.height(), at }
    }

    /// The committee that decides, or decided, block `height`.
    ///
    /// # Errors
    /// [`Error::Unknown`] beyond the next block, [`Error::Pruned`] before what is kept.
    pub fn committee_at(&self, height: Height) -> Result<Arc<Committee>, Error> {
        let head = self.head();
        if height == head.height().next() {
            return Ok(head.committee.clone());
        }
        let before = height.previous().ok_or(Error::Unknown(height))?;
        let seed = self.0.db.header(before)?.ok_or(Error::Unknown(before))?.mix_hash;
        Ok(Arc::new(committee_of(&self.state_at(before)?, height, seed)?))
    }
}

impl Inner {
    pub(crate) fn code(&self, hash: &B256) -> Result<Bytes, Error> {
        if *hash == KECCAK_EMPTY {
            return Ok(Bytes::new());
        }
        if let Some(code) = self.codes.lock().get(hash) {
            return Ok(code.clone());
        }
        let code = self.db.code(hash)?.ok_or_else(|| Error::Missing(format!("code {hash}")))?;
        self.codes.lock().insert(*hash, code.clone());
        Ok(code)
    }

    pub(crate) fn hash_of(&self, height: Height) -> Result<Option<B256>, Error> {
        let head = self.head.read().clone();
        if height == head.height() {
            return Ok(Some(head.hash()));
        }
        if Some(height) == head.height().previous() {
            return Ok(Some(head.header().parent_hash));
        }
        if let Some(block) = self.blocks.lock().get(&height) {
            return Ok(Some(block.block.hash));
        }
        Ok(self.db.header(height)?.map(|header| header.hash_slow()))
    }
}

/// Who decides block `height`, by the state before it and `seed`, the randomness of the block before.
pub(crate) fn committee_of(state: &dyn Slots, height: Height, seed: B256) -> Result<Committee, Error> {
    let settings = constitution::consensus_at(state, height.0).ok_or_else(|| Error::Committee {
        height,
        reason: "the settings of consensus on the chain are not those of this program".to_owned(),
    })?;
    let candidates = constitution::candidates(state, &settings);
    polity_constitution::committee(&settings, &candidates, seed)
        .map_err(|error| Error::Committee { height, reason: error.to_string() })
}

pub(crate) fn load_block(db: &Db, height: Height) -> Result<Option<Arc<ExecutedBlock>>, Error> {
    let Some(block) = db.block(height)? else { return Ok(None) };
    let missing = |what| Error::Missing(format!("{what} of block {height}"));
    let receipts = db.receipts(height)?.ok_or_else(|| missing("receipts"))?;
    let senders = db.senders(height)?.ok_or_else(|| missing("senders"))?;
    let transactions = block
        .block
        .transactions
        .iter()
        .zip(senders)
        .map(|(tx, sender)| RecoveredTransaction { hash: tx.hash(), sender, transaction: tx.clone() })
        .collect();
    Ok(Some(Arc::new(ExecutedBlock { block, transactions, receipts })))
}
