//! What [`call`] does for all institutions, and what the table promises.

use std::collections::BTreeSet;

use alloy_sol_types::SolError;

use super::*;
use crate::{
    host::{BlockInfo, Halt},
    memory::{Memory, Request},
};

#[test]
fn every_line_has_its_own_name_and_address_in_the_reserved_range() {
    let names: BTreeSet<_> = DIRECTORY.iter().map(|entry| entry.name).collect();
    let addresses: BTreeSet<_> = DIRECTORY.iter().map(|entry| entry.address).collect();
    assert_eq!((names.len(), addresses.len()), (DIRECTORY.len(), DIRECTORY.len()));
    assert!(addresses.iter().all(|address| !may_hold_keys(*address)));
}

#[test]
fn every_function_and_error_of_a_file_has_its_own_selector() {
    for entry in DIRECTORY {
        let (abi, common) = ((entry.abi)(), common_abi());
        let selectors: BTreeSet<_> = abi.functions().map(|f| f.selector()).collect();
        assert_eq!(selectors.len(), abi.functions().count(), "{}", entry.name);
        let errors: BTreeSet<_> = abi.errors().chain(common.errors()).map(|e| e.selector()).collect();
        assert_eq!(errors.len(), abi.errors().count() + common.errors().count(), "{}", entry.name);
        for function in abi.functions() {
            assert!(entry.sol.contains(&format!("function {}(", function.name)), "{}", function.name);
            assert!(
                function.state_mutability != StateMutability::Pure,
                "{}: a pure function would not need the chain",
                function.name
            );
        }
    }
}

#[test]
fn errors_are_found_by_name() {
    assert_eq!(error_name(&NotDirect {}.abi_encode()), Some("NotDirect".into()));
    let unknown = crate::registry::UnknownMember { id: Default::default() };
    assert_eq!(error_name(&unknown.abi_encode()), Some("UnknownMember".into()));
    assert_eq!(error_name(&[1, 2, 3, 4]), None);
    assert_eq!(error_name(&[]), None);
}

#[test]
fn an_address_without_institution_is_our_bug() {
    let request = Request::new(Address::ZERO, Address::with_last_byte(9), vec![0; 4]);
    let result = Memory::new(BlockInfo::default()).call(&request).result;
    assert!(matches!(result, Err(Failure::Halt(Halt::Fatal(_)))), "{result:?}");
}

#[test]
fn calldata_is_paid_for_before_it_is_read() {
    let input = vec![0xff; 1 << 20];
    let gas_limit = CALL_GAS + INPUT_WORD_GAS * (1 << 15) - 1;
    let request = Request { gas_limit, ..Request::new(Address::ZERO, DIRECTORY[0].address, input) };
    let mut world = Memory::default();
    assert_eq!(world.call(&request).result, Err(Halt::OutOfGas.into()));
    let enough = Request { gas_limit: gas_limit + 1, ..request };
    assert!(matches!(world.call(&enough).result, Err(Failure::Revert(_))));
}

/// A thousand calls that all point at the same 64 KB: decoding them would copy 64 MB, and a larger one gigabytes.
#[test]
fn calldata_that_decodes_to_far_more_than_it_is_is_refused_before_it_is_copied() {
    let word = |n: usize| U256::from(n).to_be_bytes::<32>();
    let (calls, shared) = (1_000usize, 64 * 1024usize);
    let mut input = entry(polity_primitives::ASSEMBLY)
        .map(|entry| (entry.abi)().function("propose").map(|f| f[0].selector().to_vec()).unwrap_or_default())
        .unwrap_or_default();
    input.extend(word(1)); // chamber
    input.extend(word(96)); // title
    input.extend(word(128)); // calls
    input.extend(word(0)); // the title is empty
    input.extend(word(calls));
    (0..calls).for_each(|_| input.extend(word(32 * calls)));
    [0, 0, 96, shared].into_iter().for_each(|n| input.extend(word(n)));
    input.extend(vec![0; shared]);
    let limits = AbiDecoderConfig::new().memory_limit(input.len() * 4 + 1024);
    let decoded = crate::assembly::IAssembly::IAssemblyCalls::abi_decode_with_config(&input, limits);
    let refused = decoded.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(refused.contains("memory limit"), "the limit is what refuses it: {refused:?}");
    let request =
        Request { gas_limit: 10_000_000, ..Request::new(Address::ZERO, polity_primitives::ASSEMBLY, input) };
    let expected = Failure::Revert(MalformedCalldata {}.abi_encode().into());
    assert_eq!(Memory::default().call(&request).result, Err(expected));
}
