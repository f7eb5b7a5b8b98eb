//! The one function from settings and candidates to a committee.
//!
//! Two questions are answered for each candidate: with what weight it proposes, and with what power it votes. An office that
//! nobody holds yet (a chamber before its first election) is held by everyone who may validate.

use std::collections::{BTreeMap, BTreeSet};

use polity_primitives::{Address, B256, U256};

use crate::{
    Candidate, Committee, CommitteeError, Primary, Seat, Settings, Verification, WriteRight, scale::scaled,
    turns::Choice,
};

/// The committee that `settings` make of `candidates`, those members that may validate. Equal candidates in any order give an
/// equal committee. `seed` is the randomness of the block before.
///
/// Should nobody hold the bond that the settings ask for, or nobody who verifies be left, everyone who may validate takes part
/// equally until somebody does: an agreement does not die of an empty purse. [`seated`] refuses to go there.
///
/// # Errors
/// [`CommitteeError`] if there is no candidate, there are too many, or a consensus address appears twice.
pub fn committee(
    settings: &Settings,
    candidates: &[Candidate],
    seed: B256,
) -> Result<Committee, CommitteeError> {
    match seated(settings, candidates, seed) {
        Err(CommitteeError::Empty(_)) => seated(&Settings::default(), candidates, seed),
        made => made,
    }
}

/// As [`committee()`], without the resort to everyone: what a change of the charter is judged by.
///
/// # Errors
/// [`CommitteeError::Empty`], with the arithmetic, if nobody would write or nobody verify; else as [`committee()`].
pub fn seated(
    settings: &Settings,
    candidates: &[Candidate],
    seed: B256,
) -> Result<Committee, CommitteeError> {
    if candidates.is_empty() {
        return Err(CommitteeError::Empty("may validate, of 0 members".to_owned()));
    }
    let weights = weights(settings, candidates)?;
    let powers = powers(settings, candidates, &weights)?;
    let seat = |((candidate, weight), power): ((&Candidate, &u64), &u64)| Seat {
        address: candidate.address,
        public_key: candidate.public_key,
        peer_key: candidate.peer_key,
        peer_key_since: candidate.peer_key_since,
        power: *power,
        weight: *weight,
    };
    let seats = candidates.iter().zip(&weights).zip(&powers).map(seat);
    let seats = seats.filter(|seat| seat.power > 0 || seat.weight > 0).collect();
    let mut by_id: Vec<&Candidate> = candidates.iter().collect();
    by_id.sort_by_key(|candidate| &candidate.member);
    Committee::choosing(seats, seed, |seats| choice(settings, &by_id, seats))
}

/// With what weight each proposes.
fn weights(settings: &Settings, candidates: &[Candidate]) -> Result<Vec<u64>, CommitteeError> {
    let pledge = settings.incentive.pledge;
    let pledged = |candidate: &Candidate| candidate.pledged >= pledge;
    let weights: Vec<u64> = match &settings.write {
        WriteRight::Membership { .. } | WriteRight::Work(_) => {
            candidates.iter().map(|candidate| u64::from(pledged(candidate))).collect()
        }
        WriteRight::Stake { min } => {
            let enough = |candidate: &Candidate| candidate.stake >= *min && pledged(candidate);
            let stake = |candidate: &Candidate| if enough(candidate) { candidate.stake } else { U256::ZERO };
            scaled(&candidates.iter().map(stake).collect::<Vec<_>>())
        }
        WriteRight::Delegation { .. } => {
            // Who is in office without the pledge does not keep the others from it.
            let in_office = held(candidates, |candidate| candidate.offices.writes && pledged(candidate));
            let writes = |candidate: &Candidate| in_office(candidate) && pledged(candidate);
            candidates.iter().map(|candidate| u64::from(writes(candidate))).collect()
        }
    };
    if weights.iter().any(|weight| *weight > 0) {
        return Ok(weights);
    }
    let (all, most) = (candidates.len(), |of: fn(&Candidate) -> U256| candidates.iter().map(of).max());
    let bond = most(|candidate| candidate.pledged).unwrap_or_default();
    let why = match &settings.write {
        WriteRight::Stake { min } => {
            let stake = most(|candidate| candidate.stake).unwrap_or_default();
            format!(
                "writes: of {all} members that may validate none has a stake of {min} wei and a bond of {pledge} wei \
                 (the most are {stake} wei and {bond} wei)"
            )
        }
        _ => format!(
            "writes: of {all} members that may validate none has bonded the pledge of {pledge} wei (the most is {bond} wei)"
        ),
    };
    Err(CommitteeError::Empty(why))
}

/// With what power each votes.
fn powers(
    settings: &Settings,
    candidates: &[Candidate],
    weights: &[u64],
) -> Result<Vec<u64>, CommitteeError> {
    match &settings.verification {
        Verification::All => Ok(weights.to_vec()),
        Verification::Delegates { .. } => {
            let verifies = held(candidates, |candidate| candidate.offices.verifies);
            Ok(candidates.iter().map(|candidate| u64::from(verifies(candidate))).collect())
        }
        Verification::Supervisors { members } => {
            let named: BTreeSet<&str> = members.iter().map(String::as_str).collect();
            let powers: Vec<u64> = candidates
                .iter()
                .map(|candidate| u64::from(named.contains(candidate.member.as_str())))
                .collect();
            if powers.contains(&1) {
                return Ok(powers);
            }
            let all = candidates.len();
            let why = format!(
                "verifies: none of the {} supervisors is among the {all} members that may validate",
                named.len()
            );
            Err(CommitteeError::Empty(why))
        }
    }
}

/// Whether a candidate holds an office, which everyone does while nobody does.
fn held(candidates: &[Candidate], office: impl Fn(&Candidate) -> bool) -> impl Fn(&Candidate) -> bool {
    let vacant = !candidates.iter().any(&office);
    move |candidate| vacant || office(candidate)
}

/// In which order `seats` have turns, and how the proposer is chosen among them. `candidates` are in the order of their ids.
fn choice(settings: &Settings, candidates: &[&Candidate], seats: &[Seat]) -> (Vec<u32>, Choice) {
    let place = |address: &Address| {
        let at = seats.binary_search_by_key(address, |seat| seat.address).ok()?;
        seats.get(at).filter(|seat| seat.weight > 0)?;
        u32::try_from(at).ok()
    };
    let places = |of: fn(&Candidate) -> bool| -> Vec<u32> {
        let chosen = candidates.iter().filter(|candidate| of(candidate));
        chosen.filter_map(|candidate| place(&candidate.address)).collect()
    };
    let choice = match &settings.write {
        WriteRight::Membership { primary } => match primary {
            Primary::Rotation => Choice::Rotation,
            Primary::Random => Choice::Lot,
            Primary::Elected { .. } => Choice::Presidents(places(|candidate| candidate.offices.leads)),
            Primary::Appointed { order } => {
                let named =
                    candidates.iter().map(|candidate| (candidate.member.as_str(), &candidate.address));
                let named: BTreeMap<_, _> = named.collect();
                let first = order.iter().filter_map(|id| named.get(id.as_str())).filter_map(|who| place(who));
                Choice::Succession(first.collect())
            }
        },
        WriteRight::Stake { .. } => Choice::Lot,
        // Delegates take turns; whoever works needs none, and the terminal block of a switch is proposed in rotation.
        WriteRight::Delegation { .. } | WriteRight::Work(_) => Choice::Rotation,
    };
    (places(|_| true), choice)
}
