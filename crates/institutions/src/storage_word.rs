//! Values that fill one word, and values that key a mapping.

use alloy_primitives::{Address, B256, U256, keccak256};

/// A value type: one word of storage.
pub trait Word: Copy {
    /// As Solidity stores it: numbers and addresses right-aligned, `bytes32` as it is.
    fn to_word(self) -> U256;
    /// The inverse; bits that do not fit are ignored, and are never written.
    fn from_word(word: U256) -> Self;
}

/// A key of a mapping.
pub trait Key {
    /// The slot of the value this key has in the mapping at `slot`.
    fn slot_in(&self, slot: U256) -> U256;
}

impl<T: Word> Key for T {
    fn slot_in(&self, slot: U256) -> U256 {
        let mut bytes = [0u8; 64];
        let (key, position) = bytes.split_at_mut(32);
        key.copy_from_slice(&self.to_word().to_be_bytes::<32>());
        position.copy_from_slice(&slot.to_be_bytes::<32>());
        U256::from_be_bytes(keccak256(bytes).0)
    }
}

impl Key for &str {
    fn slot_in(&self, slot: U256) -> U256 {
        let mut bytes = Vec::with_capacity(self.len().saturating_add(32));
        bytes.extend_from_slice(self.as_bytes());
        bytes.extend_from_slice(&slot.to_be_bytes::<32>());
        U256::from_be_bytes(keccak256(bytes).0)
    }
}

impl Word for U256 {
    fn to_word(self) -> U256 {
        self
    }
    fn from_word(word: U256) -> Self {
        word
    }
}

impl Word for B256 {
    fn to_word(self) -> U256 {
        U256::from_be_bytes(self.0)
    }
    fn from_word(word: U256) -> Self {
        Self::from(word.to_be_bytes::<32>())
    }
}

impl Word for Address {
    fn to_word(self) -> U256 {
        B256::left_padding_from(self.as_slice()).to_word()
    }
    fn from_word(word: U256) -> Self {
        Self::from_word(B256::from_word(word))
    }
}

impl Word for bool {
    fn to_word(self) -> U256 {
        U256::from(self)
    }
    fn from_word(word: U256) -> Self {
        !word.is_zero()
    }
}

impl Word for i64 {
    /// Two's complement in 64 bits.
    fn to_word(self) -> U256 {
        U256::from(self.cast_unsigned())
    }
    fn from_word(word: U256) -> Self {
        word.wrapping_to::<u64>().cast_signed()
    }
}

macro_rules! number {
    ($($ty:ty),+) => {$(
        impl Word for $ty {
            fn to_word(self) -> U256 {
                U256::from(self)
            }
            fn from_word(word: U256) -> Self {
                word.wrapping_to::<$ty>()
            }
        }
    )+};
}
number!(u8, u16, u32, u64, u128);
