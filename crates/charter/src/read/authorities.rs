//! `[authorities]`.

use crate::reader::Table;
use crate::report::Report;
use crate::{Authority, Holder, OPENS};

/// Most authorities.
const AUTHORITIES_MAX: usize = 64;

/// Reads `[authorities]`.
pub(super) fn authorities(
    table: Option<Table<'_>>,
    languages: &[String],
    report: &mut Report<'_>,
) -> Vec<Authority> {
    let Some(table) = table else { return Vec::new() };
    let mut authorities = Vec::new();
    for (id, node) in table.named("authorities", AUTHORITIES_MAX, report) {
        let Some(mut entry) = node.table(report) else { continue };
        let name =
            entry.get("name").and_then(|node| node.text(languages, report)).unwrap_or_else(|| id.into());
        let holder = holder(&mut entry, report);
        let issuer = entry.get("issuer").and_then(|node| node.words(report));
        let opens = entry.get("opens").map(|node| {
            let words = OPENS.map(|word| (word, word));
            let mut opens: Vec<String> = Vec::new();
            for node in node.list(OPENS.len().saturating_mul(2), report) {
                match node.one_of("kind of proposal an authority may open", &words, report) {
                    Some(kind) if opens.iter().any(|other| other == kind) => {
                        report.error(&node.path, format!("`{kind}` is given twice"), "keep one of the two");
                    }
                    Some(kind) => opens.push(kind.to_owned()),
                    None => {}
                }
            }
            opens
        });
        entry.finish(report);
        if let Some(holder) = holder {
            let opens = opens.unwrap_or_default();
            authorities.push(Authority { id: id.into(), name, holder, issuer, opens });
        }
    }
    authorities
}

/// `member = "…"` or `account = "…"`, one of them.
fn holder(entry: &mut Table<'_>, report: &mut Report<'_>) -> Option<Holder> {
    let path = entry.path.clone();
    let hint = "who acts for it: member = \"FRA\", or account = \"court\" with [accounts.court]";
    match (entry.get("member"), entry.get("account")) {
        (Some(node), None) => node.id(report).map(|id| Holder::Member(id.to_owned())),
        (None, Some(node)) => node.id(report).map(|id| Holder::Account(id.to_owned())),
        (Some(_), Some(second)) => {
            report.error_at_key(
                &second.path,
                "`member` and `account` are given: one acts",
                "keep one of the two",
            );
            None
        }
        (None, None) => {
            report.missing(&path, "member", hint);
            None
        }
    }
}
