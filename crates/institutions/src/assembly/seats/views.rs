//! Seats as those outside see them. Free of gas, over any [`Slots`].

use alloy_primitives::{B256, U256};
use polity_primitives::REGISTRY;

use super::{Phase, body, election_of, rules, term_of};
use crate::{
    agenda::Due,
    assembly::{
        IAssembly::By,
        schema::{storage, view},
    },
    host::Slots,
    names,
    registry::registry,
    storage::{Read, View},
};

/// How the seats of a chamber are filled, and who has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatsView {
    /// Chamber by id.
    pub chamber: String,
    /// `election`, `sortition` or `stake`.
    pub by: &'static str,
    /// Seats there are; 0 by stake.
    pub seats: u64,
    /// Seats that nobody has in the present term; 0 by stake, and before the first.
    pub vacant: u64,
    /// The chamber that elects, or that lots are drawn from; empty by stake.
    pub source: String,
    /// Number of the present term; 0: nobody was ever seated.
    pub term: u64,
    /// When the present term ends. Units: seconds since 1970-01-01 UTC.
    pub ends_at: Option<u64>,
    /// What lots were drawn with.
    pub seed: Option<B256>,
    /// Who has a seat now, by id.
    pub members: Vec<String>,
    /// Until when ballots of the open election are taken. Units: seconds since 1970-01-01 UTC.
    pub election_closes_at: Option<u64>,
    /// Candidates of the last election, in the order in which they stood.
    pub candidates: Vec<CandidateView>,
    /// Whether lots are being drawn.
    pub is_drawing: bool,
    /// What members have bonded, by id.
    pub stakes: Vec<StakeView>,
    /// All that is bonded. Units: wei.
    pub bonded_wei: U256,
    /// The least that has a seat; zero where seats are not by stake. Units: wei.
    pub min_wei: U256,
    /// What waits to be paid back.
    pub unbondings: Vec<UnbondingView>,
}

/// A candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CandidateView {
    /// Member.
    pub member: String,
    /// Whether it stands no more.
    pub withdrawn: bool,
    /// Sum of the weights of the ballots that name it, as whole numbers.
    pub weight: U256,
}

/// What a member has bonded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StakeView {
    /// Member.
    pub member: String,
    /// Units: wei.
    pub stake_wei: U256,
    /// Whether it is enough to sit.
    pub sits: bool,
}

/// A payment that somebody waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnbondingView {
    /// Number.
    pub id: u64,
    /// Member.
    pub member: String,
    /// Units: wei.
    pub amount_wei: U256,
    /// When it is paid. Units: seconds since 1970-01-01 UTC.
    pub paid_at: u64,
}

/// The word of a charter for a way to fill seats.
pub(in crate::assembly) const fn by_word(by: By) -> &'static str {
    match by {
        By::Election => "election",
        By::Sortition => "sortition",
        By::Stake => "stake",
        _ => "description",
    }
}

/// How the seats of chamber `id` are filled and who has them; `None` if it sits by description, or is not there.
///
/// Bounds: it reads every member once by stake, and the agenda, on which is who waits to be paid.
#[must_use]
pub fn seats_of(slots: &dyn Slots, id: &str) -> Option<SeatsView> {
    let (mut view, word) = (view(slots), names::word(id)?);
    let Ok(found) = rules::chamber(&mut view, word);
    let (_, record) = found?;
    let Ok(seating) = record.seating.read(&mut view);
    let by = by_word(seating.by);
    if seating.by == By::Description {
        return None;
    }
    let Ok(term) = term_of(&mut view, word);
    let Ok(election) = election_of(&mut view, word);
    let Ok(phase) = Phase::of(&mut view, &body(word));
    let Ok(bonded_wei) = body(word).bonded.get(&mut view);
    let open = phase == Phase::Election;
    let candidates = election.candidates.into_iter().map(|candidate| CandidateView {
        member: names::text(candidate.member),
        withdrawn: candidate.withdrawn,
        weight: candidate.weight,
    });
    let candidates = candidates.collect();
    Some(SeatsView {
        chamber: id.to_owned(),
        by,
        seats: seating.seats,
        vacant: if term.number == 0 { 0 } else { seating.seats.saturating_sub(term.members.len() as u64) },
        source: names::text(seating.source),
        term: term.number,
        ends_at: (term.number != 0).then_some(term.ends),
        seed: Some(term.seed).filter(|seed| !seed.is_zero()),
        members: term.members.into_iter().map(names::text).collect(),
        election_closes_at: open.then_some(election.closesAt),
        candidates,
        is_drawing: phase == Phase::Draw,
        stakes: if by == "stake" { stakes(slots, &mut view, word, seating.min) } else { Vec::new() },
        bonded_wei,
        min_wei: seating.min,
        unbondings: unbondings(&mut view, word),
    })
}

fn stakes(slots: &dyn Slots, view: &mut View<'_>, chamber: B256, min: U256) -> Vec<StakeView> {
    let mut members = View::new(slots, REGISTRY);
    let Ok(count) = registry().count(&mut members);
    let stake = |index: u64| {
        let Ok(member) = registry().id_at(&mut members, index);
        let Ok(stake_wei) = body(chamber).stakes.at(member).get(view);
        let sits = stake_wei >= min;
        (!stake_wei.is_zero()).then(|| StakeView { member: names::text(member), stake_wei, sits })
    };
    (0..count).filter_map(stake).collect()
}

fn unbondings<R: Read<Error = core::convert::Infallible>>(r: &mut R, chamber: B256) -> Vec<UnbondingView> {
    let seats = storage().seats;
    let Ok(agenda) = storage().agenda.all(r);
    let mut waiting: Vec<u64> = agenda
        .into_iter()
        .filter_map(|entry| if let Due::Release(id) = entry.due { Some(id) } else { None })
        .collect();
    waiting.sort_unstable();
    let waits = |id: u64| {
        let record = seats.unbondings.at(id);
        let (Ok(of), Ok(paid)) = (record.chamber.get(r), record.paid.get(r));
        let (Ok(member), Ok(amount_wei), Ok(paid_at)) =
            (record.member.get(r), record.amount.get(r), record.paid_at.get(r));
        let waits = of == chamber && !paid;
        waits.then(|| UnbondingView { id, member: names::text(member), amount_wei, paid_at })
    };
    waiting.into_iter().filter_map(waits).collect()
}

/// What a chamber's entry of the agenda will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::assembly) enum Turn {
    /// Ballots are taken from then on.
    ElectionOpens,
    /// Ballots are counted and seats filled.
    ElectionCloses,
    /// A draw is announced.
    LotsBegin,
    /// More lots are drawn, or seats filled with the lowest.
    LotsGoOn,
    /// The chamber is gone, or sits otherwise since.
    Nothing,
}

/// The chamber with this number on the agenda, and what its turn will do; `None` if no chamber has it.
pub(in crate::assembly) fn turn_of(slots: &dyn Slots, number: u64) -> Option<(String, Turn)> {
    let mut view = view(slots);
    let index = number.checked_sub(1)?;
    let Ok(id) = storage().seats.filled.find(&mut view, index);
    let Ok(id) = id?.get(&mut view);
    let Ok(chamber) = rules::chamber(&mut view, id);
    let Ok(phase) = Phase::of(&mut view, &body(id));
    let by = chamber.map(|(_, record)| {
        let Ok(by) = record.seating.by(&mut view);
        by
    });
    let turn = match (by, phase) {
        (Some(By::Election), Phase::Election) => Turn::ElectionCloses,
        (Some(By::Election), _) => Turn::ElectionOpens,
        (Some(By::Sortition), Phase::Draw) => Turn::LotsGoOn,
        (Some(By::Sortition), _) => Turn::LotsBegin,
        _ => Turn::Nothing,
    };
    Some((names::text(id), turn))
}

/// Chamber, member and amount of what was unbonded under `id`. Units: wei.
pub(in crate::assembly) fn unbonding(slots: &dyn Slots, id: u64) -> (String, String, U256) {
    let mut view = view(slots);
    let record = storage().seats.unbondings.at(id);
    let (Ok(chamber), Ok(member), Ok(amount)) =
        (record.chamber.get(&mut view), record.member.get(&mut view), record.amount.get(&mut view));
    (names::text(chamber), names::text(member), amount)
}
