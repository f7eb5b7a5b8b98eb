//! A committee by the names of its members: what people compare when settings or bonds change.
//!
//! Rule kept: it is made of what [`committee()`] makes, so it says what the chain will do, also where nobody meets the settings and
//! everyone takes part. Why somebody has no part follows from the same candidates.

use std::collections::BTreeMap;

use polity_primitives::{B256, U256};

use crate::{
    Candidate, CommitteeError, Settings, Verification, VotingPower, WriteRight, committee, quorum, seated,
};

/// What one member does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// In choosing who writes; 0 never writes.
    pub weight: u64,
    /// Of its vote; 0 does not verify.
    pub power: VotingPower,
}

/// A committee by names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roll {
    /// Everyone who may validate, also those without any part.
    pub parts: BTreeMap<String, Part>,
    /// Sum of the weights.
    pub weight: u64,
    /// Sum of the powers.
    pub power: VotingPower,
    /// Why nobody meets the settings, so that everyone takes part alike; `None` if somebody does.
    pub resort: Option<String>,
}

/// Why a candidate does not write, or does not verify.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lack {
    /// Its own bond is below the pledge. Units: wei.
    Pledge(U256),
    /// Its stake is below the least. Units: wei.
    Stake(U256),
    /// It is not among so many delegates by stake.
    Delegates(u64),
    /// It has no seat in the chamber.
    Seat(String),
    /// It is not among the supervisors.
    Supervisors,
}

impl Roll {
    /// The committee that `settings` make of `candidates`.
    ///
    /// # Errors
    /// As [`committee()`].
    pub fn of(settings: &Settings, candidates: &[Candidate]) -> Result<Self, CommitteeError> {
        let made = committee(settings, candidates, B256::ZERO)?;
        let part = |candidate: &Candidate| {
            let seat = made.seat(&candidate.address);
            seat.map_or(Part::default(), |seat| Part { weight: seat.weight, power: seat.power })
        };
        let parts = candidates.iter().map(|candidate| (candidate.member.clone(), part(candidate)));
        let resort = match seated(settings, candidates, B256::ZERO) {
            Err(CommitteeError::Empty(why)) => Some(why),
            _ => None,
        };
        Ok(Self {
            parts: parts.collect(),
            weight: made.seats().iter().map(|seat| seat.weight).fold(0, u64::saturating_add),
            power: made.total_power(),
            resort,
        })
    }

    /// The part of `member`; none if it may not validate.
    #[must_use]
    pub fn part(&self, member: &str) -> Part {
        self.parts.get(member).copied().unwrap_or_default()
    }

    /// Power that decides.
    #[must_use]
    pub const fn quorum(&self) -> VotingPower {
        quorum(self.power)
    }

    /// Those who write.
    pub fn writers(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter(|(_, part)| part.weight > 0).map(|(member, _)| member.as_str())
    }

    /// Those who verify, with their power.
    pub fn verifiers(&self) -> impl Iterator<Item = (&str, VotingPower)> {
        self.parts
            .iter()
            .filter(|(_, part)| part.power > 0)
            .map(|(member, part)| (member.as_str(), part.power))
    }

    /// Who verifies with most power, if without it too little is left to decide.
    #[must_use]
    pub fn indispensable(&self) -> Option<(&str, VotingPower)> {
        let largest = self.verifiers().max_by_key(|(_, power)| *power);
        largest.filter(|(_, power)| self.power.saturating_sub(*power) < self.quorum())
    }
}

/// Why `candidate` does not write under `settings`, on the ground that somebody does.
#[must_use]
pub fn lacks_to_write(settings: &Settings, candidate: &Candidate) -> Option<Lack> {
    let pledge = settings.incentive.pledge;
    if candidate.pledged < pledge {
        return Some(Lack::Pledge(candidate.pledged));
    }
    match &settings.write {
        WriteRight::Membership { .. } | WriteRight::Work(_) => None,
        WriteRight::Stake { min } => {
            (candidate.stake < *min || candidate.stake.is_zero()).then_some(Lack::Stake(candidate.stake))
        }
        WriteRight::Delegation { .. } if candidate.offices.writes => None,
        WriteRight::Delegation { chamber: Some(chamber), .. } => Some(Lack::Seat(chamber.clone())),
        WriteRight::Delegation { seats, chamber: None, .. } => Some(Lack::Delegates(*seats)),
    }
}

/// Why `candidate` does not verify under `settings`, on the ground that somebody does.
#[must_use]
pub fn lacks_to_verify(settings: &Settings, candidate: &Candidate) -> Option<Lack> {
    match &settings.verification {
        Verification::All => lacks_to_write(settings, candidate),
        Verification::Delegates { .. } if candidate.offices.verifies => None,
        Verification::Delegates { chamber } => Some(Lack::Seat(chamber.clone())),
        Verification::Supervisors { members } if members.contains(&candidate.member) => None,
        Verification::Supervisors { .. } => Some(Lack::Supervisors),
    }
}
