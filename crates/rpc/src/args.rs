//! Parameters of a request: positional, or by name, each wrong one named in the error.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::error::Failure;

/// The parameters of one request, in the order of the method's names.
pub(crate) struct Args<'a> {
    names: &'static [&'static str],
    values: Vec<Option<&'a RawValue>>,
}

impl<'a> Args<'a> {
    /// Splits `raw` (`[…]`, `{…}` or nothing) into the parameters `names`.
    pub(crate) fn parse(raw: Option<&'a str>, names: &'static [&'static str]) -> Result<Self, Failure> {
        let text = raw.map_or("", str::trim_start);
        let values = match text.as_bytes().first() {
            None | Some(b'n') => Vec::new(),
            Some(b'[') => {
                let values: Vec<&RawValue> =
                    serde_json::from_str(text).map_err(|e| Failure::params(plain(&e)))?;
                if values.len() > names.len() {
                    return Err(Failure::params(format!(
                        "too many arguments, want at most {}{}",
                        names.len(),
                        list(names)
                    )));
                }
                values.into_iter().map(Some).collect()
            }
            Some(b'{') => by_name(text, names)?,
            Some(_) => return Err(Failure::params("parameters must be an array")),
        };
        Ok(Self { names, values })
    }

    fn name(&self, index: usize) -> &'static str {
        self.names.get(index).copied().unwrap_or("?")
    }

    /// The parameter `index`, which must be given.
    pub(crate) fn get<T: DeserializeOwned>(&self, index: usize) -> Result<T, Failure> {
        self.opt(index)?.ok_or_else(|| {
            Failure::params(format!("missing value for required argument {index} ({})", self.name(index)))
        })
    }

    /// The parameter `index`, or `None` if it is absent or `null`.
    pub(crate) fn opt<T: DeserializeOwned>(&self, index: usize) -> Result<Option<T>, Failure> {
        let Some(raw) = self.values.get(index).copied().flatten().map(RawValue::get) else { return Ok(None) };
        if raw == "null" {
            return Ok(None);
        }
        serde_json::from_str(raw).map(Some).map_err(|e| {
            Failure::params(format!("invalid argument {index} ({}): {}", self.name(index), plain(&e)))
        })
    }

    /// A failure about the parameter `index`.
    pub(crate) fn wrong(&self, index: usize, why: impl std::fmt::Display) -> Failure {
        Failure::params(format!("invalid argument {index} ({}): {why}", self.name(index)))
    }
}

fn by_name<'a>(text: &'a str, names: &'static [&'static str]) -> Result<Vec<Option<&'a RawValue>>, Failure> {
    let mut given: BTreeMap<String, &RawValue> =
        serde_json::from_str(text).map_err(|e| Failure::params(plain(&e)))?;
    let values = names.iter().map(|name| given.remove(*name)).collect();
    match given.keys().next() {
        None => Ok(values),
        Some(unknown) => Err(Failure::params(format!("unknown argument `{unknown}`{}", list(names)))),
    }
}

fn list(names: &[&str]) -> String {
    if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) }
}

/// serde's message without its position, which is one inside the parameter and helps no one.
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rfind(" at line ").and_then(|end| text.get(..end)).unwrap_or(&text).to_owned()
}

/// A number as clients send it: `"0x1f"`, `"31"` or `31`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quantity(pub(crate) u64);

impl<'de> serde::Deserialize<'de> for Quantity {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(untagged, expecting = "expected a number as 0x… or decimal")]
        enum Form {
            Number(u64),
            Text(String),
        }
        let text = match Form::deserialize(deserializer)? {
            Form::Number(number) => return Ok(Self(number)),
            Form::Text(text) => text,
        };
        let parsed = match text.strip_prefix("0x") {
            Some(hex) => u64::from_str_radix(hex, 16),
            None => text.parse(),
        };
        parsed.map(Self).map_err(|e| serde::de::Error::custom(format!("`{text}` is not a number: {e}")))
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::Address;

    use super::*;

    const NAMES: &[&str] = &["address", "block"];

    fn message(raw: &str) -> String {
        let failure =
            Args::parse(Some(raw), NAMES).and_then(|args| args.get::<Address>(0)).expect_err("must fail");
        assert_eq!(failure.code, crate::error::INVALID_PARAMS);
        failure.message
    }

    #[test]
    fn wrong_parameters_are_named() {
        for (raw, expected) in [
            ("[]", "missing value for required argument 0 (address)"),
            ("[null]", "missing value for required argument 0 (address)"),
            ("", "missing value for required argument 0 (address)"),
            (r#"["0x12"]"#, "invalid argument 0 (address): "),
            ("[7]", "invalid argument 0 (address): "),
            ("[1,2,3]", "too many arguments, want at most 2: address, block"),
            (r#"{"adress":"0x"}"#, "unknown argument `adress`: address, block"),
            ("7", "parameters must be an array"),
        ] {
            let got = message(raw);
            assert!(got.starts_with(expected), "{raw}: {got}");
            assert!(!got.contains("line 1"), "{got}");
        }
    }

    #[test]
    fn parameters_by_position_and_by_name_are_equal() {
        let address = Address::repeat_byte(7);
        for raw in [format!(r#"["{address}"]"#), format!(r#" {{"address":"{address}"}}"#)] {
            let args = Args::parse(Some(&raw), NAMES).expect("parses");
            assert_eq!(args.get::<Address>(0).expect("address"), address);
            assert_eq!(args.opt::<Address>(1).expect("absent"), None);
        }
    }

    #[test]
    fn quantities_take_every_usual_form() {
        for (json, expected) in [
            ("\"0x1f\"", Some(31)),
            ("\"31\"", Some(31)),
            ("31", Some(31)),
            ("\"0x\"", None),
            ("-1", None),
            ("\"0x1ffffffffffffffff\"", None),
        ] {
            assert_eq!(serde_json::from_str::<Quantity>(json).ok().map(|q| q.0), expected, "{json}");
        }
    }
}
