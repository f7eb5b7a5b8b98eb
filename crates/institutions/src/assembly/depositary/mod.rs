//! The depositary: every dated legal act of a member under a treaty, filed for ever, and what follows from it.
//!
//! Rules kept. An instrument is filed once, under the next number, with the date of its block; nothing is erased: what ends
//! gets the date on which it ends. So "in force for whom, on what date" has one answer for every past date, computed from
//! the ledger alone, and for a future date the answer that is already certain. Nobody executes a date: a withdrawal after
//! its notice, and the entry into force for a member that deposited later, are on the agenda like everything that falls
//! due.
//!
//! Deliberately absent: whether a reservation is compatible with its treaty, and what an objection does to substance. The
//! depositary of the Vienna Convention (Article 77) does not judge either; it files, dates and tells.
//!
//! Map: [`clauses`] final clauses in a word, and dates; [`filing`] the register; [`parties`] how members join and leave;
//! [`statements`] reservations, declarations, objections; [`texts`] what binds by silence; [`views`] what people read.

mod clauses;
mod filing;
mod parties;
mod statements;
mod texts;
pub(super) mod views;

pub(crate) use clauses::{LAST_DAY_SECS, pack_delay, unpack_delay};
pub(super) use clauses::{abi_of as abi_of_clauses, later_of, pack, today};
pub(super) use filing::{abi_of, find, numbers_of};
pub(super) use parties::{deposit, is_party, revoke_withdrawal, take_effect, withdraw};
pub(crate) use parties::{has_deposited, is_in_force};
pub(super) use statements::{declare, object, retract};
pub(super) use texts::{abi_of_text, advance, binds_from, find_text, give_up, notify, reject};
