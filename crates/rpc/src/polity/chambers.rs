//! Who decides by which rule: chambers, and the rules of the charter.

use polity_charter::{Kind, Text};
use polity_decision::Rule;
use polity_institutions::assembly as house;
use polity_primitives::B256;
use serde::Serialize;

use super::state;
use crate::{api::Api, args::Args, error::Failure, method::Answer};

#[derive(Serialize)]
struct RuleView {
    id: String,
    /// keccak-256 of its canonical JSON.
    hash: B256,
    rule: Rule,
}

pub(super) fn rules(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let state = state(api, args, 0)?;
    let rules = house::rules(&state).into_iter();
    let rules = rules.map(|rule| RuleView { id: rule.id, hash: rule.hash, rule: rule.rule });
    api.answer(&rules.collect::<Vec<_>>())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChamberView {
    id: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    names: Option<Text>,
    kinds: Vec<Kind>,
    classes: Vec<String>,
    members: Vec<String>,
    rule: String,
    voting_secs: u64,
    delay_secs: u64,
    /// `description`, or how its seats are filled: see `polity_seats`.
    by: &'static str,
    /// `null`: ballots are open.
    secret: Option<SecretView>,
}

/// How ballots are sealed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SecretView {
    reveal_secs: u64,
    /// What a ballot means that is never revealed.
    unrevealed: &'static str,
}

pub(super) fn chambers(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let state = state(api, args, 0)?;
    let chamber = |chamber: house::ChamberView| ChamberView {
        names: api.head().agreement.charter.chamber(&chamber.id).map(|known| known.name.clone()),
        id: chamber.id,
        name: chamber.name,
        kinds: chamber.kinds,
        classes: chamber.classes,
        members: chamber.members,
        rule: chamber.rule,
        voting_secs: chamber.voting_secs,
        delay_secs: chamber.delay_secs,
        by: chamber.by,
        secret: chamber
            .secret
            .map(|(reveal_secs, unrevealed)| SecretView { reveal_secs, unrevealed: unrevealed.as_str() }),
    };
    api.answer(&house::chambers(&state).into_iter().map(chamber).collect::<Vec<_>>())
}
