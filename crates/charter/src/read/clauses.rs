//! Clauses of articles: read, typed, and every mistake told at its own place in the file.

use std::collections::{BTreeMap, BTreeSet};

use polity_clause::{Clause, Mistake, Type};

use crate::article::types;
use crate::reader::Node;
use crate::report::Report;
use crate::{FACTS, ID_BYTES_MAX};

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
            let message = format!("this gives {}, and {wanted} is asked for", clause.gives());
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
    let mut open = Vec::new();
    for (name, node) in lets {
        match named(name, node, report) {
            Some(source) => open.push((*name, node, source)),
            None => _ = scope.broken.insert(name),
        }
    }
    loop {
        let sources: Vec<_> = open.iter().map(|(name, _, source)| (*name, *source)).collect();
        let (wrong, mistake) = match polity_clause::definitions(&sources, FACTS) {
            Ok(read) => {
                scope.known = types(&read);
                let sound = open.iter().all(|(name, node, _)| is_value(name, node, &scope, report));
                return ((sound && scope.broken.is_empty()).then_some(read), scope);
            }
            Err(wrong) => wrong,
        };
        let at = open.iter().position(|(name, ..)| *name == wrong).filter(|_| scope.broken.len() < TOLD_MAX);
        let Some(at) = at else {
            scope.broken.extend(lets.iter().map(|(name, _)| *name));
            return (None, scope);
        };
        let (name, node, source) = open.remove(at);
        tell(node, source, mistake, &scope, report);
        scope.broken.insert(name);
    }
}

/// The clause of a definition that has a name.
fn named<'a>(name: &str, node: &Node<'a>, report: &mut Report<'_>) -> Option<&'a str> {
    let problem = match name.len() {
        ..=ID_BYTES_MAX => {
            polity_clause::definitions(&[(name, "0")], FACTS).err().map(|(_, mistake)| mistake)
        }
        _ => Some(Mistake {
            at: 0,
            message: format!("a name has at most {ID_BYTES_MAX} bytes"),
            hint: String::new(),
        }),
    };
    if let Some(Mistake { message, hint, .. }) = problem {
        report.error_at_key(&node.path, message, hint);
        return None;
    }
    node.string("a clause in quotes", report)
}

/// Whether the definition gives something that can be told and kept.
fn is_value(name: &str, node: &Node<'_>, scope: &Scope<'_>, report: &mut Report<'_>) -> bool {
    let is_value = !matches!(scope.known.get(name), Some(Type::Member | Type::Period));
    if !is_value {
        report.error(
            &node.path,
            "the member and the period are no values",
            "write `member` and `period` where they are asked for",
        );
    }
    is_value
}

/// Reports `mistake` where it is, unless it only follows from another.
fn tell(node: &Node<'_>, source: &str, mistake: Mistake, scope: &Scope<'_>, report: &mut Report<'_>) {
    let word = word_at(source, mistake.at);
    let names: Vec<_> = FACTS.iter().map(|fact| fact.name).collect();
    if scope.broken.contains(word) {
        return;
    }
    let (message, hint) = if LATER_FACTS.contains(&word) {
        (format!("`{word}` is not in this version"), format!("what there is: {}", names.join(", ")))
    } else if scope.later.contains(word) {
        let hint = "`for` is asked before anything is computed: write it out here";
        (format!("`{word}` is a definition, which `for` cannot use"), hint.to_owned())
    } else {
        (mistake.message, mistake.hint)
    };
    report.error_within(&node.path, source, mistake.at, message, hint);
}

/// The name that begins at byte `at` of `source`; empty if none does.
fn word_at(source: &str, at: usize) -> &str {
    let rest = source.get(at..).unwrap_or_default();
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
    rest.get(..end).unwrap_or_default()
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
