//! `polity demo paris`: the acts, and the order of the telling.

use std::{path::Path, sync::mpsc::Receiver, time::Instant};

use alloy_primitives::U256;
use polity_charter::{Date, parse_amount_wei};
use polity_institutions::assembly::IAssembly::Choice;
use polity_node::{InitOptions, LocalNetwork};
use serde_json::json;

use super::{
    checks::Checks,
    script::{Act, Script, amend, pay},
    story::Story,
    told::Told,
    treaty::{self, TREATY, Treaty},
    vote::{AMENDMENT, CHAMBER, PAID, PAID_FROM, PAYEE, RELIEF, Votes},
};
use crate::{
    client::Client,
    local::Processes,
    output::{Failure, say},
};

/// The Conference of the Parties in Marrakech opened on 7 November 2016; Fiji presided over the next.
const RELIEF_ON: (&str, &str) = ("MAR", "2016-11-07");
const RELIEF_BALLOTS_ON: &str = "2016-11-09";
const AMENDMENT_ON: (&str, &str) = ("FJI", "2016-11-15");
const ANNEX_1_BALLOTS_ON: &str = "2016-11-17";
const NON_ANNEX_1_BALLOTS_ON: &str = "2016-11-21";
/// The story has an end.
const LAST_DAY: &str = "2017-01-30";

/// What the amendment changes in the charter: from then on the Conference decides by three fourths.
const CHANGES: [&str; 2] = [
    r#"add rules.three-fourths = { name = { en = "Three fourths of the Parties present and voting", zh = "出席并参加表决的缔约方四分之三多数" }, limb = [{ name = "three-fourths", numerator = "yes", denominator = "voting", threshold = ">= 3/4" }] }"#,
    r#"set chambers.conference.rule = "three-fourths""#,
];

/// Runs the demonstration in `dir`; `None` if it was interrupted.
pub(crate) fn run(
    dir: &Path,
    port: Option<u16>,
    json: bool,
    stop: &Receiver<()>,
) -> Result<Option<Told>, Failure> {
    let started = Instant::now();
    let text =
        polity_charter::builtin("paris").ok_or_else(|| Failure::failed("no built-in charter paris"))?;
    let options = InitOptions { first_rpc_port: port, ..InitOptions::local(dir.to_owned()) };
    let network = polity_node::init("paris (built in)", text, &options).map_err(Failure::input)?;
    let (acts, deposits) = acts(&network)?;
    if !json {
        say!("The Paris Agreement, as a charter of {} members on four nodes.", network.charter.members.len());
        say!("  charter {}", network.charter.hash);
    }
    let processes = Processes::start_with(&network, |url| submit(url, &acts))?;
    let urls = processes.urls();
    if !json {
        for node in &processes.0 {
            say!("  {:<4} {}", node.plan.member, node.ready.rpc);
        }
        say!("\n{deposits} instruments are signed; each may be written on its day and not before.");
        say!("Needed: 55 states, and 55 % of emissions. The days as the ledger tells them:\n");
    }
    let clients = urls.iter().map(|url| Client::new(url)).collect();
    let charter = &network.charter;
    let mut story =
        Story { clients, charter, checks: Checks::default(), json, stop, bar: treaty::bar(json), next: 1 };
    if !tell(&mut story)? {
        return Ok(None);
    }
    let summary = story.summary()?;
    let held = story.checks.held();
    if json {
        say!(
            "{}",
            json!({ "held": held, "checks": story.checks, "summary": summary, "rpc": urls, "seconds": started.elapsed().as_secs() })
        );
    } else {
        say!("\nChecked against public facts, by RPC and by computing again:\n{}", story.checks.text());
        let verdict = if held { "Every check held." } else { "NOT every check held." };
        say!("{verdict} ({} s)", started.elapsed().as_secs());
    }
    Ok(Some(Told { held, urls, processes }))
}

/// From the first block to the amended charter; false if interrupted.
fn tell(story: &mut Story<'_>) -> Result<bool, Failure> {
    let (mut treaty, mut votes) = (Treaty::default(), Votes::default());
    let last = day(LAST_DAY)?;
    while !votes.is_over() {
        let Some(day) = story.next_day()? else { return Ok(false) };
        treaty.tell(story, day)?;
        votes.tell(story, day)?;
        if day.date > last {
            return Err(Failure::failed(format!("by {LAST_DAY} the proposals had not come to their end")));
        }
    }
    story.bar.finish_and_clear();
    treaty.close(story);
    Ok(true)
}

/// Everything the members did, signed.
fn acts(network: &LocalNetwork) -> Result<(Vec<Act>, usize), Failure> {
    let mut script = Script::new(&network.charter, &network.secrets);
    let deposits = script.deposits(TREATY)?;

    let relief = pay(PAID_FROM, script.account(PAYEE)?, amount(PAID)?)?;
    script.propose(RELIEF_ON.0, day(RELIEF_ON.1)?, CHAMBER, "Relief for Fiji", vec![relief])?;
    vote(&mut script, RELIEF, CHAMBER, RELIEF_BALLOTS_ON)?;

    let title = "The Conference shall decide by three fourths";
    script.propose(AMENDMENT_ON.0, day(AMENDMENT_ON.1)?, "constitutional", title, vec![amend(&CHANGES)?])?;
    vote(&mut script, AMENDMENT, "annex-1", ANNEX_1_BALLOTS_ON)?;
    vote(&mut script, AMENDMENT, "non-annex-1", NON_ANNEX_1_BALLOTS_ON)?;
    Ok((script.acts, deposits))
}

/// The members of `chamber` vote: two thirds and more say yes, some say no, some abstain, some stay away.
fn vote(script: &mut Script<'_>, proposal: u64, chamber: &str, on: &str) -> Result<(), Failure> {
    let on = day(on)?;
    for (i, member) in script.members_acting_by(chamber, on)?.into_iter().enumerate() {
        let choice = match i % 9 {
            0..=5 => Choice::Yes,
            6 => Choice::No,
            7 => Choice::Abstain,
            _ => continue,
        };
        script.ballot(&member, on, proposal, choice)?;
    }
    Ok(())
}

fn day(text: &str) -> Result<Date, Failure> {
    Date::parse(text).ok_or_else(|| Failure::failed(format!("{text} is no date")))
}

fn amount(text: &str) -> Result<U256, Failure> {
    parse_amount_wei(text).ok_or_else(|| Failure::failed(format!("{text} is no amount")))
}

/// Gives a node every act; it holds each until its day.
fn submit(url: &str, acts: &[Act]) -> Result<(), Failure> {
    let client = Client::new(url);
    for chunk in acts.chunks(200) {
        let calls: Vec<_> = chunk.iter().map(Act::request).collect();
        for answer in client.batch(&calls)? {
            match answer {
                Err(error) if !error.to_string().contains("already known") => return Err(error.into()),
                _ => {}
            }
        }
    }
    Ok(())
}
