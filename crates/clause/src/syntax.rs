//! The tree of a clause as it is written: nothing is known yet of names and types.

use polity_decision::Rational;

use crate::operator::Operator;

/// A part of a clause.
#[derive(Debug)]
pub(crate) struct Expression {
    /// Where it begins. Units: bytes.
    pub(crate) at: usize,
    /// What it is.
    pub(crate) what: What,
    /// How many levels it has below it; a single word has none.
    pub(crate) depth: usize,
}

/// What a part is.
///
/// Operators of one level that follow each other are one flat [`What::Chain`], so that a long sum is not a deep tree.
#[derive(Debug)]
pub(crate) enum What {
    Bool(bool),
    Number(Rational),
    Text(String),
    List(Vec<Expression>),
    Name(String),
    Call { name: String, arguments: Vec<Expression> },
    Not(Box<Expression>),
    Minus(Box<Expression>),
    Chain { first: Box<Expression>, rest: Vec<Link> },
    Choice(Box<[Expression; 3]>),
}

/// An operator and what is right of it.
#[derive(Debug)]
pub(crate) struct Link {
    /// Where the operator is. Units: bytes.
    pub(crate) at: usize,
    pub(crate) operator: Operator,
    pub(crate) right: Expression,
}

impl Expression {
    pub(crate) fn new(at: usize, what: What) -> Self {
        let deepest = |parts: &[Self]| parts.iter().map(|part| part.depth).max().unwrap_or(0);
        let inner = match &what {
            What::Bool(_) | What::Number(_) | What::Text(_) | What::Name(_) => {
                return Self { at, what, depth: 0 };
            }
            What::List(parts) | What::Call { arguments: parts, .. } => deepest(parts),
            What::Not(part) | What::Minus(part) => part.depth,
            What::Chain { first, rest } => {
                rest.iter().fold(first.depth, |depth, link| depth.max(link.right.depth))
            }
            What::Choice(parts) => deepest(&**parts),
        };
        Self { at, what, depth: inner.saturating_add(1) }
    }

    /// Calls `see` with every name in it that is no function, and its place.
    pub(crate) fn names<'a>(&'a self, see: &mut dyn FnMut(&'a str, usize)) {
        match &self.what {
            What::Bool(_) | What::Number(_) | What::Text(_) => {}
            What::Name(name) => see(name, self.at),
            What::List(parts) | What::Call { arguments: parts, .. } => {
                parts.iter().for_each(|part| part.names(see));
            }
            What::Not(part) | What::Minus(part) => part.names(see),
            What::Chain { first, rest } => {
                first.names(see);
                rest.iter().for_each(|link| link.right.names(see));
            }
            What::Choice(parts) => parts.iter().for_each(|part| part.names(see)),
        }
    }
}
