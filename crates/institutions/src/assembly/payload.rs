//! Calls and failures in words, from the bytes alone.
//!
//! A call to an institution is shown with the names of its function and arguments, found in the institution's ABI by
//! selector; anything else stays bytes. Nothing here trusts the proposer: the title plays no part.

use std::sync::LazyLock;

use alloy_dyn_abi::{DynSolValue, ErrorExt, EventExt, JsonAbiExt};
use alloy_json_abi::{ContractObject, Error as AbiError, JsonAbi, Param};
use alloy_primitives::{Address, Bytes, FixedBytes, Log, U256, hex, keccak256};
use alloy_sol_types::{Panic, Revert, SolCall, SolError, SolValue};
use polity_primitives::CONSTITUTION;

use super::IAssembly;
use crate::{
    constitution::{IConstitution, changes_of},
    directory::{self, DIRECTORY},
    names,
};

/// Deepest nesting of failures that is explained: a failed call inside `CallFailed`.
const NESTING_MAX: usize = 4;

/// The agreement's contract: its ABI, for the errors it reports.
static AGREEMENT_ABI: LazyLock<JsonAbi> = LazyLock::new(|| {
    let artifact = include_str!("../../../../contracts/artifacts/Agreement.json");
    let artifact: Option<ContractObject> = serde_json::from_str(artifact).ok();
    artifact.and_then(|artifact| artifact.abi).unwrap_or_default()
});

/// A call of a proposal, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodedCall {
    /// Whom it calls.
    pub target: Address,
    /// What it sends. Units: wei.
    pub value: U256,
    /// Call data.
    pub data: Bytes,
    /// Name of the institution at `target`, if it is one.
    pub institution: Option<&'static str>,
    /// Name of the function, if the institution has it and the data decodes.
    pub function: Option<String>,
    /// Its arguments; empty if the function is not known.
    pub arguments: Vec<Argument>,
}

/// One argument of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// Its name in the ABI.
    pub name: String,
    /// Its Solidity type.
    pub kind: String,
    /// Its value: numbers in decimal, names as text, bytes in hexadecimal.
    pub value: String,
}

impl DecodedCall {
    /// The call as people read it, with amounts in units of the currency `symbol`.
    #[must_use]
    pub fn words(&self, symbol: &str) -> String {
        let what = match (self.institution, &self.function) {
            (Some(institution), Some(function)) => {
                let shown = self.arguments.iter().map(|argument| argument.words(symbol));
                format!("{institution}.{function}({})", shown.collect::<Vec<_>>().join(", "))
            }
            _ if self.data.is_empty() => self.target.to_string(),
            _ => format!("{} with {}", self.target, self.data),
        };
        if self.value.is_zero() { what } else { format!("{what} sending {}", money(self.value, symbol)) }
    }
}

/// The same with amounts in wei.
impl core::fmt::Display for DecodedCall {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.words(""))
    }
}

impl Argument {
    fn words(&self, symbol: &str) -> String {
        let amount = if is_money(&self.name, &self.kind) { self.value.parse().ok() } else { None };
        let value = amount.map_or_else(|| self.value.clone(), |wei| money(wei, symbol));
        format!("{}: {value}", self.name)
    }
}

/// Whether an argument of an institution's function or event is an amount of the currency: all interfaces name those so.
#[must_use]
pub fn is_money(name: &str, kind: &str) -> bool {
    name == "amount" && kind == "uint256"
}

/// An amount of wei in units of the currency `symbol`; in wei where there is no symbol.
pub(crate) fn money(wei: U256, symbol: &str) -> String {
    if symbol.is_empty() {
        return format!("{wei} wei");
    }
    format!("{} {symbol}", polity_charter::amount_text(wei))
}

/// A call in words.
#[must_use]
pub fn decode(call: &IAssembly::Call) -> DecodedCall {
    let entry = directory::entry(call.target);
    let mut decoded = DecodedCall {
        target: call.target,
        value: call.value,
        data: call.data.clone(),
        institution: entry.map(|entry| entry.name),
        function: None,
        arguments: Vec::new(),
    };
    let Some((selector, arguments)) = call.data.split_first_chunk::<4>() else { return decoded };
    let abi = entry.map(|entry| (entry.abi)()).unwrap_or_default();
    let Some(function) = abi.functions().find(|function| function.selector() == *selector) else {
        return decoded;
    };
    if let Some(amendment) = amendment(call) {
        decoded.function = Some(function.name.clone());
        decoded.arguments = vec![amendment];
    } else if let Ok(values) = function.abi_decode_input(arguments) {
        decoded.function = Some(function.name.clone());
        decoded.arguments =
            function.inputs.iter().zip(&values).map(|(param, value)| argument(param, value)).collect();
    }
    decoded
}

/// The changes of an amendment of the charter, as `polity propose --amend` takes them; `None` for any other call.
fn amendment(call: &IAssembly::Call) -> Option<Argument> {
    let is_amendment =
        call.target == CONSTITUTION && call.data.starts_with(&IConstitution::amendCall::SELECTOR);
    let amendment =
        is_amendment.then(|| IConstitution::amendCall::abi_decode_validate(&call.data).ok()).flatten()?;
    let changes: Vec<_> = changes_of(&amendment.changes).ok()?.iter().map(ToString::to_string).collect();
    Some(Argument {
        name: "changes".into(),
        kind: "(uint8,string,string)[]".into(),
        value: changes.join("; "),
    })
}

fn argument(param: &Param, value: &DynSolValue) -> Argument {
    Argument { name: param.name.clone(), kind: param.selector_type().into_owned(), value: text(value) }
}

/// A value as people read it.
fn text(value: &DynSolValue) -> String {
    let list = |values: &[DynSolValue]| values.iter().map(text).collect::<Vec<_>>().join(", ");
    match value {
        DynSolValue::Bool(value) => value.to_string(),
        DynSolValue::Int(value, _) => value.to_string(),
        DynSolValue::Uint(value, _) => value.to_string(),
        DynSolValue::FixedBytes(word, 32) if names::is_name(*word) => names::text(*word),
        DynSolValue::FixedBytes(word, size) => hex::encode_prefixed(word.get(..*size).unwrap_or_default()),
        DynSolValue::Address(address) => address.to_string(),
        DynSolValue::Function(function) => function.to_string(),
        DynSolValue::Bytes(bytes) => hex::encode_prefixed(bytes),
        DynSolValue::String(string) => format!("{string:?}"),
        DynSolValue::Array(values) | DynSolValue::FixedArray(values) => format!("[{}]", list(values)),
        DynSolValue::Tuple(values) => format!("({})", list(values)),
        #[allow(unreachable_patterns)]
        _ => String::new(),
    }
}

/// Why a proposal failed, in words, from the bytes the chain recorded.
#[must_use]
pub fn explain(reason: &[u8]) -> String {
    explain_nested(reason, NESTING_MAX)
}

fn explain_nested(reason: &[u8], depth: usize) -> String {
    let Some((selector, arguments)) = reason.split_first_chunk::<4>() else {
        return "out of gas or an invalid instruction".into();
    };
    if let Ok(Revert { reason }) = Revert::abi_decode(reason) {
        return reason;
    }
    if let Ok(panic) = Panic::abi_decode(reason) {
        return panic.to_string();
    }
    let Some(error) = error_of(*selector) else { return hex::encode_prefixed(reason) };
    let Ok(values) = error.decode_error(reason) else { return hex::encode_prefixed(reason) };
    let _ = arguments;
    let arguments = error.inputs.iter().zip(&values.body).map(|(param, value)| {
        let shown = match value {
            DynSolValue::Bytes(inner) if param.name == "returndata" && depth > 0 => {
                explain_nested(inner, depth.saturating_sub(1))
            }
            value => text(value),
        };
        format!("{}: {shown}", param.name)
    });
    format!("{}({})", error.name, arguments.collect::<Vec<_>>().join(", "))
}

/// Which call of a proposal failed, from 0, according to the bytes the agreement reported.
#[must_use]
pub fn failed_call(reason: &[u8]) -> Option<u64> {
    let error = error_of(*reason.first_chunk::<4>()?)?;
    let values = error.decode_error(reason).ok()?;
    let index = error.inputs.iter().position(|param| param.name == "index")?;
    match values.body.get(index)? {
        DynSolValue::Uint(index, _) => Some(index.saturating_to()),
        _ => None,
    }
}

/// A log in words, if an institution made it: `treasury.Paid(name: adaptation, …)`. Amounts are in units of the currency `symbol`.
#[must_use]
pub fn decode_log(log: &Log, symbol: &str) -> Option<String> {
    let entry = directory::entry(log.address)?;
    let selector = log.topics().first()?;
    let abi = (entry.abi)();
    let event = abi.events().find(|event| event.selector() == *selector)?;
    let decoded = event.decode_log_parts(log.topics().iter().copied(), &log.data.data).ok()?;
    let (mut indexed, mut body) = (decoded.indexed.iter(), decoded.body.iter());
    let values = event.inputs.iter().filter_map(|input| {
        let value = if input.indexed { indexed.next() } else { body.next() }?;
        let kind = input.selector_type().into_owned();
        Some(Argument { name: input.name.clone(), kind, value: text(value) }.words(symbol))
    });
    let values: Vec<_> = values.collect();
    Some(format!("{}.{}({})", entry.name, event.name, values.join(", ")))
}

/// The error with this selector, of the agreement or of an institution.
fn error_of(selector: [u8; 4]) -> Option<AbiError> {
    let selector = FixedBytes::from(selector);
    let find = |abi: &JsonAbi| abi.errors().find(|error| error.selector() == selector).cloned();
    find(&AGREEMENT_ABI)
        .or_else(|| find(&directory::common_abi()))
        .or_else(|| DIRECTORY.iter().find_map(|entry| find(&(entry.abi)())))
}

/// Call data of the agreement's `enact(uint256,(address,uint256,bytes)[])`.
pub(super) fn enact_input(id: u64, calls: Vec<IAssembly::Call>) -> Bytes {
    let mut input = enact_selector().to_vec();
    input.extend((U256::from(id), calls).abi_encode_params());
    input.into()
}

/// Its selector.
fn enact_selector() -> [u8; 4] {
    let hash = keccak256("enact(uint256,(address,uint256,bytes)[])");
    hash.first_chunk::<4>().copied().unwrap_or_default()
}
