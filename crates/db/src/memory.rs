//! A store in memory in place of a disk, for simulation.
//!
//! It keeps what a disk would keep: batches whole, in order, and nothing of a batch during which the power failed. A database
//! opened on it is the same code from the tables up; only the files are missing, and with them the lock and the watermark,
//! which guard against losses that cannot happen here.
//!
//! Rule kept: what was committed is there when it is opened again, by whomever holds the [`Memory`].

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::AtomicU64},
};

use fjall::Slice;
use parking_lot::Mutex;

use crate::{
    Db, Options,
    db::{Inner, Writer},
    error::{Error, Result},
    tables::{SPECS, Tables},
};

/// What a store in memory holds. Clones share it.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<Held>>);

#[derive(Clone, Default)]
struct Held {
    tables: [BTreeMap<Slice, Slice>; SPECS.len()],
    /// Batches that are still written before the power fails.
    left: Option<u64>,
    written: u64,
}

/// A write to one table: the key, and the value or its removal.
pub(crate) struct Write {
    pub(crate) table: usize,
    pub(crate) key: Slice,
    pub(crate) value: Option<Slice>,
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Memory").field("batches", &self.0.lock().written).finish_non_exhaustive()
    }
}

impl Memory {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A copy that lives on by itself, with the power on.
    #[must_use]
    pub fn fork(&self) -> Self {
        let held = Held { left: None, ..self.0.lock().clone() };
        Self(Arc::new(Mutex::new(held)))
    }

    /// After `batches` more, writing fails and leaves nothing, until told otherwise. `None`: it works again.
    pub fn fail_after(&self, batches: Option<u64>) {
        self.0.lock().left = batches;
    }

    /// Batches written so far.
    #[must_use]
    pub fn batches(&self) -> u64 {
        self.0.lock().written
    }

    pub(crate) fn get(&self, table: usize, key: &[u8]) -> Option<Slice> {
        self.0.lock().tables.get(table)?.get(key).cloned()
    }

    /// Records of `table` with keys in `from..=to`; all without bounds.
    pub(crate) fn range(&self, table: usize, bounds: Option<(&[u8], &[u8])>) -> Vec<(Slice, Slice)> {
        let held = self.0.lock();
        let Some(records) = held.tables.get(table) else { return Vec::new() };
        let owned = |(key, value): (&Slice, &Slice)| (key.clone(), value.clone());
        match bounds {
            None => records.iter().map(owned).collect(),
            Some((from, to)) if from <= to => {
                records.range(Slice::from(from)..=Slice::from(to)).map(owned).collect()
            }
            Some(_) => Vec::new(),
        }
    }

    pub(crate) fn write(&self, writes: Vec<Write>) -> Result<()> {
        let mut held = self.0.lock();
        match &mut held.left {
            Some(0) => {
                let failure = std::io::Error::other("the power failed");
                return Err(Error::store("journal", "commit", fjall::Error::Io(failure)));
            }
            Some(left) => *left -= 1,
            None => {}
        }
        held.written = held.written.saturating_add(1);
        for Write { table, key, value } in writes {
            let Some(records) = held.tables.get_mut(table) else { continue };
            match value {
                Some(value) => records.insert(key, value),
                None => records.remove(&key),
            };
        }
        Ok(())
    }
}

impl Db {
    /// Opens the database that `memory` holds, creating it if that is empty. Nothing touches a disk.
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    pub fn in_memory(memory: &Memory, options: Options) -> Result<Self> {
        let tables = Tables::in_memory(memory);
        let oldest = AtomicU64::new(Self::stored_oldest(&tables.meta)?.0);
        let writer = Mutex::new(Writer { tip: None, watermark: None });
        let store = crate::tables::Store::Memory(memory.clone());
        Self(Arc::new(Inner { tables, store, history: options.atomic(), oldest, writer, _lock: None }))
            .checked()
    }
}
