//! Texts made to hurt: no panic, little stack, little time, whatever they are.

use std::collections::BTreeMap;

use polity_decision::Rational;
use proptest::prelude::*;

use super::{FACTS, answers};
use crate::{Clause, Problem, Type, Value, definitions};

/// Stack of a thread on which reading and evaluating must do, even without optimisation. Units: bytes.
const STACK_BYTES: usize = 512 * 1024;

/// Reads `source` and, if it is a clause, evaluates it.
fn try_out(source: &str) {
    let known = BTreeMap::from([("x".to_owned(), Type::Number), ("ok".to_owned(), Type::Bool)]);
    let read = Clause::parse(source, FACTS, &known);
    assert_eq!(read, Clause::parse(source, FACTS, &known), "read twice");
    match read {
        Ok(clause) => {
            let values =
                BTreeMap::from([("x".to_owned(), Value::from(7_i64)), ("ok".to_owned(), Value::Bool(true))]);
            let evaluation = clause.evaluate(&mut answers(), &values);
            assert!(evaluation.steps <= clause.cost(), "{source}");
            assert_eq!(evaluation, clause.evaluate(&mut answers(), &values), "evaluated twice");
            match evaluation.value {
                Ok(value) => {
                    assert_eq!(value.kind(), clause.gives(), "{source}");
                    assert_eq!(Value::read(&value.to_string(), value.kind()), Ok(value), "{source}");
                }
                Err(Problem::Facts(never)) => match never {},
                Err(problem) => assert!(!problem.to_string().is_empty()),
            }
        }
        Err(mistake) => {
            assert!(mistake.at <= source.len(), "{source}: {mistake:?}");
            assert!(source.is_char_boundary(mistake.at), "{source}: {mistake:?}");
            assert!(!mistake.message.is_empty() && mistake.message.len() < 2_048, "{source}: {mistake:?}");
        }
    }
}

#[test]
fn the_stack_is_bounded() {
    let nest = |open: &str, core: &str, close: &str, times: usize| {
        format!("{}{core}{}", open.repeat(times), close.repeat(times))
    };
    let mut sources = Vec::new();
    for times in [31, 32, 33, 120, 511] {
        for (open, core, close) in [
            ("(", "1", ")"),
            ("-", "1", ""),
            ("- ", "1", ""),
            ("!", "ok", ""),
            ("[", "'a'", "]"),
            ("max(1,", "1", ")"),
            ("1+2*(", "1", ")"),
            ("ok&&(1+1*1<2)==(", "ok", ")"),
            ("ok||ok&&!(", "ok", ")"),
            ("ok?", "1", ":1"),
            ("ok?1:", "1", ""),
            ("f(", "1", ")"),
            ("{", "1", "}"),
            ("a.", "b", ""),
            ("'a' in [", "kind", "]"),
            ("in_force(", "kind", ")"),
        ] {
            sources.push(nest(open, core, close, times));
        }
    }
    let run = move || sources.iter().for_each(|source| try_out(source));
    std::thread::Builder::new().stack_size(STACK_BYTES).spawn(run).unwrap().join().unwrap();
}

/// Words of the language and of its neighbours.
const WORDS: [&str; 58] = [
    "1",
    "0",
    "12",
    "0.5",
    "1.3",
    "9223372036854775807",
    "9223372036854775808",
    "1e9",
    "1.",
    ".5",
    "007",
    "'a'",
    "\"b\"",
    "''",
    "'",
    "\"",
    "\\",
    "'\\u00'",
    "r'",
    "true",
    "false",
    "null",
    "x",
    "ok",
    "id",
    "kind",
    "classes",
    "suspended",
    "today",
    "member",
    "period",
    "written(member, period)",
    "in_force('paris', member)",
    "dear",
    "min(",
    "max(",
    "abs(",
    "floor(",
    "round(",
    "(",
    ")",
    "[",
    "]",
    "{",
    ",",
    "?",
    ":",
    "+",
    "-",
    "*",
    "/",
    "%",
    "!",
    "&&",
    "||",
    "==",
    "<",
    " in ",
];

fn soup() -> impl Strategy<Value = String> {
    let word = prop_oneof![8 => prop::sample::select(WORDS.to_vec()).prop_map(str::to_owned), 1 => any::<char>().prop_map(String::from)];
    let space = prop::sample::select(vec!["", " ", "\n"]);
    prop::collection::vec((word, space), 0..80)
        .prop_map(|words| words.into_iter().fold(String::new(), |text, (word, space)| text + &word + space))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_text_is_read_or_refused(source in any::<String>()) {
        try_out(&source);
    }

    #[test]
    fn any_soup_of_words_is_read_or_refused(source in soup()) {
        try_out(&source);
    }

    #[test]
    fn any_answer_is_read_or_refused(text in any::<String>(), near in "[-0-9./\\[\\]', a]{0,40}") {
        for text in [text, near] {
            for kind in [Type::Bool, Type::Number, Type::Text, Type::Texts, Type::Member, Type::Period] {
                if let Ok(value) = Value::read(&text, kind) {
                    prop_assert_eq!(Value::read(&value.to_string(), kind), Ok(value));
                }
            }
        }
    }

    #[test]
    fn numbers_survive_their_writing(over in any::<i128>(), under in 1_i64.., twos in 0_u32..20, fives in 0_u32..20) {
        let power = |base: i64, exponent| num_bigint::BigInt::from(base).pow(exponent);
        for under in [num_bigint::BigInt::from(under), power(2, twos) * power(5, fives)] {
            let value = Value::Number(Rational::new(over.into(), under));
            prop_assert_eq!(Value::read(&value.to_string(), Type::Number), Ok(value));
        }
    }

    #[test]
    fn texts_survive_their_writing(texts in prop::collection::vec(any::<String>(), 0..5)) {
        let value = Value::Texts(texts);
        prop_assert_eq!(Value::read(&value.to_string(), Type::Texts), Ok(value));
    }

    #[test]
    fn definitions_end_in_an_order_or_a_circle(uses in prop::collection::vec(prop::collection::vec(0_usize..8, 0..3), 1..8)) {
        let count = uses.len();
        let sources: Vec<(String, String)> = uses.iter().enumerate().map(|(index, uses)| {
            let sum: String = uses.iter().map(|used| format!(" + d{}", used % count)).collect();
            (format!("d{index}"), format!("1{sum}"))
        }).collect();
        let sources: Vec<(&str, &str)> = sources.iter().map(|(name, source)| (name.as_str(), source.as_str())).collect();
        match definitions(&sources, FACTS) {
            Ok(ordered) => {
                prop_assert_eq!(ordered.len(), sources.len());
                let mut earlier: Vec<&str> = Vec::new();
                for (name, clause) in &ordered {
                    prop_assert!(clause.uses().iter().all(|used| earlier.contains(&used.as_str())));
                    earlier.push(name);
                }
            }
            Err((_, mistake)) => prop_assert!(mistake.message.contains("circle")),
        }
    }
}
