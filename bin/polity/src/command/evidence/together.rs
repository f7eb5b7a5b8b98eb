//! Who signed two things at the same height: collusion, as a list of names.
//!
//! Rule kept: a member counts once at a height, however many proofs there are against it and wherever they come from. Power is that
//! of the committee which decided the height, or is not said where the node that is asked no longer knows it. What is no double
//! signature (turns missed, a block that is valid in no state) takes nobody else, and is not here.
//!
//! Source of the third: two decisions of one height have more than a third of the power in common, for each took more than two
//! thirds of it (Castro and Liskov, Practical Byzantine Fault Tolerance, 1999).

use std::collections::{BTreeMap, BTreeSet};

use polity_constitution::OffenceKind;
use serde::Serialize;
use serde_json::Value;

use crate::command::read::array;

/// What was signed twice.
const DOUBLE: [OffenceKind; 2] = [OffenceKind::DoubleVote, OffenceKind::DoubleProposal];

/// A height at which somebody signed two things.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Together {
    height: u64,
    /// In the order of their names.
    members: Vec<String>,
    /// `null`: not known any more.
    power: Option<Power>,
}

/// Voting power at a height.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Power {
    theirs: u64,
    total: u64,
    more_than_a_third: bool,
}

/// Groups `offences`, as `polity_offences` and `polity_evidence` answer them; `committee` is `polity_committee` of a height.
pub(super) fn group<'a>(
    offences: impl IntoIterator<Item = &'a Value>,
    mut committee: impl FnMut(u64) -> Option<Value>,
) -> Vec<Together> {
    let mut heights: BTreeMap<u64, BTreeSet<&str>> = BTreeMap::new();
    for offence in offences {
        // Evidence on record has the height in what was signed.
        let height = offence["height"].as_u64().or_else(|| offence["first"]["height"].as_u64());
        let is_double = DOUBLE.iter().any(|kind| offence["offence"] == kind.as_str());
        if let (true, Some(height), Some(member)) = (is_double, height, offence["member"].as_str()) {
            heights.entry(height).or_default().insert(member);
        }
    }
    let power = |committee: &Value, members: &BTreeSet<&str>| {
        let total = committee["totalPower"].as_u64()?;
        let is_theirs = |seat: &&Value| seat["member"].as_str().is_some_and(|id| members.contains(id));
        let theirs =
            array(&committee["seats"]).iter().filter(is_theirs).filter_map(|seat| seat["power"].as_u64());
        let theirs = theirs.fold(0, u64::saturating_add);
        let more_than_a_third = u128::from(theirs) * 3 > u128::from(total);
        Some(Power { theirs, total, more_than_a_third })
    };
    let group = |(height, members): (u64, BTreeSet<&str>)| Together {
        height,
        power: committee(height).and_then(|committee| power(&committee, &members)),
        members: members.into_iter().map(str::to_owned).collect(),
    };
    heights.into_iter().map(group).collect()
}

impl Together {
    /// One line of it.
    pub(super) fn says(&self) -> String {
        let Self { height, members, power } = self;
        let power = power.as_ref().map_or_else(String::new, |Power { theirs, total, more_than_a_third }| {
            let third = if *more_than_a_third { "more" } else { "not more" };
            format!(" (power {theirs} of {total}: {third} than a third)")
        });
        format!("height {height}: {} signed two things{power}\n", members.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What the two methods answer, of which `group` reads these fields.
    fn offences() -> [Vec<Value>; 2] {
        let punished = |offence: &str, member: &str, height: u64| json!({ "offence": offence, "member": member, "height": height });
        let recorded = |offence: &str, member: Value, height: u64| json!({ "offence": offence, "member": member, "first": { "height": height }, "second": { "height": height } });
        [
            vec![
                punished("double vote", "wwf", 812),
                punished("turns missed", "de", 812),
                punished("double vote", "br", 12),
                punished("invalid proposal", "un", 12),
            ],
            vec![
                recorded("double vote", json!("wwf"), 812),
                recorded("double proposal", json!("br"), 812),
                recorded("double vote", Value::Null, 813),
            ],
        ]
    }

    fn committee(height: u64) -> Option<Value> {
        let seats: Vec<Value> = [("br", 1), ("de", 1), ("un", 1), ("wwf", 1)]
            .map(|(member, power)| json!({ "member": member, "power": power }))
            .into();
        (height > 100).then(|| json!({ "height": height, "totalPower": 4, "seats": seats }))
    }

    #[test]
    fn those_who_signed_twice_at_a_height_are_named_together() {
        let [punished, recorded] = offences();
        let found = group(punished.iter().chain(&recorded), committee);
        let said: Vec<String> = found.iter().map(Together::says).collect();
        assert_eq!(
            said,
            [
                "height 12: br signed two things\n",
                "height 812: br, wwf signed two things (power 2 of 4: more than a third)\n",
            ]
        );
        assert_eq!(
            json!(found)[1],
            json!({
                "height": 812, "members": ["br", "wwf"],
                "power": { "theirs": 2, "total": 4, "moreThanAThird": true },
            })
        );
        let alone = group(&recorded[1..2], |_| {
            Some(json!({ "totalPower": 3, "seats": [{ "member": "br", "power": 1 }] }))
        });
        assert!(
            alone[0].says().ends_with("(power 1 of 3: not more than a third)\n"),
            "a third is not more than a third"
        );
    }
}
