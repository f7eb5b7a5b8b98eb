//! Who will decide blocks if something is done, beside who does now.

use polity_constitution::Roll;
use polity_institutions::constitution::{self, Outlook};
use polity_primitives::U256;
use serde::Serialize;

use super::state;
use crate::{api::Api, args::Args, error::Failure, method::Answer};

/// Two committees, by names.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OutlookView {
    /// The block that would enact it, if it were the next.
    enacted_in: u64,
    /// First block of the committee after.
    from: u64,
    before: RollView,
    after: RollView,
    /// Members with a part after and none before.
    joins: Vec<String>,
    /// Members with a part before and none after.
    leaves: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RollView {
    /// `bft` or `work`.
    engine: &'static str,
    /// Everyone who may validate, also those without any part.
    members: Vec<PartView>,
    total_weight: u64,
    total_power: u64,
    /// Power that decides: more than two thirds.
    quorum: u64,
}

#[derive(Serialize)]
struct PartView {
    member: String,
    /// In choosing who writes; 0 never writes.
    weight: u64,
    /// Of its vote; 0 does not verify.
    power: u64,
}

impl RollView {
    fn of(roll: Roll, engine: polity_constitution::EngineKind) -> Self {
        Self {
            engine: engine.as_str(),
            total_weight: roll.weight,
            total_power: roll.power,
            quorum: roll.quorum(),
            members: roll
                .parts
                .into_iter()
                .map(|(member, part)| PartView { member, weight: part.weight, power: part.power })
                .collect(),
        }
    }
}

impl OutlookView {
    pub(super) fn of(outlook: Outlook, enacted_in: u64) -> Self {
        Self {
            enacted_in,
            from: outlook.from,
            before: RollView::of(outlook.before, outlook.engines.0),
            after: RollView::of(outlook.after, outlook.engines.1),
            joins: outlook.joins,
            leaves: outlook.leaves,
        }
    }
}

/// What an amount in wei taken out of what is at stake on a member's conduct would cost, in sentences; of its own bond if `own`.
pub(super) fn unbond(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let (candidate, amount): (String, U256) = (args.get(0)?, args.get(1)?);
    let own = args.opt::<bool>(2)?.unwrap_or(false);
    let state = state(api, args, 3)?;
    let next = state.height().next().0;
    api.answer(&constitution::unbond_outlook(&state, next, (&candidate, own), amount, &api.symbol()))
}

/// What money put at stake would do.
#[derive(Serialize)]
struct BondView {
    /// In sentences.
    effects: Vec<String>,
    /// Why it would do nothing but wait; `null` if it does something.
    pointless: Option<String>,
    /// Why the chain takes none; `null` if it does.
    impossible: Option<String>,
}

/// What an amount in wei put at stake on a member's conduct would do; by the member itself if `own`.
pub(super) fn bond(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let (candidate, amount): (String, U256) = (args.get(0)?, args.get(1)?);
    let own = args.opt::<bool>(2)?.unwrap_or(false);
    let state = state(api, args, 3)?;
    let next = state.height().next().0;
    let constitution::BondOutlook { effects, pointless, impossible } =
        constitution::bond_outlook(&state, next, (&candidate, own), amount, &api.symbol());
    api.answer(&BondView { effects, pointless, impossible })
}
