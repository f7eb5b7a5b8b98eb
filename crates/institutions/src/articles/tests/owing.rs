//! Periods, and who owes in them.

use polity_primitives::REGISTRY;

use super::*;

const ALWAYS: &str = "when = \"true\"\nthen = [{ notify = \"x\" }]";

fn judged(chain: &Chain) -> Vec<(u64, u64, u64, u64)> {
    let brief = |e: sol::PeriodJudged| (e.period, e.owed, e.settled, e.held);
    events::<sol::PeriodJudged>(chain).into_iter().map(brief).collect()
}

#[test]
fn periods_follow_the_calendar_and_each_is_judged_once() {
    let mut chain = scene(&of_states("a", &format!("every = \"1mo\"\n{ALWAYS}")));
    let found = article(&chain.memory, "a").expect("there");
    // Genesis is on 1 January 2020.
    let (first, days) = (found.from, |days: u64| found.from + days * DAY);
    assert_eq!((found.period, found.until), (1, days(31)));
    chain.run(29 * DAY);
    assert_eq!(judged(&chain), []);
    chain.run(DAY);
    assert_eq!(judged(&chain), [(1, 5, 5, 0)]);
    let found = article(&chain.memory, "a").expect("there");
    assert_eq!((found.period, found.from, found.until), (2, days(31), days(60)), "2020 is a leap year");
    chain.run(365 * DAY);
    let numbers: Vec<_> = judged(&chain).into_iter().map(|judged| judged.0).collect();
    assert_eq!(numbers, (1..=12).collect::<Vec<_>>());
    let all = settled(&chain);
    assert_eq!(all.len(), 60);
    let again: std::collections::BTreeSet<_> = all.iter().map(|s| (&s.1, s.2)).collect();
    assert_eq!(again.len(), 60, "each member once in each period");
    let last = settlement(&chain.memory, 1).expect("there");
    assert_eq!((last.from, last.until, last.at), (first, days(31), days(31)));
}

#[test]
fn periods_that_end_in_one_block_are_judged_in_it_and_in_order() {
    let mut chain = scene(&of_states("a", &format!("every = \"1d\"\n{ALWAYS}")));
    chain.run(2 * DAY);
    let before = judged(&chain).len();
    chain.next(10 * DAY);
    chain.end();
    let numbers: Vec<_> = judged(&chain).into_iter().map(|judged| judged.0).collect();
    assert_eq!(numbers, (1..=before as u64 + 10).collect::<Vec<_>>());
    let heights: std::collections::BTreeSet<_> =
        settlements(&chain.memory, &SettlementFilter::default(), 50).iter().map(|s| s.height).collect();
    assert_eq!(heights.len(), 1, "in one block");
    assert_eq!(article(&chain.memory, "a").expect("there").until, chain.now() + DAY);
    settled(&chain);
}

#[test]
fn who_owes_was_there_from_the_beginning_to_the_end() {
    let mut chain =
        scene(&format!("[articles.a]\ntext = \"x\"\nfor = \"kind != 'igo'\"\nevery = \"30d\"\n{ALWAYS}\n"));
    chain.decide(REGISTRY, &IRegistry::admitCall { admission: admission("NEW") });
    chain.decide(REGISTRY, &IRegistry::suspendCall { id: word("BBB") });
    chain.decide(REGISTRY, &IRegistry::expelCall { id: word("CCC") });
    chain.call(holder("DDD"), REGISTRY, &IRegistry::resignCall {}).result.expect("resigns");
    chain.run(29 * DAY);
    let who = |period: u64| {
        let all = settled(&chain).into_iter().filter(|s| s.2 == period);
        all.map(|s| s.1).collect::<Vec<_>>()
    };
    assert_eq!(
        who(1),
        ["AAA", "BBB", "EEE", "SAM"],
        "not who came later, nor who is gone; the suspended owe"
    );
    chain.run(30 * DAY);
    let who = |chain: &Chain| {
        let all = settled(chain).into_iter().filter(|s| s.2 == 2);
        all.map(|s| s.1).collect::<Vec<_>>()
    };
    assert_eq!(who(&chain), ["AAA", "BBB", "EEE", "SAM", "NEW"], "from its first whole period on");
}

#[test]
fn who_came_back_in_the_middle_of_a_period_does_not_owe_for_it() {
    let mut chain = scene(&of_states("a", &format!("every = \"30d\"\n{ALWAYS}")));
    chain.decide(REGISTRY, &IRegistry::expelCall { id: word("CCC") });
    chain.run(30 * DAY);
    chain.decide(REGISTRY, &IRegistry::admitCall { admission: admission("CCC") });
    chain.run(61 * DAY);
    let periods: Vec<_> = settled(&chain).into_iter().filter(|s| s.1 == "CCC").map(|s| s.2).collect();
    assert_eq!(periods, [3], "admitted at genesis, but not there when period 2 began");
}

/// `missed` counts what a member missed in the period and in no other, also where somebody comes, and where a period is amended.
#[test]
fn turns_count_in_one_period_each() {
    let rest = "every = \"10d\"\nlet = { m = \"missed(member, period)\" }\nwhen = \"m > 0\"\nthen = [{ notify = \"x\" }]";
    let article = of_states("a", rest);
    let mut chain = scene(&article);
    let missed = |chain: &Chain| {
        let all = settlements(&chain.memory, &SettlementFilter::default(), 100);
        let one = |s: SettlementView| {
            let account = Account::from_json(&s.account).expect("an account");
            (s.member, s.period, account.lets[0].is.clone())
        };
        let mut all: Vec<_> = all.into_iter().map(one).collect();
        all.reverse();
        all
    };
    // Day 2 and 3 of ten.
    block(&mut chain, DAY, "AAA", &["BBB", "CCC"]);
    block(&mut chain, DAY, "AAA", &["BBB"]);
    block(&mut chain, 7 * DAY, "AAA", &["BBB"]);
    let first = [("BBB".to_owned(), 1, "3".to_owned()), ("CCC".into(), 1, "1".into())];
    assert_eq!(missed(&chain), first, "the block that ends the period is in it");
    block(&mut chain, DAY, "AAA", &["CCC"]);
    block(&mut chain, 9 * DAY, "AAA", &[]);
    assert_eq!(missed(&chain)[2..], [("CCC".to_owned(), 2, "1".to_owned())]);
    // An amendment begins anew: what was missed before it is forgotten, and what is missed in its block too.
    block(&mut chain, DAY, "AAA", &["DDD"]);
    amend(&mut chain, &article.replace("10d", "11d"), "a");
    block(&mut chain, DAY, "AAA", &["DDD"]);
    block(&mut chain, DAY, "AAA", &["EEE"]);
    block(&mut chain, 10 * DAY, "AAA", &[]);
    assert_eq!(missed(&chain)[3..], [("EEE".to_owned(), 1, "1".to_owned())]);
    settled(&chain);
}

#[test]
fn many_members_are_judged_in_parts() {
    const MOST: usize = 250;
    let more: String = (0..MOST)
        .map(|i| format!("M{i:03} = {{ name = \"M{i}\", kind = \"state\", weights = {{ share = 0 }} }}\n"))
        .collect();
    let text = charter()
        .replace("\"vote\", \"validate\"]", "\"vote\"]")
        .replace("AAA = { name = \"Aland\",", "AAA = { name = \"Aland\", rights = [\"validate\"],");
    let rest = "every = \"30d\"\nwhen = \"missed(member, period) == 0\"\nthen = [{ standing = \"-1\" }]";
    let mut chain = Chain::new(&(text + &more + &of_states("a", rest)));
    chain.next(29 * DAY);
    let (mut calls, mut blocks) = (chain.end(), 1);
    assert_eq!(calls, 64, "as many as a block takes");
    while judged(&chain).is_empty() {
        chain.next(1);
        calls += chain.end();
        blocks += 1;
    }
    assert_eq!(judged(&chain), [(1, 255, 255, 0)]);
    assert!(calls >= 100 && blocks < 5, "{calls} calls, {blocks} blocks");
    assert_eq!(settled(&chain).len(), 255);
    // What came of it follows.
    let finish = |chain: &mut Chain| {
        chain.next(1);
        while chain.end() > 0 {
            chain.next(1);
        }
    };
    finish(&mut chain);
    for member in ["AAA", "M000", "M128", "M249"] {
        assert_eq!(score(&chain, member), 9, "{member}");
    }
    // And the next one once too.
    chain.next(31 * DAY);
    while judged(&chain).len() < 2 {
        chain.end();
        chain.next(1);
    }
    finish(&mut chain);
    assert_eq!(score(&chain, "M249"), 8);
    assert_eq!(judged(&chain), [(1, 255, 255, 0), (2, 255, 255, 0)]);
}

/// Under a wall clock genesis has no time: the first period begins with the first block.
#[test]
fn under_a_wall_clock_time_begins_with_the_first_block() {
    let text = charter().replace(
        "mode       = \"replay\"\nstart      = 2020-01-01\nstep       = \"1d\"\nblock_time = \"50ms\"",
        "mode       = \"wall\"\nblock_time = \"50ms\"",
    );
    let founding =
        crate::assembly::tests::charter(&(text + &of_states("a", &format!("every = \"30d\"\n{ALWAYS}"))));
    let memory = crate::genesis::memory(&founding).unwrap_or_else(|error| panic!("{error}"));
    let mut chain = Chain { memory };
    assert_eq!(chain.now(), 0);
    assert_eq!(article(&chain.memory, "a").expect("there").period, 0);
    chain.next(1_700_000_000);
    chain.end();
    let found = article(&chain.memory, "a").expect("there");
    assert_eq!((found.period, found.from, found.until), (1, 1_700_000_000, 1_700_000_000 + 30 * DAY));
    chain.next(30 * DAY);
    chain.end();
    assert_eq!(judged(&chain), [(1, 5, 5, 0)]);
}
