//! The journal: batches that may not be in the tables yet.
//!
//! ```text
//! <id>.jnl  batches, then zeros
//! batch     1 | items 4 LE | sequence 8 LE | items | 3 | xxh3-64 of the items 8 LE | "FJL" 3
//! item      2 | type 1 | compression 1 | table 8 LE | key_len 2 LE | value_len 4 LE | stored_len 4 LE | key | value
//! clear     4 | table 8 LE
//! ```
//!
//! Only the last journal is written to, so only its last batch may be broken, by a crash while it was written: it was
//! never reported as committed, and is cut off here. Anything else that is broken is damage. The checksum does not cover
//! the sequence number, but the numbers must rise.

use std::{
    fs::{File, OpenOptions},
    io::{BufRead, BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use xxhash_rust::xxh3::Xxh3;

use crate::error::{Error, Result};

const MAGIC: &[u8; 4] = b"FJL\x03";
/// A journal is closed once it has grown beyond this; a closed one that is shorter was cut.
const CLOSED_BYTES_MIN: u64 = 64_000_000;
/// The store reserves the top bits of sequence numbers.
const SEQUENCE_MAX: u64 = 1 << 62;
/// Places behind a broken batch at which another is looked for. A batch ends in its magic once; more are someone's data.
const STARTS_MAX: usize = 4096;
/// Bytes of a value read at a time.
const CHUNK: usize = 64 * 1024;

/// Checks all journals of a store, and cuts off an unfinished last batch.
pub(super) fn check(store: &Path) -> Result<()> {
    let journals = list(store)?;
    let mut last_sequence = None;
    for (i, (id, path)) in journals.iter().enumerate() {
        let is_active = i + 1 == journals.len();
        if journals.get(i + 1).is_some_and(|(next, _)| *next != id + 1) {
            return Err(Error::corrupt("journal", format!("{}.jnl", id + 1), "the file is missing"));
        }
        let mut journal = Journal::open(path)?;
        last_sequence = journal.check(is_active, last_sequence)?;
    }
    Ok(())
}

/// Journals by their numbers.
fn list(store: &Path) -> Result<Vec<(u64, PathBuf)>> {
    let mut journals = Vec::new();
    for entry in store.read_dir().map_err(Error::io(store))? {
        let path = entry.map_err(Error::io(store))?.path();
        if path.extension().is_none_or(|extension| !extension.eq_ignore_ascii_case("jnl")) {
            continue;
        }
        let id = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse().ok());
        let id =
            id.filter(|_| path.is_file() && path.extension().is_some_and(|extension| extension == "jnl"));
        let id =
            id.ok_or_else(|| Error::corrupt("journal", path.display(), "the file's name is no number"))?;
        journals.push((id, path));
    }
    journals.sort();
    if journals.is_empty() {
        return Err(Error::corrupt("journal", store.display(), "there is no journal"));
    }
    Ok(journals)
}

struct Journal<'a> {
    path: &'a Path,
    reader: BufReader<File>,
    len: u64,
    /// Offset of the reader.
    at: u64,
}

/// Why a batch could not be read.
enum Broken {
    /// It is not what a batch looks like.
    Bytes,
    Io(std::io::Error),
}

impl From<std::io::Error> for Broken {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::UnexpectedEof { Self::Bytes } else { Self::Io(error) }
    }
}

impl<'a> Journal<'a> {
    fn open(path: &'a Path) -> Result<Self> {
        let open = || {
            let file = OpenOptions::new().read(true).write(true).open(path)?;
            let len = file.metadata()?.len();
            Ok(Self { path, reader: BufReader::with_capacity(CHUNK, file), len, at: 0 })
        };
        open().map_err(Error::io(path))
    }

    fn corrupt(&self, at: u64, reason: &str) -> Error {
        Error::corrupt("journal", format!("{} at byte {at}", self.path.display()), reason)
    }

    /// Returns the sequence number of the last batch.
    fn check(&mut self, is_active: bool, mut last: Option<u64>) -> Result<Option<u64>> {
        let end = loop {
            let at = self.at;
            match self.batch() {
                Ok(sequence) if last.is_some_and(|last| sequence <= last) || sequence > SEQUENCE_MAX => {
                    return Err(self.corrupt(at, "the sequence numbers do not rise"));
                }
                Ok(sequence) => last = Some(sequence),
                Err(Broken::Bytes) => break at,
                Err(Broken::Io(error)) => return Err(Error::io(self.path)(error)),
            }
        };
        let rest = self.rest(end, last).map_err(Error::io(self.path))?;
        match rest {
            Rest::Zeros if !is_active && end < CLOSED_BYTES_MIN => {
                Err(self.corrupt(end, "the journal was cut here"))
            }
            Rest::Zeros => Ok(last),
            Rest::Unfinished if is_active => {
                let cut = self.reader.get_ref().set_len(end).and_then(|()| self.reader.get_ref().sync_all());
                cut.map_err(Error::io(self.path))?;
                Ok(last)
            }
            Rest::Unfinished | Rest::Batches => {
                Err(self.corrupt(end, "a batch is damaged, and others follow it"))
            }
        }
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Broken> {
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes)?;
        self.at = self.at.saturating_add(N as u64);
        Ok(bytes)
    }

    /// Reads a whole batch and returns its sequence number.
    fn batch(&mut self) -> Result<u64, Broken> {
        if self.bytes()? != [1] {
            return Err(Broken::Bytes);
        }
        let items = u32::from_le_bytes(self.bytes()?);
        let sequence = u64::from_le_bytes(self.bytes()?);
        let mut checksum = Xxh3::new();
        for _ in 0..items {
            self.item(&mut checksum)?;
        }
        let is_whole = self.bytes()? == [3]
            && u64::from_le_bytes(self.bytes()?) == checksum.digest()
            && self.bytes::<4>()? == *MAGIC;
        if is_whole { Ok(sequence) } else { Err(Broken::Bytes) }
    }

    fn item(&mut self, checksum: &mut Xxh3) -> Result<(), Broken> {
        let tag = self.bytes::<1>()?;
        checksum.update(&tag);
        if tag == [4] {
            checksum.update(&self.bytes::<8>()?);
            return Ok(());
        }
        let kind = self.bytes::<2>()?;
        // Value, tombstone or weak tombstone; we compress nothing.
        if tag != [2] || !matches!(kind, [0..=2, 0]) {
            return Err(Broken::Bytes);
        }
        checksum.update(&kind);
        checksum.update(&self.bytes::<8>()?);
        let (key, value, stored) = (self.bytes::<2>()?, self.bytes::<4>()?, self.bytes::<4>()?);
        [&key[..], &value, &stored].iter().for_each(|bytes| checksum.update(bytes));
        let len = u64::from(u16::from_le_bytes(key)).saturating_add(u32::from_le_bytes(stored).into());
        if value != stored || len > self.len.saturating_sub(self.at) {
            return Err(Broken::Bytes);
        }
        self.hash(len, checksum)
    }

    fn hash(&mut self, len: u64, checksum: &mut Xxh3) -> Result<(), Broken> {
        let mut left = len;
        while left > 0 {
            let buffer = self.reader.fill_buf()?;
            let take = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let Some(bytes) = buffer.get(..take).filter(|bytes| !bytes.is_empty()) else {
                return Err(Broken::Bytes);
            };
            checksum.update(bytes);
            self.reader.consume(take);
            left = left.saturating_sub(take as u64);
        }
        self.at = self.at.saturating_add(len);
        Ok(())
    }

    /// What follows the last whole batch, which ends at `end`.
    fn rest(&mut self, end: u64, last: Option<u64>) -> std::io::Result<Rest> {
        let mut starts = Vec::new();
        let (mut zeros, mut matched, mut at) = (true, 0usize, end);
        self.reader.seek(SeekFrom::Start(end))?;
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                break;
            }
            for byte in buffer {
                at = at.saturating_add(1);
                zeros &= *byte == 0;
                matched = match MAGIC.get(matched) {
                    Some(expected) if expected == byte => matched + 1,
                    _ => usize::from(*byte == MAGIC[0]),
                };
                if matched == MAGIC.len() {
                    // A batch may have ended here: does another begin?
                    if starts.len() < STARTS_MAX {
                        starts.push(at);
                    }
                    matched = 0;
                }
            }
            let len = buffer.len();
            self.reader.consume(len);
        }
        if zeros {
            return Ok(Rest::Zeros);
        }
        for start in starts {
            self.reader.seek(SeekFrom::Start(start))?;
            self.at = start;
            match self.batch() {
                Ok(sequence) if last.is_none_or(|last| sequence > last) => return Ok(Rest::Batches),
                Err(Broken::Io(error)) => return Err(error),
                _ => {}
            }
        }
        Ok(Rest::Unfinished)
    }
}

/// What follows the last whole batch.
enum Rest {
    /// Nothing: reserved space.
    Zeros,
    /// Part of a batch.
    Unfinished,
    /// Whole batches, after something that is none.
    Batches,
}
