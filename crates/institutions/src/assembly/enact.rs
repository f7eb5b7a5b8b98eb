//! How a proposal ends after its adoption: its calls are made, or it is known why not.

use alloy_primitives::U256;

use super::{
    IAssembly::{Executed, ExecutionFailed, NotDue},
    REASON_BYTES_MAX, Status, escrow, propose, record,
    schema::storage,
};
use crate::{
    agenda::Due,
    context::{Context, Result},
    ensure,
    storage::Read,
};

/// Records that the calls were made. By the agreement, at the end of `enact`.
///
/// The calls of a proposal can reach this function too, as the agreement: for another proposal it is not due, and for
/// their own the agreement's own call then fails and takes everything back.
///
/// Errors: `NotByDecision`, `UnknownProposal`, `NotDue`.
pub(super) fn mark_enacted(cx: &mut Context<'_>, id: U256) -> Result<()> {
    cx.by_decision()?;
    let (number, record) = record::find(cx, id)?;
    let block = cx.block();
    ensure!(storage().agenda.take_top(cx, &block, Due::Enact(number))?, NotDue {});
    record::finish(cx, &record, Status::Executed)?;
    cx.emit(&Executed { id })?;
    escrow::give_back(cx, number, &record)
}

/// The proposal that is being enacted: the first of the agenda, which comes off it only when its calls are made. 0: none. `r` reads the
/// assembly.
pub(crate) fn enacted<R: Read>(r: &mut R) -> Result<u64, R::Error> {
    Ok(match storage().agenda.top(r)?.map(|entry| entry.due) {
        Some(Due::Enact(id)) => id,
        _ => 0,
    })
}

/// Records that a step of the proposal failed, and with what. By the chain itself, after the failed call.
///
/// Errors: `NotBySystem`, `UnknownProposal`, `NotDue`.
pub(super) fn mark_failed(cx: &mut Context<'_>, id: U256, reason: &[u8]) -> Result<()> {
    cx.by_system()?;
    let (number, record) = record::find(cx, id)?;
    let (block, agenda) = (cx.block(), storage().agenda);
    let mut taken = agenda.take(cx, &block, Due::Enact(number))?;
    if !taken {
        for due in Due::before_the_outcome(number) {
            taken = taken || agenda.take(cx, &block, due)?;
        }
        ensure!(taken, NotDue {});
        propose::close_one(cx, &record)?;
    }
    let reason = reason.get(..REASON_BYTES_MAX).unwrap_or(reason);
    record.reason.set(cx, reason)?;
    record::finish(cx, &record, Status::Failed)?;
    cx.emit(&ExecutionFailed { id, reason: reason.to_vec().into() })?;
    escrow::give_back(cx, number, &record)
}
