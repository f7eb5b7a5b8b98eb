//! Treaties and their final clauses: who may join, with what statements, when it binds whom, and how a Party leaves.

use polity_decision::Delay;
use serde::Serialize;

use crate::{Kind, Text};

/// How long a reservation may be objected to where the treaty says nothing.
///
/// Source: Vienna Convention on the Law of Treaties, Article 20(5): twelve months.
pub const OBJECTION_PERIOD: Delay = Delay { count: 12, unit: polity_decision::DelayUnit::Months };

/// A text that members join by depositing instruments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Treaty {
    /// Short name, unique.
    pub id: String,
    /// Full name.
    pub name: Text,
    /// Decision rule of entry into force, by id.
    pub rule: String,
    /// Kinds of members that may deposit.
    pub depositors: Vec<Kind>,
    /// Rule of silence by which texts that are notified bind its Parties, by id.
    pub amendments: Option<String>,
    /// Its final clauses.
    pub clauses: Clauses,
}

/// Final clauses of a treaty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Clauses {
    /// Whether ratification, acceptance and approval take a signature first. Accession never does.
    ///
    /// Source: Vienna Convention on the Law of Treaties, Articles 14 and 15; for example Paris Agreement, Article 20(1).
    pub signature_first: bool,
    /// Whether instruments may carry reservations. Declarations always may be made.
    pub reservations: bool,
    /// Who may object to a reservation.
    pub objectors: Objectors,
    /// Until how long after the reservation.
    pub objection_period: Delay,
    /// For whom it is in force once it is.
    pub binds: Binds,
    /// For a member that deposits later; `None`: as long after its deposit as the rule says for the treaty itself.
    pub later: Option<Later>,
    /// How a Party leaves; `None`: by an act that works at once.
    pub withdrawal: Option<Notice>,
}

impl Default for Clauses {
    fn default() -> Self {
        Self {
            signature_first: false,
            reservations: true,
            objectors: Objectors::Parties,
            objection_period: OBJECTION_PERIOD,
            binds: Binds::Depositors,
            later: None,
            withdrawal: None,
        }
    }
}

/// Who may object to a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Objectors {
    /// Members whose instrument is deposited, in force or not yet: "contracting States".
    Parties,
    /// Every member that may deposit.
    Members,
}

/// For whom a treaty is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Binds {
    /// Members that deposited an instrument.
    Depositors,
    /// Every member of the kinds that may deposit.
    All,
}

/// When a treaty enters into force for a member that deposits later than the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Later {
    /// From its own deposit.
    pub delay: Delay,
    /// Later than what.
    pub once: Once,
}

/// From when on a deposit is a later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Once {
    /// After the day on which the conditions of entry into force are met. Source: for example Paris Agreement, Article 21(3).
    Decided,
    /// From the day of entry into force on. Source: for example Kigali Amendment, Article IV(4).
    InForce,
}

/// How a Party leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// From the notice to its effect; a Party until then.
    pub notice: Delay,
    /// No notice before so long after the entry into force for that Party.
    pub not_before: Option<Delay>,
}
