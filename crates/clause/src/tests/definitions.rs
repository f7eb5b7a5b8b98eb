//! Definitions: their order, and circles.

use super::FACTS;
use crate::{DEFINITIONS_MAX, Type, definitions};

fn order(sources: &[(&str, &str)]) -> Vec<String> {
    definitions(sources, FACTS).unwrap().into_iter().map(|(name, _)| name).collect()
}

#[test]
fn each_uses_only_earlier_ones() {
    assert_eq!(order(&[]), Vec::<String>::new());
    assert_eq!(order(&[("a", "b + c"), ("b", "c * 2"), ("c", "1")]), ["c", "b", "a"]);
    assert_eq!(
        order(&[("z", "1"), ("a", "2"), ("m", "z + a")]),
        ["z", "a", "m"],
        "as given, where nothing else decides"
    );
    let read = definitions(&[("busy", "turns > 0"), ("turns", "written(member, period)")], FACTS).unwrap();
    let types: Vec<Type> = read.iter().map(|(_, clause)| clause.gives()).collect();
    assert_eq!(types, [Type::Number, Type::Bool]);
}

#[test]
fn mistakes_name_the_definition() {
    for (sources, name, at, message) in [
        (vec![("a", "a + 1")], "a", 0, "in a circle: a uses a"),
        (
            vec![("x", "1 + a"), ("a", "  b"), ("b", "1 + c"), ("c", "a")],
            "a",
            2,
            "in a circle: a uses b uses c uses a",
        ),
        (vec![("a", "1 +"), ("b", "b")], "a", 3, "the clause ends"),
        (vec![("a", "1"), ("b", "a && true")], "b", 0, "needs true or false"),
        (vec![("a", "q")], "a", 0, "`q` is not known"),
        (vec![("id", "1")], "id", 0, "a fact or a function already"),
        (vec![("floor", "1")], "floor", 0, "a fact or a function already"),
        (vec![("a", "1"), ("a", "2")], "a", 0, "defined twice"),
        (vec![("a b", "1")], "a b", 0, "cannot name"),
        (vec![("1a", "1")], "1a", 0, "cannot name"),
        (vec![("", "1")], "", 0, "cannot name"),
        (vec![("if", "1")], "if", 0, "cannot name"),
        (vec![("in", "1")], "in", 0, "cannot name"),
        (vec![("份額", "1")], "份額", 0, "cannot name"),
    ] {
        let (wrong, mistake) = definitions(&sources, FACTS).unwrap_err();
        assert_eq!((wrong.as_str(), mistake.at), (name, at), "{sources:?}: {mistake:?}");
        assert!(mistake.message.contains(message), "{sources:?}: {mistake:?}");
    }
}

#[test]
fn there_are_so_many_and_no_more() {
    let names: Vec<String> = (0..=DEFINITIONS_MAX).map(|n| format!("d{n}")).collect();
    let sources: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1")).collect();
    assert_eq!(order(&sources[..DEFINITIONS_MAX]).len(), DEFINITIONS_MAX);
    assert_eq!(definitions(&sources, FACTS).unwrap_err().0, "d32");
}
