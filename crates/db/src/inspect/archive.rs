//! The container of the store's files: sections, their table of contents, a trailer.
//!
//! ```text
//! sections | "TOC!" | count 4 LE | per section: offset 8 LE, len 8 LE, name_len 2 LE, name
//!          | "SFA!" | 1 | 0 | xxh3-128 of the table of contents 16 LE | its offset 8 LE | its len 8 LE
//! ```
//!
//! The store believes the count before it has verified the checksum, so the checksum is verified here first.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
};

use xxhash_rust::xxh3::xxh3_128;

/// Longest table of contents read; the store writes a handful of sections.
const CONTENTS_BYTES_MAX: u64 = 64 * 1024;
const TRAILER_LEN: usize = 38;
const TRAILER_START: &[u8] = b"SFA!\x01\x00";

/// Takes little-endian numbers off the front of bytes.
pub(super) struct Numbers<'a>(pub(super) &'a [u8]);

impl Numbers<'_> {
    pub(super) fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, tail) = self.0.split_first_chunk()?;
        self.0 = tail;
        Some(*head)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.take().map(u8::from_le_bytes)
    }
}

/// The verified table of contents of the archive at `path`; `None` if it is not whole.
pub(super) fn contents(path: &Path) -> std::io::Result<Option<Vec<u8>>> {
    let mut file = File::open(path)?;
    let Some(trailer_at) = file.metadata()?.len().checked_sub(TRAILER_LEN as u64) else { return Ok(None) };
    let mut trailer = [0; TRAILER_LEN];
    file.seek(SeekFrom::Start(trailer_at))?;
    file.read_exact(&mut trailer)?;
    let Some((checksum, at, len)) = parse_trailer(&trailer) else { return Ok(None) };
    if len > CONTENTS_BYTES_MAX || at.checked_add(len) != Some(trailer_at) {
        return Ok(None);
    }
    let mut contents = Vec::new();
    file.seek(SeekFrom::Start(at))?;
    file.take(len).read_to_end(&mut contents)?;
    Ok((xxh3_128(&contents) == checksum).then_some(contents))
}

fn parse_trailer(trailer: &[u8; TRAILER_LEN]) -> Option<(u128, u64, u64)> {
    let mut numbers = Numbers(trailer.strip_prefix(TRAILER_START)?);
    Some((u128::from_le_bytes(numbers.take()?), numbers.u64()?, numbers.u64()?))
}

/// Where the section `wanted` is, by the table of contents: offset and length.
pub(super) fn section(contents: &[u8], wanted: &[u8]) -> Option<(u64, u64)> {
    let mut numbers = Numbers(contents.strip_prefix(b"TOC!")?);
    for _ in 0..numbers.u32()? {
        let (at, len) = (numbers.u64()?, numbers.u64()?);
        let name_len = u16::from_le_bytes(numbers.take()?);
        let (name, rest) = numbers.0.split_at_checked(name_len.into())?;
        numbers.0 = rest;
        if name == wanted {
            return Some((at, len));
        }
    }
    None
}
