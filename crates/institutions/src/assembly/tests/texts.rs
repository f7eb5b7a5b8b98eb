//! Texts that bind by silence: the amendments of 2024 to the International Health Regulations, member by member.

use polity_decision::{BallotsFile, Rule};

use super::*;

const IHR: &str = include_str!("../../../../../charters/rules/ihr.toml");

fn date(text: &str) -> u64 {
    polity_charter::Date::parse(text).expect(text).secs()
}

fn text(secs: u64) -> String {
    polity_charter::Date(secs).to_string()
}

/// The regulations, begun on 1 January 2024. `old` names members under the text of 2005.
fn world(old: &[&str], rule: &str) -> Chain {
    let members: String = ["FRA", "IRN", "JPN", "NLD", "USA"]
        .map(|id| {
            let classes = if old.contains(&id) { ", classes = [\"text-2005\"]" } else { "" };
            format!("{id} = {{ name = \"{id}\", kind = \"state\"{classes} }}\n")
        })
        .concat();
    let head = CHARTER.split_once("[chambers.plenary]").expect("the head").0;
    let rule = rule
        .replace("[silence]", "[rules.ihr.silence]")
        .replace("[[silence.other]]", "[[rules.ihr.silence.other]]")
        .replace("[[limb]]", "[[rules.ihr.limb]]");
    let head = head.replace("start      = 2020-01-01", "start      = 2024-01-01");
    Chain::new(&format!(
        "{head}[treaties.ihr]\nname = \"International Health Regulations\"\nrule = \"ihr\"\ndepositors = [\"state\"]\n\
         [rules.ihr]\n{rule}\n[members]\n{members}"
    ))
}

fn go(chain: &mut Chain, day: &str) {
    let day = date(day);
    while chain.now() < day {
        chain.next(DAY);
        chain.end();
    }
}

fn notify(chain: &mut Chain) -> u64 {
    let call = sol::notifyCall {
        treaty: word("ihr"),
        title: "Amendments of 2024".into(),
        documentHash: keccak256("WHA77.17"),
        uri: "https://apps.who.int/gb/ebwha/pdf_files/WHA77/A77_R17-en.pdf".into(),
    };
    chain.decide(ASSEMBLY, &call);
    instrument_text_count(chain)
}

fn instrument_text_count(chain: &Chain) -> u64 {
    texts(&chain.memory, None).len() as u64
}

fn reject(chain: &mut Chain, who: &str, id: u64) -> String {
    let call = sol::rejectCall { id: U256::from(id), reason: "We object.".into(), documentHash: B256::ZERO };
    chain.try_send(account(who), &call).err().unwrap_or_else(|| "ok".into())
}

fn bound(chain: &Chain, day: &str) -> String {
    let moment = Moment { date: date(day), height: u64::MAX, today: chain.now() };
    let treaty = in_force(&chain.memory, Some("ihr"), moment, &|_| None).remove(0);
    let parties = treaty.texts.first().map(|text| text.parties.clone()).unwrap_or_default();
    parties.into_iter().map(|(member, _)| member).collect::<Vec<_>>().join(",")
}

/// Source: WHO, notification of 19 September 2024 (WHA77.17): rejections by 19 July 2025, in force on 19 September 2025; for
/// those that had rejected the amendments of 2022, 19 March 2026 and 19 September 2026. The United States rejected on 18 July
/// 2025.
#[test]
fn the_health_regulations_of_2024() {
    let mut chain = world(&["IRN", "NLD"], IHR);
    go(&mut chain, "2024-09-19");
    let deposit = sol::depositCall { treaty: word("ihr") };
    assert_eq!(chain.try_send(account("FRA"), &deposit).err().as_deref(), Some("WrongBasis"));
    let id = notify(&mut chain);
    assert_eq!(reject(&mut chain, "USA", id), "StillCounting");
    chain.next(DAY);
    chain.end();
    let seen = texts(&chain.memory, Some("ihr")).remove(0);
    assert_eq!((seen.status, seen.members), (TextStatus::Open, 5));
    let days: Vec<_> = seen.terms.iter().map(|(last, effective)| (text(*last), text(*effective))).collect();
    assert_eq!(
        days,
        [
            ("2025-07-19".to_owned(), "2025-09-19".to_owned()),
            ("2026-03-19".to_owned(), "2026-09-19".to_owned()),
        ]
    );
    assert_eq!(reject(&mut chain, "nobody", id), "NotAMember");
    assert_eq!(reject(&mut chain, "USA", 7), "UnknownText");
    go(&mut chain, "2025-07-18");
    assert_eq!(reject(&mut chain, "USA", id), "ok");
    assert_eq!(reject(&mut chain, "USA", id), "AlreadyRejected");
    go(&mut chain, "2025-07-19");
    assert_eq!(texts(&chain.memory, None)[0].status, TextStatus::Open, "the last day is not over");
    go(&mut chain, "2025-07-20");
    let seen = texts(&chain.memory, None).remove(0);
    assert_eq!((seen.status, seen.decided_on), (TextStatus::Adopted, Some(date("2025-07-19"))));
    assert_eq!(seen.rejected, ["USA"]);
    assert_eq!(reject(&mut chain, "JPN", id), "TooLate");
    go(&mut chain, "2026-02-01");
    assert_eq!(reject(&mut chain, "IRN", id), "ok", "its own last day is later");
    go(&mut chain, "2026-10-01");
    for (day, members) in [
        ("2024-09-19", ""),
        ("2025-09-18", ""),
        ("2025-09-19", "FRA,JPN"),
        ("2026-09-18", "FRA,JPN"),
        ("2026-09-19", "FRA,JPN,NLD"),
    ] {
        assert_eq!(bound(&chain, day), members, "{day}");
    }
    let from = |chain: &mut Chain, who: &str| {
        let call = sol::textBindsFromCall { id: U256::from(id), member: word(who) };
        chain.send("FRA", &call)
    };
    assert_eq!(from(&mut chain, "NLD"), date("2026-09-19"));
    assert_eq!(from(&mut chain, "USA"), 0);

    // The same by `polity decide`, from the rule's own text.
    let rule = Rule::from_toml(IHR).expect("the rule");
    let voter = |id: &str| {
        let classes = if ["IRN", "NLD"].contains(&id) { vec!["text-2005".to_owned()] } else { vec![] };
        polity_decision::Voter {
            id: id.into(),
            kind: "state".into(),
            classes,
            weights: std::collections::BTreeMap::new(),
        }
    };
    let day = |text: &str| text.parse::<polity_decision::Date>().expect(text);
    let file = BallotsFile {
        members: ["FRA", "IRN", "JPN", "NLD", "USA"].map(voter).to_vec(),
        notified: Some(day("2024-09-19")),
        objections: [("USA", "2025-07-18"), ("IRN", "2026-02-01")]
            .map(|(id, on)| (id.to_owned(), day(on)))
            .into_iter()
            .collect(),
        ..BallotsFile::default()
    };
    for on in ["2025-09-18", "2025-09-19", "2026-09-19"] {
        let offline = rule.decide(&file, Some(day(on))).expect("decides");
        let members = offline.in_force.expect("by silence").in_force_for.join(",");
        assert_eq!(bound(&chain, on), members, "{on}");
    }

    // The United States thinks again: Article 63.
    let number = instruments(&chain.memory, 1, 10).iter().find(|i| i.member == "USA").expect("filed").id;
    chain.send("USA", &sol::retractCall { id: U256::from(number) });
    assert_eq!(bound(&chain, "2026-09-30"), "FRA,JPN,NLD");
    assert_eq!(bound(&chain, "2026-10-01"), "FRA,JPN,NLD,USA", "from the day it said so");
}

#[test]
fn a_text_that_too_many_reject_binds_nobody() {
    // Tacit acceptance: more than two thirds must be silent. Source: MARPOL, Article 16(2)(f)(iii), in substance.
    let rule = "[silence]\nobjection = \"10mo\"\neffective = \"16mo\"\n[[limb]]\nname = \"silent\"\n\
                numerator = \"not-objected\"\nthreshold = \"> 2/3\"\n";
    for (rejecting, status, decided) in [
        (&["FRA"][..], TextStatus::Adopted, "2024-11-19"),
        (&["FRA", "USA"][..], TextStatus::Rejected, "2024-03-01"),
    ] {
        let mut chain = world(&[], rule);
        go(&mut chain, "2024-01-19");
        let id = notify(&mut chain);
        go(&mut chain, "2024-03-01");
        for who in rejecting {
            assert_eq!(reject(&mut chain, who, id), "ok");
        }
        go(&mut chain, "2025-06-01");
        let seen = texts(&chain.memory, None).remove(0);
        assert_eq!((seen.status, seen.decided_on.map(text).as_deref()), (status, Some(decided)));
        let members = if status == TextStatus::Adopted { "IRN,JPN,NLD,USA" } else { "" };
        assert_eq!(bound(&chain, "2025-06-01"), members);
        let report = seen.report.expect("a rule");
        assert_eq!(report.limbs[0].numerator.to_string(), (5 - rejecting.len()).to_string());
    }
}

#[test]
fn only_parties_are_bound_where_a_treaty_has_parties_and_many_are_counted_in_steps() {
    let many: String = (0..180).map(|i| format!("S{i:03} = {{ name = \"S\", kind = \"igo\" }}\n")).collect();
    let text = CHARTER.replace(
        "depositors   = [\"state\"]",
        "depositors   = [\"state\", \"igo\"]\namendments   = \"tacit\"",
    ) + &many;
    let mut chain = Chain::new(&text);
    let treaty = word("covenant");
    for who in ["AAA", "BBB", "S007", "S179"] {
        chain.send(who, &sol::depositCall { treaty });
    }
    let call = |treaty: &str| sol::notifyCall {
        treaty: word(treaty),
        title: "Annex 1".into(),
        documentHash: B256::ZERO,
        uri: String::new(),
    };
    assert_eq!(chain.try_send(AGREEMENT, &call("accord")).err().as_deref(), Some("NotNotified"));
    assert_eq!(chain.try_send(account("AAA"), &call("covenant")).err().as_deref(), Some("NotByDecision"));
    chain.next(DAY);
    chain.end();
    chain.decide(ASSEMBLY, &call("covenant"));
    let mut steps = 0;
    while texts(&chain.memory, None)[0].status == TextStatus::Counting {
        chain.next(1);
        let outcome = crate::agenda::next_due(&chain.memory, &chain.memory.block).expect("the next step");
        let used = chain.memory.call(&Request::new(SYSTEM, ASSEMBLY, outcome.input.to_vec()));
        assert!(used.result.is_ok(), "{:?}", used.result);
        assert!(used.gas_used + 110_000 < crate::agenda::TEXT_GAS_MAX, "{}", used.gas_used);
        steps += 1;
    }
    assert_eq!(steps, 3, "187 members, 80 at a time");
    assert_eq!(texts(&chain.memory, None)[0].members, 4, "the Parties");
    assert_eq!(reject(&mut chain, "CCC", 1), "NotBound");
    assert_eq!(reject(&mut chain, "BBB", 1), "ok");
    let then = chain.now();
    chain.run(100 * DAY);
    let moment = Moment { date: then + 95 * DAY, height: u64::MAX, today: chain.now() };
    let covenant = in_force(&chain.memory, Some("covenant"), moment, &|_| None).remove(0);
    let bound: Vec<_> = covenant.texts[0].parties.iter().map(|(member, _)| member.as_str()).collect();
    assert_eq!(bound, ["AAA", "S007", "S179"]);
}

#[test]
fn a_step_that_fails_gives_the_text_up() {
    let mut chain = world(&[], IHR);
    notify(&mut chain);
    chain.next(DAY);
    let due = crate::agenda::next_due(&chain.memory, &chain.memory.block).expect("the step");
    let failure = due.on_failure(&[]);
    let outcome = chain.memory.call(&Request::new(SYSTEM, failure.to, failure.input.to_vec()));
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    assert_eq!(texts(&chain.memory, None)[0].status, TextStatus::Rejected);
    assert!(crate::agenda::next_due(&chain.memory, &chain.memory.block).is_none());
}

#[test]
fn a_text_keeps_the_rule_it_was_notified_by() {
    use crate::constitution::IConstitution::{Change, Op, amendCall};
    let rule = "amendments = \"slow\"\n[rules.slow.silence]\nobjection = \"60d\"\neffective = \"90d\"\n[[rules.slow.limb]]\n\
                name = \"silent\"\nnumerator = \"not-objected\"\nthreshold = \">= 1\"\n[treaties.code]";
    let mut chain = Chain::new(&CHARTER.replacen("[treaties.code]", rule, 1));
    chain.send("AAA", &sol::depositCall { treaty: word("covenant") });
    chain.next(DAY);
    chain.end();
    let notified = |chain: &mut Chain| {
        let call = sol::notifyCall {
            treaty: word("covenant"),
            title: "Annex".into(),
            documentHash: B256::ZERO,
            uri: String::new(),
        };
        chain.decide(ASSEMBLY, &call);
        chain.next(DAY);
        chain.end();
        let text = texts(&chain.memory, None).pop().expect("a text");
        (text.terms[0].0 - text.notified_on) / DAY
    };
    assert_eq!(notified(&mut chain), 60);
    let change = Change { op: Op::Set, path: "rules.slow.silence.objection".into(), value: "\"40d\"".into() };
    chain.decide(polity_primitives::CONSTITUTION, &amendCall { changes: vec![change] });
    chain.next(DAY);
    assert_eq!(notified(&mut chain), 40, "the rule as it is now");
    let first = texts(&chain.memory, None).remove(0);
    assert_eq!((first.terms[0].0 - first.notified_on) / DAY, 60, "as it was then");
}
