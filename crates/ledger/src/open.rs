//! Opening a home: genesis the first time, verification every time.

use std::{path::Path, sync::Arc};

use parking_lot::{Mutex, RwLock};
use polity_charter::{Charter, History};
use polity_db::{BlockCommit, Db, Options};
use polity_execution::{ChainRules, Executor};
use polity_mempool::Mempool;
use polity_primitives::{Block, Height, SealedBlock, StateChanges};
use polity_trie::State;
use schnellru::{ByLength, LruMap};

use crate::{
    BLOCKS_CACHED_MAX, CODES_CACHED_MAX, Error, ExecutedBlock, Head, Inner, Ledger,
    candidates::Candidates,
    read::{committee_of, load_block},
    view::StateSlots,
};

struct Genesis {
    block: SealedBlock,
    changes: StateChanges,
    state: State,
}

impl Genesis {
    fn of(charter: &Charter, executor: &Executor) -> Result<Self, Error> {
        let (mut header, changes) = executor.genesis(charter)?;
        let state = State::default().apply(&changes);
        header.state_root = state.root();
        Ok(Self { block: Block { header, transactions: Vec::new() }.seal(), changes, state })
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
        let history = match charter.history {
            History::Blocks(blocks) => Some(blocks),
            History::All => None,
        };
        let db = Db::open(path, Options { history })?;
        let executor = Executor::new(ChainRules::from(&charter));
        let genesis = Genesis::of(&charter, &executor)?;
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
        let committee = Arc::new(committee_of(&charter, &StateSlots(&state), block.height().next())?);
        let candidates = Candidates::new(block.block.hash, block.height());
        Ok(Self(Arc::new(Inner {
            charter,
            executor,
            db,
            genesis_hash,
            head: RwLock::new(Arc::new(Head { block, state, committee })),
            candidates: Mutex::new(candidates),
            mempool: Mempool::default(),
            blocks: Mutex::new(LruMap::new(ByLength::new(BLOCKS_CACHED_MAX))),
            codes: Mutex::new(LruMap::new(ByLength::new(CODES_CACHED_MAX))),
            preview: Mutex::new(None),
            listeners: RwLock::new(Vec::new()),
        })))
    }
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
