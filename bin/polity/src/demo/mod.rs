//! The demonstration: history told by the ledger.
//!
//! Rule kept: nothing printed here is known beforehand. Transactions are signed first and told only *not before* which day
//! they may be written; dates, shares, outcomes and balances are then read from the chain by public RPC, and compared with
//! the public facts as checks.
//!
//! Map: [`script`] what the members of 2016 sign; [`mod@paris`] which acts they are, and the order of the telling; [`story`] one
//! block after the other, by RPC; [`treaty`], [`vote`] and [`summary`] what is told of them;
//! [`mod@switches`] the other story, of a constitution that changes while [`payments`] go on; [`checks`] what must hold.

mod checks;
mod paris;
mod payments;
mod script;
mod story;
mod summary;
mod switches;
mod told;
mod treaty;
mod vote;

pub(crate) use paris::run as paris;
pub(crate) use switches::run as consensus;
