//! Decision rules, as a charter states them and as the chain stores them.
//!
//! One type reads both: TOML in a charter or a rule file, and JSON in its canonical form on chain. Unknown fields are
//! refused, because a rule that is half understood decides wrongly.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    Choice, Delay, Effective, Error, Formula, Limb, MovingQuorum, Numerator, Problem, Severity, Silence,
    Voter, written,
};

/// Most limbs of a rule. Source: the longest real rule known to us has three.
pub const LIMBS_MAX: usize = 16;
/// Most veto sets of a rule.
pub const VETOES_MAX: usize = 4;
/// Most kinds, classes or matters in one list.
pub const LIST_MAX: usize = 32;
/// Longest canonical form. Units: bytes.
pub const RULE_JSON_MAX: usize = 16 * 1024;

/// A decision rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its id: ASCII letters, digits, `-`, `_`. Whoever reads a file without one names it.
    #[serde(default)]
    pub id: String,
    /// Its name by language (`en`, `zh`); a plain string is the name in English.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "written::name")]
    pub name: BTreeMap<String, String>,
    /// The legal text it states.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Matters it tells apart, the first by default; empty: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub matters: Vec<String>,
    /// Kinds that count in no limb and hold no veto, because their members already do.
    ///
    /// Source: for example Paris Agreement, Article 21(4).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_additional: Vec<String>,
    /// The limbs, `[[limb]]` in TOML.
    #[serde(default, rename = "limb", skip_serializing_if = "Vec::is_empty")]
    pub limbs: Vec<Limb>,
    /// How the limbs combine; absent: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passes: Option<Formula>,
    /// Whether the limbs state what rejects: a decision is adopted unless they are met.
    ///
    /// Source: for example Regulation (EU) 1173/2011, Article 4(2): deemed adopted unless the Council rejects it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub reverse: bool,
    /// How the quorum follows past participation, for limbs with `threshold = ">= quorum"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quorum: Option<MovingQuorum>,
    /// Whether and until when silence consents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silence: Option<Silence>,
    /// Who may stop a decision alone, `[[veto]]` in TOML.
    #[serde(default, rename = "veto", skip_serializing_if = "Vec::is_empty")]
    pub vetoes: Vec<Veto>,
    /// Ballots are counted until this long after `opened`, in a ballots file that gives the day. On chain, the chamber
    /// sets the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Delay>,
    /// When an adopted decision takes effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective: Option<Effective>,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde asks for a reference
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// Members whose single ballot stops a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Veto {
    /// Matters it is for; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub matters: Vec<String>,
    /// Kinds that hold it; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<String>,
    /// Held by members of at least one of these classes; empty: of any or none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
    /// Ballots that use it. A ballot of `abstain` listed here makes abstention a veto.
    #[serde(default = "Veto::by_default")]
    pub by: Vec<Choice>,
    /// Whether a holder that has cast no ballot when the vote closes uses it too.
    #[serde(default, skip_serializing_if = "is_false")]
    pub absent: bool,
    /// Whether only those present hold it, in a ballots file that lists them. On chain whoever casts a ballot is present.
    #[serde(default, skip_serializing_if = "is_false")]
    pub present: bool,
    /// First half of the reason reported, before the members' ids: `veto:RUS`.
    #[serde(default = "Veto::reason_default")]
    pub reason: String,
}

impl Veto {
    fn by_default() -> Vec<Choice> {
        vec![Choice::No, Choice::Veto]
    }

    fn reason_default() -> String {
        "veto".to_owned()
    }

    /// Whether `voter` holds it.
    #[must_use]
    pub fn is_held_by(&self, voter: &Voter) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&voter.kind))
            && (self.classes.is_empty() || self.classes.iter().any(|class| voter.classes.contains(class)))
    }
}

/// What a rule is fed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// Ballots only.
    Ballots,
    /// Instruments only.
    Instruments,
    /// Both: adopt, then ratify.
    Both,
}

impl Rule {
    /// Reads the canonical form, and refuses a rule with mistakes.
    ///
    /// # Errors
    /// [`Error::Json`] if it does not read, [`Error::Rule`] with every mistake found by [`Self::check`].
    pub fn from_json(json: &str) -> Result<Self, Error> {
        if json.len() > RULE_JSON_MAX {
            return Err(Error::Json(format!("it is longer than {RULE_JSON_MAX} bytes")));
        }
        let rule: Self = serde_json::from_str(json).map_err(|e| Error::Json(e.to_string()))?;
        let problems: Vec<Problem> =
            rule.check().into_iter().filter(|p| p.severity == Severity::Error).collect();
        if problems.is_empty() { Ok(rule) } else { Err(Error::Rule(problems)) }
    }

    /// The one JSON text of this rule, the same on every node: fields in order of declaration, defaults left out.
    #[must_use]
    pub fn canonical_json(&self) -> String {
        serde_json::to_string(self).expect("strings, numbers and lists with string keys always serialize")
    }

    /// The rule with `matter` as its default matter; unchanged without one, or if it tells no matters apart.
    ///
    /// # Errors
    /// [`Error::Mismatch`] names the matters there are.
    pub fn for_matter(&self, matter: Option<&str>) -> Result<Self, Error> {
        let mut rule = self.clone();
        let Some(matter) = matter.filter(|_| !self.matters.is_empty()) else { return Ok(rule) };
        let Some(chosen) = rule.matters.iter().position(|known| known == matter) else {
            let message =
                format!("rule `{}` has no matter `{matter}`; it has {}", self.id, self.matters.join(", "));
            return Err(Error::Mismatch { path: vec!["matter".to_owned()], message });
        };
        rule.matters.swap(0, chosen);
        Ok(rule)
    }

    /// The limbs that apply: those for the default matter, the first.
    pub fn judged(&self) -> impl Iterator<Item = &Limb> + Clone {
        self.limbs.iter().filter(|limb| self.applies(&limb.matters))
    }

    /// The vetoes that apply.
    pub fn vetoes_judged(&self) -> impl Iterator<Item = &Veto> + Clone {
        self.vetoes.iter().filter(|veto| self.applies(&veto.matters))
    }

    fn applies(&self, matters: &[String]) -> bool {
        matters.is_empty() || self.matters.first().is_some_and(|matter| matters.contains(matter))
    }

    /// Whether `voter` counts in `limb` under this rule.
    #[must_use]
    pub fn counts(&self, limb: &Limb, voter: &Voter) -> bool {
        self.is_additional(voter) && limb.counts(voter)
    }

    pub(crate) fn is_additional(&self, voter: &Voter) -> bool {
        !self.not_additional.contains(&voter.kind)
    }

    /// What the limbs that apply are fed with.
    #[must_use]
    pub fn basis(&self) -> Basis {
        let by_instruments = |limb: &Limb| limb.numerator == Numerator::Instruments;
        if self.vetoes_judged().next().is_none() && self.judged().all(by_instruments) {
            Basis::Instruments
        } else if self.judged().any(by_instruments) {
            Basis::Both
        } else {
            Basis::Ballots
        }
    }

    /// Names of the weights that limbs use, over all matters.
    #[must_use]
    pub fn weights_used(&self) -> BTreeSet<&str> {
        self.limbs.iter().filter_map(|limb| limb.weight.name()).collect()
    }

    /// Kinds that the rule names, over all matters.
    #[must_use]
    pub fn kinds_used(&self) -> BTreeSet<&str> {
        let limbs = self.limbs.iter().flat_map(|limb| &limb.kinds);
        let vetoes = self.vetoes.iter().flat_map(|veto| &veto.kinds);
        limbs.chain(vetoes).chain(&self.not_additional).map(String::as_str).collect()
    }

    /// Classes that the rule names, over all matters.
    #[must_use]
    pub fn classes_used(&self) -> BTreeSet<&str> {
        let limbs = self.limbs.iter().flat_map(|limb| limb.classes.iter().chain(&limb.not_classes));
        let vetoes = self.vetoes.iter().flat_map(|veto| &veto.classes);
        let terms = self.silence.iter().flat_map(|silence| &silence.others).map(|other| &other.class);
        limbs.chain(vetoes).chain(terms).map(String::as_str).collect()
    }

    /// Names of the totals that limbs can be read from, over all matters. Only a ballots file has totals: a limb that
    /// names some without a `weight` of members cannot be counted on chain.
    #[must_use]
    pub fn tallies_used(&self) -> BTreeSet<&str> {
        self.limbs.iter().filter_map(|limb| limb.tally.as_deref()).collect()
    }
}
