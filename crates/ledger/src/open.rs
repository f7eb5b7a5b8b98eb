//! Opening a home: genesis the first time, verification every time.

use std::{path::Path, sync::Arc};

use parking_lot::{Mutex, RwLock};
use polity_charter::Charter;
use polity_db::{BlockCommit, Db, Memory, Options};
use polity_execution::{ChainRules, Executor};
use polity_mempool::Mempool;
use polity_primitives::{Block, Height, SealedBlock, StateChanges};
use polity_trie::State;
use schnellru::{ByLength, LruMap};

use crate::{
    BLOCKS_CACHED_MAX, CODES_CACHED_MAX, Error, ExecutedBlock, Inner, Ledger,
    after::After,
    candidates::Candidates,
    course,
    docket::Docket,
    kept,
    read::load_block,
    trail::{Settled, Trail},
    view::StateSlots,
};

/// Block 0 of a charter, executed. Cheap to clone.
#[derive(Clone)]
pub struct Genesis {
    block: SealedBlock,
    changes: Arc<StateChanges>,
    state: State,
}

impl std::fmt::Debug for Genesis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Genesis").field("hash", &self.block.hash).finish_non_exhaustive()
    }
}

impl Genesis {
    /// Executes block 0 of `charter`.
    ///
    /// # Errors
    /// [`Error::Execution`], for instance while keys are missing in the charter.
    pub fn of(charter: &Charter) -> Result<Self, Error> {
        let executor = Executor::new(ChainRules::from(charter));
        let (mut header, changes) = executor.genesis(charter)?;
        let state = State::default().apply(&changes);
        header.state_root = state.root();
        let block = Block::unsealed(header, Vec::new()).seal();
        Ok(Self { block, changes: Arc::new(changes), state })
    }
}

impl Ledger {
    /// Opens the chain of `charter` in directory `path`, making block 0 if the directory is empty.
    ///
    /// Cost: the whole state is read into memory and its root compared with the last header.
    ///
    /// # Errors
    /// [`Error::OtherCharter`], [`Error::StateRoot`], [`Error::Execution`], or what the database says.
    pub fn open(path: &Path, charter: Charter) -> Result<Self, Error> {
        let db = Db::open(path, options(&charter))?;
        let genesis = Genesis::of(&charter)?;
        Self::on(db, charter, genesis)
    }

    /// Opens the chain of `charter` that `memory` holds, for simulation. `genesis` is that of the charter: many ledgers of one
    /// charter share it.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn in_memory(memory: &Memory, charter: Charter, genesis: &Genesis) -> Result<Self, Error> {
        Self::on(Db::in_memory(memory, options(&charter))?, charter, genesis.clone())
    }

    fn on(db: Db, charter: Charter, genesis: Genesis) -> Result<Self, Error> {
        let executor = Executor::new(ChainRules::from(&charter));
        let genesis_hash = genesis.block.hash;
        let (block, state) = match db.tip()? {
            None => {
                db.commit(&BlockCommit {
                    block: &genesis.block,
                    senders: &[],
                    tx_hashes: &[],
                    receipts: &[],
                    changes: &genesis.changes,
                    certificate: None,
                })?;
                let block = ExecutedBlock { block: genesis.block, transactions: vec![], receipts: vec![] };
                (Arc::new(block), genesis.state)
            }
            Some(tip) => load(&db, &genesis, tip.height)?,
        };
        let course = course::load(&db, block.block.hash, block.header(), &StateSlots(&state))?;
        let after = After::of(&charter, &executor, block.header(), &state, course)?;
        db.set_history(kept(after.agreement.block_rules.history));
        let head = Trail::new(Settled { block, state, after }).head();
        let head = Arc::new(head.ok_or_else(|| Error::Missing("the head".to_owned()))?);
        let docket = Docket::load(charter.chain_id, db.evidence()?);
        let ledger = Self(Arc::new(Inner {
            charter,
            executor,
            db,
            genesis_hash,
            head: RwLock::new(head.clone()),
            candidates: Mutex::new(Candidates::new(head)),
            writing: Mutex::new(()),
            moving: RwLock::new(()),
            terminal: RwLock::new(None),
            wanted: RwLock::new(None),
            refused: RwLock::new(None),
            mempool: Mempool::default(),
            docket,
            blocks: Mutex::new(LruMap::new(ByLength::new(BLOCKS_CACHED_MAX))),
            codes: Mutex::new(LruMap::new(ByLength::new(CODES_CACHED_MAX))),
            preview: Mutex::new(None),
            listeners: RwLock::new(Vec::new()),
            undo_listeners: RwLock::new(Vec::new()),
        }));
        ledger.restore()?;
        Ok(ledger)
    }
}

fn options(charter: &Charter) -> Options {
    Options { history: kept(charter.history) }
}

fn load(db: &Db, genesis: &Genesis, height: Height) -> Result<(Arc<ExecutedBlock>, State), Error> {
    let first = db.block(Height::GENESIS)?.ok_or_else(|| Error::Missing("block 0".to_owned()))?;
    if first.hash != genesis.block.hash {
        return Err(Error::OtherCharter { found: first.hash, expected: genesis.block.hash });
    }
    let mut builder = State::builder();
    db.load_state(&mut |address, account, slots| builder.insert(&address, account, slots))?;
    let state = builder.finish();
    let block = load_block(db, height)?.ok_or_else(|| Error::Missing(format!("block {height}")))?;
    let (found, expected) = (state.root(), block.header().state_root);
    if found != expected {
        return Err(Error::StateRoot { height, found, expected });
    }
    Ok((block, state))
}
