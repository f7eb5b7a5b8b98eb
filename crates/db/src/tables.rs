//! The tables and their keys. See the crate documentation for the drawing.

use fjall::{
    Database, Keyspace, KeyspaceCreateOptions, OwnedWriteBatch, UserValue, config::CompressionPolicy,
};
use polity_primitives::{Address, B256, Height, U256};

use crate::{
    codec::Reason,
    error::{Error, Result},
};

const MIB: u64 = 1024 * 1024;

/// A table: its name, and its memory before it is written out.
///
/// Nothing is compressed: signatures and hashes do not shrink, and a block that is stored as it is needs no length that
/// only a decompressor would check.
pub(crate) struct Spec {
    pub(crate) name: &'static str,
    memtable_bytes_max: u64,
}

/// All tables, in the order in which they are created: the store numbers its folders by it, from 1.
pub(crate) const SPECS: [Spec; 7] = [
    Spec { name: "meta", memtable_bytes_max: 2 * MIB },
    Spec { name: "blocks", memtable_bytes_max: 8 * MIB },
    Spec { name: "hashes", memtable_bytes_max: 8 * MIB },
    Spec { name: "state", memtable_bytes_max: 8 * MIB },
    Spec { name: "history", memtable_bytes_max: 8 * MIB },
    Spec { name: "undo", memtable_bytes_max: 8 * MIB },
    Spec { name: "candidates", memtable_bytes_max: 8 * MIB },
];

/// A table of the store, with its name for errors.
#[derive(Clone)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    keyspace: Keyspace,
}

impl Table {
    fn open(database: &Database, spec: &Spec) -> Result<Self> {
        let options = || {
            KeyspaceCreateOptions::default()
                .max_memtable_size(spec.memtable_bytes_max)
                .data_block_compression_policy(CompressionPolicy::disabled())
                .expect_point_read_hits(true)
        };
        let keyspace = database.keyspace(spec.name, options).map_err(|e| Error::store(spec.name, "", e))?;
        Ok(Self { name: spec.name, keyspace })
    }

    pub(crate) fn corrupt(&self, key: &[u8], reason: impl ToString) -> Error {
        Error::corrupt(self.name, alloy_primitives::hex::encode_prefixed(key), reason)
    }

    fn failed(&self, key: &[u8], error: fjall::Error) -> Error {
        Error::store(self.name, alloy_primitives::hex::encode_prefixed(key), error)
    }

    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<UserValue>> {
        self.keyspace.get(key).map_err(|e| self.failed(key, e))
    }

    /// Reads and decodes the record at `key`.
    pub(crate) fn read<T>(
        &self,
        key: &[u8],
        decode: impl FnOnce(&[u8]) -> Result<T, Reason>,
    ) -> Result<Option<T>> {
        self.get(key)?.map(|bytes| decode(&bytes).map_err(|reason| self.corrupt(key, reason))).transpose()
    }

    /// Records with keys in `from..=to`, in order, each with its key.
    pub(crate) fn range(
        &self,
        from: &[u8],
        to: &[u8],
    ) -> impl DoubleEndedIterator<Item = Result<(fjall::UserKey, UserValue)>> + '_ {
        let range: std::ops::RangeInclusive<Vec<u8>> = from.to_vec()..=to.to_vec();
        let from = from.to_vec();
        self.keyspace.range(range).map(move |guard| guard.into_inner().map_err(|e| self.failed(&from, e)))
    }

    /// All records, in order.
    pub(crate) fn all(&self) -> impl Iterator<Item = Result<(fjall::UserKey, UserValue)>> + '_ {
        self.keyspace.iter().map(|guard| guard.into_inner().map_err(|e| self.failed(&[], e)))
    }

    /// Keys in `from..=to`, in order.
    pub(crate) fn keys(&self, from: &[u8], to: &[u8]) -> impl Iterator<Item = Result<fjall::UserKey>> + '_ {
        let range: std::ops::RangeInclusive<Vec<u8>> = from.to_vec()..=to.to_vec();
        let from = from.to_vec();
        self.keyspace.range(range).map(move |guard| guard.key().map_err(|e| self.failed(&from, e)))
    }

    /// Starts writing the memory of this table to disk, in the background.
    pub(crate) fn flush(&self) -> Result<()> {
        self.keyspace.rotate_memtable().map(drop).map_err(|e| self.failed(&[], e))
    }
}

#[cfg(test)]
impl Tables {
    /// Writes all tables out and waits until they are.
    pub(crate) fn flush_and_wait(&self) {
        let Self { meta, blocks, hashes, state, history, undo, candidates } = self;
        for table in [meta, blocks, hashes, state, history, undo, candidates] {
            table.keyspace.rotate_memtable_and_wait().expect("flushes");
        }
    }
}

/// Every table.
#[derive(Clone)]
pub(crate) struct Tables {
    pub(crate) meta: Table,
    pub(crate) blocks: Table,
    pub(crate) hashes: Table,
    pub(crate) state: Table,
    pub(crate) history: Table,
    pub(crate) undo: Table,
    pub(crate) candidates: Table,
}

impl Tables {
    /// Opens the tables, creating those that do not exist.
    pub(crate) fn open(database: &Database) -> Result<Self> {
        let [meta, blocks, hashes, state, history, undo, candidates] =
            SPECS.each_ref().map(|spec| Table::open(database, spec));
        Ok(Self {
            meta: meta?,
            blocks: blocks?,
            hashes: hashes?,
            state: state?,
            history: history?,
            undo: undo?,
            candidates: candidates?,
        })
    }

    pub(crate) fn flush(&self) -> Result<()> {
        let Self { meta, blocks, hashes, state, history, undo, candidates } = self;
        [meta, blocks, hashes, state, history, undo, candidates].into_iter().try_for_each(Table::flush)
    }
}

/// Writes that happen together or not at all, and counts their bytes.
pub(crate) struct Batch {
    inner: OwnedWriteBatch,
    bytes: usize,
}

impl Batch {
    pub(crate) fn new(database: &Database) -> Self {
        // `SyncData` returns when the journal is on the disk: fdatasync also writes the length, which is all the
        // metadata that reading it back needs.
        Self { inner: database.batch().durability(Some(fjall::PersistMode::SyncData)), bytes: 0 }
    }

    pub(crate) fn put(&mut self, table: &Table, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        let (key, value) = (key.as_ref(), value.as_ref());
        self.bytes = self.bytes.saturating_add(key.len()).saturating_add(value.len());
        self.inner.insert(&table.keyspace, key, value);
    }

    pub(crate) fn delete(&mut self, table: &Table, key: impl AsRef<[u8]>) {
        let key = key.as_ref();
        self.bytes = self.bytes.saturating_add(key.len());
        self.inner.remove(&table.keyspace, key);
    }

    /// Makes the writes durable and visible. Returns their size.
    pub(crate) fn commit(self) -> Result<usize> {
        self.inner.commit().map_err(|e| Error::store("journal", "commit", e))?;
        Ok(self.bytes)
    }
}

/// Which part of a block a record of `blocks` holds.
#[derive(Clone, Copy)]
pub(crate) enum Part {
    Header = 0,
    Body = 1,
    Senders = 2,
    Receipts = 3,
    Certificate = 4,
}

/// Which kind of record of `meta`.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Own = 0,
    User = 1,
    Evidence = 2,
    Code = 3,
}

/// Key of the record of the last block committed.
pub(crate) const TIP: &[u8] = &[Kind::Own as u8, b't'];
/// Key of the height of the oldest state that can be read.
pub(crate) const OLDEST: &[u8] = &[Kind::Own as u8, b'o'];

pub(crate) fn block_key(height: Height, part: Part) -> [u8; 9] {
    join(&height.0.to_be_bytes(), &[part as u8])
}

pub(crate) fn block_hash_key(hash: &B256) -> [u8; 33] {
    join(b"b", hash.as_slice())
}

pub(crate) fn tx_hash_key(hash: &B256) -> [u8; 33] {
    join(b"t", hash.as_slice())
}

pub(crate) fn slot_key(address: &Address, slot: &U256) -> [u8; 52] {
    join(address.as_slice(), &slot.to_be_bytes::<32>())
}

pub(crate) fn account_history_key(address: &Address, height: u64) -> [u8; 29] {
    join(&join::<21>(address.as_slice(), &[0]), &height.to_be_bytes())
}

pub(crate) fn slot_history_key(address: &Address, slot: &U256, height: u64) -> [u8; 61] {
    join(&join::<53>(&join::<21>(address.as_slice(), &[1]), &slot.to_be_bytes::<32>()), &height.to_be_bytes())
}

pub(crate) fn candidate_key(hash: &B256) -> [u8; 33] {
    join(b"c", hash.as_slice())
}

pub(crate) fn candidate_height_key(height: Height, hash: &B256) -> [u8; 41] {
    join(&join::<9>(b"h", &height.0.to_be_bytes()), hash.as_slice())
}

pub(crate) fn meta_key(kind: Kind, key: &[u8]) -> Vec<u8> {
    [&[kind as u8], key].concat()
}

/// `a` then `b`, whose lengths are `N` together.
fn join<const N: usize>(a: &[u8], b: &[u8]) -> [u8; N] {
    debug_assert_eq!(a.len() + b.len(), N);
    let mut out = [0; N];
    for (to, from) in out.iter_mut().zip(a.iter().chain(b)) {
        *to = *from;
    }
    out
}
