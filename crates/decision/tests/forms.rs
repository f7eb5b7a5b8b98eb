//! Ballots files in the forms that people write them: numbers with and without quotes, what is not known left out or
//! `null`, fields for people. And forms that mean nothing.

use polity_decision::{Error, InputFile, Outcome, Rule, builtin_rule, decide_files};

use Outcome::{Adopted, Pending, Rejected};

/// Outcome, reason, and the days of decision and effect.
type Decided = (Outcome, Option<String>, [Option<String>; 2]);

fn decide(rule: &str, ballots: &str, as_of: Option<&str>) -> Result<Decided, Error> {
    let as_of = as_of.map(|day| day.parse().unwrap());
    let report = decide_files(builtin_rule(rule).unwrap(), ballots, as_of)?;
    let days = [report.decided_on, report.effective_on].map(|day| day.map(|day| day.to_string()));
    Ok((report.outcome, report.reason, days))
}

/// A rule file may leave out its id, and have a name in one language.
#[test]
fn a_rule_file_is_named_by_its_file_and_may_have_a_plain_name() {
    let text = "name = \"Half\"\n[[limb]]\nname = \"half\"\nnumerator = \"yes\"\nthreshold = \">= 1/2\"\n";
    let rule = Rule::from_toml_named(text, "half").unwrap();
    assert_eq!((rule.id.as_str(), rule.name["en"].as_str()), ("half", "Half"));
    assert!(
        rule.canonical_json().starts_with(r#"{"id":"half","name":{"en":"Half"}"#),
        "{}",
        rule.canonical_json()
    );
    let named = format!("id = \"own\"\n{text}");
    assert_eq!(Rule::from_toml_named(&named, "half").unwrap().id, "own", "its own id comes first");
    let error = Rule::from_toml(text).unwrap_err().to_string();
    assert!(error.contains("the rule has no `id`"), "without either it has none: {error}");
    assert!(Rule::from_toml_named(&text.replace("\"Half\"", "3"), "half").is_err(), "a name is text");
}

/// Percents, shares and parts are told apart by what they sum to.
#[test]
fn a_split_ballot_is_written_in_percents_shares_or_parts() {
    let rule = "id = \"half\"\n[[limb]]\nname = \"half\"\nnumerator = \"yes\"\nthreshold = \">= 1/2\"\n";
    let share = |split: &str| {
        let file = format!(r#"{{ "members": [{{ "id": "A" }}], "ballots": {{ "A": {split} }} }}"#);
        decide_files(rule, &file, None)
            .map(|report| report.limbs[0].numerator.to_string())
            .map_err(|e| e.to_string())
    };
    for split in [
        r#"{ "yes": 60.5, "no": 39.5 }"#,
        r#"{ "yes": "60.5", "no": 39.5 }"#,
        r#"{ "yes": "121/200", "no": "79/200" }"#,
        r#"{ "yes": 6050, "no": 3950 }"#,
    ] {
        assert_eq!(share(split), Ok("121/200".to_owned()), "{split}");
    }
    for split in [r#"{ "yes": 60, "no": 41 }"#, r#"{ "yes": 60.005, "no": 39.995 }"#] {
        assert!(share(split).is_err_and(|error| error.contains("percents to 100")), "{split}");
    }
}

#[test]
fn files_as_people_write_them() {
    for (rule, ballots, as_of, outcome, reason, days) in [
        // Totals as numbers; the opening left out: everything counts.
        (
            "optimism",
            r#"{ "tallies": { "token": { "yes": 60, "no": 40 }, "citizens": { "veto": 29, "total": 100 } } }"#,
            Some("2024-01-05"),
            Adopted,
            None,
            [Some("2024-01-05"), None],
        ),
        (
            "optimism",
            r#"{ "opened": "2024-01-01", "tallies": { "token": { "yes": "60", "no": "40" }, "citizens": { "veto": "29", "total": "100" } } }"#,
            Some("2024-01-05"),
            Pending,
            None,
            [None, None],
        ),
        (
            "tezos",
            r#"{ "matter": "promotion", "quorum": 0.4784, "tallies": { "bakers": { "yes": 400, "no": 80, "abstain": 0, "veto": 0, "total": 1000 } } }"#,
            None,
            Adopted,
            None,
            [None, None],
        ),
        (
            "cosmos-gov",
            r#"{ "name": "a proposal", "note": null, "tallies": { "bonded": { "yes": 400, "veto": 201, "total": 900 } } }"#,
            None,
            Rejected,
            Some("veto"),
            [None, None],
        ),
        // Weights as numbers; nulls; a kind written out otherwise.
        (
            "paris-art21",
            r#"{ "members": [ { "id": "A", "weights": { "emissions": 20442587 } }, { "id": "E", "kind": "reio", "classes": null, "weights": null } ],
                 "present": null, "ballots": null, "instruments": { "A": "2016-10-05", "E": null } }"#,
            None,
            Pending,
            None,
            [None, None],
        ),
        (
            "imf-85",
            r#"{ "members": [ { "id": "A", "weights": { "quota": 850.0 } }, { "id": "B", "weights": { "quota": "150" } } ], "ballots": { "A": "yes" } }"#,
            None,
            Rejected,
            None,
            [None, None],
        ),
        (
            "eu-rqmv",
            r#"{ "members": [ { "id": "A", "weights": { "population": 1 } }, { "id": "B", "weights": { "population": 1 } } ] }"#,
            Some("2024-06-17"),
            Adopted,
            None,
            [Some("2024-06-17"), None],
        ),
        (
            "eu-rqmv",
            r#"{ "opened": "2024-06-10", "members": [ { "id": "A", "weights": { "population": 1 } } ] }"#,
            Some("2024-06-19"),
            Pending,
            None,
            [None, None],
        ),
        (
            "eu-rqmv",
            r#"{ "opened": "2024-06-10", "members": [ { "id": "A", "weights": { "population": 1 } } ] }"#,
            Some("2025-01-01"),
            Adopted,
            None,
            [Some("2024-06-20"), None],
        ),
        (
            "us-art-v",
            r#"{ "members": [ { "id": "A" } ], "tallies": { "house": { "yes": 290, "no": 145 }, "senate": { "yes": "66", "no": "34" } },
             "instruments": { "A": "1999-01-01" } }"#,
            None,
            Rejected,
            None,
            [None, None],
        ),
        (
            "wto",
            r#"{ "members": [ { "id": "IND" }, { "id": "USA" } ], "objections": { "IND": "2024-07-01" } }"#,
            None,
            Rejected,
            Some("objection:IND"),
            [None, None],
        ),
        (
            "ihr",
            r#"{ "notified": "2024-09-19", "members": [ { "id": "A" } ] }"#,
            Some("2025-07-18"),
            Pending,
            None,
            [None, None],
        ),
        (
            "ihr",
            r#"{ "notified": "2024-09-19", "members": [ { "id": "A" } ] }"#,
            Some("2025-07-19"),
            Adopted,
            None,
            [Some("2025-07-19"), Some("2025-09-19")],
        ),
        (
            "unga",
            r#"{ "members": [ { "id": "A" }, { "id": "B" } ], "ballots": { "A": { "yes": 0.6, "no": 0.4 }, "B": { "yes": "3/4", "abstain": "1/4" } } }"#,
            None,
            Adopted,
            None,
            [None, None],
        ),
        (
            "unga",
            r#"{ "matter": "ordinary", "members": [ { "id": "A" } ], "ballots": { "A": { "yes": 5000, "no": 5000 } } }"#,
            None,
            Rejected,
            None,
            [None, None],
        ),
    ] {
        let expected = (outcome, reason.map(str::to_owned), days.map(|day| day.map(str::to_owned)));
        assert_eq!(decide(rule, ballots, as_of), Ok(expected), "{rule} {ballots}");
    }
}

#[test]
fn files_that_mean_nothing() {
    for (rule, ballots, part) in [
        ("optimism", r#"{ "tallies": { "token": { "yes": "60" } } }"#, "needs the tally `citizens`"),
        (
            "optimism",
            r#"{ "tallies": { "token": { "yes": "60" }, "citizens": { "veto": "3" } } }"#,
            "needs the `total`",
        ),
        (
            "swiss",
            r#"{ "members": [ { "id": "ZH", "weights": { "cantons": "1" } } ], "ballots": { "ZH": "yes" } }"#,
            "needs the tally `people`",
        ),
        ("swiss", r#"{ "tallies": { "people": { "yes": "-1" } } }"#, "`-1` is not a number"),
        ("ihr", r#"{ "members": [ { "id": "A" } ] }"#, "give `notified`"),
        (
            "ihr",
            r#"{ "notified": "9999-01-01", "members": [ { "id": "A", "classes": ["text-2005"] } ] }"#,
            "beyond the calendar",
        ),
        ("tezos", r#"{ "tallies": { "bakers": { "yes": "1", "total": "1" } } }"#, "needs the `quorum`"),
        (
            "tezos",
            r#"{ "quorum": "4784", "tallies": { "bakers": { "yes": "1", "total": "1" } } }"#,
            "a share of one",
        ),
        (
            "kyoto-art25",
            r#"{ "members": [ { "id": "A", "classes": ["annex1"], "weights": { "co2": "1" } } ] }"#,
            "weighs by `co2_1990`",
        ),
        ("doha", r#"{ "members": [ { "id": "A", "kind": "stat" } ] }"#, "no kind `stat`"),
        (
            "unsc",
            r#"{ "matter": "procedure", "members": [ { "id": "A" } ] }"#,
            "it has substantive, procedural",
        ),
        (
            "unga",
            r#"{ "members": [ { "id": "A" } ], "ballots": { "A": { "yes": 0.5, "no": 0.4 } } }"#,
            "sum to 1",
        ),
        ("unga", r#"{ "members": [ { "id": "A" } ], "ballots": { "A": { "yes": 1, "yes": 0 } } }"#, "twice"),
        ("unga", r#"{ "members": [ { "id": "A" } ], "ballots": { "A": ["yes"] } }"#, "shares of them"),
    ] {
        match decide(rule, ballots, None) {
            Err(Error::File { file: InputFile::Ballots, mistakes }) => {
                assert!(mistakes[0].line == 1 && mistakes[0].message.contains(part), "{part}: {mistakes:?}");
            }
            other => panic!("{rule} {ballots}: {other:?}"),
        }
    }
}
