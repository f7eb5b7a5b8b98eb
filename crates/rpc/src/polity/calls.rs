//! Calls that a proposal carries, as bytes and in words.

use polity_institutions::assembly as house;
use polity_primitives::{Address, B256, Bytes};
use serde::Serialize;

/// A call the agreement makes if the proposal passes: the bytes, and the same in words.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CallView {
    target: Address,
    value_wei: String,
    data: Bytes,
    /// Hash of the target's code when the proposal opened.
    code_hash: Option<B256>,
    institution: Option<&'static str>,
    function: Option<String>,
    arguments: Vec<ArgumentView>,
    text: String,
}

#[derive(Serialize)]
struct ArgumentView {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    value: String,
}

impl CallView {
    /// `call` with the code hash of its target when it was frozen; amounts in its text are in units of `symbol`.
    pub(super) fn of(call: house::DecodedCall, code_hash: Option<B256>, symbol: &str) -> Self {
        Self {
            text: call.words(symbol),
            target: call.target,
            value_wei: call.value.to_string(),
            data: call.data,
            code_hash,
            institution: call.institution,
            function: call.function,
            arguments: call.arguments.into_iter().map(argument).collect(),
        }
    }
}

fn argument(argument: house::Argument) -> ArgumentView {
    ArgumentView { name: argument.name, kind: argument.kind, value: argument.value }
}
