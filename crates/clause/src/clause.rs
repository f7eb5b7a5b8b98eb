//! A clause, read and ready.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::Names;
use crate::evaluate::Evaluator;
use crate::node::{Node, Question};
use crate::syntax::Expression;
use crate::{COST_MAX, Fact, Facts, Mistake, Problem, Type, Value, parser};

/// A clause that was read and whose types fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    source: String,
    gives: Type,
    cost: u64,
    node: Node,
}

/// A value, or why there is none, and what it took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evaluation<E> {
    /// What [`Clause::value`] gives.
    pub value: Result<Value, Problem<E>>,
    /// Work done, at most [`Clause::cost`]. Units: steps.
    pub steps: u64,
}

impl Clause {
    /// Reads `source`, which may use `facts` and the names in `known`.
    ///
    /// Bounds: [`crate::SOURCE_BYTES_MAX`], [`crate::DEPTH_MAX`], [`COST_MAX`].
    ///
    /// # Errors
    /// [`Mistake`], with its place.
    pub fn parse(source: &str, facts: &[Fact], known: &BTreeMap<String, Type>) -> Result<Self, Mistake> {
        Self::of(source, parser::parse(source)?, &Names { facts, known })
    }

    /// The clause that `expression`, read from `source`, is.
    pub(crate) fn of(source: &str, expression: Expression, names: &Names<'_>) -> Result<Self, Mistake> {
        let (node, gives) = names.check(expression)?;
        let cost = node.cost();
        if cost > COST_MAX {
            let message = format!("this can take {cost} steps: a clause takes at most {COST_MAX}");
            return Err(Mistake::new(0, message, "ask for a fact once, in `let`, and use its name"));
        }
        Ok(Self { source: source.to_owned(), gives, cost, node })
    }

    /// As it was written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What it gives.
    #[must_use]
    pub const fn gives(&self) -> Type {
        self.gives
    }

    /// Most steps it takes.
    #[must_use]
    pub const fn cost(&self) -> u64 {
        self.cost
    }

    /// Names of `known` it uses.
    #[must_use]
    pub fn uses(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        self.node.each(&mut |node| {
            if let Node::Known(name) = node {
                names.insert(name.clone());
            }
        });
        names
    }

    /// Facts it asks for, each with the texts that are written as arguments: so that names of treaties and the like can be checked.
    ///
    /// In the order of the text; a fact that is asked for twice is there twice. Every text that a fact takes is among them, since a
    /// clause cannot compute it.
    #[must_use]
    pub fn asks(&self) -> Vec<(&str, Vec<&str>)> {
        let mut asks = Vec::new();
        self.node.each(&mut |node| {
            if let Node::Fact(Question { name, arguments, .. }) = node {
                let texts = arguments.iter().filter_map(|argument| match argument {
                    Node::Literal(Value::Text(text)) => Some(text.as_str()),
                    _ => None,
                });
                asks.push((*name, texts.collect()));
            }
        });
        asks
    }

    /// Its value.
    ///
    /// # Errors
    /// [`Problem`].
    pub fn value<F: Facts>(
        &self,
        facts: &mut F,
        known: &BTreeMap<String, Value>,
    ) -> Result<Value, Problem<F::Error>> {
        self.evaluate(facts, known).value
    }

    /// Its value, and the steps it took.
    pub fn evaluate<F: Facts>(&self, facts: &mut F, known: &BTreeMap<String, Value>) -> Evaluation<F::Error> {
        let mut evaluator = Evaluator { facts, known, steps: 0 };
        let value = evaluator.value(&self.node);
        let steps = evaluator.steps;
        debug_assert!(steps <= self.cost, "{} steps of at most {}: {}", steps, self.cost, self.source);
        Evaluation { value, steps }
    }

    /// The tree, for what asks about a clause in this crate.
    pub(crate) const fn node(&self) -> &Node {
        &self.node
    }
}
