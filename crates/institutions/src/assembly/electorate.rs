//! Who counts in a decision: the members as the registry had them when it opened.
//!
//! A proposal counts the members that, at the end of the block before its opening, were active, had the right to vote and
//! sat in its chamber, with the weights of that moment. What happens to them afterwards changes neither denominators nor
//! ballots cast. A member suspended later still casts its ballot; one that left or was expelled has no account to cast
//! with any more, while the ballot it cast before stays.
//!
//! A treaty counts a member with the weights of the treaty's opening or, if it was no member then, of the block before
//! its deposit: the table of weights is part of the treaty, and a change of weight must not make a withdrawal subtract
//! what no deposit added.

use core::ops::Range;

use alloy_primitives::B256;
use polity_charter::{Kind, Rights};
use polity_decision::{Rule, Scales, Voter};
use polity_primitives::REGISTRY;

use super::{
    IAssembly::{By, NoRight, NotAMember},
    rules,
    schema::{ChamberRecord, StageRecord},
    seats,
};
use crate::{
    context::{Context, Foreign, Result},
    ensure, names,
    registry::{Elector, Filter, registry},
    storage::{Read, View},
};

/// Bit of `kind` in a set of kinds.
pub(super) const fn kind_bit(kind: Kind) -> u16 {
    1 << kind.number()
}

/// The registry's storage, metered.
pub(super) fn members<'c>(cx: &'c mut Context<'_>) -> Foreign<'c> {
    cx.storage_of(REGISTRY)
}

/// The member that acts with the caller's account.
pub(super) fn caller(cx: &mut Context<'_>) -> Result<B256> {
    let who = cx.caller();
    let member = registry().member_of(&mut members(cx), who)?;
    ensure!(!member.is_zero(), NotAMember { who });
    Ok(member)
}

/// The member that acts with the caller's account and has `right`.
pub(super) fn caller_with(cx: &mut Context<'_>, right: Rights) -> Result<B256> {
    let member = caller(cx)?;
    let word = right.words().next().unwrap_or_default();
    let rights = registry().rights(&mut members(cx), member, u64::MAX)?;
    ensure!(rights.contains(right), NoRight { member, right: word.into() });
    Ok(member)
}

/// Who can sit in `chamber` with the right to vote, as far as the registry knows: [`seats::admit`] knows who was elected,
/// drawn, or has bonded. `r` reads the assembly.
pub(super) fn filter<R: Read>(r: &mut R, chamber: &ChamberRecord) -> Result<Filter, R::Error> {
    let described = described(r, chamber)?;
    let anyone = match chamber.seating.by(r)? {
        By::Election | By::Sortition => true,
        By::Stake => described.kinds == 0 && described.classes.is_empty() && described.members.is_empty(),
        _ => false,
    };
    Ok(if anyone { Filter { rights: Rights::VOTE, ..self::anyone() } } else { described })
}

/// Whom the description of `chamber` names: those who sit, or may stand, or bond. `r` reads the assembly.
pub(super) fn described<R: Read>(r: &mut R, chamber: &ChamberRecord) -> Result<Filter, R::Error> {
    Ok(Filter {
        kinds: chamber.kinds.get(r)?,
        classes: chamber.classes.all(r)?,
        members: chamber.members.all(r)?,
        rights: Rights::VOTE,
    })
}

/// Reads the assembly and, beside it, the registry.
pub(super) trait House: Read {
    /// The registry, read at the same price.
    fn registry(&mut self) -> impl Read<Error = Self::Error>;
}

impl House for Context<'_> {
    fn registry(&mut self) -> impl Read<Error = Self::Error> {
        members(self)
    }
}

impl House for View<'_> {
    fn registry(&mut self) -> impl Read<Error = Self::Error> {
        self.of(REGISTRY)
    }
}

/// Who sits in a chamber at a height: the one place that says who may vote on a proposal, and with which weight.
#[derive(Clone, Debug)]
pub(super) struct Electorate {
    chamber: B256,
    record: ChamberRecord,
    filter: Filter,
    height: u64,
}

impl Electorate {
    /// Those who vote in `stage`: its chamber as it was at the opening, filled as of the end of block `height`. `r` reads
    /// the assembly.
    pub(super) fn of<R: Read>(r: &mut R, stage: &StageRecord, height: u64) -> Result<Self, R::Error> {
        let (chamber, version) = (stage.chamber.get(r)?, stage.chamber_version.get(r)?);
        let record = rules::chamber_version(chamber, version);
        Ok(Self { chamber, record, filter: filter(r, &record)?, height })
    }

    /// Those who sit in chamber `chamber`, in the version `record`, as things stand. `r` reads the assembly.
    pub(super) fn now<R: Read>(r: &mut R, chamber: B256, record: ChamberRecord) -> Result<Self, R::Error> {
        Ok(Self { chamber, filter: filter(r, &record)?, record, height: u64::MAX })
    }

    /// The block whose end counts.
    pub(super) const fn height(&self) -> u64 {
        self.height
    }

    /// Those of them whose places in the list of all members are in `places`, as `rule` sees them.
    pub(super) fn voters<H: House>(
        &self,
        house: &mut H,
        rule: &Rule,
        places: Range<u64>,
    ) -> Result<Vec<Voter>, H::Error> {
        let mut seated = Vec::new();
        let voters = voters(&mut house.registry(), &self.filter, self.height, rule, places)?;
        for voter in voters {
            seated.extend(seats::admit(house, self.chamber, &self.record, self.height, voter)?);
        }
        Ok(seated)
    }

    /// `member` as `rule` sees it, if it is one of them.
    pub(super) fn voter<H: House>(
        &self,
        house: &mut H,
        member: B256,
        rule: &Rule,
    ) -> Result<Option<Voter>, H::Error> {
        let voter = voter(&mut house.registry(), member, &self.filter, self.height, rule)?;
        match voter {
            Some(voter) => seats::admit(house, self.chamber, &self.record, self.height, voter),
            None => Ok(None),
        }
    }
}

/// Active members of any kind, whatever their rights.
pub(super) fn anyone() -> Filter {
    Filter { kinds: u16::MAX, ..Filter::default() }
}

/// The members in `places` of the list of all that matched `filter` at the end of block `height`, as `rule` sees them. `r`
/// reads the registry.
pub(super) fn voters<R: Read>(
    r: &mut R,
    filter: &Filter,
    height: u64,
    rule: &Rule,
    places: Range<u64>,
) -> Result<Vec<Voter>, R::Error> {
    let weights = weights_of(rule);
    let scales = registry().scales(r, &weights)?;
    let electors = registry().electors_in(r, filter, &weights, height, places)?;
    Ok(electors.iter().map(|elector| elector.voter_scaled(&scales)).collect())
}

/// `member` as `rule` sees it, or `None` if it did not match `filter` at the end of block `height`. `r` reads the registry.
pub(super) fn voter<R: Read>(
    r: &mut R,
    member: B256,
    filter: &Filter,
    height: u64,
    rule: &Rule,
) -> Result<Option<Voter>, R::Error> {
    let weights = weights_of(rule);
    let scales = registry().scales(r, &weights)?;
    let elector: Option<Elector> = registry().elector(r, member, filter, &weights, height)?;
    Ok(elector.map(|elector| elector.voter_scaled(&scales)))
}

/// What the weights of `rule` are multiplied with on chain. `r` reads the registry.
pub(super) fn scales<R: Read>(r: &mut R, rule: &Rule) -> Result<Scales, R::Error> {
    let weights = weights_of(rule);
    let scales = registry().scales(r, &weights)?;
    Ok(weights.into_iter().map(names::text).zip(scales).collect())
}

/// Names of weights as words. One that is no name belongs to nobody: it weighs nothing.
fn weights_of(rule: &Rule) -> Vec<B256> {
    rule.weights_used().into_iter().filter_map(names::word).collect()
}
