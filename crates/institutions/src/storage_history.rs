//! A value and every value it had before, so that "as of height h" can be read later.
//!
//! In Solidity: `struct History { uint256 latest; uint256[] past; }`, each word `height << 192 | value`. The latest is
//! apart so that the common question, about now, reads one slot.

use alloy_primitives::U256;

use crate::storage::{List, Read, Slot, Write};

/// Bits of a value; the height has the rest of the word.
const VALUE_BITS: usize = 192;

crate::layout! {
    /// A value of at most 192 bits with its past.
    pub struct History {
        latest: Slot<U256>,
        past: List<Slot<U256>>,
    }
}

fn height(entry: U256) -> u64 {
    (entry >> VALUE_BITS).wrapping_to()
}

fn value(entry: U256) -> U256 {
    (entry << (256 - VALUE_BITS)) >> (256 - VALUE_BITS)
}

impl History {
    /// The value now; zero if never set.
    ///
    /// # Errors
    /// The reader's.
    pub fn get<R: Read>(&self, r: &mut R) -> Result<U256, R::Error> {
        self.latest.get(r).map(value)
    }

    /// The value at the end of block `at`; zero if not yet set then. Cost: one slot if unchanged since, else a binary search.
    ///
    /// # Errors
    /// The reader's.
    pub fn at<R: Read>(&self, r: &mut R, at: u64) -> Result<U256, R::Error> {
        let latest = self.latest.get(r)?;
        if height(latest) <= at {
            return Ok(value(latest));
        }
        let (mut low, mut high) = (0, self.past.len(r)?);
        let mut found = U256::ZERO;
        while low < high {
            let middle = low.midpoint(high);
            let entry = self.past.at(middle).get(r)?;
            if height(entry) <= at {
                found = value(entry);
                low = middle.saturating_add(1);
            } else {
                high = middle;
            }
        }
        Ok(found)
    }

    /// Height at which the value was first set; 0 also if it never was.
    ///
    /// # Errors
    /// The reader's.
    pub fn first<R: Read>(&self, r: &mut R) -> Result<u64, R::Error> {
        Ok(height(if self.past.len(r)? > 0 { self.past.at(0).get(r)? } else { self.latest.get(r)? }))
    }

    /// Sets the value from block `now` on. Several values set in one block leave the last.
    ///
    /// Bounds: `value` has at most 192 bits; higher ones are dropped, so callers pass types that fit.
    ///
    /// # Errors
    /// The writer's.
    pub fn set<W: Write>(&self, w: &mut W, now: u64, new: U256) -> Result<(), W::Error> {
        let latest = self.latest.get(w)?;
        if value(latest) == value(new) && !latest.is_zero() {
            return Ok(());
        }
        if !latest.is_zero() && height(latest) < now {
            self.past.push(w, latest)?;
        }
        self.latest.set(w, (U256::from(now) << VALUE_BITS) | value(new))
    }
}
