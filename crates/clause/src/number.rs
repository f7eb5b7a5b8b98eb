//! Exact arithmetic with numbers of bounded length.
//!
//! Rule kept: a number that goes in or comes out has at most [`NUMBER_BITS_MAX`] bits above and below, in lowest terms, below positive.
//! Comparisons multiply crosswise instead of using the order of `num-rational`, whose recursion grows with the numbers.

use core::cmp::Ordering;

use num_bigint::BigInt;
use num_traits::{Pow, Signed, Zero};
use polity_decision::Rational;

use crate::NUMBER_BITS_MAX;

/// Most digits after the point, in clauses and when a number is shown as a decimal.
pub(crate) const PLACES_MAX: u32 = 18;

/// `whole`.`tenths`, unless there are too many digits.
pub(crate) fn decimal(whole: i64, tenths: &str) -> Option<Rational> {
    let places = u32::try_from(tenths.len()).ok().filter(|places| *places <= PLACES_MAX)?;
    let scale = ten_to(places);
    let tenths = if tenths.is_empty() { BigInt::zero() } else { tenths.parse().ok()? };
    Some(Rational::new(BigInt::from(whole) * &scale + tenths, scale))
}

/// 10 to the `places`.
pub(crate) fn ten_to(places: u32) -> BigInt {
    Pow::pow(BigInt::from(10), places)
}

/// `number` in lowest terms, if it is short enough and a number at all.
pub(crate) fn bounded(number: Rational) -> Option<Rational> {
    let fits = |number: &Rational| {
        number.numer().bits() <= NUMBER_BITS_MAX
            && number.denom().bits() <= NUMBER_BITS_MAX
            && !number.denom().is_zero()
    };
    fits(&number).then_some(number)
}

/// The same for a number that others made, perhaps not in lowest terms.
pub(crate) fn admitted(number: &Rational) -> Option<Rational> {
    bounded(number.clone()).map(|number| number.reduced())
}

/// Which is greater.
pub(crate) fn compare(a: &Rational, b: &Rational) -> Ordering {
    (a.numer() * b.denom()).cmp(&(b.numer() * a.denom()))
}

/// The whole number that is nearest; of two that are equally near the even one.
pub(crate) fn round(number: &Rational) -> Rational {
    let half = Rational::new(BigInt::from(1), BigInt::from(2));
    let above = number + half;
    let rounded = above.floor();
    let is_tie = above.is_integer();
    let is_odd = rounded.numer().bit(0);
    if is_tie && is_odd { rounded - Rational::from_integer(BigInt::from(1)) } else { rounded }
}

/// `number` without its sign.
pub(crate) fn magnitude(number: &Rational) -> Rational {
    number.abs()
}
