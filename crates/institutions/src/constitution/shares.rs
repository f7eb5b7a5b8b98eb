//! A sum of money that many own, each by its number of shares: so that taking a part of it from all of them is one write.
//!
//! Rule kept: rounding is always against whoever comes or goes, and what it leaves stays with those who remain; a share is never
//! worth more than a wei was when it was bought. Shares ≥ tokens, always; and shares ≤ tokens × 2⁴⁰, or what is left is taken
//! too and a new generation of shares begins, in which the old ones are worth nothing. So no product here exceeds 512 bits and
//! no sum 256.
//!
//! Source: the shares of a validator in Cosmos SDK, x/staking (ADR 0019).

use alloy_primitives::{U256, U512};

use crate::{
    layout,
    storage::{Read, Slot, Write},
};

/// By how much more shares there can be than tokens, as a power of two.
const RATIO_BITS: usize = 40;

layout! {
    /// The sum.
    pub(super) struct Shares {
        /// Units: wei.
        pub(super) tokens: Slot<U256>,
        pub(super) shares: Slot<U256>,
        /// How often everything was lost.
        pub(super) generation: Slot<u64>,
    }
}

/// `a × b / c`, rounded down; 0 if `c` is. Saturates.
pub(super) fn mul_div(a: U256, b: U256, c: U256) -> U256 {
    (U512::from(a) * U512::from(b)).checked_div(U512::from(c)).map_or(U256::ZERO, |q| q.saturating_to())
}

/// The same, rounded up.
pub(super) fn mul_div_up(a: U256, b: U256, c: U256) -> U256 {
    if c.is_zero() {
        return U256::ZERO;
    }
    (U512::from(a) * U512::from(b)).div_ceil(U512::from(c)).saturating_to()
}

impl Shares {
    /// Puts `amount` in: the shares that are bought, in the present generation. Units: wei.
    pub(super) fn enter<W: Write>(&self, w: &mut W, amount: U256) -> Result<U256, W::Error> {
        let (tokens, shares) = (self.tokens.get(w)?, self.shares.get(w)?);
        let bought = if shares.is_zero() { amount } else { mul_div(amount, shares, tokens) };
        self.tokens.set(w, tokens.saturating_add(amount))?;
        self.shares.set(w, shares.saturating_add(bought))?;
        Ok(bought)
    }

    /// What `shares` of the present generation are worth. Units: wei.
    pub(super) fn worth<R: Read>(&self, r: &mut R, shares: U256) -> Result<U256, R::Error> {
        Ok(mul_div(shares, self.tokens.get(r)?, self.shares.get(r)?))
    }

    /// How many shares `amount` costs whoever takes it out.
    pub(super) fn price<R: Read>(&self, r: &mut R, amount: U256) -> Result<U256, R::Error> {
        Ok(mul_div_up(amount, self.shares.get(r)?, self.tokens.get(r)?))
    }

    /// Takes out `amount` for `shares`. What is left when nobody owns a share any more belongs to nobody, and is returned.
    /// Units: wei.
    pub(super) fn leave<W: Write>(&self, w: &mut W, shares: U256, amount: U256) -> Result<U256, W::Error> {
        let tokens = self.tokens.get(w)?.saturating_sub(amount);
        let left = self.shares.get(w)?.saturating_sub(shares);
        self.shares.set(w, left)?;
        let orphaned = if left.is_zero() { tokens } else { U256::ZERO };
        self.tokens.set(w, tokens.saturating_sub(orphaned))?;
        Ok(orphaned)
    }

    /// Takes `amount` from all owners in proportion; more, if what would be left is worth nothing: what was taken. Units: wei.
    pub(super) fn cut<W: Write>(&self, w: &mut W, amount: U256) -> Result<U256, W::Error> {
        let (tokens, shares) = (self.tokens.get(w)?, self.shares.get(w)?);
        let left = tokens.saturating_sub(amount);
        if shares.is_zero() || (!left.is_zero() && shares <= left << RATIO_BITS) {
            self.tokens.set(w, left)?;
            return Ok(tokens.saturating_sub(left));
        }
        let generation = self.generation.get(w)?;
        self.generation.set(w, generation.saturating_add(1))?;
        self.tokens.set(w, U256::ZERO)?;
        self.shares.set(w, U256::ZERO)?;
        Ok(tokens)
    }
}
