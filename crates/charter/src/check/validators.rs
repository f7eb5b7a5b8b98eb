//! Whether the members can keep the chain going, and use it.

use polity_constitution::{EngineKind, Verification, committee};
use polity_primitives::B256;

use super::consensus;
use crate::report::{Report, is_under, join};
use crate::{Access, Charter, Clock, Rights, Seating};

/// Reports a validator set that cannot decide, or that cannot lose a member.
pub(super) fn decide(charter: &Charter, report: &mut Report<'_>) {
    for member in &charter.members {
        let may_validate = charter.rights_of(member).contains(Rights::VALIDATE);
        if member.node.is_some() && !may_validate {
            let path = join(&join("members", &member.id), "node");
            let hint = "grant it: rights = [\"validate\"]; without it the node follows the chain only";
            report.warning(
                &path,
                format!("{} has keys of a node, but not the right to validate", member.id),
                hint,
            );
        }
    }
    if !report.is_clean(|path| is_under(path, "members") || is_under(path, "rights")) {
        return;
    }
    let validators = charter.validators().count();
    if validators == 0 {
        let hint = "grant the right to validate, by kind under [rights] or by name: rights = [\"validate\"]";
        report.error_at_key("members", "nobody may validate: no block could ever be decided", hint);
        return;
    }
    if report.is_clean(|path| is_under(path, "consensus") || is_under(path, "chambers")) {
        spare(charter, report);
    }
}

/// Reports a committee that cannot lose one seat. A charter that names its verifiers, or works, chose so.
fn spare(charter: &Charter, report: &mut Report<'_>) {
    let settings = &charter.consensus;
    if settings.verification != Verification::All || settings.engine() == EngineKind::Work {
        return;
    }
    let candidates = consensus::candidates(charter);
    let Ok(committee) = committee(settings, &candidates, B256::ZERO) else { return };
    let (total, seats) = (committee.total_power(), committee.seats().len());
    let Some(largest) = committee.seats().iter().max_by_key(|seat| seat.power) else { return };
    if total.saturating_sub(largest.power) >= committee.quorum() {
        return;
    }
    let equal = committee.seats().iter().all(|seat| seat.power == largest.power);
    let message = if equal {
        let plural = if seats == 1 { "1 member validates" } else { &format!("{seats} members validate") };
        format!("{plural}, and all must be present to decide a block: losing one stops the chain")
    } else {
        let who = candidates.iter().find(|candidate| candidate.address == largest.address);
        let who = who.map_or("", |candidate| candidate.member.as_str());
        let percent = u128::from(largest.power).saturating_mul(100).checked_div(total.into()).unwrap_or(0);
        format!("{who} alone has {percent} % of the voting power: losing it stops the chain")
    };
    let hint = if equal {
        "with 4 validators one may fail, with 7 two: more than two thirds must remain"
    } else {
        "let nobody have a third: more than two thirds must remain"
    };
    report.warning_at_key("members", message, hint);
}

/// Where the length of a block is written.
const STEP: &str = "a step of the replay clock is clock.step";

/// Reports an agreement in which nobody could act, and periods that the clock steps over.
pub(super) fn act(charter: &Charter, report: &mut Report<'_>) {
    if !report.is_clean(|path| {
        ["members", "rights", "access", "clock", "chambers"].iter().any(|p| is_under(path, p))
    }) {
        return;
    }
    let someone = |right| charter.members.iter().any(|member| charter.rights_of(member).contains(right));
    if charter.access.transact == Access::Members && !someone(Rights::TRANSACT) {
        let hint =
            "grant the right to transact under [rights], or write transact = \"anyone\" under [access]";
        report.warning_at_key("members", "no member may send a transaction", hint);
    }
    if !charter.chambers.is_empty() && !someone(Rights::PROPOSE) {
        report.warning_at_key(
            "members",
            "no member may open a proposal: the chambers would never meet",
            "grant the right to propose under [rights]",
        );
    }
    let Clock::Replay { step_secs, .. } = charter.clock else { return };
    for chamber in charter.chambers.iter().filter(|chamber| chamber.voting_secs <= step_secs) {
        let path = join(&join("chambers", &chamber.id), "voting");
        report.warning(&path, "the clock moves this far in one block: nobody could cast a ballot", STEP);
    }
    for track in &charter.tracks {
        let stages = track.stages.iter().enumerate();
        for (i, _) in stages.filter(|(_, stage)| stage.voting_secs.is_some_and(|secs| secs <= step_secs)) {
            let path = format!("{}.stages[{i}].voting", join("tracks", &track.id));
            report.warning(&path, "the clock moves this far in one block: nobody could cast a ballot", STEP);
        }
    }
    for chamber in &charter.chambers {
        let path = join("chambers", &chamber.id);
        let term_secs = match &chamber.seating {
            Seating::Election(election) => {
                if election.election_secs <= step_secs {
                    let message = "the clock moves this far in one block: nobody could stand or be elected";
                    report.warning(&join(&path, "election"), message, STEP);
                }
                election.term_secs
            }
            Seating::Sortition(sortition) => sortition.term_secs,
            Seating::Description | Seating::Stake(_) => continue,
        };
        if term_secs < step_secs {
            let message =
                "the clock moves further in one block: a term is over before anybody who sits in it can vote";
            report.warning(&join(&path, "term"), message, STEP);
        }
    }
}
