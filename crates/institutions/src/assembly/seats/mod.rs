//! Seats: chambers whose members are elected, drawn by lot, or sit with what they bonded.
//!
//! Rule kept: who sat with which stake is kept by height, so an electorate is that of the opening whoever is seated, or moves
//! money, afterwards. Nobody is seated by anybody: the agenda opens elections and draws, and fills the seats when they end. Until
//! then, and whenever nobody could be elected or drawn, those who sit go on sitting.
//!
//! A term is a number; who has a seat in it is written under that number before the term begins. So a chamber of any size changes
//! hands with one write, and an end of term needs none.
//!
//! Deliberately absent: how ballots on proposals count (the registry's filter and [`admit`] only say who may cast them), and the
//! pledges of validators, which are another chamber's business.

mod election;
mod lots;
mod sortition;
mod stake;
mod views;

use alloy_primitives::{B256, U256};
use polity_charter::{Rights, SEATS_MAX, STAKE};
use polity_decision::{Rational, Voter};
use polity_primitives::{ASSEMBLY, REGISTRY};

pub use election::{CANDIDATES_MAX, NAMED_MAX};
pub(super) use election::{elect, elected_by, election_of, stand, stand_down};
pub use sortition::DRAW_MEMBERS_MAX;
pub use stake::{BONDED_MAX, UNBONDINGS_MAX};
pub(super) use stake::{bond, bonded_in, release, unbond, unbonding_of};
pub use views::{CandidateView, SeatsView, StakeView, UnbondingView, seats_of};
pub(super) use views::{Turn, by_word, turn_of, unbonding};

use super::{
    IAssembly::{self, By, NotDue, Seated, TurnSkipped, UnknownChamber},
    PERIOD_SECS_MAX,
    electorate::{self, House},
    rules,
    schema::{ChamberRecord, storage},
};
use crate::{
    agenda::Due,
    context::{Context, Result},
    ensure, layout, names,
    registry::{Filter, STAKE_SCALE, registry},
    storage::{Anywhere, History, List, Map, Read, Slot},
};

/// How long a chamber waits before its seats are tried again, when it has no term to go by. Units: seconds.
const AGAIN_SECS: u64 = 86_400;

layout! {
    /// Seats of all chambers.
    pub(super) struct Seats {
        bodies: Map<B256, Body>,
        /// Chambers that were ever elected or drawn; their place, plus one, is their number on the agenda.
        filled: List<Slot<B256>>,
        unbonding_count: Slot<u64>,
        /// From 1.
        unbondings: Map<u64, stake::UnbondingRecord>,
    }
}

layout! {
    /// Seats of one chamber.
    struct Body {
        /// Its number on the agenda; 0 while it was never elected or drawn.
        number: Slot<u64>,
        phase: Slot<u8>,
        /// Number of the present term by height.
        term: History,
        terms: Map<u64, TermRecord>,
        elections: Slot<u64>,
        /// From 1.
        election: Map<u64, election::ElectionRecord>,
        /// By the term it is for.
        draws: Map<u64, sortition::DrawRecord>,
        /// Units: wei.
        stakes: Map<B256, History>,
        bonded: Slot<U256>,
        /// How many payments each member waits for.
        waiting: Map<B256, Slot<u64>>,
    }
}

layout! {
    /// A term.
    struct TermRecord {
        began: Slot<u64>,
        ends: Slot<u64>,
        height: Slot<u64>,
        /// Number of the election that filled it; 0: lots did.
        election: Slot<u64>,
        seats: Map<B256, Slot<bool>>,
    }
}

layout! {
    /// How the seats of a version of a chamber are filled; the fields are those of `IAssembly.Seating`.
    pub(super) struct SeatingRecord {
        by: Slot<u8>,
        seats: Slot<u64>,
        source: Slot<B256>,
        term_secs: Slot<u64>,
        election_secs: Slot<u64>,
        approval: Slot<bool>,
        weight: Slot<B256>,
        unbonding_secs: Slot<u64>,
        min: Slot<U256>,
    }
}

impl SeatingRecord {
    /// How seats are filled. `r` reads the assembly.
    pub(super) fn by<R: Read>(&self, r: &mut R) -> Result<By, R::Error> {
        Ok(By::try_from(self.by.get(r)?).unwrap_or(By::Description))
    }

    /// As the ABI shows it.
    pub(super) fn read<R: Read>(&self, r: &mut R) -> Result<IAssembly::Seating, R::Error> {
        Ok(IAssembly::Seating {
            by: self.by(r)?,
            seats: self.seats.get(r)?,
            source: self.source.get(r)?,
            termSecs: self.term_secs.get(r)?,
            electionSecs: self.election_secs.get(r)?,
            approval: self.approval.get(r)?,
            weight: self.weight.get(r)?,
            unbondingSecs: self.unbonding_secs.get(r)?,
            min: self.min.get(r)?,
        })
    }
}

// `sol!` derives no `Default` where there is an enumeration.
impl Default for IAssembly::Seating {
    fn default() -> Self {
        Self {
            by: By::Description,
            seats: 0,
            source: B256::ZERO,
            termSecs: 0,
            electionSecs: 0,
            approval: false,
            weight: B256::ZERO,
            unbondingSecs: 0,
            min: U256::ZERO,
        }
    }
}

impl Default for IAssembly::Secrecy {
    fn default() -> Self {
        Self { revealSecs: 0, unrevealed: IAssembly::Choice::None }
    }
}

impl Default for IAssembly::Chamber {
    fn default() -> Self {
        Self {
            name: String::new(),
            kinds: 0,
            classes: Vec::new(),
            members: Vec::new(),
            rule: B256::ZERO,
            votingSecs: 0,
            delaySecs: 0,
            seating: IAssembly::Seating::default(),
            secret: IAssembly::Secrecy::default(),
        }
    }
}

/// What happens to a chamber's seats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Phase {
    /// A term runs, or nothing does.
    Rest,
    /// Ballots are taken for candidates.
    Election,
    /// Lots are drawn.
    Draw,
}

impl Phase {
    fn of<R: Read>(r: &mut R, body: &Body) -> Result<Self, R::Error> {
        Ok(match body.phase.get(r)? {
            1 => Self::Election,
            2 => Self::Draw,
            _ => Self::Rest,
        })
    }
}

/// A chamber, as the functions here need it.
struct Place {
    id: B256,
    number: u64,
    record: ChamberRecord,
    body: Body,
}

fn body(id: B256) -> Body {
    storage().seats.bodies.at(id)
}

/// The chamber `id`, in the version in force.
fn place(cx: &mut Context<'_>, id: B256) -> Result<Place> {
    let (_, record) = rules::chamber(cx, id)?.ok_or(UnknownChamber { chamber: id })?;
    let body = body(id);
    Ok(Place { id, number: body.number.get(cx)?, record, body })
}

/// Whether `seating` can be meant.
///
/// Errors: what is wrong.
pub(super) fn check(id: B256, seating: &IAssembly::Seating) -> Result<(), &'static str> {
    let filled = matches!(seating.by, By::Election | By::Sortition);
    let in_period = |secs: u64| (1..=PERIOD_SECS_MAX).contains(&secs);
    let wrong = [
        (seating.by == By::__Invalid, "there is no such way to fill seats"),
        (filled && !(1..=SEATS_MAX).contains(&seating.seats), "it has no seats, or more than 128"),
        (filled && !in_period(seating.termSecs), "its term must be between a second and a hundred years"),
        (
            filled && (seating.source == id || !names::is_name(seating.source)),
            "it names no other chamber to fill its seats",
        ),
        (!(seating.weight.is_zero() || names::is_name(seating.weight)), "the weight it names is no name"),
        (
            seating.by == By::Election && !(1..=seating.termSecs).contains(&seating.electionSecs),
            "ballots are taken for no time, or longer than a term",
        ),
        (seating.by == By::Stake && seating.min.is_zero(), "who bonds nothing cannot sit"),
        (seating.unbondingSecs > PERIOD_SECS_MAX, "unbonding takes longer than a hundred years"),
    ];
    wrong.into_iter().find(|(is_wrong, _)| *is_wrong).map_or(Ok(()), |(_, problem)| Err(problem))
}

/// Writes how the seats of chamber `id` are filled from now on, and has them filled if nothing is under way.
pub(super) fn store(
    cx: &mut Context<'_>,
    id: B256,
    record: &SeatingRecord,
    seating: &IAssembly::Seating,
) -> Result<()> {
    if seating.by == By::Description {
        return Ok(());
    }
    record.by.set(cx, seating.by as u8)?;
    record.seats.set(cx, seating.seats)?;
    record.source.set(cx, seating.source)?;
    record.term_secs.set(cx, seating.termSecs)?;
    record.election_secs.set(cx, seating.electionSecs)?;
    record.approval.set(cx, seating.approval)?;
    record.weight.set(cx, seating.weight)?;
    record.unbonding_secs.set(cx, seating.unbondingSecs)?;
    record.min.set(cx, seating.min)?;
    if seating.by == By::Stake {
        return Ok(());
    }
    let (storage, body) = (storage(), body(id));
    if body.number.get(cx)? == 0 {
        storage.seats.filled.push(cx, id)?;
        let number = storage.seats.filled.len(cx)?;
        body.number.set(cx, number)?;
    }
    let (block, due) = (cx.block(), Due::Turn(body.number.get(cx)?));
    match storage.agenda.scheduled(cx, due)? {
        Some(_) => Ok(()),
        None => storage.agenda.schedule(cx, &block, due, block.timestamp_secs),
    }
}

/// Takes the next step towards filled seats. By the chain itself.
///
/// Errors: `NotBySystem`, `NotDue`.
pub(super) fn turn(cx: &mut Context<'_>, number: U256) -> Result<()> {
    let id = due(cx, number)?;
    if rules::chamber(cx, id)?.is_none() {
        return end(cx, id);
    }
    let place = place(cx, id)?;
    match place.record.seating.by(cx)? {
        By::Election => election::turn(cx, &place),
        By::Sortition => sortition::turn(cx, &place),
        _ => end(cx, id),
    }
}

/// Leaves out a turn that failed, and tries again a term later. By the chain itself.
///
/// Errors: `NotBySystem`, `NotDue`.
pub(super) fn skip_turn(cx: &mut Context<'_>, number: U256) -> Result<()> {
    let id = due(cx, number)?;
    if rules::chamber(cx, id)?.is_none() {
        return end(cx, id);
    }
    let place = place(cx, id)?;
    postpone(cx, &place)
}

/// The chamber with this number, whose turn it is; the turn is off the agenda.
fn due(cx: &mut Context<'_>, number: U256) -> Result<B256> {
    cx.by_system()?;
    let number = number.saturating_to::<u64>();
    let index = number.checked_sub(1).ok_or(NotDue {})?;
    let (storage, block) = (storage(), cx.block());
    ensure!(storage.agenda.take(cx, &block, Due::Turn(number))?, NotDue {});
    storage.seats.filled.at(index).get(cx)
}

/// The chamber is gone, or sits otherwise since: what was under way ends here, and nothing follows.
fn end(cx: &mut Context<'_>, id: B256) -> Result<()> {
    body(id).phase.set(cx, Phase::Rest as u8)?;
    cx.emit(&TurnSkipped { chamber: id, again: 0 })
}

/// Goes on with who sits, and tries again a term later.
fn postpone(cx: &mut Context<'_>, place: &Place) -> Result<()> {
    let wait = place.record.seating.term_secs.get(cx)?.max(AGAIN_SECS);
    let again = cx.block().timestamp_secs.saturating_add(wait);
    place.body.phase.set(cx, Phase::Rest as u8)?;
    schedule(cx, place, again)?;
    cx.emit(&TurnSkipped { chamber: place.id, again })
}

fn schedule(cx: &mut Context<'_>, place: &Place, at: u64) -> Result<()> {
    let block = cx.block();
    storage().agenda.schedule(cx, &block, Due::Turn(place.number), at)
}

/// Who is seated.
struct Seating {
    members: Vec<B256>,
    /// How many seats there are: those that are left stay vacant.
    seats: u64,
    /// Number of the election; 0: lots fell.
    election: u64,
    /// So long before the end of the term the next turn comes. Units: seconds.
    lead_secs: u64,
}

/// Begins a term.
fn seat(cx: &mut Context<'_>, place: &Place, seating: Seating) -> Result<()> {
    let Seating { members, seats, election, lead_secs } = seating;
    let vacant = seats.saturating_sub(members.len() as u64);
    let block = cx.block();
    let term = place.body.term.get(cx)?.saturating_to::<u64>().saturating_add(1);
    let record = place.body.terms.at(term);
    let ends = block.timestamp_secs.saturating_add(place.record.seating.term_secs.get(cx)?);
    for member in &members {
        record.seats.at(*member).set(cx, true)?;
    }
    record.began.set(cx, block.timestamp_secs)?;
    record.ends.set(cx, ends)?;
    record.height.set(cx, block.height)?;
    record.election.set(cx, election)?;
    place.body.term.set(cx, block.height, U256::from(term))?;
    place.body.phase.set(cx, Phase::Rest as u8)?;
    schedule(cx, place, ends.saturating_sub(lead_secs))?;
    cx.emit(&Seated { chamber: place.id, term, members, vacant, endsAt: ends })
}

/// A seat at some height: just that, or with what was bonded. Units: wei.
enum Seat {
    Plain,
    Bonded(u128),
}

/// Whether `member` sat in this version of chamber `id` at the end of block `height`, as far as the assembly knows. `r` reads it.
fn seat_at<R: Read>(
    r: &mut R,
    id: B256,
    record: &ChamberRecord,
    member: B256,
    height: u64,
) -> Result<Option<Seat>, R::Error> {
    let body = body(id);
    Ok(match record.seating.by(r)? {
        By::Election | By::Sortition => {
            let term = body.term.at(r, height)?.saturating_to::<u64>();
            let has = term != 0 && body.terms.at(term).seats.at(member).get(r)?;
            has.then_some(Seat::Plain)
        }
        By::Stake => {
            let stake = body.stakes.at(member).at(r, height)?;
            let enough = !stake.is_zero() && stake >= record.seating.min.get(r)?;
            enough.then(|| Seat::Bonded(stake.saturating_to()))
        }
        _ => Some(Seat::Plain),
    })
}

/// `voter` with what it has bonded, or `None` if it had no seat in this version of chamber `id` at the end of block `height`.
/// `r` reads the assembly.
pub(super) fn admit<R: Read>(
    r: &mut R,
    id: B256,
    record: &ChamberRecord,
    height: u64,
    mut voter: Voter,
) -> Result<Option<Voter>, R::Error> {
    let member = names::word(&voter.id).unwrap_or_default();
    Ok(match seat_at(r, id, record, member, height)? {
        None => None,
        Some(Seat::Plain) => Some(voter),
        Some(Seat::Bonded(stake)) => {
            voter.weights.insert(STAKE.to_owned(), Rational::new(stake.into(), STAKE_SCALE.into()));
            Some(voter)
        }
    })
}

/// Whether `member` sits in this version of chamber `id` now, with the right to vote.
pub(super) fn sits(cx: &mut Context<'_>, id: B256, record: &ChamberRecord, member: B256) -> Result<bool> {
    Ok(weight_at(cx, id, record, member, B256::ZERO, u64::MAX)?.is_some())
}

/// A chamber as it is now, to be asked who sits there: read once, asked for many.
pub(crate) struct Sitting {
    id: B256,
    record: ChamberRecord,
    filter: Filter,
}

impl Sitting {
    /// The chamber `id`; `None` if there is none.
    pub(crate) fn of<A: Anywhere>(at: &mut A, id: B256) -> Result<Option<Self>, A::Error> {
        let mut assembly = at.storage(ASSEMBLY);
        let Some((_, record)) = rules::chamber(&mut assembly, id)? else { return Ok(None) };
        let filter = electorate::filter(&mut assembly, &record)?;
        Ok(Some(Self { id, record, filter }))
    }

    /// Whether `member` sits there now, with the right to vote.
    pub(crate) fn has<A: Anywhere>(&self, at: &mut A, member: B256) -> Result<bool, A::Error> {
        let registry = registry();
        let elector = registry.elector(&mut at.storage(REGISTRY), member, &self.filter, &[], u64::MAX)?;
        let seat = match elector {
            Some(_) => seat_at(&mut at.storage(ASSEMBLY), self.id, &self.record, member, u64::MAX)?,
            None => None,
        };
        Ok(seat.is_some())
    }
}

/// What `member` weighed in this version of chamber `id` at the end of block `height`, in `weight` (zero: one each), as a whole
/// number; `None` if it did not sit there with the right to vote.
fn weight_at(
    cx: &mut Context<'_>,
    id: B256,
    record: &ChamberRecord,
    member: B256,
    weight: B256,
    height: u64,
) -> Result<Option<u128>> {
    let filter = electorate::filter(cx, record)?;
    weight_in(cx, id, (record, &filter), member, weight, height)
}

/// The same for a chamber whose filter was read: it can be long, and many members are asked about.
fn weight_in(
    cx: &mut Context<'_>,
    id: B256,
    (record, filter): (&ChamberRecord, &Filter),
    member: B256,
    weight: B256,
    height: u64,
) -> Result<Option<u128>> {
    let weights = if weight.is_zero() { vec![] } else { vec![weight] };
    let elector = registry().elector(&mut electorate::members(cx), member, filter, &weights, height)?;
    let Some(elector) = elector else { return Ok(None) };
    let Some(seat) = seat_at(cx, id, record, member, height)? else { return Ok(None) };
    let stake = B256::right_padding_from(STAKE.as_bytes());
    Ok(Some(match (seat, elector.weights.first()) {
        (_, None) => 1,
        (Seat::Bonded(bonded), Some((name, _))) if *name == stake => bonded,
        (_, Some((_, value))) => *value,
    }))
}

/// Whom a chamber's description lets in: all who may vote, where it names nobody.
struct Description {
    filter: Filter,
    is_given: bool,
}

impl Description {
    fn of(cx: &mut Context<'_>, record: &ChamberRecord) -> Result<Self> {
        let described = electorate::described(cx, record)?;
        let is_given = described.kinds != 0 || !described.classes.is_empty() || !described.members.is_empty();
        let anyone = || Filter { rights: Rights::VOTE, ..electorate::anyone() };
        Ok(Self { filter: if is_given { described } else { anyone() }, is_given })
    }

    /// Whether it lets `member` in now.
    fn lets_in(&self, cx: &mut Context<'_>, member: B256) -> Result<bool> {
        Ok(registry().elector(&mut electorate::members(cx), member, &self.filter, &[], u64::MAX)?.is_some())
    }
}

/// The present term, as the ABI shows it. It reads every candidate or lot of the term.
pub(super) fn term_of<H: House>(r: &mut H, id: B256) -> Result<IAssembly::Term, H::Error> {
    let body = body(id);
    let number = body.term.get(r)?.saturating_to::<u64>();
    let record = body.terms.at(number);
    let election = record.election.get(r)?;
    let (named, seed) = match (number, election) {
        (0, _) => (Vec::new(), B256::ZERO),
        (_, 0) => sortition::drawn(r, &body.draws.at(number))?,
        _ => (body.election.at(election).candidates.all(r)?, B256::ZERO),
    };
    let mut members = Vec::new();
    for member in named {
        if record.seats.at(member).get(r)? {
            members.push(member);
        }
    }
    Ok(IAssembly::Term {
        number,
        began: record.began.get(r)?,
        ends: record.ends.get(r)?,
        height: record.height.get(r)?,
        seed,
        members,
    })
}

/// Whether `member` had a seat of chamber `id`, as it is now, at the end of block `height`. `r` reads the assembly.
pub(super) fn sat_at<R: Read>(r: &mut R, id: B256, member: B256, height: u64) -> Result<bool, R::Error> {
    let Some((_, record)) = rules::chamber(r, id)? else { return Ok(false) };
    let filled = record.seating.by(r)? != By::Description;
    Ok(filled && seat_at(r, id, &record, member, height)?.is_some())
}

/// What `member` had bonded in chamber `id` at the end of block `height`. Units: wei. `r` reads the assembly.
pub(super) fn stake_at<R: Read>(r: &mut R, id: B256, member: B256, height: u64) -> Result<U256, R::Error> {
    body(id).stakes.at(member).at(r, height)
}
