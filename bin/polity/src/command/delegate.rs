//! Delegating a vote, taking it back, and seeing who delegated to whom.

use alloy_primitives::U256;
use clap::Args;
use polity_charter::amount_text;
use polity_institutions::{assembly::IAssembly, constitution::IConstitution};
use polity_primitives::CONSTITUTION;
use serde_json::{Value, json};

use super::{
    act::{SignerArgs, done, send, send_to, word},
    read::{array, row, table, text},
    seats::amount,
};
use crate::{
    client::RpcArgs,
    output::{Failure, Outcome, print},
};

/// Lets another member's ballot count for this one, on a track or in a chamber, wherever it casts none itself. It holds for proposals
/// that open later; on an open one, a ballot of one's own takes it back.
///
/// With --stake AMOUNT it is money that is delegated, to the conduct of a validator: rewards and forfeits are shared.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  polity delegate conference FJI --as TUV --dir .polity/paris\n  polity delegate --stake 25 de --as alice --dir .polity/delegation"
)]
pub(crate) struct Delegate {
    /// Track or chamber, and the member whose ballot counts; with --stake, the validator.
    #[arg(required = true, num_args = 1..=2, value_names = ["SCOPE", "TO"])]
    to: Vec<String>,
    /// Money to delegate, in units of the currency, or as in "7 wei".
    #[arg(long, value_name = "AMOUNT")]
    stake: Option<String>,
    #[command(flatten)]
    signer: SignerArgs,
    #[command(flatten)]
    rpc: RpcArgs,
}

impl Delegate {
    pub(crate) fn run(self, json: bool) -> Outcome {
        match (&self.stake, self.to.as_slice()) {
            (Some(stake), [to]) => {
                let (amount, candidate) = (amount(stake)?, word("member", to)?);
                let call = IConstitution::delegateCall { candidate };
                let receipt = send_to(&self.rpc, &self.signer, CONSTITUTION, amount, &call)?;
                let value = json!({ "candidate": to, "amountWei": amount.to_string() });
                done(json, &receipt, value, &format!("{} delegated to {to}", amount_text(amount)))
            }
            (None, [scope, to]) => {
                let call = IAssembly::delegateCall { scope: word("scope", scope)?, to: word("member", to)? };
                let receipt = send(&self.rpc, &self.signer, &call)?;
                let value = json!({ "scope": scope, "to": to });
                done(json, &receipt, value, &format!("delegated to {to} in {scope}"))
            }
            _ => Err(Failure::input(
                "a vote is delegated by SCOPE and TO, money by --stake AMOUNT and a validator",
            )),
        }
    }
}

/// Takes a delegation back, for proposals that open later.
///
/// With --stake AMOUNT it is money that comes back from a validator after the unbonding time, with `polity release`; with --to, it goes
/// to another validator then.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  polity undelegate conference --as TUV --dir .polity/paris\n  polity undelegate --stake 25 de --to fr --as alice --dir .polity/delegation"
)]
pub(crate) struct Undelegate {
    /// Track or chamber, by id; with --stake, the validator.
    from: String,
    /// Money to take back, in units of the currency, or as in "7 wei".
    #[arg(long, value_name = "AMOUNT")]
    stake: Option<String>,
    /// The validator that it goes to instead.
    #[arg(long, value_name = "MEMBER", requires = "stake")]
    to: Option<String>,
    #[command(flatten)]
    signer: SignerArgs,
    #[command(flatten)]
    rpc: RpcArgs,
}

impl Undelegate {
    pub(crate) fn run(self, json: bool) -> Outcome {
        let from = &self.from;
        let Some(stake) = &self.stake else {
            let call = IAssembly::undelegateCall { scope: word("scope", from)? };
            let receipt = send(&self.rpc, &self.signer, &call)?;
            return done(json, &receipt, json!({ "scope": from }), &format!("no longer delegated in {from}"));
        };
        let (amount, candidate) = (amount(stake)?, word("member", from)?);
        let receipt = match &self.to {
            None => {
                let call = IConstitution::undelegateCall { candidate, amount };
                send_to(&self.rpc, &self.signer, CONSTITUTION, U256::ZERO, &call)?
            }
            Some(to) => {
                let call = IConstitution::redelegateCall { candidate, to: word("member", to)?, amount };
                send_to(&self.rpc, &self.signer, CONSTITUTION, U256::ZERO, &call)?
            }
        };
        let value = json!({ "candidate": from, "to": self.to, "amountWei": amount.to_string() });
        done(json, &receipt, value, &format!("{} taken back from {from}", amount_text(amount)))
    }
}

/// Who delegated to whom.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  polity delegations --scope conference --json")]
pub(crate) struct Delegations {
    /// One track or chamber.
    #[arg(long, value_name = "SCOPE")]
    scope: Option<String>,
    /// One member.
    #[arg(long, value_name = "MEMBER")]
    member: Option<String>,
    #[command(flatten)]
    rpc: RpcArgs,
}

impl Delegations {
    pub(crate) fn run(self, as_json: bool) -> Outcome {
        let found: Value =
            self.rpc.client()?.call("polity_getDelegations", json!([self.scope, self.member]))?;
        print(as_json, &found, || {
            let mut rows = vec![row(&["scope", "member", "to", ""])];
            for found in array(&found) {
                let rests =
                    if found["rests"] == true { "rests: one of the two may not vote now" } else { "" };
                rows.push(row(&[
                    &text(&found["scope"]),
                    &text(&found["member"]),
                    &text(&found["to"]),
                    rests,
                ]));
            }
            if rows.len() == 1 { "nobody has delegated".to_owned() } else { table(&rows) }
        })
    }
}
