//! Building a block.

use std::sync::Arc;

use alloy_primitives::{Address, B256};
use polity_primitives::{Block, Header, Receipt, RecoveredTransaction};

use super::{
    Built, RootOf,
    check::{check_attributes, with_roots},
    run::{Run, Stop},
};
use crate::{Attributes, Error, Executor, StateReader, TransactionFault, host::answer, rules::TX_GAS_MIN};

/// Most transactions in a row that are offered and do not fit, before a block is closed.
const MISFITS_MAX: usize = 1_000;

/// Where a block's transactions come from, best first; each sender's in order of nonce.
pub trait TransactionSource {
    /// The next transaction, given the gas that is left for signed transactions. `None` closes the block.
    fn next(&mut self, gas_left: u64) -> Option<Arc<RecoveredTransaction>>;
    /// The last transaction returned was not taken: no more of this sender in this block.
    fn skip_sender(&mut self, sender: &Address);
}

impl Executor {
    /// Builds the block after `parent` from what `source` offers, executes it, and runs what is due. What cannot be
    /// executed is left out and named in [`Built::rejected`]; what merely does not fit any more is left out silently.
    ///
    /// # Errors
    /// [`Error::Attributes`] for a timestamp the clock does not allow; [`Error::Unavailable`]; [`Error::Fatal`].
    pub fn build(
        &self,
        parent: &Header,
        parent_hash: B256,
        reader: &dyn StateReader,
        attributes: &Attributes,
        source: &mut dyn TransactionSource,
        root: RootOf<'_>,
    ) -> Result<Built, Error> {
        let rules = self.rules_after(reader)?;
        check_attributes(&rules, parent, attributes).map_err(Error::Attributes)?;
        let header = rules.next_header(parent, parent_hash, attributes);
        let mut run = Run::new(self, &rules, reader, &header);
        let (mut transactions, mut rejected, mut misfits) = (Vec::new(), Vec::new(), 0);
        while run.gas_left() >= TX_GAS_MIN && misfits < MISFITS_MAX {
            let Some(offered) = source.next(run.gas_left()) else { break };
            let Some(tx) = offered.signed() else {
                source.skip_sender(&offered.sender);
                continue;
            };
            match run.signed(&offered, tx) {
                Ok(()) => {
                    misfits = 0;
                    transactions.push(Arc::unwrap_or_clone(offered));
                }
                Err(Stop::Fault(fault)) => {
                    source.skip_sender(&offered.sender);
                    match fault {
                        TransactionFault::GasLeft { .. } | TransactionFault::BytesLeft { .. } => misfits += 1,
                        fault => rejected.push((offered.hash, fault.to_string())),
                    }
                }
                Err(Stop::Error(e)) => return Err(e),
            }
        }
        let mut unproved = Vec::new();
        let begun = run.begin(&attributes.missed, &attributes.evidence, |run, evidence, transaction| {
            let Some(output) = run.try_system(&transaction)? else {
                return Ok::<_, Error>(Some(transaction));
            };
            unproved.push((evidence.clone(), answer(&output)));
            Ok(None)
        })?;
        let system = run.system(begun)?;
        transactions.extend(system.iter().cloned());
        let outcome = run.finish(system)?;
        let block = Block::unsealed(header, transactions.iter().map(|tx| tx.transaction.clone()).collect());
        let header = with_roots(block.header.clone(), &block, &outcome, root);
        let block = Block { header, ..block }.seal();
        Ok(Built { block, transactions, outcome, rejected, unproved })
    }
}

/// The roots of a block that need no state, computed beside the state root on another core.
pub(super) fn roots(block: &Block, receipts: &[Receipt]) -> (B256, B256) {
    (block.transactions_root(), Receipt::root(receipts))
}
