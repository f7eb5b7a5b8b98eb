//! The agreement itself: in force, and every version it had.

use std::sync::Arc;

use polity_charter::{Charter, Clock, Currency, Fees, Language, Text};
use polity_institutions::constitution::{self, VersionView};
use polity_primitives::B256;
use serde::Serialize;

use crate::{
    api::Api,
    args::{Args, Quantity},
    error::Failure,
    method::Answer,
};

/// Most versions answered at once.
const VERSIONS_PAGE_MAX: u64 = 100;

/// The charter with what identifies it. `hash` is keccak-256 of `text`, and the `extraData` of every block under it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CharterView<'a> {
    id: &'a str,
    name: &'a Text,
    hash: B256,
    chain_id: u64,
    genesis_hash: B256,
    languages: &'a [String],
    sources: &'a [String],
    clock: &'a Clock,
    block_time_ms: u64,
    block_gas_limit: u64,
    currency: &'a Currency,
    fees: &'a Fees,
    #[serde(flatten)]
    version: VersionJson,
    text: &'a str,
}

/// A version and what made it of the one before.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VersionJson {
    /// Its number; 0 is the founding charter.
    version: u64,
    /// Hash of the version before; null for version 0.
    parent: Option<B256>,
    /// Block that enacted it.
    height: u64,
    /// First block under it.
    active_from: u64,
    /// Proposal that made it.
    proposal: Option<u64>,
    /// The changes, as `polity propose --amend` takes them.
    changes: Vec<String>,
}

impl From<&VersionView> for VersionJson {
    fn from(view: &VersionView) -> Self {
        Self {
            version: view.number,
            parent: (!view.parent.is_zero()).then_some(view.parent),
            height: view.height,
            active_from: view.active_from,
            proposal: view.proposal,
            changes: view.changes.iter().map(ToString::to_string).collect(),
        }
    }
}

/// The version that parameter `index` names, or the one in force.
fn wanted(api: &Api, args: &Args<'_>, index: usize) -> Result<(VersionView, Arc<Charter>), Failure> {
    let number = args.opt::<Quantity>(index)?.map_or_else(|| api.head().agreement.version, |number| number.0);
    let found = api.ledger.charter_version(number)?;
    found.ok_or_else(|| args.wrong(index, format!("the charter has no version {number}")))
}

pub(super) fn get(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let (version, charter) = wanted(api, args, 0)?;
    api.answer(&CharterView {
        id: &charter.id,
        name: &charter.name,
        hash: charter.hash,
        chain_id: charter.chain_id,
        genesis_hash: api.ledger.genesis_hash(),
        languages: &charter.languages,
        sources: &charter.sources,
        clock: &charter.clock,
        block_time_ms: charter.block_time_ms,
        block_gas_limit: charter.block_gas_limit,
        currency: &charter.currency,
        fees: &charter.fees,
        version: (&version).into(),
        text: &charter.text,
    })
}

/// A version in a list, without its text.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    hash: B256,
    #[serde(flatten)]
    version: VersionJson,
}

/// Versions from a number on, oldest first.
pub(super) fn versions(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let from = args.opt::<Quantity>(0)?.map_or(0, |from| from.0);
    let count = args.opt::<Quantity>(1)?.map_or(VERSIONS_PAGE_MAX, |count| count.0.min(VERSIONS_PAGE_MAX));
    let versions = constitution::versions(&api.ledger.latest(), from, count);
    let list: Vec<_> = versions.iter().map(|view| Listed { hash: view.hash, version: view.into() }).collect();
    api.answer(&list)
}

/// The charter in plain words, English or Chinese.
pub(super) fn show(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let language = language(args, 0)?;
    let (_, charter) = wanted(api, args, 1)?;
    api.answer(&polity_charter::show(&charter, language))
}

fn language(args: &Args<'_>, index: usize) -> Result<Language, Failure> {
    match args.opt::<String>(index)? {
        None => Ok(Language::default()),
        Some(code) => {
            let known = || Language::ALL.map(Language::code).join(", ");
            Language::from_code(&code)
                .ok_or_else(|| args.wrong(index, format!("`{code}` is not one of {}", known())))
        }
    }
}
