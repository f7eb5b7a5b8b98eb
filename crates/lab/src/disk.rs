//! A node's disk: what is there after the power failed.
//!
//! The store is the database's own, in memory or in a folder; a batch is written whole or not at all, as its journal
//! guarantees. The engine's log is a file whose writes reach the disk for good when it is synced; of those after the last sync
//! a crash keeps some, in order, and perhaps a piece of the next.
//!
//! Rule kept: the code that reads and writes is the production's; only the medium is simulated.

use std::{
    cell::RefCell,
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    rc::Rc,
};

use malachitebft_wal::Storage;
use polity_db::Memory;

use crate::rng::Rng;

/// Where the database is.
#[derive(Clone, Debug)]
pub enum Store {
    /// In memory.
    Memory(Memory),
    /// In a folder of the real disk.
    Folder(PathBuf),
}

/// A node's disk. Clones share it.
#[derive(Clone, Debug)]
pub struct Disk {
    /// The database.
    pub store: Store,
    /// The engine's log.
    pub log: LogFile,
}

impl Disk {
    /// A disk with `store` and an empty log.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store, log: LogFile::default() }
    }

    /// The power fails after `writes` more writes of the log, or of the database.
    pub fn fail_after(&self, writes: u64, of_log: bool) {
        match &self.store {
            Store::Memory(memory) if !of_log => memory.fail_after(Some(writes)),
            _ => self.log.file.borrow_mut().left = Some(writes),
        }
    }

    /// The power will not fail after all.
    pub fn spare(&self) {
        if let Store::Memory(memory) = &self.store {
            memory.fail_after(None);
        }
        self.log.file.borrow_mut().left = None;
    }

    /// The power is gone: what was not synced is lost, or kept in part. Then it is on again.
    ///
    /// # Errors
    /// What copying a folder says.
    pub fn crash(&mut self, rng: &mut Rng) -> io::Result<()> {
        match &mut self.store {
            Store::Memory(memory) => memory.fail_after(None),
            Store::Folder(folder) => {
                // The process that has the folder open goes on closing it; what it left at this moment is in the copy.
                let copy = folder.with_extension(next_extension(folder));
                copy_folder(folder, &copy)?;
                *folder = copy;
            }
        }
        self.log.crash(rng);
        Ok(())
    }

    /// Forgets everything the engine wrote: what a villain does who wants to vote anew.
    pub fn forget_log(&mut self) {
        self.log = LogFile::default();
    }
}

fn next_extension(folder: &Path) -> String {
    let number = folder.extension().and_then(|e| e.to_str()).and_then(|e| e.parse::<u64>().ok()).unwrap_or(0);
    number.saturating_add(1).to_string()
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let path = entry?.path();
        let Some(name) = path.file_name() else { continue };
        if path.is_dir() {
            copy_folder(&path, &to.join(name))?;
        } else {
            let mut bytes = std::fs::read(&path)?;
            if path.extension().is_some_and(|extension| extension == "jnl") {
                // Space that was reserved and not written.
                bytes.truncate(bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1));
            }
            std::fs::write(to.join(name), bytes)?;
        }
    }
    Ok(())
}

#[derive(Clone, Debug)]
enum Op {
    Write { at: usize, bytes: Vec<u8> },
    Truncate(usize),
}

impl Op {
    fn apply(&self, file: &mut Vec<u8>) {
        match self {
            Self::Truncate(len) => file.resize(*len, 0),
            Self::Write { at, bytes } => {
                let end = at.saturating_add(bytes.len());
                if file.len() < end {
                    file.resize(end, 0);
                }
                if let Some(to) = file.get_mut(*at..end) {
                    to.copy_from_slice(bytes);
                }
            }
        }
    }
}

#[derive(Debug, Default)]
struct File {
    /// What is on the disk for good.
    synced: Vec<u8>,
    /// What a reader sees.
    shown: Vec<u8>,
    /// What was done since the last sync.
    pending: Vec<Op>,
    /// Writes until the power fails.
    left: Option<u64>,
}

impl File {
    fn act(&mut self, op: Op) -> io::Result<()> {
        match &mut self.left {
            Some(0) => return Err(io::Error::other("the power failed")),
            Some(left) => *left -= 1,
            None => {}
        }
        op.apply(&mut self.shown);
        self.pending.push(op);
        Ok(())
    }
}

/// The file of the engine's log. Clones share the file and have their own position.
#[derive(Clone, Debug, Default)]
pub struct LogFile {
    file: Rc<RefCell<File>>,
    at: usize,
}

impl LogFile {
    fn crash(&mut self, rng: &mut Rng) {
        let mut file = self.file.borrow_mut();
        let File { synced, shown, pending, left } = &mut *file;
        let kept = rng.index(pending.len().saturating_add(1));
        let mut rest = pending.drain(..);
        rest.by_ref().take(kept).for_each(|op| op.apply(synced));
        if let Some(Op::Write { at, mut bytes }) = rest.next() {
            bytes.truncate(rng.index(bytes.len().saturating_add(1)));
            if !bytes.is_empty() {
                Op::Write { at, bytes }.apply(synced);
            }
        }
        drop(rest);
        shown.clone_from(synced);
        *left = None;
    }
}

impl Read for LogFile {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let file = self.file.borrow();
        let from = file.shown.get(self.at..).unwrap_or_default();
        let len = from.len().min(to.len());
        for (to, from) in to.iter_mut().zip(from) {
            *to = *from;
        }
        self.at = self.at.saturating_add(len);
        Ok(len)
    }
}

impl Write for LogFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.borrow_mut().act(Op::Write { at: self.at, bytes: bytes.to_vec() })?;
        self.at = self.at.saturating_add(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for LogFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let len = self.file.borrow().shown.len();
        let (base, by) = match to {
            SeekFrom::Start(at) => (0, i64::try_from(at).map_err(io::Error::other)?),
            SeekFrom::Current(by) => (self.at, by),
            SeekFrom::End(by) => (len, by),
        };
        let by = isize::try_from(by).map_err(io::Error::other)?;
        self.at = base.checked_add_signed(by).ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at as u64)
    }
}

impl Storage for LogFile {
    type OpenOptions = Self;

    fn open_with(_: impl AsRef<Path>, file: Self) -> io::Result<Self> {
        Ok(Self { file: file.file, at: 0 })
    }

    fn size_bytes(&self) -> io::Result<u64> {
        Ok(self.file.borrow().shown.len() as u64)
    }

    fn truncate_to(&mut self, size: u64) -> io::Result<()> {
        let len = usize::try_from(size).map_err(io::Error::other)?;
        self.file.borrow_mut().act(Op::Truncate(len))
    }

    fn sync_all(&mut self) -> io::Result<()> {
        let mut file = self.file.borrow_mut();
        if file.left == Some(0) {
            return Err(io::Error::other("the power failed"));
        }
        let File { synced, pending, .. } = &mut *file;
        pending.drain(..).for_each(|op| op.apply(synced));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use malachitebft_wal::log::Log;

    use super::*;

    fn open(disk: &Disk) -> Log<LogFile> {
        Log::open_with("log", disk.log.clone()).expect("opens")
    }

    fn entries(log: &mut Log<LogFile>) -> Vec<Vec<u8>> {
        log.iter().expect("reads").map(|entry| entry.expect("whole")).collect()
    }

    #[test]
    fn what_was_synced_stays_and_what_was_not_is_cut_at_any_byte() {
        let mut lengths = std::collections::BTreeSet::new();
        for seed in 0..200 {
            let mut disk = Disk::new(Store::Memory(Memory::new()));
            let mut log = open(&disk);
            log.reset(7).expect("resets");
            (0..3u8).for_each(|i| log.append([i; 100]).expect("appends"));
            log.flush().expect("syncs");
            (3..6u8).for_each(|i| log.append([i; 100]).expect("appends"));
            disk.crash(&mut Rng::new(seed)).expect("no folder");
            let mut log = open(&disk);
            assert_eq!(log.sequence(), 7);
            let found = entries(&mut log);
            assert!((3..=6).contains(&found.len()), "{}", found.len());
            assert!((0u8..).zip(&found).all(|(i, entry)| *entry == [i; 100]), "in order and whole");
            lengths.insert(found.len());
        }
        assert!(lengths.len() > 1, "some is lost, some is kept: {lengths:?}");
    }

    #[test]
    fn without_power_nothing_is_written_or_synced() {
        let mut disk = Disk::new(Store::Memory(Memory::new()));
        let mut log = open(&disk);
        disk.fail_after(0, true);
        assert!(log.append([1; 10]).is_err() && log.flush().is_err());
        disk.crash(&mut Rng::new(1)).expect("no folder");
        assert!(open(&disk).append([1; 10]).is_ok());
    }
}
