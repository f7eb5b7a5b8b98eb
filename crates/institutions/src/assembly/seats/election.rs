//! Chambers by election.
//!
//! ```text
//! term runs ──election period before its end──> ballots are taken ──at the end──> seated, the next term runs
//!                                                       └── nobody was named ──> held again, who sits goes on
//! ```
//!
//! The electing chamber counts as it was when the election opened. Each ballot moves the sums of the candidates it names by the
//! weight of who casts it; so counting is reading the sums. Seats go to the candidates with the largest sums above zero; of equal
//! ones to whoever stood first. With fewer such candidates than seats, the other seats stay vacant for the term. Who is no active member any more when seats are filled, or may not stand any more, is passed over.

use alloy_primitives::{B256, U256};
use polity_charter::Rights;

use super::{Description, Phase, Place, Seating, place, postpone, schedule, seat, seat_at, weight_at};
use crate::{
    assembly::{
        IAssembly::{
            self, AlreadyStands, By, Candidate, CandidateStood, CandidateWithdrew, ElectionBallot,
            ElectionOpened, MayNotStand, NoElection, NobodyElected, NotACandidate, NotAnElector,
        },
        electorate,
        rules::{self, too_many},
        schema::ChamberRecord,
    },
    context::{Context, Result},
    ensure, layout,
    storage::{List, Map, Read, Slot},
};

/// Most candidates of an election.
pub const CANDIDATES_MAX: u64 = 128;
/// Most candidates a ballot names.
pub const NAMED_MAX: usize = 32;

layout! {
    /// An election.
    pub(super) struct ElectionRecord {
        closes_at: Slot<u64>,
        seats: Slot<u64>,
        source: Slot<B256>,
        source_version: Slot<u64>,
        /// The electing chamber is that of the end of this block.
        height: Slot<u64>,
        weight: Slot<B256>,
        approval: Slot<bool>,
        /// In the order in which they stood.
        pub(super) candidates: List<Slot<B256>>,
        /// Place among the candidates, plus one.
        numbers: Map<B256, Slot<u64>>,
        withdrawn: Map<B256, Slot<bool>>,
        /// Sum of the ballots that name each candidate, by place.
        sums: Map<u64, Slot<U256>>,
        /// Places of the candidates that each ballot names.
        ballots: Map<B256, List<Slot<u64>>>,
    }
}

/// Opens an election, or seats who won it.
pub(super) fn turn(cx: &mut Context<'_>, place: &Place) -> Result<()> {
    if Phase::of(cx, &place.body)? == Phase::Election { count(cx, place) } else { open(cx, place) }
}

fn open(cx: &mut Context<'_>, place: &Place) -> Result<()> {
    let (seating, block) = (place.record.seating, cx.block());
    let source = seating.source.get(cx)?;
    let Some((version, _)) = rules::chamber(cx, source)? else { return postpone(cx, place) };
    let number = place.body.elections.get(cx)?.saturating_add(1);
    place.body.elections.set(cx, number)?;
    let term = place.body.term.get(cx)?.saturating_to::<u64>();
    let ends = place.body.terms.at(term).ends.get(cx)?;
    let closes_at = block.timestamp_secs.saturating_add(seating.election_secs.get(cx)?).max(ends);
    let election = place.body.election.at(number);
    election.closes_at.set(cx, closes_at)?;
    let (seats, weight, approval) =
        (seating.seats.get(cx)?, seating.weight.get(cx)?, seating.approval.get(cx)?);
    election.seats.set(cx, seats)?;
    election.source.set(cx, source)?;
    election.source_version.set(cx, version)?;
    election.height.set(cx, block.height.saturating_sub(1))?;
    election.weight.set(cx, weight)?;
    election.approval.set(cx, approval)?;
    place.body.phase.set(cx, Phase::Election as u8)?;
    schedule(cx, place, closes_at)?;
    cx.emit(&ElectionOpened { chamber: place.id, election: number, closesAt: closes_at })
}

/// Seats the winners.
fn count(cx: &mut Context<'_>, place: &Place) -> Result<()> {
    let number = place.body.elections.get(cx)?;
    let election = place.body.election.at(number);
    let eligibility = Eligibility::of(cx, place)?;
    let mut standing = Vec::new();
    for index in 0..election.candidates.len(cx)? {
        let member = election.candidates.at(index).get(cx)?;
        let sum = election.sums.at(index).get(cx)?;
        let stands = !sum.is_zero() && !election.withdrawn.at(member).get(cx)?;
        if stands && eligibility.of_member(cx, member)? {
            standing.push((sum, member));
        }
    }
    // Stable: of equal sums, whoever stood first stays first.
    standing.sort_by(|(a, _), (b, _)| b.cmp(a));
    let seats = election.seats.get(cx)?;
    let most = usize::try_from(seats).unwrap_or(usize::MAX);
    let winners: Vec<B256> = standing.into_iter().take(most).map(|(_, member)| member).collect();
    if winners.is_empty() {
        let now = cx.block().timestamp_secs;
        place.body.phase.set(cx, Phase::Rest as u8)?;
        schedule(cx, place, now)?;
        return cx.emit(&NobodyElected { chamber: place.id, election: number });
    }
    let lead_secs = place.record.seating.election_secs.get(cx)?;
    seat(cx, place, Seating { members: winners, seats, election: number, lead_secs })
}

/// Who may stand: an active member that may vote and is one whom the chamber's description names or, without one, sits in the
/// electing chamber now. Read once, since a description can be long and there can be many candidates.
struct Eligibility {
    own: Description,
    /// The electing chamber, where it says who may stand; `None` inside if it is gone.
    source: Option<Option<(B256, ChamberRecord, Option<Description>)>>,
}

impl Eligibility {
    fn of(cx: &mut Context<'_>, place: &Place) -> Result<Self> {
        let own = Description::of(cx, &place.record)?;
        if own.is_given {
            return Ok(Self { own, source: None });
        }
        let id = place.record.seating.source.get(cx)?;
        let source = match rules::chamber(cx, id)? {
            None => None,
            Some((_, record)) => {
                let is_described = record.seating.by(cx)? == By::Description;
                let among = if is_described { Some(Description::of(cx, &record)?) } else { None };
                Some((id, record, among))
            }
        };
        Ok(Self { own, source: Some(source) })
    }

    fn of_member(&self, cx: &mut Context<'_>, member: B256) -> Result<bool> {
        if !self.own.lets_in(cx, member)? {
            return Ok(false);
        }
        let Some(source) = &self.source else { return Ok(true) };
        let Some((id, record, among)) = source else { return Ok(false) };
        let is_among = match among {
            Some(description) => description.lets_in(cx, member)?,
            None => true,
        };
        Ok(is_among && seat_at(cx, *id, record, member, u64::MAX)?.is_some())
    }
}

/// The open election of chamber `id`.
fn open_election(cx: &mut Context<'_>, id: B256) -> Result<(Place, u64, ElectionRecord)> {
    let place = place(cx, id)?;
    let number = place.body.elections.get(cx)?;
    let election = place.body.election.at(number);
    let open = Phase::of(cx, &place.body)? == Phase::Election
        && cx.block().timestamp_secs < election.closes_at.get(cx)?;
    ensure!(open, NoElection { chamber: id });
    Ok((place, number, election))
}

/// The caller's member stands.
///
/// Errors: `NotAMember`, `NoRight`, `UnknownChamber`, `NoElection`, `MayNotStand`, `AlreadyStands`, `TooMany`.
pub(in crate::assembly) fn stand(cx: &mut Context<'_>, chamber: B256) -> Result<()> {
    let member = electorate::caller_with(cx, Rights::VOTE)?;
    let (place, number, election) = open_election(cx, chamber)?;
    let may = Eligibility::of(cx, &place)?.of_member(cx, member)?;
    ensure!(may, MayNotStand { chamber, member });
    if election.numbers.at(member).get(cx)? == 0 {
        let count = election.candidates.len(cx)?;
        ensure!(count < CANDIDATES_MAX, too_many("candidates", CANDIDATES_MAX));
        election.candidates.push(cx, member)?;
        election.numbers.at(member).set(cx, count.saturating_add(1))?;
    } else {
        ensure!(election.withdrawn.at(member).get(cx)?, AlreadyStands { chamber, member });
        election.withdrawn.at(member).set(cx, false)?;
    }
    cx.emit(&CandidateStood { chamber, election: number, member })
}

/// The caller's member stands no more. Ballots that name it keep naming it, in case it stands again.
///
/// Errors: `NotAMember`, `UnknownChamber`, `NoElection`, `NotACandidate`.
pub(in crate::assembly) fn stand_down(cx: &mut Context<'_>, chamber: B256) -> Result<()> {
    let member = electorate::caller(cx)?;
    let (_, number, election) = open_election(cx, chamber)?;
    ensure!(stands(cx, &election, member)?.is_some(), NotACandidate { chamber, member });
    election.withdrawn.at(member).set(cx, true)?;
    cx.emit(&CandidateWithdrew { chamber, election: number, member })
}

/// The place of `member` among the candidates, if it stands.
fn stands(cx: &mut Context<'_>, election: &ElectionRecord, member: B256) -> Result<Option<u64>> {
    let index = election.numbers.at(member).get(cx)?.checked_sub(1);
    Ok(if index.is_some() && election.withdrawn.at(member).get(cx)? { None } else { index })
}

/// Casts, changes or takes back the caller's ballot.
///
/// Errors: `NotAMember`, `UnknownChamber`, `NoElection`, `NotAnElector`, `NotACandidate`, `TooMany`. Gas: two sums for every
/// candidate that the ballot names or named.
pub(in crate::assembly) fn elect(cx: &mut Context<'_>, chamber: B256, candidates: &[B256]) -> Result<()> {
    let member = electorate::caller(cx)?;
    let (_, number, election) = open_election(cx, chamber)?;
    let source = election.source.get(cx)?;
    let record = rules::chamber_version(source, election.source_version.get(cx)?);
    let (weight, height) = (election.weight.get(cx)?, election.height.get(cx)?);
    let weight = weight_at(cx, source, &record, member, weight, height)?;
    let weight = U256::from(weight.ok_or(NotAnElector { chamber, member })?);
    let most = if election.approval.get(cx)? { NAMED_MAX } else { 1 };
    ensure!(candidates.len() <= most, too_many("candidates on a ballot", most as u64));

    let ballot = election.ballots.at(member);
    let named = ballot.all(cx)?;
    for index in &named {
        let sum = election.sums.at(*index).get(cx)?;
        election.sums.at(*index).set(cx, sum.saturating_sub(weight))?;
    }
    let mut places = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        let index = stands(cx, &election, *candidate)?;
        let index = index.ok_or(NotACandidate { chamber, member: *candidate })?;
        // Named twice it would count twice.
        ensure!(!places.contains(&index), NotACandidate { chamber, member: *candidate });
        let sum = election.sums.at(index).get(cx)?;
        election.sums.at(index).set(cx, sum.saturating_add(weight))?;
        places.push(index);
    }
    for (slot, index) in (0u64..).zip(&places) {
        ballot.at(slot).set(cx, *index)?;
    }
    for slot in places.len()..named.len() {
        ballot.at(slot as u64).set(cx, 0)?;
    }
    ballot.truncate(cx, places.len() as u64)?;
    cx.emit(&ElectionBallot { chamber, election: number, member, candidates: candidates.to_vec() })
}

/// The last election, as the ABI shows it. `r` reads the assembly.
pub(in crate::assembly) fn election_of<R: Read>(
    r: &mut R,
    id: B256,
) -> Result<IAssembly::Election, R::Error> {
    let body = super::body(id);
    let number = body.elections.get(r)?;
    let election = body.election.at(number);
    let mut candidates = Vec::new();
    for index in 0..election.candidates.len(r)? {
        let member = election.candidates.at(index).get(r)?;
        candidates.push(Candidate {
            member,
            withdrawn: election.withdrawn.at(member).get(r)?,
            weight: election.sums.at(index).get(r)?,
        });
    }
    Ok(IAssembly::Election {
        number,
        open: Phase::of(r, &body)? == Phase::Election,
        closesAt: election.closes_at.get(r)?,
        seats: election.seats.get(r)?,
        source: election.source.get(r)?,
        height: election.height.get(r)?,
        weight: election.weight.get(r)?,
        approval: election.approval.get(r)?,
        candidates,
    })
}

/// The candidates that `member`'s ballot in the last election names. `r` reads the assembly.
pub(in crate::assembly) fn elected_by<R: Read>(
    r: &mut R,
    id: B256,
    member: B256,
) -> Result<Vec<B256>, R::Error> {
    let body = super::body(id);
    let election = body.election.at(body.elections.get(r)?);
    let places = election.ballots.at(member).all(r)?;
    places.into_iter().map(|index| election.candidates.at(index).get(r)).collect()
}
