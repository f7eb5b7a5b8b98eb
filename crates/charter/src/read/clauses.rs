//! Clauses of articles: read, typed, and every mistake told at its own place in the file.

use std::collections::{BTreeMap, BTreeSet};

use polity_clause::{Clause, Mistake, Type};

use crate::FACTS;
use crate::article::types;
use crate::reader::{Node, alternatives, nearest, suggest};
use crate::report::Report;

/// What later versions will know. Source: DESIGN §7.
const LATER_FACTS: [&str; 4] = ["feed", "report", "pledge", "param"];

/// Most mistakes told of the definitions of one article: for each, all of them are read once more.
const TOLD_MAX: usize = 8;

/// The names that a clause may use, and those it may not and why.
#[derive(Default)]
pub(super) struct Scope<'a> {
    known: BTreeMap<String, Type>,
    /// Definitions that could not be read: that is told where they are, and nowhere else.
    broken: BTreeSet<&'a str>,
    /// Definitions that are computed only afterwards.
    later: BTreeSet<&'a str>,
}

impl<'a> Scope<'a> {
    /// The scope of what is asked before `lets` are computed.
    pub(super) fn before(lets: &[(&'a str, Node<'_>)]) -> Self {
        Self { later: lets.iter().map(|(name, _)| *name).collect(), ..Self::default() }
    }
}

/// Reads a clause that has to give `wanted`.
pub(super) fn clause(
    node: &Node<'_>,
    wanted: Type,
    scope: &Scope<'_>,
    report: &mut Report<'_>,
) -> Option<Clause> {
    let source = node.string("a clause in quotes", report)?;
    match Clause::parse(source, FACTS, &scope.known) {
        Err(mistake) => {
            tell(node, source, mistake, scope, report);
            None
        }
        Ok(clause) if clause.gives() != wanted => {
            let message =
                format!("the clause gives {}, where {} is asked for", words(clause.gives()), words(wanted));
            report.error(&node.path, message, hint(clause.gives(), wanted));
            None
        }
        Ok(clause) => Some(clause),
    }
}

/// Definitions in an order in which each uses only earlier ones; each with its name.
pub(super) type Lets = Vec<(String, Clause)>;

/// Reads definitions, and returns the scope of what may use them. `None`: some could not be read.
pub(super) fn definitions<'a>(
    lets: &[(&'a str, Node<'a>)],
    report: &mut Report<'_>,
) -> (Option<Lets>, Scope<'a>) {
    let mut scope = Scope::default();
    let mut sources: Vec<(&str, &str)> = Vec::new();
    for (name, node) in lets {
        match node.string("a clause in quotes", report) {
            Some(source) => sources.push((name, source)),
            None => _ = scope.broken.insert(name),
        }
    }
    let mut told = 0usize;
    loop {
        match polity_clause::definitions(&sources, FACTS) {
            Ok(read) => {
                let sound = scope.broken.is_empty();
                let shapeless = read.iter().find(|(_, clause)| {
                    matches!(clause.gives(), Type::Member | Type::Period)
                });
                let shapeless = shapeless.and_then(|(name, _)| lets.iter().find(|(known, _)| known == name));
                if let Some((_, node)) = shapeless {
                    report.error(&node.path, "a definition is a value, not a name for the member or the period", "");
                }
                scope.known = types(&read);
                return ((sound && shapeless.is_none()).then_some(read), scope);
            }
            Err((name, mistake)) => {
                let Some(at) = sources.iter().position(|(known, _)| *known == name) else {
                    return (None, scope);
                };
                let (name, source) = sources.remove(at);
                if let Some((_, node)) = lets.iter().find(|(known, _)| *known == name) {
                    tell(node, source, mistake, &scope, report);
                }
                scope.broken.insert(lets.iter().map(|(known, _)| *known).find(|known| *known == name).unwrap_or_default());
                told = told.saturating_add(1);
                if told >= TOLD_MAX {
                    scope.broken.extend(lets.iter().map(|(name, _)| *name));
                    return (None, scope);
                }
            }
        }
    }
}

/// Reports `mistake` where it is, unless it only follows from another.
fn tell(node: &Node<'_>, source: &str, mistake: Mistake, scope: &Scope<'_>, report: &mut Report<'_>) {
    let word = word_at(source, mistake.at);
    if scope.broken.contains(word) {
        return;
    }
    let (message, hint) = if LATER_FACTS.contains(&word) {
        (format!("`{word}` is not in this version"), format!("what there is: {}", alternatives(&names())))
    } else if scope.later.contains(word) {
        let hint = "`for` is asked before anything is computed: write it out here";
        (format!("`{word}` is a definition, which `for` cannot use"), hint.to_owned())
    } else if mistake.hint.is_empty() && !word.is_empty() && !is_known(word, scope) {
        let defined = scope.known.keys().map(String::as_str);
        let all: Vec<_> = names().into_iter().chain(defined).collect();
        let hint = match nearest(word, &all) {
            Some(_) => suggest(word, &all),
            None => String::new(),
        };
        (mistake.message, hint)
    } else {
        (mistake.message, mistake.hint)
    };
    report.error_within(&node.path, source, mistake.at, message, hint);
}

fn names() -> Vec<&'static str> {
    FACTS.iter().map(|fact| fact.name).collect()
}

fn is_known(word: &str, scope: &Scope<'_>) -> bool {
    scope.known.contains_key(word) || FACTS.iter().any(|fact| fact.name == word)
}

/// The name that begins at byte `at` of `source`; empty if none does.
fn word_at(source: &str, at: usize) -> &str {
    let rest = source.get(at..).unwrap_or_default();
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
    rest.get(..end).unwrap_or_default()
}

/// What a clause gives, in words.
const fn words(gives: Type) -> &'static str {
    match gives {
        Type::Bool => "true or false",
        Type::Number => "a number",
        Type::Text => "a text",
        Type::Texts => "a list of texts",
        Type::Member => "a member",
        Type::Period => "a period",
    }
}

const fn hint(gives: Type, wanted: Type) -> &'static str {
    match (gives, wanted) {
        (Type::Number, Type::Bool) => "compare it, such as missed(member, period) > 3",
        (Type::Text, Type::Bool) => "compare it, such as kind == 'state'",
        (Type::Texts, Type::Bool) => "ask whether something is in it, such as 'validate' in rights",
        (Type::Bool, Type::Number) => "choose between two numbers: CONDITION ? -5 : 0",
        _ => "",
    }
}
