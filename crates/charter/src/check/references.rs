//! Names that must exist elsewhere in the charter.

use std::collections::BTreeSet;

use crate::reader::suggest;
use crate::report::{Report, is_under, join};
use crate::{Authority, Chamber, Charter, Clock, Date, Holder, Member, Treaty};

/// Unknown members of a chamber for which the nearest name is looked for.
const SUGGESTIONS_MAX: usize = 8;

/// Reports unknown rules and members, and chambers with nobody in them.
pub(super) fn exist(charter: &Charter, report: &mut Report<'_>) {
    let ids: Vec<_> = charter.members.iter().map(|member| member.id.as_str()).collect();
    let known: BTreeSet<_> = ids.iter().copied().collect();
    for chamber in &charter.chambers {
        let path = join("chambers", &chamber.id);
        rule(charter, &path, &chamber.rule, report);
        let mut unknown = 0usize;
        for (i, id) in chamber.members.iter().enumerate() {
            if !known.contains(id.as_str()) {
                unknown = unknown.saturating_add(1);
                // The i-th id read is the i-th written unless one of them was refused, and then no matter which is named.
                let path = format!("{}[{i}]", join(&path, "members"));
                // Looking for the nearest name is the square of the file's length if it is done for all of them.
                let hint = if unknown <= SUGGESTIONS_MAX { suggest(id, &ids) } else { String::new() };
                report.error(&path, format!("`{id}` is no member"), hint);
            }
        }
        seats(charter, chamber, &path, report);
    }
    for treaty in &charter.treaties {
        let path = join("treaties", &treaty.id);
        rule(charter, &path, &treaty.rule, report);
        if let Some(id) = &treaty.amendments {
            let known = charter.rules.iter().filter(|rule| rule.silence.is_some());
            let known: Vec<_> = known.map(|rule| rule.id.as_str()).collect();
            if !known.contains(&id.as_str()) {
                let message = format!("`{id}` is no rule by which silence consents");
                let hint = match suggest(id, &known) {
                    none if none.is_empty() => "a rule of silence has a [silence] table".to_owned(),
                    hint => hint,
                };
                report.error(&join(&path, "amendments"), message, hint);
            }
        }
        let is_readable = report.is_clean(|p| is_under(p, "members") || is_under(p, &path));
        if is_readable && charter.depositors(treaty).next().is_none() {
            report.error(
                &join(&path, "depositors"),
                "no member may deposit: the treaty could never enter into force",
                "",
            );
        }
    }
}

fn rule(charter: &Charter, path: &str, id: &str, report: &mut Report<'_>) {
    let path_of_rule = join("rules", id);
    // An id that could not be read was reported already, and so was a rule that could not.
    if charter.rule(id).is_some() || id.is_empty() || !report.is_clean(|p| is_under(p, &path_of_rule)) {
        return;
    }
    let ids: Vec<_> = charter.rules.iter().map(|rule| rule.id.as_str()).collect();
    let hint = match suggest(id, &ids) {
        none if none.is_empty() => "decision rules are under [rules]".to_owned(),
        hint => hint,
    };
    report.error(&join(path, "rule"), format!("there is no rule `{id}`"), hint);
}

fn seats(charter: &Charter, chamber: &Chamber, path: &str, report: &mut Report<'_>) {
    let is_readable =
        report.is_clean(|p| is_under(p, "members") || is_under(p, "rights") || is_under(p, path));
    if !is_readable || charter.electorate(chamber).next().is_some() {
        return;
    }
    let is_seated = |member: &Member| chamber.seats(&member.id, member.kind, &member.classes);
    let (message, hint) =
        if chamber.kinds.is_empty() && chamber.classes.is_empty() && chamber.members.is_empty() {
            (
                "the chamber names nobody",
                "say who sits in it: kinds = [\"state\"], classes = […] or members = […]",
            )
        } else if charter.members.iter().any(is_seated) {
            ("no member of this chamber has the right to vote", "grant it: [rights] state = [\"vote\"]")
        } else {
            ("nobody sits in this chamber", "no member is of these kinds and classes")
        };
    report.error_at_key(path, message, hint);
}

/// Reports authorities that nobody acts for, or for which somebody acts twice.
pub(super) fn authorities(charter: &Charter, report: &mut Report<'_>) {
    let mut seen: Vec<&Authority> = Vec::new();
    for authority in &charter.authorities {
        let path = join("authorities", &authority.id);
        let (key, known, what): (_, Vec<_>, _) = match &authority.holder {
            Holder::Member(_) => {
                ("member", charter.members.iter().map(|m| m.id.as_str()).collect(), "member")
            }
            Holder::Account(_) => (
                "account",
                charter.accounts.iter().map(|a| a.id.as_str()).collect(),
                "account under [accounts]",
            ),
        };
        if charter.members.iter().any(|member| member.id == authority.id) {
            let hint = "a mandate names its authority, and a proposal its proposer: give the authority an id of its own";
            report.error_at_key(&path, format!("`{}` is also the id of a member", authority.id), hint);
        }
        let id = authority.holder.id();
        if !known.contains(&id) {
            report.error(&join(&path, key), format!("`{id}` is no {what}"), suggest(id, &known));
        }
        let judged = |word: &String| {
            charter.tracks.iter().any(|track| track.kinds.iter().any(|kind| kind.as_str() == word))
        };
        for kind in authority.opens.iter().filter(|kind| !charter.tracks.is_empty() && !judged(kind)) {
            let message = format!("no track is for {kind} proposals: they go on one that suits their calls");
            let hint = format!("give them one: [tracks.{kind}] with for = [\"{kind}\"]");
            report.warning(&join(&path, "opens"), message, hint);
        }
        if let Some(other) = seen.iter().find(|other| other.holder == authority.holder) {
            let message = format!("`{id}` already acts for authorities.{}", other.id);
            report.error(
                &join(&path, key),
                message,
                "a mandate must say by whom it was recorded: one authority each",
            );
        }
        seen.push(authority);
    }
}

/// Reports deposits that could not have happened.
pub(super) fn deposits(charter: &Charter, report: &mut Report<'_>) {
    let ids: Vec<_> = charter.treaties.iter().map(|treaty| treaty.id.as_str()).collect();
    for member in &charter.members {
        for (id, date) in &member.deposits {
            let path = join(&join(&join("members", &member.id), "deposited"), id);
            match charter.treaty(id) {
                None => report.error_at_key(&path, format!("there is no treaty `{id}`"), suggest(id, &ids)),
                Some(treaty) => deposit(charter, member, treaty, *date, &path, report),
            }
        }
    }
}

fn deposit(
    charter: &Charter,
    member: &Member,
    treaty: &Treaty,
    date: Date,
    path: &str,
    report: &mut Report<'_>,
) {
    if !treaty.depositors.contains(&member.kind) {
        let message =
            format!("a member of kind `{}` cannot deposit an instrument of {}", member.kind, treaty.id);
        report.error_at_key(
            path,
            message,
            format!("the kinds that may are in treaties.{}.depositors", treaty.id),
        );
    }
    match charter.clock {
        Clock::Wall => {
            report.warning(
                path,
                "a past deposit is replayed by a replay clock only",
                "with a wall clock it has no effect",
            );
        }
        Clock::Replay { start, .. } if date <= start => {
            let message = format!("the deposit is dated {date}, and the first block comes after {start}");
            report.error(
                path,
                message,
                "genesis, at clock.start, holds no transactions: let the clock start a step earlier",
            );
        }
        Clock::Replay { until_secs: Some(until), .. } if date.secs() >= until => {
            let until = Date::of_timestamp(until);
            let message =
                format!("the deposit is dated {date}, and the replay is hurried until {until} only");
            report.warning(path, message, "until that day comes, blocks are clock.block_time_after apart");
        }
        Clock::Replay { .. } => {}
    }
}
