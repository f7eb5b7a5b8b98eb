//! What the three settings of consensus mean together, and with members, chambers, money and clock.

use std::collections::{BTreeMap, BTreeSet};

use polity_constitution::{
    Candidate, CommitteeError, FeesTo, Forfeited, Lack, Offices, Primary, Share, Verification, WriteRight,
    lacks_to_write, seated,
};
use polity_primitives::{Address, B256, U256};

use crate::reader::suggest;
use crate::report::{Report, is_under};
use crate::{Charter, Clock, Member, Rights, Seating, amount_text, in_units};

/// Unknown members for which the nearest name is looked for.
const SUGGESTIONS_MAX: usize = 8;

const WRITE: &str = "consensus.write";
const INCENTIVE: &str = "consensus.incentive";
const VERIFICATION: &str = "consensus.verification";

/// Reports settings that contradict each other or the rest of the charter.
pub(super) fn combine(charter: &Charter, report: &mut Report<'_>) {
    if !report.is_clean(|path| is_under(path, "consensus")) {
        return;
    }
    references(charter, report);
    money(charter, report);
    work(charter, report);
    delegation(charter, report);
    if report.is_clean(|path| {
        ["consensus", "members", "rights", "chambers"].iter().any(|part| is_under(path, part))
    }) {
        bonds(charter, report);
    }
}

/// The members that may validate, as the chain will see them in its first block. Their keys may still be missing, so each has the
/// number of its place for an address.
pub(crate) fn candidates(charter: &Charter) -> Vec<Candidate> {
    let sitting = |id: Option<&String>| -> BTreeSet<&str> {
        let chamber = id.and_then(|id| charter.chamber(id));
        let described = chamber.filter(|chamber| chamber.seating == Seating::Description);
        let members = described.into_iter().flat_map(|chamber| charter.electorate(chamber));
        members.map(|member| member.id.as_str()).collect()
    };
    let (mut leads, mut writes, mut verifies) = (None, None, None);
    match &charter.consensus.write {
        WriteRight::Membership { primary: Primary::Elected { chamber } } => leads = Some(chamber),
        WriteRight::Delegation { chamber, .. } => writes = chamber.as_ref(),
        _ => {}
    }
    if let Verification::Delegates { chamber } = &charter.consensus.verification {
        verifies = Some(chamber);
    }
    let (leads, writes, verifies) = (sitting(leads), sitting(writes), sitting(verifies));
    let candidate = |(place, member): (u64, &Member)| Candidate {
        pledged: member.bond_wei,
        stake: member.bond_wei,
        offices: Offices {
            leads: leads.contains(member.id.as_str()),
            writes: writes.contains(member.id.as_str()),
            verifies: verifies.contains(member.id.as_str()),
        },
        ..Candidate::new(&member.id, Address::from_word(B256::from(U256::from(place))), [0; 33], [0; 32])
    };
    (0u64..).zip(charter.validators()).map(candidate).collect()
}

/// Names of chambers, members and accounts.
fn references(charter: &Charter, report: &mut Report<'_>) {
    let chamber_path = |setting: &str| format!("{setting}.chamber");
    match &charter.consensus.write {
        WriteRight::Membership { primary: Primary::Elected { chamber } } => {
            seats_validators(charter, chamber, &chamber_path(WRITE), "lead", report);
        }
        WriteRight::Membership { primary: Primary::Appointed { order } } => {
            validators(charter, order, &format!("{WRITE}.order"), "an appointed primary writes", report);
        }
        WriteRight::Delegation { chamber: Some(chamber), .. } => {
            seats_validators(charter, chamber, &chamber_path(WRITE), "write", report);
        }
        _ => {}
    }
    match &charter.consensus.verification {
        Verification::Delegates { chamber } => {
            seats_validators(charter, chamber, &chamber_path(VERIFICATION), "verify", report);
        }
        Verification::Supervisors { members } => {
            validators(charter, members, &format!("{VERIFICATION}.members"), "a supervisor verifies", report);
        }
        Verification::All => {}
    }
    if let Some(account) = &charter.consensus.incentive.account
        && !charter.treasury.contains_key(account)
    {
        let known: Vec<_> = charter.treasury.keys().map(String::as_str).collect();
        let hint = match suggest(account, &known) {
            none if none.is_empty() => format!("add [treasury] {account} = \"0\""),
            hint => hint,
        };
        let path = format!("{INCENTIVE}.account");
        report.error(&path, format!("there is no account `{account}` of the treasury"), hint);
    }
}

fn validators(charter: &Charter, ids: &[String], path: &str, why: &str, report: &mut Report<'_>) {
    if !report.is_clean(|path| is_under(path, "members") || is_under(path, "rights")) {
        return;
    }
    let members: BTreeMap<_, _> = charter.members.iter().map(|member| (member.id.as_str(), member)).collect();
    let known: Vec<_> = members.keys().copied().collect();
    let mut unknown = 0usize;
    for (i, id) in ids.iter().enumerate() {
        let path = format!("{path}[{i}]");
        match members.get(id.as_str()) {
            None => {
                unknown = unknown.saturating_add(1);
                let hint = if unknown <= SUGGESTIONS_MAX { suggest(id, &known) } else { String::new() };
                report.error(&path, format!("`{id}` is no member"), hint);
            }
            Some(member) if !charter.rights_of(member).contains(Rights::VALIDATE) => {
                let message = format!("{why}, and {id} has no right to validate");
                report.error(&path, message, format!("grant it: {id} = {{ …, rights = [\"validate\"] }}"));
            }
            Some(_) => {}
        }
    }
}

fn seats_validators(charter: &Charter, id: &str, path: &str, verb: &str, report: &mut Report<'_>) {
    let Some(chamber) = charter.chamber(id) else {
        let known: Vec<_> = charter.chambers.iter().map(|chamber| chamber.id.as_str()).collect();
        let hint = match suggest(id, &known) {
            none if none.is_empty() => format!("add [chambers.{id}]"),
            hint => hint,
        };
        return report.error(path, format!("there is no chamber `{id}`"), hint);
    };
    let clean = |part: &str| ["members", "rights", "chambers"].iter().any(|p| is_under(part, p));
    if !report.is_clean(clean) {
        return;
    }
    let mut electorate = charter.electorate(chamber);
    if !electorate.any(|member| charter.rights_of(member).contains(Rights::VALIDATE)) {
        let message = format!("nobody who can sit in `{id}` has the right to validate: none could {verb}");
        report.error(path, message, "let members with the right to validate and to vote sit in it");
    }
}

/// Incentives in money.
fn money(charter: &Charter, report: &mut Report<'_>) {
    let incentive = &charter.consensus.incentive;
    let staked = matches!(charter.consensus.write, WriteRight::Stake { .. } | WriteRight::Delegation { .. });
    let bonds = staked || !incentive.pledge.is_zero();
    let slash = &incentive.slash;
    let forfeits =
        [slash.double_sign, slash.invalid, slash.downtime].iter().any(|part| *part != Share::default());
    let path = |key: &str| format!("{INCENTIVE}.{key}");
    if forfeits && !bonds {
        let hint =
            "add pledge = \"1000\", or let stake give the right to write; standing punishes without money";
        report.error_at_key(&path("slash"), "nobody has bonded anything that could be forfeited", hint);
    } else if forfeits && incentive.unbonding == 0 {
        let message = "a bond that is paid back at once is gone before the evidence is there";
        report.error_at_key(&path("slash"), message, "add the time it stays, such as unbonding = \"7d\"");
    }
    if incentive.unbonding > 0 && !bonds {
        let hint = "remove it, or add pledge = \"1000\"";
        report.error_at_key(&path("unbonding"), "nobody bonds anything that could be paid back", hint);
    }
    if incentive.forfeited != Forfeited::Burn && !forfeits {
        let hint = "say what offences cost, such as slash = { double_sign = \"1/2\" }";
        report.error_at_key(&path("forfeited"), "nothing is ever forfeited", hint);
    }
    let paid = !incentive.reward.is_zero() || incentive.fees == FeesTo::Writer && !incentive.is_empty();
    if incentive.vesting > 0 && !paid {
        let hint = "add reward = \"2\", or let fees go to the writer";
        report.error_at_key(&path("vesting"), "no reward is paid that could be paid late", hint);
    }
}

/// What work does not go with.
fn work(charter: &Charter, report: &mut Report<'_>) {
    let WriteRight::Work(work) = &charter.consensus.write else { return };
    if let Some(haste) = work.haste() {
        report.warning(&format!("{WRITE}.confirmations"), haste.to_string(), haste.hint());
    }
    if let Clock::Replay { .. } = charter.clock {
        let message = "work is measured by the time it takes, and a replay clock does not tell the time";
        report.error(&format!("{WRITE}.by"), message, "write mode = \"wall\" under [clock]");
    }
    if charter.consensus.verification != Verification::All {
        let message = "every node verifies work for itself: there are no votes that only some could cast";
        report.error(&format!("{VERIFICATION}.by"), message, "write verification = { by = \"all\" }");
    }
    let incentive = &charter.consensus.incentive;
    if incentive.slash.after > 0 {
        let message = "whoever works first writes: nobody has a turn that it could miss";
        report.error(&format!("{INCENTIVE}.slash.downtime"), message, "remove it and `after`");
    }
    if incentive.standing.is_some_and(|standing| standing.absent != 0) {
        let message = "whoever works first writes: nobody is absent from a turn";
        report.error(&format!("{INCENTIVE}.standing.absent"), message, "remove it");
    }
}

/// Delegates: how many, and whether the chamber that elects them agrees.
fn delegation(charter: &Charter, report: &mut Report<'_>) {
    let WriteRight::Delegation { seats, term, chamber } = &charter.consensus.write else { return };
    let path = |key: &str| format!("{WRITE}.{key}");
    if *seats < 4 {
        let message = format!("of {seats} delegates none may fail: more than two thirds must agree");
        report.warning(&path("seats"), message, "with 4 delegates one may fail, with 7 two");
    }
    let elected = match chamber.as_ref().and_then(|id| charter.chamber(id)).map(|chamber| &chamber.seating) {
        Some(Seating::Election(election)) => Some((election.seats, election.term_secs)),
        Some(Seating::Sortition(sortition)) => Some((sortition.seats, sortition.term_secs)),
        _ => None,
    };
    let Some((of_chamber, term_secs)) = elected else { return };
    if of_chamber != *seats {
        let message = format!("{seats} delegates, but the chamber has {of_chamber} seats");
        report.error(&path("seats"), message, format!("write seats = {of_chamber}"));
    }
    if term_secs != *term {
        let message = "the delegates' term is not the chamber's";
        let hint = format!("write term = \"{}\"", crate::duration_text(term_secs.saturating_mul(1_000)));
        report.error(&path("term"), message, hint);
    }
}

/// Says what happens while nobody has bonded what the right to write asks for.
fn bonds(charter: &Charter, report: &mut Report<'_>) {
    let candidates = candidates(charter);
    if candidates.is_empty() {
        return;
    }
    if let Err(CommitteeError::Empty(arithmetic)) = seated(&charter.consensus, &candidates, B256::ZERO) {
        let pledge = charter.consensus.incentive.pledge;
        let (path, least) = match &charter.consensus.write {
            WriteRight::Stake { min } => (WRITE, pledge.max(*min)),
            _ => (INCENTIVE, pledge),
        };
        let hint =
            format!("let members start with a bond: bond = \"{}\" under [members]", amount_text(least));
        let arithmetic = in_units(&arithmetic, &charter.currency.symbol);
        let message =
            format!("nobody {arithmetic}: until somebody has, all who may validate write and verify alike");
        return report.warning_at_key(path, message, hint);
    }
    short(charter, &candidates, report);
}

/// Most members that one warning names.
const NAMES_MAX: usize = 12;

/// Names who starts with too little to write, where others do not: below the pledge, or with some stake and less than the least. Whoever
/// has bonded nothing where stake gives the right to write only does not take part.
fn short(charter: &Charter, candidates: &[Candidate], report: &mut Report<'_>) {
    let incentive = &charter.consensus.incentive;
    let lacks = |candidate: &Candidate| match (
        lacks_to_write(&charter.consensus, candidate),
        &charter.consensus.write,
    ) {
        (Some(Lack::Pledge(has)), _) => Some((true, has, incentive.pledge)),
        (Some(Lack::Stake(has)), WriteRight::Stake { min }) => (!has.is_zero()).then_some((false, has, *min)),
        _ => None,
    };
    let money = |wei: U256| format!("{} {}", amount_text(wei), charter.currency.symbol);
    for (pledge, path, what) in
        [(true, format!("{INCENTIVE}.pledge"), "pledge"), (false, format!("{WRITE}.min"), "least stake")]
    {
        let found = candidates.iter().filter_map(|candidate| Some((candidate, lacks(candidate)?)));
        let found: Vec<_> = found.filter(|(_, (of_pledge, ..))| *of_pledge == pledge).collect();
        let Some((first, (_, _, least))) = found.first() else { continue };
        let named = found.iter().take(NAMES_MAX);
        let named: Vec<_> =
            named.map(|(candidate, (_, has, _))| format!("{} ({})", candidate.member, money(*has))).collect();
        let more = match found.len().saturating_sub(NAMES_MAX) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let message = format!(
            "below the {what} of {} from the beginning, and without a part in writing until the rest is bonded: {}{more}",
            money(*least),
            named.join(", ")
        );
        let hint = format!("such as {} = {{ …, bond = \"{}\" }}", first.member, amount_text(*least));
        report.warning_at_key(&path, message, hint);
    }
}
