//! The hard core of the contract: who may write, how honesty is rewarded, who verifies.
//!
//! Rule kept: everything that consensus needs to know of the charter passes through one pure function,
//! [`committee()`], which yields the [`Committee`] of a height. Engines, light clients and the lab read nothing else.
//!
//! Deliberately absent: where settings and seats are stored (the institutions), and how votes travel (the engines).

mod candidate;
mod committee;
mod forks;
mod offence;
mod participation;
pub mod randomness;
mod roll;
mod scale;
mod seating;
mod settings;
mod turns;
mod work_hash;

pub use candidate::{Candidate, Offices};
pub use committee::{
    CertificateError, Committee, CommitteeError, MEMBERS_MAX, PublicKey, Seat, VotingPower, quorum,
};
pub use forks::Haste;
pub use offence::{NoOffence, Offence, OffenceKind, broken_rule, offence};
pub use participation::{MISSED_MAX, Participation};
pub use roll::{Lack, Part, Roll, lacks_to_verify, lacks_to_write};
pub use scale::POWER_SCALE;
pub use seating::{committee, seated};
pub use settings::{
    EngineKind, FeesTo, Forfeited, Incentive, Primary, Settings, Share, Slash, Standing, Verification, Work,
    WriteRight,
};
pub use turns::ROUNDS_DRAWN;
pub use work_hash::{is_solved, target, work_hash};

#[cfg(test)]
mod tests;
