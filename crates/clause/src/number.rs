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

/// Whether `number` is short enough, and a number at all.
pub(crate) fn fits(number: &Rational) -> bool {
    let is_short = number.numer().bits() <= NUMBER_BITS_MAX && number.denom().bits() <= NUMBER_BITS_MAX;
    is_short && number.denom().is_positive()
}

/// `number`, which is in lowest terms, if it is short enough.
pub(crate) fn bounded(number: Rational) -> Option<Rational> {
    fits(&number).then_some(number)
}

/// `number` in lowest terms, though others made it, perhaps of zero parts or in other terms, if it is short enough.
pub(crate) fn admitted(number: &Rational) -> Option<Rational> {
    let (over, under) = (number.numer(), number.denom());
    let is_short = over.bits() <= NUMBER_BITS_MAX && under.bits() <= NUMBER_BITS_MAX;
    (is_short && !under.is_zero()).then(|| Rational::new(over.clone(), under.clone()))
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
