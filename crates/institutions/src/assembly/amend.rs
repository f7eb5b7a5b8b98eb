//! What an amendment of the charter writes in the assembly. The constitution calls these, as genesis does; they are not in
//! the ABI. Proposals that are open keep what they opened with: rules lie under their hash and chambers in versions.

use alloy_primitives::B256;
use alloy_sol_types::SolCall;
use polity_charter::{Chamber, Charter, Text, Track, Treaty};
use polity_decision::Rule;
use polity_primitives::CONSTITUTION;

use super::{
    IAssembly::{self, ChamberRemoved, RuleRemoved, TreatyNamed},
    genesis::{chamber_of, name, open_treaty, title},
    mandate, rules,
    schema::storage,
    tracks, treaty,
};
use crate::{
    constitution::IConstitution,
    context::{Context, Result},
    directory, ensure,
    storage::{List, Slot},
};

/// Refuses a proposal whose amendment could not be made now: with the constitution's own words.
///
/// There is one amendment in a proposal, since two would be judged by the charter as it is before both.
///
/// Errors: `TooMany`, `MalformedCalldata`, those of `IConstitution.check`. Gas: nothing without an amendment.
pub(super) fn check_calls(cx: &mut Context<'_>, calls: &[IAssembly::Call]) -> Result<()> {
    let is_amendment = |call: &&IAssembly::Call| {
        call.target == CONSTITUTION && call.data.starts_with(&IConstitution::amendCall::SELECTOR)
    };
    let mut amendments = calls.iter().filter(is_amendment);
    let Some(amendment) = amendments.next() else { return Ok(()) };
    ensure!(amendments.next().is_none(), rules::too_many("amendments of a proposal", 1u64));
    let data = &amendment.data;
    let amendment =
        IConstitution::amendCall::abi_decode_validate(data).map_err(|_| directory::MalformedCalldata {})?;
    ensure!(amendment.abi_encode() == *data, directory::MalformedCalldata {});
    cx.call(CONSTITUTION, &IConstitution::checkCall { changes: amendment.changes }).map(drop)
}

/// Writes a rule under its id. Errors: `TooMany`.
pub(crate) fn write_rule(cx: &mut Context<'_>, rule: &Rule) -> Result<()> {
    rules::store(cx, rule)
}

/// Removes a rule from those that can be chosen; its text stays.
pub(crate) fn remove_rule(cx: &mut Context<'_>, id: &str) -> Result<()> {
    let (storage, id) = (storage(), name(id)?);
    storage.rules.at(id).set(cx, B256::ZERO)?;
    take(cx, &storage.rule_ids, id)?;
    cx.emit(&RuleRemoved { id })
}

/// Writes a chamber, with its name in `language`. Errors: `InvalidChamber`, also if nobody sits in it now;
/// `UnknownRule`, `WrongBasis`, `TooMany`.
pub(crate) fn write_chamber(cx: &mut Context<'_>, chamber: &Chamber, language: &str) -> Result<()> {
    rules::store_chamber(cx, name(&chamber.id)?, &chamber_of(chamber, language)?)
}

/// Removes a chamber: a version without a rule is none. What is bonded in it can be unbonded as before.
pub(crate) fn remove_chamber(cx: &mut Context<'_>, id: &str) -> Result<()> {
    let (storage, id) = (storage(), name(id)?);
    storage.chambers.at(id).grow(cx)?;
    take(cx, &storage.chamber_ids, id)?;
    cx.emit(&ChamberRemoved { id })
}

/// Writes a track, with its name in `language`. Errors: `InvalidTrack`, `UnknownChamber`, `UnknownRule`, `WrongBasis`, `TooMany`.
pub(crate) fn write_track(cx: &mut Context<'_>, track: &Track, language: &str) -> Result<()> {
    let written = tracks::abi_of_charter(track, title(&track.name, language, &track.id));
    tracks::store(cx, name(&track.id)?, &written)
}

/// Removes a track; what it has opened goes on. Errors: `UnknownTrack`.
pub(crate) fn remove_track(cx: &mut Context<'_>, id: &str) -> Result<()> {
    tracks::remove(cx, name(id)?)
}

/// Sets the paths whose amendment is constitutional. Errors: `TooMany`.
pub(crate) fn write_constitutional(cx: &mut Context<'_>, charter: &Charter) -> Result<()> {
    tracks::set_constitutional(cx, &charter.constitutional)
}

/// Writes authority `id` as `charter` has it; where it has it no more, nobody acts for it.
///
/// Errors: `UnknownAuthority` if who acts for it has no account.
pub(crate) fn write_authority(cx: &mut Context<'_>, charter: &Charter, id: &str) -> Result<()> {
    match charter.authority(id) {
        Some(authority) => {
            let language = charter.languages.first().map_or("en", String::as_str);
            mandate::set(cx, charter, authority, &title(&authority.name, language, id))
        }
        None => mandate::remove(cx, name(id)?),
    }
}

/// Opens a treaty for instruments. Errors: `UnknownRule`, `WrongBasis`.
pub(crate) fn write_treaty(cx: &mut Context<'_>, treaty: &Treaty, language: &str) -> Result<()> {
    open_treaty(cx, treaty, language)
}

/// Gives a treaty another name. Errors: `UnknownTreaty`.
pub(crate) fn name_treaty(cx: &mut Context<'_>, id: &str, words: &Text, language: &str) -> Result<()> {
    let (treaty, name) = (name(id)?, title(words, language, id));
    treaty::find(cx, treaty)?.name.set(cx, &name)?;
    cx.emit(&TreatyNamed { treaty, name })
}

/// Takes `id` out of a list. Bounds: those of rules and chambers; the order of the rest is kept but for the last.
fn take(cx: &mut Context<'_>, list: &List<Slot<B256>>, id: B256) -> Result<()> {
    for index in 0..list.len(cx)? {
        if list.at(index).get(cx)? == id {
            list.swap_remove(cx, index)?;
            return Ok(());
        }
    }
    Ok(())
}
