//! Kinds of members and what each may do.

use serde::{Deserialize, Serialize};

/// What a member is. Source: DESIGN §2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A state.
    State,
    /// An international or regional organisation of states.
    Igo,
    /// A non-governmental organisation.
    Ngo,
    /// A city, province or other part of a state.
    Subnational,
    /// An expert body or a single expert.
    Expert,
    /// A company.
    Enterprise,
    /// A person.
    Individual,
}

impl Kind {
    /// Every kind; the position is the number stored on chain.
    pub const ALL: [Self; 7] = [
        Self::State,
        Self::Igo,
        Self::Ngo,
        Self::Subnational,
        Self::Expert,
        Self::Enterprise,
        Self::Individual,
    ];

    /// The word in charters, decision rules and RPC.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Igo => "igo",
            Self::Ngo => "ngo",
            Self::Subnational => "subnational",
            Self::Expert => "expert",
            Self::Enterprise => "enterprise",
            Self::Individual => "individual",
        }
    }

    /// The kind this word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// The number stored on chain: the position in [`Kind::ALL`].
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The kind stored on chain as `number`.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}

impl core::fmt::Display for Kind {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of rights. Bit values are stored on chain and never change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rights(pub u16);

impl Rights {
    /// No right.
    pub const NONE: Self = Self(0);
    /// May read the record from members' nodes.
    pub const READ: Self = Self(1);
    /// May put entries on the record.
    pub const WRITE: Self = Self(1 << 1);
    /// May exchange value and call contracts.
    pub const TRANSACT: Self = Self(1 << 2);
    /// May open proposals.
    pub const PROPOSE: Self = Self(1 << 3);
    /// May cast ballots in the chambers it sits in.
    pub const VOTE: Self = Self(1 << 4);
    /// May run a node that decides blocks.
    pub const VALIDATE: Self = Self(1 << 5);
    /// May report outside facts (oracle).
    pub const REPORT: Self = Self(1 << 6);
    /// May keep shards of the archive.
    pub const STORE: Self = Self(1 << 7);

    /// Every right and its word, in the order they are written.
    pub const ALL: [(Self, &'static str); 8] = [
        (Self::READ, "read"),
        (Self::WRITE, "write"),
        (Self::TRANSACT, "transact"),
        (Self::PROPOSE, "propose"),
        (Self::VOTE, "vote"),
        (Self::VALIDATE, "validate"),
        (Self::REPORT, "report"),
        (Self::STORE, "store"),
    ];

    /// Whether every right of `other` is among these.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The rights of both.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// These rights without those of `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether there is no right.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The right this word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, name)| *name == word).map(|(right, _)| right)
    }

    /// The words of these rights, in the order of [`Rights::ALL`].
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        Self::ALL.into_iter().filter(move |(right, _)| self.contains(*right)).map(|(_, word)| word)
    }
}

impl Serialize for Rights {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.words())
    }
}
