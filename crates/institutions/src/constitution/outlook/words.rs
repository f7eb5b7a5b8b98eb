//! What is to be feared of a change in who decides blocks, in sentences.

use std::collections::BTreeMap;

use alloy_primitives::U256;
use polity_charter::in_units;
use polity_constitution::{
    Candidate, EngineKind, Lack, Roll, Verification, WriteRight, lacks_to_verify, lacks_to_write, quorum,
};

use super::Side;
use crate::{
    assembly::{money, seats_of},
    constitution::{money::scores, views::turn},
};

/// Most names in one sentence.
const NAMES_MAX: usize = 12;

/// Who loses what and why, who is short of the pledge, what stops the chain, what undoes blocks.
pub(super) fn warnings(before: &Side<'_>, after: &Side<'_>, symbol: &str) -> Vec<String> {
    let mut found = losses(before, after, symbol);
    found.extend(short_of_pledge(before, after, symbol));
    found.extend(after.roll.resort.as_ref().map(|why| {
        let (all, why) = (after.candidates.len(), in_units(why, symbol));
        format!("nobody {why}: until somebody has, all {all} who may validate write and verify alike")
    }));
    found.extend(soon_suspended(before, after));
    found.extend(vacancies(after));
    if after.settings.engine() == EngineKind::Bft {
        found.extend(stops(&after.roll));
    } else if let [alone] = after.roll.writers().collect::<Vec<_>>().as_slice() {
        found.push(format!("{alone} alone would work: without it there is no block"));
    }
    if let WriteRight::Work(work) = &after.settings.write
        && before.settings.write != after.settings.write
        && let Some(haste) = work.haste()
    {
        found.push(format!("{haste}; {}", haste.hint()));
    }
    found
}

/// `a, b and c`, or as many as are read and how many more.
pub(super) fn names(all: &[String]) -> String {
    let (shown, more) = all.split_at(all.len().min(NAMES_MAX));
    match (shown, more.len()) {
        ([one], 0) => one.clone(),
        ([first @ .., last], 0) => format!("{} and {last}", first.join(", ")),
        (shown, more) => format!("{} and {more} more", shown.join(", ")),
    }
}

/// What a member can lose.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Loss {
    Both,
    Write,
    Verify,
}

impl Loss {
    const fn words(self) -> &'static str {
        match self {
            Self::Both => "write or verify",
            Self::Write => "write",
            Self::Verify => "verify",
        }
    }
}

/// Who loses the right to write or to verify, in one sentence for each reason.
fn losses(before: &Side<'_>, after: &Side<'_>, symbol: &str) -> Vec<String> {
    let mut groups: BTreeMap<(Loss, String), Vec<String>> = BTreeMap::new();
    let mut lost = |loss: Loss, member: &str, lack: Option<Lack>| {
        let (reason, detail) = reason(after, lack, symbol);
        let name = if detail.is_empty() { member.to_owned() } else { format!("{member} ({detail})") };
        groups.entry((loss, reason)).or_default().push(name);
    };
    for (member, was) in &before.roll.parts {
        let is = after.roll.part(member);
        let writes_no_more = was.weight > 0 && is.weight == 0;
        let verifies_no_more = was.power > 0 && is.power == 0;
        let candidate = after.candidate(member);
        let lacks = |of: fn(&polity_constitution::Settings, &Candidate) -> Option<Lack>| {
            candidate.and_then(|candidate| of(&after.settings, candidate))
        };
        let (write, verify) = (lacks(lacks_to_write), lacks(lacks_to_verify));
        match (writes_no_more, verifies_no_more) {
            (true, true) if write == verify => lost(Loss::Both, member, write),
            (write_lost, verify_lost) => {
                if write_lost {
                    lost(Loss::Write, member, write);
                }
                if verify_lost {
                    lost(Loss::Verify, member, verify);
                }
            }
        }
    }
    let said = |((loss, reason), who): ((Loss, String), Vec<String>)| {
        format!("{} would no longer {}: {reason}", names(&who), loss.words())
    };
    groups.into_iter().map(said).collect()
}

/// Why, for all it concerns, and what is to be said of each.
fn reason(after: &Side<'_>, lack: Option<Lack>, symbol: &str) -> (String, String) {
    let amount = |wei: U256| money(wei, symbol);
    match lack {
        None => ("no right to validate is left, or no node".to_owned(), String::new()),
        Some(Lack::Pledge(bond)) => {
            let pledge = amount(after.settings.incentive.pledge);
            (format!("the pledge is {pledge}"), format!("own bond {}", amount(bond)))
        }
        Some(Lack::Stake(stake)) => {
            let min = match &after.settings.write {
                WriteRight::Stake { min } => *min,
                _ => U256::ZERO,
            };
            (format!("the least stake is {}", amount(min)), format!("stake {}", amount(stake)))
        }
        Some(Lack::Delegates(1)) => ("only the one with most stake does".to_owned(), String::new()),
        Some(Lack::Delegates(seats)) => (format!("only the {seats} with most stake do"), String::new()),
        Some(Lack::Seat(chamber)) => (format!("only who sits in {chamber} does"), String::new()),
        Some(Lack::Supervisors) => ("only the supervisors do".to_owned(), String::new()),
    }
}

/// Who comes to be below the pledge, without losing by it what it has not.
fn short_of_pledge(before: &Side<'_>, after: &Side<'_>, symbol: &str) -> Option<String> {
    let pledge = after.settings.incentive.pledge;
    let falls = |candidate: &&Candidate| {
        let member = candidate.member.as_str();
        let was_short =
            before.candidate(member).is_some_and(|was| was.pledged < before.settings.incentive.pledge);
        candidate.pledged < pledge && !was_short && before.roll.part(member).weight == 0
    };
    let who: Vec<String> = after
        .candidates
        .iter()
        .filter(falls)
        .map(|candidate| format!("{} (own bond {})", candidate.member, money(candidate.pledged, symbol)))
        .collect();
    let said = || {
        format!(
            "{} would be below the pledge of {}, and write only after bonding the rest",
            names(&who),
            money(pledge, symbol)
        )
    };
    (!who.is_empty()).then(said)
}

/// Who comes back by decision with a score at which the next loss suspends or expels it again: coming back does not raise the score.
fn soon_suspended(before: &Side<'_>, after: &Side<'_>) -> Option<String> {
    let rules = after.settings.incentive.standing?;
    let threshold = rules.suspend_below.max(rules.expel_below)?;
    let by = if rules.absent < 0 { "the first turn missed" } else { "the next loss" };
    let scores = scores(after.slots, turn(after.slots));
    let low = |candidate: &&Candidate| before.candidate(&candidate.member).is_none();
    let comes = |candidate: &Candidate| {
        let score = scores.iter().find(|score| score.member == candidate.member)?.score;
        let missing = threshold.saturating_sub(score);
        (missing > 0).then(|| {
            let member = &candidate.member;
            format!("{member} (score {score}; `constitution.adjustStanding {member} {missing}` in the same proposal lifts it)")
        })
    };
    let who: Vec<String> = after.candidates.iter().filter(low).filter_map(comes).collect();
    let said = || {
        format!(
            "{} would come back with a score below {threshold}, where {by} takes it away again",
            names(&who)
        )
    };
    (!who.is_empty()).then(said)
}

/// Offices that everyone holds because nobody does yet, and what comes when they are filled.
fn vacancies(after: &Side<'_>) -> Vec<String> {
    let settings = &after.settings;
    let vacant = |office: fn(&Candidate) -> bool| !after.candidates.iter().any(office);
    let mut found = Vec::new();
    let by_all = settings.verification == Verification::All;
    if let WriteRight::Delegation { seats, chamber, .. } = &settings.write
        && vacant(|candidate| candidate.offices.writes)
    {
        let does = if by_all { "write and verify" } else { "write" };
        found.push(match chamber {
            Some(chamber) => vacancy(after, chamber, does, by_all),
            None => {
                let all = after.candidates.len();
                let then = filled(*seats, all, by_all);
                format!("nobody who keeps the pledge has a stake: in this term all {all} who may validate {does}; {then}")
            }
        });
    }
    if let Verification::Delegates { chamber } = &settings.verification
        && vacant(|candidate| candidate.offices.verifies)
    {
        found.push(vacancy(after, chamber, "verify", true));
    }
    found
}

fn vacancy(after: &Side<'_>, chamber: &str, does: &str, votes: bool) -> String {
    let all = after.candidates.len();
    let then = match seats_of(after.slots, chamber) {
        Some(seats) if seats.seats > 0 => filled(seats.seats, all, votes),
        _ => "then only who sits there".to_owned(),
    };
    format!("nobody who may validate sits in {chamber} yet: until it is filled all {all} {does}; {then}")
}

/// What `seats` leave of `all`, and whether they can spare one.
fn filled(seats: u64, all: usize, votes: bool) -> String {
    let all = u64::try_from(all).unwrap_or(u64::MAX);
    let lose = match all.saturating_sub(seats) {
        0 => String::new(),
        lose => format!(", and {lose} of {all} lose it"),
    };
    let only = if seats == 1 {
        "then only the one seat does".to_owned()
    } else {
        format!("then only its {seats} seats do")
    };
    let voters = seats.min(all);
    let stops = if votes && voters < 4 { format!("; {}", equal(voters)) } else { String::new() };
    format!("{only}{lose}{stops}")
}

/// That of so few equal votes none may be missing.
fn equal(votes: u64) -> String {
    match votes {
        1 => "the one vote must always be there: when it is missing the chain stops".to_owned(),
        votes => format!(
            "of {votes} equal votes {} must be there, more than two thirds: when one is missing the chain stops (with 4 one \
             may be)",
            quorum(votes)
        ),
    }
}

/// That the chain cannot spare one who verifies, or one who writes.
fn stops(roll: &Roll) -> Vec<String> {
    let mut found = Vec::new();
    let verifiers: Vec<_> = roll.verifiers().collect();
    let writers: Vec<_> = roll.writers().collect();
    let alone = match (writers.as_slice(), verifiers.as_slice()) {
        ([writer], [(verifier, _)]) if writer == verifier => Some(format!(
            "{writer} alone would write and verify: while it is absent there is no block, and nobody checks it"
        )),
        _ => None,
    };
    if let Some(alone) = alone {
        return vec![alone];
    }
    if let [writer] = writers.as_slice() {
        found.push(format!("{writer} alone would write: while it is absent there is no block"));
    }
    if let [(verifier, _)] = verifiers.as_slice() {
        found.push(format!(
            "{verifier} alone would verify: while it is absent no block is decided, and nobody checks it"
        ));
    } else if let Some((largest, power)) = roll.indispensable() {
        let is_equal = verifiers.iter().all(|(_, other)| *other == power);
        found.push(match is_equal {
            true => equal(u64::try_from(verifiers.len()).unwrap_or(u64::MAX)),
            false => format!(
                "{largest} alone would have {} of the voting power: without it {} are left, and more than two thirds must be there, \
                 so the chain stops",
                percent(power, roll.power),
                percent(roll.power.saturating_sub(power), roll.power)
            ),
        });
    }
    found
}

/// `25.0 %` of `part` in `whole`.
pub(super) fn percent(part: u64, whole: u64) -> String {
    let permille = u128::from(part).saturating_mul(1_000).checked_div(whole.into()).unwrap_or(0);
    format!("{}.{} %", permille / 10, permille % 10)
}
