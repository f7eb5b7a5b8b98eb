//! Functions that every clause has.

/// A function of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Min,
    Max,
    Abs,
    Floor,
    Ceil,
    Round,
}

/// Every function: its name, and how many numbers it takes, at least and at most.
pub(crate) const FUNCTIONS: [(&str, Function, usize, usize); 6] = [
    ("min", Function::Min, 2, usize::MAX),
    ("max", Function::Max, 2, usize::MAX),
    ("abs", Function::Abs, 1, 1),
    ("floor", Function::Floor, 1, 1),
    ("ceil", Function::Ceil, 1, 1),
    ("round", Function::Round, 1, 1),
];
