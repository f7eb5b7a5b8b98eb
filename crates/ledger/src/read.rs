//! What can be read of the chain.

use std::sync::Arc;

use polity_charter::Charter;
use polity_constitution::{Committee, EngineKind, WriteRight};
use polity_db::Db;
use polity_execution::Executor;
use polity_institutions::{Slots, constitution};
use polity_mempool::Mempool;
use polity_primitives::{
    B256, Bloom, Bytes, Certificate, Evidence, Header, Height, KECCAK_EMPTY, RecoveredTransaction,
};

use crate::{Error, ExecutedBlock, Head, Inner, Ledger, StateView, course::unknown, trail::Trail};

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

    /// The head.
    #[must_use]
    pub fn head(&self) -> Arc<Head> {
        self.0.head.read().clone()
    }

    /// Calls `listener` with every block that joins the best chain from now on, in order, after it is durable.
    pub fn on_commit(&self, listener: impl Fn(&Arc<ExecutedBlock>) + Send + Sync + 'static) {
        self.0.listeners.write().push(Box::new(listener));
    }

    /// Calls `listener` with the blocks that a reorganisation takes off the best chain, highest first, before the ones that
    /// replace them are told.
    pub fn on_undo(&self, listener: impl Fn(&[Arc<ExecutedBlock>]) + Send + Sync + 'static) {
        self.0.undo_listeners.write().push(Box::new(listener));
    }

    /// A block of the best chain, or `None` above the head.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub fn block(&self, height: Height) -> Result<Option<Arc<ExecutedBlock>>, Error> {
        self.block_of(&self.head(), height)
    }

    /// A block of the chain of `head`.
    pub(crate) fn block_of(&self, head: &Head, height: Height) -> Result<Option<Arc<ExecutedBlock>>, Error> {
        if height >= head.trail.base() {
            return Ok(head.trail.block(height).cloned());
        }
        if let Some(block) = self.0.blocks.lock().get(&height) {
            return Ok(Some(block.clone()));
        }
        let Some(block) = load_block(&self.0.db, height)? else { return Ok(None) };
        self.0.blocks.lock().insert(height, block.clone());
        Ok(Some(block))
    }

    /// The header of the block at `height` of the chain of `head`.
    pub(crate) fn header_of(&self, head: &Head, height: Height) -> Result<Option<Header>, Error> {
        if height >= head.trail.base() {
            return Ok(head.trail.block(height).map(|block| block.header().clone()));
        }
        if let Some(block) = self.0.blocks.lock().peek(&height) {
            return Ok(Some(block.header().clone()));
        }
        Ok(self.0.db.header(height)?)
    }

    /// The bloom filter over the logs of a block of the best chain, or `None` above the head. Reads the header only, so that a
    /// search through many blocks reads the few whole that may have what is looked for.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub fn logs_bloom(&self, height: Height) -> Result<Option<Bloom>, Error> {
        Ok(self.header_of(&self.head(), height)?.map(|header| header.logs_bloom))
    }

    /// Height of the block of hash `hash`, if it is on the best chain.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub fn height_of(&self, hash: &B256) -> Result<Option<Height>, Error> {
        let found = self.head().trail.height_of(hash);
        if found.is_some() { Ok(found) } else { Ok(self.0.db.height_of(hash)?) }
    }

    /// Where a transaction of the best chain is: height and index in the block.
    ///
    /// # Errors
    /// [`Error::Db`].
    pub fn locate(&self, hash: &B256) -> Result<Option<(Height, usize)>, Error> {
        let found = self.head().trail.locate(hash);
        if found.is_some() {
            return Ok(found);
        }
        Ok(self.0.db.locate(hash)?.and_then(|(height, index)| Some((height, usize::try_from(index).ok()?))))
    }

    /// The certificate of a block that a committee decided; genesis and worked blocks have none.
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
        let trail = head.trail.clone();
        let (state, base) = match trail.at(at) {
            Some(recent) => (recent.state.clone(), at),
            None => (trail.settled().state.clone(), trail.base()),
        };
        StateView { inner: self.0.clone(), trail, state, base, at }
    }

    /// The committee that decides, or decided, block `height`.
    ///
    /// # Errors
    /// [`Error::Unknown`] beyond the next block, [`Error::Pruned`] before what is kept.
    pub fn committee_at(&self, height: Height) -> Result<Arc<Committee>, Error> {
        if let Some(committee) = self.terminal_committee(height) {
            return Ok(committee);
        }
        let head = self.head();
        if height == head.height().next() {
            return Ok(head.committee.clone());
        }
        let before = height.previous().ok_or(Error::Unknown(height))?;
        let seed = self.header_of(&head, before)?.ok_or(Error::Unknown(before))?.mix_hash;
        let state = self.state_at(before)?;
        if let Some(enacted) = enacted_before(&state, height) {
            return Ok(Arc::new(self.committee_after(enacted, height)?));
        }
        Ok(Arc::new(committee_of(&state, height, seed)?))
    }

    /// The committee that decides the terminal block at `height`: the one to come, by the state after block `enacted`.
    pub(crate) fn committee_after(&self, enacted: Height, height: Height) -> Result<Committee, Error> {
        let seed = self.header_of(&self.head(), enacted)?.ok_or(Error::Unknown(enacted))?.mix_hash;
        committee_of(&self.state_at(enacted)?, height.next(), seed)
    }
}

impl Inner {
    /// The code with this hash, on a chain with `trail`.
    pub(crate) fn code(&self, hash: &B256, trail: &Trail) -> Result<Bytes, Error> {
        if *hash == KECCAK_EMPTY {
            return Ok(Bytes::new());
        }
        if let Some(code) = self.codes.lock().get(hash) {
            return Ok(code.clone());
        }
        let code = match trail.code(hash) {
            Some(code) => code.clone(),
            None => self.db.code(hash)?.ok_or_else(|| Error::Missing(format!("code {hash}")))?,
        };
        self.codes.lock().insert(*hash, code.clone());
        Ok(code)
    }

    /// The hash of the block at `height` of the chain that ends with `trail`.
    pub(crate) fn hash_of(&self, height: Height, trail: &Trail) -> Result<Option<B256>, Error> {
        if height >= trail.base() {
            return Ok(trail.block(height).map(|block| block.block.hash));
        }
        if height.next() == trail.base() {
            return Ok(Some(trail.settled().block.header().parent_hash));
        }
        if let Some(block) = self.blocks.lock().get(&height) {
            return Ok(Some(block.block.hash));
        }
        Ok(self.db.sealed_header(height)?.map(|(hash, _)| hash))
    }
}

/// If block `height` is the last worked one before a change to a committee: the block that enacted the change. `state` is the
/// one before `height`.
fn enacted_before(state: &dyn Slots, height: Height) -> Option<Height> {
    let WriteRight::Work(work) = constitution::consensus_at(state, height.0)?.write else { return None };
    let next = constitution::consensus_at(state, height.0.saturating_add(1))?;
    let ends = next.engine() != EngineKind::Work;
    ends.then(|| Height(height.0.saturating_sub(work.confirmations)))
}

/// Who decides block `height`, by the state before it and `seed`, the randomness of the block before.
pub(crate) fn committee_of(state: &dyn Slots, height: Height, seed: B256) -> Result<Committee, Error> {
    let settings = constitution::consensus_at(state, height.0).ok_or_else(|| unknown(height))?;
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
