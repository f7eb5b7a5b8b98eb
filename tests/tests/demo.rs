//! The main job: the Paris Agreement enters into force by itself, a constitution of consensus changes while payments go on, and
//! every claim of both demonstrations holds.

use polity_tests::run;
use serde_json::Value;

#[test]
fn paris_enters_into_force_on_4_november_2016() {
    let output = run(&["--json", "demo", "paris", "--exit"]);
    let told: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    assert!(output.status.success(), "{told:#}");
    assert_eq!(told["held"], true);
    let found = |claim: &str| {
        let checks = told["checks"].as_array().expect("checks");
        let check = checks.iter().find(|check| check["claim"] == claim);
        check.unwrap_or_else(|| panic!("no check `{claim}`"))["found"].as_str().expect("text").to_owned()
    };
    for (claim, expected) in [
        ("states on 2016-10-04", "63"),
        ("share of emissions on 2016-10-04, %", "52.130"),
        ("states on 2016-10-05", "73"),
        ("share of emissions on 2016-10-05, %", "58.830"),
        ("in force on", "2016-11-04"),
        ("the European Union's own instrument adds nothing", "true"),
        ("the amendment was adopted by", "annex-1 and non-annex-1"),
        ("rule of the Conference after", "three-fourths"),
        ("version of the charter in force", "1"),
        ("its text says that the Conference decides by", "three-fourths"),
    ] {
        assert_eq!(found(claim), expected, "{claim}");
    }
}

#[test]
fn a_constitution_changes_from_members_to_stake_to_work_and_back() {
    let output = run(&["--json", "demo", "consensus", "--exit"]);
    let told: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    assert!(output.status.success(), "{told:#}");
    let checks = told["checks"].as_array().expect("checks");
    let claims = |word: &str| checks.iter().filter(|check| check["claim"].to_string().contains(word)).count();
    assert_eq!((claims("were voted"), claims("were worked")), (3, 1), "{told:#}");
    let paid = checks.iter().find(|check| check["claim"].to_string().contains("payments")).expect("payments");
    let count: u64 = paid["found"].as_str().and_then(|found| found.parse().ok()).expect("a number");
    assert!(count >= 20, "{paid}");
}
