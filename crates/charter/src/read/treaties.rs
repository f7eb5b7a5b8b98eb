//! `[treaties]`.

use super::bodies::kind_list;
use crate::reader::{Node, Table};
use crate::report::Report;
use crate::{Binds, Clauses, Later, Notice, Objectors, Once, Treaty};

/// Most treaties.
const TREATIES_MAX: usize = 256;

/// Reads `[treaties]`.
pub(super) fn treaties(
    table: Option<Table<'_>>,
    languages: &[String],
    report: &mut Report<'_>,
) -> Vec<Treaty> {
    let Some(table) = table else { return Vec::new() };
    let mut treaties = Vec::new();
    for (id, node) in table.named("treaties", TREATIES_MAX, report) {
        let Some(mut entry) = node.table(report) else { continue };
        let name =
            entry.get("name").and_then(|node| node.text(languages, report)).unwrap_or_else(|| id.into());
        let rule = entry.require("rule", "the id of a decision rule under [rules]", report);
        let rule = rule.and_then(|node| node.id(report)).unwrap_or_default().to_owned();
        let hint = "which kinds of members may deposit, such as depositors = [\"state\"]";
        let depositors = entry.require("depositors", hint, report);
        let depositors = depositors.map(|node| kind_list(&node, report)).unwrap_or_default();
        let amendments = entry.get("amendments").and_then(|node| node.id(report)).map(str::to_owned);
        let clauses = clauses(&mut entry, report);
        entry.finish(report);
        treaties.push(Treaty { id: id.into(), name, rule, depositors, amendments, clauses });
    }
    treaties
}

fn clauses(entry: &mut Table<'_>, report: &mut Report<'_>) -> Clauses {
    let mut clauses = Clauses::default();
    if let Some(node) = entry.get("signature") {
        let words = [("optional", false), ("required", true)];
        clauses.signature_first = node.one_of("clause on signature", &words, report).unwrap_or(false);
    }
    if let Some(node) = entry.get("reservations") {
        let words = [("allowed", true), ("forbidden", false)];
        clauses.reservations = node.one_of("clause on reservations", &words, report).unwrap_or(true);
    }
    if let Some(node) = entry.get("objections") {
        objections(&node, &mut clauses, report);
    }
    if let Some(node) = entry.get("binds") {
        let words = [("depositors", Binds::Depositors), ("all", Binds::All)];
        clauses.binds = node.one_of("circle of bound members", &words, report).unwrap_or(Binds::Depositors);
    }
    clauses.later = entry.get("later").and_then(|node| later(&node, report));
    clauses.withdrawal = entry.get("withdrawal").and_then(|node| withdrawal(&node, report));
    clauses
}

/// `objections = { by = "parties", within = "12mo" }`: only where reservations are allowed.
fn objections(node: &Node<'_>, clauses: &mut Clauses, report: &mut Report<'_>) {
    let Some(mut entry) = node.table(report) else { return };
    if !clauses.reservations {
        let hint = "remove it, or write reservations = \"allowed\"";
        report.error_at_key(&node.path, "there is nothing to object to: reservations are forbidden", hint);
    }
    if let Some(by) = entry.get("by") {
        let words = [("parties", Objectors::Parties), ("members", Objectors::Members)];
        clauses.objectors = by.one_of("circle of objectors", &words, report).unwrap_or(clauses.objectors);
    }
    if let Some(within) = entry.get("within") {
        clauses.objection_period = within.delay(report).unwrap_or(clauses.objection_period);
    }
    entry.finish(report);
}

/// `later = "30d"`, or `later = { delay = "90d", once = "in-force" }`.
fn later(node: &Node<'_>, report: &mut Report<'_>) -> Option<Later> {
    if node.value.is_str() {
        return Some(Later { delay: node.delay(report)?, once: Once::Decided });
    }
    let mut entry = node.table(report)?;
    let delay = entry.require("delay", "how long after its own deposit, such as delay = \"90d\"", report);
    let delay = delay.and_then(|node| node.delay(report));
    let words = [("decided", Once::Decided), ("in-force", Once::InForce)];
    let once = entry.get("once").and_then(|node| node.one_of("moment", &words, report));
    entry.finish(report);
    Some(Later { delay: delay?, once: once.unwrap_or(Once::Decided) })
}

/// `withdrawal = { notice = "1y", not_before = "3y" }`.
fn withdrawal(node: &Node<'_>, report: &mut Report<'_>) -> Option<Notice> {
    let mut entry = node.table(report)?;
    let hint = "from the notice to its effect, such as notice = \"1y\"";
    let notice = entry.require("notice", hint, report).and_then(|node| node.delay(report));
    let not_before = entry.get("not_before").and_then(|node| node.delay(report));
    entry.finish(report);
    Some(Notice { notice: notice?, not_before })
}
