//! The clause language: what an article asks and computes, in CEL syntax, exactly and at a cost known before it runs.
//!
//! Rules kept: every number is a fraction of integers (`1.3` is 13/10); a clause has a type before it runs and does no more steps than
//! [`Clause::cost`] says; a fact that is missing, a division by zero or a number too long is a [`Problem`], never a guess.
//!
//! Deliberately absent: loops, clocks, storage. Facts come through [`Facts`].

use std::collections::{BTreeMap, BTreeSet};

use polity_decision::Rational;

/// What a clause or one of its parts gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// `true` or `false`.
    Bool,
    /// An exact fraction.
    Number,
    /// Words in quotation marks.
    Text,
    /// A list of texts; `x in list` asks whether `x` is one of them.
    Texts,
    /// The member that is judged. It can only be handed to a fact.
    Member,
    /// The period that is judged. It can only be handed to a fact.
    Period,
}

/// A value of one of the [`Type`]s.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// See [`Type::Bool`].
    Bool(bool),
    /// See [`Type::Number`].
    Number(Rational),
    /// See [`Type::Text`].
    Text(String),
    /// See [`Type::Texts`].
    Texts(Vec<String>),
    /// See [`Type::Member`].
    Member,
    /// See [`Type::Period`].
    Period,
}

/// A fact that clauses may ask for: a name, or a function if it takes something.
#[derive(Clone, Copy, Debug)]
pub struct Fact {
    /// Its name in clauses.
    pub name: &'static str,
    /// What it takes; nothing for a name without parentheses.
    pub takes: &'static [Type],
    /// What it gives.
    pub gives: Type,
    /// What asking costs. Units: steps.
    pub cost: u64,
    /// What it means, for people.
    pub says: &'static str,
}

/// What is wrong with the text of a clause.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Mistake {
    /// Where. Units: bytes from the start of the clause.
    pub at: usize,
    /// What.
    pub message: String,
    /// What to write instead; empty where nothing can be said.
    pub hint: String,
}

/// Why a clause gives no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem<E> {
    /// Whoever knows the facts failed.
    #[error(transparent)]
    Facts(E),
    /// A fact is not known.
    #[error("`{fact}` is not known: {reason}")]
    Missing {
        /// The fact, as the clause asks for it.
        fact: String,
        /// Why.
        reason: String,
    },
    /// The clause has no value with these facts: division by zero, or a number too long.
    #[error("{0}")]
    Undefined(String),
}

/// The answer of whoever knows the facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is this.
    Known(Value),
    /// It is not known, for this reason.
    Missing(String),
}

/// Whoever knows the facts.
pub trait Facts {
    /// How asking itself may fail.
    type Error;
    /// The fact `name` of `arguments`.
    ///
    /// # Errors
    /// Its own.
    fn ask(&mut self, name: &str, arguments: &[Value]) -> Result<Answer, Self::Error>;
}

/// A clause that was read and whose types fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    source: String,
    gives: Type,
    cost: u64,
}

impl Clause {
    /// Reads `source`, which may use `facts` and the names in `known`.
    ///
    /// # Errors
    /// [`Mistake`], with its place.
    pub fn parse(source: &str, facts: &[Fact], known: &BTreeMap<String, Type>) -> Result<Self, Mistake> {
        unimplemented!("{source} {facts:?} {known:?}")
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
        unimplemented!()
    }

    /// Facts it asks for, each with the texts that are written as arguments: so that names of treaties and the like can be checked.
    #[must_use]
    pub fn asks(&self) -> Vec<(&str, Vec<&str>)> {
        unimplemented!()
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
        let _ = (facts, known);
        unimplemented!()
    }
}

/// Reads definitions that may use each other, whatever their order, and puts them in an order in which each uses only earlier ones.
///
/// # Errors
/// The name of the definition, and [`Mistake`]; definitions in a circle too.
pub fn definitions(sources: &[(&str, &str)], facts: &[Fact]) -> Result<Vec<(String, Clause)>, (String, Mistake)> {
    unimplemented!("{sources:?} {facts:?}")
}
