//! From the tree as written to the tree that is evaluated: every name is looked up, every type compared.

use std::collections::BTreeMap;

use crate::function::FUNCTIONS;
use crate::node::{Node, Question};
use crate::operator::Operator;
use crate::syntax::{Expression, Link, What};
use crate::{Fact, Mistake, Type, Value};

/// What clauses may name.
pub(crate) struct Names<'a> {
    pub(crate) facts: &'a [Fact],
    pub(crate) known: &'a BTreeMap<String, Type>,
}

/// A part and what it gives.
type Typed = (Node, Type);

impl Names<'_> {
    /// Checks `expression` with all its parts.
    pub(crate) fn check(&self, expression: Expression) -> Result<Typed, Mistake> {
        let Expression { at, what, .. } = expression;
        Ok(match what {
            What::Bool(value) => (Node::Literal(Value::Bool(value)), Type::Bool),
            What::Number(value) => (Node::Literal(Value::Number(value)), Type::Number),
            What::Text(value) => (Node::Literal(Value::Text(value)), Type::Text),
            What::List(parts) => {
                if parts.is_empty() {
                    return Err(Mistake::new(at, "an empty list", "list at least one text, as ['a', 'b']"));
                }
                (Node::List(self.all_of(parts, Type::Text, "a list")?), Type::Texts)
            }
            What::Name(name) => self.name(at, name)?,
            What::Call { name, arguments } => self.call(at, &name, arguments)?,
            What::Not(part) => (Node::Not(Box::new(self.of(*part, Type::Bool, "`!`")?)), Type::Bool),
            What::Minus(part) => (Node::Minus(Box::new(self.of(*part, Type::Number, "`-`")?)), Type::Number),
            What::Chain { first, rest } => self.chain(*first, rest)?,
            What::Choice(parts) => self.choice(*parts)?,
        })
    }

    /// Checks that `expression` gives `expected`, since `user` needs it.
    fn of(&self, expression: Expression, expected: Type, user: &str) -> Result<Node, Mistake> {
        let at = expression.at;
        let (node, gives) = self.check(expression)?;
        needs(at, user, expected, gives)?;
        Ok(node)
    }

    fn all_of(&self, parts: Vec<Expression>, expected: Type, user: &str) -> Result<Vec<Node>, Mistake> {
        parts.into_iter().map(|part| self.of(part, expected, user)).collect()
    }

    fn name(&self, at: usize, name: String) -> Result<Typed, Mistake> {
        if let Some(fact) = self.facts.iter().find(|fact| fact.name == name) {
            if !fact.takes.is_empty() {
                let message = format!("`{name}` must be told of what");
                return Err(Mistake::new(at, message, format!("write {}", fact.usage())));
            }
            return Ok((question(fact, Vec::new()), fact.gives));
        }
        if let Some(gives) = self.known.get(&name) {
            return Ok((Node::Known(name), *gives));
        }
        if let Some((function, ..)) = FUNCTIONS.iter().find(|(function, ..)| *function == name) {
            return Err(Mistake::new(at, format!("`{name}` is a function"), format!("write {function}(…)")));
        }
        let names = self.facts.iter().filter(|fact| fact.takes.is_empty()).map(|fact| fact.name);
        let hint = suggest(&name, names.chain(self.known.keys().map(String::as_str)));
        Err(Mistake::new(at, format!("`{name}` is not known here"), hint))
    }

    fn call(&self, at: usize, name: &str, arguments: Vec<Expression>) -> Result<Typed, Mistake> {
        if let Some(fact) = self.facts.iter().find(|fact| fact.name == name) {
            return self.fact(at, fact, arguments);
        }
        let Some((_, function, least, most)) = FUNCTIONS.iter().find(|(function, ..)| *function == name)
        else {
            if self.known.contains_key(name) {
                let message = format!("`{name}` is a definition");
                return Err(Mistake::new(at, message, "write it without parentheses"));
            }
            let facts = self.facts.iter().filter(|fact| !fact.takes.is_empty()).map(|fact| fact.name);
            let hint = suggest(name, facts.chain(FUNCTIONS.iter().map(|(function, ..)| *function)));
            return Err(Mistake::new(at, format!("there is no function `{name}`"), hint));
        };
        if !(*least..=*most).contains(&arguments.len()) {
            let takes = if least == most { "one number" } else { "two numbers or more" };
            return Err(Mistake::new(at, format!("`{name}` takes {takes}, not {}", arguments.len()), ""));
        }
        let numbers = self.all_of(arguments, Type::Number, &format!("`{name}`"))?;
        Ok((Node::Apply(*function, numbers), Type::Number))
    }

    fn fact(&self, at: usize, fact: &Fact, arguments: Vec<Expression>) -> Result<Typed, Mistake> {
        let name = fact.name;
        if fact.takes.is_empty() {
            return Err(Mistake::new(at, format!("`{name}` takes nothing"), format!("write {name}")));
        }
        if arguments.len() != fact.takes.len() {
            let message = format!("`{name}` takes {}, not {}", fact.takes.len(), arguments.len());
            return Err(Mistake::new(at, message, format!("write {}", fact.usage())));
        }
        let mut nodes = Vec::new();
        for (argument, takes) in arguments.into_iter().zip(fact.takes) {
            let at = argument.at;
            let node = self.of(argument, *takes, &format!("`{name}`")).map_err(|mistake| {
                match mistake.hint.as_str() {
                    "" => Mistake { hint: format!("write {}", fact.usage()), ..mistake },
                    _ => mistake,
                }
            })?;
            // A text that is computed could name a treaty that there is not, and nobody would see it before the clause runs.
            if *takes == Type::Text && !matches!(node, Node::Literal(_)) {
                let message =
                    format!("`{name}` takes a text that is written here, so that it can be checked");
                let hint =
                    format!("write {}, and choose between two such facts with a ? b : c", fact.usage());
                return Err(Mistake::new(at, message, hint));
            }
            nodes.push(node);
        }
        Ok((question(fact, nodes), fact.gives))
    }

    fn choice(&self, [condition, yes, no]: [Expression; 3]) -> Result<Typed, Mistake> {
        let condition = self.of(condition, Type::Bool, "`?`")?;
        let at = no.at;
        let ((yes, gives), (no, other)) = (self.check(yes)?, self.check(no)?);
        if gives != other {
            let message = format!("`? :` chooses between {gives} and {other}");
            return Err(Mistake::new(at, message, format!("both must be {gives}")));
        }
        Ok((Node::Choice(Box::new([condition, yes, no])), gives))
    }

    fn chain(&self, first: Expression, rest: Vec<Link>) -> Result<Typed, Mistake> {
        match rest.first().map(|link| link.operator) {
            Some(operator @ (Operator::And | Operator::Or)) => {
                let user = format!("`{}`", operator.symbol());
                let parts = [first].into_iter().chain(rest.into_iter().map(|link| link.right)).collect();
                let parts = self.all_of(parts, Type::Bool, &user)?;
                Ok((if operator == Operator::And { Node::All(parts) } else { Node::Any(parts) }, Type::Bool))
            }
            _ => self.fold(first, rest),
        }
    }

    fn fold(&self, first: Expression, rest: Vec<Link>) -> Result<Typed, Mistake> {
        let mut left_at = first.at;
        let (first, mut gives) = self.check(first)?;
        let mut nodes = Vec::new();
        for (index, Link { at, operator, right }) in rest.into_iter().enumerate() {
            let right_at = right.at;
            let user = format!("`{}`", operator.symbol());
            let (right, other) = self.check(right)?;
            match operator {
                Operator::Plus | Operator::Minus | Operator::Times | Operator::Over => {
                    needs(left_at, &user, Type::Number, gives)?;
                    needs(right_at, &user, Type::Number, other)?;
                }
                Operator::Less | Operator::LessOrEqual | Operator::More | Operator::MoreOrEqual => {
                    if index > 0 && gives == Type::Bool {
                        let hint = "write a < b && b < c";
                        return Err(Mistake::new(at, "comparisons do not chain", hint));
                    }
                    needs(left_at, &user, Type::Number, gives)?;
                    needs(right_at, &user, Type::Number, other)?;
                    gives = Type::Bool;
                }
                Operator::In => {
                    needs(left_at, &user, Type::Text, gives)?;
                    needs(right_at, &user, Type::Texts, other)?;
                    gives = Type::Bool;
                }
                Operator::Equal | Operator::NotEqual => {
                    if gives != other {
                        let message = format!("{user} compares {gives} with {other}");
                        return Err(Mistake::new(at, message, "both must be of one type"));
                    }
                    if !matches!(gives, Type::Bool | Type::Number | Type::Text) {
                        let message = format!("{user} cannot compare {gives} with another");
                        let hint = if gives == Type::Texts {
                            "ask for one text: 'a' in list"
                        } else {
                            "compare `id` with a text"
                        };
                        return Err(Mistake::new(at, message, hint));
                    }
                    gives = Type::Bool;
                }
                // They have levels of their own and never stand among the others.
                Operator::And | Operator::Or => needs(left_at, &user, Type::Bool, gives)?,
            }
            nodes.push((operator, right));
            left_at = at;
        }
        Ok((Node::Fold(Box::new(first), nodes), gives))
    }
}

fn question(fact: &Fact, arguments: Vec<Node>) -> Node {
    Node::Fact(Question { name: fact.name, cost: fact.cost, gives: fact.gives, arguments })
}

/// The mistake that `gives` is where `user` needs `expected`.
fn needs(at: usize, user: &str, expected: Type, gives: Type) -> Result<(), Mistake> {
    if expected == gives {
        return Ok(());
    }
    let hint = match (expected, gives) {
        (Type::Bool, Type::Number) => "compare it with a number, as x > 0",
        (Type::Bool, Type::Text) => "compare it with a text, as kind == 'state'",
        (Type::Number, Type::Bool) => "choose a number, as x ? 1 : 0",
        (Type::Text, Type::Member) => "write `id` for the member's id",
        (Type::Texts, Type::Text) => "put it into a list: ['a']",
        _ => "",
    };
    Err(Mistake::new(at, format!("{user} needs {expected}, and this is {gives}"), hint))
}

/// Longest word that is compared with others. Units: bytes.
const WORD_BYTES_MAX: usize = 64;

/// Most names that are listed.
const LISTED_MAX: usize = 24;

/// "did you mean `x`?" if one of `names` is a slip of the pen away from `word`, else all of them.
fn suggest<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    if word.len() <= WORD_BYTES_MAX {
        let distances = names.iter().map(|name| (strsim::damerau_levenshtein(word, name), *name));
        if let Some((_, name)) = distances.min().filter(|(distance, name)| *distance <= name.len() / 5 + 1) {
            return format!("did you mean `{name}`?");
        }
    }
    match names.len() {
        0 => String::new(),
        count if count > LISTED_MAX => String::new(),
        _ => format!("there are {}", names.join(", ")),
    }
}
