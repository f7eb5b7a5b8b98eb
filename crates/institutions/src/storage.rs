//! Typed storage in Solidity's layout, so that `eth_getProof` on an institution can be checked with common knowledge.
//!
//! A *place* is a typed position: [`Slot`], [`Map`], [`List`], [`Text`], [`Blob`], [`History`], or a struct of places made
//! with [`layout!`](crate::layout). Fields follow each other from slot 0; a mapping's value is at `keccak256(key ‖ slot)`, a
//! dynamic array's elements at `keccak256(slot) + i × size`. One simplification against `solc`: small values are never
//! packed, every value type has a word of its own; in Solidity terms all of them are declared `uint256`, `address` +
//! padding, or `bytes32`.
//!
//! Places hold no state and cost nothing to make. They are read through [`Read`], which the metered
//! [`Context`](crate::Context) and the free [`View`] both implement, so the code that reads a record exists once.

use core::{convert::Infallible, marker::PhantomData};

use alloy_primitives::{Address, U256, keccak256};

use crate::host::Slots;
pub use crate::{
    storage_bytes::{Blob, Text},
    storage_history::History,
    storage_word::{Key, Word},
};

/// Reads slots of one account.
pub trait Read {
    /// Why reading can fail; uninhabited for free views.
    type Error;
    /// The value of a slot.
    ///
    /// # Errors
    /// Out of gas, in a metered reader.
    fn read(&mut self, slot: U256) -> Result<U256, Self::Error>;
}

/// Writes slots of one account.
pub trait Write: Read {
    /// Sets a slot.
    ///
    /// # Errors
    /// Out of gas, or a frame that may not write.
    fn write(&mut self, slot: U256, value: U256) -> Result<(), Self::Error>;
}

/// The free, unmetered view of one account's storage.
#[derive(Clone, Copy)]
pub struct View<'a> {
    slots: &'a dyn Slots,
    account: Address,
}

impl<'a> View<'a> {
    /// Looks at the storage of `account` in `slots`.
    #[must_use]
    pub fn new(slots: &'a dyn Slots, account: Address) -> Self {
        Self { slots, account }
    }

    /// The same state, looking at another account.
    #[must_use]
    pub const fn of(&self, account: Address) -> Self {
        Self { slots: self.slots, account }
    }
}

impl Read for View<'_> {
    type Error = Infallible;
    fn read(&mut self, slot: U256) -> Result<U256, Infallible> {
        Ok(self.slots.slot(self.account, slot))
    }
}

/// Reads any institution's storage: at the price of a call, or free from outside. For questions that concern several of them.
pub trait Anywhere {
    /// Why reading can fail; uninhabited for free views.
    type Error;
    /// The storage of the institution at `account`.
    fn storage(&mut self, account: Address) -> impl Read<Error = Self::Error>;
}

impl Anywhere for View<'_> {
    type Error = Infallible;
    fn storage(&mut self, account: Address) -> impl Read<Error = Infallible> {
        self.of(account)
    }
}

/// A typed position in storage.
pub trait Place {
    /// Consecutive slots it occupies.
    const SLOTS: u64;
    /// The place that begins at `slot`.
    fn place(slot: U256) -> Self;
}

/// Declares a struct of places, laid out one after the other like the fields of a Solidity contract or struct.
#[macro_export]
macro_rules! layout {
    ($(#[$meta:meta])* $vis:vis struct $name:ident { $($(#[$field_meta:meta])* $field_vis:vis $field:ident: $ty:ty),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug)]
        $vis struct $name { $($(#[$field_meta])* $field_vis $field: $ty),+ }

        impl $crate::storage::Place for $name {
            const SLOTS: u64 = 0 $(+ <$ty as $crate::storage::Place>::SLOTS)+;
            fn place(slot: ::alloy_primitives::U256) -> Self {
                let mut next = slot;
                $(
                    let $field = <$ty as $crate::storage::Place>::place(next);
                    next = next.wrapping_add(::alloy_primitives::U256::from(<$ty as $crate::storage::Place>::SLOTS));
                )+
                let _ = next;
                Self { $($field),+ }
            }
        }
    };
}

/// One value in one slot.
#[derive(Debug)]
pub struct Slot<T> {
    slot: U256,
    value: PhantomData<fn() -> T>,
}

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Slot<T> {}

impl<T> Place for Slot<T> {
    const SLOTS: u64 = 1;
    fn place(slot: U256) -> Self {
        Self { slot, value: PhantomData }
    }
}

impl<T: Word> Slot<T> {
    /// The value; the type's zero if never written.
    ///
    /// # Errors
    /// The reader's.
    pub fn get<R: Read>(&self, r: &mut R) -> Result<T, R::Error> {
        r.read(self.slot).map(T::from_word)
    }

    /// Sets the value.
    ///
    /// # Errors
    /// The writer's.
    pub fn set<W: Write>(&self, w: &mut W, value: T) -> Result<(), W::Error> {
        w.write(self.slot, value.to_word())
    }

    /// Its slot number, for proofs.
    #[must_use]
    pub const fn slot(&self) -> U256 {
        self.slot
    }
}

/// `mapping(K => V)`. Nest for two keys: `Map<K, Map<L, V>>`.
#[derive(Debug)]
pub struct Map<K, V> {
    slot: U256,
    types: PhantomData<fn(K) -> V>,
}

impl<K, V> Clone for Map<K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for Map<K, V> {}

impl<K, V> Place for Map<K, V> {
    const SLOTS: u64 = 1;
    fn place(slot: U256) -> Self {
        Self { slot, types: PhantomData }
    }
}

impl<K: Key, V: Place> Map<K, V> {
    /// The slot number from which its places are reckoned, for proofs.
    #[must_use]
    pub const fn slot(&self) -> U256 {
        self.slot
    }

    /// The place of `key`'s value.
    pub fn at(&self, key: K) -> V {
        V::place(key.slot_in(self.slot))
    }
}

/// `V[]`: a dynamic array.
#[derive(Debug)]
pub struct List<V> {
    slot: U256,
    value: PhantomData<fn() -> V>,
}

impl<V> Clone for List<V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V> Copy for List<V> {}

impl<V> Place for List<V> {
    const SLOTS: u64 = 1;
    fn place(slot: U256) -> Self {
        Self { slot, value: PhantomData }
    }
}

impl<V: Place> List<V> {
    fn length(&self) -> Slot<u64> {
        Slot::place(self.slot)
    }

    /// Number of elements.
    ///
    /// # Errors
    /// The reader's.
    pub fn len<R: Read>(&self, r: &mut R) -> Result<u64, R::Error> {
        self.length().get(r)
    }

    /// The slot number from which its places are reckoned, for proofs.
    #[must_use]
    pub const fn slot(&self) -> U256 {
        self.slot
    }

    /// The place of element `index`, whether or not the list is that long.
    #[must_use]
    pub fn at(&self, index: u64) -> V {
        let base = U256::from_be_bytes(keccak256(self.slot.to_be_bytes::<32>()).0);
        V::place(base.wrapping_add(U256::from(index).wrapping_mul(U256::from(V::SLOTS))))
    }

    /// The place of element `index`, or `None` past the end.
    ///
    /// # Errors
    /// The reader's.
    pub fn find<R: Read>(&self, r: &mut R, index: u64) -> Result<Option<V>, R::Error> {
        Ok((index < self.len(r)?).then(|| self.at(index)))
    }

    /// Grows the list by one and returns the place of the new element, for the caller to fill.
    ///
    /// # Errors
    /// The writer's.
    pub fn grow<W: Write>(&self, w: &mut W) -> Result<V, W::Error> {
        let len = self.len(w)?;
        self.length().set(w, len.saturating_add(1))?;
        Ok(self.at(len))
    }

    /// Shortens the list to `len` elements; the caller has cleared what falls off.
    ///
    /// # Errors
    /// The writer's.
    pub fn truncate<W: Write>(&self, w: &mut W, len: u64) -> Result<(), W::Error> {
        self.length().set(w, len)
    }
}

impl<T: Word> List<Slot<T>> {
    /// Appends `value`.
    ///
    /// # Errors
    /// The writer's.
    pub fn push<W: Write>(&self, w: &mut W, value: T) -> Result<(), W::Error> {
        self.grow(w)?.set(w, value)
    }

    /// All elements in order.
    ///
    /// # Errors
    /// The reader's.
    pub fn all<R: Read>(&self, r: &mut R) -> Result<Vec<T>, R::Error> {
        let len = self.len(r)?;
        (0..len).map(|i| self.at(i).get(r)).collect()
    }

    /// Removes element `index` by moving the last one into its place; returns what moved there, if anything did.
    ///
    /// # Errors
    /// The writer's.
    pub fn swap_remove<W: Write>(&self, w: &mut W, index: u64) -> Result<Option<T>, W::Error> {
        let Some(last) = self.len(w)?.checked_sub(1) else { return Ok(None) };
        let moved = self.at(last).get(w)?;
        if index < last {
            self.at(index).set(w, moved)?;
        }
        w.write(self.at(last).slot(), U256::ZERO)?;
        self.truncate(w, last)?;
        Ok((index < last).then_some(moved))
    }
}

#[cfg(test)]
mod tests;
