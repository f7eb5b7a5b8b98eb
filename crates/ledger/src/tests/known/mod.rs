//! One case of every rule of the library, and one of every collected file, on chain: an agreement with the case's members and
//! its rule ([`charter`]), and blocks that one node builds and another judges, in which members sign their ballots and deposit their
//! instruments on the days of the case ([`chain`]).
//!
//! Then the why-report that RPC and command line show is read from the follower's state, and it is the report of `polity decide` on
//! the case's file to the last letter, dates included, and has what the file says is known of the outcome.
//!
//! What differs between a file and a chain, and how it is told to both:
//!
//! - A chamber's decision takes effect after the chamber's delay. The rule judged offline is given that delay where it has none of
//!   its own; where it has one, the chamber is given the rule's.
//! - A file may leave out the day, or judge two stages on one; blocks bear days. Offline it is then judged as of the day on which
//!   the chain did.
//! - A rule of two stages (adopted by ballots, ratified by instruments) is a chamber and a treaty on chain, each under its part of the
//!   rule; their limbs together are those of the whole.
//! - Days before 1970 (`un-charter-108`) are moved by 28 years in both: a block's timestamp begins there.
//! - Who objects without a day to a text that binds by silence has no place on chain; the case chosen has days.

mod chain;
mod charter;

use std::{fs, path::PathBuf};

use chain::Chain;
use charter::{Agreement, moved_back};
use polity_decision::{BallotsFile, Basis, Case, Report, Rule, builtin_rule};
use serde_json::Value;

use super::*;

/// The case `id` of the file at `path`, below the crates.
fn case(path: &str, id: &str) -> Case {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let cases = polity_decision::cases(&text).expect("a file of cases");
    cases.into_iter().find(|case| case.id == id).unwrap_or_else(|| panic!("{}: {id}", path.display()))
}

fn json(report: &Report) -> Value {
    serde_json::from_str(&report.json()).expect("JSON")
}

/// `report` as it is compared with what the file knows: on the file's own days, and without those it does not know.
fn known_part(report: &Report, rule: &Rule, agreement: &Agreement, file: &BallotsFile) -> Report {
    let mut report = report.clone();
    if agreement.is_moved {
        report.decided_on = report.decided_on.map(moved_back);
        report.effective_on = report.effective_on.map(moved_back);
    }
    if rule.effective.is_none() && rule.silence.is_none() {
        report.effective_on = None;
    }
    if file.as_of.is_none() && file.instruments.is_empty() {
        (report.decided_on, report.effective_on) = (None, None);
    }
    report
}

/// Puts the case `id` of `path` on chain, part by part, and compares.
fn check(path: &str, id: &str) {
    let case = case(path, id);
    let text = builtin_rule(&case.rule).expect("a rule of the library");
    let file = case.file().expect("a file");
    let agreement = Agreement::of(text, &file);
    let mut chain = Chain::new(&agreement.text(text));
    let parts: Vec<(Basis, Rule)> = [Basis::Ballots, Basis::Instruments]
        .into_iter()
        .filter_map(|basis| Some((basis, agreement.part(basis)?)))
        .collect();
    let mut reports = Vec::new();
    for (basis, part) in &parts {
        let on_chain = match basis {
            Basis::Ballots if part.silence.is_some() => chain.notified(&agreement),
            Basis::Ballots => chain.voted(&agreement),
            _ => chain.deposited(&agreement),
        };
        let of_two = parts.len() > 1;
        let as_of = agreement.file.as_of.filter(|_| !of_two).or(on_chain.decided_on);
        let offline = part.decide(&agreement.file, as_of).expect("decides");
        assert_eq!(json(&on_chain), json(&offline), "{path}, {id}, {basis:?}");
        reports.push(on_chain);
    }
    let whole = match reports.as_slice() {
        [only] => only.clone(),
        parts => {
            let mut whole = parts.last().expect("a part").clone();
            whole.limbs = parts.iter().flat_map(|part| part.limbs.clone()).collect();
            let offline = agreement.rule.decide(&agreement.file, None).expect("decides");
            assert_eq!(json(&whole), json(&offline), "{path}, {id}: the parts make the whole");
            whole
        }
    };
    let rule = Rule::from_toml(text).expect("a rule");
    let row = case.row(&known_part(&whole, &rule, &agreement, &file)).expect("compares");
    assert!(row.ok, "{path}, {id}: expected {}, got {}", row.expected, row.got);
}

macro_rules! known_answers {
    ($($name:ident: $path:literal, $case:literal;)*) => {
        /// Every rule of the library has its case here, and every collected file.
        #[test]
        fn no_rule_is_left_out() {
            let here = [$($path),*];
            for (id, _) in polity_decision::BUILTIN_RULES {
                let path = format!("../charters/rules/cases/{id}.json");
                assert!(here.contains(&path.as_str()), "{id}");
            }
            let collected = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../decision/tests/known");
            for entry in fs::read_dir(collected).expect("there") {
                let name = entry.expect("readable").file_name();
                let path = format!("decision/tests/known/{}", name.to_string_lossy());
                assert!(here.contains(&path.as_str()), "{path}");
            }
        }

        $(#[test]
        fn $name() {
            check($path, $case);
        })*
    };
}

known_answers! {
    cosmos_gov: "../charters/rules/cases/cosmos-gov.json", "the same from single ballots";
    cosmos_gov_collected: "decision/tests/known/onchain-cosmos-gov.json", "veto";
    doha: "../charters/rules/cases/doha.json", "the 144th";
    eu_qmv: "../charters/rules/cases/eu-qmv.json", "three-large-cannot-block";
    eu_qmv_collected: "decision/tests/known/eu-qmv.json", "nature-restoration-law-2024-06-17";
    eu_rqmv: "../charters/rules/cases/eu-rqmv.json", "three large members do not save it";
    ihr: "../charters/rules/cases/ihr.json", "in force for those under the text of 2022";
    imf_85: "../charters/rules/cases/imf-85.json", "the United States alone can stop it";
    kigali: "../charters/rules/cases/kigali.json", "in time";
    kyoto_art25: "../charters/rules/cases/kyoto-art25.json", "Russia";
    montreal: "../charters/rules/cases/montreal.json", "six months run from the day the depositary sent it out";
    optimism: "../charters/rules/cases/optimism.json", "from single ballots: 3 of 10 citizens";
    paris_art21: "../charters/rules/cases/paris-art21.json", "crossed; the EU adds nothing";
    paris_art21_collected: "decision/tests/known/paris-art21.json", "crossed";
    swiss: "../charters/rules/cases/swiss.json", "the same from voters with weights";
    swiss_collected: "decision/tests/known/swiss-double-majority.json", "responsible-business-2020-11-29";
    tezos: "../charters/rules/cases/tezos.json", "from single ballots";
    two_thirds_quorum: "../charters/rules/cases/two-thirds-quorum.json", "exactly two thirds";
    un_charter_108: "../charters/rules/cases/un-charter-108.json", "in force";
    unga: "../charters/rules/cases/unga.json", "ES-11/1";
    unsc: "../charters/rules/cases/unsc.json", "S/2022/155";
    unsc_collected: "decision/tests/known/unsc.json", "S/2022/155";
    us_art_v: "../charters/rules/cases/us-art-v.json", "from single ballots (constructed)";
    wto: "../charters/rules/cases/wto.json", "one objects";
}
