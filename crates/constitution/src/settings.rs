//! The three settings of `[consensus]`.
//!
//! Only what an engine here can run is a value of these types; the charter reader refuses the rest by name, so that no
//! agreement states a rule that nobody enforces.

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

/// Who may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "lowercase", deny_unknown_fields)]
pub enum WriteRight {
    /// Every member with the right to validate.
    Membership {
        /// Who goes first in a round.
        primary: Primary,
    },
}

impl Default for WriteRight {
    fn default() -> Self {
        Self::Membership { primary: Primary::Rotation }
    }
}

/// Who proposes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Primary {
    /// Members take turns in the order of their addresses.
    Rotation,
}

/// Reward and punishment. Empty: the record is kept for the agreement's own sake, without coin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Incentive {}

/// Who verifies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "lowercase", deny_unknown_fields)]
pub enum Verification {
    /// Every validator votes with equal power.
    #[default]
    All,
}
