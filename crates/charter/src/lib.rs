//! The charter: the agreement as a file, and as the value every node starts from.
//!
//! Rule kept: a [`Charter`] exists only if every check passed, and every check that fails is reported at once, with its
//! place in the file. So whoever holds a `Charter` checks nothing again, and whoever writes one never plays "fix one
//! mistake, find the next".
//!
//! Deliberately absent: genesis state (the institutions make it), secret keys (only public ones are ever in a charter),
//! and reading files (callers pass the text).

mod charter;
mod diagnostic;
mod member;
mod money;
mod rights;
mod text;
mod time;

pub use charter::{Access, AccessPolicy, Chamber, Charter, FundedAccount, History, Treaty};
pub use diagnostic::{DIAGNOSTICS_MAX, Diagnostic, Diagnostics, Severity};
pub use member::{ID_BYTES_MAX, Member, MemberKeys, NodeKeys, is_id};
pub use money::{Currency, DECIMALS, Fees, amount_text, parse_amount_wei};
pub use rights::{Kind, Rights};
pub use text::{Language, Text};
pub use time::{Clock, DAY_SECS, Date, duration_text, parse_duration_ms};
