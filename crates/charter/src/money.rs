//! The currency: amounts are whole wei, written in charters as exact decimals of the unit.

use polity_primitives::U256;
use serde::Serialize;

use crate::Text;

/// Decimals of the unit. Wallets and contracts assume Ethereum's 18, so no charter can choose another number.
pub const DECIMALS: usize = 18;

/// The money of the agreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Currency {
    /// Its name.
    pub name: Text,
    /// Its symbol, one to eleven capital letters or digits.
    pub symbol: String,
}

/// What a transaction pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "policy", rename_all = "lowercase")]
pub enum Fees {
    /// Nothing.
    Free,
    /// Gas at a base fee that follows demand. Source: EIP-1559.
    Market {
        /// Base fee per gas of the first block. Units: wei.
        initial_base_fee_wei: u64,
    },
}

/// Reads an exact amount: `1.5` (units of the currency), `1 gwei`, `100 wei`. Units of the result: wei.
///
/// `None` for a sign, an exponent, a digit too many, or more than 2^128 - 1 wei: no sum of amounts then overflows.
#[must_use]
pub fn parse_amount_wei(text: &str) -> Option<U256> {
    let (number, decimals) = match text.strip_suffix(" wei").map(|n| (n, 0)) {
        Some(pair) => pair,
        None => text.strip_suffix(" gwei").map_or((text, DECIMALS), |n| (n, 9)),
    };
    let (whole, fraction) = number.split_once('.').map_or((number, None), |(w, f)| (w, Some(f)));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if !is_number(whole) || !fraction.is_none_or(is_number) {
        return None;
    }
    let fraction = fraction.unwrap_or("");
    let zeros = decimals.checked_sub(fraction.len())?;
    let digits = format!("{whole}{fraction}{}", "0".repeat(zeros));
    let significant = digits.trim_start_matches('0');
    let wei: u128 = if significant.is_empty() { 0 } else { significant.parse().ok()? };
    Some(U256::from(wei))
}

/// Writes wei as an exact decimal of the unit, without trailing zeros: the inverse of [`parse_amount_wei`].
#[must_use]
pub fn amount_text(wei: U256) -> String {
    let unit = U256::from(10u64).pow(U256::from(DECIMALS));
    let (whole, fraction) = wei.div_rem(unit);
    if fraction.is_zero() {
        return whole.to_string();
    }
    let digits = format!("{:0>width$}", fraction.to_string(), width = DECIMALS);
    format!("{whole}.{}", digits.trim_end_matches('0'))
}

/// `text` with its amounts of wei, such as `3 wei`, in units of the currency `symbol`; unchanged where there is no symbol.
#[must_use]
pub fn in_units(text: &str, symbol: &str) -> String {
    if symbol.is_empty() {
        return text.to_owned();
    }
    let mut pieces = text.split(" wei");
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let number = out.len().saturating_sub(out.bytes().rev().take_while(u8::is_ascii_digit).count());
        let is_word = piece.chars().next().is_none_or(|next| !next.is_alphanumeric());
        let wei = out.get(number..).filter(|digits| is_word && !digits.is_empty());
        let wei = wei.and_then(|digits| digits.parse::<U256>().ok());
        match wei {
            Some(wei) => {
                out.truncate(number);
                out.push_str(&amount_text(wei));
                out.push(' ');
                out.push_str(symbol);
            }
            None => out.push_str(" wei"),
        }
        out.push_str(piece);
    }
    out
}
