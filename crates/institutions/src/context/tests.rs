//! What a context lets an institution do, and what it does not.

use alloy_sol_types::SolError;
use polity_primitives::{ASSEMBLY, REGISTRY, TREASURY};

use super::*;
use crate::{
    memory::Memory,
    registry::{IRegistry, UnknownMember},
    treasury::ITreasury,
};

fn call(caller: Address, is_static: bool) -> Call<'static> {
    Call { caller, value: U256::ZERO, input: &[], is_static, is_direct: true, block: BlockInfo::default() }
}

/// Runs `run` as the assembly.
fn run<T>(world: &mut Memory, writable: bool, run: impl FnOnce(&mut Context<'_>) -> Result<T>) -> Result<T> {
    world.unmetered(|host| {
        let mut cx = Context::new(host, ASSEMBLY, &call(SYSTEM, !writable), writable);
        let result = run(&mut cx);
        cx.finish(result)
    })
}

const SLOT: U256 = U256::ONE;

#[test]
fn an_institution_calls_another_as_itself() {
    let mut world = Memory::default();
    let total = run(&mut world, false, |cx| cx.call(TREASURY, &ITreasury::totalCall {}));
    assert_eq!(total, Ok(U256::ZERO));
    let opened = run(&mut world, true, |cx| cx.call(TREASURY, &ITreasury::openCall { name: B256::ZERO }));
    let error = directory::NotByDecision { caller: ASSEMBLY };
    assert_eq!(opened.map(drop), Err(Failure::Revert(error.abi_encode().into())));
}

#[test]
fn a_static_frame_stays_static_in_calls_to_others() {
    let mut world = Memory::default();
    let opened = run(&mut world, false, |cx| cx.call(TREASURY, &ITreasury::openCall { name: B256::ZERO }));
    assert_eq!(opened.map(drop), Err(Failure::Revert(directory::StaticFrame {}.abi_encode().into())));
}

#[test]
fn a_swallowed_failure_fails_the_caller() {
    let mut world = Memory::default();
    let unknown = IRegistry::memberCall { id: B256::repeat_byte(1) };
    let result = run(&mut world, true, |cx| {
        cx.write(SLOT, U256::from(5))?;
        cx.call(REGISTRY, &unknown).map(drop).or(Ok(()))
    });
    let error = UnknownMember { id: B256::repeat_byte(1) };
    assert_eq!(result, Err(Failure::Revert(error.abi_encode().into())));
    assert!(world.slots().is_empty(), "and what the caller wrote is undone");
}

#[test]
fn a_frame_that_may_not_write_cannot() {
    let mut world = Memory::default();
    world.mint(ASSEMBLY, U256::from(5));
    let refused = Err(Failure::Revert(directory::StaticFrame {}.abi_encode().into()));
    assert_eq!(run(&mut world, false, |cx| cx.write(SLOT, SLOT)), refused);
    assert_eq!(run(&mut world, false, |cx| cx.transfer(SYSTEM, SLOT)).map(drop), refused);
    let event = ITreasury::AccountOpened { name: B256::ZERO };
    assert_eq!(run(&mut world, false, |cx| cx.emit(&event)), refused);
    assert_eq!(run(&mut world, true, |cx| cx.transfer(SYSTEM, U256::from(6))), Ok(false));
    assert_eq!(run(&mut world, true, |cx| cx.transfer(SYSTEM, U256::from(5))), Ok(true));
    assert_eq!(world.balance_of(SYSTEM), U256::from(5));
}

#[test]
fn storage_of_another_is_read_not_written_and_paid_for() {
    let mut world = Memory::default();
    let found = run(&mut world, false, |cx| cx.storage_of(REGISTRY).read(SLOT));
    assert_eq!(found, Ok(U256::ZERO));
    assert_eq!(run(&mut world, true, |cx| cx.write(SLOT, SLOT)), Ok(()));
    assert_eq!(run(&mut world, false, |cx| cx.storage_of(ASSEMBLY).read(SLOT)), Ok(SLOT));
    assert_eq!(run(&mut world, false, |cx| cx.storage_of(REGISTRY).read(SLOT)), Ok(U256::ZERO));
}
