//! Every rule of `charters/rules/` against cases with known answers in `charters/rules/cases/`. A case names only what it is
//! about: fields that it does not expect are not compared.

use std::{collections::BTreeSet, fs, path::PathBuf};

use polity_decision::{BUILTIN_RULES, Row, Rule, builtin_rule, decide_files, table};
use serde_json::Value;

fn read(path: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn names(directory: &str, extension: &str) -> BTreeSet<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(directory);
    let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    let entries = entries.filter(|path| path.extension().is_some_and(|found| found == extension));
    entries.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

fn cases(rule: &str) -> Value {
    serde_json::from_str(&read(&format!("../../charters/rules/cases/{rule}.json"))).unwrap()
}

/// The ballots file of a case: what all cases share, and what it says itself.
fn ballots(cases: &Value, case: &Value) -> String {
    let mut file = cases.get("base").cloned().unwrap_or_else(|| serde_json::json!({}));
    for (key, value) in case["file"].as_object().unwrap() {
        file[key] = value.clone();
    }
    serde_json::to_string_pretty(&file).unwrap()
}

fn rows(path: &str) -> Vec<Row> {
    let rule = |id: &str| builtin_rule(id).map(str::to_owned);
    table(&read(path), &rule).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn check(rows: &[Row]) -> usize {
    let wrong: Vec<String> = rows
        .iter()
        .filter(|row| !row.ok)
        .map(|row| format!("{}, {}: expected {}, got {}", row.rule, row.case, row.expected, row.got))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    rows.len()
}

#[test]
fn every_rule_gives_the_known_answers() {
    let rules = names("../../charters/rules", "toml");
    assert_eq!(
        rules,
        names("../../charters/rules/cases", "json"),
        "each rule has cases, and each case file a rule"
    );
    let builtin: BTreeSet<String> = BUILTIN_RULES.iter().map(|(id, _)| (*id).to_owned()).collect();
    assert_eq!(rules, builtin, "each rule is built in");
    let cases: usize =
        rules.iter().map(|rule| check(&rows(&format!("../../charters/rules/cases/{rule}.json")))).sum();
    assert!(cases >= 90, "only {cases} cases");
}

/// The files in which decisions were collected, each in its own form. Source: `../shared/rules/*.json`.
#[test]
fn collected_cases_come_out_exactly() {
    for (file, cases) in [
        ("eu-qmv", 4),
        ("onchain-cosmos-gov", 4),
        ("paris-art21", 4),
        ("swiss-double-majority", 3),
        ("unsc", 4),
    ] {
        assert_eq!(check(&rows(&format!("tests/known/{file}.json"))), cases, "{file}");
    }
}

#[test]
fn a_wrong_answer_is_noticed() {
    let rule = |id: &str| builtin_rule(id).map(str::to_owned);
    for (file, from, to) in [
        ("unsc", "\"reason\": \"veto:RUS\"", "\"reason\": \"veto:CHN\""),
        ("paris-art21", "52.13", "52.14"),
        ("paris-art21", "70.906", "58.830"),
        ("swiss-double-majority", "50.73", "50.7"),
        ("eu-qmv", "\"members_for\": 20", "\"members_for\": 21"),
        ("onchain-cosmos-gov", "rejected:veto", "passed"),
    ] {
        let text = read(&format!("tests/known/{file}.json"));
        assert!(text.contains(from), "{from}");
        let rows = table(&text.replacen(from, to, 1), &rule).unwrap();
        let wrong = rows.iter().filter(|row| !row.ok).count();
        let expected = if to == "50.7" { 0 } else { 1 };
        assert_eq!(wrong, expected, "{file}: {to}");
    }
    for (text, line) in
        [("{\n \"rule_id\": \"x\",\n \"cases\": []}", "line 2"), ("{\n", "line 2"), ("{}", "line 1")]
    {
        let error = table(text, &rule).unwrap_err().to_string();
        assert!(error.starts_with("file of cases") && error.contains(line), "{text}: {error}");
    }
}

#[test]
fn every_rule_survives_its_canonical_form() {
    for name in names("../../charters/rules", "toml") {
        let rule = Rule::from_toml(&read(&format!("../../charters/rules/{name}.toml"))).unwrap();
        assert_eq!(rule.id, name);
        assert_eq!(rule.check(), []);
        assert_eq!(Rule::from_json(&rule.canonical_json()).unwrap(), rule);
    }
}

#[test]
fn the_report_is_the_interchange_format_to_the_letter() {
    let cases = cases("paris-art21");
    let crossed = &cases["cases"][2];
    let rule = read("../../charters/rules/paris-art21.toml");
    let report = decide_files(&rule, &ballots(&cases, crossed), None).unwrap();
    let expected = r#"{"rule":"paris-art21","outcome":"adopted","reason":null,"decided_on":"2016-10-05","effective_on":"2016-11-04","limbs":[{"name":"parties","numerator":"73","denominator":"196","threshold":">= 55","share":"73","met":true},{"name":"emissions","numerator":"21866164","denominator":"37168339","threshold":">= 55/100","share":"0.588301","met":true}]}"#;
    assert_eq!(report.json(), expected);
}

#[test]
fn a_rule_that_forgets_the_organisation_would_be_caught() {
    let cases = cases("paris-art21");
    let rule = read("../../charters/rules/paris-art21.toml");
    let naive = rule.replace("not_additional = [\"igo\"]", "").replace("kinds = [\"state\"]", "");
    let report = decide_files(&naive, &ballots(&cases, &cases["cases"][2]), None).unwrap();
    let shares: Vec<&str> = report.limbs.iter().map(|limb| limb.share.as_str()).collect();
    // 70.906 % is the wrong answer of paris-art21.json's trap.
    assert_eq!(shares, ["74", "0.70906"]);
}

#[test]
fn the_day_asked_for_goes_before_the_day_in_the_file() {
    let cases = cases("paris-art21");
    let rule = read("../../charters/rules/paris-art21.toml");
    let file = ballots(&cases, &cases["cases"][2]);
    let eve = decide_files(&rule, &file, Some("2016-10-04".parse().unwrap())).unwrap();
    assert_eq!(eve.limbs[1].share, "0.521301");
    assert_eq!(eve.decided_on, None);
}
