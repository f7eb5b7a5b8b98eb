//! What money at stake would do, said before it is put there.

use alloy_primitives::U256;
use clap::Args;
use serde_json::{Value, json};

use super::read::{array, text};
use crate::{client::Client, output::Failure};

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
    /// It would do nothing but wait, and that is not forced.
    pub(super) fn effects(
        self,
        client: &Client,
        (candidate, own): (&str, bool),
        amount: U256,
    ) -> Result<Vec<String>, Failure> {
        let found: Value = client.call("polity_bondOutlook", json!([candidate, amount.to_string(), own]))?;
        match found["pointless"].as_str() {
            None => Ok(array(&found["effects"]).iter().map(text).collect()),
            Some(why) if self.force => Ok(vec![why.to_owned()]),
            Some(why) => Err(Failure::failed(format!(
                "{why}. Nothing is sent; put it at stake all the same with --force"
            ))),
        }
    }
}

/// `said`, with the sentences below it.
pub(super) fn with_effects(said: &str, effects: &[String]) -> String {
    effects.iter().fold(said.to_owned(), |out, effect| format!("{out}\n  {effect}"))
}
