//! A member's record: what is stored, and what it means.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, U256};
use polity_charter::{Kind, NodeKeys, Rights};
use polity_decision::{Rational, Voter};

use super::IRegistry;
use crate::names;

/// Classes there can be: the bits a standing has left.
pub const CLASSES_MAX: usize = 128;

/// How a member stands to the agreement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Never admitted.
    #[default]
    Unknown,
    /// In good standing.
    Active,
    /// Keeps seat, keys and the right to read; other rights rest.
    Suspended,
    /// Left by itself.
    Left,
    /// Expelled by decision.
    Expelled,
}

impl Status {
    const ALL: [Self; 5] = [Self::Unknown, Self::Active, Self::Suspended, Self::Left, Self::Expelled];

    /// The number stored on chain and used in the ABI.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The status stored as `number`.
    #[must_use]
    pub fn from_number(number: u8) -> Self {
        Self::ALL.get(usize::from(number)).copied().unwrap_or_default()
    }

    /// Whether the party is a member now.
    #[must_use]
    pub const fn is_present(self) -> bool {
        matches!(self, Self::Active | Self::Suspended)
    }

    /// The word in RPC and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Left => "left",
            Self::Expelled => "expelled",
        }
    }
}

impl From<Status> for IRegistry::Status {
    fn from(status: Status) -> Self {
        match status {
            Status::Unknown => Self::Unknown,
            Status::Active => Self::Active,
            Status::Suspended => Self::Suspended,
            Status::Left => Self::Left,
            Status::Expelled => Self::Expelled,
        }
    }
}

impl From<Kind> for IRegistry::Kind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::State => Self::State,
            Kind::Igo => Self::Igo,
            Kind::Ngo => Self::Ngo,
            Kind::Subnational => Self::Subnational,
            Kind::Expert => Self::Expert,
            Kind::Enterprise => Self::Enterprise,
            Kind::Individual => Self::Individual,
        }
    }
}

/// What changes about a member and is remembered by height, in one word of 192 bits:
/// status (8), kind (8), rights granted (16) and revoked (16), 16 free bits, classes (128), from the lowest bit up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Status.
    pub status: Status,
    /// Number of the kind.
    pub kind: u8,
    /// Rights given by name.
    pub granted: Rights,
    /// Rights taken by name.
    pub revoked: Rights,
    /// Bit i: belongs to the class with number i.
    pub classes: u128,
}

impl Standing {
    /// The stored word.
    #[must_use]
    pub fn to_word(self) -> U256 {
        U256::from(self.status.number())
            | (U256::from(self.kind) << 8usize)
            | (U256::from(self.granted.0) << 16usize)
            | (U256::from(self.revoked.0) << 32usize)
            | (U256::from(self.classes) << 64usize)
    }

    /// The inverse of [`Self::to_word`].
    #[must_use]
    pub fn from_word(word: U256) -> Self {
        Self {
            status: Status::from_number(word.byte(0)),
            kind: word.byte(1),
            granted: Rights((word >> 16usize).wrapping_to()),
            revoked: Rights((word >> 32usize).wrapping_to()),
            classes: (word >> 64usize).wrapping_to(),
        }
    }

    /// The rights the member has, if its kind has `of_kind`.
    #[must_use]
    pub fn rights(&self, of_kind: Rights) -> Rights {
        let given = of_kind.union(self.granted).without(self.revoked);
        match self.status {
            Status::Active => given,
            Status::Suspended if given.contains(Rights::READ) => Rights::READ,
            _ => Rights::NONE,
        }
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        Kind::from_number(self.kind).unwrap_or(Kind::Individual)
    }
}

/// A member as those outside see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRecord {
    /// Short name.
    pub id: String,
    /// Full name.
    pub name: String,
    /// Kind.
    pub kind: Kind,
    /// Status.
    pub status: Status,
    /// Height of the block that first admitted it.
    pub admitted_at: u64,
    /// Account it acts with.
    pub account: Address,
    /// Account that may replace a lost one.
    pub recovery: Option<Address>,
    /// Rights it has now.
    pub rights: Rights,
    /// Rights given by name.
    pub granted: Rights,
    /// Rights taken by name.
    pub revoked: Rights,
    /// Classes, in the order in which the registry came to know them.
    pub classes: Vec<String>,
    /// Weights by name, scaled to whole numbers; zero ones left out.
    pub weights: BTreeMap<String, u128>,
    /// Keys of its node.
    pub node: Option<NodeKeys>,
    /// Ethereum address of the node's consensus key.
    pub consensus: Option<Address>,
}

/// Which members a question is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Bit i: members of the kind with number i; 0 is any kind while `classes` is not empty.
    pub kinds: u16,
    /// Members of one of these classes; empty is any.
    pub classes: Vec<B256>,
    /// These members in any case.
    pub members: Vec<B256>,
    /// And all of them only with these rights.
    pub rights: Rights,
}

/// A member as decision rules see it, at some height.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elector {
    /// Id.
    pub id: B256,
    /// Kind.
    pub kind: Kind,
    /// Classes.
    pub classes: Vec<B256>,
    /// The weights asked for, in that order, scaled to whole numbers.
    pub weights: Vec<(B256, u128)>,
}

impl Elector {
    /// As the decision crate takes it, each weight divided by the scale at its position (1 where there is none): as the
    /// charter wrote it.
    #[must_use]
    pub fn voter_scaled(&self, scales: &[u128]) -> Voter {
        let scales = scales.iter().copied().chain(core::iter::repeat(1));
        let weight = |((name, value), scale): (&(B256, u128), u128)| {
            (names::text(*name), Rational::new((*value).into(), scale.max(1).into()))
        };
        Voter {
            id: names::text(self.id),
            kind: self.kind.as_str().to_owned(),
            classes: self.classes.iter().copied().map(names::text).collect(),
            weights: self.weights.iter().zip(scales).map(weight).collect(),
        }
    }
}
