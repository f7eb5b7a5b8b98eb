//! The manifests: which files make up each table.
//!
//! ```text
//! keyspaces/<n>/current   version 8 LE | xxh3-128 of v<version> 16 LE | 0
//! keyspaces/<n>/v<version>
//! ```

use std::path::Path;

use xxhash_rust::xxh3::xxh3_128;

use super::read;
use crate::{
    error::{Error, Result},
    tables::SPECS,
};

/// Checks that there is a folder for each table, and the store's own, no other, and that each manifest is whole.
pub(super) fn check(keyspaces: &Path) -> Result<()> {
    let expected = 0..=SPECS.len();
    let missing = |_| Error::corrupt("manifest", keyspaces.display(), "the folder is missing");
    for entry in keyspaces.read_dir().map_err(missing)? {
        let name = entry.map_err(Error::io(keyspaces))?.file_name();
        let is_ours =
            name.to_str().and_then(|name| name.parse().ok()).is_some_and(|id| expected.contains(&id));
        if !is_ours {
            return Err(Error::corrupt("manifest", name.display(), "the folder belongs to no table"));
        }
    }
    expected.map(|id| keyspaces.join(id.to_string())).try_for_each(|table| check_table(&table))
}

fn check_table(table: &Path) -> Result<()> {
    let current = table.join("current");
    let corrupt = |reason| Error::corrupt("manifest", current.display(), reason);
    let bytes = read(&current, "manifest")?;
    let (version, rest) = bytes.split_first_chunk().ok_or_else(|| corrupt("the file is too short"))?;
    let (checksum, rest) = rest.split_first_chunk().ok_or_else(|| corrupt("the file is too short"))?;
    if rest != [0] {
        return Err(corrupt("the checksum is of an unknown type"));
    }
    let manifest = read(&table.join(format!("v{}", u64::from_le_bytes(*version))), "manifest")?;
    if xxh3_128(&manifest) != u128::from_le_bytes(*checksum) {
        return Err(corrupt("the manifest does not match its checksum"));
    }
    // Only files are expected beside each other here; the store asserts it.
    let tables = table.join("tables");
    let entries = tables
        .read_dir()
        .map_err(|_| Error::corrupt("manifest", tables.display(), "the folder is missing"))?;
    for entry in entries {
        let entry = entry.map_err(Error::io(&tables))?;
        if !entry.file_type().map_err(Error::io(&tables))?.is_file() {
            return Err(Error::corrupt("manifest", entry.path().display(), "it is not a file"));
        }
    }
    Ok(())
}
