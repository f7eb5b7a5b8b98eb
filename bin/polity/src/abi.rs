//! Calls of institutions in words: `treasury.pay adaptation FJI 250e18` to call data, and refusals back to words.
//!
//! The words come from the institutions' own interfaces, so a new institution needs nothing here.

use std::collections::BTreeMap;

use alloy_dyn_abi::{DynSolType, DynSolValue, ErrorExt, JsonAbiExt, Specifier};
use alloy_json_abi::{Function, JsonAbi, StateMutability};
use alloy_primitives::{Address, B256, Bytes, U256};
use polity_institutions::{
    DIRECTORY,
    assembly::{DecodedCall, is_money},
    directory,
};

use crate::output::Failure;

/// What words of a call stand for in a network.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    /// Addresses by the ids of their members.
    pub(crate) members: BTreeMap<String, Address>,
    /// Symbol of the currency.
    pub(crate) symbol: String,
}

/// A call as a proposal carries it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Call {
    pub(crate) target: Address,
    pub(crate) value: U256,
    pub(crate) data: Bytes,
}

/// Reads `institution.function ARG…`, or `ADDRESS 0xDATA`, or `ADDRESS 'name(type,…)' ARG…`.
///
/// A `bytes32` argument that is not hex is a name; an address may be a member's id; a `uint` may be written `25e17`, or as an amount
/// with its unit, such as `2.5RIV`, `'2.5 RIV'` or `'7 wei'`.
pub(crate) fn parse_call(text: &str, names: &Names) -> Result<Call, Failure> {
    let words = words(text)?;
    let (head, args) = words.split_first().ok_or_else(|| Failure::input("an empty call"))?;
    if let Some((institution, function)) = head.split_once('.') {
        let entry = DIRECTORY.iter().find(|entry| entry.name == institution).ok_or_else(|| {
            let known: Vec<_> = DIRECTORY.iter().map(|entry| entry.name).collect();
            Failure::input(format!("no institution `{institution}`; there are {}", known.join(", ")))
        })?;
        let function = find(&(entry.abi)(), institution, function, args.len())?;
        let data = encode(&function, args, names)?;
        return Ok(Call { target: entry.address, value: U256::ZERO, data });
    }
    let target = address(head, names)?;
    let data = match args {
        [] => Bytes::new(),
        [raw] if raw.starts_with("0x") => {
            raw.parse().map_err(|_| Failure::input(format!("`{raw}` is not hexadecimal")))?
        }
        [signature, args @ ..] => {
            let function = Function::parse(signature)
                .map_err(|error| Failure::input(format!("`{signature}` is not a function: {error}")))?;
            encode(&function, args, names)?
        }
    };
    Ok(Call { target, value: U256::ZERO, data })
}

/// Splits at blanks; quotes, single or double, keep them; `@file` stands for what the file holds.
fn words(text: &str) -> Result<Vec<String>, Failure> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (word, after) = if matches!(first, '"' | '\'') {
            rest[1..]
                .split_once(first)
                .ok_or_else(|| Failure::input(format!("a quote is not closed in `{text}`")))?
        } else {
            rest.split_once(char::is_whitespace).unwrap_or((rest, ""))
        };
        words.push(match word.strip_prefix('@').filter(|_| first == '@') {
            Some(file) => crate::output::read_input(std::path::Path::new(file))?,
            None => word.to_owned(),
        });
        rest = after.trim_start();
    }
    Ok(words)
}

fn find(abi: &JsonAbi, institution: &str, name: &str, args: usize) -> Result<Function, Failure> {
    let overloads = abi.function(name).map(Vec::as_slice).unwrap_or_default();
    if let Some(function) = overloads.iter().find(|f| f.inputs.len() == args) {
        return Ok(function.clone());
    }
    if let Some(function) = overloads.first() {
        let params: Vec<_> = function.inputs.iter().map(|p| format!("{} {}", p.ty, p.name)).collect();
        return Err(Failure::input(format!(
            "{institution}.{name} takes {} arguments ({}), not {args}",
            function.inputs.len(),
            params.join(", ")
        )));
    }
    let known: Vec<_> = abi
        .functions()
        .filter(|f| !matches!(f.state_mutability, StateMutability::View | StateMutability::Pure))
        .map(|f| f.name.as_str())
        .collect();
    Err(Failure::input(format!("{institution} has no function `{name}`; it has {}", known.join(", "))))
}

fn encode(function: &Function, args: &[String], names: &Names) -> Result<Bytes, Failure> {
    if function.inputs.len() != args.len() {
        return Err(Failure::input(format!(
            "{} takes {} arguments, not {}",
            function.signature(),
            function.inputs.len(),
            args.len()
        )));
    }
    let values: Vec<DynSolValue> = function
        .inputs
        .iter()
        .zip(args)
        .map(|(param, arg)| {
            let ty = param.resolve().map_err(Failure::input)?;
            value(&ty, arg, names).ok_or_else(|| unreadable(&param.ty, &param.name, arg, &names.symbol))
        })
        .collect::<Result<_, _>>()?;
    Ok(function.abi_encode_input(&values).map_err(Failure::input)?.into())
}

fn unreadable(ty: &str, name: &str, arg: &str, symbol: &str) -> Failure {
    let is_decimal = polity_charter::parse_amount_wei(arg).is_some() && !symbol.is_empty();
    let hint = if is_decimal && is_money(name, ty) {
        format!(": say the unit, {arg}{symbol}, or give a whole number of wei")
    } else {
        String::new()
    };
    Failure::input(format!("`{arg}` is no {ty} for `{name}`{hint}"))
}

/// Amounts of the currency in `text`, a call in words, that are given as plain whole numbers: they count wei, which is seldom meant.
/// Each with what it would be called with and in units of the currency.
pub(crate) fn plain_amounts(call: &DecodedCall, text: &str) -> Vec<(String, U256)> {
    let written = words(text).unwrap_or_default();
    let amounts = call.arguments.iter().filter(|argument| is_money(&argument.name, &argument.kind));
    let plain = amounts.filter_map(|argument| Some((argument.value.clone(), argument.value.parse().ok()?)));
    plain.filter(|(digits, wei): &(String, U256)| !wei.is_zero() && written.contains(digits)).collect()
}

/// An amount with its unit: the symbol of the currency, `gwei` or `wei`, after a space or not.
fn amount(text: &str, symbol: &str) -> Option<U256> {
    if let Some(number) = text.strip_suffix(symbol).filter(|_| !symbol.is_empty()) {
        return polity_charter::parse_amount_wei(number.trim_end());
    }
    let number = text.strip_suffix("wei")?;
    let (number, unit) = number.strip_suffix('g').map_or((number, "wei"), |number| (number, "gwei"));
    polity_charter::parse_amount_wei(&format!("{} {unit}", number.trim_end()))
}

fn value(ty: &DynSolType, text: &str, names: &Names) -> Option<DynSolValue> {
    match ty {
        DynSolType::FixedBytes(32) if !text.starts_with("0x") => {
            Some(DynSolValue::FixedBytes(name_word(text)?, 32))
        }
        DynSolType::Address => address(text, names).ok().map(DynSolValue::Address),
        DynSolType::Uint(size) => {
            scaled(text).or_else(|| amount(text, &names.symbol)).map(|n| DynSolValue::Uint(n, *size))
        }
        _ => ty.coerce_str(text).ok(),
    }
}

/// A name as the institutions write it: ASCII, left-aligned.
pub(crate) fn name_word(name: &str) -> Option<B256> {
    let mut word = [0u8; 32];
    polity_charter::is_id(name).then(|| word[..name.len()].copy_from_slice(name.as_bytes()))?;
    Some(word.into())
}

/// `250`, `25e1`, `0x1f`.
fn scaled(text: &str) -> Option<U256> {
    match text.split_once('e').filter(|_| !text.starts_with("0x")) {
        Some((digits, zeros)) => {
            let power = U256::from(10).checked_pow(U256::from(zeros.parse::<u32>().ok()?))?;
            digits.parse::<U256>().ok()?.checked_mul(power)
        }
        None => text.parse().ok(),
    }
}

fn address(text: &str, names: &Names) -> Result<Address, Failure> {
    if let Some(entry) = DIRECTORY.iter().find(|entry| entry.name == text) {
        return Ok(entry.address);
    }
    if let Some(address) = names.members.get(text) {
        return Ok(*address);
    }
    text.parse().map_err(|_| Failure::input(format!("`{text}` is neither an address nor the id of a member")))
}

/// `NotInElectorate(id: 3, member: FJI)`, if the institutions know the error.
pub(crate) fn decode_error(data: &[u8]) -> Option<String> {
    let selector = data.first_chunk::<4>()?;
    let abis = std::iter::once(directory::common_abi()).chain(DIRECTORY.iter().map(|entry| (entry.abi)()));
    for abi in abis {
        let Some(error) = abi.errors().find(|error| error.selector() == *selector) else { continue };
        let decoded = error.decode_error(data).ok()?;
        let fields: Vec<_> = error
            .inputs
            .iter()
            .zip(&decoded.body)
            .map(|(p, v)| format!("{}: {}", p.name, words_of(v)))
            .collect();
        return Some(format!("{}({})", error.name, fields.join(", ")));
    }
    None
}

/// A value in words: names as text, numbers in decimal.
pub(crate) fn words_of(value: &DynSolValue) -> String {
    match value {
        DynSolValue::FixedBytes(word, 32) => name_of(word).unwrap_or_else(|| word.to_string()),
        DynSolValue::Uint(n, _) => n.to_string(),
        DynSolValue::Int(n, _) => n.to_string(),
        DynSolValue::Bool(b) => b.to_string(),
        DynSolValue::Address(a) => a.to_string(),
        DynSolValue::String(s) => format!("{s:?}"),
        DynSolValue::Bytes(b) => Bytes::copy_from_slice(b).to_string(),
        DynSolValue::Array(items) | DynSolValue::FixedArray(items) | DynSolValue::Tuple(items) => {
            format!("[{}]", items.iter().map(words_of).collect::<Vec<_>>().join(", "))
        }
        other => format!("{other:?}"),
    }
}

/// The name a word holds, if it holds one.
pub(crate) fn name_of(word: &B256) -> Option<String> {
    let text = std::str::from_utf8(word.as_slice()).ok()?.trim_end_matches('\0');
    polity_charter::is_id(text).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use polity_institutions::assembly::{IAssembly, decode};

    use super::*;

    fn names() -> Names {
        let members = BTreeMap::from([("FJI".to_owned(), Address::repeat_byte(7))]);
        Names { members, symbol: "GCF".to_owned() }
    }

    #[test]
    fn a_call_in_words_is_the_call_in_bytes() {
        let call = parse_call("treasury.pay adaptation FJI 25e17", &names()).expect("parses");
        assert_eq!(call.target, polity_primitives::TREASURY);
        let word = name_word("adaptation").expect("name");
        assert_eq!(call.data[4..36], word[..]);
        assert_eq!(call.data[48..68], [7; 20]);
        assert_eq!(U256::from_be_slice(&call.data[68..100]), U256::from(2_500_000_000_000_000_000u64));
        let same =
            parse_call("treasury pay(bytes32,address,uint256) adaptation FJI 2500000000000000000", &names());
        assert_eq!(same.expect("parses"), call);
    }

    #[test]
    fn amounts_with_a_unit_are_of_the_currency_and_plain_numbers_are_wei() {
        let half = 2_500_000_000_000_000_000u64;
        for (amount, wei, plain) in [
            ("2.5GCF", half, false),
            ("'2.5 GCF'", half, false),
            ("25e17", half, false),
            ("2500000000gwei", half, false),
            ("'7 wei'", 7, false),
            ("2500000000000000000", half, true),
            ("5", 5, true),
            ("0", 0, false),
        ] {
            let text = format!("treasury.pay adaptation FJI {amount}");
            let call = parse_call(&text, &names()).unwrap_or_else(|_| panic!("{text}"));
            assert_eq!(U256::from_be_slice(&call.data[68..100]), U256::from(wei), "{text}");
            let call = IAssembly::Call { target: call.target, value: call.value, data: call.data };
            assert_eq!(!plain_amounts(&decode(&call), &text).is_empty(), plain, "{text}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (text, expected) in [
            ("", "an empty call"),
            ("bank.pay x", "no institution `bank`"),
            ("treasury.spend x", "has no function `spend`"),
            ("treasury.pay x", "takes 3 arguments (bytes32 name, address to, uint256 amount), not 1"),
            ("treasury.pay adaptation Atlantis 1", "`Atlantis` is no address for `to`"),
            ("treasury.pay adaptation FJI much", "`much` is no uint256 for `amount`"),
            ("treasury.pay adaptation FJI 2.5", "say the unit, 2.5GCF, or give a whole number of wei"),
            ("treasury.pay adaptation FJI 2.5EUR", "`2.5EUR` is no uint256 for `amount`"),
            ("treasury.pay \"adaptation", "a quote is not closed"),
            ("Atlantis 0x", "neither an address nor the id of a member"),
        ] {
            match parse_call(text, &names()) {
                Err(Failure::Input(message)) => assert!(message.contains(expected), "{text}: {message}"),
                other => panic!("{text}: {other:?}"),
            }
        }
    }
}
