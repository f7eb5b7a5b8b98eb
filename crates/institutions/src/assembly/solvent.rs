//! Whether those who decide could still pay for it: an agreement without fees that takes them up, while its voters hold nothing, could
//! never be changed again, for a ballot costs gas.
//!
//! Rule kept: an amendment that begins fees is refused unless what it does can be undone by those who can pay. That is: some member
//! with the right to propose holds the price of a proposal and of its ballots, and there is a way to decide on an amendment of `fees` (a track, or a chamber
//! where no track claims it) each of whose votes would be adopted if whoever holds the price of a ballot voted yes, and nobody else
//! voted. Asked when the amendment is proposed and again when it is enacted, by the balances of that moment.
//!
//! Deliberately absent: who could be paid later, whom a delegate votes for, and what rewards will bring. Pay first, then begin fees.

use alloy_primitives::{B256, U256};
use polity_charter::{Rights, amount_text};
use polity_decision::{self as decision, Basis, Event, Outcome, Report, Voter};

use super::{
    electorate::{self, Electorate},
    record, rules,
    tracks::{self, Way},
};
use crate::{
    context::{Context, Result},
    names,
    registry::{Filter, registry},
};

/// Gas that a ballot takes at most under rules of usual size. Source: measured, `make bench` gives each ballot of its flood so much.
pub const BALLOT_GAS: u64 = 400_000;
/// Gas that a small amendment takes to propose, in a charter of usual size.
pub const PROPOSAL_GAS: u64 = 2_000_000;
/// Members looked at. In a larger agreement it is enough that one of the first so many who vote can pay: all of them would cost more
/// gas than a block has.
const LOOK_MAX: u64 = 512;

/// One vote, as far as those who can pay decide it.
struct Look {
    chamber: B256,
    voters: usize,
    payers: usize,
    /// What would come of it, and of it only what payers say.
    report: Report,
    carried: bool,
}

/// What is wrong with fees that begin at `base_fee_wei` a unit of gas, in one sentence; `None`: nothing. `symbol` is the currency's.
///
/// Gas: for each member looked at, its record and its balance, for every way to decide until one is found.
pub(crate) fn locked_out(cx: &mut Context<'_>, base_fee_wei: u64, symbol: &str) -> Result<Option<String>> {
    let fee = U256::from(base_fee_wei);
    let price = fee.saturating_mul(U256::from(BALLOT_GAS));
    let mut first: Option<Look> = None;
    let ways = tracks::ways_to_amend(cx, "fees")?;
    let mut open = ways.is_empty().then_some(0);
    for way in &ways {
        match missed(cx, way, price)? {
            Ok(()) => {
                open = Some(way.votes.len());
                break;
            }
            Err(look) => first = first.or(look),
        }
    }
    let Some(votes) = open else {
        let nobody = || "fees: nobody sits in the chambers that could change them back".to_owned();
        return Ok(Some(first.map_or_else(nobody, |look| in_words(&look, price, symbol))));
    };
    // Who proposes may be the one who decides: the price of its ballots is not that of its proposal.
    let gas = PROPOSAL_GAS.saturating_add(BALLOT_GAS.saturating_mul(votes as u64));
    let price = fee.saturating_mul(U256::from(gas));
    let (proposers, payers) = proposers(cx, price)?;
    Ok((proposers > 0 && payers == 0).then(|| {
        format!(
            "fees: a proposal and the ballots on it would cost {} {symbol} ({gas} gas), and of the {proposers} that may propose none holds so \
             much; pay them first, or begin with a lower base fee",
            amount_text(price)
        )
    }))
}

fn in_words(look: &Look, price: U256, symbol: &str) -> String {
    let Look { chamber, voters, payers, report, .. } = look;
    let unmet = report.limbs.iter().find(|limb| !limb.met);
    let needs = unmet.map_or_else(String::new, |limb| {
        format!("; `{}` would come to {} where it takes {}", limb.name, limb.share, limb.threshold)
    });
    format!(
        "fees: a ballot would cost {} {symbol} ({BALLOT_GAS} gas), and of the {voters} that vote in {} {payers} hold so much, too few for \
         rule {}{needs}; pay members first, or begin with a lower base fee",
        amount_text(price),
        names::text(*chamber),
        report.rule,
    )
}

/// The first vote of `way` that those who hold `price` do not carry; nothing of it, where its chamber is gone.
fn missed(cx: &mut Context<'_>, way: &Way, price: U256) -> Result<Result<(), Option<Look>>> {
    for (chamber, rule) in &way.votes {
        match look(cx, way.track, (*chamber, *rule), price)? {
            Some(look) if look.carried => {}
            other => return Ok(Err(other)),
        }
    }
    Ok(Ok(()))
}

/// The vote of a chamber under `rule` (zero: its own), if only those who hold `price` take part.
fn look(
    cx: &mut Context<'_>,
    track: B256,
    (chamber, rule): (B256, B256),
    price: U256,
) -> Result<Option<Look>> {
    let Some((_, record)) = rules::chamber(cx, chamber)? else { return Ok(None) };
    let rule_id = if rule.is_zero() { record.rule.get(cx)? } else { rule };
    let (_, rule) = rules::named(cx, rule_id, Basis::Ballots)?;
    let average = tracks::average(track, rule_id).get(cx)?;
    let rule = record::with_average(rule, average);
    let known = registry().known(&mut electorate::members(cx))?;
    let voters = Electorate::now(cx, chamber, record)?.voters(cx, &rule, 0..known.min(LOOK_MAX))?;
    let mut tally = rule.open(&voters);
    let mut payers = 0usize;
    for voter in &voters {
        if holds(cx, voter, price)? {
            payers = payers.saturating_add(1);
            rule.record(&mut tally, voter, None, Some(Event::Ballot(decision::Choice::Yes)));
        }
    }
    let report = rule.outcome(&tally, true);
    let adopted = !voters.is_empty() && report.outcome == Outcome::Adopted;
    let carried = if known > LOOK_MAX { payers > 0 } else { adopted };
    Ok(Some(Look { chamber, voters: voters.len(), payers, report, carried }))
}

fn holds(cx: &mut Context<'_>, voter: &Voter, price: U256) -> Result<bool> {
    let Some(id) = names::word(&voter.id) else { return Ok(false) };
    let account = registry().account_of(&mut electorate::members(cx), id)?;
    Ok(cx.balance_of(account)? >= price)
}

/// How many members may propose, of those looked at, and how many of them hold `price`; at most one of these is counted.
fn proposers(cx: &mut Context<'_>, price: U256) -> Result<(usize, usize)> {
    let filter = Filter { rights: Rights::PROPOSE, ..electorate::anyone() };
    let known = registry().known(&mut electorate::members(cx))?.min(LOOK_MAX);
    let electors = registry().electors_in(&mut electorate::members(cx), &filter, &[], u64::MAX, 0..known)?;
    for elector in &electors {
        let account = registry().account_of(&mut electorate::members(cx), elector.id)?;
        if cx.balance_of(account)? >= price {
            return Ok((electors.len(), 1));
        }
    }
    Ok((electors.len(), 0))
}
