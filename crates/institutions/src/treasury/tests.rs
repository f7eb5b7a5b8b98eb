//! The laws, worked examples, and the property the treasury promises: not a wei is made, lost or promised twice.

use alloy_primitives::address;
use alloy_sol_types::{SolCall, SolError};
use polity_primitives::{REGISTRY, SYSTEM};
use proptest::prelude::*;

use super::*;
use crate::{
    directory::{NotByDecision, NotPayable, StaticFrame},
    laws::{Example, laws},
    memory::{Memory, Request},
};

const ANN: Address = address!("0xa1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1");
const BOB: Address = address!("0xb0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0");

fn name(text: &str) -> B256 {
    names::word(text).expect("a name")
}

fn wei(n: u64) -> U256 {
    U256::from(n)
}

fn call<C: SolCall>(world: &mut Memory, caller: Address, value: U256, call: &C) -> Result<Bytes> {
    world.call(&Request { value, ..Request::new(caller, TREASURY, call.abi_encode()) }).result
}

fn decide<C: SolCall>(world: &mut Memory, input: &C) -> Result<Bytes> {
    call(world, AGREEMENT, U256::ZERO, input)
}

fn revert(error: impl SolError) -> Result<Bytes> {
    Err(Failure::Revert(error.abi_encode().into()))
}

/// `fund` holds 100, `reserve` 50, and 7 wei reached the address without a call.
fn world() -> Memory {
    let mut world = Memory::default();
    for (account, balance) in [("fund", 100), ("reserve", 50)] {
        decide(&mut world, &sol::openCall { name: name(account) }).expect("opens");
        world.mint(ANN, wei(balance));
        call(&mut world, ANN, wei(balance), &sol::depositCall { name: name(account) }).expect("takes");
    }
    world.mint(TREASURY, wei(7));
    world.mint(ANN, wei(1_000));
    world
}

fn examples() -> Vec<Example> {
    let decided = |input: Vec<u8>| Example::of(Request::new(AGREEMENT, TREASURY, input));
    let (fund, reserve) = (name("fund"), name("reserve"));
    vec![
        Example::new(ANN, TREASURY, &sol::depositCall { name: fund }).with_value(10),
        decided(sol::openCall { name: name("new") }.abi_encode()),
        decided(sol::payCall { name: fund, to: BOB, amount: wei(30) }.abi_encode()),
        decided(sol::moveCall { from: fund, to: reserve, amount: wei(100) }.abi_encode()),
        decided(sol::attributeCall { name: fund }.abi_encode()),
        Example::new(BOB, TREASURY, &sol::balanceOfCall { name: fund }),
        Example::new(BOB, TREASURY, &sol::isOpenCall { name: fund }),
        Example::new(BOB, TREASURY, &sol::accountsCall {}),
        Example::new(BOB, TREASURY, &sol::totalCall {}),
        Example::new(BOB, TREASURY, &sol::unattributedCall {}),
    ]
}

laws!(TREASURY, world, examples);

#[test]
fn it_pays_by_decision_and_no_more_than_it_has() {
    let mut world = world();
    let pay = |account: &str, to, amount| sol::payCall { name: name(account), to, amount: wei(amount) };
    for caller in [ANN, BOB, TREASURY, REGISTRY, SYSTEM] {
        assert_eq!(
            call(&mut world, caller, U256::ZERO, &pay("fund", BOB, 1)),
            revert(NotByDecision { caller })
        );
    }
    let short = sol::Insufficient { name: name("fund"), balance: wei(100), amount: wei(101) };
    assert_eq!(decide(&mut world, &pay("fund", BOB, 101)), revert(short), "though the treasury holds 157");
    assert_eq!(
        decide(&mut world, &pay("funds", BOB, 1)),
        revert(sol::UnknownAccount { name: name("funds") })
    );
    decide(&mut world, &pay("fund", BOB, 100)).expect("pays");
    assert_eq!((world.balance_of(BOB), world.balance_of(TREASURY)), (wei(100), wei(57)));
    assert_eq!(accounts(&world), [("fund".into(), wei(0)), ("reserve".into(), wei(50))]);
    let huge = sol::payCall { name: name("reserve"), to: BOB, amount: (U256::from(1) << 128usize) | wei(1) };
    assert!(decide(&mut world, &huge).is_err(), "an amount is not cut to 128 bits");
    decide(&mut world, &pay("reserve", AGREEMENT, 1)).expect("the agreement may hold value");
    for to in [Address::ZERO, TREASURY, REGISTRY, SYSTEM, Address::with_last_byte(1)] {
        assert_eq!(decide(&mut world, &pay("reserve", to, 1)), revert(sol::BadRecipient { to }));
    }
}

#[test]
fn value_without_call_data_goes_to_the_general_account() {
    let mut world = world();
    let plain = |value: U256| Request { value, ..Request::new(ANN, TREASURY, Vec::new()) };
    for _ in 0..2 {
        world.call(&plain(wei(5))).result.expect("takes");
    }
    assert_eq!(balance_of(&world, GENERAL), Some(wei(10)));
    assert_eq!(world.call(&plain(U256::ZERO)).result, revert(sol::NothingToDeposit {}));
    let frame = Request { is_static: true, ..plain(U256::ZERO) };
    assert_eq!(world.call(&frame).result, revert(StaticFrame {}));
    let elsewhere = Request { to: REGISTRY, ..plain(wei(5)) };
    assert_eq!(world.call(&elsewhere).result, revert(NotPayable { value: wei(5) }));
    assert_eq!(world.balance_of(REGISTRY), U256::ZERO);
}

#[test]
fn a_plain_transfer_too_is_all_or_nothing_at_every_gas_limit() {
    let plain = |gas_limit| Request { value: wei(5), gas_limit, ..Request::new(ANN, TREASURY, Vec::new()) };
    let whole = world().call(&plain(u64::MAX));
    let needed = *whole.thresholds.last().expect("costs something");
    for limit in whole.thresholds.iter().flat_map(|t| [t - 1, *t]) {
        let mut world = world();
        let before = (world.accounts().clone(), world.slots().clone());
        let result = world.call(&plain(limit)).result;
        assert_eq!(result.is_ok(), limit >= needed, "at {limit}");
        assert_eq!(result.is_ok(), before != (world.accounts().clone(), world.slots().clone()), "at {limit}");
    }
}

#[test]
fn deposits_name_an_open_account() {
    let mut world = world();
    let to = |account: &str| sol::depositCall { name: name(account) };
    let before = world.balance_of(ANN);
    assert_eq!(
        call(&mut world, ANN, wei(5), &to("fnud")),
        revert(sol::UnknownAccount { name: name("fnud") })
    );
    assert_eq!(world.balance_of(ANN), before, "refused value comes back");
    assert_eq!(call(&mut world, ANN, wei(0), &to("fund")), revert(sol::NothingToDeposit {}));
    call(&mut world, ANN, wei(5), &to("fund")).expect("takes");
    assert_eq!(balance_of(&world, "fund"), Some(wei(105)));
    assert_eq!(balance_of(&world, "fnud"), None);
}

#[test]
fn what_nobody_booked_is_attributed_once() {
    let mut world = world();
    decide(&mut world, &sol::attributeCall { name: name("reserve") }).expect("attributes");
    assert_eq!(balance_of(&world, "reserve"), Some(wei(57)));
    let again = decide(&mut world, &sol::attributeCall { name: name("reserve") });
    assert_eq!(again, revert(sol::NothingToAttribute {}));
}

#[test]
fn accounts_are_opened_once_and_bounded() {
    let mut world = world();
    let open = |name: B256| sol::openCall { name };
    assert_eq!(decide(&mut world, &open(name("fund"))), revert(sol::AlreadyOpen { name: name("fund") }));
    let bad = B256::repeat_byte(0x20);
    assert_eq!(decide(&mut world, &open(bad)), revert(crate::directory::BadName { name: bad }));
    for n in 2..ACCOUNTS_MAX {
        decide(&mut world, &open(name(&format!("a{n}")))).expect("opens");
    }
    let max = U256::from(ACCOUNTS_MAX);
    assert_eq!(decide(&mut world, &open(name("more"))), revert(sol::TooManyAccounts { max }));
    let plain = Request { value: wei(5), ..Request::new(ANN, TREASURY, Vec::new()) };
    assert_eq!(world.call(&plain).result, revert(sol::TooManyAccounts { max }), "and the value comes back");
}

#[derive(Clone, Debug)]
enum Step {
    Deposit(u8, u64),
    Plain(u64),
    Pay(u8, u64),
    Move(u8, u8, u64),
    Attribute(u8),
    /// A block reward or SELFDESTRUCT: value without a call.
    Reward(u64),
    Open(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let (which, amount) = (0u8..4, 0u64..200);
    prop_oneof![
        (which.clone(), amount.clone()).prop_map(|(a, n)| Step::Deposit(a, n)),
        amount.clone().prop_map(Step::Plain),
        (which.clone(), amount.clone()).prop_map(|(a, n)| Step::Pay(a, n)),
        (which.clone(), which.clone(), amount.clone()).prop_map(|(a, b, n)| Step::Move(a, b, n)),
        which.clone().prop_map(Step::Attribute),
        amount.prop_map(Step::Reward),
        which.prop_map(Step::Open),
    ]
}

proptest! {
    #[test]
    fn not_a_wei_is_made_lost_or_promised_twice(steps in prop::collection::vec(step(), 1..60)) {
        let mut world = world();
        let account = |n: u8| name(["fund", "reserve", GENERAL, "other"][usize::from(n)]);
        let money = |world: &Memory| world.balance_of(ANN) + world.balance_of(BOB) + world.balance_of(TREASURY);
        let mut expected = money(&world);
        for step in steps {
            let outcome = match step {
                Step::Deposit(a, n) => call(&mut world, ANN, wei(n), &sol::depositCall { name: account(a) }),
                Step::Plain(n) => world.call(&Request { value: wei(n), ..Request::new(ANN, TREASURY, Vec::new()) }).result,
                Step::Pay(a, n) => decide(&mut world, &sol::payCall { name: account(a), to: BOB, amount: wei(n) }),
                Step::Move(a, b, n) => {
                    decide(&mut world, &sol::moveCall { from: account(a), to: account(b), amount: wei(n) })
                }
                Step::Attribute(a) => decide(&mut world, &sol::attributeCall { name: account(a) }),
                Step::Open(a) => decide(&mut world, &sol::openCall { name: account(a) }),
                Step::Reward(n) => {
                    world.mint(TREASURY, wei(n));
                    world.mint(ANN, wei(200));
                    expected += wei(n + 200);
                    Ok(Bytes::new())
                }
            };
            if let Err(Failure::Halt(halt)) = outcome {
                let poor = matches!(step, Step::Deposit(_, n) | Step::Plain(n) if world.balance_of(ANN) < wei(n));
                prop_assert!(poor, "{}", halt);
            }
            let sum = accounts(&world).into_iter().fold(U256::ZERO, |sum, (_, balance)| sum + balance);
            prop_assert_eq!(sum, total(&world));
            prop_assert!(sum <= world.balance_of(TREASURY));
            prop_assert_eq!(money(&world), expected);
        }
    }
}

/// Only where balances are pretended: a payee that holds almost all the wei there can be.
#[test]
fn a_payee_that_would_overflow_is_a_revert() {
    let mut world = world();
    world.mint(BOB, U256::MAX - wei(10));
    let pay = |amount| sol::payCall { name: name("fund"), to: BOB, amount: wei(amount) };
    assert_eq!(decide(&mut world, &pay(11)), revert(sol::PayeeFull { to: BOB }));
    decide(&mut world, &pay(10)).expect("pays");
    assert_eq!(world.balance_of(BOB), U256::MAX);
}
