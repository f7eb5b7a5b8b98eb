//! Where silence consents: a text is notified by a treaty, and each member has its own last day. A chamber closes for all
//! at once, so no chamber decides by such a rule.

use crate::Charter;
use crate::report::{Report, join};

/// Reports chambers, and stages of tracks, whose rule lets silence consent.
pub(super) fn of_treaties(charter: &Charter, report: &mut Report<'_>) {
    let chambers = charter
        .chambers
        .iter()
        .filter_map(|chamber| Some((join("chambers", &chamber.id), charter.rule(&chamber.rule)?)));
    let stages = super::tracks::bodies(charter).map(|body| (body.path, body.rule));
    for (path, rule) in chambers.chain(stages).filter(|(_, rule)| rule.silence.is_some()) {
        let message = format!("rule `{}` lets silence consent until a day of each member's own", rule.id);
        report.error(
            &join(&path, "rule"),
            message,
            "use it for a treaty: as its rule, or as its `amendments`",
        );
    }
}
