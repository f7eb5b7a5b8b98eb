//! What differs between two states, in words: members, rights, scores, rules, chambers, articles and their settlements, money.
//!
//! Rule kept: both states are asked the same questions, those that views answer, and what answers differently is named.
//! Nothing is inferred from what was called.

use core::fmt;
use std::collections::BTreeMap;

use alloy_primitives::U256;
use polity_charter::{Kind, Rights};
use polity_decision::Date;
use polity_primitives::{Address, StateChanges};

use crate::{
    articles,
    assembly::{self, money},
    constitution,
    host::Slots,
    names,
    registry::{self, MemberRecord},
    storage::View,
    treasury,
};

/// Most bytes of a value that is shown; longer ones, such as rules, end in an ellipsis.
const VALUE_BYTES_MAX: usize = 4_096;

/// Most settlements that are compared beside new ones: the newest.
const SETTLEMENTS_MAX: u64 = 1_000;

/// What subjects that are settings of the charter begin with.
const CHARTER: &str = "charter ";

/// Something that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Whose: `member FJI`, `rule two-thirds`.
    pub subject: String,
    /// Which of its properties; empty: its existence.
    pub what: String,
    /// Before; `None`: it was not there.
    pub before: Option<String>,
    /// After; `None`: it is gone.
    pub after: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { subject, what, before, after } = self;
        let gap = if what.is_empty() { "" } else { " " };
        match (before, after) {
            (None, Some(after)) if subject.starts_with(CHARTER) => write!(f, "{subject}: {after}"),
            (Some(before), Some(after)) => write!(f, "{subject}:{gap}{what} {after} (was {before})"),
            (None, Some(after)) => write!(f, "{subject}:{gap}{what} {after} (new)"),
            (Some(before), None) => write!(f, "{subject}:{gap}{what} is gone (was {before})"),
            (None, None) => write!(f, "{subject}:{gap}{what}"),
        }
    }
}

/// A state with changes over it.
pub struct Changed<'a> {
    below: &'a dyn Slots,
    changes: &'a StateChanges,
}

impl<'a> Changed<'a> {
    /// `below` after `changes`.
    #[must_use]
    pub const fn new(below: &'a dyn Slots, changes: &'a StateChanges) -> Self {
        Self { below, changes }
    }
}

impl Slots for Changed<'_> {
    fn slot(&self, account: Address, slot: U256) -> U256 {
        let change = self.changes.accounts.get(&account).and_then(|change| change.storage.get(&slot));
        change.map_or_else(|| self.below.slot(account, slot), |change| change.after)
    }
}

/// Properties by subject and name, in words.
type Facts = BTreeMap<(String, String), String>;

/// What `after` has otherwise than `before`, by subject. Amounts are in units of the currency `symbol`.
#[must_use]
pub fn differences(before: &dyn Slots, after: &dyn Slots, symbol: &str) -> Vec<Difference> {
    let since = articles::settlement_count(before).saturating_sub(SETTLEMENTS_MAX);
    let (old, new) = (facts(before, symbol, since), facts(after, symbol, since));
    let mut found = Vec::new();
    for (key, was) in &old {
        let now = new.get(key);
        if now != Some(was) {
            found.push(difference(key, Some(was), now));
        }
    }
    for (key, now) in new.iter().filter(|(key, _)| !old.contains_key(*key)) {
        found.push(difference(key, None, Some(now)));
    }
    found.extend(charter(before, after));
    found.sort_by(|a, b| (&a.subject, &a.what).cmp(&(&b.subject, &b.what)));
    found
}

/// What the amended charter says otherwise, setting by setting.
fn charter(before: &dyn Slots, after: &dyn Slots) -> Vec<Difference> {
    if constitution::version(before) == constitution::version(after) {
        return Vec::new();
    }
    let read = |slots: &dyn Slots| {
        let text = constitution::charter_text(slots)?;
        polity_charter::parse("charter", &text).ok().map(|checked| checked.charter)
    };
    let (Some(old), Some(new)) = (read(before), read(after)) else { return Vec::new() };
    let effects = polity_charter::diff(&old, &new).unwrap_or_default();
    let said = |effect: &polity_charter::Effect| Difference {
        subject: format!("{CHARTER}{}", effect.path()),
        what: String::new(),
        before: None,
        after: Some(shown(&effect.words(&old, &new))),
    };
    effects.iter().map(said).collect()
}

fn difference(key: &(String, String), before: Option<&String>, after: Option<&String>) -> Difference {
    let (subject, what) = key.clone();
    Difference {
        subject,
        what,
        before: before.map(|value| shown(value)),
        after: after.map(|value| shown(value)),
    }
}

fn shown(value: &str) -> String {
    if value.len() <= VALUE_BYTES_MAX {
        return value.to_owned();
    }
    let end = (0..=VALUE_BYTES_MAX).rev().find(|end| value.is_char_boundary(*end)).unwrap_or(0);
    format!("{}…", value.get(..end).unwrap_or_default())
}

fn facts(slots: &dyn Slots, symbol: &str, since: u64) -> Facts {
    let mut facts = Facts::new();
    put(&mut facts, "the charter", "version", constitution::version(slots).to_string());
    for member in registry::members(slots) {
        member_facts(&member, &mut facts);
    }
    let validators = registry::validators(slots);
    let validators: Vec<_> = validators.iter().map(|validator| validator.id.as_str()).collect();
    put(&mut facts, "the committee", "validators", validators.join(", "));
    let mut view = View::new(slots, polity_primitives::REGISTRY);
    for kind in Kind::ALL {
        let Ok(rights) = registry::registry().kind_rights(&mut view, kind.number(), u64::MAX);
        put(&mut facts, &format!("members of kind {kind}"), "rights", rights_text(rights));
    }
    for (name, balance) in treasury::accounts(slots) {
        put(&mut facts, &format!("treasury account {name}"), "balance", money(balance, symbol));
    }
    for rule in assembly::rules(slots) {
        let words = polity_charter::describe(&rule.rule, polity_charter::Language::En).join("; ");
        put(&mut facts, &format!("rule {}", rule.id), "", words);
    }
    chambers(slots, &mut facts);
    for track in assembly::tracks(slots) {
        track_facts(track, symbol, &mut facts);
    }
    for treaty in assembly::treaties(slots) {
        put(&mut facts, &format!("treaty {}", treaty.id), "", treaty.name);
    }
    for authority in assembly::authorities(slots) {
        let holder = authority.member.or_else(|| authority.account.map(|account| account.to_string()));
        let opens: Vec<_> = authority.opens.iter().map(|kind| kind.as_str()).collect();
        let words = format!(
            "{} acts for it, mandates of {}, opens {}",
            holder.as_deref().unwrap_or("nobody"),
            authority.issuer.as_deref().unwrap_or("any issuer"),
            if opens.is_empty() { "nothing".to_owned() } else { opens.join(", ") },
        );
        put(&mut facts, &format!("authority {}", authority.id), "", words);
    }
    scores(slots, &mut facts);
    of_articles(slots, since, &mut facts);
    facts
}

/// Scores of those that have one, where the charter keeps any.
fn scores(slots: &dyn Slots, facts: &mut Facts) {
    let keeps = constitution::consensus(slots).is_some_and(|settings| settings.incentive.standing.is_some());
    for score in constitution::scores(slots, u64::MAX).into_iter().filter(|_| keeps) {
        put(facts, &format!("member {}", score.member), "standing", score.score.to_string());
    }
}

/// Articles in force with their running periods, and settlements after `since`.
fn of_articles(slots: &dyn Slots, since: u64, facts: &mut Facts) {
    for article in articles::articles(slots).into_iter().filter(|article| article.in_force) {
        let until = Date::from_unix_secs(article.until).map(|date| date.to_string()).unwrap_or_default();
        put(facts, &format!("article {}", article.id), "period", format!("{} until {until}", article.period));
    }
    let newer = since.saturating_add(1)..=articles::settlement_count(slots);
    for found in newer.filter_map(|id| articles::settlement(slots, id)) {
        let subject = format!("settlement {}", found.id);
        put(
            facts,
            &subject,
            "about",
            format!("{} of {}, period {}", found.article, found.member, found.period),
        );
        put(facts, &subject, "status", found.status.as_str().to_owned());
    }
}

fn put(facts: &mut Facts, subject: &str, what: &str, value: String) {
    facts.insert((subject.to_owned(), what.to_owned()), value);
}

fn rights_text(rights: Rights) -> String {
    if rights.is_empty() { "none".to_owned() } else { rights.words().collect::<Vec<_>>().join(" ") }
}

fn member_facts(member: &MemberRecord, facts: &mut Facts) {
    let subject = format!("member {}", member.id);
    let mut put = |what: &str, value: String| put(facts, &subject, what, value);
    put("name", member.name.clone());
    put("kind", member.kind.to_string());
    put("status", member.status.as_str().to_owned());
    put("account", member.account.to_string());
    put("rights", rights_text(member.rights));
    put("classes", if member.classes.is_empty() { "none".to_owned() } else { member.classes.join(" ") });
    for (name, value) in &member.weights {
        put(&format!("weight {name}"), value.to_string());
    }
    if let Some(consensus) = member.consensus {
        put("node", consensus.to_string());
    }
}

fn chambers(slots: &dyn Slots, facts: &mut Facts) {
    for chamber in assembly::chambers(slots) {
        let subject = format!("chamber {}", chamber.id);
        let mut put = |what: &str, value: String| put(facts, &subject, what, value);
        let kinds: Vec<_> = chamber.kinds.iter().map(ToString::to_string).collect();
        put("name", chamber.name);
        put("kinds", kinds.join(" "));
        put("classes", chamber.classes.join(" "));
        put("members", chamber.members.join(" "));
        put("rule", chamber.rule);
        put("voting", polity_charter::duration_text(chamber.voting_secs.saturating_mul(1_000)));
        put("delay", polity_charter::duration_text(chamber.delay_secs.saturating_mul(1_000)));
    }
}

fn track_facts(track: assembly::TrackView, symbol: &str, facts: &mut Facts) {
    let subject = format!("track {}", track.id);
    let mut put = |what: &str, value: String| put(facts, &subject, what, value);
    let kinds: Vec<_> = track.kinds.iter().map(|kind| kind.as_str()).collect();
    let read = track.track;
    let stages = read.stages.iter().map(|stage| {
        let rule = if stage.rule.is_zero() { "its own rule".to_owned() } else { names::text(stage.rule) };
        format!("{} by {rule}", names::text(stage.chamber))
    });
    put("for", kinds.join(" "));
    put("strictness", read.strictness.to_string());
    put("stages", stages.collect::<Vec<_>>().join(", then "));
    put("sponsors", read.sponsors.to_string());
    put("deposit", money(read.deposit, symbol));
}

/// The names by which accounts are known: institutions, members, the agreement.
#[must_use]
pub fn known_as(slots: &dyn Slots, account: Address) -> Option<String> {
    if account == polity_primitives::AGREEMENT {
        return Some("the agreement".to_owned());
    }
    if let Some(entry) = crate::directory::entry(account) {
        return Some(format!("the {}", entry.name));
    }
    registry::member_of(slots, account).map(|member| format!("member {}", member.id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_read_well() {
        for (before, after, words) in [
            (Some("active"), Some("suspended"), "member FJI: status suspended (was active)"),
            (None, Some("active"), "member FJI: status active (new)"),
            (Some("active"), None, "member FJI: status is gone (was active)"),
        ] {
            let difference = Difference {
                subject: "member FJI".into(),
                what: "status".into(),
                before: before.map(Into::into),
                after: after.map(Into::into),
            };
            assert_eq!(difference.to_string(), words);
        }
    }
}
