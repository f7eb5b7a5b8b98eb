//! Chambers and their seats: who sits, standing and electing, bonding and unbonding.

use alloy_primitives::U256;
use clap::Args;
use polity_charter::{amount_text, parse_amount_wei};
use polity_institutions::{assembly::IAssembly, constitution::IConstitution};
use polity_primitives::CONSTITUTION;
use serde_json::{Value, json};

use super::{
    act::{SignerArgs, done, send, send_to, send_value, word},
    read::{array, list, moment, row, table, text},
    stake::{ForceArgs, comes_back, losses, unbonded, with_effects},
};
use crate::{
    client::{RpcArgs, TxReceipt},
    output::{Failure, Outcome, print},
    words::Words,
};

/// The chambers: how their seats are filled and who has them; candidates, lots and stakes.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  polity chambers council --dir .polity/dev")]
pub(crate) struct Chambers {
    /// One chamber, by id.
    chamber: Option<String>,
    #[command(flatten)]
    rpc: RpcArgs,
}

impl Chambers {
    pub(crate) fn run(self, as_json: bool) -> Outcome {
        let client = self.rpc.client()?;
        let mut chambers: Value = client.call("polity_chambers", json!([]))?;
        let seats: Value = client.call("polity_seats", json!([self.chamber]))?;
        if let Value::Array(list) = &mut chambers {
            list.retain(|chamber| self.chamber.as_ref().is_none_or(|id| chamber["id"] == json!(id)));
            for chamber in list {
                let filled = array(&seats).iter().find(|seats| seats["chamber"] == chamber["id"]);
                chamber["filled"] = filled.cloned().unwrap_or_default();
            }
        }
        print(as_json, &chambers, || {
            let words = Words::of(&client);
            array(&chambers).iter().map(|one| chamber_text(&words, one)).collect::<Vec<_>>().join("\n")
        })
    }
}

fn chamber_text(words: &Words, chamber: &Value) -> String {
    let filled = &chamber["filled"];
    let mut rows = vec![row(&["chamber", &format!("{}  {}", text(&chamber["id"]), text(&chamber["name"]))])];
    let mut line = |name: &str, words: String| rows.push(row(&[name, &words]));
    line("rule", text(&chamber["rule"]));
    if let Some(secs) = chamber["secret"]["revealSecs"].as_u64() {
        let means = text(&chamber["secret"]["unrevealed"]);
        line(
            "ballots",
            format!("sealed, revealed within {secs} s after the close; unrevealed ones mean {means}"),
        );
    }
    match filled["by"].as_str() {
        None => line("sits", described(chamber)),
        Some(by @ ("election" | "sortition")) => {
            let how = if by == "election" { "elected by" } else { "drawn from" };
            line("sits", format!("{} seats, {how} {}", text(&filled["seats"]), text(&filled["source"])));
            let members = list(&filled["members"]);
            let term = format!("{} until {}", text(&filled["term"]), moment(&filled["endsAt"]));
            line("term", if members.is_empty() { "nobody has been seated yet".to_owned() } else { term });
            if !members.is_empty() {
                line("members", members);
            }
            if let Some(vacant @ 1..) = filled["vacant"].as_u64() {
                line(
                    "vacant",
                    format!("{vacant} seats, until the term ends: fewer were found than there are seats"),
                );
            }
            if !filled["electionClosesAt"].is_null() {
                line("election", format!("ballots until {}", moment(&filled["electionClosesAt"])));
            }
            if filled["isDrawing"] == true {
                line("draw", "lots are being drawn".to_owned());
            }
            for candidate in array(&filled["candidates"]) {
                let withdrawn = if candidate["withdrawn"] == true { ", withdrawn" } else { "" };
                let words =
                    format!("{} {}{withdrawn}", text(&candidate["member"]), text(&candidate["weight"]));
                line("candidate", words);
            }
            if let Some(words) = too_few(filled) {
                line("", words);
            }
        }
        Some(_) => {
            let (least, whole) = (words.money_text(&text(&filled["minWei"])), &filled["bondedWei"]);
            let bonded = words.money_text(&text(whole));
            line("sits", format!("by stake, from {least} on; {bonded} bonded together"));
            for stake in array(&filled["stakes"]) {
                let amount = words.money_text(&text(&stake["stakeWei"]));
                let short = match stake["sits"] == true {
                    true => String::new(),
                    false => format!(", has no seat: less than {least}"),
                };
                line("stake", format!("{} {amount}{short}", text(&stake["member"])));
            }
            for paid in array(&filled["unbondings"]) {
                let (member, amount) = (text(&paid["member"]), words.money_text(&text(&paid["amountWei"])));
                line("unbonding", format!("{member} {amount}, paid {}", moment(&paid["paidAt"])));
            }
        }
    }
    table(&rows)
}

/// That more may stand: an open election with fewer candidates than seats leaves the others vacant for the whole term.
fn too_few(filled: &Value) -> Option<String> {
    let seats = filled["seats"].as_u64().filter(|_| !filled["electionClosesAt"].is_null())?;
    let stand =
        array(&filled["candidates"]).iter().filter(|candidate| candidate["withdrawn"] != true).count();
    let vacant = seats.checked_sub(u64::try_from(stand).ok()?).filter(|vacant| *vacant > 0)?;
    let stand = match stand {
        0 => "nobody stands yet".to_owned(),
        1 => "1 candidate".to_owned(),
        more => format!("{more} candidates"),
    };
    Some(format!(
        "{stand} for {seats} seats: {vacant} stay vacant for the whole term unless others stand (`polity stand {}`); only who gets a \
         ballot is seated",
        text(&filled["chamber"])
    ))
}

fn described(chamber: &Value) -> String {
    let parts = [("kinds", "of kind"), ("classes", "of class"), ("members", "by name")];
    let parts = parts.map(|(key, words)| (words, list(&chamber[key])));
    let said: Vec<_> = parts
        .iter()
        .filter(|(_, part)| !part.is_empty())
        .map(|(words, part)| format!("{words} {part}"))
        .collect();
    if said.is_empty() { "every member with the right to vote".to_owned() } else { said.join("; ") }
}

pub(super) fn wei(value: &Value) -> String {
    value.as_str().and_then(|text| text.parse::<U256>().ok()).map_or_else(|| text(value), amount_text)
}

/// Stands in the open election of a chamber, or stands down.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  polity stand council --as FJI --dir .polity/paris")]
pub(crate) struct Stand {
    /// The chamber, by id.
    chamber: String,
    /// Stand no more.
    #[arg(long)]
    down: bool,
    #[command(flatten)]
    signer: SignerArgs,
    #[command(flatten)]
    rpc: RpcArgs,
}

impl Stand {
    pub(crate) fn run(self, json: bool) -> Outcome {
        let chamber = word("chamber", &self.chamber)?;
        let receipt = match self.down {
            false => send(&self.rpc, &self.signer, &IAssembly::standCall { chamber })?,
            true => send(&self.rpc, &self.signer, &IAssembly::standDownCall { chamber })?,
        };
        let said = if self.down { "stands down in" } else { "stands in" };
        let value = json!({ "chamber": self.chamber, "stands": !self.down });
        done(json, &receipt, value, &format!("{said} {}", self.chamber))
    }
}

/// Casts a ballot in the open election of a chamber; a later one replaces it, and one that names nobody takes it back.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  polity elect council FJI CHE --as FRA --dir .polity/paris")]
pub(crate) struct Elect {
    /// The chamber, by id.
    chamber: String,
    /// Candidates: all that are approved of or, where the charter says so, one.
    candidates: Vec<String>,
    #[command(flatten)]
    signer: SignerArgs,
    #[command(flatten)]
    rpc: RpcArgs,
}

impl Elect {
    pub(crate) fn run(self, json: bool) -> Outcome {
        let candidates =
            self.candidates.iter().map(|id| word("member", id)).collect::<Result<Vec<_>, _>>()?;
        let call = IAssembly::electCall { chamber: word("chamber", &self.chamber)?, candidates };
        let receipt = send(&self.rpc, &self.signer, &call)?;
        let value = json!({ "chamber": self.chamber, "candidates": self.candidates });
        let named = if self.candidates.is_empty() { "nobody".to_owned() } else { self.candidates.join(", ") };
        done(json, &receipt, value, &format!("{named} for {}", self.chamber))
    }
}

/// Bonds money on this member's own conduct as a validator; with --chamber, in a chamber by stake.
///
/// A validator's bond is what it writes and verifies with where stake counts, and what it loses by dishonesty. A chamber's weighs on
/// proposals that open later. What it does and from when is said; where it would only wait it is refused, unless --force is given.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  polity bond 300 --as de --dir .polity/stake\n  polity bond 25.5 --chamber holders --as FJI --dir .polity/paris"
)]
pub(crate) struct Bond {
    /// How much, in units of the currency, or as in "7 wei".
    amount: String,
    /// A chamber by stake, by id.
    #[arg(long, value_name = "CHAMBER")]
    chamber: Option<String>,
    #[command(flatten)]
    force: ForceArgs,
    #[command(flatten)]
    signer: SignerArgs,
    #[command(flatten)]
    rpc: RpcArgs,
}

impl Bond {
    pub(crate) fn run(self, json: bool) -> Outcome {
        let amount = some(&self.amount, "bonds")?;
        let Some(chamber) = &self.chamber else {
            return self.of_validator(json, amount);
        };
        let call = IAssembly::bondCall { chamber: word("chamber", chamber)? };
        let receipt = send_value(&self.rpc, &self.signer, amount, &call)?;
        moved(json, &self.rpc, &receipt, chamber, (amount, "bonded in"))
    }

    /// A bond on the member's own conduct.
    fn of_validator(&self, json: bool, amount: U256) -> Outcome {
        let account = self.signer.address(self.rpc.dir())?;
        let client = self.rpc.client()?;
        let member: Value = client.call("polity_member", json!([account]))?;
        // Who is no member is told so by the chain.
        let effects = match member["id"].as_str() {
            Some(member) => self.force.effects(&client, (member, true), amount)?,
            None => Vec::new(),
        };
        let receipt = send_to(&self.rpc, &self.signer, CONSTITUTION, amount, &IConstitution::bondCall {})?;
        let value = json!({ "amountWei": amount.to_string(), "effects": effects });
        let said = format!("{} bonded", Words::of(&client).money(amount));
        done(json, &receipt, value, &with_effects(&said, &effects))
    }
}

/// Takes money out of this member's own bond, or with --chamber out of a chamber by stake, to be paid back after the unbonding time.
///
/// A chamber pays back by itself. A validator's bond stays at stake until then and is paid with `polity release`.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  polity unbond 10 --as de --dir .polity/stake")]
pub(crate) struct Unbond {
    /// How much, in units of the currency, or as in "7 wei".
    amount: String,
    /// A chamber by stake, by id.
    #[arg(long, value_name = "CHAMBER")]
    chamber: Option<String>,
    #[command(flatten)]
    signer: SignerArgs,
    #[command(flatten)]
    rpc: RpcArgs,
}

impl Unbond {
    pub(crate) fn run(self, json: bool) -> Outcome {
        let amount = some(&self.amount, "takes out")?;
        let Some(chamber) = &self.chamber else {
            return self.of_validator(json, amount);
        };
        let call = IAssembly::unbondCall { chamber: word("chamber", chamber)?, amount };
        let receipt = send(&self.rpc, &self.signer, &call)?;
        moved(json, &self.rpc, &receipt, chamber, (amount, "unbonded from"))
    }
}

impl Unbond {
    /// Out of the member's own bond, after saying what is lost with it.
    fn of_validator(&self, json: bool, amount: U256) -> Outcome {
        let account = self.signer.address(self.rpc.dir())?;
        let client = self.rpc.client()?;
        let member: Value = client.call("polity_member", json!([account]))?;
        let effects = match member["id"].as_str() {
            Some(member) => losses(&client, (member, true), amount)?,
            None => Vec::new(),
        };
        let call = IConstitution::unbondCall { amount };
        let receipt = send_to(&self.rpc, &self.signer, CONSTITUTION, U256::ZERO, &call)?;
        let payment = unbonded(&receipt).map(|(id, _)| id);
        let value = json!({ "amountWei": amount.to_string(), "payment": payment, "effects": effects });
        let said = format!("{} unbonding{}", Words::of(&client).money(amount), comes_back(&receipt, None));
        done(json, &receipt, value, &said)
    }
}

/// An amount that is not nothing, for what `verb` says of it.
pub(super) fn some(text: &str, verb: &str) -> Result<U256, Failure> {
    let amount = amount(text)?;
    let nothing = || Failure::input(format!("`{text}` {verb} nothing: give an amount above zero"));
    if amount.is_zero() { Err(nothing()) } else { Ok(amount) }
}

pub(super) fn amount(text: &str) -> Result<U256, Failure> {
    parse_amount_wei(text)
        .ok_or_else(|| Failure::input(format!("`{text}` is no amount, such as 1.5 or \"7 wei\"")))
}

fn moved(
    json: bool,
    rpc: &RpcArgs,
    receipt: &TxReceipt,
    chamber: &str,
    (amount, how): (U256, &str),
) -> Outcome {
    let value = json!({ "chamber": chamber, "amountWei": amount.to_string() });
    let shown = Words::of(&rpc.client()?).money(amount);
    done(json, receipt, value, &format!("{shown} {how} {chamber}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_election_with_fewer_candidates_than_seats_says_so_while_they_can_still_stand() {
        let filled = |candidates: Value, closes: Value| json!({ "chamber": "council", "seats": 3, "electionClosesAt": closes, "candidates": candidates });
        let candidate = |withdrawn: bool| json!({ "member": "de", "weight": "1", "withdrawn": withdrawn });
        let lone = too_few(&filled(json!([candidate(false), candidate(true)]), json!(9))).expect("told");
        assert!(lone.starts_with("1 candidate for 3 seats: 2 stay vacant"), "{lone}");
        let three = json!([candidate(false), candidate(false), candidate(false)]);
        assert_eq!(too_few(&filled(three, json!(9))), None);
        assert_eq!(too_few(&filled(json!([]), Value::Null)), None, "the election is over");
    }
}
