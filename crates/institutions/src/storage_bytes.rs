//! `bytes` and `string` in Solidity's layout: up to 31 bytes in the slot itself with twice the length in its last byte;
//! longer ones leave `2 × length + 1` there and put their words at `keccak256(slot)` onwards.

use alloy_primitives::{B256, U256, keccak256};

use crate::storage::{Place, Read, Write};

/// `bytes`.
#[derive(Clone, Copy, Debug)]
pub struct Blob {
    slot: U256,
}

impl Place for Blob {
    const SLOTS: u64 = 1;
    fn place(slot: U256) -> Self {
        Self { slot }
    }
}

/// Bytes a head word can hold itself.
const SHORT_MAX: u64 = 31;

/// Length in bytes according to a head word.
fn length(head: U256) -> u64 {
    if head.bit(0) { (head >> 1usize).saturating_to() } else { u64::from(head.byte(0) >> 1) }
}

/// Words outside the head.
fn words(len: u64) -> u64 {
    if len > SHORT_MAX { len.div_ceil(32) } else { 0 }
}

impl Blob {
    fn word_at(&self, index: u64) -> U256 {
        U256::from_be_bytes(keccak256(self.slot.to_be_bytes::<32>()).0).wrapping_add(U256::from(index))
    }

    /// Length in bytes.
    ///
    /// # Errors
    /// The reader's.
    pub fn len<R: Read>(&self, r: &mut R) -> Result<u64, R::Error> {
        r.read(self.slot).map(length)
    }

    /// The bytes.
    ///
    /// # Errors
    /// The reader's.
    pub fn get<R: Read>(&self, r: &mut R) -> Result<Vec<u8>, R::Error> {
        let head = r.read(self.slot)?;
        let len = length(head);
        let mut bytes = Vec::new();
        if len <= SHORT_MAX {
            bytes.extend_from_slice(&head.to_be_bytes::<32>());
        }
        for index in 0..words(len) {
            bytes.extend_from_slice(&r.read(self.word_at(index))?.to_be_bytes::<32>());
        }
        bytes.truncate(usize::try_from(len).unwrap_or(usize::MAX));
        Ok(bytes)
    }

    /// Sets the bytes and clears what a longer value left behind.
    ///
    /// # Errors
    /// The writer's.
    pub fn set<W: Write>(&self, w: &mut W, bytes: &[u8]) -> Result<(), W::Error> {
        let old = words(self.len(w)?);
        let len = bytes.len() as u64;
        if len <= SHORT_MAX {
            let head = B256::right_padding_from(bytes);
            w.write(self.slot, U256::from_be_bytes(head.0) | U256::from(len << 1))?;
        } else {
            w.write(self.slot, (U256::from(len) << 1usize) | U256::from(1))?;
            for (index, chunk) in (0u64..).zip(bytes.chunks(32)) {
                w.write(self.word_at(index), U256::from_be_bytes(B256::right_padding_from(chunk).0))?;
            }
        }
        for index in words(len)..old {
            w.write(self.word_at(index), U256::ZERO)?;
        }
        Ok(())
    }
}

/// `string`: UTF-8.
#[derive(Clone, Copy, Debug)]
pub struct Text {
    bytes: Blob,
}

impl Place for Text {
    const SLOTS: u64 = 1;
    fn place(slot: U256) -> Self {
        Self { bytes: Blob::place(slot) }
    }
}

impl Text {
    /// The text.
    ///
    /// # Errors
    /// The reader's.
    pub fn get<R: Read>(&self, r: &mut R) -> Result<String, R::Error> {
        Ok(String::from_utf8(self.bytes.get(r)?)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    /// Sets the text.
    ///
    /// # Errors
    /// The writer's.
    pub fn set<W: Write>(&self, w: &mut W, text: &str) -> Result<(), W::Error> {
        self.bytes.set(w, text.as_bytes())
    }
}
