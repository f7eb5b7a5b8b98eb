//! Recovery of senders, the dearest part of a block, on all cores.

use polity_primitives::{RecoveredTransaction, Transaction, TransactionError};
use rayon::prelude::*;

/// Recovers the senders of `transactions`, in order. Cost: about 40 µs per signed transaction, divided by the cores.
///
/// # Errors
/// Index and error of the first whose signature recovers to nothing.
pub fn recover_all(transactions: &[Transaction]) -> Result<Vec<RecoveredTransaction>, (usize, TransactionError)> {
    transactions
        .par_iter()
        .enumerate()
        .map(|(index, tx)| RecoveredTransaction::recover(tx.clone()).map_err(|e| (index, e)))
        .collect::<Vec<_>>()
        .into_iter()
        .collect()
}
