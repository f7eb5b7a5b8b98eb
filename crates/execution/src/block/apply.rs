//! Applying a block that someone else built.

use alloy_primitives::{Address, B256, Bytes};
use alloy_rlp::Encodable;
use alloy_sol_types::SolCall;
use polity_institutions::constitution::IConstitution;
use polity_primitives::{CONSTITUTION, Header, RecoveredTransaction, SealedBlock, Transaction};

use super::{
    Outcome, RootOf,
    check::{check_header, compare, with_roots},
    run::{Run, Stop},
};
use crate::{
    BlockError, Error, Executor, InvalidBlock, StateReader,
    host::answer,
    rules::{BLOCK_BYTES_MAX, CARRIED_MAX},
};

impl Executor {
    /// Executes `block` on the state of `parent` and checks every rule about it.
    ///
    /// `transactions` are the block's, with their senders recovered (see [`crate::recover_all`]); `missed` is what the committee
    /// says of the turns before the writer's, and must be what the accounts of the block say.
    ///
    /// # Errors
    /// [`BlockError::Invalid`] names the first rule it breaks; [`BlockError::Failed`] says nothing about the block.
    pub fn apply(
        &self,
        parent: &Header,
        reader: &dyn StateReader,
        block: &SealedBlock,
        transactions: &[RecoveredTransaction],
        missed: &[Address],
        root: RootOf<'_>,
    ) -> Result<Outcome, BlockError> {
        let header = &block.block.header;
        let hash = header.hash_slow();
        if hash != block.hash {
            return Err(InvalidBlock::Hash { expected: hash, found: block.hash }.into());
        }
        let bytes = block.block.length();
        if bytes > BLOCK_BYTES_MAX {
            return Err(InvalidBlock::Bytes { found: bytes, max: BLOCK_BYTES_MAX }.into());
        }
        let rules = self.rules_after(reader).map_err(Error::from)?;
        check_header(&rules, parent, parent.hash_slow(), header)?;
        check_recovered(&block.block.transactions, transactions)?;

        let signed = transactions.iter().position(|tx| tx.signed().is_none()).unwrap_or(transactions.len());
        let (signed, system) = transactions.split_at(signed);
        if let Some(at) = system.iter().position(|tx| tx.signed().is_some()) {
            return Err(InvalidBlock::Order { index: signed.len().saturating_add(at) }.into());
        }
        let mut run = Run::new(self, &rules, reader, header);
        for (index, transaction) in signed.iter().enumerate() {
            let Some(tx) = transaction.signed() else { continue };
            run.signed(transaction, tx).map_err(|stop| match stop {
                Stop::Fault(reason) => {
                    InvalidBlock::Transaction { index, hash: transaction.hash, reason }.into()
                }
                Stop::Error(e) => BlockError::from(e),
            })?;
        }
        let mut index = 0usize;
        let begun = run.begin(missed, &carried(system), |run, _, transaction| {
            if let Some(output) = run.run_system(&transaction)? {
                let reason = answer(&output);
                return Err(BlockError::from(InvalidBlock::Evidence { index, reason }));
            }
            index = index.saturating_add(1);
            Ok(Some(transaction))
        })?;
        let due = run.system(begun)?;
        check_system(&due, system)?;
        let outcome = run.finish(due)?;
        let expected = with_roots(header.clone(), &block.block, &outcome, root);
        compare(&expected, header)?;
        Ok(outcome)
    }
}

/// That the caller recovered this block's transactions and no others.
fn check_recovered(block: &[Transaction], recovered: &[RecoveredTransaction]) -> Result<(), BlockError> {
    let equal =
        block.len() == recovered.len() && block.iter().zip(recovered).all(|(a, b)| *a == b.transaction);
    if equal {
        Ok(())
    } else {
        Err(Error::Fatal("senders were recovered for another block".to_owned()).into())
    }
}

/// The evidence that the writer put into the block, in order. That it stands where it must is seen when it has run.
fn carried(system: &[RecoveredTransaction]) -> Vec<Bytes> {
    let evidence = |tx: &RecoveredTransaction| match &tx.transaction {
        Transaction::System(tx) if tx.to == CONSTITUTION => {
            IConstitution::convictCall::abi_decode(&tx.input).ok().map(|call| call.evidence)
        }
        _ => None,
    };
    system.iter().filter_map(evidence).take(CARRIED_MAX).collect()
}

fn check_system(due: &[RecoveredTransaction], found: &[RecoveredTransaction]) -> Result<(), InvalidBlock> {
    let hash =
        |list: &[RecoveredTransaction], index: usize| -> Option<B256> { list.get(index).map(|tx| tx.hash) };
    let wrong = (0..due.len().max(found.len())).find(|index| {
        due.get(*index).map(|tx| &tx.transaction) != found.get(*index).map(|tx| &tx.transaction)
    });
    wrong.map_or(Ok(()), |index| {
        Err(InvalidBlock::SystemTransaction { index, expected: hash(due, index), found: hash(found, index) })
    })
}
