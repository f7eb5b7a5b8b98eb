//! How the seats of a chamber are filled, and whether its ballots are secret while they are cast.
//!
//! A chamber sits by description (kinds, classes, members by name) unless the charter says `by`: then its members are elected,
//! drawn by lot, or sit with what they have bonded. The description then says who may stand or bond.

use polity_primitives::U256;
use serde::Serialize;

/// Most seats that are elected or drawn. Source: one system call of the chain fills them all.
pub const SEATS_MAX: u64 = 128;

/// The weight that decision rules see of what was bonded in a chamber by stake. Units there: the currency's.
pub const STAKE: &str = "stake";

/// What the weight [`STAKE`] is a whole number of, in every charter: a wei, of which a unit of the currency has this many. So
/// what is given and what is bonded is counted alike, whichever comes first.
pub const STAKE_SCALE: u128 = 1_000_000_000_000_000_000;

/// How the seats of a chamber are filled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(tag = "by", rename_all = "lowercase")]
pub enum Seating {
    /// By what its members are: kinds, classes, names.
    #[default]
    Description,
    /// Another chamber elects its members for a term.
    Election(Election),
    /// Its members are drawn by lot from another chamber for a term.
    Sortition(Sortition),
    /// Whoever bonded money sits, with what it bonded.
    Stake(Stake),
}

/// A chamber whose members are elected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Election {
    /// Seats. Bounds: 1 to [`SEATS_MAX`].
    pub seats: u64,
    /// The chamber that elects, by id.
    pub of: String,
    /// How long who was elected sits. Units: seconds.
    pub term_secs: u64,
    /// How long ballots are taken, at the end of the term before. Units: seconds. Bounds: 1 to the term.
    pub election_secs: u64,
    /// Whether a ballot may name as many candidates as it approves of, or only one.
    pub approval: bool,
    /// The weight with which the members of the electing chamber count; `None`: one each.
    pub weight: Option<String>,
}

/// A chamber whose members are drawn by lot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sortition {
    /// Seats. Bounds: 1 to [`SEATS_MAX`].
    pub seats: u64,
    /// The chamber they are drawn from, by id.
    pub from: String,
    /// How long who was drawn sits. Units: seconds.
    pub term_secs: u64,
    /// The weight in proportion to which each draw falls; `None`: all alike.
    pub weight: Option<String>,
}

/// A chamber of those who bonded money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stake {
    /// From unbonding until the money is paid back. Units: seconds.
    pub unbonding_secs: u64,
    /// Least that must be bonded to sit. Units: wei. Bounds: at least 1.
    pub min_wei: U256,
}

/// Ballots that are committed while voting is open, and revealed afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Secrecy {
    /// How long ballots are revealed after the close. Units: seconds.
    pub reveal_secs: u64,
    /// What a ballot means that was committed and never revealed.
    pub unrevealed: Unrevealed,
}

/// What a ballot means that was committed and never revealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Unrevealed {
    /// Nothing, as if it had not been cast.
    None,
    /// An abstention.
    Abstain,
    /// A ballot against.
    No,
}

impl Seating {
    /// The chamber that elects, or that lots are drawn from.
    #[must_use]
    pub fn source(&self) -> Option<&str> {
        match self {
            Self::Election(election) => Some(&election.of),
            Self::Sortition(sortition) => Some(&sortition.from),
            Self::Description | Self::Stake(_) => None,
        }
    }
}

impl Unrevealed {
    /// All, by the word a charter uses.
    pub const ALL: [(&'static str, Self); 3] =
        [("none", Self::None), ("abstain", Self::Abstain), ("no", Self::No)];
}
