//! Articles: what members owe, in words and as clauses that the chain evaluates by itself.

use polity_clause::{Clause, Fact, Type};
use polity_decision::Delay;
use serde::{Serialize, Serializer};

use crate::Text;

/// A clause of obligation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Article {
    /// Short name, unique.
    pub id: String,
    /// What it says to people.
    pub text: Text,
    /// Who owes: a clause that is asked for each member.
    #[serde(rename = "for", serialize_with = "source")]
    pub applies: Clause,
    /// How long a period is; each is judged at its end.
    pub every: Delay,
    /// Definitions, in an order in which each uses only earlier ones.
    #[serde(rename = "let", serialize_with = "sources")]
    pub lets: Vec<(String, Clause)>,
    /// Whether there is something to settle.
    #[serde(serialize_with = "source")]
    pub when: Clause,
    /// What is done then, in this order.
    pub then: Vec<Consequence>,
    /// From the settlement until it is final, for objections; `None`: it is final at once.
    pub notice: Option<Delay>,
}

/// What a settlement does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Consequence {
    /// Moves the member's score by this whole number.
    Standing(#[serde(serialize_with = "source")] Clause),
    /// Suspends the member.
    Suspend,
    /// Says these words to the world, in a log.
    Notify(Text),
}

fn source<S: Serializer>(clause: &Clause, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(clause.source())
}

fn sources<S: Serializer>(lets: &[(String, Clause)], to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(lets.iter().map(|(name, clause)| (name, clause.source())))
}

/// What clauses of articles may ask for.
///
/// The institution `articles` answers; whoever adds a fact adds it there too.
pub const FACTS: &[Fact] = &[
    Fact { name: "id", takes: &[], gives: Type::Text, cost: 1, says: "the member's id" },
    Fact { name: "kind", takes: &[], gives: Type::Text, cost: 1, says: "its kind, such as 'state'" },
    Fact { name: "classes", takes: &[], gives: Type::Texts, cost: 32, says: "the classes it belongs to" },
    Fact { name: "rights", takes: &[], gives: Type::Texts, cost: 8, says: "what it may do now, such as 'validate'" },
    Fact { name: "suspended", takes: &[], gives: Type::Bool, cost: 1, says: "whether it is suspended" },
    Fact { name: "member", takes: &[], gives: Type::Member, cost: 1, says: "the member that is judged" },
    Fact { name: "period", takes: &[], gives: Type::Period, cost: 1, says: "the period that is judged" },
    Fact { name: "today", takes: &[], gives: Type::Number, cost: 1, says: "the day of the block, in days since 1970-01-01" },
    Fact { name: "date", takes: &[Type::Text], gives: Type::Number, cost: 4, says: "a day such as '2030-01-31', in days since 1970-01-01" },
    Fact { name: "number", takes: &[Type::Period], gives: Type::Number, cost: 1, says: "which period it is: 1 is the first" },
    Fact { name: "weight", takes: &[Type::Text, Type::Member], gives: Type::Number, cost: 8, says: "a named weight of the member" },
    Fact { name: "standing", takes: &[Type::Member], gives: Type::Number, cost: 8, says: "its score" },
    Fact { name: "bonded", takes: &[Type::Member], gives: Type::Number, cost: 16, says: "its own bond, in units of the currency" },
    Fact { name: "written", takes: &[Type::Member, Type::Period], gives: Type::Number, cost: 8, says: "blocks it wrote in the period" },
    Fact { name: "missed", takes: &[Type::Member, Type::Period], gives: Type::Number, cost: 8, says: "turns to write it let pass in the period" },
    Fact { name: "deposited", takes: &[Type::Text, Type::Member], gives: Type::Bool, cost: 16, says: "whether it deposited an instrument of the treaty and did not take it back" },
    Fact { name: "in_force", takes: &[Type::Text, Type::Member], gives: Type::Bool, cost: 32, says: "whether the treaty is in force for it" },
];
