//! What keys mean together. The form of each is checked when it is read; here a check may assume it.

mod articles;
mod consensus;
mod keys;
mod references;
mod rules;
mod seating;
mod silence;
mod tracks;
mod validators;

use crate::Charter;
use crate::report::Report;

/// Runs every check.
pub(crate) fn everything(charter: &Charter, report: &mut Report<'_>) {
    keys::distinct(charter, report);
    seating::filled(charter, report);
    references::exist(charter, report);
    references::deposits(charter, report);
    references::authorities(charter, report);
    consensus::combine(charter, report);
    validators::decide(charter, report);
    validators::act(charter, report);
    tracks::sound(charter, report);
    articles::sound(charter, report);
    let usable = rules::sound(charter, report);
    rules::decidable(charter, &usable, report);
    silence::of_treaties(charter, report);
}

/// How much work [`everything`] is beyond reading the file. Units: about the reading of one byte each.
///
/// Every body that decides is judged with every member by every limb of its rule; nothing else grows faster than the file.
pub(crate) fn work(charter: &Charter) -> u64 {
    const PER_MEMBER: u64 = 32;
    let members = charter.members.len() as u64;
    let limbs =
        |rule: &str| charter.rule(rule).map_or(0, |rule| rule.limbs.len().saturating_add(rule.vetoes.len()));
    let chambers =
        charter.chambers.iter().map(|chamber| (limbs(&chamber.rule), chamber.members.len() as u64));
    let treaties = charter.treaties.iter().map(|treaty| (limbs(&treaty.rule), 0));
    chambers.chain(treaties).fold(0, |work: u64, (limbs, named)| {
        let per_member = PER_MEMBER.saturating_mul((limbs as u64).saturating_add(2)).saturating_add(named);
        work.saturating_add(members.saturating_mul(per_member))
    })
}
