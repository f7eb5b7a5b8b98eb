//! Tracks: how a kind of proposal is treated, from the draft to the calls.
//!
//! Rule kept: a proposal that mixes kinds is judged by the strictest track among them. A kind that no track claims is judged
//! by the track of a wider kind ([`CallKind::wider`]), and by a chamber of the proposer's choice if there is none.

use polity_primitives::U256;
use serde::Serialize;

use crate::{Secrecy, Text};

/// Most tracks.
pub const TRACKS_MAX: usize = 32;
/// Most stages of a track.
pub const STAGES_MAX: usize = 8;
/// Most co-sponsors a track can ask for.
pub const SPONSORS_MAX: u64 = 256;
/// Most extensions of one stage.
pub const EXTENSIONS_MAX: u64 = 16;
/// Highest strictness.
pub const STRICTNESS_MAX: u64 = 1_000_000;

/// Paths of the charter that are constitutional unless it says otherwise.
pub const CONSTITUTIONAL: [&str; 6] = ["consensus", "tracks", "chambers", "rules", "rights", "amendment"];

/// What a call of a proposal does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CallKind {
    /// Everything else.
    Ordinary,
    /// Pays money of the agreement.
    Budget,
    /// Admits or restores a member.
    Admission,
    /// Expels or suspends a member, or takes its rights.
    Expulsion,
    /// Changes a setting of the charter.
    Amendment,
    /// Changes a constitutional setting of the charter.
    Constitutional,
    /// Anything, opened under an external mandate.
    Emergency,
}

impl CallKind {
    /// Every kind, by the word a charter uses.
    pub const ALL: [(&'static str, Self); 7] = [
        ("ordinary", Self::Ordinary),
        ("budget", Self::Budget),
        ("admission", Self::Admission),
        ("expulsion", Self::Expulsion),
        ("amendment", Self::Amendment),
        ("constitutional", Self::Constitutional),
        ("emergency", Self::Emergency),
    ];

    /// The number stored on chain and used in the ABI.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The word a charter uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(_, kind)| *kind == self).map_or("ordinary", |(word, _)| word)
    }

    /// The kind whose track judges calls of this kind where no track claims it.
    #[must_use]
    pub const fn wider(self) -> Option<Self> {
        match self {
            Self::Constitutional => Some(Self::Amendment),
            Self::Budget | Self::Admission | Self::Expulsion | Self::Amendment => Some(Self::Ordinary),
            Self::Ordinary | Self::Emergency => None,
        }
    }
}

impl core::fmt::Display for CallKind {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a kind of proposal is treated. Times are seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Track {
    /// Short name, unique among tracks and chambers.
    pub id: String,
    /// Full name.
    pub name: Text,
    /// Kinds of call it judges.
    pub kinds: Vec<CallKind>,
    /// A proposal of several kinds is judged by the track of the highest strictness among theirs. Unique.
    pub strictness: u64,
    /// Votes, in order; all must adopt.
    pub stages: Vec<Stage>,
    /// Members that must sponsor a draft, besides its proposer.
    pub sponsors: u64,
    /// What must be deposited. Units: wei.
    pub deposit_wei: U256,
    /// When the deposit is forfeited.
    pub burn: Burn,
    /// Treasury account that a forfeited deposit goes to; without one it is burnt.
    pub forfeit_to: Option<String>,
    /// How long a draft waits for sponsors and deposit.
    pub draft_secs: u64,
    /// From then until it opens.
    pub discussion_secs: u64,
    /// From the adoption until the calls; `None`: as the chamber of the last stage says.
    pub delay_secs: Option<u64>,
    /// When the close moves.
    pub extension: Option<Extension>,
    /// Who may stop a proposal.
    pub guardian: Option<Guardian>,
    /// Whether its ballots are sealed while voting is open; `None`: as each chamber says.
    pub secret: Option<Secrecy>,
}

impl Track {
    /// Whether a proposal on it begins as a draft.
    #[must_use]
    pub fn has_draft(&self) -> bool {
        self.sponsors > 0 || !self.deposit_wei.is_zero()
    }
}

/// One vote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stage {
    /// Chamber that votes, by id.
    pub chamber: String,
    /// Decision rule by id; `None`: the chamber's.
    pub rule: Option<String>,
    /// How long ballots are taken; `None`: as the chamber says. Units: seconds.
    pub voting_secs: Option<u64>,
    /// From the stage before, or from the opening, until ballots are taken. Units: seconds.
    pub pause_secs: u64,
}

/// When a deposit is forfeited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Burn {
    /// Never: it is always returned.
    #[default]
    Never,
    /// When the proposal is rejected by a veto.
    Veto,
    /// When the proposal is rejected.
    Rejected,
}

impl Burn {
    /// All, by the word a charter uses.
    pub const ALL: [(&'static str, Self); 3] =
        [("never", Self::Never), ("veto", Self::Veto), ("rejected", Self::Rejected)];
}

/// A ballot in the last part of the voting that flips the outcome moves the close. Times are seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Extension {
    /// How long before the close a ballot counts as late.
    pub last_secs: u64,
    /// By how much the close moves.
    pub by_secs: u64,
    /// How often, at most.
    pub times: u64,
}

/// Who may stop a proposal between its opening and its calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Guardian {
    /// Chamber that decides to cancel, by id.
    pub chamber: String,
    /// Decision rule by id; `None`: the chamber's.
    pub rule: Option<String>,
    /// From this second on it may not. Units: seconds since 1970-01-01 UTC.
    pub until_secs: u64,
}
