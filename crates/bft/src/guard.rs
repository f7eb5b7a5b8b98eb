//! The record of what this key may have signed, so that a validator that lost its memory does not sign twice.
//!
//! The library's log (WAL) remembers every vote of the height being decided: after a crash it is replayed, and the same votes
//! come out again. But a log can be lost, or the chain behind it. So beside it lies a file `signed`, the guard, which says up
//! to which height this key *may* have signed. It is written [`SIGNED_AHEAD`] heights ahead, so that it costs a disk write
//! now and then, not one per vote. What happens:
//!
//! | on disk | this node signs |
//! |---|---|
//! | log and chain agree | at once, after replaying the log |
//! | guard says nothing was ever signed (a new key, [`Guard::create`]) | at once |
//! | log lost, guard kept | from the height after the guard's |
//! | chain lost, log kept | from the height after the log's |
//! | log and guard lost (a wiped disk, the key restored) | two heights after the first at which it hears two thirds of the committee vote |
//!
//! Until then it follows the chain as an observer. The last row is safe because whatever this key signed, it signed at most one
//! height above what two thirds had then decided, and two such thirds have an honest member in common, who only moves up. It
//! needs the others to decide without us. If they cannot (two of four wiped), members must agree out of band that the old
//! votes are gone, and each that is held back says from where it may sign ([`Guard::allow`]). A validator that is a quorum alone is
//! not held back.
//!
//! Deliberately absent: protection of a key that is used on two machines at once.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use malachitebft_app_channel::app::wal;
use polity_primitives::{Address, Height};

use crate::Error;

/// How many heights the guard is written ahead. A log that is lost keeps the validator silent for at most as many blocks.
pub const SIGNED_AHEAD: u64 = 32;

const FILE: &str = "signed";
const HEADER: &str = "polity signing record 1";
const NEVER: &str = "unknown";

/// The guard of one key.
#[derive(Debug)]
pub struct Guard {
    path: PathBuf,
    address: Address,
    /// The highest height that may have been signed; `None` if nobody knows.
    signed_max: Option<Height>,
    /// The lowest height this node may sign; `None` until it is known.
    floor: Option<Height>,
}

impl Guard {
    /// Declares that `address` has never signed anything: its key is new. `polity init` calls this when it makes the key.
    ///
    /// # Errors
    /// [`Error::File`], also if there is a record already.
    pub fn create(home: &Path, address: Address) -> Result<(), Error> {
        let path = home.join(FILE);
        if path.exists() {
            return Err(Error::File { path, source: io::ErrorKind::AlreadyExists.into() });
        }
        Self { path, address, signed_max: Some(Height::GENESIS), floor: None }.write()
    }

    /// Declares, on the word of whoever runs it, that nothing which `address` signed at height `from` or above counts any more: its
    /// members agreed that those votes are gone. Returns up to which height it may have signed by the record, if it has one. Nothing
    /// can check that word. If it is wrong, this key contradicts itself, which can be proven and punished.
    ///
    /// # Errors
    /// [`Error::File`]; [`Error::Guard`] if the log is there: then nothing was forgotten, and the log decides.
    pub fn allow(home: &Path, address: Address, from: Height) -> Result<Option<Height>, Error> {
        let mut guard = Self { path: home.join(FILE), address, signed_max: None, floor: None };
        let before = guard.read()?.flatten();
        if let Some(height) = log_height(&wal_path(home))? {
            let reason = format!(
                "the log of what this key signed is there, at height {height}: with the blocks below it fetched, the node signs from \
                 there after a new start, and needs no permission"
            );
            return Err(Error::Guard { path: guard.path, address, reason });
        }
        guard.signed_max = Some(from.previous().unwrap_or_default());
        guard.write()?;
        Ok(before)
    }

    /// Reads the guard, looks at the log, and decides from which height on `address` may sign on a chain whose tip is `tip`.
    pub(crate) fn open(home: &Path, address: Address, tip: Height) -> Result<Self, Error> {
        let path = home.join(FILE);
        let mut guard = Self { path, address, signed_max: None, floor: None };
        let recorded = guard.read()?;
        let logged = log_height(&wal_path(home))?;
        // A log at or below the next height remembers all that was signed there; one above belongs to a chain that is lost.
        guard.floor = match (logged, recorded) {
            (Some(log), _) if log <= tip.next() => Some(tip.next()),
            (Some(log), _) => Some(log.next()),
            (None, Some(signed_max)) => signed_max.map(Height::next),
            (None, None) => None,
        };
        guard.signed_max = match (recorded, logged) {
            (Some(signed_max), _) => signed_max,
            (None, logged) => logged,
        };
        guard.write()?;
        Ok(guard)
    }

    /// The lowest height this node may sign, if known.
    pub(crate) const fn floor(&self) -> Option<Height> {
        self.floor
    }

    /// It is now known that nothing was signed from `floor` on.
    pub(crate) fn learn(&mut self, floor: Height) -> Result<(), Error> {
        self.floor = Some(floor);
        self.signed_max = Some(self.signed_max.unwrap_or_default().max(floor.previous().unwrap_or_default()));
        self.write()
    }

    /// Called before anything is signed at `height`.
    pub(crate) fn before_signing(&mut self, height: Height) -> Result<(), Error> {
        if self.floor.is_none_or(|floor| height < floor) {
            let reason = format!("this key may have signed at height {height} before");
            return Err(Error::Guard { path: self.path.clone(), address: self.address, reason });
        }
        if self.signed_max.is_none_or(|max| height > max) {
            self.signed_max = Some(Height(height.0.saturating_add(SIGNED_AHEAD - 1)));
            self.write()?;
        }
        Ok(())
    }

    /// `None` without a file; `Some(None)` if it says that nobody knows.
    fn read(&self) -> Result<Option<Option<Height>>, Error> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(Error::File { path: self.path.clone(), source }),
        };
        let bad = |reason: &str| Error::Guard {
            path: self.path.clone(),
            address: self.address,
            reason: reason.to_owned(),
        };
        let mut lines = text.lines();
        if lines.next() != Some(HEADER) {
            return Err(bad("its first line is not that of a signing record"));
        }
        let whose: Address =
            lines.next().unwrap_or_default().parse().map_err(|_| bad("its second line is no address"))?;
        if whose != self.address {
            return Err(bad(&format!("it is the record of {whose}")));
        }
        match lines.next().unwrap_or_default() {
            NEVER => Ok(Some(None)),
            number => {
                let height =
                    number.parse().map_err(|_| bad("its third line is neither a height nor 'unknown'"))?;
                Ok(Some(Some(Height(height))))
            }
        }
    }

    /// Durable when it returns: written aside, synced, renamed, the folder synced.
    fn write(&self) -> Result<(), Error> {
        let fail = |source| Error::File { path: self.path.clone(), source };
        let signed_max = self.signed_max.map_or_else(|| NEVER.to_owned(), |height| height.to_string());
        let aside = self.path.with_extension("new");
        let folder = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(fail)?;
        let mut file = fs::File::create(&aside).map_err(fail)?;
        writeln!(file, "{HEADER}\n{}\n{signed_max}", self.address).map_err(fail)?;
        file.sync_all().map_err(fail)?;
        fs::rename(&aside, &self.path).map_err(fail)?;
        fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(fail)
    }
}

/// The log of a validator.
pub(crate) fn wal_path(home: &Path) -> PathBuf {
    home.join("wal").join("consensus.wal")
}

/// The log of an observer: apart, so that it never passes for the validator's.
pub(crate) fn observer_wal_path(home: &Path) -> PathBuf {
    home.join("wal").join("observer.wal")
}

/// Bytes of a log without entries: version 4, height 8. Source: `constants::HEADER_SIZE` of the library's log.
const LOG_HEADER_BYTES: usize = 12;
/// How such a log begins.
const LOG_VERSION: [u8; 4] = 1u32.to_be_bytes();

/// Removes the log at `path` if a crash cut its making short: the library would refuse it for ever. It is synced with its header
/// before anything is written to it, so such a log remembers nothing, and then it counts as lost.
pub(crate) fn remove_unmade(path: &Path) -> Result<(), Error> {
    let fail = |source| Error::File { path: path.to_owned(), source };
    let mut header = Vec::new();
    match fs::File::open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        file => file
            .and_then(|file| file.take(LOG_HEADER_BYTES as u64 + 1).read_to_end(&mut header))
            .map_err(fail)?,
    };
    let made = header.len() > LOG_HEADER_BYTES
        || header.len() == LOG_HEADER_BYTES && header.starts_with(&LOG_VERSION);
    if made { Ok(()) } else { fs::remove_file(path).map_err(fail) }
}

/// The height of the log at `path`; `None` if there is none. Waits a moment for another process to let go of it.
fn log_height(path: &Path) -> Result<Option<Height>, Error> {
    remove_unmade(path)?;
    if !path.exists() {
        return Ok(None);
    }
    let mut tries = 0;
    loop {
        match wal::Log::open(path) {
            // A log that no height was started in remembers nothing.
            Ok(log) => return Ok(Some(Height(log.sequence())).filter(|height| *height > Height::GENESIS)),
            Err(e) if e.kind() == io::ErrorKind::Other && tries < 40 => {
                tries += 1;
                std::thread::sleep(std::time::Duration::from_millis(50));
            }
            Err(source) => return Err(Error::File { path: path.to_owned(), source }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHO: Address = Address::repeat_byte(5);

    fn log_at(home: &Path, height: u64) {
        let path = wal_path(home);
        fs::create_dir_all(path.parent().expect("under wal/")).expect("a folder");
        wal::Log::open(path).expect("a log").reset(height).expect("resets");
    }

    fn floor(home: &Path, tip: u64) -> Option<u64> {
        Guard::open(home, WHO, Height(tip)).expect("opens").floor().map(|height| height.0)
    }

    #[test]
    fn what_is_lost_decides_from_where_it_signs() {
        let home = tempfile::tempdir().expect("a folder");
        let home = home.path();
        assert_eq!(floor(home, 0), None, "nothing is known of this key");
        assert_eq!(floor(home, 7), None, "and that is remembered");
        fs::remove_file(home.join(FILE)).expect("removes");
        Guard::create(home, WHO).expect("creates");
        assert!(Guard::create(home, WHO).is_err(), "once only");
        assert_eq!(floor(home, 0), Some(1), "a new key");
        log_at(home, 8);
        assert_eq!(floor(home, 7), Some(8), "log and chain agree");
        assert_eq!(floor(home, 9), Some(10), "the log is a height that is over");
        assert_eq!(floor(home, 3), Some(9), "the chain is lost");
        fs::remove_file(home.join(FILE)).expect("removes");
        assert_eq!(floor(home, 3), Some(9), "and the guard too");
    }

    #[test]
    fn a_log_whose_making_was_cut_short_is_made_again() {
        let home = tempfile::tempdir().expect("a folder");
        let home = home.path();
        Guard::create(home, WHO).expect("creates");
        log_at(home, 8);
        let path = wal_path(home);
        let whole = fs::read(&path).expect("reads");
        assert_eq!((whole.len(), floor(home, 7)), (LOG_HEADER_BYTES, Some(8)), "one without entries is kept");
        let cut = (0..LOG_HEADER_BYTES).map(|len| whole[..len].to_vec());
        for bytes in cut.chain([vec![0; LOG_HEADER_BYTES]]) {
            fs::write(&path, &bytes).expect("writes");
            assert_eq!(floor(home, 0), Some(1), "nothing was signed: {bytes:?}");
            wal::Log::open(&path).expect("the library makes it anew");
        }
        fs::write(&path, [&whole[..], b"entries"].concat()).expect("writes");
        assert_eq!(floor(home, 7), Some(8), "one with entries is never removed");
    }

    #[test]
    fn it_is_written_ahead_and_a_lost_log_skips_what_it_covers() {
        let home = tempfile::tempdir().expect("a folder");
        let home = home.path();
        Guard::create(home, WHO).expect("creates");
        let mut guard = Guard::open(home, WHO, Height(99)).expect("opens");
        guard.before_signing(Height(100)).expect("a new key may sign");
        assert_eq!(floor(home, 99), Some(100 + SIGNED_AHEAD), "no log was written");
        let mut guard = Guard::open(home, WHO, Height(99)).expect("opens");
        assert!(guard.before_signing(Height(100)).is_err(), "it may have signed there");
        assert!(guard.before_signing(Height(100 + SIGNED_AHEAD)).is_ok());
    }

    #[test]
    fn another_keys_record_or_garbage_is_refused() {
        let home = tempfile::tempdir().expect("a folder");
        Guard::create(home.path(), WHO).expect("creates");
        assert!(matches!(Guard::open(home.path(), Address::ZERO, Height(0)), Err(Error::Guard { .. })));
        for text in ["", "polity signing record 1\n", &format!("{HEADER}\n{WHO}\nmany\n")] {
            fs::write(home.path().join(FILE), text).expect("writes");
            assert!(matches!(Guard::open(home.path(), WHO, Height(0)), Err(Error::Guard { .. })), "{text:?}");
        }
    }

    #[test]
    fn where_the_members_agree_that_old_votes_are_gone_a_height_is_given() {
        let home = tempfile::tempdir().expect("a folder");
        let home = home.path();
        Guard::create(home, WHO).expect("creates");
        Guard::open(home, WHO, Height(0)).expect("opens").before_signing(Height(1)).expect("signs");
        log_at(home, 1);
        assert!(
            matches!(Guard::allow(home, WHO, Height(5)), Err(Error::Guard { .. })),
            "nothing is forgotten"
        );
        fs::remove_dir_all(home.join("wal")).expect("the disk is lost");
        assert_eq!(floor(home, 4), Some(1 + SIGNED_AHEAD));
        assert_eq!(Guard::allow(home, WHO, Height(5)).expect("allows"), Some(Height(SIGNED_AHEAD)));
        let mut guard = Guard::open(home, WHO, Height(4)).expect("opens");
        assert!(guard.before_signing(Height(4)).is_err(), "not below");
        assert!(guard.before_signing(Height(5)).is_ok());
        fs::remove_file(home.join(FILE)).expect("removes");
        assert_eq!(Guard::allow(home, WHO, Height(7)).expect("allows"), None);
        assert_eq!(floor(home, 6), Some(7));
    }

    #[test]
    fn a_learnt_floor_outlives_a_restart() {
        let home = tempfile::tempdir().expect("a folder");
        let mut guard = Guard::open(home.path(), WHO, Height(0)).expect("opens");
        assert!(guard.before_signing(Height(1)).is_err());
        guard.learn(Height(50)).expect("writes");
        assert!(guard.before_signing(Height(49)).is_err());
        assert!(guard.before_signing(Height(50)).is_ok());
        assert_eq!(floor(home.path(), 60), Some(50 + SIGNED_AHEAD));
    }
}
