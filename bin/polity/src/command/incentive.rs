//! What honesty earns and dishonesty costs: stakes, rewards, standing, and who signed what.

use alloy_primitives::{B256, U64, U256};
use alloy_sol_types::SolEvent;
use clap::Args;
use polity_charter::amount_text;
use polity_institutions::constitution::IConstitution;
use polity_primitives::CONSTITUTION;
use serde_json::{Value, json};

use super::{
    act::{SignerArgs, done, send_to, word},
    read::{array, list, moment, row, table, text},
    seats::wei,
};
use crate::{
    client::{Client, RpcArgs},
    output::{Failure, Outcome, print},
};

/// What is at stake on whose conduct, what waits to be paid back, and the books of issue.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  polity stakes --dir .polity/stake")]
pub(crate) struct Stakes {
    #[command(flatten)]
    rpc: RpcArgs,
}

impl Stakes {
    pub(crate) fn run(self, as_json: bool) -> Outcome {
        let stakes: Value = self.rpc.client()?.call("polity_stakes", json!([]))?;
        print(as_json, &stakes, || {
            let mut rows =
                vec![row(&["member", "own bond", "bonded", "at stake", "vesting", "unbonding", "until"])];
            for bond in array(&stakes["candidates"]) {
                let [own, bonded, vesting, leaving] =
                    ["pledgedWei", "totalWei", "vestingWei", "leavingWei"].map(|key| wei(&bond[key]));
                // What leaves can be forfeited until it is paid.
                let parts = ["totalWei", "leavingWei"].map(|key| bond[key].as_str()?.parse::<U256>().ok());
                let at_stake = parts.into_iter().flatten().fold(U256::ZERO, U256::saturating_add);
                let mut cells = vec![text(&bond["member"]), own, bonded, amount_text(at_stake)];
                cells.extend([vesting, leaving]);
                cells.push(moment(&bond["leavingUntil"]));
                rows.push(cells);
            }
            let mut out = if rows.len() == 1 { "nobody has a bond\n".to_owned() } else { table(&rows) };
            if !array(&stakes["delegates"]).is_empty() {
                let until = moment(&stakes["termEndsAt"]);
                out.push_str(&format!("delegates until {until}: {}\n", list(&stakes["delegates"])));
            }
            for paid in array(&stakes["unbondings"]) {
                let [id, holder, from] = ["id", "holder", "candidate"].map(|key| text(&paid[key]));
                let then =
                    paid["to"].as_str().map_or_else(|| "is paid".to_owned(), |to| format!("goes to {to}"));
                let (amount, at) = (wei(&paid["amountWei"]), moment(&paid["paidAt"]));
                out.push_str(&format!(
                    "payment {id}: {amount} of {holder} from {from} {then} from {at} on\n"
                ));
            }
            let [issued, burnt, held] = ["issuedWei", "burntWei", "heldWei"].map(|key| wei(&stakes[key]));
            out.push_str(&format!("issued {issued}, burnt {burnt}, held {held}\n"));
            out
        })
    }
}

/// How members stand: score, blocks written, turns missed.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  polity standing de --dir .polity/standing")]
pub(crate) struct Standing {
    /// One member, by id.
    member: Option<String>,
    #[command(flatten)]
    rpc: RpcArgs,
}

impl Standing {
    pub(crate) fn run(self, as_json: bool) -> Outcome {
        let client = self.rpc.client()?;
        let found: Value = client.call("polity_standing", json!([self.member]))?;
        print(as_json, &found, || {
            let mut rows = vec![row(&["member", "status", "score", "written", "missed", "in a row"])];
            for score in array(&found) {
                let keys = ["member", "status", "score", "written", "missed", "inARow"];
                rows.push(keys.map(|key| text(&score[key])).to_vec());
            }
            table(&rows) + &self.member.as_ref().map(|member| settled(&client, member)).unwrap_or_default()
        })
    }
}

/// Where to read what articles did to the score of `member`; nothing if none did.
fn settled(client: &Client, member: &str) -> String {
    let filter = json!([{ "member": member, "limit": 1 }]);
    let page: Value = client.call("polity_settlements", filter).unwrap_or_default();
    match array(&page["settlements"]) {
        [] => String::new(),
        _ => format!("what articles have to do with it: `polity settlements --member {member}`\n"),
    }
}

/// Pays out rewards of one's stakes: from one validator, or from all with anything to claim.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  polity claim --as de --dir .polity/stake")]
pub(crate) struct Claim {
    /// The validator, by id.
    candidate: Option<String>,
    #[command(flatten)]
    signer: SignerArgs,
    #[command(flatten)]
    rpc: RpcArgs,
}

impl Claim {
    pub(crate) fn run(self, json: bool) -> Outcome {
        let who = self.signer.address(self.rpc.dir())?;
        let holdings: Value = self.rpc.client()?.call("polity_rewards", json!([who.to_string()]))?;
        let owed = |holding: &&Value| holding["rewardsWei"].as_str().is_some_and(|wei| wei != "0");
        let candidates = match &self.candidate {
            Some(candidate) => vec![candidate.clone()],
            None => array(&holdings).iter().filter(owed).map(|holding| text(&holding["candidate"])).collect(),
        };
        let (mut last, mut sum) = (None, U256::ZERO);
        for candidate in &candidates {
            let call = IConstitution::claimCall { candidate: word("member", candidate)? };
            let receipt = send_to(&self.rpc, &self.signer, CONSTITUTION, U256::ZERO, &call)?;
            let holding = array(&holdings).iter().find(|holding| holding["candidate"] == json!(candidate));
            let rewards = holding.and_then(|holding| holding["rewardsWei"].as_str()?.parse::<U256>().ok());
            sum = sum.saturating_add(rewards.unwrap_or_default());
            last = Some(receipt);
        }
        let receipt = last.ok_or_else(|| Failure::failed("there are no rewards to claim"))?;
        let value = json!({ "candidates": candidates, "rewardsWei": sum.to_string() });
        done(
            json,
            &receipt,
            value,
            &format!("claimed at least {} from {}", amount_text(sum), candidates.join(", ")),
        )
    }
}

/// Pays what was unbonded, when its time has come, to whom it belongs; `polity stakes` shows the numbers.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  polity release 3 --as de --dir .polity/stake")]
pub(crate) struct Release {
    /// Number of the payment.
    id: u64,
    #[command(flatten)]
    signer: SignerArgs,
    #[command(flatten)]
    rpc: RpcArgs,
}

impl Release {
    pub(crate) fn run(self, json: bool) -> Outcome {
        let client = self.rpc.client()?;
        if let Some(paid) = paid(&client, self.id)? {
            return Err(Failure::failed(paid));
        }
        let call = IConstitution::releaseCall { id: U256::from(self.id) };
        let receipt = send_to(&self.rpc, &self.signer, CONSTITUTION, U256::ZERO, &call)?;
        done(json, &receipt, json!({ "id": self.id }), &format!("payment {} released", self.id))
    }
}

/// That payment `id` was paid already, and in which block; `None` if it waits, or never was.
fn paid(client: &Client, id: u64) -> Result<Option<String>, Failure> {
    let stakes: Value = client.call("polity_stakes", json!([]))?;
    if array(&stakes["unbondings"]).iter().any(|payment| payment["id"] == json!(id)) {
        return Ok(None);
    }
    let topics = [IConstitution::Released::SIGNATURE_HASH, U256::from(id).into()];
    let filter =
        json!([{ "address": CONSTITUTION, "fromBlock": "0x0", "toBlock": "latest", "topics": topics }]);
    // A node that keeps no logs that far back leaves it to the chain to say so.
    let logs = client.call::<Value>("eth_getLogs", filter).unwrap_or_default();
    let Some(log) = array(&logs).first() else { return Ok(None) };
    let block = log["blockNumber"].as_str().and_then(|number| number.parse::<U64>().ok());
    Ok(block.map(|block| {
        format!("payment {id} was paid already, in block {block}: nothing of it waits any more")
    }))
}

/// Every signature of a member on finalized blocks: in certificates, and in evidence. Who signed what stays on record.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  polity signatures de --from 100 --to 200 --json")]
pub(crate) struct Signatures {
    /// The member, by id.
    member: String,
    /// First height; without it, the last thousand.
    #[arg(long)]
    from: Option<u64>,
    /// Last height; without it, the newest block.
    #[arg(long)]
    to: Option<u64>,
    #[command(flatten)]
    rpc: RpcArgs,
}

impl Signatures {
    pub(crate) fn run(self, as_json: bool) -> Outcome {
        let client = self.rpc.client()?;
        let (mut from, mut all) = (self.from, Vec::new());
        loop {
            let page: Value = client.call("polity_signatures", json!([self.member, from, self.to]))?;
            all.extend(array(&page["signatures"]).iter().cloned());
            match page["next"].as_u64() {
                Some(next) => from = Some(next),
                None => break,
            }
        }
        let all = Value::Array(all);
        print(as_json, &all, || {
            let mut rows = vec![row(&["height", "round", "said", "block", "key", "wrote"])];
            for signed in array(&all) {
                let hash = signed["blockHash"].as_str().and_then(|hash| hash.parse::<B256>().ok());
                let block = hash.map_or_else(|| "nil".to_owned(), |hash| hash.to_string());
                let wrote = if signed["wrote"] == true { "wrote it" } else { "" };
                rows.push(vec![
                    text(&signed["height"]),
                    text(&signed["round"]),
                    text(&signed["said"]),
                    block,
                    text(&signed["validator"]),
                    wrote.to_owned(),
                ]);
            }
            let count = rows.len().saturating_sub(1);
            format!("{}{count} signatures of {}", table(&rows), self.member)
        })
    }
}
