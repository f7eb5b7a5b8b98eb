//! Sealed ballots: kept in the member's own files before the commitment is sent, and revealed from them after the close.
//!
//! Rule kept: no commitment leaves this machine before what it holds is on the disk, and nothing kept is ever rewritten: a file only
//! grows, by a line for each ballot, and the chain says which of them counts.

use std::{
    fs::{File, OpenOptions},
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use alloy_primitives::{B256, U64, U256};
use alloy_sol_types::SolCall;
use clap::Args;
use polity_institutions::assembly::{IAssembly, commitment};
use polity_node::Secret;
use polity_primitives::ASSEMBLY;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    act::{SignerArgs, done, send, word},
    proposals::percent,
    read::{moment, text, time},
};
use crate::{
    client::{Client, RpcArgs},
    output::{Failure, Outcome},
};

/// What a file keeps of a ballot: one line of JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    commitment: B256,
    /// Parts of 10,000 for yes, no, abstain and veto.
    parts: [u16; 4],
    salt: B256,
}

/// Where ballots of one member on one stage of a proposal are kept.
struct Place {
    member: String,
    file: PathBuf,
    stage: u64,
    chain_id: u64,
}

impl Place {
    fn of(client: &Client, rpc: &RpcArgs, signer: &SignerArgs, proposal: &Value) -> Result<Self, Failure> {
        let account = signer.address(rpc.dir())?;
        let member: Value = client.call("polity_member", json!([account]))?;
        let Some(member) = member["id"].as_str() else {
            return Err(Failure::failed(format!("{account} acts for no member")));
        };
        let chain_id = client.call::<U64>("eth_chainId", json!([]))?.to::<u64>();
        let stage = proposal["stage"].as_u64().unwrap_or_default();
        let name = format!("{chain_id}-{}-{stage}-{member}.jsonl", text(&proposal["id"]));
        Ok(Self { member: member.to_owned(), file: home(rpc.dir())?.join(name), stage, chain_id })
    }
}

/// The directory of a local network has the ballots of its members; elsewhere they are in the user's home.
fn home(dir: Option<&Path>) -> Result<PathBuf, Failure> {
    match (dir, std::env::var_os("HOME")) {
        (Some(dir), _) => Ok(dir.join("ballots")),
        (None, Some(home)) => Ok(Path::new(&home).join(".polity").join("ballots")),
        (None, None) => Err(Failure::input("where to keep the ballot? Set HOME, or give --dir")),
    }
}

/// Adds `kept` to `file` and returns when it is on the disk. Only the user can read it.
fn keep(file: &Path, kept: &Kept) -> Result<(), Failure> {
    let wrong = |error: std::io::Error| Failure::failed(format!("{}: {error}", file.display()));
    let dir = file.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(dir).map_err(wrong)?;
    let mut open = OpenOptions::new().create(true).append(true).mode(0o600).open(file).map_err(wrong)?;
    // A line that a crash cut short before must not swallow this one.
    let line = format!("\n{}\n", serde_json::to_string(kept)?);
    open.write_all(line.as_bytes()).and_then(|()| open.sync_all()).map_err(wrong)?;
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(wrong)
}

/// What `file` keeps. A line that a crash cut short is passed over: its commitment was never sent.
fn kept(file: &Path) -> Vec<Kept> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// Until when ballots of the present stage are revealed, if they are sealed.
pub(super) fn reveals_until(proposal: &Value) -> Option<u64> {
    let stage = usize::try_from(proposal["stage"].as_u64()?).ok()?;
    proposal["stages"][stage]["revealsUntil"].as_u64()
}

/// Keeps a ballot on `proposal` and commits to it; with `None`, takes the commitment back.
pub(super) fn commit(
    json: bool,
    rpc: &RpcArgs,
    signer: &SignerArgs,
    proposal: &Value,
    parts: Option<[u16; 4]>,
) -> Outcome {
    let client = rpc.client()?;
    let place = Place::of(&client, rpc, signer, proposal)?;
    let id = U256::from(proposal["id"].as_u64().unwrap_or_default());
    let mut sealed = B256::ZERO;
    if let Some(parts) = parts {
        let salt = B256::from(Secret::random().bytes());
        sealed = commitment(place.chain_id, id, place.stage, word("member", &place.member)?, parts, salt);
        // What the chain would refuse leaves nothing behind.
        let call = IAssembly::commitCall { id, commitment: sealed }.abi_encode();
        client.terms(signer.address(rpc.dir())?, (ASSEMBLY, U256::ZERO, &call.into()))?;
        keep(&place.file, &Kept { commitment: sealed, parts, salt })?;
    }
    let receipt = send(rpc, signer, &IAssembly::commitCall { id, commitment: sealed })?;
    let value = json!({ "proposal": proposal["id"], "commitment": sealed, "file": place.file });
    let words = match parts {
        None => format!("sealed ballot on proposal {id} taken back"),
        Some(_) => format!(
            "sealed ballot on proposal {id}, kept in {}\n  reveal it after {} and before {} with: polity reveal {id}{}",
            place.file.display(),
            moment(&proposal["closesAt"]),
            moment(&json!(reveals_until(proposal))),
            signer.again(rpc),
        ),
    };
    done(json, &receipt, value, &words)
}

/// Reveals a sealed ballot, from the file in which `polity ballot` kept it. It must be done between the close of the ballots and the end
/// of the reveals; what an unrevealed ballot means is in the charter.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  polity reveal 3 --as FJI --dir .polity/paris")]
pub(crate) struct Reveal {
    /// The proposal, by number.
    proposal: u64,
    #[command(flatten)]
    signer: SignerArgs,
    #[command(flatten)]
    rpc: RpcArgs,
}

impl Reveal {
    pub(crate) fn run(self, json: bool) -> Outcome {
        let client = self.rpc.client()?;
        let proposal: Value = client.call("polity_proposal", json!([self.proposal]))?;
        if proposal.is_null() {
            return Err(Failure::failed(format!("no proposal {}", self.proposal)));
        }
        in_time(&client, &proposal)?;
        let place = Place::of(&client, &self.rpc, &self.signer, &proposal)?;
        let id = U256::from(self.proposal);
        let call = IAssembly::commitmentOfCall { id, member: word("member", &place.member)? };
        let request = json!({ "to": ASSEMBLY, "data": alloy_primitives::Bytes::from(call.abi_encode()) });
        let sealed: B256 = client.call("eth_call", json!([request, "latest"]))?;
        if sealed.is_zero() {
            return Err(Failure::failed(format!("{} has no sealed ballot on proposal {id}", place.member)));
        }
        if !place.file.exists() {
            return Err(Failure::failed(format!(
                "the sealed ballot of {} is not here: there is no {}. It is kept where `polity ballot` was run",
                place.member,
                place.file.display()
            )));
        }
        let Some(Kept { parts: [yes, no, abstain, veto], salt, .. }) =
            kept(&place.file).into_iter().find(|kept| kept.commitment == sealed)
        else {
            return Err(Failure::failed(format!(
                "{} does not hold the ballot that {} committed to, {sealed}",
                place.file.display(),
                place.member
            )));
        };
        let call = IAssembly::revealCall { id, yes, no, abstain, veto, salt };
        let receipt = send(&self.rpc, &self.signer, &call)?;
        let value =
            json!({ "proposal": self.proposal, "yes": yes, "no": no, "abstain": abstain, "veto": veto });
        let parts = [("yes", yes), ("no", no), ("abstain", abstain), ("veto", veto)];
        let said: Vec<String> = parts
            .into_iter()
            .filter(|(_, part)| *part > 0)
            .map(|(word, part)| match part {
                10_000 => word.to_owned(),
                part => format!("{word} {} %", percent(part.into())),
            })
            .collect();
        done(json, &receipt, value, &format!("revealed on proposal {id}: {}", said.join(", ")))
    }
}

/// Says when to come, if reveals are not taken now.
fn in_time(client: &Client, proposal: &Value) -> Result<(), Failure> {
    let (id, Some(until)) = (text(&proposal["id"]), reveals_until(proposal)) else {
        return Err(Failure::failed(format!("ballots on proposal {} are not sealed", text(&proposal["id"]))));
    };
    let status: Value = client.call("polity_status", json!([]))?;
    let now = status["head"]["timestamp"].as_u64().unwrap_or_default();
    let closes_at = proposal["closesAt"].as_u64().unwrap_or_default();
    // The next block may be later than the head: only what is surely too early or too late is refused here.
    if now < until && (proposal["status"] == "open" && now.saturating_add(1) >= closes_at) {
        return Ok(());
    }
    let (from, until) = (moment(&proposal["closesAt"]), moment(&json!(until)));
    Err(Failure::failed(format!(
        "ballots on proposal {id} are revealed from {from} until {until}; it is {}",
        time(now)
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ballot_is_kept_for_its_owner_alone_and_a_torn_line_loses_none() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("ballots").join("1-2-0-FRA.jsonl");
        let ballots: Vec<Kept> = (0..3u8)
            .map(|n| Kept {
                commitment: B256::repeat_byte(n),
                parts: [10_000, 0, 0, 0],
                salt: B256::repeat_byte(n + 9),
            })
            .collect();
        for ballot in &ballots {
            keep(&file, ballot).unwrap();
        }
        assert_eq!(kept(&file), ballots);
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        OpenOptions::new().append(true).open(&file).unwrap().write_all(b"{\"commitment\":\"0x00").unwrap();
        assert_eq!(kept(&file), ballots);
        keep(&file, &ballots[0]).unwrap();
        assert_eq!(kept(&file).len(), 4, "the next one is not lost with it");
        assert_eq!(kept(dir.path()), []);
    }
}
