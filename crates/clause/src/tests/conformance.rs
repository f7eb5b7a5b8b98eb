//! Our parser beside that of the `cel` crate: every clause we accept is CEL, and means the same tree.

use std::collections::BTreeMap;

use cel::common::ast::{CallExpr, Expr, LiteralValue};
use num_traits::ToPrimitive;
use proptest::prelude::*;

use super::FACTS;
use super::laws::clause_made_by_grammar;
use crate::operator::Operator;
use crate::syntax::{Expression, What};
use crate::{Clause, Type, parser};

/// Our tree, each operator with its parts in parentheses.
fn ours(expression: &Expression) -> String {
    match &expression.what {
        What::Bool(value) => value.to_string(),
        What::Number(value) => format!("{:?}", value.to_f64().unwrap()),
        What::Text(text) => format!("{text:?}"),
        What::Name(name) => name.clone(),
        What::List(parts) => list("list", parts),
        What::Call { name, arguments } => list(name, arguments),
        What::Not(part) => sign("!_", ours(part)),
        What::Minus(part) => sign("-_", ours(part)),
        What::Chain { rest, .. } if matches!(rest[0].operator, Operator::And | Operator::Or) => {
            let operator = rest[0].operator;
            let mut parts = Vec::new();
            flat(expression, operator, &mut parts);
            parts
                .into_iter()
                .reduce(|left, right| format!("(_{}_ {left} {right})", operator.symbol()))
                .unwrap()
        }
        What::Chain { first, rest } => rest.iter().fold(ours(first), |left, link| {
            let operator = match link.operator.symbol() {
                "in" => "@in".to_owned(),
                symbol => format!("_{symbol}_"),
            };
            format!("({operator} {left} {})", ours(&link.right))
        }),
        What::Choice(parts) => list("_?_:_", &parts[..]),
    }
}

/// Two signs cancel, as in the other parser; and it reads `-0` as one number, which has no sign.
fn sign(sign: &str, part: String) -> String {
    match part.strip_prefix(&format!("({sign} ")).and_then(|inner| inner.strip_suffix(')')) {
        Some(inner) => inner.to_owned(),
        None if part == "0.0" => part,
        None => format!("({sign} {part})"),
    }
}

/// The parts of `&&` or `||`, whatever the parentheses: the other parser forgets them.
fn flat(expression: &Expression, operator: Operator, parts: &mut Vec<String>) {
    match &expression.what {
        What::Chain { first, rest } if rest[0].operator == operator => {
            flat(first, operator, parts);
            rest.iter().for_each(|link| flat(&link.right, operator, parts));
        }
        _ => parts.push(ours(expression)),
    }
}

fn list(head: &str, parts: &[Expression]) -> String {
    format!("({head}{})", parts.iter().map(|part| format!(" {}", ours(part))).collect::<String>())
}

/// The other tree, in the same form. It balances `&&` and `||`: their parts are put in order.
fn theirs(expression: &Expr) -> String {
    match expression {
        Expr::Ident(name) => name.clone(),
        Expr::List(list) => {
            format!(
                "(list{})",
                list.elements.iter().map(|part| format!(" {}", theirs(&part.expr))).collect::<String>()
            )
        }
        Expr::Literal(literal) => match literal {
            LiteralValue::Boolean(value) => value.inner().to_string(),
            LiteralValue::Double(value) => signed(*value.inner()),
            LiteralValue::Int(value) => signed(*value.inner() as f64),
            LiteralValue::String(value) => format!("{:?}", value.inner()),
            other => format!("{other:?}"),
        },
        Expr::Call(call) if matches!(call.func_name.as_str(), "_&&_" | "_||_") => {
            let mut parts = Vec::new();
            flatten(call, &call.func_name, &mut parts);
            parts.into_iter().reduce(|left, right| format!("({} {left} {right})", call.func_name)).unwrap()
        }
        Expr::Call(call) if matches!(call.func_name.as_str(), "-_" | "!_") => {
            sign(&call.func_name, theirs(&call.args[0].expr))
        }
        Expr::Call(call) => {
            format!(
                "({}{})",
                call.func_name,
                call.args.iter().map(|part| format!(" {}", theirs(&part.expr))).collect::<String>()
            )
        }
        other => format!("{other:?}"),
    }
}

fn signed(value: f64) -> String {
    if value < 0.0 { sign("-_", format!("{:?}", -value)) } else { format!("{:?}", value.abs()) }
}

fn flatten(call: &CallExpr, operator: &str, parts: &mut Vec<String>) {
    for part in &call.args {
        match &part.expr {
            Expr::Call(inner) if inner.func_name == operator => flatten(inner, operator, parts),
            other => parts.push(theirs(other)),
        }
    }
}

/// Compares the trees of `source`, if it is a clause.
fn compare(source: &str) -> Result<bool, TestCaseError> {
    let known = ["x", "y", "z"].map(|name| (name.to_owned(), Type::Number));
    let known: BTreeMap<_, _> = known.into_iter().chain([("ok".to_owned(), Type::Bool)]).collect();
    if Clause::parse(source, FACTS, &known).is_err() {
        return Ok(false);
    }
    let ours = ours(&parser::parse(source).unwrap());
    let theirs = cel::parser::Parser::default().parse(source);
    let theirs = theirs.map_err(|error| TestCaseError::fail(format!("{source} is no CEL: {error}")))?;
    prop_assert_eq!(ours, self::theirs(&theirs.expr), "{}", source);
    Ok(true)
}

#[test]
fn the_table_of_operators_is_that_of_cel() {
    for source in [
        "x + y * z - x / y < z",
        "-x * y",
        "x - -y",
        "!ok && ok || !ok && ok",
        "ok || ok && ok || ok",
        "x < y == ok",
        "x == y && y != z || kind in ['a', \"b\"]",
        "ok ? x : ok ? y : z",
        "ok || !ok ? x + 1 : y * 2",
        "(ok ? x : y) + 1",
        "max(x, min(y, 1.5), -2) >= floor(x / 3)",
        "written(member, period) / 24",
        r"id == 'it\'s \\ \u0022'",
        "1 - 2 - 3 + 4",
        "2 * (3 + 4) / 5 * 6",
        "--x + !!ok ? 1 : 2",
        "'法' == id",
    ] {
        let is_clause = compare(source).unwrap();
        let expected = !source.contains(r"\u0022") && !source.starts_with("--x");
        assert_eq!(is_clause, expected, "{source}");
    }
}

fn soup() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "x", "y", "ok", "1", "2.5", "'a'", "kind", "classes", "-x", "!ok", "(x + 1)", "['a']",
    ]);
    let operator = prop::sample::select(vec![
        "+", "-", "*", "/", "<", "<=", ">", ">=", "==", "!=", " in ", "&&", "||", "?", ":", "- -", "",
    ]);
    prop::collection::vec((part, operator), 1..9).prop_map(|words| {
        let text = words.iter().fold(String::new(), |text, (part, operator)| text + part + operator);
        let last = words.last().map_or(0, |(_, operator)| operator.len());
        text[..text.len() - last].to_owned()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn clauses_made_by_grammar_are_cel(source in clause_made_by_grammar()) {
        prop_assume!(source.len() <= 300);
        prop_assert!(compare(&source)?, "{} is no clause", source);
    }

    #[test]
    fn soup_that_is_a_clause_is_cel(sources in prop::collection::vec(soup(), 20)) {
        for source in sources {
            compare(&source)?;
        }
    }
}
