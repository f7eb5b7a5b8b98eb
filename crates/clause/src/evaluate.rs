//! Evaluation: from facts to a value, step by step.
//!
//! Rules kept: `&&`, `||` and `? :` evaluate from left to right and only what they need, so a fact that is not asked for is not missed; every
//! number is bounded when it is made; [`Node::own_steps`] is counted for each node before it is evaluated, and the bound of
//! [`crate::Clause::cost`] adds the same figures.

use core::cmp::Ordering;
use std::collections::BTreeMap;

use num_traits::Zero;
use polity_decision::Rational;

use crate::function::Function;
use crate::node::{Node, Question, operator_steps};
use crate::operator::Operator;
use crate::{Answer, Facts, NUMBER_BITS_MAX, Problem, Type, Value, asked, number};

pub(crate) struct Evaluator<'a, F> {
    pub(crate) facts: &'a mut F,
    pub(crate) known: &'a BTreeMap<String, Value>,
    /// Steps done.
    pub(crate) steps: u64,
}

impl<F: Facts> Evaluator<'_, F> {
    pub(crate) fn value(&mut self, node: &Node) -> Result<Value, Problem<F::Error>> {
        self.count(node.own_steps());
        Ok(match node {
            Node::Literal(value) => value.clone(),
            Node::Known(name) => match self.known.get(name) {
                Some(value) => short_enough(name, value)?,
                None => return Err(Problem::Undefined(format!("`{name}` has no value"))),
            },
            Node::Fact(question) => self.fact(question)?,
            Node::List(parts) => {
                Value::Texts(parts.iter().map(|part| self.text(part)).collect::<Result<_, _>>()?)
            }
            Node::Not(part) => Value::Bool(!self.bool(part)?),
            Node::Minus(part) => Value::Number(-self.number(part)?),
            Node::All(parts) => Value::Bool(self.until(false, parts)?),
            Node::Any(parts) => Value::Bool(self.until(true, parts)?),
            Node::Fold(first, rest) => {
                let mut left = self.value(first)?;
                for (operator, part) in rest {
                    self.count(operator_steps(*operator));
                    let right = self.value(part)?;
                    left = operate(*operator, left, right).map_err(Problem::Undefined)?;
                }
                left
            }
            Node::Choice(parts) => {
                let [condition, yes, no] = &**parts;
                let chosen = if self.bool(condition)? { yes } else { no };
                self.value(chosen)?
            }
            Node::Apply(function, parts) => {
                let numbers = parts.iter().map(|part| self.number(part)).collect::<Result<Vec<_>, _>>()?;
                Value::Number(apply(*function, numbers).map_err(Problem::Undefined)?)
            }
        })
    }

    const fn count(&mut self, steps: u64) {
        self.steps = self.steps.saturating_add(steps);
    }

    fn bool(&mut self, node: &Node) -> Result<bool, Problem<F::Error>> {
        match self.value(node)? {
            Value::Bool(value) => Ok(value),
            other => Err(Problem::Undefined(format!("{} where true or false is needed", other.kind()))),
        }
    }

    fn number(&mut self, node: &Node) -> Result<Rational, Problem<F::Error>> {
        match self.value(node)? {
            Value::Number(value) => Ok(value),
            other => Err(Problem::Undefined(format!("{} where a number is needed", other.kind()))),
        }
    }

    fn text(&mut self, node: &Node) -> Result<String, Problem<F::Error>> {
        match self.value(node)? {
            Value::Text(value) => Ok(value),
            other => Err(Problem::Undefined(format!("{} where a text is needed", other.kind()))),
        }
    }

    /// Whether one of `parts` is `stop`: then `stop`, and what follows it is not evaluated.
    fn until(&mut self, stop: bool, parts: &[Node]) -> Result<bool, Problem<F::Error>> {
        for part in parts {
            if self.bool(part)? == stop {
                return Ok(stop);
            }
        }
        Ok(!stop)
    }

    fn fact(&mut self, question: &Question) -> Result<Value, Problem<F::Error>> {
        let Question { name, gives, arguments, .. } = question;
        let arguments = arguments.iter().map(|part| self.value(part)).collect::<Result<Vec<_>, _>>()?;
        let fact = || asked(name, &arguments);
        match self.facts.ask(name, &arguments).map_err(Problem::Facts)? {
            Answer::Missing(reason) => Err(Problem::Missing { fact: fact(), reason }),
            Answer::Known(value) if value.kind() == *gives => admitted(&fact(), &value),
            Answer::Known(value) => Err(Problem::Undefined(format!(
                "`{}` was answered with {}, and should be {gives}",
                fact(),
                value.kind()
            ))),
        }
    }
}

/// `value` of the definition `name`: numbers of [`Value`]s that were evaluated or read are in lowest terms already.
fn short_enough<E>(name: &str, value: &Value) -> Result<Value, Problem<E>> {
    match value {
        Value::Number(value) if !number::fits(value) => Err(too_long(name)),
        other => Ok(other.clone()),
    }
}

fn too_long<E>(name: &str) -> Problem<E> {
    Problem::Undefined(format!("`{name}` is a number of more than {NUMBER_BITS_MAX} bits"))
}

/// `value` of the fact `name`, which came from outside, in lowest terms and short enough.
fn admitted<E>(name: &str, value: &Value) -> Result<Value, Problem<E>> {
    match value {
        Value::Number(value) => match number::admitted(value) {
            Some(value) => Ok(Value::Number(value)),
            None => {
                Err(Problem::Undefined(format!("`{name}` is a number of more than {NUMBER_BITS_MAX} bits")))
            }
        },
        other => Ok(other.clone()),
    }
}

fn bounded(value: Rational) -> Result<Rational, String> {
    number::bounded(value).ok_or_else(|| format!("a number of more than {NUMBER_BITS_MAX} bits"))
}

fn operate(operator: Operator, left: Value, right: Value) -> Result<Value, String> {
    Ok(match (operator, left, right) {
        (Operator::Equal, left, right) => Value::Bool(is_equal(&left, &right)),
        (Operator::NotEqual, left, right) => Value::Bool(!is_equal(&left, &right)),
        (Operator::In, Value::Text(text), Value::Texts(texts)) => Value::Bool(texts.contains(&text)),
        (Operator::And, Value::Bool(left), Value::Bool(right)) => Value::Bool(left && right),
        (Operator::Or, Value::Bool(left), Value::Bool(right)) => Value::Bool(left || right),
        (operator, Value::Number(left), Value::Number(right)) => of_numbers(operator, &left, &right)?,
        (operator, left, right) => {
            return Err(format!("`{}` between {} and {}", operator.symbol(), left.kind(), right.kind()));
        }
    })
}

fn is_equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => number::compare(left, right) == Ordering::Equal,
        (left, right) => left == right,
    }
}

fn of_numbers(operator: Operator, left: &Rational, right: &Rational) -> Result<Value, String> {
    let order = || number::compare(left, right);
    let number = match operator {
        Operator::Plus => left + right,
        Operator::Minus => left - right,
        Operator::Times => left * right,
        Operator::Over if right.is_zero() => return Err("division by zero".to_owned()),
        Operator::Over => left / right,
        Operator::Less => return Ok(Value::Bool(order().is_lt())),
        Operator::LessOrEqual => return Ok(Value::Bool(order().is_le())),
        Operator::More => return Ok(Value::Bool(order().is_gt())),
        Operator::MoreOrEqual => return Ok(Value::Bool(order().is_ge())),
        Operator::Or | Operator::And | Operator::Equal | Operator::NotEqual | Operator::In => {
            return Err(format!("`{}` between {} and {}", operator.symbol(), Type::Number, Type::Number));
        }
    };
    bounded(number).map(Value::Number)
}

/// `function` of `numbers`, of which there is at least one.
fn apply(function: Function, numbers: Vec<Rational>) -> Result<Rational, String> {
    let pick = |better: Ordering| {
        move |best: Rational, next: Rational| {
            if number::compare(&next, &best) == better { next } else { best }
        }
    };
    let result = match function {
        Function::Min => numbers.into_iter().reduce(pick(Ordering::Less)),
        Function::Max => numbers.into_iter().reduce(pick(Ordering::Greater)),
        Function::Abs => numbers.first().map(number::magnitude),
        Function::Floor => numbers.first().map(Rational::floor),
        Function::Ceil => numbers.first().map(Rational::ceil),
        Function::Round => numbers.first().map(number::round),
    };
    bounded(result.ok_or("a function of nothing")?)
}
