//! Who sits by election, lot or stake, and who delegated to whom.

use polity_institutions::assembly as house;
use polity_primitives::B256;
use serde::Serialize;

use super::state;
use crate::{api::Api, args::Args, error::Failure, method::Answer};

/// How the seats of a chamber are filled. Times are seconds since 1970-01-01 UTC; `null` means not yet, or not here.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SeatsView {
    chamber: String,
    by: &'static str,
    seats: u64,
    /// Seats that nobody has in the present term.
    vacant: u64,
    /// The chamber that elects, or that lots are drawn from.
    source: Option<String>,
    term: u64,
    ends_at: Option<u64>,
    /// What lots were drawn with: the lot of a member is keccak-256 of this and its name's word.
    seed: Option<B256>,
    members: Vec<String>,
    election_closes_at: Option<u64>,
    candidates: Vec<CandidateView>,
    is_drawing: bool,
    stakes: Vec<StakeView>,
    bonded_wei: String,
    /// The least that has a seat; 0 where seats are not by stake.
    min_wei: String,
    unbondings: Vec<UnbondingView>,
}

#[derive(Serialize)]
struct CandidateView {
    member: String,
    withdrawn: bool,
    weight: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StakeView {
    member: String,
    stake_wei: String,
    sits: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UnbondingView {
    id: u64,
    member: String,
    amount_wei: String,
    paid_at: u64,
}

impl SeatsView {
    fn of(seats: house::SeatsView) -> Self {
        let candidate = |c: house::CandidateView| CandidateView {
            member: c.member,
            withdrawn: c.withdrawn,
            weight: c.weight.to_string(),
        };
        let stake = |s: house::StakeView| StakeView {
            member: s.member,
            stake_wei: s.stake_wei.to_string(),
            sits: s.sits,
        };
        let unbonding = |u: house::UnbondingView| UnbondingView {
            id: u.id,
            member: u.member,
            amount_wei: u.amount_wei.to_string(),
            paid_at: u.paid_at,
        };
        Self {
            chamber: seats.chamber,
            by: seats.by,
            seats: seats.seats,
            vacant: seats.vacant,
            source: Some(seats.source).filter(|source| !source.is_empty()),
            term: seats.term,
            ends_at: seats.ends_at,
            seed: seats.seed,
            members: seats.members,
            election_closes_at: seats.election_closes_at,
            candidates: seats.candidates.into_iter().map(candidate).collect(),
            is_drawing: seats.is_drawing,
            stakes: seats.stakes.into_iter().map(stake).collect(),
            bonded_wei: seats.bonded_wei.to_string(),
            min_wei: seats.min_wei.to_string(),
            unbondings: seats.unbondings.into_iter().map(unbonding).collect(),
        }
    }
}

/// The seats of one chamber, or of all that are elected, drawn or bonded.
pub(super) fn seats(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let asked: Option<String> = args.opt(0)?;
    let state = state(api, args, 1)?;
    let ids = house::chambers(&state).into_iter().map(|chamber| chamber.id);
    let wanted: Vec<String> = ids.filter(|id| asked.as_ref().is_none_or(|asked| asked == id)).collect();
    if let (Some(asked), true) = (&asked, wanted.is_empty()) {
        return Err(args.wrong(0, format!("there is no chamber `{asked}`")));
    }
    let seats = wanted.iter().filter_map(|id| house::seats_of(&state, id)).map(SeatsView::of);
    api.answer(&seats.collect::<Vec<_>>())
}

#[derive(Serialize)]
struct DelegationView {
    scope: String,
    member: String,
    to: String,
    /// Whether it rests, because one of the two may not vote now.
    rests: bool,
}

/// Delegations in force: in one scope (a track or a chamber) or all, of one member or all.
pub(super) fn delegations(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let (scope, member): (Option<String>, Option<String>) = (args.opt(0)?, args.opt(1)?);
    let state = state(api, args, 2)?;
    let found = house::delegations(&state, scope.as_deref(), member.as_deref()).into_iter();
    let found = found.map(|d| DelegationView { scope: d.scope, member: d.member, to: d.to, rests: d.rests });
    api.answer(&found.collect::<Vec<_>>())
}
