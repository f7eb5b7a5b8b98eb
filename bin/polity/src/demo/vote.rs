//! What is told of proposals: the calls, the ballots, each stage with its reasons, and what the chain then did.

use std::collections::BTreeMap;

use alloy_primitives::{U64, U256, keccak256};
use polity_charter::{amount_text, parse_amount_wei};
use polity_institutions::assembly::IAssembly::{
    BallotCast, Executed, ExecutionFailed, Proposed, StageConcluded,
};
use serde_json::{Value, json};

use super::story::{Day, Story, topic_number};
use crate::{output::Failure, words::Words};

/// Whom the relief is paid to. Cyclone Winston struck Fiji on 20 February 2016.
pub(super) const PAYEE: &str = "FJI";
/// The treasury account it is paid from.
pub(super) const PAID_FROM: &str = "adaptation";
/// In currency units.
pub(super) const PAID: &str = "250000";
/// The chamber whose rule is amended.
pub(super) const CHAMBER: &str = "conference";
/// Its rule before and after.
pub(super) const RULES: (&str, &str) = ("two-thirds", "three-fourths");
/// The proposal of relief, decided by the conference.
pub(super) const RELIEF: u64 = 1;
/// The amendment, decided by two chambers.
pub(super) const AMENDMENT: u64 = 2;
/// Most characters of a call that are shown.
const CALL_CHARS_MAX: usize = 150;

/// The proposals, as far as they have been told.
#[derive(Default)]
pub(super) struct Votes {
    /// Chambers that adopted each proposal, in order.
    adopted_by: BTreeMap<u64, Vec<String>>,
    executed: u64,
}

impl Votes {
    /// Whether both proposals have come to their end.
    pub(super) const fn is_over(&self) -> bool {
        self.executed == AMENDMENT
    }

    /// Tells what `day` brought.
    pub(super) fn tell(&mut self, story: &mut Story<'_>, day: Day) -> Result<(), Failure> {
        for log in story.events::<Proposed>(day.height)? {
            story.bar.finish_and_clear();
            let proposal = proposal(story, number(&log)?, day)?;
            story.say(&format!(
                "\n  {day}  {} proposes: {}",
                text(&proposal["proposer"]),
                text(&proposal["title"])
            ));
            let words = Words::of(story.client());
            for call in proposal["calls"].as_array().into_iter().flatten() {
                story.say(&format!("      → {}", shorten(&words.call(call))));
            }
            let chambers: Vec<&str> = stages(&proposal).map(|stage| text(&stage["chamber"])).collect();
            story.say(&format!(
                "      track {}, decided by {}",
                text(&proposal["track"]),
                chambers.join(", then ")
            ));
        }
        let ballots = story.events::<BallotCast>(day.height)?.len();
        if ballots > 0 {
            story.say(&format!("  {day}  {ballots} ballots are cast"));
        }
        for log in story.events::<StageConcluded>(day.height)? {
            self.concluded(story, day, number(&log)?, topic_number(&log, 2).unwrap_or(0))?;
        }
        for log in story.events::<Executed>(day.height)? {
            self.executed = number(&log)?;
            match self.executed {
                RELIEF => relief(story, day)?,
                AMENDMENT => self.amendment(story, day)?,
                _ => {}
            }
        }
        if let Some(log) = story.events::<ExecutionFailed>(day.height)?.first() {
            let proposal = proposal(story, number(log)?, day)?;
            return Err(Failure::failed(format!(
                "proposal {} failed: {}",
                proposal["id"], proposal["failure"]["text"]
            )));
        }
        Ok(())
    }

    /// A stage came to its outcome: why, in two languages.
    fn concluded(&mut self, story: &mut Story<'_>, day: Day, id: u64, stage: u64) -> Result<(), Failure> {
        let proposal = proposal(story, id, day)?;
        let Some(record) = stages(&proposal).nth(usize::try_from(stage).unwrap_or(usize::MAX)) else {
            return Err(Failure::failed(format!("proposal {id} has no stage {stage}")));
        };
        let chamber = text(&record["chamber"]).to_owned();
        let why: Value = story.client().call("polity_whyReport", json!([id, day.height, stage]))?;
        story.say(&format!("  {day}  the vote of {chamber} is concluded; why:"));
        for language in ["en", "zh"] {
            for line in text(&why["text"][language]).lines() {
                story.say(&format!("      {line}"));
            }
        }
        let claim = format!("hash of the why-report of {chamber} on proposal {id}, recorded by the chain");
        story.checks.compare(&claim, text(&why["hash"]), text(&record["reportHash"]));
        if record["adopted"] == true {
            self.adopted_by.entry(id).or_default().push(chamber);
        }
        Ok(())
    }

    /// The charter is amended: the rule, its version, and the hash that every later block carries.
    fn amendment(&self, story: &mut Story<'_>, day: Day) -> Result<(), Failure> {
        let by = self.adopted_by.get(&AMENDMENT).map(|chambers| chambers.join(" and ")).unwrap_or_default();
        story.checks.compare("the amendment was adopted by", "annex-1 and non-annex-1", by);
        let rule = |story: &Story<'_>, at: u64| -> Result<String, Failure> {
            let chambers: Vec<Value> = story.client().call("polity_chambers", json!([at]))?;
            let chamber = chambers.iter().find(|chamber| chamber["id"] == CHAMBER);
            Ok(chamber.map(|chamber| text(&chamber["rule"]).to_owned()).unwrap_or_default())
        };
        let (before, after) = (rule(story, day.height - 1)?, rule(story, day.height)?);
        story.say(&format!(
            "  {day}  carried out by the chain: the Conference decided by {before}, and decides by {after} from now on."
        ));
        story.checks.compare("rule of the Conference before", RULES.0, before);
        story.checks.compare("rule of the Conference after", RULES.1, after);
        amended_charter(story)
    }
}

/// The payment was made by itself.
fn relief(story: &mut Story<'_>, day: Day) -> Result<(), Failure> {
    let payee: Value = story.client().call("polity_member", json!([PAYEE]))?;
    let balance = |at: u64| -> Result<U256, Failure> {
        Ok(story.client().call("eth_getBalance", json!([payee["account"], U64::from(at)]))?)
    };
    let treasury = |at: u64| -> Result<U256, Failure> {
        let accounts: Vec<Value> = story.client().call("polity_treasury", json!([at]))?;
        let account = accounts.iter().find(|account| account["name"] == PAID_FROM);
        let wei = account.map(|account| text(&account["balanceWei"])).unwrap_or_default();
        wei.parse().map_err(Failure::failed)
    };
    let symbol = &story.charter.currency.symbol;
    let amount =
        |wei: Option<U256>| wei.map(|wei| format!("{} {symbol}", amount_text(wei))).unwrap_or_default();
    let expected = amount(parse_amount_wei(PAID));
    let paid = amount(balance(day.height)?.checked_sub(balance(day.height - 1)?));
    let spent = amount(treasury(day.height - 1)?.checked_sub(treasury(day.height)?));
    story.say(&format!("  {day}  carried out by the chain: {paid} from `{PAID_FROM}` to {PAYEE}"));
    story.checks.compare("paid to Fiji", &expected, paid);
    story.checks.compare("taken from the treasury", &expected, spent);
    Ok(())
}

/// The amended charter is in force: its text hashes to what the chain recorded and the next block carries.
fn amended_charter(story: &mut Story<'_>) -> Result<(), Failure> {
    let Some(next) = story.next_day()? else { return Err(Failure::failed("interrupted")) };
    let charter: Value = story.client().call("polity_getCharter", json!([]))?;
    let block: Value = story.client().call("eth_getBlockByNumber", json!([U64::from(next.height), false]))?;
    let amended = polity_charter::parse("amended charter", text(&charter["text"]));
    let rule =
        amended.as_ref().ok().and_then(|read| read.charter.chamber(CHAMBER)).map(|chamber| &chamber.rule);
    let hash = keccak256(text(&charter["text"])).to_string();
    story.say(&format!(
        "  {next}  the amended charter is in force: version {} by proposal {}, hash\n      {hash}",
        charter["version"], charter["proposal"]
    ));
    for change in charter["changes"].as_array().into_iter().flatten() {
        story.say(&format!("      {}", shorten(text(change))));
    }
    story.checks.compare("version of the charter in force", 1, &charter["version"]);
    story.checks.compare(
        "its text says that the Conference decides by",
        RULES.1,
        rule.map_or("", String::as_str),
    );
    story.checks.compare(
        "its text, hashed here, is what the next block carries",
        &hash,
        text(&block["extraData"]),
    );
    Ok(())
}

fn proposal(story: &Story<'_>, id: u64, day: Day) -> Result<Value, Failure> {
    Ok(story.client().call("polity_proposal", json!([id, day.height]))?)
}

fn stages(proposal: &Value) -> impl Iterator<Item = &Value> {
    proposal["stages"].as_array().into_iter().flatten()
}

fn number(log: &Value) -> Result<u64, Failure> {
    topic_number(log, 1).ok_or_else(|| Failure::failed("an event without a proposal"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(CALL_CHARS_MAX).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
