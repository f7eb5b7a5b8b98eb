//! The laws every institution owes, each a bug some chain paid for. Source: HOUSE_STYLE §7.
//!
//! An institution states a *world* in which every one of its functions succeeds, and one *example* call of each;
//! [`laws!`](crate::laws) tries all laws on them. Two are not here: "re-entry sees its own writes" and "the same by
//! transaction, by contract, by `eth_call` and `eth_estimateGas`" need an EVM and are tried in `execution`.

#![cfg(test)]

use std::collections::BTreeSet;

use alloy_json_abi::{JsonAbi, StateMutability};
use alloy_primitives::{Address, Bytes, FixedBytes, U256};
use alloy_sol_types::{SolCall, SolError};

use crate::{
    directory::{self, Entry, MalformedCalldata, NotDirect, NotPayable, StaticFrame, UnknownFunction},
    host::{Failure, Halt},
    memory::{Memory, Outcome, Request},
};

/// One call that succeeds in the world, before any other.
pub(crate) struct Example {
    pub(crate) request: Request,
}

impl Example {
    /// `caller` calls `call` of the institution at `to`.
    pub(crate) fn new<C: SolCall>(caller: Address, to: Address, call: &C) -> Self {
        Self { request: Request::new(caller, to, call.abi_encode()) }
    }

    /// The call `request`.
    pub(crate) const fn of(request: Request) -> Self {
        Self { request }
    }

    /// The same with value. Units: wei.
    pub(crate) fn with_value(mut self, value: u64) -> Self {
        self.request.value = U256::from(value);
        self
    }

    fn selector(&self) -> FixedBytes<4> {
        FixedBytes::from_slice(&self.request.input[..4])
    }
}

/// What the laws are tried on.
pub(crate) struct Subject {
    pub(crate) entry: &'static Entry,
    pub(crate) abi: JsonAbi,
    pub(crate) world: Memory,
    pub(crate) examples: Vec<Example>,
}

impl Subject {
    pub(crate) fn new(address: Address, world: Memory, examples: Vec<Example>) -> Self {
        let entry = directory::entry(address).expect("in the directory");
        Self { entry, abi: (entry.abi)(), world, examples }
    }

    fn mutability(&self, selector: FixedBytes<4>) -> StateMutability {
        self.abi.functions().find(|f| f.selector() == selector).expect("in the ABI").state_mutability
    }

    fn name(&self, selector: FixedBytes<4>) -> String {
        self.abi
            .functions()
            .find(|f| f.selector() == selector)
            .map_or_else(|| selector.to_string(), |f| f.name.clone())
    }

    /// Calls in a copy of the world; after a failure the copy must equal the world, and the error must be in an ABI.
    fn try_call(&self, request: &Request) -> (Outcome, Memory) {
        let mut world = self.world.clone();
        let outcome = world.call(request);
        if let Err(failure) = &outcome.result {
            let what = self.name(FixedBytes::from_slice(request.input.get(..4).unwrap_or(&[0; 4])));
            assert!(same(&world, &self.world), "{what} failed with {failure:?} and left something behind");
            assert!(outcome.logs.is_empty(), "{what} failed and left logs");
            self.check_failure(&what, failure);
        }
        (outcome, world)
    }

    fn check_failure(&self, what: &str, failure: &Failure) {
        match failure {
            Failure::Revert(output) => {
                let selector = output.get(..4).map(FixedBytes::<4>::from_slice);
                let common = directory::common_abi();
                let known =
                    self.abi.errors().chain(common.errors()).any(|error| Some(error.selector()) == selector);
                assert!(known, "{what} reverts with {output}, which is no error of its ABI");
            }
            Failure::Halt(Halt::OutOfGas) => {}
            Failure::Halt(Halt::Fatal(reason)) => panic!("{what} is fatal: {reason}"),
        }
    }

    fn succeeds(&self, request: &Request) -> (Outcome, Memory) {
        let (outcome, world) = self.try_call(request);
        let what = self.name(FixedBytes::from_slice(&request.input[..4]));
        if let Err(Failure::Revert(output)) = &outcome.result {
            panic!("{what} reverts with {:?} {output}", directory::error_name(output));
        }
        assert!(outcome.result.is_ok(), "{what}: {:?}", outcome.result);
        (outcome, world)
    }
}

/// Whether two worlds are equal in all that is state.
fn same(a: &Memory, b: &Memory) -> bool {
    a.accounts() == b.accounts() && a.slots() == b.slots() && a.logs() == b.logs()
}

fn reverts_with(outcome: &Outcome, error: impl SolError) -> bool {
    outcome.result == Err(Failure::Revert(Bytes::from(error.abi_encode())))
}

/// Every selector of the ABI has an example, and answers it.
pub(crate) fn every_selector_answers(subject: &Subject) {
    let examples: BTreeSet<_> = subject.examples.iter().map(Example::selector).collect();
    let functions: BTreeSet<_> = subject.abi.functions().map(|function| function.selector()).collect();
    let without: Vec<_> = functions.difference(&examples).map(|selector| subject.name(*selector)).collect();
    assert!(without.is_empty(), "no example of {without:?}");
    for example in &subject.examples {
        let (outcome, _) = subject.succeeds(&example.request);
        let output = outcome.result.expect("succeeds");
        let function =
            subject.abi.functions().find(|f| f.selector() == example.selector()).expect("in the ABI");
        assert_eq!(output.is_empty(), function.outputs.is_empty(), "{}: output {output}", function.name);
    }
}

/// Unknown, short and trailing call data, and noise, revert by name and without panic.
pub(crate) fn malformed_calldata_reverts(subject: &Subject) {
    let caller = subject.examples[0].request.caller;
    for len in 1..4 {
        let (outcome, _) = subject.try_call(&Request::new(caller, subject.entry.address, vec![0xff; len]));
        assert!(reverts_with(&outcome, MalformedCalldata {}), "{len} bytes: {:?}", outcome.result);
    }
    for selector in [[0; 4], [0xff; 4], [0xde, 0xad, 0xbe, 0xef]] {
        let (outcome, _) = subject.try_call(&Request::new(caller, subject.entry.address, selector.to_vec()));
        let expected = UnknownFunction { selector: selector.into() };
        assert!(reverts_with(&outcome, expected), "{selector:?}: {:?}", outcome.result);
    }
    let mut noise = 0x9e37_79b9_7f4a_7c15_u64;
    for example in &subject.examples {
        let (name, input) = (subject.name(example.selector()), &example.request.input);
        let with = |input: Vec<u8>| subject.try_call(&Request { input, ..example.request.clone() }).0;
        for len in 4..input.len() {
            let outcome = with(input[..len].to_vec());
            assert!(
                reverts_with(&outcome, MalformedCalldata {}),
                "{name} cut to {len}: {:?}",
                outcome.result
            );
        }
        for extra in [vec![0], vec![0; 32], vec![0xff; 64]] {
            let outcome = with([input.clone(), extra].concat());
            assert!(reverts_with(&outcome, MalformedCalldata {}), "{name} with more: {:?}", outcome.result);
        }
        for _ in 0..200 {
            let mut input = input.clone();
            for byte in input.iter_mut().skip(4) {
                noise = noise.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
                if noise >> 60 == 0 {
                    *byte ^= noise.to_be_bytes()[3];
                }
            }
            with(input);
        }
    }
}

/// DELEGATECALL and CALLCODE are refused.
pub(crate) fn indirect_calls_are_refused(subject: &Subject) {
    for example in &subject.examples {
        let (outcome, _) = subject.try_call(&Request { is_direct: false, ..example.request.clone() });
        assert!(
            reverts_with(&outcome, NotDirect {}),
            "{}: {:?}",
            subject.name(example.selector()),
            outcome.result
        );
    }
}

/// Nothing is written in a STATICCALL, and reading functions write nothing anywhere.
pub(crate) fn static_frames_write_nothing(subject: &Subject) {
    for example in &subject.examples {
        let name = subject.name(example.selector());
        let request = Request { is_static: true, value: U256::ZERO, ..example.request.clone() };
        if subject.mutability(example.selector()) == StateMutability::View {
            for request in [&request, &example.request] {
                let (outcome, world) = subject.succeeds(request);
                assert!(same(&world, &subject.world), "{name} only reads, but wrote");
                assert!(outcome.logs.is_empty(), "{name} only reads, but logged");
            }
        } else {
            let (outcome, world) = subject.try_call(&request);
            assert!(reverts_with(&outcome, StaticFrame {}), "{name}: {:?}", outcome.result);
            assert!(same(&world, &subject.world));
            let (_, world) = subject.succeeds(&example.request);
            assert!(!same(&world, &subject.world), "{name} is no view, but its example changes nothing");
        }
    }
}

/// Value is refused where it is not expected, and where it is, arrives whole or is refused whole and by name: what an example
/// sends arrives.
pub(crate) fn value_is_never_lost(subject: &Subject) {
    let address = subject.entry.address;
    for example in &subject.examples {
        let (name, caller) = (subject.name(example.selector()), example.request.caller);
        if subject.mutability(example.selector()) == StateMutability::Payable {
            let sent = example.request.value;
            let others = [U256::from(1), U256::from(u64::MAX), U256::from(u128::MAX), U256::MAX >> 1usize];
            for value in others.into_iter().chain([sent]) {
                let mut world = subject.world.clone();
                world.mint(caller, value);
                let (before, payer) = (world.balance_of(address), world.balance_of(caller));
                let whole = world.clone();
                let outcome = world.call(&Request { value, ..example.request.clone() });
                if let Err(failure @ Failure::Revert(_)) = &outcome.result
                    && value != sent
                {
                    // More than it can count, or not what it asks for.
                    subject.check_failure(&name, failure);
                    assert!(same(&world, &whole), "{name} kept value it refused");
                    continue;
                }
                assert!(outcome.result.is_ok(), "{name} with {value}: {:?}", outcome.result);
                assert_eq!(world.balance_of(address) - before, value, "{name}");
                assert_eq!(payer - world.balance_of(caller), value, "{name}");
            }
        } else {
            let mut world = subject.world.clone();
            world.mint(caller, U256::from(7));
            let before = world.clone();
            let outcome = world.call(&Request { value: U256::from(7), ..example.request.clone() });
            let expected = NotPayable { value: U256::from(7) };
            assert!(reverts_with(&outcome, expected), "{name}: {:?}", outcome.result);
            assert!(same(&world, &before), "{name} kept value it refused");
        }
    }
}

/// For every gas limit from 0 to what is needed: full success or no change at all.
///
/// The host sees a limit only by comparing it with what has been charged so far, and it reports every such comparison. Between
/// two neighbouring ones all limits run alike, so trying each of them, one less and one more, tries all limits.
pub(crate) fn every_gas_limit_is_all_or_nothing(subject: &Subject) {
    for example in &subject.examples {
        let name = subject.name(example.selector());
        let (whole, after) = subject.succeeds(&example.request);
        let needed = *whole.thresholds.last().expect("a call costs something");
        assert!(needed >= whole.gas_used);
        let limits = whole.thresholds.iter().flat_map(|t| [t.saturating_sub(1), *t, t.saturating_add(1)]);
        let mut world = subject.world.clone();
        for gas_limit in limits.chain([0]) {
            let checkpoint = world.checkpoint();
            let outcome = world.call(&Request { gas_limit, ..example.request.clone() });
            if gas_limit >= needed {
                assert_eq!(
                    (&outcome.result, &outcome.logs),
                    (&whole.result, &whole.logs),
                    "{name} with {gas_limit}"
                );
                assert_eq!(outcome.gas_used, whole.gas_used, "{name} with {gas_limit}");
                assert!(same(&world, &after), "{name} with {gas_limit} gas");
                world.roll_back(checkpoint);
            } else {
                assert_eq!(outcome.result, Err(Halt::OutOfGas.into()), "{name} with {gas_limit} of {needed}");
            }
            assert!(
                same(&world, &subject.world),
                "{name} with {gas_limit} gas of {needed} left something behind"
            );
        }
    }
}

/// A revert in the caller undoes the call.
pub(crate) fn a_revert_above_undoes_it(subject: &Subject) {
    let mut world = subject.world.clone();
    let start = world.checkpoint();
    for example in &subject.examples {
        let checkpoint = world.checkpoint();
        world.call(&example.request);
        world.roll_back(checkpoint);
        assert!(same(&world, &subject.world), "{} cannot be undone", subject.name(example.selector()));
    }
    for example in &subject.examples {
        world.call(&example.request);
    }
    world.roll_back(start);
    assert!(same(&world, &subject.world), "all examples in a row cannot be undone");
}

/// Two runs give equal state, gas and logs.
pub(crate) fn two_runs_are_equal(subject: &Subject) {
    for example in &subject.examples {
        let (first, world) = subject.succeeds(&example.request);
        let (second, again) = subject.succeeds(&example.request);
        assert_eq!(first, second);
        assert!(same(&world, &again));
    }
}

/// Logs are events of the ABI, from the institution's own address (or one it called), and every writing function leaves one.
pub(crate) fn events_match_the_abi(subject: &Subject) {
    for example in &subject.examples {
        let name = subject.name(example.selector());
        let (outcome, _) = subject.succeeds(&example.request);
        for log in &outcome.logs {
            let abi = (directory::entry(log.address).expect("an institution logs").abi)();
            let event = abi.events().find(|event| Some(&event.selector()) == log.topics().first());
            let event = event.unwrap_or_else(|| panic!("{name} logs {log:?}, which is no event of its ABI"));
            let indexed = event.inputs.iter().filter(|input| input.indexed).count();
            assert_eq!(log.topics().len(), indexed + 1, "{name}: {}", event.name);
        }
        let writes = subject.mutability(example.selector()) != StateMutability::View;
        assert_eq!(writes, !outcome.logs.is_empty(), "{name}: what changes is logged, and nothing else");
    }
}

/// A stranger's calls succeed or revert by name; none is fatal.
pub(crate) fn strangers_are_answered(subject: &Subject) {
    for example in &subject.examples {
        for caller in [Address::ZERO, Address::repeat_byte(0x5a), subject.entry.address] {
            subject.try_call(&Request { caller, value: U256::ZERO, ..example.request.clone() });
        }
    }
}

/// Tries every law on the institution at `$address`, in the world `$world()`, with the calls `$examples()`.
macro_rules! laws {
    ($address:expr, $world:expr, $examples:expr) => {
        mod laws {
            use super::*;
            $crate::laws::laws!(@ $address, $world, $examples;
                every_selector_answers, malformed_calldata_reverts, indirect_calls_are_refused,
                static_frames_write_nothing, value_is_never_lost, every_gas_limit_is_all_or_nothing,
                a_revert_above_undoes_it, two_runs_are_equal, events_match_the_abi, strangers_are_answered
            );
        }
    };
    (@ $address:expr, $world:expr, $examples:expr; $($law:ident),+) => {$(
        #[test]
        fn $law() {
            $crate::laws::$law(&$crate::laws::Subject::new($address, $world(), $examples()));
        }
    )+};
}
pub(crate) use laws;
