//! The charter: the agreement as a file, and as the value every node starts from.
//!
//! Rule kept: a [`Charter`] exists only if every check passed, and every check that fails is reported at once, with its
//! place in the file. So whoever holds a `Charter` checks nothing again, and whoever writes one never plays "fix one
//! mistake, find the next".
//!
//! Deliberately absent: genesis state (the institutions make it), secret keys (only public ones are ever in a charter),
//! and reading files (callers pass the text).

mod amend;
mod article;
mod authority;
mod builtin;
mod charter;
mod check;
mod diagnostic;
mod diff;
mod keys;
mod member;
mod money;
mod parse;
mod read;
mod reader;
mod report;
mod rights;
mod seating;
mod show;
mod text;
mod time;
pub mod track;
mod treaty;

pub use amend::{
    AMENDED, CHANGES_MAX, Change, Op, PATH_BYTES_MAX, PATH_STEPS_MAX, Path, Step, amended, amended_metered,
    rewritten,
};
pub use article::{
    ARTICLE_BYTES_MAX, ARTICLE_COST_MAX, ARTICLES_MAX, Article, ArticleError, Consequence, FACTS, LETS_MAX,
    NOTIFY_BYTES_MAX, THEN_MAX, date_days,
};
pub use authority::{Authority, Holder, OPENS};
pub use builtin::{BUILTIN, DEV_NODES_MAX, builtin, dev, template};
pub use charter::{Access, AccessPolicy, Chamber, Charter, FundedAccount, History};
pub use diagnostic::{DIAGNOSTICS_MAX, Diagnostic, Diagnostics, Severity};
pub use diff::{Effect, Refusal, compare, diff};
pub use keys::{Error, with_keys};
pub use member::{ID_BYTES_MAX, Member, MemberKeys, NodeKeys, WEIGHT_MAX, is_id};
pub use money::{Currency, DECIMALS, Fees, amount_text, in_units, parse_amount_wei};
pub use parse::{AMENDABLE_BYTES_MAX, CHARTER_BYTES_MAX, Checked, parse, parse_metered};
pub use rights::{Kind, Rights};
pub use seating::{Election, SEATS_MAX, STAKE, STAKE_SCALE, Seating, Secrecy, Sortition, Stake, Unrevealed};
pub use show::{describe, describe_article, describe_track, show};
pub use text::{Language, Text};
pub use time::{Clock, DAY_SECS, Date, duration_text, parse_duration_ms};
pub use track::{Burn, CallKind, Extension, Guardian, Stage, Track};
pub use treaty::{Binds, Clauses, Later, Notice, OBJECTION_PERIOD, Objectors, Once, Treaty};

#[cfg(test)]
mod tests;
