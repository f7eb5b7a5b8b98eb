//! Decision rules of real bodies, made of limbs; tallies; and reports that say why.
//!
//! A [`Rule`] is a list of [`Limb`]s, vetoes and delays. [`Rule::open`] freezes an electorate into a [`Tally`],
//! [`Rule::record`] moves one voter's ballot or instrument, [`Rule::outcome`] judges. The chain calls these three;
//! [`decide_files`] folds the same three over a ballots file, so both give the same numbers.
//!
//! Rules kept: arithmetic is exact and nothing is rounded before it is compared; nothing is divided by zero (a share
//! of nothing is zero); each unit of weight counts once.
//!
//! Deliberately absent: clocks, storage, signatures, and code for any one body. A body is a text in `charters/rules/`.

mod ballots;
mod builtin;
mod bundle;
mod check;
mod check_frame;
mod counts;
mod date;
mod decide;
mod effective;
mod error;
mod formula;
mod limb;
mod locate;
mod number;
mod outcome;
mod part;
mod quorum;
mod report;
mod rule;
mod silence;
mod table;
mod tally;
mod text;
mod threshold;
mod voter;
mod weight;
mod words;
mod written;

pub use ballots::{BALLOTS_LEN_MAX, BallotsFile, MISTAKES_MAX, Totals};
pub use builtin::{BUILTIN_RULES, builtin_rule};
pub use bundle::{Bundle, Mass};
pub use check::{Problem, Severity};
pub use counts::Counts;
pub use date::{DELAY_MAX, Date, Delay, DelayUnit};
pub use decide::{RULE_FILE_LEN_MAX, decide_files};
pub use effective::{Effective, Since};
pub use error::{Error, InputFile, Mistake};
pub use formula::{FORMULA_DEPTH_MAX, Formula, Verdict};
pub use limb::{Denominator, Limb, Numerator};
pub use number::{NUMBER_LEN_MAX, Rational, Rounding, decimal, decimal_cut, parse_rational};
pub use outcome::REASON_BLOCKING;
pub use quorum::{MovingQuorum, QUORUM_PARTS};
pub use report::{InForce, LimbReport, Outcome, Report, SHARE_PLACES, Version};
pub use rule::{Basis, LIMBS_MAX, LIST_MAX, RULE_JSON_MAX, Rule, VETOES_MAX, Veto};
pub use silence::{OtherTerm, Silence, Term};
pub use table::{CASES_MAX, Case, Row, cases, table};
pub use tally::{LimbTally, Others, Tally, VetoTally};
pub use text::Language;
pub use threshold::{Comparison, Threshold};
pub use voter::{Choice, Event, SPLIT_PARTS, Shares, Voter};
pub use weight::{FINENESS_MAX, PLACES_MAX, Root, Votes, Weight};
pub use words::Scales;
