//! What the chain does by itself fits the gas it gives itself, at the largest sizes the bounds allow.

use polity_charter::{ARTICLE_COST_MAX, LETS_MAX, THEN_MAX};
use polity_primitives::ASSEMBLY;

use super::*;
use crate::agenda::{GIVE_UP_PERIOD_GAS_MAX, JUDGE_GAS_MAX, SETTLE_GAS_MAX, next_due};

/// What a transaction costs before its first step, with room. Source: EIP-2028, for call data of two words.
const INTRINSIC_GAS: u64 = 25_000;

/// Members beside those of the scene, all of whom may validate.
const MOST: usize = 256;

/// Treaties that everyone can be asked about.
fn treaties() -> String {
    let treaty = |i| format!("[treaties.t{i}]\nname = \"T\"\nrule = \"first\"\ndepositors = [\"state\"]\n");
    (0..200).map(treaty).collect()
}

fn world(articles: &str) -> Chain {
    let more: String = (0..MOST)
        .map(|i| format!("M{i:03} = {{ name = \"M{i}\", kind = \"state\", weights = {{ share = 1 }} }}\n"))
        .collect();
    let text = charter()
        .replace("\"vote\", \"validate\"]", "\"vote\"]")
        .replace("AAA = { name = \"Aland\",", "AAA = { name = \"Aland\", rights = [\"validate\"],");
    let mut chain = Chain::new(&(text + &more + &treaties() + articles));
    // A full agenda, so that what is put on it and taken off goes all the way.
    for _ in 0..64 {
        chain.propose("SAM", "plenary", vec![]);
    }
    chain
}

/// The article that costs most to judge: as many definitions as there can be, each of facts that are dear to answer or numbers that
/// are long, up to the bounds of its cost and of its text; and every consequence there can be.
fn largest(ask: impl Fn(usize) -> String, then: &str, notice: &str) -> String {
    let rest = |lets: usize| {
        let lets: Vec<_> = (0..lets).map(|i| format!("x{i} = \"{}\"", ask(i))).collect();
        let then = [then].repeat(THEN_MAX).join(", ");
        format!(
            "every = \"30d\"\nlet = {{ {} }}\nwhen = \"true\"\nthen = [{then}]\n{notice}",
            lets.join(", ")
        )
    };
    let fits = |lets: &usize| {
        let text = charter() + &treaties() + &of_states("a", &rest(*lets));
        let checked = polity_charter::parse("x", &text);
        let article = checked.as_ref().ok().and_then(|checked| checked.charter.article("a"));
        article.is_some_and(|a| a.cost() <= ARTICLE_COST_MAX && a.to_json().len() <= ARTICLE_BYTES_MAX)
    };
    let most = (1..=LETS_MAX).rev().find(fits).expect("one fits");
    of_states("a", &rest(most))
}

/// Runs what is due, call by call: the most gas of a call of each kind, and how many members the shortest call of judging took.
fn used(chain: &mut Chain) -> u64 {
    let mut most = 0;
    while let Some(due) = next_due(&chain.memory, &chain.memory.block) {
        let outcome = chain.memory.call(&crate::memory::Request::new(SYSTEM, due.to, due.input.to_vec()));
        if let Err(failure) = outcome.result {
            panic!("{failure}");
        }
        if due.to == ARTICLES {
            assert!(
                outcome.gas_used + INTRINSIC_GAS <= due.gas_limit,
                "{} of {}",
                outcome.gas_used,
                due.gas_limit
            );
            most = most.max(outcome.gas_used);
        } else {
            assert_eq!(due.to, ASSEMBLY);
        }
    }
    most
}

#[test]
fn judging_by_the_dearest_articles_fits_its_gas() {
    let loss = "{ standing = \"-1\" }";
    let cases = [
        // Every fact there is of treaties, asked once each.
        largest(
            |i| {
                (0..9)
                    .map(|j| format!("in_force('t{}', member)", (9 * i + j) % 200))
                    .collect::<Vec<_>>()
                    .join(" || ")
            },
            loss,
            "",
        ),
        // Long numbers.
        largest(|i| if i == 0 { "1".into() } else { format!("x{} * 3 + 1/7", i - 1) }, loss, ""),
        // Facts about the member itself.
        largest(
            |_| {
                "standing(member) + weight('share', member) + missed(member, period) + written(member, period)".into()
            },
            loss,
            "notice = \"7d\"",
        ),
    ];
    for (number, article) in cases.iter().enumerate() {
        let mut chain = world(article);
        chain.next(30 * DAY);
        let most = used(&mut chain);
        assert!(most < JUDGE_GAS_MAX, "{number}: {most}");
        let judged = events::<sol::PeriodJudged>(&chain).pop().expect("is judged");
        assert_eq!((judged.owed, judged.settled), (MOST as u64 + 5, MOST as u64 + 5), "{number}");
    }
}

/// A small article that everyone keeps costs about the measure of a block a call: ADR 0016.
#[test]
fn a_call_stays_near_the_measure_of_a_block() {
    let rest = "every = \"30d\"\nwhen = \"missed(member, period) > 0\"\nthen = [{ standing = \"-1\" }]";
    for (when, most) in [("missed(member, period) > 0", 20), ("missed(member, period) == 0", 150)] {
        let mut chain = world(&of_states("a", &rest.replace("missed(member, period) > 0", when)));
        chain.next(30 * DAY);
        let mut calls = 0;
        while let Some(due) = next_due(&chain.memory, &chain.memory.block) {
            let outcome = chain.memory.call(&crate::memory::Request::new(SYSTEM, due.to, due.input.to_vec()));
            assert!(outcome.result.is_ok());
            if due.to == ARTICLES {
                calls += 1;
                let used = outcome.gas_used;
                assert!(used < 1_500_000, "{when}: {used} gas");
            }
        }
        assert!(calls <= most, "{when}: {calls} calls for {MOST} members");
    }
}

#[test]
fn a_settlement_becomes_final_within_its_gas() {
    let words = "x".repeat(200);
    let then = format!(
        "{{ standing = \"-3\" }}, {{ suspend = true }}, {{ notify = \"{words}\" }}, {{ standing = \"-20\" }}"
    );
    let more = vec![format!("{{ notify = \"{words}\" }}"); THEN_MAX - 4].join(", ");
    let rest = format!("every = \"30d\"\nwhen = \"true\"\nthen = [{then}, {more}]\nnotice = \"7d\"");
    let mut chain = world(&of_states("a", &rest));
    chain.next(30 * DAY);
    used(&mut chain);
    chain.next(7 * DAY);
    let most = used(&mut chain);
    assert!(most + INTRINSIC_GAS < SETTLE_GAS_MAX, "{most}");
    assert_eq!(events::<sol::BecameFinal>(&chain).len(), MOST + 5);
}

#[test]
fn giving_up_fits_its_gas() {
    let mut chain = world(&of_states("a", "every = \"30d\"\nwhen = \"true\"\nthen = [{ suspend = true }]"));
    chain.next(30 * DAY);
    let outcome = chain.call(SYSTEM, ARTICLES, &sol::giveUpCall { number: U256::ZERO });
    assert!(outcome.result.is_ok());
    assert!(outcome.gas_used + INTRINSIC_GAS < GIVE_UP_PERIOD_GAS_MAX, "{}", outcome.gas_used);
}
