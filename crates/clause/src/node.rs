//! The tree that is evaluated: names are known, types fit.

use crate::Value;
use crate::function::Function;
use crate::operator::Operator;

/// A part of a clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    Literal(Value),
    /// A definition.
    Known(String),
    Fact(Question),
    List(Vec<Node>),
    Not(Box<Node>),
    Minus(Box<Node>),
    /// `&&`: up to the first that is false.
    All(Vec<Node>),
    /// `||`: up to the first that is true.
    Any(Vec<Node>),
    /// Every other operator, from left to right.
    Fold(Box<Node>, Vec<(Operator, Node)>),
    Choice(Box<[Node; 3]>),
    Apply(Function, Vec<Node>),
}

/// A fact that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) name: &'static str,
    pub(crate) cost: u64,
    pub(crate) gives: crate::Type,
    pub(crate) arguments: Vec<Node>,
}

/// What one operation on numbers costs: it can reduce a fraction of 1,024 over 1,024 bits. Units: steps.
pub(crate) const ARITHMETIC_STEPS: u64 = 8;

/// What `operator` costs. Units: steps.
pub(crate) const fn operator_steps(operator: Operator) -> u64 {
    match operator {
        Operator::Plus | Operator::Minus | Operator::Times | Operator::Over => ARITHMETIC_STEPS,
        _ => 1,
    }
}

impl Node {
    /// What it costs by itself, without its parts and without the operators of a [`Node::Fold`], which are counted one by one.
    /// Units: steps.
    pub(crate) fn own_steps(&self) -> u64 {
        match self {
            Self::Fact(question) => question.cost,
            Self::Fold(..) => 0,
            Self::Apply(Function::Round, _) => ARITHMETIC_STEPS,
            Self::Apply(_, parts) | Self::List(parts) => parts.len() as u64,
            _ => 1,
        }
    }

    /// Most steps it takes with all its parts. Units: steps.
    pub(crate) fn cost(&self) -> u64 {
        let sum = |parts: &[Self]| parts.iter().fold(0, |sum: u64, part| sum.saturating_add(part.cost()));
        let parts = match self {
            Self::Literal(_) | Self::Known(_) => 0,
            Self::Fact(question) => sum(&question.arguments),
            Self::List(parts) | Self::All(parts) | Self::Any(parts) | Self::Apply(_, parts) => sum(parts),
            Self::Not(part) | Self::Minus(part) => part.cost(),
            Self::Fold(first, rest) => rest.iter().fold(first.cost(), |cost, (operator, part)| {
                cost.saturating_add(operator_steps(*operator)).saturating_add(part.cost())
            }),
            Self::Choice(parts) => {
                let [condition, yes, no] = &**parts;
                condition.cost().saturating_add(yes.cost().max(no.cost()))
            }
        };
        self.own_steps().saturating_add(parts)
    }

    /// Calls `see` with every part, itself first, in the order of the text.
    pub(crate) fn each<'a>(&'a self, see: &mut dyn FnMut(&'a Self)) {
        see(self);
        match self {
            Self::Literal(_) | Self::Known(_) => {}
            Self::Fact(Question { arguments: parts, .. })
            | Self::List(parts)
            | Self::All(parts)
            | Self::Any(parts)
            | Self::Apply(_, parts) => parts.iter().for_each(|part| part.each(see)),
            Self::Not(part) | Self::Minus(part) => part.each(see),
            Self::Fold(first, rest) => {
                first.each(see);
                rest.iter().for_each(|(_, part)| part.each(see));
            }
            Self::Choice(parts) => parts.iter().for_each(|part| part.each(see)),
        }
    }
}
