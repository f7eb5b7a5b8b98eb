//! The steps that institutions take: open, record one event at a time, keep only words in between, judge.

use std::{collections::BTreeMap, fs, path::PathBuf};

use polity_decision::{BallotsFile, Choice, Event, Outcome, Report, Rule, Scales, Tally, Voter};
use serde_json::Value;

fn read(path: &str) -> String {
    fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn rule(id: &str) -> Rule {
    Rule::from_toml(&read(&format!("../../charters/rules/{id}.toml"))).unwrap()
}

/// A proposal or treaty as a contract would keep it: the rule's text, and words.
struct Stored {
    rule: Rule,
    words: Vec<u128>,
    scales: Scales,
}

impl Stored {
    fn open(rule: &Rule, electorate: &[Voter]) -> Self {
        let scales = Scales::from([("cantons".to_owned(), 2)]);
        let words = rule.to_words(&rule.open(electorate), &scales).unwrap();
        Self { rule: Rule::from_json(&rule.canonical_json()).unwrap(), words, scales }
    }

    fn tally(&self) -> Tally {
        self.rule.tally_from_words(&self.words, &self.scales).unwrap()
    }

    fn record(&mut self, voter: &Voter, before: Option<Event>, after: Event) {
        let mut tally = self.tally();
        self.rule.record(&mut tally, voter, before, Some(after));
        self.words = self.rule.to_words(&tally, &self.scales).unwrap();
    }

    fn report<'a>(&self, ballots: impl Iterator<Item = (&'a Voter, Event)> + Clone, closed: bool) -> Report {
        let mut tally = self.tally();
        self.rule.name_vetoers(&mut tally, ballots);
        self.rule.outcome(&tally, closed)
    }
}

#[test]
fn the_chain_and_the_file_give_the_same_report() {
    let mut compared = 0;
    for id in [
        "paris-art21",
        "two-thirds-quorum",
        "unsc",
        "eu-qmv",
        "unga",
        "montreal",
        "wto",
        "un-charter-108",
        "doha",
        "cosmos-gov",
        "swiss",
        "us-art-v",
        "optimism",
        "imf-85",
    ] {
        let cases: Value =
            serde_json::from_str(&read(&format!("../../charters/rules/cases/{id}.json"))).unwrap();
        for case in cases["cases"].as_array().unwrap() {
            let mut file = cases.get("base").cloned().unwrap_or_else(|| serde_json::json!({}));
            for (key, value) in case["file"].as_object().unwrap() {
                file[key] = value.clone();
            }
            if file.get("tallies").is_some() {
                continue;
            }
            let file = BallotsFile::parse(&file.to_string()).unwrap();
            let offline = rule(id).decide(&file, None).unwrap();

            let mut stored =
                Stored::open(&rule(id).for_matter(file.matter.as_deref()).unwrap(), &file.members);
            let ballots: BTreeMap<&str, Event> = rule(id)
                .ballots_of(&file, file.as_of)
                .map(|(voter, ballot)| (voter.id.as_str(), ballot))
                .collect();
            for voter in &file.members {
                // Everyone changes their mind once, from a veto.
                let present =
                    file.present.as_ref().is_some_and(|p| p.contains(&voter.id)).then_some(Event::Present);
                present.into_iter().for_each(|event| stored.record(voter, None, event));
                if let Some(ballot) = ballots.get(voter.id.as_str()) {
                    stored.record(voter, present, Event::Ballot(Choice::Veto));
                    stored.record(voter, Some(Event::Ballot(Choice::Veto)), *ballot);
                }
                let deposited = |day: &&polity_decision::Date| file.as_of.is_none_or(|today| **day <= today);
                if file.instruments.get(&voter.id).filter(deposited).is_some() {
                    stored.record(voter, None, Event::Instrument);
                }
            }
            let ballots = file.members.iter().filter_map(|v| Some((v, *ballots.get(v.id.as_str())?)));
            let mut on_chain = stored.report(ballots, true);
            on_chain.decided_on = offline.decided_on;
            on_chain.effective_on = offline.effective_on;
            assert_eq!(on_chain, offline, "{id}, {}", case["id"]);
            compared += 1;
        }
    }
    assert!(compared >= 35, "only {compared} cases");
}

fn council() -> Vec<Voter> {
    let voter = |i: usize| Voter {
        id: format!("m{i}"),
        kind: "state".to_owned(),
        classes: if i < 5 { vec!["permanent".to_owned()] } else { vec![] },
        weights: Default::default(),
    };
    (0..15).map(voter).collect()
}

#[test]
fn nothing_is_adopted_while_a_veto_can_come() {
    let (rule, council) = (rule("unsc"), council());
    let mut tally = rule.open(&council);
    for voter in council.iter().skip(4) {
        rule.record(&mut tally, voter, None, Some(Event::Ballot(Choice::Yes)));
    }
    assert_eq!(rule.outcome(&tally, false).outcome, Outcome::Pending);
    assert_eq!(rule.outcome(&tally, true).outcome, Outcome::Adopted);
    for voter in council.iter().take(4) {
        rule.record(&mut tally, voter, None, Some(Event::Ballot(Choice::Abstain)));
    }
    let early = rule.outcome(&tally, false);
    assert_eq!((early.outcome, early.decided_early), (Outcome::Adopted, true));
    rule.record(
        &mut tally,
        &council[0],
        Some(Event::Ballot(Choice::Abstain)),
        Some(Event::Ballot(Choice::No)),
    );
    let vetoed = rule.outcome(&tally, false);
    assert_eq!((vetoed.outcome, vetoed.reason.as_deref()), (Outcome::Rejected, Some("veto:m0")));
}

#[test]
fn a_vote_closes_early_only_when_it_is_certain() {
    let (rule, members) = (rule("two-thirds-quorum"), council());
    let mut tally = rule.open(&members);
    let mut record = |range: std::ops::Range<usize>, choice| {
        for voter in &members[range] {
            rule.record(&mut tally, voter, None, Some(Event::Ballot(choice)));
        }
        rule.outcome(&tally, false).outcome
    };
    assert_eq!(record(0..9, Choice::Yes), Outcome::Pending, "6 silent ones could vote no: 9 of 15");
    assert_eq!(record(9..10, Choice::Abstain), Outcome::Pending, "5 could vote no: 9 of 14");
    assert_eq!(record(10..11, Choice::Abstain), Outcome::Adopted, "9 of 13 at worst");
}

#[test]
fn half_votes_are_whole_words() {
    let rule = rule("swiss");
    let voter = |id: &str, weight: (u8, u8)| Voter {
        id: id.to_owned(),
        kind: "subnational".to_owned(),
        classes: vec![],
        weights: [("cantons".to_owned(), polity_decision::Rational::new(weight.0.into(), weight.1.into()))]
            .into(),
    };
    let cantons = [voter("ZH", (1, 1)), voter("OW", (1, 2))];
    let mut stored = Stored::open(&rule, &cantons);
    stored.record(&cantons[1], None, Event::Ballot(Choice::Yes));
    assert_eq!(stored.words[7..9], [3, 10_000], "of 3 halves, 1 in favour: ballots are stored in parts");
    let report = stored.report([].into_iter(), true);
    assert_eq!(report.limbs[1].share, "0.333333");
    assert!(rule.to_words(&stored.tally(), &Scales::new()).is_err(), "a half is no word");
}
