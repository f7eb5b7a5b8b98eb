//! Decision rules, by themselves and with the electorates of this charter: whether each can ever decide anything.

use std::collections::BTreeSet;

use polity_decision::{Basis, Choice, Event, Outcome, Problem, Rule, Severity, Voter};

use crate::reader::nearest;
use crate::report::{Report, is_under, join};
use crate::{Charter, Kind, Member, STAKE, Seating};

/// Most members without a weight that are reported one by one.
const WEIGHTLESS_MAX: usize = 8;

/// A body that decides by a rule.
pub(super) struct Body<'a> {
    /// `chambers.conference` or `treaties.paris-agreement`.
    pub(super) path: String,
    pub(super) rule: &'a Rule,
    pub(super) members: Vec<&'a Member>,
    /// What its members do in favour.
    pub(super) consent: Event,
    /// How its seats are filled. Unless by description, `members` are those who could sit.
    pub(super) seating: &'a Seating,
}

/// Reports what is wrong with each rule by itself, and returns the ids of the rules that can be used.
pub(super) fn sound<'a>(charter: &'a Charter, report: &mut Report<'_>) -> BTreeSet<&'a str> {
    let mut usable = BTreeSet::new();
    for rule in &charter.rules {
        let path = join("rules", &rule.id);
        let mut is_usable = true;
        for problem in rule.check() {
            // An id is checked by the reader, with the same bounds for all ids.
            if problem.path != "id" {
                is_usable &= problem.severity == Severity::Warning;
                relay(&path, &problem, problem.message.clone(), report);
            }
        }
        if is_usable {
            usable.insert(rule.id.as_str());
        }
        applicable(charter, rule, &path, report);
    }
    usable
}

/// Warns of parts of a rule that have no meaning in this charter.
fn applicable(charter: &Charter, rule: &Rule, path: &str, report: &mut Report<'_>) {
    let is_known = report.is_clean(|path| is_under(path, "members"));
    let kinds: BTreeSet<_> = charter.members.iter().map(|member| member.kind.as_str()).collect();
    for (i, limb) in rule.limbs.iter().enumerate() {
        if let Some(tally) = &limb.tally {
            let message = format!(
                "totals of `{tally}` are known to a ballots file only; here, members' ballots are counted"
            );
            report.warning(&format!("{path}.limb[{i}].tally"), message, "");
        }
        for (k, kind) in limb.kinds.iter().enumerate() {
            if is_known && Kind::from_word(kind).is_some() && !kinds.contains(kind.as_str()) {
                report.warning(
                    &format!("{path}.limb[{i}].kinds[{k}]"),
                    format!("no member is of kind `{kind}`"),
                    "",
                );
            }
        }
    }
}

/// Reports chambers and treaties whose rule their members cannot meet, whatever they do, or cannot fail.
pub(super) fn decidable(charter: &Charter, usable: &BTreeSet<&str>, report: &mut Report<'_>) {
    if !report.is_clean(concerns_electorates) {
        return;
    }
    let chambers = charter.chambers.iter().filter_map(|chamber| {
        let members = charter.electorate(chamber).collect();
        let (path, rule) = (join("chambers", &chamber.id), charter.rule(&chamber.rule)?);
        Some(Body { path, rule, members, consent: Event::Ballot(Choice::Yes), seating: &chamber.seating })
    });
    let treaties = charter.treaties.iter().filter_map(|treaty| {
        let members = charter.depositors(treaty).collect();
        let (path, rule) = (join("treaties", &treaty.id), charter.rule(&treaty.rule)?);
        // A text that binds by silence is consented to by the silent, not by a deposit.
        let consent = if rule.silence.is_some() { Event::Ballot(Choice::Yes) } else { Event::Instrument };
        Some(Body { path, rule, members, consent, seating: &Seating::Description })
    });
    for body in chambers.chain(treaties).chain(super::tracks::bodies(charter)) {
        let is_usable =
            usable.contains(body.rule.id.as_str()) && report.is_clean(|p| is_under(p, &body.path));
        if is_usable && !body.members.is_empty() {
            self::body(charter, &body, report);
        }
    }
}

/// Whether an error at `path` makes it unknown who is in an electorate, or with which weight.
fn concerns_electorates(path: &str) -> bool {
    const PERSONAL: [&str; 6] = ["name", "address", "recovery", "node", "balance", "deposited"];
    match path.split(['.', '[']).collect::<Vec<_>>().as_slice() {
        ["rights", ..] => true,
        ["members", _, key, ..] => !PERSONAL.contains(key),
        ["members", ..] => true,
        _ => false,
    }
}

fn body(charter: &Charter, body: &Body<'_>, report: &mut Report<'_>) {
    let Body { path, rule, consent, .. } = body;
    let rule_at = join(path, "rule");
    let (basis, mismatch) = match consent {
        Event::Instrument => {
            (Basis::Instruments, "counts ballots, but a treaty enters into force by instruments")
        }
        _ => (Basis::Ballots, "counts instruments, but a chamber decides by ballots"),
    };
    // Of a rule of two stages, a chamber judges by the ballots and a treaty by the instruments.
    let Some(part) = rule.part(basis) else {
        let hint = "a limb counts what its `numerator` says: yes, or instruments";
        report.error(&rule_at, format!("rule `{}` {mismatch}", rule.id), hint);
        return;
    };
    let weightless = weightless(charter, body, &part, report);
    if !matches!(body.seating, Seating::Description) {
        // Who sits is not known before the chain has elected, drawn, or been paid.
        return;
    }
    let voters: Vec<Voter> = body.members.iter().map(|member| charter.voter(member)).collect();
    let mut is_known = !weightless.is_empty();
    for problem in rule.check_electorate(&voters) {
        let of_other_part = (0..rule.limbs.len()).any(|i| {
            is_under(&problem.path, &format!("limb[{i}]"))
                && !rule.limbs.get(i).is_some_and(|limb| part.limbs.contains(limb))
        });
        if of_other_part {
            continue;
        }
        if weightless.iter().any(|i| {
            problem.path.starts_with(&format!("limb[{i}].weight"))
                || problem.path.starts_with(&format!("limb[{i}].threshold"))
        }) {
            continue;
        }
        is_known |= problem.severity == Severity::Error;
        relay(&join("rules", &rule.id), &problem, format!("for {path}: {}", problem.message), report);
    }
    if !is_known {
        extremes(body, &part, &voters, &rule_at, report);
    }
}

/// Reports members without a weight by which a limb counts them; returns those limbs.
fn weightless(charter: &Charter, body: &Body<'_>, part: &Rule, report: &mut Report<'_>) -> Vec<usize> {
    let mut limbs = Vec::new();
    for (i, limb) in body.rule.limbs.iter().enumerate().filter(|(_, limb)| part.limbs.contains(limb)) {
        let Some(weight) = limb.weight.name() else { continue };
        if weight == STAKE && matches!(body.seating, Seating::Stake(_)) {
            continue;
        }
        let lacks = |member: &&&Member| {
            body.rule.counts(limb, &charter.voter(member)) && !member.weights.contains_key(weight)
        };
        let lacking: Vec<_> = body.members.iter().filter(lacks).collect();
        if lacking.is_empty() {
            continue;
        }
        limbs.push(i);
        let by = format!("limb `{}` of rule `{}` weighs {}", limb.name, body.rule.id, body.path);
        let hint = format!("add {weight} = … to its weights; 0 is a weight");
        if lacking.len() <= WEIGHTLESS_MAX {
            for member in lacking {
                let own: Vec<_> = member.weights.keys().map(String::as_str).collect();
                let hint = match nearest(weight, &own) {
                    Some(near) => format!("it has a weight `{near}`: is that meant?"),
                    None => hint.clone(),
                };
                let path = join("members", &member.id);
                report.error_at_key(
                    &path,
                    format!("{} has no weight `{weight}`, by which {by}", member.id),
                    hint,
                );
            }
        } else {
            let first: Vec<_> = lacking.iter().take(3).map(|member| member.id.as_str()).collect();
            let message = format!(
                "{} members, such as {}, have no weight `{weight}`, by which {by}",
                lacking.len(),
                first.join(", ")
            );
            report.error(&join(&body.path, "rule"), message, hint);
        }
    }
    limbs
}

/// Lets everybody consent, then nobody, and reports outcomes that cannot be meant.
fn extremes(body: &Body<'_>, part: &Rule, voters: &[Voter], rule_at: &str, report: &mut Report<'_>) {
    let outcome = |event: Option<Event>| {
        let mut tally = part.open(voters);
        for voter in voters {
            part.record(&mut tally, voter, None, event);
        }
        part.outcome(&tally, true)
    };
    let unanimous = outcome(Some(body.consent));
    let is_treaty = body.consent == Event::Instrument;
    if unanimous.outcome != Outcome::Adopted {
        let unmet: Vec<_> =
            unanimous.limbs.iter().filter(|limb| !limb.met).map(|limb| format!("`{}`", limb.name)).collect();
        let deed = if is_treaty { "deposits an instrument" } else { "votes yes" };
        let message = format!("rule `{}` is not met even if everyone {deed}", body.rule.id);
        report.error(rule_at, message, format!("what fails is limb {}", unmet.join(", ")));
    }
    let refusal = if is_treaty { None } else { Some(Event::Ballot(Choice::No)) };
    if outcome(refusal).outcome == Outcome::Adopted {
        let deed = if is_treaty { "nobody deposits an instrument" } else { "everyone votes no" };
        let message = format!("rule `{}` is met even if {deed}", body.rule.id);
        report.warning(rule_at, message, "is a limb missing?");
    }
}

/// Reports a problem that the rule found, at its place in the charter.
fn relay(rule_path: &str, problem: &Problem, message: String, report: &mut Report<'_>) {
    let path =
        if problem.path.is_empty() { rule_path.to_owned() } else { format!("{rule_path}.{}", problem.path) };
    let hint = problem.hint.clone().unwrap_or_default();
    match problem.severity {
        Severity::Error => report.error(&path, message, hint),
        Severity::Warning => report.warning(&path, message, hint),
    }
}
