//! What is wrong with a file is said with its line, and all at once where it can be.

use polity_decision::{Error, InputFile, Language, Rule, Severity, decide_files};

const RULE: &str = r#"id = "simple"
matters = ["first", "second"]

[[limb]]
name = "votes"
numerator = "yes"
denominator = "voting"
threshold = "> 1/2"
"#;

const BALLOTS: &str = r#"{
  "members": [ { "id": "A" },
               { "id": "B" } ],
  "ballots": { "A": "yes" } }"#;

/// The places and the first words of what is wrong.
fn mistakes(rule: &str, ballots: &str) -> (InputFile, Vec<(usize, String)>) {
    match decide_files(rule, ballots, None) {
        Err(Error::File { file, mistakes }) => {
            (file, mistakes.into_iter().map(|m| (m.line, m.message)).collect())
        }
        other => panic!("expected mistakes in a file, got {other:?}"),
    }
}

fn check(rule: &str, ballots: &str, file: InputFile, expected: &[(usize, &str)]) {
    let (in_file, found) = mistakes(rule, ballots);
    assert_eq!(in_file, file, "{found:?}");
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for ((line, message), (expected_line, part)) in found.iter().zip(expected) {
        assert!(
            line == expected_line && message.contains(part),
            "expected {expected_line}: {part}, got {line}: {message}"
        );
    }
}

#[test]
fn the_right_files_decide() {
    let report = decide_files(RULE, BALLOTS, None).unwrap();
    assert_eq!(report.text(Language::En), "simple: adopted\n  votes  1 of 1  1  needs > 1/2  met");
    assert_eq!(report.text(Language::Zh), "simple：通过\n  votes  1 / 1  1  须 > 1/2  满足");
}

#[test]
fn ballots_files() {
    let broken = [
        (
            r#""A": "yes" }"#,
            r#""A": "yes", "C": "no", "D": "no" }"#,
            &[(4, "`C` is not"), (4, "`D` is not")][..],
        ),
        (r#""A": "yes" }"#, r#""A": "yes", "A": "no" }"#, &[(4, "`A` appears twice")]),
        (r#""A": "yes" }"#, r#""A": "aye" }"#, &[(4, "unknown variant `aye`")]),
        (r#"{ "id": "B" }"#, r#"{ "id": "A" }"#, &[(3, "member `A` is listed twice")]),
        (r#"{ "id": "B" }"#, r#"{ "id": "B", "weights": { "w": true } }"#, &[(3, "expected a number")]),
        (r#"{ "id": "B" }"#, r#"{ "id": "B", "weights": { "w": -5 } }"#, &[(3, "`-5` is not a number")]),
        (
            r#"{ "id": "B" }"#,
            r#"{ "id": "B", "weights": { "w": 0.1234567890123456 } }"#,
            &[(3, "written in quotes")],
        ),
        (r#""A": "yes" }"#, r#""A": { "yes": "1/2", "no": "1/3" } }"#, &[(4, "shares of a ballot sum to 1")]),
        (r#""A": "yes" }"#, r#""A": { "yes": "1/3", "no": "2/3" } }"#, &[(4, "shares of a ballot sum to 1")]),
        (
            r#""ballots":"#,
            r#""objections": { "A": "2024-07-01" }, "ballots":"#,
            &[(4, "its ballot is not against")],
        ),
        (r#""ballots":"#, r#""quorum": "47.84", "ballots":"#, &[(4, "a quorum is a share of one")]),
        (r#"{ "id": "B" }"#, r#"{ "id": "B", "weights": { "w": "-5" } }"#, &[(3, "`-5` is not a number")]),
        (r#"{ "id": "B" }"#, r#"{ "id": "B", "weigths": {} }"#, &[(3, "unknown field `weigths`")]),
        (r#"{ "id": "B" }"#, r#"{ "kind": "state" }"#, &[(3, "missing field `id`")]),
        (r#""ballots":"#, r#""as_of": "5 October", "ballots":"#, &[(4, "is not a date")]),
        (r#""ballots":"#, r#""instruments": { "Z": "2016-10-05" }, "ballots":"#, &[(4, "`Z` is not")]),
        (r#""ballots":"#, r#""present": ["A", "Z", "A"], "ballots":"#, &[(4, "`Z` is not"), (4, "twice")]),
        (r#""ballots":"#, r#""ballots": {}, "ballots":"#, &[(4, "duplicate field")]),
        (r#""ballots":"#, r#""matter": "third", "ballots":"#, &[(4, "it has first, second")]),
        (
            r#""ballots":"#,
            r#""tallies": { "t": { "yes": "3", "total": "2" } }, "ballots":"#,
            &[(4, "more than its total")],
        ),
        (r#""yes" } }"#, r#""yes" }"#, &[(4, "EOF")]),
    ];
    for (from, to, expected) in broken {
        assert!(BALLOTS.contains(from), "{from}");
        check(RULE, &BALLOTS.replace(from, to), InputFile::Ballots, expected);
    }
    check(RULE, "{}", InputFile::Ballots, &[(1, "neither members nor tallies")]);
    check(RULE, "", InputFile::Ballots, &[(1, "EOF")]);
    check(RULE, &"[".repeat(1_000_000), InputFile::Ballots, &[(1, "")]);
}

#[test]
fn what_a_rule_needs_of_the_ballots() {
    for (rule, part) in [
        (RULE.replace("numerator", "weight = \"gold\"\nnumerator"), "weighs by `gold`, which no member has"),
        (
            RULE.replace("numerator", "tally = \"people\"\nclasses = [\"people\"]\nnumerator"),
            "needs the tally `people`",
        ),
    ] {
        let (file, found) = mistakes(&rule, BALLOTS);
        assert!(file == InputFile::Ballots && found[0].1.contains(part), "{found:?}");
    }
    let tezos = include_str!("../../../charters/rules/tezos.toml");
    let (_, found) = mistakes(tezos, BALLOTS);
    assert!(found[0].1.contains("needs the tally") || found[0].1.contains("needs the `quorum`"), "{found:?}");
    let paris = include_str!("../../../charters/rules/paris-art21.toml");
    let (_, found) = mistakes(paris, &BALLOTS.replace(r#""id": "B""#, r#""id": "B", "kind": "stat""#));
    assert!(found[0] == (3, found[0].1.clone()) && found[0].1.contains("no kind `stat`"), "{found:?}");
}

#[test]
fn rule_files() {
    let broken = [
        ("threshold = \"> 1/2\"", "threshold = \"> 3/2\"", &[(8, "can never be met")][..]),
        ("threshold = \"> 1/2\"", "threshold = \"> 0.5\"", &[(8, "a count of less than one")]),
        ("threshold = \"> 1/2\"", "threshold = \"> 50%\"", &[(8, "write a percentage as a fraction")]),
        ("threshold = \"> 1/2\"", "threshold = \">= 0/1\"", &[(8, "always met")]),
        ("threshold = \"> 1/2\"", "threshhold = \"> 1/2\"", &[(8, "unknown field `threshhold`")]),
        ("numerator = \"yes\"", "numerator = \"aye\"", &[(6, "unknown variant `aye`")]),
        ("numerator = \"yes\"", "numerator = \"instruments\"", &[(7, "nobody is present")]),
        ("numerator = \"yes\"", "numerator = \"yes+abstain\"", &[(7, "could exceed one")]),
        ("denominator = \"voting\"", "denominator = \"voters\"", &[(7, "unknown denominator `voters`")]),
        ("denominator = \"voting\"", "denominator = { fixed = \"0\" }", &[(7, "zero")]),
        ("name = \"votes\"", "name = \"votes\"\nkinds = [\"stat\"]", &[(6, "there is no kind `stat`")]),
        (
            "name = \"votes\"",
            "name = \"votes\"\nmatters = [\"third\"]",
            &[(2, "always be adopted"), (2, "always be adopted"), (6, "no matter `third`")],
        ),
        (
            "id = \"simple\"",
            "id = \"simple\"\npasses = { any = [\"votes\", \"vote\"] }",
            &[(2, "there is no limb `vote`")],
        ),
        ("id = \"simple\"", "id = \"simple\"\nid = \"twice\"", &[(2, "duplicate key")]),
    ];
    for (from, to, expected) in broken {
        assert!(RULE.contains(from), "{from}");
        let rule = RULE.replace(from, to);
        let (file, mut found) = mistakes(&rule, BALLOTS);
        found.sort();
        assert_eq!(file, InputFile::Rule, "{found:?}");
        assert_eq!(found.len(), expected.len(), "{to}: {found:?}");
        for ((line, message), (expected_line, part)) in found.iter().zip(expected) {
            assert!(line == expected_line && message.contains(part), "{to}: {line}: {message}");
        }
    }
    check("id = \"x\"\n", BALLOTS, InputFile::Rule, &[(1, "would adopt everything")]);
}

#[test]
fn every_mistake_of_a_rule_at_once() {
    let rule =
        RULE.replace("> 1/2", "> 2/1").replace("\"yes\"", "\"instruments\"").replace("simple", "so simple");
    check(
        &rule,
        BALLOTS,
        InputFile::Rule,
        &[(1, "so simple"), (7, "nobody is present"), (8, "can never be met")],
    );
}

#[test]
fn an_error_prints_file_line_and_hint() {
    let error = decide_files(&RULE.replace("> 1/2", "> 0.5"), BALLOTS, None).unwrap_err();
    let expected = "rule file, line 8, column 1: `> 0.5` is a count of less than one \
                    (a share is written as a fraction, such as 55/100)";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_rule_that_this_electorate_cannot_meet() {
    let rule = Rule::from_toml(include_str!("../../../charters/rules/paris-art21.toml")).unwrap();
    let voter = |i: u32, weight: Option<u32>| polity_decision::Voter {
        id: format!("m{i}"),
        kind: "state".to_owned(),
        classes: vec![],
        weights: weight
            .map(|w| ("emissions".to_owned(), polity_decision::Rational::from_integer(w.into())))
            .into_iter()
            .collect(),
    };
    let enough: Vec<_> = (0..60).map(|i| voter(i, Some(500_000))).collect();
    assert_eq!(rule.check_electorate(&enough), []);
    let few: Vec<_> = (0..54).map(|i| voter(i, (i > 0).then_some(10))).collect();
    let found = rule.check_electorate(&few);
    let said: Vec<(&str, &str)> = found.iter().map(|p| (p.path.as_str(), p.message.as_str())).collect();
    assert!(found.iter().all(|p| p.severity == Severity::Error));
    assert_eq!(
        said,
        [
            (
                "limb[0].threshold",
                "limb `parties` can never be met: `>= 55` is needed and all its members together are 54 of 54"
            ),
            ("limb[1].weight", "limb `emissions` weighs by `emissions`, which m0 do not have"),
            (
                "limb[1].threshold",
                "limb `emissions` can never be met: `>= 55/100` is needed and all its members together are 530 of 37168339"
            ),
        ]
    );
}
