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
//! Map: [`text`] the text in storage; [`rules`] the rules of blocks; [`judge`] whether changes can be made, [`places`] where they
//! are meant; [`apply`] what they do; [`views`] what those outside read.

mod apply;
mod judge;
mod places;
mod rules;
mod text;
mod views;

use alloy_json_abi::JsonAbi;
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::SolValue;
use polity_charter::Charter;
use polity_primitives::{ASSEMBLY, CONSTITUTION};

pub use judge::{MESSAGE_BYTES_MAX, STEP_GAS, changes_of};
pub use rules::BlockRules;
pub use text::TEXT_BYTES_MAX;
pub use views::{VersionView, block_rules, charter_hash, charter_text, consensus, version, versions};

use crate::{
    agenda::Due,
    assembly,
    context::{Context, Result, returns, void},
    directory::Institution,
    layout,
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
        }
    }
}

impl Constitution {
    /// Amends the charter. Errors: `NotByDecision`, `InvalidAmendment`, those of the institutions it writes to.
    fn amend(&self, cx: &mut Context<'_>, changes: &[sol::Change]) -> Result<()> {
        cx.by_decision()?;
        let proposal = enacted(cx)?;
        places::kept(self, cx, proposal, &changes_of(changes)?)?;
        let judged = judge::judge(self, cx, changes)?;
        apply::effects(cx, &judged)?;
        let version = self.version(cx)?.saturating_add(1);
        let parent = self.hash.get(cx)?;
        self.store(cx, &judged.new, parent, proposal, &changes.abi_encode())?;
        apply::keep_going(cx, &judged)?;
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
        let settings = rules::settings_json(&charter.consensus)?;
        if self.consensus.get(cx)? != settings {
            self.consensus.set(cx, &settings)?;
        }
        self.set_text(cx, &charter.text)?;
        let record = self.versions.grow(cx)?;
        record.hash.set(cx, charter.hash)?;
        record.parent.set(cx, parent)?;
        record.height.set(cx, cx.block().height)?;
        record.proposal.set(cx, proposal)?;
        record.changes.set(cx, changes)
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

/// The proposal that is being enacted: the first of the agenda, which comes off it only when its calls are made.
fn enacted(cx: &mut Context<'_>) -> Result<u64> {
    let top = assembly::agenda().top(&mut cx.storage_of(ASSEMBLY))?;
    Ok(match top.map(|entry| entry.due) {
        Some(Due::Enact(id)) => id,
        _ => 0,
    })
}

/// Writes the founding charter as version 0.
///
/// # Errors
/// None that a valid charter meets.
pub fn genesis(cx: &mut Context<'_>, charter: &Charter) -> Result<()> {
    constitution().store(cx, charter, B256::ZERO, 0, &[])
}

/// The hash of a piece, under which it is kept.
fn hash_of(piece: &[u8]) -> B256 {
    keccak256(piece)
}

#[cfg(test)]
pub(crate) mod tests;
