//! Whatever happens in whatever order: what a settlement says is done at most once, and a score is what it began with and all its moves.

use std::collections::BTreeMap;

use polity_primitives::{AGREEMENT, REGISTRY};
use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    /// A block so many days later, in which the members of this mask missed a turn.
    Block(u64, u8),
    /// Signed transactions and decisions run in a block before what the chain does by itself.
    Begin(u64),
    Object(u8, u64),
    Uphold(u64),
    Dismiss(u64),
    /// The chain's own calls, made out of turn.
    Judge,
    GiveUp,
    Conclude(u64),
    Amend(u8),
    Remove,
    Expel(u8),
    Suspend(u8),
    Restore(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let (who, id) = (1u8..5, 0u64..12);
    prop_oneof![
        4 => (1u64..12, 0u8..32).prop_map(|(days, mask)| Step::Block(days, mask)),
        2 => (1u64..12).prop_map(Step::Begin),
        2 => (who.clone(), id.clone()).prop_map(|(who, id)| Step::Object(who, id)),
        2 => id.clone().prop_map(Step::Uphold),
        2 => id.clone().prop_map(Step::Dismiss),
        1 => Just(Step::Judge),
        1 => Just(Step::GiveUp),
        1 => id.prop_map(Step::Conclude),
        1 => (1u8..4).prop_map(Step::Amend),
        1 => Just(Step::Remove),
        1 => who.clone().prop_map(Step::Expel),
        1 => who.clone().prop_map(Step::Suspend),
        1 => who.prop_map(Step::Restore),
    ]
}

fn text(points: u8) -> String {
    let rest = "every = \"10d\"\nwhen = \"missed(member, period) > 0\"\nnotice = \"5d\"\n";
    of_states("a", &format!("{rest}then = [{{ standing = \"-{points}\" }}, {{ notify = \"away\" }}]"))
}

fn run(chain: &mut Chain, step: &Step) {
    let member = |who: u8| STATES[usize::from(who)];
    let id = |id: u64| U256::from(id);
    // Refusals are the point: what may not be done is tried all the same.
    match *step {
        Step::Block(days, mask) => {
            let missed = STATES.iter().enumerate().filter(|(i, _)| mask & (1 << i) != 0);
            let missed: Vec<_> = missed.map(|(_, member)| *member).collect();
            block(chain, days * DAY, "AAA", &missed);
        }
        Step::Begin(days) => chain.next(days * DAY),
        Step::Object(who, number) => {
            let call = sol::objectCall { id: id(number), reason: "no".into() };
            drop(send(chain, holder(member(who)), &call));
        }
        Step::Uphold(number) => drop(send(chain, AGREEMENT, &sol::upholdCall { id: id(number) })),
        Step::Dismiss(number) => drop(send(chain, AGREEMENT, &sol::dismissCall { id: id(number) })),
        Step::Judge => drop(send(chain, SYSTEM, &sol::judgeCall { number: U256::ZERO })),
        Step::GiveUp => drop(send(chain, SYSTEM, &sol::giveUpCall { number: U256::ZERO })),
        Step::Conclude(number) => drop(send(chain, SYSTEM, &sol::concludeCall { id: id(number) })),
        Step::Amend(points) => amend(chain, &text(points), "a"),
        Step::Remove => drop(inside(&mut chain.memory, ARTICLES, |cx| remove_article(cx, "a"))),
        Step::Expel(who) => {
            chain.call(AGREEMENT, REGISTRY, &IRegistry::expelCall { id: word(member(who)) });
        }
        Step::Suspend(who) => {
            chain.call(AGREEMENT, REGISTRY, &IRegistry::suspendCall { id: word(member(who)) });
        }
        Step::Restore(who) => {
            chain.call(AGREEMENT, REGISTRY, &IRegistry::restoreCall { id: word(member(who)) });
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn what_a_settlement_says_is_done_at_most_once(steps in prop::collection::vec(step(), 1..40)) {
        let mut chain = scene(&text(2));
        for step in &steps {
            run(&mut chain, step);
        }
        // Each is done once if it is final, else not at all: its words are said as often as its score moves.
        let mut said: BTreeMap<u64, usize> = BTreeMap::new();
        for notified in events::<sol::Notified>(&chain) {
            *said.entry(notified.id.to()).or_default() += 1;
        }
        let mut lost: BTreeMap<String, i64> = BTreeMap::new();
        let without: Vec<_> = events::<sol::NoEffect>(&chain).into_iter().map(|e| e.id.to::<u64>()).collect();
        for (id, (_, member, _, status)) in (1..).zip(settled(&chain)) {
            prop_assert_eq!(said.get(&id).copied().unwrap_or(0), usize::from(status == "final"), "settlement {}", id);
            if status == "final" && !without.contains(&id) {
                let Done::Standing(by) = &account_of(&chain, id).then[0] else { panic!("a move") };
                *lost.entry(member).or_default() += by.parse::<i64>().expect("whole");
            }
        }
        let mut moved: BTreeMap<B256, i64> = BTreeMap::new();
        for event in events::<IConstitution::StandingMoved>(&chain) {
            *moved.entry(event.member).or_default() += event.by;
        }
        for member in STATES {
            let by = moved.get(&word(member)).copied().unwrap_or(0);
            prop_assert_eq!(score(&chain, member), 10 + by, "{}", member);
            prop_assert_eq!(by, lost.get(member).copied().unwrap_or(0), "{}: what is final, and no more", member);
        }
        // And nobody twice for one period of one text: the block in which it began tells apart those that restarted.
        let all = settlements(&chain.memory, &SettlementFilter::default(), usize::MAX);
        let periods: std::collections::BTreeSet<_> =
            all.iter().map(|s| (s.member.clone(), s.hash, s.from, s.period)).collect();
        prop_assert_eq!(periods.len(), all.len());
    }
}
