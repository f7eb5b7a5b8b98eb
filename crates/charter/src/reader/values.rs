//! Values that mean something: dates, durations, amounts, addresses, keys.

use core::ops::RangeInclusive;

use polity_decision::Delay;
use polity_primitives::{Address, U256};
use toml::de::DeValue;
use toml::value::Datetime;

use super::Node;
use crate::report::Report;
use crate::{Date, amount_text, duration_text, parse_amount_wei, parse_duration_ms};

impl Node<'_> {
    /// A day of the calendar, `2016-04-22`, with or without quotes.
    pub(crate) fn date(&self, report: &mut Report<'_>) -> Option<Date> {
        let date = match self.value {
            DeValue::String(text) => Date::parse(text),
            DeValue::Datetime(Datetime { date: Some(day), time: None, offset: None }) => {
                Date::parse(&day.to_string())
            }
            DeValue::Datetime(_) => None,
            _ => {
                self.wrong("a date", report);
                return None;
            }
        };
        if date.is_none() {
            let hint =
                "a date is a day of the calendar in UTC from 1970-01-01 to 2999-12-31, such as 2016-04-22";
            let written = match self.value {
                DeValue::String(text) => format!("`{text}`"),
                _ => "this".to_owned(),
            };
            report.error(&self.path, format!("{written} is no date"), hint);
        }
        date
    }

    /// A duration in `range`. Units: milliseconds.
    pub(crate) fn duration_ms(&self, range: RangeInclusive<u64>, report: &mut Report<'_>) -> Option<u64> {
        let text = self.string("a duration such as \"30d\"", report)?;
        let Some(ms) = parse_duration_ms(text) else {
            let hint = "a duration is a whole number and a unit: 50ms, 2s, 5m, 1h, 30d or 2w";
            report.error(&self.path, format!("`{text}` is no duration"), hint);
            return None;
        };
        if range.contains(&ms) {
            return Some(ms);
        }
        let (least, most) = (duration_text(*range.start()), duration_text(*range.end()));
        report.error(&self.path, format!("`{text}` is not between {least} and {most}"), "");
        None
    }

    /// A duration of whole seconds up to ten years, at least `least_secs`. Units: seconds.
    pub(crate) fn duration_secs(&self, least_secs: u64, report: &mut Report<'_>) -> Option<u64> {
        const TEN_YEARS_MS: u64 = 3_650 * 86_400_000;
        let ms = self.duration_ms(least_secs.saturating_mul(1_000)..=TEN_YEARS_MS, report)?;
        if ms.is_multiple_of(1_000) {
            return Some(ms / 1_000);
        }
        report.error(&self.path, format!("`{}` is not whole seconds", duration_text(ms)), "");
        None
    }

    /// A delay in calendar units, such as `30d`, `6mo` or `1y`.
    pub(crate) fn delay(&self, report: &mut Report<'_>) -> Option<Delay> {
        let text = self.string("a delay such as \"30d\"", report)?;
        let delay = text.parse().ok();
        if delay.is_none() {
            let hint = "a delay is a whole number and a calendar unit: 30d, 2w, 6mo or 1y";
            report.error(&self.path, format!("`{text}` is no delay"), hint);
        }
        delay
    }

    /// An amount of money. Units: wei.
    pub(crate) fn amount_wei(&self, report: &mut Report<'_>) -> Option<U256> {
        let text = match self.value {
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str(),
            _ => self.string("an amount such as \"1.5\"", report)?,
        };
        let amount = parse_amount_wei(text);
        if amount.is_none() {
            let most = amount_text(U256::from(u128::MAX));
            let hint = format!(
                "an amount is a decimal with at most 18 places, from 0 to {most}, or whole numbers of a smaller unit such \
                 as \"1 gwei\""
            );
            report.error(&self.path, format!("`{text}` is no amount"), hint);
        }
        amount
    }

    /// An Ethereum address that a key can have.
    pub(crate) fn address(&self, report: &mut Report<'_>) -> Option<Address> {
        let text = self.string("an address in quotes", report)?;
        let problem = match parse_address(text) {
            Ok(address) if address == polity_primitives::SYSTEM => {
                "it sends system transactions and has no key".into()
            }
            Ok(address) if address.is_zero() => "the zero address has no key".into(),
            Ok(address) if address.0.iter().take(18).all(|byte| *byte == 0) => {
                "addresses up to 0x…ffff belong to precompiles and institutions, and have no key".into()
            }
            Ok(address) => return Some(address),
            Err(hint) => hint,
        };
        report.error(&self.path, format!("`{text}` cannot be an address here"), problem);
        None
    }

    /// `N` bytes as `0x…`.
    pub(crate) fn bytes<const N: usize>(&self, what: &str, report: &mut Report<'_>) -> Option<[u8; N]> {
        let text = self.string(&format!("{what} in quotes"), report)?;
        let bytes = text.strip_prefix("0x").and_then(|hex| alloy_primitives::hex::decode_to_array(hex).ok());
        if bytes.is_none() {
            report.error(
                &self.path,
                format!("this is no {what}"),
                format!("it is 0x and {} hexadecimal digits", 2 * N),
            );
        }
        bytes
    }
}

/// Reads an address; mixed case must carry the right checksum. The error is a hint.
fn parse_address(text: &str) -> Result<Address, String> {
    let form = || "an address is 0x and 40 hexadecimal digits".to_owned();
    let digits = text.strip_prefix("0x").ok_or_else(form)?;
    let address =
        alloy_primitives::hex::decode_to_array::<_, 20>(digits).map(Address::from).map_err(|_| form())?;
    let mixed =
        digits.bytes().any(|b| b.is_ascii_lowercase()) && digits.bytes().any(|b| b.is_ascii_uppercase());
    let checksummed = address.to_checksum(None);
    if mixed && checksummed != text {
        return Err(format!("its checksum (EIP-55) is wrong; if no digit is mistyped it is {checksummed}"));
    }
    Ok(address)
}
