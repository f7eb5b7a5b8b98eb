//! The constitution: the charter in force, every version it had, and the rules of blocks that follow from it.
//!
//! Rule kept: what the charter says is what runs. An amendment is judged by the checks that judged the founding charter,
//! when it is proposed and again when it is enacted; then its text and every live setting that follows from it are written
//! in the same call, or nothing is. Each version names the hash of the one before and the changes that made it, so whoever
//! has the founding text can compute every later one and compare it with the hashes.
//!
//! **When.** Enactments are system transactions at the end of a block. An amendment enacted in block `H` is in force from
//! `H + 1`: the header of `H + 1` names its hash, and its fees, gas limit, access, rights, rules and chambers hold for
//! every transaction of `H + 1`. Proposals that are open keep what they opened with.
//!
//! Deliberately absent: what makes a charter valid and what each change means (crate `charter`), and how the other
//! institutions keep their settings: [`apply`] calls the functions that genesis calls.
//!
//! The second half keeps the constitution of consensus alive: [`mod@turn`] from which height settings hold; [`stake`] bonds, in
//! [`shares`]; [`term`] delegates; [`mod@candidates`] what the committee is made of; [`mod@close`] the accounts of each block, with
//! [`vesting`] rewards and [`standing`]; [`evidence`], what is within its [`reach`], and what follows, [`slash`].
//!
//! Map: [`text`] the text in storage; [`rules`] the rules of blocks; [`judge`] whether changes can be made, [`places`] where they
//! are meant; [`apply`] what they do; [`views`] and [`money`] what those outside read,
//! [`mod@outlook`] what they should know before they decide.

mod apply;
mod candidates;
mod close;
mod evidence;
mod judge;
mod money;
mod outlook;
mod places;
mod reach;
mod rules;
mod shares;
mod slash;
mod stake;
mod standing;
mod term;
mod text;
mod turn;
mod vesting;
mod views;

use alloy_json_abi::JsonAbi;
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::SolValue;
use polity_charter::Charter;
use polity_primitives::{ASSEMBLY, CONSTITUTION};

pub(crate) use candidates::{nobody_decides, somebody_decides};
pub use close::{CLOSE_GAS_MAX, ISSUED_MAX};
pub use evidence::CONVICT_GAS_MAX;
pub use judge::{MESSAGE_BYTES_MAX, STEP_GAS, changes_of};
pub use money::{
    BondView, BooksView, HoldingView, OffenceView, PAGE_MAX, PaymentView, ScoreView, bonds, books, delegates,
    holdings, is_punished, member_of_signer, offence_count, offences, payments, scores,
};
pub use outlook::{BondOutlook, Outlook, bond_outlook, outlook, unbond_outlook};
pub use reach::{Obstacle, obstacle};
pub use rules::BlockRules;
pub use stake::{CANDIDATES_MAX, UNBONDINGS_MAX};
pub use text::TEXT_BYTES_MAX;
pub use turn::closes;
pub(crate) use turn::first_turn;
pub use vesting::BUCKETS_MAX;
pub use views::{
    VersionView, block_rules, candidates, charter_hash, charter_text, closing, consensus, consensus_at,
    revision, turn, version, versions,
};

use crate::{
    assembly,
    context::{Context, Result, returns, void},
    directory::Institution,
    ensure, layout,
    storage::{Blob, List, Map, Place, Read, Slot, Text},
};

#[expect(missing_docs, reason = "generated; the .sol file is the documentation")]
mod abi {
    alloy_sol_types::sol!(
        #![sol(abi, all_derives)]
        "src/constitution/IConstitution.sol"
    );
}
use IConstitution as sol;
pub use abi::IConstitution::{self, IConstitutionCalls};

layout! {
    /// Storage of the constitution, from slot 0.
    pub struct Constitution {
        /// Hash of the text in force.
        hash: Slot<B256>,
        rules: rules::Record,
        /// Settings of consensus, in JSON.
        consensus: Text,
        versions: List<VersionRecord>,
        /// Hashes of the pieces of the text in force, in order.
        pieces: List<Slot<B256>>,
        /// Pieces by hash, those of former versions too.
        texts: Map<B256, Blob>,
        /// The settings that `consensus` replaces.
        former: Text,
        /// First height decided under `consensus`.
        turn: Slot<u64>,
        /// Whether blocks have accounts under `consensus`, and under `former`.
        closes: Slot<bool>,
        closed_before: Slot<bool>,
        /// Height of the last block that has its accounts.
        closed: Slot<u64>,
        /// How often what committees are made of changed here: bonds, delegates, settings.
        revision: Slot<u64>,
        purse: stake::Purse,
        pools: Map<B256, stake::Pool>,
        /// Candidates with a bond.
        bonded: List<Slot<B256>>,
        unbonding_count: Slot<u64>,
        /// From 1.
        unbondings: Map<u64, stake::UnbondingRecord>,
        term: term::Term,
        scores: Map<B256, standing::ScoreRecord>,
        offences: List<evidence::OffenceRecord>,
        punished: Map<B256, Slot<bool>>,
        marks: List<evidence::Mark>,
        /// Height of the block in which a member was last punished for what evidence proved, and of the last time that it was for
        /// signing two things.
        convicted: Map<B256, Slot<u64>>,
        convicted_of_two: Map<B256, Slot<u64>>,
    }
}

layout! {
    /// One version.
    struct VersionRecord {
        hash: Slot<B256>,
        parent: Slot<B256>,
        height: Slot<u64>,
        proposal: Slot<u64>,
        /// `abi.encode(Change[])`.
        changes: Blob,
    }
}

/// Whether anyone may send transactions under the charter in force. `r` reads the constitution.
pub(crate) fn anyone_transacts<R: Read>(r: &mut R) -> Result<bool, R::Error> {
    constitution().rules.transact(r)
}

/// The constitution's storage.
#[must_use]
pub fn constitution() -> Constitution {
    Constitution::place(U256::ZERO)
}

impl Institution for Constitution {
    const ADDRESS: Address = CONSTITUTION;
    type Calls = IConstitutionCalls;

    fn abi() -> JsonAbi {
        IConstitution::abi::contract()
    }

    fn dispatch(cx: &mut Context<'_>, call: IConstitutionCalls) -> Result<Bytes> {
        use IConstitutionCalls as C;
        let constitution = constitution();
        match call {
            C::amend(c) => constitution.amend(cx, &c.changes).map(void),
            C::check(c) => judge::judge(&constitution, cx, &c.changes).map(drop).map(void),
            C::version(_) => Ok(returns::<sol::versionCall>(&constitution.version(cx)?)),
            C::charterHash(_) => Ok(returns::<sol::charterHashCall>(&constitution.hash.get(cx)?)),
            C::text(_) => {
                let text = constitution.text(cx)?.unwrap_or_default();
                Ok(returns::<sol::textCall>(&text))
            }
            C::versionOf(c) => Ok(returns::<sol::versionOfCall>(&constitution.version_of(cx, c.number)?)),
            C::changesOf(c) => {
                let record = constitution.find(cx, c.number)?;
                Ok(returns::<sol::changesOfCall>(&record.changes(cx)?))
            }
            C::blockRules(_) => {
                let (hash, rules) = (constitution.hash.get(cx)?, constitution.rules.get(cx)?);
                Ok(returns::<sol::blockRulesCall>(&rules.to_abi(hash)))
            }
            C::consensus(_) => Ok(returns::<sol::consensusCall>(&constitution.consensus.get(cx)?)),
            C::bond(_) => constitution.bond(cx).map(void),
            C::unbond(c) => {
                let who = cx.caller();
                let member = stake::holder_of(cx, who)?;
                let id = constitution.take_out(cx, member, B256::ZERO, c.amount)?;
                Ok(returns::<sol::unbondCall>(&id))
            }
            C::delegate(c) => constitution.delegate(cx, c.candidate).map(void),
            C::undelegate(c) => {
                let id = constitution.take_out(cx, c.candidate, B256::ZERO, c.amount)?;
                Ok(returns::<sol::undelegateCall>(&id))
            }
            C::redelegate(c) => {
                ensure!(!c.to.is_zero(), sol::NoCandidate { member: c.to });
                let id = constitution.take_out(cx, c.candidate, c.to, c.amount)?;
                Ok(returns::<sol::redelegateCall>(&id))
            }
            C::release(c) => constitution.release(cx, c.id).map(void),
            C::claim(c) => Ok(returns::<sol::claimCall>(&constitution.claim(cx, c.candidate)?)),
            C::accuse(c) => constitution.accuse(cx, &c.evidence).map(void),
            C::convict(c) => constitution.convict(cx, c.writer, &c.evidence).map(void),
            C::adjustStanding(c) => constitution.adjust(cx, c.member, c.by).map(void),
            C::close(c) => constitution.close(cx, c.writer, &c.missed).map(void),
            C::turn(_) => {
                let turn = sol::turnReturn {
                    height: constitution.turn.get(cx)?,
                    former: constitution.former.get(cx)?,
                };
                Ok(returns::<sol::turnCall>(&turn))
            }
            C::stakeOf(c) => Ok(returns::<sol::stakeOfCall>(&constitution.stake_of(cx, c.member)?)),
            C::delegationOf(c) => {
                let pool = constitution.pools.at(c.candidate);
                let (amount, rewards) = (pool.amount_of(cx, c.holder)?, pool.rewards_of(cx, c.holder)?);
                Ok(returns::<sol::delegationOfCall>(&sol::Delegation { amount, rewards }))
            }
            C::unbondingOf(c) => Ok(returns::<sol::unbondingOfCall>(&constitution.unbonding_of(cx, c.id)?)),
            C::unbondingCount(_) => {
                let count = U256::from(constitution.unbonding_count.get(cx)?);
                Ok(returns::<sol::unbondingCountCall>(&count))
            }
            C::standingOf(c) => {
                let start = standing::start(&constitution.settings(cx)?);
                Ok(returns::<sol::standingOfCall>(&constitution.scores.at(c.member).read(cx, start)?))
            }
            C::supply(_) => {
                let purse = constitution.purse;
                let (issued, burnt, held) =
                    (purse.issued.get(cx)?, purse.burnt.get(cx)?, purse.held.get(cx)?);
                Ok(returns::<sol::supplyCall>(&sol::supplyReturn { issued, burnt, held }))
            }
            C::delegates(_) => {
                let (members, ends_at) =
                    (constitution.term.delegates.all(cx)?, constitution.term.ends.get(cx)?);
                Ok(returns::<sol::delegatesCall>(&sol::delegatesReturn { members, endsAt: ends_at }))
            }
            C::offenceCount(_) => {
                Ok(returns::<sol::offenceCountCall>(&U256::from(constitution.offences.len(cx)?)))
            }
            C::offenceAt(c) => {
                let index = u64::try_from(c.index).unwrap_or(u64::MAX);
                let record = constitution.offences.find(cx, index)?;
                let record = record.ok_or(sol::UnknownOffence { index: c.index })?;
                Ok(returns::<sol::offenceAtCall>(&record.read(cx)?))
            }
        }
    }
}

impl Constitution {
    /// Amends the charter. Errors: `NotByDecision`, `InvalidAmendment`, those of the institutions it writes to.
    fn amend(&self, cx: &mut Context<'_>, changes: &[sol::Change]) -> Result<()> {
        cx.by_decision()?;
        let proposal = assembly::enacted(&mut cx.storage_of(ASSEMBLY))?;
        places::kept(self, cx, proposal, &changes_of(changes)?)?;
        let judged = judge::judge(self, cx, changes)?;
        let before = apply::before(cx, &judged)?;
        apply::effects(cx, &judged)?;
        let version = self.version(cx)?.saturating_add(1);
        let parent = self.hash.get(cx)?;
        self.store(cx, &judged.new, parent, proposal, &changes.abi_encode())?;
        apply::keep_going(cx, before)?;
        cx.emit(&sol::CharterAmended {
            version,
            hash: judged.new.hash,
            parent,
            activeFrom: cx.block().height.saturating_add(1),
            proposal: U256::from(proposal),
        })
    }

    /// Writes `charter` as the version in force.
    fn store(
        &self,
        cx: &mut Context<'_>,
        charter: &Charter,
        parent: B256,
        proposal: u64,
        changes: &[u8],
    ) -> Result<()> {
        self.hash.set(cx, charter.hash)?;
        self.rules.set(cx, &BlockRules::from(charter))?;
        self.turn_to(cx, &charter.consensus)?;
        self.set_text(cx, &charter.text)?;
        let record = self.versions.grow(cx)?;
        record.hash.set(cx, charter.hash)?;
        record.parent.set(cx, parent)?;
        record.height.set(cx, cx.block().height)?;
        record.proposal.set(cx, proposal)?;
        record.changes.set(cx, changes)
    }

    /// Notes that committees may be others now.
    fn revise(&self, cx: &mut Context<'_>) -> Result<()> {
        let revision = self.revision.get(cx)?;
        self.revision.set(cx, revision.saturating_add(1))
    }

    /// Number of the version in force.
    fn version<R: Read>(&self, r: &mut R) -> Result<u64, R::Error> {
        Ok(self.versions.len(r)?.saturating_sub(1))
    }

    fn find(&self, cx: &mut Context<'_>, number: u64) -> Result<VersionRecord> {
        Ok(self.versions.find(cx, number)?.ok_or(sol::UnknownVersion { version: number })?)
    }

    fn version_of(&self, cx: &mut Context<'_>, number: u64) -> Result<sol::Version> {
        self.find(cx, number)?.to_abi(cx)
    }
}

impl VersionRecord {
    fn to_abi<R: Read>(self, r: &mut R) -> Result<sol::Version, R::Error> {
        let height = self.height.get(r)?;
        let parent = self.parent.get(r)?;
        Ok(sol::Version {
            hash: self.hash.get(r)?,
            parent,
            height,
            // The founding charter governs the genesis block itself.
            activeFrom: if parent.is_zero() { height } else { height.saturating_add(1) },
            proposal: U256::from(self.proposal.get(r)?),
        })
    }

    fn changes<R: Read>(&self, r: &mut R) -> Result<Vec<sol::Change>, R::Error> {
        let bytes = self.changes.get(r)?;
        Ok(Vec::<sol::Change>::abi_decode(&bytes).unwrap_or_default())
    }
}

/// Writes the founding charter as version 0.
///
/// # Errors
/// None that a valid charter meets.
pub fn genesis(cx: &mut Context<'_>, charter: &Charter) -> Result<()> {
    for member in charter.members.iter().filter(|member| !member.bond_wei.is_zero()) {
        stake::found(&constitution(), cx, judge::word(&member.id)?, member.bond_wei)?;
    }
    constitution().store(cx, charter, B256::ZERO, 0, &[])
}

/// The hash of a piece, under which it is kept.
fn hash_of(piece: &[u8]) -> B256 {
    keccak256(piece)
}

#[cfg(test)]
pub(crate) mod tests;
