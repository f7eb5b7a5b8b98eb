//! Whether somebody can still decide: a chamber in which nobody sits adopts nothing, and a charter all of whose chambers are
//! empty can never be changed again.
//!
//! Rule kept: a chamber is written only if someone sits in it, and what the registry does (suspend, expel, revoke, leave, a class
//! or the rights of a kind taken) never leaves every chamber without a voter, nor anybody who could lay a proposal before them. A
//! voter is an active member with the right to vote that the chamber's description lets in, now; seats filled by election, lot or
//! stake count as long as someone could be seated. Where only members transact, who may not transact neither votes nor proposes.
//!
//! Deliberately absent: whether the rule of the chamber can be met by those who sit there.

use alloy_primitives::B256;
use polity_charter::{CallKind, Rights};
use polity_primitives::{ASSEMBLY, CONSTITUTION, REGISTRY};

use super::{IAssembly::InvalidChamber, electorate, mandate, rules, schema::storage};
use crate::{
    constitution,
    context::{Context, Result},
    ensure,
    registry::{Filter, Status, registry},
};

/// Members that are looked at first for each chamber.
const FIRST_LOOK: u64 = 32;

/// Refuses chamber `id`, just written, if nobody sits in it.
///
/// Errors: `InvalidChamber`. Gas: two slots a member, until one is found that sits there.
pub(super) fn check(cx: &mut Context<'_>, id: B256) -> Result<()> {
    let Some((_, record)) = rules::chamber(cx, id)? else { return Ok(()) };
    let filter = electorate::filter(cx, &record)?;
    let seated = registry().seats_anyone(&mut cx.storage_of(REGISTRY), &filter, u64::MAX)?;
    ensure!(seated, InvalidChamber { problem: "no active member with the right to vote sits in it".into() });
    Ok(())
}

/// Whether someone votes in some chamber, as things stand; also true before there are chambers.
///
/// Asked by the registry, whose own storage `cx` reads. Gas: the first chamber and the first member usually answer, else one of
/// the first members of some chamber; at most two slots a member and chamber.
pub(crate) fn anyone(cx: &mut Context<'_>) -> Result<bool> {
    let rights = needed(cx, Rights::VOTE)?;
    let mut assembly = cx.storage_of(ASSEMBLY);
    let ids = storage().chamber_ids.all(&mut assembly)?;
    // First a look at a few members for each chamber: one that is empty must not make everything dear that asks this.
    for most in [FIRST_LOOK, u64::MAX] {
        for id in &ids {
            let mut assembly = cx.storage_of(ASSEMBLY);
            let Some((_, record)) = rules::chamber(&mut assembly, *id)? else { continue };
            let filter = Filter { rights, ..electorate::filter(&mut assembly, &record)? };
            if registry().seats_anyone(cx, &filter, most)? {
                return Ok(true);
            }
        }
    }
    Ok(ids.is_empty())
}

/// Whether someone may open a proposal, as things stand: a member with the right to, or an authority with a mandate.
///
/// Asked by the registry, whose own storage `cx` reads. Gas: the first member usually answers; at most two slots a member, and
/// four an authority.
pub(crate) fn anyone_proposes(cx: &mut Context<'_>) -> Result<bool> {
    let rights = needed(cx, Rights::PROPOSE)?;
    if registry().seats_anyone(cx, &Filter { rights, ..electorate::anyone() }, u64::MAX)? {
        return Ok(true);
    }
    for id in storage().authority_ids.all(&mut cx.storage_of(ASSEMBLY))? {
        let record = storage().authorities.at(id);
        let mut assembly = cx.storage_of(ASSEMBLY);
        let opens = record.opens.get(&mut assembly)? & mandate::bit(CallKind::Emergency) != 0;
        let (member, account) = (record.member.get(&mut assembly)?, record.account.get(&mut assembly)?);
        let acts = !account.is_zero() || registry().standing(cx, member, u64::MAX)?.status == Status::Active;
        if opens && acts {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What it takes to use `right`: also the right to transact, where only members may.
fn needed(cx: &mut Context<'_>, right: Rights) -> Result<Rights> {
    let open = constitution::anyone_transacts(&mut cx.storage_of(CONSTITUTION))?;
    Ok(if open { right } else { right.union(Rights::TRANSACT) })
}
