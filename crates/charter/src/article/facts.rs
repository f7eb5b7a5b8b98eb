//! What clauses of articles may ask for.

use polity_clause::{
    Fact,
    Type::{self, Bool, Member, Number, Period, Text, Texts},
};
use polity_decision::Date;

use crate::DAY_SECS;

const fn fact(
    name: &'static str,
    takes: &'static [Type],
    gives: Type,
    cost: u64,
    says: &'static str,
) -> Fact {
    Fact { name, takes, gives, cost, says }
}

/// The answer to `date(text)`, which depends on nothing but the text. Units: days since 1970-01-01.
///
/// # Errors
/// Why there is none, in words.
pub fn date_days(text: &str) -> Result<u64, String> {
    let date: Date = text.parse().map_err(|_| format!("`{text}` is no date, such as 2030-01-31"))?;
    date.unix_secs().map(|secs| secs / DAY_SECS).ok_or_else(|| format!("{text} is before 1970"))
}

/// What clauses of articles may ask for.
///
/// The institution `articles` answers; whoever adds a fact adds it there too, and its words in Chinese to `show`.
pub const FACTS: &[Fact] = &[
    fact("id", &[], Text, 1, "the member's id"),
    fact("kind", &[], Text, 1, "its kind, such as 'state'"),
    fact("classes", &[], Texts, 32, "the classes it belongs to"),
    fact("rights", &[], Texts, 8, "what it may do now, such as 'validate'"),
    fact("suspended", &[], Bool, 1, "whether it is suspended"),
    fact("member", &[], Member, 1, "the member that is judged"),
    fact("period", &[], Period, 1, "the period that is judged"),
    fact("today", &[], Number, 1, "the day of the block, in days since 1970-01-01"),
    fact("date", &[Text], Number, 4, "a day such as '2030-01-31', in days since 1970-01-01"),
    fact("number", &[Period], Number, 1, "which period it is: 1 is the first"),
    fact("weight", &[Text, Member], Number, 8, "a named weight of the member"),
    fact("standing", &[Member], Number, 8, "its score"),
    fact("bonded", &[Member], Number, 16, "its own bond, in units of the currency"),
    fact("written", &[Member, Period], Number, 8, "blocks it wrote in the period"),
    fact("missed", &[Member, Period], Number, 8, "turns to write it let pass in the period"),
    fact("deposited", &[Text, Member], Bool, 16, "whether its instrument of the treaty stands deposited"),
    fact("in_force", &[Text, Member], Bool, 32, "whether the treaty is in force for it"),
];
