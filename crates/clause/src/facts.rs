//! Facts: what clauses may ask for, and who answers.

use crate::{Type, Value, text};

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

impl Fact {
    /// How a clause writes it: `id`, `written(member, period)`, `date('…')`.
    #[must_use]
    pub fn usage(&self) -> String {
        let word = |takes: &Type| match takes {
            Type::Text => "'…'",
            Type::Number => "1",
            Type::Bool => "true",
            Type::Texts => "['…']",
            Type::Member => "member",
            Type::Period => "period",
        };
        match self.takes {
            [] => self.name.to_owned(),
            takes => format!("{}({})", self.name, takes.iter().map(word).collect::<Vec<_>>().join(", ")),
        }
    }
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

/// The question as a clause writes it, always in the same way: `written(member, period)`, `deposited('paris', member)`.
#[must_use]
pub fn asked(name: &str, arguments: &[Value]) -> String {
    match arguments {
        [] => name.to_owned(),
        arguments => {
            let arguments: Vec<String> = arguments.iter().map(text::in_clause).collect();
            format!("{name}({})", arguments.join(", "))
        }
    }
}
