//! Tests. Tables here; laws in `laws`, the other parser in `conformance`, texts made to hurt in `hostile`.

mod conformance;
mod definitions;
mod hostile;
mod laws;
mod mistakes;
mod values;

use std::collections::BTreeMap;

use crate::{Answers, Clause, Fact, Mistake, Problem, Type, Value};

/// Facts like those of an article, and a few for types that articles do not have.
pub(crate) const FACTS: &[Fact] = &[
    Fact { name: "id", takes: &[], gives: Type::Text, cost: 1, says: "" },
    Fact { name: "kind", takes: &[], gives: Type::Text, cost: 1, says: "" },
    Fact { name: "classes", takes: &[], gives: Type::Texts, cost: 32, says: "" },
    Fact { name: "suspended", takes: &[], gives: Type::Bool, cost: 1, says: "" },
    Fact { name: "member", takes: &[], gives: Type::Member, cost: 1, says: "" },
    Fact { name: "period", takes: &[], gives: Type::Period, cost: 1, says: "" },
    Fact { name: "today", takes: &[], gives: Type::Number, cost: 1, says: "" },
    Fact { name: "written", takes: &[Type::Member, Type::Period], gives: Type::Number, cost: 8, says: "" },
    Fact { name: "in_force", takes: &[Type::Text, Type::Member], gives: Type::Bool, cost: 32, says: "" },
    Fact { name: "dear", takes: &[], gives: Type::Number, cost: 4_000, says: "" },
];

/// Answers for [`FACTS`]; `today` is not known.
pub(crate) fn answers() -> Answers {
    let mut answers = Answers::default();
    for (ask, is) in [
        ("id", "FRA"),
        ("kind", "state"),
        ("classes", "['annex-1', 'eu']"),
        ("suspended", "false"),
        ("written(member, period)", "12"),
        ("in_force('paris', member)", "true"),
        ("in_force('kyoto', member)", "false"),
        ("dear", "1/3"),
    ] {
        answers.add(FACTS, ask, is).unwrap();
    }
    answers
}

pub(crate) fn parse(source: &str) -> Result<Clause, Mistake> {
    let known = BTreeMap::from([("share".to_owned(), Type::Number), ("ok".to_owned(), Type::Bool)]);
    Clause::parse(source, FACTS, &known)
}

/// The value of `source` as text, or its problem.
pub(crate) fn value(source: &str) -> Result<String, String> {
    let clause = parse(source).unwrap_or_else(|mistake| panic!("{source}: {mistake:?}"));
    let share = Value::read("-0.25", Type::Number).unwrap();
    let known = BTreeMap::from([("share".to_owned(), share), ("ok".to_owned(), Value::Bool(true))]);
    let evaluation = clause.evaluate(&mut answers(), &known);
    assert!(evaluation.steps <= clause.cost(), "{source}");
    match evaluation.value {
        Ok(value) => {
            assert_eq!(value.kind(), clause.gives(), "{source}");
            assert_eq!(Value::read(&value.to_string(), value.kind()).as_ref(), Ok(&value), "{source}");
            Ok(value.to_string())
        }
        Err(Problem::Facts(never)) => match never {},
        Err(problem) => Err(problem.to_string()),
    }
}
