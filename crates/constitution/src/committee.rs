//! What the constitution yields at a height: who may propose, who votes, with what power.

use std::sync::Arc;

use polity_primitives::{Address, B256, Certificate, Height, recover_signer};

use crate::turns::{Choice, Turns};

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
    /// ed25519 key its randomness verifies with.
    pub peer_key: [u8; 32],
    /// Height of the block that registered `peer_key`; 0 at the founding.
    pub peer_key_since: Height,
    /// Voting power; 0 proposes without voting.
    pub power: VotingPower,
    /// Weight in proposing; 0 votes without proposing.
    pub weight: u64,
}

/// Why candidates make no committee.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommitteeError {
    /// No seat has power, or none may write.
    #[error("nobody would remain who {0}: the chain could not decide another block")]
    Empty(String),
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
    /// A signer whose seat has no vote.
    #[error("{0} writes without a vote, and its signature proves nothing")]
    Powerless(Address),
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

/// The committee of a height: seats sorted by address, of which one at least votes and one at least proposes. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committee {
    body: Arc<Body>,
    seed: B256,
}

#[derive(Debug, PartialEq, Eq)]
struct Body {
    seats: Vec<Seat>,
    total: VotingPower,
    turns: Turns,
}

impl Committee {
    /// Seats `seats`, in any order, that propose in turn.
    ///
    /// # Errors
    /// [`CommitteeError`].
    pub fn new(seats: Vec<Seat>) -> Result<Self, CommitteeError> {
        Self::choosing(seats, B256::ZERO, |seats| {
            ((0u32..).zip(seats).map(|(i, _)| i).collect(), Choice::Rotation)
        })
    }

    /// Seats `seats`, in any order; `choice` is asked with the seats as sorted, and says in which order they have turns and how.
    pub(crate) fn choosing(
        mut seats: Vec<Seat>,
        seed: B256,
        choice: impl FnOnce(&[Seat]) -> (Vec<u32>, Choice),
    ) -> Result<Self, CommitteeError> {
        if seats.len() > MEMBERS_MAX {
            return Err(CommitteeError::TooMany(seats.len()));
        }
        seats.sort_by_key(|seat| seat.address);
        if let Some([first, _]) = seats.array_windows().find(|[a, b]| a.address == b.address) {
            return Err(CommitteeError::Duplicate(first.address));
        }
        let sum = |part: fn(&Seat) -> u64| {
            let sum = seats.iter().try_fold(0u64, |sum, seat| sum.checked_add(part(seat)));
            sum.filter(|total| total.checked_mul(3).is_some()).ok_or(CommitteeError::Overflow)
        };
        let total = sum(|seat| seat.power)?;
        sum(|seat| seat.weight)?;
        if total == 0 {
            return Err(CommitteeError::Empty(format!("votes, of {} seats", seats.len())));
        }
        let (order, choice) = choice(&seats);
        let weight = |at: u32| Some((at, seats.get(usize::try_from(at).ok()?)?.weight));
        let turns = Turns::new(order.into_iter().filter_map(weight), choice)
            .ok_or_else(|| CommitteeError::Empty(format!("writes, of {} seats", seats.len())))?;
        Ok(Self { body: Arc::new(Body { seats, total, turns }), seed })
    }

    /// The same seats with the randomness of another block. Cost: none.
    #[must_use]
    pub fn reseeded(&self, seed: B256) -> Self {
        Self { body: self.body.clone(), seed }
    }

    /// The seats, sorted by address.
    #[must_use]
    pub fn seats(&self) -> &[Seat] {
        &self.body.seats
    }

    /// Sum of the voting powers.
    #[must_use]
    pub fn total_power(&self) -> VotingPower {
        self.body.total
    }

    /// Power that decides: [`quorum`] of the total.
    #[must_use]
    pub fn quorum(&self) -> VotingPower {
        quorum(self.body.total)
    }

    /// The seat of the consensus address `address`.
    #[must_use]
    pub fn seat(&self, address: &Address) -> Option<&Seat> {
        let seats = self.seats();
        seats.binary_search_by_key(address, |seat| seat.address).ok().and_then(|i| seats.get(i))
    }

    /// Whose turn it is to propose in `round` of `height`. Cost: O(log n).
    ///
    /// The first rounds follow the choice of the primary; later ones go round all who may write.
    #[must_use]
    pub fn proposer(&self, height: Height, round: u32) -> &Seat {
        let seat = self.body.turns.seat(&self.seed, height, round);
        usize::try_from(seat)
            .ok()
            .and_then(|i| self.body.seats.get(i))
            .expect("turns are of this committee's seats, of which at least one writes")
    }

    /// Rounds of one height within which everyone who may write has a turn.
    #[must_use]
    pub fn rounds_for_all(&self) -> u32 {
        self.body.turns.rounds_for_all()
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
            if seat.power == 0 {
                return Err(CertificateError::Powerless(who));
            }
            if recover_signer(digest, &commit.signature) != Some(who) {
                return Err(CertificateError::Signature(who));
            }
            have = have.saturating_add(seat.power);
        }
        let need = self.quorum();
        if have >= need {
            Ok(())
        } else {
            Err(CertificateError::Quorum { have, need, total: self.total_power() })
        }
    }
}
