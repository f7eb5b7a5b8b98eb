//! Operators between two parts, and how tightly they bind.

/// Between two numbers, texts or truths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Or,
    And,
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
    Equal,
    NotEqual,
    In,
    Plus,
    Minus,
    Times,
    Over,
}

/// From loose to tight; within one level from left to right.
///
/// Source: CEL language definition, "Gotchas"/operator precedence table: `* /` 3, `+ -` 4, relations and `in` 5, `&&` 6, `||` 7.
pub(crate) const LEVELS: [&[Operator]; 5] = [
    &[Operator::Or],
    &[Operator::And],
    &[
        Operator::Less,
        Operator::LessOrEqual,
        Operator::More,
        Operator::MoreOrEqual,
        Operator::Equal,
        Operator::NotEqual,
        Operator::In,
    ],
    &[Operator::Plus, Operator::Minus],
    &[Operator::Times, Operator::Over],
];

impl Operator {
    /// As it is written.
    pub(crate) const fn symbol(self) -> &'static str {
        match self {
            Self::Or => "||",
            Self::And => "&&",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::More => ">",
            Self::MoreOrEqual => ">=",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::In => "in",
            Self::Plus => "+",
            Self::Minus => "-",
            Self::Times => "*",
            Self::Over => "/",
        }
    }
}
