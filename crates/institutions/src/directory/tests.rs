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
