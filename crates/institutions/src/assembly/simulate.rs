//! What a proposal would do, asked before it is proposed: planting it, adopted and due, in a fork of the state.
//!
//! Rule kept: nothing here runs in a block. The fork is written as the life of a proposal would leave it right before its
//! enactment (adopted, its calls stored, the code of their targets frozen, itself first on the agenda), so that what runs
//! then is exactly what the chain would run.

use alloy_primitives::{B256, KECCAK256_EMPTY, keccak256};
use alloy_sol_types::SolValue;

use super::{
    CALLS_MAX, IAssembly, PAYLOAD_BYTES_MAX, Status, record,
    rules::too_many,
    schema::{ProposalRecord, storage},
};
use crate::{
    agenda::Due,
    context::Result,
    ensure,
    host::BlockInfo,
    storage::{Read, Write},
};

/// A moment before every other entry of the agenda.
const FIRST: BlockInfo = BlockInfo { height: 0, timestamp_secs: 0, chain_id: 0, randao: B256::ZERO };

/// Refuses calls that no proposal could carry.
///
/// # Errors
/// `TooMany`.
pub fn check_calls(calls: &[IAssembly::Call]) -> Result<()> {
    ensure!(calls.len() <= CALLS_MAX, too_many("calls", CALLS_MAX as u64));
    let bytes = calls.abi_encode().len();
    ensure!(bytes <= PAYLOAD_BYTES_MAX, too_many("bytes of calls", PAYLOAD_BYTES_MAX as u64));
    Ok(())
}

/// Plants a new proposal with `calls`, whose targets' codes hash to `code_hashes` (zero for no account), and returns its id.
///
/// # Errors
/// The writer's.
pub fn plant<W: Write>(w: &mut W, calls: &[IAssembly::Call], code_hashes: &[B256]) -> Result<u64, W::Error> {
    let id = storage().proposal_count.get(w)?.saturating_add(1);
    storage().proposal_count.set(w, id)?;
    let (record, payload) = (storage().proposals.at(id), calls.abi_encode());
    record.payload_hash.set(w, keccak256(&payload))?;
    record.payload.set(w, &payload)?;
    freeze(w, &record, code_hashes)?;
    make_due(w, id, &record)?;
    Ok(id)
}

/// Makes the pending proposal `id` due as if it had been adopted; one that is not frozen yet gets `code_hashes`.
///
/// # Errors
/// The writer's.
pub fn adopt<W: Write>(w: &mut W, id: u64, code_hashes: &[B256]) -> Result<(), W::Error> {
    let record = storage().proposals.at(id);
    if record.code_hashes.len(w)? == 0 {
        freeze(w, &record, code_hashes)?;
    }
    make_due(w, id, &record)
}

fn freeze<W: Write>(w: &mut W, record: &ProposalRecord, code_hashes: &[B256]) -> Result<(), W::Error> {
    for hash in code_hashes {
        record.code_hashes.push(w, if hash.is_zero() { KECCAK256_EMPTY } else { *hash })?;
    }
    Ok(())
}

fn make_due<W: Write>(w: &mut W, id: u64, record: &ProposalRecord) -> Result<(), W::Error> {
    let agenda = storage().agenda;
    for due in Due::before_the_outcome(id) {
        agenda.cancel(w, due)?;
    }
    record.status.set(w, Status::Adopted as u8)?;
    agenda.schedule(w, &FIRST, Due::Enact(id), 0)
}

/// The calls of proposal `id`, if it can still come to its enactment.
///
/// # Errors
/// The reader's.
pub fn pending<R: Read>(r: &mut R, id: u64) -> Result<Option<Vec<IAssembly::Call>>, R::Error> {
    let record = storage().proposals.at(id);
    let is_over = matches!(
        record::status(r, &record)?,
        Status::Unknown
            | Status::Rejected
            | Status::Executed
            | Status::Failed
            | Status::Cancelled
            | Status::Lapsed
    );
    if is_over { Ok(None) } else { record::calls(r, &record).map(Some) }
}

/// Everything on the agenda.
///
/// # Errors
/// The reader's.
pub fn agenda<R: Read>(r: &mut R) -> Result<Vec<Due>, R::Error> {
    Ok(storage().agenda.all(r)?.into_iter().map(|entry| entry.due).collect())
}
