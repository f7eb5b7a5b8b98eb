//! A case as an agreement: its members with their weights and classes, and its rule as the one of a chamber, of a treaty, or of
//! both where it is fed with ballots and with instruments.
//!
//! Rule kept: nothing of the case is judged here. Only its form changes, and in two ways: totals of which the single ballots are not
//! known become one member for each answer, with as much weight; and days before 1970, which no block can bear, move by 28 years, after
//! which calendar and leap years are the same.

use std::fmt::Write as _;

use polity_decision::{
    BallotsFile, Basis, Choice, Date, Delay, DelayUnit, Effective, Event, Rational, Rule, Since, Voter,
};

/// Who proposes, writes the blocks, and has no seat in the body. Its key is the one validator's of [`super::World`].
pub(super) const CLERK: &str = "node-1";
/// How long ballots are taken where the rule has no deadline of its own. Units: days.
const VOTING_DAYS: u32 = 3;
/// How long an adopted proposal waits where the rule does not say. Units: days.
const DELAY_DAYS: u32 = 2;
/// The day of cases that name none.
const SOME_DAY: &str = "2024-06-17";
/// What days before 1970 move by. Units: years.
const MOVE_YEARS: u32 = 28;

const fn days(count: u32) -> Delay {
    Delay { count, unit: DelayUnit::Days }
}

fn secs(day: Date) -> u64 {
    day.unix_secs().expect("a day since 1970")
}

/// A case that can be put on chain.
pub(super) struct Agreement {
    pub(super) rule: Rule,
    /// What `polity decide` is given.
    pub(super) file: BallotsFile,
    /// The same with a member for every total.
    pub(super) electorate: BallotsFile,
    /// Whether days of `file` were moved.
    pub(super) is_moved: bool,
    /// The day on which the vote opens.
    pub(super) opens: Date,
    /// The day on which it is judged.
    pub(super) as_of: Date,
    /// How long ballots are taken. Units: days.
    voting: u32,
    /// How long an adopted proposal waits. Units: days.
    delay: u32,
}

impl Agreement {
    pub(super) fn of(rule_text: &str, file: &BallotsFile) -> Self {
        let rule = Rule::from_toml(rule_text).expect("a rule");
        let (given, file) = (file, moved(file.clone()));
        let is_moved = given.instruments != file.instruments;
        let voting = rule.deadline.map_or(VOTING_DAYS, |deadline| deadline.count);
        let last = file.instruments.values().max().copied();
        let some_day = SOME_DAY.parse().expect("a day");
        let day_of = |secs: u64| Date::from_unix_secs(secs).expect("a day");
        let opens = file.opened.unwrap_or_else(|| {
            let first = file.instruments.values().min().copied();
            day_of(
                secs(file.as_of.into_iter().chain(first).min().unwrap_or(some_day)) - u64::from(voting) * DAY,
            )
        });
        let closes = opens.after(days(voting)).expect("a day");
        let as_of = file.as_of.or(last).unwrap_or(closes);
        let rest =
            rule.effective_on_notice(closes, file.notified).map(|day| (secs(day) - secs(closes)) / DAY);
        let delay = rest.map_or(DELAY_DAYS, |delay| u32::try_from(delay).expect("days"));
        let electorate = single_ballots(&rule, file.clone());
        Self { rule, file, electorate, is_moved, opens, as_of, voting, delay }
    }

    /// The part of the rule that is fed with `basis`, if any. What a chamber decides of two stages waits for the chamber's delay.
    pub(super) fn part(&self, basis: Basis) -> Option<Rule> {
        let mut part = self.rule.part(basis)?;
        if basis == Basis::Ballots && part.effective.is_none() && part.silence.is_none() {
            part.effective = Some(self.delay());
        }
        Some(part)
    }

    const fn delay(&self) -> Effective {
        Effective { on: None, after: days(self.delay), from: Since::Decided, not_before: None }
    }

    /// The charter, without keys.
    pub(super) fn text(&self, rule_text: &str) -> String {
        let id = &self.rule.id;
        let mut text = String::from(FRAME);
        let by_silence = self.rule.silence.is_some();
        if self.rule.basis() != Basis::Instruments && !by_silence {
            text += "[chambers.body]\nname = \"The body\"\nkinds = [\"state\", \"igo\", \"subnational\", \"individual\"]\n";
            let _ =
                writeln!(text, "rule = \"{id}\"\nvoting = \"{}d\"\ndelay = \"{}d\"", self.voting, self.delay);
        }
        if self.rule.basis() != Basis::Ballots || by_silence {
            let depositors = "depositors = [\"state\", \"igo\"]";
            let _ = writeln!(text, "[treaties.text]\nname = \"The text\"\nrule = \"{id}\"\n{depositors}");
        }
        let _ = writeln!(text, "[rules.{id}]");
        for line in rule_text.lines().filter(|line| !line.starts_with("id ")) {
            let (open, rest) = line.split_at(line.chars().take_while(|c| *c == '[').count());
            let prefix = if open.is_empty() { String::new() } else { format!("rules.{id}.") };
            let _ = writeln!(text, "{open}{prefix}{rest}");
        }
        let _ = writeln!(text, "[members]\n{CLERK} = {{ name = \"The clerk\", kind = \"enterprise\" }}");
        for Voter { id, kind, classes, weights } in &self.electorate.members {
            let named = self.rule.weights_used().into_iter();
            let weights: Vec<String> = named
                .map(|name| format!("{name} = \"{}\"", weights.get(name).cloned().unwrap_or_default()))
                .collect();
            let weights = weights.join(", ");
            let _ = writeln!(
                text,
                "{id} = {{ name = \"{id}\", kind = \"{kind}\", classes = {classes:?}, weights = {{ {weights} }} }}"
            );
        }
        text
    }
}

/// `file` with a member for each answer of its totals, where a limb takes them.
fn single_ballots(rule: &Rule, mut file: BallotsFile) -> BallotsFile {
    for limb in rule.limbs.iter() {
        let Some(name) = &limb.tally else { continue };
        let Some(totals) = file.tallies.remove(name) else { continue };
        let weight = limb.weight.name().unwrap_or_else(|| panic!("{name} has no weight to give members"));
        let counts = totals.counts();
        let answers = [
            ("yes", Some(Choice::Yes), counts.yes.clone()),
            ("no", Some(Choice::No), counts.no.clone()),
            ("abstain", Some(Choice::Abstain), counts.abstain.clone()),
            ("veto", Some(Choice::Veto), counts.veto.clone()),
            ("silent", None, &counts.members - counts.cast()),
        ];
        for (answer, choice, sum) in answers.into_iter().filter(|(_, _, sum)| *sum != Rational::default()) {
            let id = format!("{name}-{answer}");
            if let Some(choice) = choice {
                file.ballots.insert(id.clone(), Event::Ballot(choice));
            }
            file.members.push(Voter {
                id,
                kind: "state".to_owned(),
                classes: limb.classes.clone(),
                weights: [(weight.to_owned(), sum)].into(),
            });
        }
    }
    file
}

/// `file`, no day of which is before 1970.
fn moved(mut file: BallotsFile) -> BallotsFile {
    let Some(first) = file.instruments.values().min() else { return file };
    if first.unix_secs().is_none_or(|secs| secs < u64::from(VOTING_DAYS) * DAY) {
        let later = |day: Date| {
            day.after(Delay { count: MOVE_YEARS, unit: DelayUnit::Years }).expect("a day of the calendar")
        };
        file.instruments.values_mut().for_each(|day| *day = later(*day));
        file.as_of = file.as_of.map(later);
    }
    file
}

/// The day that was moved to `day`.
pub(super) fn moved_back(day: Date) -> Date {
    let text = day.to_string();
    let (year, rest) = text.split_once('-').expect("a year");
    let year: u32 = year.parse().expect("a number");
    format!("{}-{rest}", year - MOVE_YEARS).parse().expect("a day of the calendar")
}

/// A day. Units: seconds.
pub(super) const DAY: u64 = 86_400;

/// All but the members, their chamber, their treaty and the rule. The clerk sits alone in the secretariat, whose decisions cost
/// one ballot.
const FRAME: &str = r#"
id        = "case"
name      = { en = "A case" }
languages = ["en"]
chain_id  = 77
[clock]
mode       = "wall"
block_time = "1s"
# Room for all ballots of a case in one block: what is certain earlier closes the vote before the rest is counted.
[ledger]
block_gas_limit = 120_000_000
history         = "all"
[access]
connect  = "members"
transact = "members"
[consensus]
write        = { by = "membership", primary = "rotation" }
incentive    = {}
verification = { by = "all" }
[currency]
name   = "unit"
symbol = "UNIT"
[fees]
policy = "free"
[treasury]
common = "100"
[rights]
enterprise  = ["read", "write", "transact", "propose", "vote", "validate"]
state       = ["read", "transact", "vote"]
igo         = ["read", "transact", "vote"]
subnational = ["read", "transact", "vote"]
individual  = ["read", "transact", "vote"]
[chambers.secretariat]
name   = "The secretariat"
kinds  = ["enterprise"]
rule   = "alone"
voting = "1h"
delay  = "0s"
[[rules.alone.limb]]
name      = "clerk"
numerator = "yes"
threshold = ">= 1"
"#;
