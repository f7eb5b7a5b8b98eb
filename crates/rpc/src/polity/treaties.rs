//! Treaties: how their entry into force stands, and the instruments deposited.

use polity_charter::{Date, Kind, Text};
use polity_decision::Report;
use polity_institutions::assembly as house;
use polity_ledger::StateView;
use polity_primitives::B256;
use serde::Serialize;

use super::state;
use crate::{api::Api, args::Args, error::Failure, method::Answer};

/// A treaty. Dates are days; `null` means not yet.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TreatyView {
    id: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    names: Option<Text>,
    rule_hash: B256,
    kinds: Vec<Kind>,
    deposits: u64,
    decided_on: Option<Date>,
    effective_on: Option<Date>,
    /// Time of the block in which it entered into force.
    in_force_since: Option<u64>,
    /// How its rule stands with every instrument deposited now.
    progress: Option<Report>,
}

pub(super) fn treaties(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let state = state(api, args, 0)?;
    let treaty = |treaty: house::TreatyView| TreatyView {
        names: api.head().agreement.charter.treaty(&treaty.id).map(|known| known.name.clone()),
        progress: house::treaty_progress(&state, &treaty.id),
        id: treaty.id,
        name: treaty.name,
        rule_hash: treaty.rule_hash,
        kinds: treaty.kinds,
        deposits: treaty.deposits,
        decided_on: treaty.decided_on.map(Date),
        effective_on: treaty.effective_on.map(Date),
        in_force_since: treaty.in_force_since,
    };
    api.answer(&house::treaties(&state).into_iter().map(treaty).collect::<Vec<_>>())
}

#[derive(Serialize)]
struct DepositView {
    treaty: String,
    member: String,
    date: Date,
    /// What was deposited: ratification, acceptance, approval or accession.
    kind: Option<&'static str>,
}

/// Instruments of one treaty, or of all, by date.
pub(super) fn deposits(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let asked: Option<String> = args.opt(0)?;
    let state = state(api, args, 1)?;
    let treaties = house::treaties(&state).into_iter().map(|treaty| treaty.id);
    let wanted: Vec<String> = treaties.filter(|id| asked.as_ref().is_none_or(|asked| asked == id)).collect();
    if let (Some(asked), true) = (&asked, wanted.is_empty()) {
        return Err(args.wrong(0, format!("there is no treaty `{asked}`")));
    }
    api.answer(&wanted.iter().flat_map(|treaty| deposits_of(&state, treaty)).collect::<Vec<_>>())
}

fn deposits_of(state: &StateView, treaty: &str) -> Vec<DepositView> {
    let deposit = |deposit: house::DepositView| DepositView {
        treaty: treaty.to_owned(),
        member: deposit.member,
        date: Date(deposit.date),
        kind: deposit.kind.map(house::InstrumentKind::as_str),
    };
    house::deposits(state, treaty).into_iter().map(deposit).collect()
}
