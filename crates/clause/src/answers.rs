//! Facts that were written down: what a settlement stored, or a file of `polity clause eval`; and the writing down.

use core::convert::Infallible;
use std::collections::BTreeMap;

use crate::node::{Node, Question};
use crate::{Answer, Clause, Fact, Facts, Mistake, Type, Unreadable, Value, asked};

/// Answers to questions, by the question as [`asked`] writes it. What was not written down is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers(BTreeMap<String, Value>);

/// Why an answer cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// The question is no fact.
    #[error("{0}")]
    Question(Mistake),
    /// The answer is of another type.
    #[error(transparent)]
    Answer(#[from] Unreadable),
}

impl Answers {
    /// Adds that the fact `ask`, one of `facts`, is `text`, in the form of [`Value`]'s text. A later answer replaces an earlier one.
    ///
    /// # Errors
    /// [`Unanswered`].
    pub fn add(&mut self, facts: &[Fact], ask: &str, text: &str) -> Result<(), Unanswered> {
        let (ask, gives) = question(facts, ask).map_err(Unanswered::Question)?;
        let value = Value::read(text, gives)?;
        self.0.insert(ask, value);
        Ok(())
    }
}

/// The question that `ask` is, as [`asked`] writes it, and what it gives.
fn question(facts: &[Fact], ask: &str) -> Result<(String, Type), Mistake> {
    let clause = Clause::parse(ask, facts, &BTreeMap::new())?;
    let no_fact = || Mistake::new(0, "this is no fact", "write one fact, such as standing(member)");
    let Node::Fact(Question { name, arguments, .. }) = clause.node() else { return Err(no_fact()) };
    let arguments = arguments.iter().map(|argument| match argument {
        Node::Literal(value) => Ok(value.clone()),
        Node::Fact(Question { gives: Type::Member, .. }) => Ok(Value::Member),
        Node::Fact(Question { gives: Type::Period, .. }) => Ok(Value::Period),
        _ => Err(no_fact()),
    });
    Ok((asked(name, &arguments.collect::<Result<Vec<_>, _>>()?), clause.gives()))
}

impl Facts for Answers {
    type Error = Infallible;

    fn ask(&mut self, name: &str, arguments: &[Value]) -> Result<Answer, Infallible> {
        Ok(match self.0.get(&asked(name, arguments)) {
            Some(value) => Answer::Known(value.clone()),
            // What is judged needs no answer: there is one member and one period.
            None if arguments.is_empty() && name == "member" => Answer::Known(Value::Member),
            None if arguments.is_empty() && name == "period" => Answer::Known(Value::Period),
            None => Answer::Missing("no answer is given".to_owned()),
        })
    }
}

/// A question and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The question, as [`asked`] writes it.
    pub ask: String,
    /// The answer.
    pub is: Value,
}

/// Facts of another, each asked once and written down in the order of asking.
///
/// `member` and `period` themselves are not written down: they are what is judged.
#[derive(Debug)]
pub struct Recorded<F> {
    facts: F,
    asked: Vec<Asked>,
}

impl<F> Recorded<F> {
    /// Begins to write down what is asked of `facts`.
    pub const fn new(facts: F) -> Self {
        Self { facts, asked: Vec::new() }
    }

    /// What was asked, in the order of asking.
    #[must_use]
    pub fn asked(&self) -> &[Asked] {
        &self.asked
    }

    /// Ends the writing.
    #[must_use]
    pub fn finish(self) -> (F, Vec<Asked>) {
        (self.facts, self.asked)
    }
}

impl<F: Facts> Facts for Recorded<F> {
    type Error = F::Error;

    fn ask(&mut self, name: &str, arguments: &[Value]) -> Result<Answer, F::Error> {
        let ask = asked(name, arguments);
        if let Some(earlier) = self.asked.iter().find(|earlier| earlier.ask == ask) {
            return Ok(Answer::Known(earlier.is.clone()));
        }
        let answer = self.facts.ask(name, arguments)?;
        if let Answer::Known(value) = &answer
            && !matches!(value, Value::Member | Value::Period)
        {
            self.asked.push(Asked { ask, is: value.clone() });
        }
        Ok(answer)
    }
}
