//! The ballots file as it is written: what its fields may look like.
//!
//! Generous in form: a number with or without quotes, `null` for what is not known, fields for people. Strict in meaning:
//! a key written twice, a field nobody knows and a number that cannot be exact are refused by the reader, with the line.

use std::{collections::BTreeMap, fmt, marker::PhantomData};

use num_traits::ToPrimitive;
use serde::{Deserialize, Deserializer, de};

use crate::{Choice, Date, Event, Rational, SPLIT_PARTS, Shares, Totals, Voter, number};

/// The file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    pub(crate) matter: Option<String>,
    pub(crate) as_of: Option<Date>,
    pub(crate) opened: Option<Date>,
    pub(crate) notified: Option<Date>,
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) members: Vec<WrittenMember>,
    pub(crate) present: Option<Vec<String>>,
    pub(crate) ballots: Option<Unique<Option<WrittenBallot>>>,
    pub(crate) instruments: Option<Unique<Option<Date>>>,
    pub(crate) objections: Option<Unique<Option<Date>>>,
    pub(crate) tallies: Option<Unique<WrittenTotals>>,
    pub(crate) quorum: Option<Number>,
    /// For people, like the rest.
    #[serde(rename = "source")]
    _source: Option<de::IgnoredAny>,
    #[serde(rename = "note")]
    _note: Option<de::IgnoredAny>,
    #[serde(rename = "rule")]
    _rule: Option<de::IgnoredAny>,
    #[serde(rename = "id")]
    _id: Option<de::IgnoredAny>,
    #[serde(rename = "name")]
    _name: Option<de::IgnoredAny>,
    #[serde(rename = "title")]
    _title: Option<de::IgnoredAny>,
    #[serde(rename = "description")]
    _description: Option<de::IgnoredAny>,
    #[serde(rename = "comment")]
    _comment: Option<de::IgnoredAny>,
}

impl Written {
    /// Totals by name.
    pub(crate) fn tallies(&self) -> impl Iterator<Item = (&str, Totals)> {
        let tallies = self.tallies.iter().flat_map(|tallies| &tallies.0);
        tallies.map(|(name, totals)| (name.as_str(), totals.accept()))
    }
}

/// Who has an entry.
pub(crate) fn keys<T>(map: &Option<Unique<T>>) -> Vec<&String> {
    map.iter().flat_map(|map| map.0.keys()).collect()
}

/// The entries that say something.
pub(crate) fn given<T>(map: &Option<Unique<Option<T>>>) -> impl Iterator<Item = (&str, &T)> {
    let entries = map.iter().flat_map(|map| &map.0);
    entries.filter_map(|(id, value)| Some((id.as_str(), value.as_ref()?)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WrittenMember {
    pub(crate) id: String,
    kind: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    classes: Vec<String>,
    weights: Option<Unique<Option<Number>>>,
    /// For people, like the rest.
    #[serde(rename = "name")]
    _name: Option<de::IgnoredAny>,
    #[serde(rename = "note")]
    _note: Option<de::IgnoredAny>,
    #[serde(rename = "source")]
    _source: Option<de::IgnoredAny>,
}

impl From<WrittenMember> for Voter {
    fn from(member: WrittenMember) -> Self {
        let weights = member.weights.into_iter().flat_map(|weights| weights.0);
        // A regional economic integration organisation is an organisation of states.
        let kind = member.kind.map(|kind| if kind == "reio" { "igo".to_owned() } else { kind });
        Self {
            id: member.id,
            kind: kind.unwrap_or_else(|| "state".to_owned()),
            classes: member.classes,
            weights: weights.filter_map(|(name, weight)| Some((name, weight?.0))).collect(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WrittenTotals {
    yes: Option<Number>,
    no: Option<Number>,
    abstain: Option<Number>,
    veto: Option<Number>,
    total: Option<Number>,
}

impl WrittenTotals {
    fn accept(&self) -> Totals {
        let number = |number: &Option<Number>| number.as_ref().map(|number| number.0.clone());
        Totals {
            yes: number(&self.yes).unwrap_or_default(),
            no: number(&self.no).unwrap_or_default(),
            abstain: number(&self.abstain).unwrap_or_default(),
            veto: number(&self.veto).unwrap_or_default(),
            total: number(&self.total),
        }
    }
}

/// A number, in quotes or not.
pub(crate) struct Number(pub(crate) Rational);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        number::lenient::deserialize(from).map(Self)
    }
}

fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Option::<T>::deserialize(from).map(Option::unwrap_or_default)
}

/// A ballot: a choice, or shares of one such as `{ "yes": "3/5", "no": "2/5" }`, also in percents or in parts of [`SPLIT_PARTS`].
pub(crate) struct WrittenBallot(pub(crate) Event);

impl<'de> Deserialize<'de> for WrittenBallot {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = WrittenBallot;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "yes, no, abstain, veto, or shares of them such as { \"yes\": \"3/5\", \"no\": \"2/5\" }",
                )
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<WrittenBallot, E> {
                let choice = Choice::deserialize(de::value::StrDeserializer::new(text))?;
                Ok(WrittenBallot(Event::Ballot(choice)))
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<WrittenBallot, A::Error> {
                let mut shares: BTreeMap<Choice, Rational> = BTreeMap::new();
                while let Some(choice) = map.next_key::<Choice>()? {
                    if shares.insert(choice, map.next_value::<Number>()?.0).is_some() {
                        return Err(de::Error::custom("a choice appears twice in one ballot"));
                    }
                }
                split(&shares).map(WrittenBallot).ok_or_else(|| {
                    de::Error::custom(format_args!(
                        "shares of a ballot sum to 1, percents to 100 with two decimals at most, parts to {SPLIT_PARTS}"
                    ))
                })
            }
        }
        from.deserialize_any(Visitor)
    }
}

/// What percents of a ballot sum to.
const PERCENTS: u16 = 100;

fn split(shares: &BTreeMap<Choice, Rational>) -> Option<Event> {
    let sum: Rational = shares.values().sum();
    // What they sum to says what they are: parts, percents or shares.
    let all = Rational::from_integer(SPLIT_PARTS.into());
    let scale =
        [all.clone(), Rational::from_integer(PERCENTS.into())].into_iter().find(|whole| sum == *whole);
    let scale = scale.map_or_else(|| all.clone(), |whole| &all / whole);
    let part = |choice| {
        let share = shares.get(&choice).cloned().unwrap_or_default() * &scale;
        if share.is_integer() { share.to_integer().to_u16() } else { None }
    };
    let [yes, no, abstain, veto] = Choice::ALL;
    let parts = [part(yes)?, part(no)?, part(abstain)?, part(veto)?];
    Shares::new(parts).ok().map(Event::Split)
}

/// A map that refuses a key written twice: the second ballot of a member must not replace the first unseen.
pub(crate) struct Unique<T>(pub(crate) BTreeMap<String, T>);

impl<T> Default for Unique<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Unique<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> de::Visitor<'de> for Visitor<T> {
            type Value = Unique<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Unique<T>, A::Error> {
                let mut entries = BTreeMap::new();
                while let Some(key) = map.next_key::<String>()? {
                    if entries.contains_key(&key) {
                        return Err(de::Error::custom(format_args!("`{key}` appears twice")));
                    }
                    entries.insert(key, map.next_value()?);
                }
                Ok(Unique(entries))
            }
        }
        from.deserialize_map(Visitor(PhantomData))
    }
}

/// A name: a plain string, which is English, or one by language.
pub(crate) fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    struct Name;

    impl<'de> de::Visitor<'de> for Name {
        type Value = BTreeMap<String, String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a name, or names by language such as { en = \"…\", zh = \"…\" }")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
            Ok(BTreeMap::from([("en".to_owned(), text.to_owned())]))
        }

        fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            BTreeMap::deserialize(de::value::MapAccessDeserializer::new(map))
        }
    }

    deserializer.deserialize_any(Name)
}
