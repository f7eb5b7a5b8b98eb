//! Chambers that are elected, drawn or bonded: the chambers and weights they name exist, and nobody elects himself for ever.

use crate::reader::suggest;
use crate::report::{Report, is_under, join};
use crate::{Chamber, Charter, STAKE, Seating};

/// Reports unknown chambers and weights, and chambers that wait for each other to sit.
pub(super) fn filled(charter: &Charter, report: &mut Report<'_>) {
    let bonds = charter.chambers.iter().any(|chamber| matches!(chamber.seating, Seating::Stake(_)));
    if bonds {
        for member in charter.members.iter().filter(|member| member.weights.contains_key(STAKE)) {
            let path = join(&join(&join("members", &member.id), "weights"), STAKE);
            let hint = "in a charter with a chamber by stake, that is what its members bond";
            report.error_at_key(&path, format!("`{STAKE}` cannot be given"), hint);
        }
    }
    for chamber in &charter.chambers {
        let path = join("chambers", &chamber.id);
        let (key, other, weight) = match &chamber.seating {
            Seating::Election(election) => ("of", &election.of, &election.weight),
            Seating::Sortition(sortition) => ("from", &sortition.from, &sortition.weight),
            Seating::Description | Seating::Stake(_) => continue,
        };
        let Some(source) = charter.chamber(other) else {
            let at = join("chambers", other);
            if !other.is_empty() && report.is_clean(|p| is_under(p, &at)) {
                let ids: Vec<_> = charter.chambers.iter().map(|chamber| chamber.id.as_str()).collect();
                report.error(
                    &join(&path, key),
                    format!("there is no chamber `{other}`"),
                    suggest(other, &ids),
                );
            }
            continue;
        };
        if let Some(names) = round(charter, chamber) {
            let names = names.join(" → ");
            let message = format!("none of these could sit first: {names}");
            report.error(&join(&path, key), message, "one of them must sit by description or by stake");
        }
        if let Some(weight) = weight {
            self::weight(charter, source, &join(&path, "weight"), weight, report);
        }
    }
}

/// The chambers from `chamber` back to itself, if each is filled by the next.
fn round<'a>(charter: &'a Charter, chamber: &'a Chamber) -> Option<Vec<&'a str>> {
    let mut names = vec![chamber.id.as_str()];
    let mut at = chamber;
    for _ in &charter.chambers {
        at = charter.chamber(at.seating.source()?)?;
        names.push(&at.id);
        if at.id == chamber.id {
            return Some(names);
        }
    }
    None
}

fn weight(charter: &Charter, source: &Chamber, path: &str, weight: &str, report: &mut Report<'_>) {
    let is_bonded = weight == STAKE && matches!(source.seating, Seating::Stake(_));
    if is_bonded || charter.weight_scales.contains_key(weight) {
        return;
    }
    if report.is_clean(|p| is_under(p, "members")) {
        let known: Vec<_> = charter.weight_scales.keys().map(String::as_str).collect();
        report.error(path, format!("no member has a weight `{weight}`"), suggest(weight, &known));
    }
}
