//! Whether somebody can still decide: a chamber in which nobody sits adopts nothing, and a charter all of whose chambers are
//! empty can never be changed again.
//!
//! Rule kept: a chamber is written only if someone sits in it, and what the registry does (suspend, expel, revoke, leave, a class
//! or the rights of a kind taken) never leaves every chamber without a voter. A voter is an active member with the right to vote
//! that the chamber's description lets in, now; seats filled by election, lot or stake count as long as someone could be seated.
//!
//! Deliberately absent: whether the rule of the chamber can be met by those who sit there.

use alloy_primitives::B256;
use polity_primitives::{ASSEMBLY, REGISTRY};

use super::{IAssembly::InvalidChamber, electorate, rules, schema::storage};
use crate::{
    context::{Context, Result},
    ensure,
    registry::registry,
};

/// Refuses chamber `id`, just written, if nobody sits in it.
///
/// Errors: `InvalidChamber`. Gas: two slots a member, until one is found that sits there.
pub(super) fn check(cx: &mut Context<'_>, id: B256) -> Result<()> {
    let Some((_, record)) = rules::chamber(cx, id)? else { return Ok(()) };
    let filter = electorate::filter(cx, &record)?;
    let seated = registry().seats_anyone(&mut cx.storage_of(REGISTRY), &filter)?;
    ensure!(seated, InvalidChamber { problem: "no active member with the right to vote sits in it".into() });
    Ok(())
}

/// Whether someone votes in some chamber, as things stand; also true before there are chambers.
///
/// Asked by the registry, whose own storage `cx` reads. Gas: the first chamber and the first member usually answer; at most
/// two slots a member and chamber.
pub(crate) fn anyone(cx: &mut Context<'_>) -> Result<bool> {
    let mut assembly = cx.storage_of(ASSEMBLY);
    let ids = storage().chamber_ids.all(&mut assembly)?;
    for id in &ids {
        let mut assembly = cx.storage_of(ASSEMBLY);
        let Some((_, record)) = rules::chamber(&mut assembly, *id)? else { continue };
        let filter = electorate::filter(&mut assembly, &record)?;
        if registry().seats_anyone(cx, &filter)? {
            return Ok(true);
        }
    }
    Ok(ids.is_empty())
}
