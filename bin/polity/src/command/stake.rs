//! What money at stake would do, said before it is put there; and what becomes of it when it is taken out.

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::{SolEvent, SolValue};
use clap::Args;
use polity_institutions::constitution::IConstitution;
use serde_json::{Value, json};

use super::read::{array, text, time};
use crate::{
    client::{Client, TxReceipt},
    output::Failure,
    words::Words,
};

/// Whether to do what would be of no use.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct ForceArgs {
    /// Put it at stake even where it would do nothing, such as before an amendment that makes stake count.
    #[arg(long)]
    force: bool,
}

impl ForceArgs {
    /// What `amount` at stake on the conduct of `candidate` would do, by itself if `own`: sentences.
    ///
    /// # Errors
    /// The chain takes none, or it would do nothing but wait and that is not forced.
    pub(super) fn effects(
        self,
        client: &Client,
        (candidate, own): (&str, bool),
        amount: U256,
    ) -> Result<Vec<String>, Failure> {
        let found: Value = client.call("polity_bondOutlook", json!([candidate, amount.to_string(), own]))?;
        if let Some(why) = found["impossible"].as_str() {
            return Err(Failure::failed(format!("{why}. Nothing is sent")));
        }
        match found["pointless"].as_str() {
            None => Ok(array(&found["effects"]).iter().map(text).collect()),
            Some(why) if self.force => Ok(vec![why.to_owned()]),
            Some(why) => Err(Failure::failed(format!(
                "{why}. Nothing is sent; put it at stake all the same with --force"
            ))),
        }
    }
}

/// Warns of what taking `amount` out of what is at stake on `candidate`, its own bond if `own`, would cost; returns the sentences.
pub(super) fn losses(
    client: &Client,
    (candidate, own): (&str, bool),
    amount: U256,
) -> Result<Vec<String>, Failure> {
    let found: Vec<String> =
        client.call("polity_unbondOutlook", json!([candidate, amount.to_string(), own]))?;
    for sentence in &found {
        eprintln!("warning: {sentence}");
    }
    Ok(found)
}

/// Refuses to take `amount` back from `candidate` where `account` has less there; `who` it is, in words.
pub(super) fn has_there(
    client: &Client,
    (account, who): (Address, &str),
    candidate: &str,
    amount: U256,
) -> Result<(), Failure> {
    is_member(client, candidate)?;
    let holdings: Value = client.call("polity_rewards", json!([account]))?;
    let there = array(&holdings).iter().find(|holding| holding["candidate"] == candidate);
    let held =
        there.and_then(|holding| holding["amountWei"].as_str()?.parse::<U256>().ok()).unwrap_or_default();
    if held.is_zero() {
        return Err(Failure::failed(format!("{who} has nothing delegated to {candidate}")));
    }
    if held < amount {
        let words = Words::of(client);
        let (held, amount) = (words.money(held), words.money(amount));
        return Err(Failure::failed(format!(
            "{who} has {held} delegated to {candidate}, less than {amount}"
        )));
    }
    Ok(())
}

/// Refuses the id of nobody.
pub(super) fn is_member(client: &Client, id: &str) -> Result<(), Failure> {
    let member: Value = client.call("polity_member", json!([id]))?;
    if member.is_null() {
        return Err(Failure::failed(format!("there is no member {id} (`polity members` lists them)")));
    }
    Ok(())
}

/// The payments that a transaction of unbonding made: number, and when it may be paid.
pub(super) fn unbonded(receipt: &TxReceipt) -> Option<(u64, u64)> {
    let topic = IConstitution::Unbonding::SIGNATURE_HASH.to_string();
    let log = receipt.logs.iter().find(|log| log["topics"][0].as_str() == Some(&topic))?;
    let id = log["topics"][1].as_str()?.parse::<U256>().ok()?;
    let data: Bytes = log["data"].as_str()?.parse().ok()?;
    let (_, paid_at, _) = <(U256, u64, B256)>::abi_decode(&data).ok()?;
    Some((id.saturating_to(), paid_at))
}

/// What becomes of the money of a transaction of unbonding, as a line below what was said; empty if it does not tell.
pub(super) fn comes_back(receipt: &TxReceipt, to: Option<&str>) -> String {
    let Some((id, paid_at)) = unbonded(receipt) else { return String::new() };
    let goes = to.map_or_else(|| "is paid".to_owned(), |to| format!("goes to {to}"));
    format!(
        "\n  payment {id}: it {goes} by `polity release {id}`, from {} on, and is at stake until then",
        time(paid_at)
    )
}

/// `said`, with the sentences below it.
pub(super) fn with_effects(said: &str, effects: &[String]) -> String {
    effects.iter().fold(said.to_owned(), |out, effect| format!("{out}\n  {effect}"))
}
