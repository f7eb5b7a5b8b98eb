//! The chain of blocks: the finalized head, the candidates on top of it, and everything that can be read of either.
//!
//! One way in: an engine builds or receives a block ([`application`]), execution judges it, its outcome waits as a *candidate*,
//! and the certificate that decides it makes it the head, in one durable commit. Readers take the head as one pointer and
//! never see half a block.
//!
//! Rule kept: what is finalized is on disk before anyone is told. A candidate's body is on disk before the engine is
//! answered, because the engine's log keeps only its hash.
//!
//! Deliberately absent: a clock (the engine says what time it is), sockets, tasks.

mod after;
mod application;
mod candidates;
mod course;
mod docket;
mod error;
mod follow;
mod fork;
mod head;
mod open;
mod pursuit;
mod randomness;
mod read;
mod settle;
mod submit;
mod terminal;
mod trail;
mod versions;
mod view;
mod work;
mod write;

use std::sync::Arc;

pub use application::{LedgerApplication, Proposer};
pub use docket::{Docketed, Heard, OFFENCES_MAX, OFFENCES_PER_MEMBER_MAX, Source};
pub use error::{Error, SubmitError};
pub use follow::{Followed, Plan, Told};
pub use head::{Agreement, ExecutedBlock, Head};
pub use open::Genesis;
use parking_lot::{Mutex, RwLock};
use polity_charter::{Charter, History};
use polity_db::Db;
use polity_execution::Executor;
use polity_mempool::Mempool;
use polity_primitives::{B256, Height};
pub use pursuit::{Pursuit, WAIT_MS_MAX};
use schnellru::{ByLength, LruMap};
pub use view::StateView;
pub use work::WorkChain;
pub use write::CLOCK_DRIFT_MS_MAX;

/// Executed blocks kept in memory for readers.
const BLOCKS_CACHED_MAX: u32 = 128;
/// Contract codes kept in memory.
const CODES_CACHED_MAX: u32 = 1_024;
/// Past states rebuilt for a proof: how many blocks back at most. Each costs an undo of what its block changed.
pub const PROOF_DEPTH_MAX: u64 = 8_192;

type Listener = Box<dyn Fn(&Arc<ExecutedBlock>) + Send + Sync>;
type UndoListener = Box<dyn Fn(&[Arc<ExecutedBlock>]) + Send + Sync>;

/// A cached preview of the next block, with the head and the versions of mempool and docket it was made of.
type Preview = Option<((B256, u64, u64), Arc<ExecutedBlock>)>;

/// The ledger. Cloning shares it.
#[derive(Clone)]
pub struct Ledger(Arc<Inner>);

struct Inner {
    charter: Charter,
    executor: Executor,
    db: Db,
    genesis_hash: B256,
    head: RwLock<Arc<Head>>,
    candidates: Mutex<candidates::Candidates>,
    /// Held by whoever adds blocks: one at a time.
    writing: Mutex<()>,
    /// Held for writing while a reorganisation moves head and pool together, and for reading by who adds to the pool.
    moving: RwLock<()>,
    /// The height at which a committee decides between worked blocks, while it does.
    terminal: RwLock<Option<terminal::Terminal>>,
    /// The parent of something proposed at that height, if it was not here.
    wanted: RwLock<Option<B256>>,
    /// A heavier chain that was refused: its height, and that of the block it would have undone.
    refused: RwLock<Option<(Height, Height)>>,
    mempool: Mempool,
    docket: docket::Docket,
    blocks: Mutex<LruMap<Height, Arc<ExecutedBlock>, ByLength>>,
    codes: Mutex<LruMap<B256, polity_primitives::Bytes, ByLength>>,
    preview: Mutex<Preview>,
    listeners: RwLock<Vec<Listener>>,
    undo_listeners: RwLock<Vec<UndoListener>>,
}

/// How much past state the database keeps under `history`, as it takes it.
const fn kept(history: History) -> Option<u64> {
    match history {
        History::Blocks(blocks) => Some(blocks),
        History::All => None,
    }
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let head = self.head();
        f.debug_struct("Ledger")
            .field("charter", &self.0.charter.id)
            .field("height", &head.height())
            .field("hash", &head.hash())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
