//! What clauses give.

use std::collections::BTreeMap;

use polity_decision::Rational;

use super::{FACTS, parse, value};
use crate::{Answer, Clause, Facts, NotWhole, Problem, Type, Value};

#[test]
fn values_are_exact() {
    for (source, expected) in [
        // Numbers are fractions.
        ("1/10", "0.1"),
        ("1/3", "1/3"),
        ("1.3 == 13/10", "true"),
        ("0.1 + 0.2 == 0.3", "true"),
        ("0.1 + 0.2", "0.3"),
        ("1/3 + 1/3 + 1/3", "1"),
        ("3.0", "3"),
        ("007", "7"),
        ("9223372036854775807 + 1", "9223372036854775808"),
        ("0.000000000000000001", "0.000000000000000001"),
        ("1/8 - 1", "-0.875"),
        ("-1/3", "-1/3"),
        // Precedence and direction.
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3", "9"),
        ("10 - 3 - 2", "5"),
        ("10 - (3 - 2)", "9"),
        ("100 / 10 / 5", "2"),
        ("100 / 10 * 5", "50"),
        ("2 * 3 - 4 / 2 + 1", "5"),
        ("-2 * 3", "-6"),
        ("2 - -3", "5"),
        ("--3", "3"),
        ("-(1 + 2)", "-3"),
        ("1 + 1 == 2 && 2 < 3", "true"),
        ("true || false && false", "true"),
        ("(true || false) && false", "false"),
        ("!false && true", "true"),
        ("!(false && true)", "true"),
        ("1 < 2 == true", "true"),
        ("true == false == false", "true"),
        ("false ? 1 : true ? 2 : 3", "2"),
        ("true || false ? 1 : 2", "1"),
        ("1 + (true ? 2 : 3)", "3"),
        ("1 + 1 > 1 ? 'a' : 'b'", "a"),
        // Functions.
        ("min(3, 1/2, 2)", "0.5"),
        ("max(3, 1/2, 2)", "3"),
        ("max(0, share)", "0"),
        ("abs(share)", "0.25"),
        ("floor(-1/2)", "-1"),
        ("floor(7/2)", "3"),
        ("ceil(-1/2)", "0"),
        ("ceil(7/2)", "4"),
        ("round(5/2)", "2"),
        ("round(7/2)", "4"),
        ("round(-5/2)", "-2"),
        ("round(-7/2)", "-4"),
        ("round(-1/2)", "0"),
        ("round(0.5)", "0"),
        ("round(0.51)", "1"),
        ("round(2.4)", "2"),
        // Texts.
        ("'FRA' == id", "true"),
        ("id != 'FRA'", "false"),
        ("\"it's\"", "it's"),
        (r"'it\'s \\'", r"it's \"),
        ("'法國'", "法國"),
        ("'eu' in classes", "true"),
        ("kind in ['state', 'union']", "true"),
        ("'x' in [kind, id]", "false"),
        ("['a', 'it\\'s']", "['a', 'it\\'s']"),
        ("classes", "['annex-1', 'eu']"),
        // Facts and definitions.
        ("written(member, period) / 24 + share", "0.25"),
        ("in_force('paris', member) && !in_force('kyoto', member)", "true"),
        ("ok && !suspended", "true"),
        ("member", "member"),
        (" \t\n1 \r\n", "1"),
        // What is not needed is not asked for, and not computed.
        ("false && today > 1", "false"),
        ("true || today > 1", "true"),
        ("true ? 1 : today", "1"),
        ("written(member, period) == 0 ? 0 : 1 / written(member, period)", "1/12"),
        ("false && 1/0 > 1", "false"),
    ] {
        assert_eq!(value(source).as_deref(), Ok(expected), "{source}");
    }
}

#[test]
fn what_has_no_value_says_why() {
    let square = |times: usize| "9223372036854775807*".repeat(times);
    for (source, problem) in [
        ("1/0", "division by zero"),
        ("1 / (share + 0.25)", "division by zero"),
        ("today > 1", "`today` is not known: no answer is given"),
        ("true && today > 1", "`today` is not known: no answer is given"),
        ("in_force('escazú', member)", "`in_force('escazú', member)` is not known: no answer is given"),
        (&format!("{}1", square(9)), "a number of more than 512 bits"),
        (&format!("1/({}1)/9223372036854775807", square(8)), "a number of more than 512 bits"),
    ] {
        assert_eq!(value(source).as_ref().map_err(String::as_str), Err(problem), "{source}");
    }
    assert!(value(&format!("{}256", square(8))).is_ok(), "512 bits fit");
}

#[test]
fn answers_that_no_one_should_give_are_problems() {
    struct Liar(Value);
    impl Facts for Liar {
        type Error = ();
        fn ask(&mut self, name: &str, _: &[Value]) -> Result<Answer, ()> {
            match name {
                "id" => Err(()),
                _ => Ok(Answer::Known(self.0.clone())),
            }
        }
    }
    let ask = |source: &str, answer: &Value| {
        let clause = Clause::parse(source, FACTS, &BTreeMap::new()).unwrap();
        clause.value(&mut Liar(answer.clone()), &BTreeMap::new())
    };
    let raw = |over: i64, under: i64| Value::Number(Rational::new_raw(over.into(), under.into()));
    let huge = Value::Number(Rational::from_integer(num_bigint::BigInt::from(1) << 512));
    assert!(matches!(ask("today", &Value::Bool(true)), Err(Problem::Undefined(_))));
    assert!(matches!(ask("today", &huge), Err(Problem::Undefined(_))));
    assert!(matches!(ask("today", &raw(1, 0)), Err(Problem::Undefined(_))));
    assert_eq!(ask("today", &raw(2, -4)).unwrap().to_string(), "-0.5");
    assert_eq!(ask("today == -1/2", &raw(2, -4)), Ok(Value::Bool(true)));
    assert_eq!(ask("id", &Value::Member), Err(Problem::Facts(())));
    assert!(matches!(
        parse("share").unwrap().value(&mut Liar(Value::Member), &BTreeMap::new()),
        Err(Problem::Undefined(_))
    ));
}

#[test]
fn a_change_of_standing_is_a_whole_number() {
    let whole = |text: &str| Value::read(text, Type::Number).unwrap().whole();
    assert_eq!(whole("-5"), Ok(-5));
    assert_eq!(whole("4/2"), Ok(2));
    assert_eq!(whole("-9223372036854775808"), Ok(i64::MIN));
    assert_eq!(whole("9223372036854775808"), Err(NotWhole::Large("9223372036854775808".into())));
    assert_eq!(whole("-0.5"), Err(NotWhole::Fraction("-0.5".into())));
    assert_eq!(Value::Bool(true).whole(), Err(NotWhole::Type(Type::Bool)));
}

#[test]
fn values_are_read_as_they_are_written() {
    for (text, kind, again) in [
        ("true", Type::Bool, "true"),
        ("12", Type::Number, "12"),
        ("-0.50", Type::Number, "-0.5"),
        ("-6/4", Type::Number, "-1.5"),
        ("1/3", Type::Number, "1/3"),
        ("1/524288", Type::Number, "1/524288"),
        ("1/262144", Type::Number, "0.000003814697265625"),
        ("", Type::Text, ""),
        ("a 'b'", Type::Text, "a 'b'"),
        ("[]", Type::Texts, "[]"),
        ("[ 'a','b' , 'c' ]", Type::Texts, "['a', 'b', 'c']"),
        (r"['\'', '\\', ',', ']']", Type::Texts, r"['\'', '\\', ',', ']']"),
        ("member", Type::Member, "member"),
        ("period", Type::Period, "period"),
    ] {
        assert_eq!(Value::read(text, kind).map(|value| value.to_string()).as_deref(), Ok(again), "{text}");
    }
    for (text, kind) in [
        ("yes", Type::Bool),
        ("", Type::Number),
        ("-", Type::Number),
        ("--1", Type::Number),
        ("+1", Type::Number),
        ("1/0", Type::Number),
        ("1/-2", Type::Number),
        ("1e3", Type::Number),
        (".5", Type::Number),
        ("5.", Type::Number),
        ("1 ", Type::Number),
        (&"9".repeat(200), Type::Number),
        (&"9".repeat(400), Type::Number),
        ("'a'", Type::Texts),
        ("['a'", Type::Texts),
        ("['a',]", Type::Texts),
        ("['a' 'b']", Type::Texts),
        ("[,'a']", Type::Texts),
        (r"['a\']", Type::Texts),
        ("period", Type::Member),
        ("", Type::Period),
    ] {
        assert!(Value::read(text, kind).is_err(), "{text:?} as {kind}");
    }
}

#[test]
fn the_cost_is_the_dearest_way() {
    for (source, cost) in [
        ("1", 1),
        ("share", 1),
        ("1 + 2 * 3", 3 + 8 + 8),
        ("1 < 2", 3),
        ("!suspended", 2),
        ("written(member, period)", 8 + 2),
        ("in_force('paris', member)", 32 + 2),
        ("kind in ['a', 'b']", 1 + 1 + (2 + 2)),
        ("suspended && ok", 1 + 2),
        ("suspended ? 1 : dear", 1 + 1 + 4_000),
        ("suspended ? dear : 1", 1 + 1 + 4_000),
        ("min(1, 2, 3)", 3 + 3),
        ("round(1)", 8 + 1),
        ("dear > dear", 8_001),
    ] {
        assert_eq!(parse(source).unwrap().cost(), cost, "{source}");
    }
}

#[test]
fn a_clause_says_what_it_uses_and_asks() {
    let clause = parse("ok && in_force('paris', member) && share + share > written(member, period)").unwrap();
    assert_eq!(clause.uses().into_iter().collect::<Vec<_>>(), ["ok", "share"]);
    let asks = [
        ("in_force", vec!["paris"]),
        ("member", vec![]),
        ("written", vec![]),
        ("member", vec![]),
        ("period", vec![]),
    ];
    assert_eq!(clause.asks(), asks);
    assert_eq!(clause.gives(), Type::Bool);
}
