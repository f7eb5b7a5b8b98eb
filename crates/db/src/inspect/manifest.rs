//! The manifests: which files make up each table, and that each of them is there with its contents.
//!
//! ```text
//! keyspaces/<n>/current      version 8 LE | xxh3-128 of v<version> 16 LE | 0
//! keyspaces/<n>/v<version>   archive; its section "tables":
//!                            levels 1 | per level: runs 1 | per run: files 4 LE |
//!                            per file: id 8 LE | 0 | xxh3-128 16 LE | sequence 8 LE
//! keyspaces/<n>/tables/<id>  archive
//! ```
//!
//! Files that no manifest names are left from a crash; the store removes them.

use std::path::Path;

use xxhash_rust::xxh3::xxh3_128;

use super::{
    archive::{self, Numbers},
    read,
};
use crate::{
    error::{Error, Result},
    tables::SPECS,
};

/// Checks that there is a folder for each table, and the store's own, no other, and that each is whole.
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
    let path = table.join(format!("v{}", u64::from_le_bytes(*version)));
    let manifest = read(&path, "manifest")?;
    if xxh3_128(&manifest) != u128::from_le_bytes(*checksum) {
        return Err(corrupt("the manifest does not match its checksum"));
    }
    let contents = archive::contents(&path).map_err(Error::io(&path))?;
    let files = contents.and_then(|contents| files(&manifest, &contents));
    let files = files.ok_or_else(|| corrupt("the manifest does not list its files"))?;
    let folder = table.join("tables");
    files.iter().try_for_each(|id| check_file(&folder.join(id.to_string())))?;
    check_kinds(&folder)
}

/// The files that a whole manifest names.
fn files(manifest: &[u8], contents: &[u8]) -> Option<Vec<u64>> {
    let (at, len) = archive::section(contents, b"tables")?;
    let (at, len) = (usize::try_from(at).ok()?, usize::try_from(len).ok()?);
    let mut numbers = Numbers(manifest.get(at..)?.get(..len)?);
    let mut files = Vec::new();
    for _level in 0..numbers.u8()? {
        for _run in 0..numbers.u8()? {
            for _file in 0..numbers.u32()? {
                files.push(numbers.u64()?);
                numbers.take::<25>()?;
            }
        }
    }
    numbers.0.is_empty().then_some(files)
}

fn check_file(path: &Path) -> Result<()> {
    match archive::contents(path) {
        Ok(Some(_)) => Ok(()),
        Ok(None) => {
            Err(Error::corrupt("manifest", path.display(), "the file has no valid table of contents"))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(Error::corrupt("manifest", path.display(), "the file is missing"))
        }
        Err(error) => Err(Error::io(path)(error)),
    }
}

/// Only files may be in the folder of a table; the store asserts it.
fn check_kinds(folder: &Path) -> Result<()> {
    let missing = |_| Error::corrupt("manifest", folder.display(), "the folder is missing");
    for entry in folder.read_dir().map_err(missing)? {
        let entry = entry.map_err(Error::io(folder))?;
        if !entry.file_type().map_err(Error::io(folder))?.is_file() {
            return Err(Error::corrupt("manifest", entry.path().display(), "it is not a file"));
        }
    }
    Ok(())
}
