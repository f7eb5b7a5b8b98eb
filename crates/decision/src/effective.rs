//! When an adopted decision takes effect. Deliberately absent: for whom. A treaty says that, by its clauses; where
//! silence consents, [`crate::Silence`] does.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{Date, Delay, Rule};

/// When an adopted decision takes effect. Written `"30d"`, `{ on = "2019-01-01", otherwise = "90d" }` or
/// `{ after = "6mo", from = "notified", not_before = "2025-01-01" }`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effective {
    /// On this day, for a decision reached by it.
    pub on: Option<Date>,
    /// Else so long after the decision.
    pub after: Delay,
    /// What `after` is counted from.
    pub from: Since,
    /// Never before this day.
    pub not_before: Option<Date>,
}

/// What a delay is counted from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Since {
    /// The day of the decision.
    #[default]
    Decided,
    /// The day it was notified, where that is known; else the day of the decision.
    Notified,
}

impl Rule {
    /// The day a decision of `decided_on` takes effect, where the rule says.
    #[must_use]
    pub fn effective_on(&self, decided_on: Date) -> Option<Date> {
        self.effective_on_notice(decided_on, None)
    }

    /// The same for a text that was notified on `notified`.
    #[must_use]
    pub fn effective_on_notice(&self, decided_on: Date, notified: Option<Date>) -> Option<Date> {
        let effective = self.effective?;
        let counted_from = match effective.from {
            Since::Decided => decided_on,
            Since::Notified => notified.unwrap_or(decided_on),
        };
        let day =
            effective.on.filter(|on| decided_on <= *on).or_else(|| counted_from.after(effective.after))?;
        Some(effective.not_before.map_or(day, |not_before| day.max(not_before)))
    }
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    on: Option<Date>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    otherwise: Option<Delay>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<Delay>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<Since>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not_before: Option<Date>,
}

impl Serialize for Effective {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Self { on, after, from, not_before } = *self;
        if on.is_none() && from == Since::Decided && not_before.is_none() {
            return after.serialize(to);
        }
        let from = (from != Since::Decided).then_some(from);
        let (otherwise, after) = if on.is_some() { (Some(after), None) } else { (None, Some(after)) };
        Written { on, otherwise, after, from, not_before }.serialize(to)
    }
}

impl<'de> Deserialize<'de> for Effective {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Effective;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a delay such as \"30d\", { on = \"2019-01-01\", otherwise = \"90d\" } or { after = \"90d\", not_before = \"2019-01-01\" }",
                )
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Effective, E> {
                let after = text.parse().map_err(E::custom)?;
                Ok(Effective { on: None, after, from: Since::Decided, not_before: None })
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Effective, A::Error> {
                let written = Written::deserialize(de::value::MapAccessDeserializer::new(map))?;
                let after = match (written.on, written.otherwise, written.after) {
                    (Some(_), Some(otherwise), None) => otherwise,
                    (None, None, Some(after)) => after,
                    _ => return Err(de::Error::custom("write on and otherwise, or after")),
                };
                let from = written.from.unwrap_or_default();
                Ok(Effective { on: written.on, after, from, not_before: written.not_before })
            }
        }
        from.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(effective: &str) -> Rule {
        let text = format!(
            "id = \"x\"\neffective = {effective}\n[[limb]]\nname = \"p\"\nnumerator = \"instruments\"\nthreshold = \">= 1\"\n"
        );
        Rule::from_toml(&text).unwrap()
    }

    #[test]
    fn days_of_effect() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        for (effective, decided, notified, expected) in [
            (r#""30d""#, "2016-10-05", None, "2016-11-04"),
            (r#"{ on = "2019-01-01", otherwise = "90d" }"#, "2018-12-31", None, "2019-01-01"),
            (r#"{ on = "2019-01-01", otherwise = "90d" }"#, "2019-01-02", None, "2019-04-02"),
            (r#"{ after = "90d", not_before = "2019-01-01" }"#, "2017-11-17", None, "2019-01-01"),
            (r#"{ after = "90d", not_before = "2019-01-01" }"#, "2018-12-31", None, "2019-03-31"),
            (r#"{ after = "6mo", from = "notified" }"#, "2018-12-31", Some("2019-01-31"), "2019-07-31"),
            (r#"{ after = "6mo", from = "notified" }"#, "2018-12-31", None, "2019-06-30"),
        ] {
            let rule = rule(effective);
            let got = rule.effective_on_notice(day(decided), notified.map(day)).unwrap();
            assert_eq!(got, day(expected), "{effective} {decided}");
            assert_eq!(Rule::from_json(&rule.canonical_json()).unwrap(), rule);
        }
    }
}
