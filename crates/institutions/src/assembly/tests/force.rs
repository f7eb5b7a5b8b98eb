//! A treaty's entry into force has no other end: if the chain's call could fail, every node would stop. So it is tried here over
//! what happens before it, with the gas it is given.

use polity_primitives::REGISTRY;
use proptest::prelude::*;

use super::*;
use crate::{
    agenda::{Due, ENTER_INTO_FORCE_GAS_MAX, SystemCall},
    context::Context,
    host::{BlockInfo, Call},
    registry::IRegistry as registry,
};

const PARTIES: [&str; 6] = ["AAA", "BBB", "CCC", "DDD", "EEE", "ORG"];
/// Far more than the members can have open (`OPEN_PROPOSALS_MAX` each): the depth of the heap is what costs.
const ENTRIES: u64 = 20_000;

/// Something that may happen on a day.
#[derive(Clone, Debug)]
enum Deed {
    Deposit(usize),
    Withdraw(usize),
    Suspend(usize),
    Restore(usize),
    Expel(usize),
    Weigh(usize, u128),
    Rule,
    Propose,
    Pass(u64),
}

fn deed() -> impl Strategy<Value = Deed> {
    let who = 0..PARTIES.len();
    prop_oneof![
        8 => who.clone().prop_map(Deed::Deposit),
        2 => who.clone().prop_map(Deed::Withdraw),
        1 => who.clone().prop_map(Deed::Suspend),
        1 => who.clone().prop_map(Deed::Restore),
        1 => who.clone().prop_map(Deed::Expel),
        1 => (who, 0u128..9).prop_map(|(who, weight)| Deed::Weigh(who, weight)),
        1 => Just(Deed::Rule),
        1 => Just(Deed::Propose),
        6 => (0u64..40).prop_map(Deed::Pass),
    ]
}

/// Does it if it may be done.
fn act(chain: &mut Chain, deed: &Deed) {
    let treaty = word("accord");
    let id = |who: &usize| word(PARTIES[*who]);
    let _may_be_refused = match deed {
        Deed::Deposit(who) => chain.call(account(PARTIES[*who]), ASSEMBLY, &sol::depositCall { treaty }),
        Deed::Withdraw(who) => chain.call(account(PARTIES[*who]), ASSEMBLY, &sol::withdrawCall { treaty }),
        Deed::Suspend(who) => chain.call(AGREEMENT, REGISTRY, &registry::suspendCall { id: id(who) }),
        Deed::Restore(who) => chain.call(AGREEMENT, REGISTRY, &registry::restoreCall { id: id(who) }),
        Deed::Expel(who) => chain.call(AGREEMENT, REGISTRY, &registry::expelCall { id: id(who) }),
        Deed::Weigh(who, value) => {
            let call = registry::setWeightCall { id: id(who), name: word("share"), value: *value };
            chain.call(AGREEMENT, REGISTRY, &call)
        }
        Deed::Rule => {
            let json = r#"{"id":"accession","limb":[{"name":"parties","numerator":"instruments","threshold":">= 1"}]}"#;
            return chain.write_rule(json);
        }
        Deed::Propose => {
            let call =
                sol::proposeCall { track: word("plenary"), title: "Something".into(), calls: Vec::new() };
            chain.call(account("AAA"), ASSEMBLY, &call)
        }
        Deed::Pass(_) => return,
    };
}

fn is_entry(due: &SystemCall) -> bool {
    due.input.starts_with(&sol::enterIntoForceCall::SELECTOR)
}

/// What the chain does by itself, each with the gas it is given; counts entries into force, which must succeed.
fn end(chain: &mut Chain) -> usize {
    let mut entries = 0;
    while let Some(due) = next_due(&chain.memory, &chain.memory.block) {
        if due.to == AGREEMENT {
            chain.end();
            continue;
        }
        let request =
            Request { gas_limit: due.gas_limit, ..Request::new(SYSTEM, due.to, due.input.to_vec()) };
        let outcome = chain.memory.call(&request);
        assert!(outcome.result.is_ok(), "{due:?}: {:?}", outcome.result);
        entries += usize::from(is_entry(&due));
    }
    entries
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn entry_into_force_never_fails(deeds in prop::collection::vec(deed(), 1..40)) {
        let mut chain = Chain::new(CHARTER);
        let mut entries = 0;
        for deed in deeds.iter().chain([&Deed::Pass(60)]) {
            act(&mut chain, deed);
            let days = if let Deed::Pass(days) = deed { *days } else { 1 };
            chain.next(days * DAY);
            entries += end(&mut chain);
        }
        let treaty = treaties(&chain.memory).remove(0);
        prop_assert_eq!(entries, usize::from(treaty.decided_on.is_some()), "once, if it was decided");
        prop_assert_eq!(treaty.in_force_since.is_some(), treaty.decided_on.is_some());
    }
}

#[test]
fn entry_into_force_fits_its_gas_however_long_the_agenda_is() {
    let mut chain = Chain::new(CHARTER);
    for who in ["DDD", "EEE", "CCC"] {
        chain.send(who, &sol::depositCall { treaty: word("accord") });
    }
    let block = BlockInfo { height: 1, ..chain.memory.block };
    let call =
        Call { caller: SYSTEM, value: U256::ZERO, input: &[], is_static: false, is_direct: true, block };
    let fill = |cx: &mut Context<'_>| {
        (1..=ENTRIES).try_for_each(|id| agenda().schedule(cx, &block, Due::Conclude(id), u64::MAX - id))
    };
    chain.memory.unmetered(|host| fill(&mut Context::new(host, ASSEMBLY, &call, true))).expect("schedules");
    chain.next(60 * DAY);
    let due = next_due(&chain.memory, &chain.memory.block).expect("due");
    assert!(is_entry(&due));
    let outcome = chain.call(SYSTEM, due.to, &sol::enterIntoForceCall { treaty: word("accord") });
    outcome.result.expect("in force");
    assert!(outcome.gas_used < ENTER_INTO_FORCE_GAS_MAX / 2, "{} gas", outcome.gas_used);
}
