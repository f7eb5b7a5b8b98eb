//! The table of institutions, and the single entry to all of them.
//!
//! One line of [`DIRECTORY`] is all it takes to add one: it is also the genesis table, `polity_institutions`, and the list
//! of what every law runs on. [`call`] does for all, once: refuse DELEGATECALL and CALLCODE, charge for call data, decode
//! (canonical encoding only), refuse writes in a static frame, refuse value to functions that take none.

use std::{collections::BTreeMap, sync::LazyLock};

use alloy_json_abi::{JsonAbi, StateMutability};
use alloy_primitives::{Address, Bytes, FixedBytes, U256};
use alloy_sol_types::{SolInterface, abi::AbiDecoderConfig, sol};
use polity_primitives::SYSTEM;

use crate::{
    articles::Articles,
    assembly::Assembly,
    constitution::Constitution,
    context::{Context, Result},
    ensure,
    host::{Call, Failure, Host},
    registry::Registry,
    treasury::Treasury,
};

sol!(
    #![sol(abi)]
    "src/IInstitution.sol"
);
pub use IInstitution::{
    BadName, MalformedCalldata, NotByDecision, NotBySystem, NotDirect, NotPayable, StaticFrame,
    UnknownFunction,
};

/// Gas of a call beyond what it touches. Source: the trial of DESIGN §11, about the cost of a small precompile.
const CALL_GAS: u64 = 200;
/// Gas per word of call data: decoded, and encoded again to compare.
const INPUT_WORD_GAS: u64 = 12;
/// Longest call data of an institution. Units: bytes. Source: that of a signed transaction.
const INPUT_BYTES_MAX: usize = 128 * 1024;
/// Gas per word of output. Source: Yellow Paper appendix G, copy.
const OUTPUT_WORD_GAS: u64 = 3;

/// A native module: storage, permission and events around pure logic.
pub trait Institution {
    /// Its address.
    const ADDRESS: Address;
    /// Its functions, generated from its `.sol` file.
    type Calls: SolInterface;
    /// Its ABI, generated from its `.sol` file.
    fn abi() -> JsonAbi;
    /// Runs one decoded call.
    ///
    /// # Errors
    /// The ABI error of the function, or out of gas.
    fn dispatch(cx: &mut Context<'_>, call: Self::Calls) -> Result<Bytes>;
    /// Takes value sent without call data.
    ///
    /// # Errors
    /// `NotPayable`, unless the institution says otherwise.
    fn receive(cx: &mut Context<'_>) -> Result<()> {
        Err(NotPayable { value: cx.value() }.into())
    }
}

/// One institution.
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// Its address.
    pub address: Address,
    /// First height at which it answers.
    pub first_height: u64,
    /// Its interface, in Solidity.
    pub sol: &'static str,
    /// Its interface, as JSON ABI.
    pub abi: fn() -> JsonAbi,
    run: fn(&mut Context<'_>, &[u8]) -> Result<Bytes>,
    receive: fn(&mut Context<'_>) -> Result<()>,
}

impl Entry {
    /// The line of institution `I`.
    const fn of<I: Institution>(name: &'static str, first_height: u64, sol: &'static str) -> Self {
        Self { name, address: I::ADDRESS, first_height, sol, abi: I::abi, run: run::<I>, receive: I::receive }
    }
}

/// Every institution.
pub const DIRECTORY: &[Entry] = &[
    Entry::of::<Registry>("registry", 0, include_str!("registry/IRegistry.sol")),
    Entry::of::<Assembly>("assembly", 0, include_str!("assembly/IAssembly.sol")),
    Entry::of::<Constitution>("constitution", 0, include_str!("constitution/IConstitution.sol")),
    Entry::of::<Treasury>("treasury", 0, include_str!("treasury/ITreasury.sol")),
    Entry::of::<Articles>("articles", 0, include_str!("articles/IArticles.sol")),
];

/// Solidity text of the errors every institution shares.
pub const COMMON_SOL: &str = include_str!("IInstitution.sol");

/// JSON ABI of the errors every institution shares.
#[must_use]
pub fn common_abi() -> JsonAbi {
    IInstitution::abi::contract()
}

type Mutability = BTreeMap<FixedBytes<4>, StateMutability>;

/// What each function may do, from the `.sol` files.
static MUTABILITY: LazyLock<BTreeMap<Address, Mutability>> = LazyLock::new(|| {
    let functions =
        |entry: &Entry| (entry.abi)().functions().map(|f| (f.selector(), f.state_mutability)).collect();
    DIRECTORY.iter().map(|entry| (entry.address, functions(entry))).collect()
});

/// The institution at `address`.
#[must_use]
pub fn entry(address: Address) -> Option<&'static Entry> {
    DIRECTORY.iter().find(|entry| entry.address == address)
}

/// Calls the institution at `address`. On any `Err` the host rolls back whatever the call did.
///
/// Gas: 200, 12 per word of call data, 3 per word of output, and what the function touches.
///
/// # Errors
/// [`Failure::Revert`] with an error of `IInstitution.sol` or of the institution's own file; out of gas; fatal if there is
/// no institution at `address`.
pub fn call(address: Address, host: &mut dyn Host, call: &Call<'_>) -> Result<Bytes> {
    let entry = entry(address).ok_or_else(|| Failure::fatal(format!("no institution at {address}")))?;
    host.charge(words(call.input).saturating_mul(INPUT_WORD_GAS).saturating_add(CALL_GAS))?;
    ensure!(call.is_direct, NotDirect {});
    let Some(selector) = call.input.first_chunk::<4>().map(FixedBytes::from) else {
        ensure!(call.input.is_empty(), MalformedCalldata {});
        ensure!(!call.is_static, StaticFrame {});
        let mut cx = Context::new(host, address, call, true);
        let result = (entry.receive)(&mut cx);
        return cx.finish(result).map(|()| Bytes::new());
    };
    let mutability = MUTABILITY
        .get(&address)
        .and_then(|functions| functions.get(&selector))
        .copied()
        .filter(|_| call.block.height >= entry.first_height)
        .ok_or(UnknownFunction { selector })?;
    let reads_only = matches!(mutability, StateMutability::View | StateMutability::Pure);
    ensure!(reads_only || !call.is_static, StaticFrame {});
    ensure!(
        call.value == U256::ZERO || mutability == StateMutability::Payable,
        NotPayable { value: call.value }
    );
    let mut cx = Context::new(host, address, call, !reads_only);
    let result = (entry.run)(&mut cx, call.input);
    let output = cx.finish(result)?;
    host.charge(words(&output).saturating_mul(OUTPUT_WORD_GAS))?;
    Ok(output)
}

/// Whether somebody may hold the key of `account`, or have deployed it: not zero, not in the range of institutions and
/// precompiles, not the chain itself.
#[must_use]
pub fn may_hold_keys(account: Address) -> bool {
    account != SYSTEM && account.iter().take(18).any(|byte| *byte != 0)
}

/// The name of the error that the revert data `output` holds, if it is one of an institution.
#[must_use]
pub fn error_name(output: &[u8]) -> Option<String> {
    let selector = output.first_chunk::<4>().map(FixedBytes::from)?;
    let abis = DIRECTORY.iter().map(|entry| (entry.abi)()).chain([common_abi()]);
    abis.into_iter().find_map(|abi| abi.errors().find(|e| e.selector() == selector).map(|e| e.name.clone()))
}

fn run<I: Institution>(cx: &mut Context<'_>, input: &[u8]) -> Result<Bytes> {
    // Offsets may point many elements at the same bytes, and decoding copies them each time: the canonical form never does,
    // so it fits in a small multiple of its own length.
    ensure!(input.len() <= INPUT_BYTES_MAX, MalformedCalldata {});
    let limits = AbiDecoderConfig::new().memory_limit(input.len().saturating_mul(4).saturating_add(1024));
    let call =
        I::Calls::abi_decode_with_config(input, limits.validate(true)).map_err(|_| MalformedCalldata {})?;
    ensure!(call.abi_encode() == input, MalformedCalldata {});
    I::dispatch(cx, call)
}

fn words(bytes: &[u8]) -> u64 {
    bytes.len().div_ceil(32) as u64
}

#[cfg(test)]
mod tests;
