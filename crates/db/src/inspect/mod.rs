//! Checks the files of the store before the store opens them, where it would not check them itself.
//!
//! fjall 3.1 (format 3) verifies checksums of table blocks and journal batches. Four kinds of damage pass it: a broken
//! journal counts as ended, and what follows is cut off ([`journal`]); the checksum of a table's manifest is written but
//! not read, and files that a damaged manifest does not name are deleted; a table's folder without manifest is deleted
//! ([`manifest`]); a damaged count in a file's table of contents is allocated before it is verified ([`archive`]). All
//! four are errors here.

mod archive;
mod journal;
mod manifest;

use std::path::Path;

use crate::error::{Error, Result};

/// Content of the file that marks a fjall database of format 3.
const VERSION: &[u8] = b"FJL\x03";

/// Checks a store that was complete once.
pub(crate) fn store(store: &Path) -> Result<()> {
    let version = read(&store.join("version"), "files")?;
    if version != VERSION {
        return Err(Error::corrupt("files", "version", "it does not name format 3 of the store"));
    }
    manifest::check(&store.join("keyspaces"))?;
    journal::check(store)
}

/// Reads a small file that must exist.
fn read(path: &Path, table: &'static str) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Error::corrupt(table, path.display(), "the file is missing"),
        _ => Error::io(path)(error),
    })
}
