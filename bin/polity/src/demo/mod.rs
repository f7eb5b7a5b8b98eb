//! The demonstration: history told by the ledger.
//!
//! Rule kept: nothing printed here is known beforehand. Transactions are signed first and told only *not before* which day
//! they may be written; dates, shares, outcomes and balances are then read from the chain by public RPC, and compared with
//! the public facts as checks.

mod checks;
mod paris;
mod script;

pub(crate) use paris::run as paris;
