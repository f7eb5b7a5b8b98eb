//! Delegating a vote, taking it back, and seeing who delegated to whom.

use alloy_primitives::U256;
use clap::Args;
use polity_institutions::{assembly::IAssembly, constitution::IConstitution};
use polity_primitives::CONSTITUTION;
use serde_json::{Value, json};

use super::{
    act::{SignerArgs, done, send, send_to, word},
    read::{array, row, table, text},
    seats::some,
    stake::{ForceArgs, comes_back, has_there, is_member, losses, unbonded, with_effects},
};
use crate::{
    client::{Client, RpcArgs},
    output::{Failure, Outcome, print},
    words::Words,
};

/// Lets another member's ballot count for this one, on a track or in a chamber, wherever it casts none itself. It holds for proposals
/// that open later; on an open one, a ballot of one's own takes it back.
///
/// With --stake AMOUNT it is money that is delegated, to the conduct of a validator: rewards and forfeits are shared. What it does and
/// from when is said; where it would only wait it is refused, unless --force is given.
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
    force: ForceArgs,
    #[command(flatten)]
    signer: SignerArgs,
    #[command(flatten)]
    rpc: RpcArgs,
}

impl Delegate {
    pub(crate) fn run(self, json: bool) -> Outcome {
        match (&self.stake, self.to.as_slice()) {
            (Some(stake), [to]) => {
                let (amount, candidate) = (some(stake, "delegates")?, word("member", to)?);
                let call = IConstitution::delegateCall { candidate };
                // Whoever has no key need not ask the node.
                self.signer.address(self.rpc.dir())?;
                let client = self.rpc.client()?;
                let effects = self.force.effects(&client, (to.as_str(), false), amount)?;
                let receipt = send_to(&self.rpc, &self.signer, CONSTITUTION, amount, &call)?;
                let value = json!({ "candidate": to, "amountWei": amount.to_string(), "effects": effects });
                let said = format!("{} delegated to {to}", Words::of(&client).money(amount));
                done(json, &receipt, value, &with_effects(&said, &effects))
            }
            (None, [scope, to]) => self.vote(scope, to, json),
            _ => Err(Failure::input(
                "a vote is delegated by SCOPE and TO, money by --stake AMOUNT and a validator",
            )),
        }
    }

    /// Delegates a vote.
    fn vote(&self, scope: &str, to: &String, json: bool) -> Outcome {
        let call = IAssembly::delegateCall { scope: word("scope", scope)?, to: word("member", to)? };
        // Whoever has no key need not ask the node.
        let account = self.signer.address(self.rpc.dir())?;
        let client = self.rpc.client()?;
        is_member(&client, to)?;
        let receipt = send(&self.rpc, &self.signer, &call)?;
        let member: Value = client.call("polity_member", json!([account]))?;
        let id = text(&member["id"]);
        let warnings = doubts(&client, scope, &[id.clone(), to.clone()])?;
        for warning in &warnings {
            eprintln!("warning: {warning}");
        }
        let value = json!({ "scope": scope, "to": to, "warnings": warnings });
        let said = format!(
            "from the next vote in {scope} on, {to}'s ballot counts for {id} too, wherever {id} casts none itself; votes that are open stay as they are",
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
            let said = format!(
                "from the next vote in {from} on, nobody's ballot counts for this member but its own; on open votes, cast one to take it back"
            );
            return done(json, &receipt, json!({ "scope": from }), &said);
        };
        let (amount, candidate) = (some(stake, "takes back")?, word("member", from)?);
        let account = self.signer.address(self.rpc.dir())?;
        let client = self.rpc.client()?;
        let who = self.signer.name().map_or_else(|| Words::of(&client).address(account), str::to_owned);
        has_there(&client, (account, &who), from, amount)?;
        let effects = losses(&client, (from, false), amount)?;
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
        let payment = unbonded(&receipt).map(|(id, _)| id);
        let value = json!({ "candidate": from, "to": self.to, "amountWei": amount.to_string(), "payment": payment, "effects": effects });
        let then = comes_back(&receipt, self.to.as_deref());
        done(
            json,
            &receipt,
            value,
            &format!("{} taken back from {from}{then}", Words::of(&client).money(amount)),
        )
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
