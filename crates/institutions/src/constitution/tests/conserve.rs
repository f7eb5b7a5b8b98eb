//! To the wei: whatever happens in whatever order, the supply is that of genesis, and what was issued, less what was burnt; and the
//! constitution holds what it owes.

use alloy_primitives::Address;
use polity_constitution::{FeesTo, Forfeited, Share};
use proptest::prelude::*;

use super::{
    super::{IConstitution as sol, *},
    scene::*,
};
use crate::assembly::tests::{Chain, DAY, word};

const MEMBERS: [&str; 5] = ["AAA", "BBB", "CCC", "DDD", "EEE"];

#[derive(Clone, Debug)]
enum Step {
    Bond(usize, u64),
    Unbond(usize, u64),
    Delegate(u8, usize, u64),
    Undelegate(u8, usize, u64),
    Redelegate(u8, usize, usize, u64),
    Release(u64),
    Claim(u8, usize),
    ClaimOwn(usize, usize),
    Block(usize, Vec<usize>, u64, u64),
    Accuse(usize, u32),
}

fn step() -> impl Strategy<Value = Step> {
    let (member, guest) = (0usize..5, 0u8..4);
    let amount = prop_oneof![1u64..10, 100u64..5_000, 1_000_000u64..u64::MAX / 4];
    prop_oneof![
        (member.clone(), amount.clone()).prop_map(|(m, a)| Step::Bond(m, a)),
        (member.clone(), amount.clone()).prop_map(|(m, a)| Step::Unbond(m, a)),
        (guest.clone(), member.clone(), amount.clone()).prop_map(|(g, m, a)| Step::Delegate(g, m, a)),
        (guest.clone(), member.clone(), amount.clone()).prop_map(|(g, m, a)| Step::Undelegate(g, m, a)),
        (guest.clone(), member.clone(), member.clone(), amount.clone())
            .prop_map(|(g, m, n, a)| Step::Redelegate(g, m, n, a)),
        (1u64..30).prop_map(Step::Release),
        (guest, member.clone()).prop_map(|(g, m)| Step::Claim(g, m)),
        (member.clone(), member.clone()).prop_map(|(a, b)| Step::ClaimOwn(a, b)),
        (member.clone(), prop::collection::vec(member.clone(), 0..3), 0u64..3, 0u64..1_000)
            .prop_map(|(w, m, days, tips)| Step::Block(w, m, days, tips)),
        (member, 0u32..50).prop_map(|(m, r)| Step::Accuse(m, r)),
    ]
}

fn guest(number: u8) -> Address {
    Address::repeat_byte(0xc0 + number)
}

fn run(chain: &mut Chain, step: &Step, given: &mut U256) {
    let id = |m: usize| word(MEMBERS[m]);
    let wei = U256::from::<u64>;
    let mut paid = |chain: &mut Chain, who: Address, value: u64, call: Vec<u8>| {
        let before = supply(chain);
        chain.memory.mint(who, wei(value));
        *given += supply(chain) - before;
        let request = crate::memory::Request {
            value: wei(value),
            ..crate::memory::Request::new(who, CONSTITUTION, call)
        };
        if let Err(crate::Failure::Halt(halt)) = chain.memory.call(&request).result {
            panic!("{halt}");
        }
    };
    use alloy_sol_types::SolCall as _;
    match step.clone() {
        Step::Bond(m, a) => paid(chain, holder(MEMBERS[m]), a, sol::bondCall {}.abi_encode()),
        Step::Delegate(g, m, a) => {
            paid(chain, guest(g), a, sol::delegateCall { candidate: id(m) }.abi_encode())
        }
        Step::Unbond(m, a) => drop(send(chain, holder(MEMBERS[m]), &sol::unbondCall { amount: wei(a) })),
        Step::Undelegate(g, m, a) => {
            drop(send(chain, guest(g), &sol::undelegateCall { candidate: id(m), amount: wei(a) }));
        }
        Step::Redelegate(g, m, n, a) => {
            drop(send(chain, guest(g), &sol::redelegateCall { candidate: id(m), to: id(n), amount: wei(a) }));
        }
        Step::Release(n) => drop(send(chain, guest(0), &sol::releaseCall { id: wei(n) })),
        Step::Claim(g, m) => drop(send(chain, guest(g), &sol::claimCall { candidate: id(m) })),
        Step::ClaimOwn(a, b) => drop(send(chain, holder(MEMBERS[a]), &sol::claimCall { candidate: id(b) })),
        Step::Block(w, missed, days, tips) => {
            chain.memory.mint(CONSTITUTION, wei(tips));
            *given += wei(tips);
            let missed: Vec<_> = missed.into_iter().map(|m| MEMBERS[m]).collect();
            block(chain, days * DAY, MEMBERS[w], &missed);
        }
        Step::Accuse(m, round) => {
            let height = chain.memory.block.height;
            let evidence = votes(height, round, (MEMBERS[m], 1), (MEMBERS[m], 2)).into();
            drop(send(chain, guest(3), &sol::accuseCall { evidence }));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]
    #[test]
    fn no_wei_is_lost_or_made(
        steps in prop::collection::vec(step(), 1..90),
        fees in 0u8..3, forfeited in 0u8..3, vesting in 0u64..3, half in 1u64..=4, standing: bool,
    ) {
        let mut settings = settings();
        let incentive = &mut settings.incentive;
        incentive.fees = [FeesTo::Writer, FeesTo::Treasury, FeesTo::Burn][usize::from(fees)];
        incentive.forfeited = [Forfeited::Burn, Forfeited::Treasury, Forfeited::Reporter][usize::from(forfeited)];
        incentive.account = Some("common".to_owned());
        incentive.share = Share { num: 1, den: 20 };
        incentive.vesting = vesting * 3 * DAY;
        incentive.slash.double_sign = Share { num: half, den: 4 };
        incentive.standing = standing.then(score);
        let mut chain = scene(&settings, &["AAA", "BBB", "CCC"]);
        let (genesis, mut given) = (supply(&chain), U256::ZERO);
        for step in &steps {
            run(&mut chain, step, &mut given);
            let books = ask(&chain, &sol::supplyCall {});
            prop_assert_eq!(supply(&chain) + books.burnt, genesis + given + books.issued, "{:?}", step);
            prop_assert!(chain.memory.balance_of(CONSTITUTION) >= books.held);
        }
        // What is owed is enough for everyone to be paid: all leave, all claim, and nothing is left owing but dust.
        let holders: Vec<Address> =
            MEMBERS.iter().map(|m| holder(m)).chain((0..4).map(guest)).collect();
        for (who, member) in holders.iter().flat_map(|who| MEMBERS.map(|member| (*who, member))) {
            let word_of = |who: Address| {
                MEMBERS.iter().find(|m| holder(m) == who).map_or_else(|| who.into_word(), |m| word(m))
            };
            let of = sol::delegationOfCall { candidate: word(member), holder: word_of(who) };
            let amount = ask(&chain, &of).amount;
            if !amount.is_zero() {
                drop(send(&mut chain, who, &sol::undelegateCall { candidate: word(member), amount }));
            }
        }
        chain.next(400 * DAY);
        let count = ask(&chain, &sol::unbondingCountCall {});
        for id in 1..=count.to::<u64>() {
            drop(send(&mut chain, guest(0), &sol::releaseCall { id: U256::from(id) }));
        }
        for (who, member) in holders.iter().flat_map(|who| MEMBERS.map(|member| (*who, member))) {
            drop(send(&mut chain, who, &sol::claimCall { candidate: word(member) }));
        }
        let books = ask(&chain, &sol::supplyCall {});
        prop_assert_eq!(supply(&chain) + books.burnt, genesis + given + books.issued);
        let owed: U256 = MEMBERS.iter().map(|m| { let s = stake(&chain, m); s.total + s.leaving + s.vesting }).sum();
        prop_assert!(books.held >= owed);
        // Each share-out leaves less than a wei for each holder and one for the remainder.
        prop_assert!(books.held - owed <= U256::from(steps.len() as u64 * 10 + 10), "{} of {}", books.held, owed);
    }
}
