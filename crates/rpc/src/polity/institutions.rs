//! The institutions: where they are, how they are called, what the treasury holds.

use alloy_json_abi::JsonAbi;
use polity_charter::amount_text;
use polity_institutions::{
    DIRECTORY,
    directory::{COMMON_SOL, common_abi},
    treasury as books,
};
use polity_primitives::{AGREEMENT, Address};
use serde::Serialize;

use super::{height, state};
use crate::{api::Api, args::Args, error::Failure, method::Answer};

/// One institution.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InstitutionView {
    name: &'static str,
    address: Address,
    /// First height at which it answers.
    first_height: u64,
    /// Whether it answers at the block asked about.
    active: bool,
    /// For every Ethereum library.
    abi: JsonAbi,
    /// For people, and for `import` in Solidity.
    sol: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Directory {
    /// The account through which decisions act.
    agreement: Address,
    institutions: Vec<InstitutionView>,
    /// Errors that every institution may answer with.
    common_abi: JsonAbi,
    common_sol: &'static str,
}

pub(super) fn directory(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let height = height(api, args, 0)?;
    let institutions = DIRECTORY.iter().map(|entry| InstitutionView {
        name: entry.name,
        address: entry.address,
        first_height: entry.first_height,
        active: entry.first_height <= height.0,
        abi: (entry.abi)(),
        sol: entry.sol,
    });
    api.answer(&Directory {
        agreement: AGREEMENT,
        institutions: institutions.collect(),
        common_abi: common_abi(),
        common_sol: COMMON_SOL,
    })
}

/// A named account.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AccountView {
    name: String,
    balance_wei: String,
    /// In units of the currency.
    balance: String,
}

pub(super) fn treasury(api: &Api, args: &Args<'_>) -> Result<Answer, Failure> {
    let state = state(api, args, 0)?;
    let accounts = books::accounts(&state).into_iter().map(|(name, balance)| AccountView {
        name,
        balance_wei: balance.to_string(),
        balance: amount_text(balance),
    });
    api.answer(&accounts.collect::<Vec<_>>())
}
