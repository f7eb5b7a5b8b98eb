//! Silence as consent: a text that binds whoever has not objected in time.
//!
//! Each member has its own last day to object and its own day of effect, both counted from the day the text was
//! notified. A member whose last day has passed in silence has consented. Rule kept: an objection after the last day
//! is none.
//!
//! Source: for example International Health Regulations, Articles 59 and 61.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    BallotsFile, Choice, Date, Delay, Error, Event, InForce, Outcome, Report, Rule, Tally, Version, Voter,
};

/// How long members may object, and when the text binds the silent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Silence {
    /// Last day to object, from the notification.
    pub objection: Delay,
    /// Day of effect, from the notification.
    pub effective: Delay,
    /// Members of these classes have other times; the first that fits a member holds for it.
    #[serde(default, rename = "other", skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<OtherTerm>,
}

/// Times of the members of a class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtherTerm {
    /// The class.
    pub class: String,
    /// Last day to object, from the notification.
    pub objection: Delay,
    /// Day of effect, from the notification.
    pub effective: Delay,
}

/// The days of one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// Last day to object.
    pub last_day: Date,
    /// Day from which the text binds it if it has not.
    pub effective_on: Date,
}

impl Silence {
    /// The days of `voter` for a text notified on `notified`; `None` beyond the calendar.
    #[must_use]
    pub fn term(&self, voter: &Voter, notified: Date) -> Option<Term> {
        let other = self.others.iter().find(|other| voter.classes.contains(&other.class));
        let (objection, effective) =
            other.map_or((self.objection, self.effective), |other| (other.objection, other.effective));
        Some(Term { last_day: notified.after(objection)?, effective_on: notified.after(effective)? })
    }
}

/// What became of one member.
struct Fate<'a> {
    voter: &'a Voter,
    term: Term,
    /// The day it objected in time.
    objected_on: Option<Date>,
}

impl Fate<'_> {
    /// The day on which it is settled whether it consents: to be recorded at its end, like the last day itself.
    fn day(&self) -> Date {
        self.objected_on.unwrap_or(self.term.last_day)
    }
}

impl Rule {
    /// Decides on a text that `file` says was notified, day by day.
    pub(crate) fn decide_by_silence(
        &self,
        silence: &Silence,
        mut tally: Tally,
        file: &BallotsFile,
        as_of: Option<Date>,
    ) -> Result<Report, Error> {
        let mut fates = self.fates(silence, file)?;
        let is_over = |fate: &Fate<'_>| as_of.is_none_or(|today| fate.day() <= today);
        let last = fates.iter().map(|fate| fate.term.last_day).max();
        fates.sort_by_key(Fate::day);
        let mut decided = None;
        let mut days = fates.iter().filter(|fate| is_over(fate)).peekable();
        while let Some(fate) = days.next() {
            let event = if fate.objected_on.is_some() { Choice::No } else { Choice::Yes };
            self.record(&mut tally, fate.voter, None, Some(Event::Ballot(event)));
            if decided.is_none() && days.peek().is_none_or(|next| next.day() > fate.day()) {
                let outcome = self.outcome(&tally, Some(fate.day()) >= last).outcome;
                decided = (outcome != Outcome::Pending).then_some((outcome, fate.day()));
            }
        }
        let closed = as_of.is_none_or(|today| last.is_none_or(|last| today >= last));
        let mut report = self.outcome(&tally, closed);
        if let Some((outcome, _)) = decided {
            report.outcome = outcome;
        }
        report.decided_on = decided.map(|(_, day)| day);
        let objected = |fate: &&Fate<'_>| fate.objected_on.is_some();
        let ids = |fates: Vec<&Fate<'_>>| fates.iter().map(|fate| fate.voter.id.clone()).collect();
        let over: Vec<&Fate<'_>> = fates.iter().filter(|fate| is_over(fate)).collect();
        let mut versions: BTreeMap<Date, Vec<String>> = BTreeMap::new();
        if report.outcome == Outcome::Adopted {
            for fate in over.iter().filter(|fate| !objected(fate)) {
                versions.entry(fate.term.effective_on).or_default().push(fate.voter.id.clone());
            }
        }
        versions.values_mut().for_each(|ids| ids.sort_unstable());
        report.effective_on = versions.keys().next().copied();
        let in_force = versions.iter().filter(|(day, _)| as_of.is_none_or(|today| **day <= today));
        let mut in_force_for: Vec<String> = in_force.flat_map(|(_, ids)| ids.clone()).collect();
        in_force_for.sort_unstable();
        let mut objected: Vec<String> = ids(over.into_iter().filter(objected).collect());
        objected.sort_unstable();
        let versions = versions.into_iter().map(|(effective_on, members)| Version { effective_on, members });
        report.in_force = Some(InForce { in_force_for, versions: versions.collect(), objected });
        Ok(report)
    }

    /// What each member that counts does, and when. A ballot against is an objection in time: it bears no date.
    fn fates<'a>(&self, silence: &Silence, file: &'a BallotsFile) -> Result<Vec<Fate<'a>>, Error> {
        let missing = |message: String| Error::Mismatch { path: Vec::new(), message };
        let notified = file.notified.or(file.opened);
        let notified = notified.ok_or_else(|| {
            missing(format!("rule `{}` counts from the notification: give `notified`", self.id))
        })?;
        let against = |event: &Event| event.is_wholly(&[Choice::No, Choice::Veto]);
        let fate = |voter: &'a Voter| {
            let term = silence
                .term(voter, notified)
                .ok_or_else(|| missing(format!("the days after {notified} go beyond the calendar")))?;
            let undated = file.ballots.get(&voter.id).filter(|event| against(event)).map(|_| notified);
            let objected_on = file.objections.get(&voter.id).copied().or(undated);
            Ok(Fate { voter, term, objected_on: objected_on.filter(|day| *day <= term.last_day) })
        };
        file.members.iter().filter(|voter| self.is_additional(voter)).map(fate).collect()
    }

    /// The days of `voter` for a text notified on `notified`, where silence consents under this rule.
    #[must_use]
    pub fn term(&self, voter: &Voter, notified: Date) -> Option<Term> {
        self.silence.as_ref()?.term(voter, notified)
    }
}
