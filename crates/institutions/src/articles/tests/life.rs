//! The life of a settlement: notice, objection, decision; what is done; articles that change meanwhile.

use polity_primitives::{AGREEMENT, REGISTRY};

use super::*;
use crate::{
    agenda::next_due,
    memory::Request,
    registry::{self, Status as Standing},
};

/// Whoever missed a turn loses three points, with a week's notice.
fn presence(notice: &str) -> String {
    let rest = "every = \"30d\"\nlet = { m = \"missed(member, period)\" }\nwhen = \"m > 0\"\n\
         then = [{ standing = \"-3 * m\" }, { notify = { en = \"was away\", zh = \"缺席\" } }]\n";
    of_states("presence", &format!("{rest}{notice}"))
}

const WEEK: &str = "notice = \"7d\"";

/// The end of period 1, in which BBB missed a turn and CCC two.
fn judged(articles: &str) -> Chain {
    let mut chain = scene(articles);
    block(&mut chain, DAY, "AAA", &["BBB", "CCC"]);
    block(&mut chain, DAY, "AAA", &["CCC"]);
    block(&mut chain, 27 * DAY, "AAA", &[]);
    chain
}

fn state(chain: &Chain, id: u64) -> (&'static str, u64) {
    let found = settlement(&chain.memory, id).expect("there");
    (found.status.as_str(), found.final_at)
}

fn status(chain: &Chain, member: &str) -> Standing {
    registry::member(&chain.memory, member).expect("known").status
}

fn causes(chain: &Chain) -> Vec<(B256, i64, B256)> {
    let moved = events::<IConstitution::StandingMoved>(chain);
    moved.into_iter().map(|moved| (moved.member, moved.by, moved.cause)).collect()
}

#[test]
fn it_becomes_final_when_its_notice_is_over() {
    let mut chain = judged(&presence(WEEK));
    let day = chain.now();
    assert_eq!(
        settled(&chain),
        [("presence".into(), "BBB".into(), 1, "noticed"), ("presence".into(), "CCC".into(), 1, "noticed")]
    );
    assert_eq!(state(&chain, 1), ("noticed", day + 7 * DAY));
    let account = settlement(&chain.memory, 2).expect("there").account;
    assert_eq!(
        account,
        r#"{"member":"CCC","period":1,"facts":[{"ask":"kind","is":"state"},{"ask":"missed(member, period)","is":"2"}],"let":[{"name":"m","is":"2"}],"when":"true","then":[{"standing":"-6"},{"notify":{"en":"was away","zh":"缺席"}}]}"#
    );
    chain.run(6 * DAY);
    assert_eq!((score(&chain, "BBB"), score(&chain, "CCC")), (10, 10), "not yet");
    chain.run(DAY);
    assert_eq!(state(&chain, 1), ("final", day + 7 * DAY));
    assert_eq!((score(&chain, "BBB"), score(&chain, "CCC")), (7, 4));
    let cause = B256::right_padding_from(b"article");
    assert_eq!(causes(&chain), [(word("BBB"), -3, cause), (word("CCC"), -6, cause)]);
    let words: Vec<_> = events::<sol::Notified>(&chain).into_iter().map(|e| (e.member, e.words)).collect();
    assert_eq!(words, [(word("BBB"), "was away".to_owned()), (word("CCC"), "was away".to_owned())]);
    chain.run(20 * DAY);
    assert_eq!((score(&chain, "BBB"), score(&chain, "CCC")), (7, 4), "once");
}

#[test]
fn without_notice_it_is_final_in_the_next_block() {
    let mut chain = judged(&presence(""));
    assert_eq!(state(&chain, 2), ("noticed", chain.now() + 1));
    let late = sol::objectCall { id: U256::from(2), reason: "late".into() };
    chain.next(1);
    assert_eq!(refused(&mut chain, holder("CCC"), &late), "NoticeOver");
    chain.end();
    assert_eq!(state(&chain, 2), ("final", chain.now()));
    assert_eq!((score(&chain, "BBB"), score(&chain, "CCC")), (7, 4));
    let finals: Vec<_> = events::<sol::BecameFinal>(&chain).into_iter().map(|e| e.id).collect();
    assert_eq!(finals, [U256::from(1), U256::from(2)]);
}

/// What takes more gas than the chain has for it stops nobody: it waits for the members.
#[test]
fn what_cannot_be_carried_out_waits_for_a_decision() {
    let mut chain = judged(&presence(WEEK));
    chain.next(7 * DAY);
    for id in [1, 2] {
        let due = crate::agenda::next_due(&chain.memory, &chain.memory.block).expect("is due");
        assert_eq!(due.input, sol::concludeCall { id: U256::from(id) }.abi_encode());
        let instead = due.on_failure(&[]);
        assert_eq!((instead.to, instead.gas_limit), (ARTICLES, crate::agenda::STALL_GAS_MAX));
        let request = crate::memory::Request::new(SYSTEM, instead.to, instead.input.to_vec());
        let outcome = chain.memory.call(&request);
        assert!(outcome.result.is_ok() && outcome.gas_used < instead.gas_limit / 2, "{}", outcome.gas_used);
        assert_eq!(state(&chain, id), ("stalled", chain.now()));
    }
    assert!(crate::agenda::next_due(&chain.memory, &chain.memory.block).is_none(), "nothing is left to do");
    let object = sol::objectCall { id: U256::from(1), reason: "late".into() };
    assert_eq!(refused(&mut chain, holder("BBB"), &object), "WrongSettlementStatus");
    assert_eq!((score(&chain, "BBB"), score(&chain, "CCC")), (10, 10), "nothing is done");
    send(&mut chain, AGREEMENT, &sol::dismissCall { id: U256::from(1) }).expect("dismissed");
    send(&mut chain, AGREEMENT, &sol::upholdCall { id: U256::from(2) }).expect("upheld");
    assert_eq!((state(&chain, 1).0, state(&chain, 2).0), ("dismissed", "final"));
    assert_eq!((score(&chain, "BBB"), score(&chain, "CCC")), (10, 4));
}

#[test]
fn an_objection_waits_for_a_decision() {
    let mut chain = judged(&presence(WEEK));
    let object = |id: u64, reason: &str| sol::objectCall { id: U256::from(id), reason: reason.into() };
    for (who, id, reason, error) in [
        ("AAA", 1, "x".to_owned(), "NotAboutYou"),
        ("CCC", 1, "x".to_owned(), "NotAboutYou"),
        ("nobody", 1, "x".to_owned(), "NotAboutYou"),
        ("BBB", 3, "x".to_owned(), "UnknownSettlement"),
        ("BBB", 0, "x".to_owned(), "UnknownSettlement"),
        ("BBB", 1, "x".repeat(REASON_BYTES_MAX + 1), "ReasonTooLong"),
    ] {
        assert_eq!(refused(&mut chain, holder(who), &object(id, &reason)), error, "{who} {id}");
    }
    send(&mut chain, holder("BBB"), &object(1, "the network was down")).expect("objects");
    send(&mut chain, holder("CCC"), &object(2, &"x".repeat(REASON_BYTES_MAX))).expect("objects");
    assert_eq!(state(&chain, 1), ("objected", chain.now()));
    assert_eq!(settlement(&chain.memory, 1).expect("there").objection, "the network was down");
    let again = refused(&mut chain, holder("BBB"), &object(1, "again"));
    assert_eq!(again, "WrongSettlementStatus");
    chain.run(25 * DAY);
    assert_eq!((score(&chain, "BBB"), score(&chain, "CCC")), (10, 10), "it waits however long");
    let (uphold, dismiss) = (sol::upholdCall { id: U256::from(2) }, sol::dismissCall { id: U256::from(1) });
    send(&mut chain, AGREEMENT, &dismiss).expect("dismissed");
    send(&mut chain, AGREEMENT, &uphold).expect("upheld");
    assert_eq!((state(&chain, 1).0, state(&chain, 2).0), ("dismissed", "final"));
    assert_eq!((score(&chain, "BBB"), score(&chain, "CCC")), (10, 4));
    for id in [1, 2] {
        let id = U256::from(id);
        let uphold = refused(&mut chain, AGREEMENT, &sol::upholdCall { id });
        let dismiss = refused(&mut chain, AGREEMENT, &sol::dismissCall { id });
        assert_eq!((uphold.as_str(), dismiss.as_str()), ("WrongSettlementStatus", "WrongSettlementStatus"));
    }
    assert_eq!(score(&chain, "CCC"), 4);
}

#[test]
fn a_decision_needs_no_objection_and_takes_the_notice_off_the_agenda() {
    let mut chain = judged(&presence(WEEK));
    send(&mut chain, AGREEMENT, &sol::dismissCall { id: U256::from(1) }).expect("dismissed");
    send(&mut chain, AGREEMENT, &sol::upholdCall { id: U256::from(2) }).expect("upheld");
    assert_eq!((score(&chain, "BBB"), score(&chain, "CCC")), (10, 4));
    chain.run(10 * DAY);
    assert_eq!((state(&chain, 1).0, state(&chain, 2).0), ("dismissed", "final"));
    assert_eq!((score(&chain, "BBB"), score(&chain, "CCC")), (10, 4), "nothing was left to conclude");
}

/// On the last day transactions run before what the chain does by itself: the notice is over all the same.
#[test]
fn an_objection_on_the_last_day_comes_too_late() {
    let mut chain = judged(&presence(WEEK));
    chain.next(7 * DAY);
    let object = sol::objectCall { id: U256::from(1), reason: "late".into() };
    assert_eq!(refused(&mut chain, holder("BBB"), &object), "NoticeOver");
    chain.end();
    assert_eq!(state(&chain, 1).0, "final");
}

#[test]
fn who_is_gone_by_then_is_past_it() {
    let mut chain = judged(&presence(WEEK));
    chain.decide(REGISTRY, &IRegistry::expelCall { id: word("CCC") });
    chain.run(7 * DAY);
    assert_eq!(state(&chain, 2).0, "final");
    assert_eq!((score(&chain, "BBB"), score(&chain, "CCC")), (7, 10));
    let without: Vec<_> = events::<sol::NoEffect>(&chain).into_iter().map(|e| (e.member, e.why)).collect();
    assert_eq!(without, [(word("CCC"), "it is no member any more".to_owned())]);
    assert_eq!(events::<sol::Notified>(&chain).len(), 2, "the rest is done");
}

#[test]
fn thresholds_act_as_for_every_loss_and_the_last_is_spared() {
    let five = presence("").replace("-3 * m", "-11 * m");
    let mut chain = judged(&five);
    chain.run(DAY);
    assert_eq!((score(&chain, "BBB"), status(&chain, "BBB")), (-1, Standing::Suspended));
    assert_eq!(status(&chain, "CCC"), Standing::Suspended);
    // Everybody misses turns: AAA is the last that can decide blocks when it comes to EEE.
    block(&mut chain, DAY, "AAA", &["AAA", "DDD", "EEE"]);
    block(&mut chain, 29 * DAY, "AAA", &[]);
    chain.run(DAY);
    let all = STATES.map(|member| status(&chain, member));
    assert_eq!(all.iter().filter(|status| **status == Standing::Active).count(), 1, "{all:?}");
    assert_eq!(STATES.map(|member| score(&chain, member)), [-1, -1, -12, -1, -1]);
    let spared: Vec<_> = events::<IConstitution::Spared>(&chain).into_iter().map(|e| e.member).collect();
    assert_eq!(spared, [word("EEE")]);
    assert_eq!(status(&chain, "EEE"), Standing::Active);
}

#[test]
fn an_article_suspends_by_itself() {
    let rest = "every = \"30d\"\nwhen = \"id == 'DDD'\"\nthen = [{ suspend = true }]";
    let mut chain = scene(&of_states("a", rest));
    chain.run(30 * DAY);
    assert_eq!((status(&chain, "DDD"), score(&chain, "DDD")), (Standing::Suspended, 10));
    let punished: Vec<_> = events::<IConstitution::Punished>(&chain)
        .into_iter()
        .map(|e| (e.member, e.expelled, e.cause))
        .collect();
    assert_eq!(punished, [(word("DDD"), false, B256::right_padding_from(b"article"))]);
    chain.run(30 * DAY);
    let why: Vec<_> = events::<sol::NoEffect>(&chain).into_iter().map(|e| e.why).collect();
    assert_eq!(why, ["it is suspended already"]);
    settled(&chain);
}

#[test]
fn an_amended_article_begins_anew_and_what_is_settled_goes_on() {
    let articles = presence(WEEK);
    let mut chain = judged(&articles);
    let old = settlement(&chain.memory, 1).expect("there").hash;
    block(&mut chain, 3 * DAY, "AAA", &["DDD"]);
    amend(&mut chain, &articles, "presence");
    let same = article(&chain.memory, "presence").expect("there");
    assert_eq!((same.period, same.hash), (2, old), "the same text changes nothing");
    let now = chain.now();
    amend(&mut chain, &articles.replace("-3 * m", "-5 * m"), "presence");
    let found = article(&chain.memory, "presence").expect("there");
    assert_eq!((found.period, found.from, found.until), (1, now, now + 30 * DAY));
    assert_ne!(found.hash, old);
    let begun = events::<sol::ArticleBegun>(&chain).pop().expect("is told");
    assert_eq!((begun.hash, begun.from, begun.until), (found.hash, found.from, found.until));
    chain.run(4 * DAY);
    assert_eq!((score(&chain, "BBB"), score(&chain, "CCC")), (7, 4), "by the text they were judged by");
    block(&mut chain, 10 * DAY, "AAA", &["EEE"]);
    chain.run(20 * DAY);
    let last = settled(&chain).split_off(2);
    assert_eq!(last, [("presence".into(), "EEE".into(), 1, "noticed")], "what DDD missed has lapsed");
}

#[test]
fn a_removed_article_judges_nobody_and_can_come_back() {
    let articles = presence(WEEK);
    let mut chain = judged(&articles);
    block(&mut chain, DAY, "AAA", &["DDD"]);
    let remove = |chain: &mut Chain| inside(&mut chain.memory, ARTICLES, |cx| remove_article(cx, "presence"));
    remove(&mut chain).expect("is removed");
    assert!(remove(&mut chain).is_err(), "once");
    assert!(!article(&chain.memory, "presence").expect("is remembered").in_force);
    block(&mut chain, 40 * DAY, "AAA", &["EEE"]);
    assert_eq!(settled(&chain).len(), 2);
    assert_eq!((score(&chain, "BBB"), score(&chain, "CCC")), (7, 4), "the notice goes on");
    amend(&mut chain, &articles, "presence");
    block(&mut chain, DAY, "AAA", &[]);
    block(&mut chain, DAY, "AAA", &["AAA"]);
    chain.run(40 * DAY);
    assert_eq!(settled(&chain).split_off(2), [("presence".into(), "AAA".into(), 1, "final")]);
}

/// A period that cannot be judged is given up and said so, and the next counts from there.
#[test]
fn a_period_is_given_up_and_the_next_begins() {
    let mut chain = scene(&presence(""));
    block(&mut chain, DAY, "AAA", &["BBB"]);
    chain.next(28 * DAY);
    let judge = next_due(&chain.memory, &chain.memory.block).expect("is due");
    assert_eq!((judge.to, judge.is_dated()), (ARTICLES, true));
    let short = Request { gas_limit: 100_000, ..Request::new(SYSTEM, judge.to, judge.input.to_vec()) };
    assert!(chain.memory.call(&short).result.is_err(), "it cannot be judged with so little gas");
    let instead = judge.on_failure(&[]);
    let request = Request::new(SYSTEM, instead.to, instead.input.to_vec());
    chain.memory.call(&request).result.expect("it can be given up");
    let gone: Vec<_> =
        events::<sol::PeriodGivenUp>(&chain).into_iter().map(|e| (e.period, e.looked)).collect();
    assert_eq!(gone, [(1, 0)]);
    let found = article(&chain.memory, "presence").expect("there");
    assert_eq!((found.period, found.until), (2, found.from + 30 * DAY));
    block(&mut chain, DAY, "AAA", &[]);
    block(&mut chain, DAY, "AAA", &["CCC"]);
    chain.run(30 * DAY);
    assert_eq!(settled(&chain), [("presence".into(), "CCC".into(), 2, "final")]);
}

/// The way of the charter: proposed, passed, enacted.
#[test]
fn an_amendment_of_the_charter_writes_and_removes_articles() {
    let mut chain =
        scene(&of_states("other", "every = \"9y\"\nwhen = \"true\"\nthen = [{ suspend = true }]"));
    let amend = |chain: &mut Chain, op: IConstitution::Op, value: &str| {
        let change = IConstitution::Change { op, path: "articles.late".into(), value: value.into() };
        chain.decide(CONSTITUTION, &IConstitution::amendCall { changes: vec![change] });
        chain.next(DAY);
        chain.end();
    };
    let text =
        r#"{ text = "x", for = "id == 'BBB'", every = "10d", when = "true", then = [{ standing = "-1" }] }"#;
    amend(&mut chain, IConstitution::Op::Add, text);
    let found = article(&chain.memory, "late").expect("is written");
    assert!(found.in_force && found.article.is_some());
    chain.run(10 * DAY);
    assert_eq!(score(&chain, "BBB"), 9);
    amend(&mut chain, IConstitution::Op::Remove, "");
    assert!(!article(&chain.memory, "late").expect("is remembered").in_force);
    chain.run(30 * DAY);
    assert_eq!(score(&chain, "BBB"), 9);
}

/// What a dry run of a decision tells: the settlement, the score and the period that are not as they were.
#[test]
fn differences_name_settlements_scores_and_periods() {
    let articles = presence(WEEK);
    let before = judged(&articles);
    let mut after = before.clone();
    send(&mut after, AGREEMENT, &sol::upholdCall { id: U256::from(2) }).expect("upheld");
    amend(&mut after, &articles.replace("-3 * m", "-5 * m"), "presence");
    let told: Vec<_> = crate::differences::differences(&before.memory, &after.memory, "UNIT")
        .iter()
        .map(ToString::to_string)
        .collect();
    let wanted = [
        "article presence: period 1 until 2020-03-01 (was 2 until 2020-03-01)",
        "member CCC: standing 4 (was 10)",
        "settlement 2: status final (was noticed)",
    ];
    assert_eq!(told, wanted);
}
