//! The ballots file of `polity decide`: who may decide, and what they did.
//!
//! Rule kept: a file that says something twice, or about someone who is no member, is refused with the line; nothing
//! is skipped in silence, because a ballot that does not count should be noticed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    marker::PhantomData,
};

use serde::{Deserialize, Deserializer, de};

use crate::{
    Choice, Counts, Date, Error, Event, InputFile, Mistake, Rational, Voter, error::line_column, locate,
    number, parse_rational,
};

/// Longest ballots file. Units: bytes.
pub const BALLOTS_LEN_MAX: usize = 64 * 1024 * 1024;
/// Most mistakes listed.
pub const MISTAKES_MAX: usize = 100;

/// A ballots file, checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BallotsFile {
    /// The matter put to the vote.
    pub matter: Option<String>,
    /// The day to judge as of; instruments of later days do not count.
    pub as_of: Option<Date>,
    /// The day the vote opened.
    pub opened: Option<Date>,
    /// The day the text was notified.
    pub notified: Option<Date>,
    /// The electorate.
    pub members: Vec<Voter>,
    /// Who was present; `None`: whoever cast a ballot.
    pub present: Option<BTreeSet<String>>,
    /// Ballots by member.
    pub ballots: BTreeMap<String, Event>,
    /// Days of deposit by member.
    pub instruments: BTreeMap<String, Date>,
    /// Days of objection by member.
    pub objections: BTreeMap<String, Date>,
    /// Totals by name, where only totals are known.
    pub tallies: BTreeMap<String, Totals>,
    /// Quorum of the period, for rules whose quorum follows past participation.
    pub quorum: Option<Rational>,
}

/// Totals of a vote of which the single ballots are not known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// In favour.
    #[serde(default, with = "number")]
    pub yes: Rational,
    /// Against.
    #[serde(default, with = "number")]
    pub no: Rational,
    /// Abstaining.
    #[serde(default, with = "number")]
    pub abstain: Rational,
    /// Against with veto.
    #[serde(default, with = "number")]
    pub veto: Rational,
    /// Of all who could vote. A rule that needs it refuses totals without it.
    #[serde(default, deserialize_with = "maybe_number")]
    pub total: Option<Rational>,
}

impl Totals {
    /// The same as sums of a limb. Without a total, whoever voted is all there is.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts {
            yes: self.yes.clone(),
            no: self.no.clone(),
            abstain: self.abstain.clone(),
            veto: self.veto.clone(),
            ..Counts::default()
        };
        counts.members = self.total.clone().unwrap_or_else(|| counts.cast());
        counts
    }
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    matter: Option<String>,
    as_of: Option<Date>,
    opened: Option<Date>,
    notified: Option<Date>,
    #[serde(default)]
    members: Vec<WrittenMember>,
    present: Option<Vec<String>>,
    #[serde(default)]
    ballots: Unique<Choice>,
    #[serde(default)]
    instruments: Unique<Date>,
    #[serde(default)]
    objections: Unique<Date>,
    #[serde(default)]
    tallies: Unique<Totals>,
    #[serde(default, deserialize_with = "maybe_number")]
    quorum: Option<Rational>,
    /// For people.
    #[serde(rename = "source")]
    _source: Option<de::IgnoredAny>,
    /// For people.
    #[serde(rename = "note")]
    _note: Option<de::IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenMember {
    id: String,
    #[serde(default = "kind_default")]
    kind: String,
    #[serde(default)]
    classes: Vec<String>,
    #[serde(default)]
    weights: Unique<Option<Number>>,
    /// For people.
    #[serde(rename = "name")]
    _name: Option<de::IgnoredAny>,
}

fn kind_default() -> String {
    "state".to_owned()
}

struct Number(Rational);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        number::deserialize(from).map(Self)
    }
}

fn maybe_number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Rational>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    text.map(|text| parse_rational(&text).map_err(de::Error::custom)).transpose()
}

/// A map that refuses a key written twice: the second ballot of a member must not replace the first unseen.
struct Unique<T>(BTreeMap<String, T>);

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

impl BallotsFile {
    /// Reads and checks a ballots file.
    ///
    /// # Errors
    /// [`Error::File`] with line and column of the first thing that does not read, or else of everything that means
    /// nothing: a member listed twice, a ballot of someone who is no member, totals that exceed their total.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.len() > BALLOTS_LEN_MAX {
            let message = format!("the file is longer than {BALLOTS_LEN_MAX} bytes");
            return Err(ballots_error(vec![Mistake { line: 1, column: 1, message, hint: None }]));
        }
        let written: Written = serde_json::from_str(text).map_err(|e| ballots_error(vec![from_json(&e)]))?;
        let mistakes: Vec<Mistake> = written
            .mistakes()
            .into_iter()
            .take(MISTAKES_MAX)
            .map(|(path, message)| mistake_at(text, &path, message))
            .collect();
        if mistakes.is_empty() { Ok(written.accept()) } else { Err(ballots_error(mistakes)) }
    }
}

impl Written {
    /// What reads but means nothing: path and message.
    fn mistakes(&self) -> Vec<(Vec<String>, String)> {
        let mut found = Vec::new();
        let mut ids = BTreeSet::new();
        for (i, member) in self.members.iter().enumerate() {
            if member.id.is_empty() {
                found.push((path(&["members", &i.to_string(), "id"]), "a member needs an id".to_owned()));
            } else if !ids.insert(member.id.as_str()) {
                let message = format!("member `{}` is listed twice", member.id);
                found.push((path(&["members", &i.to_string(), "id"]), message));
            }
        }
        let named = [
            ("ballots", self.ballots.0.keys().collect::<Vec<_>>()),
            ("instruments", self.instruments.0.keys().collect()),
            ("objections", self.objections.0.keys().collect()),
        ];
        for (field, names) in named {
            for name in names.into_iter().filter(|name| !ids.contains(name.as_str())) {
                found.push((path(&[field, name]), format!("`{name}` is not among the members")));
            }
        }
        let mut seen = BTreeSet::new();
        for (i, name) in self.present.iter().flatten().enumerate() {
            let at = path(&["present", &i.to_string()]);
            if !ids.contains(name.as_str()) {
                found.push((at, format!("`{name}` is not among the members")));
            } else if !seen.insert(name) {
                found.push((at, format!("`{name}` appears twice")));
            }
        }
        for (name, totals) in &self.tallies.0 {
            let counts = totals.counts();
            if counts.cast() > counts.members {
                let message = format!("the ballots of `{name}` are {}, more than its total", counts.cast());
                found.push((path(&["tallies", name]), message));
            }
        }
        if self.members.is_empty() && self.tallies.0.is_empty() {
            found.push((Vec::new(), "there are neither members nor tallies: nobody could decide".to_owned()));
        }
        found
    }

    fn accept(self) -> BallotsFile {
        let weights = |weights: Unique<Option<Number>>| {
            weights.0.into_iter().filter_map(|(name, weight)| Some((name, weight?.0))).collect()
        };
        let member = |m: WrittenMember| Voter {
            id: m.id,
            kind: m.kind,
            classes: m.classes,
            weights: weights(m.weights),
        };
        BallotsFile {
            matter: self.matter,
            as_of: self.as_of,
            opened: self.opened,
            notified: self.notified,
            members: self.members.into_iter().map(member).collect(),
            present: self.present.map(|present| present.into_iter().collect()),
            ballots: self.ballots.0.into_iter().map(|(id, choice)| (id, choice.into())).collect(),
            instruments: self.instruments.0,
            objections: self.objections.0,
            tallies: self.tallies.0,
            quorum: self.quorum,
        }
    }
}

fn path(segments: &[&str]) -> Vec<String> {
    segments.iter().map(|segment| (*segment).to_owned()).collect()
}

pub(crate) fn mistake_at(text: &str, path: &[String], message: String) -> Mistake {
    let (line, column) = line_column(text, locate::in_json(text, path));
    Mistake { line, column, message, hint: None }
}

pub(crate) const fn ballots_error(mistakes: Vec<Mistake>) -> Error {
    Error::File { file: InputFile::Ballots, mistakes }
}

fn from_json(error: &serde_json::Error) -> Mistake {
    let full = error.to_string();
    // serde_json appends the place, which is reported apart.
    let message = full.rsplit_once(" at line ").map_or(full.as_str(), |(message, _)| message).to_owned();
    let hint = (message.contains("expected a string") && message.contains("invalid type: "))
        .then(|| "numbers are written in quotes, so that they stay exact: \"9131761\"".to_owned())
        .filter(|_| message.contains("integer") || message.contains("float"));
    Mistake { line: error.line().max(1), column: error.column().max(1), message, hint }
}
