//! The three settings of `[consensus]`: who writes, what honesty earns and dishonesty costs, who verifies.
//!
//! Rule kept: plain data. They are what a charter says, checked when it was read, and what the chain keeps as JSON; the default
//! is the network without `[consensus]`: every member validates in turn, without coin.
//!
//! Deliberately absent: which combinations make sense (the charter reader refuses the rest, with the reason).

use polity_primitives::U256;
use serde::{Deserialize, Serialize};

/// `[consensus]` of a charter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Who may write the record.
    #[serde(default)]
    pub write: WriteRight,
    /// How honesty is rewarded and dishonesty punished.
    #[serde(default)]
    pub incentive: Incentive,
    /// Who verifies.
    #[serde(default)]
    pub verification: Verification,
}

impl Settings {
    /// Which engine runs these settings.
    #[must_use]
    pub const fn engine(&self) -> EngineKind {
        match self.write {
            WriteRight::Work(_) => EngineKind::Work,
            _ => EngineKind::Bft,
        }
    }

    /// The chamber whose seats the committee depends on, if any: for the right to write first, then to verify.
    pub fn chambers(&self) -> impl Iterator<Item = &str> {
        let write = match &self.write {
            WriteRight::Membership { primary: Primary::Elected { chamber } } => Some(chamber),
            WriteRight::Delegation { chamber, .. } => chamber.as_ref(),
            _ => None,
        };
        let verify = match &self.verification {
            Verification::Delegates { chamber } => Some(chamber),
            _ => None,
        };
        write.into_iter().chain(verify).map(String::as_str)
    }

    /// Whether blocks have accounts: somebody is paid or counted, or terms begin. Then each block says who wrote it and who let a turn pass.
    ///
    /// Source: ADR 0019.
    #[must_use]
    pub fn keeps_accounts(&self) -> bool {
        let by_stake = matches!(self.write, WriteRight::Delegation { chamber: None, .. });
        !self.incentive.is_empty() || by_stake
    }
}

/// The engine that decides blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineKind {
    /// Votes of a committee: a block that is decided is final.
    Bft,
    /// Work: the chain with the most of it, final when buried.
    Work,
}

impl EngineKind {
    /// `bft` or `work`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bft => "bft",
            Self::Work => "work",
        }
    }
}

/// Who may write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "lowercase")]
pub enum WriteRight {
    /// Every member with the right to validate (PBFT).
    Membership {
        /// Who goes first in a round.
        #[serde(flatten)]
        primary: Primary,
    },
    /// Members in proportion to their stake (PoS).
    Stake {
        /// Least stake with which a member takes part. Units: wei.
        min: U256,
    },
    /// The few that others chose, in turn (DPoS).
    Delegation {
        /// How many.
        seats: u64,
        /// For how long. Units: seconds.
        term: u64,
        /// The chamber that elects them by ballots; without one, those with the most stake, own and delegated.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        chamber: Option<String>,
    },
    /// Whoever solves first (PoW).
    Work(Work),
}

impl Default for WriteRight {
    fn default() -> Self {
        Self::Membership { primary: Primary::Rotation }
    }
}

/// Parameters of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Work {
    /// Time from block to block that difficulty aims at. Units: seconds.
    pub interval: u64,
    /// Blocks on top of one that make it final for clients.
    pub confirmations: u64,
    /// Depth below which a node never rewrites. At least `confirmations`.
    pub checkpoint: u64,
    /// Difficulty of the first worked block: expected hashes.
    pub difficulty: u64,
}

impl Work {
    /// Deepest checkpoint: blocks above it are kept in memory, with room left for branches.
    pub const CHECKPOINT_MAX: u64 = 400;
    /// Depth of checkpoints if a charter names none.
    pub const CHECKPOINT: u64 = 100;
    /// Highest first difficulty that a charter may name: 2^53 expected hashes, which every JSON reader keeps whole.
    pub const DIFFICULTY_MAX: u64 = 9_007_199_254_740_992;
    /// Hashes a second that all nodes together are thought to try if a charter names no difficulty: about one slow core.
    pub const HASHES_PER_SEC: u64 = 1_000_000;

    /// First difficulty if a charter names none: what [`Self::HASHES_PER_SEC`] solve in an `interval` of so many seconds. It is only where
    /// the schedule begins; from there it follows the hashes that are really tried.
    #[must_use]
    pub const fn first_difficulty(interval: u64) -> u64 {
        let wanted = interval.saturating_mul(Self::HASHES_PER_SEC);
        if wanted < Self::DIFFICULTY_MAX { wanted } else { Self::DIFFICULTY_MAX }
    }
}

/// Who proposes first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "primary", rename_all = "lowercase")]
pub enum Primary {
    /// Members take turns in the order of their ids.
    Rotation,
    /// Drawn by lot from the randomness of the block before.
    Random,
    /// Who sits in a chamber leads; the others follow on.
    Elected {
        /// The chamber.
        chamber: String,
    },
    /// Named members lead, in this order; the others follow on.
    Appointed {
        /// Ids of members.
        order: Vec<String>,
    },
}

/// Reward and punishment. Empty: the record is kept for the agreement's own sake, without coin.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Incentive {
    /// Issued to the writer of each block. Units: wei.
    #[serde(skip_serializing_if = "U256::is_zero")]
    pub reward: U256,
    /// Where tips go.
    #[serde(skip_serializing_if = "is_default")]
    pub fees: FeesTo,
    /// The account of the treasury that `fees` or `forfeited` go to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Least own bond with which a member may write. Units: wei.
    #[serde(skip_serializing_if = "U256::is_zero")]
    pub pledge: U256,
    /// From leaving a bond to its payment. Units: seconds.
    #[serde(skip_serializing_if = "is_default")]
    pub unbonding: u64,
    /// Over how long a reward is paid; 0: at once. Units: seconds.
    #[serde(skip_serializing_if = "is_default")]
    pub vesting: u64,
    /// What offences cost.
    #[serde(skip_serializing_if = "is_default")]
    pub slash: Slash,
    /// Where forfeited money goes.
    #[serde(skip_serializing_if = "is_default")]
    pub forfeited: Forfeited,
    /// Part of what is forfeited that a reporter gets; the rest is burnt.
    #[serde(skip_serializing_if = "is_default")]
    pub share: Share,
    /// The score of standing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
}

impl Incentive {
    /// Whether nothing is counted, paid or punished.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Where tips go. The base fee is burnt (EIP-1559).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FeesTo {
    /// To the writer of the block.
    #[default]
    Writer,
    /// To the account of the treasury named by [`Incentive::account`].
    Treasury,
    /// To nobody.
    Burn,
}

/// Where forfeited money goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Forfeited {
    /// To nobody.
    #[default]
    Burn,
    /// To the account of the treasury named by [`Incentive::account`].
    Treasury,
    /// [`Incentive::share`] of it to who brought the evidence, the rest to nobody.
    Reporter,
}

/// A part of a whole, `num / den`, with `den > 0` and `num <= den`. The default is nothing: 0/1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// Numerator.
    pub num: u64,
    /// Denominator.
    pub den: u64,
}

impl Default for Share {
    fn default() -> Self {
        Self { num: 0, den: 1 }
    }
}

impl Share {
    /// This part of `amount`, rounded down. A denominator of 0 is nothing.
    #[must_use]
    pub fn of(self, amount: U256) -> U256 {
        let (num, den) = (U256::from(self.num.min(self.den)), U256::from(self.den));
        let Some(whole) = amount.checked_div(den) else { return U256::ZERO };
        let rest = amount.saturating_sub(whole.saturating_mul(den));
        // num <= den < 2^64 and rest < den, so neither product overflows.
        whole
            .saturating_mul(num)
            .saturating_add(rest.saturating_mul(num).checked_div(den).unwrap_or_default())
    }
}

/// What offences cost of the offender's bond, and of what was delegated to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Slash {
    /// Two votes, or two proposals, for one round.
    #[serde(skip_serializing_if = "is_default")]
    pub double_sign: Share,
    /// A signed proposal that breaks a rule which header and signature alone prove.
    #[serde(skip_serializing_if = "is_default")]
    pub invalid: Share,
    /// Turns to write missed `after` times in a row.
    #[serde(skip_serializing_if = "is_default")]
    pub downtime: Share,
    /// How many missed turns in a row are downtime; 0 if there is no such offence.
    #[serde(skip_serializing_if = "is_default")]
    pub after: u64,
}

/// The score of standing: what moves it, and what follows from it. No coin is needed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Standing {
    /// Everyone's first score.
    pub start: i64,
    /// For a block written.
    pub write: i64,
    /// For a turn missed.
    pub absent: i64,
    /// For signing two things in one round.
    pub double_sign: i64,
    /// For proposing what is provably invalid.
    pub invalid: i64,
    /// Below this a member loses the rights to validate, write and vote, until the members decide otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspend_below: Option<i64>,
    /// Below this it is no member any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expel_below: Option<i64>,
    /// The score rises no further.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<i64>,
}

/// Who verifies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "lowercase", deny_unknown_fields)]
pub enum Verification {
    /// Everyone who may write: with equal power, or in proportion to stake where stake gives the right to write.
    #[default]
    All,
    /// Those who sit in a chamber, with equal power.
    Delegates {
        /// The chamber.
        chamber: String,
    },
    /// Named members, with equal power.
    Supervisors {
        /// Ids of members.
        members: Vec<String>,
    },
}
