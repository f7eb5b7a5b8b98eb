//! How limbs combine: all of, any of, nested. And the three verdicts of a condition that is still open.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de, ser::SerializeMap};

/// Deepest nesting of [`Formula`].
pub const FORMULA_DEPTH_MAX: usize = 6;

/// Whether a condition holds, with what can still happen taken into account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds and will.
    Met,
    /// It does not hold and cannot any more.
    Unmet,
    /// It can still go either way.
    Open,
}

/// Limbs by name, joined. Written `"parties"`, `{ all = ["parties", "emissions"] }` or `{ any = [ … ] }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Formula {
    /// The limb of this name. A limb of another matter is passed over.
    Limb(String),
    /// Every one.
    All(Vec<Formula>),
    /// At least one.
    Any(Vec<Formula>),
}

impl Formula {
    /// Its verdict, or `None` if it names no limb that `verdict_of` knows. Callers keep the depth bounded.
    pub(crate) fn verdict(&self, verdict_of: &dyn Fn(&str) -> Option<Verdict>) -> Option<Verdict> {
        match self {
            Self::Limb(name) => verdict_of(name),
            Self::All(parts) => {
                join(parts.iter().filter_map(|part| part.verdict(verdict_of)), Verdict::Unmet)
            }
            Self::Any(parts) => join(parts.iter().filter_map(|part| part.verdict(verdict_of)), Verdict::Met),
        }
    }

    /// Levels of nesting; a bare name is 1.
    #[must_use]
    pub fn depth(&self) -> usize {
        match self {
            Self::Limb(_) => 1,
            Self::All(parts) | Self::Any(parts) => {
                parts.iter().map(Self::depth).max().unwrap_or(0).saturating_add(1)
            }
        }
    }

    /// The names in it, in order.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        match self {
            Self::Limb(name) => vec![name],
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::names).collect(),
        }
    }

    pub(crate) fn has_empty_part(&self) -> bool {
        match self {
            Self::Limb(_) => false,
            Self::All(parts) | Self::Any(parts) => parts.is_empty() || parts.iter().any(Self::has_empty_part),
        }
    }
}

/// Joins verdicts: `decisive` (Unmet for all-of, Met for any-of) wins, then Open, then the other one.
pub(crate) fn join(verdicts: impl Iterator<Item = Verdict>, decisive: Verdict) -> Option<Verdict> {
    verdicts.reduce(|a, b| match (a, b) {
        (a, b) if a == decisive || b == decisive => decisive,
        (Verdict::Open, _) | (_, Verdict::Open) => Verdict::Open,
        (a, _) => a,
    })
}

impl Serialize for Formula {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let (key, parts) = match self {
            Self::Limb(name) => return to.serialize_str(name),
            Self::All(parts) => ("all", parts),
            Self::Any(parts) => ("any", parts),
        };
        let mut map = to.serialize_map(Some(1))?;
        map.serialize_entry(key, parts)?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for Formula {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Formula;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a limb, { all = [..] } or { any = [..] }")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Formula, E> {
                Ok(Formula::Limb(name.to_owned()))
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Formula, A::Error> {
                let formula = match map.next_key::<String>()?.as_deref() {
                    Some("all") => Formula::All(map.next_value()?),
                    Some("any") => Formula::Any(map.next_value()?),
                    Some(other) => return Err(de::Error::unknown_field(other, &["all", "any"])),
                    None => return Err(de::Error::invalid_length(0, &self)),
                };
                match map.next_key::<String>()? {
                    None => Ok(formula),
                    Some(_) => Err(de::Error::custom("write one of all and any, not both")),
                }
            }
        }
        from.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Verdict::{Met, Open, Unmet};

    #[test]
    fn open_conditions_join_by_kleene() {
        for (parts, all, any) in [
            (vec![Met, Met], Met, Met),
            (vec![Met, Open], Open, Met),
            (vec![Open, Unmet], Unmet, Open),
            (vec![Unmet, Met, Open], Unmet, Met),
            (vec![Unmet, Unmet], Unmet, Unmet),
        ] {
            assert_eq!(join(parts.iter().copied(), Unmet), Some(all), "all of {parts:?}");
            assert_eq!(join(parts.iter().copied(), Met), Some(any), "any of {parts:?}");
        }
        assert_eq!(join(std::iter::empty(), Met), None);
    }

    #[test]
    fn nested_formulas_read_and_pass_over_unknown_limbs() {
        let formula: Formula = serde_json::from_str(r#"{"all":["a",{"any":["b","c"]}]}"#).unwrap();
        let verdict = |name: &str| match name {
            "a" => Some(Met),
            "c" => Some(Unmet),
            _ => None,
        };
        assert_eq!(formula.verdict(&verdict), Some(Unmet));
        assert_eq!((formula.depth(), formula.names()), (3, vec!["a", "b", "c"]));
        assert_eq!(serde_json::to_string(&formula).unwrap(), r#"{"all":["a",{"any":["b","c"]}]}"#);
        for text in [r#"{"all":[],"any":[]}"#, r#"{"none":["a"]}"#, "{}", "3"] {
            assert!(serde_json::from_str::<Formula>(text).is_err(), "{text}");
        }
    }
}
