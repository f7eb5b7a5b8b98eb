//! Delegating a vote, taking it back, and seeing who delegated to whom.

use clap::Args;
use polity_institutions::assembly::IAssembly;
use serde_json::{Value, json};

use super::{
    act::{SignerArgs, done, send, word},
    read::{array, row, table, text},
};
use crate::{
    client::RpcArgs,
    output::{Outcome, print},
};

/// Lets another member's ballot count for this one, on a track or in a chamber, wherever it casts none itself. It holds for proposals
/// that open later; on an open one, a ballot of one's own takes it back.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  polity delegate conference FJI --as TUV --dir .polity/paris")]
pub(crate) struct Delegate {
    /// Track or chamber, by id.
    scope: String,
    /// The member whose ballot counts.
    to: String,
    #[command(flatten)]
    signer: SignerArgs,
    #[command(flatten)]
    rpc: RpcArgs,
}

impl Delegate {
    pub(crate) fn run(self, json: bool) -> Outcome {
        let call =
            IAssembly::delegateCall { scope: word("scope", &self.scope)?, to: word("member", &self.to)? };
        let receipt = send(&self.rpc, &self.signer, &call)?;
        let value = json!({ "scope": self.scope, "to": self.to });
        done(json, &receipt, value, &format!("delegated to {} in {}", self.to, self.scope))
    }
}

/// Takes a delegation back, for proposals that open later.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  polity undelegate conference --as TUV --dir .polity/paris")]
pub(crate) struct Undelegate {
    /// Track or chamber, by id.
    scope: String,
    #[command(flatten)]
    signer: SignerArgs,
    #[command(flatten)]
    rpc: RpcArgs,
}

impl Undelegate {
    pub(crate) fn run(self, json: bool) -> Outcome {
        let call = IAssembly::undelegateCall { scope: word("scope", &self.scope)? };
        let receipt = send(&self.rpc, &self.signer, &call)?;
        let value = json!({ "scope": self.scope });
        done(json, &receipt, value, &format!("no longer delegated in {}", self.scope))
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
