//! The agreement itself.

use polity_charter::{Charter, Clock, Currency, Fees, Language, Text};
use polity_primitives::B256;
use serde::Serialize;

use crate::{api::Api, args::Args, error::Failure, method::Answer};

/// The charter with what identifies it. `hash` is keccak-256 of `text`, and the `extraData` of every block.
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
    text: &'a str,
}

pub(super) fn get(api: &Api, _: &Args<'_>) -> Result<Answer, Failure> {
    let charter: &Charter = api.ledger.charter();
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
        text: &charter.text,
    })
}

/// The charter in plain words, English or Chinese.
pub(super) fn show(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    api.answer(&polity_charter::show(api.ledger.charter(), language(args, 0)?))
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
