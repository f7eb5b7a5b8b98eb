//! Articles: what members owe, in words and as clauses that the chain evaluates by itself.
//!
//! Rule kept: an [`Article`] exists only if each of its clauses was read, has the type its place asks for, and asks for nothing
//! but [`FACTS`]. What is named in quotes (treaties, weights, classes) is checked with the charter as a whole.
//!
//! Deliberately absent: judging. The institution `articles` does it.

mod facts;
mod json;

use std::collections::BTreeMap;

use polity_clause::{Clause, Type};
use polity_decision::Delay;
use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::Text;

pub use facts::{FACTS, date_days};
pub use json::ArticleError;

/// Most articles of a charter. Source: the institution looks through all of them to find the next that is due.
pub const ARTICLES_MAX: usize = 64;
/// Most definitions of an article.
pub const LETS_MAX: usize = 32;
/// Most consequences of an article.
pub const THEN_MAX: usize = 8;
/// Most steps that all clauses of an article may take together, for one member: as many as one clause may. Units: steps of
/// [`Clause::cost`]. One member is the least that a system call judges, and must be a small part of a block's work.
pub const ARTICLE_COST_MAX: u64 = 10_000;
/// Longest article as JSON, as the chain keeps it. Units: bytes. 256 words of storage: an amendment writes one within its gas.
pub const ARTICLE_BYTES_MAX: usize = 8 * 1_024;
/// Longest words of all `notify` of an article, in all languages. Units: bytes. They are repeated in each settlement's account, which keeps 4 KiB.
pub const NOTIFY_BYTES_MAX: usize = 1_024;

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

/// What a settlement does. Written as a table of one verb: `{ standing = "-5" }`, `{ suspend = true }`, `{ notify = "…" }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Consequence {
    /// Moves the member's score by this whole number.
    Standing(Clause),
    /// Suspends the member.
    Suspend,
    /// Says these words to the world, in a log.
    Notify(Text),
}

impl Article {
    /// Names and types of its definitions, as `when` and `then` may use them.
    #[must_use]
    pub fn known(&self) -> BTreeMap<String, Type> {
        types(&self.lets)
    }

    /// Its clauses in the order in which they are evaluated: each with its key.
    pub fn clauses(&self) -> impl Iterator<Item = (String, &Clause)> {
        let lets = self.lets.iter().map(|(name, clause)| (crate::report::join("let", name), clause));
        let then = self.then.iter().enumerate().filter_map(|(i, consequence)| match consequence {
            Consequence::Standing(clause) => Some((format!("then[{i}].standing"), clause)),
            Consequence::Suspend | Consequence::Notify(_) => None,
        });
        let whether = [("for".to_owned(), &self.applies)].into_iter();
        whether.chain(lets).chain([("when".to_owned(), &self.when)]).chain(then)
    }

    /// Most steps that all its clauses take together, for one member.
    #[must_use]
    pub fn cost(&self) -> u64 {
        self.clauses().fold(0, |cost: u64, (_, clause)| cost.saturating_add(clause.cost()))
    }
}

/// What each definition gives.
pub(crate) fn types(lets: &[(String, Clause)]) -> BTreeMap<String, Type> {
    lets.iter().map(|(name, clause)| (name.clone(), clause.gives())).collect()
}

impl Serialize for Consequence {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut table = to.serialize_map(Some(1))?;
        match self {
            Self::Standing(clause) => table.serialize_entry("standing", clause.source())?,
            Self::Suspend => table.serialize_entry("suspend", &true)?,
            Self::Notify(words) => table.serialize_entry("notify", words)?,
        }
        table.end()
    }
}

fn source<S: Serializer>(clause: &Clause, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(clause.source())
}

fn sources<S: Serializer>(lets: &[(String, Clause)], to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(lets.iter().map(|(name, clause)| (name, clause.source())))
}
