//! What the constitution yields at a height: who may propose, who votes, with what power.

use polity_primitives::{Address, Certificate, Height, recover_signer};

/// Voting power. Units: power, not validators.
pub type VotingPower = u64;

/// A compressed secp256k1 public key.
pub type PublicKey = [u8; 33];

/// Most seats of a committee: every state, organisation and a thousand cities, with room.
pub const MEMBERS_MAX: usize = 4096;

/// One seat of a committee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Consensus address: the Ethereum address of `public_key`.
    pub address: Address,
    /// Key its votes verify with.
    pub public_key: PublicKey,
    /// Voting power; 0 proposes without voting.
    pub power: VotingPower,
}

/// Why candidates make no committee.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommitteeError {
    /// No seat has power.
    #[error("no validator would remain: the chain could not decide another block")]
    Empty,
    /// Too many seats.
    #[error("{0} validators, but a committee seats at most {MEMBERS_MAX}")]
    TooMany(usize),
    /// One consensus key twice.
    #[error("consensus address {0} appears twice")]
    Duplicate(Address),
    /// Total power times three must fit 64 bits.
    #[error("voting powers overflow: three times their sum must fit 64 bits")]
    Overflow,
}

/// Why a certificate proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// A signer without a seat.
    #[error("{0} has no seat in the committee of this height")]
    Stranger(Address),
    /// One validator counted twice, or out of order.
    #[error("signatures must be sorted by validator, each once; {0} is not")]
    Order(Address),
    /// A signature by another key, or over another vote.
    #[error("the signature of {0} does not verify")]
    Signature(Address),
    /// Not enough power.
    #[error("signatures carry voting power {have} of {total}, but {need} is needed")]
    Quorum {
        /// Power of the valid signatures.
        have: VotingPower,
        /// Power needed.
        need: VotingPower,
        /// Power of the committee.
        total: VotingPower,
    },
}

/// Returns the voting power needed to decide, for `total` voting power.
///
/// Units: voting power, not validators. Bounds: `1..=total`.
/// Source: Tendermint (arXiv:1807.04938) §3: strictly more than two thirds.
#[must_use]
pub const fn quorum(total: VotingPower) -> VotingPower {
    total - total.saturating_sub(1) / 3
}

/// The committee of a height: seats sorted by address, never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committee {
    seats: Vec<Seat>,
    total: VotingPower,
}

impl Committee {
    /// Seats `seats`, in any order.
    ///
    /// # Errors
    /// [`CommitteeError`].
    pub fn new(mut seats: Vec<Seat>) -> Result<Self, CommitteeError> {
        if seats.len() > MEMBERS_MAX {
            return Err(CommitteeError::TooMany(seats.len()));
        }
        seats.sort_by_key(|seat| seat.address);
        if let Some([first, _]) = seats.array_windows().find(|[a, b]| a.address == b.address) {
            return Err(CommitteeError::Duplicate(first.address));
        }
        let total = seats
            .iter()
            .try_fold(0u64, |sum, seat| sum.checked_add(seat.power))
            .filter(|total| total.checked_mul(3).is_some())
            .ok_or(CommitteeError::Overflow)?;
        if total == 0 { Err(CommitteeError::Empty) } else { Ok(Self { seats, total }) }
    }

    /// The seats, sorted by address.
    #[must_use]
    pub fn seats(&self) -> &[Seat] {
        &self.seats
    }

    /// Sum of the voting powers.
    #[must_use]
    pub const fn total_power(&self) -> VotingPower {
        self.total
    }

    /// Power that decides: [`quorum`] of the total.
    #[must_use]
    pub const fn quorum(&self) -> VotingPower {
        quorum(self.total)
    }

    /// The seat of the consensus address `address`.
    #[must_use]
    pub fn seat(&self, address: &Address) -> Option<&Seat> {
        self.seats.binary_search_by_key(address, |seat| seat.address).ok().and_then(|i| self.seats.get(i))
    }

    /// Whose turn it is to propose: seats in the order of their addresses, one further each height and each round.
    #[must_use]
    pub fn proposer(&self, height: Height, round: u32) -> &Seat {
        let turn = height.0.wrapping_add(u64::from(round)) % self.seats.len().max(1) as u64;
        usize::try_from(turn)
            .ok()
            .and_then(|i| self.seats.get(i))
            .expect("a committee is never empty and turn < len")
    }

    /// Checks that `certificate` is signed by more than two thirds of this committee's power.
    ///
    /// Cost: one signature recovery per signature.
    ///
    /// # Errors
    /// [`CertificateError`] names the first signature that is wrong, or the power that is missing.
    pub fn verify(&self, chain_id: u64, certificate: &Certificate) -> Result<(), CertificateError> {
        let digest = certificate.digest(chain_id);
        let mut have: VotingPower = 0;
        let mut last: Option<Address> = None;
        for commit in &certificate.signatures {
            let who = commit.validator;
            if last.is_some_and(|last| last >= who) {
                return Err(CertificateError::Order(who));
            }
            last = Some(who);
            let seat = self.seat(&who).ok_or(CertificateError::Stranger(who))?;
            if recover_signer(digest, &commit.signature) != Some(who) {
                return Err(CertificateError::Signature(who));
            }
            have = have.saturating_add(seat.power);
        }
        let need = self.quorum();
        if have >= need { Ok(()) } else { Err(CertificateError::Quorum { have, need, total: self.total }) }
    }
}
