//! Definitions that use each other: the order in which they are evaluated.

use std::collections::BTreeMap;

use crate::check::Names;
use crate::function::FUNCTIONS;
use crate::syntax::Expression;
use crate::{Clause, Fact, Mistake, Type, lexer, parser};

/// Most definitions beside one clause.
pub const DEFINITIONS_MAX: usize = 32;

/// A definition that was read and waits for those it uses.
struct Waiting<'a> {
    name: &'a str,
    source: &'a str,
    expression: Expression,
    /// Other definitions it uses, each with the place where it is named first.
    uses: BTreeMap<&'a str, usize>,
}

/// Reads definitions that may use each other, whatever their order, and puts them in an order in which each uses only earlier ones.
///
/// Of several that could be next, the one that was given first is. Bounds: [`DEFINITIONS_MAX`].
///
/// # Errors
/// The name of the definition, and [`Mistake`]; definitions in a circle too.
pub fn definitions(
    sources: &[(&str, &str)],
    facts: &[Fact],
) -> Result<Vec<(String, Clause)>, (String, Mistake)> {
    let mut waiting = read(sources, facts)?;
    let mut done: Vec<(String, Clause)> = Vec::new();
    let mut known: BTreeMap<String, Type> = BTreeMap::new();
    while !waiting.is_empty() {
        let ready = waiting.iter().position(|next| next.uses.keys().all(|name| known.contains_key(*name)));
        let Some(ready) = ready else { return Err(circle(&waiting, &known)) };
        let Waiting { name, source, expression, .. } = waiting.remove(ready);
        let clause = Clause::of(source, expression, &Names { facts, known: &known })
            .map_err(|mistake| (name.to_owned(), mistake))?;
        known.insert(name.to_owned(), clause.gives());
        done.push((name.to_owned(), clause));
    }
    Ok(done)
}

/// Reads each by itself.
fn read<'a>(sources: &[(&'a str, &'a str)], facts: &[Fact]) -> Result<Vec<Waiting<'a>>, (String, Mistake)> {
    let mut waiting: Vec<Waiting<'a>> = Vec::new();
    for (name, source) in sources {
        let wrong = |message: String, hint: &str| Err((name.to_string(), Mistake::new(0, message, hint)));
        if waiting.len() >= DEFINITIONS_MAX {
            return wrong(format!("more than {DEFINITIONS_MAX} definitions"), "");
        }
        if !lexer::is_name(name) {
            return wrong(
                format!("`{name}` cannot name a definition"),
                "a name has ASCII letters, digits and _, begins with no digit, and is no word of the language",
            );
        }
        if facts.iter().any(|fact| fact.name == *name)
            || FUNCTIONS.iter().any(|(function, ..)| function == name)
        {
            return wrong(format!("`{name}` is a fact or a function already"), "choose another name");
        }
        if waiting.iter().any(|other| other.name == *name) {
            return wrong(format!("`{name}` is defined twice"), "choose another name");
        }
        let expression = parser::parse(source).map_err(|mistake| (name.to_string(), mistake))?;
        waiting.push(Waiting { name, source, expression, uses: BTreeMap::new() });
    }
    for one in &mut waiting {
        let Waiting { expression, uses, .. } = one;
        expression.names(&mut |used, at| {
            if let Some((name, _)) = sources.iter().find(|(name, _)| *name == used) {
                uses.entry(*name).or_insert(at);
            }
        });
    }
    Ok(waiting)
}

/// The mistake that none of `waiting` can be next.
fn circle(waiting: &[Waiting<'_>], known: &BTreeMap<String, Type>) -> (String, Mistake) {
    // Each that waits uses one that waits: whoever goes on from one to the next comes back.
    let next = |from: &str| {
        let from = waiting.iter().find(|one| one.name == from)?;
        from.uses.iter().find(|(name, _)| !known.contains_key(**name)).map(|(name, at)| (*name, *at))
    };
    let mut path: Vec<(&str, usize)> = Vec::new();
    let mut name = waiting.first().map_or("", |one| one.name);
    while let Some((used, at)) = next(name).filter(|_| !path.iter().any(|(passed, _)| *passed == name)) {
        path.push((name, at));
        name = used;
    }
    let start = path.iter().position(|(passed, _)| *passed == name).unwrap_or(0);
    let round: Vec<(&str, usize)> = path.into_iter().skip(start).collect();
    let at = round.first().map_or(0, |(_, at)| *at);
    let names: Vec<&str> = round.iter().map(|(name, _)| *name).chain([name]).collect();
    let message = format!("definitions in a circle: {}", names.join(" uses "));
    (name.to_owned(), Mistake::new(at, message, "let one of them ask the facts itself"))
}
