//! The worked example: the deposits of 2016, day by day, from `charters/paris.toml`.

use std::collections::BTreeMap;

use super::*;

const TREATY: &str = "paris-agreement";

fn date(text: &str) -> u64 {
    polity_charter::Date::parse(text).expect(text).secs()
}

/// Deposits by day.
fn history(charter: &Charter) -> BTreeMap<u64, Vec<String>> {
    let mut history: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    for member in &charter.members {
        if let Some(date) = member.deposits.get(TREATY) {
            history.entry(date.secs()).or_default().push(member.id.clone());
        }
    }
    history
}

fn numbers(chain: &Chain) -> (String, String, bool) {
    let report = treaty_progress(&chain.memory, TREATY).expect("the treaty");
    let parties = report.limbs[0].numerator.to_string();
    (parties, report.limbs[1].share.clone(), report.outcome == polity_decision::Outcome::Adopted)
}

#[test]
fn the_paris_agreement_enters_into_force_by_itself() {
    let text = polity_charter::builtin("paris").expect("built in");
    let mut charter = charter(text);
    let history = history(&charter);
    charter.treasury.clear();
    let mut chain = Chain { memory: crate::genesis::memory(&charter).unwrap_or_else(|e| panic!("{e}")) };
    let mut in_force_logs = Vec::new();
    while chain.now() < date("2017-01-31") {
        chain.next(DAY);
        let logs = chain.memory.logs().len();
        for id in history.get(&chain.now()).into_iter().flatten() {
            let before = numbers(&chain);
            chain.send(id, &sol::depositCall { treaty: word(TREATY) });
            if id == "EUU" {
                assert_eq!(numbers(&chain), before, "the organisation adds nothing to its members");
            } else {
                assert_ne!(numbers(&chain), before, "{id} counts");
            }
        }
        chain.end();
        let entered = <sol::EnteredIntoForce as alloy_sol_types::SolEvent>::SIGNATURE_HASH;
        for log in &chain.memory.logs()[logs..] {
            if log.topics()[0] == entered {
                in_force_logs.push((chain.now(), log.clone()));
            }
        }
        let treaty = treaties(&chain.memory).remove(0);
        match chain.now() {
            now if now == date("2016-10-04") => {
                assert_eq!(numbers(&chain), ("63".into(), "0.521301".into(), false));
                assert_eq!(treaty.decided_on, None);
            }
            now if now == date("2016-10-05") => {
                assert_eq!(numbers(&chain), ("73".into(), "0.588301".into(), true));
                assert_eq!(treaty.decided_on, Some(now));
                assert_eq!(treaty.effective_on, Some(date("2016-11-04")));
            }
            now if now == date("2016-11-03") => assert_eq!(treaty.in_force_since, None),
            now if now == date("2016-11-04") => assert_eq!(treaty.in_force_since, Some(now)),
            _ => {}
        }
    }
    let [(day, log)] = in_force_logs.as_slice() else { panic!("once: {in_force_logs:?}") };
    assert_eq!(*day, date("2016-11-04"));
    let event = <sol::EnteredIntoForce as alloy_sol_types::SolEvent>::decode_log(log).expect("the event");
    assert_eq!((event.treaty, event.decidedOn), (word(TREATY), date("2016-10-05")));
    assert_eq!(event.effectiveOn, date("2016-11-04"));

    // What decided, whatever was deposited since. Source: ../shared/rules/TEXTS.md, the outcome of `paris-art21`.
    let report = treaty_report(&chain.memory, TREATY).expect("the treaty");
    assert_eq!(
        report.json(),
        concat!(
            r#"{"rule":"paris-art21","outcome":"adopted","reason":null,"decided_on":"2016-10-05","effective_on":"2016-11-04","#,
            r#""limbs":[{"name":"parties","numerator":"73","denominator":"196","threshold":">= 55","share":"73","met":true},"#,
            r#"{"name":"emissions","numerator":"21866164","denominator":"37168339","threshold":">= 55/100","#,
            r#""share":"0.588301","met":true}]}"#
        )
    );
    let all: usize = history.values().map(Vec::len).sum();
    assert_eq!(deposits(&chain.memory, TREATY).len(), all);
}
