//! Who decides, and what they can do.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Rational;

/// A member of an electorate, as it was when the electorate froze.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voter {
    /// Id, unique in the electorate.
    pub id: String,
    /// Kind: `state`, `igo` …
    pub kind: String,
    /// Classes, such as `annex1` or `permanent`.
    pub classes: Vec<String>,
    /// Weights by name. One that is absent is zero.
    pub weights: BTreeMap<String, Rational>,
}

/// What a ballot says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    /// In favour.
    Yes,
    /// Against.
    No,
    /// Neither; present, but not voting in the sense of "present and voting".
    Abstain,
    /// Against, and to be counted apart as such.
    Veto,
}

/// What a voter did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// Cast a ballot, which also is being present.
    Ballot(Choice),
    /// Was present and cast no ballot.
    Present,
    /// Deposited an instrument.
    Instrument,
}
