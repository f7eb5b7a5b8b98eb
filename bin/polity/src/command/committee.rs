//! Two committees side by side: who writes and who verifies now, and after what is simulated.

use serde_json::Value;

use super::read::{array, row, table, text};

/// Most members that are listed; `--json` has all.
const ROWS_MAX: usize = 40;
/// Largest whole of which a part is shown as a number; stakes are scaled to more, and shown in percents.
const COUNTED_MAX: u64 = 10_000;

/// The committee of a simulation before and after, by member, with its warnings; empty if who decides blocks stays as it is.
pub(super) fn outlook(simulation: &Value) -> String {
    let mut out = String::new();
    let found = &simulation["committee"];
    if !found.is_null() {
        let from = text(&found["from"]);
        let in_block = text(&found["enactedIn"]);
        out += &format!("the committee from block {from} on, were it enacted in block {in_block}:\n");
        out += &members(&found["before"], &found["after"]);
        for (key, words) in [("leaves", "drops out"), ("joins", "comes in")] {
            let names = array(&found[key]);
            let more = match names.len().saturating_sub(ROWS_MAX) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let names: Vec<_> = names.iter().take(ROWS_MAX).map(text).collect();
            if !names.is_empty() {
                out += &format!("  {words}: {}{more}\n", names.join(", "));
            }
        }
    }
    for warning in array(&simulation["warnings"]) {
        out += &format!("warning: {}\n", text(warning));
    }
    out
}

fn members(before: &Value, after: &Value) -> String {
    let mut names: Vec<&str> = [before, after]
        .iter()
        .flat_map(|roll| array(&roll["members"]))
        .filter_map(|part| part["member"].as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    // Whoever changes comes first where not all have room.
    let line = |name: &str| {
        let cell = |roll: &Value, column: Column| column.cell(roll, name);
        [Column::Writes, Column::Verifies].map(|column| (cell(before, column), cell(after, column)))
    };
    if names.len() > ROWS_MAX {
        names.sort_by_key(|name| line(name).iter().all(|(was, is)| was == is));
    }
    let mut rows = vec![row(&["  member", "writes", "verifies"])];
    for name in names.iter().take(ROWS_MAX) {
        let [writes, verifies] =
            line(name).map(|(was, is)| if was == is { was } else { format!("{was} → {is}") });
        rows.push(vec![format!("  {name}"), writes, verifies]);
    }
    let more = match names.len().saturating_sub(ROWS_MAX) {
        0 => String::new(),
        more => format!("  and {more} more: see --json\n"),
    };
    table(&rows) + &more
}

/// What a member does.
#[derive(Clone, Copy)]
enum Column {
    Writes,
    Verifies,
}

impl Column {
    /// `1 of 4`, `25.0 %` or `no`; by work nobody's part is known beforehand.
    fn cell(self, roll: &Value, member: &str) -> String {
        let (key, whole) = match self {
            Self::Writes => ("weight", "totalWeight"),
            Self::Verifies => ("power", "totalPower"),
        };
        let part = array(&roll["members"]).iter().find(|part| part["member"] == member);
        let part = part.and_then(|part| part[key].as_u64()).unwrap_or_default();
        let whole = roll[whole].as_u64().unwrap_or_default();
        match (self, roll["engine"] == "work") {
            (Self::Writes, true) if part > 0 => "by work".to_owned(),
            (Self::Verifies, true) => "for itself".to_owned(),
            _ if part == 0 => "no".to_owned(),
            _ if whole <= COUNTED_MAX => format!("{part} of {whole}"),
            _ => {
                let permille = u128::from(part).saturating_mul(1_000).checked_div(whole.into()).unwrap_or(0);
                format!("{}.{} %", permille / 10, permille % 10)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn roll(engine: &str, parts: &[(&str, u64, u64)]) -> Value {
        let members: Vec<_> = parts
            .iter()
            .map(|(member, weight, power)| json!({ "member": member, "weight": weight, "power": power }))
            .collect();
        let sum = |part: fn(&(&str, u64, u64)) -> u64| parts.iter().map(part).sum::<u64>();
        json!({ "engine": engine, "members": members, "totalWeight": sum(|p| p.1), "totalPower": sum(|p| p.2) })
    }

    fn said(before: Value, after: Value, leaves: &[&str]) -> String {
        outlook(&json!({
            "committee": { "enactedIn": 7, "from": 8, "before": before, "after": after, "joins": [], "leaves": leaves },
            "warnings": ["beware"],
        }))
    }

    #[test]
    fn what_changes_is_shown_beside_what_was() {
        let before = roll("bft", &[("br", 1, 1), ("de", 1, 1)]);
        assert_eq!(
            said(before.clone(), roll("bft", &[("br", 0, 0), ("de", 1, 1)]), &["br"]),
            "the committee from block 8 on, were it enacted in block 7:\n\
             \x20 member  writes           verifies\n\
             \x20 br      1 of 2 → no      1 of 2 → no\n\
             \x20 de      1 of 2 → 1 of 1  1 of 2 → 1 of 1\n\
             \x20 drops out: br\n\
             warning: beware\n"
        );
        let work = said(before, roll("work", &[("br", 1, 1), ("de", 1, 1)]), &[]);
        assert!(work.contains("br      1 of 2 → by work  1 of 2 → for itself"), "{work}");
    }

    #[test]
    fn scaled_stakes_are_percents_and_a_crowd_is_cut_after_those_who_change() {
        let names: Vec<String> = (0..50).map(|i| format!("m{i:02}")).collect();
        let parts = |last: u64| -> Vec<(&str, u64, u64)> {
            names
                .iter()
                .map(|name| (name.as_str(), 1 << 40, if name == "m49" { last } else { 1 << 40 }))
                .collect()
        };
        let text = said(roll("bft", &parts(1 << 40)), roll("bft", &parts(0)), &[]);
        assert!(text.contains("m49     2.0 %   2.0 % → no"), "{text}");
        assert!(text.contains("and 10 more: see --json"), "{text}");
    }

    #[test]
    fn nothing_is_said_where_nothing_changes() {
        assert_eq!(outlook(&json!({ "committee": null, "warnings": [] })), "");
    }
}
