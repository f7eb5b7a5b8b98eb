//! The files beside the store: lock, schema, and the watermark of the tip.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use polity_primitives::{B256, Height};
use xxhash_rust::xxh3::xxh3_64;

use crate::{
    Tip, codec,
    error::{Error, Result},
};

/// Version of the tables and their records. Raised by every change that an older program would misread.
pub const SCHEMA: u32 = 1;

const LOCK: &str = "lock";
const SCHEMA_FILE: &str = "schema";
const SCHEMA_NEW: &str = "schema.new";
const TIP_FILES: [&str; 2] = ["tip", "tip.copy"];
/// The watermark of a database without blocks. No block hashes to zero.
const NOTHING: Tip = Tip { height: Height::GENESIS, hash: B256::ZERO };
const STORE: &str = "store";
const TITLE: &str = "polity-db";
/// Follows the version until the empty store is complete.
const UNFINISHED: &str = " unfinished";

/// The folder of a database, locked.
pub(crate) struct Home {
    path: PathBuf,
    pub(crate) lock: File,
    /// Whether the store is still to be made.
    pub(crate) is_new: bool,
}

impl Home {
    /// Locks the folder at `path`, creating it if there is none, and checks that it is ours.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        std::fs::create_dir_all(path).map_err(Error::io(path))?;
        // What a creation leaves that was cut short before anything else.
        let is_nothing = |name: std::ffi::OsString| name == LOCK || name == SCHEMA_NEW;
        let is_empty =
            path.read_dir().map_err(Error::io(path))?.flatten().all(|entry| is_nothing(entry.file_name()));
        if !is_empty && !path.join(SCHEMA_FILE).is_file() {
            return Err(Error::Foreign { path: path.to_owned() });
        }
        let lock = lock(path)?;
        let mut home = Self { path: path.to_owned(), lock, is_new: is_empty };
        if is_empty {
            home.write_schema(UNFINISHED)?;
        } else {
            home.is_new = home.read_schema()?;
        }
        if home.is_new {
            // Creation was interrupted before anything could be committed.
            let store = home.store();
            if store.exists() {
                std::fs::remove_dir_all(&store).map_err(Error::io(&store))?;
            }
        }
        Ok(home)
    }

    /// Marks the store as complete: from now on it must be found as it was left.
    pub(crate) fn finish(&mut self) -> Result<()> {
        self.write_schema("")?;
        self.is_new = false;
        Ok(())
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.path.join(STORE)
    }

    fn write_schema(&self, suffix: &str) -> Result<()> {
        let (path, new) = (self.path.join(SCHEMA_FILE), self.path.join(SCHEMA_NEW));
        let write = || {
            let mut file = File::create(&new)?;
            writeln!(file, "{TITLE} {SCHEMA}{suffix}")?;
            file.sync_all()?;
            std::fs::rename(&new, &path)?;
            File::open(&self.path)?.sync_all()
        };
        write().map_err(Error::io(&path))
    }

    /// Whether the store is unfinished.
    fn read_schema(&self) -> Result<bool> {
        let path = self.path.join(SCHEMA_FILE);
        let text = std::fs::read(&path).map_err(Error::io(&path))?;
        let corrupt = || Error::corrupt("files", SCHEMA_FILE, "it does not name a schema");
        let text = str::from_utf8(&text).map_err(|_| corrupt())?;
        let version = text.strip_suffix('\n').and_then(|text| text.strip_prefix(TITLE)?.strip_prefix(' '));
        let version = version.ok_or_else(corrupt)?;
        let (version, is_new) = match version.strip_suffix(UNFINISHED) {
            Some(version) => (version, true),
            None => (version, false),
        };
        let found: u32 = version.parse().map_err(|_| corrupt())?;
        if found == SCHEMA { Ok(is_new) } else { Err(Error::Schema { found, supported: SCHEMA }) }
    }

    /// The watermark; that of a new store says that nothing was committed.
    pub(crate) fn watermark(&self) -> Result<Watermark> {
        let mut watermark = Watermark::open(&self.path)?;
        if self.is_new {
            watermark.set(&NOTHING)?;
            watermark.sync()?;
        }
        Ok(watermark)
    }
}

fn lock(path: &Path) -> Result<File> {
    let file = path.join(LOCK);
    let lock =
        OpenOptions::new().create(true).truncate(false).write(true).open(&file).map_err(Error::io(&file))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(Error::Locked { path: path.to_owned() }),
        Err(TryLockError::Error(error)) => Err(Error::io(file)(error)),
    }
}

/// Whether another process, or another `Db` of this one, has the database in the folder `path` open.
#[must_use]
pub fn is_locked(path: &Path) -> bool {
    path.join(LOCK).exists() && matches!(lock(path), Err(Error::Locked { .. }))
}

const WATERMARK_LEN: usize = 48;

/// The last block committed, outside the store, so that its loss is noticed. Kept twice: a copy that is damaged or missing is
/// one accident, and the other copy still knows; without any copy the database does not open.
///
/// Written in place after each commit and left to the operating system to write out: it is never ahead of the store, and
/// behind it only after the machine itself stopped.
pub(crate) struct Watermark {
    copies: Vec<(PathBuf, File)>,
}

impl Watermark {
    fn open(folder: &Path) -> Result<Self> {
        let open = |name| {
            let path = folder.join(name);
            let file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path);
            Ok((path.clone(), file.map_err(Error::io(&path))?))
        };
        Ok(Self { copies: TIP_FILES.into_iter().map(open).collect::<Result<_>>()? })
    }

    /// What the copies say, the highest of them; `None` if nothing was committed.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if no copy is whole.
    pub(crate) fn get(&mut self) -> Result<Option<Tip>> {
        let mut whole = Vec::with_capacity(self.copies.len());
        for (path, file) in &mut self.copies {
            whole.extend(read(file).map_err(Error::io(&*path))?);
        }
        let highest = whole.into_iter().max_by_key(|tip| tip.height);
        let highest = highest.ok_or_else(|| {
            Error::corrupt("files", TIP_FILES.join(", "), "no copy of the last block is whole")
        })?;
        Ok(Some(highest).filter(|tip| *tip != NOTHING))
    }

    pub(crate) fn set(&mut self, tip: &Tip) -> Result<()> {
        let mut bytes = codec::tip(tip);
        bytes.extend_from_slice(&xxh3_64(&bytes).to_be_bytes());
        for (path, file) in &mut self.copies {
            let write = file.seek(SeekFrom::Start(0)).and_then(|_| file.write_all(&bytes));
            write.map_err(Error::io(&*path))?;
        }
        Ok(())
    }

    /// Makes the record last. Called when the database is opened.
    pub(crate) fn sync(&mut self) -> Result<()> {
        for (path, file) in &mut self.copies {
            let set = file.set_len(WATERMARK_LEN as u64).and_then(|()| file.sync_all());
            set.map_err(Error::io(&*path))?;
        }
        Ok(())
    }
}

/// What a copy says, if it is whole.
fn read(file: &mut File) -> std::io::Result<Option<Tip>> {
    let mut bytes = Vec::with_capacity(WATERMARK_LEN);
    file.seek(SeekFrom::Start(0))?;
    file.take(1024).read_to_end(&mut bytes)?;
    let Some((record, checksum)) = bytes.split_last_chunk::<8>() else { return Ok(None) };
    let is_whole = u64::from_be_bytes(*checksum) == xxh3_64(record);
    Ok(codec::read_tip(record).ok().filter(|_| is_whole))
}
