//! Bonds, rewards, standing and offences as those outside read them, without gas.

use alloy_primitives::{Address, B256, U256};
use polity_primitives::{CONSTITUTION, REGISTRY};

use super::{constitution, standing::start};
use crate::{host::Slots, names, registry::registry, storage::View};

/// Most entries of a list that are read at once.
pub const PAGE_MAX: u64 = 1_000;

/// What is at stake on one member's conduct. Units: wei.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BondView {
    /// Member.
    pub member: String,
    /// Its own bond.
    pub pledged: U256,
    /// Its own bond and what others delegated to it.
    pub total: U256,
    /// Unbonding: at stake until it is paid.
    pub leaving: U256,
    /// When the last of it may be paid; `None` if nothing waits. Units: seconds since 1970-01-01 UTC.
    pub leaving_until: Option<u64>,
    /// Rewards not shared out yet.
    pub vesting: U256,
}

/// What one holder has with one candidate. Units: wei.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldingView {
    /// Candidate.
    pub candidate: String,
    /// At stake.
    pub amount: U256,
    /// To be claimed.
    pub rewards: U256,
}

/// A payment that somebody waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentView {
    /// Number.
    pub id: u64,
    /// With whom it was bonded.
    pub candidate: String,
    /// Whose it is: a member's id, or an address.
    pub holder: String,
    /// Units: wei.
    pub amount: U256,
    /// Units: seconds since 1970-01-01 UTC.
    pub paid_at: u64,
    /// Delegated to this candidate then.
    pub to: Option<String>,
}

/// How a member stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScoreView {
    /// Member.
    pub member: String,
    /// Its score.
    pub score: i64,
    /// Blocks written while blocks had accounts.
    pub written: u64,
    /// Turns missed.
    pub missed: u64,
    /// Turns missed since it last wrote.
    pub in_a_row: u64,
}

/// A punished offence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffenceView {
    /// 1: two votes, 2: two proposals, 3: invalid proposal, 4: invalid worked block, 5: turns missed in a row.
    pub kind: u8,
    /// Who.
    pub member: String,
    /// Height signed for.
    pub height: u64,
    /// Round signed for.
    pub round: u32,
    /// Who brought the evidence; none: the chain counted.
    pub reporter: Option<Address>,
    /// Block that punished it.
    pub punished_at: u64,
    /// Units: wei.
    pub forfeited: U256,
}

/// What was issued and burnt, and what is owed. Units: wei.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BooksView {
    /// Issued as rewards.
    pub issued: U256,
    /// Burnt as tips and forfeits; base fees are not among them.
    pub burnt: U256,
    /// Bonds, unbonding, vesting and unclaimed rewards together.
    pub held: U256,
}

fn view(slots: &dyn Slots) -> View<'_> {
    View::new(slots, CONSTITUTION)
}

/// The word of a holder: a member's id, or an address.
fn holder_text(holder: B256) -> String {
    if holder.first() == Some(&0) { Address::from_word(holder).to_string() } else { names::text(holder) }
}

/// What is at stake on everybody's conduct: those with a bond first, then those of whom only something unbonding or vesting is left.
/// Bounds: `CANDIDATES_MAX`, and the members once.
#[must_use]
pub fn bonds(slots: &dyn Slots) -> Vec<BondView> {
    let (at, mut view, mut members) = (constitution(), view(slots), View::new(slots, REGISTRY));
    let Ok(bonded) = at.bonded.all(&mut view);
    let Ok(ids) = registry().ids_from(&mut members, U256::ZERO, U256::MAX);
    let left = ids.into_iter().filter(|id| !bonded.contains(id)).collect::<Vec<_>>();
    let waiting = payments(slots);
    let bond = |id: B256| {
        let Ok(stake) = at.stake_of(&mut view, id);
        let member = names::text(id);
        let last =
            waiting.iter().filter(|payment| payment.candidate == member).map(|payment| payment.paid_at).max();
        BondView {
            member,
            pledged: stake.pledged,
            total: stake.total,
            leaving: stake.leaving,
            leaving_until: last.filter(|_| !stake.leaving.is_zero()),
            vesting: stake.vesting,
        }
    };
    let is_at_stake =
        |bond: &BondView| !(bond.total.is_zero() && bond.leaving.is_zero() && bond.vesting.is_zero());
    bonded.into_iter().chain(left).map(bond).filter(is_at_stake).collect()
}

/// What the account `who` has with every candidate, where it has anything. Bounds: `MEMBERS_MAX`.
#[must_use]
pub fn holdings(slots: &dyn Slots, who: Address) -> Vec<HoldingView> {
    let (at, mut view, mut members) = (constitution(), view(slots), View::new(slots, REGISTRY));
    let Ok(party) = registry().party_of(&mut members, who);
    let holder = if party.is_zero() { who.into_word() } else { party };
    let Ok(ids) = registry().ids_from(&mut members, U256::ZERO, U256::MAX);
    let holding = |id: B256| {
        let pool = at.pools.at(id);
        let Ok(amount) = pool.amount_of(&mut view, holder);
        let Ok(rewards) = pool.rewards_of(&mut view, holder);
        let some = !(amount.is_zero() && rewards.is_zero());
        some.then(|| HoldingView { candidate: names::text(id), amount, rewards })
    };
    ids.into_iter().filter_map(holding).collect()
}

/// Payments that somebody waits for, those of the last [`PAGE_MAX`] that were asked for.
#[must_use]
pub fn payments(slots: &dyn Slots) -> Vec<PaymentView> {
    let (at, mut view) = (constitution(), view(slots));
    let Ok(count) = at.unbonding_count.get(&mut view);
    let payment = |id: u64| {
        let Ok(record) = at.unbondings.at(id).read(&mut view);
        (!record.done).then(|| PaymentView {
            id,
            candidate: names::text(record.candidate),
            holder: holder_text(record.holder),
            amount: record.amount,
            paid_at: record.paidAt,
            to: (!record.to.is_zero()).then(|| names::text(record.to)),
        })
    };
    (count.saturating_sub(PAGE_MAX).saturating_add(1)..=count).filter_map(payment).collect()
}

/// How everyone stands whose conduct was ever counted, and everyone who may validate.
#[must_use]
pub fn scores(slots: &dyn Slots, height: u64) -> Vec<ScoreView> {
    let (at, mut view, mut members) = (constitution(), view(slots), View::new(slots, REGISTRY));
    let Ok(settings) = at.settings_at(&mut view, height);
    let first = settings.as_ref().map_or(0, start);
    let Ok(ids) = registry().ids_from(&mut members, U256::ZERO, U256::MAX);
    let Ok(nodes) = registry().node_ids(&mut members);
    let score = |id: B256| {
        let Ok(score) = at.scores.at(id).read(&mut view, first);
        let counted = score.written != 0 || score.missed != 0 || score.score != first;
        (counted || nodes.contains(&id)).then(|| ScoreView {
            member: names::text(id),
            score: score.score,
            written: score.written,
            missed: score.missed,
            in_a_row: score.inARow,
        })
    };
    ids.into_iter().filter_map(score).collect()
}

/// Number of offences punished so far.
#[must_use]
pub fn offence_count(slots: &dyn Slots) -> u64 {
    let Ok(count) = constitution().offences.len(&mut view(slots));
    count
}

/// Offences from number `from` on, at most `count`, in the order of their punishment. Bounds: [`PAGE_MAX`].
#[must_use]
pub fn offences(slots: &dyn Slots, from: u64, count: u64) -> Vec<OffenceView> {
    let (at, mut view) = (constitution(), view(slots));
    let Ok(len) = at.offences.len(&mut view);
    let until = len.min(from.saturating_add(count.min(PAGE_MAX)));
    let offence = |index: u64| {
        let Ok(record) = at.offences.at(index).read(&mut view);
        OffenceView {
            kind: record.kind,
            member: names::text(record.member),
            height: record.height,
            round: record.round,
            reporter: Some(record.reporter).filter(|reporter| !reporter.is_zero()),
            punished_at: record.punishedAt,
            forfeited: record.forfeited,
        }
    };
    (from..until).map(offence).collect()
}

/// Whether the offence with this key was punished.
#[must_use]
pub fn is_punished(slots: &dyn Slots, key: B256) -> bool {
    let Ok(punished) = constitution().punished.at(key).get(&mut view(slots));
    punished
}

/// Issued, burnt and owed.
#[must_use]
pub fn books(slots: &dyn Slots) -> BooksView {
    let (purse, mut view) = (constitution().purse, view(slots));
    let Ok(issued) = purse.issued.get(&mut view);
    let Ok(burnt) = purse.burnt.get(&mut view);
    let Ok(held) = purse.held.get(&mut view);
    BooksView { issued, burnt, held }
}

/// Delegates by stake of the present term, and its end. Units: seconds since 1970-01-01 UTC.
#[must_use]
pub fn delegates(slots: &dyn Slots) -> (Vec<String>, u64) {
    let (term, mut view) = (constitution().term, view(slots));
    let Ok(ids) = term.delegates.all(&mut view);
    let Ok(ends) = term.ends.get(&mut view);
    (ids.into_iter().map(names::text).collect(), ends)
}

/// The member that signed blocks and votes with the consensus address `signer`, now or once.
#[must_use]
pub fn member_of_signer(slots: &dyn Slots, signer: Address) -> Option<String> {
    let Ok(id) = registry().signer(&mut View::new(slots, REGISTRY), signer);
    (!id.is_zero()).then(|| names::text(id))
}
