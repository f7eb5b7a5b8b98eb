//! Recovery of senders, the dearest part of a block, on all cores.

use polity_primitives::{RecoveredTransaction, Transaction, TransactionError};
use rayon::prelude::*;

/// Recovers the senders of `transactions`, in order. Cost: about 40 µs per signed transaction, divided by the cores.
///
/// # Errors
/// [`TransactionError::Signature`] if one recovers to nothing.
pub fn recover_all(transactions: &[Transaction]) -> Result<Vec<RecoveredTransaction>, TransactionError> {
    transactions.par_iter().map(|tx| RecoveredTransaction::recover(tx.clone())).collect()
}
