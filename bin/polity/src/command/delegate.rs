//! Delegating a vote, taking it back, and seeing who delegated to whom.

use clap::Args;
use polity_institutions::assembly::IAssembly;
use serde_json::{Value, json};

use super::{
    act::{SignerArgs, done, send, word},
    read::{array, row, table, text},
};
use crate::{
    client::{Client, RpcArgs},
    output::{Failure, Outcome, print},
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
        // Whoever has no key need not ask the node.
        let account = self.signer.address(self.rpc.dir())?;
        let client = self.rpc.client()?;
        let receipt = send(&self.rpc, &self.signer, &call)?;
        let member: Value = client.call("polity_member", json!([account]))?;
        let warnings = doubts(&client, &self.scope, &[text(&member["id"]), self.to.clone()])?;
        for warning in &warnings {
            eprintln!("warning: {warning}");
        }
        let value = json!({ "scope": self.scope, "to": self.to, "warnings": warnings });
        let said = format!(
            "from the next vote in {} on, {}'s ballot counts for {} too, wherever {} casts none itself; votes that are open stay as they are",
            self.scope,
            self.to,
            text(&member["id"]),
            text(&member["id"]),
        );
        done(json, &receipt, value, &said)
    }
}

/// Why a delegation in `scope` between these members would do nothing as things stand: one of them sits in none of its chambers.
/// Seats change hands, so the chain takes it all the same.
fn doubts(client: &Client, scope: &str, members: &[String]) -> Result<Vec<String>, Failure> {
    let tracks: Value = client.call("polity_tracks", json!([]))?;
    let chambers: Value = client.call("polity_chambers", json!([]))?;
    let seats: Value = client.call("polity_seats", json!([]))?;
    let names: Vec<String> = match array(&tracks["tracks"]).iter().find(|track| track["id"] == scope) {
        Some(track) => array(&track["stages"]).iter().map(|stage| text(&stage["chamber"])).collect(),
        None => vec![scope.to_owned()],
    };
    let mut found = Vec::new();
    for id in members {
        let member: Value = client.call("polity_member", json!([id]))?;
        let in_one = array(&chambers)
            .iter()
            .filter(|chamber| names.iter().any(|name| chamber["id"] == json!(name)))
            .any(|chamber| sits(chamber, &seats, &member));
        if !in_one {
            let chambers = names.join(" or ");
            found.push(format!(
                "{id} does not sit in {chambers} now: while that is so, this delegation does nothing"
            ));
        }
    }
    Ok(found)
}

/// Whether `member` sits in `chamber` now, by its description or its seats.
fn sits(chamber: &Value, seats: &Value, member: &Value) -> bool {
    let filled = array(seats).iter().find(|filled| filled["chamber"] == chamber["id"]);
    match filled {
        Some(filled) if filled["by"] == "stake" => array(&filled["stakes"])
            .iter()
            .any(|stake| stake["member"] == member["id"] && stake["sits"] == true),
        Some(filled) => array(&filled["members"]).contains(&member["id"]),
        None => {
            let among = |key: &str, value: &Value| {
                array(&chamber[key]).is_empty() || array(&chamber[key]).contains(value)
            };
            let classes = array(&chamber["classes"]);
            let by_class =
                classes.is_empty() || array(&member["classes"]).iter().any(|c| classes.contains(c));
            among("kinds", &member["kind"]) && among("members", &member["id"]) && by_class
        }
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
        let said = format!(
            "from the next vote in {} on, nobody's ballot counts for this member but its own; on open votes, cast one to take it back",
            self.scope
        );
        done(json, &receipt, value, &said)
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
