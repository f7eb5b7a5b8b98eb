//! From revm's journal to the flat changes of a block.

use polity_primitives::{Account, AccountChange, KECCAK_EMPTY, SlotChange, StateChanges};
use revm::state::EvmState;

use crate::{Error, reader::Reads};

/// What a block changed, with the values before as `reads` saw them.
///
/// revm's own notion of "original" is per transaction and is of no use here. The iteration order of the journal does not
/// matter: everything lands in sorted maps.
///
/// Errors: fatal, if an account has code that the journal does not hold.
pub(crate) fn changes(state: EvmState, reads: &Reads<'_>) -> Result<StateChanges, Error> {
    let mut changes = StateChanges::default();
    for (address, account) in state {
        if !account.is_touched() {
            continue;
        }
        let before = reads.account_before(&address);
        // Destroyed by the last transaction that saw it; destroyed earlier and seen again, revm has already emptied it.
        let gone = account.is_selfdestructed_locally() || account.info.is_empty();
        let after = (!gone).then_some(Account {
            nonce: account.info.nonce,
            balance: account.info.balance,
            code_hash: account.info.code_hash,
        });
        let mut change = AccountChange { before, after, ..AccountChange::default() };
        if !gone {
            for (slot, value) in &account.storage {
                let (before, after) = (reads.slot_before(&address, slot), value.present_value());
                if before != after {
                    change.storage.insert(*slot, SlotChange { before, after });
                }
            }
        }
        if change.before == change.after && change.storage.is_empty() {
            continue;
        }
        let code_hash = account.info.code_hash;
        if !gone && code_hash != KECCAK_EMPTY && before.is_none_or(|before| before.code_hash != code_hash) {
            let code = account.info.code.as_ref();
            let code =
                code.ok_or_else(|| Error::Fatal(format!("the new code {code_hash} of {address} is lost")))?;
            changes.codes.insert(code_hash, code.original_bytes());
        }
        changes.accounts.insert(address, change);
    }
    Ok(changes)
}
