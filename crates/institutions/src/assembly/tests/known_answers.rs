//! One case of every rule of the library, on chain: a chamber with the case's members, their ballots and instruments, and
//! the why-report that comes out beside that of `polity decide` on the same file.
//!
//! The two clocks differ, so dates are left out, and with them for whom a text is in force. Everything else is equal to
//! the letter.

use std::{fmt::Write as _, fs, path::PathBuf};

use polity_decision::{BallotsFile, Basis, Event, Rule, Voter, builtin_rule};
use serde_json::Value;

use super::*;

/// Who proposes, and sits nowhere.
const CLERK: &str = "clerk";
/// Fields of a report that follow the clock.
const DATES: [&str; 5] = ["decided_on", "effective_on", "in_force_for", "versions", "objected"];

/// A case of `charters/rules/cases/`.
struct Case {
    rule: Rule,
    text: &'static str,
    file: BallotsFile,
}

fn case(rule: &str, id: &str) -> Case {
    let path =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../../charters/rules/cases/{rule}.json"));
    let cases: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let mut file = cases.get("base").cloned().unwrap_or_else(|| serde_json::json!({}));
    let found = cases["cases"].as_array().unwrap().iter().find(|case| case["id"] == id);
    for (key, value) in found.unwrap_or_else(|| panic!("{rule}: {id}"))["file"].as_object().unwrap() {
        file[key] = value.clone();
    }
    let text = builtin_rule(rule).unwrap();
    let file = BallotsFile::parse(&file.to_string()).unwrap();
    assert!(file.matter.is_none() || Rule::from_toml(text).unwrap().matters.first() == file.matter.as_ref());
    Case { rule: Rule::from_toml(text).unwrap(), text, file }
}

/// A charter with the members of a case: a chamber or a treaty under its rule, or both if it has both.
fn charter_of(case: &Case) -> String {
    let id = &case.rule.id;
    let mut text = String::from(
        r#"
id        = "case"
name      = { en = "A case" }
languages = ["en"]
chain_id  = 77
[clock]
mode       = "replay"
start      = 2020-01-01
step       = "1d"
block_time = "50ms"
[ledger]
block_gas_limit = 60_000_000
history         = "all"
[access]
connect  = "members"
transact = "members"
[consensus]
write        = { by = "membership", primary = "rotation" }
incentive    = {}
verification = { by = "all" }
[currency]
name   = "unit"
symbol = "UNIT"
[fees]
policy = "free"
[treasury]
common = "100"
[rights]
enterprise  = ["read", "write", "transact", "propose", "validate"]
state       = ["read", "transact", "vote"]
igo         = ["read", "transact", "vote"]
subnational = ["read", "transact", "vote"]
individual  = ["read", "transact", "vote"]
"#,
    );
    let by_silence = case.rule.silence.is_some();
    if case.rule.basis() != Basis::Instruments && !by_silence {
        text += "[chambers.body]\nname = \"The body\"\nkinds = [\"state\", \"igo\", \"subnational\", \"individual\"]\n";
        let _ = writeln!(text, "rule = \"{id}\"\nvoting = \"3d\"\ndelay = \"1d\"");
    }
    if case.rule.basis() != Basis::Ballots || by_silence {
        let _ = writeln!(
            text,
            "[treaties.text]\nname = \"The text\"\nrule = \"{id}\"\ndepositors = [\"state\", \"igo\"]"
        );
    }
    let _ = writeln!(text, "[rules.{id}]");
    for line in case.text.lines().filter(|line| !line.starts_with("id ")) {
        let brackets = line.chars().take_while(|c| *c == '[').count();
        let (open, rest) = line.split_at(brackets);
        let prefix = if brackets > 0 { format!("rules.{id}.") } else { String::new() };
        let _ = writeln!(text, "{open}{prefix}{rest}");
    }
    let _ = writeln!(text, "[members]\n{CLERK} = {{ name = \"The clerk\", kind = \"enterprise\" }}");
    for voter in &case.file.members {
        let weights: Vec<String> = case
            .rule
            .weights_used()
            .iter()
            .map(|name| format!("{name} = \"{}\"", voter.weights.get(*name).cloned().unwrap_or_default()))
            .collect();
        let Voter { id, kind, classes, .. } = voter;
        let weights = weights.join(", ");
        let _ = writeln!(
            text,
            "{id} = {{ name = \"{id}\", kind = \"{kind}\", classes = {classes:?}, weights = {{ {weights} }} }}"
        );
    }
    text
}

const fn choice_of(event: Event) -> Option<Choice> {
    match event {
        Event::Ballot(polity_decision::Choice::Yes) => Some(Choice::Yes),
        Event::Ballot(polity_decision::Choice::No) => Some(Choice::No),
        Event::Ballot(polity_decision::Choice::Abstain) => Some(Choice::Abstain),
        Event::Ballot(polity_decision::Choice::Veto) => Some(Choice::Veto),
        _ => None,
    }
}

fn without_dates(report: &polity_decision::Report) -> Value {
    let mut json: Value = serde_json::from_str(&report.json()).unwrap();
    let fields = json.as_object_mut().unwrap();
    fields.retain(|field, _| !DATES.contains(&field.as_str()));
    json
}

/// What the chain says of the ballots, after the vote.
fn voted(chain: &mut Chain, case: &Case) -> polity_decision::Report {
    let id = chain.propose(CLERK, "body", vec![]);
    while chain.status(id) != "open" {
        chain.next(1);
        chain.end();
    }
    for (voter, event) in case.rule.ballots_of(&case.file, case.file.as_of) {
        chain.ballot(&voter.id, id, choice_of(event).expect("a whole ballot"));
    }
    chain.run(4 * DAY);
    report(&chain.memory, id).expect("a report")
}

/// What it says of the instruments.
fn deposited(chain: &mut Chain, case: &Case) -> polity_decision::Report {
    for (id, day) in &case.file.instruments {
        if case.file.as_of.is_none_or(|today| *day <= today) {
            chain.send(id, &sol::depositCall { treaty: word("text") });
        }
    }
    treaty_report(&chain.memory, "text").expect("a report")
}

/// What it says of a text that was notified, when the last day of most is over.
fn notified(chain: &mut Chain, case: &Case) -> polity_decision::Report {
    let call = sol::notifyCall {
        treaty: word("text"),
        title: "A text".into(),
        documentHash: keccak256("a text"),
        uri: String::new(),
    };
    chain.decide(ASSEMBLY, &call);
    chain.next(DAY);
    chain.end();
    for who in case.file.objections.keys() {
        let call =
            sol::rejectCall { id: U256::from(1), reason: "We object.".into(), documentHash: B256::ZERO };
        chain.send(who, &call);
    }
    chain.run(320 * DAY);
    texts(&chain.memory, None).remove(0).report.expect("a report")
}

fn check(rule: &str, id: &str) {
    let case = case(rule, id);
    let whole = without_dates(&case.rule.decide(&case.file, None).unwrap());
    let mut chain = Chain::new(&charter_of(&case));
    let mut limbs = Vec::new();
    for basis in [Basis::Ballots, Basis::Instruments] {
        let Some(part) = case.rule.part(basis) else { continue };
        let on_chain = match basis {
            Basis::Ballots if part.silence.is_some() => notified(&mut chain, &case),
            Basis::Ballots => voted(&mut chain, &case),
            _ => deposited(&mut chain, &case),
        };
        let offline = part.decide(&case.file, None).unwrap();
        assert_eq!(without_dates(&on_chain), without_dates(&offline), "{rule}, {id}, {basis:?}");
        limbs.extend(without_dates(&on_chain)["limbs"].as_array().unwrap().clone());
    }
    assert_eq!(whole["limbs"], Value::from(limbs), "{rule}, {id}: the parts make the whole");
}

macro_rules! known_answers {
    ($($name:ident: $rule:literal, $case:literal;)*) => {
        /// Every rule of the library has its case here.
        #[test]
        fn no_rule_is_left_out() {
            let here = [$($rule),*];
            for (id, _) in polity_decision::BUILTIN_RULES {
                assert!(here.contains(id), "{id}");
            }
        }

        $(#[test]
        fn $name() {
            check($rule, $case);
        })*
    };
}

known_answers! {
    cosmos_gov: "cosmos-gov", "the same from single ballots";
    doha: "doha", "the 144th";
    eu_qmv: "eu-qmv", "three-large-cannot-block";
    eu_rqmv: "eu-rqmv", "three large members do not save it";
    ihr: "ihr", "on the last day silence has consented";
    imf_85: "imf-85", "the United States alone can stop it";
    kigali: "kigali", "in time";
    kyoto_art25: "kyoto-art25", "Russia";
    montreal: "montreal", "three majorities";
    optimism: "optimism", "from single ballots: 3 of 10 citizens";
    paris_art21: "paris-art21", "crossed; the EU adds nothing";
    swiss: "swiss", "the same from voters with weights";
    tezos: "tezos", "from single ballots";
    two_thirds_quorum: "two-thirds-quorum", "exactly two thirds";
    un_charter_108: "un-charter-108", "in force";
    unga: "unga", "ES-11/1";
    unsc: "unsc", "S/2022/155";
    us_art_v: "us-art-v", "from single ballots (constructed)";
    wto: "wto", "one objects";
}
