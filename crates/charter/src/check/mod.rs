//! What keys mean together. The form of each is checked when it is read; here a check may assume it.

mod keys;
mod references;
mod rules;
mod seating;
mod validators;

use crate::Charter;
use crate::report::Report;

/// Runs every check.
pub(crate) fn everything(charter: &Charter, report: &mut Report<'_>) {
    keys::distinct(charter, report);
    seating::filled(charter, report);
    references::exist(charter, report);
    references::deposits(charter, report);
    validators::decide(charter, report);
    validators::act(charter, report);
    let usable = rules::sound(charter, report);
    rules::decidable(charter, &usable, report);
}
