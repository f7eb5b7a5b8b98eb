//! Who decides, and what they can do.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Error, Rational};

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

impl Choice {
    /// Every choice.
    pub const ALL: [Self; 4] = [Self::Yes, Self::No, Self::Abstain, Self::Veto];
}

/// Parts that a split ballot is divided into. Ten thousand, so that hundredths of a percent can be said; and a sum of
/// split ballots is a whole number of parts, so that it fits a word in storage.
pub const SPLIT_PARTS: u16 = 10_000;

/// How a ballot is split: parts of [`SPLIT_PARTS`] for each choice, which sum to exactly that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shares {
    yes: u16,
    no: u16,
    abstain: u16,
    veto: u16,
}

impl Shares {
    /// Splits a ballot. `parts` in the order of [`Choice::ALL`].
    ///
    /// # Errors
    /// [`Error::Split`] if they do not sum to [`SPLIT_PARTS`].
    pub fn new(parts: [u16; 4]) -> Result<Self, Error> {
        let sum: u64 = parts.iter().copied().map(u64::from).sum();
        let [yes, no, abstain, veto] = parts;
        if sum == u64::from(SPLIT_PARTS) {
            Ok(Self { yes, no, abstain, veto })
        } else {
            Err(Error::Split { sum })
        }
    }

    /// The parts for `choice`.
    #[must_use]
    pub const fn of(&self, choice: Choice) -> u16 {
        match choice {
            Choice::Yes => self.yes,
            Choice::No => self.no,
            Choice::Abstain => self.abstain,
            Choice::Veto => self.veto,
        }
    }

    /// Whether every part is for one of `choices`.
    #[must_use]
    pub fn are_within(&self, choices: &[Choice]) -> bool {
        Choice::ALL.iter().all(|choice| self.of(*choice) == 0 || choices.contains(choice))
    }
}

/// What a voter did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// Cast a ballot, which also is being present.
    Ballot(Choice),
    /// Cast a ballot whose weight is split.
    Split(Shares),
    /// Was present and cast no ballot.
    Present,
    /// Deposited an instrument.
    Instrument,
}

impl Event {
    /// Whether it is a ballot, split or not.
    #[must_use]
    pub const fn is_ballot(&self) -> bool {
        matches!(self, Self::Ballot(_) | Self::Split(_))
    }

    /// Whether it is a ballot all of which is for one of `choices`. A veto cannot be split: half of one is none.
    #[must_use]
    pub fn is_wholly(&self, choices: &[Choice]) -> bool {
        match self {
            Self::Ballot(choice) => choices.contains(choice),
            Self::Split(shares) => shares.are_within(choices),
            Self::Present | Self::Instrument => false,
        }
    }
}

impl From<Choice> for Event {
    fn from(choice: Choice) -> Self {
        Self::Ballot(choice)
    }
}
