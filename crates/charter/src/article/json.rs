//! The one JSON text of an article: what the chain keeps under its hash, and what settlements are recomputed from.
//!
//! Rule kept: this is consensus data. The same article is the same bytes on every node: keys in order of declaration, all of them
//! always there, texts by language in the order of their codes, no blanks. What was written is read back as it was.

use std::{collections::BTreeMap, fmt};

use polity_clause::{Clause, Mistake, Type, definitions};
use polity_decision::Delay;
use serde::{Deserialize, Deserializer, de};

use super::{Article, Consequence, FACTS, LETS_MAX, THEN_MAX, types};
use crate::{Text, is_id};

/// Why a text is no article.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArticleError {
    /// It is no JSON, or other keys are in it, or values of another form.
    #[error("no article: {0}")]
    Form(String),
    /// A clause cannot be read.
    #[error("{key}: {mistake}")]
    Clause {
        /// Which.
        key: String,
        /// Why.
        mistake: Mistake,
    },
    /// A clause gives something else than its place asks for.
    #[error("{key}: it gives {gives:?}")]
    Type {
        /// Which.
        key: String,
        /// What it gives.
        gives: Type,
    },
}

/// An article as it is written; the order of the keys is that of [`Article`].
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: String,
    text: Text,
    #[serde(rename = "for")]
    applies: String,
    every: Delay,
    #[serde(rename = "let")]
    lets: Lets,
    when: String,
    then: Vec<Verb>,
    notice: Option<Delay>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Verb {
    Standing(String),
    Suspend(bool),
    Notify(Text),
}

/// Definitions in the order in which they are written, each name once.
struct Lets(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Lets {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Lets;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("definitions by name")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Lets, A::Error> {
                let mut lets: Vec<(String, String)> = Vec::new();
                while let Some((name, source)) = map.next_entry::<String, String>()? {
                    if lets.len() >= LETS_MAX || lets.iter().any(|(known, _)| *known == name) {
                        return Err(de::Error::custom("too many definitions, or one of them twice"));
                    }
                    lets.push((name, source));
                }
                Ok(Lets(lets))
            }
        }
        from.deserialize_map(Visitor)
    }
}

impl Article {
    /// The one JSON text of this article, the same on every node.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("strings, lists and tables with string keys always serialize")
    }

    /// Reads what [`Article::to_json`] wrote. Whether what it names is there is not asked: it was when the article was adopted.
    ///
    /// # Errors
    /// [`ArticleError`], the first.
    pub fn from_json(json: &str) -> Result<Self, ArticleError> {
        let form = |error: &dyn fmt::Display| ArticleError::Form(error.to_string());
        let written: Written = serde_json::from_str(json).map_err(|error| form(&error))?;
        let Written { id, text, applies, every, lets, when, then, notice } = written;
        if !is_id(&id) || then.is_empty() || then.len() > THEN_MAX {
            return Err(form(&"its id or the number of its consequences is out of bounds"));
        }
        let sources: Vec<_> = lets.0.iter().map(|(name, source)| (name.as_str(), source.as_str())).collect();
        let lets = definitions(&sources, FACTS)
            .map_err(|(name, mistake)| ArticleError::Clause { key: format!("let.{name}"), mistake })?;
        let known = types(&lets);
        let consequence = |(i, verb): (usize, Verb)| match verb {
            Verb::Standing(source) => clause(&format!("then[{i}].standing"), &source, Type::Number, &known)
                .map(Consequence::Standing),
            Verb::Suspend(true) => Ok(Consequence::Suspend),
            Verb::Suspend(false) => Err(form(&"`suspend` is true or not there")),
            Verb::Notify(words) => Ok(Consequence::Notify(words)),
        };
        Ok(Self {
            applies: clause("for", &applies, Type::Bool, &BTreeMap::new())?,
            when: clause("when", &when, Type::Bool, &known)?,
            then: then.into_iter().enumerate().map(consequence).collect::<Result<_, _>>()?,
            id,
            text,
            every,
            lets,
            notice,
        })
    }
}

fn clause(
    key: &str,
    source: &str,
    wanted: Type,
    known: &BTreeMap<String, Type>,
) -> Result<Clause, ArticleError> {
    let clause = Clause::parse(source, FACTS, known)
        .map_err(|mistake| ArticleError::Clause { key: key.to_owned(), mistake })?;
    match clause.gives() {
        gives if gives == wanted => Ok(clause),
        gives => Err(ArticleError::Type { key: key.to_owned(), gives }),
    }
}
