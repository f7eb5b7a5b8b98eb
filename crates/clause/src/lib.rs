//! The clause language: what an article asks and computes, in CEL syntax, exactly and at a cost known before it runs.
//!
//! The way of a clause: text → [`lexer`] → [`parser`] → [`check`] (names, types, cost) → [`Clause`] → [`evaluate`] → [`Value`].
//!
//! Rules kept: every number is a fraction of integers (`1.3` is 13/10); a clause has a type before it runs and does no more steps than
//! [`Clause::cost`] says; a fact that is missing, a division by zero or a number too long is a [`Problem`], never a guess. Every
//! node of a network reads the same text to the same tree or to the same [`Mistake`]: nothing here depends on a clock, on memory or on
//! what was read before, and recursion is as deep as [`DEPTH_MAX`] allows, whatever the text.
//!
//! Deliberately absent: loops, clocks, storage. Facts come through [`Facts`].

mod answers;
mod check;
mod clause;
mod compares;
mod definitions;
mod evaluate;
mod facts;
mod function;
mod lexer;
mod mistake;
mod node;
mod number;
mod operator;
mod parser;
mod syntax;
mod text;
mod value;

pub use answers::{Answers, Asked, Recorded, Unanswered};
pub use clause::{Clause, Evaluation};
pub use definitions::{DEFINITIONS_MAX, definitions};
pub use facts::{Answer, Fact, Facts, asked};
pub use mistake::{Mistake, Problem};
pub use value::{NotWhole, Type, Unreadable, Value};

/// Longest clause. Units: bytes.
pub const SOURCE_BYTES_MAX: usize = 1_024;

/// Deepest nesting: of parentheses, brackets, arguments, signs and branches of `? :` while reading, and of the tree that was read. A sum
/// is one level, however long.
///
/// Bounds the stack that reading and evaluating take: under 512 KiB even without optimisation, tried in `tests/hostile.rs`.
pub const DEPTH_MAX: usize = 32;

/// Most a clause may cost. Units: steps.
pub const COST_MAX: u64 = 10_000;

/// Longest numerator and denominator of any number on the way. Units: bits.
pub const NUMBER_BITS_MAX: u64 = 512;

#[cfg(test)]
mod tests;
