//! Chambers by sortition.
//!
//! ```text
//! term ends ──announce──> electorate fixed ──a later block's randomness──> lots, a chunk of members a call ──> seated
//! ```
//!
//! The members among whom lots fall are those of the source chamber at the end of the block that announces the draw; the seed comes
//! from a block after it. So nobody can enter, leave or change its weight knowing the seed. What a proposer can do: ADR 0010.

use alloy_primitives::{B256, U256, keccak256};

use super::{Phase, Place, Seating, lots, postpone, schedule, seat, weight_in};
use crate::{
    assembly::{
        IAssembly::{DrawAnnounced, DrawSeeded},
        electorate::{self, House},
        rules,
    },
    context::{Context, Result},
    layout,
    registry::registry,
    storage::{List, Slot},
};

/// Most members whose lots are drawn in one system call.
pub const DRAW_MEMBERS_MAX: u64 = 128;

layout! {
    /// A draw.
    pub(super) struct DrawRecord {
        source: Slot<B256>,
        source_version: Slot<u64>,
        /// Lots fall among the members at the end of this block.
        height: Slot<u64>,
        weight: Slot<B256>,
        seats: Slot<u64>,
        seed: Slot<B256>,
        /// Members that have drawn, in the order of their admission.
        cursor: Slot<u64>,
        /// The lowest lots so far, ascending: lot ‖ place of the member in the registry.
        lots: List<Slot<U256>>,
    }
}

/// Announces a draw, goes on with it, or seats who was drawn.
pub(super) fn turn(cx: &mut Context<'_>, place: &Place) -> Result<()> {
    let term = place.body.term.get(cx)?.saturating_to::<u64>().saturating_add(1);
    let draw = place.body.draws.at(term);
    if Phase::of(cx, &place.body)? != Phase::Draw {
        return announce(cx, place, term, &draw);
    }
    let members = registry().count(&mut electorate::members(cx))?;
    if draw.cursor.get(cx)? < members {
        return go_on(cx, place, term, &draw);
    }
    let (drawn, _) = drawn(cx, &draw)?;
    if drawn.is_empty() {
        return postpone(cx, place);
    }
    let seats = draw.seats.get(cx)?;
    seat(cx, place, Seating { members: drawn, seats, election: 0, lead_secs: 0 })
}

fn announce(cx: &mut Context<'_>, place: &Place, term: u64, draw: &DrawRecord) -> Result<()> {
    let (seating, block) = (place.record.seating, cx.block());
    let source = seating.source.get(cx)?;
    let Some((version, _)) = rules::chamber(cx, source)? else { return postpone(cx, place) };
    let (weight, seats) = (seating.weight.get(cx)?, seating.seats.get(cx)?);
    draw.source.set(cx, source)?;
    draw.source_version.set(cx, version)?;
    draw.height.set(cx, block.height)?;
    draw.weight.set(cx, weight)?;
    draw.seats.set(cx, seats)?;
    // A draw for the same term that found nobody began here before.
    draw.seed.set(cx, B256::ZERO)?;
    draw.cursor.set(cx, 0)?;
    draw.lots.truncate(cx, 0)?;
    place.body.phase.set(cx, Phase::Draw as u8)?;
    schedule(cx, place, block.timestamp_secs)?;
    cx.emit(&DrawAnnounced { chamber: place.id, term, source, height: block.height })
}

/// Draws the lots of the next [`DRAW_MEMBERS_MAX`] members and keeps the lowest.
fn go_on(cx: &mut Context<'_>, place: &Place, term: u64, draw: &DrawRecord) -> Result<()> {
    let block = cx.block();
    let mut seed = draw.seed.get(cx)?;
    if seed.is_zero() {
        let chain = U256::from(block.chain_id).to_be_bytes::<32>();
        let number = U256::from(term).to_be_bytes::<32>();
        seed = keccak256([block.randao.as_slice(), &chain, place.id.as_slice(), &number].concat());
        draw.seed.set(cx, seed)?;
        cx.emit(&DrawSeeded { chamber: place.id, term, seed })?;
    }
    let source = draw.source.get(cx)?;
    let record = rules::chamber_version(source, draw.source_version.get(cx)?);
    let (weight, height) = (draw.weight.get(cx)?, draw.height.get(cx)?);
    let filter = electorate::filter(cx, &record)?;
    let before = draw.lots.all(cx)?;
    let mut lowest = before.clone();
    let from = draw.cursor.get(cx)?;
    let to = from.saturating_add(DRAW_MEMBERS_MAX).min(registry().count(&mut electorate::members(cx))?);
    for index in from..to {
        let member = registry().id_at(&mut electorate::members(cx), index)?;
        let Some(weighs) = weight_in(cx, source, (&record, &filter), member, weight, height)? else {
            continue;
        };
        let weighs = (!weight.is_zero()).then_some(weighs);
        if let Some(lot) = lots::lot(seed, member, weighs) {
            lowest.push((lot << lots::PLACE_BITS) | U256::from(index));
        }
    }
    lowest.sort_unstable();
    lowest.truncate(usize::try_from(draw.seats.get(cx)?).unwrap_or(usize::MAX));
    for (slot, word) in (0u64..).zip(&lowest) {
        if before.get(usize::try_from(slot).unwrap_or(usize::MAX)) != Some(word) {
            draw.lots.at(slot).set(cx, *word)?;
        }
    }
    draw.lots.truncate(cx, lowest.len() as u64)?;
    draw.cursor.set(cx, to)?;
    schedule(cx, place, block.timestamp_secs)
}

/// Who has the lowest lots, and with which seed they were drawn.
pub(super) fn drawn<H: House>(house: &mut H, draw: &DrawRecord) -> Result<(Vec<B256>, B256), H::Error> {
    let mut members = Vec::new();
    for word in draw.lots.all(house)? {
        members.push(registry().id_at(&mut house.registry(), word.wrapping_to::<u64>())?);
    }
    Ok((members, draw.seed.get(house)?))
}
