//! The tables and their keys. See the crate documentation for the drawing.

use fjall::{
    Database, Keyspace, KeyspaceCreateOptions, OwnedWriteBatch, UserValue, config::CompressionPolicy,
};
use polity_primitives::{Address, B256, Height, U256};

use crate::{
    codec::Reason,
    error::{Error, Result},
    memory::{Memory, Write},
};

const MIB: u64 = 1024 * 1024;

/// A table: its name, and its memory before it is written out.
///
/// Nothing is compressed: signatures and hashes do not shrink, and a block that is stored as it is needs no length that
/// only a decompressor would check.
///
/// The memory of a table of small records is small: it is made and freed record by record.
pub(crate) struct Spec {
    pub(crate) name: &'static str,
    memtable_bytes_max: u64,
}

/// All tables, in the order in which they are created: the store numbers its folders by it, from 1.
pub(crate) const SPECS: [Spec; 7] = [
    Spec { name: "meta", memtable_bytes_max: 2 * MIB },
    Spec { name: "blocks", memtable_bytes_max: 8 * MIB },
    Spec { name: "hashes", memtable_bytes_max: 2 * MIB },
    Spec { name: "state", memtable_bytes_max: 2 * MIB },
    Spec { name: "history", memtable_bytes_max: 2 * MIB },
    Spec { name: "undo", memtable_bytes_max: 8 * MIB },
    Spec { name: "candidates", memtable_bytes_max: 8 * MIB },
];

/// Where batches go.
pub(crate) enum Store {
    Disk(Database),
    Memory(Memory),
}

/// Where the records of a table are.
#[derive(Clone)]
enum Records {
    Disk(Keyspace),
    /// The table of this number.
    Memory(Memory, usize),
}

type Record = (fjall::UserKey, UserValue);

/// A table of the store, with its name for errors.
#[derive(Clone)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    records: Records,
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
        Ok(Self { name: spec.name, records: Records::Disk(keyspace) })
    }

    pub(crate) fn corrupt(&self, key: &[u8], reason: impl ToString) -> Error {
        Error::corrupt(self.name, alloy_primitives::hex::encode_prefixed(key), reason)
    }

    fn failed(&self, key: &[u8], error: fjall::Error) -> Error {
        Error::store(self.name, alloy_primitives::hex::encode_prefixed(key), error)
    }

    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<UserValue>> {
        match &self.records {
            Records::Disk(keyspace) => keyspace.get(key).map_err(|e| self.failed(key, e)),
            Records::Memory(memory, table) => Ok(memory.get(*table, key)),
        }
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
    ) -> Box<dyn DoubleEndedIterator<Item = Result<Record>> + '_> {
        match &self.records {
            Records::Disk(keyspace) => {
                let range: std::ops::RangeInclusive<Vec<u8>> = from.to_vec()..=to.to_vec();
                let from = from.to_vec();
                let read = move |guard: fjall::Guard| guard.into_inner().map_err(|e| self.failed(&from, e));
                Box::new(keyspace.range(range).map(read))
            }
            Records::Memory(memory, table) => {
                Box::new(memory.range(*table, Some((from, to))).into_iter().map(Ok))
            }
        }
    }

    /// All records, in order.
    pub(crate) fn all(&self) -> Box<dyn Iterator<Item = Result<Record>> + '_> {
        match &self.records {
            Records::Disk(keyspace) => {
                Box::new(keyspace.iter().map(|guard| guard.into_inner().map_err(|e| self.failed(&[], e))))
            }
            Records::Memory(memory, table) => Box::new(memory.range(*table, None).into_iter().map(Ok)),
        }
    }

    /// Keys in `from..=to`, in order.
    pub(crate) fn keys(
        &self,
        from: &[u8],
        to: &[u8],
    ) -> Box<dyn Iterator<Item = Result<fjall::UserKey>> + '_> {
        match &self.records {
            Records::Disk(keyspace) => {
                let range: std::ops::RangeInclusive<Vec<u8>> = from.to_vec()..=to.to_vec();
                let from = from.to_vec();
                Box::new(
                    keyspace.range(range).map(move |guard| guard.key().map_err(|e| self.failed(&from, e))),
                )
            }
            Records::Memory(memory, table) => {
                Box::new(memory.range(*table, Some((from, to))).into_iter().map(|(key, _)| Ok(key)))
            }
        }
    }

    /// Starts writing the memory of this table to disk, in the background, before the store would.
    #[cfg(test)]
    pub(crate) fn flush(&self) -> Result<()> {
        match &self.records {
            Records::Disk(keyspace) => keyspace.rotate_memtable().map(drop).map_err(|e| self.failed(&[], e)),
            Records::Memory(..) => Ok(()),
        }
    }
}

#[cfg(test)]
impl Tables {
    /// Writes all tables out and waits until they are.
    pub(crate) fn flush_and_wait(&self) {
        let Self { meta, blocks, hashes, state, history, undo, candidates } = self;
        for table in [meta, blocks, hashes, state, history, undo, candidates] {
            if let Records::Disk(keyspace) = &table.records {
                keyspace.rotate_memtable_and_wait().expect("flushes");
            }
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

    /// The tables in `memory`.
    pub(crate) fn in_memory(memory: &Memory) -> Self {
        let table = |number: usize, spec: &Spec| Table {
            name: spec.name,
            records: Records::Memory(memory.clone(), number),
        };
        let [meta, blocks, hashes, state, history, undo, candidates] = &SPECS;
        Self {
            meta: table(0, meta),
            blocks: table(1, blocks),
            hashes: table(2, hashes),
            state: table(3, state),
            history: table(4, history),
            undo: table(5, undo),
            candidates: table(6, candidates),
        }
    }

    #[cfg(test)]
    pub(crate) fn flush(&self) -> Result<()> {
        let Self { meta, blocks, hashes, state, history, undo, candidates } = self;
        [meta, blocks, hashes, state, history, undo, candidates].into_iter().try_for_each(Table::flush)
    }
}

/// Writes that happen together or not at all.
pub(crate) struct Batch {
    to: Target,
}

enum Target {
    Disk(OwnedWriteBatch),
    Memory(Memory, Vec<Write>),
}

impl Batch {
    pub(crate) fn new(store: &Store) -> Self {
        let to = match store {
            // `SyncData` returns when the journal is on the disk: fdatasync also writes the length, which is all the
            // metadata that reading it back needs.
            Store::Disk(database) => {
                Target::Disk(database.batch().durability(Some(fjall::PersistMode::SyncData)))
            }
            Store::Memory(memory) => Target::Memory(memory.clone(), Vec::new()),
        };
        Self { to }
    }

    pub(crate) fn put(&mut self, table: &Table, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        self.write(table, key.as_ref(), Some(value.as_ref()));
    }

    pub(crate) fn delete(&mut self, table: &Table, key: impl AsRef<[u8]>) {
        self.write(table, key.as_ref(), None);
    }

    /// A batch and its tables come from one [`Db`](crate::Db), so their kinds are one too.
    fn write(&mut self, table: &Table, key: &[u8], value: Option<&[u8]>) {
        match (&mut self.to, &table.records) {
            (Target::Disk(batch), Records::Disk(keyspace)) => match value {
                Some(value) => batch.insert(keyspace, key, value),
                None => batch.remove(keyspace, key),
            },
            (Target::Memory(_, writes), Records::Memory(_, table)) => {
                writes.push(Write { table: *table, key: key.into(), value: value.map(Into::into) });
            }
            _ => debug_assert!(false, "a batch and a table of different stores"),
        }
    }

    /// Makes the writes durable and visible.
    pub(crate) fn commit(self) -> Result<()> {
        match self.to {
            Target::Disk(batch) => batch.commit().map_err(|e| Error::store("journal", "commit", e)),
            Target::Memory(memory, writes) => memory.write(writes),
        }
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
    /// Only of blocks that have one.
    Seal = 5,
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

/// First and last key of the candidates of these heights.
pub(crate) fn candidate_height_keys(from: Height, to: Height) -> ([u8; 41], [u8; 41]) {
    (candidate_height_key(from, &B256::ZERO), candidate_height_key(to, &B256::repeat_byte(0xff)))
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
