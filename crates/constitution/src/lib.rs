//! The hard core of the contract: who may write, how honesty is rewarded, who verifies.
//!
//! Rule kept: everything that consensus needs to know of the charter passes through one pure function,
//! [`committee()`], which yields the [`Committee`] of a height. Engines, light clients and the lab read nothing else.
//!
//! Deliberately absent: where settings and seats are stored (the institutions), and how votes travel (the engines).

mod committee;
mod settings;

pub use committee::{
    CertificateError, Committee, CommitteeError, MEMBERS_MAX, PublicKey, Seat, VotingPower, quorum,
};
pub use settings::{Incentive, Primary, Settings, Verification, WriteRight};

/// A member that may validate, as the institutions record it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Consensus address: the Ethereum address of `public_key`.
    pub address: polity_primitives::Address,
    /// Compressed secp256k1 key its votes verify with.
    pub public_key: PublicKey,
}

/// The committee that `settings` make of `candidates`. Equal candidates in any order give an equal committee.
///
/// # Errors
/// [`CommitteeError`] if no seat would remain, there are too many, or a consensus address appears twice.
pub fn committee(settings: &Settings, candidates: &[Candidate]) -> Result<Committee, CommitteeError> {
    let Settings {
        write: WriteRight::Membership { primary: Primary::Rotation },
        verification: Verification::All,
        ..
    } = settings;
    Committee::new(
        candidates.iter().map(|c| Seat { address: c.address, public_key: c.public_key, power: 1 }).collect(),
    )
}

#[cfg(test)]
mod tests;
