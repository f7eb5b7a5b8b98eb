//! The text in force, in pieces.
//!
//! A piece is a few lines, kept under its hash; the text is a list of hashes. Where a piece ends is decided by the lines in
//! it and by nothing before them, so a change in one place leaves all other pieces what they were, and an amendment pays for
//! what it changes: a 32-byte word is 22,100 gas new and 2,142 gas to read.

use alloy_primitives::B256;

use super::{Constitution, hash_of};
use crate::{
    context::{Context, Result},
    storage::{Read, Slot},
};

/// Longest text that can be amended. Units: bytes. A longer founding charter runs, and cannot be amended.
pub const TEXT_BYTES_MAX: usize = polity_charter::AMENDABLE_BYTES_MAX;

/// Longest piece. Units: bytes.
const PIECE_BYTES_MAX: usize = 1_024;
/// One line of so many ends a piece.
const LINES_MEAN: u8 = 8;

/// Cuts `text` into pieces, each of whole lines where they fit.
pub(super) fn pieces(text: &str) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        let (piece, after) = rest.split_at_checked(end(rest)).unwrap_or((rest, &[]));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

/// Where the piece that `text` begins with ends.
fn end(text: &[u8]) -> usize {
    let mut at = 0usize;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let next = at.saturating_add(line.len());
        if next > PIECE_BYTES_MAX {
            return if at == 0 { PIECE_BYTES_MAX.min(text.len()) } else { at };
        }
        at = next;
        if hash_of(line).first().is_some_and(|byte| byte.is_multiple_of(LINES_MEAN)) {
            return at;
        }
    }
    at
}

impl Constitution {
    /// The text in force; `None` if it is too long to be kept here.
    pub(super) fn text<R: Read>(&self, r: &mut R) -> Result<Option<String>, R::Error> {
        let mut text = Vec::new();
        for hash in self.pieces.all(r)? {
            text.extend(self.texts.at(hash).get(r)?);
        }
        Ok(String::from_utf8(text).ok().filter(|text| !text.is_empty()))
    }

    /// Makes `text` the text in force.
    pub(super) fn set_text(&self, cx: &mut Context<'_>, text: &str) -> Result<()> {
        if text.len() > TEXT_BYTES_MAX {
            return Ok(());
        }
        let before = self.pieces.len(cx)?;
        let mut count = 0u64;
        for piece in pieces(text) {
            let hash = hash_of(piece);
            let kept = self.texts.at(hash);
            if kept.len(cx)? == 0 {
                kept.set(cx, piece)?;
            }
            put(cx, &self.pieces.at(count), hash)?;
            count = count.saturating_add(1);
        }
        for index in count..before {
            put(cx, &self.pieces.at(index), B256::ZERO)?;
        }
        if count == before { Ok(()) } else { self.pieces.truncate(cx, count) }
    }
}

/// Writes `hash` where another is.
fn put(cx: &mut Context<'_>, slot: &Slot<B256>, hash: B256) -> Result<()> {
    if slot.get(cx)? == hash { Ok(()) } else { slot.set(cx, hash) }
}

#[cfg(test)]
mod tests {
    use polity_charter::builtin;

    use super::*;

    #[test]
    fn pieces_are_the_text() {
        for text in [builtin("paris").unwrap(), builtin("dev").unwrap(), "", "x", "\n", &"y".repeat(5_000)] {
            let pieces = pieces(text);
            assert_eq!(pieces.concat(), text.as_bytes());
            assert!(pieces.iter().all(|piece| (1..=PIECE_BYTES_MAX).contains(&piece.len())));
        }
    }

    #[test]
    fn a_change_of_one_line_changes_few_pieces() {
        let text = builtin("paris").unwrap();
        let before: Vec<_> = pieces(text).into_iter().map(hash_of).collect();
        for (old, new) in [
            ("fees]\n", "fees]\n# a comment\n"),
            ("emissions = 61611", "emissions = 61612"),
            ("[members]\n", ""),
        ] {
            let changed = text.replacen(old, new, 1);
            assert_ne!(changed, text);
            let new = pieces(&changed).into_iter().map(hash_of).filter(|hash| !before.contains(hash)).count();
            assert!(new <= 3, "{new} of {} pieces for {old:?}", before.len());
        }
    }
}
