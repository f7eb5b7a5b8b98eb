//! The life of a proposal besides proposing and voting: sponsors, the deposit, cancelling; tracks and the agenda.

use alloy_primitives::U256;
use clap::Args;
use polity_institutions::assembly::IAssembly;
use serde_json::{Value, json};

use super::{
    act::{SignerArgs, done, send, send_value},
    read::{array, list, moment, row, table, text},
};
use crate::{
    client::{Client, RpcArgs},
    output::{Failure, Outcome, print},
    words::Words,
};

/// Sponsors a draft, so that it can open; a member with the right to propose may.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  polity sponsor 3 --as FJI --dir .polity/paris")]
pub(crate) struct Sponsor {
    /// The draft, by number.
    proposal: u64,
    /// Take the sponsorship back.
    #[arg(long)]
    withdraw: bool,
    #[command(flatten)]
    signer: SignerArgs,
    #[command(flatten)]
    rpc: RpcArgs,
}

impl Sponsor {
    pub(crate) fn run(self, json: bool) -> Outcome {
        let id = U256::from(self.proposal);
        let receipt = if self.withdraw {
            send(&self.rpc, &self.signer, &IAssembly::unsponsorCall { id })?
        } else {
            send(&self.rpc, &self.signer, &IAssembly::sponsorCall { id })?
        };
        let said = if self.withdraw { "taken back for" } else { "recorded for" };
        let value = json!({ "proposal": self.proposal, "sponsors": !self.withdraw });
        done(json, &receipt, value, &format!("sponsorship {said} proposal {}", self.proposal))
    }
}

/// Pays the deposit that a draft waits for. Whoever pays gets it back at the end, unless the track says that it is forfeited.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  polity pay-deposit 3 --as FJI --dir .polity/paris")]
pub(crate) struct PayDeposit {
    /// The draft, by number.
    proposal: u64,
    #[command(flatten)]
    signer: SignerArgs,
    #[command(flatten)]
    rpc: RpcArgs,
}

impl PayDeposit {
    pub(crate) fn run(self, json: bool) -> Outcome {
        let proposal: Value = self.rpc.client()?.call("polity_proposal", json!([self.proposal]))?;
        if proposal.is_null() {
            return Err(Failure::failed(format!("no proposal {}", self.proposal)));
        }
        let needed = wei(&proposal["deposit"]["neededWei"])
            .ok_or_else(|| Failure::failed(format!("proposal {} needs no deposit", self.proposal)))?;
        let call = IAssembly::placeDepositCall { id: U256::from(self.proposal) };
        let receipt = send_value(&self.rpc, &self.signer, needed, &call)?;
        let value = json!({ "proposal": self.proposal, "amountWei": needed.to_string() });
        let amount = Words::of(&self.rpc.client()?).money(needed);
        done(json, &receipt, value, &format!("{amount} deposited for proposal {}", self.proposal))
    }
}

fn wei(value: &Value) -> Option<U256> {
    value.as_str()?.parse().ok()
}

/// The deposit that `track` asks for with a proposal; zero for a chamber.
pub(super) fn deposit_of(client: &Client, track: &str) -> Result<U256, Failure> {
    let found: Value = client.call("polity_tracks", json!([]))?;
    let track = array(&found["tracks"]).iter().find(|known| known["id"] == track);
    Ok(track.and_then(|track| wei(&track["depositWei"])).unwrap_or_default())
}

/// Takes a proposal back, as its proposer; or, as a member of its track's guardian chamber, is for stopping it.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  polity cancel 3 --reason 'Overtaken by events' --as FJI --dir .polity/paris"
)]
pub(crate) struct Cancel {
    /// The proposal, by number.
    proposal: u64,
    /// Why, in the open.
    #[arg(long, default_value = "")]
    reason: String,
    /// As a guardian: no longer for stopping it.
    #[arg(long, conflicts_with = "reason")]
    withdraw: bool,
    #[command(flatten)]
    signer: SignerArgs,
    #[command(flatten)]
    rpc: RpcArgs,
}

impl Cancel {
    pub(crate) fn run(self, json: bool) -> Outcome {
        let (id, number) = (U256::from(self.proposal), self.proposal);
        let receipt = if self.withdraw {
            send(&self.rpc, &self.signer, &IAssembly::uncancelCall { id })?
        } else {
            let reason = self.reason.clone();
            send(&self.rpc, &self.signer, &IAssembly::cancelCall { id, reason })?
        };
        let proposal: Value = self.rpc.client()?.call("polity_proposal", json!([number]))?;
        let status = text(&proposal["status"]);
        let said = match (status.as_str(), self.withdraw) {
            ("cancelled", _) => format!("proposal {number} is cancelled"),
            (_, true) => {
                format!("the guardian's vote to stop proposal {number} is taken back; it is {status}")
            }
            (_, false) => format!(
                "recorded as a guardian's vote to stop proposal {number}; it is still {status} until the guardian's rule is met"
            ),
        };
        done(json, &receipt, json!({ "proposal": number, "status": status }), &said)
    }
}

/// The tracks: how proposals are treated, kind by kind, strictest first. `polity charter show` says the same in sentences.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  polity tracks")]
pub(crate) struct Tracks {
    #[command(flatten)]
    rpc: RpcArgs,
}

impl Tracks {
    pub(crate) fn run(self, as_json: bool) -> Outcome {
        let client = self.rpc.client()?;
        let found: Value = client.call("polity_tracks", json!([]))?;
        print(as_json, &found, || {
            let words = Words::of(&client);
            if array(&found["tracks"]).is_empty() {
                return "no tracks: every proposal is decided by the chamber it names".to_owned();
            }
            let mut rows =
                vec![row(&["track", "strictness", "judges", "votes", "sponsors", "deposit", "name"])];
            rows.extend(array(&found["tracks"]).iter().map(|track| track_row(&words, track)));
            table(&rows) + &format!("constitutional: {}\n", list(&found["constitutional"]))
        })
    }
}

fn track_row(words: &Words, track: &Value) -> Vec<String> {
    let chambers: Vec<_> = array(&track["stages"]).iter().map(|stage| text(&stage["chamber"])).collect();
    let also = list(&track["also"]);
    let judges =
        list(&track["kinds"]) + &if also.is_empty() { String::new() } else { format!(" (and {also})") };
    vec![
        text(&track["id"]),
        text(&track["strictness"]),
        judges,
        chambers.join(" → "),
        text(&track["sponsors"]),
        words.money_text(&text(&track["depositWei"])),
        text(&track["name"]),
    ]
}

/// What the chain will do by itself, earliest first.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  polity agenda")]
pub(crate) struct Agenda {
    #[command(flatten)]
    rpc: RpcArgs,
}

impl Agenda {
    pub(crate) fn run(self, as_json: bool) -> Outcome {
        let agenda: Value = self.rpc.client()?.call("polity_agenda", json!([]))?;
        print(as_json, &agenda, || {
            let line = |entry: &Value| vec![moment(&entry["at"]), text(&entry["text"])];
            let lines: Vec<_> = array(&agenda["entries"]).iter().map(line).collect();
            if lines.is_empty() {
                return "nothing is due".to_owned();
            }
            table(&[vec![row(&["not before (UTC)", "what happens then, by itself"])], lines].concat())
        })
    }
}

/// Reads `yes=60,no=40`: percents with at most two decimals, as parts of 10,000 for yes, no, abstain and veto.
pub(super) fn parts(text: &str) -> Result<[u16; 4], String> {
    const CHOICES: [&str; 4] = ["yes", "no", "abstain", "veto"];
    let mut parts = [0u16; 4];
    for piece in text.split(',') {
        let (choice, percent) = piece.split_once('=').ok_or("a split is written yes=60,no=40")?;
        let place = CHOICES.iter().position(|known| *known == choice.trim());
        let part = place.and_then(|place| parts.get_mut(place));
        let part = part.ok_or_else(|| format!("`{choice}` is none of yes, no, abstain and veto"))?;
        *part = hundredths(percent.trim()).ok_or_else(|| format!("`{percent}` is no percentage"))?;
    }
    let sum: u32 = parts.iter().copied().map(u32::from).sum();
    if sum == 10_000 {
        Ok(parts)
    } else {
        Err(format!("the parts sum to {}.{:02} %, not to 100 %", sum / 100, sum % 100))
    }
}

/// `33.33` as 3333.
fn hundredths(percent: &str) -> Option<u16> {
    let (whole, fraction) = percent.split_once('.').unwrap_or((percent, ""));
    let is_number = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if fraction.len() > 2 || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let whole: u16 = whole.parse().ok()?;
    let fraction: u16 = format!("{fraction:0<2}").parse().ok()?;
    whole.checked_mul(100)?.checked_add(fraction)
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn splits_are_percents_that_make_a_hundred() {
        for (text, expected) in [
            ("yes=60,no=40", Ok([6_000, 4_000, 0, 0])),
            ("abstain=33.33, veto=66.67", Ok([0, 0, 3_333, 6_667])),
            ("no=100", Ok([0, 10_000, 0, 0])),
            ("no=99.9,yes=0.1", Ok([10, 9_990, 0, 0])),
            ("yes=60", Err("the parts sum to 60.00 %, not to 100 %")),
            ("yes=60,no=41", Err("the parts sum to 101.00 %, not to 100 %")),
            ("yes", Err("a split is written yes=60,no=40")),
            ("maybe=100", Err("`maybe` is none of yes, no, abstain and veto")),
            ("yes=-1,no=101", Err("`-1` is no percentage")),
            ("yes=1.005,no=98.995", Err("`1.005` is no percentage")),
            ("yes=99999,no=1", Err("`99999` is no percentage")),
        ] {
            assert_eq!(parts(text), expected.map_err(str::to_owned), "{text}");
        }
    }
}
