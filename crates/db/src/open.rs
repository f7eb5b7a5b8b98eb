//! Opening: nothing is read, let alone signed, before the files and the tip have been checked.

use std::{
    path::Path,
    sync::{Arc, atomic::AtomicU64},
};

use fjall::{CompressionType, Database};
use parking_lot::Mutex;
use polity_primitives::{Height, Receipt};

use crate::{
    Db, Options, Tip,
    commit::certifies,
    db::{Inner, Writer},
    error::{Error, Result},
    files::Home,
    inspect,
    tables::{Part, Store, Tables},
};

/// Memory for blocks of tables that were read. The trie serves the state, so only history and old blocks come here.
const CACHE_BYTES: u64 = 16 * 1024 * 1024;

/// Journals kept at most; the least that fjall allows. When one is full, the store writes out every table that has
/// records in the oldest, so that opening replays little for the sake of a table that rarely changes.
const JOURNAL_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Threads that write tables out and compact them: one for each, so that neither waits for the other.
const WORKER_THREADS: usize = 2;

/// Headers whose links are checked on opening: what a broken journal could have left out.
const LINKS_CHECKED: u64 = 64;

impl Db {
    /// Opens the database in the folder `path`, creating it if the folder is empty or absent.
    ///
    /// Cost: reads the journals (about 0.2 s per 64 MiB, of which there are at most three) and the last blocks.
    ///
    /// # Errors
    /// [`Error::Corrupt`], [`Error::Lost`], [`Error::Schema`], [`Error::Foreign`], [`Error::Locked`], [`Error::Io`].
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Self> {
        let mut home = Home::open(path.as_ref())?;
        let store = home.store();
        if !home.is_new {
            inspect::store(&store)?;
        }
        let database = Database::builder(&store)
            .cache_size(CACHE_BYTES)
            .max_journaling_size(JOURNAL_BYTES_MAX)
            .journal_compression(CompressionType::None)
            .worker_threads(WORKER_THREADS)
            .open();
        let database = database.map_err(|error| match error {
            fjall::Error::Locked => Error::Locked { path: path.as_ref().to_owned() },
            error => Error::store("files", store.display(), error),
        })?;
        let tables = Tables::open(&database)?;
        let mut watermark = home.watermark()?;
        if home.is_new {
            home.finish()?;
        }
        let oldest = AtomicU64::new(Self::stored_oldest(&tables.meta)?.0);
        let recorded = watermark.get()?;
        watermark.sync()?;
        let writer = Mutex::new(Writer { tip: None, watermark: Some(watermark) });
        let history = options.atomic();
        let (store, lock) = (Store::Disk(database), Some(home.lock));
        let db = Self(Arc::new(Inner { tables, store, history, oldest, writer, _lock: lock }));
        check_watermark(recorded, db.tip()?)?;
        db.checked()
    }

    /// What was just opened, if its tip is sound.
    pub(crate) fn checked(self) -> Result<Self> {
        let found = self.tip()?;
        match &found {
            Some(tip) => self.check_tip(tip)?,
            None => self.check_empty()?,
        }
        self.0.writer.lock().tip = found;
        Ok(self)
    }

    /// Without a tip there must be no block either.
    fn check_empty(&self) -> Result<()> {
        let blocks = &self.tables().blocks;
        match blocks.all().next().transpose()? {
            None => Ok(()),
            Some((key, _)) => Err(blocks.corrupt(&key, "there are blocks, but no tip")),
        }
    }

    /// Reads the tip back and checks everything in it that hashes to something.
    fn check_tip(&self, tip: &Tip) -> Result<()> {
        let height = tip.height;
        let wrong = |what: &'static str| Err(Error::corrupt("blocks", height, what));
        let Some(block) = self.block(height)? else { return wrong("the tip's block is missing") };
        if block.hash != tip.hash {
            return wrong("the tip's block has another hash");
        }
        let header = &block.block.header;
        if block.block.transactions_root() != header.transactions_root {
            return wrong("the tip's body does not hash to its header's transactions root");
        }
        let receipts = self.receipts(height)?.ok_or_else(|| self.missing(height, Part::Receipts))?;
        if Receipt::root(&receipts) != header.receipts_root {
            return wrong("the tip's receipts do not hash to its header's receipts root");
        }
        let senders = self.senders(height)?.ok_or_else(|| self.missing(height, Part::Senders))?;
        if senders.len() != block.block.transactions.len() {
            return wrong("the tip has not one sender per transaction");
        }
        if self.certificate(height)?.is_some_and(|certificate| !certifies(&certificate, height, &tip.hash)) {
            return wrong("the tip's certificate is for another block");
        }
        if self.height_of(&tip.hash)? != Some(height) {
            return wrong("the tip's hash is not found");
        }
        self.check_links(tip)
    }

    /// Checks that the last headers link, and that the history of each is there.
    fn check_links(&self, tip: &Tip) -> Result<()> {
        let oldest = self.oldest_state();
        if oldest > tip.height {
            return Err(Error::corrupt(
                "meta",
                "oldest",
                format!("{oldest} is above the tip {}", tip.height),
            ));
        }
        let mut expected = tip.hash;
        let lowest = tip.height.0.saturating_sub(LINKS_CHECKED);
        for height in (lowest..=tip.height.0).rev().map(Height) {
            let Some((hash, header)) = self.sealed_header(height)? else {
                // The first block of an imported chain has no parent here, and no history.
                let first = self.changes(height.next())?.is_none();
                let what = "a header below the tip is missing";
                return if first { Ok(()) } else { Err(Error::corrupt("blocks", height, what)) };
            };
            if hash != expected {
                return Err(Error::corrupt(
                    "blocks",
                    height,
                    "the header is not the parent of the one above",
                ));
            }
            if height > oldest && self.changes(height)?.is_none() {
                return Err(Error::corrupt("undo", height, "the record is missing"));
            }
            expected = header.parent_hash;
        }
        Ok(())
    }
}

fn check_watermark(recorded: Option<Tip>, found: Option<Tip>) -> Result<()> {
    let Some(recorded) = recorded else { return Ok(()) };
    let lost = match found {
        None => true,
        Some(found) => {
            found.height < recorded.height || (found.height == recorded.height && found.hash != recorded.hash)
        }
    };
    if lost { Err(Error::Lost { recorded, found }) } else { Ok(()) }
}
