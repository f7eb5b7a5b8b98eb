//! The constitution as those outside read it, without gas.

use alloy_primitives::B256;
use polity_charter::Change;
use polity_constitution::{Candidate, Settings};
use polity_primitives::CONSTITUTION;

use super::{BlockRules, candidates::candidates_in, changes_of, constitution};
use crate::{host::Slots, storage::View};

/// A version of the charter, and what made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionView {
    /// Its number; 0 is the founding charter.
    pub number: u64,
    /// keccak-256 of its text.
    pub hash: B256,
    /// That of the version before; zero for version 0.
    pub parent: B256,
    /// Block that enacted it.
    pub height: u64,
    /// First block under it.
    pub active_from: u64,
    /// Proposal that made it.
    pub proposal: Option<u64>,
    /// The changes that made it of the version before.
    pub changes: Vec<Change>,
}

fn view(slots: &dyn Slots) -> View<'_> {
    View::new(slots, CONSTITUTION)
}

/// Hash of the charter in force in the next block.
#[must_use]
pub fn charter_hash(slots: &dyn Slots) -> B256 {
    let Ok(hash) = constitution().hash.get(&mut view(slots));
    hash
}

/// The rules of the next block; `None` in a state without a constitution, which no chain has.
#[must_use]
pub fn block_rules(slots: &dyn Slots) -> Option<BlockRules> {
    let Ok(rules) = constitution().rules.get(&mut view(slots));
    (rules.gas_limit != 0).then_some(rules)
}

/// The settings of consensus; `None` if they are not those of this version of the program.
#[must_use]
pub fn consensus(slots: &dyn Slots) -> Option<Settings> {
    let Ok(json) = constitution().consensus.get(&mut view(slots));
    serde_json::from_str(&json).ok()
}

/// The settings by which block `height` is decided: those before a change that is under way, or those after it. Defined for the next
/// block and those after it. `None` if they are not those of this version of the program.
#[must_use]
pub fn consensus_at(slots: &dyn Slots, height: u64) -> Option<Settings> {
    let Ok(settings) = constitution().settings_at(&mut view(slots), height);
    settings
}

/// The first height decided under [`consensus`]; 0 if they are those of genesis.
#[must_use]
pub fn turn(slots: &dyn Slots) -> u64 {
    let Ok(turn) = constitution().turn.get(&mut view(slots));
    turn
}

/// How often what committees are made of changed in the constitution: while this stays, and registry and chambers do, so do they.
#[must_use]
pub fn revision(slots: &dyn Slots) -> u64 {
    let Ok(revision) = constitution().revision.get(&mut view(slots));
    revision
}

/// Whether blocks have accounts: before the turn, from the turn on, and the turn. Cost: three slots.
#[must_use]
pub fn closing(slots: &dyn Slots) -> (bool, bool, u64) {
    let (constitution, mut view) = (constitution(), view(slots));
    let Ok(before) = constitution.closed_before.get(&mut view);
    let Ok(after) = constitution.closes.get(&mut view);
    let Ok(turn) = constitution.turn.get(&mut view);
    (before, after, turn)
}

/// Those that may validate in the next block, with what `settings` ask of them: bonds and offices. In the order of the registry.
#[must_use]
pub fn candidates(slots: &dyn Slots, settings: &Settings) -> Vec<Candidate> {
    let Ok(candidates) = candidates_in(&mut view(slots), settings);
    candidates
}

/// Number of the version in force in the next block.
#[must_use]
pub fn version(slots: &dyn Slots) -> u64 {
    let Ok(version) = constitution().version(&mut view(slots));
    version
}

/// The text in force in the next block; `None` if it is too long to be kept on chain, and so is the founding text.
#[must_use]
pub fn charter_text(slots: &dyn Slots) -> Option<String> {
    let Ok(text) = constitution().text(&mut view(slots));
    text
}

/// Versions from number `from` on, at most `count`.
#[must_use]
pub fn versions(slots: &dyn Slots, from: u64, count: u64) -> Vec<VersionView> {
    let mut view = view(slots);
    let constitution = constitution();
    let Ok(len) = constitution.versions.len(&mut view);
    (from..len.min(from.saturating_add(count)))
        .map(|number| {
            let record = constitution.versions.at(number);
            let Ok(version) = record.to_abi(&mut view);
            let Ok(changes) = record.changes(&mut view);
            VersionView {
                number,
                hash: version.hash,
                parent: version.parent,
                height: version.height,
                active_from: version.activeFrom,
                proposal: (!version.proposal.is_zero()).then(|| version.proposal.saturating_to()),
                changes: changes_of(&changes).unwrap_or_default(),
            }
        })
        .collect()
}
