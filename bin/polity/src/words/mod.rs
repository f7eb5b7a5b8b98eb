//! What a node says, put into words for people: refusals as sentences with a hint, amounts in the currency, addresses as the
//! members they belong to.
//!
//! The sentences are data (`refusals.toml`). JSON output never passes through here: it keeps names, wei and addresses.

use std::{collections::BTreeMap, sync::LazyLock};

use alloy_dyn_abi::{DynSolValue, ErrorExt};
use alloy_json_abi::{ContractObject, Error as AbiError, JsonAbi};
use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::{Panic, Revert, SolError};
use polity_institutions::{DIRECTORY, assembly::is_money, directory};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    abi,
    client::{Client, RpcError},
    output::Failure,
};

/// A sentence of the table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sentence {
    says: String,
    hint: Option<String>,
}

static SENTENCES: LazyLock<BTreeMap<String, Sentence>> = LazyLock::new(|| {
    toml::from_str(include_str!("refusals.toml")).unwrap_or_else(|error| panic!("refusals.toml: {error}"))
});

/// Every interface that an error can come from: the agreement's, what all institutions share, each institution's.
fn interfaces() -> impl Iterator<Item = JsonAbi> {
    let artifact = include_str!("../../../../contracts/artifacts/Agreement.json");
    let agreement = serde_json::from_str::<ContractObject>(artifact).ok().and_then(|artifact| artifact.abi);
    agreement.into_iter().chain([directory::common_abi()]).chain(DIRECTORY.iter().map(|entry| (entry.abi)()))
}

/// Deepest nesting of failures that is explained: a failed call inside `CallFailed`.
const NESTING_MAX: usize = 4;

/// A refusal in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The name of the error and its fields as the chain has them.
    pub(crate) raw: String,
    pub(crate) says: String,
    pub(crate) hint: Option<String>,
}

/// What the words of a network are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words {
    symbol: String,
    members: BTreeMap<Address, String>,
}

impl Words {
    /// Those of the network of `client`; where it does not answer, amounts stay wei and addresses hexadecimal.
    pub(crate) fn of(client: &Client) -> Self {
        let charter: Value = client.call("polity_getCharter", json!([])).unwrap_or_default();
        let members: Vec<Value> = client.call("polity_members", json!([])).unwrap_or_default();
        let name = |member: &Value| {
            Some((member["account"].as_str()?.parse().ok()?, member["id"].as_str()?.to_owned()))
        };
        Self {
            symbol: charter["currency"]["symbol"].as_str().unwrap_or_default().to_owned(),
            members: members.iter().filter_map(name).collect(),
        }
    }

    /// The symbol of the currency.
    pub(crate) fn symbol(&self) -> &str {
        &self.symbol
    }

    /// An amount of wei in units of the currency.
    pub(crate) fn money(&self, wei: U256) -> String {
        if self.symbol.is_empty() {
            return format!("{wei} wei");
        }
        format!("{} {}", polity_charter::amount_text(wei), self.symbol)
    }

    /// The same of an amount written in digits.
    pub(crate) fn money_text(&self, wei: &str) -> String {
        wei.parse().map_or_else(|_| wei.to_owned(), |wei| self.money(wei))
    }

    /// An address, with the member that acts with it or the institution that lives there.
    pub(crate) fn address(&self, address: Address) -> String {
        if let Some(member) = self.members.get(&address) {
            return format!("{member} ({address})");
        }
        match DIRECTORY.iter().find(|entry| entry.address == address) {
            Some(entry) => format!("the {} ({address})", entry.name),
            None => address.to_string(),
        }
    }

    fn value(&self, value: &DynSolValue, style: Option<&str>, depth: usize) -> String {
        match (style, value) {
            (Some("money"), DynSolValue::Uint(wei, _)) => self.money(*wei),
            // People count from one.
            (Some("place"), DynSolValue::Uint(index, _)) => index.saturating_add(U256::from(1)).to_string(),
            (Some("time"), DynSolValue::Uint(secs, _)) => crate::command::read::time(secs.saturating_to()),
            (Some("status"), DynSolValue::Uint(number, _)) => {
                let words = ["unknown", "active", "suspended", "gone by its own will", "expelled"];
                words
                    .get(number.saturating_to::<usize>())
                    .map_or_else(|| number.to_string(), |w| (*w).to_owned())
            }
            (Some("settlement"), DynSolValue::Uint(number, _)) => {
                // Enums of an interface come as their numbers.
                let words = ["unknown", "noticed", "objected to", "final", "dismissed", "held"];
                words
                    .get(number.saturating_to::<usize>())
                    .map_or_else(|| number.to_string(), |w| (*w).to_owned())
            }
            (Some("kind"), DynSolValue::Uint(number, _)) => {
                polity_charter::Kind::from_number(number.saturating_to())
                    .map_or_else(|| number.to_string(), |kind| kind.to_string())
            }
            (_, DynSolValue::Address(address)) => self.address(*address),
            (_, DynSolValue::String(text)) => polity_charter::in_units(text, &self.symbol),
            (_, DynSolValue::Bytes(bytes)) if depth > 0 => {
                self.nested(bytes, depth - 1).map_or_else(|| abi::words_of(value), |inner| inner.says)
            }
            (_, value) => abi::words_of(value),
        }
    }

    /// What revert data means, if it is an error of the institutions or of Solidity.
    pub(crate) fn refusal(&self, data: &[u8]) -> Option<Refusal> {
        self.nested(data, NESTING_MAX)
    }

    fn nested(&self, data: &[u8], depth: usize) -> Option<Refusal> {
        let plain = |says: String| Refusal { raw: says.clone(), says, hint: None };
        if let Ok(Revert { reason }) = Revert::abi_decode(data) {
            return Some(plain(reason));
        }
        if let Ok(panic) = Panic::abi_decode(data) {
            return Some(plain(panic.to_string()));
        }
        if data.is_empty() {
            return Some(plain("it ran out of gas, or hit an invalid instruction".to_owned()));
        }
        let error = error_of(data)?;
        let values = error.decode_error(data).ok()?.body;
        let raw = abi::decode_error(data).unwrap_or_else(|| error.name.clone());
        let field = |name: &str, style: Option<&str>| {
            let at = error.inputs.iter().position(|param| param.name == name)?;
            Some(self.value(values.get(at)?, style, depth))
        };
        let Some(sentence) = SENTENCES.get(&error.name) else { return Some(plain(raw)) };
        Some(Refusal {
            says: filled(&sentence.says, &field),
            hint: sentence.hint.as_deref().map(|hint| filled(hint, &field)),
            raw,
        })
    }

    /// A failure of a command out of a node's refusal.
    pub(crate) fn failure(&self, error: &RpcError) -> Failure {
        let RpcError::Refused { data: Some(data), .. } = error else { return Failure::failed(error) };
        match self.refusal(data) {
            Some(refusal) => Failure::Refused(refusal),
            None => Failure::failed(error),
        }
    }

    /// A call of a proposal, as `polity_proposal` answers it.
    pub(crate) fn call(&self, call: &Value) -> String {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let sends = text(&call["valueWei"]);
        let sends = if matches!(sends.as_str(), "" | "0") {
            String::new()
        } else {
            format!(" sending {}", self.money_text(&sends))
        };
        let (Some(institution), Some(function)) = (call["institution"].as_str(), call["function"].as_str())
        else {
            let to =
                text(&call["target"]).parse().map_or_else(|_| text(&call["target"]), |to| self.address(to));
            let data = text(&call["data"]);
            return if data.len() > 2 { format!("{to} with {data}{sends}") } else { format!("{to}{sends}") };
        };
        let arguments = call["arguments"].as_array().map(Vec::as_slice).unwrap_or_default().iter();
        let shown = arguments.map(|argument| {
            let (name, value) = (text(&argument["name"]), text(&argument["value"]));
            let value = match argument["type"].as_str().unwrap_or_default() {
                "address" => value.parse().map_or_else(|_| value.clone(), |address| self.address(address)),
                kind if is_money(&name, kind) => self.money_text(&value),
                _ => value,
            };
            format!("{name}: {value}")
        });
        format!("{institution}.{function}({}){sends}", shown.collect::<Vec<_>>().join(", "))
    }

    /// Why a proposal failed, from the `failure` that `polity_proposal` answers.
    pub(crate) fn proposal_failure(&self, failure: &Value) -> String {
        let data = failure["data"].as_str().and_then(|data| data.parse::<Bytes>().ok());
        data.and_then(|data| self.refusal(&data))
            .map_or_else(|| failure["text"].as_str().unwrap_or_default().to_owned(), |refusal| refusal.says)
    }
}

fn error_of(data: &[u8]) -> Option<AbiError> {
    let selector = data.first_chunk::<4>()?;
    interfaces().find_map(|abi| abi.errors().find(|error| error.selector() == *selector).cloned())
}

/// `text` with each `{field}` or `{field:style}` replaced.
fn filled(text: &str, field: &dyn Fn(&str, Option<&str>) -> Option<String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out += before;
        let Some((name, after)) = after.split_once('}') else { break };
        let (name, style) = name.split_once(':').map_or((name, None), |(name, style)| (name, Some(style)));
        out += &field(name, style).unwrap_or_else(|| format!("{{{name}}}"));
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> Words {
        let fiji =
            ("0x0707070707070707070707070707070707070707".parse().expect("an address"), "FJI".to_owned());
        Words { symbol: "GCF".into(), members: [fiji].into() }
    }

    fn data(signature: &str, fields: &[[u8; 32]]) -> Vec<u8> {
        [&alloy_primitives::keccak256(signature)[..4], &fields.concat()].concat()
    }

    fn number(n: u128) -> [u8; 32] {
        U256::from(n).to_be_bytes()
    }

    #[test]
    fn every_error_of_every_interface_has_a_sentence() {
        let mut missing = Vec::new();
        for abi in interfaces() {
            for error in abi.errors() {
                let Some(sentence) = SENTENCES.get(&error.name) else {
                    missing.push(error.signature());
                    continue;
                };
                let known = |name: &str, style: Option<&str>| {
                    assert!(
                        matches!(
                            style,
                            None | Some("money" | "time" | "status" | "settlement" | "kind" | "place")
                        ),
                        "{}: no style {style:?}",
                        error.name
                    );
                    error.inputs.iter().any(|param| param.name == name).then(String::new)
                };
                for text in [Some(&sentence.says), sentence.hint.as_ref()].into_iter().flatten() {
                    let filled = filled(text, &known);
                    assert!(!filled.contains('{'), "{}: no such field: {filled}", error.signature());
                }
            }
        }
        assert!(missing.is_empty(), "add sentences to bin/polity/src/words/refusals.toml for {missing:#?}");
    }

    #[test]
    fn refusals_are_sentences_in_the_networks_words() {
        let fiji = abi::name_word("FJI").expect("a name").0;
        let refusal =
            words().refusal(&data("NotInElectorate(uint256,bytes32)", &[number(3), fiji])).expect("known");
        assert_eq!(refusal.raw, "NotInElectorate(id: 3, member: FJI)");
        assert!(refusal.says.starts_with("FJI has no ballot on proposal 3:"), "{}", refusal.says);
        assert_eq!(refusal.hint.as_deref(), Some("`polity proposals 3` names the chamber"));
        let half = 500_000_000_000_000_000;
        let account = abi::name_word("adaptation").expect("a name").0;
        let short =
            data("Insufficient(bytes32,uint256,uint256)", &[account, number(half), number(10 * half)]);
        let says = words().refusal(&short).expect("known").says;
        assert_eq!(says, "account adaptation of the treasury holds 0.5 GCF, less than 5 GCF");
        let caller = U256::from_be_slice(&[7; 20]).to_be_bytes();
        let says = words().refusal(&data("NotAMember(address)", &[caller])).expect("known").says;
        assert_eq!(says, "FJI (0x0707070707070707070707070707070707070707) acts for no member");
        let expelled = data("WrongStatus(bytes32,uint8)", &[fiji, number(4)]);
        assert_eq!(
            words().refusal(&expelled).expect("known").says,
            "FJI is expelled, which does not allow this"
        );
        let settled = data("WrongSettlementStatus(uint256,uint8)", &[number(7), number(3)]);
        let refusal = words().refusal(&settled).expect("known");
        assert_eq!(refusal.says, "settlement 7 is final, which does not allow this");
        assert_eq!(words().refusal(&[1, 2, 3, 4]), None);
        // A call that failed within a proposal, with its own reason.
        let mut nested =
            data("CallFailed(uint256,bytes)", &[number(0), number(64), number(short.len() as u128)]);
        nested.extend(&short);
        nested.resize(nested.len().next_multiple_of(32) + 4, 0);
        let says = words().refusal(&nested).expect("known").says;
        assert_eq!(
            says,
            "call 1 of the proposal failed: account adaptation of the treasury holds 0.5 GCF, less than 5 GCF"
        );
    }

    #[test]
    fn calls_speak_of_units_and_members() {
        let argument =
            |name: &str, kind: &str, value: &str| json!({ "name": name, "type": kind, "value": value });
        let to = "0x0707070707070707070707070707070707070707";
        let call = json!({
            "target": polity_primitives::TREASURY, "valueWei": "0", "data": "0x01",
            "institution": "treasury", "function": "pay",
            "arguments": [argument("name", "bytes32", "adaptation"), argument("to", "address", to), argument("amount", "uint256", "2500000000000000000")],
        });
        assert_eq!(
            words().call(&call),
            format!("treasury.pay(name: adaptation, to: FJI ({to}), amount: 2.5 GCF)")
        );
        let call =
            json!({ "target": to, "valueWei": "1000000000000000000", "data": "0x", "institution": null });
        assert_eq!(words().call(&call), format!("FJI ({to}) sending 1 GCF"));
    }
}
