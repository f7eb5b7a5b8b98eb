//! Tracks: what they name exists, no kind of call has two, and each can come to an end.

use std::collections::BTreeMap;

use polity_decision::{Basis, Choice, Event};

use super::rules::Body;
use crate::reader::suggest;
use crate::report::{Report, is_under, join};
use crate::{Burn, CallKind, Charter, Clock, Date, Track};

/// Reports unknown chambers, rules and accounts, kinds claimed twice, and times that make no sense.
pub(super) fn sound(charter: &Charter, report: &mut Report<'_>) {
    let mut claimed: BTreeMap<CallKind, &str> = BTreeMap::new();
    let mut strict: BTreeMap<u64, &str> = BTreeMap::new();
    for track in &charter.tracks {
        let path = join("tracks", &track.id);
        if charter.chamber(&track.id).is_some() {
            let message = format!("there is a chamber `{}` too", track.id);
            report.error_at_key(
                &path,
                message,
                "a proposal names one or the other: give the track another name",
            );
        }
        for (i, kind) in track.kinds.iter().enumerate() {
            if let Some(other) = claimed.insert(*kind, &track.id) {
                let message = format!("calls of kind `{kind}` are already judged by track `{other}`");
                report.error(&format!("{path}.for[{i}]"), message, "each kind has one track");
            }
        }
        if let Some(other) = strict.insert(track.strictness, &track.id)
            && report.is_clean(|p| p == join(&path, "strictness"))
        {
            let message = format!("track `{other}` is as strict");
            let hint = "where kinds mix, the stricter track judges: give one a higher number";
            report.error(&join(&path, "strictness"), message, hint);
        }
        for (i, stage) in track.stages.iter().enumerate() {
            let path = format!("{path}.stages[{i}]");
            named(charter, &path, &stage.chamber, stage.rule.as_deref(), report);
        }
        deposit(charter, track, &path, report);
        extension(charter, track, &path, report);
        guardian(charter, track, &path, report);
        secret(charter, track, &path, report);
    }
}

/// Reports a chamber or a rule that does not exist.
fn named(charter: &Charter, path: &str, chamber: &str, rule: Option<&str>, report: &mut Report<'_>) {
    let is_known = |table: &str, id: &str, report: &Report<'_>| {
        let at = join(table, id);
        id.is_empty() || !report.is_clean(|p| is_under(p, &at))
    };
    if charter.chamber(chamber).is_none() && !is_known("chambers", chamber, report) {
        let ids: Vec<_> = charter.chambers.iter().map(|chamber| chamber.id.as_str()).collect();
        report.error(
            &join(path, "chamber"),
            format!("there is no chamber `{chamber}`"),
            suggest(chamber, &ids),
        );
    }
    let Some(id) = rule else { return };
    match charter.rule(id) {
        None if !is_known("rules", id, report) => {
            let ids: Vec<_> = charter.rules.iter().map(|rule| rule.id.as_str()).collect();
            report.error(&join(path, "rule"), format!("there is no rule `{id}`"), suggest(id, &ids));
        }
        Some(rule) if rule.basis() != Basis::Ballots => {
            let message = format!("rule `{id}` counts instruments, but a chamber decides by ballots");
            report.error(
                &join(path, "rule"),
                message,
                "a limb counts what its `numerator` says: yes, or instruments",
            );
        }
        _ => {}
    }
}

fn deposit(charter: &Charter, track: &Track, path: &str, report: &mut Report<'_>) {
    if track.deposit_wei.is_zero() && track.burn != Burn::Never {
        report.error(
            &join(path, "burn"),
            "there is no deposit to forfeit",
            "add deposit = \"…\", or leave `burn` out",
        );
    }
    let Some(account) = &track.forfeit_to else { return };
    let at = join(path, "forfeit_to");
    if track.burn == Burn::Never {
        report.error(&at, "no deposit is ever forfeited", "add burn = \"veto\" or burn = \"rejected\"");
    } else if !charter.treasury.contains_key(account) && report.is_clean(|p| is_under(p, "treasury")) {
        let known: Vec<_> = charter.treasury.keys().map(String::as_str).collect();
        report.error(&at, format!("the treasury has no account `{account}`"), suggest(account, &known));
    }
}

fn extension(charter: &Charter, track: &Track, path: &str, report: &mut Report<'_>) {
    let Some(extension) = track.extension else { return };
    let voting = |stage: &crate::Stage| {
        stage.voting_secs.or_else(|| Some(charter.chamber(&stage.chamber)?.voting_secs))
    };
    let shortest = track.stages.iter().filter_map(voting).min();
    if shortest.is_some_and(|shortest| extension.last_secs > shortest) {
        let message = "every ballot of a stage would be late";
        report.error(&format!("{path}.extension.last"), message, "make it shorter than the voting");
    }
}

/// How a sealed vote stands is not known before it is over, so no late ballot can flip it.
fn secret(charter: &Charter, track: &Track, path: &str, report: &mut Report<'_>) {
    let is_sealed = |stage: &crate::Stage| {
        track.secret.is_some()
            || charter.chamber(&stage.chamber).is_some_and(|chamber| chamber.secret.is_some())
    };
    if track.extension.is_some() && track.stages.iter().all(is_sealed) {
        let message =
            "every stage is decided by sealed ballots: no late ballot can be seen to flip the outcome";
        report.error(&join(path, "extension"), message, "leave `extension` out, or let ballots be open");
    }
}

fn guardian(charter: &Charter, track: &Track, path: &str, report: &mut Report<'_>) {
    let Some(guardian) = &track.guardian else { return };
    let path = join(path, "guardian");
    named(charter, &path, &guardian.chamber, guardian.rule.as_deref(), report);
    if let Clock::Replay { start, .. } = charter.clock
        && guardian.until_secs <= start.secs()
    {
        let until = Date::of_timestamp(guardian.until_secs);
        let message = format!("its power ends on {until}, before the agreement begins on {start}");
        report.error(&join(&path, "until"), message, "give a later day, or leave the guardian out");
    }
}

/// The bodies that decide on tracks by a rule of their own.
pub(super) fn bodies<'a>(charter: &'a Charter) -> impl Iterator<Item = Body<'a>> {
    charter.tracks.iter().flat_map(move |track| {
        let path = join("tracks", &track.id);
        let stages = track.stages.iter().enumerate().map({
            let path = path.clone();
            move |(i, stage)| (format!("{path}.stages[{i}]"), stage.chamber.as_str(), stage.rule.as_deref())
        });
        let guardian = track.guardian.iter().map(move |guardian| {
            (join(&path, "guardian"), guardian.chamber.as_str(), guardian.rule.as_deref())
        });
        stages.chain(guardian).filter_map(move |(path, chamber, rule)| {
            let chamber = charter.chamber(chamber)?;
            let members = charter.electorate(chamber).collect();
            Some(Body {
                path,
                rule: charter.rule(rule?)?,
                members,
                consent: Event::Ballot(Choice::Yes),
                seating: &chamber.seating,
            })
        })
    })
}
