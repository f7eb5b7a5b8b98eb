//! What is told of the treaty: instruments day by day, the turning point, the entry into force.

use std::collections::BTreeMap;

use indicatif::{ProgressBar, ProgressStyle};
use polity_charter::Date;
use polity_decision::{BallotsFile, LimbReport, Rational, Report};
use polity_institutions::assembly::IAssembly::{Deposited, EnteredIntoForce};
use serde_json::{Value, json};

use super::story::{Day, Story, topic_name};
use crate::output::Failure;

/// The treaty's id in the charter.
pub(super) const TREATY: &str = "paris-agreement";
/// The day before the thresholds were reached, and what the depositary counted. Source: UN Treaty Collection, XXVII.7.d, and
/// the table of FCCC/CP/2015/10.
const EVE: (&str, &str, &str) = ("2016-10-04", "63", "52.130");
/// The day they were.
const CROSSED: (&str, &str, &str) = ("2016-10-05", "73", "58.830");
/// The thirtieth day after.
const IN_FORCE: &str = "2016-11-04";

/// The treaty, as far as it has been told.
#[derive(Default)]
pub(super) struct Treaty {
    deposits: BTreeMap<String, Date>,
    met: bool,
    in_force: Option<Date>,
}

/// A bar from nothing to the 55 % of emissions that are needed.
pub(super) fn bar(hidden: bool) -> ProgressBar {
    if hidden {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(1000);
    if let Ok(style) = ProgressStyle::with_template("  {msg}  [{bar:40}] of the 55 % needed") {
        bar.set_style(style.progress_chars("█▉ "));
    }
    bar
}

impl Treaty {
    /// Tells what `day` brought.
    pub(super) fn tell(&mut self, story: &mut Story<'_>, day: Day) -> Result<(), Failure> {
        let new = story.events::<Deposited>(day.height)?;
        for log in &new {
            if let Some(member) = topic_name(log, 2) {
                self.deposits.insert(member, day.date);
            }
        }
        let date = day.date.to_string();
        if !new.is_empty() || date == EVE.0 {
            let report = progress(story, day.height)?;
            self.counted(story, day, new.len(), &report);
            for (when, states, share) in [EVE, CROSSED] {
                if date == when {
                    story.checks.compare(&format!("states on {date}"), states, limb(&report, "parties").0);
                    let found = limb(&report, "emissions").1;
                    story.checks.compare(&format!("share of emissions on {date}, %"), share, found);
                }
            }
            if date == CROSSED.0 {
                self.recompute(story, &report)?;
            }
        }
        for log in story.events::<EnteredIntoForce>(day.height)? {
            self.in_force = Some(day.date);
            let tx: Value =
                story.client().call("eth_getTransactionByHash", json!([log["transactionHash"]]))?;
            story.say(&format!(
                "\n  {day}  THE PARIS AGREEMENT ENTERS INTO FORCE, by itself: system transaction\n  {}, sent by nobody\n",
                log["transactionHash"].as_str().unwrap_or_default()
            ));
            story.checks.compare(
                "type of the transaction of entry into force (0x70: made by the chain)",
                "0x70",
                tx["type"].as_str().unwrap_or_default(),
            );
        }
        Ok(())
    }

    fn counted(&mut self, story: &Story<'_>, day: Day, new: usize, report: &Report) {
        let (states, share) = (limb(report, "parties").0, limb(report, "emissions").1);
        let permille = report.limbs.iter().find(|limb| limb.name == "emissions").map(thousandths_of_percent);
        story.bar.set_position(permille.unwrap_or(0) / 55);
        story.bar.set_message(format!("{}  {states} states  {share} %", day.date));
        let both = report.limbs.iter().all(|limb| limb.met);
        let mark = if both && !self.met { "  ← both thresholds are met" } else { "" };
        self.met |= both;
        story.say(&format!("  {day} {new:>3} deposited  {states:>3} states  {share:>7} %{mark}"));
    }

    /// Checks what can only be checked at the end.
    pub(super) fn close(&self, story: &mut Story<'_>) {
        let found = self.in_force.map_or_else(|| "never".to_owned(), |date| date.to_string());
        story.checks.compare("in force on", IN_FORCE, found);
    }

    /// Decides the same, offline, from the deposits the ledger shows; with and without the Union's instrument.
    fn recompute(&self, story: &mut Story<'_>, on_chain: &Report) -> Result<(), Failure> {
        let charter = story.charter;
        let rule = charter.rule("paris-art21").ok_or_else(|| Failure::failed("no rule"))?.clone();
        let dates = self
            .deposits
            .iter()
            .map(|(member, date)| Ok((member.clone(), date.to_string().parse()?)))
            .collect::<Result<BTreeMap<_, _>, polity_decision::Error>>()?;
        let mut file = BallotsFile {
            members: charter.members.iter().map(|member| charter.voter(member)).collect(),
            instruments: dates,
            ..BallotsFile::default()
        };
        let offline = rule.decide(&file, None)?;
        let union = file.instruments.remove("EUU").is_some();
        let without = rule.decide(&file, None)?;
        let limbs = |report: &Report| serde_json::to_string(&report.limbs).unwrap_or_default();
        let checks = &mut story.checks;
        checks.compare("the Union has deposited", true, union);
        let same = limbs(on_chain) == limbs(&offline);
        checks.compare("the ledger's report, computed again offline, is the same", true, same);
        let nothing = limbs(&offline) == limbs(&without);
        checks.compare("the European Union's own instrument adds nothing", true, nothing);
        let decided = offline.decided_on.map_or_else(String::new, |date| date.to_string());
        checks.compare("decided on", CROSSED.0, decided);
        Ok(())
    }
}

/// How the treaty stood after block `height`, by its rule with every instrument deposited then.
fn progress(story: &Story<'_>, height: u64) -> Result<Report, Failure> {
    let treaties: Vec<Value> = story.client().call("polity_treaties", json!([height]))?;
    let treaty = treaties.into_iter().find(|treaty| treaty["id"] == TREATY);
    let mut treaty = treaty.ok_or_else(|| Failure::failed("the ledger knows no such treaty"))?;
    Ok(serde_json::from_value(treaty["progress"].take())?)
}

/// Numerator and share in percent with three decimals, cut, of a limb.
fn limb(report: &Report, name: &str) -> (String, String) {
    report.limbs.iter().find(|limb| limb.name == name).map_or_else(Default::default, |limb| {
        let share = thousandths_of_percent(limb);
        (limb.numerator.to_string(), format!("{}.{:03}", share / 1000, share % 1000))
    })
}

fn thousandths_of_percent(limb: &LimbReport) -> u64 {
    let scaled = limb.numerator.clone() * Rational::from_integer(100_000.into());
    (scaled / &limb.denominator).to_integer().to_string().parse().unwrap_or(0)
}
