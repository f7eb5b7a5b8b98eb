//! The open database: what is committed, and reading it back.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use parking_lot::Mutex;
use polity_primitives::{
    Address, B256, Block, Bytes, Certificate, Header, Height, Receipt, SealedBlock, Transaction,
};

use crate::{
    codec,
    error::Result,
    files::Watermark,
    tables::{
        Kind, OLDEST, Part, Store, TIP, Table, Tables, block_hash_key, block_key, meta_key, tx_hash_key,
    },
};

/// How many blocks back the state can be read, unless the charter says otherwise. Source: EIP-2935 serves as many hashes.
pub const HISTORY_DEFAULT: u64 = 8192;

/// How to open a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// States of so many blocks before the tip stay readable; `None` keeps all.
    ///
    /// May differ from one opening to the next: a smaller one is pruned to step by step, a larger one fills up again.
    pub history: Option<u64>,
}

impl Options {
    /// The history as the database keeps it while it is open.
    pub(crate) fn atomic(self) -> AtomicU64 {
        AtomicU64::new(self.history.unwrap_or(HISTORY_ALL))
    }
}

impl Default for Options {
    fn default() -> Self {
        Self { history: Some(HISTORY_DEFAULT) }
    }
}

/// The last block committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tip {
    /// Its height.
    pub height: Height,
    /// Its hash.
    pub hash: B256,
}

/// The database. Clones share it; it closes with the last one.
#[derive(Clone)]
pub struct Db(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) tables: Tables,
    pub(crate) store: Store,
    /// [`Options::history`]; [`HISTORY_ALL`] for all.
    pub(crate) history: AtomicU64,
    /// Oldest height whose state can be read; raised before what it excludes is removed.
    pub(crate) oldest: AtomicU64,
    pub(crate) writer: Mutex<Writer>,
    /// Held, never read: the lock ends with the file. Last, so that the store closes before it.
    pub(crate) _lock: Option<std::fs::File>,
}

/// What only one thread may touch.
pub(crate) struct Writer {
    pub(crate) tip: Option<Tip>,
    pub(crate) watermark: Option<Watermark>,
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Db").field("history", &self.history()).finish_non_exhaustive()
    }
}

/// In place of a number of blocks: all.
const HISTORY_ALL: u64 = u64::MAX;

impl Db {
    /// How much history is kept: [`Options::history`] as it is now.
    #[must_use]
    pub fn history(&self) -> Option<u64> {
        Some(self.0.history.load(Ordering::Acquire)).filter(|history| *history != HISTORY_ALL)
    }

    /// Keeps so much history from the next commit on: a smaller one is pruned to step by step, a larger one fills up.
    pub fn set_history(&self, history: Option<u64>) {
        self.0.history.store(history.unwrap_or(HISTORY_ALL), Ordering::Release);
    }

    pub(crate) fn tables(&self) -> &Tables {
        &self.0.tables
    }

    /// The last block committed; `None` before genesis.
    ///
    /// # Errors
    /// [`Error::Corrupt`](crate::Error::Corrupt).
    pub fn tip(&self) -> Result<Option<Tip>> {
        self.tables().meta.read(TIP, codec::read_tip)
    }

    /// The header at `height` and its hash, which was recomputed.
    ///
    /// # Errors
    /// [`Error::Corrupt`](crate::Error::Corrupt).
    pub fn sealed_header(&self, height: Height) -> Result<Option<(B256, Header)>> {
        let blocks = &self.tables().blocks;
        let key = block_key(height, Part::Header);
        let header = blocks.read(&key, codec::read_header)?;
        match &header {
            Some((_, header)) if header.number != height.0 => {
                Err(blocks.corrupt(&key, format!("the header is that of block {}", header.number)))
            }
            _ => Ok(header),
        }
    }

    /// The header at `height`.
    ///
    /// # Errors
    /// [`Error::Corrupt`](crate::Error::Corrupt).
    pub fn header(&self, height: Height) -> Result<Option<Header>> {
        Ok(self.sealed_header(height)?.map(|(_, header)| header))
    }

    /// A part that every block has.
    fn part<T>(
        &self,
        height: Height,
        part: Part,
        decode: impl FnOnce(&[u8]) -> Result<T, codec::Reason>,
    ) -> Result<Option<T>> {
        self.tables().blocks.read(&block_key(height, part), decode)
    }

    /// The block at `height`.
    ///
    /// # Errors
    /// [`Error::Corrupt`](crate::Error::Corrupt).
    pub fn block(&self, height: Height) -> Result<Option<SealedBlock>> {
        let Some((hash, header)) = self.sealed_header(height)? else { return Ok(None) };
        let body = |bytes: &[u8]| codec::rlp::<Vec<Transaction>>(bytes, "the body is not RLP");
        let transactions =
            self.part(height, Part::Body, body)?.ok_or_else(|| self.missing(height, Part::Body))?;
        let seal = self.part(height, Part::Seal, codec::read_seal)?.unwrap_or_default();
        Ok(Some(SealedBlock { hash, block: Block { header, transactions, seal } }))
    }

    pub(crate) fn missing(&self, height: Height, part: Part) -> crate::Error {
        self.tables().blocks.corrupt(&block_key(height, part), "the record is missing")
    }

    /// The receipts of the block at `height`, in the order of its transactions.
    ///
    /// # Errors
    /// [`Error::Corrupt`](crate::Error::Corrupt).
    pub fn receipts(&self, height: Height) -> Result<Option<Vec<Receipt>>> {
        self.part(height, Part::Receipts, codec::read_receipts)
    }

    /// The senders of the block at `height`, in the order of its transactions.
    ///
    /// # Errors
    /// [`Error::Corrupt`](crate::Error::Corrupt).
    pub fn senders(&self, height: Height) -> Result<Option<Vec<Address>>> {
        self.part(height, Part::Senders, codec::read_senders)
    }

    /// The commit certificate of the block at `height`, if there is one: genesis has none.
    ///
    /// # Errors
    /// [`Error::Corrupt`](crate::Error::Corrupt).
    pub fn certificate(&self, height: Height) -> Result<Option<Certificate>> {
        self.part(height, Part::Certificate, |bytes| codec::rlp(bytes, "the certificate is not RLP"))
    }

    /// The height of the block `hash`.
    ///
    /// # Errors
    /// [`Error::Corrupt`](crate::Error::Corrupt).
    pub fn height_of(&self, hash: &B256) -> Result<Option<Height>> {
        self.tables().hashes.read(&block_hash_key(hash), codec::read_height)
    }

    /// The block and the position in it of the transaction `hash`.
    ///
    /// # Errors
    /// [`Error::Corrupt`](crate::Error::Corrupt).
    pub fn locate(&self, hash: &B256) -> Result<Option<(Height, u32)>> {
        self.tables().hashes.read(&tx_hash_key(hash), codec::read_place)
    }

    /// The code that hashes to `hash`, which was recomputed.
    ///
    /// # Errors
    /// [`Error::Corrupt`](crate::Error::Corrupt).
    pub fn code(&self, hash: &B256) -> Result<Option<Bytes>> {
        let check = |bytes: &[u8]| {
            let matches = polity_primitives::keccak256(bytes) == *hash;
            matches.then(|| Bytes::copy_from_slice(bytes)).ok_or("the code does not hash to its key")
        };
        self.tables().meta.read(&meta_key(Kind::Code, hash.as_slice()), check)
    }

    /// The oldest height whose state can be read.
    #[must_use]
    pub fn oldest_state(&self) -> Height {
        Height(self.0.oldest.load(Ordering::Acquire))
    }

    pub(crate) fn stored_oldest(meta: &Table) -> Result<Height> {
        Ok(meta.read(OLDEST, codec::read_height)?.unwrap_or_default())
    }
}
