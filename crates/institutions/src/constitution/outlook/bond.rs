//! What money put at stake on a member's conduct would do: from when it counts, or why it does not; and what is lost where it is
//! taken out.

use alloy_primitives::U256;
use polity_charter::{Fees, Rights, duration_text};
use polity_constitution::{Candidate, FeesTo, Lack, Roll, Settings, Share, WriteRight, lacks_to_write};

use super::{
    Side,
    words::{names, percent, warnings},
};
use crate::{
    assembly::money,
    constitution::views::{block_rules, candidates, consensus, turn},
    host::Slots,
    registry,
};

/// What it would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BondOutlook {
    /// In sentences.
    pub effects: Vec<String>,
    /// Why it would do nothing but wait; `None` if it does something.
    pub pointless: Option<String>,
    /// Why the chain takes none; `None` if it does.
    pub impossible: Option<String>,
}

impl BondOutlook {
    fn pointless(why: String) -> Self {
        Self { pointless: Some(why), ..Self::default() }
    }

    fn impossible(why: String) -> Self {
        Self { impossible: Some(why), ..Self::default() }
    }
}

/// The bond that is looked at.
struct Bond<'a> {
    candidate: &'a str,
    amount: U256,
    /// The candidate's own.
    own: bool,
    symbol: &'a str,
}

/// What `amount` put at stake on `candidate`, by itself if `own`, would do from block `next` on. Amounts in words are in units of the
/// currency `symbol`.
#[must_use]
pub fn bond_outlook(
    slots: &dyn Slots,
    next: u64,
    (candidate, own): (&str, bool),
    amount: U256,
    symbol: &str,
) -> BondOutlook {
    let bond = Bond { candidate, amount, own, symbol };
    let Some(member) = registry::member(slots, candidate) else {
        return BondOutlook::impossible(format!("there is no member {candidate}"));
    };
    if !member.rights.contains(Rights::VALIDATE) {
        let status = member.status.as_str();
        return BondOutlook::impossible(format!(
            "{candidate} ({status}) has no right to validate: it neither writes nor verifies, and takes no bond"
        ));
    }
    if member.consensus.is_none() {
        return BondOutlook::pointless(format!(
            "{candidate} has no node: until its keys are known it can neither write nor verify, and the money would earn nothing"
        ));
    }
    let Some(settings) = consensus(slots) else { return BondOutlook::default() };
    let from = turn(slots).max(next);
    let before = candidates(slots, &settings);
    let after: Vec<Candidate> = before.iter().map(|candidate| bond.on(candidate)).collect();
    let Some(with) = after.iter().find(|with| with.member == candidate) else {
        return BondOutlook::default();
    };
    let (Ok(was), Ok(is)) = (Roll::of(&settings, &before), Roll::of(&settings, &after)) else {
        return BondOutlook::default();
    };
    let pledge = settings.incentive.pledge;
    if !own && with.pledged < pledge {
        return BondOutlook::pointless(format!(
            "{candidate} does not write: its own bond is {}, the pledge is {}, and money of others does not count towards it; the money \
             would earn nothing and only wait",
            money(with.pledged, symbol),
            money(pledge, symbol)
        ));
    }
    let mut outlook = BondOutlook::default();
    let seat = bond.seat(&settings, (&was, &is), &after, with, from);
    let counts = seat.is_some();
    outlook.effects.extend(seat);
    let tips = block_rules(slots).is_none_or(|rules| rules.fees != Fees::Free);
    let paid = bond.earns(&settings, tips, is.part(candidate).weight > 0);
    let earns = paid.is_some();
    outlook.effects.extend(paid);
    if !counts && !earns {
        return BondOutlook::pointless(format!(
            "{}, and no reward is paid: the money would only wait",
            bond.counts_for_nothing(&settings)
        ));
    }
    if !counts {
        outlook.effects.insert(0, bond.counts_for_nothing(&settings));
    }
    outlook.effects.extend(bond.risks(&settings));
    outlook
}

/// What is lost where `amount` is taken out of what is at stake on `candidate`, of its own bond if `own`: who writes and verifies no more
/// and why, with which weight it goes on, and how many are left to decide. Empty where it changes nothing, or the chain takes none out.
#[must_use]
pub fn unbond_outlook(
    slots: &dyn Slots,
    next: u64,
    (candidate, own): (&str, bool),
    amount: U256,
    symbol: &str,
) -> Vec<String> {
    let Some(before) = consensus(slots).and_then(|settings| Side::of(slots, settings)) else {
        return Vec::new();
    };
    let mut left = before.candidates.clone();
    for candidate in left.iter_mut().filter(|found| found.member == candidate) {
        candidate.stake = candidate.stake.saturating_sub(amount);
        if own {
            candidate.pledged = candidate.pledged.saturating_sub(amount);
        }
    }
    let Ok(roll) = Roll::of(&before.settings, &left) else { return Vec::new() };
    if roll == before.roll {
        return Vec::new();
    }
    let after = Side { slots, settings: before.settings.clone(), candidates: left, roll };
    let (was, is) = (before.roll.part(candidate).weight, after.roll.part(candidate).weight);
    let mut said = warnings(&before, &after, symbol);
    if was > 0 && is > 0 {
        said.push(format!(
            "{candidate} would write with {} of the weight (now {})",
            percent(is, after.roll.weight),
            percent(was, before.roll.weight)
        ));
    }
    let count = |roll: &Roll| roll.verifiers().count();
    if count(&after.roll) != count(&before.roll) {
        let left: Vec<_> = after.roll.verifiers().map(|(member, _)| member.to_owned()).collect();
        said.push(format!(
            "{} would be left of the {} that decide blocks now: {}",
            left.len(),
            count(&before.roll),
            names(&left)
        ));
    }
    let from = turn(slots).max(next);
    said.into_iter().map(|said| format!("from block {from} on: {said}")).collect()
}

impl Bond<'_> {
    /// `candidate` as it would be.
    fn on(&self, candidate: &Candidate) -> Candidate {
        let mut with = candidate.clone();
        if with.member == self.candidate {
            with.stake = with.stake.saturating_add(self.amount);
            if self.own {
                with.pledged = with.pledged.saturating_add(self.amount);
            }
        }
        with
    }

    /// What it does to its part in deciding blocks; `None` if money of this kind counts for nothing there.
    fn seat(
        &self,
        settings: &Settings,
        (was, is): (&Roll, &Roll),
        all: &[Candidate],
        with: &Candidate,
        from: u64,
    ) -> Option<String> {
        let (who, pledge) = (self.candidate, settings.incentive.pledge);
        let asked = |pledge: U256| money(pledge, self.symbol);
        if with.pledged < pledge {
            let own = money(with.pledged, self.symbol);
            let pledge = asked(pledge);
            return Some(format!(
                "{who} does not write: its own bond would be {own}, the pledge is {pledge}"
            ));
        }
        match &settings.write {
            WriteRight::Stake { min } => {
                let (old, new) = (was.part(who).weight, is.part(who).weight);
                Some(match lacks_to_write(settings, with) {
                    Some(Lack::Stake(stake)) => format!(
                        "{who} still does not write: its stake would be {}, the least is {}",
                        money(stake, self.symbol),
                        asked(*min)
                    ),
                    _ => format!(
                        "from block {from} on {who} writes with {} of the weight (now {})",
                        percent(new, is.weight),
                        percent(old, was.weight)
                    ),
                })
            }
            WriteRight::Delegation { seats, chamber: None, .. } => Some(self.term(*seats, pledge, all, with)),
            WriteRight::Membership { .. } | WriteRight::Work(_) | WriteRight::Delegation { .. } => {
                let pledges = self.own && with.pledged.saturating_sub(self.amount) < pledge;
                pledges.then(|| {
                    let own = money(with.pledged, self.symbol);
                    format!("from block {from} on {who} keeps the pledge of {}, with {own}", asked(pledge))
                })
            }
        }
    }

    /// Its place among delegates by stake, who are chosen when a term begins.
    fn term(&self, seats: u64, pledge: U256, all: &[Candidate], with: &Candidate) -> String {
        let ahead = |other: &&Candidate| {
            let is_ahead =
                other.stake > with.stake || (other.stake == with.stake && other.member < with.member);
            other.pledged >= pledge && is_ahead
        };
        let place = u64::try_from(all.iter().filter(ahead).count()).unwrap_or(u64::MAX).saturating_add(1);
        let (who, stake) = (self.candidate, money(with.stake, self.symbol));
        let sits = if place <= seats { "would be a delegate" } else { "would still be no delegate" };
        format!(
            "it counts when the next term begins (`polity stakes` says when): with {stake} {who} would be number {place} of {} by \
             stake for {seats} seats, and {sits}",
            all.len()
        )
    }

    /// That it does not count, and why.
    fn counts_for_nothing(&self, settings: &Settings) -> String {
        let by = match &settings.write {
            WriteRight::Membership { .. } => "membership",
            WriteRight::Work(_) => "work",
            WriteRight::Delegation { .. } => "election",
            WriteRight::Stake { .. } => "stake",
        };
        let pledge = match (self.own, settings.incentive.pledge.is_zero()) {
            (_, true) => "no pledge is asked",
            (true, false) => "the pledge is kept already",
            (false, false) => "money of others counts for no pledge",
        };
        format!("the right to write is by {by} and {pledge}: the stake counts for nothing there")
    }

    /// What it earns, where transactions can carry `tips`; `None` if nothing is paid, or never to it.
    fn earns(&self, settings: &Settings, tips: bool, writes: bool) -> Option<String> {
        let incentive = &settings.incentive;
        let fees = tips && incentive.fees == FeesTo::Writer && !incentive.is_empty();
        let what = match (incentive.reward.is_zero(), fees) {
            (true, false) => return None,
            (false, false) => "rewards",
            (true, true) => "tips",
            (false, true) => "rewards and tips",
        };
        let who = self.candidate;
        Some(match writes {
            true => {
                format!("it shares the {what} of the blocks that {who} writes, by amount (`polity claim`)")
            }
            false => format!("it earns nothing while {who} does not write"),
        })
    }

    /// What can be lost, and how long it takes to have it back.
    fn risks(&self, settings: &Settings) -> Option<String> {
        let (incentive, who) = (&settings.incentive, self.candidate);
        let slash = &incentive.slash;
        let forfeits =
            [slash.double_sign, slash.invalid, slash.downtime].iter().any(|part| *part != Share::default());
        let back = match incentive.unbonding {
            0 => "back at once when it is asked for".to_owned(),
            secs => format!("back {} after it is asked for", duration_text(secs.saturating_mul(1_000))),
        };
        let risk =
            if forfeits { format!("a part is forfeited by an offence of {who}; ") } else { String::new() };
        Some(format!("{risk}it comes {back}"))
    }
}
