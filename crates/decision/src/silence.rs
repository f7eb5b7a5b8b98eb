//! Silence as consent: a text that binds whoever has not objected in time.
//!
//! Each member has its own last day to object and its own day of effect, both counted from the day the text was
//! notified. A member whose last day has passed in silence has consented. Rule kept: an objection after the last day
//! is none.
//!
//! Source: for example International Health Regulations, Articles 59 and 61.

use serde::{Deserialize, Serialize};

use crate::{Date, Delay, Rule, Voter};

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

impl Rule {
    /// The days of `voter` for a text notified on `notified`, where silence consents under this rule.
    #[must_use]
    pub fn term(&self, voter: &Voter, notified: Date) -> Option<Term> {
        self.silence.as_ref()?.term(voter, notified)
    }
}
